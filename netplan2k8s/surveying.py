"""What `inspect --live` does, from hosts that were inspected to findings."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from netplan2k8s.fabric.candidates import Candidate
from netplan2k8s.fabric.drafts import Where
from netplan2k8s.fabric.waves import scalable_units
from netplan2k8s.findings import Finding, InputError, Span, sort_key
from netplan2k8s.hosts import Host
from netplan2k8s.inventory.host import LLDP_FILE
from netplan2k8s.live.collected import read_live
from netplan2k8s.live.matching import MatchedHost, MatchedRail, match
from netplan2k8s.live.survey import Survey, of_unheard, survey
from netplan2k8s.live.wanted import addresses_of, rules_of, wanted_rail
from netplan2k8s.naming import natural_key
from netplan2k8s.netplan import HostNetwork, read_host
from netplan2k8s.repeats import Repeats
from netplan2k8s.settings import Settings
from netplan2k8s.workflow import Inspection


@dataclass(frozen=True, slots=True)
class LiveInspection:
    """The survey, and its findings among those of the inspection."""

    survey: Survey
    findings: tuple[Finding, ...]


def compare(
    arguments: Sequence[str], seen: Inspection, settings: Settings
) -> LiveInspection:
    """Read what was collected of each host, and compare it with its Netplan."""
    rail_of = {
        (link.node_name, link.interface): rail.name
        for rail in seen.plan.rails
        for link in rail.attachments
    }
    candidates: defaultdict[str, list[Candidate]] = defaultdict(list)
    for candidate in seen.fleet.candidates:
        candidates[candidate.node_name].append(candidate)
    repeats = Repeats()
    matched = []
    findings: list[Finding] = [*seen.findings]
    for host in seen.hosts:
        try:
            network = read_host(host.tree, host.node_name, parse=repeats.parse)
        except InputError:
            continue  # said by the inspection
        known, said = _matched(host, network, candidates[host.node_name], rail_of)
        matched.append(known)
        findings += said
    made = survey(matched, scalable_units(seen.plan), settings.ignore_interfaces)
    findings += _findings(made, seen, os.path.normpath(arguments[0]))
    return LiveInspection(made, tuple(sorted(dict.fromkeys(findings), key=sort_key)))


def _matched(
    host: Host,
    network: HostNetwork,
    candidates: Sequence[Candidate],
    rail_of: dict[tuple[str, str], str],
) -> tuple[MatchedHost, tuple[Finding, ...]]:
    live, said = read_live(host.tree, host.node_name)
    wanted = [
        wanted_rail(network, each, rail_of.get((each.node_name, each.interface), ""))
        for each in candidates
    ]
    wanted.sort(key=lambda rail: (natural_key(rail.rail), natural_key(rail.interface)))
    rails = tuple(
        MatchedRail(rail, match(rail, live.interfaces or ())) for rail in wanted
    )
    definitions = network.definitions.values()
    addresses = frozenset(a for each in definitions for a in addresses_of(each))
    rules = rules_of(network)
    return MatchedHost(host.node_name, live, rails, addresses, rules), said


def _findings(made: Survey, seen: Inspection, argument: str) -> Iterator[Finding]:
    trees = {host.node_name: host.tree for host in seen.hosts}
    if made.not_collected is not None:
        yield Finding(*made.not_collected, Span(argument))
    unheard = of_unheard(made)
    if unheard is not None:
        node = next(iter(made.unheard))
        yield Finding(*unheard, Span(trees[node].label(LLDP_FILE)))
    for node, drift in made.drifts:
        file = Span(trees[node].label(drift.file))
        if drift.rail is None:
            yield Finding(drift.rule, drift.message, file, node)
            continue
        where = Where(node, drift.rail.interface, drift.field, drift.value)
        span, rail = seen.locate(where), drift.rail.rail
        yield Finding(drift.rule, drift.message, span, node, rail, (file,))
    for odd in made.miscablings:
        first, *others = odd.cables
        span = seen.locate(Where(first.node_name, first.interface))
        related = [seen.locate(Where(c.node_name, c.interface)) for c in others]
        nodes = dict.fromkeys(cable.node_name for cable in odd.cables)
        related += [Span(trees[node].label(LLDP_FILE)) for node in nodes]
        node, rail = first.node_name, first.rail
        yield Finding(odd.rule, odd.message, span, node, rail, tuple(related))
