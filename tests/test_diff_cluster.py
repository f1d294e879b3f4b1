"""diff and snapshot against real API servers of two generations."""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from netplan2k8s import rule_pages
from netplan2k8s.catalogue import RULES
from tests.apiserver.harness import AGENT
from tests.conftest import FIXTURES
from tests.diffed import (
    NAMESPACE,
    big,
    entries,
    entry,
    network,
    node,
    pod,
    policy,
    pool,
    resource,
    write,
)
from tests.test_rule_pages import needs_cluster

pytest.importorskip("kubernetes", reason="needs netplan2k8s[cluster]")

MERGE = "application/merge-patch+json"
KINDS = (
    "apis/nv-ipam.nvidia.com/v1alpha1/namespaces/{0}/cidrpools",
    "apis/mellanox.com/v1alpha1/hostdevicenetworks",
    "apis/mellanox.com/v1alpha1/nicclusterpolicies",
    "apis/k8s.cni.cncf.io/v1/namespaces/default/network-attachment-definitions",
    "api/v1/nodes",
    "api/v1/namespaces/default/pods",
)
WRITES = ("create", "update", "patch", "delete", "deletecollection")


def kubectl() -> str:
    """A kubectl that is the program itself; skips where there is none."""
    found = sorted(Path("/usr/lib/google-cloud-sdk/bin").glob("kubectl.1.*"))
    path = str(found[-1]) if found else shutil.which("kubectl")
    if path is None:
        pytest.skip("no kubectl")
    return path


class Site:
    """A cluster with the namespace of the operator, and the commands that look at it."""

    def __init__(self, server, run, directory: Path) -> None:
        self.server, self._run, self.directory = server, run, directory
        self.manifests = directory / "manifests"

    def want(self, *bodies, below="fabric"):
        write(self.manifests / below, *bodies, name=f"{below}.yaml")

    def have(self, *bodies, manager="kubectl"):
        """Store objects as kubectl apply --server-side does."""
        for body in bodies:
            path = f"{self.server.path(body)}?fieldManager={manager}&force=true"
            answer = self.server.request(
                "PATCH", path, body, "application/apply-patch+yaml"
            )
            assert answer.status < 300, answer

    def update(self, body, manager="kubectl-edit", **spec):
        """Change fields as kubectl edit does."""
        path = f"{self.server.path(body)}?fieldManager={manager}"
        answer = self.server.request("PATCH", path, {"spec": spec}, MERGE)
        assert answer.status == 200, answer

    def create(self, *bodies):
        for body in bodies:
            made = copy.deepcopy(body)
            if body["kind"] == "Pod":
                made["spec"]["containers"] = [{"name": "one", "image": "none"}]
            self.server.create(made)

    def diff(self, *options, kubeconfig=None, path=None):
        """The lines of a diff without its notes."""
        kubeconfig = kubeconfig or self.server.kubeconfig
        self.result = self._run(
            "diff",
            path or self.manifests,
            "--kubeconfig",
            kubeconfig,
            "--no-config",
            "--exit-code",
            *options,
        )
        self.errors = self.result.err.splitlines()
        lines = self.result.out.splitlines()
        self.notes = [line.strip("()") for line in lines if line.startswith("(")]
        self.summary = lines[-1] if lines else ""
        return [line for line in lines[:-1] if not line.startswith("(")]

    def run(self, *arguments):
        return self._run(*arguments)

    def kubectl(self, *arguments, **environment):
        return subprocess.run(
            [
                kubectl(),
                "--kubeconfig",
                str(self.server.kubeconfig),
                *map(str, arguments),
            ],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **environment},
        )


@pytest.fixture
def site(cluster, run, tmp_path):
    yield Site(cluster, run, tmp_path)
    clear(cluster)


def clear(cluster):
    for path in KINDS:
        listed = cluster.request("GET", "/" + path.format(NAMESPACE)).body["items"]
        for item in listed:
            name = item["metadata"]["name"]
            cluster.request(
                "DELETE", f"/{path.format(NAMESPACE)}/{name}?gracePeriodSeconds=0"
            )


def fleet(*numbers):
    return [pool(entries(*numbers)), network()]


def gpus(*numbers):
    return [node(f"gpu-{number}", gpu=8) for number in numbers]


# -- the scenarios ----------------------------------------------------------------


