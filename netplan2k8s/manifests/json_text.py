"""JSON in a text: what is wrong with it, and where its values stand.

The values come from the standard library; only the places are found here, by walking
a text that is known to be JSON. Where Python reads more than Go's encoding/json does,
Go is followed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

MAX_DEPTH = 100
_BLANKS = " \t\r\n"
_BYTE_ORDER_MARK = "\ufeff"
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_MAY_BE_LONE = re.compile(r"\\u[dD][89a-fA-F]")
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_TRAILING_COMMA = re.compile(r",\s*([}\]])")
_CONTROLS = {"\n": "a line break", "\t": "a tab"}
_DIGITS = re.compile(r"[0-9]{1000,}")


class JsonError(ValueError):
    """A text that is no JSON: why, and at which character."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


class JsonText:
    """A JSON text."""

    def __init__(self, text: str) -> None:
        self._text = _without_halves(text)

    def value(self) -> Any:  # noqa: ANN401  any JSON value
        """What the text says.

        Raises:
            JsonError: it is no JSON as Go's encoding/json reads it.
        """
        text = self._text
        if text.startswith(_BYTE_ORDER_MARK):
            raise JsonError("begins with a byte-order mark", 0)
        try:
            value = json.loads(text, parse_constant=_refuse, parse_float=_finite)
        except json.JSONDecodeError as error:
            raise JsonError(*_explained(text, error)) from error
        except _NumberError as error:
            raise JsonError(f"{error} is no JSON", _offset_of(text, error)) from error
        except RecursionError as error:
            raise JsonError("nests beyond all use", 0) from error
        except ValueError as error:  # Python has a limit of its own on digits
            found = _DIGITS.search(text)
            at = found.start() if found else 0
            raise JsonError("a number beyond all use", at) from error
        if is_deep(value):
            raise JsonError("nests beyond all use", 0)
        return value

    def offset(self, steps: tuple[str | int, ...]) -> int:
        """Where a value begins; the nearest that is there, if it is not."""
        at = self._skip(0)
        for step in steps:
            try:
                found = self._child(at, step)
            except ValueError:  # no JSON after all
                break
            if found is None:
                break
            at = found
        return at

    def _child(self, at: int, step: str | int) -> int | None:
        opening = self._text[at : at + 1]
        if opening not in ("{", "["):
            return None
        found, number, wants_key = None, 0, _is_key(step)
        at = self._skip(at + 1)
        while self._text[at : at + 1] not in ("}", "]", ""):
            start = at
            if opening == "{":
                end = self._end(at)
                key = json.loads(self._text[at:end])
                at = self._skip(self._skip(end) + 1)
                if key == step:
                    found = start if wants_key else at
            elif number == step:
                return at
            number += 1
            at = self._skip(self._end(at))
            if self._text[at : at + 1] == ",":
                at = self._skip(at + 1)
        return found

    def _end(self, at: int) -> int:
        """The end of the value that begins here."""
        _, end = json.JSONDecoder().raw_decode(self._text, at)
        return end

    def _skip(self, at: int) -> int:
        while at < len(self._text) and self._text[at] in _BLANKS:
            at += 1
        return at


def values(text: str) -> Iterator[tuple[Any, int, int]]:
    """The values of a stream, one behind the other, with where they begin and end.

    Raises:
        ValueError: the text is not all JSON, or repeats a key.
    """
    text = _without_halves(text)
    decoder = json.JSONDecoder(
        object_pairs_hook=_unrepeated, parse_constant=_refuse, parse_float=_whole
    )
    blanks = re.compile(r"[ \t\r\n]*")
    at = blanks.match(text).end()  # type: ignore[union-attr]
    while at < len(text):
        value, end = decoder.raw_decode(text, at)
        yield value, at, end
        at = blanks.match(text, end).end()  # type: ignore[union-attr]


def is_deep(value: Any) -> bool:  # noqa: ANN401  any JSON value
    """Whether a value nests so deep that nobody after us should walk it."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return any(isinstance(value, dict | list) for value in level)


def _without_halves(text: str) -> str:
    """The text with U+FFFD for each half of a pair, as Go reads it, at equal length."""
    if _MAY_BE_LONE.search(text) is None:
        return text
    return _ESCAPE.sub(lambda found: r"\ufffd" if found[1] else found[0], text)


def _is_key(step: object) -> bool:
    return isinstance(step, str) and type(step) is not str


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("repeated key")
    return made


# -- what is wrong ----------------------------------------------------------------


class _NumberError(ValueError):
    """NaN, Infinity and 1e999, which Python reads and Go does not."""


def _refuse(name: str) -> Any:  # noqa: ANN401  never returns
    raise _NumberError(name)


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise _NumberError(text)
    return number


def _whole(text: str) -> int | float:
    """A number as kubectl passes it on: 31.0 is 31."""
    number = _finite(text)
    is_whole = number.is_integer() and abs(number) < 1 << 63
    return int(number) if is_whole else number


def _offset_of(text: str, error: _NumberError) -> int:
    """Where the number stands that is none, not one like it within quotes."""
    plain = _STRING.sub(lambda found: " " * len(found[0]), text)
    return max(plain.find(str(error)), 0)


def _explained(text: str, error: json.JSONDecodeError) -> tuple[str, int]:
    """The mistakes that people make, in their words."""
    at = error.pos
    if error.msg.startswith("Invalid control character"):
        what = _CONTROLS.get(text[at : at + 1], "a control character")
        return f"{what} within quotes", at
    before = text[:at].rstrip(_BLANKS)
    after = text[at:].lstrip(_BLANKS)
    # Python before 3.13 stops behind the comma, later ones at it.
    comma = _TRAILING_COMMA.match(after)
    if comma is not None:
        return f"a comma before {comma[1]}", len(text) - len(after)
    if before.endswith(",") and after[:1] in ("}", "]"):
        return f"a comma before {after[0]}", len(before) - 1
    if not text.strip(_BLANKS):
        return "no text", 0
    if not after:
        return "the end comes too early", at
    at = len(text) - len(after)
    if after[0] == "'":
        return "a ' where JSON has a double quote", at
    if after.startswith(("//", "/*", "#")):
        return "a comment, which JSON has not", at
    if error.msg.startswith("Extra data"):
        return "more text after the end", at
    what = error.msg[:1].lower() + error.msg[1:]
    return what.replace(" enclosed in double quotes", " in double quotes"), at
