"""Long lists whose items are written alike, read by one regular expression.

A pool of 4,096 nodes is 12,288 lines of three forms. The first item is the form of all:
its values become groups, every other character must repeat. The list is replaced by one
of a single word, and the YAML reader decides on that text what it would have decided on
the whole; a list that differs anywhere is left to it. So this can only be faster, never
wrong, and a differential test holds it to that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from netplan2k8s.manifests.scalars import words_of_yaml

KEYS = ("staticAllocations", "nodeSelectorTerms")
MIN_ITEMS = 8
_MAX_LISTS = 8  # a text of many short lists is not worth a pattern for each
_MAX_LINES = 32  # of an item
_MAX_DASHES = 8  # of an item
_DASH = re.compile(r"( *)- ")
_LINE = re.compile(r"( *)((?:- )*)(?:([A-Za-z][A-Za-z.]*):(?: |$))?(.*)")
# ASCII without escapes in quotes, or a plain text that is nothing but text.
_VALUE = (
    r'("[ !#-\[\]-~]*"|[A-Za-z][A-Za-z0-9./-]*'
    r"|[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?:/[0-9]{1,2})?)"
)
_PLAIN_VALUE = re.compile(_VALUE)
_WORDS = words_of_yaml()


class Alike(list[Any]):
    """A list whose items have one shape, and texts for all their values."""

    __slots__ = ()


class LongList(NamedTuple):
    """A list that was taken out of ``start`` to ``end`` of the text.

    Each item has ``height`` lines; the word for the list ends at ``word_end`` of the
    text without it.
    """

    items: list[Any]
    start: int
    end: int
    height: int
    word_end: int = 0


class Records(NamedTuple):
    """A text without its long lists, and these by the word that stands for each."""

    text: str
    lists: dict[str, LongList]

    def original(self, offset: int) -> int:
        """Where in the whole text a character of ``text`` stands."""
        shift = 0
        for taken in self.lists.values():
            if offset >= taken.word_end:
                shift = taken.end - taken.word_end
        return offset + shift


def split(text: str) -> Records:
    """Take the long lists out of a document."""
    lists: dict[str, LongList] = {}
    short, done = "", 0
    stem = _unused(text)
    for start, indent in islice(_candidates(text), _MAX_LISTS):
        found = _read(text, start, indent) if start >= done else None
        if found is not None:
            word = f"{stem}-{len(lists)}"
            short += f"{text[done:start]}{indent}- {word}\n"
            lists[word] = found._replace(word_end=len(short))
            done = found.end
    return Records(short + text[done:], lists)


def _unused(text: str) -> str:
    """A word that the text does not have: a letter longer than the longest like it."""
    longest = max((len(found) for found in re.findall("records*", text)), default=6)
    return "record".ljust(longest + 1, "s")


def _candidates(text: str) -> Iterator[tuple[int, str]]:
    """Where the lists begin, in their order, with their indentation."""
    starts = []
    for key in KEYS:
        end = 0
        while (end := text.find(f"{key}:\n", end) + 1) > 0:
            before = text.rfind("\n", 0, end) + 1
            if not text[before : end - 1].strip(" "):
                starts.append(end + len(key) + 1)
    for start in sorted(starts):
        found = _DASH.match(text, start)
        if found is not None:
            yield start, found[1]


def _read(text: str, start: int, indent: str) -> LongList | None:
    second = text.find(f"\n{indent}- ", start)
    lines = text[start : max(second, start)].split("\n")
    form = _form(lines)
    if form is None:
        return None
    pattern, template = form
    after = re.compile(rf"\n(?!{indent}[- ])").search(text, start)
    end = len(text) if after is None else after.start() + 1
    rows = re.compile(pattern).findall(text, start, end)
    if len(rows) < MIN_ITEMS:
        return None
    columns: list[_Column] = list(
        zip(*rows, strict=True) if isinstance(rows[0], tuple) else [rows]
    )
    if not _fill_all(text[start:end], lines, columns):
        return None
    if any(not _WORDS.isdisjoint(column) for column in columns):
        return None
    if text.find('"', start, end) >= 0:
        columns = list(map(_unquoted, columns))
    items = Alike(_fill(template, zip(*columns, strict=True)))
    return LongList(items, start, end, len(lines))


_Column = Sequence[str]
"""The values of one field of all items."""


def _fill_all(text: str, lines: Sequence[str], columns: Sequence[_Column]) -> bool:
    """Whether items of the form of the first are all of a text, with nothing between.

    They do not overlap, so that their lengths tell.
    """
    values = sum(len(column[0]) for column in columns)
    frame = sum(map(len, lines)) + len(lines) - values
    length = frame * len(columns[0])
    length += sum(sum(map(len, column)) for column in columns)
    return len(text) == length - (not text.endswith("\n"))


def _unquoted(column: _Column) -> _Column:
    return [value[1:-1] if value[0] == '"' else value for value in column]


# -- the form of an item --------------------------------------------------------


class _Line(NamedTuple):
    """A line of an item; ``leaf`` is the number of its value."""

    column: int
    dashes: int
    key: str | None
    leaf: int | None


class _FormError(Exception):
    """An item that is not of the forms read here."""


def _form(texts: list[str]) -> tuple[str, Any] | None:
    """The pattern of an item, and its shape with a number for every value."""
    if len(texts) > _MAX_LINES:
        return None
    pattern = ""
    lines: list[_Line] = []
    leaves = 0
    for text in texts:
        found = _LINE.fullmatch(text)
        if found is None:
            return None
        indent, dashes, key, value = found.groups()
        has_value = bool(value)
        if has_value and not _PLAIN_VALUE.fullmatch(value):
            return None
        if key in _WORDS or (key is None and not has_value):
            return None
        head = text[: len(text) - len(value)]
        pattern += re.escape(head) + (_VALUE if has_value else "") + "\n"
        count = len(dashes) // 2
        lines.append(_Line(len(indent), count, key, leaves if has_value else None))
        leaves += has_value
    if not leaves or sum(line.dashes for line in lines) > _MAX_DASHES:
        return None
    try:
        template = _Template(lines).item()
    except _FormError:
        return None
    return pattern[:-1] + r"(?:\n|\Z)", template


class _Template:
    """The shape of an item: nested dicts and lists with a number for every value."""

    def __init__(self, lines: list[_Line]) -> None:
        self._lines = lines
        self._at = 0

    def item(self) -> Any:  # noqa: ANN401  a shape of its own
        made = self._node()
        if self._at != len(self._lines) or not isinstance(made, list):
            raise _FormError
        return made[0]

    def _node(self) -> Any:  # noqa: ANN401  as above
        line = self._lines[self._at]
        if line.dashes:
            # What stands behind the dash; a second dash below it is read by nobody.
            self._lines[self._at] = line._replace(
                column=line.column + 2, dashes=line.dashes - 1
            )
            return [self._node()]
        if line.key is None:
            self._at += 1
            return line.leaf
        return self._mapping(line.column)

    def _mapping(self, column: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if line.column != column or line.key is None or line.dashes:
                break
            if line.key in made:
                raise _FormError
            self._at += 1
            made[line.key] = line.leaf if line.leaf is not None else self._below(column)
        return made

    def _below(self, column: int) -> Any:  # noqa: ANN401  as above
        """The value that begins on the next line, deeper than its key."""
        if self._at == len(self._lines):
            raise _FormError
        line = self._lines[self._at]
        if line.column < column + (not line.dashes):
            raise _FormError
        return self._node()


def _fill(template: Any, rows: Any) -> list[Any]:  # noqa: ANN401  as above
    if isinstance(template, dict) and list(template.values()) == list(
        range(len(template))
    ):
        keys = tuple(template)
        if len(keys) == 3:  # noqa: PLR2004  what pools have, at half the cost
            one, two, three = keys
            return [{one: a, two: b, three: c} for a, b, c in rows]
        return [dict(zip(keys, row, strict=True)) for row in rows]
    return [_filled(template, row) for row in rows]


def _filled(template: Any, row: tuple[str, ...]) -> Any:  # noqa: ANN401  as above
    if isinstance(template, int):
        return row[template]
    if isinstance(template, list):
        return [_filled(item, row) for item in template]
    return {key: _filled(value, row) for key, value in template.items()}