def test_first_migration(site):
    site.create(*gpus(0, 1))
    site.want(*fleet(0, 1))

    assert site.diff() == [
        "+ CIDRPool nvidia-network-operator/rail-1: 2 nodes of 172.16.0.0/15",
        "+ HostDeviceNetwork rail-1: nvidia.com/rail-1 for pods of default",
    ]
    assert site.notes == ["compared by server-side dry runs, field manager kubectl"]
    assert (site.summary, site.errors) == ("2 to add, 0 to change, 0 to remove", [])
    assert site.result.code == 1
    assert site.server.get(pool()).status == 404, "a dry run leaves nothing"


def test_no_change(site):
    site.create(*gpus(0, 1))
    site.have(*fleet(0, 1))
    site.want(*fleet(1, 0))

    assert site.diff() == []
    assert (site.result.code, site.errors) == (0, [])


def test_new_node(site):
    site.create(*gpus(0, 1))
    site.have(*fleet(0))
    site.want(*fleet(0, 1))

    assert site.diff()[1:] == [
        "    safe: a new node; nothing runs on it over this rail",
        "      + gpu-1  172.16.0.2/31 via 172.16.0.3",
    ]


def test_changed_gateway_names_the_running_pods(site):
    site.create(*gpus(0, 1), pod("train-0", "gpu-1", "172.16.0.2"))
    site.have(*fleet(0, 1))
    site.want(
        pool([entry(0), entry(1, prefix="172.16.0.8/31", gateway="172.16.0.9")]),
        network(),
    )

    assert site.diff()[1:] == [
        "    dangerous: new pods get the new address; running ones keep the old one until they are restarted",
        "      ~ gpu-1  172.16.0.2/31 via 172.16.0.3 → 172.16.0.8/31 via 172.16.0.9  (running: default/train-0)",
    ]
    assert (
        site.summary
        == "0 to add, 1 to change, 0 to remove, 1 dangerous; 1 object is the same"
    )


def test_hand_edit_is_found_explained_and_gone_after_applying(site):
    site.create(*gpus(0, 1), pod("train-0", "gpu-1", "172.16.0.2"))
    site.want(*fleet(0, 1))
    fabric = site.manifests / "fabric"
    done = site.kubectl("apply", "--server-side", "-f", fabric)
    assert done.returncode == 0, done.stderr
    editor = site.directory / "editor"
    editor.write_text(
        "#!/bin/sh\nsed -i 's#gateway: 172.16.0.3#gateway: 172.16.0.2#' \"$1\"\n"
    )
    editor.chmod(0o755)
    done = site.kubectl(
        "edit", "cidrpool", "-n", NAMESPACE, "rail-1", KUBE_EDITOR=str(editor)
    )
    assert "edited" in done.stdout, done.stderr
    said = site.diff()

    assert said[0] == "~ CIDRPool nvidia-network-operator/rail-1"
    assert (
        said[-1]
        == "      ~ gpu-1  172.16.0.2/31 via 172.16.0.2 → 172.16.0.2/31 via 172.16.0.3"
    )
    assert site.result.code == 3
    assert (
        " NK604 kubectl-edit owns .spec.staticAllocations of CIDRPool" in site.errors[0]
    )

    done = site.kubectl("apply", "--server-side", "--force-conflicts", "-f", fabric)
    assert done.returncode == 0, done.stderr
    assert site.diff() == []
    assert site.result.code == 0


def test_field_of_another_manager(site):
    site.create(*gpus(0))
    site.have(*fleet(0))
    site.update(pool(), manager="argocd", gatewayIndex=1, perNodeExclusions=[])
    site.want(*fleet(0))
    said = site.diff()

    assert site.result.code == 3
    assert [line.split(": ", 1)[1].split(" of ")[0] for line in site.errors[:1]] == [
        "NK604 argocd owns .spec.gatewayIndex, .spec.perNodeExclusions"
    ]
    assert any("spec.gatewayIndex  1 → 0" in line for line in said)
    assert site.diff("--force-conflicts")
    assert (site.result.code, site.errors) == (1, [])


