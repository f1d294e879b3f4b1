"""The manifests of a run side by side, each kind as the rules look at it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from netplan2k8s.lint import attachments
from netplan2k8s.lint.attachments import Network
from netplan2k8s.lint.plugin_config import Policy, Resource, policy_of, standalone
from netplan2k8s.lint.templates import Template, templates_of
from netplan2k8s.manifests.reader import Document
from netplan2k8s.settings import Settings
from netplan2k8s.simulate.pool import Pool, Reading, read_pool

_POLICIES = ("NicClusterPolicy", "NicNodePolicy")


def labels_of(document: Document) -> dict[str, str]:
    """The labels of an object, also of one that no schema was asked about."""
    found = document.metadata.get("labels")
    labels = found.items() if isinstance(found, dict) else ()
    return {key: value for key, value in labels if isinstance(value, str)}


def is_patch(document: Document) -> bool:
    """A part of an object, for a merge patch: the rest is in the cluster."""
    return "/patches/" in f"/{document.path}"


class PoolView(NamedTuple):
    """A CIDRPool and what nv-ipam makes of it."""

    document: Document
    reading: Reading

    @property
    def pool(self) -> Pool | None:
        return self.reading.pool


@dataclass(frozen=True)
class Scene:
    """All documents of a run that are judged, and the settings they are judged by.

    ``broken`` are documents whose fields have not their types: known by name alone.
    ``configs`` are configurations of a device plugin that the operator does not run.
    """

    settings: Settings
    documents: Sequence[Document]
    broken: Sequence[Document] = ()
    others: Sequence[Document] = ()
    release: str = field(default="26.7")
    configs: Sequence[Document] = ()

    def of_kind(self, *kinds: str) -> Iterator[Document]:
        return (d for d in self.documents if d.kind in kinds)

    def names_of(self, kind: str) -> set[str]:
        """Names of a kind, those that cannot be read among them."""
        return {d.name for d in (*self.documents, *self.broken) if d.kind == kind}

    def has(self, kind: str) -> bool:
        return bool(self.names_of(kind))

    def has_broken(self, kind: str) -> bool:
        return any(document.kind == kind for document in self.broken)

    @cached_property
    def node_labels(self) -> dict[str, dict[str, str]]:
        """The labels of the nodes that Node objects tell of, by name."""
        return {d.name: labels_of(d) for d in self.others if d.kind == "Node"}

    @cached_property
    def pools(self) -> tuple[PoolView, ...]:
        return tuple(PoolView(d, read_pool(d.body)) for d in self.of_kind("CIDRPool"))

    @cached_property
    def pool_by_name(self) -> dict[str, PoolView]:
        return {view.document.name: view for view in self.pools}

    @cached_property
    def networks(self) -> tuple[Network, ...]:
        found = [
            attachments.of_host_device_network(d)
            for d in self.of_kind("HostDeviceNetwork")
        ]
        found += [
            attachments.of_definition(d)
            for d in self.of_kind("NetworkAttachmentDefinition")
        ]
        return tuple(found)

    @cached_property
    def network_by_name(self) -> dict[tuple[str, str], Network]:
        """Networks by namespace and name."""
        return {(network.namespace, network.name): network for network in self.networks}

    @cached_property
    def policies(self) -> tuple[Policy, ...]:
        found = (policy_of(document) for document in self.of_kind(*_POLICIES))
        return tuple(policy for policy in found if policy is not None)

    @cached_property
    def plugins(self) -> tuple[Policy, ...]:
        """All configurations of a device plugin, those without the operator too."""
        return (*self.policies, *(standalone(document) for document in self.configs))

    @property
    def has_unread_plugin(self) -> bool:
        """Whether a device plugin may offer more than what is known of it."""
        is_broken = any(self.has_broken(kind) for kind in _POLICIES)
        return is_broken or not all(plugin.is_read for plugin in self.plugins)

    @cached_property
    def resources(self) -> dict[str, list[Resource]]:
        """Device-plugin resources by full name, in the order of the configurations."""
        found: dict[str, list[Resource]] = defaultdict(list)
        for policy in self.plugins:
            for resource in policy.resources:
                found[resource.full_name].append(resource)
        return dict(found)

    @cached_property
    def rail_resources(self) -> frozenset[str]:
        """Resources that are rails: offered by a policy or named by a network."""
        named = {network.resource for network in self.networks if network.resource}
        return frozenset(named | self.resources.keys())

    @cached_property
    def templates(self) -> tuple[Template, ...]:
        """Pod templates that ask for rails, or are of a training job."""
        found: list[Template] = []
        for document in self.documents:
            found.extend(templates_of(document))
        return tuple(found)
