"""How large a pool is for kubectl and for etcd, to the byte.

Source: apimachinery's limit on annotations, where client-side apply keeps the whole
manifest as compact JSON and a newline; etcd's default request limit, which holds spec
and status, and status repeats every allocation.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from netplan2k8s.catalogue import LARGE_ANNOTATION, LARGE_OBJECT
from netplan2k8s.findings import Finding, Rule, Span

MAX_ANNOTATIONS = 262_144
MAX_OBJECT = 1_572_864
_ANNOTATION_KEY = len("kubectl.kubernetes.io/last-applied-configuration")
# uid, resourceVersion, creationTimestamp, generation and managedFields, measured.
_SERVER_METADATA = 1_200


def check(path: str, body: Mapping[str, Any]) -> Iterator[Finding]:
    """NK401 and NK402 for one pool that is about to be written."""
    for rule, message in judge(body):
        yield Finding(rule, message, Span(path), rail=body["metadata"]["name"])


def judge(body: Mapping[str, Any]) -> Iterator[tuple[Rule, str]]:
    """NK401 and NK402 with what they say of one pool."""
    spec = body["spec"]
    entries = spec.get("staticAllocations") or []
    allocations = json.dumps(entries, separators=(",", ":"))
    rest = {**body, "spec": {**spec, "staticAllocations": []}}
    compact = len(json.dumps(rest, separators=(",", ":"))) + len(allocations) - 2
    stored = compact + len(allocations) + len('"status":{"allocations":},')
    stored += _SERVER_METADATA
    name, nodes = body["metadata"].get("name"), len(entries)
    if stored > MAX_OBJECT:
        message = (
            f"{name} with {nodes} nodes is stored as {stored} bytes (spec and status),"
            f" over etcd's {MAX_OBJECT}: split the fleet into clusters, raise etcd's"
            " --max-request-bytes, or shorten the node names"
        )
        yield LARGE_OBJECT, message
    elif compact + 1 + _ANNOTATION_KEY > MAX_ANNOTATIONS:
        message = (
            f"{name} with {nodes} nodes has {compact} bytes, too many for client-side"
            f" apply ({MAX_ANNOTATIONS}): use kubectl apply --server-side"
        )
        yield LARGE_ANNOTATION, message
