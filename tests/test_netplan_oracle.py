"""Our reader against Debian's netplan over random host trees.

``NETPLAN2K8S_TREES`` sets how many; ``.ci/run`` takes 1,000.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from hypothesis import HealthCheck, assume, given, settings

from netplan2k8s.findings import InputError
from netplan2k8s.netplan import merged, read_host
from netplan2k8s.tree import DirectoryTree
from tests.netplan_trees import tree

TREES = int(os.environ.get("NETPLAN2K8S_TREES", "40"))
NETPLAN = shutil.which("netplan", path="/usr/sbin:/usr/bin:/sbin:/bin")

pytestmark = pytest.mark.skipif(
    NETPLAN is None, reason="netplan.io is not installed; .ci/run installs it"
)


def netplan_get(root: Path) -> dict | None:
    """What netplan prints, every scalar as text; None where it refuses the host."""
    command = [NETPLAN, "get", "--root-dir", str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    # A crash is no verdict: 0.106 has some (a VRF with routes beside an empty bridge)
    # that 1.2 has not.
    assume(done.returncode >= 0)
    if done.returncode:
        return None
    loaded = yaml.load(done.stdout, Loader=yaml.BaseLoader)
    return loaded or {"network": {}}


def ours(root: Path) -> dict | None:
    try:
        return merged(read_host(DirectoryTree(str(root)), "node"))
    except InputError:
        return None


# What netplan 0.106 prints otherwise than 1.2, whose result ours is, and why it is no
# difference: key, the values that mean the same as leaving the key out.
SAME_AS_ABSENT = {
    "mtu": ("0",),
    "ipv6-mtu": ("0",),
    "on-link": ("false",),  # printed for every route
    "dhcp4": ("false",),  # printed again after an override with another value
    "dhcp6": ("false",),
    "version": ("2",),  # left out where nothing else is defined
}
MAPPINGS = ("dhcp4-overrides", "dhcp6-overrides", "nameservers", "parameters")
OVERRIDES = ("dhcp4-overrides", "dhcp6-overrides")  # 0.106 prints "true", the default


def normal(node: object, key: str = "") -> object:
    """The same configuration without the differences of printing."""
    if isinstance(node, list):
        items = [normal(item, key) for item in node]
        if key == "interfaces":
            return sorted(items)  # printed in the order of a hash table
        # 1.2 drops an exact repeat of a policy and of a server, 0.106 keeps it.
        return [item for n, item in enumerate(items) if item not in items[:n]]
    if not isinstance(node, dict):
        return node
    values = {name: normal(value, name) for name, value in node.items()}
    return {
        name: value
        for name, value in values.items()
        if value not in ("null", *SAME_AS_ABSENT.get(name, ()))
        and not (key in OVERRIDES and value == "true")
        and not (value in ({}, []) and (name in MAPPINGS or key in MAPPINGS))
    }


@settings(
    max_examples=TREES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(tree())
def test_reads_as_netplan_does(files):
    with TemporaryDirectory() as directory:
        root = Path(directory)
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            path.chmod(0o600)
        assert normal(ours(root)) == normal(netplan_get(root))


COST = "bridges: {b: {parameters: {path-cost: {e: %s}}}}"
BY_HAND = [
    ("ethernets: {e: {}}, " + COST % 1, COST % 1),
    ("ethernets: {e: {}}, " + COST % 0, COST % 3),
    ("ethernets: {e: {}}, bridges: {b: {parameters: {path-cost: {e: 1, e: 1}}}}",),
    (COST % 1 + ", ethernets: {e: {}}",),
    ("ethernets: {e: {}}", COST % 1 + ", ethernets: {late: {}}"),
    (
        "ethernets: {e: {}}",
        (
            "bridges: {b: {interfaces: [late], parameters: {path-cost: {e: 1}}}},"
            " ethernets: {late: {}}"
        ),
    ),
    ("ethernets: {e: {}}", "bridges: {a: {}, b: {parameters: {priority: 0}}}"),
    *[
        (f"bridges: {{b: {{addresses: [{{172.16.0.0/31: {{{options}}}}}]}}}}",)
        for options in (f"label: {'x' * 16}", "lifetime: Forever", "lifetime: never")
    ],
    ("bonds: {b: {dhcp4-overrides: {route-metric: 4294967295}}}",),
    *[
        (f"ethernets: {{e: {{}}}}, {COST % value}",)
        for value in ("'-1'", "4294967297", "5x")
    ],
]


@pytest.mark.parametrize("bodies", BY_HAND, ids=lambda bodies: bodies[-1])
def test_rare_forms(bodies, tmp_path):
    """What random trees once showed, kept: said twice, of 32 bits, unset by a value."""
    place = tmp_path / "etc/netplan"
    place.mkdir(parents=True)
    for number, body in enumerate(bodies):
        (place / f"{number}.yaml").write_text(f"network: {{version: 2, {body}}}\n")
        (place / f"{number}.yaml").chmod(0o600)
    command = [NETPLAN, "get", "--root-dir", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    theirs = None if done.returncode else yaml.load(done.stdout, Loader=yaml.BaseLoader)
    assert normal(ours(tmp_path)) == normal(theirs)
