"""`inspect --live`: files against the kernel, one change at a time."""

from __future__ import annotations

import json
import re
import shutil
import tarfile

import pytest

from tests.conftest import FIXTURES, contents
from tests.fixtures_build import live as built
from tests.live import address, edit, inspect, interface

HOST = "hosts/worker-gpu-2"
RAIL = "eth_rail0"


@pytest.fixture
def fleet(fixture_copy):
    return fixture_copy("live")


def change_interface(fleet, name, **values):
    edit(fleet / HOST / "ip-addr.json", lambda e: interface(e, name).update(values))


def change_addresses(fleet, name, *addresses):
    rows = [address(local, length) for local, length in addresses]
    change_interface(fleet, name, addr_info=rows)


def change_netplan(fleet, old, new, *, file="70-rails.yaml"):
    path = fleet / HOST / "etc/netplan" / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))


def change_route(fleet, **values):
    def change(routes):
        next(r for r in routes if r["dst"] == "172.16.0.0/15").update(values)

    edit(fleet / HOST / "ip-route.json", change)


def add_route(fleet, **values):
    route = {"dev": RAIL, "protocol": "static", "flags": [], **values}
    edit(fleet / HOST / "ip-route.json", lambda routes: routes.append(route))


def add_rule(fleet, **values):
    edit(fleet / HOST / "ip-rule.json", lambda rules: rules.append(values))


# -- the fleet as it is ---------------------------------------------------------------


@pytest.mark.usefixtures("fleet")
def test_a_fleet_that_agrees_has_no_finding(run):
    said = inspect(run)

    assert said.findings == []
    assert (said.live["rails"], said.live["agreeing"]) == (16, 16)
    assert said.code == 0


def test_without_live_nothing_is_said_of_it(fleet, run):
    (fleet / HOST / "ip-addr.json").write_text("[")
    done = run("inspect", "hosts", "--no-config", "--format", "json")
    report = json.loads(done.out)

    assert "live" not in report
    assert [f["code"] for f in report["findings"]] == ["NK323"]


@pytest.mark.usefixtures("fleet")
def test_without_live_the_files_are_not_read(run, monkeypatch):
    import sys

    for name in [*sys.modules]:
        if name.startswith("netplan2k8s.live"):
            monkeypatch.delitem(sys.modules, name)
    run("inspect", "hosts", "--no-config")

    assert not [name for name in sys.modules if name.startswith("netplan2k8s.live")]


@pytest.mark.usefixtures("fleet")
def test_the_section_is_after_the_tables(run):
    done = run("inspect", "hosts", "--live", "--no-config")
    lines = done.out.splitlines()

    assert "live: 16 rails of 8 hosts compared, 16 agree" in lines
    assert any("leaf-su1-r1 (4)" in line for line in lines)


@pytest.mark.usefixtures("fleet")
def test_evidence_is_shown_as_well(run):
    done = run("inspect", "hosts", "--live", "--evidence", "--no-config")

    assert "where each link comes from" in done.out
    assert "live: 16 rails of 8 hosts compared, 16 agree" in done.out


def test_archives_hold_the_files(fleet, run):
    with tarfile.open(fleet / "packed.tar.gz", "w:gz") as archive:
        for host in sorted((fleet / "hosts").iterdir()):
            archive.add(host, host.name)

    assert inspect(run, "packed.tar.gz").live == inspect(run).live


def test_the_files_are_no_inventory(fleet, run):
    for host in (fleet / "hosts").iterdir():
        (host / "ip-link.json").unlink()
    done = run("convert", "hosts", "--stdout", "--no-config")

    assert "NK203" in done.err


def test_the_order_of_hosts_does_not_matter(fleet, run):
    change_interface(fleet, RAIL, mtu=1500)
    paths = sorted((fleet / "hosts").iterdir())

    assert inspect(run, *paths) == inspect(run, *reversed(paths))


# -- interfaces -----------------------------------------------------------------------


