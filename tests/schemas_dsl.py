"""The words in which the schemas of kinds are written; ``schemas_build`` writes them.

A schema says what the API server checks: ``format`` bounds a number, lists with
``x-kubernetes-list-map-keys`` hold each key once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]
# What is written once in a file and referred to.
DEFINITIONS: dict[str, Schema] = {}

STRING: Schema = {"type": "string"}
INTEGER: Schema = {"type": "integer"}
INT32: Schema = {"type": "integer", "format": "int32"}
INT64: Schema = {"type": "integer", "format": "int64"}
BOOLEAN: Schema = {"type": "boolean"}
TIME: Schema = {"type": "string", "format": "date-time"}
OPEN: Schema = {"type": "object"}
OPEN_LIST: Schema = {"type": "array", "items": OPEN}
INT_OR_STRING: Schema = {"type": ["integer", "string"]}


def obj(*, required: str = "", **properties: Schema) -> Schema:
    """An object of exactly these fields; ``_`` at the end of a name is dropped."""
    fields = {name.removesuffix("_"): schema for name, schema in properties.items()}
    made: Schema = {"type": "object", "properties": fields}
    if required:
        made["required"] = required.split()
    return made | {"additionalProperties": False}


def items(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def keyed(keys: str, schema: Schema) -> Schema:
    """A list that holds each combination of these keys once."""
    return items(schema) | {"x-kubernetes-list-map-keys": keys.split()}


def values(schema: Schema) -> Schema:
    return {"type": "object", "additionalProperties": schema}


def some(names: str, schema: Schema) -> dict[str, Schema]:
    return dict.fromkeys(names.split(), schema)


def since(release: str, schema: Schema) -> Schema:
    return schema | {"x-since": release}


def about(text: str, schema: Schema) -> Schema:
    return schema | {"description": text}


def named(name: str, schema: Schema) -> Schema:
    """A reference to a schema that stands in several places of one file."""
    assert DEFINITIONS.setdefault(name, schema) == schema
    return {"$ref": f"#/$defs/{name}"}


def _named_in(node: Any) -> Iterator[str]:
    """Names that a schema refers to, also through others."""
    if isinstance(node, list):
        for item in node:
            yield from _named_in(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                name = value.rpartition("/")[2]
                yield name
                yield from _named_in(DEFINITIONS[name])
            else:
                yield from _named_in(value)


def formed(pattern: str, text: str, schema: Schema = STRING) -> Schema:
    """A text of a form; ``text`` is a noun phrase, as messages say it."""
    return schema | {"pattern": pattern, "description": text}


# What a custom resource takes: a fraction is a text there.
QUANTITY_SCHEMA = formed(
    r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)"
    r"([KMGTPE]i|[numkMGTPE]|[eE][+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+))?$",
    "a quantity, such as 8, 500m, 64G or 64Gi",
    INT_OR_STRING,
)
# What built-in kinds take.
PLAIN_QUANTITY = named(
    "plainQuantity", QUANTITY_SCHEMA | {"type": ["integer", "number", "string"]}
)
QUANTITY = named("quantity", QUANTITY_SCHEMA)
DNS_LABEL = formed(
    r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
    "a DNS label: a-z, 0-9 and '-' within",
)
DNS_1035_LABEL = formed(
    r"^[a-z]([-a-z0-9]*[a-z0-9])?$",
    "a DNS label that begins with a letter: a-z, 0-9 and '-' within",
)
TEXTS = items(STRING)
LABELS = values(STRING)
COUNT = INT32 | {"minimum": 0}

# Names of labels and annotations: a name, or a domain and a name.
_NAME = r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_DOMAIN = r"([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?"
LABEL_NAME = formed(f"^{_DOMAIN}{_NAME}$", "a label's name, such as example.com/rail")
ANNOTATION_NAME = formed(
    f"^{_DOMAIN.replace('a-z', 'A-Za-z')}{_NAME}$",
    "an annotation's name, such as example.com/rail",
)
FINALIZER = formed(f"^{_DOMAIN}{_NAME}$", "a finalizer, such as example.com/rail")
LABEL_VALUE = formed(
    r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$",
    "a label's value: letters, digits, and '-', '_' and '.' within",
) | {"maxLength": 63}
METADATA_FIELDS = {
    **some("name generateName namespace uid resourceVersion selfLink", STRING),
    **some("creationTimestamp deletionTimestamp", TIME),
    **some("generation deletionGracePeriodSeconds", INT64),
    "labels": values(LABEL_VALUE) | {"propertyNames": LABEL_NAME},
    "annotations": LABELS | {"propertyNames": ANNOTATION_NAME},
    "finalizers": items(FINALIZER),
    "ownerReferences": items(
        obj(
            required="apiVersion kind name uid",
            **some("apiVersion kind name uid", STRING | {"minLength": 1}),
            **some("blockOwnerDeletion controller", BOOLEAN),
        )
    ),
    "managedFields": items(
        obj(
            **some("apiVersion fieldsType manager operation subresource", STRING),
            fieldsV1=OPEN,
            time=TIME,
        )
    ),
}
METADATA = named("metadata", obj(**METADATA_FIELDS))
# A custom resource's template keeps these alone.
TEMPLATE_METADATA = named(
    "templateMetadata",
    obj(
        **some("name namespace", STRING),
        **some("labels annotations", LABELS),
        finalizers=TEXTS,
    ),
)

REQUIREMENT = named(
    "requirement",
    obj(required="key operator", key=STRING, operator=STRING, values=TEXTS),
)
LABEL_SELECTOR = named(
    "labelSelector", obj(matchLabels=LABELS, matchExpressions=items(REQUIREMENT))
)
NODE_SELECTOR_TERM = obj(
    matchExpressions=items(REQUIREMENT), matchFields=items(REQUIREMENT)
)
NODE_SELECTOR = obj(
    required="nodeSelectorTerms", nodeSelectorTerms=items(NODE_SELECTOR_TERM)
)
NODE_AFFINITY = named(
    "nodeAffinity",
    obj(
        preferredDuringSchedulingIgnoredDuringExecution=items(
            obj(
                required="preference weight",
                preference=NODE_SELECTOR_TERM,
                weight=INT32,
            )
        ),
        requiredDuringSchedulingIgnoredDuringExecution=NODE_SELECTOR,
    ),
)
TOLERATIONS = named(
    "tolerations",
    items(obj(**some("key operator value effect", STRING), tolerationSeconds=INT64)),
)


def kind(
    api_version: str,
    name: str,
    spec: Schema,
    text: str,
    *,
    needs_spec: bool = True,
    has_status: bool = True,
    metadata: Schema = METADATA,
) -> Schema:
    """A kind; its status is written by controllers and not judged."""
    properties = {
        "apiVersion": {"const": api_version},
        "kind": {"const": name},
        "metadata": metadata,
        "spec": spec,
    }
    if has_status:
        properties["status"] = {}
    names = sorted({*_named_in(properties)})
    definitions = {"$defs": {name: DEFINITIONS[name] for name in names}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": name,
        "description": text,
        "type": "object",
        "properties": properties,
        "required": ["apiVersion", "kind", "metadata"] + ["spec"] * needs_spec,
        "additionalProperties": False,
    } | (definitions if names else {})
