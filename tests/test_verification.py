"""verify/: what is written, and what its program says of a pod's rails."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from netplan2k8s import verification, workflow
from netplan2k8s.emitters.verification import script
from netplan2k8s.proof import emitted
from netplan2k8s.settings import Settings
from tests.conftest import FIXTURES
from tests.packets.namespaces import CommandError, Namespaces, batch, inside, ip
from tests.packets.verification import hurried

PROGRAM = Path(verification.__file__).with_name("check_rails.py")
REFERENCE = FIXTURES / "reference/expected/verify"


def body(path: Path) -> dict:
    return yaml.safe_load(path.read_text())


# -- what is written --------------------------------------------------------------


def test_a_job_has_a_pod_for_each_node_of_its_unit():
    job = body(REFERENCE / "unit-2/job.yaml")["spec"]
    terms = job["template"]["spec"]["affinity"]["nodeAffinity"][
        "requiredDuringSchedulingIgnoredDuringExecution"
    ]["nodeSelectorTerms"]
    nodes = [term["matchFields"][0]["values"] for term in terms]
    assert nodes == [[f"worker-gpu-{n}"] for n in range(32, 64)]
    assert (job["completions"], job["parallelism"]) == (32, 32)


def test_a_pod_that_gives_up_stops_no_other_and_is_not_tried_again():
    job = body(REFERENCE / "unit-1/job.yaml")["spec"]
    assert (job["completionMode"], job["backoffLimitPerIndex"]) == ("Indexed", 0)
    assert "backoffLimit" not in job
    assert job["template"]["spec"]["restartPolicy"] == "Never"


def test_the_program_sends_over_a_rail_where_it_may_not_bind_to_it(pod):
    """As on kernels before 5.7; the address alone would take the last of equal routes."""
    for n in (1, 2):
        line = f"route prepend 10.9.0.0/16 via 172.{14 + 2 * n}.0.1 dev net{n}"
        batch(pod.namespace, [line])
    batch(pod.leaves, ["address add 10.9.0.1/32 dev lo", "link set leaf2 down"])
    code = (
        "import select, socket\n"
        "from netplan2k8s.verification import check_rails\n"
        "class Old(socket.socket):\n"
        "    def setsockopt(self, level, name, *value):\n"
        "        if (level, name) == (socket.SOL_SOCKET, socket.SO_BINDTODEVICE):\n"
        "            raise PermissionError\n"
        "        super().setsockopt(level, name, *value)\n"
        "check_rails.socket.socket = Old\n"
        "leaf = check_rails.Leaf('172.16.0.0', 'net1', '10.9.0.1')\n"
        "leaf.ask()\n"
        "select.select([leaf.socket], [], [], 5)\n"
        "leaf.hear()\n"
        "assert leaf.milliseconds is not None\n"
    )
    subprocess.run(inside(pod.namespace, sys.executable, "-c", code), check=True)


def test_the_program_ends_when_it_is_told_to(pod):
    process = subprocess.Popen(
        pod.command(plan(nodes=plan()["nodes"] | {"gpu-1": plan()["nodes"]["gpu-0"]})),
        env={**os.environ, "NODE_NAME": "gpu-0"},
        stdout=subprocess.PIPE,
        text=True,
    )
    time.sleep(1)
    process.terminate()
    process.communicate(timeout=10)
    assert process.returncode == 143


def test_its_pods_ask_for_the_rails_and_nothing_else():
    pod = body(REFERENCE / "unit-1/job.yaml")["spec"]["template"]
    spec = pod["spec"]
    (container,) = spec["containers"]
    assert container["resources"] == {
        "limits": {f"nvidia.com/rail-{n}": 1 for n in range(1, 9)}
    }
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()


def test_its_pods_pass_the_strictest_pod_security(run, tmp_path):
    """But for the sysctl, which that level knows as safe."""
    shutil.copytree(REFERENCE.parent, tmp_path / "manifests")
    namespace = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": "default",
            "labels": {"pod-security.kubernetes.io/enforce": "restricted"},
        },
    }
    (tmp_path / "manifests/namespace.yaml").write_text(yaml.safe_dump(namespace))
    done = run("lint", tmp_path / "manifests", "--no-config")
    refused = [line for line in done.err.splitlines() if "pod-security level" in line]
    assert refused
    assert not [line for line in refused if "/unit-" in line]


def test_the_plan_is_the_pools():
    plan = json.loads(body(REFERENCE / "unit-1/configmap.yaml")["data"]["plan.json"])
    pools = [
        body(path)["spec"]
        for path in sorted((REFERENCE.parent / "fabric").glob("20-*.yaml"))
    ]
    assert [rail[2] for rail in plan["rails"]] == [
        [route["dst"] for route in pool["routes"]] for pool in pools
    ]
    for number, pool in enumerate(pools):
        for entry in pool["staticAllocations"][:32]:
            addresses, length, gateway, mtu = plan["nodes"][entry["nodeName"]][number]
            assert f"{addresses[0]}/{length}" == entry["prefix"]
            assert (gateway, mtu) == (entry["gateway"], 9216)


def test_the_program_is_in_the_config_map_and_needs_the_library_alone(run, tmp_path):
    run("convert", FIXTURES / "flat/hosts", "-o", tmp_path / "out", "--no-config")
    (text,) = body(tmp_path / "out/verify/check-rails.yaml")["data"].values()
    assert text == PROGRAM.read_text() == script()
    tree = ast.parse(text, feature_version=(3, 8))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
        )
    }
    assert imported <= sys.stdlib_module_names


def test_wider_links_leave_the_address_open():
    plan = body(FIXTURES / "multi-pod/expected/verify/unit-1/configmap.yaml")
    link = json.loads(plan["data"]["plan.json"])["nodes"]["worker-gpu-0"][0]
    assert link == [[f"10.1.0.{n}" for n in range(2, 7)], 29, "10.1.0.1", 9216]


def test_kinds_may_leave_it_out(run, tmp_path):
    out = tmp_path / "out"
    kinds = "cidrpool,hostdevicenetwork"
    run("convert", FIXTURES / "flat/hosts", "-o", out, "--kinds", kinds, "--no-config")
    assert not (out / "verify").exists()
    done = run("convert", FIXTURES / "flat/hosts", "--stdout", "--no-config")
    assert "verify-rails" not in done.out, "a stream is applied as a whole"


def test_nccl_gets_the_rails_in_their_order(tmp_path):
    """The shell of both jobs, on a pretended /sys."""
    for rail, device in (("net1", "mlx5_7"), ("net2", "mlx5_0")):
        (tmp_path / f"{rail}/device/infiniband/{device}").mkdir(parents=True)
    for path in ("pytorchjob.yaml", "mpijob.yaml"):
        text = (FIXTURES / "four-rails/expected/verify/nccl" / path).read_text()
        start = text.index("hca=")
        shell = text[start : text.index("NCCL_CROSS_NIC=0", start)]
        shell = shell.replace("/sys/class/net", str(tmp_path))
        two = shell.replace("net1 net2 net3 net4", "net1 net2")
        done = sh(f"{two} true; echo $NCCL_IB_HCA")
        assert done.stdout == "=mlx5_7,mlx5_0\n"
        done = sh(f"{shell} true")
        assert (done.returncode, done.stderr) == (1, "net3 has no RDMA device\n")


def sh(text: str) -> subprocess.CompletedProcess[str]:
    command = ["bash", "-ec", text]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_launcher_asks_for_no_rails_and_ranks_for_all():
    replicas = body(REFERENCE / "nccl/mpijob.yaml")["spec"]["mpiReplicaSpecs"]
    launcher = replicas["Launcher"]["template"]["spec"]["containers"][0]
    assert "resources" not in launcher
    assert "-np 512 " in launcher["command"][2]
    worker = replicas["Worker"]["template"]["spec"]["containers"][0]
    assert worker["resources"]["limits"]["nvidia.com/rail-8"] == 1
    assert "command" not in worker, "the operator starts sshd"


def test_ignores_of_the_jobs_are_used(run, tmp_path):
    """An ignore of what is not there would be a finding of its own."""
    for fleet in ("reference", "multi-pod", "attachment-definitions"):
        shutil.copytree(FIXTURES / fleet / "expected", tmp_path / fleet)
        done = run("lint", tmp_path / fleet, "--no-config")
        assert "NK480" not in done.err
        assert "/unit-" not in done.err


@pytest.mark.parametrize(
    "path",
    ["unit-1/job.yaml", "unit-2/job.yaml", "nccl/mpijob.yaml", "nccl/pytorchjob.yaml"],
)
def test_convert_judges_each_job_that_it_writes(path):
    hosts = FIXTURES / "reference" / "hosts"
    made = workflow.convert([str(hosts)], Settings(), directory=None)
    assert made.proof is not None
    assert emitted.judge_jobs(made.files, made.proof, Settings()) == []
    path = f"verify/{path}"
    spoiled = made.files[path].replace("rail-1, rail-2,", "rail-2, rail-1,")
    said = emitted.judge_jobs({**made.files, path: spoiled}, made.proof, Settings())
    assert {(f.rule.code, f.span.path) for f in said} == {("NK509", path)}


# -- the program, on real interfaces ----------------------------------------------


class Pod(NamedTuple):
    """A pod's namespace with two rails, and the one that all leaves are."""

    namespace: str
    leaves: str
    place: Path

    def command(self, plan: dict) -> list[str]:
        path, program = self.place / "plan.json", self.place / "check_rails.py"
        path.write_text(json.dumps(plan))
        program.write_text(hurried(PROGRAM.read_text()))
        return inside(self.namespace, sys.executable, str(program), str(path))

    def check(self, plan: dict, node: str = "gpu-0", seconds: str = "1.2"):
        environment = {**os.environ, "NODE_NAME": node, "DEADLINE_SECONDS": seconds}
        return subprocess.run(
            self.command(plan),
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )


