"""The NicClusterPolicy a cluster has, as ``kubectl get -o yaml`` prints it."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from netplan2k8s.catalogue import INVALID_BASE_POLICY
from netplan2k8s.emitters.device_plugin import config_text
from netplan2k8s.emitters.rivals import rivals
from netplan2k8s.findings import Finding, InputError, Span
from netplan2k8s.inputs import read_bytes
from netplan2k8s.labels import LABELS
from netplan2k8s.manifests.json_text import JsonError, JsonText
from netplan2k8s.manifests.places import EMBEDDED, Offset, Places
from netplan2k8s.manifests.reader import Document, Pointer, read_documents
from netplan2k8s.manifests.stored import as_written
from netplan2k8s.simulate.device_plugin import full_name, value_of
from netplan2k8s.simulate.operator import POLICY_NAME

API_VERSION = "mellanox.com/v1alpha1"
KIND = "NicClusterPolicy"
_CONFIG: Pointer = ("spec", "sriovDevicePlugin", "config")
_MAPPINGS: tuple[Pointer, ...] = (
    ("metadata",),
    ("metadata", "labels"),
    ("metadata", "annotations"),
    ("spec",),
    ("spec", "sriovDevicePlugin"),
)


@dataclass(frozen=True, slots=True)
class BasePolicy:
    """A policy to merge into: foreign sections and resources stay as they are."""

    document: Document
    resources: tuple[Mapping[str, Any], ...]

    @property
    def path(self) -> str:
        return self.document.path

    def merged(
        self, ours: Sequence[Mapping[str, Any]], section: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The complete policy with our resources in place of those of their names."""
        body = copy.deepcopy(as_written(self.document.body))
        metadata = body["metadata"]
        metadata["labels"] = {**(metadata.get("labels") or {}), **LABELS}
        foreign = [resource for _, resource in self._foreign(ours)]
        spec = dict(body.get("spec") or {})
        plugin = dict(section) | dict(spec.get("sriovDevicePlugin") or {})
        plugin["config"] = config_text([*foreign, *ours])
        spec["sriovDevicePlugin"] = plugin
        body["spec"] = spec
        return body

    def findings(self, ours: Sequence[Mapping[str, Any]]) -> list[Finding]:
        """NK406 where a foreign resource would take a rail's NIC, as the first does."""
        nics = {
            address: resource["resourceName"]
            for resource in ours
            for address in resource["selectors"]["pciAddresses"]
        }
        places = Places()
        found = []
        for number, foreign in self._foreign(ours):
            where = (*_CONFIG, EMBEDDED, "resourceList", number)
            for rival in rivals(foreign, nics):
                rule = INVALID_BASE_POLICY
                if rival.severity is not None:
                    rule = rule.as_severe_as(rival.severity)
                span = places.span(self.document, (*where, *rival.steps))
                found.append(Finding(rule, rival.message, span))
        return found

    def _foreign(
        self, ours: Sequence[Mapping[str, Any]]
    ) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """The resources that stay, in front of ours, with their numbers."""
        names = {full_name(resource) for resource in ours}
        for number, resource in enumerate(self.resources):
            if full_name(resource) not in names:
                yield number, resource


def load(path: str) -> BasePolicy:
    """Read a policy, or a List of one.

    Raises:
        InputError: NK001 or NK02x for what is no YAML, NK406 with the place of what is
            wrong.
    """
    findings: list[Finding] = []
    documents = read_documents(read_bytes(path), path, findings)
    if findings:
        raise InputError(*findings)
    if len(documents) != 1:
        message = (
            f"holds {len(documents)} objects and not one; kubectl get nicclusterpolicy"
            f" {POLICY_NAME} -o yaml prints the policy"
        )
        raise InputError(Finding(INVALID_BASE_POLICY, message, Span(path)))
    document = documents[0]
    _check_identity(document)
    _check_types(document)
    return BasePolicy(document, tuple(_resources(document)))


def _check_identity(document: Document) -> None:
    if document.kind != KIND:
        what = document.kind or "something else"
        raise _invalid(document, ("kind",), f"is no {KIND} but {what}")
    if document.api_version != API_VERSION:
        message = (
            f"apiVersion {document.api_version!r} has no {KIND}; {API_VERSION} has"
        )
        raise _invalid(document, ("apiVersion",), message)
    if not isinstance(document.body.get("metadata"), dict):
        raise _invalid(document, (), "has no metadata")
    if document.name != POLICY_NAME:
        message = (
            f"the operator ignores {KIND} {document.name!r}; its own is {POLICY_NAME}"
        )
        raise _invalid(document, ("metadata", "name"), message)


def _check_types(document: Document) -> None:
    """What is changed must be mappings, and all the rest be writable."""
    for pointer in _MAPPINGS:
        value: Any = document.body
        for step in pointer:
            value = (value or {}).get(step)
        if value is not None and not isinstance(value, dict):
            message = f"{'.'.join(map(str, pointer))} must be a mapping"
            raise _invalid(document, pointer, message)
    for pointer, value in _leaves(document.body, ()):
        if isinstance(value, float):
            message = f"{value} is no number that a {KIND} can have; put it in quotes"
            raise _invalid(document, pointer, message)


def _leaves(value: Any, pointer: Pointer) -> Iterator[tuple[Pointer, Any]]:  # noqa: ANN401  any JSON value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*pointer, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _leaves(inner, (*pointer, number))
    else:
        yield pointer, value


def _resources(document: Document) -> list[dict[str, Any]]:
    """The resources that are in the policy's configuration."""
    text = (document.spec.get("sriovDevicePlugin") or {}).get("config")
    if text is None or text == "":
        return []
    if not isinstance(text, str):
        raise _invalid(document, _CONFIG, "sriovDevicePlugin.config must be text")
    try:
        config = JsonText(text).value()
    except JsonError as error:
        message = (
            f"sriovDevicePlugin.config is no JSON ({error.message}): the plugin exits"
            " on it"
        )
        where = (*_CONFIG, Offset(error.offset))
        raise _invalid(document, where, message) from error
    listed = value_of(config, "resourceList") if isinstance(config, dict) else None
    if not isinstance(listed, list) or not all(isinstance(r, dict) for r in listed):
        message = "sriovDevicePlugin.config has no resourceList of objects"
        raise _invalid(document, _CONFIG, message)
    for number, resource in enumerate(listed):
        for key in ("resourceName", "resourcePrefix", "deviceType"):
            value = value_of(resource, key)
            if value is not None and not isinstance(value, str):
                message = f"{key} must be text: the plugin exits on it"
                where = (*_CONFIG, EMBEDDED, "resourceList", number, key)
                raise _invalid(document, where, message)
    return listed


def _invalid(document: Document, pointer: Pointer, message: str) -> InputError:
    span = Places().span(document, pointer)
    return InputError(Finding(INVALID_BASE_POLICY, message, span))
