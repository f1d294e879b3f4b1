"""CIDRPools side by side: names, ranges and links that must agree or differ."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from netplan2k8s import catalogue
from netplan2k8s.addressing import Prefix
from netplan2k8s.lint.remarks import Remark, Spot
from netplan2k8s.lint.scene import PoolView
from netplan2k8s.naming import counted, is_node_name, ranges
from netplan2k8s.overlaps import overlaps
from netplan2k8s.simulate.pool import Pool


def check(pools: Sequence[tuple[PoolView, Pool]]) -> Iterator[Remark]:
    """What there is to say of valid pools together."""
    yield from _impossible_nodes(pools)
    yield from _overlaps(pools)
    yield from _missing_nodes(pools)


def _impossible_nodes(pools: Sequence[tuple[PoolView, Pool]]) -> Iterator[Remark]:
    """Each name once, in the first pool that has it."""
    known: set[str] = set()
    for view, pool in pools:
        names = pool.node_names - known
        known |= names
        odd = {name for name in names if not is_node_name(name)}
        for number, entry in enumerate(pool.statics if odd else ()):
            if entry.node_name in odd:
                message = (
                    f"no node can be called {entry.node_name!r}: nodeName is"
                    " Node.metadata.name, letter by letter"
                )
                where = ("spec", "staticAllocations", number, "nodeName")
                spot = Spot(view.document, where)
                yield Remark(catalogue.IMPOSSIBLE_NODE, message, spot)


def _overlaps(pools: Sequence[tuple[PoolView, Pool]]) -> Iterator[Remark]:
    """NK325 for overlapping CIDRs, and NK301 for the links that then clash."""
    together: set[int] = set()
    for first, second in overlaps([pool.cidr for _, pool in pools]):
        together |= {first, second}
        view, pool = pools[second]
        other, other_pool = pools[first]
        message = (
            f"cidr {pool.cidr} of {pool.name} overlaps {other_pool.cidr} of"
            f" {other_pool.name}: nv-ipam deals out the addresses of each pool alone"
        )
        where = ("spec", "cidr")
        related = (Spot(other.document, where),)
        spot = Spot(view.document, where)
        yield Remark(catalogue.OVERLAPPING_RAILS, message, spot, related)
    links = [
        (index, number, pools[index][1].prefix(entry.network))
        for index in sorted(together)
        for number, entry in enumerate(pools[index][1].statics)
    ]
    for first, second in overlaps([prefix for _, _, prefix in links]):
        if links[first][0] != links[second][0]:
            yield _clash(pools, links[first], links[second])


def _clash(
    pools: Sequence[tuple[PoolView, Pool]],
    first: tuple[int, int, Prefix],
    second: tuple[int, int, Prefix],
) -> Remark:
    def spot_of(link: tuple[int, int, Prefix]) -> Spot:
        where = ("spec", "staticAllocations", link[1], "prefix")
        return Spot(pools[link[0]][0].document, where)

    def owner(link: tuple[int, int, Prefix]) -> str:
        pool = pools[link[0]][1]
        return f"{pool.statics[link[1]].node_name or 'nobody'} in {pool.name}"

    message = (
        f"{second[2]} of {owner(second)} shares addresses with {first[2]} of"
        f" {owner(first)}; a link has one host"
    )
    related = (spot_of(first),)
    return Remark(catalogue.OVERLAPPING_PREFIX, message, spot_of(second), related)


def _missing_nodes(pools: Sequence[tuple[PoolView, Pool]]) -> Iterator[Remark]:
    """NK308: pools of one shape whose lists of nodes differ.

    A node counts that more than half of the pools have, or of two pools one, if the
    two have others in common: without any they are most likely of two fabrics.
    """
    groups: dict[tuple[int, int], list[tuple[PoolView, Pool, frozenset[str]]]] = (
        defaultdict(list)
    )
    for view, pool in pools:
        if pool.node_names:
            groups[pool.cidr.family, pool.length].append((view, pool, pool.node_names))
    for group in groups.values():
        if all(nodes == group[0][2] for _, _, nodes in group):
            continue
        counts = Counter(name for _, _, nodes in group for name in nodes)
        is_pair = len(group) == 2 and max(counts.values()) == 2  # noqa: PLR2004
        least = 1 if is_pair else len(group) // 2 + 1
        for view, pool, nodes in group:
            by_count: dict[int, list[str]] = defaultdict(list)
            for name, count in counts.items():
                if count >= least and name not in nodes:
                    by_count[count].append(name)
            for count, missing in sorted(by_count.items(), reverse=True):
                others = counted(count, "other pool")
                message = (
                    f"{pool.name} has no entry for {ranges(missing)}, which {others}"
                    f" {'has' if count == 1 else 'have'}"
                )
                spot = Spot(view.document, ("spec", "staticAllocations"))
                yield Remark(catalogue.MISSING_RAIL, message, spot, rail=pool.name)
