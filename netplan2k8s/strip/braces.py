"""Entries within braces and brackets: from comma to comma, or the lines they fill."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from netplan2k8s.strip.changes import (
    BLANKS,
    END_OF_LINE,
    Change,
    Edit,
    added_lines,
    line_start,
)
from netplan2k8s.strip.syntax import Kind, Piece

_COMMA = re.compile(r"\s*,")


def edits(text: str, change: Change) -> Iterator[Edit]:
    """The cuts and additions of a flow mapping or sequence."""
    spans = _spans(change.piece)
    new = ", ".join(added_lines(text, change)) if change.added else ""
    kept = [n for n in range(len(spans)) if n not in change.cuts]
    if not kept:
        end = spans[-1][1]
        if not new:
            end = _behind_comma(text, end)
        yield Edit(spans[0][0], end, new)
        return
    for run in _runs(sorted(change.cuts)):
        here = Change(change.piece, cuts=set(run), added=change.added if new else {})
        lines = _run_of_lines(text, here, spans)
        yield from lines or [_stretch(text, spans, run, new)]
        new = ""


def _stretch(
    text: str, spans: Sequence[tuple[int, int]], run: Sequence[int], new: str
) -> Edit:
    """From comma to comma, but for a neighbour's comment; something stays."""
    start, end = spans[run[0]][0], spans[run[-1]][1]
    after = run[-1] + 1
    if after < len(spans):
        behind = _own_comment(text, end, spans[after][0])
        comma = ", " if behind == spans[after][0] else ","
        return Edit(start, behind, f"{new}{comma}" if new else "")
    before = spans[run[0] - 1][1]
    if "#" in text[before:start]:
        return Edit(start, end, new)  # a comma may come last
    return Edit(before, end, f", {new}" if new else "")


def _own_comment(text: str, at: int, after: int) -> int:
    """Where the next entry begins, or the comment that is above it."""
    comma = _COMMA.match(text, at)
    rest = END_OF_LINE.match(text, comma.end()) if comma else None
    if rest is None or "#" not in text[rest.end() : after]:
        return after
    return rest.end(1) if rest[1] else rest.start()


def _run_of_lines(
    text: str, change: Change, spans: Sequence[tuple[int, int]]
) -> list[Edit]:
    """Whole lines where a run fills its own; nothing where it does not."""
    first_entry, last_entry = min(change.cuts), max(change.cuts)
    start, end = spans[first_entry][0], spans[last_entry][1]
    first = line_start(text, start)
    comma = _COMMA.match(text, end)
    rest = END_OF_LINE.match(text, comma.end() if comma else end)
    if text[first:start].strip(BLANKS) or rest is None:
        return []
    lines = [f"{text[first:start]}{entry}" for entry in added_lines(text, change)]
    joined = f",{rest[2]}".join(lines)
    if lines:
        joined += f"{',' if comma else ''}{rest[2]}"
    made = [Edit(first, rest.end(), joined)]
    if not lines and not comma and first_entry:
        # What comes last now had a comma, since something came behind it.
        before = spans[first_entry - 1][1]
        found = _COMMA.match(text, before)
        if found:
            made.append(Edit(before, found.end()))
    return made


def _spans(piece: Piece) -> list[tuple[int, int]]:
    if piece.kind is Kind.MAPPING:
        return [(key.start, value.end) for key, value in piece.entries()]
    return [(item.start, item.end) for item in piece.items]


def _behind_comma(text: str, at: int) -> int:
    found = _COMMA.match(text, at)
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
