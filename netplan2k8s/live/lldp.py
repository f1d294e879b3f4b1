"""``lldpctl -f json`` and ``-f json0`` to neighbors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from netplan2k8s.findings import visible
from netplan2k8s.inventory.facts import UnreadableError
from netplan2k8s.inventory.ip_link import load_list
from netplan2k8s.live.state import Neighbor

COMMAND = "lldpctl -f json"
_SWITCHES = frozenset({"bridge", "router"})


def neighbors(text: str) -> tuple[Neighbor, ...]:
    """Every neighbor on every interface, as LLDP alone told it.

    ``json`` puts one thing where there is one and a list where there are several, and
    a chassis below its name; ``json0`` has lists throughout, and the name within.

    Raises:
        UnreadableError: it is no output of the command.
    Source: lldpcli(8), ``-f``; lldpd issue 236.
    """
    tops = load_list(text, f"the JSON of `{COMMAND}`")
    if not tops or not all(isinstance(top, dict) and "lldp" in top for top in tops):
        raise UnreadableError(f"is not the JSON of `{COMMAND}`: no lldp at its top")
    found: dict[Neighbor, None] = {}
    for top in tops:
        for lldp in _each(top["lldp"]):
            for name, entry in _named(lldp.get("interface"), "name"):
                found.update(dict.fromkeys(_neighbor(name, entry)))
    return tuple(found)


def _neighbor(interface: str, entry: dict[str, Any]) -> Iterator[Neighbor]:
    if str(entry.get("via", "LLDP")).upper() not in ("LLDP", "UNKNOWN"):
        return
    port = next(_each(entry.get("port")), {})
    for name, chassis in _named(entry.get("chassis"), "name", beside="id"):
        can = [
            str(item.get("type", "")).lower()
            for item in _each(chassis.get("capability"))
            if item.get("enabled") is True
        ]
        yield Neighbor(
            interface,
            _printable(_value(chassis.get("id"))),
            _printable(name),
            _printable(_value(port.get("id")) or _value(port.get("descr"))),
            # Without the optional capabilities anything may be a switch.
            not can or not _SWITCHES.isdisjoint(can),
        )


def _printable(text: str) -> str:
    """A switch's own words on one line, of which no terminal makes a command."""
    return visible(text.encode("utf-8", "backslashreplace").decode())


def _named(
    value: object, key: str, beside: str = ""
) -> Iterator[tuple[str, dict[str, Any]]]:
    """(name, object), be the name a key around it or, as ``beside`` is, within."""
    for item in _each(value):
        if key in item or (beside and beside in item):
            yield _value(item.get(key)), item
        else:
            for name, inner in item.items():
                for entry in _each(inner):
                    yield str(name), entry


def _each(value: object) -> Iterator[dict[str, Any]]:
    for item in value if isinstance(value, list) else (value,):
        if isinstance(item, dict):
            yield item


def _value(value: object) -> str:
    """A text, or that of the first ``value`` in it."""
    if isinstance(value, list):
        value = value[0] if value else ""
    if isinstance(value, dict):
        value = value.get("value", "")
    return value if isinstance(value, str) else ""
