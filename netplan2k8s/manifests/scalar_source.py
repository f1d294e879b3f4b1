"""Where each character of a scalar is written.

The source is read once more as YAML reads it, and what comes out is compared with the
value: only indentation, quotes, escapes and folded lines differ. A source that cannot
be followed has no places.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")
_BLANKS = " \t"
_SHORT = {
    "0": "\0",
    "a": "\a",
    "b": "\b",
    "t": "\t",
    "\t": "\t",
    "n": "\n",
    "v": "\v",
    "f": "\f",
    "r": "\r",
    "e": "\x1b",
    "N": "\x85",
    "_": "\xa0",
    "L": "\u2028",
    "P": "\u2029",
}
_LONG = {"x": 2, "u": 4, "U": 8}
_PAIR = re.compile(r"\\u[dD]([89abAB][0-9a-fA-F]{2})\\u[dD]([c-fC-F][0-9a-fA-F]{2})")
_Step = tuple[str, int]


def positions(text: str, start: int, value: str) -> list[int] | None:
    """The place of each character of a scalar's value, and that of its end.

    None where the source at ``start`` is not that of the value.
    """
    found_properties = _PROPERTIES.match(text, start)
    at = found_properties.end() if found_properties else start
    steps = _steps(text, at, value)
    found: list[int] = []
    for character, (written, place) in zip(value, steps, strict=False):
        if character != written:
            return None
        found.append(place)
    if len(found) != len(value):
        return None
    _, end = next(steps, ("", found[-1] + 1 if found else at))
    return [*found, end]


def _steps(text: str, at: int, value: str) -> Iterator[_Step]:
    first = text[at : at + 1]
    if first == '"':
        return _double(text, at + 1)
    if first == "'":
        return _single(text, at + 1)
    if first and first in "|>":
        return _block(text, at, value, folds=first == ">")
    return _plain(text, at)


# -- flow scalars -----------------------------------------------------------------


def _plain(text: str, at: int) -> Iterator[_Step]:
    while at < len(text):
        if text[at] in " \t\n":
            steps, at = _space(text, at)
            yield from steps
        else:
            yield text[at], at
            at += 1


def _single(text: str, at: int) -> Iterator[_Step]:
    while at < len(text):
        character = text[at]
        if character == "'" and text[at + 1 : at + 2] != "'":
            yield "", at
            return
        if character in " \t\n":
            steps, at = _space(text, at)
            yield from steps
        else:
            yield character, at
            at += 2 if character == "'" else 1


def _double(text: str, at: int) -> Iterator[_Step]:
    while at < len(text):
        character = text[at]
        if character == '"':
            yield "", at
            return
        if character == "\\" and text[at + 1 : at + 2] == "\n":
            steps, at = _breaks(text, at + 1)
            yield from steps[1:]
        elif character == "\\":
            written, length = _escape(text, at)
            yield written, at
            at += length
        elif character in " \t\n":
            steps, at = _space(text, at)
            yield from steps
        else:
            yield character, at
            at += 1


def _escape(text: str, at: int) -> tuple[str, int]:
    """The character of an escape, and the length of that; JSON has pairs besides."""
    kind = text[at + 1 : at + 2]
    if kind not in _LONG:
        return _SHORT.get(kind, kind), 2
    pair = _PAIR.match(text, at)
    if pair is not None:
        high, low = (int(half, 16) for half in pair.groups())
        return chr(0x10000 + ((high - 0x800) << 10) + (low - 0xC00)), 12
    length = _LONG[kind]
    try:
        character = chr(int(text[at + 2 : at + 2 + length], 16))
    except (ValueError, OverflowError):
        return "", 2
    is_half = "\ud800" <= character <= "\udfff"
    return "\ufffd" if is_half else character, 2 + length


def _space(text: str, at: int) -> tuple[list[_Step], int]:
    """Blanks as they are, or what the line break among them stands for."""
    end = _skip(text, at)
    if text[end : end + 1] != "\n":
        return [(text[place], place) for place in range(at, end)], end
    breaks, end = _breaks(text, end)
    return (breaks[1:] or [(" ", breaks[0][1])]), end


def _breaks(text: str, at: int) -> tuple[list[_Step], int]:
    """The line breaks from here on, and where the next line says something."""
    found: list[_Step] = []
    while text[at : at + 1] == "\n":
        found.append(("\n", at))
        at = _skip(text, at + 1)
    return found, at


def _skip(text: str, at: int) -> int:
    while text[at : at + 1] and text[at] in _BLANKS:
        at += 1
    return at


# -- block scalars ----------------------------------------------------------------


def _block(text: str, at: int, value: str, *, folds: bool) -> Iterator[_Step]:
    at = _line_end(text, at) + 1
    indent = _indent(text, at, value)
    last, was_blank = -1, False
    breaks: list[int] = []
    while at < len(text):
        end = _line_end(text, at)
        line = text[at:end]
        if not line[:indent].strip(" ") and len(line) <= indent:
            breaks.append(end)
            at = end + 1
            continue
        if line[:indent].strip(" "):
            break
        is_blank = line[indent] in _BLANKS
        if last >= 0 and not (folds and not was_blank and not is_blank):
            yield "\n", last
        elif last >= 0 and not breaks:
            yield " ", last
        yield from (("\n", place) for place in breaks)
        yield from ((text[place], place) for place in range(at + indent, end))
        last, was_blank, breaks = end, is_blank, []
        at = end + 1
    yield from (("\n", place) for place in (last, *breaks) if place >= 0)


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _indent(text: str, at: int, value: str) -> int:
    """The indentation of a block's content, whatever its header says.

    The first line that is more than blanks has it before what the value has.
    """
    line = next((line for line in value.split("\n") if line.strip(" ")), "")
    while at < len(text):
        end = _line_end(text, at)
        source = text[at:end]
        if source.strip(" "):
            return max(_margin(source) - _margin(line), 0)
        at = end + 1
    return 0


def _margin(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
