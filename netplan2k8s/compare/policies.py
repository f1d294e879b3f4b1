"""What a change of a NicClusterPolicy or NicNodePolicy does.

There is one NicClusterPolicy per cluster and others write to it, too: their sections
and device-plugin resources are no differences of ours, but what erases them is.

Source: network-operator, pkg/state/state_sriov_dp.go: a changed configuration restarts
the device plugin, since 26.1 by itself; before that its pods must be deleted by hand.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from netplan2k8s.compare.changes import (
    Change,
    Difference,
    Effect,
    Key,
    Path,
    Risk,
    Verb,
)
from netplan2k8s.compare.leaves import CONFIG
from netplan2k8s.compare.plugin_config import (
    PCI,
    SECTION,
    Nics,
    addresses_of,
    config_problem,
    nics_of,
    resources_of,
    spec_of,
)
from netplan2k8s.naming import counted
from netplan2k8s.simulate.operator import POLICY_NAME

_GENERAL = frozenset(
    {
        "annotations",
        "deploymentNodeAffinity",
        "deploymentTolerations",
        "global",
        "labels",
        "nodeAffinity",
        "tolerations",
    }
)
"""What is no part that the operator runs, but holds for all of them."""
_WITHOUT_RESTART = ("25.10",)
_RESTART = "the device plugin restarts on every node"
_BY_HAND = "the device plugin reads it once its pods are deleted by hand (before 26.1)"
_KEEP_THEM = (
    "convert --base POLICY.yaml writes a complete policy that keeps them"
    " (kubectl get nicclusterpolicy nic-cluster-policy -o yaml)"
)
_IGNORED = f"the operator looks at none but {POLICY_NAME}"


def summary(body: Mapping[str, Any]) -> str:
    """A policy in a few words: its sections and how many resources it offers."""
    spec = spec_of(body)
    resources = resources_of(body)
    offered = f", {counted(len(resources), 'resource')}" if resources else ""
    return ", ".join(sorted(spec)) + offered


def is_ignored(key: Key) -> bool:
    """Whether the operator looks at another policy alone."""
    return key.kind == "NicClusterPolicy" and key.name != POLICY_NAME


def added(key: Key, body: Mapping[str, Any]) -> Effect:
    if is_ignored(key):
        return Effect(Risk.DANGEROUS, f"{_IGNORED} and sets this to ignore")
    problem = config_problem(body)
    if problem:
        return Effect(Risk.DANGEROUS, f"the device plugin does not run: {problem}")
    return Effect(Risk.DISRUPTIVE, "the operator starts what its sections ask for")


def unpatchable() -> Effect:
    """A patch of a policy that is not there."""
    text = (
        "there is no policy to patch: convert --policy full writes a complete one for a"
        " new cluster"
    )
    return Effect(Risk.DANGEROUS, text)


def removed(key: Key) -> Effect:
    if is_ignored(key):
        return Effect(Risk.SAFE, _IGNORED)
    text = "the operator stops what its sections ask for, the device plugin with them"
    return Effect(Risk.DANGEROUS, text)


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
    kept, sent = spec_of(after), spec_of(manifest)
    sections = [
        name
        for name, value in spec_of(live).items()
        if name not in sent and value != kept.get(name)
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
    return path[1] in spec_of(manifest)


def changes(
    key: Key,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    found: Sequence[Difference],
    release: str,
) -> Iterator[Change]:
    """The differences in what is ours, with what they do.

    A configuration that stops the device plugin comes first, as one change.
    """
    old, new = resources_of(before), resources_of(after)
    sections = set(spec_of(before)) ^ set(spec_of(after))
    listed = list(_whole(_sections(found, sections), old, new))
    if is_ignored(key):
        for difference in listed:
            effect = Effect(Risk.SAFE, _IGNORED)
            yield difference.as_change(effect, label(difference.path))
        return
    restart = _BY_HAND if release in _WITHOUT_RESTART else _RESTART
    problem, old_problem = map(config_problem, (after, before))
    if problem and problem != old_problem:
        yield _stopped(problem, is_news=not old_problem, restart=restart)
    nics = nics_of(old, new)
    judge = _Judge(nics, restart, bool(problem), bool(old_problem))
    for difference in listed:
        effect = judge.effect(difference)
        yield difference.as_change(effect, label(difference.path))
    if not problem and not old_problem:
        yield from _reordered(nics, old, new, listed, restart)


def _stopped(problem: str, *, is_news: bool, restart: str) -> Change:
    if is_news:
        when = " once its pods are deleted by hand" if restart == _BY_HAND else ""
        text = f"nodes offer none of its resources{when}: {problem}"
        effect, before = Effect(Risk.DANGEROUS, text), "runs"
    else:
        text = f"nodes still offer none of its resources: {problem}"
        effect, before = Effect(Risk.DISRUPTIVE, text), "does not run"
    return Change(Verb.CHANGE, "device plugin", before, "does not run", effect)


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
                ", ".join(addresses_of(side[name])) if name in side else None
                for side in (old, new)
            )
            yield Difference((*CONFIG, name), before, after)


def _reordered(
    nics: Nics,
    old: Mapping[str, Mapping[str, Any]],
    new: Mapping[str, Mapping[str, Any]],
    told: Sequence[Difference],
    restart: str,
) -> Iterator[Change]:
    """NICs that two resources select, and that the order of these gives to another."""
    said = {difference.path[-1] for difference in told if PCI in difference.path}
    for nic, name in nics.after.items():
        other = nics.before.get(nic, name)
        if other != name and nic not in said and other in new and name in old:
            text = f"two resources select the NIC, and the first one has it; {restart}"
            effect = Effect(Risk.DANGEROUS, text)
            path = (*CONFIG, name, "selectors", PCI, nic)
            yield Change(Verb.CHANGE, f"NIC {nic}", other, name, effect, path)


@dataclass(frozen=True, slots=True)
class _Judge:
    """What the differences of a policy do.

    ``is_stopped`` and ``was_stopped`` where the device plugin cannot run with the
    configuration.
    """

    nics: Nics
    restart: str
    is_stopped: bool
    was_stopped: bool

    def effect(self, difference: Difference) -> Effect:
        path, verb = difference.path, difference.verb
        if path[0] != "spec" or len(path) == 1:
            return Effect(Risk.SAFE)
        if path[: len(CONFIG)] == CONFIG:
            return self._of_config(difference)
        if path[1] == "nodeSelector":
            text = (
                "nodes that it selects no more lose the device plugin and their rails;"
                " on others it starts"
            )
            return Effect(Risk.DANGEROUS, text)
        if path[1] in _GENERAL:
            text = "the operator restarts what it runs, wherever this holds"
            return Effect(Risk.DISRUPTIVE, text)
        if len(path) == len(SECTION) and verb is Verb.REMOVE:
            return Effect(Risk.DANGEROUS, "the operator stops what it asks for")
        if len(path) == len(SECTION) and verb is Verb.ADD:
            return Effect(Risk.DISRUPTIVE, "the operator starts what it asks for")
        where = "the device plugin" if path[:2] == SECTION else path[1]
        return Effect(Risk.DISRUPTIVE, f"the operator restarts {where} on every node")

    def _of_config(self, difference: Difference) -> Effect:
        if self.is_stopped:
            return Effect(Risk.DISRUPTIVE)
        if self.was_stopped:
            text = "the device plugin did not run before: nodes get what it offers"
            return Effect(Risk.DISRUPTIVE, f"{text}; {self.restart}")
        worse, detail = self._worse(difference)
        if worse:
            return Effect(Risk.DANGEROUS, f"{worse}; {self.restart}", detail)
        if "linkTypes" in difference.path and difference.verb is Verb.ADD:
            text = (
                f"{self.restart} and with linkTypes finds no NIC that is inside a pod"
            )
            return Effect(Risk.DANGEROUS, text)
        return Effect(Risk.DISRUPTIVE, self.restart)

    def _worse(self, difference: Difference) -> tuple[str, str]:
        """What is worse than a restart of the plugin, and where; empty for nothing."""
        path, verb = difference.path, difference.verb
        if len(path) == len(CONFIG):
            return "", ""
        name = path[len(CONFIG)]
        if PCI in path:
            return self._of_nic(path[-1], name, verb)
        if len(path) > len(CONFIG) + 1:
            return self._of_filter(name)
        if verb is Verb.REMOVE:
            return "pods that ask for it do not start any more", ""
        listed = (difference.after or "").split(", ")
        told = [self._of_nic(nic, name, verb) for nic in listed if nic]
        return next((pair for pair in told if pair[0]), ("", ""))

    def _of_nic(self, nic: str, name: str, verb: Verb) -> tuple[str, str]:
        """What becomes of a NIC whose address a resource gets or loses."""
        old, new = self.nics.before.get(nic, ""), self.nics.after.get(nic, "")
        if verb is Verb.REMOVE and old == name != new:
            if not new:
                return "nobody offers the NIC then", ""
            return "another resource has the NIC then", f"{nic}: {new}"
        if verb is Verb.ADD and old not in ("", name):
            if new == name:
                text = "the NIC is another resource's and may be inside a pod"
                return text, f"{nic}: {old} before"
            text = "another resource, which comes first in the list, has the NIC"
            return text, f"{nic}: {new}"
        return "", ""

    def _of_filter(self, name: str) -> tuple[str, str]:
        """What becomes of the NICs of a resource with another selector."""
        lost = [
            nic
            for nic, owner in self.nics.before.items()
            if owner == name and nic not in self.nics.after
        ]
        if not lost:
            return "", ""
        return "its selectors do not take its NIC any more", ", ".join(lost)


def label(path: Path) -> str:
    if path[: len(CONFIG)] != CONFIG or len(path) == len(CONFIG):
        return ".".join(path)
    name, *more = path[len(CONFIG) :]
    if PCI in more:
        return f"resource {name} NIC {more[-1]}"
    return " ".join(["resource", name, ".".join(more)]).strip()