def test_another_mtu_is_an_error(fleet, run):
    change_interface(fleet, RAIL, mtu=1500)
    said = inspect(run)
    (finding,) = said.findings

    assert finding["code"] == "NK726"
    assert finding["message"] == (
        "MTU of eth_rail0 of worker-gpu-2 is 1500, and 9216 in Netplan"
    )
    assert (finding["path"], finding["line"], finding["column"]) == (
        f"{HOST}/etc/netplan/70-rails.yaml",
        5,
        12,
    )
    assert [place["path"] for place in finding["related"]] == [f"{HOST}/ip-addr.json"]
    assert (finding["node"], finding["rail"]) == ("worker-gpu-2", "rail-0")
    assert said.live["agreeing"] == 15
    assert said.code == 1


def test_no_mtu_in_netplan_is_the_kernel_s(fleet, run):
    change_netplan(fleet, "      mtu: 9216\n", "")

    assert inspect(run).codes == []


def test_a_missing_interface_is_named_with_what_was_looked_for(fleet, run):
    change_interface(fleet, RAIL, ifname="eth9", altnames=[])
    said = inspect(run)

    assert said.messages == [
        (
            "eth_rail0 of worker-gpu-2 is not there: no interface is eth_rail0; eth9 has"
            " 172.16.0.4/31"
        )
    ]
    assert said.codes == ["NK723"]


def test_a_pod_may_hold_a_missing_interface(fleet, run):
    change_interface(fleet, RAIL, ifname="eth9", altnames=[], addr_info=[])

    assert inspect(run).messages == [
        (
            "eth_rail0 of worker-gpu-2 is not there: no interface is eth_rail0; while a"
            " pod holds a NIC the host has not got it"
        )
    ]


def test_an_interface_is_known_by_its_altname(fleet, run):
    change_netplan(fleet, f"{RAIL}:", "enp122s0f0np0:")

    assert inspect(run).codes == []


@pytest.mark.parametrize("name", ["eth_rail0", "eth9"])
def test_an_interface_is_known_by_its_permanent_mac(fleet, run, name):
    mac = built.mac(1, 2)
    change_netplan(
        fleet,
        f"{RAIL}:",
        f"rail:\n      match: {{macaddress: '{mac.upper()}'}}\n      set-name: {name}",
    )
    change_interface(fleet, RAIL, permaddr=mac, address="02:ff:ff:ff:ff:ff")

    assert inspect(run).codes == []


def test_another_mac_is_another_interface(fleet, run):
    change_netplan(
        fleet,
        f"{RAIL}:",
        f"rail:\n      match: {{macaddress: '02:00:00:00:00:99'}}\n"
        f"      set-name: {RAIL}",
    )
    said = inspect(run)

    assert "no interface is eth_rail0 with MAC 02:00:00:00:00:99" in said.messages[-1]


def test_a_bond_s_mac_on_its_slaves_is_nobody_s(fleet, run):
    mac = built.mac(2, 2)
    change_netplan(
        fleet,
        "eth_rail1:",
        f"rail:\n      match: {{macaddress: '{mac}'}}\n      set-name: eth_rail1",
    )
    change_interface(fleet, RAIL, master="bond0", address=mac)
    change_interface(fleet, "eth_rail1", master="bond0", address=mac)

    assert inspect(run).messages == [
        f"{name} of worker-gpu-2 is part of bond0, and on its own in Netplan"
        for name in (RAIL, "rail (eth_rail1)")
    ]


def test_a_vlan_with_the_same_mac_is_not_the_rail(fleet, run):
    mac = built.mac(1, 2)
    change_netplan(fleet, f"{RAIL}:", f"rail:\n      match: {{macaddress: '{mac}'}}")

    def add_vlan(entries):
        vlan = {**interface(entries, RAIL), "ifname": "v7", "mtu": 1500}
        entries.insert(0, {**vlan, "linkinfo": {"info_kind": "vlan"}, "addr_info": []})

    edit(fleet / HOST / "ip-addr.json", add_vlan)

    assert inspect(run).codes == []


def test_a_glob_that_fits_several_is_known_by_the_address(fleet, run):
    change_netplan(fleet, f"{RAIL}:", "rail:\n      match: {name: 'eth_rail*'}")

    assert inspect(run).codes == []


