"""Which of many prefixes share addresses, by one sweep over their sorted ranges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netplan2k8s.addressing import BITS, Prefix


def overlaps(prefixes: Sequence[Prefix]) -> Iterator[tuple[int, int]]:
    """Pairs of indices, in address order: each prefix with one before it that it meets.

    Sound for any mix of lengths: whatever a prefix meets among those that start no
    later, it also meets the one that ends last.
    """
    bits = {4: BITS[4], 6: BITS[6]}
    ordered = sorted(
        (family, value, bits[family] - length, index)
        for index, (family, value, length) in enumerate(prefixes)
    )
    widest = -1
    last_family, last_end = 0, -1
    for family, start, host_bits, index in ordered:
        if family == last_family and start <= last_end:
            yield widest, index
        end = start + (1 << host_bits) - 1
        if family != last_family or end > last_end:
            widest, last_family, last_end = index, family, end
