"""The fleet's live state against its Netplan: every difference, and how many agree."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from netplan2k8s import catalogue
from netplan2k8s.addressing import Prefix
from netplan2k8s.fabric.waves import Wave
from netplan2k8s.findings import Rule, Severity
from netplan2k8s.inventory.host import (
    ADDRESS_FILE,
    LLDP_FILE,
    ROUTE6_FILE,
    ROUTE_FILE,
    RULE6_FILE,
    RULE_FILE,
)
from netplan2k8s.live import cabling, interfaces, leaves, policy_rules, routes
from netplan2k8s.live.cabling import Miscabling
from netplan2k8s.live.collected import COMMANDS
from netplan2k8s.live.drift import Drift
from netplan2k8s.live.leaves import Cable, Place
from netplan2k8s.live.matching import MatchedHost
from netplan2k8s.naming import ranges


@dataclass(frozen=True, slots=True)
class Survey:
    """What was compared, and what was found.

    ``compared`` are the nodes of which all of the kernel's files could be read,
    ``rails`` the number of their rails, ``agreeing`` of those that are as Netplan says;
    ``cables`` are those of which LLDP tells the leaf; ``not_collected`` is the severity
    and the words of what is missing, None where nothing is; ``unheard`` are rails
    whose leaf LLDP does not tell, by node.
    """

    drifts: tuple[tuple[str, Drift], ...]
    miscablings: tuple[Miscabling, ...]
    compared: tuple[str, ...]
    not_compared: tuple[str, ...]
    rails: int
    agreeing: int
    cables: tuple[Cable, ...]
    not_collected: tuple[Rule, str] | None
    unheard: Mapping[str, tuple[str, ...]]

    @property
    def leaves(self) -> Mapping[Place, Counter[str]]:
        """How many hosts of each unit have each rail on each leaf."""
        return leaves.counts(self.cables)


def survey(
    hosts: Sequence[MatchedHost], units: Sequence[Wave], ignored: Sequence[str]
) -> Survey:
    """Compare all hosts; ``ignored`` are globs over interfaces that are no rails."""
    drifts = tuple(
        (host.node_name, drift) for host in hosts for drift in _drifts(host, ignored)
    )
    is_told = {host.node_name: _is_told(host) for host in hosts}
    drifted = {(node, d.rail.interface) for node, d in drifts if d.rail is not None}
    rails = [
        (host.node_name, rail.wanted.interface)
        for host in hosts
        if is_told[host.node_name]
        for rail in host.rails
    ]
    cables = leaves.cables(hosts, units)
    return Survey(
        drifts=drifts,
        miscablings=tuple(cabling.check(cables)),
        compared=tuple(node for node, told in is_told.items() if told),
        not_compared=tuple(node for node, told in is_told.items() if not told),
        rails=len(rails),
        agreeing=sum(rail not in drifted for rail in rails),
        cables=cables,
        not_collected=_not_collected(hosts),
        unheard=leaves.unheard(hosts),
    )


def of_unheard(made: Survey) -> tuple[Rule, str] | None:
    """One sentence for the fleet on rails whose cables could not be compared."""
    if not made.unheard:
        return None
    by_rails: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for node, rails in made.unheard.items():
        by_rails[rails].append(node)
    names = "; ".join(
        f"{ranges([*rails])} of {ranges(nodes)}" for rails, nodes in by_rails.items()
    )
    message = (
        f"LLDP tells no leaf, or several, of {names}: these cables are not compared;"
        " a switch speaks every 30 seconds, if its LLDP is on, and `lldpctl` is to be"
        " asked after that"
    )
    severity = Severity.WARNING if made.cables else Severity.INFO
    return catalogue.UNHEARD_LEAF.as_severe_as(severity), message


def _drifts(host: MatchedHost, ignored: Sequence[str]) -> Iterator[Drift]:
    if host.live.interfaces is not None:
        yield from interfaces.check(host, ignored)
        yield from routes.check(host)
        yield from policy_rules.check(host)


def _needed(host: MatchedHost) -> Iterator[tuple[str, object]]:
    """(file, what it told) of all that a host's Netplan must be compared with."""
    live = host.live
    yield ADDRESS_FILE, live.interfaces
    yield ROUTE_FILE, live.routes
    wanted = [rail.wanted for rail in host.rails]
    # Both families are mostly in one file.
    if live.routes is not None and _has_6(r.to for rail in wanted for r in rail.routes):
        yield ROUTE6_FILE, live.routes6
    yield RULE_FILE, live.rules
    ends = (rule.source or rule.to for rail in wanted for rule in rail.rules)
    if _has_6(end for end in ends if end is not None):
        yield RULE6_FILE, live.rules6


def _is_told(host: MatchedHost) -> bool:
    return all(part is not None for _, part in _needed(host))


def _lacking(host: MatchedHost) -> tuple[str, ...]:
    """The files that were not collected; one that cannot be read was."""
    needed = [file for file, part in _needed(host) if part is None]
    return tuple(f for f in (*needed, LLDP_FILE) if f in host.live.missing)


def _has_6(prefixes: Iterable[Prefix]) -> bool:
    return any(prefix.family == 6 for prefix in prefixes)  # noqa: PLR2004


def _not_collected(hosts: Sequence[MatchedHost]) -> tuple[Rule, str] | None:
    """One sentence for the fleet: which hosts lack which files, and how to get them."""
    lacking: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for host in hosts:
        if files := _lacking(host):
            lacking[files].append(host.node_name)
    if not lacking:
        return None
    unknown = [n for files, n in lacking.items() if set(files) - {LLDP_FILE}]
    count = sum(map(len, unknown or lacking.values()))
    what = "their live state" if unknown else "their cabling, for want of LLDP"
    names = "; ".join(
        f"{ranges(nodes)} without {', '.join(files)}"
        for files, nodes in lacking.items()
    )
    absent = {file for files in lacking for file in files}
    commands = ", ".join(
        f"`{command} > {file}`" for file, command in COMMANDS.items() if file in absent
    )
    message = (
        f"{count} of {len(hosts)} hosts cannot be compared in {what}: {names};"
        f" docs/collect.sh gathers the files, with {commands}"
    )
    severity = Severity.WARNING if unknown else Severity.INFO
    if count == len(hosts) and unknown:
        severity = Severity.ERROR
    return catalogue.NOT_COLLECTED.as_severe_as(severity), message
