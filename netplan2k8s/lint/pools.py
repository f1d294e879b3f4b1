"""CIDRPools: what nv-ipam refuses, and what it makes of those it takes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from netplan2k8s import catalogue
from netplan2k8s.addressing import Prefix, format_address
from netplan2k8s.emitters import sizes
from netplan2k8s.findings import Severity
from netplan2k8s.lint.remarks import Remark, Spot
from netplan2k8s.lint.scene import PoolView, Scene
from netplan2k8s.naming import counted, is_node_name, ranges
from netplan2k8s.overlaps import overlaps
from netplan2k8s.simulate.nv_ipam import Allocation, usable
from netplan2k8s.simulate.openness import Opening, opening
from netplan2k8s.simulate.pool import Pool, Static

_RULES = {
    "cidr": catalogue.INVALID_POOL_RANGE,
    "gatewayIndex": catalogue.INVALID_GATEWAY_INDEX,
    "exclusion": catalogue.INVALID_EXCLUSION,
    "reversed": catalogue.INVALID_EXCLUSION,
    "allocation": catalogue.INVALID_ALLOCATION,
    "repeated": catalogue.REPEATED_ALLOCATION,
    "route": catalogue.INVALID_ROUTE,
    "selector": catalogue.INVALID_NODE_SELECTOR,
}
_FAMILY_6 = 6
CLOSE_IT = (
    "exclude the leaf's index with perNodeExclusions, or list the nodes in nodeSelector"
)


def check(scene: Scene) -> Iterator[Remark]:
    for view in scene.pools:
        yield from _problems(view)
        yield from _namespace(view, scene)
        if view.pool is not None:
            yield from _behaviour(view, view.pool)
            yield from _size(view)
    valid = [(view, view.pool) for view in scene.pools if view.pool is not None]
    yield from _impossible_nodes(valid)
    yield from _overlaps(valid)
    yield from _missing_nodes(valid)


def _problems(view: PoolView) -> Iterator[Remark]:
    """What is wrong with the pool but its name, which no kind could have."""
    for problem in view.reading.problems:
        if problem.part == "name":
            continue
        end = f"; nv-ipam drops {view.document.name} for it on every node"
        if problem.part == "reversed":
            end = f"; the API server refuses {view.document.name} for it"
        spot = Spot(view.document, problem.pointer)
        yield Remark(_RULES[problem.part], problem.message + end, spot)


def _namespace(view: PoolView, scene: Scene) -> Iterator[Remark]:
    watched = scene.settings.operator_namespace
    if view.document.namespace != watched:
        has = view.document.namespace or "no namespace"
        message = (
            f"{view.document.name} lies in {has}; nv-ipam watches {watched} alone"
            " (operator_namespace in netplan2k8s.yaml)"
        )
        where = ("metadata", "namespace")
        yield Remark(catalogue.POOL_NAMESPACE, message, Spot(view.document, where))


def _behaviour(view: PoolView, pool: Pool) -> Iterator[Remark]:
    yield from _default_routes(view, pool)
    yield from _open(view, pool)
    yield from _addresses(view, pool)
    yield from _sides(view, pool)
    yield from _spelling(view, pool)


def _default_routes(view: PoolView, pool: Pool) -> Iterator[Remark]:
    end = "; a rail's default route fights the one of eth0"
    if pool.default_gateway:
        message = f"{pool.name} sets defaultGateway{end}"
        spot = Spot(view.document, ("spec", "defaultGateway"))
        yield Remark(catalogue.DEFAULT_ROUTE, message, spot)
    for number, destination in enumerate(pool.routes):
        if destination.length == 0:
            message = f"{pool.name} routes {destination}{end}"
            spot = Spot(view.document, ("spec", "routes", number, "dst"))
            yield Remark(catalogue.DEFAULT_ROUTE, message, spot)


def _open(view: PoolView, pool: Pool) -> Iterator[Remark]:
    """Whether a node that the pool does not list would get an address of it."""
    found = opening(pool)
    if found is None:
        return
    message = f"{fails_open(pool, found)}; {CLOSE_IT}"
    severity = None if found.is_certain else Severity.WARNING
    spot = Spot(view.document, ("spec",))
    yield Remark(catalogue.FAILS_OPEN, message, spot, rail=pool.name, severity=severity)


def fails_open(pool: Pool, found: Opening) -> str:
    """Who gets an address of a pool without having an entry."""
    who = "a node without an entry"
    if found.names:
        who = f"{ranges(list(found.names))}, which nodeSelector names and no entry,"
    elif not found.is_certain:
        who = "a node that nodeSelector picks and that has no entry"
    address = format_address(pool.cidr.family, found.address)
    return (
        f"{pool.name} fails open: {who} gets {address} of {found.share.text}, which is"
        " somebody else's link"
    )


def _addresses(view: PoolView, pool: Pool) -> Iterator[Remark]:
    """Entries that leave a pod no address, or on a /31 more than one."""
    none: list[int] = []
    several: list[int] = []
    for number, count in enumerate(_counts(pool)):
        if count == 0:
            none.append(number)
        elif count > 1 and pool.host_bits == 1:
            several.append(number)
    for rule, numbers, what in (
        (
            catalogue.NO_ADDRESS,
            none,
            "no address is left: gateway and exclusions take all of",
        ),
        (
            catalogue.UNCERTAIN_ADDRESS,
            several,
            "there is no gateway, so that pods get by turns both addresses of",
        ),
    ):
        if numbers:
            first = pool.statics[numbers[0]]
            names = ranges([pool.statics[n].node_name or "nobody" for n in numbers])
            message = f"{what} {first.text} in {pool.name} on {names}"
            spot = Spot(view.document, ("spec", "staticAllocations", numbers[0]))
            yield Remark(rule, message, spot, node=first.node_name, rail=pool.name)


def _counts(pool: Pool) -> Iterator[int]:
    """How many addresses (0, 1 or more) each entry with a node leaves its pods."""
    known: dict[int | None, int] = {}
    for entry in pool.statics:
        gateway = entry.gateway
        if gateway is None:
            gateway = pool.gateway_of(entry.network)
        if not entry.node_name:
            yield 1
        elif pool.excluded:
            yield _count(pool, entry, gateway)
        else:
            side = None if gateway is None else gateway - entry.network
            if side not in known:
                known[side] = _count(pool, entry, gateway)
            yield known[side]


def _count(pool: Pool, entry: Static, gateway: int | None) -> int:
    found = usable(pool, Allocation(entry.network, gateway, entry.text))
    return len([address for address, _ in zip(found, range(2), strict=False)])


def _sides(view: PoolView, pool: Pool) -> Iterator[Remark]:
    """NK316: a minority of entries with the leaf on the other side."""
    if pool.host_bits != 1:
        return
    sides = Counter(e.gateway & 1 for e in pool.statics if e.gateway is not None)
    if len(sides) < 2:  # noqa: PLR2004
        return
    usual, count = sides.most_common(1)[0]
    odd = [
        number
        for number, entry in enumerate(pool.statics)
        if entry.gateway is not None and entry.gateway & 1 != usual
    ]
    first = pool.statics[odd[0]]
    names = ranges([pool.statics[number].node_name or "nobody" for number in odd])
    message = (
        f"gateway {format_address(pool.cidr.family, first.gateway or 0)} of"
        f" {names} in {pool.name} is on the {'even' if usual else 'odd'} side of its"
        f" link, and {count} others are on the other side; check which end is the leaf"
    )
    where = ("spec", "staticAllocations", odd[0], "gateway")
    spot = Spot(view.document, where)
    yield Remark(
        catalogue.ODD_SIDE, message, spot, node=first.node_name, rail=pool.name
    )


def _spelling(view: PoolView, pool: Pool) -> Iterator[Remark]:
    ending = f"/{pool.length}"
    for number, entry in enumerate(pool.statics):
        if pool.cidr.family != _FAMILY_6 and entry.text.endswith(ending):
            continue
        right = str(pool.prefix(entry.network))
        if entry.text != right:
            message = (
                f"prefix {entry.text} is {right} in canonical form: nv-ipam reserves"
                " the text, and gives the prefix to a second node"
            )
            where = ("spec", "staticAllocations", number, "prefix")
            spot = Spot(view.document, where)
            yield Remark(catalogue.ODD_SPELLING, message, spot, node=entry.node_name)


def _impossible_nodes(pools: Sequence[tuple[PoolView, Pool]]) -> Iterator[Remark]:
    """Each name once, in the first pool that has it."""
    known = {""}
    for view, pool in pools:
        names = {entry.node_name for entry in pool.statics} - known
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


def _size(view: PoolView) -> Iterator[Remark]:
    if len(view.document.text) < sizes.MAX_ANNOTATIONS // 2:
        return
    for rule, message in sizes.judge(view.document.body):
        yield Remark(rule, message, Spot(view.document), rail=view.document.name)


# -- pools side by side ---------------------------------------------------------


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
    groups: dict[tuple[int, int], list[tuple[PoolView, Pool, set[str]]]] = defaultdict(
        list
    )
    for view, pool in pools:
        nodes = {entry.node_name for entry in pool.statics if entry.node_name}
        if nodes:
            groups[pool.cidr.family, pool.length].append((view, pool, nodes))
    for group in groups.values():
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
