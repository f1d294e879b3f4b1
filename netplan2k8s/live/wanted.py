"""What Netplan says of one rail, in the forms in which the kernel tells it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from netplan2k8s.addressing import (
    Address,
    InterfaceAddress,
    Prefix,
    parse_address,
    parse_interface,
    parse_prefix,
)
from netplan2k8s.fabric import links
from netplan2k8s.fabric.candidates import Candidate
from netplan2k8s.live.state import MAIN_TABLE
from netplan2k8s.netplan import Definition, HostNetwork, kernel_name
from netplan2k8s.netplan.routing import DEFAULTS


class WantedRoute(NamedTuple):
    """A route over a gateway; ``text`` is the destination as it was written."""

    to: Prefix
    gateway: Address
    table: str
    text: str


class WantedRule(NamedTuple):
    """A routing policy; ``priority`` None where Netplan leaves it to the kernel."""

    source: Prefix | None
    to: Prefix | None
    table: str
    priority: int | None
    mark: int


class WantedRail(NamedTuple):
    """A rail as the running host should have it.

    ``interface`` is the Netplan ID, ``rail`` "" for a link that found no place in the
    plan; ``name`` is the kernel's, or a glob over names, and ``mac`` the permanent one,
    "" where Netplan does not tell; ``link`` is the address that the plan has, one of
    ``addresses``; ``master`` the name of what it is part of, "" on its own.
    """

    node_name: str
    interface: str
    rail: str
    name: str
    mac: str
    link: InterfaceAddress
    gateway: Address | None
    addresses: tuple[InterfaceAddress, ...]
    routes: tuple[WantedRoute, ...]
    rules: tuple[WantedRule, ...]
    mtu: int | None
    master: str


def wanted_rail(host: HostNetwork, candidate: Candidate, rail: str) -> WantedRail:
    """All that Netplan says of a rail, but for what no kernel shows."""
    definition = host.definitions[candidate.interface]
    family = candidate.address.family
    match = definition.settings.get("match")
    glob = match.get("name", "") if isinstance(match, dict) else ""
    above = definition.master or definition.vrf
    gateway = candidate.gateway
    return WantedRail(
        node_name=host.node_name,
        interface=definition.id,
        rail=rail,
        name=kernel_name(definition) or glob,
        mac=links.match_mac(definition),
        link=candidate.address,
        gateway=None if gateway is None else Address(family, gateway),
        addresses=tuple(addresses_of(definition)),
        routes=tuple(dict.fromkeys(_routes(host, definition))),
        rules=tuple(dict.fromkeys(_rules(host, definition, candidate.address.prefix))),
        mtu=candidate.mtu,
        master=_master_name(host, above) if above else "",
    )


def _master_name(host: HostNetwork, above: str) -> str:
    definition = host.definitions.get(above)
    return (kernel_name(definition) if definition else "") or above


def addresses_of(definition: Definition) -> Iterator[InterfaceAddress]:
    for item in definition.settings.get("addresses") or ():
        text = links.address_text(item)
        try:
            address = parse_interface(text)
        except ValueError:
            continue  # said of the host
        # Those of a live host are not told apart from the kernel's own.
        if not Prefix(6, 0xFE80 << 112, 10).holds(address.address):
            yield address


def _routes(host: HostNetwork, definition: Definition) -> Iterator[WantedRoute]:
    table = MAIN_TABLE
    if definition.vrf:
        # systemd.network(5), Table=: that of the VRF, where the link is in one.
        table = str(host.definitions[definition.vrf].settings.get("table", table))
    for route in links.routes_over(host, definition):
        if "via" in route and route.get("type", "unicast") == "unicast":
            yield from _route(route, table)
    for key in ("gateway4", "gateway6"):
        if key in definition.settings:
            via = {"to": "default", "via": definition.settings[key]}
            yield from _route(via, table)


def _route(route: Mapping[str, str], table: str) -> Iterator[WantedRoute]:
    text = route.get("to", "default")
    try:
        gateway = parse_address(route["via"].partition("/")[0])
        is_default = text in DEFAULTS
        to = Prefix(gateway.family, 0, 0) if is_default else parse_prefix(text)
    except ValueError:
        return  # networkd leaves it out, too
    yield WantedRoute(to, gateway, _table(route, table), text)


def rules_of(host: HostNetwork) -> frozenset[WantedRule]:
    """Every policy of a host, whichever definition has it."""
    return frozenset(
        rule
        for definition in host.definitions.values()
        for policy in definition.settings.get("routing-policy") or ()
        for rule in _rule(policy, str(definition.settings.get("table", MAIN_TABLE)))
    )


def _rules(
    host: HostNetwork, definition: Definition, link: Prefix
) -> Iterator[WantedRule]:
    """The rail's own policies, and those of its VRF that are for its addresses."""
    for policy in definition.settings.get("routing-policy") or ():
        yield from _rule(policy, MAIN_TABLE)
    if definition.vrf:
        settings = host.definitions[definition.vrf].settings
        for policy in settings.get("routing-policy") or ():
            for rule in _rule(policy, str(settings.get("table", MAIN_TABLE))):
                if rule.source is not None and link.contains(rule.source):
                    yield rule


def _rule(policy: Mapping[str, Any], table: str) -> Iterator[WantedRule]:
    try:
        source, to = (_end(policy.get(key)) for key in ("from", "to"))
    except ValueError:
        return
    priority = policy.get("priority")
    yield WantedRule(
        source,
        to,
        _table(policy, table),
        None if priority is None else int(priority),
        int(policy.get("mark") or 0),
    )


def _end(text: str | None) -> Prefix | None:
    """``0.0.0.0/0`` is what the kernel shows as all."""
    prefix = None if text is None else parse_prefix(text)
    return prefix if prefix is not None and prefix.length else None


def _table(entry: Mapping[str, Any], default: str) -> str:
    """Netplan takes table 0 for none given."""
    table = str(entry.get("table", "0"))
    return default if table == "0" else table
