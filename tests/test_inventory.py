"""Who knows a NIC's PCI address: every source, their contradictions, their mistakes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netplan2k8s import workflow
from netplan2k8s.findings import InputError
from netplan2k8s.inventory import ip_link, lshw, mellanox, read_table, renames, sysfs
from netplan2k8s.inventory.facts import UnreadableError
from netplan2k8s.settings import Settings

NETPLAN = """\
network:
  ethernets:
    eth_rail0:
      addresses: [172.16.0.0/31]
      routes: [{to: 172.16.0.0/15, via: 172.16.0.1}]
"""
BY_MAC = NETPLAN.replace(
    "      addresses",
    "      match: {macaddress: 02:00:00:00:00:01}\n      set-name: eth_rail0\n      addresses",
)
PCI = "0000:7a:00.0"
IP_LINK = json.dumps(
    [
        {"ifname": "lo", "address": "00:00:00:00:00:00"},
        {
            "ifname": "eth_rail0",
            "address": "02:00:00:00:00:01",
            "parentbus": "pci",
            "parentdev": PCI,
            "altnames": ["enp122s0f0np0"],
        },
    ]
)
LSHW = json.dumps(
    [
        {
            "logicalname": "eth_rail0",
            "businfo": f"pci@{PCI}",
            "serial": "02:00:00:00:00:01",
        }
    ]
)
IBDEV = f"{PCI} mlx5_0 (MT4129 - MCX75310AAS-NEA) ConnectX-7 fw 28.39 port 1 (ACTIVE) ==> eth_rail0 (Up)\n"
LISTING = f"lrwxrwxrwx 1 root root 0 Jan 5 08:00 eth_rail0 -> ../../devices/pci0000:79/0000:79:01.0/{PCI}/net/eth_rail0\n"
RULE = f'SUBSYSTEM=="net", ACTION=="add", KERNELS=="{PCI}", NAME="eth_rail0"\n'
RULE_BY_MAC = 'SUBSYSTEM=="net", ATTR{address}=="02:00:00:00:00:01", NAME="eth_rail0"\n'
LINK = f"[Match]\nPath=pci-{PCI}\n\n[Link]\nName=eth_rail0\n"


@pytest.fixture
def host(tmp_path):
    """A host root ``a`` with files; gives the rail's PCI address and the findings."""

    def make(netplan: str = NETPLAN, options: dict | None = None, **files: str):
        root = tmp_path / "a"
        for name, text in {"etc/netplan/1.yaml": netplan, **files}.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        seen = workflow.inspect([str(root)], Settings(**(options or {})))
        (rail,) = seen.plan.rails
        codes = [f.rule.code for f in seen.findings if f.rule.code.startswith("NK2")]
        return rail.attachments[0].pci_address, codes

    return make


SOURCES = {
    "ip-link.json": IP_LINK,
    "lshw.json": LSHW,
    "ibdev2netdev.txt": IBDEV,
    "sys-class-net.txt": LISTING,
    "etc/udev/rules.d/70-names.rules": RULE,
    "etc/systemd/network/10-rail.link": LINK,
}


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_alone(host, name):
    assert host(**{name: SOURCES[name]}) == (PCI, [])


def test_all_sources_agree(host):
    assert host(**SOURCES) == (PCI, [])


@pytest.mark.parametrize("name", SOURCES)
def test_any_source_that_disagrees_is_an_error(host, name):
    files = SOURCES | {name: SOURCES[name].replace("7a", "7b")}
    address, codes = host(**files)
    assert address is None
    assert codes == ["NK202"]


def test_copied_sysfs(host, tmp_path):
    device = tmp_path / "a/sys/devices/pci0000:79" / PCI / "net/eth_rail0"
    device.mkdir(parents=True)
    (tmp_path / "a/sys/class/net").mkdir(parents=True)
    target = f"../../devices/pci0000:79/{PCI}/net/eth_rail0"
    (tmp_path / "a/sys/class/net/eth_rail0").symlink_to(target)
    assert host() == (PCI, [])


@pytest.mark.parametrize("name", ["ip-link.json", "lshw.json"])
def test_match_by_mac(host, name):
    text = (
        SOURCES[name].replace('"eth_rail0"', '"ens1"').replace("enp122s0f0np0", "other")
    )
    assert host(BY_MAC, **{name: text}) == (PCI, [])


def test_rename_rule_by_mac_leads_to_the_old_name(host):
    text = IP_LINK.replace('"eth_rail0"', '"ens1"').replace("enp122s0f0np0", "other")
    files = {"ip-link.json": text, "etc/udev/rules.d/70-names.rules": RULE_BY_MAC}
    assert host(**files) == (PCI, [])


