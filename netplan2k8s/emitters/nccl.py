"""NCCL all-reduce over all rails and GPUs, as a PyTorchJob and as an MPIJob.

Source: NCCL's environment variables (NCCL_IB_HCA with = for exact names, NCCL_CROSS_NIC
0 where rails are apart); kubeflow mpi-operator v2beta1: the launcher starts mpirun, a
worker without a command runs sshd.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from netplan2k8s.emitters import pods, pytorch_job
from netplan2k8s.fabric.plan import FabricPlan
from netplan2k8s.labels import LABELS
from netplan2k8s.manifests.document import Manifest
from netplan2k8s.settings import Settings

NAME = "nccl-all-reduce"
_ALIKE = "it runs as the training job does, of which it is said"
_DIRECTORY = "verify/nccl"
_TEST = "/opt/nccl-tests/build/all_reduce_perf -b 8 -e 8G -f 2 -g 1 -c 1"


def emit(plan: FabricPlan, settings: Settings) -> Iterator[Manifest]:
    if pods.complete_nodes(plan) and settings.job.gpus_per_node:
        launch = pytorch_job.launch(_rails_of_pod(plan))
        body = pytorch_job.job(plan, settings, NAME, ["bash", "-ec", launch])
        body["metadata"]["annotations"] = pods.unsaid(plan, settings, _ALIKE)
        yield Manifest(f"{_DIRECTORY}/pytorchjob.yaml", body)
        yield Manifest(f"{_DIRECTORY}/mpijob.yaml", _mpi_job(plan, settings))


def _rails_of_pod(plan: FabricPlan) -> str:
    """Shell that hands NCCL the rails' RDMA devices, in the order of the rails.

    Their names are the host's, and known in the pod alone.
    """
    names = " ".join(pods.interfaces(plan))
    return (
        "hca=\n"
        f"for rail in {names}; do\n"
        "  for device in /sys/class/net/$rail/device/infiniband/*; do\n"
        '    [ -e "$device" ] || { echo "$rail has no RDMA device" >&2; exit 1; }\n'
        '    hca="$hca,${device##*/}"\n'
        "  done\n"
        "done\n"
        'export NCCL_IB_HCA="=${hca#,}" NCCL_CROSS_NIC=0\n'
    )


def _mpi_job(plan: FabricPlan, settings: Settings) -> dict[str, Any]:
    nodes = len(pods.complete_nodes(plan))
    image = settings.job.mpi_image
    worker = pods.rank_container(plan, settings, "worker", image, [])
    return {
        "apiVersion": "kubeflow.org/v2beta1",
        "kind": "MPIJob",
        "metadata": {
            **pods.metadata(NAME, settings, LABELS),
            "annotations": pods.unsaid(plan, settings, _ALIKE),
        },
        "spec": {
            "slotsPerWorker": settings.job.gpus_per_node,
            "launcherCreationPolicy": "WaitForWorkersReady",
            "runPolicy": {"cleanPodPolicy": "Running"},
            "mpiReplicaSpecs": {
                "Launcher": {
                    "replicas": 1,
                    "restartPolicy": "Never",
                    "template": {
                        "spec": {"containers": [_launcher(plan, settings, nodes)]}
                    },
                },
                "Worker": {
                    "replicas": nodes,
                    "restartPolicy": "Never",
                    "template": pods.rank_template(plan, settings, worker),
                },
            },
        },
    }


def _launcher(plan: FabricPlan, settings: Settings, nodes: int) -> dict[str, Any]:
    """Starts a rank for each GPU; each finds the rails of its own pod."""
    ranks = nodes * settings.job.gpus_per_node
    script = (
        "cat > /tmp/rank.sh <<'RANK'\n"
        f"{_rails_of_pod(plan)}"
        f"exec {_TEST}\n"
        "RANK\n"
        f"exec mpirun --allow-run-as-root -np {ranks} --bind-to none --map-by slot"
        " --mca pml ob1 --mca btl tcp,self"
        " --mca btl_tcp_if_include eth0 --mca oob_tcp_if_include eth0"
        " -x NCCL_SOCKET_IFNAME=eth0 -x NCCL_DEBUG=INFO"
        ' bash -ec "$(cat /tmp/rank.sh)"\n'
    )
    return {
        "name": "launcher",
        "image": settings.job.mpi_image,
        "command": ["bash", "-ec", script],
    }
