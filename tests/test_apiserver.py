"""The API servers that other tests ask: what is relied on holds for each."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.apiserver import servers
from tests.apiserver.harness import AGENT, ApiServer
from tests.conftest import FIXTURES, ROOT

POOL = {
    "apiVersion": "nv-ipam.nvidia.com/v1alpha1",
    "kind": "CIDRPool",
    "metadata": {"name": "rail-1", "namespace": "default"},
    "spec": {"cidr": "172.16.0.0/15", "perNodeNetworkPrefix": 31, "gatewayIndex": 0},
}
POOLS = "/apis/nv-ipam.nvidia.com/v1alpha1/namespaces/default/cidrpools"
MERGE = "application/merge-patch+json"
# Starts a server, says where, and is killed.
KILLED = """
import os, signal
from tests.apiserver import servers
from tests.apiserver.harness import ApiServer
print(ApiServer("1.36", servers.cache()).start().port, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def pool(**spec: object) -> dict:
    return POOL | {"spec": POOL["spec"] | spec}


def node(name: str, labels: dict[str, str]) -> dict:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "status": {"allocatable": {"nvidia.com/rail-1": "1"}},
    }


def pod(name: str, namespace: str, labels: dict[str, str]) -> dict:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"containers": [{"name": "one", "image": "none"}]},
    }


def namespace(name: str) -> dict:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def names(listed: dict) -> list[str]:
    return [one["metadata"]["name"] for one in listed["items"]]


@pytest.fixture
def made(cluster):
    """Create objects that are gone again after the test."""
    bodies = []

    def make(body: dict) -> dict:
        bodies.append(body)
        return cluster.create(body)

    yield make
    for body in reversed(bodies):
        cluster.delete(body)


def test_dry_run_of_apply_answers_and_leaves_nothing(cluster):
    answer = cluster.apply(POOL, "dryRun=All")
    assert answer.status == 201
    assert answer.body["metadata"]["managedFields"][0]["manager"] == "tests"
    assert cluster.get(POOL).status == 404


def test_audit_shows_the_dry_run(cluster):
    before = len(cluster.audit())
    cluster.apply(POOL, "dryRun=All")
    (event,) = cluster.audit()[before:]
    assert event["verb"] == "patch"
    assert "dryRun=All" in event["requestURI"]
    assert event["user"]["username"] == "admin"
    assert event["userAgent"] == AGENT
    assert event["responseStatus"]["code"] == 201
    assert event["objectRef"]["resource"] == "cidrpools"


def test_audit_shows_core_resources(cluster):
    before = len(cluster.audit())
    cluster.request("GET", "/api/v1/nodes?limit=1", token=cluster.reader_token)
    (event,) = cluster.audit()[before:]
    assert (event["verb"], event["objectRef"]["resource"]) == ("list", "nodes")
    assert event["user"]["username"] == "reader"


def test_conflict_names_the_field(cluster, made):
    made(POOL)
    answer = cluster.apply(pool(gatewayIndex=1))
    assert answer.status == 409
    assert answer.body["details"]["causes"][0]["field"] == ".spec.gatewayIndex"


def test_reader_may_read_and_not_write(cluster):
    token = cluster.reader_token
    assert cluster.request("GET", POOLS, token=token).status == 200
    assert cluster.apply(POOL, "dryRun=All", token).status == 403
    assert cluster.request("POST", POOLS, POOL, token=token).status == 403


def test_unknown_token_is_nobody(cluster):
    assert cluster.request("GET", POOLS, token="unknown").status == 401


def test_user_may_do_what_its_rules_say(cluster):
    if not cluster.rbac:
        pytest.skip("this server has no RBAC")
    rule = {
        "apiGroups": ["nv-ipam.nvidia.com"],
        "resources": ["cidrpools"],
        "verbs": ["get", "create", "patch"],
    }
    token = cluster.user([rule])
    assert cluster.apply(POOL, "dryRun=All", token).status == 201
    assert cluster.request("GET", POOLS, token=token).status == 403
    assert cluster.request("GET", "/api/v1/nodes", token=token).status == 403


def test_rules_of_crds_hold_where_the_server_knows_them(cluster):
    answer = cluster.apply(
        pool(perNodeExclusions=[{"startIndex": 1, "endIndex": 0}]), "dryRun=All"
    )
    if cluster.version == "1.20":
        assert answer.status == 201
    else:
        assert answer.status == 422
        assert "endIndex must be greater" in answer.body["message"]


