"""CIDRPools: what nv-ipam refuses, and what it makes of those it takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from operator import sub

from netplan2k8s import catalogue, sizes
from netplan2k8s.addressing import format_address
from netplan2k8s.findings import Severity
from netplan2k8s.lint import pools_together
from netplan2k8s.lint.remarks import Remark, Spot
from netplan2k8s.lint.scene import PoolView, Scene
from netplan2k8s.manifests.places import Key
from netplan2k8s.manifests.reader import Document
from netplan2k8s.naming import ranges
from netplan2k8s.simulate.nv_ipam import Allocation, usable
from netplan2k8s.simulate.openness import CLOSE_IT, fails_open, opening
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


def check(scene: Scene) -> Iterator[Remark]:
    for view in scene.pools:
        yield from _problems(view)
        yield from _namespace(view.document, scene)
        if view.pool is not None:
            yield from _behaviour(view, view.pool)
            yield from _size(view)
    for document in scene.of_kind("IPPool"):
        yield from _namespace(document, scene)
    valid = [(view, view.pool) for view in scene.pools if view.pool is not None]
    yield from pools_together.check(valid)


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


def _namespace(document: Document, scene: Scene) -> Iterator[Remark]:
    watched = scene.settings.operator_namespace
    if document.namespace != watched:
        has = document.namespace or "no namespace"
        message = (
            f"{document.name} lies in {has}; nv-ipam watches {watched} alone"
            " (operator_namespace in netplan2k8s.yaml)"
        )
        where = ("metadata", "namespace")
        yield Remark(catalogue.POOL_NAMESPACE, message, Spot(document, where))


def _behaviour(view: PoolView, pool: Pool) -> Iterator[Remark]:
    yield from _default_routes(view, pool)
    yield from _open(view, pool)
    first = pool.statics[0] if _is_uniform(pool) else None
    if first is None or _count(pool, first, first.gateway) != 1:
        yield from _addresses(view, pool)
    if first is None:
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
    spot = Spot(view.document, (Key("spec"),))
    yield Remark(catalogue.FAILS_OPEN, message, spot, rail=pool.name, severity=severity)


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


def _is_uniform(pool: Pool) -> bool:
    """Whether all entries have a node, and a gateway on the same side of their link."""
    if pool.excluded or not pool.statics:
        return False
    names, networks, gateways, _ = zip(*pool.statics, strict=True)
    if None in gateways or not all(names):
        return False
    return len({*map(sub, gateways, networks)}) == 1


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
    if pool.cidr.family != _FAMILY_6 and all(
        [entry.text.endswith(ending) for entry in pool.statics]  # noqa: C419  faster
    ):
        return
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


def _size(view: PoolView) -> Iterator[Remark]:
    if len(view.document.text) < sizes.MAX_ANNOTATIONS // 2:
        return
    for rule, message in sizes.judge(view.document.body):
        yield Remark(rule, message, Spot(view.document), rail=view.document.name)
