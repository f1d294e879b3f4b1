"""What the device plugin's selectors take in truth, which may be no NIC or too many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from netplan2k8s import catalogue
from netplan2k8s.findings import Severity
from netplan2k8s.lint.plugin_config import Policy, Resource, value_of
from netplan2k8s.lint.remarks import Remark, Spot
from netplan2k8s.lint.scene import Scene
from netplan2k8s.pci import canonical
from netplan2k8s.simulate.device_plugin import NEVER_A_PF, PCI_ADDRESS, filters
from netplan2k8s.simulate.operator import RESOURCE_PREFIX


def check(resource: Resource, scene: Scene) -> Iterator[Remark]:
    """One resource; the scene says what networks ask for."""
    if resource.device_type != "netDevice":
        return
    yield from _prefix(resource, scene)
    name = value_of(resource.body, "resourceName") or ""
    wanted = {network.resource for network in scene.networks}
    is_rail = not wanted or any(map(resource.is_offered_as, wanted))
    for index, selector in enumerate(resource.selectors):
        used = filters(selector)
        spot = resource.selector_spot(index)
        if not used.keys() - {"vendors", "isRdma", "linkTypes", "drivers"}:
            what = f"only {', '.join(sorted(used))}" if used else "nothing it knows"
            message = (
                f"resource {name} selects by {what}, and so takes every NIC that no"
                " resource before it took; list the rail's pciAddresses"
            )
            yield Remark(catalogue.CATCH_ALL_SELECTOR, message, spot)
        for key in NEVER_A_PF:
            if is_rail and key in used:
                message = (
                    f"resource {name} selects by {key}, which a physical function never"
                    " matches; list the rail's pciAddresses"
                )
                where = resource.selector_spot(index, key)
                yield Remark(catalogue.SELECTOR_WITHOUT_PF, message, where)
        yield from _addresses(resource, index, selector)


def _prefix(resource: Resource, scene: Scene) -> Iterator[Remark]:
    prefix = value_of(resource.body, "resourcePrefix")
    name = value_of(resource.body, "resourceName") or ""
    wanted = {network.resource for network in scene.networks}
    if prefix == RESOURCE_PREFIX or resource.full_name in wanted:
        return
    right = f"{RESOURCE_PREFIX}/{name}"
    may_be_right = resource.may_have_any_prefix
    if (prefix or may_be_right) and right not in wanted:
        return
    asks = "a network asks for" if right in wanted else "a HostDeviceNetwork asks for"
    has = f"has the prefix {prefix}" if prefix else "has no prefix: intel.com is put"
    if may_be_right:
        has += " before it unless the plugin runs with --resource-prefix"
    message = (
        f"resource {name} {has}, and {asks} {right}; write"
        f' "resourcePrefix": "{RESOURCE_PREFIX}"'
    )
    yield Remark(
        catalogue.FOREIGN_RESOURCE_PREFIX,
        message,
        resource.at("resourcePrefix"),
        severity=Severity.WARNING if may_be_right else None,
    )


def _addresses(
    resource: Resource, index: int, selector: Mapping[str, Any]
) -> Iterator[Remark]:
    listed = value_of(selector, "pciAddresses")
    for number, address in enumerate(listed if isinstance(listed, list) else ()):
        if not isinstance(address, str) or PCI_ADDRESS.fullmatch(address):
            continue
        try:
            advice = f"write {canonical(address)}"
        except ValueError:
            advice = "it has the form 0000:1a:00.0"
        message = (
            f"PCI address {address!r} is compared letter by letter and matches no NIC;"
            f" {advice}"
        )
        spot = resource.selector_spot(index, "pciAddresses", number)
        yield Remark(catalogue.UPPER_CASE_PCI, message, spot)


def shared(policy: Policy) -> Iterator[Remark]:
    """A PCI address of two resources: the first keeps the device."""
    owner: dict[str, tuple[Resource, Spot]] = {}
    for resource in policy.resources:
        for index, selector in enumerate(resource.selectors):
            listed = value_of(selector, "pciAddresses")
            for number, address in enumerate(
                listed if isinstance(listed, list) else ()
            ):
                if not isinstance(address, str):
                    continue
                spot = resource.selector_spot(index, "pciAddresses", number)
                first, where = owner.setdefault(address, (resource, spot))
                if first is not resource:
                    message = (
                        f"{address} is in {resource.full_name} and in"
                        f" {first.full_name}: the first keeps it, and the other has no"
                        " NIC"
                    )
                    yield Remark(catalogue.PCI_ON_TWO_RAILS, message, spot, (where,))
