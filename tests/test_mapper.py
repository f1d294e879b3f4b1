"""The rail mapper: which interfaces are rails, their numbers, and the odd one out."""

from __future__ import annotations

import itertools

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from netplan2k8s import pci, workflow
from netplan2k8s.emitters import cidr_pool
from netplan2k8s.fabric.numbering import index_of
from netplan2k8s.fabric.translation import ROUTE_KEYS, ROUTING, SETTINGS, Fate
from netplan2k8s.findings import InputError, Severity
from netplan2k8s.naming import counted, natural_key, ranges
from netplan2k8s.netplan.tables import SECTIONS
from netplan2k8s.settings import NodeGroup, RailSetting, Settings

NAMES = ("enp26s0f0np0", "enp60s0f0np0", "enp77s0f0np0")


def link(host: int, rail: int, *, prefix: str = "", **keys: object) -> dict:
    nic = f"10.{rail}.0.{2 * host}"
    leaf = f"10.{rail}.0.{2 * host + 1}"
    body = {
        "addresses": [f"{nic}/31"],
        "routes": [{"to": prefix or f"10.{rail}.0.0/16", "via": leaf}],
    }
    return body | keys


def host(number: int, rails: int = 2, names: tuple[str, ...] = NAMES) -> dict:
    return {names[rail - 1]: link(number, rail) for rail in range(1, rails + 1)}


class Fleet:
    """Hosts as mappings of sections; inspected as flat files."""

    def __init__(self, directory) -> None:
        self.directory = directory
        self.hosts: dict[str, dict] = {}

    def add(self, name: str, ethernets: dict, **sections: dict) -> None:
        self.hosts[name] = {"version": 2, "ethernets": ethernets, **sections}

    def inspect(self, **options) -> workflow.Inspection:
        for name, network in self.hosts.items():
            text = yaml.safe_dump({"network": network})
            (self.directory / f"{name}.yaml").write_text(text)
        return workflow.inspect([str(self.directory)], Settings(**options))


@pytest.fixture
def fleet(tmp_path) -> Fleet:
    made = Fleet(tmp_path)
    for number in range(4):
        made.add(f"n{number}", host(number))
    return made


def errors(seen: workflow.Inspection) -> list[str]:
    return [f.rule.code for f in seen.findings if f.rule.severity is Severity.ERROR]


def rails(seen: workflow.Inspection) -> list[tuple[int, str, int]]:
    return [
        (rail.number, str(rail.cidr), len(rail.attachments)) for rail in seen.plan.rails
    ]


def test_rails_are_numbered_by_cidr(fleet):
    seen = fleet.inspect()
    assert errors(seen) == []
    assert rails(seen) == [(1, "10.1.0.0/16", 4), (2, "10.2.0.0/16", 4)]


def test_management_is_no_rail(fleet):
    for name in fleet.hosts:
        ethernets = fleet.hosts[name]["ethernets"]
        ethernets["eno1"] = {
            "addresses": ["192.168.0.2/31"],
            "routes": [{"to": "default", "via": "192.168.0.3"}],
        }
        ethernets["eno2"] = {
            "addresses": ["192.168.9.2/24"],
            "routes": [{"to": "default", "via": "192.168.9.1"}],
        }
        ethernets["eno3"] = {"dhcp4": True}
    seen = fleet.inspect(ignore_interfaces=("eno1",))
    assert errors(seen) == []
    assert len(seen.plan.rails) == 2


def test_vlan_with_a_rail_like_link_is_said_and_not_taken(fleet):
    for number, network in enumerate(fleet.hosts.values()):
        network["vlans"] = {"v7": {"id": 7, "link": NAMES[0], **link(number, 9)}}
    seen = fleet.inspect()
    assert [f.rule.code for f in seen.findings if "v7" in f.message] == ["NK330"] * 4
    assert len(seen.plan.rails) == 2


