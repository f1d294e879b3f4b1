"""Entries cut out of a YAML text, put into it or changed, and all else as it was.

Whole lines go where a block is written line by line, and the stretch from comma to
comma within braces. A text that is written otherwise is refused, not guessed at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from netplan2k8s.strip.syntax import Kind, Piece, walk

_BREAK = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")
_BLANKS = " \t"
_END_OF_LINE = re.compile(
    r"[ \t]*(#[^\n\r\x85\u2028\u2029]*)?(\r\n|[\n\r\x85\u2028\u2029]|\Z)"
)
_PROPERTIES = re.compile(r"(?:[&!][^\s,\[\]{}]*[ \t]*)+")
_PLAIN = re.compile(r"[A-Za-z0-9_./]([A-Za-z0-9_./:+-]*[A-Za-z0-9_./+-])?")


class UnusualError(Exception):
    """A text in a form that is not edited, and the index of the place in the text.

    Whoever knows the file adds its ``path`` and the place's ``line`` and ``column``.
    """

    path = ""
    line = column = 1

    def __init__(self, message: str, index: int) -> None:
        super().__init__(message)
        self.index = index


@dataclass(slots=True)
class Change:
    """What becomes of one mapping or sequence.

    ``cuts`` are the numbers of its entries or items that go; ``added`` are entries, as
    (key, value text), that take the place of the first cut; ``values`` are new texts of
    values, by entry.
    """

    piece: Piece
    key: Piece | None = None
    cuts: set[int] = field(default_factory=set)
    added: dict[str, str] = field(default_factory=dict)
    values: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Edit:
    start: int
    end: int
    text: str = ""


def edited(
    text: str, root: Piece, anchors: dict[str, Piece], changes: Iterable[Change]
) -> str:
    """The text with all changes made.

    Raises:
        UnusualError: an entry is written in a way that cannot be cut out by itself.
    """
    edits = [edit for change in changes for edit in _edits(text, change)]
    edits += _moved_anchors(root, anchors, edits)
    edits.sort(key=lambda edit: (edit.start, edit.end))
    for one, other in pairwise(edits):
        if other.start < one.end:
            raise UnusualError("entries that go lie within each other", other.start)
    pieces, at = [], 0
    for edit in edits:
        pieces += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*pieces, text[at:]])


def place(text: str, index: int) -> tuple[int, int]:
    """Line and column of an index, from 1."""
    before = text[:index]
    return len(_BREAK.findall(before)) + 1, index - _line_start(text, index) + 1


def _edits(text: str, change: Change) -> Iterator[_Edit]:
    for number, value in change.values.items():
        yield _new_value(text, *change.piece.entries()[number], value)
    if not change.cuts and not change.added:
        return
    if change.piece.is_flow:
        yield from _in_flow(text, change)
    else:
        yield from _in_block(text, change)


def _new_value(text: str, key: Piece, value: Piece, new: str) -> _Edit:
    start = value.start
    if value.kind is not Kind.ALIAS and _BREAK.search(text, key.end, start):
        start = _colon(text, key) + 1
        new = f" {new}"
    return _Edit(start, value.end, new)


def _colon(text: str, key: Piece) -> int:
    """The index of the colon behind an implicit key."""
    at = key.end
    while text[at : at + 1] in (" ", "\t"):
        at += 1
    if text[at : at + 1] != ":":
        raise UnusualError("the key has no colon on its line", key.start)
    return at


# -- blocks ---------------------------------------------------------------------


def _in_block(text: str, change: Change) -> Iterator[_Edit]:
    spans = _block_spans(text, change.piece)
    cuts = sorted(change.cuts)
    if len(cuts) == len(spans) and not change.added:
        yield _emptied(text, change)
    first = True
    for number in cuts:
        start, end = spans[number]
        new = ""
        if first and change.added:
            first = False
            new = _lines(text, change, start)
        yield _Edit(start, end, new)


def _block_spans(text: str, piece: Piece) -> list[tuple[int, int]]:
    """The whole lines of every entry or item of a block."""
    if piece.kind is Kind.MAPPING:
        return [
            _lines_of(text, key.start, value.end, "") for key, value in piece.entries()
        ]
    return [_lines_of(text, item.start, item.end, "-") for item in piece.items]


def _lines_of(text: str, start: int, end: int, mark: str) -> tuple[int, int]:
    """From the line of an entry to that of its end, with comments that are its own.

    ``mark`` stands before a sequence's item.
    """
    first = _line_start(text, start)
    before = text[first:start].strip(_BLANKS)
    if before != mark:
        raise UnusualError("it shares its line with something else", start)
    column = len(text[first:start].rstrip("- \t")) if mark else start - first
    if end == _line_start(text, end) and end > start:
        return first, end  # a block scalar ends with its line
    rest = _END_OF_LINE.match(text, end)
    if rest is None:
        raise UnusualError("something else follows it on its line", end)
    return first, _behind_comments(text, rest.end(), column)


def _behind_comments(text: str, at: int, column: int) -> int:
    """Behind the lines that are comments set deeper than a column."""
    behind = at
    while at < len(text):
        rest = _END_OF_LINE.match(text, at)
        if rest is None:
            break
        if rest[1] and rest.start(1) - at > column:
            behind = rest.end()
        elif rest[1] or rest.end() == at:
            break
        at = rest.end()
    return behind


def _line_start(text: str, at: int) -> int:
    while at and not _BREAK.match(text, at - 1):
        at -= 1
    return at


def _lines(text: str, change: Change, start: int) -> str:
    """The added entries as lines like that of the first entry that goes."""
    key = change.piece.items[2 * min(change.cuts)]
    indent = text[start : key.start]
    found = _BREAK.search(text, key.start)
    end = found[0] if found else "\n"
    return "".join(f"{indent}{entry}{end}" for entry in _entries(text, change))


def _entries(text: str, change: Change) -> Iterator[str]:
    """The added entries, with keys in the quotes that the mapping has."""
    first = text[change.piece.items[0].start]
    quote = first if first in "'\"" else ""
    for key, value in change.added.items():
        yield f"{quote}{key}{quote}: {value}"


def _emptied(text: str, change: Change) -> _Edit:
    """Braces behind the key, or its anchor, of a mapping that has lost all entries."""
    piece, key = change.piece, change.key
    if key is None:
        raise UnusualError("nothing is left of the file", piece.start)
    at = _colon(text, key) + 1
    if piece.anchor or text[piece.start] == "!":
        found = _PROPERTIES.match(text, piece.start)
        at = found.end() if found else at
        at = len(text[:at].rstrip(_BLANKS))
    return _Edit(at, at, " {}" if piece.kind is Kind.MAPPING else " []")


# -- braces and brackets --------------------------------------------------------


def _in_flow(text: str, change: Change) -> Iterator[_Edit]:
    spans = _flow_spans(change.piece)
    new = ", ".join(_entries(text, change)) if change.added else ""
    kept = [n for n in range(len(spans)) if n not in change.cuts]
    if not kept:
        end = spans[-1][1]
        if not new:
            end = _behind_comma(text, end)
        yield _Edit(spans[0][0], end, new)
        return
    for run in _runs(sorted(change.cuts)):
        added, new = new, ""
        after = run[-1] + 1
        if after < len(spans):
            text_here = f"{added}, " if added else ""
            yield _Edit(spans[run[0]][0], spans[after][0], text_here)
        else:
            text_here = f", {added}" if added else ""
            yield _Edit(spans[run[0] - 1][1], spans[run[-1]][1], text_here)


def _flow_spans(piece: Piece) -> list[tuple[int, int]]:
    if piece.kind is Kind.MAPPING:
        return [(key.start, value.end) for key, value in piece.entries()]
    return [(item.start, item.end) for item in piece.items]


def _behind_comma(text: str, at: int) -> int:
    found = re.compile(r"\s*,").match(text, at)
    return found.end() if found else at


def _runs(numbers: Sequence[int]) -> Iterator[list[int]]:
    """Neighbours together."""
    run: list[int] = []
    for number in numbers:
        if run and number != run[-1] + 1:
            yield run
            run = []
        run.append(number)
    if run:
        yield run


# -- anchors --------------------------------------------------------------------


def _moved_anchors(
    root: Piece, anchors: dict[str, Piece], edits: Sequence[_Edit]
) -> Iterator[_Edit]:
    """What an anchor stood for, put where it is first used of those that stay."""
    gone = {name for name, piece in anchors.items() if _is_cut(piece, edits)}
    if not gone:
        return
    for piece in walk(root):
        if piece.kind is not Kind.ALIAS or piece.value not in gone:
            continue
        if not _is_cut(piece, edits):
            text = _written(anchors[piece.value], anchors, gone)
            yield _Edit(piece.start, piece.end, text)


def _is_cut(piece: Piece, edits: Iterable[_Edit]) -> bool:
    return any(
        edit.start <= piece.start and piece.end <= edit.end and edit.start < edit.end
        for edit in edits
    )


def _written(piece: Piece, anchors: dict[str, Piece], gone: set[str]) -> str:
    """A piece between braces; it takes its anchor along, once."""
    if piece.kind is Kind.ALIAS:
        if piece.value not in gone:
            return f"*{piece.value}"
        return _written(anchors[piece.value], anchors, gone)
    head = ""
    if piece.anchor in gone:
        gone.remove(piece.anchor)
        head = f"&{piece.anchor} "
    if piece.kind is Kind.SCALAR:
        is_plain = _PLAIN.fullmatch(piece.value)
        return head + (piece.value if is_plain else json.dumps(piece.value))
    texts = [_written(item, anchors, gone) for item in piece.items]
    if piece.kind is Kind.SEQUENCE:
        return f"{head}[{', '.join(texts)}]"
    pairs = zip(texts[::2], texts[1::2], strict=True)
    return f"{head}{{{', '.join(f'{key}: {value}' for key, value in pairs)}}}"
