"""An object as the API server keeps it, and what of it is the server's alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netplan2k8s.sizes import LAST_APPLIED

SERVER_OWNED = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generation",
    "managedFields",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
)
"""Fields of metadata that no manifest decides."""


def as_written(body: Mapping[str, Any]) -> dict[str, Any]:
    """The object as its author wrote it: no status, nothing that the server added."""
    made = {key: value for key, value in body.items() if key != "status"}
    found = body.get("metadata")
    metadata = {
        key: value
        for key, value in (found if isinstance(found, dict) else {}).items()
        if key not in SERVER_OWNED
    }
    annotations = metadata.get("annotations")
    if isinstance(annotations, dict):
        metadata["annotations"] = {
            key: value for key, value in annotations.items() if key != LAST_APPLIED
        }
    for key in ("labels", "annotations"):
        if not metadata.get(key):
            metadata.pop(key, None)  # an empty one is not stored
    made["metadata"] = metadata
    return made
