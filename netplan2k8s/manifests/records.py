"""Long lists whose items are written alike, read by one regular expression.

A pool of 4,096 nodes is 12,288 lines of three forms. The first item is the form of all:
its values become groups, every other character must repeat. A list that differs
anywhere is left to the YAML reader, so that this can only be faster, never wrong; a
differential test holds it to that.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from netplan2k8s.manifests.scalars import words_of_yaml

_LIST = re.compile(
    r"^( *)(?:staticAllocations|nodeSelectorTerms):\n( *)-(?= )", re.MULTILINE
)
_LINE = re.compile(r"( *(?:- )*)(?:([A-Za-z][A-Za-z.]*):)?(?: ?([^\s#&*!|>{\[].*))?")
_VALUE = (
    r'("[^"\\\n]*"|[A-Za-z][A-Za-z0-9./-]*'
    r"|[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?:/[0-9]{1,2})?)"
)
_PLAIN_VALUE = re.compile(_VALUE)
_WORDS = words_of_yaml()
MIN_ITEMS = 8


class Records(NamedTuple):
    """A text without its long lists, and these by the word that stands for each."""

    text: str
    lists: dict[str, list[Any]]


def split(text: str) -> Records:
    """Take the long lists out of a document."""
    lists: dict[str, list[Any]] = {}
    pieces: list[str] = []
    done = 0
    for found in _LIST.finditer(text):
        if found.start() < done:
            continue
        read = _read(text, found.start(2), found[2])
        if read is None:
            continue
        items, end = read
        word = f"records-{len(lists)}"
        lists[word] = items
        key_end = text.index(":", found.start()) + 1
        pieces += [text[done:key_end], f" {word}\n"]
        done = end
    return Records("".join([*pieces, text[done:]]), lists)


def _read(text: str, start: int, indent: str) -> tuple[list[Any], int] | None:
    first_end = text.find(f"\n{indent}- ", start)
    if first_end < 0:
        return None
    form = _form(text[start : first_end + 1])
    if form is None:
        return None
    pattern, template = form
    matches = list(iter(pattern.scanner(text, start).match, None))  # type: ignore[attr-defined]
    if len(matches) < MIN_ITEMS:
        return None
    end = matches[-1].end()
    if text.startswith((f"{indent}-", f"{indent} ", "#"), end) or (
        end < len(text) and text[end : end + 1] in "\n\r"
    ):
        return None
    rows = [match.groups() for match in matches]
    columns = [_column(column) for column in zip(*rows, strict=True)]
    if any(column is None for column in columns):
        return None
    values = zip(*columns, strict=True)
    return _fill(template, values), end


def _column(values: tuple[str, ...]) -> list[str] | tuple[str, ...] | None:
    """The values of one field; None where a plain one is more than text."""
    distinct = set(values)
    if not distinct.isdisjoint(_WORDS):
        return None
    if any(value[0] == '"' for value in distinct):
        return [value[1:-1] if value[0] == '"' else value for value in values]
    return values


# -- the form of an item --------------------------------------------------------

_Line = tuple[int, str | None, int | None, int]
"""Column, key, number of the value, dashes before the key."""


def _form(item: str) -> tuple[re.Pattern[str], Any] | None:
    """The pattern of an item, and its shape with a number for every value."""
    pattern, leaves = "", 0
    lines: list[_Line] = []
    for line in item.splitlines():
        found = _LINE.fullmatch(line)
        if found is None or "\t" in line:
            return None
        lead, key, value = found.groups()
        gap = line[len(lead) + (len(key) + 1 if key else 0) :]
        if value is None:
            if gap or key is None:
                return None
            pattern += re.escape(line) + "\n"
        elif _PLAIN_VALUE.fullmatch(value) is None:
            return None
        else:
            head = line[: len(line) - len(value)]
            pattern += re.escape(head) + _VALUE + "\n"
        lines.append(
            (len(lead), key, None if value is None else leaves, lead.count("-"))
        )
        leaves += value is not None
    template = _template(lines)
    return None if template is None else (re.compile(pattern), template)


def _template(lines: list[_Line]) -> Any:  # noqa: ANN401  a shape of its own
    """The shape of an item: nested dicts and lists with a number for every value."""
    position = 0

    def block(column: int) -> Any:  # noqa: ANN401  as above
        nonlocal position
        start, key, leaf, dashes = lines[position]
        if dashes:
            lines[position] = (start, key, leaf, dashes - 1)
            return [block(column)]
        if key is None:
            position += 1
            return leaf
        made: dict[str, Any] = {}
        while position < len(lines):
            start, key, leaf, dashes = lines[position]
            if start != column or key is None or dashes or key in made:
                break
            position += 1
            made[key] = leaf if leaf is not None else block(lines[position][0])
        return made

    try:
        start, key, leaf, dashes = lines[0]
        lines[0] = (start, key, leaf, dashes - 1)
        made = block(start)
    except IndexError:
        return None
    return made if position == len(lines) and dashes == 1 else None


def _fill(template: Any, rows: Any) -> list[Any]:  # noqa: ANN401  as above
    if isinstance(template, dict) and list(template.values()) == list(
        range(len(template))
    ):
        keys = tuple(template)
        return [dict(zip(keys, row, strict=True)) for row in rows]
    return [_filled(template, row) for row in rows]


def _filled(template: Any, row: tuple[str, ...]) -> Any:  # noqa: ANN401  as above
    if isinstance(template, int):
        return row[template]
    if isinstance(template, list):
        return [_filled(item, row) for item in template]
    return {key: _filled(value, row) for key, value in template.items()}
