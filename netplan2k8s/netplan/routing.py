"""Addresses, routes and routing policies: what netplan takes, and when it repeats."""

from __future__ import annotations

from typing import Any

from netplan2k8s import catalogue
from netplan2k8s.netplan import scalars as s
from netplan2k8s.netplan.engine import (
    SCALAR,
    SPECIAL,
    State,
    Table,
    expected,
    process,
)
from netplan2k8s.netplan.handlers import Target
from netplan2k8s.netplan.scalars import ADDRESS_FORM, RejectError, invalid
from netplan2k8s.source import Mapping, MarkedMapping, Node, marked

DEFAULTS = ("default", "0.0.0.0/0", "::/0")
_MAPPINGS = (Mapping, MarkedMapping)


# -- addresses ------------------------------------------------------------------


def addresses(state: State, target: Target, key: str, node: list[Node]) -> None:
    """Append addresses; the exact text of one already there is dropped."""
    found = target.get(key)
    if found is None:
        found = target[key] = []
        state.current.file = state.file
    for item in node:
        if isinstance(item, str):
            if item not in found:
                if not _check_address(item, node):
                    state.unusual = True
                found.append(item)
        elif not isinstance(item, Mapping):
            raise expected("either scalar or mapping (check indentation)", item)
        elif not _address_with_options(state, found, item):
            return


def _check_address(text: str, node: object) -> bool:
    """Refuse what netplan does; whether the length is plain digits."""
    address, slash, length = text.rpartition("/")
    if not slash:
        raise invalid(f"address '{text}' is missing /prefixlength", node)
    if s.is_ip4(address):
        bits = 32
    elif s.is_ip6(address):
        bits = 128
    else:
        raise invalid(f"malformed address '{text}', {ADDRESS_FORM}", node)
    if not 0 < s.strtoull_prefix(length)[0] <= bits:
        raise invalid(f"invalid prefix length in address '{text}'", node)
    return length.isdigit() and length[0] != "0"


_OPTIONS: Table = {
    "label": (SCALAR, s.text),  # of any length: networkd ignores one over 15 characters
    "lifetime": (SCALAR, lambda node: _lifetime(node)),  # noqa: PLW0108  defined below
}


def _lifetime(node: str) -> str:
    if node.lower() in ("0", "forever"):
        return node
    raise invalid(f"invalid lifetime value '{node}'; write 0 or forever", node)


def _address_with_options(state: State, found: list[Any], item: Mapping) -> bool:
    """Take the first key of the item; False where netplan leaves the list there."""
    if not item:
        message = "netplan crashes on an empty mapping in 'addresses'"
        raise RejectError(catalogue.NETPLAN_CRASH, message, item)
    address, options = item[0], item[1]
    if not isinstance(address, str):
        raise expected("scalar", address)
    if "/" not in address:
        raise invalid(f"address '{address}' is missing /prefixlength", address)
    if any(isinstance(other, dict) and address in other for other in found):
        return False
    values: Target = {}
    process(state, options, _OPTIONS, values)
    state.unusual = True
    found.append({address: values})
    return True


# -- routes and policies --------------------------------------------------------


def _route_to(_: State, target: Target, key: str, node: str) -> None:
    if node != "default":
        _take_family(target, node)
    target[key] = node


def _route_ip(_: State, target: Target, key: str, node: str) -> None:
    _take_family(target, node)
    target[key] = node


def _take_family(target: Target, node: str) -> None:
    family = s.family(node)
    if not family:
        raise invalid("invalid IP family '-1'; write an IP address", node)
    if target.setdefault("", family) != family:
        raise invalid(f"IP family mismatch in route to {node}", node)


_SCOPES = frozenset({"global", "link", "host"})
_TYPES = frozenset(
    {
        "unicast",
        "anycast",
        "blackhole",
        "broadcast",
        "local",
        "multicast",
        "nat",
        "prohibit",
        "throw",
        "unreachable",
        "xresolve",
    }
)


def _scope(node: str) -> str:
    if node.lower() in _SCOPES:
        return marked(node.lower(), node)
    raise invalid(f"invalid route scope '{node}'", node)


def _type(node: str) -> str:
    if node.lower() in _TYPES:
        return marked(node.lower(), node)
    raise invalid(f"invalid route type '{node}'", node)


