"""The networks annotation of a pod as Multus reads it.

Source: multus-cni v4.3, pkg/k8sclient/k8sclient.go: a text with a bracket, a brace or a
double quote is a JSON list of objects, any other a list with commas between.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from netplan2k8s.manifests.json_text import JsonError, JsonText

_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?")
_MAX_LABEL, _MAX_INTERFACE = 63, 15


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
        MultusError: as Multus itself would.
    """
    if not text:
        raise MultusError("is empty")
    if any(character in text for character in '[{"'):
        return list(_objects(text, namespace))
    return list(_list(text, namespace))


def interfaces(selections: list[Selection]) -> list[str]:
    """The interface of each network in the pod: its own, or net1, net2 by position."""
    return [
        selection.interface or f"net{number}"
        for number, selection in enumerate(selections, 1)
    ]


def _objects(text: str, namespace: str) -> Iterator[Selection]:
    try:
        listed = JsonText(text).value()
    except JsonError as error:
        raise MultusError(f"is no JSON: {error.message}", error.offset) from error
    if not isinstance(listed, list):
        raise MultusError("is a JSON object, not a list of them")
    for item in listed:
        if not isinstance(item, dict):
            raise MultusError(f"lists {json.dumps(item)}, which is no object")
        fields = [_field(item, key) for key in ("namespace", "name", "interface")]
        yield Selection(fields[0] or namespace, fields[1], fields[2])


def _field(item: dict[str, Any], key: str) -> str:
    value = item.get(key, "")
    if not isinstance(value, str):
        raise MultusError(f"has a {key} that is no text")
    return value


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
        if text and (not _LABEL.fullmatch(text) or len(text) > _MAX_LABEL):
            message = (
                f"{text!r} is no DNS label; a name with a dot can be written in the"
                " JSON form alone"
            )
            raise MultusError(message, offset)
    interface = interface.strip()
    if len(interface) > _MAX_INTERFACE or any(c in interface for c in " /"):
        message = (
            f"interface {interface!r} must have at most {_MAX_INTERFACE} characters,"
            " no blank and no /"
        )
        raise MultusError(message, offset)
    return Selection(before.strip() or namespace, name.strip(), interface)
