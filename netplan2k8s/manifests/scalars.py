"""Plain YAML scalars as kubectl types them.

Source: sigs.k8s.io/yaml, whose resolver is that of go-yaml v2: the words of YAML 1.1
for booleans, Go's literals for integers; a date stays text.
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
_INTEGER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|[0-9_]+)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_SPECIAL = {
    sign + form: float(sign + word)
    for word in ("inf", "nan")
    for form in (f".{word}", f".{word.capitalize()}", f".{word.upper()}")
    for sign in (("", "+", "-") if word == "inf" else ("",))
}
_TYPED_START = frozenset("0123456789+-.~yYnNtTfFoO")


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
    if _INTEGER.fullmatch(text):
        number = _integer(text)
        if number is not None:
            return number
    if _FLOAT.fullmatch(text):
        return float(text)
    return text


def _integer(text: str) -> int | None:
    digits = text.replace("_", "")
    sign = -1 if digits.startswith("-") else 1
    digits = digits.lstrip("+-")
    if len(digits) > 1 and digits[0] == "0" and digits.isdigit():
        digits = "0o" + digits[1:]
    try:
        return sign * int(digits, 0)
    except ValueError:
        return None


def words_of_yaml() -> frozenset[str]:
    """Texts of letters that a plain scalar cannot be."""
    return frozenset(_BOOLEANS) | _NULLS
