"""Which interface of the running host is a rail's."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass

from netplan2k8s.addressing import InterfaceAddress
from netplan2k8s.live.state import LiveHost, LiveInterface
from netplan2k8s.live.wanted import WantedRail, WantedRule


@dataclass(frozen=True, slots=True)
class MatchedRail:
    """A rail, and the interface that it is; None where the host has none."""

    wanted: WantedRail
    interface: LiveInterface | None


@dataclass(frozen=True, slots=True)
class MatchedHost:
    """A host's rails beside its live state.

    ``addresses`` and ``rules`` are all that its Netplan knows, whosever they are.
    """

    node_name: str
    live: LiveHost
    rails: tuple[MatchedRail, ...]
    addresses: frozenset[InterfaceAddress]
    rules: frozenset[WantedRule]


def match(
    rail: WantedRail, interfaces: Sequence[LiveInterface]
) -> LiveInterface | None:
    """The interface by its permanent MAC, its name or an altname; None for none.

    What Netplan names by a MAC is no NIC of another MAC, whatever that one's name.
    Where only a driver or a glob that fits several is known, the link's own address
    tells.
    """
    if rail.mac:
        of_mac = [each for each in interfaces if each.mac == rail.mac]
        if of_mac:
            # A VLAN shows the MAC of the NIC that it lies on.
            return min(of_mac, key=lambda each: bool(each.kind))
        interfaces = [each for each in interfaces if not each.mac]
    if rail.name:
        interfaces = _named(rail.name, interfaces)
        if len(interfaces) == 1:
            return interfaces[0]
    return next((each for each in interfaces if rail.link in each.addresses), None)


def _named(name: str, interfaces: Sequence[LiveInterface]) -> list[LiveInterface]:
    """Those of a name or a glob over names, an altname where no name fits."""
    by_name = [each for each in interfaces if fnmatch.fnmatchcase(each.name, name)]
    return by_name or [
        each
        for each in interfaces
        if any(fnmatch.fnmatchcase(altname, name) for altname in each.altnames)
    ]
