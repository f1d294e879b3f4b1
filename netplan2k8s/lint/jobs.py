"""Training jobs: what their webhooks and controllers refuse.

Source: kubeflow trainer v1.9 pkg/webhooks/pytorch, mpi-operator pkg/apis/kubeflow/
validation, kubeflow trainer v2.3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from netplan2k8s.catalogue import INVALID_JOB, INVALID_NAME
from netplan2k8s.lint.remarks import Remark, Spot
from netplan2k8s.lint.scene import Scene
from netplan2k8s.manifests.places import Key
from netplan2k8s.manifests.reader import Document, Pointer
from netplan2k8s.naming import is_node_name

_DNS_1035 = re.compile(r"[a-z](?:[-a-z0-9]*[a-z0-9])?")
_MAX_LABEL = 63
_MANAGERS = ("kubeflow.org/training-operator", "kueue.x-k8s.io/multikueue")


def check(scene: Scene) -> Iterator[Remark]:
    for document in scene.of_kind("PyTorchJob"):
        yield from _pytorch(document)
    for document in scene.of_kind("MPIJob"):
        yield from _mpi(document)


def _refuse(message: str, document: Document, *pointer: str | int) -> Remark:
    return Remark(INVALID_JOB, message, Spot(document, pointer))


def _name(document: Document) -> Iterator[Remark]:
    """A name that other kinds may have, and that no service may."""
    name = document.name
    is_label = _DNS_1035.fullmatch(name) and len(name) <= _MAX_LABEL
    if is_node_name(name) and not is_label:
        message = (
            f"{document.kind} {name} must begin with a letter, hold a-z 0-9 - alone,"
            f" and have at most {_MAX_LABEL} characters"
        )
        yield Remark(INVALID_NAME, message, Spot(document, ("metadata", "name")))


def _pytorch(document: Document) -> Iterator[Remark]:
    spec = document.spec
    yield from _name(document)
    yield from _manager(document)
    replicas = spec.get("pytorchReplicaSpecs") or {}
    if not replicas:
        yield _refuse("pytorchReplicaSpecs is empty", document, "spec")
    yield from _elastic(document, replicas)
    for role, replica in replicas.items():
        where: Pointer = ("spec", "pytorchReplicaSpecs", role)
        if role not in ("Master", "Worker"):
            message = f"a replica is called Master or Worker, not {role}"
            yield _refuse(message, document, *where[:-1], Key(role))
            continue
        yield from _containers(document, where, replica, "pytorch")
        yield from _count(document, role, replica)
    yield from _pod_names(document, replicas)


def _manager(document: Document) -> Iterator[Remark]:
    manager = (document.spec.get("runPolicy") or {}).get("managedBy")
    if manager is not None and manager not in _MANAGERS:
        message = f"managedBy {manager} is none of {', '.join(_MANAGERS)}"
        yield _refuse(message, document, "spec", "runPolicy", "managedBy")


def _elastic(document: Document, replicas: Mapping[str, Any]) -> Iterator[Remark]:
    elastic = document.spec.get("elasticPolicy")
    if elastic is None:
        return
    if "Worker" not in replicas:
        yield _refuse("elasticPolicy needs a Worker", document, "spec", "elasticPolicy")
    if "nProcPerNode" in elastic and "nprocPerNode" in document.spec:
        message = "elasticPolicy.nProcPerNode and nprocPerNode exclude each other"
        yield _refuse(message, document, "spec", "elasticPolicy", "nProcPerNode")


def _containers(
    document: Document, where: Pointer, replica: Mapping[str, Any], wanted: str
) -> Iterator[Remark]:
    role = where[-1]
    template = replica.get("template") or {}
    containers = (template.get("spec") or {}).get("containers") or ()
    if not containers:
        yield _refuse(f"{role} has no container", document, *where)
        return
    for number, container in enumerate(containers):
        if not container.get("image"):
            place = (*where, "template", "spec", "containers", number)
            message = f"container {container.get('name')} of {role} has no image"
            yield _refuse(message, document, *place)
    if wanted and all(container.get("name") != wanted for container in containers):
        place = (*where, "template", "spec", "containers", 0, "name")
        message = f"{role} has no container named {wanted}"
        yield _refuse(message, document, *place)


def _count(
    document: Document, role: str, replica: Mapping[str, Any]
) -> Iterator[Remark]:
    where: Pointer = ("spec", "pytorchReplicaSpecs", role)
    count = replica.get("replicas")
    if role == "Master" and count != 1:
        place = where if count is None else (*where, "replicas")
        message = "Master must have replicas: 1, written out"
        yield _refuse(message, document, *place)
    elif role == "Worker" and count is not None and count < 1:
        message = f"Worker has {count} replicas; leave it out, or have 1 at least"
        yield _refuse(message, document, *where, "replicas")


def _pod_names(document: Document, replicas: Mapping[str, Any]) -> Iterator[Remark]:
    """The longest of the pods' names; a name that no job can have is said before."""
    names = []
    for role in ("Worker", "Master"):
        if role in replicas:
            count = replicas[role].get("replicas") or 1
            names.append(f"{document.name}-{role.lower()}-{max(count - 1, 0)}")
    longest = max(names, key=len, default="")
    if len(longest) > _MAX_LABEL >= len(document.name):
        message = f"pod name {longest} has over {_MAX_LABEL} characters"
        yield Remark(INVALID_NAME, message, Spot(document, ("metadata", "name")))