def test_route_to_the_unit_does_not_split_a_rail(fleet):
    """Two units, each with its own /24 besides the rail's /16."""
    for number, name in enumerate(fleet.hosts):
        unit = number // 2
        for rail, interface in enumerate(NAMES[:2], 1):
            nic, leaf = (
                f"10.{rail}.{unit}.{2 * number}",
                f"10.{rail}.{unit}.{2 * number + 1}",
            )
            fleet.hosts[name]["ethernets"][interface] = {
                "addresses": [f"{nic}/31"],
                "routes": [
                    {"to": f"10.{rail}.{unit}.0/24", "via": leaf},
                    {"to": f"10.{rail}.0.0/16", "via": leaf},
                ],
            }
    seen = fleet.inspect()
    assert rails(seen) == [(1, "10.1.0.0/16", 4), (2, "10.2.0.0/16", 4)]
    assert errors(seen) == []
    assert "NK333" in {f.rule.code for f in seen.findings}


def test_shared_destination_is_nobody_s_cidr(fleet):
    for network in fleet.hosts.values():
        for body in network["ethernets"].values():
            via = body["routes"][0]["via"]
            body["routes"] = [{"to": "10.0.0.0/8", "via": via}, *body["routes"]]
    assert rails(fleet.inspect()) == [(1, "10.1.0.0/16", 4), (2, "10.2.0.0/16", 4)]


def test_one_host_alone(tmp_path):
    fleet = Fleet(tmp_path)
    fleet.add("solo", host(0, rails=3))
    seen = fleet.inspect()
    assert len(seen.plan.rails) == 3
    assert errors(seen) == []


@pytest.mark.parametrize(
    ("names", "numbers"),
    [
        (("eth_rail0", "eth_rail1"), [0, 1]),
        (("rail1", "rail2"), [1, 2]),
        (("eth_r4", "eth_r5"), [4, 5]),
        (("gpu0_eth", "gpu1_eth"), [0, 1]),
        (("fabric8", "fabric9"), [8, 9]),
        (("cx8-rail1", "cx8-rail0"), [0, 1]),
        (("enp26s0f0np0", "enp60s0f0np0"), [1, 2]),
        (("ens1f0np0", "ens2f0np0"), [1, 2]),
        (("left", "right"), [1, 2]),
        (("rail1", "right"), [1, 2]),
    ],
)
def test_names_that_count_are_the_numbers(tmp_path, names, numbers):
    fleet = Fleet(tmp_path)
    for number in range(3):
        fleet.add(f"n{number}", host(number, names=names))
    seen = fleet.inspect()
    assert [rail.number for rail in seen.plan.rails] == numbers
    renumbered = fleet.inspect(first_rail=10)
    assert [rail.number for rail in renumbered.plan.rails] == [10, 11]


def test_first_rail_and_rail_name(fleet):
    seen = fleet.inspect(first_rail=0, rail_name="lane{n}")
    assert [rail.name for rail in seen.plan.rails] == ["lane0", "lane1"]


def test_swapped_cable_by_index(tmp_path):
    fleet = Fleet(tmp_path)
    for number in range(4):
        names = ("rail2", "rail1") if number == 2 else ("rail1", "rail2")
        fleet.add(f"n{number}", host(number, names=names))
    seen = fleet.inspect()
    found = [f for f in seen.findings if f.rule.code == "NK312"]
    assert {f.node for f in found} == {"n2"}
    messages = " ".join(f.message for f in found)
    assert "rail2 on n2 is in 10.1.0.0/16, where other hosts have rail 1" in messages


def test_missing_rail_names_the_host(fleet):
    del fleet.hosts["n3"]["ethernets"][NAMES[1]]
    seen = fleet.inspect()
    assert errors(seen) == ["NK308"]
    assert (
        "n3 has no link on rail-2 (10.2.0.0/16), which 3 of 4 hosts have"
        in seen.findings[-1].message
        or any("n3 has no link on rail-2" in f.message for f in seen.findings)
    )