@pytest.mark.parametrize(
    ("flags", "state"),
    [
        (["BROADCAST"], "is down"),
        (["NO-CARRIER", "BROADCAST", "UP"], "has no carrier"),
    ],
)
def test_a_link_that_is_down_is_one_warning(fleet, run, flags, state):
    """What the kernel and networkd take off it is no finding of its own."""
    change_interface(fleet, RAIL, flags=flags, operstate="DOWN", addr_info=[])
    edit(
        fleet / HOST / "ip-route.json",
        lambda r: r.__setitem__(slice(None), [e for e in r if e["dev"] != RAIL]),
    )
    said = inspect(run)

    assert said.codes == ["NK724"]
    assert said.messages == [f"eth_rail0 of worker-gpu-2 {state}"]
    assert said.code == 0


def test_enslaved_live_alone_is_one_error(fleet, run):
    change_interface(fleet, RAIL, master="bond0", addr_info=[])
    said = inspect(run)

    assert said.messages == [
        "eth_rail0 of worker-gpu-2 is part of bond0, and on its own in Netplan"
    ]
    assert said.codes == ["NK725"]


# -- addresses ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("live", "message"),
    [
        ([], "eth_rail0 of worker-gpu-2 has not got 172.16.0.4/31 of Netplan"),
        (
            [("172.16.0.8", 31)],
            (
                "eth_rail0 of worker-gpu-2 has not got 172.16.0.4/31 of Netplan; it has"
                " 172.16.0.8/31"
            ),
        ),
        (
            [("172.16.0.4", 24)],
            "172.16.0.4/24 of eth_rail0 of worker-gpu-2 is /31 in Netplan",
        ),
        (
            [("172.16.0.4", 24), ("172.16.0.4", 16)],
            (
                "172.16.0.4/24 and 172.16.0.4/16 of eth_rail0 of worker-gpu-2 is /31 in"
                " Netplan"
            ),
        ),
        (
            [("172.16.0.4", 31), ("10.1.1.1", 24)],
            "10.1.1.1/24 on eth_rail0 of worker-gpu-2 is not in Netplan",
        ),
    ],
)
def test_other_addresses_are_one_error(fleet, run, live, message):
    change_addresses(fleet, RAIL, *live)
    said = inspect(run)

    assert said.messages == [message]
    assert said.codes == ["NK727"]
    assert said.findings[0]["line"] == 8


def test_an_address_on_another_interface_is_named_there(fleet, run):
    change_addresses(fleet, RAIL)
    change_addresses(fleet, "eno1", ("10.20.0.4", 24), ("172.16.0.4", 31))

    assert inspect(run).messages == [
        (
            "eth_rail0 of worker-gpu-2 has not got 172.16.0.4/31 of Netplan; eno1 has"
            " 172.16.0.4/31"
        )
    ]


@pytest.mark.parametrize(
    "row",
    [
        {"family": "inet6", "local": "fe80::1", "prefixlen": 64, "scope": "link"},
        {**address("fd00::9", 64, "inet6"), "dynamic": True, "mngtmpaddr": True},
        {**address("fd00::9", 64, "inet6"), "protocol": "kernel_ra"},
    ],
    ids=["link-local", "router advertisement", "told by the kernel"],
)
def test_what_the_kernel_makes_by_itself_is_no_drift(fleet, run, row):
    edit(
        fleet / HOST / "ip-addr.json",
        lambda entries: interface(entries, RAIL)["addr_info"].append(row),
    )

    assert inspect(run).codes == []


