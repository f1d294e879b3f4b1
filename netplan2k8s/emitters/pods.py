"""What the pods of all our jobs have in common: networks, resources, environment."""

from __future__ import annotations

from collections import Counter
from typing import Any

from netplan2k8s.catalogue import MEMORY_LOCK, SHARED_DESTINATION
from netplan2k8s.fabric.plan import FabricPlan
from netplan2k8s.labels import IGNORE
from netplan2k8s.settings import Settings
from netplan2k8s.simulate.operator import RESOURCE_PREFIX

NETWORKS_ANNOTATION = "k8s.v1.cni.cncf.io/networks"


def complete_nodes(plan: FabricPlan) -> tuple[str, ...]:
    """Nodes that have every rail, in the plan's order: each takes one pod."""
    if not plan.rails:
        return ()
    if all(len(rail.attachments) == len(plan.node_names) for rail in plan.rails):
        return plan.node_names
    names = [{a.node_name for a in rail.attachments} for rail in plan.rails]
    complete = set.intersection(*names)
    return tuple(name for name in plan.node_names if name in complete)


def interfaces(plan: FabricPlan) -> list[str]:
    """The names that Multus gives a pod's rails, in their order."""
    return [f"net{number}" for number in range(1, len(plan.rails) + 1)]


def rail_networks(plan: FabricPlan, settings: Settings) -> dict[str, str]:
    """The rails in their order, so that all pods have them under the same names."""
    names = [_network(rail.name, settings) for rail in plan.rails]
    return {NETWORKS_ANNOTATION: ", ".join(names)}


def _network(name: str, settings: Settings) -> str:
    if settings.network_namespace == settings.job.namespace:
        return name
    return f"{settings.network_namespace}/{name}"


def rail_limits(plan: FabricPlan) -> dict[str, Any]:
    """One of every rail, without which host-device has no device."""
    return {f"{RESOURCE_PREFIX}/{rail.resource_name}": 1 for rail in plan.rails}


def metadata(name: str, settings: Settings, labels: dict[str, str]) -> dict[str, Any]:
    return {"name": name, "namespace": settings.job.namespace, "labels": dict(labels)}


def unsaid(plan: FabricPlan, settings: Settings, reason: str) -> dict[str, str]:
    """What lint need not say of a job that only tests, as an annotation."""
    codes = [MEMORY_LOCK.code]
    routes = Counter(route for rail in plan.rails for route in rail.routes)
    is_shared = max(routes.values(), default=0) > 1
    if is_shared and "sbr" not in settings.meta_plugins:
        codes.insert(0, SHARED_DESTINATION.code)
    return {IGNORE: f"{','.join(codes)} {reason}"}


def rank_template(
    plan: FabricPlan, settings: Settings, container: dict[str, Any]
) -> dict[str, Any]:
    """The pod template of a job's ranks around their container."""
    return {
        "metadata": {"annotations": rail_networks(plan, settings)},
        "spec": {
            "containers": [container],
            "volumes": [
                {
                    "name": "shared-memory",
                    "emptyDir": {
                        "medium": "Memory",
                        "sizeLimit": settings.job.shared_memory,
                    },
                }
            ],
        },
    }


def rank_container(
    plan: FabricPlan,
    settings: Settings,
    name: str,
    image: str,
    command: list[str],
) -> dict[str, Any]:
    """A container with all rails and GPUs; rendezvous on eth0, data on the rails."""
    limits = rail_limits(plan)
    if settings.job.gpus_per_node:
        limits["nvidia.com/gpu"] = settings.job.gpus_per_node
    container: dict[str, Any] = {"name": name, "image": image}
    if command:
        container["command"] = command
    container["env"] = [
        {"name": "NCCL_SOCKET_IFNAME", "value": "eth0"},
        {"name": "GLOO_SOCKET_IFNAME", "value": "eth0"},
        {"name": "NCCL_DEBUG", "value": "INFO"},
    ]
    container["resources"] = {"limits": limits}
    if settings.job.ipc_lock:
        container["securityContext"] = {"capabilities": {"add": ["IPC_LOCK"]}}
    container["volumeMounts"] = [{"name": "shared-memory", "mountPath": "/dev/shm"}]  # noqa: S108
    return container
