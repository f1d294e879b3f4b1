"""Keys of Wi-Fi, tunnels and Open vSwitch, which no rail has but every host may."""

from __future__ import annotations

from netplan2k8s import catalogue
from netplan2k8s.netplan import scalars as s
from netplan2k8s.netplan.engine import (
    SCALAR,
    State,
    Table,
    expected,
    process,
)
from netplan2k8s.netplan.handlers import Handler, Target, flags, scalar_items, text_list
from netplan2k8s.netplan.scalars import ADDRESS_FORM, RejectError, invalid
from netplan2k8s.source import Mapping, Node

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
            raise invalid(f"malformed address '{item}', {ADDRESS_FORM}", node)
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
