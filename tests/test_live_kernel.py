"""`inspect --live` on what a real kernel says, in network namespaces of their own.

Needs root (``ip netns``) and veth devices; elsewhere the tests skip and say why.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from netplan2k8s.live.collected import COMMANDS
from tests.live import Said, inspect

NETPLAN = """\
network:
  version: 2
  ethernets:
    eth_rail0:
      mtu: 9216
      link-local: []
      addresses: [172.16.0.0/31]
      routes:
        - {to: 172.16.0.0/15, via: 172.16.0.1}
        - {to: 172.16.0.0/12, via: 172.16.0.1, table: 100}
      routing-policy:
        - {from: 172.16.0.0, table: 100, priority: 100}
    eth_rail1:
      mtu: 4200
      accept-ra: false
      addresses: ["fd00:1::/127"]
      routes:
        - {to: "fd00:1::/32", via: "fd00:1::1"}
        - {to: "fd00::/16", via: "fd00:1::1", table: 101}
      routing-policy:
        - {from: "fd00:1::/127", table: 101}
"""
AS_NETPLAN_SAYS = """\
link set lo up
link add eth_rail0 type veth peer name leaf0
link add eth_rail1 type veth peer name leaf1
link add eno1 type veth peer name switch
link set leaf0 mtu 9216 up
link set leaf1 mtu 4200 up
link set switch up
link set eno1 up
link set eth_rail0 mtu 9216 up
link set eth_rail1 mtu 4200 up
address add 172.16.0.0/31 dev eth_rail0
address add fd00:1::/127 dev eth_rail1 nodad
route add 172.16.0.0/15 via 172.16.0.1 proto static
route add 172.16.0.0/12 via 172.16.0.1 table 100 proto static
route add fd00:1::/32 via fd00:1::1 proto static
route add fd00::/16 via fd00:1::1 table 101 proto static
rule add from 172.16.0.0 table 100 priority 100
-6 rule add from fd00:1::/127 table 101
"""


class Kernel:
    """A host in a namespace: changed by ``ip``, collected as a fleet's hosts are."""

    def __init__(self, name: str, root: Path) -> None:
        self._name = name
        self.root = root

    def ip(self, arguments: str) -> str:
        command = ["ip", "-n", self._name, *arguments.split()]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (arguments, done.stderr)
        return done.stdout

    def collect(self) -> None:
        for file, command in COMMANDS.items():
            if command.startswith("ip "):
                (self.root / file).write_text(self.ip(command.removeprefix("ip ")))


def refusal(name: str) -> str:
    """Why there can be no namespaces here; "" where there can, one of ``name`` then."""
    try:
        inside = ["ip", "-n", name, "link"]
        tried = [
            ["ip", "netns", "add", name],
            [*inside, "add", "near", "type", "veth", "peer", "name", "far"],
            [*inside, "delete", "near"],
        ]
        for command in tried:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                return f"no network namespaces with veth: {done.stderr.strip()}"
    except FileNotFoundError:
        return "no ip command"
    return ""


@pytest.fixture
def kernel(tmp_path, monkeypatch) -> Iterator[Kernel]:
    name = f"netplan2k8s-{os.getpid()}"
    try:
        if why := refusal(name):
            pytest.skip(why)
        root = tmp_path / "hosts/node-0"
        (root / "etc/netplan").mkdir(parents=True)
        (root / "etc/netplan/70-rails.yaml").write_text(NETPLAN)
        monkeypatch.chdir(tmp_path)
        made = Kernel(name, root)
        for line in AS_NETPLAN_SAYS.splitlines():
            made.ip(line)
        yield made
    finally:
        subprocess.run(
            ["ip", "netns", "delete", name], capture_output=True, check=False
        )


def said(kernel: Kernel, run) -> Said:
    """The findings, but for the note that LLDP is missing."""
    kernel.collect()
    made = inspect(run)
    kept = [f for f in made.findings if f["code"] != "NK721"]
    return made._replace(findings=kept)


def test_a_host_as_netplan_says_has_no_drift(kernel, run):
    made = said(kernel, run)

    assert made.findings == []
    assert (made.live["rails"], made.live["agreeing"]) == (2, 2)


def test_either_listing_of_ipv6_routes_will_do(kernel, run):
    kernel.collect()
    assert '"fd00:1::/32"' in (kernel.root / "ip-route.json").read_text()
    (kernel.root / "ip-route.json").write_text(kernel.ip("-4 -j route show table all"))
    with_both = inspect(run)
    (kernel.root / "ip-route6.json").unlink()
    without = inspect(run)

    assert with_both.live["agreeing"] == 2
    assert "node-0 without ip-route6.json" in without.messages[0]


