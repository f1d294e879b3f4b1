"""Reading netplan2k8s.yaml: every mistake named at its place, unknown keys included."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from netplan2k8s import pci
from netplan2k8s.addressing import parse_prefix
from netplan2k8s.findings import Finding, InputError, Span
from netplan2k8s.hosts import SETTINGS_FILE
from netplan2k8s.inputs import read_bytes
from netplan2k8s.rules.catalogue import INVALID_SETTINGS
from netplan2k8s.settings import (
    OPERATOR_RELEASES,
    JobSettings,
    NodeGroup,
    RailSetting,
    Settings,
)
from netplan2k8s.source import Mapping, Node, marked, parse, span_of

COMPONENTS = ("sriovDevicePlugin", "nvIpam", "multus", "cniPlugins")
META_PLUGINS = ("rdma", "sbr", "tuning")

Reader = Callable[["_Place"], Any]


def find(directory: str) -> str | None:
    """The nearest netplan2k8s.yaml in the directory or above it."""
    current = os.path.abspath(directory)
    while True:
        candidate = os.path.join(current, SETTINGS_FILE)
        if os.path.isfile(candidate):
            return os.path.relpath(candidate) if directory == "." else candidate
        parent = os.path.dirname(current)
        if parent == current:
            return None
        current = parent


def load(path: str) -> Settings:
    """Read the settings of a site.

    Raises:
        InputError: NK001, NK008 or NK020, every mistake of the file at once.
    """
    root = parse(read_bytes(path), path, marks=True)
    if root is None:
        return Settings()
    findings: list[Finding] = []
    values = _mapping(_SETTINGS)(_Place(root, "the settings", path, findings))
    if findings:
        raise InputError(*findings)
    return _settings(values, os.path.dirname(path))


@dataclass(frozen=True, slots=True)
class _Place:
    """A node of the file, what it is called, and where mistakes are collected."""

    node: Node
    name: str
    path: str
    findings: list[Finding]

    def refuse(self, message: str, node: Node | None = None) -> None:
        span = span_of(self.node if node is None else node) or Span(self.path)
        self.findings.append(Finding(INVALID_SETTINGS, message, span))

    def at(self, node: Node, name: str) -> _Place:
        return _Place(node, name, self.path, self.findings)


def _settings(values: dict[str, Any], directory: str) -> Settings:
    known = {field.name for field in fields(Settings)}
    arguments = {name: value for name, value in values.items() if name in known}
    for name in ("node_names",):
        if arguments.get(name):
            arguments[name] = os.path.join(directory, arguments[name])
    if "inventory" in arguments:
        arguments["inventory"] = tuple(
            os.path.join(directory, file) for file in arguments["inventory"]
        )
    if "job" in arguments:
        arguments["job"] = JobSettings(**arguments["job"])
    return Settings(**arguments)


# -- readers: each takes a place, gives a value, and notes what is wrong ---------


def _text(place: _Place) -> str:
    if isinstance(place.node, str):
        return str(place.node)
    place.refuse(f"{place.name} must be text")
    return ""


def _choice(*choices: str) -> Reader:
    def read(place: _Place) -> str:
        text = _text(place)
        if text and text not in choices:
            place.refuse(f"{place.name} {text!r} is none of {', '.join(choices)}")
        return text

    return read


def _boolean(place: _Place) -> bool:
    text = _text(place)
    if text not in {"true", "false"}:
        place.refuse(f"{place.name} {text!r} is neither true nor false")
    return text == "true"


def _count(low: int, high: int) -> Reader:
    def read(place: _Place) -> int:
        text = _text(place)
        if text.isascii() and text.isdigit() and low <= int(text) <= high:
            return int(text)
        place.refuse(f"{place.name} {text!r} is no number from {low} to {high}")
        return low

    return read


def _label(form: re.Pattern[str], example: str) -> Reader:
    """A Kubernetes name; the operator renders some unquoted, so no YAML word."""

    def read(place: _Place) -> str:
        text = _text(place)
        if not form.fullmatch(text) or len(text) > _MAX_LABEL or text in _YAML_WORDS:
            place.refuse(
                f"{place.name} {text!r} can be no name in Kubernetes, as {example} can"
            )
        return text

    return read


_MAX_LABEL = 63
_YAML_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_NAME = _label(re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?"), "rail-1")
_NAMESPACE = _label(
    re.compile(r"(?=.*[a-z])[a-z0-9]([-a-z0-9]*[a-z0-9])?"), "nvidia-network-operator"
)


def _rail_name(place: _Place) -> str:
    text: str = _pattern("{n}")(place)
    if "{n}" in text:
        _NAME(place.at(marked(text.replace("{n}", "1"), place.node), place.name))
    return text


def _pattern(placeholder: str) -> Reader:
    def read(place: _Place) -> str:
        text = _text(place)
        if text.count(placeholder) != 1 or text.count("{") != 1:
            place.refuse(f"{place.name} {text!r} must contain {placeholder} once")
        return text

    return read


def _list_of(item: Reader) -> Reader:
    """A list, or a single value in its place."""

    def read(place: _Place) -> tuple[Any, ...]:
        node = place.node
        if isinstance(node, Mapping) or not isinstance(node, list):
            return (item(place),)
        return tuple(item(place.at(child, place.name)) for child in node)

    return read


def _pci(place: _Place) -> str:
    text = _text(place)
    try:
        return pci.canonical(text)
    except ValueError:
        place.refuse(f"{text!r} is no PCI address such as 0000:1a:00.0")
        return ""


def _prefix(place: _Place) -> str:
    text = _text(place)
    try:
        prefix = parse_prefix(text)
    except ValueError:
        place.refuse(f"{text!r} is no network such as 172.16.0.0/15")
        return ""
    if str(prefix) != text:
        place.refuse(f"{text!r} has host bits or is not canonical; write {prefix}")
    return text


def _mac(place: _Place) -> str:
    text = _text(place).lower()
    octets = text.split(":")
    if len(octets) != 6 or any(len(octet) != 2 for octet in octets):  # noqa: PLR2004
        place.refuse(f"{text!r} is no MAC address such as 02:00:00:00:00:01")
    return text


def _mapping(table: dict[str, Reader], required: tuple[str, ...] = ()) -> Reader:
    def read(place: _Place) -> dict[str, Any]:
        if not isinstance(place.node, Mapping):
            place.refuse(f"{place.name} must be a mapping of {', '.join(table)}")
            return {}
        values: dict[str, Any] = {}
        pairs = iter(place.node)
        for key, node in zip(pairs, pairs, strict=True):
            _take(key, node, place, table, values)
        for key in required:
            if key not in values:
                place.refuse(f"{place.name} lacks {key}")
        return values

    return read


def _take(
    key: Node,
    node: Node,
    place: _Place,
    table: dict[str, Reader],
    values: dict[str, Any],
) -> None:
    if not isinstance(key, str) or key not in table:
        place.refuse(f"unknown key {key!r} in {place.name}{_suggest(key, table)}", key)
    elif key in values:
        place.refuse(f"key {str(key)!r} is repeated in {place.name}", key)
    else:
        values[str(key)] = table[key](place.at(node, str(key)))


def _suggest(key: Node, table: dict[str, Reader]) -> str:
    near = difflib.get_close_matches(str(key), table, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(table)}"


def _free_mapping(value: Reader) -> Reader:
    def read(place: _Place) -> tuple[tuple[str, Any], ...]:
        if not isinstance(place.node, Mapping):
            place.refuse(f"{place.name} must be a mapping")
            return ()
        pairs = iter(place.node)
        return tuple(
            (str(key), value(place.at(node, str(key))))
            for key, node in zip(pairs, pairs, strict=True)
        )

    return read


_RAIL = _mapping(
    {
        "number": _count(0, 255),
        "name": _NAME,
        "interface": _text,
        "mac": _list_of(_mac),
        "pci": _list_of(_pci),
        "cidr": _prefix,
    },
    required=("number",),
)


def _rail(place: _Place) -> RailSetting:
    values = _RAIL(place)
    if not values.keys() & {"interface", "mac", "pci", "cidr"}:
        place.refuse("a rail needs interface, mac, pci or cidr to be recognised by")
    return RailSetting(
        number=values.get("number", 0),
        name=values.get("name", ""),
        interface=values.get("interface", ""),
        macs=values.get("mac", ()),
        pci_addresses=values.get("pci", ()),
        cidr=values.get("cidr", ""),
    )


_GROUP = _mapping(
    {
        "name": _text,
        "nodes": _list_of(_text),
        "node_selector": _free_mapping(_text),
    },
    required=("name", "nodes", "node_selector"),
)


def _group(place: _Place) -> NodeGroup:
    values = _GROUP(place)
    return NodeGroup(
        name=values.get("name", ""),
        nodes=values.get("nodes", ()),
        node_selector=values.get("node_selector", ()),
    )


_IMAGE = _mapping({"repository": _text, "image": _text, "version": _text})


def _image(place: _Place) -> tuple[str, str, str]:
    values = _IMAGE(place)
    return (
        values.get("repository", ""),
        values.get("image", ""),
        values.get("version", ""),
    )


def _images(place: _Place) -> tuple[tuple[str, tuple[str, str, str]], ...]:
    values = _mapping(dict.fromkeys(COMPONENTS, _image))(place)
    return tuple(values.items())


def _rails(place: _Place) -> tuple[RailSetting, ...]:
    rails: tuple[RailSetting, ...] = _list_of(_rail)(place)
    for repeated in _repeated([rail.number for rail in rails]):
        place.refuse(f"rail number {repeated} is given twice")
    for name in _repeated([rail.name for rail in rails if rail.name]):
        place.refuse(f"rail name {name} is given twice")
    return rails


def _repeated(values: list[Any]) -> list[Any]:
    return sorted({value for value in values if values.count(value) > 1})


_JOB: dict[str, Reader] = {
    "name": _NAME,
    "namespace": _NAMESPACE,
    "image": _text,
    "command": _list_of(_text),
    "gpus_per_node": _count(0, 64),
    "shared_memory": _text,
    "ipc_lock": _boolean,
}

_SETTINGS: dict[str, Reader] = {
    "rails": _rails,
    "rail_name": _rail_name,
    "first_rail": _count(0, 255),
    "operator_release": _choice(*OPERATOR_RELEASES),
    "operator_namespace": _NAMESPACE,
    "network_namespace": _NAMESPACE,
    "admission_controller": _boolean,
    "network_kind": _choice("hostdevicenetwork", "nad"),
    "meta_plugins": _list_of(_choice(*META_PLUGINS)),
    "policy": _choice("patch", "full"),
    "images": _images,
    "job": _mapping(_JOB),
    "node_groups": _list_of(_group),
    "node_name": _pattern("{name}"),
    "node_names": _text,
    "inventory": _list_of(_text),
    "exclude_nodes": _list_of(_text),
    "ignore_interfaces": _list_of(_text),
    "pci": _free_mapping(_pci),
}
