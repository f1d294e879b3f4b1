"""What a definition and its routes say, one question at a time; nothing is judged."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from netplan2k8s.addressing import (
    Address,
    InterfaceAddress,
    Prefix,
    parse_address,
    parse_interface,
    parse_prefix,
)
from netplan2k8s.fabric.translation import ROUTE_KEYS, SETTINGS, Fate
from netplan2k8s.netplan import Definition, HostNetwork

_TRUE = frozenset({"true", "on", "yes", "y"})
_MAIN_TABLE = frozenset({"0", "254"})  # netplan takes 0 for none given


def looks_like_rail(
    definition: Definition, addresses: Sequence[object], host: HostNetwork
) -> bool:
    """Whether a link has the marks of a rail (design D4).

    A /31 or /127 is one by itself; a /30, /29 or an IPv6 /64 only with a route over a
    neighbour on the link, and without a default route, which management links have;
    on anything but an ethernet a /31 with one is no rail either.
    """
    widths = [_host_bits(address_text(item)) for item in addresses]
    if 1 in widths:
        return definition.section == "ethernets" or not has_default(host, definition)
    if not any(width in (2, 3, 64) for width in widths):
        return False
    routes = list(routes_over(host, definition))
    return not has_default(host, definition) and any("via" in route for route in routes)


def _host_bits(text: str) -> int:
    """The host bits of an address text as netplan reads it, loosely; 0 for none."""
    if text.endswith("/31") and ":" not in text:
        return 1
    head, slash, length = text.partition("/")
    digits = length.strip()
    if not slash:
        return 0
    number = _leading_number(digits)
    if number is None:
        return 0
    bits = (128 if ":" in head else 32) - number
    return bits if bits != 64 or ":" in head else 0  # noqa: PLR2004


@lru_cache(maxsize=512)
def _leading_number(text: str) -> int | None:
    end = len(text) - len(text.lstrip("+0123456789"))
    digits = text[:end].lstrip("+")
    return int(digits) if digits.isascii() and digits.isdigit() else None


def address_text(item: object) -> str:
    """An entry of ``addresses``: text, or a mapping of it to options."""
    return next(iter(item)) if isinstance(item, dict) else item  # type: ignore[return-value]


def are_both_families(texts: Iterable[str]) -> bool:
    return len({":" in text for text in texts}) == 2  # noqa: PLR2004


def routes_over(host: HostNetwork, definition: Definition) -> Sequence[dict[str, str]]:
    """The routes of an interface, and those of its VRF over its gateway.

    The table of a VRF's route is the VRF's, whether the route says so or not.
    """
    own = definition.settings.get("routes") or ()
    return [*own, *_of_vrf(host, definition)] if definition.vrf else own


def _of_vrf(host: HostNetwork, definition: Definition) -> Iterator[dict[str, str]]:
    if definition.vrf:
        master = host.definitions[definition.vrf].settings
        prefixes = [
            parse_interface(text).prefix
            for text in map(address_text, definition.settings["addresses"])
            if _is_strict(text)
        ]
        for route in master.get("routes") or ():
            if "via" in route and _is_via(route["via"], prefixes):
                yield {**route, "table": master["table"]}


def _is_strict(text: str) -> bool:
    try:
        parse_interface(text)
    except ValueError:
        return False
    return True


def _is_via(via: str, prefixes: Sequence[Prefix]) -> bool:
    try:
        gateway = parse_address(via.partition("/")[0])
    except ValueError:
        return False
    return any(prefix.holds(gateway) for prefix in prefixes)


def is_default(to: str) -> bool:
    return to == "default" or to.endswith("/0")


def has_default(host: HostNetwork, definition: Definition) -> bool:
    routes = routes_over(host, definition)
    return next(main_defaults(definition, routes), None) is not None


def main_defaults(
    definition: Definition, routes: Iterable[dict[str, str]]
) -> Iterator[tuple[str, bool]]:
    """The default routes of the main table: (text, whether it is IPv4).

    Those of other tables are half of a source-based routing that rails often have;
    no other program takes them for the host's way out.
    """
    for route in routes:
        to = route.get("to", "")
        if is_default(to) and route.get("table", "0") in _MAIN_TABLE:
            yield to, ":" not in to + route.get("via", "")
    for key in ("gateway4", "gateway6"):
        if key in definition.settings:
            yield definition.settings[key], key == "gateway4"


@lru_cache(maxsize=4096)
def default_of(texts: tuple[str, ...]) -> str:
    """The first destination that is everything; "" where none is."""
    return next((text for text in texts if is_default(text)), "")


@lru_cache(maxsize=4096)
def destinations(texts: tuple[str, ...], family: int) -> tuple[Prefix, ...]:
    prefixes = [parse_prefix(text) for text in texts if not is_default(text)]
    return tuple(dict.fromkeys(p for p in prefixes if p.family == family))


def peer(address: InterfaceAddress) -> str:
    return str(address.address._replace(value=address.value ^ 1))


def end_of(prefix: Prefix, value: int) -> str:
    """Which address of a link is no host's: the lowest, and the last in IPv4."""
    if value == prefix.value:
        return "network"
    is_last = prefix.family == 4 and value == prefix.last  # noqa: PLR2004
    return "broadcast" if is_last else ""


def pods_range(prefix: Prefix) -> tuple[Address, Address]:
    """The first and the last address that nv-ipam gives to pods of a link."""
    last = prefix.last - (prefix.family == 4)  # noqa: PLR2004
    return Address(prefix.family, prefix.value + 1), Address(prefix.family, last)


def mtu(definition: Definition) -> int | None:
    text = definition.settings.get("mtu")
    return int(text) if isinstance(text, str) and text.isdigit() and int(text) else None


def match_mac(definition: Definition) -> str:
    match = definition.settings.get("match")
    return str(match.get("macaddress", "")).lower() if isinstance(match, dict) else ""


def is_true(definition: Definition, key: str) -> bool:
    return str(definition.settings.get(key, "")).lower() in _TRUE


def matches_any(globs: Sequence[str], *names: str) -> bool:
    return any(fnmatch.fnmatchcase(name, glob) for glob in globs for name in names)


def lies_in(addresses: Sequence[object], cidr: str) -> bool:
    prefix = parse_prefix(cidr)
    texts = map(address_text, addresses)
    return any(
        prefix.holds(parse_interface(text).address)
        for text in texts
        if _is_strict(text)
    )


def untranslated(host: HostNetwork, definition: Definition) -> tuple[str, ...]:
    routes = definition.settings.get("routes") or ()
    extra: frozenset[str] = frozenset()
    for route in routes:
        if len(route) > 2 or "via" not in route:  # noqa: PLR2004
            extra = extra.union(route)
    if definition.vrf and next(_of_vrf(host, definition), None):
        extra = extra.union(("table",))
    return _untranslated_keys(tuple(definition.settings), extra)


@lru_cache(maxsize=1024)
def _untranslated_keys(
    keys: tuple[str, ...], routes: frozenset[str]
) -> tuple[str, ...]:
    outer = [key for key in keys if SETTINGS[key].fate is not Fate.TRANSLATED]
    inner = [
        f"routes.{key}" for key in routes if ROUTE_KEYS[key].fate is not Fate.TRANSLATED
    ]
    return tuple(sorted(outer + inner))