# -- routes ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"gateway": "172.18.0.5", "dev": "eth_rail1"},
            (
                "route to 172.16.0.0/15 of eth_rail0 of worker-gpu-2 is over 172.18.0.5 on"
                " eth_rail1, and 172.16.0.5 in Netplan"
            ),
        ),
        (
            {"gateway": "172.16.0.9"},
            (
                "route to 172.16.0.0/15 of eth_rail0 of worker-gpu-2 is over 172.16.0.9,"
                " and 172.16.0.5 in Netplan"
            ),
        ),
        (
            {"table": "100"},
            (
                "route to 172.16.0.0/15 of eth_rail0 of worker-gpu-2 is in table 100, and"
                " in the main table in Netplan"
            ),
        ),
        (
            {"dev": "eno1"},
            (
                "route to 172.16.0.0/15 of eth_rail0 of worker-gpu-2 is on eno1, and"
                " eth_rail0 in Netplan"
            ),
        ),
        (
            {"protocol": "kernel"},
            "eth_rail0 of worker-gpu-2 has no route to 172.16.0.0/15 over 172.16.0.5",
        ),
    ],
)
def test_a_route_that_is_otherwise_is_one_error(fleet, run, values, message):
    change_route(fleet, **values)
    said = inspect(run)

    assert said.messages == [message]
    assert said.codes == ["NK728"]
    assert said.findings[0]["line"] == 10
    assert said.code == 1


def test_a_next_hop_of_several_is_a_route(fleet, run):
    change_route(fleet, gateway="", nexthops=[{"gateway": "172.16.0.5", "dev": RAIL}])

    assert inspect(run).codes == []


def test_rails_that_share_a_destination_have_a_route_each(fleet, run):
    """Spectrum-X hosts have 172.16.0.0/12 over every rail in one table."""
    for gateway in ("172.16.0.5", "172.18.0.5"):
        change_netplan(
            fleet,
            f"          via: {gateway}\n",
            f"          via: {gateway}\n"
            f"        - to: 172.16.0.0/12\n          via: {gateway}\n",
        )
    add_route(fleet, dst="172.16.0.0/12", gateway="172.16.0.5")
    said = inspect(run)

    assert said.messages == [
        "eth_rail1 of worker-gpu-2 has no route to 172.16.0.0/12 over 172.18.0.5"
    ]


def test_a_table_of_a_name_may_be_any_but_main(fleet, run):
    change_netplan(
        fleet, "via: 172.16.0.5\n", "via: 172.16.0.5\n          table: 100\n"
    )
    change_route(fleet, table="rail0")

    assert inspect(run).codes == []


def test_a_table_of_a_name_is_not_the_main_one(fleet, run):
    change_route(fleet, table="rail0")

    assert inspect(run).messages == [
        (
            "route to 172.16.0.0/15 of eth_rail0 of worker-gpu-2 is in table rail0, and in"
            " the main table in Netplan"
        )
    ]


@pytest.mark.parametrize(
    ("route", "severity"),
    [
        ({"dst": "10.9.0.0/16"}, "error"),
        ({"dst": "172.16.128.0/17"}, "warning"),
        ({"dst": "default", "table": "100"}, "warning"),
    ],
    ids=["that pods miss", "covered by a wider one", "default of another table"],
)
def test_a_route_that_netplan_does_not_have(fleet, run, route, severity):
    add_route(fleet, gateway="172.16.0.5", **route)
    said = inspect(run)

    assert said.codes == ["NK728"]
    assert said.findings[0]["severity"] == severity


def test_a_default_route_over_a_rail_is_an_error(fleet, run):
    add_route(fleet, dst="default", gateway="172.16.0.5")
    said = inspect(run)

    assert said.codes == ["NK729"]
    assert said.messages == [
        (
            "eth_rail0 of worker-gpu-2 has a default route, over 172.16.0.5; the device"
            " plugin offers no NIC that has one"
        )
    ]


@pytest.mark.parametrize("protocol", ["static", "ra"])
def test_a_default_route_of_ipv6_is_a_warning(fleet, run, protocol):
    add_route(fleet, dst="default", gateway="fe80::1", protocol=protocol)
    said = inspect(run)

    assert said.codes == ["NK729"]
    assert said.findings[0]["severity"] == "warning"


@pytest.mark.parametrize(
    "route",
    [
        {"dst": "fd00:7::/64", "gateway": "fe80::1", "protocol": "ra"},
        {"dst": "10.0.0.1", "gateway": "172.16.0.5", "protocol": "redirect"},
        {"dst": "10.0.0.0/8", "protocol": "static", "scope": "link"},
        {"dst": "10.0.0.0/8", "gateway": "172.16.0.5", "type": "blackhole"},
    ],
    ids=["advertised", "redirected", "without a gateway", "no way"],
)
def test_what_is_no_route_over_a_gateway_is_no_drift(fleet, run, route):
    add_route(fleet, **route)

    assert inspect(run).codes == []


