"""What pods attach to: HostDeviceNetworks and NetworkAttachmentDefinitions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from netplan2k8s.lint.embedded import Embedded, embedded
from netplan2k8s.lint.remarks import Spot
from netplan2k8s.manifests.json_text import JsonError, JsonText
from netplan2k8s.manifests.reader import Document
from netplan2k8s.simulate.operator import (
    RESOURCE_ANNOTATION,
    RenderError,
    attachment_definition,
    full_resource_name,
)

_KINDS = {"cidrpool": "CIDRPool", "ippool": "IPPool"}


@dataclass(frozen=True, slots=True)
class Network:
    """A HostDeviceNetwork or a NetworkAttachmentDefinition.

    ``resource`` has its prefix; ``text`` is the JSON as it is written; ``ipam`` is an
    object, or None where it cannot be read; ``chain`` are the plugins behind the first;
    ``problem`` says why the operator makes no attachment definition of it, and
    ``config_name`` is what the CNI configuration is called, where it has a name.
    """

    document: Document
    namespace: str
    resource: str
    resource_spot: Spot
    text: Embedded
    ipam: Mapping[str, Any] | None
    ipam_steps: tuple[str | int, ...] = ()
    chain: tuple[Mapping[str, Any], ...] = ()
    device_type: str = "host-device"
    problem: str = ""
    config_name: str = ""

    @property
    def name(self) -> str:
        return self.document.name

    @property
    def is_rail(self) -> bool:
        """Whether it moves a NIC into the pod."""
        return self.device_type == "host-device"

    @property
    def has_own_table(self) -> bool:
        """Whether its routes go to a table of their own, by source address."""
        return any(plugin.get("type") == "sbr" for plugin in self.chain)

    @property
    def mtu(self) -> int | None:
        """The MTU that the tuning plugin sets, in bytes."""
        for plugin in self.chain:
            if plugin.get("type") == "tuning" and isinstance(plugin.get("mtu"), int):
                return int(plugin["mtu"])
        return None

    def ipam_spot(self, key: str = "") -> Spot:
        steps = (*self.ipam_steps, key) if key else self.ipam_steps
        return self.text.at(*steps)

    @property
    def pool_names(self) -> tuple[str, ...]:
        """The pools named, up to two with a comma between; else what CNI calls it."""
        text = (self.ipam or {}).get("poolName") or self.config_name or self.name
        return tuple(text.split(",")) if isinstance(text, str) else ()

    @property
    def uses_nv_ipam(self) -> bool:
        return self.ipam is not None and self.ipam.get("type") == "nv-ipam"

    @property
    def pool_kind(self) -> str:
        text = (self.ipam or {}).get("poolType") or "ippool"
        return _KINDS.get(str(text).lower(), "")


def of_host_device_network(document: Document) -> Network:
    """The network as pods find it, once the operator has rendered it."""
    spec = document.spec
    name = spec.get("resourceName") or ""
    text = embedded(document, ("spec", "ipam"), spec.get("ipam") or "{}")
    try:
        plugins = meta_plugins(spec.get("metaPlugins") or "")
    except JsonError:
        plugins = []
    return Network(
        document,
        spec.get("networkNamespace") or "",
        full_resource_name(name) if name else "",
        Spot(document, ("spec", "resourceName")),
        text,
        text.value if isinstance(text.value, dict) else None,
        chain=tuple(plugin for plugin in plugins if isinstance(plugin, dict)),
        problem=_problem(document),
    )


def meta_plugins(text: str) -> list[Any]:
    """The plugins that the operator puts behind host-device, a text as it is.

    Raises:
        JsonError: the list is no JSON with it, from a character of the text on.
    """
    try:
        value = JsonText(f"[{text}]").value()
    except JsonError as error:
        at = min(max(error.offset - 1, 0), len(text))
        raise JsonError(error.message, at) from error
    return value if isinstance(value, list) else []


def _problem(document: Document) -> str:
    """Why the operator makes nothing of a network."""
    try:
        attachment_definition(document.body)
    except RenderError as error:
        return str(error)
    return ""


def of_definition(document: Document) -> Network:
    annotations = document.metadata.get("annotations") or {}
    text = embedded(document, ("spec", "config"), document.spec.get("config") or "{}")
    config = text.value if isinstance(text.value, dict) else {}
    name = config.get("name")
    steps: tuple[str | int, ...] = ()
    if isinstance(config.get("plugins"), list):
        steps = ("plugins", 0)
    return Network(
        document,
        document.namespace or "default",
        str(annotations.get(RESOURCE_ANNOTATION) or ""),
        Spot(document, ("metadata", "annotations", RESOURCE_ANNOTATION)),
        text,
        _ipam(config),
        (*steps, "ipam"),
        _chain(config),
        str(_first(config).get("type") or ""),
        config_name=name if isinstance(name, str) else "",
    )


def _plugins(config: Mapping[str, Any]) -> list[Any]:
    listed = config.get("plugins")
    return listed if isinstance(listed, list) else [config]


def _first(config: Mapping[str, Any]) -> Mapping[str, Any]:
    plugins = _plugins(config)
    return plugins[0] if plugins and isinstance(plugins[0], dict) else {}


def _ipam(config: Mapping[str, Any]) -> Mapping[str, Any] | None:
    ipam = _first(config).get("ipam")
    return ipam if isinstance(ipam, dict) else None


def _chain(config: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    return tuple(plugin for plugin in _plugins(config)[1:] if isinstance(plugin, dict))
