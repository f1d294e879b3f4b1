"""Device-plugin resources of a policy that cannot stand in front of the rails'.

Source: sriov-network-device-plugin v3.9, cmd/sriovdp/manager.go: a device goes to the
first resource of the list that selects it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from netplan2k8s.findings import Severity
from netplan2k8s.naming import ranges
from netplan2k8s.simulate.device_plugin import (
    Device,
    are_texts,
    filters,
    matches,
    value_of,
)

# Virtual functions of ConnectX-3 to ConnectX-8 and of BlueField (pci.ids); a rail is
# none of them.
_VIRTUAL = frozenset({"1004", "1014", "1016", "1018", "101a", "101c", "101e", "a2d3"})


class Rival(NamedTuple):
    """What is wrong with a resource, and the way to it within the resource."""

    message: str
    steps: tuple[str | int, ...]
    severity: Severity | None = None


def rivals(resource: Mapping[str, Any], nics: Mapping[str, str]) -> Iterator[Rival]:
    """What a resource takes of NICs, given as PCI address → name of the rail.

    Also a selector of wrong types, for which the plugin drops the whole resource.
    """
    if (value_of(resource, "deviceType") or "netDevice") != "netDevice":
        return
    found = value_of(resource, "selectors")
    listed = found if isinstance(found, list) else [found]
    for index, selector in enumerate(listed):
        if isinstance(selector, dict):
            at = (index,) if isinstance(found, list) else ()
            steps = ("selectors", *at)
            yield from _of_selector(resource, selector, steps, nics)


def _of_selector(
    resource: Mapping[str, Any],
    selector: Mapping[str, Any],
    steps: tuple[str | int, ...],
    nics: Mapping[str, str],
) -> Iterator[Rival]:
    used = filters(selector)
    name = f"resource {value_of(resource, 'resourceName')} of the base policy"
    for key, wanted in used.items():
        is_flag = key == "isRdma"
        if not (wanted is True if is_flag else are_texts(wanted)):
            right = "true or false" if is_flag else "a list of texts"
            message = f"{name} is dropped by the plugin: {key} must be {right}"
            yield Rival(message, (*steps, key))
            return
    taken = [nic for nic in sorted(nics) if matches(selector, Device(nic))]
    if "pciAddresses" in used:
        for nic in taken:
            message = (
                f"{name} has {nic}, which is {nics[nic]}; a device goes to the first"
                " resource that matches, so take it out there"
            )
            yield Rival(message, (*steps, "pciAddresses"))
    elif taken:
        how = f"selects by {' and '.join(sorted(used))}" if used else "selects all"
        message = (
            f"{name} {how}, and so takes the NICs of {_rails(taken, nics)}; a device"
            " goes to the first resource that matches, so list the pciAddresses of its"
            " own NICs there"
        )
        yield Rival(message, steps)
    else:
        yield from _by_device(name, selector, steps, nics)


def _by_device(
    name: str,
    selector: Mapping[str, Any],
    steps: tuple[str | int, ...],
    nics: Mapping[str, str],
) -> Iterator[Rival]:
    """A selector by device IDs, which nothing tells of the rails' NICs."""
    devices = filters(selector).get("devices")
    for device in devices if are_texts(devices) else ():
        if device in _VIRTUAL:
            continue
        if any(matches(selector, Device(nic, device=device)) for nic in nics):
            message = (
                f"{name} selects by device ID {device}: if the NICs of"
                f" {_rails(nics, nics)} have it, they go there and not to the rails"
            )
            yield Rival(message, (*steps, "devices"), Severity.WARNING)
            return


def _rails(taken: Sequence[str] | Mapping[str, str], nics: Mapping[str, str]) -> str:
    return ranges(list(dict.fromkeys(nics[nic] for nic in taken)))
