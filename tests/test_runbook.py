"""The runbook: its text, and its commands on hosts and nodes."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

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


@pytest.mark.parametrize("name", RUNBOOKS)
def test_functions_can_be_pasted(name):
    """Into a shell that takes a tab for a question and "!" for a line of before."""
    text = (FIXTURES / name / "runbook.md").read_text()
    functions = next(block for block in blocks(text) if "files_are()" in block)
    count = next(block for block in blocks(text) if block.startswith("type "))
    assert "\t" not in text
    assert max(map(len, text.splitlines())) < 1024  # of 4096 that a terminal takes
    done = subprocess.run(
        ["bash", "--norc", "-i"],
        input=f"set -o histexpand\n{functions}\n{count}",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.endswith("12\n")
    assert "event not found" not in done.stderr


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


@pytest.mark.usefixtures("site")
def test_a_node_with_rails_of_its_own_has_its_own(run):
    """Its rails are on NICs of other names; those of the others may be there, too."""
    path = min(Path("hosts/worker-gpu-2/etc/netplan").glob("*rails.yaml"))
    old, new = "enp122s0f0np0", "enp123s0f0np0"
    for place in Path("hosts/worker-gpu-2").rglob("*"):
        if place.is_file() and not place.is_symlink():
            place.write_text(place.read_text().replace(old, new))
    assert new in path.read_text()
    assert run("convert", "hosts", "-o", "other", "--no-config").code == 0
    done = run("runbook", "other", "--hosts", "hosts", "--no-config")
    assert done.code == 0, done.err
    values = next(b for b in blocks(done.out) if "\nRAILS=" in b)
    functions = next(block for block in blocks(done.out) if "files_are()" in block)
    show = "for n in $NODES; do echo ${RAILS_OF[$n]-$RAILS}; done"
    said = subprocess.check_output(
        ["bash", "-c", f"{functions}\n{values}\n{show}"], text=True
    ).splitlines()
    assert [new in line for line in said] == [False, False, True, False]
    assert [old in line for line in said] == [True, True, False, True]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("four-rails", ()),
        ("table", ("--inventory", "inventory.csv")),
        ("node-groups", ("--config", "netplan2k8s.yaml")),
        ("mixed-side", ("--exclude", "worker-gpu-0")),
    ],
)
def test_its_own_commands_do_as_it_says(name, options, run, tmp_path, monkeypatch):
    """What the command line had that they need is in them."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(FIXTURES / name, ".", dirs_exist_ok=True)
    given = options if "--config" in options else ("--no-config", *options)
    assert run("convert", "hosts", "-o", "manifests", *given).code == 0
    page = run("runbook", "manifests", "--hosts", "hosts", *given)
    assert page.code == 0, page.err
    commands = [
        line.partition("netplan2k8s ")[2].split()
        for block in blocks(page.out)
        for line in block.splitlines()
        if line.startswith("netplan2k8s ") and " diff " not in line
    ]
    done = {words[0]: run(*words) for words in commands if "--live" not in words}
    assert {word: said.code for word, said in done.items() if word != "convert"} == {
        "prove": 0,
        "lint": 0,
        "strip": 0,
    }
    (summary,) = re.findall(r"it ends with\n\n```text\n(.*?)```", page.out, re.DOTALL)
    assert done["strip"].out.endswith(summary)


def test_nodes_that_are_left_are_verified_without_the_one(page, site):
    (block,) = (b for b in blocks(page) if "-o without" in b)
    command = next(line for line in block.splitlines() if "-o without" in line)
    program = site / "bin/netplan2k8s"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m netplan2k8s "$@"\n')
    program.chmod(stat.S_IRWXU)
    subprocess.run(
        ["bash", "-ec", f"NODES='worker-gpu-0 worker-gpu-1\nworker-gpu-3'\n{command}"],
        env={**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}"},
        check=True,
        capture_output=True,
    )
    plan = (site / "without/verify/wave-1/configmap.yaml").read_text()
    assert "worker-gpu-3" in plan
    assert "worker-gpu-2" not in plan


def test_the_same_for_the_same_site(page, run):
    again = run("runbook", "manifests", "--hosts", "hosts", "--no-config")
    assert again.out == page