def test_pool_that_the_schema_refuses(site):
    broken = pool(entries(0))
    broken["spec"]["staticAllocations"][0]["gateway"] = 5
    unknown = pool(entries(0), name="rail-2", gatwayIndex=1)
    missing = pool(entries(0), name="rail-3", cidr=None)
    site.create(*gpus(0))
    site.want(broken, unknown, missing, network())
    said = site.diff()

    assert said == ["+ HostDeviceNetwork rail-1: nvidia.com/rail-1 for pods of default"]
    refusals = [
        line.partition(" NK603 ")[2] for line in site.errors if " NK603 " in line
    ]
    assert [text.partition(": ")[0] for text in refusals] == [
        f"the API server refuses CIDRPool nvidia-network-operator/rail-{n}"
        for n in (1, 2, 3)
    ]
    assert "staticAllocations" in refusals[0]
    assert "gatwayIndex" in refusals[1]
    assert "spec.cidr" in refusals[2]
    assert site.result.code == 3


def test_rule_in_cel_is_the_server_s_word(site):
    site.create(*gpus(0))
    site.want(pool(entries(0), perNodeExclusions=[{"startIndex": 1, "endIndex": 0}]))
    said = site.diff()

    if (
        site.server.version == "1.20"
    ):  # it drops such rules; nv-ipam would refuse the pool
        assert said[1].startswith("    dangerous: nv-ipam refuses it, no node has it: ")
    else:
        assert said == []
        assert " NK603 the API server refuses CIDRPool" in site.errors[0]


def foreign():
    """A policy of others: a section and a resource that are none of ours."""
    return policy(
        resource("storage", "0000:01:00.0"),
        nvIpam={"image": "nvidia-k8s-ipam", "repository": "r", "version": "v1"},
    )


def test_patch_that_would_erase_a_foreign_resource(site):
    site.have(foreign())
    site.want(policy(resource("rail-1", "0000:1a:00.0")), below="patches")
    said = site.diff()

    assert said == [
        "~ NicClusterPolicy nic-cluster-policy",
        (
            "    dangerous: a patch replaces the configuration as a whole, pods that ask for them do not start"
            " any more: convert --base POLICY.yaml writes a complete policy that keeps them (kubectl get"
            " nicclusterpolicy nic-cluster-policy -o yaml)"
        ),
        "      - others' resource nvidia.com/storage",
        "    disruptive: the device plugin restarts on every node",
        "      + resource nvidia.com/rail-1  0000:1a:00.0",
    ]


def test_policy_with_foreign_resources_kept_shows_ours_alone(site):
    site.have(foreign())
    ours = resource("rail-1", "0000:1a:00.0")
    kept = policy(resource("storage", "0000:01:00.0"), ours)
    site.want(kept, below="patches")

    assert site.diff() == [
        "~ NicClusterPolicy nic-cluster-policy",
        "    disruptive: the device plugin restarts on every node",
        "      + resource nvidia.com/rail-1  0000:1a:00.0",
    ]


def test_policy_applied_by_kubectl_before_loses_the_sections_left_out(site):
    """A dry run does not show it: kubectl migrates what it applied client-side."""
    path = write(site.directory / "theirs", foreign())
    done = site.kubectl("apply", "--validate=false", "-f", path)
    assert done.returncode == 0, done.stderr
    ours = policy(
        resource("storage", "0000:01:00.0"), resource("rail-1", "0000:1a:00.0")
    )
    site.want(ours)
    said = site.diff("--field-manager", "another")
    apply = (
        "apply",
        "--server-side",
        "--field-manager=another",
        "-f",
        site.manifests / "fabric",
    )

    assert said[1].startswith(
        "    dangerous: not in the manifest, and the operator stops what they ask for: "
    )
    assert said[2] == "      - others' section nvIpam"
    assert site.result.code in (1, 3)
    done = site.kubectl(*apply)
    if done.returncode:
        done = site.kubectl(*apply, "--force-conflicts")
    assert done.returncode == 0, done.stderr
    assert "nvIpam" not in site.server.get(ours).body["spec"], (
        "kubectl did what was said"
    )


def test_no_permission_to_patch_falls_back_to_plain_reads(site):
    token = site.server.reader_token
    site.create(*gpus(0, 1))
    site.have(*fleet(0, 1))
    site.want(
        pool([entry(0), entry(1, prefix="172.16.0.8/31", gateway="172.16.0.9")]),
        network(),
    )
    said = site.diff(kubeconfig=site.server.kubeconfig_of(token))

    assert (
        said[-1]
        == "      ~ gpu-1  172.16.0.2/31 via 172.16.0.3 → 172.16.0.8/31 via 172.16.0.9"
    )
    assert site.notes == [
        (
            "may not patch CIDRPool, HostDeviceNetwork: compared by plain reads, so that defaults,"
            " validation and webhooks did not speak"
        )
    ]
    assert (site.result.code, site.errors) == (1, [])


