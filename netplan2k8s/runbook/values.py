"""What a runbook says of a site, from its manifests and its hosts."""

from __future__ import annotations

import os
import re
import shlex
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from netplan2k8s.catalogue import (
    UNNAMED_INTERFACE,
    UNPUSHABLE_HOST,
    UNTYPABLE_INTERFACE,
    UNVERIFIED_WAVE,
)
from netplan2k8s.emitters.verification import job_name
from netplan2k8s.fabric.plan import FabricPlan, RailAttachment
from netplan2k8s.fabric.waves import Wave
from netplan2k8s.findings import Finding, Span, UsageError
from netplan2k8s.inventory import HostInventory
from netplan2k8s.lint.scene import Scene
from netplan2k8s.naming import ranges
from netplan2k8s.settings import Settings
from netplan2k8s.simulate.operator import RESOURCE_PREFIX
from netplan2k8s.strip.host_files import HostFiles

_NETPLAN = "etc/netplan"
Word = TypeVar("Word", str, tuple[str, ...])
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]*")


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line had that the commands of a runbook need, too.

    ``hosts`` are about reading hosts, ``settings`` about the file of settings.
    """

    hosts: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    release: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Site:
    """The values of a site.

    ``kernel_names`` are interfaces' names on the host by (node, Netplan ID); ``files``
    the manifests' paths below ``directory``; ``proof`` the verdict in words, and
    ``summary`` what strip will say.
    """

    settings: Settings
    plan: FabricPlan
    waves: tuple[Wave, ...]
    directory: str
    hosts: tuple[str, ...]
    files: tuple[str, ...]
    kernel_names: Mapping[tuple[str, str], str]
    proof: str
    summary: str
    options: Options

    @property
    def manifests_quoted(self) -> str:
        return shlex.quote(self.directory)

    @property
    def hosts_quoted(self) -> str:
        return " ".join(map(shlex.quote, self.hosts))

    @property
    def hosts_of_proof(self) -> str:
        """The hosts as ``prove`` takes them: an option for each."""
        return " ".join(f"--hosts {shlex.quote(host)}" for host in self.hosts)

    @property
    def resources(self) -> list[str]:
        return [f"{RESOURCE_PREFIX}/{rail.resource_name}" for rail in self.plan.rails]

    @property
    def node_policies(self) -> list[str]:
        """The files of policies for groups of nodes."""
        return [path for path in self.files if path.startswith("fabric/11-")]

    @property
    def is_policy_complete(self) -> bool:
        """Whether the cluster's policy is applied as a whole, and not patched."""
        return "fabric/10-nicclusterpolicy.yaml" in self.files

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

    def interfaces(self, wave: Wave) -> dict[str, tuple[str, ...]]:
        """The kernel's names of each node's rails in their order."""
        names: dict[str, list[str]] = {node: [] for node in wave.node_names}
        for rail in self.plan.rails:
            for link in rail.attachments:
                if link.node_name in names:
                    name = self.kernel_names[link.node_name, link.interface]
                    names[link.node_name].append(name)
        return {node: tuple(found) for node, found in names.items()}


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


def untypable(node: str, place: str, names: Iterable[str]) -> Iterator[Finding]:
    """NK743 where the commands of a runbook cannot name a rail's interface."""
    for name in names:
        if name and not _PLAIN.fullmatch(name):
            message = (
                f"{node} has a rail on {name!r}; the commands of a runbook take names"
                " of letters, digits and . _ : -, so name the interface otherwise, or"
                " leave the host out with --exclude"
            )
            yield Finding(UNTYPABLE_INTERFACE, message, Span(place), node=node)


def name_of(mac: str, inventories: Iterable[HostInventory]) -> str:
    """What the sources of a host call the NIC of a MAC; "" unless it is one name."""
    names = {
        fact.name
        for inventory in inventories
        for fact in inventory.by_mac.get(mac, ())
        if fact.name
    }
    return names.pop() if len(names) == 1 else ""


def unnamed(
    node: str,
    place: str,
    rails: Mapping[str, str],
    names: Mapping[tuple[str, str], str],
) -> Iterator[Finding]:
    """NK744 for rails (ID → MAC) whose interface nobody names."""
    for rail, mac in rails.items():
        if not names[node, rail]:
            by = f"the MAC {mac}" if mac else "no name"
            message = (
                f"rail {rail} of {node} is matched by {by}, and nobody tells what its"
                " interface is called on the host; give it a set-name, or collect"
                " ip-link.json"
            )
            yield Finding(UNNAMED_INTERFACE, message, Span(place), node=node)


def usual(values: Collection[Word]) -> Word:
    """The most frequent, the first of those in their order."""
    counts = Counter(values)
    return min(counts, key=lambda value: (-counts[value], value))