_ROUTE: Table = {
    "to": (SPECIAL, _route_to),
    "via": (SPECIAL, _route_ip),
    "from": (SPECIAL, _route_ip),
    "on-link": (SCALAR, s.boolean),
    "table": (SCALAR, s.unsigned),
    "metric": (SCALAR, s.unsigned),
    "scope": (SCALAR, _scope),
    "type": (SCALAR, _type),
    "mtu": (SCALAR, s.unsigned),
    "congestion-window": (SCALAR, s.unsigned),
    "advertised-receive-window": (SCALAR, s.unsigned),
    "advertised-mss": (SCALAR, s.unsigned),
}


def routes(state: State, target: Target, key: str, node: list[Node]) -> None:
    """Append routes; one equal in family, table, metric and ends to another is lost."""
    found = target.get(key)
    if found is None:
        found = target[key] = []
    for item in node:
        route: Target = {}
        if not _read_plain_route(item, route):
            process(state, item, _ROUTE, route)
            _check_route(route, node)
            if "advertised-mss" in route or "via" not in route:
                state.unusual = True
            state.default_routes += route.get("to") in DEFAULTS
        for other in found:
            if _same_route(route, other):
                break
        else:
            found.append(route)
    for route in found:
        route.pop("", None)


def _read_plain_route(item: Any, route: Target) -> bool:  # noqa: ANN401  any node
    """Read ``to`` and ``via`` of one family alone, as nearly all routes are."""
    if type(item) not in _MAPPINGS or len(item) != 4:  # noqa: PLR2004
        return False
    first, to, second, via = item
    if first == "via":
        first, to, second, via = second, via, first, to
    if first != "to" or second != "via":
        return False
    if not isinstance(to, str) or not isinstance(via, str) or to.endswith("/0"):
        return False
    family = s.family(via)
    if not family or s.family(to) != family:
        return False
    route["to"], route["via"], route[""] = to, via, family
    return True


def _check_route(route: Target, node: object) -> None:
    kind = route.get("type", "unicast")
    scope = route.get("scope")
    if "to" in route and "via" in route and scope is None and kind == "unicast":
        return
    if scope is None:
        scope = route["scope"] = _implied_scope(kind, route)
    if scope in ("link", "host") and "to" not in route:
        raise invalid("link and host routes must specify a 'to' IP", node)
    is_unicast = kind == "unicast"
    if is_unicast and scope == "global" and not ("to" in route and "via" in route):
        message = "global unicast route must include both a 'to' and 'via' IP"
        raise invalid(message, node)
    if not is_unicast and "to" not in route:
        raise invalid("non-unicast routes must specify a 'to' IP", node)
    if scope == "global":
        route.pop("scope", None)


def _implied_scope(kind: str, route: Target) -> str:
    if kind in ("local", "nat"):
        return "host"
    if kind in ("broadcast", "multicast", "anycast"):
        return "link"
    if kind == "unicast" and "via" not in route and "to" in route:
        return "link"
    return "global"


def _same_route(one: Target, other: Target) -> bool:
    if one.get("via") != other.get("via") or one.get("from") != other.get("from"):
        return False
    return (
        _canonical_to(one) == _canonical_to(other)
        and one.get("table", "0") == other.get("table", "0")
        and one.get("metric") == other.get("metric")
    )


def _canonical_to(route: Target) -> str:
    """The destination, where the other ends tell the family that ``default`` has."""
    to: str = route.get("to", "")
    has_family = "via" in route or "from" in route
    return "default" if has_family and to in DEFAULTS else to


_POLICY: Table = {
    "from": (SPECIAL, _route_ip),
    "to": (SPECIAL, _route_ip),
    "mark": (SCALAR, s.unsigned),
    "priority": (SCALAR, s.unsigned),
    "table": (SCALAR, s.unsigned),
    "type-of-service": (SCALAR, lambda node: _tos(node)),  # noqa: PLW0108
}
_MAX_TOS = 255


def _tos(node: str) -> str:
    text = s.unsigned(node)
    if int(text) > _MAX_TOS:
        raise invalid(f"invalid ToS (must be between 0 and 255): {node}", node)
    return text


def routing_policy(state: State, target: Target, key: str, node: list[Node]) -> None:
    """Append policies; exact repeats are dropped, as netplan 1.x does."""
    found = target.setdefault(key, [])
    for item in node:
        policy: Target = {}
        process(state, item, _POLICY, policy)
        if "from" not in policy and "to" not in policy:
            message = "IP routing policy must include either a 'from' or 'to' IP"
            raise invalid(message, node)
        policy.pop("", None)
        if policy not in found:
            found.append(policy)
