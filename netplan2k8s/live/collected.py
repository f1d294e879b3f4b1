"""Reads what was collected beside a host's Netplan, and says what cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from netplan2k8s.catalogue import UNREADABLE_LIVE_STATE
from netplan2k8s.findings import Finding, Span
from netplan2k8s.inventory.facts import UnreadableError
from netplan2k8s.inventory.host import (
    ADDRESS_FILE,
    LLDP_FILE,
    ROUTE6_FILE,
    ROUTE_FILE,
    RULE6_FILE,
    RULE_FILE,
)
from netplan2k8s.live import ip_json, lldp
from netplan2k8s.live.state import LiveHost, LiveRoute
from netplan2k8s.tree import OversizedFileError, Tree

COMMANDS = {
    ADDRESS_FILE: ip_json.ADDRESSES,
    ROUTE_FILE: ip_json.ROUTES,
    ROUTE6_FILE: "ip -6 -j route show table all",
    RULE_FILE: ip_json.RULES,
    RULE6_FILE: "ip -6 -j rule",
    LLDP_FILE: lldp.COMMAND,
}
"""What each file is the output of."""
T = TypeVar("T")


def read_live(tree: Tree, node_name: str) -> tuple[LiveHost, tuple[Finding, ...]]:
    """Read all that is there; a file that cannot be read counts as there."""
    try:
        there = tree.names("")
    except OSError:
        there = ()
    missing = tuple(name for name in COMMANDS if name not in there)
    reading = _Reading(tree, node_name, missing)
    routes, routes6 = _routes(reading)
    host = LiveHost(
        interfaces=reading.of(ADDRESS_FILE, ip_json.interfaces),
        routes=routes,
        routes6=routes6,
        rules=reading.of(RULE_FILE, ip_json.rules),
        rules6=reading.of(RULE6_FILE, _of_6(ip_json.rules6)),
        neighbors=reading.of(LLDP_FILE, lldp.neighbors),
        missing=missing,
    )
    return host, tuple(reading.findings)


class _Reading:
    """The files of one host, each read at most once for each question."""

    def __init__(self, tree: Tree, node_name: str, missing: tuple[str, ...]) -> None:
        self._tree = tree
        self._node_name = node_name
        self._missing = missing
        self.findings: list[Finding] = []

    def of(self, name: str, parse: Callable[[str], T]) -> T | None:
        """What a file says; None where it is missing, or says nothing readable."""
        if name in self._missing:
            return None
        place = (1, 1)
        try:
            return parse(self._tree.read(name).decode("utf-8"))
        except UnreadableError as error:
            message, place = error.message, (error.line, error.column)
        except UnicodeDecodeError as error:
            message = f"is not UTF-8 at byte {error.start}"
        except OversizedFileError as error:
            message = f"has {error.strerror}; the state of a host's NICs is small"
        except OSError as error:
            message = f"cannot be read: {error.strerror or error}"
        span = Span(self._tree.label(name), *place)
        finding = Finding(UNREADABLE_LIVE_STATE, message, span, self._node_name)
        self.findings.append(finding)
        return None


def _of_6(parse: Callable[[str], tuple[T, ...]]) -> Callable[[str], tuple[T, ...]]:
    """A kernel without IPv6 has nothing to list, not even an empty list."""
    return lambda text: parse(text) if text.strip() else ()


def _routes(
    reading: _Reading,
) -> tuple[tuple[LiveRoute, ...] | None, tuple[LiveRoute, ...] | None]:
    """The routes of either family; ``table all`` lists both at once."""
    listed = reading.of(
        ROUTE_FILE, lambda text: (ip_json.routes(text), ip_json.families(text))
    )
    listed6 = reading.of(ROUTE6_FILE, _of_6(ip_json.routes))
    if listed is None:
        return None, listed6
    routes, families = listed
    of6 = [route for route in routes if route.to.family == 6]  # noqa: PLR2004
    if listed6 is not None:
        of6 = [*dict.fromkeys((*of6, *listed6))]
    has_both = listed6 is not None or 6 in families  # noqa: PLR2004
    of4 = tuple(route for route in routes if route not in of6)
    return of4, tuple(of6) if has_both else None