@pytest.mark.usefixtures("site")
def test_every_wave_renews_the_plugin(run):
    """An operator before 26.1 does not, and a later one takes node after node."""
    waves = ("--nodes", "worker-gpu-0", "--nodes", "worker-gpu-[12]")
    options = ("--no-config", "--operator-release", "25.10", *waves)
    run("convert", "hosts", "-o", "old", *options)
    done = run("runbook", "old", "--hosts", "hosts", *options)
    assert done.code == 0, done.err
    for title in ("Apply the fabric", "The fabric is there"):
        assert "\nrenewed\n" in section(done.out, title)


@pytest.mark.parametrize(
    ("name", "options", "applied", "withdrawn"),
    [
        (
            "four-rails",
            (),
            "--type=merge --patch-file manifests/patches/nicclusterpolicy.yaml",
            "--type=json --patch-file sriovDevicePlugin-before.json",
        ),
        (
            "full-policy",
            ("--policy", "full"),
            "kubectl apply --server-side -f manifests/fabric/",
            "else kubectl delete nicclusterpolicy nic-cluster-policy",
        ),
        (
            "node-groups",
            ("--config", "netplan2k8s.yaml"),
            """-p '{"spec":{"sriovDevicePlugin":null}}'; fi""",
            "not-found -f manifests/fabric/11-nicnodepolicy-model-b.yaml",
        ),
    ],
)
def test_policies_come_and_go_as_they_are_kept(
    name, options, applied, withdrawn, run, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(FIXTURES / name, ".", dirs_exist_ok=True)
    config = () if "--config" in options else ("--no-config",)
    assert run("convert", "hosts", "-o", "manifests", *config, *options).code == 0
    given = options if "--config" in options else config
    page = run("runbook", "manifests", "--hosts", "hosts", *given)
    assert page.code == 0, page.err
    assert applied in section(page.out, "Apply the fabric")
    away = section(page.out, "Roll everything back")
    assert withdrawn in away
    assert away.index("withdrawn") < away.index("20-cidrpool-rail-1")
    for block in blocks(page.out):
        subprocess.run(["bash", "-n"], input=block, text=True, check=True)


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
    # A host's root stands for its /, so that paths lead there. Like the real one it
    # reads all input that it is given.
    "ssh": """
while [ "$1" = -o ]; do shift 2; done
node=$1 root=$ROOTS/$1
shift
[ -d "$root" ] || { echo "ssh: no route to $node" >&2; exit 255; }
printf "%s\\n" "$*" | sed "s,/etc/netplan,$root/etc/netplan,g
    s,/var/backups,$root/var/backups,g; s,/sys/class,$root/sys/class,g
    s,cd / ,cd $root ,g; s,cd /$,cd $root,; s,^ip ,: ,g" > "$root/command"
cat > "$root/input"
exec sh -c "$(cat "$root/command")" < "$root/input"
""",
    "sudo": '[ "$1" = -n ] || exit 1; shift; exec "$@"',
    "netplan": "exit 0",
    "sync": "exit 0",
    "sleep": "exit 0",
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
        if "/etc/netplan/" in name and "/.new/" not in name  # netplan reads none of it
    }


def test_files_are_pushed_and_come_back(shell, site):
    before = netplan_of(site)
    assert shell("files_are rollback") == ""
    assert shell("push hosts\nfiles_are hosts\naccepted") == ""
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


def test_a_host_that_changed_since_is_not_pushed_to(shell, site):
    path = min((site / "roots/worker-gpu-2/etc/netplan").iterdir())
    path.write_text(path.read_text() + "# now\n")
    before = listing(site / "roots/worker-gpu-2/etc/netplan")
    said = shell("push hosts")
    assert "worker-gpu-2: etc/netplan is not as it was collected" in said
    assert {line.split(":")[0] for line in said.splitlines()} == {"worker-gpu-2"}
    assert listing(site / "roots/worker-gpu-2/etc/netplan") == before
    assert shell("files_are hosts", "worker-gpu-1") == ""


def test_a_file_that_came_since_is_not_pushed_over(shell, site):
    place = site / "roots/worker-gpu-2/etc/netplan"
    (place / "99-new.yaml").write_text("network: {}\n")
    before = listing(place)
    assert "worker-gpu-2: failed" in shell("push hosts", "worker-gpu-2")
    assert listing(place) == before


