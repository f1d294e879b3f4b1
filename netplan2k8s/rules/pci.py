"""NK203, NK204 and NK319: every rail's NIC has a PCI address, and no other has it."""

from __future__ import annotations

import fnmatch
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence

from netplan2k8s.catalogue import NAME_AS_EVIDENCE, PCI_ON_TWO_RAILS, UNKNOWN_PCI
from netplan2k8s.fabric.drafts import Draft, Where
from netplan2k8s.fabric.plan import FabricPlan, RailAttachment
from netplan2k8s.fleet import Fleet
from netplan2k8s.naming import counted, ranges
from netplan2k8s.settings import NodeGroup

COMMAND = "ip -d -j link > ip-link.json"


def check(
    plan: FabricPlan, fleet: Fleet, groups: Sequence[NodeGroup]
) -> Iterator[Draft]:
    yield from _unknown(plan, fleet.broken)
    yield from _by_chosen_name(plan, fleet.weak)
    for _, attachments in sorted(_by_group(plan, groups).items()):
        yield from _on_two_rails(attachments)


def group_of(node_name: str, groups: Sequence[NodeGroup]) -> str:
    """The first node group whose globs hold the node; "" for none."""
    for group in groups:
        if any(fnmatch.fnmatchcase(node_name, glob) for glob in group.nodes):
            return group.name
    return ""


def _by_chosen_name(
    plan: FabricPlan, weak: Collection[tuple[str, str]]
) -> Iterator[Draft]:
    links = [
        link
        for rail in plan.rails
        for link in rail.attachments
        if (link.node_name, link.interface) in weak
    ]
    if links:
        first = links[0]
        nodes = ranges(list(dict.fromkeys(link.node_name for link in links)))
        what = "PCI address" if len(links) == 1 else "PCI addresses"
        come = "comes" if len(links) == 1 else "come"
        message = (
            f"{what} of {counted(len(links), 'link')} on {nodes} {come} from a set-name"
            f" alone, as {first.pci_address} of {first.interface}; such a name can be"
            " anything, and an inventory would confirm it"
        )
        where = Where(first.node_name, first.interface, "set-name")
        yield Draft(NAME_AS_EVIDENCE, message, where)


def _unknown(plan: FabricPlan, broken: Collection[str]) -> Iterator[Draft]:
    for rail in plan.rails:
        unknown = [
            a
            for a in rail.attachments
            if not a.pci_address and a.node_name not in broken
        ]
        if not unknown:
            continue
        first = unknown[0]
        nodes = ranges([a.node_name for a in unknown])
        message = (
            f"no source knows the PCI address of {first.interface} ({rail.name}) on"
            f" {nodes}; run `{COMMAND}` on each host and put the file beside its etc/,"
            " or leave nicclusterpolicy out with --kinds"
        )
        where = Where(first.node_name, first.interface)
        yield Draft(UNKNOWN_PCI, message, where, rail.name)


def _by_group(
    plan: FabricPlan, groups: Sequence[NodeGroup]
) -> dict[str, dict[str, dict[str, list[RailAttachment]]]]:
    """Node group → PCI address → rail name → attachments."""
    found: dict[str, dict[str, dict[str, list[RailAttachment]]]] = {}
    for rail in plan.rails:
        for attachment in rail.attachments:
            if attachment.pci_address:
                group = group_of(attachment.node_name, groups) if groups else ""
                addresses = found.setdefault(group, {})
                rails = addresses.setdefault(attachment.pci_address, defaultdict(list))
                rails[rail.name].append(attachment)
    return found


def _on_two_rails(
    addresses: dict[str, dict[str, list[RailAttachment]]],
) -> Iterator[Draft]:
    for address, rails in sorted(addresses.items()):
        if len(rails) == 1:
            continue
        counts = Counter({name: len(found) for name, found in rails.items()})
        usual, hosts = counts.most_common(1)[0]
        for name in sorted(rails.keys() - {usual}):
            odd = rails[name]
            message = (
                f"{address} is {name} on {ranges([a.node_name for a in odd])} and"
                f" {usual} on {counted(hosts, 'other host')}; one device-plugin list"
                " serves all hosts: a swapped cable, a copied file, or another server"
                " model, which node_groups: in netplan2k8s.yaml names"
            )
            first, other = odd[0], rails[usual][0]
            yield Draft(
                PCI_ON_TWO_RAILS,
                message,
                Where(first.node_name, first.interface, "address"),
                name,
                (Where(other.node_name, other.interface, "address"),),
            )
