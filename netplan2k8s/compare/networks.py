"""What a change of a HostDeviceNetwork or an attachment definition does.

Source: network-operator, pkg/state/state_hostdevice_network.go: a definition is written
for every network, and one that was written into another namespace stays behind. A pod
reads its networks when it starts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from netplan2k8s.compare.changes import Change, Difference, Effect, Key, Path, Risk
from netplan2k8s.compare.world import World, named
from netplan2k8s.naming import counted
from netplan2k8s.simulate.operator import RESOURCE_ANNOTATION, full_resource_name

_NAMESPACE: Path = ("spec", "networkNamespace")
_RESOURCE: Path = ("spec", "resourceName")
_ANNOTATION: Path = ("metadata", "annotations", RESOURCE_ANNOTATION)
_POOL = frozenset({"poolName", "poolType"})


def summary(body: Mapping[str, Any]) -> str:
    """A network in a few words: the resource it takes, and its namespace."""
    spec = body.get("spec") or {}
    if "resourceName" in spec:
        space = spec.get("networkNamespace") or "no namespace"
        return f"{full_resource_name(str(spec['resourceName']))} for pods of {space}"
    annotations = (body.get("metadata") or {}).get("annotations") or {}
    return str(annotations.get(RESOURCE_ANNOTATION) or "")


def added() -> Effect:
    return Effect(Risk.SAFE, "pods may ask for it")


def removed(key: Key, body: Mapping[str, Any], world: World) -> Effect:
    text = "pods that ask for it do not start any more"
    return Effect(Risk.DANGEROUS, text + _users(key, body, world))


def changes(
    key: Key, before: Mapping[str, Any], found: Sequence[Difference], world: World
) -> Iterator[Change]:
    users = _users(key, before, world)
    for difference in found:
        yield difference.as_change(_effect(difference, key, before, users))


def _effect(
    difference: Difference, key: Key, before: Mapping[str, Any], users: str
) -> Effect:
    path = difference.path
    if path == _NAMESPACE:
        old = (before.get("spec") or {}).get("networkNamespace") or "no namespace"
        text = (
            f"pods of {old} that ask for it still find the old definition, which stays"
            f" behind: kubectl delete net-attach-def -n {old} {key.name}"
        )
        return Effect(Risk.DANGEROUS, text)
    if path in (_RESOURCE, _ANNOTATION):
        text = (
            f"a pod that asks for {difference.before} and this network gets no device"
            f" and does not start{users}"
        )
        return Effect(Risk.DANGEROUS, text)
    if path[0] == "metadata":
        return Effect(Risk.SAFE)
    if path[-1] in _POOL:
        text = "pods started from now on have an address of another pool"
        return Effect(Risk.DANGEROUS, text + users)
    return Effect(Risk.DISRUPTIVE, f"holds for pods started from now on{users}")


def _users(key: Key, body: Mapping[str, Any], world: World) -> str:
    """The running pods with this network, where they can be told."""
    if world.pods is None:
        return ""
    space = key.namespace or str((body.get("spec") or {}).get("networkNamespace") or "")
    using = [pod for pod in world.pods if (space, key.name) in pod.networks]
    if not using:
        return "; no running pod has it"
    return f"; {counted(len(using), 'running pod')}: {named(using)}"
