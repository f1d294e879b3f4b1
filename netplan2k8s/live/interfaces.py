"""Drift of a rail's interface itself: there, up, on its own, of the right size."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from netplan2k8s import catalogue
from netplan2k8s.addressing import BITS, InterfaceAddress
from netplan2k8s.fabric import links
from netplan2k8s.inventory.host import ADDRESS_FILE
from netplan2k8s.live.drift import Drift, called, is_disturbed
from netplan2k8s.live.matching import MatchedHost, MatchedRail
from netplan2k8s.live.state import LiveInterface

# Kinds of devices that can be a host's own NIC: in a container it is a veth.
_NICS = frozenset({"", "veth"})


def check(host: MatchedHost, ignored: Collection[str]) -> Iterator[Drift]:
    """Whatever a host's interfaces are otherwise than Netplan says.

    ``ignored`` are globs over names that the settings say are no rails.
    """
    for rail in host.rails:
        if rail.interface is None:
            yield _missing(host, rail)
        else:
            yield from _state(rail, rail.interface)
            yield from _addresses(host, rail, rail.interface)
    yield from _strays(host, tuple(ignored))


def _missing(host: MatchedHost, rail: MatchedRail) -> Drift:
    wanted = rail.wanted
    known = [wanted.name] if wanted.name else []
    known += [f"MAC {wanted.mac}"] if wanted.mac else []
    by = " with ".join(known) or f"address {wanted.link}"
    message = f"{called(rail)} is not there: no interface is {by}; "
    message += (
        _elsewhere(host, rail, wanted.link)
        or "while a pod holds a NIC the host has not got it"
    )
    return Drift(catalogue.MISSING_INTERFACE, message, ADDRESS_FILE, wanted)


def _state(rail: MatchedRail, interface: LiveInterface) -> Iterator[Drift]:
    wanted = rail.wanted
    if not interface.has_carrier:
        state = "has no carrier" if interface.is_up else "is down"
        message = f"{called(rail)} {state}"
        yield Drift(catalogue.LINK_DOWN, message, ADDRESS_FILE, wanted)
    if interface.master != wanted.master:
        live, said = (
            f"part of {name}" if name else "on its own"
            for name in (interface.master, wanted.master)
        )
        message = f"{called(rail)} is {live}, and {said} in Netplan"
        yield Drift(catalogue.LIVE_MASTER, message, ADDRESS_FILE, wanted)
    if wanted.mtu is not None and interface.mtu != wanted.mtu:
        message = (
            f"MTU of {called(rail)} is {interface.mtu}, and {wanted.mtu} in Netplan"
        )
        yield Drift(catalogue.LIVE_MTU, message, ADDRESS_FILE, wanted, "mtu")


# -- addresses --------------------------------------------------------------------


def _addresses(
    host: MatchedHost, rail: MatchedRail, interface: LiveInterface
) -> Iterator[Drift]:
    wanted = rail.wanted
    missing = [a for a in wanted.addresses if a not in interface.addresses]
    extra = [a for a in interface.addresses if a not in wanted.addresses]
    for address in tuple(missing):
        same = [other for other in extra if other.address == address.address]
        if same:
            message = (
                f"{_listed(same)} of {called(rail)} is /{address.length} in Netplan"
            )
            yield _address(message, rail)
            missing.remove(address)
            extra = [other for other in extra if other not in same]
    if missing and not is_disturbed(rail):
        for address in missing:
            yield _address(_instead(host, rail, address, extra), rail)
    elif extra:
        have = "is" if len(extra) == 1 else "are"
        message = f"{_listed(extra)} on {called(rail)} {have} not in Netplan"
        yield _address(message, rail)


def _address(message: str, rail: MatchedRail) -> Drift:
    return Drift(catalogue.LIVE_ADDRESS, message, ADDRESS_FILE, rail.wanted, "address")


def _instead(
    host: MatchedHost,
    rail: MatchedRail,
    address: InterfaceAddress,
    extra: list[InterfaceAddress],
) -> str:
    """An address that is not live, and where it or what else is."""
    message = f"{called(rail)} has not got {address} of Netplan"
    if extra:
        message += f"; it has {_listed(extra)}"
    where = _elsewhere(host, rail, address)
    return f"{message}; {where}" if where else message


def _elsewhere(host: MatchedHost, rail: MatchedRail, address: InterfaceAddress) -> str:
    """Which other interface has an address of the rail's, "" for none."""
    for each in host.live.interfaces or ():
        if address in each.addresses and each is not rail.interface:
            return f"{each.name} has {address}"
    return ""


def _listed(addresses: list[InterfaceAddress]) -> str:
    return " and ".join(map(str, addresses))


# -- what Netplan does not know -----------------------------------------------------


def _strays(host: MatchedHost, ignored: tuple[str, ...]) -> Iterator[Drift]:
    """Links like a rail's on NICs of which Netplan says no such thing."""
    rails = {rail.interface.name for rail in host.rails if rail.interface}
    for interface in host.live.interfaces or ():
        if (
            interface.name in rails
            or interface.kind not in _NICS
            or interface.link_type not in ("ether", "infiniband")
            or links.matches_any(ignored, interface.name, *interface.altnames)
        ):
            continue
        for address in interface.addresses:
            is_link = BITS[address.family] - address.length == 1
            if is_link and address not in host.addresses:
                message = (
                    f"{interface.name} of {host.node_name} has {address}, a link like a"
                    " rail's, of which Netplan knows nothing"
                )
                yield Drift(catalogue.LIVE_STRAY, message, ADDRESS_FILE, None)
