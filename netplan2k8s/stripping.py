"""What strip does, from hosts to new trees and back; nothing here prints."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from netplan2k8s import catalogue, workflow
from netplan2k8s.addressing import Prefix
from netplan2k8s.findings import (
    Finding,
    InputError,
    Layer,
    Severity,
    Span,
    has_error,
    sort_key,
)
from netplan2k8s.fleet import Progress, reread
from netplan2k8s.hosts import Host
from netplan2k8s.naming import ranges
from netplan2k8s.repeats import Repeats
from netplan2k8s.settings import KINDS, Settings
from netplan2k8s.strip.host import changed_hosts, strip_host
from netplan2k8s.strip.host_files import read_files
from netplan2k8s.strip.output import Staging
from netplan2k8s.strip.restore import directory_of, restore_host
from netplan2k8s.strip.state import State, places_of_stripped, state_of
from netplan2k8s.strip.trees import Tree, tree_of

_KINDS = tuple(kind for kind in KINDS if kind != "nicclusterpolicy")
# Of hosts that are stripped wave by wave the manifests know more than were given, and
# jobs ask for more.
_OF_THE_REST = frozenset({catalogue.UNKNOWN_NODE.code, catalogue.TOO_MANY_PODS.code})


Show = Callable[[str, Sequence[str], Tree, Tree], None]
"""Is told of each host: its name, its rails, its tree before and after."""


@dataclass(frozen=True, slots=True)
class Preparation:
    """The hosts to be stripped with their rails, and what keeps it from being done.

    ``rails`` are links by ID by node; ``done`` are the nodes whose rails have gone;
    ``sums`` are the digests, by node, of the files in which all of this was found.
    """

    hosts: tuple[Host, ...]
    rails: Mapping[str, Mapping[str, Prefix]]
    done: tuple[str, ...]
    findings: tuple[Finding, ...]
    sums: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was made of the hosts.

    ``hosts`` are those that change, ``rails`` the rails of all of them; ``done`` those
    that need nothing; ``written`` and ``unchanged`` are the counts of a directory.
    """

    hosts: tuple[str, ...]
    rails: int
    done: tuple[str, ...]
    findings: tuple[Finding, ...]
    written: int = 0
    unchanged: int = 0


def strip(
    arguments: Sequence[str],
    settings: Settings,
    directory: str,
    show: Show,
    *,
    manifests: Sequence[str] = (),
    progress: Progress | None = None,
) -> Outcome:
    """Take the rails out of all hosts; into a directory, if given, or out of none.

    Raises:
        InputError: hosts cannot be found, or tables cannot be read.
        OperationError: the disk failed.
    """
    ready = prepare(arguments, settings, manifests=manifests, progress=progress)
    if has_error(ready.findings):
        return Outcome((), 0, ready.done, ready.findings)
    repeats = Repeats()
    with _staging(directory, arguments) as staging:
        findings = list(ready.findings)
        for host in ready.hosts:
            name = host.node_name
            rails = ready.rails.get(name, {})
            made = strip_host(host, rails, ready.sums[name], repeats.parse)
            findings += made.findings
            if not has_error(made.findings):
                old = tree_of(made.before, made.before.files)
                new = tree_of(made.before, made.after)
                show(name, made.rails, old, new)
                if staging is not None:
                    staging.add(name, new, old)
        findings += _committed(staging, ready.hosts, ready.sums, findings)
    names = tuple(host.node_name for host in ready.hosts)
    links = sum(len(ready.rails.get(name, ())) for name in names)
    return _outcome(names, links, ready.done, findings, staging)


def restore(
    arguments: Sequence[str],
    settings: Settings,
    originals: str,
    directory: str,
    show: Show,
) -> Outcome:
    """Put back what strip kept at ``originals``, into a directory, if given.

    Raises:
        InputError: hosts cannot be found.
        OperationError: the disk failed.
    """
    found = workflow.find(arguments, settings)
    place = directory_of(originals)
    findings = list(found.findings)
    changed: list[str] = []
    done: list[str] = []
    sums: dict[str, str] = {}
    with _staging(directory, arguments) as staging:
        for host in found.hosts:
            try:
                made = restore_host(host, place)
            except InputError as error:
                findings += error.findings
                continue
            findings += made.findings
            if has_error(made.findings):
                continue
            (done if made.after == made.now else changed).append(host.node_name)
            show(host.node_name, (), made.now, made.after)
            sums[host.node_name] = made.before.digest
            if staging is not None:
                staging.add(host.node_name, made.after)
        findings += _committed(staging, found.hosts, sums, findings)
    return _outcome(tuple(changed), 0, tuple(done), findings, staging)


def _staging(
    directory: str, arguments: Sequence[str]
) -> AbstractContextManager[Staging | None]:
    return Staging(directory, arguments) if directory else nullcontext()