def test_webhook_that_takes_no_dry_run(site):
    if site.server.version != "1.20":
        pytest.skip("the server has no webhooks")
    rule = {
        "apiGroups": ["nv-ipam.nvidia.com"],
        "apiVersions": ["*"],
        "operations": ["*"],
        "resources": ["cidrpools"],
    }
    hook = {
        "name": "pools.example.com",
        "clientConfig": {"url": "https://127.0.0.1:1/"},
        "rules": [rule],
        "sideEffects": "Unknown",
        "admissionReviewVersions": ["v1beta1"],
        "failurePolicy": "Fail",
    }
    path = "/apis/admissionregistration.k8s.io/v1beta1/validatingwebhookconfigurations"
    body = {
        "apiVersion": "admissionregistration.k8s.io/v1beta1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "pools"},
        "webhooks": [hook],
    }
    site.create(*gpus(0, 1))
    site.have(*fleet(0))
    site.want(*fleet(0, 1))
    assert site.server.request("POST", path, body).status == 201
    try:
        wait_for(
            lambda: site.server.apply(pool(entries(0)), "dryRun=All").status >= 400
        )
        said = site.diff()
    finally:
        site.server.request("DELETE", f"{path}/pools")
        wait_for(
            lambda: site.server.apply(pool(entries(0)), "dryRun=All").status != 400
        )

    assert said[-1] == "      + gpu-1  172.16.0.2/31 via 172.16.0.3"
    assert site.errors == []
    assert site.notes[1] == (
        "a webhook takes no dry run of CIDRPool: compared by plain reads, so that defaults,"
        " validation and webhooks did not speak"
    )


def wait_for(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_namespace_on_a_cluster_scoped_object_is_no_difference(site):
    site.have(network())
    spaced = network()
    spaced["metadata"]["namespace"] = "default"
    site.want(spaced)

    assert site.diff() == []
    assert (site.result.code, site.errors) == (0, [])


def test_no_permission_to_read(site):
    if not site.server.rbac:
        pytest.skip("1.36 has no RBAC")
    discovery = {"nonResourceURLs": ["/api*"], "verbs": ["get"]}
    may = {
        "apiGroups": ["mellanox.com"],
        "resources": ["*"],
        "verbs": ["get", "list", "patch"],
    }
    token = site.server.user([may, discovery])
    site.want(*fleet(0))
    said = site.diff(kubeconfig=site.server.kubeconfig_of(token))

    assert said == [
        "+ HostDeviceNetwork rail-1: nvidia.com/rail-1 for pods of default"
    ], site.result
    assert 'NK605 cidrpools.nv-ipam.nvidia.com "rail-1" is forbidden' in site.errors[0]
    assert site.result.code == 3
    assert "may not list Nodes: their names go unchecked" in site.notes


def test_server_that_stops_in_the_middle(own_cluster, run, tmp_path, monkeypatch):
    from netplan2k8s.cluster.client import Connection

    site = Site(own_cluster, run, tmp_path)
    site.want(*fleet(0), policy(), below="fabric")
    whole, sent = Connection.dry_run_apply, []

    def dying(self, *arguments, **more):
        if sent:
            own_cluster.kill()
        sent.append(arguments)
        return whole(self, *arguments, **more)

    monkeypatch.setattr(Connection, "dry_run_apply", dying)
    said = site.diff()

    assert said == []
    assert site.result.out == ""
    assert site.result.code == 3
    assert len(site.errors) == 1
    assert own_cluster.url in site.errors[0]


def test_4096_nodes(site):
    live = [dict(one) for one in big(4096)]
    site.have(*(pool(live, name=f"rail-{n}") for n in (1, 2)))
    wanted = [dict(one) for one in live]
    for number in (7, 77, 777, 1777, 3777):
        wanted[number]["gateway"] = wanted[number]["prefix"].removesuffix("/31")
    site.want(pool(wanted, name="rail-1"), pool(live, name="rail-2"))
    said = site.diff()

    assert len([line for line in said if "→" in line]) == 5
    assert len(said) < 12
    assert site.summary.endswith("; 1 object is the same")


def test_exec_plugin(site):
    plugin = site.directory / "plugin"
    credential = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": site.server.token},
    }
    plugin.write_text(f"#!{sys.executable}\nprint('''{json.dumps(credential)}''')\n")
    plugin.chmod(plugin.stat().st_mode | stat.S_IXUSR)
    config = yaml.safe_load(site.server.kubeconfig.read_text())
    config["users"][0]["user"] = {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": str(plugin),
            "interactiveMode": "Never",
        }
    }
    path = site.directory / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    site.create(*gpus(0))
    site.want(*fleet(0))

    assert len(site.diff(kubeconfig=path)) == 2
    assert site.result.code == 1