def test_link_on_one_host_alone_is_the_odd_one(fleet):
    fleet.hosts["n0"]["ethernets"][NAMES[2]] = link(0, 9)
    (found,) = [f for f in fleet.inspect().findings if f.rule.code == "NK308"]
    assert found.message.startswith(
        "only n0 has a link on rail-3 (10.9.0.0/16), and 3 hosts lack it"
    )


def test_missing_rail_names_the_interface_that_most_hosts_have(fleet):
    first = fleet.hosts["n0"]["ethernets"]
    first["enp99s0f0np0"] = first.pop(NAMES[1])
    del fleet.hosts["n3"]["ethernets"][NAMES[1]]
    (found,) = [f for f in fleet.inspect().findings if f.rule.code == "NK308"]
    assert f"which 3 of 4 hosts have, mostly on {NAMES[1]}:" in found.message


def test_swapped_link_is_one_link_too_many_and_none_that_is_missing(fleet):
    fleet.hosts["n2"]["ethernets"][NAMES[1]] = link(50, 1)
    assert errors(fleet.inspect()) == ["NK309"]


@pytest.mark.parametrize(
    ("routes", "code"),
    [
        ([], "NK304"),
        ([{"to": "default", "via": "10.9.0.1"}], "NK307"),
        ([{"to": "10.9.0.0/255.255.0.0", "via": "10.9.0.1"}], "NK331"),
    ],
)
def test_link_with_an_error_of_its_own_need_not_tell_its_rail(fleet, routes, code):
    fleet.hosts["n2"]["ethernets"][NAMES[2]] = link(0, 9) | {"routes": routes}
    assert errors(fleet.inspect()) == [code]


def test_rail_of_the_settings_with_an_error_of_its_own_need_not_tell_its_cidr(tmp_path):
    fleet = Fleet(tmp_path)
    fleet.add("n0", {NAMES[0]: link(0, 1) | {"routes": []}})
    seen = fleet.inspect(rails=(RailSetting(1, interface=NAMES[0]),))
    assert errors(seen) == ["NK304"]


def test_rail_without_a_link_lists_no_nodes(fleet):
    """Where all of them have an error, NK407 would speak of an empty list."""
    for network in fleet.hosts.values():
        body = link(0, 9)
        body["routes"][0]["via"] = "10.9.0.0"
        network["ethernets"][NAMES[2]] = body
    seen = fleet.inspect()
    assert [len(rail.attachments) for rail in seen.plan.rails] == [4, 4, 0]
    assert list(cidr_pool.findings(seen.plan, Settings())) == []


def test_mixed_mtu_is_a_warning(fleet):
    fleet.hosts["n1"]["ethernets"][NAMES[0]]["mtu"] = 9000
    (found,) = [f for f in fleet.inspect().findings if f.rule.code == "NK315"]
    assert found.message == "MTU of rail-1 is 9000 on n1 and not set on 3 other hosts"
    assert (found.node, found.rail) == ("n1", "rail-1")


def test_setting_that_no_manifest_carries_is_a_warning(fleet):
    fleet.hosts["n1"]["ethernets"][NAMES[0]]["nameservers"] = {
        "addresses": ["10.9.9.9"]
    }
    (found,) = [f for f in fleet.inspect().findings if f.rule.code == "NK322"]
    assert found.message.startswith("nameservers of 1 link on n1 reaches no manifest")


def test_kept_setting_is_shown_where_it_stands(fleet):
    """The one of most links, not the first by name that another host has."""
    for network in fleet.hosts.values():
        for body in network["ethernets"].values():
            body["mtu"] = 9216
    fleet.hosts["n3"]["ethernets"][NAMES[0]]["dhcp4"] = False
    seen = fleet.inspect()
    (found,) = [f for f in seen.findings if f.rule.code == "NK323"]
    assert found.message.startswith("dhcp4, mtu of 8 links on n0..3")
    line = (fleet.directory / "n0.yaml").read_text().splitlines()[found.span.line - 1]
    assert line.strip() == "mtu: 9216"


