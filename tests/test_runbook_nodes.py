"""The steps of a runbook on the nodes of a real API server."""

from __future__ import annotations

import os
import re

import pytest
import yaml

from tests.following import NODES, Shell, blocks, section
from tests.test_diff_cluster import kubectl

TAINT = "netplan2k8s/unverified-rails"


@pytest.fixture
def nodes(cluster, site, page):
    """Nodes of an API server that offer rails, and kubectl to it."""
    if cluster.version != "1.20":
        pytest.skip("pods and jobs are of the whole server")
    program = kubectl()
    commands = site / "bin"
    commands.mkdir(exist_ok=True)
    (commands / "kubectl").symlink_to(program)
    for name in NODES:
        cluster.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}})
        status = {
            "allocatable": {f"nvidia.com/rail-{n}": "1" for n in range(1, 5)},
            "nodeInfo": {"bootID": f"boot-of-{name}"},
        }
        answer = cluster.request(
            "PATCH",
            f"/api/v1/nodes/{name}/status",
            {"status": status},
            content_type="application/merge-patch+json",
        )
        assert answer.status == 200, answer
    functions = next(block for block in blocks(page) if "files_are()" in block)
    environment = {
        **os.environ,
        "PATH": f"{commands}:{os.environ['PATH']}",
        "KUBECONFIG": str(cluster.kubeconfig),
    }
    yield Shell(functions, environment)
    for name in NODES:
        cluster.delete({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}})


def test_gate_and_wave_on_real_nodes(nodes, page):
    gate = blocks(section(page, "Taint every node"))
    assert nodes("tainted").count("has no taint") == 4
    assert nodes(gate[0]).count("modified") == 4
    assert nodes("tainted") == ""
    assert nodes("offered") == ""
    assert nodes("boots").splitlines() == [f"{n} boot-of-{n}" for n in NODES]
    assert nodes("pods_left") == ""
    drain, _ = blocks(section(page, "Cordon and drain"))
    said = nodes(drain)
    assert said.count("cordoned") == 4
    assert len(said.splitlines()) == 4, said
    (opened,) = blocks(section(page, "Open the nodes"))
    opened = "\n".join(line for line in opened.splitlines() if "job" not in line)
    said = nodes(opened)
    assert said.count("untainted") == 4
    assert said.count("uncordoned") == 4
    assert nodes("tainted").count("has no taint") == 4


def test_a_wave_goes_back_on_real_nodes(nodes, page):
    (label, *_) = blocks(section(page, "Reboot"))
    assert nodes(label.splitlines()[0]).count("labeled") == 4
    close, _, reopen = blocks(section(page, "Roll wave unit-1 back"))
    commands = [line for line in close.splitlines() if "job" not in line]
    said = nodes("\n".join(commands[: commands.index("pods_left")]))
    assert said.count("modified") == 4
    assert said.count("cordoned") == 4
    assert len(said.splitlines()) == 8, said
    said = nodes(reopen)
    assert said.count("unlabeled") == 4
    assert said.count("uncordoned") == 4
    assert len(said.splitlines()) == 8, said
    assert "netplan2k8s" not in nodes("kubectl get nodes -o jsonpath='{..labels}'")


def test_pods_that_hold_a_node_are_named(nodes, cluster):
    meta = {"name": "train", "namespace": "default"}
    spec = {"nodeName": "worker-gpu-1", "containers": [{"name": "c", "image": "i"}]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}
    cluster.create(pod)
    try:
        assert nodes("pods_left") == "worker-gpu-1: default/train Pending\n"
        said = nodes("drained")
        assert "worker-gpu-1: " in said
        assert "default/train" in said
        assert "worker-gpu-0" not in said
    finally:
        cluster.delete(pod)


def test_nodes_that_do_not_exist_are_named(nodes):
    for step in ("tainted", "offered", "pods_left; drained", "withdrawn"):
        assert "worker-gpu-9" in nodes(step, "worker-gpu-9"), step


def test_what_a_pool_did_not_give_is_named(nodes, cluster, site):
    paths = sorted((site / "manifests/fabric").glob("20-*"))
    pools = [yaml.safe_load(path.read_text()) for path in paths]
    try:
        for pool in pools:
            cluster.create(pool)
        said = nodes("pools")
        assert said.count(" gives nothing, not ") == 16
        for pool in pools:
            given = [
                {key: entry[key] for key in ("nodeName", "prefix", "gateway")}
                for entry in pool["spec"]["staticAllocations"]
            ]
            give(cluster, pool, given)
        assert nodes("pools") == ""
        assert nodes("pools", "worker-gpu-9").count("has no entry") == 4
        given[2] = given[2] | {"prefix": "172.22.0.8/31"}
        give(cluster, pools[3], given)
        assert "rail-4 gives 172.22.0.8/31 via 172.22.0.5, not" in nodes("pools")
        given[2] = {"nodeName": "worker-gpu-2", "prefix": "172.22.0.8/31"}
        give(cluster, pools[3], given)
        assert nodes("pools") == (
            "worker-gpu-2: rail-4 gives 172.22.0.8/31 via , not 172.22.0.4/31"
            " via 172.22.0.5\n"
        )
    finally:
        for pool in pools:
            cluster.delete(pool)


