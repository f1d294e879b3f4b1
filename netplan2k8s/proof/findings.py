"""From the differences of single links to findings, one for each kind of difference."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from netplan2k8s.catalogue import UNPROVEN
from netplan2k8s.fabric.drafts import Where
from netplan2k8s.findings import Finding, Severity, Span
from netplan2k8s.lint.remarks import Remark, Spot, finding
from netplan2k8s.manifests.places import Places
from netplan2k8s.naming import ranges
from netplan2k8s.proof.model import UNREAD, UNTOLD_ADDRESS, Difference, Proof

Locate = Callable[[Where], Span]


def findings(
    differences: Sequence[Difference], locate: Locate, fallback: Span
) -> Iterator[Finding]:
    """Differences of a proof; ``fallback`` is the place of those without one."""
    places = Places()
    for together in _groups(differences):
        yield _finding(together, places, locate, fallback)


def gaps(proof: Proof, fallback: Span) -> Iterator[Finding]:
    """NK512 for what the manifests do not tell; an error where they tell nothing."""
    for gap in proof.gaps:
        rule = UNPROVEN
        if gap == UNTOLD_ADDRESS or gap.startswith(UNREAD):
            rule = rule.as_severe_as(Severity.ERROR)
        yield Finding(rule, f"the manifests do not tell {gap}", fallback)


def _groups(differences: Sequence[Difference]) -> list[list[Difference]]:
    """Differences of one kind: those of a rail, and rails with the same nodes."""
    by_rail: dict[tuple[str, str], list[Difference]] = defaultdict(list)
    for difference in differences:
        by_rail[difference.rule.code, difference.rail].append(difference)
    alike: dict[tuple[str, tuple[str, ...]], list[Difference]] = defaultdict(list)
    for (code, _), members in by_rail.items():
        alike[code, tuple([member.node for member in members])].extend(members)
    return list(alike.values())


def _finding(
    together: Sequence[Difference], places: Places, locate: Locate, fallback: Span
) -> Finding:
    first = together[0]
    nodes = list(dict.fromkeys(d.node for d in together if d.node))
    rails = ranges(list(dict.fromkeys(d.rail for d in together)))
    message = first.text
    if nodes:
        message = f"{rails} on {ranges(nodes)}: {message}"
        if len(together) > 1:
            on = f" on {first.rail} of {first.node}"
            message = f"{rails} on {ranges(nodes)}:{on} {first.text}"
    elif len(together) > 1:
        message += f"; the same of {rails}"
    host = None
    if first.nic is not None:
        host = locate(Where(first.node, first.nic.interface, "address"))
    return _placed(first, message, host or fallback, host, places)


def _placed(
    first: Difference, message: str, fallback: Span, host: Span | None, places: Places
) -> Finding:
    if first.spot is None:
        rule = first.rule
        if first.severity is not None:
            rule = rule.as_severe_as(first.severity)
        return Finding(rule, message, fallback, first.node, first.rail)
    spot = Spot(*first.spot)
    remark = Remark(
        first.rule, message, spot, (), first.node, first.rail, first.severity
    )
    made = finding(remark, places)
    related = (host,) if host is not None else ()
    return Finding(made.rule, made.message, made.span, made.node, made.rail, related)
