"""A quick yes: objects that a schema surely takes need no jsonschema, slow to import.

Only a yes counts. What is not sure, by a keyword or value that is rare, is left to
``validator``, which also has the words; a differential test holds every yes to it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from netplan2k8s.lint.validator import BOUNDS, MAP_KEYS, compiled
from netplan2k8s.manifests.records import Alike

Schema = Mapping[str, Any]
_SILENT = frozenset({"title", "description", "default", "$schema", "$defs"})
_BLIND = _SILENT | {"type", "properties", "additionalProperties", "required", "items"}
_TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: _is_integer(value) and -(2**63) <= value < 2**63,
    "number": lambda value: _is_integer(value) or _is_finite(value),
    "null": lambda value: value is None,
}


def takes(schema: Any, value: Any, root: Schema) -> bool:  # noqa: ANN401  JSON
    """Whether the schema surely takes a JSON value; ``root`` has its definitions."""
    if isinstance(schema, bool):
        return schema
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    for keyword, wanted in schema.items():
        if keyword in _SILENT:
            continue
        check = _CHECKS.get(keyword)
        if check is None or not check(wanted, value, schema, root):
            return False
    return True


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_finite(value: object) -> bool:
    return isinstance(value, float) and math.isfinite(value)


def _type(wanted: Any, value: Any, _schema: Schema, _root: Schema) -> bool:  # noqa: ANN401
    names = [wanted] if isinstance(wanted, str) else wanted
    return any(_TYPES[name](value) for name in names)


def _properties(wanted: Any, value: Any, schema: Schema, root: Schema) -> bool:  # noqa: ANN401
    if not isinstance(value, dict):
        return True
    others = schema.get("additionalProperties", True)
    return all(
        takes(wanted.get(key, others), inner, root) for key, inner in value.items()
    )


def _others(wanted: Any, value: Any, schema: Schema, root: Schema) -> bool:  # noqa: ANN401
    """With ``properties`` beside it, it was asked there."""
    if not isinstance(value, dict) or "properties" in schema:
        return True
    return all(takes(wanted, inner, root) for inner in value.values())


def _required(wanted: Any, value: Any, _schema: Schema, _root: Schema) -> bool:  # noqa: ANN401
    return not isinstance(value, dict) or all(key in value for key in wanted)


def _names(wanted: Any, value: Any, _schema: Schema, root: Schema) -> bool:  # noqa: ANN401
    return not isinstance(value, dict) or all(takes(wanted, key, root) for key in value)


def _items(wanted: Any, value: Any, _schema: Schema, root: Schema) -> bool:  # noqa: ANN401
    if not isinstance(value, list):
        return True
    if isinstance(value, Alike) and _is_blind(wanted, root):
        value = value[:1]
    return all(takes(wanted, item, root) for item in value)


def _is_blind(schema: Any, root: Schema, depth: int = 8) -> bool:  # noqa: ANN401  JSON
    """Whether a schema sees of a value its keys and types alone, and no text.

    False where in doubt, as for one that leads back to itself.
    """
    if isinstance(schema, bool):
        return True
    if not depth:
        return False
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    if not schema.keys() <= _BLIND:
        return False
    below = [schema.get("items", True), schema.get("additionalProperties", True)]
    below += schema.get("properties", {}).values()
    return all(_is_blind(inner, root, depth - 1) for inner in below)


def _keyed(wanted: Any, value: Any, _schema: Schema, _root: Schema) -> bool:  # noqa: ANN401
    """Items with all their keys as texts, no two alike."""
    if not isinstance(value, list) or len(value) < 2:  # noqa: PLR2004
        return True
    seen = set()
    for item in value:
        found = tuple(item.get(key) for key in wanted) if isinstance(item, dict) else ()
        if not found or not all(isinstance(key, str) for key in found):
            return False
        seen.add(found)
    return len(seen) == len(value)


def _format(wanted: Any, value: Any, _schema: Schema, _root: Schema) -> bool:  # noqa: ANN401
    if wanted not in BOUNDS or isinstance(value, float):
        return False
    return not _is_integer(value) or -BOUNDS[wanted] <= value < BOUNDS[wanted]


def _pattern(wanted: Any, value: Any, _schema: Schema, _root: Schema) -> bool:  # noqa: ANN401
    return not isinstance(value, str) or compiled(wanted).search(value) is not None


def _is_one_of(wanted: Any, value: Any, _schema: Schema, _root: Schema) -> bool:  # noqa: ANN401
    return isinstance(value, str) and value in wanted


def _bound(
    size: Callable[[Any], Any], kind: type, *, is_least: bool
) -> Callable[[Any, Any, Schema, Schema], bool]:
    def check(wanted: Any, value: Any, _schema: Schema, _root: Schema) -> bool:  # noqa: ANN401
        if isinstance(value, float):
            return False
        if not isinstance(value, kind) or isinstance(value, bool):
            return True  # a keyword is silent on values of other types
        found = size(value)
        return bool(found >= wanted) if is_least else bool(found <= wanted)

    return check


_CHECKS: dict[str, Callable[[Any, Any, Schema, Schema], bool]] = {
    "type": _type,
    "properties": _properties,
    "additionalProperties": _others,
    "required": _required,
    "propertyNames": _names,
    "items": _items,
    MAP_KEYS: _keyed,
    "format": _format,
    "pattern": _pattern,
    "const": lambda wanted, value, *_: isinstance(value, str) and value == wanted,
    "enum": _is_one_of,
    "minimum": _bound(lambda value: value, int, is_least=True),
    "maximum": _bound(lambda value: value, int, is_least=False),
    "minLength": _bound(len, str, is_least=True),
    "maxLength": _bound(len, str, is_least=False),
    "maxItems": _bound(len, list, is_least=False),
}
