"""The manifests against the nodes of the cluster: names, entries, devices, status."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

from netplan2k8s import catalogue
from netplan2k8s.compare import pools
from netplan2k8s.compare.policies import resources_of
from netplan2k8s.compare.state import State, Wanted, rail_resources
from netplan2k8s.compare.world import GPU, NodeView, World
from netplan2k8s.findings import Rule, Severity
from netplan2k8s.lint.remarks import Remark, Spot
from netplan2k8s.manifests.places import Key as KeyOf
from netplan2k8s.manifests.reader import Pointer
from netplan2k8s.naming import counted, natural_key, ranges

_POLICIES = ("NicClusterPolicy", "NicNodePolicy")
_ENTRIES: Pointer = ("spec", "staticAllocations")


def check(items: Sequence[Wanted], state: State) -> Iterator[Remark]:
    """NK611 to NK614, each once for all nodes that are alike."""
    found = [w for w in items if w.key.kind == "CIDRPool" and w.is_readable]
    yield from _status(found, state)
    if state.nodes is None:
        return
    nodes = {node.name: node for node in state.nodes}
    entries = _entries(found)
    yield from _unknown(entries, nodes)
    yield from _without_entry(found, entries, nodes)
    yield from _unoffered(items, entries, nodes, state)


def _entries(found: Sequence[Wanted]) -> dict[str, list[Spot]]:
    """Where the pools have entries, by the node's name."""
    spots: dict[str, list[Spot]] = defaultdict(list)
    for item in found:
        for number, entry in enumerate(_listed(item)):
            name = entry.get("nodeName")
            if name:
                spot = Spot(item.document, (*_ENTRIES, number, "nodeName"))
                spots[str(name)].append(spot)
    return spots


def _listed(item: Wanted) -> Sequence[Mapping[str, object]]:
    return item.document.spec.get("staticAllocations") or ()


# -- names ----------------------------------------------------------------------


def _unknown(
    entries: Mapping[str, list[Spot]], nodes: Collection[str]
) -> Iterator[Remark]:
    missing = sorted((n for n in entries if n not in nodes), key=natural_key)
    if not missing:
        return
    if len(missing) == len(entries) > 1:
        examples = f"{missing[0]} and {len(missing) - 1} more"
        real = ranges(sorted(nodes, key=natural_key), 2) or "none at all"
        message = (
            f"no node of the manifests ({examples}) is a node of this cluster, which"
            f" has {real}: is it the cluster that is meant?"
        )
        yield _remark(catalogue.NO_SUCH_NODE, message, entries[missing[0]], missing[0])
        return
    unlike = []
    for name in missing:
        meant = _near(name, nodes, entries)
        if meant:
            message = (
                f"no Node is called {name}; {meant} is, and nv-ipam compares the names"
                " byte for byte, so that it gets none of this rail, or a link of"
                " somebody else"
            )
            yield _remark(
                catalogue.NO_SUCH_NODE, message, entries[name], name
            )._replace(severity=Severity.ERROR)
        else:
            unlike.append(name)
    if unlike:
        is_are = "is" if len(unlike) == 1 else "are"
        message = f"{ranges(unlike)} {is_are} no Node of this cluster"
        yield _remark(catalogue.NO_SUCH_NODE, message, entries[unlike[0]], unlike[0])


def _near(name: str, nodes: Collection[str], entries: Mapping[str, object]) -> str:
    """The Node that is meant: in another case, with or without its domain."""
    free = [node for node in nodes if node not in entries]
    low = name.lower()
    for node in free:
        if node == low:
            return node
    for node in free:
        if node.split(".")[0] == low.split(".")[0] and ("." in node) != ("." in low):
            return node
    close = difflib.get_close_matches(low, free, 1, 0.9) if len(free) < 100 else []  # noqa: PLR2004  more are too many to guess among
    # worker-7 is near worker-8, and yet another node: digits are no typing mistakes.
    return close[0] if close and _letters(close[0]) != _letters(low) else ""


def _letters(name: str) -> str:
    return "".join(character for character in name if not character.isdigit())


# -- entries and devices --------------------------------------------------------


def _without_entry(
    found: Sequence[Wanted],
    entries: Mapping[str, list[Spot]],
    nodes: Mapping[str, NodeView],
) -> Iterator[Remark]:
    """Nodes with GPUs by the pools that lack them; a pool without entries deals out."""
    static = [item for item in found if any(e.get("nodeName") for e in _listed(item))]
    lacking: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for node in nodes.values():
        if node.amount(GPU):
            having = {spot.document.name for spot in entries.get(node.name, ())}
            names = tuple(i.key.name for i in static if i.key.name not in having)
            if names:
                lacking[names].append(node.name)
    for names, listed in sorted(lacking.items()):
        has = "has" if len(listed) == 1 else "have"
        message = (
            f"{ranges(listed)} {has} GPUs and no entry in {ranges(list(names))}: pods"
            " there get no address of it"
        )
        document = next(i.document for i in static if i.key.name == names[0])
        spot = Spot(document, (*_ENTRIES[:-1], KeyOf(_ENTRIES[-1])))
        yield Remark(catalogue.NODE_WITHOUT_ENTRY, message, spot, node=listed[0])


def _unoffered(
    items: Sequence[Wanted],
    entries: Mapping[str, list[Spot]],
    nodes: Mapping[str, NodeView],
    state: State,
) -> Iterator[Remark]:
    """Rails that the cluster's policy has, and nodes that do not offer them."""
    policies = [b for k, b in state.objects.items() if k.kind in _POLICIES]
    known = {name for body in policies for name in resources_of(body)}
    wanted = rail_resources(item.body for item in items) & known
    lacking: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name in entries:
        if name in nodes:
            missing = [r for r in wanted if not nodes[name].amount(r)]
            if missing:
                lacking[tuple(sorted(missing, key=natural_key))].append(name)
    for names, listed in sorted(lacking.items()):
        offer = "offers" if len(listed) == 1 else "offer"
        message = (
            f"{ranges(listed)} {offer} no {ranges(list(names))}: the device plugin does"
            " not run there or finds no NIC that its selectors take"
        )
        spot = entries[listed[0]][0]
        yield Remark(catalogue.UNOFFERED_RAIL, message, spot, node=listed[0])


# -- status ---------------------------------------------------------------------


def _status(found: Sequence[Wanted], state: State) -> Iterator[Remark]:
    world = World(state.nodes, state.pods)
    for item in found:
        body = state.objects.get(item.key)
        if body is None or item.key in state.unreadable or "status" not in body:
            continue
        names = pools.drift(body, world)
        if names:
            nodes = counted(len(names), "node")
            message = (
                f"the status of {item.key.name} is not what its spec on the cluster"
                f" asks for, for {nodes} ({ranges(list(names), 3)}): nv-ipam has not"
                " acted on it, or refuses it; see the events of the pool"
            )
            spot = Spot(item.document, ("metadata", "name"))
            yield Remark(catalogue.STALE_STATUS, message, spot, rail=item.key.name)


def _remark(rule: Rule, message: str, spots: Sequence[Spot], node: str) -> Remark:
    if len(spots) > 1:
        message += f" (in {counted(len(spots), 'pool')})"
    return Remark(rule, message, spots[0], node=node)
