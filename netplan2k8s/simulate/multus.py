"""The networks annotation of a pod as Multus reads it.

Source: multus-cni v4.3, pkg/k8sclient/k8sclient.go: a text with a bracket, a brace or a
double quote is a JSON list of objects, any other a list with commas between.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from netplan2k8s.addressing import parse_address, parse_interface
from netplan2k8s.manifests.json_text import JsonError, JsonText

_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?")
_MAX_INTERFACE = 15
_BLANKS = " \t\n\v\f\r"
_TEXTS = (
    "name",
    "namespace",
    "interface",
    "interfaceRequest",
    "mac",
    "infiniband-guid",
    "deviceID",
)
_LISTS = ("ips", "default-route", "portMappings")
_OBJECTS = ("cni-args", "bandwidth")
_HEX = r"[0-9A-Fa-f]"
_MAC = re.compile(
    rf"{_HEX}{{2}}(?:(?P<mark>[:-]){_HEX}{{2}}(?:(?P=mark){_HEX}{{2}}){{4}}"
    rf"(?:(?:(?P=mark){_HEX}{{2}}){{2}}|(?:(?P=mark){_HEX}{{2}}){{14}})?)"
    rf"|{_HEX}{{4}}(?:(?:\.{_HEX}{{4}}){{2,3}}|(?:\.{_HEX}{{4}}){{9}})"
)


class Selection(NamedTuple):
    """One network of a pod: ``interface`` is empty where Multus numbers it."""

    namespace: str
    name: str
    interface: str


class MultusError(ValueError):
    """An annotation that Multus refuses, at the character where it does."""

    def __init__(self, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.offset = offset


def parse(text: str, namespace: str) -> list[Selection]:
    """Read an annotation; networks without a namespace are the pod's.

    Raises:
        MultusError: as Multus itself would. It never reads an empty text, since a pod
            with one has no networks.
    """
    if not text:
        raise MultusError("the text is empty")
    if any(character in text for character in '[{"'):
        return list(_objects(text, namespace))
    return list(_list(text, namespace))


def interfaces(selections: Sequence[Selection]) -> list[str]:
    """The interface of each network in the pod: its own, or net1, net2 by position."""
    return [
        selection.interface or f"net{number}"
        for number, selection in enumerate(selections, 1)
    ]


def is_interface(name: str) -> bool:
    """Whether libcni takes it as the name of an interface, whoever wrote it."""
    if name in (".", "..") or len(name.encode()) > _MAX_INTERFACE:
        return False
    return not any(character in "/:" or character.isspace() for character in name)


# -- the JSON form --------------------------------------------------------------


def _objects(text: str, namespace: str) -> Iterator[Selection]:
    try:
        listed = JsonText(text).value()
    except JsonError as error:
        raise MultusError(
            f"the text is no JSON: {error.message}", error.offset
        ) from error
    if not isinstance(listed, list):
        what = "a JSON object" if isinstance(listed, dict) else "a JSON value"
        raise MultusError(f"the text is {what}, not a list of objects")
    for number, item in enumerate(listed):
        problem = _problem(item)
        if problem:
            raise MultusError(problem, JsonText(text).offset((number,)))
        interface = _value(item, "interface") or _value(item, "interfaceRequest") or ""
        space = _value(item, "namespace") or namespace
        yield Selection(space, _value(item, "name") or "", interface)


def _value(item: Mapping[str, Any], key: str) -> Any:  # noqa: ANN401  a JSON value
    """A field as Go's decoder fills it: in any case, a null leaves what was there."""
    found = None
    for name, value in item.items():
        if name.lower() == key.lower() and value is not None:
            found = value
    return found


def _problem(item: object) -> str:
    """Why Multus does not take an item; "" where it does."""
    if not isinstance(item, dict):
        return f"it lists {json.dumps(item)}, which is no object"
    for keys, kind, what in (
        (_TEXTS, str, "text"),
        (_LISTS, list, "list"),
        (_OBJECTS, dict, "object"),
    ):
        for key in keys:
            value = _value(item, key)
            if value is not None and not isinstance(value, kind):
                return f"an item has a {key} that is no {what}"
    for address in _value(item, "ips") or ():
        if not _is_address(address):
            return f"an item has the address {json.dumps(address)}, which is none"
    for key in ("mac", "infiniband-guid"):
        value = _value(item, key)
        if value and not _MAC.fullmatch(value):
            return f"an item has the {key} {value!r}, which is none"
    return ""


def _is_address(address: object) -> bool:
    if not isinstance(address, str):
        return False
    try:
        (parse_interface if "/" in address else parse_address)(address)
    except ValueError:
        return False
    return True


# -- the form with commas -------------------------------------------------------


def _list(text: str, namespace: str) -> Iterator[Selection]:
    offset = 0
    for part in text.split(","):
        item = part.strip()
        yield _item(item, namespace, offset + len(part) - len(part.lstrip()))
        offset += len(part) + 1


def _item(item: str, namespace: str, offset: int) -> Selection:
    if item.count("/") > 1:
        raise MultusError(f"{item!r} has more than one /", offset)
    before, slash, rest = item.rpartition("/")
    if rest.count("@") > 1:
        raise MultusError(f"{item!r} has more than one @", offset)
    name, _, interface = rest.partition("@")
    for text in (before if slash else "", name):
        text = text.strip()  # noqa: PLW2901
        if text and not _LABEL.fullmatch(text):
            message = (
                f"{text!r} is no DNS label; a name with a dot can be written in the"
                " JSON form alone"
            )
            raise MultusError(message, offset)
    interface = interface.strip()
    is_long = len(interface.encode()) > _MAX_INTERFACE
    if is_long or any(character in f"{_BLANKS}/" for character in interface):
        message = (
            f"interface {interface!r} must have at most {_MAX_INTERFACE} characters,"
            " no blank and no /"
        )
        raise MultusError(message, offset)
    return Selection(before.strip() or namespace, name.strip(), interface)
