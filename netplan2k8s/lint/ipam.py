"""The IPAM of rails, and the pools that it draws from."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from netplan2k8s import catalogue
from netplan2k8s.findings import Severity
from netplan2k8s.lint.attachments import Network
from netplan2k8s.lint.remarks import Remark
from netplan2k8s.lint.scene import Scene
from netplan2k8s.naming import ranges

_MAX_POOLS = 2
_FOLLOWS = "cannot follow the leaf of each host's own link; nv-ipam with a CIDRPool can"
_IPAMS = {
    "whereabouts": f"deals out one range over all nodes, and {_FOLLOWS}",
    "host-local": f"deals out the same addresses on every node, and {_FOLLOWS}",
    "static": (
        "gives the pods of all nodes the same addresses; nv-ipam with a CIDRPool has"
        " those of each host's own link"
    ),
    "dhcp": (
        "waits for a DHCP server or relay on each host's own link to its leaf, and for"
        " a daemon on the node; nv-ipam with a CIDRPool needs neither"
    ),
}
_UNKNOWN_IPAM = (
    "is not nv-ipam, and may not follow the leaf of each host's own link as a CIDRPool"
    " does"
)
_MAY_FOLLOW = "dhcp"


def check(network: Network, scene: Scene) -> Iterator[Remark]:
    if network.text.error is not None or not isinstance(network.text.value, dict):
        return
    ipam = network.ipam
    kind = str((ipam or {}).get("type") or "")
    if not kind:
        message = f"{network.name} has no IPAM: its pods get no address on the rail"
        yield Remark(catalogue.UNROUTABLE_IPAM, message, network.text.spot)
    elif kind != "nv-ipam":
        message = f"IPAM {kind} {_IPAMS.get(kind, _UNKNOWN_IPAM)}"
        is_error = scene.has("CIDRPool") and kind in _IPAMS and kind != _MAY_FOLLOW
        yield Remark(
            catalogue.UNROUTABLE_IPAM,
            message,
            network.ipam_spot("type"),
            severity=None if is_error else Severity.WARNING,
        )
    else:
        yield from _pools(network, scene)


def _pools(network: Network, scene: Scene) -> Iterator[Remark]:
    names = network.pool_names
    ipam = network.ipam or {}
    if not network.pool_kind:
        message = f"poolType {ipam.get('poolType')!r} is neither cidrpool nor ippool"
        spot = network.ipam_spot("poolType")
        yield Remark(catalogue.MISSING_POOL_TYPE, message, spot)
        return
    if not _are_names(names):
        message = f"poolName {ipam.get('poolName')!r} must name one pool, or two"
        spot = network.ipam_spot("poolName")
        yield Remark(catalogue.UNKNOWN_POOL, message, spot)
        return
    for name in names:
        yield from _pool(network, name, scene)


def _are_names(names: Sequence[str]) -> bool:
    return 0 < len(names) <= _MAX_POOLS and "" not in names


def _pool(network: Network, name: str, scene: Scene) -> Iterator[Remark]:
    cidr_pools, ip_pools = scene.names_of("CIDRPool"), scene.names_of("IPPool")
    has_type = "poolType" in (network.ipam or {})
    if network.pool_kind == "CIDRPool":
        if name in ip_pools - cidr_pools:
            message = f"{name} is an IPPool, and poolType looks among the CIDRPools"
            spot = network.ipam_spot("poolType")
            yield Remark(catalogue.MISSING_POOL_TYPE, message, spot)
        elif cidr_pools and name not in cidr_pools:
            message = f"there is no CIDRPool {name}" + close(name, cidr_pools)
            spot = network.ipam_spot("poolName")
            yield Remark(catalogue.UNKNOWN_POOL, message, spot)
    elif name in ip_pools:
        if cidr_pools:
            message = (
                f"IPPool {name} deals out one flat range, and cannot follow the leaf of"
                " each host's own link; a CIDRPool can"
            )
            spot = network.ipam_spot("poolName")
            yield Remark(catalogue.UNROUTABLE_IPAM, message, spot)
    elif name in cidr_pools or (cidr_pools and not has_type):
        message = (
            f"poolType is {'ippool' if has_type else 'missing, which means ippool'}:"
            f" {name} is looked up among the IPPools and not found; write"
            ' "poolType": "cidrpool"'
        )
        spot = network.ipam_spot("poolType" if has_type else "")
        yield Remark(catalogue.MISSING_POOL_TYPE, message, spot)
    elif ip_pools:
        message = f"there is no IPPool {name}" + close(name, ip_pools)
        yield Remark(catalogue.UNKNOWN_POOL, message, network.ipam_spot("poolName"))


def unchecked(scene: Scene) -> Iterator[Remark]:
    """One line where the manifests refer to what is not among them."""
    has_pools = scene.has("CIDRPool") or scene.has("IPPool")
    lacking: dict[str, list[Network]] = defaultdict(list)
    for network in scene.networks:
        if _looks_elsewhere(network, scene):
            lacking[network.pool_kind if has_pools else "pool"].append(network)
    for kind, networks in lacking.items():
        what = f"those of {listed(networks)} go unchecked"
        message = f"no {kind} is among these manifests, so {what}"
        spot = networks[0].ipam_spot("poolName")
        yield Remark(catalogue.UNKNOWN_POOL, message, spot, severity=Severity.INFO)


def _looks_elsewhere(network: Network, scene: Scene) -> bool:
    """Whether the pools of a rail are of a kind of which no manifest is here.

    Of a pool that is here as one of the other kind, NK442 speaks.
    """
    kind, ipam, names = network.pool_kind, network.ipam or {}, network.pool_names
    if not (network.is_rail and network.uses_nv_ipam and kind and _are_names(names)):
        return False
    if scene.has(kind):
        return False
    others = scene.names_of("IPPool" if kind == "CIDRPool" else "CIDRPool")
    if others and "poolType" not in ipam:
        return False
    return others.isdisjoint(names)


def listed(networks: Iterable[Network]) -> str:
    return ranges(list(dict.fromkeys(network.name for network in networks)))


def close(name: str, known: Iterable[str]) -> str:
    found = difflib.get_close_matches(name, list(known), 1)
    return f"; {found[0]} is meant" if found else ""
