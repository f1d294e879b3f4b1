"""What the pods of each node get of a pool, as nv-ipam deals it out."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from netplan2k8s.fabric.candidates import Candidate
from netplan2k8s.simulate.nv_ipam import Allocation, allocate, usable
from netplan2k8s.simulate.pool import Pool
from netplan2k8s.simulate.selectors import HOSTNAME, Node, listed_names

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
        self._nodes = nodes
        self._offsets: dict[int | None, tuple[int, ...]] = {}

    @cached_property
    def _allocations(self) -> Mapping[str, Allocation]:
        if not self.is_guessed:
            return allocate(self.pool, self._nodes).allocations
        # Nothing tells which nodes have the label: those with entries, then.
        pool = dataclasses.replace(self.pool, node_selector=None)
        known = [node for node in self._nodes if node.name in self.entries]
        return allocate(pool, known).allocations

    def of(self, node_name: str) -> Share | None:
        found = self._allocations.get(node_name)
        if found is None:
            return None
        network, gateway, _ = found
        if self.pool.excluded:
            return Share(network, gateway, self._usable(found))
        offsets = self._offsets_of(network, gateway)
        return Share(network, gateway, tuple([network + n for n in offsets]))

    def are_equal(self, nics: Sequence[Candidate]) -> bool:
        """Whether each host gets just its address and its gateway; no where in doubt.

        All at once from the entries, as they decide for the nodes that they name.
        """
        pool = self.pool
        if pool.excluded or not self._selects_entries():
            return False
        given: dict[str, tuple[int, int | None, int]] = {}
        for name, network, gateway, _ in pool.statics:
            if gateway is None:
                return False
            offsets = self._offsets_of(network, gateway)
            if len(offsets) != 1:
                return False
            given[name] = network + offsets[0], gateway, pool.length
        return all(
            given.get(nic.node_name)
            == (nic.address.value, nic.gateway, nic.address.length)
            for nic in nics
        )

    def _selects_entries(self) -> bool:
        """Whether nodeSelector surely picks every node that has an entry."""
        selector = self.pool.node_selector
        if selector is None:
            return True
        if any(term.get("matchExpressions") for term in selector["nodeSelectorTerms"]):
            return False  # labels, even that of the hostname, may say otherwise
        named = listed_names(selector)
        return named is not None and named >= self.entries.keys()

    def _offsets_of(self, network: int, gateway: int | None) -> tuple[int, ...]:
        """The usable addresses less the network: the same for all of one side."""
        side = None if gateway is None else gateway - network
        offsets = self._offsets.get(side)
        if offsets is None:
            found = self._usable(Allocation(network, gateway, ""))
            offsets = tuple(address - network for address in found)
            self._offsets[side] = offsets
        return offsets

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
