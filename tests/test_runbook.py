"""The runbook: its text, and its commands on hosts and nodes."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from tests.conftest import FIXTURES
from tests.fixtures_build.expect import RUNBOOKS, runbook
from tests.test_diff_cluster import kubectl
from tests.test_strip_writing import listing

FOUR = FIXTURES / "four-rails/hosts"
NODES = [f"worker-gpu-{n}" for n in range(4)]
TAINT = "netplan2k8s/unverified-rails"


def blocks(text: str) -> list[str]:
    return re.findall(r"^```bash\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture
def site(tmp_path, monkeypatch, run) -> Path:
    """The small fleet where its runbook is followed, stripped as it says."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(FOUR, "hosts")
    assert run("convert", "hosts", "-o", "manifests", "--no-config").code == 0
    done = run("strip", "hosts", "--no-config", "--write", "-o", "stripped")
    assert done.code == 0, done.err
    return tmp_path


@pytest.fixture
def page(site, run) -> str:
    assert (site / "manifests").exists()
    done = run("runbook", "manifests", "--hosts", "hosts", "--no-config")
    assert done.code == 0, done.err
    return done.out


def section(page: str, heading: str) -> str:
    """From a heading to the next."""
    found = re.search(
        rf"^#+ [\d.]* ?{heading}.*?(?=^##|\Z)", page, re.MULTILINE | re.DOTALL
    )
    assert found, heading
    return found[0]


# -- the text ---------------------------------------------------------------------


@pytest.mark.parametrize("name", RUNBOOKS)
def test_it_is_as_it_was_read(name):
    kept = (FIXTURES / name / "runbook.md").read_text()
    assert runbook(FIXTURES / name, RUNBOOKS[name]) == kept


@pytest.mark.parametrize("name", RUNBOOKS)
def test_every_block_is_shell(name, tmp_path):
    text = (FIXTURES / name / "runbook.md").read_text()
    functions = next(block for block in blocks(text) if "files_are()" in block)
    for block in blocks(text):
        script = tmp_path / "block.sh"
        script.write_text(f"#!/bin/bash\n{block}")
        subprocess.run(["bash", "-n", script], check=True)
    shellcheck = shutil.which("shellcheck")
    if shellcheck:
        # NODES and RAILS are set by the reader, and split into words on purpose.
        script.write_text(f"#!/bin/bash\nNODES=a RAILS=b\n{functions}")
        codes = "--exclude=SC2086,SC2329,SC2029,SC2016,SC2034"
        done = subprocess.run(
            [shellcheck, codes, script], capture_output=True, text=True, check=False
        )
        assert done.stdout == ""


def test_every_step_has_a_check(page):
    steps = re.findall(r"^### (.*?)\n(.*?)(?=^##|\Z)", page, re.MULTILINE | re.DOTALL)
    assert len(steps) > 15
    for title, text in steps:
        assert "Check: " in text, title


@pytest.mark.usefixtures("site")
def test_waves_name_their_nodes_and_the_rest_is_said(run):
    waves = ("--nodes", "worker-gpu-0", "--nodes", "worker-gpu-[12]")
    run("convert", "hosts", "-o", "manifests", "--no-config", *waves)
    done = run("runbook", "manifests", "--hosts", "hosts", "--no-config", *waves)
    assert done.code == 0, done.err
    assert "| wave-2 | 2 | worker-gpu-1..2 |" in done.out
    assert "No wave has worker-gpu-3: they stay tainted" in done.out


@pytest.mark.usefixtures("site")
def test_many_waves_have_their_steps_once(run):
    """Six of one node each would be six times the same pages."""
    shutil.rmtree("hosts")
    shutil.copytree(FIXTURES / "node-groups/hosts", "hosts")
    waves = [arg for n in range(6) for arg in ("--nodes", f"worker-gpu-{n}")]
    options = ("--config", FIXTURES / "node-groups/netplan2k8s.yaml", *waves)
    done = run("convert", "hosts", "-o", "other", *options)
    assert done.code == 0, done.err
    done = run("runbook", "other", "--hosts", "hosts", *options)
    assert done.code == 0, done.err
    assert done.out.count("Cordon and drain") == 1
    assert done.out.count("WAVE=wave-") == 6
    for block in blocks(done.out):
        subprocess.run(["bash", "-n"], input=block, text=True, check=True)
    assert "@{" not in done.out


def test_the_same_for_the_same_site(page, run):
    again = run("runbook", "manifests", "--hosts", "hosts", "--no-config")
    assert again.out == page


