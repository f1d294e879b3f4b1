"""Pod templates: where each kind of workload has them, and what they ask for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from netplan2k8s.lint.remarks import Spot
from netplan2k8s.manifests.reader import Document, Pointer

NETWORKS = "k8s.v1.cni.cncf.io/networks"
_REPLICA_SPECS = {"PyTorchJob": "pytorchReplicaSpecs", "MPIJob": "mpiReplicaSpecs"}
_QUANTITY = re.compile(
    r"\+?([0-9]{0,18})(?:\.([0-9]{0,9}))?"
    r"(?:([eE])([-+]?[0-9]{1,2})|([numkMGTPE]?)|([KMGTPE])i)"
)
_SMALL = {"n": 9, "u": 6, "m": 3}
_LARGE = "kMGTPE"
_REPLICAS = {"Job": "parallelism", "Deployment": "replicas", "StatefulSet": "replicas"}


@dataclass(frozen=True, slots=True)
class Template:
    """The template of pods: ``replicas`` is None where each node gets one."""

    document: Document
    role: str
    pointer: Pointer
    annotations: Mapping[str, Any]
    annotations_pointer: Pointer
    spec: Mapping[str, Any]
    replicas: int | None = 1
    resources_pointer: Pointer | None = None

    @property
    def namespace(self) -> str:
        return self.document.namespace or "default"

    @property
    def label(self) -> str:
        role = f" {self.role}" if self.role else ""
        return f"{self.document.kind} {self.document.name}{role}"

    @property
    def networks_text(self) -> str | None:
        text = self.annotations.get(NETWORKS)
        return text if isinstance(text, str) else None

    @property
    def networks_spot(self) -> Spot:
        return Spot(self.document, (*self.annotations_pointer, NETWORKS))

    def containers(self, key: str = "containers") -> Iterator[tuple[Pointer, Any]]:
        for number, container in enumerate(self.spec.get(key) or ()):
            yield (*self.pointer, "spec", key, number), container

    def all_containers(self) -> Iterator[tuple[Pointer, Any]]:
        """Also the init containers, which come first in a pod's life."""
        yield from self.containers("initContainers")
        yield from self.containers()

    def limits(self) -> dict[str, tuple[Pointer, Any]]:
        """Limits of all containers by resource, each with its place; amounts add up."""
        found: dict[str, tuple[Pointer, Any]] = {}
        for pointer, container in self.containers():
            resources = self.resources_pointer or (*pointer, "resources")
            limits = (container.get("resources") or {}).get("limits") or {}
            for name, amount in limits.items():
                before = found.get(name)
                total = amount if before is None else _sum(before[1], amount)
                found[name] = ((*resources, "limits", name), total)
        return found


def amount_of(quantity: object) -> int | None:
    """How many devices a quantity is; None for one that is no whole number."""
    found = _QUANTITY.fullmatch(str(quantity))
    if found is None or not (found[1] or found[2]):
        return None
    digits, power, binary = int(found[1] + (found[2] or "")), -len(found[2] or ""), 0
    if found[3]:
        power += int(found[4])
    elif found[5]:
        is_small = found[5] in _SMALL
        power += -_SMALL[found[5]] if is_small else 3 * (_LARGE.index(found[5]) + 1)
    elif found[6]:
        binary = 10 * ("KMGTPE".index(found[6]) + 1)
    amount, rest = divmod(digits * 10 ** max(power, 0) << binary, 10 ** max(-power, 0))
    return None if rest else amount


def _sum(first: object, second: object) -> object:
    """Two quantities together; one of them alone where it is no whole number."""
    one, other = amount_of(first), amount_of(second)
    if one is None or other is None:
        return first if one is None else second
    return one + other


def label_of(templates: Sequence[Template]) -> str:
    """The templates of one document by their roles."""
    return " and ".join([templates[0].label, *(t.role for t in templates[1:])])


def templates_of(document: Document) -> Iterator[Template]:
    """The pod templates of an object, with the number of pods of each."""
    spec, kind = document.spec, document.kind
    if kind in _REPLICA_SPECS:
        key = _REPLICA_SPECS[kind]
        for role, replica in (spec.get(key) or {}).items():
            where = ("spec", key, role, "template")
            template = replica.get("template") or {}
            yield _template(document, template, where, role, replica.get("replicas", 1))
    elif kind == "Pod":
        yield _template(document, document.body, (), "", 1)
    elif kind == "TrainJob":
        yield _train_job(document)
    elif kind in _REPLICAS:
        count = spec.get(_REPLICAS[kind], 1)
        template = spec.get("template") or {}
        yield _template(document, template, ("spec", "template"), "", count)
    elif kind == "DaemonSet":
        template = spec.get("template") or {}
        yield _template(document, template, ("spec", "template"), "", None)


def _template(
    document: Document,
    template: Mapping[str, Any],
    where: Pointer,
    role: str,
    replicas: int | None,
) -> Template:
    metadata = template.get("metadata") or {}
    return Template(
        document,
        role,
        where,
        metadata.get("annotations") or {},
        (*where, "metadata", "annotations"),
        template.get("spec") or {},
        replicas,
    )


def _train_job(document: Document) -> Template:
    """A TrainJob: its resources stand in the trainer, its annotations in a patch."""
    trainer = document.spec.get("trainer") or {}
    annotations, where = _patched_annotations(document)
    container = {"name": "node", "resources": trainer.get("resourcesPerNode") or {}}
    return Template(
        document,
        "node",
        ("spec", "trainer"),
        annotations,
        where,
        {"containers": [container]},
        trainer.get("numNodes", 1),
        ("spec", "trainer", "resourcesPerNode"),
    )


def _patched_annotations(document: Document) -> tuple[Mapping[str, Any], Pointer]:
    nothing: tuple[Mapping[str, Any], Pointer] = ({}, ("spec", "runtimePatches"))
    for number, patch in enumerate(document.spec.get("runtimePatches") or ()):
        node: Any = patch
        where: Pointer = ("spec", "runtimePatches", number)
        for key in ("trainingRuntimeSpec", "template", "spec", "replicatedJobs"):
            node = node.get(key) if isinstance(node, dict) else None
            where = (*where, key)
        for index, job in enumerate(node if isinstance(node, list) else ()):
            inner: Any = job
            steps = ("template", "spec", "template", "metadata", "annotations")
            for key in steps:
                inner = inner.get(key) if isinstance(inner, dict) else None
            if isinstance(inner, dict) and job.get("name") == "node":
                return inner, (*where, index, *steps)
    return nothing
