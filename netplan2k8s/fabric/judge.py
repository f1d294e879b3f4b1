"""Whether a link can be a rail: its address, its gateway, what it is part of."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from netplan2k8s import catalogue
from netplan2k8s.addressing import (
    BITS,
    Address,
    InterfaceAddress,
    Prefix,
    parse_address,
    parse_interface,
)
from netplan2k8s.fabric import links
from netplan2k8s.findings import Finding, Rule, Span
from netplan2k8s.naming import counted
from netplan2k8s.netplan import Definition, HostNetwork
from netplan2k8s.netplan.networkd import passed_on
from netplan2k8s.source import span_of

ENSLAVING = ("bonds", "bridges")
_GATEWAYS = frozenset({"gateway4", "gateway6"})
_POINT_TO_POINT = 1
_SEVERAL_PODS = (2, 3)
_IGNORE = "under ignore_interfaces: in netplan2k8s.yaml"


class LinkJudge:
    """Judges the links of one host after the other; ``findings`` are the host's."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    # -- the address ------------------------------------------------------------

    def address(
        self, host: HostNetwork, definition: Definition
    ) -> InterfaceAddress | None:
        texts = [links.address_text(item) for item in definition.settings["addresses"]]
        if len(texts) > 1:
            self._several_addresses(host, definition, texts)
            return None
        try:
            address = parse_interface(texts[0])
        except ValueError as error:
            message = f"{error}; {passed_on(texts[0])}"
            self._say(catalogue.LOOSE_ADDRESS, host, definition, message, texts[0])
            return None
        host_bits = BITS[address.family] - address.length
        if host_bits == _POINT_TO_POINT:
            return address
        if host_bits not in _SEVERAL_PODS:
            message = (
                f"{address} of {definition.id} is no point-to-point link: rails are /31"
                " or /127, or /30 and /29 for several pods a node"
            )
        elif end := links.end_of(address.prefix, address.value):
            low, high = links.pods_range(address.prefix)
            message = (
                f"{address} of {definition.id} is the {end} address of its link, which"
                f" no pod gets: nv-ipam gives {low} to {high}"
            )
        else:
            return address
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

    def no_address(self, host: HostNetwork, definition: Definition) -> None:
        dhcp = links.is_true(definition, "dhcp4") or links.is_true(definition, "dhcp6")
        rule = catalogue.DYNAMIC_ADDRESS if dhcp else catalogue.UNSUPPORTED_PREFIX
        message = f"rail {definition.id} has no static address"
        self._say(rule, host, definition, message, definition.id)

    def refuse_dhcp(self, host: HostNetwork, definition: Definition) -> None:
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

    def is_enslaved(self, host: HostNetwork, definition: Definition) -> bool:
        if definition.section in ENSLAVING:
            kind, why = definition.section[:-1], "it is not a NIC"
        elif definition.master:
            kind, why = definition.master, f"it is part of {definition.master}"
        else:
            return False
        message = (
            f"rail {definition.id} ({kind}) cannot be handed to a pod: {why}; a rail"
            " is an address on the NIC itself, and what is no rail goes"
            f" {_IGNORE}"
        )
        self._say(catalogue.ENSLAVED_RAIL, host, definition, message, definition.id)
        return True

    def unasked(self, host: HostNetwork, definition: Definition) -> None:
        message = (
            f"{definition.id} ({definition.section}) has a point-to-point link and is"
            f" no ethernet; name it {_IGNORE}, or under rails: if it is a rail"
        )
        self._say(catalogue.UNASKED_LINK, host, definition, message, definition.id)

    def check_virtual_functions(
        self, host: HostNetwork, rails: Collection[str]
    ) -> None:
        """``rails`` are the IDs of the host's rails."""
        for definition in host.definitions.values():
            if definition.section != "ethernets":
                continue
            count = definition.settings.get("virtual-function-count")
            parent = definition.settings.get("link")
            if definition.id in rails and isinstance(count, str) and int(count or 0):
                message = (
                    f"{definition.id} has {counted(int(count), 'virtual function')};"
                    " the device plugin drops its physical function, so no pod would"
                    " get the rail"
                )
                rule = catalogue.VIRTUAL_FUNCTIONS
                self._say(rule, host, definition, message, count)
            if isinstance(parent, str) and parent in rails:
                message = f"{definition.id} is a virtual function of rail {parent}"
                rule = catalogue.VIRTUAL_FUNCTIONS
                self._say(rule, host, definition, message, parent)

    # -- routes -----------------------------------------------------------------

    def routes(
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
        except ValueError:
            self._loose_routes(host, definition, texts)
            destinations = ()
        return self._gateway(host, definition, address, routes), destinations

    def _loose_routes(
        self, host: HostNetwork, definition: Definition, texts: Sequence[str]
    ) -> None:
        for text in texts:
            try:
                links.destinations((text,), 4)
            except ValueError as error:
                message = f"route of rail {definition.id}: {error}; {passed_on(text)}"
                self._say(catalogue.LOOSE_ADDRESS, host, definition, message, text)

    def _refuse_default(
        self,
        host: HostNetwork,
        definition: Definition,
        routes: Sequence[dict[str, str]],
    ) -> None:
        for text, is_ipv4 in links.main_defaults(definition, routes):
            reason = "it would fight the pod's eth0"
            if is_ipv4:
                reason += ", and the device plugin leaves such a NIC out"
            message = (
                f"rail {definition.id} has a default route; {reason}; take the route"
                f" away, or name what is no rail {_IGNORE}"
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
        said = len(self.findings)
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
        if not gateways and len(self.findings) == said:
            self._no_gateway(host, definition, address, is_routed=bool(vias))
        return next(iter(gateways), None)

    def _no_gateway(
        self,
        host: HostNetwork,
        definition: Definition,
        address: InterfaceAddress,
        *,
        is_routed: bool,
    ) -> None:
        kind = f"IPv{address.family} route" if is_routed else "route"
        message = (
            f"no {kind} of rail {definition.id} ({address}) names its gateway, so"
            " which side of the link is the leaf cannot be told; add the route"
        )
        where = links.address_text(definition.settings["addresses"][0])
        self._say(catalogue.NO_GATEWAY, host, definition, message, where)

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
        fault = _fault_of(gateway, address)
        if fault:
            message = f"gateway {via} of rail {definition.id} is {fault}"
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


def _fault_of(gateway: Address, address: InterfaceAddress) -> str:
    """Why a gateway is no neighbour on the link; "" where it is one."""
    host_bits = BITS[address.family] - address.length
    if gateway.value >> host_bits != address.value >> host_bits:
        fault = f"not in {address.prefix}, the link of {address.address}"
        if host_bits == _POINT_TO_POINT:
            fault += f"; its other end is {links.peer(address)}"
        return fault
    if host_bits == _POINT_TO_POINT or gateway.family != 4:  # noqa: PLR2004
        return ""  # IPv6 routers answer to the lowest address of a link
    end = links.end_of(address.prefix, gateway.value)
    return f"the {end} address of {address.prefix}, which no leaf has" if end else ""
