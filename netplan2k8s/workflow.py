"""What each command does, from arguments to a result; nothing here prints."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field

from netplan2k8s import emitters, hosts
from netplan2k8s.catalogue import NO_RAILS, UNKNOWN_PCI
from netplan2k8s.emitters import base_policy, nic_cluster_policy
from netplan2k8s.fabric import as_json
from netplan2k8s.fabric.drafts import Draft, Where
from netplan2k8s.fabric.evidence import PciResolver
from netplan2k8s.fabric.places import Locator
from netplan2k8s.fabric.plan import FabricPlan
from netplan2k8s.fabric.rails import map_rails
from netplan2k8s.findings import (
    Finding,
    InputError,
    Severity,
    Span,
    UsageError,
    has_error,
    sort_key,
)
from netplan2k8s.fleet import Fleet, Progress, read_fleet, reread
from netplan2k8s.hosts import Host, discover
from netplan2k8s.hosts.node_names import read_node_names
from netplan2k8s.inventory import HostInventory, read_inventory, read_table
from netplan2k8s.manifests import bundle, kustomization
from netplan2k8s.manifests.document import dump
from netplan2k8s.naming import ranges
from netplan2k8s.netplan import HostNetwork, kernel_name, read_host
from netplan2k8s.proof import emitted
from netplan2k8s.proof.model import Proof
from netplan2k8s.rules import (
    carried_over,
    consistency,
    overlapping_prefix,
    pci,
    shadowed,
)
from netplan2k8s.settings import KINDS, Settings

_VERIFY = KINDS[-1]
PLAN_PATH = ".netplan2k8s/plan.json"


@dataclass(frozen=True, slots=True)
class Inspection:
    """A fleet as it was found; the plan holds what could be placed."""

    hosts: tuple[Host, ...]
    fleet: Fleet
    plan: FabricPlan
    findings: tuple[Finding, ...]
    locate: Callable[[Where], Span]


@dataclass(frozen=True, slots=True)
class Conversion:
    """What convert made: files by path (empty with an error), and what it said.

    ``proof`` is there where the manifests are.
    """

    plan: FabricPlan
    findings: tuple[Finding, ...]
    files: dict[str, str] = field(default_factory=dict)
    write_plan: bundle.WritePlan | None = None
    proof: Proof | None = None


def inspect(
    arguments: Sequence[str],
    settings: Settings,
    *,
    kinds: Collection[str] = KINDS,
    progress: Progress | None = None,
) -> Inspection:
    """Read hosts and map their rails.

    Raises:
        InputError: the arguments hold no hosts, or tables cannot be read.
    """
    found = find(arguments, settings)
    return inspect_hosts(found, arguments[0], settings, kinds=kinds, progress=progress)


def find(arguments: Sequence[str], settings: Settings) -> hosts.Fleet:
    """The hosts of the arguments, named as the settings say.

    Raises:
        InputError: the arguments hold no hosts, or the names cannot be read.
    """
    names = read_node_names(settings.node_names, settings.node_name)
    return discover(arguments, names=names, exclude=settings.exclude_nodes)


def inspect_hosts(
    found: hosts.Fleet,
    argument: str,
    settings: Settings,
    *,
    kinds: Collection[str] = KINDS,
    progress: Progress | None = None,
) -> Inspection:
    """Map the rails of hosts that were found; ``argument`` is where all of them lie.

    Raises:
        InputError: tables cannot be read.
    """
    tables = inventory_tables(settings)
    fleet = read_fleet(found.hosts, settings, tables, progress, shadowed.check)
    plan, drafts = map_rails(
        fleet.candidates, fleet.node_names, settings, broken=fleet.broken
    )
    drafts.extend(_judge(plan, fleet, settings, kinds))
    by_name = {host.node_name: host for host in found.hosts}

    def reread_node(node_name: str) -> HostNetwork | None:
        try:
            return reread(by_name[node_name])
        except InputError:
            return None  # already said, as a finding of its own

    def place_of(node_name: str) -> str:
        return by_name[node_name].place if node_name in by_name else argument

    locator = Locator(reread_node, place_of)
    drafts = [_of_stripped(draft, locator) for draft in drafts]
    said = _sorted([*found.findings, *fleet.findings, *map(locator.finding, drafts)])
    return Inspection(
        found.hosts, fleet, plan, tuple(dict.fromkeys(said)), locator.span
    )


def _of_stripped(draft: Draft, locator: Locator) -> Draft:
    """NK317 in other words for a host whose rails strip has taken."""
    if draft.rule is not NO_RAILS:
        return draft
    from netplan2k8s.strip.state import places_of_stripped  # noqa: PLC0415  seldom

    network = locator.host(draft.where.node_name)
    gone = list(places_of_stripped(network)) if network else []
    if not gone:
        return draft
    message = (
        f"{draft.where.node_name} has no rail, and {ranges(gone)}"
        f" {'is' if len(gone) == 1 else 'are'} as strip leaves one: give the originals"
        " in its place, which are in rollback/ of what strip wrote"
    )
    return dataclasses.replace(draft, message=message)


def convert(
    arguments: Sequence[str],
    settings: Settings,
    *,
    directory: str | None,
    kinds: Collection[str] = KINDS,
    base: str | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> Conversion:
    """Make the manifests of a fleet, prove them, and write them all or none.

    Raises:
        InputError: as ``inspect``; NK406 for the base; NK009 for the directory.
        OperationError: the disk failed.
    """
    policy = base_policy.load(base) if base else None
    seen = inspect(arguments, settings, kinds=kinds, progress=progress)
    plan, said = seen.plan, list(seen.findings)
    of_manifests = list(emitters.findings(plan, settings, kinds))
    if policy is not None:
        of_manifests += nic_cluster_policy.base_findings(plan, settings, policy)
    said += of_manifests
    if has_error(said):
        # There will be no manifests for the rest to be about.
        unmade = {f for f in of_manifests if f.rule.severity is not Severity.ERROR}
        return Conversion(plan, _sorted([f for f in said if f not in unmade]))
    files = {}
    for manifest in emitters.emit(plan, settings, {*kinds} - {_VERIFY}, policy):
        said.extend(emitters.size_findings(manifest))
        files[manifest.path] = dump(manifest.body)
    if has_error(said):
        return Conversion(plan, _sorted(said))
    proof, wrong = emitted.prove(files, seen.fleet.candidates, settings, seen.locate)
    if wrong:
        return Conversion(plan, _sorted([*said, *wrong]))
    del seen  # the candidates of a large fleet are no longer needed
    if directory is not None:
        files[kustomization.PATH] = kustomization.text(files)
        files[PLAN_PATH] = as_json.text(plan)
    # Last: of a large fleet these texts are many, and go where that one's pieces were.
    for manifest in emitters.emit(plan, settings, {*kinds} & {_VERIFY}):
        files[manifest.path] = dump(manifest.body)
    if wrong := emitted.judge_jobs(files, proof, settings):
        return Conversion(plan, _sorted([*said, *wrong]))
    if directory is None:
        return Conversion(plan, _sorted(said), files, proof=proof)
    write_plan = bundle.plan_write(files, directory, force=force)
    bundle.commit(write_plan)
    return Conversion(plan, _sorted(said), files, write_plan, proof)


def show(argument: str) -> HostNetwork:
    """Read the one host of an argument.

    Raises:
        InputError: it cannot be read, or netplan would reject it.
        UsageError: it holds several hosts.
    """
    if not os.path.isdir(argument):
        found = discover([argument]).hosts
        if len(found) != 1:
            raise UsageError(f"{argument} holds {len(found)} hosts; show takes one")
        return read_host(found[0].tree, found[0].node_name)
    from netplan2k8s.tree import DirectoryTree  # noqa: PLC0415  show only

    root = os.path.normpath(argument)
    if not any(os.path.isdir(os.path.join(root, d)) for d in ("etc", "lib", "run")):
        found = discover([argument]).hosts if os.listdir(root) else ()
        if len(found) > 1:
            raise UsageError(f"{argument} holds {len(found)} hosts; show takes one")
        if found:
            return read_host(found[0].tree, found[0].node_name)
    return read_host(DirectoryTree(root), os.path.basename(os.path.abspath(root)))


def pci_sources(seen: Inspection, settings: Settings) -> dict[tuple[str, str], str]:
    """(node, interface) → who knows its PCI address, for every link of a plan."""
    tables = inventory_tables(settings)
    resolver = PciResolver(settings.pci)
    wanted = {
        (link.node_name, link.interface)
        for rail in seen.plan.rails
        for link in rail.attachments
    }
    sources = {}
    for host in seen.hosts:
        try:
            network = read_host(host.tree, host.node_name)
        except InputError:
            continue  # said by the inspection
        inventory, _ = read_inventory(host.tree, host.node_name)
        known = [t[host.node_name] for t in tables if host.node_name in t]
        resolver.start(host.node_name, inventory, *known)
        for definition in network.definitions.values():
            place = host.node_name, str(definition.id)
            if place in wanted:
                name = kernel_name(definition) or definition.id
                found = resolver.evidence(definition, name)
                sources[place] = ", ".join(dict.fromkeys(e.source for e in found))
    return sources


def _judge(
    plan: FabricPlan, fleet: Fleet, settings: Settings, kinds: Collection[str]
) -> Iterator[Draft]:
    yield from fleet.drafts
    yield from overlapping_prefix.check(fleet.candidates)
    for draft in pci.check(plan, fleet, settings.node_groups):
        if "nicclusterpolicy" in kinds or draft.rule is not UNKNOWN_PCI:
            yield draft
    yield from consistency.check(plan)
    yield from carried_over.check(plan, fleet.candidates, settings)


def inventory_tables(settings: Settings) -> list[dict[str, HostInventory]]:
    """The inventories of many hosts that the settings name.

    Raises:
        InputError: one cannot be read.
    """
    found: list[dict[str, HostInventory]] = []
    findings: list[Finding] = []
    for path in settings.inventory:
        try:
            found.append(read_table(path))
        except InputError as error:
            findings.extend(error.findings)
    if findings:
        raise InputError(*findings)
    return found


def _sorted(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=sort_key))
