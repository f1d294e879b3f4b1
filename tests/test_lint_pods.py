"""Pods with rails in lint: networks, devices, privileges, locked memory."""

from __future__ import annotations

import pytest

from netplan2k8s.findings import Severity
from tests.linted import check, message, messages, said

NETWORKS = "k8s.v1.cni.cncf.io/networks"


def rail(number: int) -> str:
    """The network of one rail; its pool and its resource are elsewhere."""
    ipam = f'{{"type": "nv-ipam", "poolName": "rail-{number}", "poolType": "cidrpool"}}'
    return (
        "apiVersion: mellanox.com/v1alpha1\nkind: HostDeviceNetwork\n"
        f"metadata: {{name: rail-{number}}}\n"
        f"spec: {{networkNamespace: default, resourceName: rail_{number},"
        f" ipam: '{ipam}'}}\n---\n"
    )


RAILS = rail(1) + rail(2)
BOTH = "limits: {nvidia.com/rail_1: 1, nvidia.com/rail_2: 1}"


def pod(
    networks: str = '"rail-1, rail-2"', resources: str = BOTH, more: str = ""
) -> str:
    return (
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n"
        f"  annotations: {{{NETWORKS}: {networks}}}\nspec:\n{more}"
        f"  containers:\n  - {{name: c, image: i, resources: {{{resources}}}}}\n"
    )


def codes(text: str) -> list[str]:
    return [one.code for one in said(text) if one.severity is not Severity.INFO]


def test_pod_with_both_rails_is_fine():
    check(RAILS + pod())


def test_pod_without_rails_is_not_judged():
    text = pod().replace(NETWORKS, "example.com/networks").replace("nvidia.com", "x.y")
    assert said(text) == []


# -- networks ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "networks",
    [
        '"rail-1,, rail-2"',
        '"rail-1, rail-2,"',
        '"a/b/rail-1"',
        '"rail-1@a@b"',
        '"rail_1"',
        '"rail-1@sixteencharacter"',
        '\'[{"name": "rail-1"\'',
        '\'{"name": "rail-1"}\'',
        "'[5]'",
        "'[null]'",
        "'[{\"name\": 5}]'",
        '\'[{"name": "rail-1", "interface": []}]\'',
        '"rail-1@net9, rail-2@net9"',
    ],
)
def test_networks_that_multus_does_not_read(networks):
    assert "NK461" in codes(RAILS + pod(networks))


def test_json_that_nests_beyond_all_use():
    text = pod("'" + "[" * 20_000 + "]" * 20_000 + "'")
    assert "NK461" in codes(RAILS + text)


def test_half_a_pair_in_json_can_be_printed():
    text = pod('\'[{"name": "\\ud800"}]\'')
    assert all(one.message.encode() for one in said(RAILS + text))


def test_network_that_is_not_there():
    text = RAILS + pod('"rail-1, rail-2, rail-3"')
    assert message(text, "NK445") == (
        "Pod a asks for network rail-3, which namespace default has not; rail-2 is meant"
    )


def test_annotation_on_the_job_itself():
    text = (
        "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: a\n  annotations:\n"
        f"    »{NETWORKS}: rail-1\nspec:\n  template:\n    spec:\n"
        "      restartPolicy: Never\n      containers: [{name: c, image: i}]\n"
    )
    check(text, "NK455")


def test_networks_out_of_order():
    check(RAILS + pod('»"rail-2, rail-1"'), "NK454")


# -- devices ----------------------------------------------------------------------


@pytest.mark.parametrize("amount", ['"1"', "1", "1.0"])
def test_amounts_that_are_one(amount):
    resources = f"limits: {{nvidia.com/rail_1: {amount}, nvidia.com/rail_2: 1}}"
    assert "NK457" not in codes(RAILS + pod(resources=resources))


@pytest.mark.parametrize("amount", ["2", "0", '"1k"', f'"{"1" * 5000}"'])
def test_amounts_that_are_not(amount):
    resources = f"limits: {{nvidia.com/rail_1: {amount}, nvidia.com/rail_2: 1}}"
    assert "NK457" in codes(RAILS + pod(resources=resources))


def test_device_without_its_network_lies_idle():
    text = RAILS + pod(
        "rail-1", "limits: {nvidia.com/rail_1: 1, nvidia.com/rail_2: »1}"
    )
    check(text, "NK457")


