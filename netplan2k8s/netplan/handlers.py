"""Readers of the keys that are more than one scalar: how netplan merges each.

A handler takes ``(state, target, key, node)`` and changes ``target``. Lists append
over files; what counts as a repeat differs from key to key (netplan 1.2).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netplan2k8s.netplan import scalars as s
from netplan2k8s.netplan.engine import (
    SCALAR,
    SPECIAL,
    Reference,
    State,
    Table,
    expected,
    process,
)
from netplan2k8s.netplan.scalars import RejectError, invalid
from netplan2k8s.rules import catalogue
from netplan2k8s.source import Mapping, MarkedMapping, Node, marked

Target = dict[str, Any]
Handler = Callable[[State, Target, str, Any], None]

DEFAULTS = ("default", "0.0.0.0/0", "::/0")
_MAPPINGS = (Mapping, MarkedMapping)
_ADDRESS_FORM = "must be X.X.X.X/NN or X:X:X:X:X:X:X:X/NN"


def scalar_items(node: list[Node]) -> list[str]:
    """The items of a list that may hold nothing but scalars."""
    for item in node:
        if not isinstance(item, str):
            raise expected("scalar", item)
    return node  # type: ignore[return-value]


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
        raise invalid(f"malformed address '{text}', {_ADDRESS_FORM}", node)
    if not 0 < s.strtoull_prefix(length)[0] <= bits:
        raise invalid(f"invalid prefix length in address '{text}'", node)
    return length.isdigit() and length[0] != "0"


_OPTIONS: Table = {
    "label": (SCALAR, lambda node: _label(node)),  # noqa: PLW0108  defined below
    "lifetime": (SCALAR, lambda node: _lifetime(node)),  # noqa: PLW0108
}
_MAX_LABEL = 15


def _label(node: str) -> str:
    if len(node) > _MAX_LABEL:
        raise invalid(f"label '{node}' is longer than {_MAX_LABEL} characters", node)
    return node


def _lifetime(node: str) -> str:
    if node in ("0", "forever"):
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
            state.unusual = state.unusual or "advertised-mss" in route
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
    to: str = route.get("to", "")
    return "default" if to in ("0.0.0.0/0", "::/0") else to


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


# -- lists of words -------------------------------------------------------------


def link_local(_: State, target: Target, key: str, node: list[Node]) -> None:
    """Replace the list: unlike all others it does not append."""
    words = [item.lower() for item in scalar_items(node)]
    for item, word in zip(node, words, strict=True):
        if word not in ("ipv4", "ipv6"):
            raise invalid(f"invalid value for link-local: '{item}'", node)
    target[key] = [word for word in ("ipv4", "ipv6") if word in words]


def flags(name: str, *words: str, fold: bool = False) -> Handler:
    """A union of words over files, in the table's order."""

    def handle(_: State, target: Target, key: str, node: list[Node]) -> None:
        given = set(target.get(key, ()))
        for item in scalar_items(node):
            word = item.lower() if fold else item
            if word not in words:
                raise invalid(f"invalid value for {name}: '{item}'", node)
            given.add(word)
        target[key] = [word for word in words if word in given]

    return handle


optional_addresses = flags(
    "optional-addresses", "ipv4-ll", "ipv6-ra", "dhcp4", "dhcp6", "static", fold=True
)
_wowlan = flags(
    "wakeonwlan",
    "default",
    "any",
    "disconnect",
    "magic_pkt",
    "gtk_rekey_failure",
    "eap_identity_req",
    "four_way_handshake",
    "rfkill_release",
    "tcp",
    fold=True,
)


def wakeonwlan(state: State, target: Target, key: str, node: list[Node]) -> None:
    _wowlan(state, target, key, node)
    if "default" in target[key] and len(target[key]) > 1:
        raise invalid("'default' is an exclusive flag for wakeonwlan", node)


