"""What a change of a HostDeviceNetwork or an attachment definition does.

Source: network-operator, pkg/state/state_hostdevice_network.go: a definition is written
for every network, and one that was written into another namespace stays behind. Multus
reads the definitions of a pod when it starts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from netplan2k8s.compare.changes import (
    Change,
    Difference,
    Effect,
    Key,
    Path,
    Risk,
    Verb,
)
from netplan2k8s.compare.world import World, named
from netplan2k8s.manifests.json_text import JsonError, JsonText
from netplan2k8s.naming import counted
from netplan2k8s.simulate.operator import (
    RESOURCE_ANNOTATION,
    RenderError,
    attachment_definition,
    full_resource_name,
)

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


def added(body: Mapping[str, Any]) -> Effect:
    problem = _problem(body)
    if problem.text:
        return Effect(Risk.DANGEROUS, f"no pod with it starts: {problem.text}")
    return Effect(Risk.SAFE, "pods may ask for it")


def removed(key: Key, body: Mapping[str, Any], world: World) -> Effect:
    text = "pods that ask for it do not start any more"
    return Effect(Risk.DANGEROUS, text + _users(key, body, world))


def changes(
    key: Key,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    found: Sequence[Difference],
    world: World,
) -> Iterator[Change]:
    """The differences with what they do; what nobody can read comes first, as one."""
    users = _users(key, before, world)
    problem, old_problem = map(_problem, (after, before))
    if problem.text and problem.text != old_problem.text:
        yield _broken(problem, users, is_news=not old_problem.text)
    for difference in found:
        if problem.text:
            effect = Effect(Risk.DISRUPTIVE)
        elif old_problem.text:
            effect = Effect(Risk.DISRUPTIVE, "no pod with it could start before")
        else:
            effect = _effect(difference, key, before, users)
        yield difference.as_change(effect)


class _Problem(NamedTuple):
    """What is wrong with a network; ``is_unwritten`` where that leaves it as it was."""

    text: str = ""
    is_unwritten: bool = False


def _problem(body: Mapping[str, Any]) -> _Problem:
    """Why no pod gets the network: what the operator or Multus cannot read."""
    config = (body.get("spec") or {}).get("config")
    if body.get("kind") == "HostDeviceNetwork":
        try:
            config = attachment_definition(body)["spec"]["config"]
        except RenderError as error:
            return _Problem(
                f"the operator cannot write its definition: {error}", is_unwritten=True
            )
    try:
        JsonText(str(config or "{}")).value()
    except JsonError as error:
        return _Problem(f"its CNI configuration is no JSON: {error.message}")
    return _Problem()


def _broken(problem: _Problem, users: str, *, is_news: bool) -> Change:
    text = f"no pod with it starts any more: {problem.text}{users}"
    if problem.is_unwritten:
        text = f"{problem.text}; new pods have it as it was{users}"
    risk = Risk.DANGEROUS if is_news else Risk.DISRUPTIVE
    before = "valid" if is_news else "invalid"
    return Change(Verb.CHANGE, "network", before, "invalid", Effect(risk, text))


def _effect(
    difference: Difference, key: Key, before: Mapping[str, Any], users: str
) -> Effect:
    path = difference.path
    if path == _NAMESPACE:
        old = str((before.get("spec") or {}).get("networkNamespace"))
        text = (
            f"pods of {old} that ask for it still find the old definition, which stays"
            f" behind: kubectl delete net-attach-def -n {old} {key.name}"
        )
        return Effect(Risk.DANGEROUS, text + users)
    if path in (_RESOURCE, _ANNOTATION):
        return _of_resource(difference, users)
    if path[0] == "metadata":
        return Effect(Risk.SAFE)
    if path[-1] in _POOL or path[-2:] == ("ipam", "type"):
        if (
            path[-1] == "poolType"
            and len(set(map(_pool_type, (difference.before, difference.after)))) == 1
        ):
            return Effect(Risk.SAFE, "the same to nv-ipam")
        text = "pods started from now on have an address of another pool"
        return Effect(Risk.DANGEROUS, text + users)
    return Effect(Risk.DISRUPTIVE, f"holds for pods started from now on{users}")


def _of_resource(difference: Difference, users: str) -> Effect:
    """A network takes what a pod asks for of one resource alone."""
    is_rendered = difference.path == _RESOURCE
    old, new = (
        full_resource_name(text) if text and is_rendered else text or ""
        for text in (difference.before, difference.after)
    )
    if old == new:
        return Effect(Risk.SAFE, "the same resource to the operator")
    if not new:
        text = "no pod with it gets a device, and none starts"
        return Effect(Risk.DANGEROUS, text + users)
    if not old:
        return Effect(Risk.DISRUPTIVE, f"pods with it start if they ask for {new}")
    text = (
        f"a pod that asks for {old} and this network gets no device and does not start;"
        f" it has to ask for {new}{users}"
    )
    return Effect(Risk.DANGEROUS, text)


def _pool_type(text: str | None) -> str:
    return (text or "ippool").lower()


def _users(key: Key, body: Mapping[str, Any], world: World) -> str:
    """The running pods with this network, where they can be told."""
    if world.pods is None:
        return ""
    space = key.namespace or str((body.get("spec") or {}).get("networkNamespace") or "")
    using = [pod for pod in world.pods if (space, key.name) in pod.networks]
    if not using:
        return "; no running pod has it"
    return f"; {counted(len(using), 'running pod')}: {named(using)}"
