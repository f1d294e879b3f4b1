"""What real netplan and real hosts said; skipped where the recordings are absent."""

from __future__ import annotations

import json

import pytest

from netplan2k8s.findings import InputError
from netplan2k8s.inventory import ip_link, lshw, mellanox, renames
from netplan2k8s.inventory.facts import UnreadableError
from netplan2k8s.netplan import merged, read_host
from netplan2k8s.tree import DirectoryTree
from tests.conftest import CASES, needs

NETPLAN_CASES = sorted(
    path.parent.name for path in CASES.glob("netplan/*/expected.json")
)
HOST_CASES = sorted(path.name for path in CASES.glob("hosts/*"))


@needs(CASES / "netplan")
@pytest.mark.parametrize("name", NETPLAN_CASES)
def test_netplan_case(name):
    root = CASES / "netplan" / name
    verdict = json.loads((root / "expected.json").read_text())["verdict"]["netplan 1.2"]
    accepted = verdict["accepts"] and not verdict["crashes"]
    try:
        host = read_host(DirectoryTree(str(root)), "node")
    except InputError as error:
        assert not accepted, error
        (finding,) = error.findings
        place = (verdict["error"] or "").split(" ")[0].split(":")[1:3]
        if len(place) == 2 and all(part.isdigit() for part in place):
            assert [str(finding.span.line), str(finding.span.column)] == place
        return
    assert accepted, verdict["error"]
    expected = verdict["merged"] or {"network": {}}
    assert merged(host) == {"network": expected.get("network") or {}}


@needs(CASES / "netplan")
def test_all_netplan_cases_are_there():
    assert len(NETPLAN_CASES) == 197


@needs(CASES / "hosts")
@pytest.mark.parametrize("name", HOST_CASES)
@pytest.mark.parametrize("command", ["convert", "inspect", "show", "init"])
def test_public_hosts_never_give_a_traceback(name, command, run, tmp_path):
    arguments = {
        "convert": ("--no-config", "-o", tmp_path / "out"),
        "inspect": ("--no-config", "--evidence"),
        "show": (),
        "init": ("-o", tmp_path / "netplan2k8s.yaml"),
    }[command]
    done = run(command, CASES / "hosts" / name, *arguments)
    assert done.code in (0, 1, 2)
    assert "Traceback" not in done.err


@needs(CASES / "peers")
@pytest.mark.parametrize(("name", "code"), [("eth4", 1), ("rail8", 1), ("faults", 1)])
def test_inputs_of_neighbouring_tools(name, code, run, tmp_path):
    """Their names tell no PCI address, and that is all that is missing."""
    hosts = CASES / "peers" / "netplan_inputs" / name
    done = run("convert", hosts, "--no-config", "-o", tmp_path / "out")
    assert done.code == code
    if name != "faults":
        kinds = "cidrpool,hostdevicenetwork,pytorchjob"
        again = run(
            "convert", hosts, "--no-config", "-o", tmp_path / "out", "--kinds", kinds
        )
        assert again.code == 0, again.err


INVENTORY = {
    "ibdev2netdev_v.bf3.txt": mellanox.ibdev2netdev,
    "ibdev2netdev_v.mixed.txt": mellanox.ibdev2netdev,
    "ibdev2netdev_v.multidomain.txt": mellanox.ibdev2netdev,
    "ip_d_j_addr.laptop_excerpt.json": ip_link.facts,
    "ip_d_j_link.hyperv_vf_excerpt.json": ip_link.facts,
    "ip_j_link.altnames_excerpt.json": ip_link.facts,
    "lshw_network.virtio_vm.json": lshw.facts,
    "mst_status_v.bluefield2_no_driver.txt": mellanox.mst_status,
    "mst_status_v.bluefield3_arm.txt": mellanox.mst_status,
    "mst_status_v.connectx7.txt": mellanox.mst_status,
    "mst_status_v.net_padded.txt": mellanox.mst_status,
    "mst_status_v.power_multidomain.txt": mellanox.mst_status,
    "udev/70-persistent-net.rules.redhat_rails": renames.udev_rules,
    "udev/70-persistent-net.rules.gh200_two_functions": renames.udev_rules,
}
# What each sample is known to say: (name, PCI address), "" for an unknown name.
SAYS = {
    "ibdev2netdev_v.multidomain.txt": ("enP4p1s0", "0004:01:00.0"),
    "ip_d_j_link.hyperv_vf_excerpt.json": ("enP1p0s2", "0001:00:02.0"),
}


@needs(CASES / "inventory")
@pytest.mark.parametrize("name", sorted(INVENTORY))
def test_inventory_sample_is_read(name):
    text = (CASES / "inventory" / name).read_text()
    facts = list(INVENTORY[name](text, name))
    if "no_driver" not in name:
        assert facts
    if name in SAYS:
        assert SAYS[name] in {(fact.name, fact.pci_address) for fact in facts}


@needs(CASES / "inventory")
def test_ibdev2netdev_without_v_says_what_is_missing():
    text = (CASES / "inventory" / "ibdev2netdev.txt").read_text()
    with pytest.raises(UnreadableError, match="run it with -v"):
        list(mellanox.ibdev2netdev(text, "ibdev2netdev.txt"))


@needs(CASES / "inventory")
@pytest.mark.parametrize("name", sorted(INVENTORY))
def test_cut_inventory_is_a_finding_or_facts(name):
    """A copy that broke off anywhere never breaks the reader."""
    text = (CASES / "inventory" / name).read_text()
    for end in range(0, len(text), max(1, len(text) // 200)):
        try:
            list(INVENTORY[name](text[:end], name))
        except UnreadableError as error:
            assert error.line >= 1
