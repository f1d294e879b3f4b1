"""The manifests against the nodes of the cluster: names, entries, devices, status."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

from netplan2k8s import catalogue
from netplan2k8s.compare.changes import Key
from netplan2k8s.compare.plugin_config import resources_of
from netplan2k8s.compare.pool_status import drift
from netplan2k8s.compare.state import State, Wanted
from netplan2k8s.compare.world import GPU, NodeView, World
from netplan2k8s.findings import Severity
from netplan2k8s.lint.attachments import of_definition, of_host_device_network
from netplan2k8s.lint.remarks import Remark, Spot
from netplan2k8s.manifests.places import Key as KeyOf
from netplan2k8s.manifests.reader import Pointer
from netplan2k8s.naming import counted, natural_key, ranges
from netplan2k8s.simulate.openness import opening
from netplan2k8s.simulate.pool import Pool, read_pool
from netplan2k8s.simulate.selectors import selected

_POLICIES = ("NicClusterPolicy", "NicNodePolicy")
_ENTRIES: Pointer = ("spec", "staticAllocations")
_NAME = itemgetter("nodeName")
_MOST_GUESSED = 100
"""Among more nodes a slip of the pen is not looked for."""


def check(items: Sequence[Wanted], state: State) -> Iterator[Remark]:
    """NK611 to NK614, each once for all nodes that are alike."""
    found = [w for w in items if w.key.kind == "CIDRPool" and w.is_readable]
    yield from _status(found, state)
    if state.nodes is None:
        return
    nodes = {node.name: node for node in state.nodes}
    entries = _Entries(found)
    yield from _unknown(entries, nodes)
    yield from _without_entry(entries, nodes)
    yield from _unoffered(items, entries, nodes, state)


class _Entries:
    """The entries of pools by node; where they stand is looked up when it is asked."""

    def __init__(self, found: Sequence[Wanted]) -> None:
        self.pools = found
        self.by_pool = [_names(_listed(item)) for item in found]
        self.names = frozenset().union(*self.by_pool) - {""}

    def spots(self, name: str) -> list[Spot]:
        """Where the entries of a node are, pool by pool."""
        return [
            Spot(item.document, (*_ENTRIES, number, "nodeName"))
            for item, names in zip(self.pools, self.by_pool, strict=True)
            if name in names
            for number, entry in enumerate(_listed(item))
            if entry.get("nodeName") == name
        ]


def _names(entries: Sequence[Mapping[str, Any]]) -> set[str]:
    """The nodes of entries; empty text for those that only reserve a prefix."""
    try:
        return set(map(_NAME, entries))
    except KeyError:
        return {entry.get("nodeName", "") for entry in entries}


def _listed(item: Wanted) -> Sequence[Mapping[str, Any]]:
    return item.document.spec.get("staticAllocations") or ()


# -- names ----------------------------------------------------------------------


def _unknown(entries: _Entries, nodes: Mapping[str, NodeView]) -> Iterator[Remark]:
    missing = sorted(entries.names - nodes.keys(), key=natural_key)
    if not missing:
        return
    free = _Free(nodes.keys() - entries.names)
    meant: dict[str, list[tuple[str, str]]] = defaultdict(list)
    unlike = []
    for name in missing:
        near, how = free.near(name)
        if near:
            meant[how].append((name, near))
        else:
            unlike.append(name)
    for pairs in meant.values():
        yield _misspelt(pairs, entries)
    if not unlike:
        return
    if len(unlike) == len(entries.names) > 1:
        real = ranges(sorted(nodes, key=natural_key), 2) or "none at all"
        message = (
            f"no node of the manifests ({ranges(unlike, 2)}) is a node of this cluster,"
            f" which has {real}: is it the cluster that is meant?"
        )
    else:
        is_are = "is" if len(unlike) == 1 else "are"
        message = f"{ranges(unlike)} {is_are} no Node of this cluster"
    yield _no_node(message, unlike[0], entries)


def _no_node(message: str, name: str, entries: _Entries) -> Remark:
    """NK611 at the first entry of a name."""
    spots = entries.spots(name)
    if len(spots) > 1:
        message += f" (in {counted(len(spots), 'pool')})"
    return Remark(catalogue.NO_SUCH_NODE, message, spots[0], node=name)


def _misspelt(pairs: Sequence[tuple[str, str]], entries: _Entries) -> Remark:
    name, meant = pairs[0]
    gets = "it gets none of this rail, or a link of somebody else"
    if len(pairs) == 1:
        message = f"no Node is called {name}; {meant} is"
    else:
        message = (
            f"no Nodes are called {ranges([name for name, _ in pairs], 3)};"
            f" {ranges([near for _, near in pairs], 3)} are"
        )
        gets = gets.replace("it gets", "they get").replace("a link", "links")
    message += f", and nv-ipam compares the names byte for byte, so that {gets}"
    return _no_node(message, name, entries)._replace(severity=Severity.ERROR)


class _Free:
    """The Nodes without an entry, to find the one that an entry means."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = set(names)
        self._by_host: dict[str, list[str]] = defaultdict(list)
        for name in sorted(self._names):
            self._by_host[name.split(".")[0]].append(name)

    def near(self, name: str) -> tuple[str, str]:
        """In another case, with or without its domain, or with a slip of the pen."""
        low = name.lower()
        if low in self._names:
            return low, "case"
        for node in self._by_host.get(low.split(".")[0], ()):
            if ("." in node) != ("." in low):
                return node, "domain"
        if len(self._names) > _MOST_GUESSED:
            return "", ""
        close = difflib.get_close_matches(low, sorted(self._names), 1, 0.9)
        # worker-7 is near worker-8, and yet another node: digits are no typing errors.
        if (
            close
            and _letters(close[0]) != _letters(low)
            and _same_digits(close[0], low)
        ):
            return close[0], "letters"
        return "", ""