def text_list(_: State, target: Target, key: str, node: list[Node]) -> None:
    """Append texts, each once."""
    found = target.setdefault(key, [])
    for item in scalar_items(node):
        if item not in found:
            found.append(item)


def nameserver_addresses(_: State, target: Target, key: str, node: list[Node]) -> None:
    """Append IPv4 and IPv6 servers, IPv4 first."""
    found = target.setdefault(key, [])
    for item in scalar_items(node):
        if not (s.is_ip4(item) or s.is_ip6(item)):
            form = "must be X.X.X.X or X:X:X:X:X:X:X:X"
            raise invalid(f"malformed address '{item}', {form}", node)
        if item not in found:
            found.append(item)
    found.sort(key=lambda address: ":" in address)


def arp_targets(_: State, target: Target, key: str, node: list[Node]) -> None:
    found = target.setdefault(key, [])
    for item in scalar_items(node):
        if not s.is_ip4(item):
            form = "must be X.X.X.X or X:X:X:X:X:X:X:X"
            raise invalid(f"malformed address '{item}', {form}", node)
        if item not in found:
            found.append(item)


# -- match, names, renderers ----------------------------------------------------


def match(state: State, target: Target, key: str, node: Mapping) -> None:
    """Merge key by key; a name that was implied before stays in force."""
    first = key not in target
    matched = target.setdefault(key, {})
    if first and state.current.implicit_name:
        matched["name"] = state.current.id
    process(state, node, _MATCH, matched)


def _driver(_: State, target: Target, key: str, node: Node) -> None:
    if isinstance(node, str):
        drivers = [node]
    elif isinstance(node, Mapping) or not node:
        raise invalid("invalid sequence for 'driver'", node)
    else:
        drivers = list(scalar_items(node))
    for driver in drivers:
        if any(blank in driver for blank in " \t\n"):
            raise invalid("A 'match.driver' glob cannot contain whitespace", node)
    target[key] = drivers[0] if len(drivers) == 1 else drivers


_MATCH: Table = {
    "driver": (5, _driver),
    "macaddress": (SCALAR, s.mac),
    "name": (SCALAR, s.name),
}


def renderer(state: State, _: Target, __: str, node: str) -> None:
    if node == "sriov" and state.current.section == "vlans":
        state.current.settings["renderer"] = node
        return
    state.current.backend = backend(node)


def backend(node: str) -> str:
    if node in ("networkd", "NetworkManager"):
        return node
    raise invalid(f"unknown renderer '{node}'", node)


def renamed(name: str, read: Callable[[str], str]) -> Handler:
    """An old spelling, kept under the new one."""

    def handle(_: State, target: Target, __: str, node: str) -> None:
        target[name] = read(node)

    return handle


# -- references -----------------------------------------------------------------


def reference(state: State, target: Target, key: str, node: str) -> None:
    """A single other definition: ``link``, ``peer``."""
    state.references.append(Reference(state.current, key, node, node))
    target[key] = node


def members(state: State, target: Target, key: str, node: list[Node]) -> None:
    """Append members of a bond, bridge or VRF."""
    found = target.setdefault(key, [])
    for item in scalar_items(node):
        state.references.append(Reference(state.current, key, item, node))
        if item not in found:
            found.append(item)


def bond_primary(state: State, target: Target, key: str, node: str) -> None:
    present = target.get(key)
    if present is not None and present != node:
        bond = state.current.id
        message = f"{bond}: bond already has a primary member: {present}"
        raise RejectError(catalogue.CONFLICTING_DEFINITION, message, node)
    state.references.append(Reference(state.current, key, node, node))
    target[key] = node


