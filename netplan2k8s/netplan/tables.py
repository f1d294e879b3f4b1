"""The key table: what netplan knows under each section, and who reads it.

An entry is ``(shape, reader)``. For SCALAR the reader takes the text and gives
canonical text; for TABLE it is the table of a nested mapping; for the others it is
a handler ``(state, target, key, node)``. Source: netplan 1.2, the handler tables of
src/parse.c; facts checked against the program.
"""

from __future__ import annotations

from typing import Any

from netplan2k8s.netplan import devices as d
from netplan2k8s.netplan import handlers as h
from netplan2k8s.netplan import routing as r
from netplan2k8s.netplan import scalars as s
from netplan2k8s.netplan.engine import (
    ANY,
    MAPPING,
    SCALAR,
    SEQUENCE,
    SPECIAL,
    TABLE,
    Table,
)

_BOOL = (SCALAR, s.boolean)
_UINT = (SCALAR, s.unsigned)
_TEXT = (SCALAR, s.text)


def _choice(message: str, *words: str, fold: bool = False) -> tuple[int, Any]:
    """One of some words; ``message`` may show the value as {value}."""

    def read(node: str) -> str:
        if (node.lower() if fold else node) in words:
            return node
        raise s.invalid(message.format(value=node), node)

    return SCALAR, read


