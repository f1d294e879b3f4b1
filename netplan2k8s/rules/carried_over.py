"""NK320 to NK323: what of the hosts' Netplan the pods will see otherwise, or not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from netplan2k8s import catalogue
from netplan2k8s.addressing import Prefix
from netplan2k8s.fabric.candidates import Candidate
from netplan2k8s.fabric.drafts import Draft, Where
from netplan2k8s.fabric.plan import FabricPlan, Rail
from netplan2k8s.fabric.translation import ROUTING, Fate, verdict
from netplan2k8s.findings import Rule
from netplan2k8s.naming import counted, ranges
from netplan2k8s.settings import Settings
from netplan2k8s.simulate.equal_routes import taken_by

RELEASES_WITH_META_PLUGINS = frozenset({"main"})


def check(
    plan: FabricPlan, candidates: Sequence[Candidate], settings: Settings
) -> Iterator[Draft]:
    yield from _shared_destinations(plan, settings)
    yield from _untranslated(candidates, settings)


def remedy(settings: Settings) -> str:
    """How a pod gets a routing table per rail, in the chosen operator release."""
    if settings.operator_release in RELEASES_WITH_META_PLUGINS:
        return "meta_plugins: [sbr] in netplan2k8s.yaml gives each rail its own table"
    return (
        "meta_plugins: [sbr] with network_kind: nad gives each rail its own table"
        f" (HostDeviceNetwork of {settings.operator_release} cannot)"
    )


def _shared_destinations(plan: FabricPlan, settings: Settings) -> Iterator[Draft]:
    """Equal routes of all rails share a table, where no source address tells them."""
    if "sbr" in settings.meta_plugins:
        return
    rails_of: dict[Prefix, list[Rail]] = defaultdict(list)
    for rail in plan.rails:
        for destination in rail.routes:
            rails_of[destination].append(rail)
    for destination, rails in sorted(rails_of.items()):
        if len(rails) > 1 and rails[0].attachments:
            last = rails[-1].name
            taken = taken_by(destination.family, last)
            message = (
                f"{destination} is routed over {len(rails)} rails,"
                f" {rails[0].name} to {last}: in the pod {taken}, whatever"
                f" its source address; {remedy(settings)}"
            )
            first = rails[0].attachments[0]
            where = Where(first.node_name, first.interface, "route", str(destination))
            yield Draft(catalogue.SHARED_DESTINATION, message, where)


def _untranslated(
    candidates: Sequence[Candidate], settings: Settings
) -> Iterator[Draft]:
    users: dict[str, list[Candidate]] = defaultdict(list)
    for keys, members in _by_keys(candidates).items():
        for key in keys:
            users[key].extend(members)
    kept = {k: m for k, m in users.items() if verdict(k).fate is Fate.KEPT}
    for key, members in sorted(users.items()):
        if verdict(key).fate is Fate.LOST:
            yield _lost(key, members, settings)
    if kept:
        yield _kept(kept)


def _by_keys(
    candidates: Iterable[Candidate],
) -> dict[tuple[str, ...], list[Candidate]]:
    found: dict[tuple[str, ...], list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        found[candidate.keys].append(candidate)
    return found


def _lost(key: str, members: Sequence[Candidate], settings: Settings) -> Draft:
    rule: Rule = catalogue.LOST_SETTING
    advice = ""
    if key in ROUTING:
        rule = catalogue.LOST_ROUTING
        advice = f"; {remedy(settings)}"
        if "sbr" in settings.meta_plugins:
            advice = "; the sbr plugin takes its place"
    message = (
        f"{key} of {_extent(members)} reaches no manifest: {verdict(key).reason}"
        f"{advice}"
    )
    first = members[0]
    return Draft(rule, message, Where(first.node_name, first.interface, key))


def _kept(users: dict[str, list[Candidate]]) -> Draft:
    members = max(users.values(), key=len)
    message = (
        f"{', '.join(sorted(users))} of {_extent(members)} must stay in Netplan: no"
        " manifest carries them, and docs/mapping.md says why each stays"
    )
    first = members[0]
    key = min(key for key in users if key in first.keys)
    return Draft(
        catalogue.KEPT_SETTING, message, Where(first.node_name, first.interface, key)
    )


def _extent(members: Sequence[Candidate]) -> str:
    nodes = {member.node_name for member in members}
    return f"{counted(len(members), 'link')} on {ranges(list(nodes))}"
