"""From one host's Netplan to the links that may be rails, judged one by one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

from netplan2k8s.addressing import (
    BITS,
    InterfaceAddress,
    Prefix,
    parse_address,
    parse_interface,
)
from netplan2k8s.fabric import links
from netplan2k8s.findings import Finding, Rule, Span
from netplan2k8s.netplan import Definition, HostNetwork, kernel_name
from netplan2k8s.rules import catalogue
from netplan2k8s.settings import RailSetting, Settings
from netplan2k8s.source import span_of

_GATEWAYS = frozenset({"gateway4", "gateway6"})
_ENSLAVING = ("bonds", "bridges")

PciLookup = Callable[[Definition, str], str | None]
"""(definition, kernel name) → PCI address, noting contradictions on the way."""


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
    """Reads the candidates of hosts; findings of the last host are in ``findings``."""

    def __init__(self, settings: Settings, pci_of: PciLookup) -> None:
        self._settings = settings
        self._pci_of = pci_of
        self._ignored = settings.ignore_interfaces
        self.findings: list[Finding] = []

    def candidates(self, host: HostNetwork) -> list[Candidate]:
        """All rails of the host so far as it alone can tell, in Netplan's order."""
        self.findings = []
        found = []
        for definition in host.definitions.values():
            addresses = definition.settings.get("addresses")
            if addresses is None and not self._settings.rails:
                continue
            candidate = self._candidate(host, definition)
            if candidate is not None:
                found.append(candidate)
        self._check_virtual_functions(host, found)
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
                self._no_address(host, definition)
                return None
            return self._judge(host, definition, name, rail.number)
        if not links.looks_like_rail(definition, addresses, host):
            return None
        if definition.section not in ("ethernets", *_ENSLAVING):
            self._unasked(host, definition)
            return None
        return self._judge(host, definition, name, None)

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
        return not rail.pci_addresses or (
            self._pci_of(definition, name) in rail.pci_addresses
        )

    def _judge(
        self,
        host: HostNetwork,
        definition: Definition,
        name: str,
        number: int | None,
    ) -> Candidate | None:
        address = self._address(host, definition)
        if address is None or self._is_enslaved(host, definition):
            return None
        self._refuse_dhcp(host, definition)
        gateway, destinations = self._routes(host, definition, address)
        return Candidate(
            node_name=host.node_name,
            # A fleet has few interface names: one text each, not one a link.
            interface=sys.intern(str(definition.id)),
            name=sys.intern(str(name)),
            address=address,
            gateway=gateway,
            destinations=destinations,
            mtu=links.mtu(definition),
            pci_address=self._pci_of(definition, name),
            keys=links.untranslated(definition),
            file=definition.file,
            number=number,
        )

    # -- the address ------------------------------------------------------------

    def _address(
        self, host: HostNetwork, definition: Definition
    ) -> InterfaceAddress | None:
        texts = [links.address_text(item) for item in definition.settings["addresses"]]
        if len(texts) > 1:
            self._several_addresses(host, definition, texts)
            return None
        try:
            address = parse_interface(texts[0])
        except ValueError as error:
            message = f"{error}; systemd-networkd refuses it, though netplan does not"
            self._say(catalogue.LOOSE_ADDRESS, host, definition, message, texts[0])
            return None
        if BITS[address.family] - address.length in (1, 2, 3):
            return address
        message = (
            f"{address} of {definition.id} is no point-to-point link: rails are /31 or"
            " /127, or /30 and /29 for several pods a node"
        )
        self._say(catalogue.UNSUPPORTED_PREFIX, host, definition, message, texts[0])
        return None

    def _several_addresses(
        self, host: HostNetwork, definition: Definition, texts: list[str]
    ) -> None:
        listed = " and ".join(texts)
        rule = catalogue.TWO_ADDRESSES
        advice = "a pod gets one address per rail, so keep one"
        places = [span_of(text) for text in texts]
        if len({place.path for place in places if place}) > 1:
            rule = catalogue.LEFTOVER_ADDRESS
            advice = "a later file adds to the list and replaces nothing; delete one"
        elif links.are_both_families(texts):
            rule = catalogue.DUAL_STACK
            advice = "a CIDRPool has one family; keep one address"
        message = f"{definition.id} has {len(texts)} addresses, {listed}; {advice}"
        related = tuple(place for place in places[:-1] if place)
        self._say(rule, host, definition, message, texts[-1], related=related)

    def _no_address(self, host: HostNetwork, definition: Definition) -> None:
        dhcp = links.is_true(definition, "dhcp4") or links.is_true(definition, "dhcp6")
        rule = catalogue.DYNAMIC_ADDRESS if dhcp else catalogue.UNSUPPORTED_PREFIX
        message = f"rail {definition.id} has no static address"
        self._say(rule, host, definition, message, definition.id)

    def _refuse_dhcp(self, host: HostNetwork, definition: Definition) -> None:
        for key in ("dhcp4", "dhcp6"):
            if definition.settings.get(key) != "false" and links.is_true(
                definition, key
            ):
                message = (
                    f"{key} is on for rail {definition.id}; a pod gets the static"
                    " address alone, so turn it off"
                )
                where = definition.settings[key]
                self._say(catalogue.DYNAMIC_ADDRESS, host, definition, message, where)

    # -- what the interface is part of ------------------------------------------

    def _is_enslaved(self, host: HostNetwork, definition: Definition) -> bool:
        if definition.section in _ENSLAVING:
            kind, why = definition.section[:-1], "it is not a NIC"
        elif definition.master:
            kind, why = definition.master, f"it is part of {definition.master}"
        else:
            return False
        message = (
            f"rail {definition.id} ({kind}) cannot be handed to a pod: {why}; a rail"
            " is an address on the NIC itself"
        )
        self._say(catalogue.ENSLAVED_RAIL, host, definition, message, definition.id)
        return True

    def _unasked(self, host: HostNetwork, definition: Definition) -> None:
        message = (
            f"{definition.id} ({definition.section}) has a point-to-point link and is"
            " no ethernet; name it under rails: in netplan2k8s.yaml if it is a rail"
        )
        self._say(catalogue.UNASKED_LINK, host, definition, message, definition.id)

    def _check_virtual_functions(
        self, host: HostNetwork, found: list[Candidate]
    ) -> None:
        rails = {candidate.interface for candidate in found}
        for definition in host.definitions.values():
            if definition.section != "ethernets":
                continue
            count = definition.settings.get("virtual-function-count")
            parent = definition.settings.get("link")
            if definition.id in rails and isinstance(count, str) and count.strip("0"):
                message = (
                    f"{definition.id} has {count} virtual functions; the device plugin"
                    " drops its physical function, so no pod would get the rail"
                )
                rule = catalogue.VIRTUAL_FUNCTIONS
                self._say(rule, host, definition, message, count)
            if isinstance(parent, str) and parent in rails:
                message = f"{definition.id} is a virtual function of rail {parent}"
                rule = catalogue.VIRTUAL_FUNCTIONS
                self._say(rule, host, definition, message, parent)

    # -- routes -----------------------------------------------------------------

    def _routes(
        self, host: HostNetwork, definition: Definition, address: InterfaceAddress
    ) -> tuple[int | None, tuple[Prefix, ...]]:
        routes = links.routes_over(host, definition)
        texts = tuple([route["to"] for route in routes if "via" in route])
        if (
            len(texts) < len(routes)
            or links.default_of(texts)
            or not _GATEWAYS.isdisjoint(definition.settings)
        ):
            self._refuse_default(host, definition, routes)
        try:
            destinations = links.destinations(texts, address.family)
        except ValueError as error:
            message = f"route of rail {definition.id}: {error}"
            self._say(catalogue.LOOSE_ADDRESS, host, definition, message, texts[0])
            destinations = ()
        return self._gateway(host, definition, address, routes), destinations

    def _refuse_default(
        self,
        host: HostNetwork,
        definition: Definition,
        routes: Sequence[dict[str, str]],
    ) -> None:
        texts = [
            route["to"] for route in routes if links.is_default(route.get("to", ""))
        ]
        texts += [
            definition.settings[key]
            for key in ("gateway4", "gateway6")
            if key in definition.settings
        ]
        for text in texts:
            message = (
                f"rail {definition.id} has a default route; it would fight the pod's"
                " eth0, and the device plugin leaves such a NIC out"
            )
            self._say(catalogue.DEFAULT_ROUTE, host, definition, message, text)

    def _gateway(
        self,
        host: HostNetwork,
        definition: Definition,
        address: InterfaceAddress,
        routes: Sequence[dict[str, str]],
    ) -> int | None:
        vias = dict.fromkeys([route["via"] for route in routes if "via" in route])
        gateways = {}
        for via in vias:
            value = self._via(host, definition, address, via)
            if value is not None:
                gateways[value] = via
        if len(gateways) > 1:
            listed = " and ".join(gateways.values())
            message = f"routes of rail {definition.id} name two gateways, {listed}"
            where = list(gateways.values())[-1]
            self._say(catalogue.DISAGREEING_GATEWAYS, host, definition, message, where)
            return None
        if not gateways and not vias:
            message = (
                f"no route of rail {definition.id} ({address}) names its gateway, so"
                " which side of the link is the leaf cannot be told; add the route"
            )
            where = definition.settings["addresses"][0]
            self._say(
                catalogue.NO_GATEWAY,
                host,
                definition,
                message,
                links.address_text(where),
            )
        return next(iter(gateways), None)

    def _via(
        self,
        host: HostNetwork,
        definition: Definition,
        address: InterfaceAddress,
        via: str,
    ) -> int | None:
        try:
            gateway = parse_address(via.partition("/")[0])
        except ValueError as error:
            message = f"gateway of rail {definition.id}: {error}"
            self._say(catalogue.LOOSE_ADDRESS, host, definition, message, via)
            return None
        if gateway.family != address.family:
            return None
        if gateway.value == address.value:
            message = f"gateway {via} of rail {definition.id} is the host's own address"
            if address.length == BITS[address.family] - 1:
                message += (
                    f"; the other end of {address.prefix} is {links.peer(address)}"
                )
            self._say(catalogue.GATEWAY_IS_HOST, host, definition, message, via)
            return None
        host_bits = BITS[address.family] - address.length
        if gateway.value >> host_bits != address.value >> host_bits:
            message = (
                f"gateway {via} of rail {definition.id} is not in {address.prefix},"
                f" the link of {address.address}"
            )
            if address.length == BITS[address.family] - 1:
                message += f"; its other end is {links.peer(address)}"
            self._say(catalogue.GATEWAY_OUTSIDE_PREFIX, host, definition, message, via)
            return None
        return gateway.value

    def _say(
        self,
        rule: Rule,
        host: HostNetwork,
        definition: Definition,
        message: str,
        where: object,
        related: tuple[Span, ...] = (),
    ) -> None:
        span = span_of(where) or definition.span or Span(host.node_name)
        self.findings.append(
            Finding(rule, message, span, node=host.node_name, related=related)
        )
