r"""JSON Schema as the API server reads the schemas of kinds.

Numbers have the bounds of their ``format``, ``$`` and ``\d`` of a pattern are Go's, and
a list with ``x-kubernetes-list-map-keys`` holds each combination of these keys once.

Source: kube-openapi pkg/validation/validate, apiextensions-apiserver
pkg/apiserver/schema/listtype; tried against API server 1.36.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

BOUNDS = {"int32": 2**31, "int64": 2**63}
MAP_KEYS = "x-kubernetes-list-map-keys"
# A number with a fraction of 0 is whole as long as it is exact.
_EXACT = 2**53
_TIME = re.compile(
    r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[Tt]"
    r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)",
    re.ASCII,
)


def validator(schema: Mapping[str, Any]) -> Any:  # noqa: ANN401  a class made here
    """A validator of one schema; its ``iter_errors`` are jsonschema's."""
    return _class()(schema)


@cache
def _class() -> Any:  # noqa: ANN401  as above
    from jsonschema import Draft202012Validator, validators  # noqa: PLC0415  slow

    types = Draft202012Validator.TYPE_CHECKER.redefine_many(
        {
            "integer": lambda _, value: _is_integer(value),
            "number": lambda _, value: _is_number(value),
        }
    )
    keywords = {"pattern": _pattern, "format": _format, MAP_KEYS: _map_keys}
    return validators.extend(  # type: ignore[no-untyped-call]
        Draft202012Validator, keywords, type_checker=types
    )


def _is_integer(value: object) -> bool:
    if isinstance(value, float):
        return value.is_integer() and abs(value) < _EXACT
    return (
        isinstance(value, int)
        and not isinstance(value, bool)
        and -BOUNDS["int64"] <= value < BOUNDS["int64"]
    )


def _is_number(value: object) -> bool:
    """JSON has no infinity and nothing that is not a number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value)


def _pattern(
    _self: object, pattern: str, value: object, _schema: object
) -> Iterator[Exception]:
    if isinstance(value, str) and not compiled(pattern).search(value):
        yield _error(f"has not the form {pattern}")


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern as Go reads it."""
    return re.compile(re.sub(r"\$$", r"\\Z", pattern), re.ASCII)


def _format(
    _self: object, name: str, value: object, _schema: object
) -> Iterator[Exception]:
    if name == "date-time" and isinstance(value, str):
        if not _TIME.fullmatch(value):
            yield _error("is no time such as 2026-01-31T08:00:00Z")
    elif name in BOUNDS and _is_integer(value):
        assert isinstance(value, int | float)
        if value >= BOUNDS[name]:
            yield _error(f"is above {BOUNDS[name] - 1}, the greatest {name}")
        elif value < -BOUNDS[name]:
            yield _error(f"is below {-BOUNDS[name]}, the least {name}")


def _map_keys(
    _self: object, keys: list[str], value: object, schema: Mapping[str, Any]
) -> Iterator[Exception]:
    if not isinstance(value, list):
        return
    fields = schema["items"].get("properties", {})
    defaults = {key: fields.get(key, {}).get("default") for key in keys}
    first_of: dict[str, int] = {}
    for number, item in enumerate(value):
        if not isinstance(item, dict):
            continue
        found = {key: item.get(key, default) for key, default in defaults.items()}
        first = first_of.setdefault(repr(found), number)
        if first != number:
            same = " and ".join(f"{key} {inner!r}" for key, inner in found.items())
            yield _error(f"repeats {same} of item {first}", number)


def _error(message: str, *path: int) -> Exception:
    from jsonschema import ValidationError  # noqa: PLC0415  slow to import

    return ValidationError(message, path=path)
