"""What the pods of each node get of a pool, as nv-ipam deals it out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from netplan2k8s.simulate.nv_ipam import Allocation, allocate, usable
from netplan2k8s.simulate.pool import Pool
from netplan2k8s.simulate.selectors import HOSTNAME, Node

_MOST = 16
"""Addresses of a prefix worth listing: rails are /31, or /29 at the widest."""


class Share(NamedTuple):
    """A node's prefix: its network, its gateway, and what pods can get of it."""

    network: int
    gateway: int | None
    addresses: tuple[int, ...]


class Shares:
    """The shares of all nodes of one pool."""

    def __init__(self, pool: Pool, nodes: Sequence[Node]) -> None:
        self.pool = pool
        self.entries = {
            entry.node_name: number
            for number, entry in enumerate(pool.statics)
            if entry.node_name
        }
        self.is_guessed = _needs_labels(pool) and not any(node.labels for node in nodes)
        if self.is_guessed:
            # Nothing tells which nodes have the label: those with entries, then.
            pool_for_all = _without_selector(pool)
            known = [node for node in nodes if node.name in self.entries]
            self._allocations = allocate(pool_for_all, known).allocations
        else:
            self._allocations = allocate(pool, nodes).allocations
        self._offsets: dict[int | None, tuple[int, ...]] = {}

    def of(self, node_name: str) -> Share | None:
        found = self._allocations.get(node_name)
        if found is None:
            return None
        network, gateway, _ = found
        if self.pool.excluded:
            return Share(network, gateway, self._usable(found))
        side = None if gateway is None else gateway - network
        offsets = self._offsets.get(side)
        if offsets is None:
            offsets = tuple(a - network for a in self._usable(found))
            self._offsets[side] = offsets
        if len(offsets) == 1:
            return Share(network, gateway, (network + offsets[0],))
        return Share(network, gateway, tuple([network + n for n in offsets]))

    def _usable(self, allocation: Allocation) -> tuple[int, ...]:
        found = usable(self.pool, allocation)
        return tuple(address for address, _ in zip(found, range(_MOST), strict=False))


def _needs_labels(pool: Pool) -> bool:
    terms = (pool.node_selector or {}).get("nodeSelectorTerms") or ()
    return any(
        item.get("key") != HOSTNAME
        for term in terms
        for item in term.get("matchExpressions") or ()
    )


def _without_selector(pool: Pool) -> Pool:
    import dataclasses  # noqa: PLC0415  seldom needed

    return dataclasses.replace(pool, node_selector=None)
