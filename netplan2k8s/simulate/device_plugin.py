"""The device plugin: which PCI function lands in which resource of a node.

Source: sriov-network-device-plugin v3.9, cmd/sriovdp/manager.go and pkg/netdevice: keys
of a selector are ANDed, the items of a list ORed, selectors of a list are a union;
a device goes to the first resource that matches it, and later ones lose it silently.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeGuard

PCI_ADDRESS = re.compile(r"[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")
LISTS = (
    "vendors",
    "devices",
    "drivers",
    "pciAddresses",
    "acpiIndexes",
    "pfNames",
    "rootDevices",
    "linkTypes",
    "ddpProfiles",
    "pKeys",
)
NEVER_A_PF = ("pfNames", "rootDevices")
"""Selectors of virtual functions; a physical function has neither."""
NOT_OF_A_PF = frozenset({*NEVER_A_PF, "acpiIndexes", "pKeys", "ddpProfiles"})
"""Selectors that match no physical function, or none that we know enough of."""


RESOURCE_NAME = re.compile(r"[a-zA-Z0-9_-]+")


class Device(NamedTuple):
    """A physical function of a node; what is not known of it is empty."""

    pci_address: str
    vendor: str = "15b3"
    device: str = ""
    driver: str = "mlx5_core"
    is_rdma: bool = True


class Claim(NamedTuple):
    """A resource of the configuration: its name with prefix, and its selectors."""

    resource: str
    selectors: Sequence[Mapping[str, Any]]


def offered(
    claims: Iterable[Claim], devices: Sequence[Device]
) -> dict[str, list[Device]]:
    """The devices of a node by resource, each in the first resource that takes it."""
    taken: set[str] = set()
    found: dict[str, list[Device]] = {}
    for claim in claims:
        for selector in claim.selectors:
            for device in devices:
                if device.pci_address not in taken and matches(selector, device):
                    taken.add(device.pci_address)
                    found.setdefault(claim.resource, []).append(device)
    return found


def matches(selector: Mapping[str, Any], device: Device) -> bool:
    """Whether a selector takes a physical function of the vendor Mellanox.

    A key that the plugin does not know is no filter, and neither is an empty list. A
    selector with a value of the wrong type takes nothing, since the plugin drops it.
    """
    known = {
        "pciAddresses": device.pci_address,
        "vendors": device.vendor,
        "devices": device.device,
        "drivers": device.driver,
        "linkTypes": "ether",
    }
    for key, wanted in filters(selector).items():
        if key == "isRdma":
            if wanted is not True or not device.is_rdma:
                return False
        elif key in NOT_OF_A_PF or not are_texts(wanted) or known[key] not in wanted:
            return False
    return True


def are_texts(value: object) -> TypeGuard[list[str]]:
    """Whether a value is what the plugin reads of a list: texts, or nothing."""
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def value_of(body: Mapping[str, Any], key: str) -> Any:  # noqa: ANN401  a JSON value
    """A field as Go's decoder finds it: without regard to case, the last one wins."""
    lowered = key.lower()
    for name, value in reversed(list(body.items())):
        if name.lower() == lowered:
            return value
    return None


def full_name(resource: Mapping[str, Any]) -> str:
    """A resource's name with its prefix, which is intel.com unless it is written."""
    prefix = value_of(resource, "resourcePrefix") or "intel.com"
    return f"{prefix}/{value_of(resource, 'resourceName')}"


def resource_list(config: object) -> list[Any]:
    """What a configuration lists as resources; none where it has no list of them."""
    listed = value_of(config, "resourceList") if isinstance(config, dict) else None
    return listed if isinstance(listed, list) else []


def selectors_of(resource: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The selectors of a resource; an object is a list of one."""
    found = value_of(resource, "selectors")
    listed = found if isinstance(found, list) else [found]
    return [item for item in listed if isinstance(item, dict)]


def filters(selector: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of a selector that filter, as Go's decoder reads their names."""
    known = {name.lower(): name for name in (*LISTS, "isRdma")}
    found = {}
    for key, value in selector.items():
        name = known.get(key.lower())
        is_set = value is not None and value is not False and value != []
        if name is not None and is_set:
            found[name] = value
    return found
