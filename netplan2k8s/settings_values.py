"""Readers of single settings: each takes a place, gives a value, notes mistakes."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from netplan2k8s import pci
from netplan2k8s.addressing import parse_prefix
from netplan2k8s.catalogue import INVALID_SETTINGS
from netplan2k8s.findings import Finding, Span
from netplan2k8s.source import Mapping, Node, marked, span_of

Reader = Callable[["Place"], Any]


@dataclass(frozen=True, slots=True)
class Place:
    """A node of the file, what it is called, and where mistakes are collected."""

    node: Node
    name: str
    path: str
    findings: list[Finding]

    def refuse(self, message: str, node: Node | None = None) -> None:
        span = span_of(self.node if node is None else node) or Span(self.path)
        self.findings.append(Finding(INVALID_SETTINGS, message, span))

    def at(self, node: Node, name: str) -> Place:
        return Place(node, name, self.path, self.findings)


def text(place: Place) -> str:
    if isinstance(place.node, str):
        return str(place.node)
    place.refuse(f"{place.name} must be text")
    return ""


def choice(*choices: str) -> Reader:
    def read(place: Place) -> str:
        given = text(place)
        if given and given not in choices:
            place.refuse(f"{place.name} {given!r} is none of {', '.join(choices)}")
        return given

    return read


def boolean(place: Place) -> bool:
    given = text(place)
    if given not in {"true", "false"}:
        place.refuse(f"{place.name} {given!r} is neither true nor false")
    return given == "true"


def count(low: int, high: int) -> Reader:
    def read(place: Place) -> int:
        given = text(place)
        if given.isascii() and given.isdigit() and low <= int(given) <= high:
            return int(given)
        place.refuse(f"{place.name} {given!r} is no number from {low} to {high}")
        return low

    return read


def label(form: re.Pattern[str], example: str) -> Reader:
    """A Kubernetes name; the operator renders some unquoted, so no YAML word."""

    def read(place: Place) -> str:
        given = text(place)
        if not form.fullmatch(given) or len(given) > _MAX_LABEL or given in _YAML_WORDS:
            place.refuse(
                f"{place.name} {given!r} can be no name in Kubernetes, as {example} can"
            )
        return given

    return read


_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_MAX_LABEL = 63
_YAML_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
NAME = label(re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?"), "rail-1")
NAMESPACE = label(
    re.compile(r"(?=.*[a-z])[a-z0-9]([-a-z0-9]*[a-z0-9])?"), "nvidia-network-operator"
)


def rail_name(place: Place) -> str:
    given: str = pattern("{n}")(place)
    if "{n}" in given:
        NAME(place.at(marked(given.replace("{n}", "1"), place.node), place.name))
    return given


def pattern(placeholder: str) -> Reader:
    def read(place: Place) -> str:
        given = text(place)
        if given.count(placeholder) != 1 or given.count("{") != 1:
            place.refuse(f"{place.name} {given!r} must contain {placeholder} once")
        return given

    return read


def list_of(item: Reader) -> Reader:
    """A list, or a single value in its place."""

    def read(place: Place) -> tuple[Any, ...]:
        node = place.node
        if isinstance(node, Mapping) or not isinstance(node, list):
            return (item(place),)
        return tuple(item(place.at(child, place.name)) for child in node)

    return read


def pci_address(place: Place) -> str:
    given = text(place)
    try:
        return pci.canonical(given)
    except ValueError:
        place.refuse(f"{given!r} is no PCI address such as 0000:1a:00.0")
        return ""


def prefix(place: Place) -> str:
    given = text(place)
    try:
        network = parse_prefix(given)
    except ValueError:
        place.refuse(f"{given!r} is no network such as 172.16.0.0/15")
        return ""
    if str(network) != given:
        place.refuse(f"{given!r} has host bits or is not canonical; write {network}")
    return given


def mac(place: Place) -> str:
    given = text(place).lower()
    if not _MAC.fullmatch(given):
        place.refuse(f"{given!r} is no MAC address such as 02:00:00:00:00:01")
    return given


def mapping(table: dict[str, Reader], required: tuple[str, ...] = ()) -> Reader:
    def read(place: Place) -> dict[str, Any]:
        if not isinstance(place.node, Mapping):
            place.refuse(f"{place.name} must be a mapping of {', '.join(table)}")
            return {}
        values: dict[str, Any] = {}
        pairs = iter(place.node)
        for key, node in zip(pairs, pairs, strict=True):
            take(key, node, place, table, values)
        for key in required:
            if key not in values:
                place.refuse(f"{place.name} lacks {key}")
        return values

    return read


def take(
    key: Node,
    node: Node,
    place: Place,
    table: dict[str, Reader],
    values: dict[str, Any],
) -> None:
    if not isinstance(key, str) or key not in table:
        place.refuse(f"unknown key {key!r} in {place.name}{suggest(key, table)}", key)
    elif key in values:
        place.refuse(f"key {str(key)!r} is repeated in {place.name}", key)
    else:
        values[str(key)] = table[key](place.at(node, str(key)))


def suggest(key: Node, table: dict[str, Reader]) -> str:
    near = difflib.get_close_matches(str(key), table, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(table)}"


def free_mapping(value: Reader) -> Reader:
    def read(place: Place) -> tuple[tuple[str, Any], ...]:
        if not isinstance(place.node, Mapping):
            place.refuse(f"{place.name} must be a mapping")
            return ()
        pairs = iter(place.node)
        return tuple(
            (str(key), value(place.at(node, str(key))))
            for key, node in zip(pairs, pairs, strict=True)
        )

    return read
