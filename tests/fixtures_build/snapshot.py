"""Writes fixtures/snapshot: what ``netplan2k8s snapshot`` says of a real API server.

    python -m tests.fixtures_build.snapshot

The four-rail fleet was applied, then one gateway was edited by hand; a pod runs on that
node, the policy has a section and a resource of others, one rail was there before, and a
node joined since. Nothing here decides what the fixture holds but the server and us.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

from netplan2k8s.addressing import format_address
from netplan2k8s.simulate.nv_ipam import allocate
from netplan2k8s.simulate.pool import read_pool
from netplan2k8s.simulate.selectors import Node
from tests.apiserver import servers
from tests.apiserver.harness import APPLY, ApiServer
from tests.conftest import FIXTURES

FLEET = FIXTURES / "four-rails" / "expected"
TARGET = FIXTURES / "snapshot" / "four-rails.yaml"
MERGE = "application/merge-patch+json"
EDITED = "worker-gpu-2"


def main() -> None:
    with ApiServer("1.36", servers.cache()) as server:
        server.install(servers.crds())
        server.create(servers.OPERATOR_NAMESPACE)
        fill(server)
        TARGET.parent.mkdir(exist_ok=True)
        command = [
            sys.executable,
            "-m",
            "netplan2k8s",
            "snapshot",
            "--force",
            "--no-config",
        ]
        command += ["-o", str(TARGET), "--kubeconfig", str(server.kubeconfig)]
        subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": "."})


def fill(server: ApiServer) -> None:
    pools = []
    for path in sorted((FLEET / "fabric").glob("*.yaml")):
        body = yaml.safe_load(path.read_text())
        apply(server, body)
        if body["kind"] == "CIDRPool":
            pools.append(body)
    apply(server, policy())
    old = dict(pools[0], metadata=dict(pools[0]["metadata"], name="rail-5"))
    old["spec"] = dict(old["spec"], cidr="172.24.0.0/15", staticAllocations=[])
    apply(server, old)
    edit(server, pools[1])
    names = [row["nodeName"] for row in pools[0]["spec"]["staticAllocations"]]
    for name in [*names, "worker-gpu-4"]:
        server.create(node(name, joined=name in names))
    for body in pools:
        allocations = list(allocated(server.get(body).body, [*names, "worker-gpu-4"]))
        patch(
            server,
            f"{server.path(body)}/status",
            {"status": {"allocations": allocations}},
        )
    pod(server, pools)


def allocated(body: dict, names: list[str]) -> Iterator[dict]:
    """The status that nv-ipam's controller writes."""
    pool = read_pool(body).pool
    for name, share in allocate(
        pool, [Node(name) for name in names]
    ).allocations.items():
        gateway = format_address(pool.cidr.family, share.gateway)
        yield {"nodeName": name, "prefix": share.text, "gateway": gateway}


def apply(server: ApiServer, body: dict) -> None:
    path = f"{server.path(body)}?fieldManager=kubectl"
    answer = server.request("PATCH", path, body, APPLY)
    assert answer.status in (200, 201), answer


def patch(server: ApiServer, path: str, part: dict) -> None:
    answer = server.request("PATCH", path, part, MERGE)
    assert answer.status == 200, answer


def policy() -> dict:
    """The policy that the fleet's patch made, over one that others wrote."""
    body = yaml.safe_load((FLEET / "patches" / "nicclusterpolicy.yaml").read_text())
    image = {
        "image": "nvidia-k8s-ipam",
        "repository": "nvcr.io/nvidia/mellanox",
        "version": "network-operator-v26.7.0",
    }
    body["spec"]["nvIpam"] = image
    section = body["spec"]["sriovDevicePlugin"]
    config = json.loads(section["config"])
    storage = {
        "resourcePrefix": "nvidia.com",
        "resourceName": "storage",
        "selectors": {"pciAddresses": ["0000:05:00.0"]},
    }
    config["resourceList"].insert(0, storage)
    section["config"] = json.dumps(config)
    return body


def edit(server: ApiServer, body: dict) -> None:
    """As kubectl edit: the leaf's address of one link is taken for the NIC's."""
    rows = [dict(row) for row in body["spec"]["staticAllocations"]]
    for row in rows:
        if row["nodeName"] == EDITED:
            row["gateway"] = row["prefix"].partition("/")[0]
    path = f"{server.path(body)}?fieldManager=kubectl-edit"
    patch(server, path, {"spec": {"staticAllocations": rows}})


def node(name: str, *, joined: bool) -> dict:
    offers = {"nvidia.com/gpu": "8", "cpu": "128"}
    offers |= {f"nvidia.com/rail-{n}": "1" for n in range(1, 5)} if joined else {}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
        "status": {"allocatable": offers},
    }


def pod(server: ApiServer, pools: list[dict]) -> None:
    rows = [
        next(r for r in body["spec"]["staticAllocations"] if r["nodeName"] == EDITED)
        for body in pools
    ]
    status = [
        {"name": "cbr0", "interface": "eth0", "ips": ["10.244.2.7"], "default": True}
    ]
    for number, row in enumerate(rows, 1):
        address = row["prefix"].partition("/")[0]
        status.append(
            {
                "name": f"default/rail-{number}",
                "interface": f"net{number}",
                "ips": [address],
            }
        )
    networks = ",".join(f"rail-{number}" for number in range(1, len(rows) + 1))
    annotations = {
        "k8s.v1.cni.cncf.io/networks": networks,
        "k8s.v1.cni.cncf.io/network-status": json.dumps(status),
    }
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "train-worker-1",
            "namespace": "default",
            "annotations": annotations,
        },
        "spec": {
            "nodeName": EDITED,
            "containers": [
                {
                    "name": "pytorch",
                    "image": "none",
                    "env": [{"name": "TOKEN", "value": "secret"}],
                }
            ],
        },
    }
    server.create(body)
    patch(server, f"{server.path(body)}/status", {"status": {"phase": "Running"}})


if __name__ == "__main__":
    assert Path("netplan2k8s").is_dir(), "run it at the top of the project"
    main()