def test_nodes_are_listed_in_pages_and_by_label(cluster, made):
    for number in range(5):
        made(node(f"page-{number}", {"page": str(number % 2)}))
    first = cluster.request("GET", "/api/v1/nodes?limit=3").body
    token = first["metadata"]["continue"]
    second = cluster.request("GET", f"/api/v1/nodes?limit=3&continue={token}").body
    assert names(first) + names(second) == [f"page-{number}" for number in range(5)]
    assert first["items"][0]["status"]["allocatable"] == {"nvidia.com/rail-1": "1"}
    odd = cluster.request("GET", "/api/v1/nodes?labelSelector=page%3D1").body
    assert names(odd) == ["page-1", "page-3"]


def test_pods_have_a_namespace_a_status_and_fields_to_select_by(cluster, made):
    made(namespace("elsewhere"))
    first, second = (
        pod("first", "default", {"rail": "1"}),
        pod("second", "elsewhere", {}),
    )
    made(first)
    made(second)
    assert names(cluster.request("GET", cluster.collection(second)).body) == ["second"]
    labelled = cluster.request("GET", "/api/v1/pods?labelSelector=rail").body
    assert names(labelled) == ["first"]
    assert labelled["items"][0]["status"]["phase"] == "Pending"
    path = f"{cluster.path(first)}/status"
    status = {"status": {"phase": "Running"}}
    assert cluster.request("PATCH", path, status, MERGE).status == 200
    running = "/api/v1/pods?fieldSelector=status.phase%3DRunning"
    assert names(cluster.request("GET", running).body) == ["first"]


def test_namespace_must_be_there(cluster):
    body = POOL | {"metadata": {"name": "rail-1", "namespace": "nowhere"}}
    answer = cluster.apply(body, "dryRun=All")
    assert answer.status == 404
    assert 'namespaces "nowhere" not found' in answer.body["message"]


def test_own_crds_make_of_manifests_what_upstreams_make(cluster):
    with ApiServer(cluster.version, cluster.binaries) as other:
        other.install(servers.own_crds())
        other.create(servers.OPERATOR_NAMESPACE)
        kinds = set()
        for document in written():
            answers = [one.apply(document, "dryRun=All") for one in (cluster, other)]
            assert [one.status for one in answers] == [201, 201], answers
            assert answers[0].body["spec"] == answers[1].body["spec"]
            kinds.add(document["kind"])
    missing = {crd["spec"]["names"]["kind"] for crd in servers.own_crds()} - kinds
    assert missing == {"IPPool"}


def written() -> list[dict]:
    """Manifests of fixtures in which every kind that is written occurs."""
    return [
        document
        for name in ("attachment-definitions", "node-groups", "table")
        for file in sorted((FIXTURES / name / "expected").glob("*/*.yaml"))
        for document in yaml.load_all(file.read_bytes(), yaml.CSafeLoader)
    ]


def test_kubeconfig_is_that_of_its_user(cluster):
    admin = json.loads(cluster.kubeconfig.read_bytes())
    assert admin["clusters"][0]["cluster"]["server"] == cluster.url
    assert Path(admin["users"][0]["user"]["client-key"]).exists()
    reader = json.loads(cluster.kubeconfig_of(cluster.reader_token).read_bytes())
    assert reader["users"][0]["user"] == {"token": cluster.reader_token}


@pytest.mark.parametrize("own_cluster", ["1.36"], indirect=True)
def test_killed_server_answers_nobody_and_is_cleared_away(own_cluster):
    own_cluster.kill()
    with pytest.raises(OSError, match="refused"):
        own_cluster.request("GET", "/readyz")
    assert own_cluster.audit()
    own_cluster.stop()
    assert not own_cluster.directory.exists()


@pytest.mark.skipif(not shutil.which("setpriv"), reason="no setpriv, of util-linux")
def test_no_server_outlives_a_killed_run(tmp_path, monkeypatch):
    servers.find("1.36")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    run = subprocess.run(
        [sys.executable, "-c", KILLED],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert run.returncode == -9, run.stderr
    deadline = time.monotonic() + 10
    while listens(int(run.stdout)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("required", ["", "1"])
def test_absent_servers_are_skipped_or_missed(tmp_path, monkeypatch, required):
    monkeypatch.setenv("NETPLAN2K8S_SERVERS", str(tmp_path))
    monkeypatch.setenv("NETPLAN2K8S_REQUIRE_SERVERS", required)
    outcome = pytest.fail.Exception if required else pytest.skip.Exception
    with pytest.raises(outcome, match=r"build\.sh builds it"):
        servers.find("1.20")
