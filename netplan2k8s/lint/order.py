"""The order of a pod's networks, which must be that of the rails."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from netplan2k8s.naming import MAX_SUBDOMAIN, natural_key

_DIGITS = re.compile(r"(\d+)")


class Crossing(NamedTuple):
    """An interface with another network than the one whose turn it is."""

    interface: str
    network: str
    right: str


def crossing(attached: Iterable[tuple[str, str]]) -> Crossing | None:
    """The first interface whose network is out of order, of (interface, network).

    Networks are compared whose names differ in one number, as rail-1 and rail-2 do, on
    interfaces that differ in the last one; what else a pod attaches has no order.
    """
    groups = defaultdict(list)
    for interface, network in attached:
        stem = interface.rstrip("0123456789")
        place = natural_key(interface[len(stem) :])
        for rest, number in _numbers(network) if stem != interface else ():
            groups[stem, rest].append((place, number, interface, network))
    for members in groups.values():
        members.sort(key=lambda member: member[0])
        right = sorted(members, key=lambda member: member[1])
        for one, other in zip(members, right, strict=True):
            if one[1] != other[1]:
                return Crossing(one[2], one[3], other[3])
    return None


def in_order(names: Iterable[str]) -> list[str]:
    """The names with a number in the order of the rails; others stay where they are."""
    listed = list(names)
    numbered = [place for place, name in enumerate(listed) if _DIGITS.search(name)]
    right = sorted((listed[place] for place in numbered), key=natural_key)
    for place, name in zip(numbered, right, strict=True):
        listed[place] = name
    return listed


def _numbers(name: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Each number of a name, with what is left of it without the number."""
    pieces = _DIGITS.split(name) if len(name) <= MAX_SUBDOMAIN else ()
    for place in range(1, len(pieces), 2):
        rest = (*pieces[:place], "", *pieces[place + 1 :])
        yield rest, natural_key(pieces[place])