CHANGES = {
    "address add 10.1.1.1/24 dev eth_rail0": (
        "NK727",
        "10.1.1.1/24 on eth_rail0 of node-0 is not in Netplan",
    ),
    "address add fd09::1/64 dev eth_rail1 nodad": (
        "NK727",
        "fd09::1/64 on eth_rail1 of node-0 is not in Netplan",
    ),
    "address delete 172.16.0.0/31 dev eth_rail0": (
        "NK727",
        "eth_rail0 of node-0 has not got 172.16.0.0/31 of Netplan",
    ),
    "route replace 172.16.0.0/15 via inet6 fd00:1::1 dev eth_rail1": (
        "NK728",
        (
            "route to 172.16.0.0/15 of eth_rail0 of node-0 is over fd00:1::1 on eth_rail1,"
            " and 172.16.0.1 in Netplan"
        ),
    ),
    "route replace 172.16.0.0/15 via 172.16.0.9 dev eth_rail0 onlink": (
        "NK728",
        (
            "route to 172.16.0.0/15 of eth_rail0 of node-0 is over 172.16.0.9, and"
            " 172.16.0.1 in Netplan"
        ),
    ),
    "route delete 172.16.0.0/12 table 100": (
        "NK728",
        (
            "eth_rail0 of node-0 has no route to 172.16.0.0/12 in table 100 over"
            " 172.16.0.1"
        ),
    ),
    "route delete fd00::/16 table 101": (
        "NK728",
        "eth_rail1 of node-0 has no route to fd00::/16 in table 101 over fd00:1::1",
    ),
    "route add default via 172.16.0.1": (
        "NK729",
        (
            "eth_rail0 of node-0 has a default route, over 172.16.0.1; the device plugin"
            " offers no NIC that has one"
        ),
    ),
    "route add 10.0.0.0/8 via 172.16.0.1": (
        "NK728",
        (
            "route to 10.0.0.0/8 over 172.16.0.1 in the main table on eth_rail0 of node-0"
            " is not in Netplan"
        ),
    ),
    "link set eth_rail0 mtu 1500": (
        "NK726",
        "MTU of eth_rail0 of node-0 is 1500, and 9216 in Netplan",
    ),
    "rule delete from 172.16.0.0 table 100": (
        "NK730",
        "eth_rail0 of node-0 has no rule 100: from 172.16.0.0 lookup 100",
    ),
    "-6 rule delete from fd00:1::/127 table 101": (
        "NK730",
        "eth_rail1 of node-0 has no rule from fd00:1::/127 lookup 101",
    ),
    "rule add from 172.16.0.0/31 lookup 7 priority 5": (
        "NK730",
        "rule 5: from 172.16.0.0/31 lookup 7 for eth_rail0 of node-0 is not in Netplan",
    ),
    "link set eth_rail0 down": ("NK724", "eth_rail0 of node-0 is down"),
    "link set eth_rail1 down": ("NK724", "eth_rail1 of node-0 is down"),
    "link set leaf0 down": ("NK724", "eth_rail0 of node-0 has no carrier"),
    "link delete eth_rail0": (
        "NK723",
        (
            "eth_rail0 of node-0 is not there: no interface is eth_rail0; while a pod holds"
            " a NIC the host has not got it"
        ),
    ),
    "address add 172.18.0.0/31 dev eno1": (
        "NK731",
        (
            "eno1 of node-0 has 172.18.0.0/31, a link like a rail's, of which Netplan knows"
            " nothing"
        ),
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_its_own_finding_and_no_other(kernel, run, change):
    kernel.ip(change)
    made = said(kernel, run)

    assert [(f["code"], f["message"]) for f in made.findings] == [CHANGES[change]]


@pytest.mark.parametrize("kind", ["bond", "vrf table 9", "bridge"])
def test_a_rail_that_is_enslaved_is_one_error(kernel, run, kind):
    kernel.ip("link set eth_rail0 down")
    command = f"link add above type {kind}"
    try:
        kernel.ip(command)
    except AssertionError:
        pytest.skip(f"this kernel makes no {kind.split()[0]}")
    kernel.ip("link set eth_rail0 master above")
    kernel.ip("link set above up")
    kernel.ip("link set eth_rail0 mtu 9216 up")
    made = said(kernel, run)

    assert made.messages == [
        "eth_rail0 of node-0 is part of above, and on its own in Netplan"
    ]


def test_a_renamed_rail_is_known_by_its_altname(kernel, run):
    kernel.ip("link set eth_rail0 down")
    kernel.ip("link set eth_rail0 name other")
    kernel.ip("link property add dev other altname eth_rail0")
    kernel.ip("link set other up")
    for route in AS_NETPLAN_SAYS.splitlines():
        if route.startswith("route add 172"):
            kernel.ip(route)

    assert said(kernel, run).findings == []