# -- what a cluster may lack --------------------------------------------------------


def test_kind_that_the_cluster_has_not(site):
    other = {
        "apiVersion": "trainer.kubeflow.org/v1alpha1",
        "kind": "TrainJob",
        "metadata": {"name": "a"},
        "spec": {},
    }
    newer = network() | {"apiVersion": "mellanox.com/v1beta9"}
    site.create(*gpus(0))
    site.want(pool(entries(0)), newer, other)
    said = site.diff()

    assert said == [
        "+ CIDRPool nvidia-network-operator/rail-1: 1 node of 172.16.0.0/15"
    ]
    assert [
        line.partition(" NK601 ")[2] for line in site.errors if "NK601" in line
    ] == [
        "the cluster has no HostDeviceNetwork of mellanox.com/v1beta9: it has one of mellanox.com/v1alpha1",
        "the cluster has no TrainJob of trainer.kubeflow.org/v1alpha1: install the Kubeflow trainer, or compare fabric/ alone",
    ]
    assert site.result.code == 3


def test_namespace_that_the_cluster_has_not(site):
    away = pool(entries(0))
    away["metadata"]["namespace"] = "far-away"
    site.create(*gpus(0))
    site.want(away)
    said = site.diff()

    assert said == ["+ CIDRPool far-away/rail-1: 1 node of 172.16.0.0/15"]
    assert site.result.code == 3
    assert site.errors[0].endswith(
        ":5:14: NK602 the cluster has no namespace far-away, where CIDRPool rail-1 goes: kubectl create namespace far-away"
    ), site.errors


def test_namespace_among_the_manifests_is_enough(site):
    away = pool(entries(0))
    away["metadata"]["namespace"] = "far-away"
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "far-away"}}
    site.create(*gpus(0))
    site.want(away, space)

    assert [line.split(":")[0] for line in site.diff()] == [
        "+ CIDRPool far-away/rail-1",
        "+ Namespace far-away",
    ]
    assert site.errors == []


def test_credentials_that_are_refused(site):
    site.want(*fleet(0))
    site.diff(kubeconfig=site.server.kubeconfig_of("wrong"))

    assert site.result.code == 3
    assert len(site.errors) == 1
    assert "401" in site.errors[0] or "credentials" in site.errors[0]
    assert "wrong" not in site.errors[0].replace("wrong-", "")


def test_context_that_is_not_there(site):
    site.want(*fleet(0))
    site.diff("--context", "tset")

    assert site.result.code == 3
    assert len(site.errors) == 1
    assert "tset" in site.errors[0]
    assert "test" in site.errors[0]


# -- strays, drift, snapshots -------------------------------------------------------


def test_strays_are_named_and_stay(site):
    site.create(*gpus(0))
    foreign_pool = pool(entries(0), name="others")
    foreign_pool["metadata"]["labels"] = {}
    site.have(*fleet(0), pool(entries(0), name="rail-9"), foreign_pool)
    site.want(*fleet(0))
    mine = site.diff()
    everything = site.diff("--all")

    assert (
        mine[0] == "- CIDRPool nvidia-network-operator/rail-9: 1 node of 172.16.0.0/15"
    )
    assert mine[1].startswith(
        "    dangerous: applying leaves it; once it is deleted, 1 node loses the rail"
    )
    assert [line for line in everything if line.startswith("- ")] == [
        "- CIDRPool nvidia-network-operator/others: 1 node of 172.16.0.0/15",
        "- CIDRPool nvidia-network-operator/rail-9: 1 node of 172.16.0.0/15",
    ]
    file = site.manifests / "fabric" / "fabric.yaml"
    assert site.diff(path=file) == [], "one file is not all that there should be"