@pytest.mark.usefixtures("site")
def test_release_that_does_not_restart_the_plugin(run):
    options = ("--no-config", "--operator-release", "25.10")
    run("convert", "hosts", "-o", "old", *options)
    done = run("runbook", "old", "--hosts", "hosts", *options)
    assert done.code == 0, done.err
    assert "kubectl rollout restart -n nvidia-network-operator daemonset" in done.out


# -- what stops it ----------------------------------------------------------------


def test_without_proof_there_is_no_runbook(site, run):
    pool = site / "manifests/fabric/20-cidrpool-rail-1.yaml"
    pool.write_text(pool.read_text().replace("172.16.0.3\n", "172.16.0.2\n", 1))
    done = run("runbook", "manifests", "--hosts", "hosts", "--no-config")
    assert done.code == 1
    assert " NK502 " in done.err
    assert done.out == ""


@pytest.mark.usefixtures("site")
def test_waves_without_their_jobs(run):
    options = ("--hosts", "hosts", "--no-config", "--nodes", "worker-gpu-0")
    done = run("runbook", "manifests", *options)
    assert done.code == 1
    assert "manifests/verify:1:1: NK741 wave-1 moves worker-gpu-0" in done.err


def test_a_host_that_cannot_be_stripped(site, run):
    path = next((site / "hosts/worker-gpu-1/etc/netplan").glob("*rails.yaml"))
    name = re.search(r"^    (\S+):$", path.read_text(), re.MULTILINE)[1]
    path.write_text(f"{path.read_text()}  vlans: {{v: {{id: 7, link: {name}}}}}\n")
    done = run("runbook", "manifests", "--hosts", "hosts", "--no-config")
    assert done.code == 1
    assert " NK703 " in done.err


def test_links_are_not_pushed(site, run):
    path = next((site / "hosts/worker-gpu-1/etc/netplan").glob("*.yaml"))
    (site / "hosts/worker-gpu-1/opt").mkdir()
    path.rename(site / "hosts/worker-gpu-1/opt/x")
    path.symlink_to("../../opt/x")
    done = run("runbook", "manifests", "--hosts", "hosts", "--no-config")
    assert done.code == 1
    assert " NK742 worker-gpu-1 has " in done.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["manifests"], "--hosts HOSTS"),
        (["hosts", "--hosts", "hosts"], "hosts has no fabric/"),
        (["manifests", "--hosts", "hosts", "--nodes", "x"], "'x' of --nodes or waves"),
    ],
)
@pytest.mark.usefixtures("site")
def test_wrong_use(arguments, message, run):
    done = run("runbook", *arguments, "--no-config")
    assert done.code == 2
    assert message in done.err


@pytest.mark.usefixtures("site")
def test_a_file_that_is_there_stays(run):
    Path("page.md").write_text("mine")
    options = ("--hosts", "hosts", "--no-config", "-o", "page.md")
    assert run("runbook", "manifests", *options).code == 2
    assert Path("page.md").read_text() == "mine"
    done = run("runbook", "manifests", *options, "--force")
    assert done.code == 0
    assert done.out == "wrote page.md; read it before the window\n"


# -- on hosts ---------------------------------------------------------------------

FAKES = {
    # A host's root stands for its /, so that paths lead there.
    "ssh": 'node=$1; shift; root=$ROOTS/$node; printf "%s" "$*" |'
    ' sed "s,/etc/netplan,$root/etc/netplan,g; s,/var/backups,$root/var/backups,g;'
    ' s,cd / ,cd $root ,g" > "$root/command"; cat > "$root/input";'
    ' exec sh -c "$(cat "$root/command")" < "$root/input"',
    "sudo": 'exec "$@"',
    "netplan": "exit 0",
    "sync": "exit 0",
}


