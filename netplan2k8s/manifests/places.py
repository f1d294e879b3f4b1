"""From a way into an object to the line and column where it is written.

A pointer is a tuple of keys and indices from the object's root. ``EMBEDDED`` steps into
the JSON that a text holds; a ``Key`` at the end means the key and not its value, an
``Offset`` a character of the text.
"""

from __future__ import annotations

from typing import Any

from netplan2k8s.findings import InputError, Span
from netplan2k8s.manifests.json_text import JsonText
from netplan2k8s.manifests.reader import Document, Pointer
from netplan2k8s.source import Mapping, parse, span_of

EMBEDDED = "\0json"


class Key(str):
    """The last step of a pointer: the key itself."""

    __slots__ = ()


class Offset(int):
    """The last step of a pointer: a character of the text, counted from 0."""

    __slots__ = ()


class Places:
    """Finds places; remembers the text that was read last."""

    def __init__(self) -> None:
        self._text: str | None = None
        self._root: Any = None

    def span(self, document: Document, pointer: Pointer) -> Span:
        """The place of what the pointer leads to, or of the nearest that is written."""
        steps = (*document.base, *pointer)
        if steps and (steps[0] == EMBEDDED or isinstance(steps[0], Offset)):
            return _of_text(document, steps)
        node = self._read(document)
        place = Span(document.path, 1, 1)
        for number, step in enumerate(steps):
            if step == EMBEDDED or isinstance(step, Offset):
                place = _inside(node, document.text, place, steps[number:])
                break
            key, value = _step(node, step)
            if value is None:
                break
            node = key if isinstance(step, Key) else value
            place = span_of(node) or place
        return Span(document.path, place.line + document.line, place.column)

    def _read(self, document: Document) -> Any:  # noqa: ANN401  a node
        if self._text is not document.text:
            try:
                data = document.text.encode()
                self._root = parse(data, document.path, marks=True, max_depth=128)
            except InputError:
                self._root = None
            self._text = document.text
        return self._root


def _of_text(document: Document, steps: Pointer) -> Span:
    """A place in a file that is JSON itself."""
    offset = _offset(document.text, steps)
    before = document.text.rfind("\n", 0, offset) + 1
    line = document.text.count("\n", 0, offset) + 1 + document.line
    return Span(document.path, line, offset - before + 1)


def _step(node: Any, step: str | int) -> tuple[Any, Any]:  # noqa: ANN401  nodes
    if isinstance(node, Mapping):
        pairs = zip(node[0::2], node[1::2], strict=True)
        found = [(key, value) for key, value in pairs if key == step]
        return found[-1] if found else (None, None)
    if isinstance(node, list) and isinstance(step, int) and step < len(node):
        return None, node[step]
    return None, None


def _inside(
    node: Any,  # noqa: ANN401  a node
    text: str,
    span: Span,
    steps: Pointer,
) -> Span:
    """The place of what lies within a scalar."""
    if not isinstance(node, str):
        return span
    offset = _offset(str(node), steps)
    line, column = source_place(text, span.line, span.column, str(node), offset)
    return Span(span.path, line, column)


def _offset(value: str, steps: Pointer) -> int:
    if isinstance(steps[0], Offset):
        return int(steps[0])
    return JsonText(value).offset(steps[1:])


# -- where a character of a scalar is written -----------------------------------


def source_place(
    text: str, line: int, column: int, value: str, offset: int
) -> tuple[int, int]:
    """Line and column (1-based) of a character of a scalar.

    Walks the scalar's source and its value side by side: only indentation, quotes,
    escapes and folded line breaks differ.
    """
    start = _line_start(text, line) + column - 1
    here = _Walk(text, start)
    for character in value[:offset]:
        here.advance(character)
    here.settle(value[offset : offset + 1])
    before = text.rfind("\n", 0, here.at) + 1
    return text.count("\n", 0, here.at) + 1, here.at - before + 1


def _line_start(text: str, line: int) -> int:
    at = 0
    for _ in range(line - 1):
        at = text.index("\n", at) + 1
    return at


_SHORT = {"x": 2, "u": 4, "U": 8}


class _Walk:
    """A position in the source of one scalar."""

    def __init__(self, text: str, start: int) -> None:
        self._text = text
        self.at = start
        first = text[start : start + 1]
        self._quote = first if first in "\"'" else ""
        self._is_block = first in ("|", ">")
        if self._quote:
            self.at += 1
        elif self._is_block:
            self._enter_block(start)

    def _enter_block(self, start: int) -> None:
        end = self._text.find("\n", start)
        self.at = len(self._text) if end < 0 else end + 1
        rest = self._text[self.at :]
        first = next((line for line in rest.split("\n", 50) if line.strip()), "")
        self._indent = len(first) - len(first.lstrip(" "))
        self._skip_indent()

    def _skip_indent(self) -> None:
        end = self.at + self._indent
        while self.at < end and self._text[self.at : self.at + 1] == " ":
            self.at += 1

    def settle(self, character: str) -> None:
        """Step over what stands before the next character of the value."""
        if character not in ("", " ", "\n"):
            self._skip_fold()

    def advance(self, character: str) -> None:
        """Step over the source of one character of the value."""
        if character not in " \n":
            self._skip_fold()
        source = self._text[self.at : self.at + 1]
        if self._quote == '"' and source == "\\":
            self._skip_escape()
        elif self._quote == "'" and character == "'":
            self.at += 2
        elif source == "\n":
            self.at += 1
            if self._is_block:
                self._skip_indent()
            else:
                self._skip_blanks()
        else:
            self.at += 1
            if self._is_block and source == "\n":
                self._skip_indent()

    def _skip_fold(self) -> None:
        """Line breaks and indentation that stand for nothing more."""
        while self._text[self.at : self.at + 1] == "\n":
            self.at += 1
            if self._is_block:
                self._skip_indent()
            else:
                self._skip_blanks()

    def _skip_blanks(self) -> None:
        while self._text[self.at : self.at + 1] in (" ", "\t"):
            self.at += 1

    def _skip_escape(self) -> None:
        kind = self._text[self.at + 1 : self.at + 2]
        self.at += 2 + _SHORT.get(kind, 0)
        if kind == "\n":
            self._skip_blanks()