def test_overlapping_rails(tmp_path):
    fleet = Fleet(tmp_path)
    for number in range(3):
        ethernets = {
            NAMES[0]: link(number, 1),
            NAMES[1]: link(number, 2, prefix="10.2.0.0/16"),
        }
        nic, leaf = f"10.1.128.{2 * number}", f"10.1.128.{2 * number + 1}"
        ethernets[NAMES[2]] = {
            "addresses": [f"{nic}/31"],
            "routes": [{"to": "10.1.128.0/17", "via": leaf}],
        }
        fleet.add(f"n{number}", ethernets)
    assert "NK325" in errors(fleet.inspect())


def test_disagreement_says_how_many_agree(fleet):
    fleet.hosts["n2"]["ethernets"][NAMES[0]]["routes"].append(
        {"to": "192.168.0.0/16", "via": "10.1.0.5"}
    )
    (found,) = [f for f in fleet.inspect().findings if f.rule.code == "NK313"]
    assert (
        "n2 has a route to 192.168.0.0/16 on rail-1, unlike 3 other hosts"
        in found.message
    )


def test_two_hosts_on_one_link(tmp_path):
    """Back to back, each the other's gateway: no leaf is in between."""
    fleet = Fleet(tmp_path)
    for number, (nic, via) in enumerate(
        [("10.1.0.0", "10.1.0.1"), ("10.1.0.1", "10.1.0.0")]
    ):
        routes = [{"to": "10.1.0.0/16", "via": via}]
        fleet.add(
            f"n{number}", {NAMES[0]: {"addresses": [f"{nic}/31"], "routes": routes}}
        )
    (found,) = [f for f in fleet.inspect().findings if f.rule.code == "NK301"]
    assert "10.1.0.1/31" in found.message
    assert "is on one link with 10.1.0.0/31" in found.message


def test_ipv6_64_is_recognised_and_refused(tmp_path):
    fleet = Fleet(tmp_path)
    for number in range(2):
        routes = [{"to": "fd00:1::/32", "via": f"fd00:1:{number}::1"}]
        addresses = [f"fd00:1:{number}::2/64"]
        fleet.add(f"n{number}", {NAMES[0]: {"addresses": addresses, "routes": routes}})
    seen = fleet.inspect()
    found = [f.message for f in seen.findings if f.rule.code == "NK314"]
    assert len(found) == 2
    assert "is no point-to-point link: rails are /31 or /127" in found[0]


# -- the settings' rails ----------------------------------------------------------


def test_rails_by_interface(fleet):
    settings = (
        RailSetting(5, interface="enp26*"),
        RailSetting(3, name="red", interface=NAMES[1]),
    )
    seen = fleet.inspect(rails=settings)
    assert [(r.number, r.name) for r in seen.plan.rails] == [(3, "red"), (5, "rail-5")]


def test_rails_by_cidr_need_no_route_to_it(fleet):
    for network in fleet.hosts.values():
        for body in network["ethernets"].values():
            body["routes"][0]["to"] = "192.168.0.0/16"
    assert "NK328" in errors(fleet.inspect())
    settings = (RailSetting(1, cidr="10.1.0.0/16"), RailSetting(2, cidr="10.2.0.0/16"))
    seen = fleet.inspect(rails=settings)
    assert errors(seen) == []
    assert rails(seen) == [(1, "10.1.0.0/16", 4), (2, "10.2.0.0/16", 4)]


def test_rails_by_pci(fleet):
    seen = fleet.inspect(rails=(RailSetting(1, pci_addresses=("0000:3c:00.0",)),))
    assert rails(seen) == [(1, "10.2.0.0/16", 4)]


def test_rails_by_mac(tmp_path):
    fleet = Fleet(tmp_path)
    for number in range(2):
        mac = f"02:00:00:00:00:0{number}"
        fleet.add(f"n{number}", {"a": link(number, 1, match={"macaddress": mac})})
    macs = ("02:00:00:00:00:00", "02:00:00:00:00:01")
    seen = fleet.inspect(rails=(RailSetting(1, macs=macs),))
    assert rails(seen) == [(1, "10.1.0.0/16", 2)]


