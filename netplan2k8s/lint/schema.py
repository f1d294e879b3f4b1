"""What the API server refuses: unknown fields, wrong types, missing values.

The schemas are those of ``schemas/`` for the operator release in question. A list of
thousands of items is judged by one item of each form.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from netplan2k8s import catalogue, json_schemas
from netplan2k8s.findings import UsageError
from netplan2k8s.lint.kinds import Kind
from netplan2k8s.lint.remarks import Remark, Spot
from netplan2k8s.manifests.places import Key
from netplan2k8s.manifests.reader import Document, Pointer
from netplan2k8s.settings import OPERATOR_RELEASES

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError

_LONG_LIST = 32
_WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
    "null": "nothing",
}


def without_nulls(value: Any) -> Any:  # noqa: ANN401  any JSON value
    """The value as the API server stores it: a key without a value is no key.

    An item of a list that is null stays, and is refused.
    """
    if isinstance(value, dict):
        if None not in value.values() and not _has_collections(value):
            return value
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


def _has_collections(value: Mapping[str, Any]) -> bool:
    return any(item.__class__ in (dict, list) for item in value.values())


def check(document: Document, kind: Kind, release: str) -> Iterator[Remark]:
    """Everything the schema of a kind refuses in an object without nulls."""
    if document.api_version != kind.api_version:
        message = (
            f"{kind.name} has no version {document.api_version}; it is"
            f" {kind.api_version}"
        )
        yield Remark(
            catalogue.UNKNOWN_VERSION, message, Spot(document, ("apiVersion",))
        )
        return
    validator = _validator(kind.name, release)
    if validator is None:
        message = f"operator release {release} has no {kind.name}; {_since(kind.name)}"
        spot = Spot(document, ("kind",))
        yield Remark(catalogue.MISSING_FIELD_IN_RELEASE, message, spot)
        return
    if "name" not in document.metadata and "generateName" not in document.metadata:
        message = f"{kind.name} has no metadata.name"
        yield Remark(catalogue.INVALID_FIELD, message, Spot(document, ("metadata",)))
    reduced, numbers = _reduced(document.body)
    for error in validator.iter_errors(reduced):
        pointer = _original(tuple(error.absolute_path), numbers)
        yield from _remarks(error, document, pointer, kind.name, release)


@cache
def _validator(name: str, release: str) -> Draft202012Validator | None:
    from jsonschema import Draft202012Validator  # noqa: PLC0415  slow to import

    try:
        return Draft202012Validator(json_schemas.schema(name, release))
    except UsageError:
        return None


# -- long lists -----------------------------------------------------------------


def _reduced(body: Any) -> tuple[Any, dict[Pointer, list[int]]]:  # noqa: ANN401  JSON
    """The body with one item of each form in its long lists, and which these are."""
    numbers: dict[Pointer, list[int]] = {}

    def reduce(value: Any, pointer: Pointer) -> Any:  # noqa: ANN401  as above
        if isinstance(value, dict):
            return {k: reduce(v, (*pointer, k)) for k, v in value.items()}
        if not isinstance(value, list) or len(value) < _LONG_LIST:
            return value
        first_of: dict[Any, int] = {}
        for number, item in enumerate(value):
            first_of.setdefault(_form(item), number)
        numbers[pointer] = list(first_of.values())
        return [value[number] for number in first_of.values()]

    return reduce(body, ()), numbers


def _form(item: Any) -> Any:  # noqa: ANN401  as above
    """What of an item the schema looks at: keys and types, and numbers themselves.

    Only the lists of pools grow long, and their schemas have no bounds on texts.
    """
    if isinstance(item, dict):
        values = item.values()
        if all(value.__class__ is str for value in values):
            return tuple(item)
        return tuple(item), tuple(map(_form, values))
    if isinstance(item, list):
        return ("list", *map(_form, item))
    return item if isinstance(item, int | float) else type(item)


def _original(pointer: Pointer, numbers: Mapping[Pointer, Sequence[int]]) -> Pointer:
    made: list[str | int] = []
    for step in pointer:
        if isinstance(step, int) and tuple(made) in numbers:
            made.append(numbers[tuple(made)][step])
        else:
            made.append(step)
    return tuple(made)


# -- words ----------------------------------------------------------------------


def _remarks(
    error: ValidationError,
    document: Document,
    pointer: Pointer,
    kind: str,
    release: str,
) -> Iterator[Remark]:
    name = _dotted(pointer) or kind
    rule: Any = error.validator
    value: Any = error.instance
    expected: Any = error.validator_value
    message = ""
    if rule == "additionalProperties":
        schema: Any = error.schema
        known = schema["properties"]
        for key in value.keys() - known.keys():
            yield _unknown(document, pointer, key, list(known), kind, release)
        return
    if rule == "required":
        missing = [key for key in expected if key not in value]
        if error.message.startswith(f"'{missing[0]}'"):
            message = f"{name} has no {', no '.join(missing)}"
    elif rule == "type":
        message = f"{name} must be {_any_of(expected)}, not {_shown(value)}"
        message += _quoting(value, expected)
    elif rule == "enum":
        message = f"{name} {value!r} is none of {', '.join(map(str, expected))}"
    elif rule == "pattern":
        message = f"{name} {value!r} has not the form {expected}"
    elif rule in ("minimum", "maximum"):
        side = "below" if rule == "minimum" else "above"
        message = f"{name} {value} is {side} {expected}"
    else:
        message = f"{name}: {error.message}"
    if message:
        yield Remark(catalogue.INVALID_FIELD, message, Spot(document, pointer))


def _unknown(
    document: Document,
    pointer: Pointer,
    key: str,
    known: list[str],
    kind: str,
    release: str,
) -> Remark:
    spot = Spot(document, (*pointer, Key(key)))
    where = _dotted(pointer) or kind
    later = _release_of(kind, (*pointer, key), release)
    if later:
        message = f"{where} has no {key} in operator release {release}; {later} has it"
        return Remark(catalogue.MISSING_FIELD_IN_RELEASE, message, spot)
    close = difflib.get_close_matches(key, known, 1) or [
        name
        for name in known
        if name.lower() in key.lower() and len(name) > 3  # noqa: PLR2004
    ]
    elsewhere = _elsewhere(kind, release, key)
    hint = ""
    if close:
        hint = f"; {close[0]} is meant"
    elif elsewhere:
        hint = f"; it is a field of {elsewhere}"
    message = f"{where} has no field {key}{hint}"
    return Remark(catalogue.UNKNOWN_FIELD, message, spot)


def _release_of(kind: str, pointer: Pointer, release: str) -> str:
    """The first later release that knows a field, "" for none."""
    later = OPERATOR_RELEASES[OPERATOR_RELEASES.index(release) + 1 :]
    for name in later:
        validator = _validator(kind, name)
        if validator is not None and _knows(validator.schema, pointer):
            return name
    return ""


def _since(kind: str) -> str:
    for name in OPERATOR_RELEASES:
        if _validator(kind, name) is not None:
            return f"{name} has it"
    return "no release has it"


def _knows(schema: Any, pointer: Pointer) -> bool:  # noqa: ANN401  a schema
    for step in pointer:
        if isinstance(step, int):
            schema = schema.get("items", {})
        else:
            properties = schema.get("properties", {})
            schema = properties.get(step, schema.get("additionalProperties"))
        if not isinstance(schema, dict):
            return False
    return True


def _elsewhere(kind: str, release: str, key: str) -> str:
    """Where in a kind a field of this name is known, for one that was moved."""
    validator = _validator(kind, release)
    assert validator is not None
    found = list(_holders(validator.schema, key, ()))
    return found[0] if len(found) == 1 else ""


def _holders(schema: Any, key: str, path: tuple[str, ...]) -> Iterator[str]:  # noqa: ANN401
    if not isinstance(schema, dict):
        return
    properties = schema.get("properties") or {}
    if key in properties:
        yield ".".join(path)
    for name, inner in properties.items():
        yield from _holders(inner, key, (*path, name))
    yield from _holders(schema.get("items"), key, path)
    yield from _holders(schema.get("additionalProperties"), key, path)


def _dotted(pointer: Pointer) -> str:
    text = ""
    for step in pointer:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.lstrip(".")


def _any_of(types: str | Sequence[str]) -> str:
    names = [types] if isinstance(types, str) else list(types)
    if {"string", "integer"} <= set(names):
        return "a number or text"
    return " or ".join(_WORDS[name] for name in names)


def _shown(value: Any) -> str:  # noqa: ANN401  any JSON value
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"the text {value!r}" if isinstance(value, str) else f"the number {value}"


def _quoting(value: Any, expected: Any) -> str:  # noqa: ANN401  as above
    if expected == "string" and isinstance(value, int | float):
        return "; put it in quotes"
    if expected == "integer" and isinstance(value, str) and value.isdigit():
        return "; write it without quotes"
    return ""
