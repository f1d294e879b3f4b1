"""From one host's Netplan to the links that are its rails."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NamedTuple

from netplan2k8s.addressing import (
    InterfaceAddress,
    Prefix,
)
from netplan2k8s.fabric import links
from netplan2k8s.fabric.evidence import PciResolver
from netplan2k8s.fabric.judge import ENSLAVING, LinkJudge
from netplan2k8s.findings import Finding
from netplan2k8s.netplan import Definition, HostNetwork, kernel_name
from netplan2k8s.settings import RailSetting, Settings


class Candidate(NamedTuple):
    """A link that looks like a rail, or that the settings say is one.

    ``destinations`` are the routes over the gateway, in the order of the files, host
    bits clear, without repeats; ``keys`` the settings that no manifest carries, as
    ``mtu`` or ``routes.table``; ``file`` the label of the file
    with the address; ``number`` the rail the settings assign.
    """

    node_name: str
    interface: str
    name: str
    address: InterfaceAddress
    gateway: int | None
    destinations: tuple[Prefix, ...]
    mtu: int | None
    pci_address: str | None
    keys: tuple[str, ...]
    file: str = ""
    number: int | None = None


class Extraction:
    """Reads the candidates of one host after the other."""

    def __init__(self, settings: Settings, resolver: PciResolver) -> None:
        self._settings = settings
        self._resolver = resolver
        self._ignored = settings.ignore_interfaces
        self._judge = LinkJudge()

    @property
    def findings(self) -> list[Finding]:
        """What is wrong with the links of the last host."""
        return self._judge.findings

    def candidates(self, host: HostNetwork) -> list[Candidate]:
        """All rails of the host so far as it alone can tell, in Netplan's order."""
        self._judge.findings = []
        found = []
        for definition in host.definitions.values():
            addresses = definition.settings.get("addresses")
            if addresses is None and not self._settings.rails:
                continue
            candidate = self._candidate(host, definition)
            if candidate is not None:
                found.append(candidate)
        self._judge.check_virtual_functions(
            host, {candidate.interface for candidate in found}
        )
        return found

    def _candidate(self, host: HostNetwork, definition: Definition) -> Candidate | None:
        name = kernel_name(definition) or definition.id
        if self._ignored and links.matches_any(self._ignored, definition.id, name):
            return None
        settings = definition.settings
        addresses = settings.get("addresses") or ()
        if self._settings.rails:
            rail = self._assigned(definition, name, addresses)
            if rail is None:
                return None
            if not addresses:
                self._without_address(host, definition, name, rail)
                return None
            return self._candidate_of(host, definition, name, rail.number)
        if not links.looks_like_rail(definition, addresses, host):
            return None
        if definition.section not in ("ethernets", *ENSLAVING):
            self._judge.unasked(host, definition)
            return None
        return self._candidate_of(host, definition, name, None)

    def _without_address(
        self, host: HostNetwork, definition: Definition, name: str, rail: RailSetting
    ) -> None:
        """Say so, unless it is a rail by a PCI address that other sources deny."""
        if not rail.pci_addresses or self._resolver.resolve(definition, name):
            self._judge.no_address(host, definition)

    def _assigned(
        self, definition: Definition, name: str, addresses: Sequence[object]
    ) -> RailSetting | None:
        for rail in self._settings.rails:
            if self._is_rail(rail, definition, name, addresses):
                return rail
        return None

    def _is_rail(
        self,
        rail: RailSetting,
        definition: Definition,
        name: str,
        addresses: Sequence[object],
    ) -> bool:
        if rail.interface and not links.matches_any(
            (rail.interface,), definition.id, name
        ):
            return False
        if rail.macs and links.match_mac(definition) not in rail.macs:
            return False
        if rail.cidr and not links.lies_in(addresses, rail.cidr):
            return False
        return not rail.pci_addresses or not self._resolver.addresses(
            definition, name
        ).isdisjoint(rail.pci_addresses)

    def _candidate_of(
        self,
        host: HostNetwork,
        definition: Definition,
        name: str,
        number: int | None,
    ) -> Candidate | None:
        address = self._judge.address(host, definition)
        if address is None or self._judge.is_enslaved(host, definition):
            return None
        self._judge.refuse_dhcp(host, definition)
        gateway, destinations = self._judge.routes(host, definition, address)
        return Candidate(
            node_name=host.node_name,
            # A fleet has few interface names: one text each, not one a link.
            interface=sys.intern(str(definition.id)),
            name=sys.intern(str(name)),
            address=address,
            gateway=gateway,
            destinations=destinations,
            mtu=links.mtu(definition),
            pci_address=self._resolver.resolve(definition, name),
            keys=links.untranslated(host, definition),
            file=definition.file,
            number=number,
        )
