"""HostDeviceNetwork, and the NetworkAttachmentDefinition the operator makes of it.

Source: network-operator, manifests/state-hostdevice-network: one attachment
definition per network, CNI 0.3.1, type host-device, the ipam text as it stands; the
resource name gets the prefix nvidia.com/ where it has none.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from netplan2k8s.catalogue import MISSING_FIELD_IN_RELEASE
from netplan2k8s.emitters.releases import release
from netplan2k8s.fabric.plan import FabricPlan, Rail
from netplan2k8s.findings import Finding, Span
from netplan2k8s.labels import LABELS
from netplan2k8s.manifests.document import Manifest
from netplan2k8s.settings import Settings
from netplan2k8s.simulate.operator import (
    CNI_VERSION,
    RESOURCE_ANNOTATION,
    RESOURCE_PREFIX,
)


def emit(plan: FabricPlan, settings: Settings) -> Iterator[Manifest]:
    if settings.network_kind == "nad":
        for rail in plan.rails:
            path = f"fabric/30-networkattachmentdefinition-{rail.name}.yaml"
            yield Manifest(path, _attachment_definition(rail, settings))
    else:
        for rail in plan.rails:
            yield Manifest(_path(rail), _host_device_network(rail, settings))


def findings(plan: FabricPlan, settings: Settings) -> Iterator[Finding]:
    """NK405 where the release's HostDeviceNetwork cannot chain plugins."""
    if not settings.meta_plugins or settings.network_kind == "nad":
        return
    if not release(settings).has_meta_plugins and plan.rails:
        message = (
            f"HostDeviceNetwork of release {settings.operator_release} has no"
            f" metaPlugins for {', '.join(settings.meta_plugins)}; network_kind: nad"
            " writes the attachment definitions themselves"
        )
        yield Finding(MISSING_FIELD_IN_RELEASE, message, Span(_path(plan.rails[0])))


def _path(rail: Rail) -> str:
    return f"fabric/30-hostdevicenetwork-{rail.name}.yaml"


def _ipam(rail: Rail) -> dict[str, str]:
    """PoolType is always written: without it the name is looked up as an IPPool."""
    return {"type": "nv-ipam", "poolName": rail.name, "poolType": "cidrpool"}


def _host_device_network(rail: Rail, settings: Settings) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "networkNamespace": settings.network_namespace,
        "resourceName": rail.resource_name,
        "ipam": json.dumps(_ipam(rail)),
    }
    if settings.meta_plugins:
        plugins = [json.dumps({"type": name}) for name in settings.meta_plugins]
        spec["metaPlugins"] = ", ".join(plugins)
    return {
        "apiVersion": "mellanox.com/v1alpha1",
        "kind": "HostDeviceNetwork",
        "metadata": {"name": rail.name, "labels": dict(LABELS)},
        "spec": spec,
    }


def _attachment_definition(rail: Rail, settings: Settings) -> dict[str, Any]:
    device = {"type": "host-device", "ipam": _ipam(rail)}
    head = {"cniVersion": CNI_VERSION, "name": rail.name}
    plugins = [{"type": name} for name in settings.meta_plugins]
    config = {**head, "plugins": [device, *plugins]} if plugins else {**head, **device}
    resource = f"{RESOURCE_PREFIX}/{rail.resource_name}"
    return {
        "apiVersion": "k8s.cni.cncf.io/v1",
        "kind": "NetworkAttachmentDefinition",
        "metadata": {
            "name": rail.name,
            "namespace": settings.network_namespace,
            "labels": dict(LABELS),
            "annotations": {RESOURCE_ANNOTATION: resource},
        },
        "spec": {"config": json.dumps(config)},
    }


class NetworkFacts(NamedTuple):
    """What a network says: the resource with its prefix, the pool and its type."""

    name: str
    resource: str
    pool_name: str
    pool_type: str


def read_back(body: Mapping[str, Any]) -> NetworkFacts:
    """The inverse of ``emit`` for either kind."""
    name = body["metadata"]["name"]
    if body["kind"] == "HostDeviceNetwork":
        resource = f"{RESOURCE_PREFIX}/{body['spec']['resourceName']}"
        ipam = json.loads(body["spec"]["ipam"])
    else:
        resource = body["metadata"]["annotations"][RESOURCE_ANNOTATION]
        config = json.loads(body["spec"]["config"])
        ipam = config.get("plugins", [config])[0]["ipam"]
    return NetworkFacts(name, resource, ipam["poolName"], ipam["poolType"])