def plan(**changes) -> dict:
    rails = [
        ["rail-1", "net1", ["172.16.0.0/15"]],
        ["rail-2", "net2", ["172.18.0.0/15"]],
    ]
    links = [
        [["172.16.0.0"], 31, "172.16.0.1", 9216],
        [["172.18.0.0"], 31, "172.18.0.1", 9216],
    ]
    whole = {"name": "unit-1", "rdma": False, "rails": rails, "nodes": {"gpu-0": links}}
    return {**whole, **changes}


@pytest.fixture
def pod(tmp_path):
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("network namespaces need root and iproute2")
    try:
        with Namespaces() as namespaces:
            made = Pod(namespaces.add("pod"), namespaces.add("leaves"), tmp_path)
            batch(
                made.leaves,
                [
                    line
                    for n in (1, 2)
                    for line in (
                        f"link add leaf{n} mtu 9216 type veth peer name net{n} mtu 9216 netns {made.namespace}",
                        f"address add 172.{14 + 2 * n}.0.1/31 dev leaf{n}",
                        f"link set leaf{n} up",
                    )
                ],
            )
            batch(
                made.namespace,
                [
                    line
                    for n in (1, 2)
                    for line in (
                        f"address add 172.{14 + 2 * n}.0.0/31 dev net{n}",
                        f"link set net{n} up",
                        f"route add 172.{14 + 2 * n}.0.0/15 via 172.{14 + 2 * n}.0.1",
                    )
                ],
            )
            yield made
    except CommandError as error:
        pytest.skip(f"no network namespaces here: {error}")


