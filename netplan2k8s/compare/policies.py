"""What a change of a NicClusterPolicy or NicNodePolicy does.

There is one NicClusterPolicy per cluster and others write to it, too: their sections
and device-plugin resources are no differences of ours, but what erases them is.

Source: network-operator, pkg/state/state_sriov_dp.go: a changed configuration restarts
the device plugin, since 26.1 by itself; before that its pods must be deleted by hand.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from netplan2k8s.compare.changes import Change, Difference, Effect, Path, Risk, Verb
from netplan2k8s.compare.leaves import CONFIG
from netplan2k8s.manifests.json_text import JsonError, JsonText
from netplan2k8s.naming import counted
from netplan2k8s.simulate.device_plugin import full_name, value_of
from netplan2k8s.simulate.operator import POLICY_NAME

_SECTION = CONFIG[:2]
_PCI = "pciAddresses"
_WITHOUT_RESTART = ("25.10",)
_RESTART = "the device plugin restarts on every node"
_BY_HAND = "the device plugin reads it once its pods are deleted by hand (before 26.1)"
_KEEP_THEM = (
    "convert --base POLICY.yaml writes a complete policy that keeps them"
    " (kubectl get nicclusterpolicy nic-cluster-policy -o yaml)"
)


def summary(body: Mapping[str, Any]) -> str:
    """A policy in a few words: its sections and how many resources it offers."""
    spec = body.get("spec") or {}
    resources = resources_of(body)
    offered = f", {counted(len(resources), 'resource')}" if resources else ""
    return ", ".join(sorted(spec)) + offered


def added(name: str, kind: str) -> Effect:
    if kind == "NicClusterPolicy" and name != POLICY_NAME:
        text = f"the operator looks at none but {POLICY_NAME} and sets this to ignore"
        return Effect(Risk.DANGEROUS, text)
    return Effect(Risk.DISRUPTIVE, "the operator starts what its sections ask for")


def unpatchable() -> Effect:
    """A patch of a policy that is not there."""
    text = (
        "there is no policy to patch: convert --policy full writes a complete one for a"
        " new cluster"
    )
    return Effect(Risk.DANGEROUS, text)


def removed() -> Effect:
    text = "the operator stops what its sections ask for, the device plugin with them"
    return Effect(Risk.DANGEROUS, text)


def resources_of(body: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The device-plugin resources of a policy by their full name."""
    section = (body.get("spec") or {}).get("sriovDevicePlugin") or {}
    text = section.get("config") if isinstance(section, dict) else None
    try:
        config = JsonText(text).value() if isinstance(text, str) else None
    except JsonError:
        return {}
    listed = value_of(config, "resourceList") if isinstance(config, dict) else None
    items = listed if isinstance(listed, list) else ()
    return {full_name(item): item for item in items if isinstance(item, dict)}


def erased(
    live: Mapping[str, Any],
    after: Mapping[str, Any],
    manifest: Mapping[str, Any],
    ours: Collection[str],
    *,
    is_patch: bool,
) -> Iterator[Change]:
    """Sections and resources of others that applying takes away.

    ``ours`` are resources that our networks ask for, which may go.
    """
    sections = [
        name
        for name in live.get("spec") or {}
        if name not in (after.get("spec") or {})
        and name not in (manifest.get("spec") or {})
    ]
    if sections:
        text = (
            "not in the manifest, and the operator stops what they ask for:"
            f" {_KEEP_THEM}, and kubectl patch --type=merge changes our section alone"
        )
        yield _erased("section", sections, text)
    left, mine = resources_of(after), resources_of(manifest)
    resources = [
        name
        for name in resources_of(live)
        if name not in left and name not in mine and name not in ours
    ]
    if resources:
        how = "a patch replaces the configuration as a whole" if is_patch else "erased"
        text = f"{how}, pods that ask for them do not start any more: {_KEEP_THEM}"
        yield _erased("resource", resources, text)


def _erased(what: str, names: Sequence[str], text: str) -> Change:
    listed = ", ".join(sorted(names))
    plural = what if len(names) == 1 else f"{what}s"
    effect = Effect(Risk.DANGEROUS, text)
    return Change(Verb.REMOVE, f"others' {plural} {listed}", listed, None, effect)


def is_ours(path: Path, manifest: Mapping[str, Any], ours: Collection[str]) -> bool:
    """Whether a value of a policy is one that the manifest has a say in."""
    if path[0] != "spec" or len(path) == 1:
        return path[0] == "metadata"
    if path[: len(CONFIG)] == CONFIG and len(path) > len(CONFIG):
        return path[len(CONFIG)] in ours
    return path[1] in (manifest.get("spec") or {})


