"""NicClusterPolicy: the rails' resources in the one device-plugin configuration.

There is one policy per cluster and it is usually there already, so that by default
only a merge patch is written; ``--base`` merges into the policy that is there, and
``--policy full`` writes one for a new cluster.
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from netplan2k8s import catalogue
from netplan2k8s.emitters.base_policy import API_VERSION, KIND, BasePolicy
from netplan2k8s.emitters.device_plugin import Resource, config_text
from netplan2k8s.emitters.releases import image, release
from netplan2k8s.fabric.plan import FabricPlan, Rail
from netplan2k8s.findings import Finding, Span
from netplan2k8s.labels import LABELS, TOLERATION
from netplan2k8s.manifests.document import Manifest
from netplan2k8s.naming import is_node_name
from netplan2k8s.settings import SETTINGS_FILE, NodeGroup, Settings
from netplan2k8s.simulate.operator import (
    MAX_NODE_POLICY_NAME,
    POLICY_NAME,
    RESOURCE_PREFIX,
)

PATCH_PATH = "patches/nicclusterpolicy.yaml"
FABRIC_PATH = "fabric/10-nicclusterpolicy.yaml"


def emit(
    plan: FabricPlan, settings: Settings, base: BasePolicy | None = None
) -> Iterator[Manifest]:
    if settings.node_groups:
        if settings.policy == "full":
            yield Manifest(FABRIC_PATH, _policy(_other_sections(settings)))
        for group in settings.node_groups:
            yield Manifest(_group_path(group), _node_policy(plan, settings, group))
        return
    ours = resources(plan)
    if base is not None:
        yield Manifest(FABRIC_PATH, base.merged(ours, _section(settings)))
        return
    section = {"sriovDevicePlugin": _section(settings) | _config(ours)}
    if settings.policy == "full":
        yield Manifest(FABRIC_PATH, _policy(section | _other_sections(settings)))
    else:
        yield Manifest(PATCH_PATH, _policy(section))


def findings(plan: FabricPlan, settings: Settings) -> Iterator[Finding]:
    """NK405, NK404 and NK008 for node groups that could not be applied or found."""
    groups = settings.node_groups
    if groups and not release(settings).has_node_policy:
        message = (
            f"node_groups need NicNodePolicy, which {settings.operator_release} lacks;"
            " operator_release 26.4 and later have it"
        )
        span = Span(_group_path(groups[0]))
        yield Finding(catalogue.MISSING_FIELD_IN_RELEASE, message, span)
    for group in groups:
        if len(group.name) > MAX_NODE_POLICY_NAME or not is_node_name(group.name):
            message = (
                f"node group {group.name!r} names a NicNodePolicy: lower-case letters,"
                f" digits, '-' and '.', at most {MAX_NODE_POLICY_NAME} characters"
            )
            yield Finding(catalogue.INVALID_NAME, message, Span(_group_path(group)))
    yield from _unusable_groups(plan, groups)


def _unusable_groups(
    plan: FabricPlan, groups: Sequence[NodeGroup]
) -> Iterator[Finding]:
    names = [group.name for group in groups]
    for name in sorted({name for name in names if names.count(name) > 1}):
        message = f"node_groups has {name} twice; each group is a NicNodePolicy"
        yield Finding(catalogue.INVALID_SETTINGS, message, Span(SETTINGS_FILE))
    ungrouped = [n for n in plan.node_names if not _holds_any(groups, n)]
    if groups and ungrouped:
        others = len(ungrouped) - 1
        more = f" and {others} more are" if others else " is"
        message = (
            f"node {ungrouped[0]}{more} in no group of node_groups, so that nobody"
            " would offer the rails there"
        )
        span = Span(SETTINGS_FILE)
        yield Finding(catalogue.INVALID_SETTINGS, message, span, node=ungrouped[0])


def base_findings(
    plan: FabricPlan, settings: Settings, base: BasePolicy
) -> Iterator[Finding]:
    """NK406 for a policy that cannot take the rails."""
    if settings.node_groups:
        message = (
            "node_groups put the rails into NicNodePolicies, and the operator takes"
            " sriovDevicePlugin from these or from the NicClusterPolicy: leave out"
            " --base, or node_groups"
        )
        yield Finding(catalogue.INVALID_BASE_POLICY, message, Span(base.path))
    else:
        yield from base.findings(resources(plan))


def resources(plan: FabricPlan) -> list[Resource]:
    """The rails' resources for all hosts alike, in order of number."""
    return [_resource(rail, rail.pci_addresses) for rail in plan.rails]


def _resource(rail: Rail, addresses: Sequence[str]) -> Resource:
    """A physical function is selected by pciAddresses alone; pfNames match none."""
    return {
        "resourcePrefix": RESOURCE_PREFIX,
        "resourceName": rail.resource_name,
        "selectors": {"isRdma": True, "pciAddresses": list(addresses)},
    }


def _group_path(group: NodeGroup) -> str:
    return f"fabric/11-nicnodepolicy-{group.name}.yaml"


def _section(settings: Settings) -> dict[str, Any]:
    return image("sriovDevicePlugin", settings)


def _config(listed: Sequence[Resource]) -> dict[str, str]:
    return {"config": config_text(listed)}


def _other_sections(settings: Settings) -> dict[str, Any]:
    return {
        "tolerations": [dict(TOLERATION)],
        "nvIpam": image("nvIpam", settings) | {"enableWebhook": False},
        "secondaryNetwork": {
            "multus": image("multus", settings),
            "cniPlugins": image("cniPlugins", settings),
        },
    }


def _policy(spec: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"name": POLICY_NAME, "labels": dict(LABELS)},
        "spec": dict(spec),
    }


def _node_policy(
    plan: FabricPlan, settings: Settings, group: NodeGroup
) -> dict[str, Any]:
    listed = []
    for rail in plan.rails:
        addresses = sorted(
            {
                attachment.pci_address
                for attachment in rail.attachments
                if attachment.pci_address
                and _first_group(settings.node_groups, attachment.node_name) is group
            }
        )
        if addresses:
            listed.append(_resource(rail, addresses))
    return {
        "apiVersion": API_VERSION,
        "kind": "NicNodePolicy",
        "metadata": {"name": group.name, "labels": dict(LABELS)},
        "spec": {
            "nodeSelector": dict(group.node_selector),
            "tolerations": [dict(TOLERATION)],
            "sriovDevicePlugin": _section(settings) | _config(listed),
        },
    }


def _first_group(groups: Sequence[NodeGroup], node: str) -> NodeGroup | None:
    for group in groups:
        if any(fnmatch.fnmatchcase(node, glob) for glob in group.nodes):
            return group
    return None


def _holds_any(groups: Sequence[NodeGroup], node: str) -> bool:
    return _first_group(groups, node) is not None


def read_back(body: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Resource name with prefix → PCI addresses, in the order of the list."""
    config = json.loads(body["spec"]["sriovDevicePlugin"]["config"])
    return {
        f"{resource['resourcePrefix']}/{resource['resourceName']}": tuple(
            resource["selectors"]["pciAddresses"]
        )
        for resource in config["resourceList"]
    }
