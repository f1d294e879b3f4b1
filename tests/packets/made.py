"""What the program makes of a fixture: manifests, new Netplan, and the proof."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from netplan2k8s.lint.attachments import Network
from netplan2k8s.linting import read_manifests
from netplan2k8s.proof.model import Proof
from netplan2k8s.proving import prove
from netplan2k8s.settings import Settings
from netplan2k8s.simulate import multus

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
MANAGEMENT = "eno1np0"
# The rest of a host, which no step may change: what it is reached by, with a table and
# a rule of its own.
_MANAGEMENT = """\
network:
  version: 2
  ethernets:
    {name}:
      dhcp4: false
      link-local: []
      addresses: [10.20.0.{number}/24]
      routes:
        - {{to: default, via: 10.20.0.254}}
        - {{to: 10.99.0.0/16, via: 10.20.0.253, table: 50}}
      routing-policy:
        - {{from: 10.20.0.{number}/32, table: 50, priority: 50}}
"""


def _program(*arguments: str | Path) -> str:
    """Run netplan2k8s as a user does; a failure is an error with its messages."""
    done = subprocess.run(
        [sys.executable, "-m", "netplan2k8s", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@dataclass(frozen=True, slots=True)
class Made:
    """A fleet and what came of it; ``order`` are the networks as the job lists them.

    ``hosts``, ``stripped`` and ``rollback`` are trees of hosts; ``cidrs`` the ranges of
    the rails by their names.
    """

    hosts: Path
    manifests: Path
    stripped: Path
    rollback: Path
    proof: Proof
    networks: dict[str, Network]
    order: tuple[str, ...]
    cidrs: dict[str, str]

    @property
    def nodes(self) -> list[str]:
        return sorted(path.name for path in self.hosts.iterdir())


def make(fixture: str, work: Path, settings: Settings) -> Made:
    """Convert and strip a copy of a fixture, whose hosts get a management NIC."""
    hosts, manifests, stripped = (
        work / name for name in ("hosts", "manifests", "stripped")
    )
    shutil.copytree(FIXTURES / fixture / "hosts", hosts)
    for number, root in enumerate(sorted(hosts.iterdir()), 1):
        text = _MANAGEMENT.format(name=MANAGEMENT, number=number)
        (root / "etc/netplan/50-management.yaml").write_text(text, encoding="utf-8")
    config = work / "netplan2k8s.yaml"
    config.write_text(_settings_text(settings), encoding="utf-8")
    _program("convert", hosts, "-o", manifests, "--config", config)
    proven = ("--manifests", manifests, "--config", config)
    _program("strip", hosts, "--write", "-o", stripped, *proven)
    read = read_manifests([str(manifests)], settings)
    proving = prove(read, [str(hosts)], settings, keep_links=True)
    assert proving.is_proven
    plan = json.loads((manifests / ".netplan2k8s/plan.json").read_text("utf-8"))
    return Made(
        hosts,
        manifests,
        stripped / "hosts",
        stripped / "rollback",
        proving.proof,
        {network.name: network for network in read.scene.networks},
        _order(manifests),
        {rail["name"]: rail["cidr"] for rail in plan["rails"]},
    )


def _order(manifests: Path) -> tuple[str, ...]:
    """The networks of the job's pods, as its annotation lists them."""
    text = (manifests / "workloads/pytorchjob.yaml").read_text(encoding="utf-8")
    found = re.search(r"k8s\.v1\.cni\.cncf\.io/networks: (.*)", text)
    assert found
    return tuple(item.name for item in multus.parse(found[1], "default"))


def _settings_text(settings: Settings) -> str:
    lines = [f"network_kind: {settings.network_kind}"]
    if settings.meta_plugins:
        lines.append(f"meta_plugins: [{', '.join(settings.meta_plugins)}]")
    return "\n".join(lines) + "\n"