def bridge_ports(maximum: int, what: str) -> Handler:
    """Costs or priorities by member; a second one for a member is refused."""

    def handle(state: State, target: Target, key: str, node: Mapping) -> None:
        found = target.setdefault(key, {})
        pairs = iter(node)
        for port, value in zip(pairs, pairs, strict=True):
            if not isinstance(port, str):
                raise expected("scalar", port)
            if not isinstance(value, str):
                raise expected("scalar", value)
            state.references.append(Reference(state.current, key, port, node))
            number = s.strtoull(value)
            if number is None or number > maximum:
                raise invalid(f"invalid {what} value '{value}'", node)
            if found.get(port, "0") not in ("0", str(number)):
                bridge = state.current.id
                message = f"{bridge}: interface '{port}' already has a {what} of"
                raise RejectError(
                    catalogue.CONFLICTING_DEFINITION, f"{message} {found[port]}", node
                )
            found[str(port)] = str(number)

    return handle


# -- maps of text ---------------------------------------------------------------


def text_map(_: State, target: Target, key: str, node: Mapping) -> None:
    """Merge texts by key; another value for a key is refused."""
    found = target.setdefault(key, {})
    for name, value in text_pairs(node):
        if found.get(name, value) != value:
            message = f"duplicate map entry '{name}'"
            raise RejectError(catalogue.CONFLICTING_DEFINITION, message, node)
        found[name] = value


def passthrough(_: State, target: Target, key: str, node: Mapping) -> None:
    target.setdefault(key, {}).update(text_pairs(node))


def text_pairs(node: Mapping) -> list[tuple[str, str]]:
    pairs = iter(node)
    found = []
    for key, value in zip(pairs, pairs, strict=True):
        if not isinstance(key, str):
            raise expected("scalar", key)
        if not isinstance(value, str):
            raise expected("scalar", value)
        found.append((str(key), value))
    return found


# -- wifi, tunnels, Open vSwitch ------------------------------------------------


def access_points(table: Table) -> Handler:
    def handle(state: State, target: Target, key: str, node: Mapping) -> None:
        found = target.setdefault(key, {})
        pairs = iter(node)
        for ssid, value in zip(pairs, pairs, strict=True):
            if not isinstance(ssid, str):
                raise expected("scalar", ssid)
            process(state, value, table, found.setdefault(str(ssid), {}))

    return handle


def tunnel_address(node: str) -> str:
    if "/" in node:
        raise invalid(f"address '{node}' should not include /prefixlength", node)
    return s.any_ip(node)


def ipv6_token(node: str) -> str:
    if s.is_ip6(node):
        return node
    raise invalid(f"invalid ipv6-address-token '{node}'", node)


_KEYS: Table = {
    "input": (SCALAR, s.text),
    "output": (SCALAR, s.text),
    "private": (SCALAR, s.text),
    "private-key-flags": (
        2,
        flags("private-key-flags", "agent-owned", "not-saved", "not-required"),
    ),
}


def tunnel_key(state: State, target: Target, _: str, node: Node) -> None:
    """One key for both directions (or WireGuard's private one), or one for each."""
    found = target.setdefault("keys", {})
    if isinstance(node, str):
        if target.get("mode") == "wireguard":
            found["private"] = node
        else:
            found.update(input=node, output=node, private=node)
    elif isinstance(node, Mapping):
        process(state, node, _KEYS, found)
    else:
        message = "invalid type for 'key[s]': must be a scalar or mapping"
        raise RejectError(catalogue.WRONG_SHAPE, message, node)


def peers(table: Table) -> Handler:
    def handle(state: State, target: Target, key: str, node: list[Node]) -> None:
        found = target.setdefault(key, [])
        for item in node:
            peer: Target = {}
            process(state, item, table, peer)
            if peer not in found:
                found.append(peer)

    return handle


def endpoint(node: str) -> str:
    host, colon, port = node.rpartition(":")
    if not colon:
        raise invalid(f"endpoint '{node}' is missing :port", node)
    number = s.strtoull(port)
    if number is None or not 0 < number <= 65535:  # noqa: PLR2004
        raise invalid(f"invalid port in endpoint '{node}'", node)
    if not host or (":" in host and not host.startswith("[")):
        raise invalid(f"invalid endpoint address or hostname '{node}'", node)
    return node


