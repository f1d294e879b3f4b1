"""What is to become of a YAML text, and how its lines are found."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from netplan2k8s.strip.syntax import Piece

BLANKS = " \t"
_BREAKS = "\n\r\x85\u2028\u2029"
BREAK = re.compile(rf"\r\n|[{_BREAKS}]")
END_OF_LINE = re.compile(rf"[ \t]*(#[^{_BREAKS}]*)?(\r\n|[{_BREAKS}]|\Z)")
"""What may follow an entry on its line: a comment, and the break."""


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
    values, by entry. ``key`` is what a mapping stands behind.
    """

    piece: Piece
    key: Piece | None = None
    cuts: set[int] = field(default_factory=set)
    added: dict[str, str] = field(default_factory=dict)
    values: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Edit:
    """A stretch of the text, and what stands there instead."""

    start: int
    end: int
    text: str = ""


def place(text: str, index: int) -> tuple[int, int]:
    """Line and column of an index, from 1."""
    before = text[:index]
    return len(BREAK.findall(before)) + 1, index - line_start(text, index) + 1


def line_start(text: str, at: int) -> int:
    return max(text.rfind(character, 0, at) for character in _BREAKS) + 1


def added_lines(text: str, change: Change) -> Iterator[str]:
    """The added entries, with keys in the quotes that the mapping has."""
    first = text[change.piece.items[0].start]
    quote = first if first in "'\"" else ""
    for key, value in change.added.items():
        yield f"{quote}{key}{quote}: {value}"
