"""NK301: two links that share addresses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netplan2k8s.catalogue import OVERLAPPING_PREFIX
from netplan2k8s.fabric.candidates import Candidate
from netplan2k8s.fabric.drafts import Draft, Where
from netplan2k8s.overlaps import overlaps


def check(candidates: Sequence[Candidate]) -> Iterator[Draft]:
    """Compare every link with the widest-reaching one before it, in address order."""
    links = [candidate.address.prefix for candidate in candidates]
    for first, second in overlaps(links):
        yield _draft(candidates[second], candidates[first])


def _draft(second: Candidate, first: Candidate) -> Draft:
    same = second.address == first.address
    message = (
        f"{second.address} of {second.interface} on {second.node_name}"
        f" {'is also' if same else 'is on one link with'} {first.address} of"
        f" {first.interface} on {first.node_name}; a link has one host"
    )
    where = Where(second.node_name, second.interface, "address")
    related = (Where(first.node_name, first.interface, "address"),)
    return Draft(OVERLAPPING_PREFIX, message, where, related=related)
