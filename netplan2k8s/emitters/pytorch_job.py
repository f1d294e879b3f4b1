"""PyTorchJob: the training job that takes all rails of every node, unprivileged.

Source: kubeflow trainer v1.9, the PyTorchJob webhook (Master replicas written as 1,
container ``pytorch``, an image) and controller (nprocPerNode is text).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from netplan2k8s.catalogue import INVALID_NAME, MEMORY_LOCK
from netplan2k8s.emitters import pods
from netplan2k8s.fabric.plan import FabricPlan
from netplan2k8s.findings import Finding, Span
from netplan2k8s.labels import LABELS
from netplan2k8s.manifests.document import Manifest
from netplan2k8s.settings import Settings

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
    command = list(settings.job.command) or ["bash", "-ec", launch()]
    if pods.complete_nodes(plan):
        yield Manifest(PATH, job(plan, settings, settings.job.name, command))


def job(
    plan: FabricPlan, settings: Settings, name: str, command: list[str]
) -> dict[str, Any]:
    """A PyTorchJob on every node that has all rails."""
    container = pods.rank_container(
        plan, settings, "pytorch", settings.job.image, command
    )
    template = {
        "restartPolicy": "Never",
        "template": pods.rank_template(plan, settings, container),
    }
    replicas = {"Master": {"replicas": 1} | template}
    nodes = len(pods.complete_nodes(plan))
    if nodes > 1:
        replicas["Worker"] = {"replicas": nodes - 1} | template
    return {
        "apiVersion": "kubeflow.org/v1",
        "kind": "PyTorchJob",
        "metadata": pods.metadata(name, settings, LABELS),
        "spec": {
            "nprocPerNode": str(settings.job.gpus_per_node or 1),
            "pytorchReplicaSpecs": replicas,
        },
    }


def findings(plan: FabricPlan, settings: Settings) -> Iterator[Finding]:
    """NK403 on locked memory, NK404 where a pod's name would grow too long."""
    nodes = len(pods.complete_nodes(plan))
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


def launch(prelude: str = "") -> str:
    """Torchrun with the addresses the controller puts into the environment."""
    return (
        f"{prelude}"
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
