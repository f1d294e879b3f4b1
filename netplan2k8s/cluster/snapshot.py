"""A dump of what diff needs of a cluster, to carry out of a site without a way in.

Plain Kubernetes objects in one YAML stream, so that what kubectl prints is as good. Of
nodes and pods only what is needed: no environment, no secrets, no images.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from netplan2k8s.cluster.client import Connection
from netplan2k8s.cluster.live import Live
from netplan2k8s.compare.state import RAIL_KINDS
from netplan2k8s.compare.world import OLD_STATUS, STATUS
from netplan2k8s.findings import OperationError
from netplan2k8s.lint.kinds import KINDS
from netplan2k8s.lint.templates import NETWORKS
from netplan2k8s.manifests.document import dump
from netplan2k8s.settings import Settings

_GROUPS = sorted({kind.api_version for kind in KINDS.values()})
_KINDS = (*RAIL_KINDS, "IPPool")
_DEVICES = "nvidia.com/"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The text of a dump, how many objects of each kind it has, and what it lacks."""

    text: str
    counts: Mapping[str, int]
    notes: tuple[str, ...]


def take(connection: Connection, settings: Settings) -> Snapshot:
    """Read the rails' objects, nodes and pods of a cluster.

    Raises:
        OperationError: the cluster does not answer, or has none of the kinds and lets
            nothing else be read.
    """
    live = Live(connection)
    live.discover(_GROUPS)
    bodies = list(_served(live))
    bodies += _of_kind(live, "Namespace", _namespace, "missing ones will not be told")
    bodies += _rails(live, settings)
    bodies += _of_kind(live, "Node", _node, "their names will go unchecked")
    bodies += _of_kind(live, "Pod", _pod, "who keeps an old address will not be told")
    if not bodies:
        raise OperationError(f"{connection.server} tells nothing that could be written")
    counts = Counter(str(body["kind"]) for body in bodies)
    text = "".join(f"---\n{dump(body)}" for body in bodies)
    return Snapshot(text, counts, tuple(live.notes))


def _served(live: Live) -> Iterator[Mapping[str, Any]]:
    """Which kinds there are in the groups of rails and of workloads."""
    for version, kinds in sorted(live.served.items()):
        listed = [
            {"name": live.resources[version, kind], "kind": kind, "namespaced": spaced}
            for kind, spaced in sorted(kinds.items())
        ]
        yield {
            "apiVersion": "v1",
            "kind": "APIResourceList",
            "groupVersion": version,
            "resources": listed,
        }


def _rails(live: Live, settings: Settings) -> Iterator[Mapping[str, Any]]:
    """The objects of the rails' kinds, of all namespaces or those of the settings."""
    for kind in KINDS.values():
        pair = kind.api_version, kind.name
        if kind.name not in _KINDS or pair not in live.resources:
            continue
        if not live.list_kind(*pair, "") and not kind.is_cluster_scoped:
            for space in (settings.operator_namespace, settings.network_namespace):
                if live.list_kind(*pair, space):
                    live.unlisted.discard(kind.name)
    for name in sorted(live.unlisted):
        live.notes.append(f"may not list {name}: it is not in the snapshot")
    yield from (
        live.objects[key] for key in sorted(live.objects, key=lambda k: k.order)
    )


def _of_kind(
    live: Live,
    kind: str,
    trim: Callable[[Mapping[str, Any]], dict[str, Any] | None],
    otherwise: str,
) -> Iterator[dict[str, Any]]:
    for body in live.facts(kind, otherwise) or ():
        made = trim(body)
        if made is not None:
            yield made


def _namespace(body: Mapping[str, Any]) -> dict[str, Any]:
    return _trimmed("Namespace", body, {})


def _node(body: Mapping[str, Any]) -> dict[str, Any]:
    offers = (body.get("status") or {}).get("allocatable") or {}
    devices = {k: v for k, v in sorted(offers.items()) if k.startswith(_DEVICES)}
    labels = dict(sorted(((body.get("metadata") or {}).get("labels") or {}).items()))
    made = _trimmed("Node", body, {"labels": labels} if labels else {})
    return {**made, "status": {"allocatable": devices}}


def _pod(body: Mapping[str, Any]) -> dict[str, Any] | None:
    """A pod with networks; None for any other."""
    metadata = body.get("metadata") or {}
    found = metadata.get("annotations") or {}
    if NETWORKS not in found:
        return None
    kept = {k: found[k] for k in (NETWORKS, STATUS, OLD_STATUS) if k in found}
    node, phase = (
        (body.get(part) or {}).get(key) or ""
        for part, key in (("spec", "nodeName"), ("status", "phase"))
    )
    more = {"namespace": metadata.get("namespace", ""), "annotations": kept}
    made = _trimmed("Pod", body, more)
    return {**made, "spec": {"nodeName": node}, "status": {"phase": phase}}


def _trimmed(
    kind: str, body: Mapping[str, Any], more: Mapping[str, Any]
) -> dict[str, Any]:
    name = str((body.get("metadata") or {}).get("name", ""))
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, **more}}
