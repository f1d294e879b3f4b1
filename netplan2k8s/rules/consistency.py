"""NK315 and NK316: what differs from host to host on a rail without being wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from netplan2k8s.fabric.drafts import Draft, Where
from netplan2k8s.fabric.plan import FabricPlan, Rail
from netplan2k8s.naming import ranges
from netplan2k8s.rules.catalogue import MIXED_MTU, ODD_SIDE


def check(plan: FabricPlan) -> Iterator[Draft]:
    for rail in plan.rails:
        yield from _mixed_mtu(rail)
        if rail.is_point_to_point:
            yield from _odd_side(rail)


def _mixed_mtu(rail: Rail) -> Iterator[Draft]:
    counts = Counter(attachment.mtu for attachment in rail.attachments)
    if len(counts) < 2:  # noqa: PLR2004
        return
    usual, hosts = counts.most_common(1)[0]
    odd = [a for a in rail.attachments if a.mtu != usual]
    message = (
        f"MTU of {rail.name} is {odd[0].mtu or 'not set'} on"
        f" {ranges([a.node_name for a in odd])} and {usual or 'not set'} on {hosts}"
        " other hosts"
    )
    where = Where(odd[0].node_name, odd[0].interface, "mtu")
    yield Draft(MIXED_MTU, message, where, rail.name)


def _odd_side(rail: Rail) -> Iterator[Draft]:
    """A minority of hosts on the other end: legal, and how swapped ends look."""
    sides = Counter(a.address.value & 1 for a in rail.attachments)
    if len(sides) < 2:  # noqa: PLR2004
        return
    usual, hosts = sides.most_common(1)[0]
    odd = [a for a in rail.attachments if a.address.value & 1 != usual]
    side = "even" if usual else "odd"
    message = (
        f"{odd[0].address} of {ranges([a.node_name for a in odd])} on {rail.name} is"
        f" the {side} side of its link, and {hosts} other hosts are on the other side;"
        " check which end is the leaf"
    )
    where = Where(odd[0].node_name, odd[0].interface, "address")
    yield Draft(ODD_SIDE, message, where, rail.name)
