"""NK315 and NK316: what differs from host to host on a rail without being wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from netplan2k8s.catalogue import MIXED_MTU, ODD_SIDE
from netplan2k8s.fabric.drafts import Draft, Where
from netplan2k8s.fabric.plan import FabricPlan, Rail, RailAttachment
from netplan2k8s.naming import counted, ranges


def check(plan: FabricPlan) -> Iterator[Draft]:
    for rail in plan.rails:
        yield from _mixed_mtu(rail)
    yield from _odd_sides(plan)


def _mixed_mtu(rail: Rail) -> Iterator[Draft]:
    counts = Counter(attachment.mtu for attachment in rail.attachments)
    if len(counts) < 2:  # noqa: PLR2004
        return
    usual, hosts = counts.most_common(1)[0]
    odd = [a for a in rail.attachments if a.mtu != usual]
    message = (
        f"MTU of {rail.name} is {odd[0].mtu or 'not set'} on"
        f" {ranges([a.node_name for a in odd])} and {usual or 'not set'} on"
        f" {counted(hosts, 'other host')}"
    )
    where = Where(odd[0].node_name, odd[0].interface, "mtu")
    yield Draft(MIXED_MTU, message, where, rail.name)


def _odd_sides(plan: FabricPlan) -> Iterator[Draft]:
    """A minority of hosts on the other end: legal, and how swapped ends look.

    Rails with the same odd hosts are named together.
    """
    together: dict[tuple[str, ...], list[tuple[Rail, RailAttachment, int]]] = {}
    for rail in plan.rails:
        sides = Counter(a.address.value & 1 for a in rail.attachments)
        if rail.is_point_to_point and len(sides) > 1:
            usual, hosts = sides.most_common(1)[0]
            odd = [a for a in rail.attachments if a.address.value & 1 != usual]
            nodes = tuple(attachment.node_name for attachment in odd)
            together.setdefault(nodes, []).append((rail, odd[0], hosts))
    for nodes, found in together.items():
        yield _odd_side(nodes, found)


def _odd_side(
    nodes: Sequence[str], found: Sequence[tuple[Rail, RailAttachment, int]]
) -> Draft:
    rail, first, hosts = found[0]
    names = ranges([rail.name for rail, _, _ in found])
    side = "odd" if first.address.value & 1 else "even"
    others = f"{counted(hosts, 'other host')} {'is' if hosts == 1 else 'are'}"
    message = (
        f"{first.address} of {ranges(list(nodes))} on {names} is the {side} side of"
        f" its link, and {others} on the other side; check which end is the leaf"
    )
    where = Where(first.node_name, first.interface, "address")
    return Draft(ODD_SIDE, message, where, rail.name)
