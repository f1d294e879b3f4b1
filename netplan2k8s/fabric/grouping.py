"""Which candidates are one rail: grouped by the CIDR that their routes name."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from operator import attrgetter

from netplan2k8s import catalogue
from netplan2k8s.addressing import Prefix
from netplan2k8s.fabric import links
from netplan2k8s.fabric.candidates import Candidate
from netplan2k8s.fabric.drafts import Draft, Where
from netplan2k8s.naming import counted
from netplan2k8s.settings import RailSetting


@dataclass(frozen=True, slots=True)
class Group:
    """The candidates of one rail in input order; ``number`` if the settings gave it."""

    cidr: Prefix
    members: tuple[Candidate, ...]
    number: int | None = None
    name: str = ""


def by_routes(
    candidates: Sequence[Candidate], drafts: list[Draft], sound: Collection[str]
) -> tuple[Group, ...]:
    """Group candidates by rail CIDR, in order of CIDR (design D4).

    The CIDR of a candidate is, among the destinations that hold its own address, the
    one that most hosts share and that no usual host has twice; the most specific of
    equals. So a destination that all rails of a host share is nobody's CIDR, and a
    route to a unit's own range does not split a rail. Only of ``sound`` nodes it is
    said that they tell no rail: others may lack routes for an error of their own.
    """
    hosts_of = _rail_like(candidates)
    groups: dict[Prefix, list[Candidate]] = defaultdict(list)
    orphans = []
    for candidate in candidates:
        own = [prefix for prefix in _own(candidate) if prefix in hosts_of]
        if own:
            if len(own) > 1:
                own.sort(key=lambda prefix: (hosts_of[prefix], prefix.length))
            groups[own[-1]].append(candidate)
        else:
            orphans.append(candidate)
    if orphans:
        _adopt(orphans, groups, drafts, sound)
    return tuple(Group(cidr, tuple(groups[cidr])) for cidr in sorted(groups))


def by_settings(
    candidates: Sequence[Candidate],
    rails: Sequence[RailSetting],
    drafts: list[Draft],
    sound: Collection[str],
) -> tuple[Group, ...]:
    """Group candidates by the rail that the settings assign, in order of number.

    Where no node is sound it is not said that an entry matches nothing: what it
    matches may have an error of its own.
    """
    assigned: dict[int, list[Candidate]] = {rail.number: [] for rail in rails}
    for candidate in candidates:
        if candidate.number is not None:
            assigned[candidate.number].append(candidate)
    groups = []
    for rail in sorted(rails, key=lambda rail: rail.number):
        members = assigned[rail.number]
        if not members:
            if sound:
                drafts.append(_unmatched(rail, rails, candidates))
            continue
        cidr = _given_cidr(rail) or _common_cidr(rail.number, assigned)
        if cidr is None:
            drafts.extend(_unknown_cidr(members, sound))
            continue
        inside = tuple(_inside(members, cidr, drafts))
        groups.append(Group(cidr, inside, rail.number, rail.name))
    return tuple(groups)


def _rail_like(candidates: Sequence[Candidate]) -> dict[Prefix, int]:
    """Destinations that hold one address of a usual host → the number of hosts."""
    multiplicities: dict[Prefix, Counter[int]] = defaultdict(Counter)
    for _, of_host in groupby(candidates, key=attrgetter("node_name")):
        counts = Counter(prefix for candidate in of_host for prefix in _own(candidate))
        for prefix, count in counts.items():
            multiplicities[prefix][count] += 1
    return {
        prefix: counts.total()
        for prefix, counts in multiplicities.items()
        if _lower_median(counts) == 1
    }


def _lower_median(counts: Counter[int]) -> int:
    middle = (counts.total() - 1) // 2
    for value in sorted(counts):
        middle -= counts[value]
        if middle < 0:
            return value
    raise ValueError("no counts")


def _own(candidate: Candidate) -> list[Prefix]:
    """The destinations that hold the candidate's own address."""
    value = candidate.address.value
    spans = _spans(candidate.destinations)
    return [prefix for low, high, prefix in spans if low <= value <= high]


@lru_cache(maxsize=4096)
def _spans(destinations: tuple[Prefix, ...]) -> tuple[tuple[int, int, Prefix], ...]:
    return tuple((prefix.value, prefix.last, prefix) for prefix in destinations)


