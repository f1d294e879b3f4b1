"""The steps of a runbook on hosts whose kernel, networkd and netplan are real.

Of the cluster there is nothing here; ``test_runbook_nodes`` has that. Where a host
would reboot, networkd takes the new files, as the page says for nodes that must not.
"""

from __future__ import annotations

import os
import shlex
import stat
import sys
from pathlib import Path

import pytest

from tests.following import Shell, blocks
from tests.packets import needs
from tests.packets.namespaces import run
from tests.packets.reach import among
from tests.packets.site import Host, Site
from tests.packets.story import FIXTURES
from tests.packets.story import site as built

REASON = needs.missing() or needs.absent(["ping"])

pytestmark = pytest.mark.skipif(
    bool(REASON) and os.environ.get(needs.REQUIRE) != "1", reason=REASON
)

# The host's own files where netplan looks for them, and none of the machine's.
_MOUNTS = """
set -e
mkdir -p "$1/etc/netplan" "$1/var/backups"
mount --bind "$1/etc/netplan" /etc/netplan
mount --bind "$1/var/backups" /var/backups
[ ! -d /run/netplan ] || mount -t tmpfs tmpfs /run/netplan
"""


class Followed:
    """A fleet, and a bash with the functions and values of its runbook."""

    def __init__(self, site: Site, work: Path) -> None:
        self.site = site
        program = [sys.executable, "-m", "netplan2k8s", "runbook", "manifests"]
        options = ["--hosts", "hosts", "--config", "netplan2k8s.yaml"]
        page = run([*program, *options])
        parts = blocks(page)
        functions = next(part for part in parts if "files_are()" in part)
        values = next(part for part in parts if "\nRAILS=" in part)
        nodes = " ".join(host.node for host in site.hosts)
        path = f"{_commands(site.hosts, work)}:{os.environ['PATH']}"
        shell = Shell(f"{functions}\n{values}", {**os.environ, "PATH": path})
        self.does = lambda commands: shell(commands, nodes)

    def reach(self) -> object:
        return among(self.site.ends_on_hosts())


def _commands(hosts: list[Host], work: Path) -> Path:
    """An ``ssh`` that leads into the hosts' namespaces, and a ``sudo`` of root."""
    directory = work / "bin"
    directory.mkdir()
    doors = "\n".join(
        f'    {host.node}) set -- {shlex.join(host.networkd.beside("sh", "-c"))} "$*" ;;'
        for host in hosts
    )
    texts = {
        "ssh": 'while [ "$1" = -o ]; do shift 2; done\nnode=$1\nshift\n'
        f'case $node in\n{doors}\n    *) exit 255 ;;\nesac\nexec "$@"',
        "sudo": '[ "$1" = -n ] || exit 1\nshift\nexec "$@"',
        "sleep": "exit 0",  # the site is waited for until it has settled
    }
    for name, text in texts.items():
        (directory / name).write_text(f"#!/bin/bash\n{text}\n", encoding="utf-8")
        (directory / name).chmod(stat.S_IRWXU)
    return directory


@pytest.fixture(params=FIXTURES)
def followed(request, tmp_path, monkeypatch):
    """A fleet as it is before its window."""
    if REASON:
        pytest.fail(f"{REASON}, and {needs.REQUIRE} is set")
    monkeypatch.chdir(tmp_path)
    with built(request.param, tmp_path) as site:
        site.apply(site.made.hosts)
        for host in site.hosts:
            where = ["sh", "-c", _MOUNTS, "mounts", str(host.units.root)]
            run(host.networkd.beside(*where))
        yield Followed(site, tmp_path)


def test_the_runbook_moves_a_fleet_and_moves_it_back(followed):
    does, site = followed.does, followed.site
    before = site.states()
    routes = "each default_route"
    assert does(f"files_are rollback; each has_rails; {routes} > default-routes") == ""
    assert does("in_use; leaves") == ""
    owned = does("bare")
    for host in site.hosts:
        for nic, (address,) in host.addresses.items():
            assert f"{nic}    inet" in owned
            assert f" {address} " in owned

    assert does("push hosts; files_are hosts; accepted; reconfigured") == ""
    site.settle()
    assert does("leftovers") == ""
    assert does(f"bare; each has_rails; {routes} | diff default-routes -") == ""
    site.attach()
    assert among(site.ends_in_pods()).is_whole
    assert does("each has_rails").count("is not on the host") == sum(
        len(host.nics) for host in site.hosts
    )

    site.detach()
    assert does("each has_rails") == ""
    assert does("push rollback; files_are rollback; accepted; reconfigured") == ""
    site.settle()
    assert does("leaves") == ""
    assert site.states() == before
    assert followed.reach().is_whole
