"""Cables that lead elsewhere than those of the other hosts of a unit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from netplan2k8s import catalogue
from netplan2k8s.findings import Rule
from netplan2k8s.live import leaves
from netplan2k8s.live.leaves import Cable, Home, Place


class Miscabling(NamedTuple):
    """What will be a finding; ``cables`` are those it is about, the first its place."""

    rule: Rule
    message: str
    cables: tuple[Cable, ...]


def check(cables: Sequence[Cable]) -> Iterator[Miscabling]:
    """Name each cable that is not where most of its unit's are, and shared ports.

    A unit and rail without a majority accuses nobody.
    """
    homes = leaves.homes(leaves.counts(cables))
    odd = [cable for cable in cables if _is_odd(cable, homes)]
    for swapped in _swaps(odd, homes):
        odd = [cable for cable in odd if cable not in swapped]
        yield _swapped(swapped, homes)
    for cable in odd:
        yield _odd_one(cable, homes)
    yield from _shared(cables)


def _is_odd(cable: Cable, homes: Mapping[Place, Home]) -> bool:
    home = homes.get(Place(cable.unit, cable.rail))
    return home is not None and home.leaf != cable.leaf


def _home(cable: Cable, homes: Mapping[Place, Home]) -> Home:
    return homes[Place(cable.unit, cable.rail)]


def _swaps(
    odd: Sequence[Cable], homes: Mapping[Place, Home]
) -> Iterator[tuple[Cable, Cable]]:
    """Pairs of one host's cables, either of which is on the other's leaf."""
    free = list(odd)
    while free:
        first = free.pop(0)
        for second in free:
            if (
                second.node_name == first.node_name
                and second.leaf == _home(first, homes).leaf
                and first.leaf == _home(second, homes).leaf
            ):
                free.remove(second)
                yield first, second
                break


def _swapped(pair: tuple[Cable, Cable], homes: Mapping[Place, Home]) -> Miscabling:
    first, second = pair
    there = "; ".join(
        f"{_most(c, homes)} {c.rail} on {_home(c, homes).leaf}" for c in pair
    )
    message = (
        f"cables of {first.rail} and {second.rail} of {first.node_name} are swapped:"
        f" {_end(first)} leads to {_port(first)}, {_end(second)} to {_port(second)};"
        f" {there}"
    )
    return Miscabling(catalogue.SWAPPED_CABLES, message, pair)


def _odd_one(cable: Cable, homes: Mapping[Place, Home]) -> Miscabling:
    home = _home(cable, homes)
    of_unit = {h.leaf for place, h in homes.items() if place.unit == cable.unit}
    elsewhere = [
        place
        for place, other in homes.items()
        if other.leaf == cable.leaf and place.unit != cable.unit
    ]
    message = (
        f"{cable.rail} of {cable.node_name} ({cable.interface}) leads to {_port(cable)}"
    )
    rule = catalogue.WRONG_LEAF
    if elsewhere and cable.leaf not in of_unit:
        rule = catalogue.FOREIGN_LEAF
        place = min(elsewhere, key=lambda place: (place.rail != cable.rail, place))
        message += f", the leaf of {place.rail} in {place.unit}"
    message += f"; {_most(cable, homes)} it on {home.leaf}"
    return Miscabling(rule, message, (cable,))


def _most(cable: Cable, homes: Mapping[Place, Home]) -> str:
    home = _home(cable, homes)
    return f"{home.count} of {home.total} hosts of {cable.unit} have"


def _end(cable: Cable) -> str:
    return f"{cable.rail} ({cable.interface})"


def _port(cable: Cable) -> str:
    return f"{cable.leaf} port {cable.port}" if cable.port else cable.leaf


def _shared(cables: Sequence[Cable]) -> Iterator[Miscabling]:
    """Ports that several links are heard on: one listing is old, or a hub is there."""
    by_port: defaultdict[tuple[str, str], list[Cable]] = defaultdict(list)
    for cable in cables:
        if cable.port:
            by_port[cable.leaf, cable.port].append(cable)
    for same in by_port.values():
        if len(same) > 1:
            ends = " and ".join(
                f"{c.rail} of {c.node_name} ({c.interface})" for c in same
            )
            message = (
                f"{ends} lead to one port, {_port(same[0])}; a port has one cable, so"
                " one of the listings is old, or a switch lies between"
            )
            yield Miscabling(catalogue.SHARED_LEAF_PORT, message, tuple(same))
