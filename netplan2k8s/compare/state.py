"""What a cluster holds, as far as it is told, and what manifests want it to hold."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from netplan2k8s.compare.changes import Key
from netplan2k8s.compare.world import NodeView, PodView, node_of, pod_of
from netplan2k8s.findings import Span
from netplan2k8s.labels import LABELS, VERIFICATION_DIRECTORY
from netplan2k8s.lint.judge import Reading
from netplan2k8s.lint.kinds import identity, is_cluster_scoped
from netplan2k8s.lint.scene import is_patch, labels_of
from netplan2k8s.manifests.reader import Document, read_documents
from netplan2k8s.simulate.operator import RESOURCE_ANNOTATION, full_resource_name

RAIL_KINDS = (
    "CIDRPool",
    "HostDeviceNetwork",
    "NetworkAttachmentDefinition",
    "NicClusterPolicy",
    "NicNodePolicy",
)
"""The kinds that carry rails; a snapshot without any of one means that it has none."""
_STRAY_KINDS = frozenset(RAIL_KINDS) - {"NicClusterPolicy"}
_FACTS = ("Node", "Pod", "APIResourceList")
"""Kinds of a snapshot that are read for what they tell, and not compared."""
_KUSTOMIZE = "kustomize.config.k8s.io"

Place = tuple[Key, bool]
"""An object of the manifests, and whether it is a patch: there may be both."""
Served = Mapping[str, Mapping[str, bool]]
"""By apiVersion the kinds, and whether they have namespaces."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An object of the manifests; ``is_readable`` where all fields have their types."""

    key: Key
    document: Document
    is_patch: bool = False
    is_readable: bool = True

    @property
    def body(self) -> Mapping[str, Any]:
        return self.document.body

    @property
    def type(self) -> tuple[str, str]:
        """Its apiVersion and kind, by which an API server serves it."""
        return self.document.api_version, self.key.kind

    @property
    def place(self) -> Place:
        return self.key, self.is_patch

    @property
    def span(self) -> Span:
        """Where the object begins; of an item of a list, where that does."""
        return Span(self.document.path, self.document.line + 1, 1)


@dataclass(frozen=True)
class State:
    """The objects of a cluster; None for what is not told.

    ``unreadable`` are objects whose fields have not their types.
    """

    objects: Mapping[Key, Mapping[str, Any]] = field(default_factory=dict)
    nodes: tuple[NodeView, ...] | None = None
    pods: tuple[PodView, ...] | None = None
    namespaces: frozenset[str] | None = None
    served: Served | None = None
    unreadable: frozenset[Key] = frozenset()

    def tells_of(self, key: Key) -> bool:
        """Whether an object that is not there can be known not to be there."""
        if key.kind in RAIL_KINDS or key in self.objects:
            return True
        if key.kind == "Namespace":
            return self.namespaces is not None
        return any(other[:2] == key[:2] for other in self.objects)


def wanted(
    reading: Reading, namespace: str = "default", served: Served | None = None
) -> tuple[Wanted, ...]:
    """The objects of manifests, each once; those without a name have no identity.

    ``namespace`` is where objects go that name none.
    """
    found: dict[Place, Wanted] = {}
    for document, is_readable in _documents(reading):
        if _is_object(document):
            is_part = is_patch(document)
            whole = _with_nulls(document) if is_part else document
            key = key_of(document, namespace, served)
            made = Wanted(key, whole, is_part, is_readable)
            found[made.place] = made
    return tuple(sorted(found.values(), key=lambda item: item.key.order))


def nameless(reading: Reading) -> dict[str, int]:
    """How many objects of each kind have no name, and so are no object of a cluster."""
    everything = (document for document, _ in _documents(reading))
    found = (d for d in everything if not d.api_version.startswith(_KUSTOMIZE))
    return Counter(d.kind for d in found if d.kind and not d.name)


def key_of(
    document: Document, namespace: str = "default", served: Served | None = None
) -> Key:
    """Which object of a cluster a document is; the cluster's own word goes first."""
    kinds = (served or {}).get(document.api_version, {})
    is_global = is_cluster_scoped(document)
    if document.kind in kinds:
        is_global = not kinds[document.kind]
    group, kind, _, name = identity(document)
    space = "" if is_global else document.namespace or namespace
    return Key(group, kind, space, name)


