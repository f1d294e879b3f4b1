"""What becomes of every Netplan setting of a rail: the one table that decides.

``docs/mapping.md`` is made from it, and the findings NK321, NK322 and NK323 follow it.
"""

from __future__ import annotations

import enum
from typing import NamedTuple


class Fate(enum.StrEnum):
    """Where a setting goes: into a manifest, nowhere but the host, or nowhere."""

    TRANSLATED = "translated"
    KEPT = "kept on the host"
    LOST = "lost"
    REFUSED = "refused"


class Verdict(NamedTuple):
    """A setting's fate and the reason, in one clause."""

    fate: Fate
    reason: str


_T, _K, _L, _R = Fate.TRANSLATED, Fate.KEPT, Fate.LOST, Fate.REFUSED
_NIC = "an attribute of the NIC, which it keeps when it moves into a pod"
_BOOT = "decides what the host does at boot, not what a pod gets"
_NONE = "the pod's interface is configured by CNI, which has no such setting"
_SYSCTL = "a sysctl of the network namespace, which a pod has its own of"

SETTINGS: dict[str, Verdict] = {
    "addresses": Verdict(_T, "CIDRPool staticAllocations[].prefix"),
    "routes": Verdict(_T, "CIDRPool staticAllocations[].gateway and routes[]"),
    "match": Verdict(_K, "finds the NIC when it returns from a pod"),
    "set-name": Verdict(_K, "names the NIC when it returns from a pod"),
    "mtu": Verdict(_K, _NIC),
    "macaddress": Verdict(_K, _NIC),
    "renderer": Verdict(_K, _BOOT),
    "optional": Verdict(_K, _BOOT),
    "optional-addresses": Verdict(_K, _BOOT),
    "critical": Verdict(_K, _BOOT),
    "ignore-carrier": Verdict(_K, _BOOT),
    "activation-mode": Verdict(_K, _BOOT),
    "dhcp4": Verdict(_K, "off on a rail, and to stay off"),
    "dhcp6": Verdict(_K, "off on a rail, and to stay off"),
    "link-local": Verdict(_K, "keeps the host from addressing a NIC that returns"),
    "accept-ra": Verdict(_K, "keeps the host from addressing a NIC that returns"),
    "wakeonlan": Verdict(_K, _NIC),
    "emit-lldp": Verdict(_K, "networkd speaks LLDP only while the NIC is on the host"),
    "receive-checksum-offload": Verdict(_K, _NIC),
    "transmit-checksum-offload": Verdict(_K, _NIC),
    "tcp-segmentation-offload": Verdict(_K, _NIC),
    "tcp6-segmentation-offload": Verdict(_K, _NIC),
    "generic-segmentation-offload": Verdict(_K, _NIC),
    "generic-receive-offload": Verdict(_K, _NIC),
    "large-receive-offload": Verdict(_K, _NIC),
    "embedded-switch-mode": Verdict(_K, _NIC),
    "delay-virtual-functions-rebind": Verdict(_K, _BOOT),
    "infiniband-mode": Verdict(_K, _NIC),
    "virtual-function-count": Verdict(
        _R, "the device plugin drops a physical function that has virtual ones"
    ),
    "link": Verdict(_R, "a virtual function is no rail of a HostDeviceNetwork"),
    "gateway4": Verdict(_R, "a default route, which would fight the pod's eth0"),
    "gateway6": Verdict(_R, "a default route, which would fight the pod's eth0"),
    "routing-policy": Verdict(_L, "a pod needs the sbr plugin in its place"),
    "nameservers": Verdict(_L, "a pod resolves names through the cluster's DNS"),
    "dhcp4-overrides": Verdict(_L, _NONE),
    "dhcp6-overrides": Verdict(_L, _NONE),
    "ra-overrides": Verdict(_L, _NONE),
    "dhcp-identifier": Verdict(_L, _NONE),
    "ipv6-mtu": Verdict(_L, _SYSCTL),
    "ipv6-privacy": Verdict(_L, _SYSCTL),
    "ipv6-address-generation": Verdict(_L, _SYSCTL),
    "ipv6-address-token": Verdict(_L, _NONE),
    "neigh-suppress": Verdict(_L, "concerns a bridge port, which a rail is not"),
    "hairpin": Verdict(_L, "concerns a bridge port, which a rail is not"),
    "port-mac-learning": Verdict(_L, "concerns a bridge port, which a rail is not"),
    "auth": Verdict(_L, "802.1X runs on the host and ends when the NIC leaves it"),
    "networkmanager": Verdict(_L, _NONE),
    "openvswitch": Verdict(_L, "a rail behind Open vSwitch is no host device"),
    "wakeonwlan": Verdict(_L, _NONE),
    "id": Verdict(_L, "a VLAN is made on the host; the pod gets the NIC below it"),
}

ROUTE_KEYS: dict[str, Verdict] = {
    "to": Verdict(_T, "CIDRPool routes[].dst"),
    "via": Verdict(_T, "CIDRPool staticAllocations[].gateway"),
    "table": Verdict(_L, "a pod has the main table; the sbr plugin makes others"),
    "metric": Verdict(_L, "nv-ipam's routes have no metric"),
    "from": Verdict(_L, "nv-ipam's routes have no source; the sbr plugin sets one"),
    "on-link": Verdict(_K, "needless where the gateway is on the rail's own link"),
    "scope": Verdict(_L, "nv-ipam's routes are global"),
    "type": Verdict(_L, "nv-ipam's routes are unicast"),
    "mtu": Verdict(_L, "nv-ipam's routes have no MTU; the NIC's own holds"),
    "congestion-window": Verdict(_L, "nv-ipam's routes have no TCP settings"),
    "advertised-receive-window": Verdict(_L, "nv-ipam's routes have no TCP settings"),
    "advertised-mss": Verdict(_L, "nv-ipam's routes have no TCP settings"),
}

ROUTING = frozenset({"routing-policy", "routes.table", "routes.metric", "routes.from"})
"""Settings whose loss changes which rail a packet takes (NK321)."""


def verdict(key: str) -> Verdict:
    """The verdict on a setting, written ``mtu`` or ``routes.table``."""
    outer, _, inner = key.partition(".")
    return ROUTE_KEYS[inner] if inner else SETTINGS[outer]
