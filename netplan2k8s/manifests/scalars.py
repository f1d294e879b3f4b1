"""Plain YAML scalars as kubectl types them.

Source: sigs.k8s.io/yaml, whose resolver is that of go-yaml v2: the words of YAML 1.1
for booleans, Go's literals for numbers; a date stays text. What Go then writes as JSON
and reads again is meant, so that 1e3 is an integer.
"""

from __future__ import annotations

import re
from functools import lru_cache

Scalar = str | int | float | bool | None

_BOOLEANS = {
    form: value
    for words, value in (
        (("y", "yes", "true", "on"), True),
        (("n", "no", "false", "off"), False),
    )
    for word in words
    for form in (word, word.capitalize(), word.upper())
}
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_INTEGER = re.compile(
    r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))"
)
_BASES = (16, 2, 8, 10)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
# Behind a point Go wants a digit on both sides of an underscore.
_FRACTION = re.compile(r"\.[0-9](?:_?[0-9])*(?:[eE][-+]?[0-9](?:_?[0-9])*)?")
_SPECIAL = {
    sign + word: float(sign + word.replace(".", ""))
    for signs, words in (
        (("", "+", "-"), (".inf", ".Inf", ".INF")),
        (("",), (".nan", ".NaN", ".NAN")),
    )
    for sign in signs
    for word in words
}
_TYPED_START = frozenset("0123456789+-.~yYnNtTfFoO")
_INT64 = 1 << 63
_DIGITS = 64  # of an integer of 64 bits in base 2


@lru_cache(maxsize=4096)
def typed(text: str) -> Scalar:
    """The value of a plain scalar."""
    if text in _NULLS:
        return None
    if text[0] not in _TYPED_START:
        return text
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if text in _SPECIAL:
        return _SPECIAL[text]
    number = _number(text)
    return text if number is None else number


def key_text(value: object) -> str | None:
    """What a key is in JSON, which has text keys only; None for one that cannot be."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else None


def words_of_yaml() -> frozenset[str]:
    """Texts of letters that a plain scalar cannot be."""
    return frozenset(_BOOLEANS) | _NULLS


def _number(text: str) -> int | float | None:
    if text[0] == ".":
        return _float(text.replace("_", "")) if _FRACTION.fullmatch(text) else None
    plain = text.replace("_", "") if "_" in text else text
    found = _INTEGER.fullmatch(plain)
    number = _integer(*found.groups("")) if found else None
    if number is None and _FLOAT.fullmatch(plain):
        return _float(plain)
    return number


def _integer(sign: str, *forms: str) -> int | float | None:
    """A number of 64 bits; one that needs all of them is a float in the cluster."""
    digits, base = next(pair for pair in zip(forms, _BASES, strict=True) if pair[0])
    digits = digits.lstrip("0") or "0"
    if len(digits) > _DIGITS:
        return None
    number = int(digits, base)
    if sign == "-":
        return -number if number <= _INT64 else None
    if number < _INT64:
        return number
    return float(number) if number < 2 * _INT64 and not sign else None


def _float(text: str) -> int | float | None:
    number = float(text)
    if abs(number) < _INT64 and number.is_integer():
        return int(number)
    return None if number in (float("inf"), float("-inf")) else number
