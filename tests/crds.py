"""What the API server says of an object, by the schema of a CRD.

Written without the schemas, the validator and the words under test: fields that the
schema does not know are refused, as ``kubectl`` asks for; a known key without a value is
no key; numbers have the bounds of their format; lists by key hold each key once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from typing import Any

import yaml

from tests.conftest import CRDS

Schema = dict[str, Any]

# Kind → its file; those of the operator are there for each release.
OF_OPERATOR = {
    "CIDRPool": "nv-ipam.nvidia.com_cidrpools.yaml",
    "IPPool": "nv-ipam.nvidia.com_ippools.yaml",
    "HostDeviceNetwork": "mellanox.com_hostdevicenetworks.yaml",
    "NicClusterPolicy": "mellanox.com_nicclusterpolicies.yaml",
    "NicNodePolicy": "mellanox.com_nicnodepolicies.yaml",
}
OF_OTHERS = {
    "NetworkAttachmentDefinition": (
        "k8s.cni.cncf.io_networkattachmentdefinitions_crd.yaml"
    ),
    "PyTorchJob": "kubeflow.org_pytorchjobs.yaml",
    "MPIJob": "kubeflow.org_mpijobs.v2beta1.yaml",
    "TrainJob": "trainer.kubeflow.org_trainjobs.yaml",
}
VERSIONS = {
    "25.10": "network-operator-v25.10.0",
    "26.1": "network-operator-v26.1.2",
    "26.4": "network-operator-v26.4.1",
    "26.7": "network-operator-v26.7.0-rc.2",
}
TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
}
WIDTHS = {"int32": 31, "int64": 63}
URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://.+")
# Rules of the CRDs in CEL; one of a change cannot be broken by a new object.
CEL: dict[str, Callable[[Any], bool]] = {
    "self == oldSelf": lambda _: True,
    "self.endIndex >= self.startIndex": lambda it: it["endIndex"] >= it["startIndex"],
    "self in ['trainer.kubeflow.org/trainjob-controller', 'kueue.x-k8s.io/multikueue']": (
        lambda it: (
            it
            in (
                "trainer.kubeflow.org/trainjob-controller",
                "kueue.x-k8s.io/multikueue",
            )
        )
    ),
    "self == '' || self.matches('^[A-Za-z][A-Za-z0-9+.-]*://.+$')": (
        lambda it: it == "" or URI.fullmatch(it) is not None
    ),
    "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')": (
        lambda it: (
            re.fullmatch("[a-z]([-a-z0-9]*[a-z0-9])?", it["metadata"]["name"])
            is not None
        )
    ),
    "size(self.metadata.name) <= 63": lambda it: len(it["metadata"]["name"]) <= 63,
}
# Left out of the comparison: rule → who judges it.
JUDGED_BY_OTHERS = {
    "self.endIndex >= self.startIndex": "the rules of pools, which know the size of the prefix too"
}


@cache
def crd(kind: str, release: str) -> Schema | None:
    """The schema of a kind as of an operator release; None where it has none."""
    if kind in OF_OTHERS:
        path = CRDS / OF_OTHERS[kind]
    else:
        directory = (
            CRDS / "versions" / VERSIONS[release] if release in VERSIONS else CRDS
        )
        names = (OF_OPERATOR[kind], f"005-{OF_OPERATOR[kind]}")
        found = [directory / name for name in names if (directory / name).exists()]
        if not found:
            return None
        path = found[0]
    documents = yaml.load_all(path.read_text(), yaml.CSafeLoader)
    body = next(document for document in documents if document)
    (version,) = body["spec"]["versions"]
    return version["schema"]["openAPIV3Schema"]


# What the API server says of the metadata of every object, as a CRD would; names of
# objects are judged by NK415.
_PART = "[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_DOMAIN = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_TEXT = {"type": "string"}
_WHOLE = {"type": "integer", "format": "int64"}
_TIME = {"type": "string", "format": "date-time"}
_FLAG = {"type": "boolean"}
_OWNER = {
    "type": "object",
    "required": ["apiVersion", "kind", "name", "uid"],
    "properties": {
        **dict.fromkeys(
            ("apiVersion", "kind", "name", "uid"), _TEXT | {"minLength": 1}
        ),
        **dict.fromkeys(("blockOwnerDeletion", "controller"), _FLAG),
    },
}
OBJECT_META: Schema = {
    "type": "object",
    "properties": {
        **dict.fromkeys(("name", "generateName", "namespace", "uid"), _TEXT),
        **dict.fromkeys(("resourceVersion", "selfLink"), _TEXT),
        **dict.fromkeys(("creationTimestamp", "deletionTimestamp"), _TIME),
        **dict.fromkeys(("generation", "deletionGracePeriodSeconds"), _WHOLE),
        "labels": {
            "type": "object",
            "keys": f"^({_DOMAIN}/)?{_PART}$",
            "additionalProperties": _TEXT
            | {"pattern": f"^({_PART})?$", "maxLength": 63},
        },
        "annotations": {
            "type": "object",
            "keys": f"(?i)^({_DOMAIN}/)?{_PART}$",
            "additionalProperties": _TEXT,
        },
        "finalizers": {
            "type": "array",
            "items": _TEXT | {"pattern": f"^({_DOMAIN}/)?{_PART}$"},
        },
        "ownerReferences": {"type": "array", "items": _OWNER},
    },
}


def with_metadata(schema: Schema) -> Schema:
    """The schema of a kind with what the API server knows of every object."""
    fields = {"apiVersion": _TEXT, "kind": _TEXT, "metadata": OBJECT_META}
    required = {"required": ["metadata", *schema.get("required", ())]}
    return schema | required | {"properties": schema["properties"] | fields}


def refused(schema: Schema, value: Any, path: str = "") -> Iterator[str]:
    """What the API server refuses: the path, a colon, and the reason."""
    if not _is_of_type(schema, value):
        yield f"{path}: type"
        return
    yield from (f"{path}: {why}" for why in _beyond_bounds(schema, value))
    if isinstance(value, dict):
        yield from _refused_fields(schema, value, path)
    if isinstance(value, list) and "items" in schema:
        yield from _refused_items(schema, value, path)
    for rule in schema.get("x-kubernetes-validations", ()):
        if rule["rule"] in JUDGED_BY_OTHERS:
            continue
        try:
            holds = CEL[rule["rule"]](value)
        except (TypeError, AttributeError, LookupError):
            holds = True  # the schema has refused it already
        if not holds:
            of_name = "self.metadata.name" in rule["rule"]
            yield f"{path}{'.metadata.name' * of_name}: {rule['rule']}"


def _is_of_type(schema: Schema, value: Any) -> bool:
    if schema.get("x-kubernetes-int-or-string"):
        return isinstance(value, str) or _is_whole(value)
    wanted = schema.get("type")
    if wanted == "integer":
        return _is_whole(value)
    return wanted is None or isinstance(value, TYPES[wanted])


def _is_whole(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if isinstance(value, float):
        return abs(value) < 2**53 and value == int(value)
    return -(2**63) <= value < 2**63


def _beyond_bounds(schema: Schema, value: Any) -> Iterator[str]:
    if value not in schema.get("enum", [value]):
        yield "enum"
    if isinstance(value, str):
        pattern = schema.get("pattern", "").replace("$", r"\Z")
        if not re.search(pattern, value, re.ASCII):
            yield "pattern"
        if schema.get("format") == "date-time" and not _is_time(value):
            yield "time"
    elif isinstance(value, int | float) and not isinstance(value, bool):
        width = WIDTHS.get(schema.get("format"))
        if width and not -(2**width) <= value < 2**width:
            yield "format"
        if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
            yield "bounds"
    yield from _beyond_length(schema, value)


def _is_time(value: str) -> bool:
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return False
    return found.tzinfo is not None and "T" in value.upper()


def _beyond_length(schema: Schema, value: Any) -> Iterator[str]:
    for things, one in (("Length", str), ("Items", list), ("Properties", dict)):
        if isinstance(value, one):
            least = schema.get(f"min{things}", 0)
            most = schema.get(f"max{things}", len(value))
            if not least <= len(value) <= most:
                yield f"{things} {len(value)}"


def _refused_fields(schema: Schema, value: dict[str, Any], path: str) -> Iterator[str]:
    fields, others = schema.get("properties"), schema.get("additionalProperties")
    if fields is None and others is None:
        return
    if schema is OBJECT_META and not (value.get("name") or value.get("generateName")):
        yield f"{path}: no name"
    names = re.compile(schema.get("keys", "").replace("$", r"\Z"))
    yield from (f"{path}.{key}: name" for key in value if not names.search(key))
    for key in schema.get("required", ()):
        if value.get(key) is None and "default" not in (fields or {}).get(key, {}):
            yield f"{path}: no {key}"
    for key, inner in value.items():
        known = (fields or {}).get(key, others)
        if known is None:
            yield f"{path}.{key}: unknown"
        elif inner is not None:
            yield from refused(known, inner, f"{path}.{key}")


def _refused_items(schema: Schema, value: list[Any], path: str) -> Iterator[str]:
    for number, item in enumerate(value):
        yield from refused(schema["items"], item, f"{path}[{number}]")
    listed = schema.get("x-kubernetes-list-type", "atomic")
    if listed == "atomic":
        return
    keys = schema.get("x-kubernetes-list-map-keys")
    seen = [_identity(schema["items"], item, keys) for item in value]
    for number, identity in enumerate(seen):
        if identity in seen[:number]:
            yield f"{path}[{number}]: twice"


def _identity(schema: Schema, item: Any, keys: list[str] | None) -> str:
    if keys is None:
        return repr(item)
    if not isinstance(item, dict):
        return f"{id(item)}"
    found = [item.get(key) for key in keys]
    fields = [schema["properties"][key] for key in keys]
    pairs = zip(found, fields, strict=True)
    return repr([one.get("default") if it is None else it for it, one in pairs])


# -- both kinds of schemas, field by field --------------------------------------

FACTS = (
    "format",
    "enum",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "pattern",
    "x-kubernetes-list-map-keys",
)
Facts = dict[str, dict[str, Any]]


def facts_of_crd(schema: Schema) -> Facts:
    """Path → what a CRD says of it."""

    def walk(node: Schema, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
        found = {key: node[key] for key in FACTS if key in node}
        is_either = node.get("x-kubernetes-int-or-string")
        found["type"] = ["integer", "string"] if is_either else [node.get("type")]
        fields = node.get("properties", {})
        required = node.get("required", ())
        found["required"] = {key for key in required if "default" not in fields[key]}
        found["set"] = node.get("x-kubernetes-list-type") == "set"
        found["open"] = is_open(node)
        yield path, found
        for step, inner in _inner(node):
            yield from walk(inner, path + step)

    return dict(walk(schema, ""))


def facts_of_ours(schema: Schema) -> Facts:
    """Path → what one of our schemas says of it."""

    def walk(node: Schema, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].removeprefix("#/$defs/")] | node
        found = {key: node[key] for key in FACTS if key in node}
        types = node.get("type")
        found["type"] = sorted(types) if isinstance(types, list) else [types]
        found["required"] = set(node.get("required", ()))
        found["set"] = node.get("uniqueItems", False)
        found["open"] = is_open(node)
        yield path, found
        for step, inner in _inner(node):
            yield from walk(inner, path + step)

    return dict(walk(schema, ""))


def _inner(node: Schema) -> Iterator[tuple[str, Schema]]:
    for name, inner in node.get("properties", {}).items():
        yield f".{name}", inner
    for key, step in (("items", "[]"), ("additionalProperties", "{}")):
        if isinstance(node.get(key), dict):
            yield step, node[key]


def is_open(node: Schema) -> bool:
    """Whether an object may hold anything."""
    kinds = {"properties", "additionalProperties"}
    return node.get("type") == "object" and kinds.isdisjoint(node)