def faults(done) -> list[str]:
    """What is said of rail 1, each thing once; nothing of rail 2 may be wrong."""
    assert "FAIL gpu-0 rail-2" not in done.stdout, done.stdout
    line = next(x for x in done.stdout.splitlines() if x.startswith("FAIL"))
    head, _, text = line.partition(": ")
    assert head == "FAIL gpu-0 rail-1 net1"
    return text.split("; ")


def test_all_right_is_a_line_for_each_link(pod):
    done = pod.check(plan(), seconds="30")
    lines = done.stdout.splitlines()
    assert done.returncode == 0
    assert lines[0].startswith(
        "OK   gpu-0 rail-1 net1 172.16.0.0/31 via 172.16.0.1 mtu 9216, leaf in "
    )
    assert lines[0].endswith(" ms, 0 of 0 other nodes")
    assert lines[2:] == [
        "gpu-0: 2 of 2 links are as planned",
        "unit-1: all 1 nodes are right",
    ]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (
            "address add 172.16.0.4/31 dev net1",
            ["address is 172.16.0.0/31 and 172.16.0.4/31, the plan says 172.16.0.0/31"],
        ),
        (
            "route delete 172.16.0.0/15",
            ["route to 172.16.0.0/15 is missing, the plan says 172.16.0.1"],
        ),
        (
            "route replace 172.16.0.0/15 via 172.18.0.1",
            ["route to 172.16.0.0/15 is missing, the plan says 172.16.0.1"],
        ),
        ("link set net1 mtu 9000", ["MTU is 9000, the plan says 9216"]),
        ("link set net1 name net9", ["the pod has no such interface"]),
    ],
)
def test_each_fault_is_named_and_nothing_else(command, expected, pod):
    if "name net9" in command:
        ip(pod.namespace, "link", "set", "net1", "down")
    ip(pod.namespace, *command.split())
    done = pod.check(plan())
    assert done.returncode == 1
    assert faults(done) == expected


def test_an_address_of_another_node(pod):
    batch(
        pod.namespace,
        [
            "address delete 172.16.0.0/31 dev net1",
            "address add 172.16.0.2/31 dev net1",
        ],
    )
    found = faults(pod.check(plan()))
    assert found[0] == "address is 172.16.0.2/31, the plan says 172.16.0.0/31"


def test_a_gateway_on_the_wrong_side_of_a_wider_link(pod):
    batch(
        pod.namespace,
        [
            "address delete 172.16.0.0/31 dev net1",
            "address add 172.16.0.2/29 dev net1",
            "route add 172.16.0.0/15 via 172.16.0.3 dev net1",
        ],
    )
    ip(pod.leaves, "address", "replace", "172.16.0.1/29", "dev", "leaf1")
    links = plan()["nodes"]["gpu-0"]
    links[0] = [["172.16.0.2", "172.16.0.3"], 29, "172.16.0.1", 9216]
    found = faults(pod.check(plan(nodes={"gpu-0": links})))
    assert found == [
        "route to 172.16.0.0/15 goes via 172.16.0.3, the plan says 172.16.0.1"
    ]


