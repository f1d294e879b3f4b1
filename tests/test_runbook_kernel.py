"""What a runbook's functions see and take away on a real kernel, in a namespace."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess

import pytest

from tests.conftest import FIXTURES
from tests.following import Shell, blocks

NODE = "worker-gpu-0"
RAILS = ("enp122s0f0np0", "enp131s0f0np0", "enp155s0f0np0", "enp173s0f0np0")
LEAF = "leaf"
MANAGED = """
addr add 10.0.0.5/24 dev eno1
route add default via 10.0.0.1
route add 10.9.0.0/16 via 10.0.0.1 table 50
rule add from 10.0.0.5 table 50 priority 500
rule add fwmark 0x200/0xf00 table 2004 priority 9
"""
OWNED = """
addr add 172.16.0.0/31 dev enp122s0f0np0
route add 172.16.0.0/12 via 172.16.0.1 proto static
route add 172.16.0.0/15 via 172.16.0.1 table 101
rule add from 172.16.0.0 table 101 priority 1000
rule add to 172.16.0.0/15 table 101 priority 1001
addr add 172.18.0.0/31 dev enp131s0f0np0
-6 addr add fd00::2/64 dev enp131s0f0np0 nodad
-6 route add fd01::/64 via fd00::1 proto static
"""


def namespaces() -> bool:
    """Whether the machine lets us have network namespaces with veth pairs."""
    if os.geteuid() or not shutil.which("ip"):
        return False
    tried = "ip link add runbook-a type veth peer name runbook-b"
    return not subprocess.run(
        ["unshare", "-n", "sh", "-c", tried], check=False, capture_output=True
    ).returncode


pytestmark = pytest.mark.skipif(not namespaces(), reason="needs root and namespaces")


@pytest.fixture
def host():
    """A namespace with the NICs of a host; their other ends are in a leaf's."""
    names = [f"runbook-{os.getpid()}-{part}" for part in ("host", LEAF)]
    for name in names:
        subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        for nic in (*RAILS, "eno1"):
            ends = f"{nic} netns {names[0]} type veth peer name {nic} netns {names[1]}"
            subprocess.run(["ip", "link", "add", *ends.split()], check=True)
            for name in names:
                ip(name, f"link set {nic} up")
        ip(names[0], MANAGED)
        yield names
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], check=True)


def ip(namespace: str, commands: str) -> str:
    done = ""
    for line in commands.strip().splitlines():
        words = ["ip", "-n", namespace, *line.split()]
        done += subprocess.check_output(words, text=True)
    return done


def state(namespace: str) -> str:
    shown = ("-o addr", "-4 route show table all", "-6 route show table all", "rule")
    return "".join(ip(namespace, f"{words}") for words in shown)


@pytest.fixture
def shell(host, tmp_path) -> Shell:
    text = (FIXTURES / "four-rails/runbook.md").read_text()
    functions = next(block for block in blocks(text) if "files_are()" in block)
    enter = 'while [ "$1" = -o ]; do shift 2; done; shift; exec ip netns exec'
    fakes = {
        "ssh": f'{enter} {host[0]} sh -c "$*"',
        "sudo": 'shift; exec "$@"',
        # Not every machine has one: does the other end of the NIC have the address?
        "ping": f'ip -n {host[1]} -o address show dev "$9" | grep -q " ${{10}}/"',
    }
    for name, command in fakes.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{command}\n")
        (tmp_path / name).chmod(stat.S_IRWXU)
    path = f"{tmp_path}:{os.environ['PATH']}"
    values = f"RAILS='{' '.join(RAILS)}'"
    return Shell(f"{functions}\n{values}", {**os.environ, "PATH": path})


def test_rails_without_anything_are_bare(shell):
    """What other interfaces and programs have does not matter."""
    assert shell("bare", NODE) == ""
    assert shell("leftovers", NODE) == ""


@pytest.mark.parametrize("line", OWNED.strip().splitlines())
def test_whatever_a_rail_has_is_seen(line, shell, host):
    if "via" in line:
        ip(host[0], "addr add 172.16.0.0/31 dev enp122s0f0np0")
        ip(host[0], "-6 addr add fd00::2/64 dev enp131s0f0np0 nodad")
    before = shell("bare", NODE)
    ip(host[0], line)
    assert len(shell("bare", NODE)) > len(before)


def test_leftovers_are_taken_away_and_nothing_else(shell, host):
    before = state(host[0])
    ip(host[0], OWNED)
    owned = state(host[0])
    printed = shell("leftovers", NODE)
    assert state(host[0]) == owned
    assert all(line.startswith(f"{NODE}: ip ") for line in printed.splitlines())
    assert shell("leftovers | take_away", NODE) == ""
    assert shell("bare", NODE) == ""
    assert state(host[0]) == before


def test_what_is_no_command_is_not_run(shell):
    said = f"{NODE}: touch me\n{NODE}: failed\n"
    assert shell(f"printf '{said}' | take_away", NODE) == said


def test_a_rail_that_is_not_there_is_named(shell, host):
    ip(host[0], f"link del {RAILS[2]}")
    assert shell("each has_rails", NODE).startswith(f"{NODE}: ")
    assert RAILS[2] in shell("bare", NODE)


def test_leaves_answer_or_are_named(shell, host):
    said = shell("leaves", NODE).splitlines()
    assert said == [f"{NODE}: {nic} has no gateway" for nic in RAILS]
    for number, nic in enumerate(RAILS):
        net = f"172.{16 + 2 * number}.0"
        ip(host[0], f"addr add {net}.0/31 dev {nic}")
        ip(host[0], f"route add {net}.0/15 via {net}.1 table {101 + number}")
        if nic != RAILS[1]:
            ip(host[1], f"addr add {net}.1/31 dev {nic}")
    assert shell("leaves", NODE) == f"{NODE}: {RAILS[1]}: no answer from 172.18.0.1\n"


def test_default_routes_are_as_before(shell, host, tmp_path):
    before = shell("each default_route", NODE)
    assert before == f"{NODE}: default via 10.0.0.1 dev eno1\n"
    (tmp_path / "before").write_text(before)
    compare = f"each default_route | diff {tmp_path}/before -"
    assert shell(compare, NODE) == ""
    ip(host[0], "route del default")
    assert "default via 10.0.0.1" in shell(compare, NODE)


def test_sockets_with_the_address_of_a_rail_are_shown(shell, host):
    if shutil.which("ss") is None:
        pytest.skip("no ss")
    ip(host[0], OWNED)
    assert shell("in_use", NODE) == ""
    listen = (
        "import socket, sys; s = socket.create_server(('172.16.0.0', 0));"
        " print(s.getsockname()[1], flush=True); sys.stdin.read()"
    )
    command = ["ip", "netns", "exec", host[0], "python3", "-c", listen]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as server:
        assert server.stdout
        assert server.stdin
        port = server.stdout.readline().strip()
        said = shell("in_use", NODE)
        server.stdin.close()
    assert said.count("\n") == 1
    assert f"172.16.0.0:{port}" in said
