"""``ip -d -j addr``, ``ip -j route show table all`` and ``ip -j rule`` to values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from netplan2k8s.addressing import (
    Address,
    InterfaceAddress,
    Prefix,
    parse_address,
    parse_interface,
    parse_prefix,
)
from netplan2k8s.inventory.facts import UnreadableError
from netplan2k8s.live.entries import entries, listed, objects, typed
from netplan2k8s.live.state import MAIN_TABLE, LiveInterface, LiveRoute, LiveRule

ADDRESSES = "ip -d -j addr"
ROUTES = "ip -j route show table all"
RULES = "ip -j rule"
T = TypeVar("T")
# Numbers are those of rtnetlink(7); with `ip -N` the tables have no names.
_TABLES = {"main": MAIN_TABLE, "default": "253", "local": "255"}
_BY_ITSELF = frozenset({"kernel", "redirect", "1", "2"})
_BY_ADVERTISEMENT = frozenset({"ra", "9"})
_NO_CARRIER = frozenset({"DOWN", "LOWERLAYERDOWN", "NOTPRESENT"})
# Selectors of a rule that are no keys of routing-policy.
_BEYOND_NETPLAN = frozenset(
    {"not", "iif", "oif", "ipproto", "sport", "dport", "uid_start", "tun_id"}
)
# Of an interface address: by router advertisements, and the kernel's own link-local.
_ADDRESS_BY_ITSELF = frozenset({"kernel_ll", "kernel_ra"})


def interfaces(text: str) -> tuple[LiveInterface, ...]:
    """All interfaces, in the order of the kernel.

    Raises:
        UnreadableError: it is no output of the command.
    """
    found = listed(text, ADDRESSES, "no interface", "ifname", "addr_info")
    return tuple(map(_interface, found))


def _interface(entry: dict[str, Any]) -> LiveInterface:
    flags = typed(entry, "flags", list[Any]())
    master = typed(entry, "master", "")
    mac = typed(entry, "permaddr", "" if master else typed(entry, "address", ""))
    lost = "NO-CARRIER" in flags or typed(entry, "operstate", "") in _NO_CARRIER
    return LiveInterface(
        name=typed(entry, "ifname", ""),
        altnames=tuple(map(str, typed(entry, "altnames", list[Any]()))),
        mac=mac.lower(),
        mtu=typed(entry, "mtu", 0),
        master=master,
        kind=typed(typed(entry, "linkinfo", dict[str, Any]()), "info_kind", ""),
        link_type=typed(entry, "link_type", ""),
        is_up="UP" in flags,
        has_carrier="UP" in flags and not lost,
        addresses=tuple(_addresses(entry)),
    )


def _addresses(entry: dict[str, Any]) -> Iterator[InterfaceAddress]:
    for item in objects(entry, "addr_info"):
        is_dynamic = item.get("family") == "inet6" and item.get("dynamic") is True
        if (
            item.get("family") not in ("inet", "inet6")
            or typed(item, "scope", "global") in ("link", "host")
            or item.get("protocol") in _ADDRESS_BY_ITSELF
            or is_dynamic
        ):
            continue
        text = f"{typed(item, 'local', '')}/{typed(item, 'prefixlen', 0)}"
        yield _or_unreadable(parse_interface, text)


def routes(text: str) -> tuple[LiveRoute, ...]:
    """The routes over gateways that somebody set up, whatever their table.

    Raises:
        UnreadableError: it is no output of the command.
    """
    found: dict[LiveRoute, None] = {}
    for entry in entries(text, ROUTES, "dst"):
        is_unicast = typed(entry, "type", "unicast") in ("unicast", "1")
        table = _table(entry)
        if is_unicast and not _is_by_itself(entry) and table != _TABLES["local"]:
            found.update(dict.fromkeys(_next_hops(entry, table)))
    return tuple(found)


def _is_by_itself(entry: dict[str, Any]) -> bool:
    """Whether the kernel made it, or a router did that offers no way out."""
    protocol = str(entry.get("protocol", ""))
    is_advertised = protocol in _BY_ADVERTISEMENT and entry.get("dst") != "default"
    return protocol in _BY_ITSELF or is_advertised


def _next_hops(entry: dict[str, Any], table: str) -> Iterator[LiveRoute]:
    for hop in (entry, *objects(entry, "nexthops")):
        gateway = _gateway(hop)
        if gateway is not None:
            family = 4 if "via" in hop else gateway.family
            to = _destination(typed(entry, "dst", ""), family)
            name = typed(hop, "dev", typed(entry, "dev", ""))
            yield LiveRoute(to, gateway, name, table)


def _gateway(hop: dict[str, Any]) -> Address | None:
    """The gateway; RFC 8950 lets it be of the other family, which ``via`` tells."""
    text = typed(hop, "gateway", "") or typed(
        typed(hop, "via", dict[str, Any]()), "host", ""
    )
    return _or_unreadable(parse_address, text) if text else None


def _destination(text: str, family: int) -> Prefix:
    if text == "default":
        return Prefix(family, 0, 0)
    return _or_unreadable(parse_prefix, text)


def families(text: str) -> frozenset[int]:
    """Of which families a listing has any route, the kernel's own among them.

    Raises:
        UnreadableError: it is no output of the command.
    """
    found = listed(text, ROUTES, "no route, and not even the kernel's own")
    ends = (typed(entry, "dst", "") for entry in found)
    return frozenset(6 if ":" in dst else 4 for dst in ends if dst != "default")


def rules(text: str) -> tuple[LiveRule, ...]:
    """The rules that Netplan could have made, but for those the kernel begins with.

    Raises:
        UnreadableError: it is no output of the command.
    """
    none = "no rule, and not even the kernel's own"
    return _rules(listed(text, RULES, none, "priority"))


def rules6(text: str) -> tuple[LiveRule, ...]:
    """The same for IPv6, of which a kernel without it has none.

    Raises:
        UnreadableError: as ``rules``.
    """
    return _rules(entries(text, RULES, "priority"))


def _rules(given: Iterable[dict[str, Any]]) -> tuple[LiveRule, ...]:
    found = []
    for entry in given:
        priority = typed(entry, "priority", 0)
        is_plain = "table" in entry and _BEYOND_NETPLAN.isdisjoint(entry)
        if priority in (0, 32766, 32767) or not is_plain:
            continue
        mark = typed(entry, "fwmark", "0")
        rule = LiveRule(
            _ends(entry, "src"),
            _ends(entry, "dst"),
            _table(entry),
            priority,
            _or_unreadable(lambda text: int(text, 0), mark),
        )
        found.append(rule)
    return tuple(found)


def _ends(entry: dict[str, Any], key: str) -> Prefix | None:
    text = typed(entry, key, "all")
    if text == "all":
        return None
    length = entry.get(f"{key}len")
    return _or_unreadable(parse_prefix, text if length is None else f"{text}/{length}")


def _table(entry: dict[str, Any]) -> str:
    text = str(entry.get("table", MAIN_TABLE))
    return _TABLES.get(text, text)


def _or_unreadable(parse: Callable[[str], T], text: str) -> T:
    try:
        return parse(text)
    except ValueError as error:
        raise UnreadableError(f"is not as its program writes it: {error}") from error