def state_of(reading: Reading) -> State:
    """A cluster as a snapshot tells of it."""
    objects: dict[Key, Mapping[str, Any]] = {}
    unreadable: set[Key] = set()
    facts: dict[str, list[Document]] = {kind: [] for kind in (*_FACTS, "Namespace")}
    for document, is_readable in _documents(reading):
        if document.kind in facts:
            facts[document.kind].append(document)
        if document.kind not in _FACTS and _is_object(document):
            key = key_of(document)
            objects[key] = document.body
            if not is_readable:
                unreadable.add(key)
    nodes = list(filter(None, (node_of(d.body) for d in facts["Node"])))
    pods = list(filter(None, (pod_of(d.body) for d in facts["Pod"])))
    spaces = frozenset(document.name for document in facts["Namespace"])
    served = {
        str(d.body.get("groupVersion")): kinds_of(d.body)
        for d in facts["APIResourceList"]
    }
    return State(
        objects,
        tuple(nodes) if facts["Node"] else None,
        tuple(pods) if facts["Pod"] else None,
        spaces or None,
        served or None,
        frozenset(unreadable),
    )


def kinds_of(body: Mapping[str, Any]) -> dict[str, bool]:
    """The kinds of an APIResourceList, and whether they have namespaces."""
    return {
        kind: bool(resource.get("namespaced"))
        for kind, resource in resources_of(body).items()
    }


def resources_of(body: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The resources of an APIResourceList by kind, without their subresources."""
    listed = body.get("resources")
    return {
        str(item.get("kind")): item
        for item in (listed if isinstance(listed, list) else ())
        if isinstance(item, dict) and "/" not in str(item.get("name", ""))
    }


def strays(
    state: State, ours: Iterable[Wanted], *, all_rails: bool = False
) -> Iterator[Key]:
    """Rails of the cluster that the manifests do not have.

    Those that bear our label, or all of them; what the operator made of a network is
    the operator's.
    """
    known = {item.key for item in ours}
    for key, body in state.objects.items():
        if key.kind in _STRAY_KINDS and key not in known:
            metadata = body.get("metadata")
            owned = metadata.get("ownerReferences") if isinstance(metadata, dict) else 0
            if not owned and (all_rails or is_labelled(body)):
                yield key


def is_labelled(body: Mapping[str, Any]) -> bool:
    """Whether an object says that it is ours."""
    labels = labels_of(Document("", "", 0, (), body))
    return LABELS.items() <= labels.items()


def rail_resources(bodies: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """The device-plugin resources that networks of ours take."""
    found = set()
    for body in bodies:
        document = Document("", "", 0, (), body)
        if document.kind == "HostDeviceNetwork":
            name = document.spec.get("resourceName")
            if isinstance(name, str) and name:
                found.add(full_resource_name(name))
        elif document.kind == "NetworkAttachmentDefinition":
            annotations = document.metadata.get("annotations")
            told = annotations if isinstance(annotations, dict) else {}
            name = told.get(RESOURCE_ANNOTATION)
            if isinstance(name, str):
                found.add(name)
    return frozenset(found)


def _documents(reading: Reading) -> Iterator[tuple[Document, bool]]:
    """All documents, and whether their fields have their types."""
    for document in (*reading.documents, *reading.others, *reading.configs):
        yield document, True
    for document in reading.broken:
        yield document, False


def _with_nulls(document: Document) -> Document:
    """A patch as it is written: a null in it takes a field out."""
    for whole in read_documents(document.text.encode(), document.path, []):
        if whole.base == document.base:
            return dataclasses.replace(document, body=whole.body)
    return document


def _is_object(document: Document) -> bool:
    if not document.kind or not document.api_version or not document.name:
        return False
    if document.api_version.startswith(_KUSTOMIZE):
        return False
    return not _runs_once(document)


def _runs_once(document: Document) -> bool:
    """Whether it is of our verification, whose jobs come and go with each wave."""
    is_ours = LABELS.items() <= labels_of(document).items()
    return is_ours and f"/{VERIFICATION_DIRECTORY}/" in f"/{document.path}"
