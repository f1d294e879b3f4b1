"""What pods with rails may and must do: memory locks, pod-security levels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from netplan2k8s import catalogue
from netplan2k8s.lint.pods import asks_for_rails
from netplan2k8s.lint.remarks import Remark, Spot
from netplan2k8s.lint.scene import Scene, labels_of
from netplan2k8s.lint.templates import Template, label_of
from netplan2k8s.manifests.places import Key
from netplan2k8s.manifests.reader import Pointer


def check(scene: Scene) -> Iterator[Remark]:
    """Also locked memory, for all templates of a document together."""
    levels = {
        document.name: labels_of(document).get("pod-security.kubernetes.io/enforce")
        for document in scene.others
        if document.kind == "Namespace"
    }
    asking: dict[int, list[Template]] = defaultdict(list)
    for template in scene.templates:
        if not asks_for_rails(template, scene):
            continue
        asking[id(template.document)].append(template)
        yield from _privileged(template)
        level = levels.get(template.namespace)
        for what, pointer in _above(template, level):
            message = (
                f"namespace {template.namespace} enforces the pod-security level"
                f" {level}, which refuses {what} of {template.label}"
            )
            spot = Spot(template.document, pointer)
            yield Remark(catalogue.POD_SECURITY, message, spot)
    for templates in asking.values():
        yield from _locked(templates)


def _locked(templates: Sequence[Template]) -> Iterator[Remark]:
    """One line for the templates that lock memory, one for those that do not."""
    places = [_lock(template) for template in templates]
    adding = [t for t, place in zip(templates, places, strict=True) if place]
    lacking = [t for t, place in zip(templates, places, strict=True) if not place]
    if lacking:
        first = lacking[0]
        message = (
            f"{label_of(lacking)} {'add' if len(lacking) > 1 else 'adds'} no IPC_LOCK"
            " to lock memory for RDMA: the container runtime must give its pods"
            " LimitMEMLOCK=infinity"
        )
        spot = Spot(first.document, (*first.pointer, "spec", "containers"))
        yield Remark(catalogue.MEMORY_LOCK, message, spot)
    if adding:
        message = (
            f"{label_of(adding)} {'add' if len(adding) > 1 else 'adds'} IPC_LOCK: its"
            " namespace needs the pod-security level privileged, and its containers"
            " run as root"
        )
        spot = Spot(adding[0].document, _lock(adding[0]))
        yield Remark(catalogue.MEMORY_LOCK, message, spot)


def _lock(template: Template) -> Pointer:
    """Where a template first adds IPC_LOCK, empty where it does not."""
    found = _added(template.containers())
    return next((pointer for pointer, name in found if name == "IPC_LOCK"), ())


def _added(containers: Iterable[tuple[Pointer, Any]]) -> Iterator[tuple[Pointer, str]]:
    """The capabilities that containers add, each with its place."""
    for pointer, container in containers:
        capabilities = (container.get("securityContext") or {}).get(
            "capabilities"
        ) or {}
        for number, name in enumerate(capabilities.get("add") or ()):
            where = (*pointer, "securityContext", "capabilities", "add", number)
            yield where, str(name)


_BASELINE = frozenset(
    [
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    ]
)
_RESTRICTED = frozenset({"NET_BIND_SERVICE"})


def _above(template: Template, level: str | None) -> Iterator[tuple[str, Pointer]]:
    """What a level refuses (kubernetes pod-security-admission, policy/check_*.go)."""
    if level not in ("baseline", "restricted"):
        return
    allowed = _BASELINE if level == "baseline" else _RESTRICTED
    for pointer, name in _added(template.all_containers()):
        if name.removeprefix("CAP_") not in allowed:
            yield f"capability {name}", pointer
    yield from _of_the_host(template)
    for pointer, container in template.all_containers():
        context = container.get("securityContext") or {}
        if context.get("privileged"):
            yield "a privileged container", (*pointer, "securityContext", "privileged")
        if level == "restricted":
            yield from _unrestricted(template, pointer, context)
    if level == "restricted" and _waits_for_master(template):
        what = "the init container init-pytorch, which the training operator adds to"
        yield f"{what} the pods", (*template.pointer, "spec", Key("containers"))


def _waits_for_master(template: Template) -> bool:
    """Whether the training operator has the pods wait for the master's name.

    Its container for that has no securityContext, and that of the pod cannot stand in
    for all of it (kubeflow trainer v1.9, pkg/controller.v1/pytorch/initcontainer.go).
    """
    if template.document.kind != "PyTorchJob" or template.role != "Worker":
        return False
    return "Master" in (template.document.spec.get("pytorchReplicaSpecs") or {})


def _of_the_host(template: Template) -> Iterator[tuple[str, Pointer]]:
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if template.spec.get(key):
            yield key, (*template.pointer, "spec", key)
    for number, volume in enumerate(template.spec.get("volumes") or ()):
        if isinstance(volume, dict) and "hostPath" in volume:
            yield "a hostPath volume", (*template.pointer, "spec", "volumes", number)
    for pointer, container in template.all_containers():
        for number, port in enumerate(container.get("ports") or ()):
            if isinstance(port, dict) and port.get("hostPort"):
                where = (*pointer, "ports", number, "hostPort")
                yield f"hostPort {port['hostPort']}", where


def _unrestricted(
    template: Template, pointer: Pointer, context: Mapping[str, Any]
) -> Iterator[tuple[str, Pointer]]:
    shared = template.spec.get("securityContext") or {}
    drops = (context.get("capabilities") or {}).get("drop") or ()
    if "ALL" not in drops:
        yield "a container that does not drop ALL capabilities", pointer
    if context.get("allowPrivilegeEscalation") is not False:
        yield "a container without allowPrivilegeEscalation: false", pointer
    if not (context.get("runAsNonRoot") or shared.get("runAsNonRoot")):
        yield "a container without runAsNonRoot: true", pointer
    if not (context.get("seccompProfile") or shared.get("seccompProfile")):
        yield "a container without a seccompProfile", pointer


def _privileged(template: Template) -> Iterator[Remark]:
    for pointer, container in template.all_containers():
        context = container.get("securityContext") or {}
        if context.get("privileged"):
            message = (
                f"container {container.get('name')} of {template.label} is privileged;"
                " with rails as devices nothing needs it"
            )
            where = (*pointer, "securityContext", "privileged")
            yield Remark(
                catalogue.PRIVILEGED_POD, message, Spot(template.document, where)
            )
