"""Drift of routes over gateways: gone, over another gateway, in another table."""

from __future__ import annotations

from collections.abc import Iterator

from netplan2k8s import catalogue
from netplan2k8s.findings import Rule, Severity
from netplan2k8s.inventory.host import ROUTE_FILE
from netplan2k8s.live.drift import Drift, called, is_disturbed
from netplan2k8s.live.matching import MatchedHost, MatchedRail
from netplan2k8s.live.state import MAIN_TABLE, LiveInterface, LiveRoute
from netplan2k8s.live.wanted import WantedRail, WantedRoute

_AS_WARNING = catalogue.LIVE_ROUTE.as_severe_as(Severity.WARNING)


def check(host: MatchedHost) -> Iterator[Drift]:
    """Whatever a host's routes over its rails are otherwise than Netplan says."""
    live = [*(host.live.routes or ()), *(host.live.routes6 or ())]
    told: set[LiveRoute] = set()
    for rail in host.rails:
        if rail.interface is not None and not is_disturbed(rail):
            yield from _wanted(host, rail, rail.interface, live, told)
    for rail in host.rails:
        if rail.interface is not None:
            yield from _unknown(rail, rail.interface, live, told)


def is_table(live: str, wanted: str) -> bool:
    """Whether a table can be the wanted one: a host may have names for its numbers."""
    return live == wanted or (not live.isdigit() and wanted != MAIN_TABLE)


# -- what Netplan says --------------------------------------------------------------


def _wanted(
    host: MatchedHost,
    rail: MatchedRail,
    interface: LiveInterface,
    live: list[LiveRoute],
    told: set[LiveRoute],
) -> Iterator[Drift]:
    missing: list[WantedRoute] = []
    unaddressed = [
        address.prefix
        for address in rail.wanted.addresses
        if address not in interface.addresses
    ]
    for route in rail.wanted.routes:
        if not _is_told(host, route.gateway.family):
            continue
        of_same = [each for each in live if each.to == route.to]
        if any(_is(route, each, interface) for each in of_same):
            continue
        other = _other(host, route, of_same, interface)
        if other is not None:
            told.add(other)
            message = _otherwise(rail, route, other, interface)
            yield _drift(rail.wanted, route, message)
        elif not any(prefix.holds(route.gateway) for prefix in unaddressed):
            missing.append(route)
    if missing:
        worst = next((r for r in missing if _is_carried(rail.wanted, r)), missing[0])
        yield _drift(rail.wanted, worst, _gone(rail, missing))


def _is_told(host: MatchedHost, family: int) -> bool:
    listed = host.live.routes if family == 4 else host.live.routes6  # noqa: PLR2004
    return listed is not None


def _is(route: WantedRoute, live: LiveRoute, interface: LiveInterface) -> bool:
    return (
        live.to == route.to
        and live.gateway == route.gateway
        and live.interface == interface.name
        and is_table(live.table, route.table)
    )


def _other(
    host: MatchedHost,
    route: WantedRoute,
    of_same: list[LiveRoute],
    interface: LiveInterface,
) -> LiveRoute | None:
    """The route that is there in its place: the same in another table, or another.

    One that any rail of the host should have is in nobody's place.
    """
    free = [each for each in of_same if not _is_anybodys(host, each)]
    for each in free:
        if each.gateway == route.gateway and each.interface == interface.name:
            return each
    return next((each for each in free if is_table(each.table, route.table)), None)


def _is_anybodys(host: MatchedHost, live: LiveRoute) -> bool:
    return any(
        _is(route, live, rail.interface)
        for rail in host.rails
        if rail.interface is not None
        for route in rail.wanted.routes
    )


def _otherwise(
    rail: MatchedRail, route: WantedRoute, other: LiveRoute, interface: LiveInterface
) -> str:
    message = f"route to {route.text} of {called(rail)} is "
    if other.gateway != route.gateway:
        over = "" if other.interface == interface.name else f" on {other.interface}"
        return f"{message}over {other.gateway}{over}, and {route.gateway} in Netplan"
    if other.interface != interface.name:
        return f"{message}on {other.interface}, and {interface.name} in Netplan"
    return f"{message}in {_table(other.table)}, and in {_table(route.table)} in Netplan"


def _gone(rail: MatchedRail, missing: list[WantedRoute]) -> str:
    destinations = " and ".join(
        route.text + ("" if route.table == MAIN_TABLE else f" in {_table(route.table)}")
        for route in missing
    )
    gateways = " and ".join(dict.fromkeys(str(route.gateway) for route in missing))
    return f"{called(rail)} has no route to {destinations} over {gateways}"


def _table(table: str) -> str:
    return "the main table" if table == MAIN_TABLE else f"table {table}"


def _drift(rail: WantedRail, route: WantedRoute, message: str) -> Drift:
    rule = catalogue.LIVE_ROUTE if _is_carried(rail, route) else _AS_WARNING
    value = str(route.to) if route.to.length else ""
    return Drift(rule, message, ROUTE_FILE, rail, "route", value)


def _is_carried(rail: WantedRail, route: WantedRoute) -> bool:
    """Whether a conversion gives it to pods: default routes stay behind."""
    return route.to.length > 0 and route.gateway == rail.gateway


# -- what Netplan does not say --------------------------------------------------------


def _unknown(
    rail: MatchedRail,
    interface: LiveInterface,
    live: list[LiveRoute],
    told: set[LiveRoute],
) -> Iterator[Drift]:
    for route in live:
        if route.interface != interface.name or route in told:
            continue
        if any(_is(wanted, route, interface) for wanted in rail.wanted.routes):
            continue
        if not route.to.length and route.table == MAIN_TABLE:
            yield _default(rail, route)
            continue
        message = (
            f"route to {route.to} over {route.gateway} in {_table(route.table)} on"
            f" {called(rail)} is not in Netplan"
        )
        yield Drift(_severe(rail.wanted, route), message, ROUTE_FILE, rail.wanted)


def _default(rail: MatchedRail, route: LiveRoute) -> Drift:
    """The device plugin looks for IPv4 alone."""
    rule = catalogue.LIVE_DEFAULT_ROUTE
    message = f"{called(rail)} has a default route, over {route.gateway}"
    if route.to.family == 4:  # noqa: PLR2004
        message += "; the device plugin offers no NIC that has one"
    else:
        rule = rule.as_severe_as(Severity.WARNING)
    return Drift(rule, message, ROUTE_FILE, rail.wanted)


def _severe(rail: WantedRail, route: LiveRoute) -> Rule:
    """Pods miss a destination, unless a wider route takes them there as well."""
    covered = any(
        wanted.to.contains(route.to)
        and wanted.gateway == route.gateway
        and is_table(route.table, wanted.table)
        for wanted in rail.routes
    )
    is_lost = route.to.length and not covered
    return catalogue.LIVE_ROUTE if is_lost else _AS_WARNING
