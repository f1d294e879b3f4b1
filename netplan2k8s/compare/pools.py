"""What a change of a CIDRPool does: nv-ipam before and after, node by node.

Source: nvidia-k8s-ipam v0.4, pkg/ipam-controller/controllers/cidrpool: an invalid pool
loses all its allocations; running pods keep the address that they have.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from netplan2k8s.addressing import Address, format_address, parse_address
from netplan2k8s.compare.changes import Change, Difference, Effect, Path, Risk, Verb
from netplan2k8s.compare.leaves import ENTRIES, RESERVED, ROUTES
from netplan2k8s.compare.world import PodView, World, named
from netplan2k8s.naming import counted, ranges
from netplan2k8s.simulate.nv_ipam import Allocation, Status, allocate, usable
from netplan2k8s.simulate.openness import fails_open, opening
from netplan2k8s.simulate.pool import Pool, Reading, read_pool
from netplan2k8s.simulate.pool_model import go_prefix
from netplan2k8s.simulate.selectors import Node, listed_names

_MOST_HOST_BITS = 4
"""Prefixes with more addresses are not counted out."""
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
    pool, shares = read_pool(body).pool, _status_of(body).allocations
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


def drift(body: Mapping[str, Any], world: World) -> tuple[str, ...]:
    """Nodes whose status is not what nv-ipam would make of the spec, by name.

    Where Node objects are not told, of the nodes in the status alone.
    """
    if _is_settled(body, world):
        return ()
    pool, status = read_pool(body).pool, _status_of(body)
    have = status.allocations
    if pool is None:
        return tuple(have)
    if world.nodes is None:
        nodes = [Node(name) for name in have]
    else:
        nodes = [node.as_selected for node in world.nodes]
    wanted = allocate(_for_names(pool, world), nodes, status).allocations
    return tuple(n for n in {**wanted, **have} if wanted.get(n) != have.get(n))


def _is_settled(body: Mapping[str, Any], world: World) -> bool:
    """Whether the status has just the entries of a pool, for just the nodes there are.

    The usual case, and quick, since nv-ipam writes this for no pool that it refuses;
    false where in doubt.
    """
    if world.nodes is None or body["spec"].get("nodeSelector") is not None:
        return False
    entries, have = body["spec"].get("staticAllocations") or (), _listed(body)
    try:
        by_name = {entry["nodeName"]: entry for entry in entries}
        wanted = [by_name.get(row["nodeName"]) for row in have]
    except (KeyError, TypeError):
        return False
    is_complete = len(by_name) == len(entries) == len(have)
    return is_complete and wanted == have and by_name.keys() == world.node_names


def _listed(body: Mapping[str, Any]) -> Sequence[Any]:
    """The allocations in a pool's status."""
    status = body.get("status")
    listed = status.get("allocations") if isinstance(status, dict) else None
    return listed if isinstance(listed, list) else ()


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
    def _status(self) -> Status:
        """What the cluster says, or else what nv-ipam would make of the old spec."""
        told = _status_of(self.before)
        if told.allocations or self.old.pool is None:
            return told
        nodes = self._nodes
        if self.world.nodes is None:
            nodes = [Node(e.node_name) for e in _statics(self.old) if e.node_name]
        return allocate(_for_names(self.old.pool, self.world), nodes)

    @property
    def shares_before(self) -> Mapping[str, Allocation]:
        return self._status.allocations

    @cached_property
    def shares_after(self) -> Mapping[str, Allocation]:
        if self.new.pool is None:
            return {}
        pool = _for_names(self.new.pool, self.world)
        return allocate(pool, self._nodes, self._status).allocations

    @cached_property
    def _nodes(self) -> list[Node]:
        """The nodes of the cluster, or else all that a pool or the status names."""
        if self.world.nodes is not None:
            return [node.as_selected for node in self.world.nodes]
        names = {e.node_name for r in (self.old, self.new) for e in _statics(r)}
        names |= _status_of(self.before).allocations.keys()
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
        return _share_text(self.old.pool, self.shares_before.get(node))

    def _text(self, node: str) -> str:
        return _share_text(self.new.pool, self.shares_after.get(node))


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
            found += world.holding(node, _addresses(pool, shares[node])) or ()
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


def _share_text(pool: Pool | None, share: Allocation | None) -> str:
    """What a pod gets of a share: its first address and the gateway; empty for none."""
    if pool is None or share is None:
        return ""
    family = pool.cidr.family
    address = share.text
    if pool.host_bits <= _MOST_HOST_BITS:
        listed = list(usable(pool, share))
        if not listed:
            return ""
        addresses = " or ".join(format_address(family, value) for value in listed)
        address = f"{addresses}/{pool.length}"
    if share.gateway is None:
        return address
    return f"{address} via {format_address(family, share.gateway)}"


def _addresses(pool: Pool, share: Allocation) -> Iterator[str]:
    """All addresses of a node's prefix as text; of a wide one those that pods get."""
    family = pool.cidr.family
    if pool.host_bits <= _MOST_HOST_BITS:
        for value in range(share.network, share.network + (1 << pool.host_bits)):
            yield format_address(family, value)
        return
    for _, value in zip(range(1 << 10), usable(pool, share), strict=False):
        yield format_address(family, value)


def _statics(reading: Reading) -> Sequence[Any]:
    return () if reading.pool is None else reading.pool.statics


def _for_names(pool: Pool, world: World) -> Pool:
    """The pool for nodes of which names alone are known: labels choose all of them."""
    if world.nodes is None and listed_names(pool.node_selector) is None:
        return dataclasses.replace(pool, node_selector=None)
    return pool


def _status_of(body: Mapping[str, Any]) -> Status:
    """The allocations that the controller wrote; those that cannot be read are none.

    Nor are those of the other family, from before the pool was another one.
    """
    spec = body.get("spec")
    try:
        own, _, _ = go_prefix(spec.get("cidr") if isinstance(spec, dict) else None)
    except (AttributeError, TypeError, ValueError):
        return Status()
    found: dict[str, Allocation] = {}
    for item in _listed(body):
        try:
            text, gateway = item["prefix"], item.get("gateway")
            family, network, _ = go_prefix(text)
            via = parse_address(gateway) if gateway else Address(family, -1)
            if family == via.family == own:
                value = via.value if gateway else None
                found[str(item["nodeName"])] = Allocation(network, value, text)
        except (AttributeError, KeyError, TypeError, ValueError):
            continue
    return Status(found)
