"""Rail numbers: from interface names that say so on all hosts, else by CIDR."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from netplan2k8s import catalogue
from netplan2k8s.fabric.candidates import Candidate
from netplan2k8s.fabric.drafts import Draft, Where
from netplan2k8s.fabric.grouping import Group

# Names in which a site counts rails; systemd's path and slot names count buses.
_INDEX = re.compile(
    r"(?:rail[-_]?|(?:^|_)r|gpu|^eth|fabric[-_]?)(\d{1,3})(?![0-9])", re.ASCII
)


def numbers(
    groups: Sequence[Group], first_rail: int | None, drafts: list[Draft]
) -> tuple[int, ...]:
    """The number of each group, in the order given (design D5).

    An index that every rail's names carry is the number, or with ``first_rail`` given
    the order; a host whose name carries another than the other hosts' is NK312.
    """
    indices = [_usual_index(group) for group in groups]
    if None in indices or len(set(indices)) < len(indices):
        start = 1 if first_rail is None else first_rail
        return tuple(range(start, start + len(groups)))
    usual = [index for index in indices if index is not None]
    for group, index in zip(groups, usual, strict=True):
        drafts.extend(_conflicting(group, index))
    if first_rail is None:
        return tuple(usual)
    rank = {index: position for position, index in enumerate(sorted(usual))}
    return tuple(first_rail + rank[index] for index in usual)


@lru_cache(maxsize=1024)
def index_of(name: str) -> int | None:
    """The index a name carries, ``eth_rail3`` → 3; None where it carries none."""
    if re.match(r"(en|ib)(P\d+)?(p\d|s\d|o\d|x[0-9a-f])", name):
        return None
    found = _INDEX.search(name)
    return int(found.group(1)) if found else None


def _candidate_index(candidate: Candidate) -> int | None:
    index = index_of(candidate.name)
    return index_of(candidate.interface) if index is None else index


def _usual_index(group: Group) -> int | None:
    """The index that more than half of the members' names carry."""
    counts = Counter(map(_candidate_index, group.members))
    index, count = counts.most_common(1)[0]
    return index if count * 2 > len(group.members) else None


def _conflicting(group: Group, usual: int) -> list[Draft]:
    drafts = []
    for member in group.members:
        index = _candidate_index(member)
        if index is not None and index != usual:
            message = (
                f"{member.name} on {member.node_name} is in {group.cidr}, where other"
                f" hosts have rail {usual}: a swapped cable or a copied file"
            )
            where = Where(member.node_name, member.interface, "address")
            drafts.append(Draft(catalogue.CONFLICTING_INDEX, message, where))
    return drafts
