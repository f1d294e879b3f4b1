"""The switches: a leaf a rail with a port for every host, and a spine between them."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_interface, ip_network
from typing import NamedTuple

from tests.packets.namespaces import Namespaces, batch, sysctl

MTU = 9216
_FORWARDS = {
    "ipv4__ip_forward": 1,
    "ipv6__conf__all__forwarding": 1,
    "ipv6__conf__default__accept_dad": 0,
}


class Link(NamedTuple):
    """A host's NIC and the leaf's port: ``address`` with length, ``via`` without."""

    namespace: str
    nic: str
    address: str
    via: str


class RailPorts(NamedTuple):
    """One rail: the CIDR of its links, and the links of all hosts."""

    name: str
    cidr: str
    links: tuple[Link, ...]


def wire(namespaces: Namespaces, rails: Sequence[RailPorts]) -> str:
    """Make the switches with all their ports, and with them the hosts' NICs.

    A leaf routes what it is not connected to over the spine, and the spine the CIDR of
    each rail over its leaf: as in a fabric every rail reaches every other.

    Returns:
        The namespace of the spine.
    """
    spine = namespaces.add("spine")
    sysctl(spine, **_FORWARDS)
    for number, rail in enumerate(rails):
        leaf = namespaces.add(f"leaf-{number + 1}")
        sysctl(leaf, **_FORWARDS)
        family = ip_network(rail.cidr).version
        up, down = _uplink(family, number)
        batch(leaf, [*_uplink_lines(number, spine, up, down), *_ports(rail)])
        batch(
            spine,
            [
                f"link set leaf{number} up",
                f"addr add {down} dev leaf{number} {_nodad(family)}",
                f"route add {rail.cidr} via {ip_interface(up).ip}",
            ],
        )
    return spine


def _uplink(family: int, number: int) -> tuple[str, str]:
    """The leaf's and the spine's address of the link between them."""
    if family == 4:
        return f"10.254.0.{2 * number}/31", f"10.254.0.{2 * number + 1}/31"
    return f"fc00:254::{2 * number:x}/127", f"fc00:254::{2 * number + 1:x}/127"


def _uplink_lines(number: int, spine: str, up: str, down: str) -> list[str]:
    family = ip_interface(up).version
    peer = f"peer name leaf{number} mtu {MTU} netns {spine}"
    return [
        f"link add spine mtu {MTU} type veth {peer}",
        "link set spine up",
        f"addr add {up} dev spine {_nodad(family)}",
        # The other end is up later; the route does not need it to be.
        f"route add default via {ip_interface(down).ip} dev spine onlink",
    ]


def _ports(rail: RailPorts) -> list[str]:
    lines = []
    for number, link in enumerate(rail.links):
        own = f"{link.via}/{ip_interface(link.address).network.prefixlen}"
        peer = f"peer name {link.nic} mtu {MTU} netns {link.namespace}"
        lines += [
            f"link add port{number} mtu {MTU} type veth {peer}",
            f"link set port{number} up",
            f"addr add {own} dev port{number} {_nodad(ip_interface(own).version)}",
        ]
    return lines


def _nodad(family: int) -> str:
    return "nodad" if family == 6 else ""