def test_settings_know_too(host):
    assert host(options={"pci": (("eth_rail*", PCI),)}) == (PCI, [])
    address, codes = host(
        options={"pci": (("eth_rail*", "0000:01:00.0"),)}, **{"ip-link.json": IP_LINK}
    )
    assert (address, codes) == (None, ["NK202"])


@pytest.mark.parametrize(
    "text",
    [
        f"node,interface,pci\na,eth_rail0,{PCI}\n",
        f"pci,mac,node\n{PCI},02:00:00:00:00:01,a\n",
        json.dumps([{"node": "a", "interface": "eth_rail0", "pci": PCI}]),
    ],
)
def test_table_of_many_hosts(host, tmp_path, text):
    table = tmp_path / ("t.json" if text.startswith("[") else "t.csv")
    table.write_text(text)
    netplan = BY_MAC if "mac" in text.partition("\n")[0] else NETPLAN
    assert host(netplan, {"inventory": (str(table),)}) == (PCI, [])


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        (
            "t.csv",
            "node,interface\n",
            "1:1: NK201 its first line must name the columns",
        ),
        ("t.csv", "node,interface,pci\na,b,c\n\nd,e,f\n", "2:1: NK201"),
        (
            "t.csv",
            "node,interface,pci\na,,0000:01:00.0\n",
            "2:1: NK201 a row needs node",
        ),
        ("t.csv", 'node,interface,pci\n"a', "NK201 is no CSV"),
        ("t.json", "{", "1:2: NK201 is not a JSON list"),
        ("t.json", "[1]", "1:1: NK201 entry 1 is no object"),
        ("t.json", "[" * 100_000, "NK201"),
    ],
)
def test_table_with_mistakes(tmp_path, name, text, words):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_table(str(path))
    assert any(words in str(finding) for finding in caught.value.findings)


def test_table_names_every_bad_row(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("node,interface,pci\na,b,c\nd,e,f\n")
    with pytest.raises(InputError) as caught:
        read_table(str(path))
    assert [finding.span.line for finding in caught.value.findings] == [2, 3]


@pytest.mark.parametrize("name", ["ip-link.json", "lshw.json", "ibdev2netdev.txt"])
def test_file_that_is_not_what_its_name_says(host, name):
    address, codes = host(**{name: "what is this\n"})
    assert "NK201" in codes
    assert address is None


def test_virtual_function_is_no_rail(host):
    row = IBDEV.replace("MT4129 - MCX75310AAS-NEA", "MT4126 - NA")
    assert host(**{"ibdev2netdev.txt": row}) == (PCI, ["NK206"])


def test_name_of_the_kernel_is_evidence_and_a_chosen_one_is_weak(host):
    by_name = NETPLAN.replace("eth_rail0", "enp122s0f0np0")
    assert host(by_name) == (PCI, [])
    chosen = BY_MAC.replace("set-name: eth_rail0", "set-name: enp122s0f0np0")
    assert host(chosen) == (PCI, ["NK204"])


READERS = {
    "ip": ip_link.facts,
    "lshw": lshw.facts,
    "ibdev": mellanox.ibdev2netdev,
    "mst": mellanox.mst_status,
    "listing": sysfs.listing,
    "udev": renames.udev_rules,
    "link": renames.link_file,
}
SEEDS = {
    "ip": IP_LINK,
    "lshw": LSHW,
    "ibdev": IBDEV,
    "mst": "DEVICE_TYPE MST PCI\n",
    "listing": LISTING,
    "udev": RULE,
    "link": LINK,
}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "ifname",
                    "address",
                    "permaddr",
                    "parentdev",
                    "parentbus",
                    "altnames",
                    "linkinfo",
                    "logicalname",
                    "businfo",
                    "serial",
                    "x",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("name", READERS)
@given(data=st.data())
def test_no_text_breaks_a_reader(name, data):
    """Facts, or UnreadableError with a place: never anything else."""
    seed = SEEDS[name]
    at = data.draw(st.integers(0, len(seed)))
    text = data.draw(
        st.one_of(
            st.text(max_size=60),
            st.builds(lambda inner: seed[:at] + inner + seed[at:], st.text(max_size=6)),
            json_values.map(json.dumps),
        )
    )
    try:
        facts = list(READERS[name](text, "source"))
    except UnreadableError as error:
        assert error.line >= 1
        assert error.column >= 1
        return
    for fact in facts:
        assert isinstance(fact.name, str)
        assert not fact.pci_address or len(fact.pci_address) >= len("0000:00:00.0")
