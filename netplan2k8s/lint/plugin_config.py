"""The device plugin's configuration as a policy holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from netplan2k8s.lint.embedded import Embedded, embedded
from netplan2k8s.lint.remarks import Spot
from netplan2k8s.manifests.reader import Document, Pointer
from netplan2k8s.simulate.device_plugin import full_name, value_of

__all__ = ["Policy", "Resource", "policy_in", "policy_of", "value_of"]


@dataclass(frozen=True, slots=True)
class Resource:
    """An entry of a device plugin's resourceList."""

    config: Embedded
    number: int
    body: Mapping[str, Any]

    @property
    def full_name(self) -> str:
        return full_name(self.body)

    @property
    def device_type(self) -> str:
        return str(value_of(self.body, "deviceType") or "netDevice")

    @property
    def selectors(self) -> list[Mapping[str, Any]]:
        found = value_of(self.body, "selectors")
        listed = found if isinstance(found, list) else [found]
        return [item for item in listed if isinstance(item, dict)]

    def at(self, *steps: str | int) -> Spot:
        return self.config.at("resourceList", self.number, *steps)

    def selector_spot(self, index: int, *steps: str | int) -> Spot:
        listed = isinstance(value_of(self.body, "selectors"), list)
        return self.at("selectors", *((index,) if listed else ()), *steps)


class Policy(NamedTuple):
    """A device plugin's configuration in a NicClusterPolicy or NicNodePolicy."""

    document: Document
    config: Embedded
    resources: tuple[Resource, ...]


def policy_of(document: Document) -> Policy | None:
    section = document.spec.get("sriovDevicePlugin") or {}
    text = section.get("config")
    if text is None:
        return None
    return policy_in(document, ("spec", "sriovDevicePlugin", "config"), text)


def policy_in(document: Document, pointer: Pointer, text: str) -> Policy:
    """The configuration in a text of a document."""
    config = embedded(document, pointer, text)
    value = config.value if isinstance(config.value, dict) else {}
    listed = value_of(value, "resourceList")
    resources = tuple(
        Resource(config, number, body)
        for number, body in enumerate(listed if isinstance(listed, list) else ())
        if isinstance(body, dict)
    )
    return Policy(document, config, resources)