def test_rail_of_the_settings_that_nothing_matches(fleet):
    seen = fleet.inspect(rails=(RailSetting(1, interface="rail*"),))
    (found,) = [f for f in seen.findings if f.rule.code == "NK318"]
    assert found.message.endswith("(interface rail*) matches no interface")


def test_rail_of_the_settings_whose_interfaces_an_earlier_entry_took(fleet):
    settings = (
        RailSetting(1, interface="enp26*"),
        RailSetting(2, interface="enp60*"),
        RailSetting(3, interface="enp*"),
    )
    (found,) = [
        f for f in fleet.inspect(rails=settings).findings if f.rule.code == "NK318"
    ]
    assert found.message == (
        "rail 3 of the settings (interface enp*) matches no interface that earlier"
        " entries leave: enp26s0f0np0 on n0 is rail 1 (interface enp26*)"
    )


def test_entry_whose_interfaces_all_have_errors_is_not_unmatched(tmp_path):
    fleet = Fleet(tmp_path)
    fleet.add("n0", {NAMES[0]: link(0, 1) | {"addresses": ["10.1.0.0/24"]}})
    seen = fleet.inspect(rails=(RailSetting(1, interface=NAMES[0]),))
    assert errors(seen) == ["NK314"]


# -- VRFs, groups, translation ------------------------------------------------------


def test_route_of_a_vrf_is_its_member_s(tmp_path):
    fleet = Fleet(tmp_path)
    for number in range(2):
        body = link(number, 1)
        route = body.pop("routes")[0]
        fleet.add(
            f"n{number}",
            {NAMES[0]: body},
            vrfs={"vrf1": {"table": 101, "interfaces": [NAMES[0]], "routes": [route]}},
        )
    seen = fleet.inspect()
    assert errors(seen) == []
    assert rails(seen) == [(1, "10.1.0.0/16", 2)]


def test_two_models_on_two_rails_need_node_groups(tmp_path):
    fleet = Fleet(tmp_path)
    for number in range(4):
        names = NAMES[:2] if number < 2 else (NAMES[1], NAMES[0])
        fleet.add(f"n{number}", host(number, names=names))
    assert "NK319" in errors(fleet.inspect())
    groups = (
        NodeGroup("a", ("n[01]",), (("model", "a"),)),
        NodeGroup("b", ("n[23]",), (("model", "b"),)),
    )
    assert errors(fleet.inspect(node_groups=groups)) == []


def test_every_key_of_an_ethernet_has_a_fate():
    known = set(SECTIONS["ethernets"]) | set(SECTIONS["vlans"])
    assert known <= set(SETTINGS), known - set(SETTINGS)
    assert set(SETTINGS) <= known | {"wakeonwlan"}
    for key in ROUTING:
        outer, _, inner = key.partition(".")
        verdict = ROUTE_KEYS[inner] if inner else SETTINGS[outer]
        assert verdict.fate is Fate.LOST


# -- pools side by side -------------------------------------------------------------


def pool(number: int, nodes: str) -> str:
    """A CIDRPool with an entry for each letter."""
    entries = "".join(
        f"  - {{nodeName: gpu-{node}, prefix: 10.{number}.0.{2 * ord(node) - 194}/31,"
        f" gateway: 10.{number}.0.{2 * ord(node) - 193}}}\n"
        for node in nodes
    )
    return f"""\
apiVersion: nv-ipam.nvidia.com/v1alpha1
kind: CIDRPool
metadata: {{name: rail-{number}, namespace: nvidia-network-operator}}
spec:
  cidr: 10.{number}.0.0/16
  perNodeNetworkPrefix: 31
  gatewayIndex: 0
  perNodeExclusions: [{{startIndex: 1, endIndex: 1}}]
  staticAllocations:
{entries}"""