def _same_digits(name: str, other: str) -> bool:
    return [c for c in name if c.isdigit()] == [c for c in other if c.isdigit()]


def _letters(name: str) -> str:
    return "".join(character for character in name if not character.isdigit())


# -- entries and devices --------------------------------------------------------


def _without_entry(
    entries: _Entries, nodes: Mapping[str, NodeView]
) -> Iterator[Remark]:
    """Nodes with GPUs by the pools that lack them; a pool without entries deals out."""
    with_gpus = {name for name, node in nodes.items() if node.offers(GPU)}
    read: dict[Key, Pool | None] = {}
    lacking: dict[str, list[Wanted]] = defaultdict(list)
    for item, having in zip(entries.pools, entries.by_pool, strict=True):
        without = sorted(with_gpus - having, key=natural_key)
        if not without or not having - {""}:
            continue
        pool = read[item.key] = read_pool(item.body).pool
        candidates = [nodes[name].as_selected for name in without]
        for node in selected(pool.node_selector if pool else None, candidates):
            lacking[node.name].append(item)
    alike: dict[tuple[Key, ...], list[str]] = defaultdict(list)
    for name, items in lacking.items():
        alike[tuple(item.key for item in items)].append(name)
    for listed in alike.values():
        items = lacking[listed[0]]
        pools_of = [read[item.key] for item in items]
        is_open = any(pool is not None and opening(pool) for pool in pools_of)
        get = "somebody else's address" if is_open else "no address"
        has = "has" if len(listed) == 1 else "have"
        names = ranges([item.key.name for item in items])
        message = (
            f"{ranges(listed)} {has} GPUs and no entry in {names}: pods there get {get}"
            " of it"
        )
        spot = Spot(items[0].document, (*_ENTRIES[:-1], KeyOf(_ENTRIES[-1])))
        yield Remark(catalogue.NODE_WITHOUT_ENTRY, message, spot, node=listed[0])


def _unoffered(
    items: Sequence[Wanted],
    entries: _Entries,
    nodes: Mapping[str, NodeView],
    state: State,
) -> Iterator[Remark]:
    """Rails that the cluster's policy has, and nodes that do not offer them.

    A rail whose network names a pool of the manifests is one of the pool's nodes alone.
    """
    policies = [b for k, b in state.objects.items() if k.kind in _POLICIES]
    known = {name for body in policies for name in resources_of(body)}
    listed_in = dict(
        zip((i.key.name for i in entries.pools), entries.by_pool, strict=True)
    )
    missing: dict[str, set[str]] = defaultdict(set)
    for pool, resource in _rails(items):
        if resource in known:
            without = {n for n in nodes if not nodes[n].offers(resource)}
            for name in without & (
                listed_in.get(pool, set()) if pool else entries.names
            ):
                missing[name].add(resource)
    lacking: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name in sorted(missing, key=natural_key):
        lacking[tuple(sorted(missing[name], key=natural_key))].append(name)
    for names, listed in sorted(lacking.items()):
        offer = "offers" if len(listed) == 1 else "offer"
        message = (
            f"{ranges(listed)} {offer} no {ranges(list(names))}: the device plugin does"
            " not run there or finds no NIC that its selectors take"
        )
        spot = entries.spots(listed[0])[0]
        yield Remark(catalogue.UNOFFERED_RAIL, message, spot, node=listed[0])


def _rails(items: Sequence[Wanted]) -> set[tuple[str, str]]:
    """Pools and the resources that go with them; no pool where it is not among ours."""
    ours = {item.key.name for item in items if item.key.kind == "CIDRPool"}
    found = set()
    for item in items:
        network = None
        if item.is_readable and item.key.kind == "HostDeviceNetwork":
            network = of_host_device_network(item.document)
        elif item.is_readable and item.key.kind == "NetworkAttachmentDefinition":
            network = of_definition(item.document)
        if network is not None and network.resource:
            names = [name for name in network.pool_names if name in ours]
            found |= {(name, network.resource) for name in names or [""]}
    return found


# -- status ---------------------------------------------------------------------


def _status(found: Sequence[Wanted], state: State) -> Iterator[Remark]:
    world = World(state.nodes, state.pods)
    for item in found:
        body = state.objects.get(item.key)
        if body is None or item.key in state.unreadable or "status" not in body:
            continue
        names = drift(body, world)
        if names:
            nodes = counted(len(names), "node")
            message = (
                f"the status of {item.key.name} is not what its spec on the cluster"
                f" asks for, for {nodes} ({ranges(list(names), 3)}): nv-ipam has not"
                " acted on it, or refuses it; see the events of the pool"
            )
            spot = Spot(item.document, ("metadata", "name"))
            yield Remark(catalogue.STALE_STATUS, message, spot, rail=item.key.name)
