"""What the API server refuses: unknown fields, wrong types, missing values.

The schemas are those of ``schemas/`` for the operator release in question. A pool's
list of thousands of items is judged by one item of each form.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from netplan2k8s import catalogue, json_schemas
from netplan2k8s.findings import UsageError
from netplan2k8s.lint.kinds import Kind
from netplan2k8s.lint.long_lists import original, reduced
from netplan2k8s.lint.refusals import dotted, refusal
from netplan2k8s.lint.remarks import Remark, Spot
from netplan2k8s.lint.surely import takes
from netplan2k8s.lint.validator import validator
from netplan2k8s.manifests.places import Key
from netplan2k8s.manifests.reader import Document, Pointer
from netplan2k8s.manifests.records import Alike
from netplan2k8s.settings import OPERATOR_RELEASES

Schema = Mapping[str, Any]

# Kinds whose lists grow with the fleet; of an item, their schemas see the form alone.
_POOLS = frozenset({"CIDRPool", "IPPool"})
# How alike two names are where one is surely meant for the other, and where perhaps.
_SURE, _PERHAPS = 0.85, 0.7
_FEW_FIELDS, _FEW_PLACES = 10, 2
# Where a field is hardly meant to be.
_RARE = frozenset(
    {"initContainers", "ephemeralContainers", "ownerReferences", "managedFields"}
)
# Names with a domain are those of resources and annotations.
_OF_DOMAINS = {
    "limits": "limits",
    "resources": "resources.limits",
    "annotations": "annotations",
}


def without_nulls(value: Any) -> Any:  # noqa: ANN401  any JSON value
    """The value as the API server stores it: a key without a value is no key.

    An item of a list that is null stays, and is refused.
    """
    if isinstance(value, dict):
        if None not in value.values() and not _has_collections(value):
            return value
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    if isinstance(value, list) and not isinstance(value, Alike):
        return [without_nulls(item) for item in value]
    return value


def _has_collections(value: Mapping[str, Any]) -> bool:
    return any(isinstance(item, dict | list) for item in value.values())


def check(document: Document, kind: Kind, release: str) -> Iterator[Remark]:
    """Everything the schema of a kind refuses in an object."""
    if document.api_version != kind.api_version:
        message = (
            f"apiVersion {document.api_version} has no {kind.name};"
            f" {kind.api_version} has it"
        )
        spot = Spot(document, ("apiVersion",))
        yield Remark(catalogue.UNKNOWN_VERSION, message, spot)
        return
    schema = _schema(kind.name, release)
    if schema is None:
        message = f"operator release {release} has no {kind.name}; {_since(kind.name)}"
        spot = Spot(document, ("kind",))
        yield Remark(catalogue.MISSING_FIELD_IN_RELEASE, message, spot)
        return
    yield from _unnamed(document, kind)
    body: Any = document.body
    numbers: dict[Pointer, list[int]] = {}
    if kind.name in _POOLS:
        body, numbers = reduced(body)
    body = _stored(body, schema, schema)
    if takes(schema, body, schema):
        return
    errors = _validator(kind.name, release).iter_errors(body)
    for error in sorted(errors, key=lambda error: _order(error, body)):
        pointer = original(tuple(error.absolute_path), numbers)
        if error.validator == "additionalProperties":
            known = error.schema["properties"]
            for key in (key for key in error.instance if key not in known):
                yield _unknown(Spot(document, pointer), key, kind.name, release)
            continue
        message = refusal(error, pointer, kind.name)
        if "propertyNames" in error.absolute_schema_path:
            pointer = (*pointer, Key(error.instance))
        if message:
            yield Remark(catalogue.INVALID_FIELD, message, Spot(document, pointer))


def _order(error: Any, body: Any) -> list[int]:  # noqa: ANN401  of jsonschema
    """As it is written: jsonschema goes through some keys as a set."""
    order: list[int] = []
    for step in error.absolute_path:
        order.append(step if isinstance(step, int) else list(body).index(step))
        body = body[step]
    return order


def _unnamed(document: Document, kind: Kind) -> Iterator[Remark]:
    metadata = document.body.get("metadata")
    if not isinstance(metadata, dict):
        return
    if not metadata.get("name") and not metadata.get("generateName"):
        message = f"{kind.name} has no metadata.name, and no metadata.generateName"
        yield Remark(catalogue.INVALID_FIELD, message, Spot(document, ("metadata",)))


@cache
def _schema(name: str, release: str) -> Schema | None:
    try:
        return json_schemas.schema(name, release)
    except UsageError:
        return None


@cache
def _validator(name: str, release: str) -> Any:  # noqa: ANN401  of jsonschema
    return validator(json_schemas.schema(name, release))


# -- schemas --------------------------------------------------------------------


def _resolved(schema: Any, root: Schema) -> Schema:  # noqa: ANN401  a schema
    """The schema, or that of its definition; without fields where there is none."""
    if not isinstance(schema, dict):
        return {}
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        found: Schema = root["$defs"][name]
        return found
    return schema


def _stored(value: Any, schema: Any, root: Schema) -> Any:  # noqa: ANN401  any JSON
    """The value as the API server stores it: a known key without a value is no key.

    An unknown one is refused with a value and without.
    """
    if not isinstance(value, dict | list) or isinstance(value, Alike):
        return value  # the values of such a list are texts
    here = _resolved(schema, root)
    if isinstance(value, list):
        return [_stored(item, here.get("items"), root) for item in value]
    fields, others = here.get("properties", {}), here.get("additionalProperties")
    if "propertyNames" in here:
        # Of labels and annotations, Go makes an empty text.
        return {key: "" if inner is None else inner for key, inner in value.items()}
    return {
        key: _stored(inner, fields.get(key, others), root)
        for key, inner in value.items()
        if inner is not None or (others is False and key not in fields)
    }


def _below(schema: Schema, step: str) -> Any:  # noqa: ANN401  a schema
    if step == "[]":
        return schema.get("items")
    if step == "*":
        return schema.get("additionalProperties")
    return schema.get("properties", {}).get(step)


def _steps(pointer: Pointer, root: Schema) -> tuple[str, ...] | None:
    """The way to a field in a schema, ``[]`` for an item and ``*`` for any key.

    None where the schema does not know the field.
    """
    schema, steps = root, []
    for step in pointer:
        if isinstance(step, int):
            name = "[]"
        else:
            name = step if step in schema.get("properties", {}) else "*"
        below = _below(schema, name)
        if not isinstance(below, dict):
            return None
        schema = _resolved(below, root)
        steps.append(name)
    return tuple(steps)


def _holders(
    schema: Any,  # noqa: ANN401  a schema
    key: str,
    root: Schema,
    path: tuple[str, ...] = (),
) -> Iterator[tuple[str, ...]]:
    """Where a field of this name is known."""
    here = _resolved(schema, root)
    fields = here.get("properties", {})
    if key in fields:
        yield path
    inner = [*fields.items(), ("[]", here.get("items"))]
    inner.append(("*", here.get("additionalProperties")))
    for name, below in inner:
        if isinstance(below, dict):
            yield from _holders(below, key, root, (*path, name))


# -- unknown fields -------------------------------------------------------------


def _unknown(holder: Spot, key: str, kind: str, release: str) -> Remark:
    where = dotted(holder.pointer) or kind
    spot = Spot(holder.document, (*holder.pointer, Key(key)))
    later = _later(kind, (*holder.pointer, key), release)
    if later:
        message = f"{where} has no {key} in operator release {release}; {later} has it"
        return Remark(catalogue.MISSING_FIELD_IN_RELEASE, message, spot)
    root = _schema(kind, release)
    assert root is not None
    hint = _hint(holder.pointer, key, root)
    return Remark(catalogue.UNKNOWN_FIELD, f"{where} has no field {key}{hint}", spot)


def _later(kind: str, pointer: Pointer, release: str) -> str:
    """The first later release that knows a field, "" for none."""
    for name in OPERATOR_RELEASES[OPERATOR_RELEASES.index(release) + 1 :]:
        schema = _schema(kind, name)
        if schema is not None and _steps(pointer, schema) is not None:
            return name
    return ""


def _since(kind: str) -> str:
    for name in OPERATOR_RELEASES:
        if _schema(kind, name) is not None:
            return f"{name} has it"
    return "no release has it"


def _hint(pointer: Pointer, key: str, root: Schema) -> str:
    """What may be meant: a field here of a like name, or one elsewhere of this name."""
    here = _steps(pointer, root)
    assert here is not None
    known = list(_at(here, root).get("properties", {}))
    if "/" in key:
        below = [name for name in _OF_DOMAINS if name in known]
        return f"; it belongs below {_OF_DOMAINS[below[0]]}" if below else ""
    close = _close(key, known, _SURE)
    elsewhere = "" if close else _elsewhere(here, key, root)
    close = close or _close(key, known, _PERHAPS)
    if elsewhere:
        return f"; it is a field of {elsewhere}"
    if close:
        return f"; {close} is meant"
    if len(known) == 1:
        return f"; its field is {known[0]}"
    return f"; its fields are {', '.join(known)}" if len(known) <= _FEW_FIELDS else ""


def _at(steps: tuple[str, ...], root: Schema) -> Schema:
    schema = root
    for step in steps:
        schema = _resolved(_below(schema, step), root)
    return schema


def _close(key: str, known: list[str], ratio: float) -> str:
    """The known name that is most like a key, or that it contains; "" for none."""
    by_lower = {name.lower(): name for name in known}
    found = difflib.get_close_matches(key.lower(), by_lower, 1, ratio)
    if not found and ratio < _SURE:
        found = [n for n in by_lower if n in key.lower() and len(n) > 3]  # noqa: PLR2004
    return by_lower[found[0]] if found else ""


def _elsewhere(here: tuple[str, ...], key: str, root: Schema) -> str:
    """The nearest places that know a field of this name; "" for none or many."""

    def distance(path: tuple[str, ...]) -> int:
        same = 0
        while same < min(len(path), len(here)) and path[same] == here[same]:
            same += 1
        return len(here) + len(path) - 2 * same

    found = sorted(
        (path for path in _holders(root, key, root) if _RARE.isdisjoint(path)),
        key=distance,
    )
    nearest = [path for path in found if distance(path) == distance(found[0])]
    if len(nearest) == 1 and nearest[0][: len(here)] == here:
        found = nearest
    if len(found) > _FEW_PLACES:
        return ""
    names = [".".join(path).replace(".[]", "[]") or root["title"] for path in found]
    return " and of ".join(names)