def allowed_ips(_: State, target: Target, key: str, node: list[Node]) -> None:
    found = target.setdefault(key, [])
    for item in scalar_items(node):
        bits = {4: 32, 6: 128}.get(s.family(item), 0)
        if not bits:
            raise invalid(f"malformed address '{item}', {_ADDRESS_FORM}", node)
        length = item.rpartition("/")[2] if "/" in item else str(bits)
        number = s.strtoull(length)
        if number is None or number > bits:
            raise invalid(f"invalid prefix length in address '{item}'", node)
        if item not in found:
            found.append(item)


def port_range(_: State, target: Target, key: str, node: list[Node]) -> None:
    ports = [s.unsigned(item) for item in scalar_items(node)]
    if len(ports) != 2:  # noqa: PLR2004
        raise invalid("expected exactly two values for port-range", node)
    if int(ports[0]) > int(ports[1]):
        ports.reverse()
    target[key] = ports


def openvswitch(table: Table) -> Handler:
    def handle(state: State, target: Target, key: str, node: Mapping) -> None:
        process(state, node, table, target.setdefault(key, {}))
        given = {str(name) for name in node[0::2]}
        plain = given and given <= {"external-ids", "other-config"}
        if state.current.section in ("bonds", "bridges") or not plain:
            state.current.backend = "openvswitch"

    return handle


def ovs_only_for(section: str, *words: str) -> Handler:
    """A setting of Open vSwitch bonds or bridges; without words it is boolean."""

    def handle(state: State, target: Target, key: str, node: str) -> None:
        if state.current.section != section:
            kind = section[:-1]
            message = (
                f"Key '{key}' is only valid for interface type 'openvswitch {kind}'"
            )
            raise invalid(message, node)
        if not words:
            target[key] = s.boolean(node)
        elif node in words:
            target[key] = node
        else:
            listed = ", ".join(f"'{word}'" for word in words)
            raise invalid(f"Value of '{key}' needs to be one of {listed}", node)

    return handle


_OPENFLOW = frozenset(f"OpenFlow1{version}" for version in range(7))


def ovs_protocols(state: State, target: Target, key: str, node: list[Node]) -> None:
    for item in scalar_items(node):
        if item not in _OPENFLOW:
            raise invalid(f"Unsupported OVS 'protocol' value: {item}", item)
    text_list(state, target, key, node)


def ovs_controllers(state: State, target: Target, key: str, node: list[Node]) -> None:
    for item in scalar_items(node):
        scheme, colon, _ = item.partition(":")
        if not colon or scheme not in {"tcp", "ssl", "ptcp", "pssl", "unix", "punix"}:
            raise invalid(f"Unsupported OVS controller target: {item}", item)
    text_list(state, target, key, node)


def ovs_ports(state: State, target: Target, key: str, node: list[Node]) -> None:
    """Pairs of patch ports, each of which becomes a definition."""
    found = target.setdefault(key, [])
    for pair in node:
        if not isinstance(pair, list) or isinstance(pair, Mapping):
            raise expected("sequence", pair)
        ends = scalar_items(pair)
        if len(ends) != 2:  # noqa: PLR2004
            message = "An openvswitch peer port sequence must have exactly two entries"
            raise invalid(message, pair)
        for port, peer in (tuple(ends), tuple(reversed(ends))):
            _ovs_port(state, port, peer)
        if list(ends) not in found:
            found.append(list(ends))


def _ovs_port(state: State, port: str, peer: str) -> None:
    from netplan2k8s.netplan.model import Definition  # noqa: PLC0415  a rare kind

    definition = state.definitions.setdefault(
        str(port), Definition(str(port), "_ovs-ports", backend="openvswitch")
    )
    if definition.settings.setdefault("peer", peer) != peer:
        assigned = definition.settings["peer"]
        message = f"openvswitch port '{port}' is already assigned to peer '{assigned}'"
        raise RejectError(catalogue.CONFLICTING_DEFINITION, message, port)
