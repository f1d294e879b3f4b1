"""What a rule says of a document before its place in the file is known."""

from __future__ import annotations

from typing import NamedTuple

from netplan2k8s.findings import Finding, Rule, Severity
from netplan2k8s.manifests.places import Places
from netplan2k8s.manifests.reader import Document, Pointer


class Spot(NamedTuple):
    """A place in a document."""

    document: Document
    pointer: Pointer = ()


class Remark(NamedTuple):
    """What will be a finding: ``severity`` where it is not the rule's own."""

    rule: Rule
    message: str
    spot: Spot
    related: tuple[Spot, ...] = ()
    node: str = ""
    rail: str = ""
    severity: Severity | None = None


def finding(remark: Remark, places: Places) -> Finding:
    """The remark with its lines and columns."""
    rule = remark.rule
    if remark.severity is not None and remark.severity is not rule.severity:
        rule = rule.as_severe_as(remark.severity)
    return Finding(
        rule,
        remark.message,
        places.span(*remark.spot),
        remark.node,
        remark.rail,
        tuple(places.span(*spot) for spot in remark.related),
    )
