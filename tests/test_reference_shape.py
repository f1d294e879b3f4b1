"""The reference deployment, as its owner described it: written out, not computed."""

from __future__ import annotations

import json

import pytest
import yaml

from tests.conftest import FIXTURES

EXPECTED = FIXTURES / "reference" / "expected"
PCI = (
    "0000:7a:00.0",
    "0000:83:00.0",
    "0000:9b:00.0",
    "0000:ad:00.0",
    "0000:c6:00.0",
    "0000:df:00.0",
    "0000:1a:00.0",
    "0000:42:00.0",
)


def load(path: str) -> dict:
    return yaml.safe_load((EXPECTED / path).read_text())


def test_pool_of_rail_1():
    body = load("fabric/20-cidrpool-rail-1.yaml")
    allocations = body["spec"].pop("staticAllocations")
    assert body == {
        "apiVersion": "nv-ipam.nvidia.com/v1alpha1",
        "kind": "CIDRPool",
        "metadata": {
            "name": "rail-1",
            "namespace": "nvidia-network-operator",
            "labels": {"app.kubernetes.io/managed-by": "netplan2k8s"},
        },
        "spec": {
            "cidr": "172.16.0.0/15",
            "gatewayIndex": 0,
            "perNodeNetworkPrefix": 31,
            "perNodeExclusions": [{"startIndex": 1, "endIndex": 1}],
            "routes": [{"dst": "172.16.0.0/15"}, {"dst": "172.16.0.0/12"}],
        },
    }
    assert len(allocations) == 64
    assert allocations[0] == {
        "gateway": "172.16.0.1",
        "nodeName": "worker-gpu-0",
        "prefix": "172.16.0.0/31",
    }
    assert allocations[63] == {
        "gateway": "172.16.1.63",
        "nodeName": "worker-gpu-63",
        "prefix": "172.16.1.62/31",
    }


@pytest.mark.parametrize("rail", range(1, 9))
def test_every_link_of_every_rail(rail):
    allocations = load(f"fabric/20-cidrpool-rail-{rail}.yaml")["spec"][
        "staticAllocations"
    ]
    head = f"172.{16 + 2 * (rail - 1)}"
    assert allocations == [
        {
            "gateway": f"{head}.{host // 32}.{2 * (host % 32) + 1}",
            "nodeName": f"worker-gpu-{host}",
            "prefix": f"{head}.{host // 32}.{2 * (host % 32)}/31",
        }
        for host in range(64)
    ]


@pytest.mark.parametrize("rail", range(1, 9))
def test_network_of_every_rail(rail):
    body = load(f"fabric/30-hostdevicenetwork-rail-{rail}.yaml")
    assert body["apiVersion"] == "mellanox.com/v1alpha1"
    assert body["kind"] == "HostDeviceNetwork"
    assert body["metadata"]["name"] == f"rail-{rail}"
    ipam = json.loads(body["spec"].pop("ipam"))
    assert ipam == {
        "type": "nv-ipam",
        "poolName": f"rail-{rail}",
        "poolType": "cidrpool",
    }
    assert body["spec"] == {
        "networkNamespace": "default",
        "resourceName": f"rail-{rail}",
    }


def test_policy_patch():
    body = load("patches/nicclusterpolicy.yaml")
    assert body["kind"] == "NicClusterPolicy"
    assert body["metadata"]["name"] == "nic-cluster-policy"
    assert list(body["spec"]) == ["sriovDevicePlugin"], "a patch of our section alone"
    config = json.loads(body["spec"]["sriovDevicePlugin"]["config"])
    assert config == {
        "resourceList": [
            {
                "resourcePrefix": "nvidia.com",
                "resourceName": f"rail-{rail}",
                "selectors": {"isRdma": True, "pciAddresses": [PCI[rail - 1]]},
            }
            for rail in range(1, 9)
        ]
    }


def test_job():
    body = load("workloads/pytorchjob.yaml")
    assert body["apiVersion"] == "kubeflow.org/v1"
    assert body["metadata"]["name"] == "pytorch-dist-nccl"
    assert body["metadata"]["namespace"] == "default"
    replicas = body["spec"]["pytorchReplicaSpecs"]
    assert {role: spec["replicas"] for role, spec in replicas.items()} == {
        "Master": 1,
        "Worker": 63,
    }
    rails = ", ".join(f"rail-{n}" for n in range(1, 9))
    for spec in replicas.values():
        template = spec["template"]
        networks = template["metadata"]["annotations"]["k8s.v1.cni.cncf.io/networks"]
        assert networks == rails
        assert not template["spec"].get("hostNetwork")
        (container,) = template["spec"]["containers"]
        assert container["name"] == "pytorch"
        assert container["image"]
        assert not container.get("securityContext", {}).get("privileged")
        expected = {f"nvidia.com/rail-{n}": 1 for n in range(1, 9)}
        assert container["resources"]["limits"] == expected | {"nvidia.com/gpu": 8}


def test_kustomization_lists_the_fabric():
    listed = load("kustomization.yaml")["resources"]
    assert listed == sorted(f"fabric/{p.name}" for p in (EXPECTED / "fabric").iterdir())
    assert not (EXPECTED / "fabric" / "kustomization.yaml").exists()
