"""What a runbook says of a site, from its manifests and its hosts."""

from __future__ import annotations

import os
import shlex
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from netplan2k8s.catalogue import UNPUSHABLE_HOST, UNVERIFIED_WAVE
from netplan2k8s.emitters.verification import job_name
from netplan2k8s.fabric.plan import FabricPlan, RailAttachment
from netplan2k8s.fabric.waves import Wave
from netplan2k8s.findings import Finding, Span, UsageError
from netplan2k8s.lint.scene import Scene
from netplan2k8s.naming import ranges
from netplan2k8s.settings import Settings
from netplan2k8s.simulate.operator import RESOURCE_PREFIX
from netplan2k8s.strip.host_files import HostFiles

_NETPLAN = "etc/netplan"


@dataclass(frozen=True, slots=True)
class Site:
    """The values of a site.

    ``kernel_names`` are interfaces' names on the host by (node, Netplan ID); ``files``
    the manifests' paths below ``directory``; ``proof`` the verdict in words.
    """

    settings: Settings
    plan: FabricPlan
    waves: tuple[Wave, ...]
    directory: str
    hosts: tuple[str, ...]
    files: tuple[str, ...]
    kernel_names: Mapping[tuple[str, str], str]
    proof: str
    has_other_rules: bool = False

    @property
    def manifests_quoted(self) -> str:
        return shlex.quote(self.directory)

    @property
    def hosts_quoted(self) -> str:
        return " ".join(map(shlex.quote, self.hosts))

    @property
    def resources(self) -> list[str]:
        return [f"{RESOURCE_PREFIX}/{rail.resource_name}" for rail in self.plan.rails]

    @property
    def left_out(self) -> tuple[str, ...]:
        """Nodes with rails that no wave has."""
        moved = {node for wave in self.waves for node in wave.node_names}
        return tuple(node for node in self.plan.node_names if node not in moved)

    def links_of(self, node_name: str) -> Iterator[tuple[str, RailAttachment]]:
        """(rail, link) of a node in the order of the rails."""
        for rail in self.plan.rails:
            for link in rail.attachments:
                if link.node_name == node_name:
                    yield rail.name, link

    def interfaces(self, wave: Wave) -> list[str]:
        """The kernel's names of the rails on a wave's nodes, each once, by rail."""
        nodes = frozenset(wave.node_names)
        names: dict[str, None] = {}
        for rail in self.plan.rails:
            for link in rail.attachments:
                if link.node_name in nodes:
                    names[self.kernel_names[link.node_name, link.interface]] = None
        return list(names)


def files_below(directory: str) -> tuple[str, ...]:
    """The manifests that convert wrote, by their paths below the directory.

    Raises:
        UsageError: it is none that convert wrote.
    """
    if not os.path.isdir(os.path.join(directory, "fabric")):
        raise UsageError(
            f"{directory} has no fabric/: a runbook is for a directory that convert"
            " wrote"
        )
    return tuple(
        sorted(
            os.path.relpath(os.path.join(place, name), directory)
            for place, _, names in os.walk(directory)
            for name in names
            if name.endswith(".yaml")
        )
    )


def unverified(
    waves: Sequence[Wave], scene: Scene, directory: str
) -> Iterator[Finding]:
    """NK741 for each wave whose nodes no Job of the manifests checks."""
    checked = {d.name: _nodes_of(d.spec) for d in scene.of_kind("Job")}
    for wave in waves:
        found = checked.get(job_name(wave.name))
        if found != set(wave.node_names):
            has = "no such Job" if found is None else f"a Job for {ranges([*found])}"
            message = (
                f"{wave.name} moves {ranges([*wave.node_names])}, and"
                f" verify/{wave.name}/ has {has}; convert and runbook need the same"
                " --nodes, or waves: in netplan2k8s.yaml"
            )
            span = Span(os.path.join(directory, "verify"))
            yield Finding(UNVERIFIED_WAVE, message, span)


def _nodes_of(spec: Any) -> set[str]:  # noqa: ANN401  a Job's spec of anybody
    """The nodes that our Job's pods may run on."""
    try:
        affinity = spec["template"]["spec"]["affinity"]["nodeAffinity"]
        terms = affinity["requiredDuringSchedulingIgnoredDuringExecution"]
        return {
            term["matchFields"][0]["values"][0] for term in terms["nodeSelectorTerms"]
        }
    except (KeyError, IndexError, TypeError):
        return set()


def unpushable(files: HostFiles, changed: Collection[str]) -> Iterator[Finding]:
    """NK742 where a host's files are no plain files in etc/netplan."""
    reason = ""
    if files.is_flat:
        reason = "is known by one file, whose name on the host nobody knows"
    elif odd := sorted(p for p in changed if os.path.dirname(p) != _NETPLAN):
        reason = f"has its rails in {odd[0]}"
    elif links := sorted(p for p in files.links if p.startswith(_NETPLAN)):
        reason = f"has a link there, {links[0]}"
    if reason:
        message = (
            f"{files.node_name} {reason}; a runbook replaces plain files in"
            f" {_NETPLAN}/, so move it by hand, or leave it out with --exclude"
        )
        place = next(iter(files.labels.values()), files.node_name)
        yield Finding(UNPUSHABLE_HOST, message, Span(place), node=files.node_name)


def usual(values: Collection[str]) -> str:
    """The most frequent, the first of those by text."""
    counts = Counter(values)
    return min(counts, key=lambda value: (-counts[value], value))
