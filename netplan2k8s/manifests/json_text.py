"""JSON in a text: what is wrong with it, and where its values stand.

The values come from the standard library; only the places are found here, by walking
a text that is known to be JSON.
"""

from __future__ import annotations

import json
from typing import Any

_BLANKS = " \t\r\n"
_BYTE_ORDER_MARK = "\ufeff"


class JsonError(ValueError):
    """A text that is no JSON: why, and at which character."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


class JsonText:
    """A JSON text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def value(self) -> Any:  # noqa: ANN401  any JSON value
        """What the text says.

        Raises:
            JsonError: it is no JSON as Go's encoding/json reads it.
        """
        text = self._text
        if text.startswith(_BYTE_ORDER_MARK):
            raise JsonError("begins with a byte-order mark", 0)
        try:
            return json.loads(text, parse_constant=_refuse_constant)
        except json.JSONDecodeError as error:
            raise JsonError(*_explained(text, error)) from error
        except _ConstantError as error:
            raise JsonError(
                f"{error} is no JSON", max(text.find(str(error)), 0)
            ) from error
        except RecursionError as error:
            raise JsonError("nests beyond all use", 0) from error

    def offset(self, steps: tuple[str | int, ...]) -> int:
        """Where a value begins; the nearest that is there, if it is not."""
        at = self._skip(0)
        for step in steps:
            found = self._child(at, step)
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


def _is_key(step: object) -> bool:
    return isinstance(step, str) and type(step) is not str


class _ConstantError(Exception):
    """NaN and Infinity, which Python reads and Go does not."""


def _refuse_constant(name: str) -> Any:  # noqa: ANN401  never returns
    raise _ConstantError(name)


def _explained(text: str, error: json.JSONDecodeError) -> tuple[str, int]:
    """The mistakes that people make, in their words."""
    at = error.pos
    before = text[:at].rstrip()
    after = text[at:].lstrip()
    if before.endswith(",") and after[:1] in ("}", "]"):
        return f"a comma before {after[0]}", len(before) - 1
    if after[:1] == "'" or text[at : at + 1] == "'":
        return "a ' where JSON has a double quote", at
    if after[:2] in ("//", "/*") or after[:1] == "#":
        return "a comment, which JSON has not", at
    if not text.strip():
        return "no text", 0
    if error.msg.startswith("Extra data"):
        return "more text after the end", at
    if not after:
        return "the end comes too early", at
    what = error.msg[:1].lower() + error.msg[1:]
    return what.replace(" enclosed in double quotes", " in double quotes"), at
