"""What netplan takes and warns of, or takes and then fails on.

Source: netplan 1.2, src/parse.c, src/validation.c and src/networkd.c.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from netplan2k8s import catalogue
from netplan2k8s.findings import Finding, Rule, Span
from netplan2k8s.netplan import scalars as s
from netplan2k8s.netplan.engine import State
from netplan2k8s.netplan.model import PHYSICAL, Definition
from netplan2k8s.netplan.networkd import passed_on
from netplan2k8s.netplan.routing import DEFAULTS
from netplan2k8s.source import span_of

_MAX_NAME = 15
_SECTIONS_OF_1 = ("dummy-devices", "virtual-ethernets")
_KEYS_OF_1 = frozenset({"ra-overrides", "hairpin", "port-mac-learning"})
_NAMED_BY_OTHERS = PHYSICAL | {"nm-devices"}


def warnings(state: State, node_name: str, labels: Sequence[str]) -> Iterator[Finding]:
    """What netplan takes and warns of, and what networkd will not."""
    fallback = Span(labels[-1] if labels else node_name)
    for definition in state.definitions.values():
        settings = definition.settings
        if not (
            state.unusual
            or not _WARNED_OF.isdisjoint(settings)
            or len(settings.get("set-name", "")) > _MAX_NAME
            or len(definition.id) > _MAX_NAME
            or definition.section in _SECTIONS_OF_1
        ):
            continue
        found = [*_key_warnings(definition), *_address_warnings(definition)]
        if _is_networkd(state, definition):
            found += _refused_at_generate(definition)
        for rule, message, where in found:
            span = span_of(where) or definition.span or fallback
            yield Finding(rule, message, span, node=node_name)
        state.default_routes += "gateway4" in settings
        state.default_routes += "gateway6" in settings
    for message, where in _default_routes(state) if state.default_routes > 1 else ():
        span = span_of(where) or fallback
        yield Finding(catalogue.NETPLAN_WARNING, message, span, node=node_name)


def _address_warnings(
    definition: Definition,
) -> Iterator[tuple[Rule, str, object]]:
    for item in definition.settings.get("addresses", ()):
        text = item if isinstance(item, str) else next(iter(item))
        length = text[text.rfind("/") + 1 :]
        if not length.isdigit() or length[0] == "0":
            message = f"address '{text}': {passed_on(text)}"
            yield catalogue.LOOSE_NUMBER, message, text


_WARNED_OF = _KEYS_OF_1 | {
    "gateway4",
    "gateway6",
    "macaddress",
    "dhcp4-overrides",
    "dhcp6-overrides",
}


def _key_warnings(definition: Definition) -> Iterator[tuple[Rule, str, object]]:
    settings = definition.settings
    for key in ("gateway4", "gateway6"):
        if key in settings:
            message = f"{key} of {definition.id} is deprecated; write a default route"
            yield catalogue.NETPLAN_WARNING, message, settings[key]
    set_name = settings.get("set-name", "")
    if len(set_name) > _MAX_NAME:
        message = f"set-name '{set_name}' is over {_MAX_NAME} characters: ignored"
        yield catalogue.NETPLAN_WARNING, message, set_name
    if len(definition.id) > _MAX_NAME and definition.section not in _NAMED_BY_OTHERS:
        message = (
            f"ID '{definition.id}' is over {_MAX_NAME} characters: it would be the"
            " interface's name, and no such interface is made"
        )
        yield catalogue.NETPLAN_WARNING, message, definition.id
    for words, where in _newer_than_0(definition):
        message = (
            f"netplan before 1.0 refuses {words} of {definition.id}, and the whole host"
            " with it"
        )
        yield catalogue.VERSION_DEPENDENT, message, where


def _newer_than_0(definition: Definition) -> Iterator[tuple[str, object]]:
    """What netplan before 1.0 refuses, checked against 0.106: (words, place)."""
    settings = definition.settings
    if definition.section in _SECTIONS_OF_1:
        yield definition.section, definition.id
    for key in sorted(_KEYS_OF_1 & settings.keys()):
        yield key, settings[key]
    word = settings.get("macaddress", "")
    if word and ":" not in word:
        yield f"macaddress: {word}", word
    for route in settings.get("routes", ()):
        if "advertised-mss" in route:
            yield "advertised-mss", route["advertised-mss"]


# -- what netplan reads, and then cannot write for systemd-networkd -------------------


def _is_networkd(state: State, definition: Definition) -> bool:
    backend = definition.backend or state.settings.get("renderer", "networkd")
    return backend != "NetworkManager" and definition.section != "nm-devices"


def _refused_at_generate(
    definition: Definition,
) -> Iterator[tuple[Rule, str, object]]:
    """The first thing that ends ``netplan generate``, whose parser saw nothing wrong.

    Checked against 0.106; 1.2 has the same (src/networkd.c, src/util.c).
    """
    settings = definition.settings
    for route in settings.get("routes", ()):
        if route.get("to") == "default" and not route.keys() & {"via", "from"}:
            message = (
                "netplan generate crashes on 'default' without 'via', whose family"
                " it cannot tell; add 'via', or write 0.0.0.0/0 or ::/0"
            )
            yield catalogue.NETPLAN_CRASH, message, route["to"]
            return
    if settings.get("dhcp4") == "true" and settings.get("dhcp6") == "true":
        yield from _unequal_overrides(definition)


# In netplan's order, with what holds where an override is not given.
_OVERRIDES = {
    "use-dns": "true",
    "use-domains": None,
    "use-ntp": "true",
    "send-hostname": "true",
    "use-hostname": "true",
    "use-mtu": "true",
    "hostname": None,
    "route-metric": str(s.UINT_MAX),
    "use-routes": "true",
}


def _unequal_overrides(
    definition: Definition,
) -> Iterator[tuple[Rule, str, object]]:
    four = definition.settings.get("dhcp4-overrides", {})
    six = definition.settings.get("dhcp6-overrides", {})
    for key, default in _OVERRIDES.items():
        if four.get(key, default) != six.get(key, default):
            message = (
                f"{definition.id}: networkd requires that {key} has the same value in"
                " both dhcp4_overrides and dhcp6_overrides;"
                f" {_said(four, key)} and {_said(six, key)} differ"
            )
            yield catalogue.INVALID_VALUE, message, six.get(key, four.get(key))
            return


def _said(overrides: dict[str, str], key: str) -> str:
    return f"'{overrides[key]}'" if key in overrides else "none"


# -- default routes ----------------------------------------------------------------


def _default_routes(state: State) -> Iterator[tuple[str, object]]:
    """Several default routes of one family in one table with one metric."""
    seen: dict[tuple[int, str, str], list[tuple[str, object]]] = defaultdict(list)
    for definition in state.definitions.values():
        settings = definition.settings
        for key, family in (("gateway4", 4), ("gateway6", 6)):
            if key in settings:
                seen[family, "0", ""].append((definition.id, settings[key]))
        for route in settings.get("routes", ()):
            to = route.get("to", "")
            if to in DEFAULTS and "via" in route:
                table = settings.get("table", "0") if _is_vrf(definition) else "0"
                slot = route.get("table", table), route.get("metric", "")
                seen[s.family(route["via"]), *slot].append((definition.id, to))
    for holders in seen.values():
        if len(holders) > 1:
            names = ", ".join(dict.fromkeys(name for name, _ in holders))
            message = f"conflicting default routes of one table and metric on {names}"
            yield message, holders[-1][1]


def _is_vrf(definition: Definition) -> bool:
    return definition.section == "vrfs"