def give(cluster, pool, given) -> None:
    """Write a pool's status as nv-ipam does."""
    name = pool["metadata"]["name"]
    answer = cluster.request(
        "PATCH",
        "/apis/nv-ipam.nvidia.com/v1alpha1/namespaces/nvidia-network-operator"
        f"/cidrpools/{name}/status",
        {"status": {"allocations": given}},
        content_type="application/merge-patch+json",
    )
    assert answer.status == 200, answer


def test_what_a_node_does_not_offer_is_named(nodes, cluster):
    answer = cluster.request(
        "PATCH",
        "/api/v1/nodes/worker-gpu-3/status",
        {"status": {"allocatable": {"nvidia.com/rail-2": None}}},
        content_type="application/merge-patch+json",
    )
    assert answer.status == 200
    assert nodes("offered") == "worker-gpu-3: offers <none> of nvidia.com/rail-2\n"
    assert nodes("withdrawn").count(": offers 1 of ") == 15


def test_what_a_node_offers_none_of_is_named(nodes, cluster):
    answer = cluster.request(
        "PATCH",
        "/api/v1/nodes/worker-gpu-3/status",
        {"status": {"allocatable": {"nvidia.com/rail-2": "0"}}},
        content_type="application/merge-patch+json",
    )
    assert answer.status == 200
    assert nodes("offered") == "worker-gpu-3: offers 0 of nvidia.com/rail-2\n"
    assert nodes("withdrawn").count(": offers 1 of ") == 15


@pytest.mark.parametrize("is_tolerant", [False, True])
def test_policy_is_kept_patched_and_given_back(is_tolerant, nodes, page, cluster):
    spec = {
        "sriovDevicePlugin": {
            "image": "i",
            "repository": "r",
            "version": "v",
            "config": "{}",
        }
    }
    if is_tolerant:
        spec["tolerations"] = [{"key": "a", "operator": "Exists"}]
    policy = {
        "apiVersion": "mellanox.com/v1alpha1",
        "kind": "NicClusterPolicy",
        "metadata": {"name": "nic-cluster-policy"},
        "spec": spec,
    }
    cluster.create(policy)
    before = cluster.get(policy).body["spec"]
    try:
        (keep,) = blocks(section(page, "The policy as it is"))
        assert '"config":"{}"' in nodes(keep)
        _, tolerate, _ = blocks(section(page, "The operator's own pods"))
        assert "patched" in nodes(tolerate)
        assert "it has the toleration" in nodes(tolerate)
        keys = [t["key"] for t in cluster.get(policy).body["spec"]["tolerations"]]
        assert keys == (["a", TAINT] if is_tolerant else [TAINT])
        patch = next(b for b in blocks(page) if "patches/nicclusterpolicy.yaml" in b)
        assert "patched" in nodes(patch.splitlines()[0])
        changed = cluster.get(policy).body["spec"]["sriovDevicePlugin"]["config"]
        assert "rail-1" in changed
        _, withdraw, remove = blocks(section(page, "Roll everything back"))
        assert "patched" in nodes(withdraw.splitlines()[0])
        assert "patched" in nodes(remove[remove.index("[ ! -e") :])
        assert cluster.get(policy).body["spec"] == before
    finally:
        cluster.delete(policy)


def test_no_section_before_is_none_after(nodes, page, cluster):
    policy = {
        "apiVersion": "mellanox.com/v1alpha1",
        "kind": "NicClusterPolicy",
        "metadata": {"name": "nic-cluster-policy"},
        "spec": {"nvIpam": {"image": "i", "repository": "r", "version": "v"}},
    }
    cluster.create(policy)
    before = cluster.get(policy).body["spec"]
    try:
        (keep,) = blocks(section(page, "The policy as it is"))
        assert '/spec/sriovDevicePlugin","value":null}' in nodes(keep)
        patch = next(b for b in blocks(page) if "patches/nicclusterpolicy.yaml" in b)
        nodes(patch.splitlines()[0])
        _, withdraw, remove = blocks(section(page, "Roll everything back"))
        assert "patched" in nodes(withdraw.splitlines()[0])
        assert "patched" in nodes(remove[remove.index("[ ! -e") :])
        assert cluster.get(policy).body["spec"] == before
    finally:
        cluster.delete(policy)


def test_the_verification_is_taken_by_the_server(nodes):
    apply = "kubectl apply --dry-run=server -f manifests/verify/check-rails.yaml -f manifests/verify/unit-1/"
    done = nodes(f"{apply} --validate=false")
    assert done.count("created (server dry run)") == 3, done
    # What servers before 1.24 and 1.29 do not know; the other fields are as they must be.
    wrong = nodes(apply).split("ValidationError(")[1:]
    unknown = [re.match(r'Job.spec\): unknown field "(\w+)"', one)[1] for one in wrong]
    assert sorted(unknown) == ["backoffLimitPerIndex", "completionMode"], wrong
