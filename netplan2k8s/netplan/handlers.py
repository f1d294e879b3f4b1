"""Readers of the keys that are more than one scalar: how netplan merges each.

A handler takes ``(state, target, key, node)`` and changes ``target``. Lists append
over files; what counts as a repeat differs from key to key (netplan 1.2).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netplan2k8s import catalogue
from netplan2k8s.netplan import scalars as s
from netplan2k8s.netplan.engine import (
    SCALAR,
    PortSetting,
    State,
    Table,
    expected,
    process,
    refer,
    set_port,
)
from netplan2k8s.netplan.scalars import RejectError, invalid
from netplan2k8s.source import Mapping, Node

Target = dict[str, Any]
Handler = Callable[[State, Target, str, Any], None]


def scalar_items(node: list[Node]) -> list[str]:
    """The items of a list that may hold nothing but scalars."""
    for item in node:
        if not isinstance(item, str):
            raise expected("scalar", item)
    return node  # type: ignore[return-value]


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
    refer(state, key, node, node)
    target[key] = node


def members(state: State, target: Target, key: str, node: list[Node]) -> None:
    """Append members of a bond, bridge or VRF."""
    found = target.setdefault(key, [])
    for item in scalar_items(node):
        refer(state, key, item, node)
        if item not in found:
            found.append(item)


def bond_primary(state: State, target: Target, key: str, node: str) -> None:
    present = target.get(key)
    if present is not None and present != node:
        message = f"bond already has a primary member: {present}"
        raise RejectError(catalogue.CONFLICTING_DEFINITION, message, node)
    refer(state, key, node, node)
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
            refer(state, key, port, node)
            number = s.strtoull(value)
            if number is None or number % (s.UINT_MAX + 1) > maximum:
                raise invalid(f"invalid {what} value '{value}'", node)
            number %= s.UINT_MAX + 1  # netplan keeps 32 bits before it compares
            taken = f"interface '{port}' already has a {what} of"
            bridge = state.current.id
            setting = PortSetting(bridge, key, str(port), number, node, taken)
            if port in state.definitions:
                set_port(state, setting)
            state.port_settings_of_file.append(setting)
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