def _adopt(
    orphans: list[Candidate],
    groups: dict[Prefix, list[Candidate]],
    drafts: list[Draft],
    sound: Collection[str],
) -> None:
    """Place candidates whose own routes do not tell their rail."""
    cidrs = sorted(groups)
    usual = _usual_rail(groups)
    lost = []
    for orphan in orphans:
        cidr = next((c for c in cidrs if c.holds(orphan.address.address)), None)
        if cidr is not None:
            groups[cidr].append(orphan)
            continue
        routed = [prefix for prefix in orphan.destinations if prefix in groups]
        expected = routed[0] if len(routed) == 1 else usual.get(orphan.name)
        if expected is None:
            lost.append(orphan)
        else:
            drafts.append(_outside(orphan, expected, len(groups[expected])))
    drafts.extend(_unknown_cidr(lost, sound))


def _usual_rail(groups: dict[Prefix, list[Candidate]]) -> dict[str, Prefix]:
    """The rail that most hosts have behind an interface name."""
    votes: dict[str, Counter[Prefix]] = defaultdict(Counter)
    for cidr, members in groups.items():
        for member in members:
            votes[member.name][cidr] += 1
    return {name: counts.most_common(1)[0][0] for name, counts in votes.items()}


def _inside(
    members: Iterable[Candidate], cidr: Prefix, drafts: list[Draft]
) -> Iterator[Candidate]:
    members = list(members)
    for member in members:
        if cidr.holds(member.address.address):
            yield member
        else:
            drafts.append(_outside(member, cidr, len(members) - 1))


def _given_cidr(rail: RailSetting) -> Prefix | None:
    from netplan2k8s.addressing import parse_prefix  # noqa: PLC0415  settings only

    return parse_prefix(rail.cidr) if rail.cidr else None


def _common_cidr(number: int, assigned: dict[int, list[Candidate]]) -> Prefix | None:
    """The destination with most of the rail's addresses and few of the others'."""
    counts = Counter(p for member in assigned[number] for p in _own(member))
    others = Counter(
        prefix
        for other, members in assigned.items()
        if other != number
        for member in members
        for prefix in _own(member)
    )
    fitting = [prefix for prefix in counts if others[prefix] * 2 < counts[prefix]]
    return max(fitting, key=lambda p: (counts[p], p.length), default=None)


def _outside(candidate: Candidate, cidr: Prefix, others: int) -> Draft:
    message = (
        f"{candidate.address} of {candidate.interface} on {candidate.node_name} is"
        f" outside {cidr}, the rail's CIDR"
    )
    if others:
        message += f" on {counted(others, 'other host')}"
    where = Where(candidate.node_name, candidate.interface, "address")
    return Draft(catalogue.OUTSIDE_RAIL, message, where)


def _unknown_cidr(
    candidates: Sequence[Candidate], sound: Collection[str]
) -> Iterator[Draft]:
    lost = [c for c in candidates if c.node_name in sound]
    if lost:
        first = lost[0]
        message = (
            f"no route tells which rail {first.address} of {first.interface} on"
            f" {first.node_name} is on ({counted(len(lost), 'such link')}): give each"
            " rail's cidr under rails: in netplan2k8s.yaml"
        )
        where = Where(first.node_name, first.interface, "address")
        yield Draft(catalogue.UNKNOWN_CIDR, message, where)


def _unmatched(
    rail: RailSetting, rails: Sequence[RailSetting], candidates: Sequence[Candidate]
) -> Draft:
    message = f"rail {rail.number} of the settings ({_wanted(rail)}) matches no"
    taken = next((c for c in candidates if _fits(c, rail)), None)
    if taken is None:
        message += " interface"
    else:
        owner = next(other for other in rails if other.number == taken.number)
        message += (
            f" interface that earlier entries leave: {taken.interface} on"
            f" {taken.node_name} is rail {owner.number} ({_wanted(owner)})"
        )
    return Draft(catalogue.UNMATCHED_SETTING, message, Where("", ""))


def _fits(candidate: Candidate, rail: RailSetting) -> bool:
    """Whether an entry would take a candidate, had none before it; MACs are unknown."""
    names = candidate.interface, candidate.name
    if rail.macs or (
        rail.interface and not links.matches_any((rail.interface,), *names)
    ):
        return False
    cidr = _given_cidr(rail)
    if cidr is not None and not cidr.holds(candidate.address.address):
        return False
    return not rail.pci_addresses or candidate.pci_address in rail.pci_addresses


def _wanted(rail: RailSetting) -> str:
    wanted = {
        "interface": rail.interface,
        "mac": ", ".join(rail.macs),
        "pci": ", ".join(rail.pci_addresses),
        "cidr": rail.cidr,
    }
    return "; ".join(f"{key} {value}" for key, value in wanted.items() if value)