def test_routes_over_a_missing_address_are_not_said_again(fleet, run):
    change_addresses(fleet, RAIL)
    change_route(fleet, dst="10.0.0.0/8", dev="eno1")

    assert inspect(run).codes == ["NK727"]


# -- rules ----------------------------------------------------------------------------

POLICY = (
    "via: 172.16.0.5\n"
    "      routing-policy: [{from: 172.16.0.4, table: 100, priority: 90}]\n"
)
RULE = {"priority": 90, "src": "172.16.0.4", "table": "100"}


@pytest.mark.parametrize(
    ("rules", "messages"),
    [
        ([RULE], []),
        (
            [],
            ["eth_rail0 of worker-gpu-2 has no rule 90: from 172.16.0.4 lookup 100"],
        ),
        (
            [{**RULE, "table": "200"}],
            [
                (
                    "rule 90: from 172.16.0.4 lookup 200 for eth_rail0 of worker-gpu-2 is"
                    " 90: from 172.16.0.4 lookup 100 in Netplan"
                )
            ],
        ),
        (
            [RULE, {"priority": 80, "src": "172.16.0.4", "table": "main"}],
            [
                (
                    "rule 80: from 172.16.0.4 lookup main for eth_rail0 of worker-gpu-2 is"
                    " not in Netplan"
                )
            ],
        ),
        ([RULE, {"priority": 80, "src": "10.0.0.1", "table": "9"}], []),
        ([RULE, {**RULE, "priority": 80, "not": None}], []),
        ([RULE, {"priority": 80, "src": "172.16.0.4", "action": "prohibit"}], []),
    ],
    ids=[
        "there",
        "missing",
        "otherwise",
        "one more",
        "another's",
        "for all but the rail",
        "to no table",
    ],
)
def test_rules_are_warnings(fleet, run, rules, messages):
    change_netplan(fleet, "via: 172.16.0.5\n", POLICY)
    for rule in rules:
        add_rule(fleet, **rule)
    said = inspect(run)

    assert said.messages == messages
    assert set(said.codes) <= {"NK730"}
    assert said.code == 0


def test_without_a_listing_of_rules_none_is_missed(fleet, run):
    change_netplan(fleet, "via: 172.16.0.5\n", POLICY)
    (fleet / HOST / "ip-rule.json").unlink()

    assert inspect(run).codes == ["NK721"]


# -- what Netplan does not know -------------------------------------------------------


def test_a_link_like_a_rail_s_on_another_nic_is_an_error(fleet, run):
    change_addresses(fleet, "eno1", ("10.20.0.4", 24), ("172.20.0.4", 31))
    said = inspect(run)

    assert said.messages == [
        (
            "eno1 of worker-gpu-2 has 172.20.0.4/31, a link like a rail's, of which Netplan"
            " knows nothing"
        )
    ]
    assert said.codes == ["NK731"]
    assert said.findings[0]["path"] == f"{HOST}/ip-addr.json"


def test_an_ignored_interface_may_have_one(fleet, run):
    change_addresses(fleet, "eno1", ("10.20.0.4", 24), ("172.20.0.4", 31))
    (fleet / "netplan2k8s.yaml").write_text("ignore_interfaces: ['eno*']\n")
    done = run("inspect", "hosts", "--live")

    assert "NK731" not in done.err


def test_a_tunnel_may_have_one(fleet, run):
    change_addresses(fleet, "eno1", ("10.20.0.4", 24), ("172.20.0.4", 31))
    change_interface(fleet, "eno1", linkinfo={"info_kind": "gretap"})

    assert inspect(run).codes == []


# -- what was not collected -----------------------------------------------------------