class Shell:
    """A bash in which the functions of a runbook are defined."""

    def __init__(self, functions: str, environment: dict[str, str]) -> None:
        self.functions = functions
        self.environment = environment

    def __call__(self, command: str, nodes: str = " ".join(NODES)) -> str:
        done = subprocess.run(
            ["bash", "-c", f"{self.functions}\nNODES='{nodes}'\n{command}"],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.stdout


@pytest.fixture
def shell(site, page) -> Shell:
    """With hosts behind a pretended ssh."""
    commands = site / "bin"
    commands.mkdir()
    for name, text in FAKES.items():
        (commands / name).write_text(f"#!/bin/bash\n{text}\n")
        (commands / name).chmod(stat.S_IRWXU)
    shutil.copytree("hosts", "roots")
    functions = next(block for block in blocks(page) if "files_are()" in block)
    path = f"{commands}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "ROOTS": str(site / "roots")}
    return Shell(functions, environment)


def netplan_of(site: Path) -> dict:
    return {
        name: value
        for name, value in listing(site / "roots").items()
        if "/etc/netplan/" in name
    }


def test_files_are_pushed_and_come_back(shell, site):
    before = netplan_of(site)
    assert shell("files_are rollback") == ""
    assert shell("push hosts; files_are hosts; accepted") == ""
    moved = netplan_of(site)
    assert moved != before
    assert moved == listing(site / "stripped/hosts")
    assert shell("files_are rollback").count("is not that of rollback") == 4
    assert shell("push rollback; files_are rollback") == ""
    assert netplan_of(site) == before


def test_what_was_there_first_is_kept_on_the_host(shell, site):
    before = listing(site / "hosts")
    shell("push hosts; push hosts")
    for node in NODES:
        kept = listing(site / "roots" / node / "var/backups/netplan2k8s")
        of_host = {
            name.rpartition("/")[2]: value
            for name, value in before.items()
            if name.startswith(f"{node}/etc/netplan/")
        }
        assert kept == of_host


@pytest.mark.parametrize("change", ["edit", "add", "remove"])
def test_a_host_that_changed_since_is_named(change, shell, site):
    place = site / "roots/worker-gpu-2/etc/netplan"
    first = min(place.iterdir())
    if change == "edit":
        first.write_text(first.read_text() + "# now\n")
    elif change == "add":
        (place / "99-new.yaml").write_text("network: {}\n")
    else:
        first.unlink()
    said = shell("files_are rollback")
    assert said.endswith("worker-gpu-2: etc/netplan is not that of rollback\n")
    assert said.count("is not that") == 1


def test_a_host_that_refuses_is_named(shell, site):
    (site / "bin/tar").write_text(
        '#!/bin/sh\n[ "$3" = -cf ] || exit 1\nexec /bin/tar "$@"\n'
    )
    (site / "bin/tar").chmod(stat.S_IRWXU)
    before = netplan_of(site)
    assert shell("push hosts", "worker-gpu-1").endswith("worker-gpu-1: not pushed\n")
    assert netplan_of(site) == before


# -- on nodes ---------------------------------------------------------------------


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
    (drain,) = blocks(section(page, "Cordon and drain"))
    said = nodes(drain)
    assert said.count("cordoned") >= 4
    assert said.count("drained") == 4
    (opened,) = blocks(section(page, "Open the nodes"))
    opened = "\n".join(line for line in opened.splitlines() if "job" not in line)
    said = nodes(opened)
    assert said.count("untainted") == 4
    assert said.count("uncordoned") == 4
    assert nodes("tainted").count("has no taint") == 4


def test_what_a_node_does_not_offer_is_named(nodes, cluster):
    answer = cluster.request(
        "PATCH",
        "/api/v1/nodes/worker-gpu-3/status",
        {"status": {"allocatable": {"nvidia.com/rail-2": None}}},
        content_type="application/merge-patch+json",
    )
    assert answer.status == 200
    assert nodes("offered") == "worker-gpu-3: offers <no value> of nvidia.com/rail-2\n"


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
    try:
        (keep,) = blocks(section(page, "The policy as it is"))
        assert '"config": "{}"' in nodes(keep)
        tolerate = blocks(section(page, "The operator's own pods"))[0]
        assert "patched" in nodes(tolerate)
        keys = [t["key"] for t in cluster.get(policy).body["spec"]["tolerations"]]
        assert keys == (["a", TAINT] if is_tolerant else [TAINT])
        patch = next(b for b in blocks(page) if "patches/nicclusterpolicy.yaml" in b)
        assert "patched" in nodes(patch.splitlines()[0])
        changed = cluster.get(policy).body["spec"]["sriovDevicePlugin"]["config"]
        assert "rail-1" in changed
        remove = blocks(section(page, "Roll everything back"))[0]
        back = next(line for line in remove.splitlines() if "policy-before" in line)
        assert "patched" in nodes(back)
        given = cluster.get(policy).body["spec"]["sriovDevicePlugin"]
        assert given["config"] == "{}"
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
    try:
        (keep,) = blocks(section(page, "The policy as it is"))
        assert '"sriovDevicePlugin": null' in nodes(keep)
        patch = next(b for b in blocks(page) if "patches/nicclusterpolicy.yaml" in b)
        nodes(patch.splitlines()[0])
        remove = blocks(section(page, "Roll everything back"))[0]
        back = next(line for line in remove.splitlines() if "policy-before" in line)
        assert "patched" in nodes(back)
        assert "sriovDevicePlugin" not in cluster.get(policy).body["spec"]
    finally:
        cluster.delete(policy)


def test_the_verification_is_taken_by_the_server(nodes):
    done = nodes(
        "kubectl apply --dry-run=server -f manifests/verify/check-rails.yaml -f manifests/verify/unit-1/"
    )
    assert done.count("created (server dry run)") == 3, done
