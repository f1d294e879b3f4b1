"""The runbook: its text."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import FIXTURES
from tests.fixtures_build.expect import RUNBOOKS, runbook
from tests.following import blocks, section

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
    assert done.stdout.endswith("14\n")
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


def test_hosts_in_several_places(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(FIXTURES / "four-rails/hosts", "a")
    (tmp_path / "b b").mkdir()
    (tmp_path / "a/worker-gpu-1").rename("b b/worker-gpu-1")
    assert run("convert", "a", "b b", "-o", "m", "--no-config").code == 0
    hosts = ("--hosts", "a", "--hosts", "b b")
    page = run("runbook", "m", *hosts, "--no-config").out
    (command,) = re.findall("^netplan2k8s (prove .*)$", page, re.MULTILINE)
    done = run(*shlex.split(command))
    assert done.code == 0, done.err
    assert done.out.strip() in page
    assert "in the place of what is in `a`, `b b`." in page


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


MATCHED = """\
network:
  version: 2
  ethernets:
    rail1:
      match: {macaddress: "02:00:00:00:00:01"}
      addresses: [172.16.0.0/31]
      routes: [{to: 172.16.0.0/15, via: 172.16.0.1}]
"""
LISTED = [
    {"ifname": name, "address": f"02:00:00:00:00:{n:02}", "parentbus": "pci", "parentdev": f"0000:1{n}:00.0"}
    for n, name in enumerate(("eno1", "p1p1"))
]  # fmt: skip


@pytest.mark.parametrize("is_named_twice", [False, True])
def test_names_that_netplan_does_not_tell(is_named_twice, tmp_path, run, monkeypatch):
    """They are those of the inventory, where it has one for the MAC."""
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "hosts/gpu-0"
    (root / "etc/netplan").mkdir(parents=True)
    (root / "etc/netplan/60-rails.yaml").write_text(MATCHED)
    (root / "ip-link.json").write_text(json.dumps(LISTED))
    if is_named_twice:
        rule = 'SUBSYSTEM=="net", ATTR{address}=="02:00:00:00:00:01", NAME="rail1"\n'
        (root / "etc/udev/rules.d").mkdir(parents=True)
        (root / "etc/udev/rules.d/70-net.rules").write_text(rule)
    assert run("convert", "hosts", "-o", "manifests", "--no-config").code == 0
    done = run("runbook", "manifests", "--hosts", "hosts", "--no-config")
    if is_named_twice:
        assert "NK744 rail rail1 of gpu-0 is matched by the MAC 02:00:" in done.err
    else:
        assert "\nRAILS='p1p1'\n" in done.out
        assert "| rail-1 | p1p1 | net1 |" in done.out
