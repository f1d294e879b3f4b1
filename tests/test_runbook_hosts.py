"""The steps of a runbook on hosts, behind an ssh that only looks like one."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from tests.following import NODES, Shell, blocks
from tests.test_strip_writing import listing

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
    for part in ("hosts", "rollback"):
        next((site / "stripped" / part / NODES[1]).rglob("*.yaml")).chmod(0o664)
    assert shell("umask 077\npush hosts\nfiles_are hosts\naccepted") == ""
    moved = netplan_of(site)
    assert moved != before
    assert moved == listing(site / "stripped/hosts")
    assert shell("files_are rollback").count("is not that of rollback") == 4
    assert shell("push rollback; files_are rollback") == ""
    assert netplan_of(site) == listing(site / "stripped/rollback")
    given = {name: content for name, (_, content) in before.items()}
    now = {name: content for name, (_, content) in netplan_of(site).items()}
    assert now == given


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


# -- checks whose answer needs no interpretation ----------------------------------

LOG = """\
FAIL worker-gpu-1 rail-1 net1: no answer on this rail from worker-gpu-0
OK   worker-gpu-0 rail-1 net1 172.16.0.0/31 via 172.16.0.1 mtu 9216, leaf in 0.17 ms
OK   worker-gpu-1 rail-1 net1 172.16.0.2/31 via 172.16.0.3 mtu 9216, leaf in 0.20 ms
worker-gpu-1: 1 of 1 links are as planned
FAIL worker-gpu-0 rail-2 net2: MTU is 1500, the plan says 9216
"""


@pytest.fixture
def answering(shell, site):
    """A shell in whose cluster the pods of a Job said this."""

    def answer(log: str):
        (site / "log").write_text(log)
        (site / "bin/kubectl").write_text(f"#!/bin/sh\ncat {site}/log\n")
        (site / "bin/kubectl").chmod(stat.S_IRWXU)
        return shell

    return answer


def test_the_last_word_on_each_link_counts(answering):
    lines = answering(LOG)("last_said verify-rails-unit-1").splitlines()
    assert [line.split()[:3] for line in lines] == [
        ["OK", "worker-gpu-0", "rail-1"],
        ["FAIL", "worker-gpu-0", "rail-2"],
        ["OK", "worker-gpu-1", "rail-1"],
    ]


def test_all_that_was_said_is_kept(answering, site):
    answering(LOG)("last_said verify-rails-unit-1")
    assert (site / "verify-rails-unit-1.log").read_text() == LOG


@pytest.mark.parametrize("place", ["lib", "run"])
def test_a_file_beside_etc_is_named(place, shell, site):
    """It would shadow one of etc/netplan, or give a rail an address of its own."""
    directory = site / f"roots/worker-gpu-1/{place}/netplan"
    directory.mkdir(parents=True)
    (directory / "70-rails.yaml").write_text("network: {}\n")
    said = shell("files_are rollback")
    assert said == (
        "worker-gpu-1: lib/netplan or run/netplan is not what was collected\n"
    )


def test_nothing_is_said_to_be_well_of_rails_that_nobody_named(shell):
    for function in ("bare", "leaves", "leftovers", "reconfigured", "each has_rails"):
        said = shell(f"RAILS= RAILS_OF=(); {function}", NODES[0])
        assert said == f"{NODES[0]}: RAILS is empty\n{NODES[0]}: failed\n", function
