"""Which leaf port each rail of each host is cabled to, as LLDP tells it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from netplan2k8s.fabric.waves import Wave
from netplan2k8s.live.matching import MatchedHost, MatchedRail
from netplan2k8s.live.state import Neighbor


class Cable(NamedTuple):
    """A rail's cable: the unit it is in, and the leaf and the port it leads to.

    ``leaf`` is one text for each switch, ``rail`` a name of the plan.
    """

    unit: str
    node_name: str
    rail: str
    interface: str
    leaf: str
    port: str


class Place(NamedTuple):
    """Where one leaf is expected."""

    unit: str
    rail: str


@dataclass(frozen=True, slots=True)
class Home:
    """The leaf that most hosts of a unit have a rail on, and how many of how many."""

    leaf: str
    count: int
    total: int


def cables(hosts: Iterable[MatchedHost], units: Sequence[Wave]) -> tuple[Cable, ...]:
    """Every rail of which LLDP tells one switch, in the order of hosts and rails."""
    unit_of = {node: unit.name for unit in units for node in unit.node_names}
    heard = [
        (unit_of[host.node_name], rail, neighbor)
        for host in hosts
        for rail in host.rails
        if rail.wanted.rail and (neighbor := _neighbor(host, rail)) is not None
    ]
    names = _names(neighbor for _, _, neighbor in heard)
    return tuple(
        Cable(
            unit,
            rail.wanted.node_name,
            rail.wanted.rail,
            rail.wanted.interface,
            names[_identity(neighbor)],
            neighbor.port,
        )
        for unit, rail, neighbor in heard
    )


def unheard(hosts: Iterable[MatchedHost]) -> dict[str, tuple[str, ...]]:
    """Rails of which LLDP tells no switch, or several, by node.

    But for NICs that are not there or have no carrier, of which that is said.
    """
    found = {}
    for host in hosts:
        rails = [
            rail.wanted.rail
            for rail in host.rails
            if rail.wanted.rail
            and _can_hear(host, rail)
            and _neighbor(host, rail) is None
        ]
        if rails and host.live.neighbors is not None:
            found[host.node_name] = tuple(rails)
    return found


def _can_hear(host: MatchedHost, rail: MatchedRail) -> bool:
    if host.live.interfaces is None:
        return True  # as far as is known
    return rail.interface is not None and rail.interface.has_carrier


def _neighbor(host: MatchedHost, rail: MatchedRail) -> Neighbor | None:
    """The switch on a rail; None where there is none, or several are heard."""
    wanted = rail.wanted
    # Without its live state an interface is known by what Netplan calls it.
    name = rail.interface.name if rail.interface else wanted.name or wanted.interface
    there = [n for n in host.live.neighbors or () if n.interface == name]
    switches = [neighbor for neighbor in there if neighbor.is_switch]
    by_identity = {_identity(neighbor): neighbor for neighbor in switches}
    by_identity.pop("", None)
    return by_identity.popitem()[1] if len(by_identity) == 1 else None


def _identity(neighbor: Neighbor) -> str:
    return neighbor.chassis or neighbor.name


def _names(neighbors: Iterable[Neighbor]) -> dict[str, str]:
    """What each switch is called; switches that all have one name tell their ID."""
    known: dict[str, str] = {}
    for neighbor in neighbors:
        identity = _identity(neighbor)
        known[identity] = max(known.get(identity, ""), neighbor.name)
    counts = Counter(known.values())
    return {
        identity: name if name and counts[name] == 1 else f"{name} {identity}".strip()
        for identity, name in known.items()
    }


def counts(cables: Iterable[Cable]) -> Mapping[Place, Counter[str]]:
    """How many hosts of each unit have each rail on each leaf."""
    found: defaultdict[Place, Counter[str]] = defaultdict(Counter)
    for cable in cables:
        found[Place(cable.unit, cable.rail)][cable.leaf] += 1
    return found


def homes(counted: Mapping[Place, Counter[str]]) -> dict[Place, Home]:
    """The leaf of each unit and rail: that of two in three, and of two at least.

    A unit whose rail lies on two leaves by design has no such leaf.
    """
    found = {}
    for place, leaves in counted.items():
        leaf, count = leaves.most_common(1)[0]
        total = leaves.total()
        if count > 1 and count >= 2 * (total - count):
            found[place] = Home(leaf, count, total)
    return found