def test_hosts_without_the_files_are_one_finding(fleet, run):
    for number in (1, 2, 3):
        for name in ("ip-addr.json", "ip-route.json", "ip-rule.json", "lldp.json"):
            (fleet / f"hosts/worker-gpu-{number}" / name).unlink()
    said = inspect(run)
    (finding,) = said.findings

    assert finding["code"] == "NK721"
    assert finding["severity"] == "warning"
    assert finding["message"] == (
        "3 of 8 hosts cannot be compared in their live state: worker-gpu-1..3 without"
        " ip-addr.json, ip-route.json, ip-rule.json, lldp.json; docs/collect.sh gathers"
        " the files, with `ip -d -j addr > ip-addr.json`,"
        " `ip -j route show table all > ip-route.json`, `ip -j rule > ip-rule.json`,"
        " `lldpctl -f json > lldp.json`"
    )
    assert len(said.live["compared"]) == 5
    assert said.live["rails"] == 10


def test_a_fleet_without_any_is_an_error(fleet, run):
    for path in (fleet / "hosts").glob("*/*.json"):
        path.unlink()
    said = inspect(run)

    assert said.codes == ["NK721"]
    assert said.findings[0]["severity"] == "error"
    assert said.live["compared"] == []


def test_without_lldp_alone_a_note_says_so(fleet, run):
    for path in (fleet / "hosts").glob("*/lldp.json"):
        path.unlink()
    said = inspect(run)

    assert said.codes == ["NK721"]
    assert said.findings[0]["severity"] == "info"
    assert "their cabling, for want of LLDP" in said.messages[0]
    assert said.live["agreeing"] == 16


def test_a_flat_file_has_nothing_beside_it(run, monkeypatch):
    monkeypatch.chdir(FIXTURES / "flat")
    said = inspect(run)

    assert said.codes == ["NK721"]


def test_a_host_without_rules_of_ipv6_is_not_compared_where_netplan_has_some(
    fleet, run
):
    change_netplan(
        fleet,
        "via: 172.16.0.5\n",
        "via: 172.16.0.5\n      routing-policy: [{from: 'fd00::1', table: 100}]\n",
    )
    (fleet / HOST / "ip-rule6.json").unlink()
    said = inspect(run)

    assert "worker-gpu-2 without ip-rule6.json" in said.messages[0]
    assert "worker-gpu-2" in said.live["notCompared"]


def test_a_file_that_cannot_be_read_was_collected(fleet, run):
    """What it would have told is not compared, and not missing either."""
    change_netplan(
        fleet,
        "via: 172.16.0.5\n",
        "via: 172.16.0.5\n      routing-policy: [{from: 'fd00::1', table: 100}]\n",
    )
    (fleet / HOST / "ip-rule6.json").write_text("[")
    said = inspect(run)

    assert said.codes == ["NK722"]
    assert said.live["notCompared"] == ["worker-gpu-2"]


# -- files that are not what their names say ------------------------------------------

BROKEN = {
    "no JSON": "[{}\n",
    "empty": "",
    "another type": "7",
    "no objects": "[1]",
    "nested": "[" * 100_000,
}


@pytest.mark.parametrize("name", ["ip-addr.json", "ip-route.json", "ip-rule.json"])
@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_one_error_of_its_host(fleet, run, name, text):
    (fleet / HOST / name).write_text(text)
    said = inspect(run)

    assert said.codes == ["NK722"]
    assert said.findings[0]["path"] == f"{HOST}/{name}"
    assert said.live["notCompared"] == ["worker-gpu-2"]


OUTPUTS = ("ip-link.json", "ip-addr.json", "ip-route.json", "ip-rule.json", "lldp.json")


@pytest.mark.parametrize("name", OUTPUTS[1:])
@pytest.mark.parametrize("other", OUTPUTS)
def test_the_output_of_another_command_accuses_nobody(fleet, run, name, other):
    text = (fleet / HOST / other).read_text()
    (fleet / HOST / name).write_text(text)

    assert inspect(run).codes == ([] if name == other else ["NK722"])


@pytest.mark.parametrize("name", OUTPUTS[1:])
@pytest.mark.parametrize("text", ["[]", "{}", "[{}]"])
def test_no_command_says_nothing_at_all(fleet, run, name, text):
    (fleet / HOST / name).write_text(text)

    assert inspect(run).codes == ["NK722"]


def test_a_kernel_without_ipv6_has_no_rules_of_it(fleet, run):
    (fleet / HOST / "ip-rule6.json").write_text("")

    assert inspect(run).codes == []