def test_a_leaf_that_does_not_answer(pod):
    ip(pod.leaves, "address", "delete", "172.16.0.1/31", "dev", "leaf1")
    assert faults(pod.check(plan())) == ["leaf 172.16.0.1 does not answer"]


def test_a_cable_that_is_pulled(pod):
    ip(pod.leaves, "link", "set", "leaf1", "down")
    found = faults(pod.check(plan()))
    assert "route to 172.16.0.0/15 is missing, the plan says 172.16.0.1" in found or (
        "leaf 172.16.0.1 does not answer" in found
    )


def test_a_node_whose_pod_never_came(pod):
    nodes = plan()["nodes"]
    nodes |= {
        f"gpu-{n}": [[[f"172.16.0.{2 * n}"], 31, f"172.16.0.{2 * n + 1}", None]] * 2
        for n in range(1, 9)
    }
    done = pod.check(plan(nodes=nodes))
    assert done.returncode == 1
    assert (
        "FAIL gpu-0 rail-1 net1: no answer on this rail from gpu-1, gpu-2, gpu-3,"
        " gpu-4, gpu-5, gpu-6 and 2 more"
    ) in done.stdout
    assert "unit-1: not all right yet on gpu-1, gpu-2," in done.stdout


def test_a_nic_without_rdma_is_no_rail(pod):
    done = pod.check(plan(rdma=True))
    assert done.returncode == 1
    assert done.stdout.count("the NIC has no RDMA device here") >= 2


def test_a_fault_that_is_mended_turns_to_ok(pod):
    ip(pod.leaves, "address", "delete", "172.16.0.1/31", "dev", "leaf1")
    environment = {**os.environ, "NODE_NAME": "gpu-0", "DEADLINE_SECONDS": "40"}
    with subprocess.Popen(
        pod.command(plan()),
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline().startswith("OK   gpu-0 rail-2 ")
        assert process.stdout.readline().startswith("FAIL gpu-0 rail-1 ")
        ip(pod.leaves, "address", "add", "172.16.0.1/31", "dev", "leaf1")
        assert process.stdout.readline().startswith("OK   gpu-0 rail-1 ")
        assert process.wait() == 0


@pytest.mark.parametrize(
    ("node", "said"), [("gpu-7", "gpu-7"), ("", "NODE_NAME is empty")]
)
def test_a_node_that_the_plan_does_not_know(node, said, tmp_path):
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(plan()))
    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(path)],
        env={**os.environ, "NODE_NAME": node},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == f"FAIL {said}: the plan unit-1 has no such node\n"


def test_old_pythons_can_run_it():
    """Where the machine has one: the image's may be as old as 3.8."""
    old = next((p for n in (8, 9, 10) if (p := shutil.which(f"python3.{n}"))), None)
    if old is None:
        pytest.skip("no Python older than 3.11 here")
    done = subprocess.run(
        [old, str(PROGRAM), "/dev/null"], capture_output=True, text=True, check=False
    )
    assert "SyntaxError" not in done.stderr


def test_complete_nodes_have_every_rail():
    from netplan2k8s.addressing import InterfaceAddress, parse_prefix
    from netplan2k8s.emitters.pods import complete_nodes
    from netplan2k8s.fabric.plan import FabricPlan, Rail, RailAttachment

    def rail(number, *nodes):
        links = tuple(
            RailAttachment(node, "e1", InterfaceAddress(4, 2 * n, 31), 2 * n + 1)
            for n, node in enumerate(nodes)
        )
        cidr = parse_prefix("0.0.0.0/15")
        return Rail(number, f"rail-{number}", "r", cidr, 31, (), links)

    whole = FabricPlan((rail(1, "a", "b"), rail(2, "a", "b")), ("a", "b"))
    assert complete_nodes(whole) == ("a", "b")
    part = FabricPlan((rail(1, "a", "b"), rail(2, "b", "c")), ("a", "b", "c"))
    assert complete_nodes(part) == ("b",)
    assert complete_nodes(FabricPlan((), ())) == ()


@pytest.mark.parametrize(
    "text", [None, "", "{", "{}", "[]", '{"nodes": {}}', '{"rails": 1, "nodes": {}}']
)
def test_a_plan_that_is_none_is_one_line(text, tmp_path):
    path = tmp_path / "plan.json"
    if text is not None:
        path.write_text(text)
    program = Path(verification.__file__).with_name("check_rails.py")
    done = subprocess.run(
        [sys.executable, program, path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stdout.startswith(f"FAIL {path}: ")
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""
