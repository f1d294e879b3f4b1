"""What Netplan says of a rail, in forms that fixtures/live has not: VRFs, IPv6, gateways."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.live import address, inspect

RAIL = """\
network:
  version: 2
  ethernets:
    eth0:
      addresses: [172.16.0.0/31]
      routes: [{to: 172.16.0.0/15, via: 172.16.0.1}]
"""
SIX = """\
network:
  version: 2
  ethernets:
    eth0:
      addresses: ["fd00::/127"]
      routes: [{to: "fd00::/32", via: "fd00::1"}]
"""
VRF = (
    RAIL
    + """\
  vrfs:
    vrf0:
      table: 9
      interfaces: [eth0]
      routes: [{to: 10.0.0.0/8, via: 172.16.0.1}]
      routing-policy: [{from: 172.16.0.0}, {from: 192.0.2.1}]
"""
)
ROUTE = {"dst": "172.16.0.0/15", "gateway": "172.16.0.1", "dev": "eth0", "flags": []}
ROUTE_6 = {"dst": "fd00::/32", "gateway": "fd00::1", "dev": "eth0", "flags": []}
OWN_ROUTES = [
    {"type": "local", "dst": "127.0.0.1", "dev": "lo", "table": "local"},
    {"type": "local", "dst": "127.0.0.0/8", "dev": "lo", "table": "local"},
]
OWN_RULES = [
    {"priority": 0, "src": "all", "table": "local"},
    {"priority": 32766, "src": "all", "table": "main"},
]
LINK_LOCAL = {"dst": "fe80::/64", "dev": "eth0", "protocol": "kernel"}


@pytest.fixture
def said(tmp_path, monkeypatch, run):
    """What is said of one host by its Netplan and its listings."""
    monkeypatch.chdir(tmp_path)

    def call(netplan: str, *, name: str = "eth0", **listings: list[Any]) -> list[str]:
        root = tmp_path / "hosts/node-0"
        (root / "etc/netplan").mkdir(parents=True)
        (root / "etc/netplan/60-rails.yaml").write_text(netplan)
        addresses = listings.pop("addresses", [address("172.16.0.0", 31)])
        nic = {"ifname": name, "flags": ["UP", "LOWER_UP"], "mtu": 1500}
        more = listings.pop("nic", [{}])[0]
        nic |= {"link_type": "ether", "addr_info": addresses, **more}
        files = {"route": [ROUTE], "rule": [], "rule6": [], **listings}
        files["route"] = [*OWN_ROUTES, *files["route"]]
        files["rule"] = [*OWN_RULES, *files["rule"]]
        for kind, body in {"addr": [nic], **files}.items():
            (root / f"ip-{kind}.json").write_text(json.dumps(body))
        leaf = {"chassis": {"leaf": {"id": {"value": "1"}}}}
        lldp = {"lldp": {"interface": {name: leaf}}}
        (root / "lldp.json").write_text(json.dumps(lldp))
        return inspect(run).messages

    return call


def test_a_rail_alone_agrees(said):
    assert said(RAIL) == []


# -- VRFs -------------------------------------------------------------------------------

IN_VRF = [{**ROUTE, "table": "9"}, {**ROUTE, "dst": "10.0.0.0/8", "table": "9"}]
RULE = {"priority": 32765, "src": "172.16.0.0", "table": "9"}


def test_routes_and_rules_of_a_rail_in_a_vrf_are_in_its_table(said):
    assert said(VRF, nic=[{"master": "vrf0"}], route=IN_VRF, rule=[RULE]) == []


def test_a_rail_that_is_not_in_its_vrf_is_said_once(said):
    assert said(VRF, rule=[RULE], route=[]) == [
        "eth0 of node-0 is on its own, and part of vrf0 in Netplan"
    ]


def test_a_policy_of_the_vrf_for_the_rail_is_the_rail_s(said):
    assert said(VRF, nic=[{"master": "vrf0"}], route=IN_VRF) == [
        "eth0 of node-0 has no rule from 172.16.0.0 lookup 9"
    ]


def test_a_route_of_the_vrf_over_the_rail_is_the_rail_s(said):
    assert said(VRF, nic=[{"master": "vrf0"}], route=IN_VRF[:1], rule=[RULE]) == [
        "eth0 of node-0 has no route to 10.0.0.0/8 in table 9 over 172.16.0.1"
    ]


# -- what counts as a route or a rule -------------------------------------------------------


def test_gateway4_is_a_default_route(said):
    netplan = RAIL.replace("      routes", "      gateway4: 172.16.0.1\n      routes")
    default = {**ROUTE, "dst": "default"}

    assert said(netplan, route=[ROUTE, default]) == []


@pytest.mark.parametrize("text", ["0.0.0.0/0", "default"])
def test_a_default_route_of_netplan_is_one_however_it_is_written(said, text):
    netplan = RAIL.replace("}]", f"}}, {{to: {text}, via: 172.16.0.1, table: 100}}]")
    default = {**ROUTE, "dst": "default", "table": "100"}

    assert said(netplan, route=[ROUTE, default]) == []


def test_table_0_is_the_main_one(said):
    assert said(RAIL.replace("}]", ", table: 0}]")) == []


def test_a_route_that_is_no_unicast_is_not_compared(said):
    netplan = RAIL.replace(
        "}]", "}, {to: 10.0.0.0/8, via: 172.16.0.1, type: blackhole}]"
    )

    assert said(netplan) == []


def test_a_route_over_another_than_the_leaf_is_a_warning(said, run):
    netplan = RAIL.replace("}]", "}, {to: 10.0.0.0/8, via: 192.0.2.1, on-link: true}]")
    said(netplan)
    (finding,) = inspect(run).findings

    assert (finding["code"], finding["severity"]) == ("NK728", "warning")


def test_from_everywhere_is_from_all(said):
    policy = "      routing-policy: [{from: 0.0.0.0/0, to: 172.16.0.0/15, table: 7}]\n"
    rule = {"priority": 9, "src": "all", "dst": "172.16.0.0", "dstlen": 15}

    assert said(RAIL + policy, rule=[{**rule, "table": "7"}]) == []


def test_a_rule_of_another_mark_is_another(said):
    policy = "      routing-policy: [{from: 172.16.0.0, table: 7, mark: 3}]\n"
    rule = {"priority": 9, "src": "172.16.0.0", "table": "7", "fwmark": "0x4"}

    assert said(RAIL + policy, rule=[rule]) == [
        (
            "rule 9: from 172.16.0.0 fwmark 0x4 lookup 7 for eth0 of node-0 is from"
            " 172.16.0.0 fwmark 0x3 lookup 7 in Netplan"
        )
    ]


def test_a_rule_of_another_priority_is_another(said):
    policy = "      routing-policy: [{from: 172.16.0.0, table: 7, priority: 5}]\n"
    rule = {"priority": 9, "src": "172.16.0.0", "table": "7"}

    assert said(RAIL + policy, rule=[rule]) == [
        (
            "rule 9: from 172.16.0.0 lookup 7 for eth0 of node-0 is 5: from 172.16.0.0"
            " lookup 7 in Netplan"
        )
    ]


def test_rules_of_a_link_without_carrier_are_not_missed(said):
    policy = "      routing-policy: [{from: 172.16.0.0, table: 7}]\n"
    lost = {"flags": ["NO-CARRIER", "UP"], "addr_info": []}

    assert said(RAIL + policy, nic=[lost], route=[]) == [
        "eth0 of node-0 has no carrier"
    ]


# -- IPv6 -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "listings",
    [
        {"route": [ROUTE_6, LINK_LOCAL]},
        {"route": [], "route6": [ROUTE_6]},
        {"route": [ROUTE_6], "route6": [ROUTE_6]},
    ],
    ids=["together", "apart", "both"],
)
def test_routes_of_ipv6_may_be_in_either_file(said, listings):
    assert said(SIX, addresses=[address("fd00::", 127, "inet6")], **listings) == []


def test_without_routes_of_ipv6_none_is_missed(said):
    (message,) = said(SIX, addresses=[address("fd00::", 127, "inet6")], route=[])

    assert "node-0 without ip-route6.json" in message


def test_a_missing_route_of_ipv6_is_said(said):
    messages = said(
        SIX, addresses=[address("fd00::", 127, "inet6")], route=[LINK_LOCAL]
    )

    assert messages == ["eth0 of node-0 has no route to fd00::/32 over fd00::1"]


def test_a_next_hop_of_ipv6_leaves_a_default_route_what_it_is(said):
    """RFC 8950: IPv4 over a neighbor that has IPv6 alone."""
    via = {"via": {"family": "inet6", "host": "fe80::1"}, "dev": "eth0", "flags": []}
    (message,) = said(RAIL, route=[ROUTE, {"dst": "default", **via}])

    assert "the device plugin offers no NIC that has one" in message


def test_a_broken_listing_is_not_missing_of_ipv6(said, tmp_path, run):
    said(SIX)
    (tmp_path / "hosts/node-0/ip-route.json").write_text("[")

    assert "NK721" not in inspect(run).codes


# -- interfaces -----------------------------------------------------------------------------


def test_a_slave_s_mac_is_its_bond_s(said):
    """The bond has the MAC of the first, so that it tells nothing of the second."""
    mac = "02:00:00:00:00:01"
    netplan = RAIL.replace(
        "eth0:", f"rail:\n      match: {{macaddress: '{mac}'}}\n      set-name: eth0"
    )
    messages = said(netplan, nic=[{"master": "bond0", "address": mac}])

    assert messages == [
        "rail (eth0) of node-0 is part of bond0, and on its own in Netplan"
    ]


def test_a_driver_alone_is_known_by_the_address(said):
    netplan = RAIL.replace("eth0:", "rail:\n      match: {driver: mlx5_core}")

    assert said(netplan) == []


def test_a_driver_without_the_address_says_what_was_looked_for(said):
    netplan = RAIL.replace("eth0:", "rail:\n      match: {driver: mlx5_core}")

    assert said(netplan, addresses=[]) == [
        (
            "rail of node-0 is not there: no interface is address 172.16.0.0/31; while a"
            " pod holds a NIC the host has not got it"
        )
    ]
