"""The device plugin's configuration in a policy: its resources, and who has a NIC."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from netplan2k8s.compare.leaves import CONFIG
from netplan2k8s.manifests.json_text import JsonError, JsonText
from netplan2k8s.simulate.device_plugin import (
    RESOURCE_NAME,
    Claim,
    Device,
    full_name,
    offered,
    resource_list,
    selectors_of,
    value_of,
)

SECTION = CONFIG[:2]
PCI = "pciAddresses"
_UNTOLD = frozenset({"acpiindexes", "ddpprofiles", "devices", "pkeys"})
"""Selectors that nothing tells of a NIC by its address."""


def resources_of(body: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The device-plugin resources of a policy by their full name."""
    text = _config_of(body)
    try:
        config = JsonText(text).value() if isinstance(text, str) else None
    except JsonError:
        return {}
    items = resource_list(config)
    return {full_name(item): item for item in items if isinstance(item, dict)}


def config_problem(body: Mapping[str, Any]) -> str:
    """Why the device plugin does not run with its configuration; empty if it does."""
    if SECTION[1] not in spec_of(body):
        return ""
    text = _config_of(body)
    if not isinstance(text, str):
        return "its pods wait for a configuration, and there is none"
    try:
        items = resource_list(JsonText(text).value())
    except JsonError as error:
        return f"its configuration is no JSON: {error.message}"
    if not items:
        return "its resourceList is empty"
    if not all(isinstance(item, dict) for item in items):
        return "its resourceList is none of resources"
    return next(_problems(items), "")


def _problems(items: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    counts = Counter(map(full_name, items))
    for item in items:
        name, selectors = full_name(item), value_of(item, "selectors")
        short = value_of(item, "resourceName")
        if not isinstance(short, str) or not RESOURCE_NAME.fullmatch(short):
            yield f"it takes no resource of the name {short}"
        if counts[name] > 1:
            yield f"it takes no two resources {name}"
        if selectors is None or selectors == [None]:
            yield f"{name} has no selectors, and it panics"


def spec_of(body: Mapping[str, Any]) -> Mapping[str, Any]:
    found = body.get("spec")
    return found if isinstance(found, dict) else {}


def _config_of(body: Mapping[str, Any]) -> object:
    section = spec_of(body).get(SECTION[1])
    return section.get(CONFIG[2]) if isinstance(section, dict) else None


class Nics(NamedTuple):
    """Which resource has which PCI address, before and after."""

    before: Mapping[str, str]
    after: Mapping[str, str]


def nics_of(
    old: Mapping[str, Mapping[str, Any]], new: Mapping[str, Mapping[str, Any]]
) -> Nics:
    """Who has the NICs whose addresses are named, if they are Mellanox's."""
    named = {
        a: None for side in (old, new) for r in side.values() for a in addresses_of(r)
    }
    devices = [Device(address) for address in named]
    return Nics(*(_owners(side, devices) for side in (old, new)))


def _owners(
    resources: Mapping[str, Mapping[str, Any]], devices: Sequence[Device]
) -> dict[str, str]:
    """The resource of every PCI address: the first one in the list that selects it."""
    claims = [
        Claim(name, [_known(selector) for selector in selectors_of(body)])
        for name, body in resources.items()
    ]
    found = offered(claims, devices)
    return {d.pci_address: name for name, taken in found.items() for d in taken}


def _known(selector: Mapping[str, Any]) -> dict[str, Any]:
    """A selector without what cannot be told of a NIC by its address."""
    return {k: v for k, v in selector.items() if k.lower() not in _UNTOLD}


def addresses_of(resource: Mapping[str, Any]) -> list[str]:
    found = []
    for selector in selectors_of(resource):
        values = value_of(selector, PCI)
        listed = values if isinstance(values, list) else ()
        found += [value for value in listed if isinstance(value, str)]
    return found
