"""The NicClusterPolicy a cluster has, as ``kubectl get -o yaml`` prints it."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from netplan2k8s.catalogue import INVALID_BASE_POLICY
from netplan2k8s.emitters.device_plugin import config_text
from netplan2k8s.emitters.labels import LABELS
from netplan2k8s.findings import Finding, InputError, Span
from netplan2k8s.inputs import read_bytes
from netplan2k8s.source import Mapping as MappingNode
from netplan2k8s.source import parse, span_of

_SERVER_OWNED = (
    "creationTimestamp",
    "deletionTimestamp",
    "finalizers",
    "generation",
    "managedFields",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
)
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@dataclass(frozen=True, slots=True)
class BasePolicy:
    """A policy to merge into: foreign sections and resources stay as they are."""

    path: str
    body: Mapping[str, Any]
    resources: tuple[Mapping[str, Any], ...]
    config_span: Span

    def merged(
        self, ours: Sequence[Mapping[str, Any]], section: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The complete policy with our resources in place of those of their names."""
        body = copy.deepcopy(dict(self.body))
        body.pop("status", None)
        metadata = {k: v for k, v in body["metadata"].items() if k not in _SERVER_OWNED}
        annotations = dict(metadata.get("annotations") or {})
        annotations.pop(_LAST_APPLIED, None)
        metadata.pop("annotations", None)
        if annotations:
            metadata["annotations"] = annotations
        metadata["labels"] = {**(metadata.get("labels") or {}), **LABELS}
        body["metadata"] = metadata
        names = {_name(resource) for resource in ours}
        foreign = [r for r in self.resources if _name(r) not in names]
        spec = dict(body.get("spec") or {})
        plugin = dict(section) | dict(spec.get("sriovDevicePlugin") or {})
        plugin["config"] = config_text([*foreign, *ours])
        spec["sriovDevicePlugin"] = plugin
        body["spec"] = spec
        return body

    def findings(self, ours: Sequence[Mapping[str, Any]]) -> list[Finding]:
        """NK406 where a foreign resource would take a rail's NIC, as the first does."""
        names = {_name(resource) for resource in ours}
        rail_of = {
            address: resource["resourceName"]
            for resource in ours
            for address in resource["selectors"]["pciAddresses"]
        }
        found = []
        for foreign in self.resources:
            if _name(foreign) in names:
                continue
            for address in _addresses(foreign) & rail_of.keys():
                message = (
                    f"resource {_name(foreign)} of the base policy has {address}, which"
                    f" is {rail_of[address]}; a device goes to the first resource that"
                    " matches, so take it out there"
                )
                found.append(Finding(INVALID_BASE_POLICY, message, self.config_span))
        return found


def load(path: str) -> BasePolicy:
    """Read a policy.

    Raises:
        InputError: NK001, NK020, or NK406 with the place of what is wrong.
    """
    from ruamel.yaml import YAML  # noqa: PLC0415  only --base needs a typed reader
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415

    data = read_bytes(path)
    root = parse(data, path, marks=True)
    try:
        body = YAML(typ="safe", pure=True).load(data)
    except YAMLError as error:
        problem = getattr(error, "problem", None) or str(error)
        raise _invalid(path, f"is no manifest: {problem}") from error
    if not isinstance(body, dict) or body.get("kind") != "NicClusterPolicy":
        kind = body.get("kind") if isinstance(body, dict) else None
        raise _invalid(path, f"is no NicClusterPolicy but {kind or 'something else'}")
    if not isinstance(body.get("metadata"), dict):
        raise _invalid(path, "has no metadata")
    span = _config_span(root, path)
    return BasePolicy(path, body, tuple(_resources(body, span)), span)


def _resources(body: Mapping[str, Any], span: Span) -> list[dict[str, Any]]:
    spec = body.get("spec") or {}
    plugin = spec.get("sriovDevicePlugin") if isinstance(spec, dict) else None
    text = plugin.get("config") if isinstance(plugin, dict) else None
    if not text:
        return []
    try:
        config = json.loads(text)
    except (TypeError, ValueError) as error:
        message = (
            f"sriovDevicePlugin.config is no JSON ({error}): the plugin exits on it"
        )
        raise InputError(Finding(INVALID_BASE_POLICY, message, span)) from error
    resources = config.get("resourceList") if isinstance(config, dict) else None
    if not isinstance(resources, list) or not all(
        isinstance(r, dict) for r in resources
    ):
        message = "sriovDevicePlugin.config has no resourceList of objects"
        raise InputError(Finding(INVALID_BASE_POLICY, message, span))
    return resources


def _config_span(root: object, path: str) -> Span:
    node = root
    for key in ("spec", "sriovDevicePlugin", "config"):
        if not isinstance(node, MappingNode):
            return Span(path)
        values = dict(zip(node[0::2], node[1::2], strict=True))
        node = values.get(key)
    return span_of(node) or Span(path)


def _name(resource: Mapping[str, Any]) -> str:
    return str(resource.get("resourceName"))


def _addresses(resource: Mapping[str, Any]) -> set[str]:
    selectors = resource.get("selectors") or []
    listed = [selectors] if isinstance(selectors, dict) else selectors
    return {
        str(address)
        for selector in listed
        if isinstance(selector, dict)
        for address in selector.get("pciAddresses") or ()
    }


def _invalid(path: str, message: str) -> InputError:
    return InputError(Finding(INVALID_BASE_POLICY, message, Span(path)))