def test_lists_are_read_to_their_end(site, monkeypatch):
    monkeypatch.setattr("netplan2k8s.cluster.live._PAGE", 2)
    site.create(*gpus(0, 1, 2, 3, 4))
    pools = [pool(entries(n), name=f"rail-{n + 1}") for n in range(5)]
    site.have(*pools)
    site.want(*pools, pool(entries(0, 1, 2, 3, 4), name="rail-6"))

    assert site.diff() == [
        "+ CIDRPool nvidia-network-operator/rail-6: 5 nodes of 172.16.0.0/15"
    ]
    assert not [line for line in site.errors if "NK611" in line]
    assert "5 objects are the same" in site.summary


def test_snapshot_has_no_more_of_pods_than_is_needed(site):
    secret = pod("train", "gpu-0", "172.16.0.0")
    secret["metadata"]["annotations"]["password"] = "hunter2"
    plain = pod("web", "gpu-0", networks="")
    del plain["metadata"]["annotations"]
    site.create(*gpus(0), secret, plain)
    dump = site.directory / "cluster.yaml"
    site.run(
        "snapshot", "-o", dump, "--kubeconfig", site.server.kubeconfig, "--no-config"
    )
    pods = [
        body for body in yaml.safe_load_all(dump.read_text()) if body["kind"] == "Pod"
    ]

    assert [body["metadata"]["name"] for body in pods] == ["train"]
    assert pods[0]["spec"] == {"nodeName": "gpu-0"}
    assert "hunter2" not in dump.read_text()


def test_snapshot_says_what_the_cluster_says(site):
    site.create(*gpus(0, 1), pod("train-0", "gpu-1", "172.16.0.2"))
    site.have(*fleet(0, 1), foreign())
    site.want(
        pool([entry(0), entry(1, prefix="172.16.0.8/31", gateway="172.16.0.9")]),
        network(),
    )
    dump = site.directory / "cluster.yaml"
    taken = site.run(
        "snapshot", "-o", dump, "--kubeconfig", site.server.kubeconfig, "--no-config"
    )
    live = site.diff()
    away = site.run("diff", site.manifests, "--snapshot", dump, "--no-config")

    assert (taken.code, taken.err) == (0, "")
    assert "2 Node" in taken.out
    assert [line for line in away.out.splitlines() if line[0] in "~ "] == live
    again = site.run(
        "snapshot", "-o", dump, "--kubeconfig", site.server.kubeconfig, "--no-config"
    )
    assert again.code == 2, "a file that is there is not replaced unasked"


def test_output_of_kubectl_get_is_a_snapshot(site):
    site.create(*gpus(0, 1))
    site.have(*fleet(0, 1))
    site.want(*fleet(0, 1))
    kinds = (
        "cidrpools,hostdevicenetworks,nicclusterpolicies,network-attachment-definitions"
    )
    done = site.kubectl("get", "-A", kinds, "-o", "yaml")
    nodes = site.kubectl("get", "nodes", "-o", "yaml")
    dump = site.directory / "cluster.yaml"
    dump.write_text(f"{done.stdout}---\n{nodes.stdout}")
    away = site.run(
        "diff", site.manifests, "--snapshot", dump, "--no-config", "--exit-code"
    )

    assert (done.returncode, nodes.returncode) == (0, 0), done.stderr
    assert (away.code, away.err) == (0, "")


# -- promises -----------------------------------------------------------------------


def test_nothing_is_sent_but_reads_and_dry_runs(own_cluster, run, tmp_path):
    site = Site(own_cluster, run, tmp_path)
    site.create(*gpus(0, 1), pod("train-0", "gpu-1", "172.16.0.2"))
    site.have(*fleet(0, 1), foreign(), pool(entries(0), name="rail-9"))
    site.update(pool(), gatewayIndex=1)
    bad = pool(entries(0), name="rail-2", cidr=None)
    site.want(*fleet(0), bad, policy(resource("rail-1", "0000:1a:00.0")))
    site.diff("--all")
    site.diff("--force-conflicts")
    site.diff(kubeconfig=own_cluster.kubeconfig_of(own_cluster.reader_token))
    run(
        "snapshot",
        "-o",
        tmp_path / "dump.yaml",
        "--kubeconfig",
        own_cluster.kubeconfig,
        "--no-config",
    )
    mine = [event for event in own_cluster.audit() if event["userAgent"] != AGENT]
    writes = [event for event in mine if event["verb"] in WRITES]

    assert len(mine) > 40
    assert len(writes) > 10
    assert {event["userAgent"].split("/")[0] for event in mine} == {"netplan2k8s"}
    assert all("dryRun=All" in event["requestURI"] for event in writes)
    assert {event["verb"] for event in mine} <= {"get", "list", "patch"}