def _mpi(document: Document) -> Iterator[Remark]:
    replicas = document.spec.get("mpiReplicaSpecs") or {}
    where: Pointer = ("spec", "mpiReplicaSpecs")
    if "Launcher" not in replicas:
        yield _refuse("mpiReplicaSpecs has no Launcher", document, *where)
    for role, replica in replicas.items():
        if role not in ("Launcher", "Worker"):
            message = f"a replica is called Launcher or Worker, not {role}"
            yield _refuse(message, document, *where, Key(role))
            continue
        count = replica.get("replicas")
        if role == "Launcher" and count not in (None, 1):
            message = f"Launcher has {count} replicas; it has exactly 1"
            yield _refuse(message, document, *where, role, "replicas")
        if role == "Worker" and count is not None and count < 1:
            message = f"Worker has {count} replicas; leave it out, or have 1 at least"
            yield _refuse(message, document, *where, role, "replicas")
        restart = replica.get("restartPolicy")
        if restart not in (None, "Never", "OnFailure"):
            message = (
                f"restartPolicy {restart} of {role} is neither Never nor OnFailure"
            )
            yield _refuse(message, document, *where, role, "restartPolicy")
        template = (replica.get("template") or {}).get("spec") or {}
        if not template.get("containers"):
            yield _refuse(f"{role} has no container", document, *where, role)
    yield from _mpi_policy(document)
    yield from _mpi_name(document, replicas)


def _mpi_name(document: Document, replicas: Mapping[str, Any]) -> Iterator[Remark]:
    """The last worker's host name, which the controller forms without workers too."""
    count = (replicas.get("Worker") or {}).get("replicas") or 1
    last = f"{document.name}-worker-{max(count - 1, 0)}"
    is_label = _DNS_1035.fullmatch(last) and len(last) <= _MAX_LABEL
    if is_node_name(document.name) and not is_label:
        message = (
            f"host name {last} of MPIJob {document.name} must begin with a letter, hold"
            f" a-z 0-9 - alone, and have at most {_MAX_LABEL} characters"
        )
        yield Remark(INVALID_NAME, message, Spot(document, ("metadata", "name")))


def _mpi_policy(document: Document) -> Iterator[Remark]:
    policy = (document.spec.get("runPolicy") or {}).get("cleanPodPolicy")
    if policy not in (None, "None", "Running", "All"):
        message = f"cleanPodPolicy {policy} is none of None, Running, All"
        yield _refuse(message, document, "spec", "runPolicy", "cleanPodPolicy")
    slots = document.spec.get("slotsPerWorker")
    if slots is not None and slots < 0:
        message = f"slotsPerWorker {slots} is below 0"
        yield _refuse(message, document, "spec", "slotsPerWorker")
