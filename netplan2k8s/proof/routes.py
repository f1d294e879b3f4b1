"""Whether the pod's routes lead where the host's did.

A destination may be written in fewer routes than before, as long as the most specific
one that covers it still is the same rail's; CNI and networkd alike put the routes of
all rails into one table, unless the sbr plugin gives each rail its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from netplan2k8s.addressing import Prefix

Destinations = tuple[Prefix, ...]


class Table(NamedTuple):
    """One rail's part of the pod's routing: ``is_own`` with a table of its own."""

    destinations: Destinations
    is_own: bool = False


class Lost(NamedTuple):
    """A destination of rail number ``rail`` that the pod sends another way."""

    rail: int
    destination: Prefix
    is_new: bool
    """Whether the pod routes it over the rail and the host did not."""


def lost(hosts: Sequence[Destinations], pods: Sequence[Table]) -> Iterator[Lost]:
    """Compare the routes of all rails of a node, rail by rail."""
    tables = [table.destinations for table in pods]
    for rail, (before, after) in enumerate(zip(hosts, pods, strict=True)):
        if set(before) == set(after.destinations):
            continue
        for destination in sorted({*before, *after.destinations}):
            had, has = over(destination, hosts), over(destination, tables)
            if after.is_own:
                has = over(destination, [after.destinations])
                is_same = bool(has) == (rail in had)
            else:
                is_same = had == has
            if not is_same and destination in before:
                yield Lost(rail, destination, is_new=False)
            elif not is_same:
                yield Lost(rail, destination, is_new=True)


def over(destination: Prefix, tables: Sequence[Destinations]) -> set[int]:
    """The rails whose most specific route to a destination is the longest of all."""
    lengths = [
        max((p.length for p in table if p.contains(destination)), default=-1)
        for table in tables
    ]
    longest = max(lengths, default=-1)
    if longest < 0:
        return set()
    return {rail for rail, length in enumerate(lengths) if length == longest}
