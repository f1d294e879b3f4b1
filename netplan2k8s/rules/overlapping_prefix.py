"""NK301: two links that share addresses, found by one sweep over sorted ranges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netplan2k8s.addressing import BITS
from netplan2k8s.catalogue import OVERLAPPING_PREFIX
from netplan2k8s.fabric.candidates import Candidate
from netplan2k8s.fabric.drafts import Draft, Where


def check(candidates: Sequence[Candidate]) -> Iterator[Draft]:
    """Compare every link with the widest-reaching one before it, in address order.

    Sound for any mix of prefix lengths: whatever a link overlaps among those that
    start no later, it also overlaps the one that ends last.
    """
    ordered = sorted(
        (
            candidate.address.family,
            candidate.address.value
            >> (host_bits := _host_bits(candidate))
            << host_bits,
            host_bits,
            index,
        )
        for index, candidate in enumerate(candidates)
    )
    widest = -1
    last_family, last_end = 0, -1
    for family, start, host_bits, index in ordered:
        if family == last_family and start <= last_end:
            yield _draft(candidates[index], candidates[widest])
        end = start + (1 << host_bits) - 1
        if family != last_family or end > last_end:
            widest, last_family, last_end = index, family, end


def _host_bits(candidate: Candidate) -> int:
    return BITS[candidate.address.family] - candidate.address.length


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
