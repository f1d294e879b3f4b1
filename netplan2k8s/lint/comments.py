"""The comments of a file, told from texts that look like one."""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from typing import NamedTuple

from netplan2k8s.manifests import json_text
from netplan2k8s.manifests.marks import Extent, extents
from netplan2k8s.manifests.stream import chunks, decoded


class Comment(NamedTuple):
    """A comment from its # to the end of the line, and the lines that it is about."""

    text: str
    line: int
    column: int
    about: range


class Comments:
    """The comments of a file."""

    def __init__(self, path: str, data: bytes) -> None:
        self._text = decoded(data, path, []) or ""
        if _is_json(self._text):
            self._text = ""
        self._path = path
        self._lines = self._text.split("\n")
        self._starts = [0]
        for line in self._lines[:-1]:
            self._starts.append(self._starts[-1] + len(line) + 1)

    def all(self, marker: str) -> Iterator[Comment]:
        """The comments that begin with a marker, blanks before it aside."""
        inside = self._extents(marker)
        for number, line in enumerate(self._lines):
            if marker not in line:
                continue
            start = self._starts[number]
            for at, character in enumerate(line):
                if (
                    character == "#"
                    and (at == 0 or line[at - 1] in " \t")
                    and line[at + 1 :].lstrip().startswith(marker)
                    and not _lies_in(start + at, inside)
                ):
                    about = self._about(number, inside, alone=not line[:at].strip())
                    yield Comment(line[at:], number + 1, at + 1, about)
                    break

    def _extents(self, marker: str) -> list[Extent]:
        return [
            Extent(*(chunk.offset + at for at in extent))
            for chunk in chunks(self._text, self._path, [])
            if marker in chunk.text
            for extent in extents(chunk.text)
        ]

    def _about(self, number: int, inside: list[Extent], *, alone: bool) -> range:
        """The lines (from 1) that a comment in a line (from 0) is about."""
        if alone:
            number += 1
            while number < len(self._lines) and self._lines[number].lstrip()[:1] == "#":
                number += 1
        end = number
        if number < len(self._lines):
            border = self._starts[number] + len(self._lines[number])
            first = bisect.bisect_left(inside, (self._starts[number],))
            for extent in inside[first:]:
                if extent.start >= border:
                    break
                end = max(end, bisect.bisect_left(self._starts, extent.end) - 1)
        return range(number + 1, end + 2)


def _lies_in(at: int, inside: list[Extent]) -> bool:
    """Whether a character is one of a scalar, its header aside."""
    number = bisect.bisect_right(inside, (at, at + 1)) - 1
    return number >= 0 and inside[number].content <= at < inside[number].end


def _is_json(text: str) -> bool:
    """JSON has no comments; what looks like one is in a text."""
    if text.lstrip()[:1] not in ("{", "["):
        return False
    try:
        for _ in json_text.values(text):
            pass
    except (ValueError, RecursionError):
        return False
    return True
