"""The words for what a schema refuses: field, value, and what would be right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netplan2k8s.lint.validator import MAP_KEYS
from netplan2k8s.manifests.reader import Pointer

_WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
    "null": "nothing",
}
_LONGEST = 60


def refusal(error: Any, pointer: Pointer, kind: str) -> str:  # noqa: ANN401  of jsonschema
    """What an error of jsonschema says of a field; "" where another error says it."""
    name = dotted(pointer) or kind
    if error.validator == "required":
        return _missing(error, name)
    if error.validator == "type":
        return _of_type(error, name)
    if _is_said_otherwise(error):
        return ""
    if error.validator in ("minLength", "maxLength", "maxItems"):
        return f"{name} {_of_length(error)}"
    if error.validator in (MAP_KEYS, "uniqueItems"):
        is_named = error.validator == MAP_KEYS
        how = error.message if is_named else "has an item twice"
        return f"{name} {how}; the API server takes each once"
    return f"{name} {shown(error.instance)} {_of_value(error)}"


def _is_said_otherwise(error: Any) -> bool:  # noqa: ANN401  as above
    """Whether the same value has an error that says more: empty, of a wrong type."""
    if error.validator == "pattern":
        return not error.instance and "minLength" in error.schema
    return error.validator == "enum" and not isinstance(error.instance, str)


def _of_length(error: Any) -> str:  # noqa: ANN401  as above
    length, bound = len(error.instance), error.validator_value
    if error.validator == "minLength":
        return "is empty" if not length else f"has {length} characters, not {bound}"
    things = "items" if error.validator == "maxItems" else "characters"
    return f"has {length} {things}, above {bound}"


def _of_value(error: Any) -> str:  # noqa: ANN401  as above
    expected = error.validator_value
    match error.validator:
        case "enum":
            return f"is none of {', '.join(map(str, expected))}"
        case "minimum":
            return f"is below {expected}"
        case "maximum":
            return f"is above {expected}"
        case "pattern" if "description" in error.schema:
            return f"is not {error.schema['description']}"
    return str(error.message)


def dotted(pointer: Pointer) -> str:
    """A pointer as the API server writes it; a key with dots is in brackets."""
    text = ""
    for step in pointer:
        if isinstance(step, int) or "." in step or "/" in step:
            text += f"[{step}]"
        else:
            text += f".{step}"
    return text.lstrip(".")


def shown(value: Any) -> str:  # noqa: ANN401  any JSON value
    """A value for a message, shortened where it is long."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 4]} ..."


def _missing(error: Any, name: str) -> str:  # noqa: ANN401  as above
    """All missing fields at once: jsonschema has an error for each."""
    missing = [key for key in error.validator_value if key not in error.instance]
    if not error.message.startswith(repr(missing[0])):
        return ""
    fields = error.schema["properties"]
    parts = [f"no {key}{_which(fields.get(key, {}))}" for key in missing]
    needed = "it is" if len(parts) == 1 else "they are"
    return f"{name} has {' and '.join(parts)}; {needed} required"


def _which(schema: Any) -> str:  # noqa: ANN401  a schema
    types = schema.get("type") if isinstance(schema, dict) else None
    return f" ({_any_of(types)})" if types else ""


def _of_type(error: Any, name: str) -> str:  # noqa: ANN401  as above
    expected, value = error.validator_value, error.instance
    if value is None:
        return f"{name} is empty; it must be {_any_of(expected)}"
    what = shown(value)
    if isinstance(value, str):
        what = f"the text {what}"
    elif isinstance(value, int | float) and not isinstance(value, bool):
        what = f"the number {what}"
    message = f"{name} must be {_any_of(expected)}, not {what}"
    remedy = _remedy(value, expected, error.schema)
    return f"{message}; {remedy}" if remedy else message


def _any_of(types: str | Sequence[str]) -> str:
    names = [types] if isinstance(types, str) else list(types)
    if "number" in names and "integer" in names:
        names.remove("integer")
    return " or ".join(_WORDS[name] for name in names)


def _remedy(value: Any, expected: Any, schema: Any) -> str:  # noqa: ANN401  as above
    """How the value is written instead, "" where one cannot tell."""
    match value:
        case bool():
            return "put it in quotes" if expected == "string" else ""
        case int() | float():
            return "put it in quotes" if "string" in expected else ""
        case str():
            return _remedy_of_text(value, expected, schema)
        case dict() if expected == "array":
            return "put '- ' before each item"
        case list() if expected == "object":
            return "leave out the '- '"
        case dict() | list() if schema.get("description", "").startswith("JSON text"):
            return "write it as JSON in single quotes"
    return ""


def _remedy_of_text(value: str, expected: Any, schema: Any) -> str:  # noqa: ANN401
    if expected == "boolean" and value in ("true", "false"):
        return "write it without quotes"
    if expected == "integer" and value.removeprefix("-").isdecimal():
        return "write it without quotes"
    of_texts = expected == "array" and schema["items"].get("type") == "string"
    if of_texts and value.isprintable() and not set(value) & set("'\",[]{}#:"):
        return f"write [{', '.join(value.split())}]"
    return ""
