"""From a way into an object to the line and column where it is written.

A pointer is a tuple of keys and indices from the object's root. ``EMBEDDED`` steps into
the JSON that a text holds; a ``Key`` at the end means the key and not its value, an
``Offset`` a character of the text.
"""

from __future__ import annotations

import itertools
import json
from typing import NamedTuple

from netplan2k8s.findings import Span
from netplan2k8s.manifests.json_text import JsonText
from netplan2k8s.manifests.marks import Node, Scalar, Sequence, child, compose
from netplan2k8s.manifests.reader import Document, Pointer
from netplan2k8s.manifests.records import LongList, Records
from netplan2k8s.manifests.scalar_source import positions

EMBEDDED = "\0json"


class Key(str):
    """The last step of a pointer: the key itself."""

    __slots__ = ()


class Offset(int):
    """The last step of a pointer: a character of the text, counted from 0."""

    __slots__ = ()


class _Followed(NamedTuple):
    """A scalar whose source was followed, and where its characters are."""

    at: int
    value: str
    places: list[int] | None


class Places:
    """Finds places; remembers the text that was read last."""

    def __init__(self) -> None:
        self._text: str | None = None
        self._root: Node | None = None
        self._items: dict[int, list[int]] = {}
        self._followed: _Followed | None = None

    def span(self, document: Document, pointer: Pointer) -> Span:
        """The place of what the pointer leads to, or of the nearest that is written."""
        text, cut = document.text, document.cut
        if text is not self._text:
            self._text, self._items, self._followed = text, {}, None
            self._root = compose(text if cut is None else cut.text)
        at = self._offset(document, (*document.base, *pointer))
        line = text.count("\n", 0, at) + 1 + document.line
        return Span(document.path, line, at - text.rfind("\n", 0, at))

    def _offset(self, document: Document, steps: Pointer) -> int:
        text, cut = document.text, document.cut
        if steps and _is_inner(steps[0]):
            return _inner_offset(text, steps)
        if self._root is None:
            return self._json_offset(text, steps)
        if cut is None:
            return self._walk(text, self._root, steps, 0)
        return self._walk_cut(text, cut, steps)

    def _walk(self, text: str, node: Node | None, steps: Pointer, base: int) -> int:
        """Follow the steps; the nodes' own places count from ``base``."""
        at = base
        for number, step in enumerate(steps):
            if _is_inner(step):
                return self._inside(text, at, _value(node), steps[number:])
            key, value = child(node, step)
            if value is None:
                break
            node = key if isinstance(step, Key) else value
            at = base + node.at if node is not None else at
        return at

    def _walk_cut(self, text: str, cut: Records, steps: Pointer) -> int:
        """The same where long lists are out of the text; an item is read by itself."""
        node, at = self._root, 0
        for number, step in enumerate(steps):
            if _is_inner(step):
                return self._inside(text, at, _value(node), steps[number:])
            taken = _taken(node, cut)
            if taken is not None and isinstance(step, int):
                if step >= len(taken.items):
                    break
                start, end = self._item(text, taken, step)
                rest = (0, *steps[number + 1 :])
                return self._walk(text, compose(text[start:end]), rest, start)
            key, value = child(node, step)
            if value is None:
                break
            node = key if isinstance(step, Key) else value
            at = cut.original(node.at) if node is not None else at
        return at

    def _item(self, text: str, taken: LongList, number: int) -> tuple[int, int]:
        """Where an item of a long list begins and ends."""
        if taken.start not in self._items:
            region = text[taken.start : taken.end].splitlines(keepends=True)
            ends = itertools.accumulate(map(len, region), initial=taken.start)
            self._items[taken.start] = list(ends)[:: taken.height]
        borders = self._items[taken.start]
        return borders[number], borders[number + 1]

    def _inside(self, text: str, at: int, value: str | None, steps: Pointer) -> int:
        """The place of what lies within a scalar; its own where that is not known."""
        if value is None:
            return at
        followed = self._followed
        if followed is None or (followed.at, followed.value) != (at, value):
            followed = _Followed(at, value, positions(text, at, value))
            self._followed = followed
        if followed.places is None:
            return at
        return followed.places[min(_inner_offset(value, steps), len(value))]

    def _json_offset(self, text: str, steps: Pointer) -> int:
        """The place in JSON that libyaml does not read, as one with escaped pairs."""
        inner = next((n for n, step in enumerate(steps) if _is_inner(step)), len(steps))
        try:
            at = JsonText(text).offset(steps[:inner])
            if inner == len(steps):
                return at
            value, _ = json.JSONDecoder().raw_decode(text, at)
        except ValueError:
            return 0
        return self._inside(text, at, _value(value), steps[inner:])


def _is_inner(step: str | int) -> bool:
    return step == EMBEDDED or isinstance(step, Offset)


def _inner_offset(value: str, steps: Pointer) -> int:
    """The character of a text that steps from EMBEDDED or an Offset on lead to."""
    if isinstance(steps[0], Offset):
        return int(steps[0])
    return JsonText(value).offset(steps[1:])


def _value(node: object) -> str | None:
    if isinstance(node, Scalar):
        return node.value
    return node if isinstance(node, str) else None


def _taken(node: Node | None, cut: Records) -> LongList | None:
    """The long list that a node stands for."""
    if not isinstance(node, Sequence) or len(node.items) != 1:
        return None
    return cut.lists.get(_value(node.items[0]) or "")
