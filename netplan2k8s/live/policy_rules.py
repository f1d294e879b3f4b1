"""Drift of policy routing: rules that are gone, otherwise, or nobody's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netplan2k8s import catalogue
from netplan2k8s.inventory.host import RULE_FILE
from netplan2k8s.live.drift import Drift, called
from netplan2k8s.live.matching import MatchedHost, MatchedRail
from netplan2k8s.live.routes import is_table
from netplan2k8s.live.state import MAIN_TABLE, LiveHost, LiveRule
from netplan2k8s.live.wanted import WantedRule


def check(host: MatchedHost) -> Iterator[Drift]:
    """Whatever a host's rules for its rails are otherwise than Netplan says.

    networkd takes the rules of a link along that has no carrier or is not there.
    """
    for rail in host.rails:
        interface = rail.interface
        live = [*(host.live.rules or ()), *(host.live.rules6 or ())]
        told: set[LiveRule] = set()
        if interface is not None and interface.has_carrier:
            yield from _wanted(host, rail, live, told)
        for rule in live:
            if _is_for(rule, rail) and rule not in told and not _is_known(rule, host):
                message = f"rule {_words(rule)} for {called(rail)} is not in Netplan"
                yield _drift(rail, message)


def _wanted(
    host: MatchedHost, rail: MatchedRail, live: Sequence[LiveRule], told: set[LiveRule]
) -> Iterator[Drift]:
    for rule in rail.wanted.rules:
        if not _is_told(host.live, rule) or any(_is(rule, each) for each in live):
            continue
        other = _other(rule, live, host)
        if other is None:
            yield _drift(rail, f"{called(rail)} has no rule {_words(rule)}")
        else:
            told.add(other)
            message = (
                f"rule {_words(other)} for {called(rail)} is {_words(rule)} in Netplan"
            )
            yield _drift(rail, message)


def _is_told(live: LiveHost, rule: WantedRule) -> bool:
    end = rule.source or rule.to
    is_6 = end is not None and end.family == 6  # noqa: PLR2004
    return (live.rules6 if is_6 else live.rules) is not None


def _is(wanted: WantedRule, live: LiveRule) -> bool:
    return (
        (live.source, live.to, live.mark) == (wanted.source, wanted.to, wanted.mark)
        and is_table(live.table, wanted.table)
        and wanted.priority in (None, live.priority)
    )


def _other(
    rule: WantedRule, live: Sequence[LiveRule], host: MatchedHost
) -> LiveRule | None:
    """A rule of the same ends that no policy of the host asks for."""
    ends = rule.source, rule.to
    of_same = (each for each in live if (each.source, each.to) == ends)
    return next((each for each in of_same if not _is_known(each, host)), None)


def _is_known(rule: LiveRule, host: MatchedHost) -> bool:
    return any(_is(wanted, rule) for wanted in host.rules)


def _is_for(rule: LiveRule, rail: MatchedRail) -> bool:
    """Whether it is for packets with the rail's address."""
    return rule.source is not None and rail.wanted.link.prefix.contains(rule.source)


def _words(rule: LiveRule | WantedRule) -> str:
    """As ``ip rule`` writes it."""
    words = [] if rule.priority is None else [f"{rule.priority}:"]
    words += [f"from {_end(rule.source)}"] if rule.source else ["from all"]
    words += [f"to {_end(rule.to)}"] if rule.to else []
    words += [f"fwmark {rule.mark:#x}"] if rule.mark else []
    table = "main" if rule.table == MAIN_TABLE else rule.table
    return " ".join([*words, f"lookup {table}"])


def _end(prefix: object) -> str:
    return str(prefix).removesuffix("/32").removesuffix("/128")


def _drift(rail: MatchedRail, message: str) -> Drift:
    return Drift(catalogue.LIVE_RULE, message, RULE_FILE, rail.wanted, "routing-policy")
