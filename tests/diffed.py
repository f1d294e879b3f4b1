"""What the tests of diff share: small objects as text, and what a diff says of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

NAMESPACE = "nvidia-network-operator"
OURS = {"app.kubernetes.io/managed-by": "netplan2k8s"}
CIDR = "172.16.0.0/15"
Entry = tuple[str, str, str]


def link(number: int) -> tuple[str, str]:
    """The prefix of a node's link, and the leaf's address on it."""
    return f"172.16.0.{2 * number}/31", f"172.16.0.{2 * number + 1}"


def entries(*numbers: int) -> list[dict[str, str]]:
    return [entry(number) for number in numbers]


def entry(number: int, **more: str) -> dict[str, str]:
    prefix, gateway = link(number)
    return {"nodeName": f"gpu-{number}", "prefix": prefix, "gateway": gateway, **more}


def big(count: int) -> list[dict[str, str]]:
    """Entries of a large fleet."""
    made = []
    for number in range(count):
        high, low = divmod(2 * number, 256)
        prefix = f"172.16.{high}.{low}/31"
        made.append(
            {
                "nodeName": f"gpu-{number}",
                "prefix": prefix,
                "gateway": f"172.16.{high}.{low + 1}",
            }
        )
    return made


def pool(listed: Sequence[Mapping] = (), status=None, name="rail-1", **spec) -> dict:
    """A pool that fails closed; ``spec`` replaces fields, None takes one out."""
    made = {
        "cidr": CIDR,
        "gatewayIndex": 0,
        "perNodeNetworkPrefix": 31,
        "perNodeExclusions": [{"startIndex": 1, "endIndex": 1}],
        "routes": [{"dst": CIDR}],
        "staticAllocations": list(listed),
        **spec,
    }
    body = {
        "apiVersion": "nv-ipam.nvidia.com/v1alpha1",
        "kind": "CIDRPool",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": dict(OURS)},
        "spec": {key: value for key, value in made.items() if value is not None},
    }
    if status is not None:
        body["status"] = {"allocations": list(status)}
    return body


def network(name="rail-1", ipam=None, **spec) -> dict:
    text = ipam or json.dumps(
        {"type": "nv-ipam", "poolName": name, "poolType": "cidrpool"}
    )
    made = {"networkNamespace": "default", "resourceName": name, "ipam": text, **spec}
    return {
        "apiVersion": "mellanox.com/v1alpha1",
        "kind": "HostDeviceNetwork",
        "metadata": {"name": name, "labels": dict(OURS)},
        "spec": made,
    }


def definition(name="rail-1", resource="nvidia.com/rail-1", config=None) -> dict:
    """A NetworkAttachmentDefinition as convert --network-kind nad writes one."""
    ipam = {"type": "nv-ipam", "poolName": name, "poolType": "cidrpool"}
    made = {"cniVersion": "0.3.1", "name": name, "type": "host-device", "ipam": ipam}
    metadata: dict = {"name": name, "namespace": "default", "labels": dict(OURS)}
    if resource:
        metadata["annotations"] = {"k8s.v1.cni.cncf.io/resourceName": resource}
    return {
        "apiVersion": "k8s.cni.cncf.io/v1",
        "kind": "NetworkAttachmentDefinition",
        "metadata": metadata,
        "spec": {"config": json.dumps(made) if config is None else config},
    }


def resource(name: str, *nics: str, **selectors) -> dict:
    return {
        "resourcePrefix": "nvidia.com",
        "resourceName": name,
        "selectors": {"isRdma": True, "pciAddresses": list(nics), **selectors},
    }


def policy(*resources: Mapping, name="nic-cluster-policy", **sections) -> dict:
    plugin = {
        "image": "sriov-network-device-plugin",
        "repository": "nvcr.io/nvidia/mellanox",
        "version": "network-operator-v26.7.0",
        "config": json.dumps({"resourceList": list(resources)}),
    }
    return {
        "apiVersion": "mellanox.com/v1alpha1",
        "kind": "NicClusterPolicy",
        "metadata": {"name": name},
        "spec": {"sriovDevicePlugin": plugin, **sections},
    }


def node_policy(*resources: Mapping, name="model-a", **fields) -> dict:
    made = policy(*resources, name=name)
    made["kind"] = "NicNodePolicy"
    made["spec"] |= {"nodeSelector": {"model": "a"}, **fields}
    return made


def node(name: str, **devices: int) -> dict:
    offers = {f"nvidia.com/{k.replace('_', '-')}": str(v) for k, v in devices.items()}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name},
        "status": {"allocatable": offers},
    }


def pod(name: str, on: str, *addresses: str, networks="rail-1") -> dict:
    """A running pod; without addresses Multus has not written its status yet."""
    listed = [
        {"name": "cbr0", "interface": "eth0", "ips": ["10.0.0.9"], "default": True}
    ]
    listed += [
        {"name": f"default/rail-{n}", "interface": f"net{n}", "ips": [address]}
        for n, address in enumerate(addresses, 1)
    ]
    annotations = {"k8s.v1.cni.cncf.io/networks": networks}
    if addresses:
        annotations["k8s.v1.cni.cncf.io/network-status"] = json.dumps(listed)
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "annotations": annotations},
        "spec": {"nodeName": on},
        "status": {"phase": "Running"},
    }


def owned(body: dict, manager: str, operation="Apply", **fields) -> dict:
    """The object with managedFields: every field of its spec, or ``fields``."""
    found = fields or {"f:spec": fields_of(body["spec"])}
    made = {"manager": manager, "operation": operation, "fieldsV1": found}
    metadata = dict(body["metadata"])
    metadata["managedFields"] = [*metadata.get("managedFields", ()), made]
    return {**body, "metadata": metadata}


def fields_of(value: object) -> dict:
    """FieldsV1 of a value whose lists are atomic."""
    if not isinstance(value, dict):
        return {}
    return {f"f:{key}": fields_of(inner) for key, inner in value.items()}


def write(directory: Path, *bodies: Mapping, name="objects.yaml") -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / name
    path.write_text(yaml.safe_dump_all(bodies, sort_keys=False))
    return path


class Differ:
    """Runs diff on objects; ``said`` holds the lines of the last run without notes."""

    def __init__(self, run, directory: Path) -> None:
        self._run = run
        self._directory = directory
        self._number = 0

    def between(self, before, after, *options: str):
        """The lines of a diff between two sets of objects."""
        old, new = (self._written(listed) for listed in (before, after))
        return self._done("diff", old, new, "--no-config", *options)

    def applied(self, manifests, cluster, *options: str, patch: bool = False):
        """The lines of a diff of manifests against a snapshot."""
        directory = self._written(manifests, "patches" if patch else "fabric")
        dump = write(directory.parent / f"cluster-{self._number}", *cluster)
        self._number += 1
        arguments = ["diff", directory, "--snapshot", dump, "--no-config"]
        return self._done(*arguments, *options)

    def _written(self, listed, below: str = "fabric") -> Path:
        self._number += 1
        directory = self._directory / f"set-{self._number}"
        write(directory / below, *listed)
        return directory

    def _done(self, *arguments):
        self.result = self._run(*arguments)
        self.errors = self.result.err.splitlines()
        lines = self.result.out.splitlines()
        self.notes = [line for line in lines if line.startswith("(")]
        self.summary = lines[-1] if lines else ""
        return [line for line in lines[:-1] if not line.startswith("(")]
