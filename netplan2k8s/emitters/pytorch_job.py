"""PyTorchJob: the training job that takes all rails of every node, unprivileged.

Source: kubeflow trainer v1.9, the PyTorchJob webhook (Master replicas written as 1,
container ``pytorch``, an image) and controller (nprocPerNode is text).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from netplan2k8s.catalogue import INVALID_NAME, MEMORY_LOCK
from netplan2k8s.emitters.labels import LABELS
from netplan2k8s.fabric.plan import FabricPlan
from netplan2k8s.findings import Finding, Span
from netplan2k8s.manifests.document import Manifest
from netplan2k8s.settings import Settings
from netplan2k8s.simulate.operator import RESOURCE_PREFIX

PATH = "workloads/pytorchjob.yaml"
_MAX_POD_NAME = 63

_SCRIPT = """\
import os
import time
import torch
import torch.distributed as dist

local_rank = int(os.environ["LOCAL_RANK"])
torch.cuda.set_device(local_rank)
dist.init_process_group("nccl")
rank, world = dist.get_rank(), dist.get_world_size()
count = 256 * 1024 * 1024
values = torch.full((count,), float(rank + 1), device="cuda")
dist.all_reduce(values)
expected = world * (world + 1) / 2
if not torch.all(values == expected):
    raise SystemExit(f"rank {rank}: sum is not {expected}: all-reduce is wrong")
rounds = 20
for _ in range(5):
    dist.all_reduce(values)
torch.cuda.synchronize()
started = time.perf_counter()
for _ in range(rounds):
    dist.all_reduce(values)
torch.cuda.synchronize()
seconds = (time.perf_counter() - started) / rounds
bandwidth = values.nbytes / seconds * 2 * (world - 1) / world / 1e9
if rank == 0:
    print(f"all-reduce over {world} GPUs: {bandwidth:.1f} GB/s bus bandwidth")
dist.destroy_process_group()
"""


def emit(plan: FabricPlan, settings: Settings) -> Iterator[Manifest]:
    nodes = _complete_nodes(plan)
    if not nodes:
        return
    template = _template(plan, settings)
    replicas = {"Master": {"replicas": 1} | template}
    if nodes > 1:
        replicas["Worker"] = {"replicas": nodes - 1} | template
    body = {
        "apiVersion": "kubeflow.org/v1",
        "kind": "PyTorchJob",
        "metadata": {
            "name": settings.job.name,
            "namespace": settings.job.namespace,
            "labels": dict(LABELS),
        },
        "spec": {
            "nprocPerNode": str(settings.job.gpus_per_node or 1),
            "pytorchReplicaSpecs": replicas,
        },
    }
    yield Manifest(PATH, body)


def findings(plan: FabricPlan, settings: Settings) -> Iterator[Finding]:
    """NK403 on locked memory, NK404 where a pod's name would grow too long."""
    nodes = _complete_nodes(plan)
    last = f"worker-{nodes - 2}" if nodes > 1 else "master-0"
    name = f"{settings.job.name}-{last}"
    if nodes and len(name) > _MAX_POD_NAME:
        message = f"pod name {name} has over {_MAX_POD_NAME} characters"
        yield Finding(INVALID_NAME, message, Span(PATH))
    if settings.job.ipc_lock:
        message = (
            "the pods add IPC_LOCK to lock memory for RDMA: their namespace needs the"
            " pod-security level privileged, and the containers run as root"
        )
    else:
        message = (
            "the pods add no IPC_LOCK to lock memory for RDMA: the container runtime"
            " must give them LimitMEMLOCK=infinity; job: {ipc_lock: true} adds it"
        )
    yield Finding(MEMORY_LOCK, message, Span(PATH))


def _complete_nodes(plan: FabricPlan) -> int:
    """Nodes that have every rail: each takes one pod."""
    if not plan.rails:
        return 0
    names = [{a.node_name for a in rail.attachments} for rail in plan.rails]
    return len(set.intersection(*names))


def _template(plan: FabricPlan, settings: Settings) -> dict[str, Any]:
    annotation = ", ".join(_network(rail.name, settings) for rail in plan.rails)
    return {
        "restartPolicy": "Never",
        "template": {
            "metadata": {"annotations": {"k8s.v1.cni.cncf.io/networks": annotation}},
            "spec": {
                "containers": [_container(plan, settings)],
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
        },
    }


def _network(name: str, settings: Settings) -> str:
    if settings.network_namespace == settings.job.namespace:
        return name
    return f"{settings.network_namespace}/{name}"


def _container(plan: FabricPlan, settings: Settings) -> dict[str, Any]:
    job = settings.job
    limits: dict[str, Any] = {
        f"{RESOURCE_PREFIX}/{rail.resource_name}": 1 for rail in plan.rails
    }
    if job.gpus_per_node:
        limits["nvidia.com/gpu"] = job.gpus_per_node
    container: dict[str, Any] = {"name": "pytorch", "image": job.image}
    container["command"] = list(job.command) or ["bash", "-ec", _launch()]
    # Rendezvous and bootstrap use the cluster network, data the rails.
    container["env"] = [
        {"name": "NCCL_SOCKET_IFNAME", "value": "eth0"},
        {"name": "GLOO_SOCKET_IFNAME", "value": "eth0"},
        {"name": "NCCL_DEBUG", "value": "INFO"},
    ]
    container["resources"] = {"limits": limits}
    if job.ipc_lock:
        container["securityContext"] = {"capabilities": {"add": ["IPC_LOCK"]}}
    container["volumeMounts"] = [{"name": "shared-memory", "mountPath": "/dev/shm"}]  # noqa: S108
    return container


def _launch() -> str:
    """Torchrun with the addresses the controller puts into the environment."""
    return (
        "cat > /tmp/all_reduce.py <<'PYTHON'\n"
        f"{_SCRIPT}"
        "PYTHON\n"
        "exec torchrun"
        ' --nnodes="$PET_NNODES"'
        ' --nproc-per-node="$PET_NPROC_PER_NODE"'
        ' --node-rank="$PET_NODE_RANK"'
        ' --master-addr="$PET_MASTER_ADDR"'
        ' --master-port="$PET_MASTER_PORT"'
        " /tmp/all_reduce.py\n"
    )
