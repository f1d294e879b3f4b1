"""nv-ipam: which node gets which prefix, and which address a pod gets of it.

Source: nvidia-k8s-ipam v0.4, pkg/ipam-controller/controllers/cidrpool (allocation),
pkg/ipam-node/controllers/cidrpool (ranges) and pkg/ipam-node/allocator (addresses).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from netplan2k8s.addressing import Prefix
from netplan2k8s.simulate.pool import Pool, Static
from netplan2k8s.simulate.selectors import Node, selected

_FAMILY_4 = 4
_NARROW = 2


class Allocation(NamedTuple):
    """A node's share of a pool: its network, its gateway (None without one).

    ``text`` is the prefix as the status has it: an entry's own text where a static
    allocation gave it.
    """

    network: int
    gateway: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Status:
    """What the controller wrote: allocations by node, and the nodes left without."""

    allocations: Mapping[str, Allocation] = field(default_factory=dict)
    without_prefix: tuple[str, ...] = ()


def allocate(pool: Pool, nodes: Sequence[Node], before: Status | None = None) -> Status:
    """Reconcile a valid pool: ``before`` is the status so far.

    Nodes are served in order of their names. A node with a static entry gets that
    prefix; one whose allocation is still right keeps it; any other gets the lowest
    prefix of the CIDR that nobody has and that is not excluded as a whole.
    """
    candidates = sorted(selected(pool.node_selector, nodes), key=lambda n: n.name)
    statics = {entry.node_name: entry for entry in pool.statics if entry.node_name}
    found = {
        node.name: _of_static(pool, statics[node.name])
        for node in candidates
        if node.name in statics
    }
    unlisted = [node.name for node in candidates if node.name not in statics]
    if not unlisted:
        return Status(found)
    texts = {entry.text for entry in pool.statics}
    had = before.allocations if before else {}
    kept = {
        name: had[name]
        for name in unlisted
        if name in had and _is_still_right(pool, had[name], texts)
    }
    found |= kept
    # Reservations are kept by the text of the entries, so that a prefix in another
    # spelling is given out a second time.
    free = _free(pool, texts | {allocation.text for allocation in kept.values()})
    without = []
    for name in unlisted:
        if name in kept:
            continue
        network = next(free, None)
        if network is None:
            without.append(name)
        else:
            text = str(pool.prefix(network))
            found[name] = Allocation(network, pool.gateway_of(network), text)
    return Status(dict(sorted(found.items())), tuple(without))


def unlisted_share(pool: Pool) -> Allocation | None:
    """What a node without an entry gets; None where that leaves its pods nothing."""
    if not pool.excluded and _is_empty(pool, pool.cidr.value):
        return None  # all prefixes are alike, and there may be 65,536
    reserved = {entry.text for entry in pool.statics}
    network = next(_free(pool, reserved), None)
    if network is None:
        return None
    share = Allocation(network, pool.gateway_of(network), str(pool.prefix(network)))
    return None if next(usable(pool, share), None) is None else share


def _is_empty(pool: Pool, network: int) -> bool:
    """Whether gateway and exclusions take all of a prefix without an entry."""
    share = Allocation(network, pool.gateway_of(network), "")
    return next(usable(pool, share), None) is None


def _of_static(pool: Pool, entry: Static) -> Allocation:
    gateway = entry.gateway
    if gateway is None:
        gateway = pool.gateway_of(entry.network)
    return Allocation(entry.network, gateway, entry.text)


def _is_still_right(pool: Pool, allocation: Allocation, taken: set[str]) -> bool:
    """Whether a node without an entry keeps its share; ``taken`` are entries' texts."""
    prefix = _reparse(allocation.text)
    if prefix.length != pool.length or not pool.cidr.contains(prefix):
        return False
    if _excluded_to(pool, prefix.value) is not None or allocation.text in taken:
        return False
    return pool.gateway_of(allocation.network) == allocation.gateway


def _reparse(text: str) -> Prefix:
    from netplan2k8s.simulate.pool import go_prefix  # noqa: PLC0415

    return Prefix(*go_prefix(text))


def _free(pool: Pool, reserved: set[str]) -> Iterator[int]:
    step = 1 << pool.host_bits
    network = pool.cidr.value
    if _excluded_to(dataclasses.replace(pool, excluded=()), network) is not None:
        return  # the indices leave no prefix an address, and an IPv6 pool has 2**95
    while network <= pool.cidr.last:
        end = _excluded_to(pool, network)
        if end is not None:
            network = max(network + step, (end + 1) // step * step)
            continue
        if str(pool.prefix(network)) not in reserved:
            yield network
        network += step


def _excluded_to(pool: Pool, network: int) -> int | None:
    """Where the exclusions end that leave a prefix no address, None if one is left.

    The controller counts the network address here, though no pod could get it.
    """
    _, last = _range(pool, network)
    ranges = [(network + low, network + high) for low, high in pool.excluded_indices]
    ranges += pool.excluded
    address = network
    while address <= last:
        end = _end_of_exclusion(ranges, address)
        if end is None:
            return None
        address = end + 1
    return address - 1


# -- the node -------------------------------------------------------------------


def usable(pool: Pool, allocation: Allocation) -> Iterator[int]:
    """Addresses a node can give to pods, in the order in which it does at first."""
    first, last = _range(pool, allocation.network)
    excluded = _excluded(pool, allocation.network)
    address = first
    while address <= last:
        end = _end_of_exclusion(excluded, address)
        if end is not None:
            address = end + 1
            continue
        if address != allocation.gateway:
            yield address
        address += 1


def _range(pool: Pool, network: int) -> tuple[int, int]:
    """The first and last address of a node's prefix that can be a pod's."""
    highest = network + (1 << pool.host_bits) - 1
    if pool.host_bits < _NARROW:
        return network, highest
    return network + 1, highest - (pool.cidr.family == _FAMILY_4)


def _excluded(pool: Pool, network: int) -> list[tuple[int, int]]:
    """Exclusions as the node sees them: one with both ends elsewhere is not seen."""
    last = network + (1 << pool.host_bits) - 1
    found = [(network + low, network + high) for low, high in pool.excluded_indices]
    for low, high in pool.excluded:
        if network <= low <= last or network <= high <= last:
            found.append((max(low, network), min(high, last)))
    return found


def _end_of_exclusion(excluded: Sequence[tuple[int, int]], address: int) -> int | None:
    for low, high in excluded:
        if low <= address <= high:
            return high
    return None


class Allocator:
    """The addresses of one node's share, given out in turn from a fresh store."""

    def __init__(self, pool: Pool, allocation: Allocation) -> None:
        self._pool = pool
        self._allocation = allocation
        self._taken: set[int] = set()
        self._last: int | None = None

    def take(self) -> int | None:
        """The next free address after the one given last; None where none is left."""
        order = list(usable(self._pool, self._allocation))
        if self._last is not None:
            after = [address for address in order if address > self._last]
            order = after + [address for address in order if address <= self._last]
        for address in order:
            if address not in self._taken:
                self._taken.add(address)
                self._last = address
                return address
        return None

    def release(self, address: int) -> None:
        self._taken.discard(address)
