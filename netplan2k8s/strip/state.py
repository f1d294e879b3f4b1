"""How far a host has come: with all its rails in Netplan, with some, with none."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping, Sequence

from netplan2k8s.fabric.candidates import Extraction
from netplan2k8s.fabric.evidence import PciResolver
from netplan2k8s.findings import InputError, Span, has_error
from netplan2k8s.fleet import reread
from netplan2k8s.hosts import Host
from netplan2k8s.inventory import HostInventory, read_inventory
from netplan2k8s.inventory.host import EMPTY
from netplan2k8s.netplan import HostNetwork, read_host
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
    is_half = found or has_error([*extraction.findings, *resolver.findings])
    return State.HALF if is_half else State.DONE


def places_of_stripped(host: Host) -> set[Span | None]:
    """Where the rails are that were stripped before."""
    network = reread(host)
    rest = _without_stripped(network).definitions
    return {
        span_of(definition.id)
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
