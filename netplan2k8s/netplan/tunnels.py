"""What netplan checks of a tunnel as a whole."""

from __future__ import annotations

import re
from typing import Any

from netplan2k8s.netplan import scalars as s
from netplan2k8s.netplan.model import Definition
from netplan2k8s.netplan.scalars import RejectError, invalid

_WIREGUARD_KEY = re.compile(r"[A-Za-z0-9+/]{42}[A-Za-z0-9+/]=")
_SIX = frozenset({"ipip6", "ip6ip6", "ip6gre", "ip6gretap", "vti6"})
_MAX_TTL = 255
_MAX_VNI = 16777215
_MAX_FLOW_LABEL = 1048575
_MAX_KEEPALIVE = 65535


def check_tunnel(definition: Definition) -> None:
    """Judge a tunnel by its mode.

    Raises:
        RejectError: in netplan's words, at the definition.
    """
    settings = definition.settings
    mode = settings.get("mode")
    if mode is None:
        raise _refuse(definition, "missing 'mode' property for tunnel")
    if mode == "wireguard":
        _check_wireguard(definition)
        return
    _check_keys(definition)
    if mode == "vxlan":
        _check_vxlan(definition)
    else:
        _check_ends(definition, mode)
    if int(settings.get("ttl", "0")) > _MAX_TTL:
        raise _refuse(
            definition, "'ttl' property for tunnel must be in range [1...255]"
        )


def _check_keys(definition: Definition) -> None:
    keys = definition.settings.get("keys", {})
    for key in (keys.get("input"), keys.get("output")):
        if key is None:
            continue
        number = s.strtoull(key)
        if (number is None or number > s.UINT_MAX) and not s.is_ip4(key):
            raise _refuse(definition, f"invalid tunnel key '{key}'")


def _check_ends(definition: Definition, mode: str) -> None:
    settings = definition.settings
    for key in ("local", "remote"):
        if key not in settings and not (key == "local" and "remote" in settings):
            raise _refuse(definition, f"missing '{key}' property for tunnel")
    is_right, form = (s.is_ip6, "IPv6") if mode in _SIX else (s.is_ip4, "IPv4")
    for key in ("local", "remote"):
        if key in settings and not is_right(settings[key]):
            message = f"'{key}' must be a valid {form} address for this tunnel type"
            raise _refuse(definition, message)


def _check_vxlan(definition: Definition) -> None:
    settings = definition.settings
    vni = int(settings.get("id", "0"))
    if not vni:
        raise _refuse(definition, "missing 'id' property (VXLAN VNI)")
    if vni > _MAX_VNI:
        raise _refuse(definition, "VXLAN 'id' (VNI) must be in range [1..16777215]")
    if int(settings.get("flow-label", "0")) > _MAX_FLOW_LABEL:
        raise _refuse(definition, "VXLAN 'flow-label' must be in range [0..1048575]")
    local, remote = settings.get("local"), settings.get("remote")
    if local and remote and s.is_ip6(local) != s.is_ip6(remote):
        raise _refuse(definition, "'local' and 'remote' must be of same IP family type")


def _check_wireguard(definition: Definition) -> None:
    private = definition.settings.get("keys", {}).get("private")
    if not private:
        raise _refuse(definition, "missing 'key' property (private key) for wireguard")
    if not _is_key_or_path(private):
        raise _refuse(definition, "invalid wireguard private key")
    peers = definition.settings.get("peers")
    if not peers:
        raise _refuse(definition, "at least one peer is required.")
    for peer in peers:
        _check_peer(definition, peer)


def _check_peer(definition: Definition, peer: dict[str, Any]) -> None:
    keys = peer.get("keys", {})
    if "public" not in keys:
        raise _refuse(definition, "keys.public is required.")
    if not _WIREGUARD_KEY.fullmatch(keys["public"]):
        raise _refuse(definition, "invalid wireguard public key")
    if "shared" in keys and not _is_key_or_path(keys["shared"]):
        raise _refuse(definition, "invalid wireguard shared key")
    if not peer.get("allowed-ips"):
        raise _refuse(definition, "'to' is required to define the allowed IPs.")
    if int(peer.get("keepalive", "0")) > _MAX_KEEPALIVE:
        raise _refuse(definition, "keepalive must be 0-65535 inclusive.")


def _is_key_or_path(text: str) -> bool:
    return text.startswith("/") or _WIREGUARD_KEY.fullmatch(text) is not None


def _refuse(definition: Definition, message: str) -> RejectError:
    return invalid(f"{definition.id}: {message}", definition.id)