_OVERRIDES: Table = {
    "hostname": _TEXT,
    "route-metric": _UINT,
    "send-hostname": _BOOL,
    "use-dns": _BOOL,
    "use-domains": _TEXT,
    "use-hostname": _BOOL,
    "use-mtu": _BOOL,
    "use-ntp": _BOOL,
    "use-routes": _BOOL,
}
_AUTH: Table = {
    "key-management": _choice(
        "unknown key management type '{value}'",
        "none",
        "psk",
        "eap",
        "eap-sha256",
        "eap-suite-b-192",
        "sae",
        "802.1x",
    ),
    "method": _choice(
        "unknown EAP method '{value}'", "tls", "peap", "ttls", "leap", "pwd"
    ),
    "identity": _TEXT,
    "anonymous-identity": _TEXT,
    "password": _TEXT,
    "ca-certificate": _TEXT,
    "client-certificate": _TEXT,
    "client-key": _TEXT,
    "client-key-password": _TEXT,
    "phase2-auth": _TEXT,
}
_NM: Table = {
    "name": _TEXT,
    "uuid": _TEXT,
    "stable-id": _TEXT,
    "device": _TEXT,
    "passthrough": (MAPPING, h.passthrough),
}
_OVS_CONTROLLER: Table = {
    "addresses": (SEQUENCE, d.ovs_controllers),
    "connection-mode": _choice(
        "Value of 'connection-mode' needs to be 'in-band' or 'out-of-band'",
        "in-band",
        "out-of-band",
    ),
}
_OVS: Table = {
    "external-ids": (MAPPING, h.text_map),
    "other-config": (MAPPING, h.text_map),
    "lacp": (SPECIAL, d.ovs_only_for("bonds", "active", "passive", "off")),
    "fail-mode": (SPECIAL, d.ovs_only_for("bridges", "standalone", "secure")),
    "mcast-snooping": (SPECIAL, d.ovs_only_for("bridges")),
    "rstp": (SPECIAL, d.ovs_only_for("bridges")),
    "protocols": (SEQUENCE, d.ovs_protocols),
    "controller": (TABLE, _OVS_CONTROLLER),
}
_COMMON: Table = {
    "accept-ra": _BOOL,
    "activation-mode": _choice(
        "Value of 'activation-mode' needs to be 'manual' or 'off'", "manual", "off"
    ),
    "addresses": (SEQUENCE, r.addresses),
    "critical": _BOOL,
    "dhcp4": _BOOL,
    "dhcp6": _BOOL,
    "dhcp-identifier": _choice(
        "invalid DHCP client identifier type '{value}'", "duid", "mac", fold=True
    ),
    "dhcp4-overrides": (TABLE, _OVERRIDES),
    "dhcp6-overrides": (TABLE, _OVERRIDES),
    "ra-overrides": (
        TABLE,
        {
            "use-dns": _BOOL,
            "use-domains": _TEXT,
            "table": _UINT,
        },
    ),
    "gateway4": (SCALAR, s.ip4),
    "gateway6": (SCALAR, s.ip6),
    "hairpin": _BOOL,
    "ignore-carrier": _BOOL,
    "ipv6-address-generation": _choice(
        "unknown ipv6-address-generation '{value}'", "eui64", "stable-privacy"
    ),
    "ipv6-address-token": (SCALAR, d.ipv6_token),
    "ipv6-mtu": _UINT,
    "ipv6-privacy": _BOOL,
    "link-local": (SEQUENCE, h.link_local),
    "macaddress": (SCALAR, s.set_mac),
    "mtu": _UINT,
    "nameservers": (
        TABLE,
        {
            "addresses": (SEQUENCE, h.nameserver_addresses),
            "search": (SEQUENCE, h.text_list),
        },
    ),
    "neigh-suppress": _BOOL,
    "optional": _BOOL,
    "optional-addresses": (SEQUENCE, h.optional_addresses),
    "port-mac-learning": _BOOL,
    "renderer": (SPECIAL, h.renderer),
    "routes": (SEQUENCE, r.routes),
    "routing-policy": (SEQUENCE, r.routing_policy),
}
_BACKENDS: Table = {
    "networkmanager": (TABLE, _NM),
    "openvswitch": (MAPPING, d.openvswitch(_OVS)),
}
_PHYSICAL: Table = {
    "match": (MAPPING, h.match),
    "set-name": _TEXT,
    "wakeonlan": _BOOL,
    "wakeonwlan": (SEQUENCE, h.wakeonwlan),
    "emit-lldp": _BOOL,
    "receive-checksum-offload": _BOOL,
    "transmit-checksum-offload": _BOOL,
    "tcp-segmentation-offload": _BOOL,
    "tcp6-segmentation-offload": _BOOL,
    "generic-segmentation-offload": _BOOL,
    "generic-receive-offload": _BOOL,
    "large-receive-offload": _BOOL,
}
_ETHERNET: Table = {
    **_COMMON,
    **_BACKENDS,
    **_PHYSICAL,
    "auth": (TABLE, _AUTH),
    "delay-virtual-functions-rebind": _BOOL,
    "embedded-switch-mode": _choice(
        "Value of 'embedded-switch-mode' needs to be 'switchdev' or 'legacy'",
        "switchdev",
        "legacy",
    ),
    "infiniband-mode": _choice(
        "Value of 'infiniband-mode' needs to be 'datagram' or 'connected'",
        "datagram",
        "connected",
    ),
    "link": (SPECIAL, h.reference),
    "virtual-function-count": _UINT,
}
ACCESS_POINT: Table = {
    "band": _choice("unknown wifi band '{value}'", "5GHz", "5G", "2.4GHz", "2.4G"),
    "bssid": (SCALAR, s.mac),
    "hidden": _BOOL,
    "channel": _UINT,
    "mode": _choice("unknown wifi mode '{value}'", "infrastructure", "adhoc", "ap"),
    "password": _TEXT,
    "auth": (TABLE, _AUTH),
    "networkmanager": (TABLE, _NM),
}
_WIFI: Table = {
    **_COMMON,
    **_BACKENDS,
    **_PHYSICAL,
    "access-points": (MAPPING, d.access_points(ACCESS_POINT)),
    "auth": (TABLE, _AUTH),
    "regulatory-domain": _TEXT,
}
_MODEM: Table = {
    **_COMMON,
    **_BACKENDS,
    **_PHYSICAL,
    "apn": _TEXT,
    "auto-config": _BOOL,
    "device-id": _TEXT,
    "network-id": _TEXT,
    "number": _TEXT,
    "password": _TEXT,
    "pin": _TEXT,
    "sim-id": _TEXT,
    "sim-operator-id": _TEXT,
    "username": _TEXT,
}
_BRIDGE_PARAMETERS: Table = {
    "ageing-time": _TEXT,
    "aging-time": _TEXT,
    "forward-delay": _TEXT,
    "hello-time": _TEXT,
    "max-age": _TEXT,
    "path-cost": (MAPPING, h.bridge_ports(s.UINT_MAX, "path cost")),
    "port-priority": (MAPPING, h.bridge_ports(63, "port priority")),
    "priority": _UINT,
    "stp": _BOOL,
}
_BRIDGE: Table = {
    **_COMMON,
    **_BACKENDS,
    "interfaces": (SEQUENCE, h.members),
    "parameters": (TABLE, _BRIDGE_PARAMETERS),
}
_BOND_PARAMETERS: Table = {
    "mode": _choice(
        "unknown bond mode '{value}'",
        "balance-rr",
        "active-backup",
        "balance-xor",
        "broadcast",
        "802.3ad",
        "balance-tlb",
        "balance-alb",
        "balance-tcp",
        "balance-slb",
    ),
    "lacp-rate": _TEXT,
    "mii-monitor-interval": _TEXT,
    "min-links": _UINT,
    "transmit-hash-policy": _TEXT,
    "ad-select": _TEXT,
    "all-members-active": _BOOL,
    "all-slaves-active": (SPECIAL, h.renamed("all-members-active", s.boolean)),
    "arp-interval": _TEXT,
    "arp-ip-targets": (SEQUENCE, h.arp_targets),
    "arp-validate": _TEXT,
    "arp-all-targets": _TEXT,
    "up-delay": _TEXT,
    "down-delay": _TEXT,
    "fail-over-mac-policy": _TEXT,
    "gratuitous-arp": _UINT,
    "gratuitious-arp": (SPECIAL, h.renamed("gratuitous-arp", s.unsigned)),
    "packets-per-member": _UINT,
    "packets-per-slave": (SPECIAL, h.renamed("packets-per-member", s.unsigned)),
    "primary-reselect-policy": _TEXT,
    "resend-igmp": _UINT,
    "learn-packet-interval": _TEXT,
    "primary": (SPECIAL, h.bond_primary),
}
_BOND: Table = {
    **_COMMON,
    **_BACKENDS,
    "interfaces": (SEQUENCE, h.members),
    "parameters": (TABLE, _BOND_PARAMETERS),
}
_VLAN: Table = {
    **_COMMON,
    **_BACKENDS,
    "id": _UINT,
    "link": (SPECIAL, h.reference),
}
_VRF: Table = {
    **_COMMON,
    **_BACKENDS,
    "interfaces": (SEQUENCE, h.members),
    "table": _UINT,
}
_PEER: Table = {
    "keys": (TABLE, {"public": _TEXT, "shared": _TEXT}),
    "keepalive": _UINT,
    "endpoint": (SCALAR, d.endpoint),
    "allowed-ips": (SEQUENCE, d.allowed_ips),
}
_TUNNEL: Table = {
    **_COMMON,
    **_BACKENDS,
    "mode": _choice(
        "tunnel mode '{value}' is not supported",
        "ipip",
        "gre",
        "sit",
        "isatap",
        "vti",
        "ip6ip6",
        "ipip6",
        "ip6gre",
        "vti6",
        "vxlan",
        "gretap",
        "ip6gretap",
        "wireguard",
    ),
    "local": (SCALAR, d.tunnel_address),
    "remote": (SCALAR, d.tunnel_address),
    "ttl": _UINT,
    "key": (ANY, d.tunnel_key),
    "keys": (ANY, d.tunnel_key),
    "mark": _UINT,
    "port": _UINT,
    "peers": (SEQUENCE, d.peers(_PEER)),
    "id": _UINT,
    "link": (SPECIAL, h.reference),
    "type-of-service": _UINT,
    "mac-learning": _BOOL,
    "ageing": _UINT,
    "aging": (SPECIAL, h.renamed("ageing", s.unsigned)),
    "limit": _UINT,
    "arp-proxy": _BOOL,
    "notifications": (SEQUENCE, h.flags("notifications", "l2-miss", "l3-miss")),
    "short-circuit": _BOOL,
    "checksums": (
        SEQUENCE,
        h.flags(
            "checksums", "udp", "zero-udp6-tx", "zero-udp6-rx", "remote-tx", "remote-rx"
        ),
    ),
    "extensions": (SEQUENCE, h.flags("extensions", "group-policy", "generic-protocol")),
    "port-range": (SEQUENCE, d.port_range),
    "flow-label": _UINT,
    "do-not-fragment": _BOOL,
    "private-key-flags": (
        SEQUENCE,
        h.flags("private-key-flags", "agent-owned", "not-saved", "not-required"),
    ),
}
_VETH: Table = {**_COMMON, **_BACKENDS, "peer": (SPECIAL, h.reference)}
_PLAIN: Table = {**_COMMON, **_BACKENDS}

SECTIONS: dict[str, Table] = {
    "ethernets": _ETHERNET,
    "wifis": _WIFI,
    "modems": _MODEM,
    "bonds": _BOND,
    "bridges": _BRIDGE,
    "vlans": _VLAN,
    "vrfs": _VRF,
    "tunnels": _TUNNEL,
    "dummy-devices": _PLAIN,
    "virtual-ethernets": _VETH,
    "nm-devices": {**_PLAIN, "match": (MAPPING, h.match)},
}
GLOBAL_OVS: Table = {
    "external-ids": (MAPPING, h.text_map),
    "other-config": (MAPPING, h.text_map),
    "protocols": (SEQUENCE, d.ovs_protocols),
    "ports": (SEQUENCE, d.ovs_ports),
    "ssl": (
        TABLE,
        {"ca-cert": _TEXT, "certificate": _TEXT, "private-key": _TEXT},
    ),
}