def changes(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    found: Sequence[Difference],
    release: str,
) -> Iterator[Change]:
    """The differences in what is ours, with what they do."""
    old, new = resources_of(before), resources_of(after)
    nics = _Nics(_owners(old), _owners(new))
    sections = set(before.get("spec") or {}) ^ set(after.get("spec") or {})
    for difference in _whole(_sections(found, sections), old, new):
        effect = _effect(difference, nics, release)
        yield difference.as_change(effect, label(difference.path))


class _Nics(NamedTuple):
    """Which resource has which PCI address, before and after."""

    before: Mapping[str, str]
    after: Mapping[str, str]


def _sections(
    found: Iterable[Difference], whole: Collection[str]
) -> Iterator[Difference]:
    """The differences, a section that comes or goes as one."""
    done: set[str] = set()
    for difference in found:
        path = difference.path
        if path[0] != "spec" or len(path) == 1 or path[1] not in whole:
            yield difference
        elif path[1] not in done:
            done.add(path[1])
            before, after = difference.before, difference.after
            yield Difference(path[:2], before and "", after and "")


def _whole(
    found: Iterable[Difference],
    old: Mapping[str, Mapping[str, Any]],
    new: Mapping[str, Mapping[str, Any]],
) -> Iterator[Difference]:
    """The differences, a resource that comes or goes as one."""
    done: set[str] = set()
    for difference in found:
        path = difference.path
        name = path[len(CONFIG)] if len(path) > len(CONFIG) else ""
        if path[: len(CONFIG)] != CONFIG or (name in old) == (name in new):
            yield difference
        elif name not in done:
            done.add(name)
            before, after = (
                ", ".join(_addresses(side[name])) if name in side else None
                for side in (old, new)
            )
            yield Difference((*CONFIG, name), before, after)


def _effect(difference: Difference, nics: _Nics, release: str) -> Effect:
    path = difference.path
    if path[0] == "metadata":
        return Effect(Risk.SAFE)
    if path[: len(CONFIG)] == CONFIG:
        restart = _BY_HAND if release in _WITHOUT_RESTART else _RESTART
        worse = _of_config(difference, nics)
        if worse:
            return Effect(Risk.DANGEROUS, f"{worse}; {restart}")
        return Effect(Risk.DISRUPTIVE, restart)
    if len(path) == len(_SECTION) and difference.verb is Verb.REMOVE:
        return Effect(Risk.DANGEROUS, "the operator stops what it asks for")
    if len(path) == len(_SECTION) and difference.verb is Verb.ADD:
        return Effect(Risk.DISRUPTIVE, "the operator starts what it asks for")
    where = "the device plugin" if path[:2] == _SECTION else path[1]
    return Effect(Risk.DISRUPTIVE, f"the operator restarts {where} on every node")


def _of_config(difference: Difference, nics: _Nics) -> str:
    """What is worse than a restart of the plugin; empty for nothing."""
    path, verb = difference.path, difference.verb
    nic = path[-1] if _PCI in path else ""
    if verb is Verb.REMOVE and nic:
        other = nics.after.get(nic)
        return f"it is {other}'s NIC then" if other else "nobody offers the NIC then"
    if verb is Verb.ADD and nic in nics.before:
        return f"it was {nics.before[nic]}'s NIC"
    if verb is Verb.REMOVE and len(path) == len(CONFIG) + 1:
        return "pods that ask for it do not start any more"
    taken = [a for a in (difference.after or "").split(", ") if a in nics.before]
    if verb is Verb.ADD and taken:
        return f"{taken[0]} was {nics.before[taken[0]]}'s NIC"
    return ""


def _owners(resources: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The resource of every PCI address: the first one in the list that selects it."""
    found: dict[str, str] = {}
    for name, resource in resources.items():
        for address in _addresses(resource):
            found.setdefault(address, name)
    return found


def _addresses(resource: Mapping[str, Any]) -> list[str]:
    selectors = value_of(resource, "selectors")
    listed = selectors if isinstance(selectors, list) else [selectors]
    found = []
    for selector in listed:
        values = value_of(selector, _PCI) if isinstance(selector, dict) else None
        found += [v for v in values or () if isinstance(v, str)]
    return found


def label(path: Path) -> str:
    if path[: len(CONFIG)] != CONFIG or len(path) == len(CONFIG):
        return ".".join(path)
    name, *more = path[len(CONFIG) :]
    if _PCI in more:
        return f"resource {name} NIC {more[-1]}"
    return " ".join(["resource", name, ".".join(more)]).strip()
