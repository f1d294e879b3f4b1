"""How large a pool is for kubectl and for etcd, to the byte.

Source: apimachinery's limit on annotations, where client-side apply keeps the whole
manifest as compact JSON and a newline; etcd's default request limit, which holds spec
and status, and status repeats every allocation.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from netplan2k8s.catalogue import LARGE_ANNOTATION, LARGE_OBJECT
from netplan2k8s.findings import Finding, Rule, Span

MAX_ANNOTATIONS = 262_144
MAX_OBJECT = 1_572_864
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_LIST = "staticAllocations"
# uid, resourceVersion, creationTimestamp, generation and managedFields, measured.
_SERVER_METADATA = 1_200


def check(path: str, body: Mapping[str, Any]) -> Iterator[Finding]:
    """NK401 and NK402 for one pool that is about to be written."""
    for rule, message in judge(body):
        yield Finding(rule, message, Span(path), rail=body["metadata"]["name"])


def judge(body: Mapping[str, Any]) -> Iterator[tuple[Rule, str]]:
    """NK401 and NK402 with what they say of one pool.

    A pool that was exported has its status, which client-side apply copies too, and an
    annotation of the last apply, which it replaces.
    """
    metadata, others = _metadata(body)
    rest = {**body, "metadata": metadata, "spec": {**body["spec"], _LIST: []}}
    entries = body["spec"].get(_LIST) or []
    allocations = _size_of_entries(entries) - len("[]")
    applied = _size(rest) + allocations
    rest.pop("status", None)
    stored = _size(rest) + 2 * allocations + len('"status":{"allocations":[]},')
    stored += _SERVER_METADATA
    name, nodes = metadata.get("name"), len(entries)
    if stored > MAX_OBJECT:
        message = (
            f"{name} with {nodes} nodes is stored as {stored} bytes (spec and status),"
            f" over etcd's {MAX_OBJECT}: split the fleet into clusters, raise etcd's"
            " --max-request-bytes, or shorten the node names"
        )
        yield LARGE_OBJECT, message
    elif applied + len("\n") + len(LAST_APPLIED) + others > MAX_ANNOTATIONS:
        message = (
            f"{name} with {nodes} nodes has {applied} bytes, too many for client-side"
            f" apply ({MAX_ANNOTATIONS}): use kubectl apply --server-side"
        )
        yield LARGE_ANNOTATION, message


def _metadata(body: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """Metadata without the last apply's annotation, and the bytes of all others."""
    metadata = dict(body["metadata"])
    annotations = dict(metadata.get("annotations") or {})
    annotations.pop(LAST_APPLIED, None)
    if "annotations" in metadata:
        metadata["annotations"] = annotations
    texts = [text for pair in annotations.items() for text in pair]
    return metadata, sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)


def _size_of_entries(entries: Sequence[Mapping[str, Any]]) -> int:
    """The same for entries of the same keys and plain texts, without writing them."""
    if len({*map(tuple, entries)}) != 1:
        return _size(entries)
    try:
        text = "".join(chain.from_iterable(map(dict.values, entries)))  # type: ignore[arg-type]
    except TypeError:
        return _size(entries)
    if not (text.isascii() and text.isprintable()) or '"' in text or "\\" in text:
        return _size(entries)
    frame = _size(dict.fromkeys(entries[0], ""))
    return len("[]") + len(entries) * (frame + 1) - 1 + len(text)


def _size(value: object) -> int:
    """Bytes of compact JSON as Go writes it, so that no letter is escaped."""
    return len(
        json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode(
            "utf-8", "surrogatepass"
        )
    )
