"""What runbook does, from manifests and hosts to a text; nothing here prints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from netplan2k8s import checks, linting, proving, workflow
from netplan2k8s.emitters.pods import complete_nodes
from netplan2k8s.fabric.waves import Wave, planned
from netplan2k8s.findings import Finding, Severity, has_error, sort_key
from netplan2k8s.fleet import Progress
from netplan2k8s.hosts import Host
from netplan2k8s.inventory import HostInventory, read_inventory
from netplan2k8s.inventory.host import EMPTY
from netplan2k8s.repeats import Repeats
from netplan2k8s.report import proof, stripped
from netplan2k8s.runbook import text, values
from netplan2k8s.runbook.values import Options, Site
from netplan2k8s.settings import Settings
from netplan2k8s.strip.host import strip_host
from netplan2k8s.strip.host_files import read_files
from netplan2k8s.stripping import Outcome, rails_of


@dataclass(frozen=True, slots=True)
class Runbook:
    """A runbook, empty where findings keep it from being followed."""

    text: str
    findings: tuple[Finding, ...]


def make(
    directory: str,
    hosts: Sequence[str],
    settings: Settings,
    options: Options,
    progress: Progress | None = None,
) -> Runbook:
    """Prove manifests against hosts, try to strip each host, and write it down.

    Raises:
        InputError: the hosts cannot be found, or tables cannot be read.
        UsageError: the directory is none of convert, or waves make no sense.
    """
    files = values.files_below(directory)
    read = linting.read_manifests([directory], settings)
    seen = workflow.inspect(hosts, settings, progress=progress)
    proven = proving.compared(read, seen, settings)
    said = [
        f for f in checks.of_proof(read, proven) if f.rule.severity is Severity.ERROR
    ]
    if has_error(said):
        return Runbook("", tuple(said))
    waves = _complete(planned(seen.plan, settings.waves), complete_nodes(seen.plan))
    said += values.unverified(waves, read.scene, directory)
    names = {(c.node_name, c.interface): c.name for c in seen.fleet.candidates}
    said += _tried(seen, names, workflow.inventory_tables(settings))
    if has_error(said):
        return Runbook("", tuple(sorted(dict.fromkeys(said), key=sort_key)))
    site = Site(
        settings,
        seen.plan,
        waves,
        directory.rstrip("/") or "/",
        tuple(hosts),
        files,
        names,
        proof.verdict(proven.proof),
        _summary(seen),
        options,
    )
    return Runbook(text.render(site), tuple(said))


def _summary(seen: workflow.Inspection) -> str:
    """What strip will say of hosts that it has not written yet."""
    names = tuple(host.node_name for host in seen.hosts)
    rails = sum(map(len, rails_of(seen).values()))
    made = Outcome(names, rails, (), (), written=len(names))
    return stripped.summary(made, text.STRIPPED, is_restored=False).rstrip("\n")


def _complete(waves: Iterable[Wave], nodes: Sequence[str]) -> tuple[Wave, ...]:
    """The waves without nodes that lack a rail, which no Job can check."""
    known = frozenset(nodes)
    kept = (Wave(w.name, tuple(n for n in w.node_names if n in known)) for w in waves)
    return tuple(wave for wave in kept if wave.node_names)


def _tried(
    seen: workflow.Inspection,
    names: dict[tuple[str, str], str],
    tables: Sequence[Mapping[str, HostInventory]],
) -> Iterator[Finding]:
    """What keeps the rails from being taken out of a host's Netplan.

    ``names`` of interfaces that Netplan does not tell are completed on the way.
    """
    rails = rails_of(seen)
    repeats = Repeats()
    for host in seen.hosts:
        node = host.node_name
        if node in rails:
            digest = read_files(host).digest
            made = strip_host(host, rails[node], digest, repeats.parse)
            yield from made.findings
            yield from values.unpushable(made.before, made.changed)
            if made.unnamed:
                known = _inventories(host, tables)
                for rail, mac in made.unnamed.items():
                    names[node, rail] = values.name_of(mac, known)
                yield from values.unnamed(node, host.place, made.unnamed, names)
            interfaces = [names[node, interface] for interface in rails[node]]
            yield from values.untypable(node, host.place, interfaces)


def _inventories(
    host: Host, tables: Sequence[Mapping[str, HostInventory]]
) -> list[HostInventory]:
    own, _ = read_inventory(host.tree, host.node_name)
    return [own, *(table.get(host.node_name, EMPTY) for table in tables)]
