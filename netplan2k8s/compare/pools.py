"""What a change of a CIDRPool does: nv-ipam before and after, node by node.

Source: nvidia-k8s-ipam v0.4, pkg/ipam-controller/controllers/cidrpool: an invalid pool
loses all its allocations; running pods keep the address that they have.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from netplan2k8s.compare.changes import Change, Difference, Effect, Path, Risk, Verb
from netplan2k8s.compare.leaves import ENTRIES, RESERVED, ROUTES
from netplan2k8s.compare.pool_status import (
    addresses_of,
    for_names,
    share_text,
    status_of,
)
from netplan2k8s.compare.world import PodView, World, named
from netplan2k8s.naming import counted, ranges
from netplan2k8s.simulate.nv_ipam import Allocation, Status, allocate
from netplan2k8s.simulate.openness import fails_open, opening
from netplan2k8s.simulate.pool import Pool, Reading, read_pool
from netplan2k8s.simulate.selectors import Node

_SELECTOR: Path = ("spec", "nodeSelector", "nodeSelectorTerms")
_DEFAULT_GATEWAY: Path = ("spec", "defaultGateway")


def summary(body: Mapping[str, Any]) -> str:
    """A pool in a few words."""
    spec = body.get("spec") or {}
    entries = spec.get("staticAllocations") or ()
    return f"{counted(len(entries), 'node')} of {spec.get('cidr', 'no cidr')}"


def added(body: Mapping[str, Any]) -> Effect:
    problem = _problem(read_pool(body))
    if problem:
        return Effect(Risk.DANGEROUS, f"nv-ipam refuses it, no node has it: {problem}")
    pool = read_pool(body).pool
    found = opening(pool) if pool is not None else None
    if pool is not None and found is not None:
        return Effect(Risk.DANGEROUS, fails_open(pool, found))
    return Effect(Risk.SAFE, "no pod has an address of it yet")


def removed(body: Mapping[str, Any], world: World) -> Effect:
    pool, shares = read_pool(body).pool, status_of(body).allocations
    nodes = len(shares) or len(pool.statics if pool is not None else ())
    if not nodes:
        return Effect(Risk.SAFE, "no node misses it")
    held: list[PodView] | None = None
    if pool is not None and world.pods is not None:
        held = _held(pool, shares, shares, world)
    lose = f"{counted(nodes, 'node')} {_s(nodes, 'lose')} the rail for new pods"
    return Effect(Risk.DANGEROUS, f"{lose}; {_keep(held)} its address")


def changes(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    found: Sequence[Difference],
    world: World,
) -> Iterator[Change]:
    """The differences with what they do; ``before`` has its status, where it is live.

    A pool that nv-ipam refuses comes first, as one change of the whole.
    """
    move = _Move(before, after, world)
    problem, old_problem = map(_problem, (move.new, move.old))
    if problem and problem != old_problem:
        risk = Risk.DISRUPTIVE if old_problem else Risk.DANGEROUS
        text = f"nv-ipam refuses the pool: {problem}"
        if not old_problem:
            text += (
                f"; {counted(len(move.shares_before), 'node')} would have no address"
                " for new pods"
            )
        was = "invalid" if old_problem else "valid"
        yield Change(Verb.CHANGE, "pool", was, "invalid", Effect(risk, text))
    if problem or old_problem:
        cured = "nv-ipam refused it before: nodes get the rail"
        effect = Effect(Risk.DISRUPTIVE, "" if problem else cured)
        for difference in found:
            yield difference.as_change(effect, label(difference.path))
        return
    yield from move.opened()
    for difference in found:
        yield difference.as_change(move.effect(difference), label(difference.path))


def _problem(reading: Reading) -> str:
    return "" if reading.pool is not None else reading.problems[0].message


def label(path: Path) -> str:
    if path[: len(ENTRIES)] == ENTRIES and len(path) > len(ENTRIES):
        node, *more = path[len(ENTRIES) :]
        return " ".join([node if node != RESERVED else "reserved", *more])
    if path[: len(ROUTES)] == ROUTES and len(path) > len(ROUTES):
        return f"route {path[-1]}"
    if path[: len(_SELECTOR)] == _SELECTOR and len(path) > len(_SELECTOR):
        return " ".join(["nodeSelector", *path[len(_SELECTOR) :]])
    return ".".join(path)


@dataclass(frozen=True)
class _Move:
    """A pool before and after, with who has which prefix."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    world: World

    @cached_property
    def old(self) -> Reading:
        return read_pool(self.before)

    @cached_property
    def new(self) -> Reading:
        return read_pool(self.after)

    @cached_property
    def _told(self) -> Status:
        return status_of(self.before)

    @cached_property
    def _status(self) -> Status:
        """What the cluster says, or else what nv-ipam would make of the old spec."""
        if self._told.allocations or self.old.pool is None:
            return self._told
        nodes = self._nodes
        if self.world.nodes is None:
            nodes = [Node(e.node_name) for e in _statics(self.old) if e.node_name]
        return allocate(for_names(self.old.pool, self.world), nodes)

    @property
    def shares_before(self) -> Mapping[str, Allocation]:
        return self._status.allocations

    @cached_property
    def shares_after(self) -> Mapping[str, Allocation]:
        if self.new.pool is None:
            return {}
        pool = for_names(self.new.pool, self.world)
        return allocate(pool, self._nodes, self._status).allocations

    @cached_property
    def _nodes(self) -> list[Node]:
        """The nodes of the cluster, or else all that a pool or the status names."""
        if self.world.nodes is not None:
            return [node.as_selected for node in self.world.nodes]
        names = {e.node_name for r in (self.old, self.new) for e in _statics(r)}
        names |= self._told.allocations.keys()
        return [Node(name) for name in sorted(names - {""})]

    @cached_property
    def _moved(self) -> list[str]:
        """The nodes that have another prefix, gateway or pod address afterwards."""
        names = {**self.shares_before, **self.shares_after}
        return [name for name in names if self._text_before(name) != self._text(name)]

    @cached_property
    def _entries_changed(self) -> frozenset[str]:
        old, new = (
            {(e.node_name, e.text, e.gateway) for e in _statics(reading)}
            for reading in (self.old, self.new)
        )
        return frozenset(entry[0] for entry in old ^ new)

    def opened(self) -> Iterator[Change]:
        """A pool that fails open only afterwards."""
        old, new = self.old.pool, self.new.pool
        assert old is not None
        assert new is not None
        found = opening(new)
        if found is not None and opening(old) is None:
            effect = Effect(Risk.DANGEROUS, fails_open(new, found))
            yield Change(Verb.CHANGE, "pool", "fails closed", "fails open", effect)

    def effect(self, difference: Difference) -> Effect:
        path = difference.path
        if path[: len(ENTRIES)] == ENTRIES:
            return self._of_entry(difference)
        if path[0] == "metadata":
            return Effect(Risk.SAFE)
        if path[: len(ROUTES)] == ROUTES:
            return Effect(Risk.DISRUPTIVE, _OF_ROUTE[difference.verb])
        if path == _DEFAULT_GATEWAY and difference.after == "true":
            text = "pods started from now on have a default route over the rail, too"
            return Effect(Risk.DANGEROUS, text)
        return self._of_field(path)

    def _of_field(self, path: Path) -> Effect:
        """A change of the pool as a whole, by the nodes that it moves."""
        moved = [name for name in self._moved if name not in self._entries_changed]
        if not moved:
            is_choice = path[:2] == ("spec", "nodeSelector")
            risk = Risk.SAFE if is_choice else Risk.DISRUPTIVE
            return Effect(risk, "no node's address changes by it")
        lost = [name for name in moved if not self._text(name)]
        what = f"{ranges(moved)} {_s(len(moved), 'get')} another address"
        if len(lost) == len(moved):
            what = f"{ranges(lost)} {_s(len(lost), 'lose')} the rail"
        held = self._held(moved)
        return Effect(Risk.DANGEROUS, f"{what}; {_keep(held)} the old one")

    def _of_entry(self, difference: Difference) -> Effect:
        node = difference.path[len(ENTRIES)]
        if node == RESERVED:
            return self._of_reserved(difference)
        old, new = self._text_before(node), self._text(node)
        if difference.verb is Verb.ADD:
            displaced = self._displaced(node)
            if displaced:
                text = "another node has the prefix now, and its running pods keep it"
                return Effect(Risk.DANGEROUS, text, displaced)
        if old == new:
            return Effect(Risk.SAFE, self._unmoved(difference, old))
        if not old:
            is_new = difference.verb is Verb.ADD
            text = "a new node; nothing runs on it over this rail"
            cured = "new pods get an address, which they did not before"
            return Effect(Risk.SAFE, text if is_new else cured)
        held = self._held([node])
        keep = "no running pod has the old one"
        if held is None or held:
            keep = "running ones keep the old one until they are restarted"
        who = f"running: {named(held)}" if held else ""
        if not new:
            text = f"new pods get no address of this rail; {keep}"
            return Effect(Risk.DANGEROUS, text, who)
        if difference.verb is Verb.REMOVE:
            text = f"new pods get a prefix that no entry gives them; {keep}"
            return Effect(Risk.DANGEROUS, text, f"then {new}")
        risk = Risk.DISRUPTIVE if held is not None and not held else Risk.DANGEROUS
        return Effect(risk, f"new pods get the new address; {keep}", who)

    def _unmoved(self, difference: Difference, share: str) -> str:
        if not share:
            return "no Node of this name gets it"
        if difference.verb is Verb.REMOVE:
            return "it keeps the prefix, as one that nv-ipam chose"
        return "it has that prefix already"

    def _of_reserved(self, difference: Difference) -> Effect:
        if difference.verb is Verb.REMOVE:
            text = "the prefix may be given to any node without an entry"
            return Effect(Risk.DISRUPTIVE, text)
        return Effect(Risk.SAFE, "nobody gets the prefix")

    def _displaced(self, node: str) -> str:
        """The node that had the prefix of a new entry, and must give it up."""
        share = self.shares_after.get(node)
        other = self._holders.get(share.network, node) if share is not None else node
        if other == node or self._text(other) == self._text_before(other):
            return ""
        return f"from {other}, {_keep(self._held([other]))} it"

    @cached_property
    def _holders(self) -> Mapping[int, str]:
        """The nodes by their networks before."""
        return {share.network: node for node, share in self.shares_before.items()}

    def _held(self, nodes: Iterable[str]) -> list[PodView] | None:
        """The running pods of nodes with an address of their old share."""
        old = self.old.pool
        if self.world.pods is None or old is None:
            return None
        return _held(old, self.shares_before, nodes, self.world)

    def _text_before(self, node: str) -> str:
        return share_text(self.old.pool, self.shares_before.get(node))

    def _text(self, node: str) -> str:
        return share_text(self.new.pool, self.shares_after.get(node))


_OF_ROUTE = {
    Verb.ADD: "pods started from now on have it; running ones do not",
    Verb.CHANGE: "pods started from now on have it; running ones do not",
    Verb.REMOVE: "pods started from now on lack it; running ones keep it",
}


def _held(
    pool: Pool,
    shares: Mapping[str, Allocation],
    nodes: Iterable[str],
    world: World,
) -> list[PodView]:
    found: list[PodView] = []
    for node in nodes:
        if node in shares:
            found += world.holding(node, addresses_of(pool, shares[node])) or ()
    return found


def _keep(held: Sequence[PodView] | None) -> str:
    """Who keeps what it has: pods by name, where they can be told."""
    if held is None:
        return "running pods keep"
    if not held:
        return "no running pod has"
    return f"until restarted, {named(held)} {_s(len(held), 'keep')}"


def _s(count: int, verb: str) -> str:
    return f"{verb}s" if count == 1 else verb


def _statics(reading: Reading) -> Sequence[Any]:
    return () if reading.pool is None else reading.pool.statics