@pytest.mark.parametrize("step", ["tar -C", "sha256sum --check", "mv -f"])
def test_a_push_that_breaks_off_is_named_and_goes_on(step, shell, site):
    """Before the first rename the host is as it was; later a push finishes it."""
    before = netplan_of(site)
    program, option = step.split()
    fake = site / "bin" / program
    real = shutil.which(program)
    fake.write_text(f'#!/bin/sh\n[ "$1" = {option} ] && exit 1\nexec {real} "$@"\n')
    fake.chmod(stat.S_IRWXU)
    assert "worker-gpu-1: failed" in shell("push hosts", "worker-gpu-1")
    assert netplan_of(site) == before
    fake.unlink()
    assert shell("push hosts; files_are hosts", "worker-gpu-1") == ""


def test_half_a_push_goes_on_and_back(shell, site):
    """A host of which one file is new already, and the others are not."""
    before = netplan_of(site)
    place = site / "roots/worker-gpu-1/etc/netplan"
    (place / "01-first.yaml").write_text("network: {}\n")
    for part in ("hosts", "rollback"):
        tree = site / "stripped" / part / "worker-gpu-1/etc/netplan"
        (tree / "01-first.yaml").write_text(f"network: {{}}\n# {part}\n")
    (place / "01-first.yaml").write_text("network: {}\n# hosts\n")
    assert shell("push hosts; files_are hosts", "worker-gpu-1") == ""
    assert shell("push rollback; files_are rollback", "worker-gpu-1") == ""
    (place / "01-first.yaml").unlink()
    assert netplan_of(site) == before


def test_what_is_pasted_is_not_eaten(shell):
    """A block that is pasted is the shell's input, and so would be ssh's."""
    block = "files_are rollback\naccepted\neach has_rails\necho the end\n"
    text = f"{shell.functions}\nNODES=worker-gpu-0\n{block}"
    done = subprocess.run(
        ["bash"],
        input=text,
        env=shell.environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert done.stdout.endswith("the end\n")


def test_a_node_out_of_reach_is_named(shell):
    for step in ("files_are hosts", "push hosts", "accepted", "bare", "leaves"):
        said = shell(step, "worker-gpu-0 worker-gpu-9")
        assert "worker-gpu-9: " in said, step


def test_no_nodes_are_not_well(shell):
    assert shell("files_are rollback", "") == "NODES is empty\n"


KUBECTL = """#!/bin/bash
# Nodes whose boot is another one from the third question on.
[ "$1 $2" = "get nodes" ] || exit ${UNREADY:-0}
echo >> asked
boot=old
[ $(wc -l < asked) -lt 3 ] || boot=${LATER:-new}
for node in $NODES; do [ "$node" = "$LOST" ] || echo "$node  $boot-$node"; done
"""


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("", ""),
        ("LATER=old", "worker-gpu-0: has not booted\nworker-gpu-1: has not booted\n"),
        ("UNREADY=1", "worker-gpu-0: is not Ready\nworker-gpu-1: is not Ready\n"),
        (
            "LOST=worker-gpu-1",
            "the cluster does not know the boot of every node; nothing was rebooted\n",
        ),
    ],
)
def test_reboots_are_waited_for(setting, said, shell, site):
    (site / "bin/kubectl").write_text(KUBECTL)
    (site / "bin/kubectl").chmod(stat.S_IRWXU)
    (site / "bin/systemctl").write_text(f"#!/bin/sh\necho $@ >> {site}/rebooted\n")
    (site / "bin/systemctl").chmod(stat.S_IRWXU)
    command = f"export NODES LATER UNREADY LOST; {setting}\nreboot_all"
    assert shell(command, "worker-gpu-0 worker-gpu-1") == said
    rebooted = site / "rebooted"
    count = 0 if "LOST" in setting else 2
    lines = rebooted.read_text().splitlines() if rebooted.exists() else []
    assert lines == ["--no-block reboot"] * count


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
    done = nodes(
        "kubectl apply --dry-run=server -f manifests/verify/check-rails.yaml -f manifests/verify/unit-1/"
    )
    assert done.count("created (server dry run)") == 3, done
