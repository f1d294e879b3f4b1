"""The rail mapper: candidates of all hosts to one plan, the odd one out named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

from netplan2k8s import catalogue
from netplan2k8s.addressing import Prefix
from netplan2k8s.fabric import grouping
from netplan2k8s.fabric.candidates import Candidate
from netplan2k8s.fabric.drafts import Draft, Where
from netplan2k8s.fabric.grouping import Group
from netplan2k8s.fabric.numbering import numbers
from netplan2k8s.fabric.plan import FabricPlan, Rail, RailAttachment
from netplan2k8s.naming import counted, ranges
from netplan2k8s.settings import Settings


def map_rails(
    candidates: Sequence[Candidate],
    node_names: Sequence[str],
    settings: Settings,
    *,
    broken: Collection[str] = (),
) -> tuple[FabricPlan, list[Draft]]:
    """Make the plan of a fleet, and say what does not fit.

    ``candidates`` come host by host in the order of ``node_names``, which is natural
    order. Nodes in ``broken`` already have an error of their own, so that nothing is
    said of what they lack. The plan holds what could be placed, however broken the
    fabric; with any error among the drafts it is not to be emitted.
    """
    drafts: list[Draft] = []
    sound = set(node_names).difference(broken)
    if settings.rails:
        groups = grouping.by_settings(candidates, settings.rails, drafts, sound)
        numbered = [group.number or 0 for group in groups]
    else:
        groups = grouping.by_routes(candidates, drafts, sound)
        numbered = list(numbers(groups, settings.first_rail, drafts))
    pairs = sorted(zip(numbered, groups, strict=True), key=lambda pair: pair[0])
    silent = set(broken) | {draft.where.node_name for draft in drafts}
    without = list(_no_rails(candidates, node_names, silent))
    silent.update(draft.where.node_name for draft in without)
    rails = []
    for number, group in pairs:
        name = group.name or settings.rail_name.format(n=number)
        rails.append(_rail(number, name, group, settings, drafts))
    # A link too many on one rail is mostly the one that another rail lacks.
    doubled = (d for d in drafts if d.rule is catalogue.DOUBLED_RAIL)
    silent.update(draft.where.node_name for draft in doubled)
    for rail, (_, group) in zip(rails, pairs, strict=True):
        drafts.extend(_missing(rail.name, group, node_names, silent))
    drafts.extend(without)
    drafts.extend(_overlapping(rails))
    on_rails = {a.node_name for rail in rails for a in rail.attachments}
    names = tuple(name for name in node_names if name in on_rails)
    return FabricPlan(tuple(rails), names), drafts


def resource_name(rail_name: str, settings: Settings) -> str:
    """The bare device-plugin resource: no hyphen where the webhook would judge it."""
    return rail_name.replace("-", "_") if settings.admission_controller else rail_name


def _rail(
    number: int, name: str, group: Group, settings: Settings, drafts: list[Draft]
) -> Rail:
    members = list(_one_per_node(name, group, drafts))
    length = _usual_length(members)
    drafts.extend(_odd_lengths(name, members, length))
    return Rail(
        number=number,
        name=name,
        resource_name=resource_name(name, settings),
        cidr=group.cidr,
        node_prefix_length=length,
        routes=_common_routes(name, members, drafts),
        attachments=tuple(
            RailAttachment(
                node_name=member.node_name,
                interface=member.interface,
                address=member.address,
                gateway=member.gateway,
                mtu=member.mtu,
                pci_address=member.pci_address,
                file=member.file,
            )
            for member in members
            if member.gateway is not None
        ),
    )


def _one_per_node(name: str, group: Group, drafts: list[Draft]) -> Iterator[Candidate]:
    seen: dict[str, Candidate] = {}
    for member in group.members:
        first = seen.setdefault(member.node_name, member)
        if first is member:
            yield member
            continue
        message = (
            f"{member.interface} ({member.address}) and {first.interface}"
            f" ({first.address}) of {member.node_name} are both on {name}, {group.cidr}"
        )
        where = Where(member.node_name, member.interface, "address")
        related = (Where(first.node_name, first.interface, "address"),)
        drafts.append(Draft(catalogue.DOUBLED_RAIL, message, where, name, related))


def _missing(
    name: str, group: Group, node_names: Sequence[str], silent: Collection[str]
) -> Iterator[Draft]:
    present = {member.node_name: member for member in group.members}
    lacking = [n for n in node_names if n not in present and n not in silent]
    if len(lacking) > len(present):
        first = group.members[0]
        have = "has" if len(present) == 1 else "have"
        message = (
            f"only {ranges(list(present))} {have} a link on {name} ({group.cidr}), and"
            f" {len(lacking)} hosts lack it; if it is no rail, name {first.interface}"
            " under ignore_interfaces: in netplan2k8s.yaml"
        )
        where = Where(first.node_name, first.interface, "address")
        yield Draft(catalogue.MISSING_RAIL, message, where, name)
        return
    counts = Counter(member.interface for member in group.members)
    usual = counts.most_common(1)[0][0]
    have = "has" if len(present) == 1 else "have"
    for node in lacking:
        message = (
            f"{node} has no link on {name} ({group.cidr}), which {len(present)} of"
            f" {len(node_names)} hosts {have}, mostly on {usual}: a /31 or /127 with a"
            " route over its other end"
        )
        yield Draft(catalogue.MISSING_RAIL, message, Where(node, usual), name)


def _no_rails(
    candidates: Sequence[Candidate],
    node_names: Sequence[str],
    silent: set[str],
) -> Iterator[Draft]:
    """Hosts without any rail, which then need not hear of each rail they lack."""
    present = {candidate.node_name for candidate in candidates}
    for node in node_names:
        if node not in present and node not in silent:
            message = (
                f"{node} has no rail: no ethernet has a /31 or /127 and a route"
                " over its other end; --exclude leaves a host out, rails: in"
                " netplan2k8s.yaml names rails of other forms"
            )
            yield Draft(catalogue.NO_RAILS, message, Where(node, ""))


def _overlapping(rails: Sequence[Rail]) -> Iterator[Draft]:
    ordered = sorted(rails, key=lambda rail: rail.cidr)
    for first, second in pairwise(ordered):
        if first.cidr.overlaps(second.cidr) and second.attachments:
            attachment = second.attachments[0]
            message = (
                f"{second.name} ({second.cidr}) lies within {first.name}"
                f" ({first.cidr}): hosts route different ranges over one rail"
            )
            where = Where(attachment.node_name, attachment.interface, "route")
            yield Draft(catalogue.OVERLAPPING_RAILS, message, where, second.name)


def _usual_length(members: Sequence[Candidate]) -> int:
    return Counter(member.address.length for member in members).most_common(1)[0][0]


def _odd_lengths(
    name: str, members: Sequence[Candidate], usual: int
) -> Iterator[Draft]:
    for member in members:
        if member.address.length != usual:
            message = (
                f"{member.address} of {member.interface} on {member.node_name} is on"
                f" {name}, where the other hosts' links are /{usual}"
            )
            where = Where(member.node_name, member.interface, "address")
            yield Draft(catalogue.UNSUPPORTED_PREFIX, message, where, name)


def _common_routes(
    name: str, members: Sequence[Candidate], drafts: list[Draft]
) -> tuple[Prefix, ...]:
    """The destinations of all hosts, most specific first; differences are said."""
    counts = Counter(member.destinations for member in members if member.destinations)
    if not counts:
        return ()
    total = counts.total()
    hosts_of: Counter[Prefix] = Counter()
    for destinations, count in counts.items():
        for prefix in destinations:
            hosts_of[prefix] += count
    common = {prefix for prefix, count in hosts_of.items() if count * 2 > total}
    partial = [prefix for prefix in sorted(hosts_of) if hosts_of[prefix] < total]
    covered = [prefix for prefix in partial if _is_covered(prefix, common)]
    drafts.extend(
        _conflicting(name, members, prefix, is_common=prefix in common)
        for prefix in partial
        if prefix not in covered
    )
    if covered:
        drafts.append(_covered(name, members, covered))
    return tuple(sorted(common, key=lambda prefix: (-prefix.length, prefix)))


def _is_covered(prefix: Prefix, common: Collection[Prefix]) -> bool:
    return prefix not in common and any(other.contains(prefix) for other in common)


def _covered(
    name: str, members: Sequence[Candidate], covered: Sequence[Prefix]
) -> Draft:
    first = next(m for m in members if covered[0] in m.destinations)
    message = (
        f"routes of some hosts on {name} ({ranges([str(p) for p in covered])}) are"
        " covered by a wider one over the same gateway, and left out"
    )
    where = Where(first.node_name, first.interface, "route", str(covered[0]))
    return Draft(catalogue.COVERED_ROUTE, message, where, name)


def _conflicting(
    name: str, members: Sequence[Candidate], prefix: Prefix, *, is_common: bool
) -> Draft:
    routed = [member for member in members if member.destinations]
    odd = [m for m in routed if (prefix in m.destinations) is not is_common]
    one, several = ("lacks", "lack") if is_common else ("has", "have")
    others = counted(len(routed) - len(odd), "other host")
    message = (
        f"{ranges([m.node_name for m in odd])} {one if len(odd) == 1 else several} a"
        f" route to {prefix} on {name}, unlike {others}; a CIDRPool has one list of"
        " routes"
    )
    value = "" if is_common else str(prefix)
    where = Where(odd[0].node_name, odd[0].interface, "route", value)
    return Draft(catalogue.CONFLICTING_ROUTES, message, where, name)