def test_invalid_json_has_its_place(fleet, run):
    (fleet / HOST / "lldp.json").write_text('{"lldp":\n  oops}')
    (finding,) = inspect(run).findings

    assert (finding["line"], finding["column"]) == (2, 3)
    assert finding["message"].startswith("is not the JSON of `lldpctl -f json`: ")


@pytest.mark.parametrize(
    "text",
    ["", "[]", "[{}]", '[{"ifname": 7}]', '[{"ifname": "a", "mtu": "big"}]'],
)
def test_a_listing_without_interfaces_is_broken(fleet, run, text):
    (fleet / HOST / "ip-addr.json").write_text(text)

    assert inspect(run).codes == ["NK722"]


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("ip-addr.json", {"ifname": "a", "addr_info": [{"family": "inet"}]}),
        ("ip-addr.json", {"ifname": "a", "addr_info": 7}),
        ("ip-route.json", {"dst": "nowhere", "gateway": "10.0.0.1"}),
        ("ip-route.json", {"dst": "default", "gateway": []}),
        ("ip-rule.json", {"priority": "x", "table": "main"}),
        ("ip-rule.json", {"priority": 9, "src": "x", "table": "main"}),
        ("ip-rule.json", {"priority": 9, "fwmark": "x", "table": "main"}),
    ],
)
def test_values_of_other_forms_are_said(fleet, run, name, entry):
    edit(fleet / HOST / name, lambda body: body.append(entry))
    said = inspect(run)

    assert said.codes == ["NK722"]
    assert "is not as its program writes it: " in said.messages[0]


def test_bytes_that_are_no_text_are_said(fleet, run):
    (fleet / HOST / "ip-rule.json").write_bytes(b"\xff")

    assert inspect(run).messages == ["is not UTF-8 at byte 0"]


def test_a_directory_of_the_name_is_said(fleet, run):
    (fleet / HOST / "ip-rule.json").unlink()
    (fleet / HOST / "ip-rule.json").mkdir()

    assert inspect(run).messages == ["cannot be read: Is a directory"]


def test_a_host_that_netplan_rejects_is_passed_over(fleet, run):
    change_netplan(fleet, "mtu: 9216", "mtu: jumbo")
    done = run("inspect", "hosts", "--live", "--no-config", "--format", "json")
    report = json.loads(done.out)

    assert len(report["live"]["compared"]) == 7


def test_nothing_is_written(fleet, run):
    before = contents(fleet)
    inspect(run)

    assert contents(fleet) == before


def test_a_fleet_without_rails_is_compared_too(fleet, run):
    for host in (fleet / "hosts").iterdir():
        (host / "etc/netplan/70-rails.yaml").unlink()
    said = inspect(run)

    assert set(said.codes) == {"NK731"}
    assert len(said.codes) == 16


def test_one_host_alone(fleet, run):
    shutil.rmtree(fleet / "hosts/worker-gpu-7")

    assert inspect(run, HOST).live["agreeing"] == 2


@pytest.mark.parametrize("name", ["leaf\\u001b[31m", "leaf\\ud800", "leaf\\nNK001"])
def test_a_switch_s_own_words_are_only_shown(name, fleet, run):
    """It chooses its name, and a terminal takes none of it for a command."""
    path = fleet / HOST / "lldp.json"
    text = path.read_text()
    path.write_text(re.sub(r"leaf-su\d-r\d", lambda _: name, text))
    done = run("inspect", "hosts", "--live", "--no-config")

    assert "Traceback" not in done.err
    assert "\x1b[31m" not in done.out + done.err
    assert "\nNK001" not in done.out + done.err


@pytest.mark.parametrize(
    "name", ["ip-addr.json", "ip-route.json", "ip-link.json", "lshw.json"]
)
def test_a_number_beyond_all_use_is_a_finding(name, fleet, run):
    (fleet / HOST / name).write_text("[" + "7" * 5000 + "]")
    done = run("inspect", "hosts", "--live", "--no-config")

    assert "Traceback" not in done.err
    assert f"{name}:1:1: NK" in done.err
