"""How far a host has come: with all its rails in Netplan, with some, with none."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping, Sequence

from netplan2k8s.fabric.candidates import Extraction
from netplan2k8s.fabric.evidence import PciResolver
from netplan2k8s.fabric.links import looks_like_rail
from netplan2k8s.findings import InputError, Span, has_error
from netplan2k8s.hosts import Host
from netplan2k8s.inventory import HostInventory, read_inventory
from netplan2k8s.inventory.host import EMPTY
from netplan2k8s.netplan import HostNetwork, kernel_name, read_host
from netplan2k8s.settings import Settings
from netplan2k8s.source import Parse, span_of
from netplan2k8s.strip.proof import is_stripped


class State(enum.Enum):
    """A host that netplan rejects is untouched."""

    UNTOUCHED = enum.auto()
    HALF = enum.auto()
    DONE = enum.auto()


def state_of(
    host: Host,
    settings: Settings,
    tables: Sequence[Mapping[str, HostInventory]],
    parse: Parse,
) -> State:
    """Done is a host with stripped rails, and nothing else that is or may be one."""
    try:
        network = read_host(host.tree, host.node_name, parse=parse)
    except InputError:
        return State.UNTOUCHED
    rest = _without_stripped(network)
    if len(rest.definitions) == len(network.definitions):
        return State.UNTOUCHED
    resolver = PciResolver(settings.pci)
    extraction = Extraction(settings, resolver)
    inventory, _ = read_inventory(host.tree, host.node_name)
    known = [table.get(host.node_name, EMPTY) for table in tables]
    resolver.start(host.node_name, inventory, *known)
    found = extraction.candidates(rest)
    said = has_error([*extraction.findings, *resolver.findings])
    is_half = found or said or _may_have_more(rest, settings, resolver)
    return State.HALF if is_half else State.DONE


def _may_have_more(
    rest: HostNetwork, settings: Settings, resolver: PciResolver
) -> bool:
    """Whether a link with a rail's marks may be one of those chosen by PCI address."""
    if not any(rail.pci_addresses for rail in settings.rails):
        return False
    return any(
        looks_like_rail(definition, definition.settings.get("addresses") or (), rest)
        and not resolver.addresses(definition, kernel_name(definition) or definition.id)
        for definition in rest.definitions.values()
    )


def places_of_stripped(network: HostNetwork) -> dict[str, Span | None]:
    """Where the rails are that were stripped before, by their IDs."""
    rest = _without_stripped(network).definitions
    return {
        str(name): span_of(definition.id)
        for name, definition in network.definitions.items()
        if name not in rest
    }


def _without_stripped(network: HostNetwork) -> HostNetwork:
    rest = {
        name: definition
        for name, definition in network.definitions.items()
        if not is_stripped(network, definition)
    }
    return dataclasses.replace(network, definitions=rest)