def _committed(
    staging: Staging | None,
    hosts: Sequence[Host],
    sums: Mapping[str, str],
    findings: Sequence[Finding],
) -> list[Finding]:
    """Move all into place, unless something was found, or a host is no longer so.

    ``sums`` are the digests of what was read, by node.
    """
    if staging is None:
        return []
    if not has_error([*findings, *staging.findings]):
        changed = [h for h in hosts if read_files(h).digest != sums[h.node_name]]
        if changed:
            raise changed_hosts([host.node_name for host in changed])
        staging.commit()
    return staging.findings


def _outcome(
    hosts: tuple[str, ...],
    rails: int,
    done: tuple[str, ...],
    findings: Sequence[Finding],
    staging: Staging | None,
) -> Outcome:
    said = tuple(sorted(dict.fromkeys(findings), key=sort_key))
    if has_error(said):
        return Outcome((), 0, done, said)
    counts = (len(staging.written), len(staging.unchanged)) if staging else (0, 0)
    return Outcome(hosts, rails, done, said, *counts)


def prepare(
    arguments: Sequence[str],
    settings: Settings,
    *,
    manifests: Sequence[str] = (),
    progress: Progress | None = None,
) -> Preparation:
    """Find out which interfaces are rails, and whether manifests carry them.

    Raises:
        InputError: hosts cannot be found, or tables cannot be read.
    """
    found = workflow.find(arguments, settings)
    tables = workflow.inventory_tables(settings)
    parse = Repeats().parse
    states = {h.node_name: state_of(h, settings, tables, parse) for h in found.hosts}
    done = tuple(name for name, state in states.items() if state is State.DONE)
    waiting = tuple(host for host in found.hosts if host.node_name not in done)
    if not waiting:
        return Preparation((), {}, done, found.findings)
    sums = {host.node_name: _digest(host) for host in waiting}
    seen = workflow.inspect_hosts(
        dataclasses.replace(found, hosts=waiting),
        arguments[0],
        settings,
        kinds=_KINDS,
        progress=progress,
    )
    half = {
        host.node_name: places_of_stripped(reread(host))
        for host in waiting
        if states[host.node_name] is State.HALF
    }
    missed: dict[str, set[Span]] = defaultdict(set)
    said: list[Finding] = []
    for finding in seen.findings:
        if _is_gone(finding, half):
            missed[finding.node].add(finding.span)
        elif _matters(finding):
            said.append(finding)
    said += (_half_stripped(node, half[node], missed[node]) for node in missed)
    if manifests and not has_error(said):
        said += _unproven(manifests, seen, settings)
    return Preparation(waiting, rails_of(seen), done, tuple(dict.fromkeys(said)), sums)


def _digest(host: Host) -> str:
    try:
        return read_files(host).digest
    except OSError:
        return ""  # the inspection says why


def _is_gone(finding: Finding, half: Mapping[str, Mapping[str, Span | None]]) -> bool:
    """Whether a rail is missed, or its address, because it was stripped before.

    ``half`` are the places of such rails, by ID by node.
    """
    return finding.node in half and (
        finding.rule.code == catalogue.MISSING_RAIL.code
        or (
            finding.rule is catalogue.UNSUPPORTED_PREFIX
            and finding.span in half[finding.node].values()
        )
    )


def _matters(finding: Finding) -> bool:
    """What keeps rails from being known, and what netplan says of the files."""
    return finding.rule.severity is Severity.ERROR or finding.rule.layer in (
        Layer.INPUT,
        Layer.NETPLAN,
    )


def _half_stripped(
    node_name: str, places: Mapping[str, Span | None], missed: Collection[Span]
) -> Finding:
    """NK707 for a host with rails that are missed because they were stripped."""
    names = [name for name, place in places.items() if place in missed]
    names = names or list(places)
    message = (
        f"{ranges(names)} of {node_name} {'was' if len(names) == 1 else 'were'}"
        " stripped before: what is kept as the original now is the host without that;"
        " the true one is in the rollback/ of the run before"
    )
    span = places[names[0]] or Span(node_name)
    return Finding(catalogue.HALF_STRIPPED, message, span, node=node_name)


def _unproven(
    manifests: Sequence[str], seen: workflow.Inspection, settings: Settings
) -> Iterator[Finding]:
    from netplan2k8s import checks, linting, proving  # noqa: PLC0415  where wished

    read = linting.read_manifests(manifests, settings)
    proven = proving.compared(read, seen, settings)
    for finding in checks.of_proof(read, proven):
        is_error = finding.rule.severity is Severity.ERROR
        matters = is_error or finding.rule.layer is Layer.PROOF
        if matters and finding.rule.code not in _OF_THE_REST:
            yield finding


def rails_of(seen: workflow.Inspection) -> dict[str, dict[str, Prefix]]:
    """The links of an inspection's rails, by Netplan ID by node."""
    rails: dict[str, dict[str, Prefix]] = {}
    for rail in seen.plan.rails:
        for link in rail.attachments:
            of_node = rails.setdefault(link.node_name, {})
            of_node[link.interface] = link.prefix
    return rails
