"""Real netplan on stripped hosts: no rail is addressed, and all else is as before."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings

from tests.conftest import FIXTURES
from tests.strip_hosts import host_texts
from tests.stripping import RAIL, stripped, write_host
from tests.test_strip import FLEETS, VRF, options

GENERATE = shutil.which("generate", path="/usr/libexec/netplan:/usr/lib/netplan")
pytestmark = pytest.mark.skipif(
    GENERATE is None, reason="netplan.io is not installed; .ci/run installs it"
)
ADDRESSING = ("Address", "Route", "RoutingPolicyRule", "DHCP", "Gateway", "DNS")


def generated(root: Path, work: Path) -> dict[str, str]:
    """What netplan writes for the back ends, by path."""
    copy = work / "root"
    shutil.copytree(root, copy, symlinks=True)
    for path in copy.rglob("*.yaml"):
        path.chmod(0o600)
    done = subprocess.run(
        [GENERATE, "--root-dir", str(copy)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = {
        os.path.relpath(path, copy): path.read_text()
        for place in ("run", "etc/systemd", "etc/udev")
        for path in sorted((copy / place).rglob("*"))
        if path.is_file() and not path.name.endswith(".yaml")
    }
    shutil.rmtree(copy)
    return found


def is_of_rail(path: str, rails: list[str]) -> bool:
    name = path.rpartition("/")[2]
    return any(f"netplan-{rail}." in f"{name}." for rail in rails)


def check(before: dict[str, str], after: dict[str, str], rails: list[str]) -> None:
    changed = {p for p in before | after if before.get(p) != after.get(p)}
    assert changed
    for path in sorted(changed):
        assert is_of_rail(path, rails), path
    for path, text in after.items():
        if is_of_rail(path, rails):
            lines = text.splitlines()
            assert not any(
                line.startswith((f"{key}=", f"[{key}]"))
                for line in lines
                for key in ADDRESSING
            ), text


@pytest.mark.parametrize("fleet", FLEETS)
def test_netplan_addresses_no_rail_of_a_fixture(fleet, run, tmp_path):
    hosts, out = FIXTURES / fleet / "hosts", tmp_path / "out"
    chosen = [*options(fleet), "--format", "json"]
    done = run("strip", hosts, *chosen, "--write", "-o", out)
    assert done.code == 0, done.err
    made = json.loads(done.out)["strip"]["hosts"]
    for host in made[:4]:
        node = host["node"]
        if (out / f"hosts/{node}.yaml").exists():
            for part in ("hosts", "rollback"):
                text = (out / part / f"{node}.yaml").read_bytes()
                write_host(out / part / node, {"a.yaml": text})
        check(
            generated(out / "rollback" / node, tmp_path),
            generated(out / "hosts" / node, tmp_path),
            host["rails"],
        )


def test_network_manager_addresses_no_rail(run, tmp_path):
    """Its profile for a rail has no address and asks for none."""
    other = "eno1: {addresses: [10.0.0.2/24]}"
    text = f"network: {{renderer: NetworkManager, ethernets: {{e1: {{{RAIL}}}, {other}}}}}\n"
    root = write_host(tmp_path / "hosts" / "gpu-0", {"a.yaml": text})
    done = run("strip", root, "--no-config", "--write", "-o", tmp_path / "out")
    assert done.code == 0, done.err
    before = generated(root, tmp_path)
    after = generated(tmp_path / "out/hosts/gpu-0", tmp_path)
    changed = [path for path in before if before[path] != after[path]]
    assert [path.rpartition("/")[2] for path in changed] == ["netplan-e1.nmconnection"]
    profile = after[changed[0]]
    assert "172.16." in before[changed[0]]
    assert "172.16." not in profile
    for family in ("ipv4", "ipv6"):
        section = profile.partition(f"[{family}]")[2].partition("[")[0]
        assert "method=disabled" in section


@pytest.mark.parametrize("is_alone", [False, True])
def test_netplan_takes_the_vrf_of_a_rail(is_alone, tmp_path):
    """One with routes and no policy crashes netplan 0.106."""
    text = VRF.replace(VRF.splitlines(keepends=True)[-1], "") if is_alone else VRF
    root = write_host(tmp_path / "before", {"a.yaml": text})
    before = generated(root, tmp_path)
    made = stripped(tmp_path, text)
    after = generated(write_host(tmp_path / "after", made.files), tmp_path)
    gone = [path for path in before if "172.16.0.1" in before[path]]
    assert gone
    assert not [path for path in after if "172.16.0.1" in after[path]]


@settings(max_examples=60)
@given(host_texts())
def test_netplan_addresses_no_rail_however_it_was_written(host):
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        made = stripped(place, host.before)
        after = write_host(place / "after", made.files)
        check(generated(place / "gpu-0", place), generated(after, place), host.rails)