@pytest.mark.parametrize(
    "resources",
    [
        f"requests: {{nvidia.com/rail_1: »2}}, {BOTH}",
        "requests: {nvidia.com/rail_1: »1}, limits: {nvidia.com/rail_2: 1}",
    ],
)
def test_request_that_is_not_the_limit(resources):
    assert "NK456" in codes(RAILS + pod(resources=resources.replace("»", "")))


def test_device_of_an_init_container():
    init = "  initContainers:\n  - {name: b, image: i, resources: {limits: {nvidia.com/rail_1: »1}}}\n"
    check(RAILS + pod(more=init), "NK456")


# -- privileges -------------------------------------------------------------------


def namespace(labels: str) -> str:
    return (
        "apiVersion: v1\nkind: Namespace\n"
        f"metadata: {{name: default, labels: {labels}}}\n---\n"
    )


ENFORCE = "pod-security.kubernetes.io/enforce"
LOCKED = "securityContext: {capabilities: {add: [IPC_LOCK]}}"


@pytest.mark.parametrize(
    "labels",
    ["[a]", "5", "text", "null", f"[{ENFORCE}]", f"{{{ENFORCE}: [baseline]}}"],
)
def test_namespace_with_labels_of_another_type_enforces_nothing(labels):
    check(namespace(labels) + RAILS + pod(more="  hostPID: true\n"))


@pytest.mark.parametrize("level", ["baseline", "restricted"])
def test_capability_above_the_level(level):
    text = namespace(f"{{{ENFORCE}: {level}}}") + RAILS
    text += pod().replace("image: i,", f"image: i, {LOCKED},")
    assert any("capability IPC_LOCK of Pod a" in m for m in messages(text, "NK460"))


def test_privileged_level_refuses_nothing():
    text = namespace(f"{{{ENFORCE}: privileged}}") + RAILS
    check(text + pod().replace("image: i,", f"image: i, {LOCKED},"))


def test_privileged_container():
    context = "securityContext: {privileged: »true}"
    check(RAILS + pod().replace("image: i,", f"image: i, {context},"), "NK465")


# -- locked memory ----------------------------------------------------------------


def job(master: str = "", worker: str = "") -> str:
    def replica(role: str, more: str) -> str:
        return (
            f"    {role}:\n      replicas: 1\n      template:\n"
            f"        metadata: {{annotations: {{{NETWORKS}: rail-1}}}}\n"
            "        spec:\n          containers:\n"
            f"          - {{name: pytorch, image: i{more},"
            " resources: {limits: {nvidia.com/rail_1: 1}}}\n"
        )

    return (
        "apiVersion: kubeflow.org/v1\nkind: PyTorchJob\nmetadata: {name: a}\n"
        "spec:\n  pytorchReplicaSpecs:\n"
        + replica("Master", master)
        + replica("Worker", worker)
    )


def test_templates_that_lock_memory_alike_are_one_note():
    assert message(rail(1) + job(), "NK403") == (
        "PyTorchJob a Master and Worker add no IPC_LOCK to lock memory for RDMA: the"
        " container runtime must give its pods LimitMEMLOCK=infinity"
    )
    assert len(messages(rail(1) + job(f", {LOCKED}", f", {LOCKED}"), "NK403")) == 1


def test_template_that_locks_no_memory_is_said_beside_one_that_does():
    found = messages(rail(1) + job(f", {LOCKED}"), "NK403")

    assert [words.partition(":")[0] for words in found] == [
        "PyTorchJob a Master adds IPC_LOCK",
        "PyTorchJob a Worker adds no IPC_LOCK to lock memory for RDMA",
    ]


# -- pools and the host network ---------------------------------------------------


def test_two_networks_of_one_pool():
    shared = rail(1) + rail(2).replace('"rail-2"', '"rail-1"')
    found = [one for one in said(shared + pod()) if one.code == "NK466"]
    assert [one.line for one in found] == [9]


def test_pod_on_the_host_network():
    text = RAILS + pod(more="  hostNetwork: »true\n")
    assert [one.line for one in said(text) if one.code == "NK458"] == [17]


def test_pod_with_an_own_network_is_on_none_of_the_host_s():
    check(RAILS + pod(more="  hostNetwork: false\n"))
