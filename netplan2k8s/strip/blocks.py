"""Entries of a block, which is written line by line: whole lines go, and come."""

from __future__ import annotations

import re
from collections.abc import Iterator

from netplan2k8s.strip.changes import (
    BLANKS,
    BREAK,
    END_OF_LINE,
    Change,
    Edit,
    UnusualError,
    added_lines,
    line_start,
)
from netplan2k8s.strip.syntax import Kind, Piece

_PROPERTIES = re.compile(r"(?:(?:!<[^>]*>|[&!][^\s,\[\]{}]*)[ \t]*)+")


def edits(text: str, change: Change) -> Iterator[Edit]:
    """The cuts and additions of a block.

    Raises:
        UnusualError: an entry does not fill its lines.
    """
    is_emptied = len(change.cuts) == len(_starts(change.piece)) and not change.added
    if change.key and is_emptied:
        yield _emptied(text, change.piece, change.key)
    added = _added(text, change) if change.added else ""
    for number in sorted(change.cuts):
        yield Edit(*_lines_of(text, change.piece, number), added)
        added = ""


def new_value(text: str, key: Piece, value: Piece, new: str) -> Edit:
    """A value changed, or set behind its key where it has lines of its own."""
    end = value.start + len(text[value.start : value.end].rstrip())
    if not BREAK.search(text, key.end, value.start):
        return Edit(value.start, end, new)
    # A block scalar, which may be the last item, ends with its line.
    rest = END_OF_LINE.match(text, end) if end == value.end else None
    if rest and rest[1]:
        end = rest.end(1)
    return Edit(_colon(text, key) + 1, end, f" {new}")


def _starts(piece: Piece) -> list[Piece]:
    """The pieces that entries or items begin with."""
    return piece.items[::2] if piece.kind is Kind.MAPPING else piece.items


def _lines_of(text: str, piece: Piece, number: int) -> tuple[int, int]:
    """From an entry's first line to its last, with comments that are its own."""
    is_mapping = piece.kind is Kind.MAPPING
    start = _starts(piece)[number].start
    end = piece.items[2 * number + 1 if is_mapping else number].end
    mark = "" if is_mapping else "-"
    first = line_start(text, start)
    before = text[first:start]
    if before.strip(BLANKS) != mark:
        message = (
            "this entry shares its line with something else; write each entry, as"
            " key: value, on lines of its own"
        )
        raise UnusualError(message, start)
    column = before.index(mark) if mark else len(before)
    if end == line_start(text, end):
        return first, end  # a block scalar ends with its line
    rest = END_OF_LINE.match(text, end)
    if rest is None:
        message = (
            "something else follows an entry on its line; write each entry on lines of"
            " its own"
        )
        raise UnusualError(message, end)
    return first, _behind_comments(text, rest.end(), column)


def _behind_comments(text: str, at: int, column: int) -> int:
    """Behind the lines that are comments set deeper than a column."""
    behind = at
    while at < len(text):
        rest = END_OF_LINE.match(text, at)
        if rest is None:
            break
        if rest[1] and rest.start(1) - at > column:
            behind = rest.end()
        elif rest[1] or rest.end() == at:
            break
        at = rest.end()
    return behind


def _added(text: str, change: Change) -> str:
    """The added entries as lines like that of the first entry that goes."""
    key = _starts(change.piece)[min(change.cuts)]
    indent = text[line_start(text, key.start) : key.start]
    found = BREAK.search(text, key.start)
    end = found[0] if found else "\n"
    return "".join(f"{indent}{entry}{end}" for entry in added_lines(text, change))


def _emptied(text: str, piece: Piece, key: Piece) -> Edit:
    """Braces behind the key, or its anchor, of a mapping that has lost all entries."""
    at = _colon(text, key) + 1
    if piece.start < piece.items[0].start:
        found = _PROPERTIES.match(text, piece.start)
        at = found.end() if found else at
        at = len(text[:at].rstrip(BLANKS))
    return Edit(at, at, " {}")


def _colon(text: str, key: Piece) -> int:
    """The index of the colon behind an implicit key."""
    at = key.end
    while text[at : at + 1] in (" ", "\t"):
        at += 1
    if text[at : at + 1] != ":":
        message = "this key has no colon on its line; write it as key: value"
        raise UnusualError(message, key.start)
    return at