def test_kubectl_diff_finds_the_same_objects(site):
    site.create(*gpus(0, 1))
    site.have(
        *fleet(0, 1),
        pool(entries(0), name="rail-2"),
        pool(entries(0), name="rail-3"),
        network("rail-2"),
    )
    site.want(
        pool(entries(0)),
        pool(entries(0), name="rail-2"),
        pool(entries(0), name="rail-3", routes=[{"dst": "172.16.0.0/12"}]),
        pool(entries(1), name="rail-4"),
        network(networkNamespace="training"),
        network("rail-2"),
    )
    said = site.diff()
    program = Path(sys.executable).with_name("netplan2k8s-diff")
    done = site.kubectl("diff", "--server-side", "-f", site.manifests / "fabric")
    heading = re.compile(r"^diff .*/([^/\s]+)$", re.MULTILINE)
    different = heading.findall(done.stdout)

    heads = {
        line.split(":")[0].split()[-1].split("/")[-1] + line.split()[1]
        for line in said
        if line[0] in "+~-"
    }
    assert heads == {name.split(".")[-1] + name.split(".")[-3] for name in different}
    assert len(heads) == 4
    if not program.exists():
        pytest.skip("netplan2k8s-diff is not installed")
    done = site.kubectl(
        "diff",
        "--server-side",
        "-f",
        site.manifests / "fabric",
        KUBECTL_EXTERNAL_DIFF=str(program),
    )
    assert done.returncode == 1, done.stderr
    external = [line for line in done.stdout.splitlines() if line[:1] in "+~-"]
    assert sorted(external) == sorted(line for line in said if line[:1] in "+~-")


def test_whole_reference_bundle(site):
    """What convert writes is taken, and then there is nothing left to do."""
    bundle = site.directory / "bundle"
    done = site.run(
        "convert",
        FIXTURES / "reference" / "hosts",
        "-o",
        bundle,
        "--no-config",
        "--policy",
        "full",
    )
    assert done.code == 0, done.err
    site.create(*(node(f"worker-gpu-{n}", gpu=8) for n in range(64)))
    site.diff(path=bundle)
    assert site.summary == "18 to add, 0 to change, 0 to remove"
    done = site.kubectl("apply", "--server-side", "-f", bundle / "fabric")
    assert done.returncode == 0, done.stderr

    assert site.diff(path=bundle / "fabric") == []
    assert site.result.code == 0


PAGES = [rule for rule in RULES.values() if needs_cluster(rule_pages.blocks(rule))]


@pytest.mark.parametrize("rule", PAGES, ids=lambda rule: rule.code)
def test_example_of_a_page(rule, site, monkeypatch):
    """The page of a rule that only a cluster can break, as test_rule_pages runs others.

    A role in it is what the user may do.
    """
    monkeypatch.chdir(site.directory)
    finding = re.compile(rf"^\S.*: {rule.code} ", re.MULTILINE)
    for is_good in (False, True):
        mine = [b for b in rule_pages.blocks(rule) if b.is_good is is_good]
        for block in mine:
            if block.language != "sh":
                path = site.directory / block.path
                path.parent.mkdir(exist_ok=True)
                path.write_text(block.text)
        kubeconfig = site.server.kubeconfig
        role = site.directory / "role.yaml"
        if role.exists():
            if not site.server.rbac:
                pytest.skip("1.36 has no RBAC")
            rules = yaml.safe_load(role.read_text())["rules"]
            kubeconfig = site.server.kubeconfig_of(site.server.user(rules))
        site.diff(kubeconfig=kubeconfig, path="manifests")

        assert bool(finding.search(site.result.err)) is not is_good, site.result
