"""The device plugin's configuration: in a policy, in a ConfigMap, by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from netplan2k8s.lint.embedded import Embedded, embedded
from netplan2k8s.lint.remarks import Spot
from netplan2k8s.manifests.reader import Document, Pointer
from netplan2k8s.simulate.device_plugin import (
    full_name,
    resource_list,
    selectors_of,
    value_of,
)

__all__ = [
    "Policy",
    "Resource",
    "holds_config",
    "policy_of",
    "standalone",
    "value_of",
]
_OF_THE_OPERATOR = ("NicClusterPolicy", "NicNodePolicy")
_KEY = "config.json"


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
    def may_have_any_prefix(self) -> bool:
        """Whether --resource-prefix of a plugin without the operator decides."""
        kind = self.config.spot.document.kind
        return kind not in _OF_THE_OPERATOR and not value_of(
            self.body, "resourcePrefix"
        )

    def is_offered_as(self, name: str) -> bool:
        """Whether nodes may offer the resource by a name with a prefix."""
        if self.may_have_any_prefix:
            own = str(value_of(self.body, "resourceName") or "")
            return name.endswith(f"/{own}")
        return name == self.full_name

    @property
    def device_type(self) -> str:
        return str(value_of(self.body, "deviceType") or "netDevice")

    @property
    def selectors(self) -> list[Mapping[str, Any]]:
        return selectors_of(self.body)

    def at(self, *steps: str | int) -> Spot:
        return self.config.at("resourceList", self.number, *steps)

    def selector_spot(self, index: int, *steps: str | int) -> Spot:
        listed = isinstance(value_of(self.body, "selectors"), list)
        return self.at("selectors", *((index,) if listed else ()), *steps)


class Policy(NamedTuple):
    """A device plugin's configuration in a NicClusterPolicy or NicNodePolicy.

    Or in a document of its own, for a plugin that the operator does not run.
    """

    document: Document
    config: Embedded
    resources: tuple[Resource, ...]

    @property
    def is_read(self) -> bool:
        """Whether all resources are known; what keeps them from it is NK430."""
        listed = resource_list(self.config.value)
        return 0 < len(listed) == len(self.resources)


def policy_of(document: Document) -> Policy | None:
    section = document.spec.get("sriovDevicePlugin") or {}
    text = section.get("config")
    if text is None:
        return None
    return _policy_in(document, ("spec", "sriovDevicePlugin", "config"), text)


def holds_config(document: Document) -> bool:
    """Whether a document is the plugin's configuration itself, or a ConfigMap of it."""
    if document.kind != "ConfigMap":
        listed = value_of(document.body, "resourceList")
        return "kind" not in document.body and listed is not None
    return document.api_version == "v1" and "resourcelist" in _mounted(document).lower()


def standalone(document: Document) -> Policy:
    """The configuration of a plugin that the operator does not run."""
    if document.kind != "ConfigMap":
        return _policy_in(document, (), document.text)
    return _policy_in(document, ("data", _KEY), _mounted(document))


def _mounted(document: Document) -> str:
    """The file that the plugin reads of a ConfigMap; empty where it has none."""
    data = document.body.get("data")
    text = data.get(_KEY) if isinstance(data, dict) else None
    return text if isinstance(text, str) else ""


def _policy_in(document: Document, pointer: Pointer, text: str) -> Policy:
    """The configuration in a text of a document."""
    config = embedded(document, pointer, text)
    resources = tuple(
        Resource(config, number, body)
        for number, body in enumerate(resource_list(config.value))
        if isinstance(body, dict)
    )
    return Policy(document, config, resources)