@pytest.mark.parametrize(
    ("pools", "said"),
    [
        (("ab", "a"), ["rail-2 has no entry for gpu-b, which 1 other pool has"]),
        (
            ("ab", "ac"),
            [
                "rail-1 has no entry for gpu-c, which 1 other pool has",
                "rail-2 has no entry for gpu-b, which 1 other pool has",
            ],
        ),
        (("ab", "cd"), []),
        (
            ("ab", "ab", "a"),
            ["rail-3 has no entry for gpu-b, which 2 other pools have"],
        ),
        (
            ("ab", "ab", "ab", "a", "a"),
            [
                "rail-4 has no entry for gpu-b, which 3 other pools have",
                "rail-5 has no entry for gpu-b, which 3 other pools have",
            ],
        ),
    ],
)
def test_pools_that_lack_nodes_of_others(tmp_path, run, pools, said):
    texts = [pool(number, nodes) for number, nodes in enumerate(pools, 1)]
    (tmp_path / "pools.yaml").write_text("---\n".join(texts))
    done = run("lint", tmp_path / "pools.yaml", "--select", "NK308")
    messages = [line.partition("NK308 ")[2] for line in done.err.splitlines()]
    assert [message for message in messages if message] == said


# -- names ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("enp122s0f0np0", "0000:7a:00.0"),
        ("enp26s0np0", "0000:1a:00.0"),
        ("enP4p1s0", "0004:01:00.0"),
        ("enp3s0f1", "0000:03:00.1"),
        ("enP2p3s0np0", "0002:03:00.0"),
        ("ibp24s0", "0000:18:00.0"),
        ("ens3f0np0", None),
        ("eth0", None),
        ("eth_rail0", None),
        ("eno1", None),
        ("enx020000000001", None),
        ("enp999999s0", None),
        ("enp3s99", None),
    ],
)
def test_systemd_path_names(name, address):
    assert pci.decode_name(name) == address


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("eth_rail3", 3),
        ("rail_7", 7),
        ("eth_p1_r5", 5),
        ("gpu2_eth", 2),
        ("eth4", 4),
        ("enp4s0", None),
        ("ens4", None),
        ("eno4", None),
        ("storage1", None),
        ("fabric15", 15),
        ("roce_r0", 0),
    ],
)
def test_index_in_a_name(name, index):
    assert index_of(name) == index


@given(st.lists(st.text("ab0129-", min_size=1, max_size=6)))
def test_natural_order_is_an_order(names):
    ordered = sorted(names, key=natural_key)
    assert sorted(reversed(names), key=natural_key) == ordered
    for first, second in itertools.pairwise(ordered):
        assert natural_key(first) <= natural_key(second)


def test_natural_order_counts():
    names = [f"worker-gpu-{n}" for n in (10, 9, 1, 100)]
    assert sorted(names, key=natural_key) == [
        f"worker-gpu-{n}" for n in (1, 9, 10, 100)
    ]


def test_ranges_are_short():
    assert ranges([f"n{n}" for n in range(64)]) == "n0..63"
    assert ranges(["n1", "n3"]) == "n1, n3"


def test_counts_agree_with_their_nouns():
    assert counted(1, "other host") == "1 other host"
    assert counted(2, "other host") == "2 other hosts"


def test_two_hosts_differ_from_one_other_host(tmp_path):
    fleet = Fleet(tmp_path)
    for number in range(2):
        fleet.add(f"n{number}", host(number))
    odd = fleet.hosts["n1"]["ethernets"]
    odd[NAMES[0]]["mtu"] = 9216
    odd[NAMES[0]]["routes"].append({"to": "192.168.0.0/16", "via": "10.1.0.3"})
    odd[NAMES[1]] = {
        "addresses": ["10.2.0.3/31"],
        "routes": [{"to": "10.2.0.0/16", "via": "10.2.0.2"}],
    }
    said = {f.rule.code: f.message for f in fleet.inspect().findings}
    assert said["NK315"].endswith("and not set on 1 other host")
    assert "unlike 1 other host;" in said["NK313"]
    assert "and 1 other host is on the other side" in said["NK316"]


def test_no_hosts_is_input_not_a_crash(tmp_path):
    with pytest.raises(InputError, match="NK002"):
        workflow.inspect([str(tmp_path)], Settings())
