"""Reading a fleet: every host's Netplan and inventory, to the candidates of rails."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from netplan2k8s.fabric.candidates import Candidate, Extraction
from netplan2k8s.fabric.drafts import Draft
from netplan2k8s.fabric.evidence import PciResolver
from netplan2k8s.findings import Finding, InputError, Severity
from netplan2k8s.hosts import Host
from netplan2k8s.inventory import HostInventory, read_inventory
from netplan2k8s.inventory.host import EMPTY
from netplan2k8s.netplan import HostNetwork, read_host
from netplan2k8s.repeats import Repeats
from netplan2k8s.settings import Settings

Progress = Callable[[int, int], None]
Judge = Callable[[HostNetwork, Sequence[Candidate]], Iterator[Draft]]


@dataclass(frozen=True, slots=True)
class Fleet:
    """The candidates of all hosts, host by host in natural order of their names.

    ``broken`` are the nodes with an error of their own, of which the mapper says
    nothing more; ``weak`` the (node, interface) whose PCI address only a chosen name
    tells; ``drafts`` what was said of single hosts and their rails.
    """

    node_names: tuple[str, ...]
    candidates: tuple[Candidate, ...]
    findings: tuple[Finding, ...]
    broken: frozenset[str]
    weak: frozenset[tuple[str, str]] = frozenset()
    drafts: tuple[Draft, ...] = ()


def read_fleet(
    hosts: Sequence[Host],
    settings: Settings,
    tables: Sequence[Mapping[str, HostInventory]] = (),
    progress: Progress | None = None,
    judge: Judge | None = None,
) -> Fleet:
    """Read all hosts; a host that cannot be read costs its findings, not the run.

    ``tables`` are inventories of many hosts, by node name; ``progress`` is told
    the number of hosts read so far and of all; ``judge`` sees each host while it is
    there, since none is kept.
    """
    resolver = PciResolver(settings.pci)
    extraction = Extraction(settings, resolver)
    repeats = Repeats()
    candidates: list[Candidate] = []
    findings: list[Finding] = []
    drafts: list[Draft] = []
    for count, host in enumerate(hosts, 1):
        try:
            network, found = _read_one(
                host, tables, repeats, resolver, extraction, findings
            )
        except InputError as error:
            findings.extend(error.findings)
        else:
            candidates.extend(found)
            if judge is not None:
                drafts.extend(judge(network, found))
        if progress is not None:
            progress(count, len(hosts))
    broken = frozenset(
        finding.node for finding in findings if finding.rule.severity is Severity.ERROR
    )
    names = tuple(host.node_name for host in hosts)
    weak = frozenset(resolver.weak)
    said = tuple(findings)
    return Fleet(names, tuple(candidates), said, broken, weak, tuple(drafts))


def _read_one(
    host: Host,
    tables: Sequence[Mapping[str, HostInventory]],
    repeats: Repeats,
    resolver: PciResolver,
    extraction: Extraction,
    findings: list[Finding],
) -> tuple[HostNetwork, list[Candidate]]:
    network = read_host(host.tree, host.node_name, parse=repeats.parse)
    inventory, said = read_inventory(host.tree, host.node_name)
    known = [table.get(host.node_name, EMPTY) for table in tables]
    resolver.start(host.node_name, inventory, *known)
    found = extraction.candidates(network)
    if extraction.findings or resolver.findings:
        # Again with positions, since there is something to say about this host.
        resolver.start(host.node_name, inventory, *known)
        found = extraction.candidates(reread(host))
    findings.extend((*network.findings, *said))
    findings.extend((*extraction.findings, *resolver.findings))
    return network, found


def reread(host: Host) -> HostNetwork:
    """The host with the place of every text."""
    return read_host(host.tree, host.node_name, marks=True)
