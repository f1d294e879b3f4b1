"""What the kernel of a namespace has of an interface."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any, NamedTuple

from tests.packets.namespaces import shown

_OF_THE_KERNEL = (0, 32766, 32767)


class State(NamedTuple):
    """An interface: MTU in bytes, global addresses, routes over gateways, rules.

    A rule names no interface: those that start from one of its addresses, or from
    another that ``state`` was given, are its.
    """

    is_up: bool
    mtu: int
    addresses: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()


def names(namespace: str) -> set[str]:
    return {link["ifname"] for link in shown(namespace, "link", "show")}


def states(namespace: str, of_rules: dict[str, tuple[str, ...]]) -> dict[str, State]:
    """The state of all interfaces; ``of_rules`` says whose addresses rules start from."""
    routes = list(_routes(namespace))
    policies = rules(namespace)
    found = {}
    for link in shown(namespace, "addr", "show"):
        name = link["ifname"]
        addresses = [
            f"{address['local']}/{address['prefixlen']}"
            for address in link["addr_info"]
            if address["scope"] == "global" and not address.get("tentative")
        ]
        sources = {text.partition("/")[0] for text in addresses}
        sources |= {text.partition("/")[0] for text in of_rules.get(name, ())}
        found[name] = State(
            "UP" in link["flags"],
            link["mtu"],
            tuple(sorted(addresses)),
            tuple(sorted(text for device, text in routes if device == name)),
            tuple(rule for rule in policies if rule.split()[1] in sources),
        )
    return found


def rules(namespace: str) -> list[str]:
    """The policy rules that somebody added, of both families, by their sources."""
    return sorted(
        f"from {rule['src']} lookup {rule['table']}"
        for family in ("-4", "-6")
        for rule in shown(namespace, family, "rule", "show")
        if rule["priority"] not in _OF_THE_KERNEL
    )


def _routes(namespace: str) -> Iterator[tuple[str, str]]:
    """Every route over a gateway, with its device; one with several hops is several."""
    for family in ("-4", "-6"):
        for route in shown(namespace, family, "route", "show", "table", "all"):
            for hop in route.get("nexthops", [route]):
                if "gateway" in hop:
                    yield hop["dev"], _text(route, hop)


def _text(route: dict[str, Any], hop: dict[str, Any]) -> str:
    destination = route["dst"]
    if destination != "default":
        destination = str(ip_network(destination))
    return f"{destination} via {hop['gateway']} table {route.get('table', 'main')}"
