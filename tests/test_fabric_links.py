"""One link at a time: what is a rail, what is wrong with it, and in which line."""

from __future__ import annotations

import ctypes
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netplan2k8s import workflow
from netplan2k8s.findings import Finding, Severity
from netplan2k8s.netplan import networkd
from netplan2k8s.settings import RailSetting, Settings

HEAD = "network:\n  version: 2\n  ethernets:\n"
RAIL = """\
    enp26s0f0np0:
      addresses: [172.16.0.0/31]
      routes: [{to: 172.16.0.0/15, via: 172.16.0.1}]
"""
Inspect = Callable[..., workflow.Inspection]


def rail(address: str, *routes: str) -> str:
    lines = "".join(f"      - {route}\n" for route in routes)
    return f'    enp26s0f0np0:\n      addresses: ["{address}"]\n      routes:\n{lines}'


@pytest.fixture
def inspect(tmp_path) -> Inspect:
    """One host with these definitions, and an inventory beside its etc/ if given."""

    def look(text: str, inventory: object = None, **options) -> workflow.Inspection:
        host = tmp_path / "hosts/gpu-01"
        (host / "etc/netplan").mkdir(parents=True, exist_ok=True)
        (host / "etc/netplan/60-rails.yaml").write_text(HEAD + text)
        if inventory is not None:
            (host / "ip-link.json").write_text(json.dumps(inventory))
        return workflow.inspect([str(tmp_path / "hosts")], Settings(**options))

    return look


def grave(seen: workflow.Inspection) -> list[Finding]:
    return [f for f in seen.findings if f.rule.severity is not Severity.INFO]


def codes(seen: workflow.Inspection) -> list[str]:
    return [finding.rule.code for finding in grave(seen)]


# -- the gateway ------------------------------------------------------------------


def test_ipv6_routes_alone_name_no_gateway_of_an_ipv4_link(inspect):
    (found,) = grave(
        inspect(rail("172.16.0.0/31", '{to: "fd00::/32", via: "fe80::1"}'))
    )
    assert found.rule.code == "NK304"
    assert "no IPv4 route of rail enp26s0f0np0 (172.16.0.0/31)" in found.message


def test_wrong_gateway_is_not_also_a_missing_one(inspect):
    seen = inspect(rail("172.16.0.0/31", "{to: 172.16.0.0/15, via: 172.16.0.3}"))
    assert codes(seen) == ["NK302"]


@pytest.mark.parametrize(
    ("address", "end", "usable"),
    [
        ("172.16.0.0/30", "network", "172.16.0.1 to 172.16.0.2"),
        ("172.16.0.7/29", "broadcast", "172.16.0.1 to 172.16.0.6"),
        ("172.16.0.3/30", "broadcast", "172.16.0.1 to 172.16.0.2"),
        ("fd00::/126", "network", "fd00::1 to fd00::3"),
    ],
)
def test_address_that_no_pod_gets(inspect, address, end, usable):
    via, to = (
        ("fd00::2", "fd00::/32") if ":" in address else ("172.16.0.2", "172.16.0.0/15")
    )
    (found,) = grave(inspect(rail(address, f'{{to: "{to}", via: "{via}"}}')))
    assert found.rule.code == "NK314"
    assert f"{address} of enp26s0f0np0 is the {end} address" in found.message
    assert found.message.endswith(usable)


@pytest.mark.parametrize(
    ("via", "end"), [("172.16.0.0", "network"), ("172.16.0.7", "broadcast")]
)
def test_gateway_that_no_leaf_has(inspect, via, end):
    text = rail("172.16.0.2/29", f"{{to: 172.16.0.0/15, via: {via}}}")
    (found,) = grave(inspect(text))
    assert found.rule.code == "NK302"
    assert f"{via} of rail enp26s0f0np0 is the {end} address" in found.message


@pytest.mark.parametrize(
    ("address", "to", "via"),
    [
        ("fd00::3/126", "fd00::/32", "fd00::1"),  # IPv6 has no broadcast
        ("fd00::3/126", "fd00::/32", "fd00::"),  # and routers answer to the lowest
        ("172.16.0.1/30", "172.16.0.0/15", "172.16.0.2"),
        ("172.16.0.6/29", "172.16.0.0/15", "172.16.0.1"),
    ],
)
def test_other_addresses_of_a_wider_link_are_right(inspect, address, to, via):
    assert codes(inspect(rail(address, f'{{to: "{to}", via: "{via}"}}'))) == []


@pytest.mark.parametrize("other", ["fd00::1/64", "fd00::4/127"])
def test_any_address_of_the_other_family_is_one_too_many(inspect, other):
    text = RAIL.replace("172.16.0.0/31]", f'172.16.0.0/31, "{other}"]')
    assert codes(inspect(text)) == ["NK326"]


# -- default routes ---------------------------------------------------------------

OWN = "{to: 172.16.0.0/15, via: 172.16.0.1}"


@pytest.mark.parametrize("to", ["default", "0.0.0.0/0"])
def test_default_route_of_another_table_is_lost_routing(inspect, to):
    route = f"{{to: {to}, via: 172.16.0.1, table: 101}}"
    (found,) = grave(inspect(rail("172.16.0.0/31", OWN, route)))
    assert found.rule.code == "NK321"
    assert "meta_plugins: [sbr]" in found.message


@pytest.mark.parametrize("table", ["", ", table: 0", ", table: 254"])
def test_default_route_of_the_main_table_is_an_error(inspect, table):
    route = f"{{to: default, via: 172.16.0.1{table}}}"
    found = grave(inspect(rail("172.16.0.0/31", OWN, route)))[0]
    assert (found.rule.code, found.span.line) == ("NK307", 8)
    assert "device plugin leaves such a NIC out" in found.message
    assert "under ignore_interfaces: in netplan2k8s.yaml" in found.message


def test_ipv6_default_route_is_none_that_the_device_plugin_minds(inspect):
    route = '{to: "::/0", via: "fe80::1"}'
    (found,) = grave(inspect(rail("172.16.0.0/31", OWN, route)))
    assert found.rule.code == "NK307"
    assert "device plugin" not in found.message


def test_wider_link_with_a_default_route_of_its_own_table_is_a_rail(inspect):
    """And with one of the main table a management link."""
    text = rail(
        "172.16.0.1/30",
        "{to: 172.16.0.0/15, via: 172.16.0.2}",
        "{to: default, via: 172.16.0.2, table: 101}",
    )
    assert len(inspect(text).plan.rails) == 1
    assert codes(inspect(text.replace(", table: 101", ""))) == ["NK317"]


def test_default_route_of_a_vrf_is_in_its_table(inspect):
    vrf = """\
  vrfs:
    vrf1:
      table: 101
      interfaces: [enp26s0f0np0]
      routes: [{to: default, via: 172.16.0.1}]
"""
    (found,) = grave(inspect(RAIL + vrf))
    assert found.rule.code == "NK321"
    assert found.message.startswith("routes.table of 1 link on gpu-01")


BOND = """\
    eno1: {}
  %s:
    uplink:
      %s
      addresses: [10.0.0.0/31]
      routes: [{to: %s, via: 10.0.0.1}]
"""


@pytest.mark.parametrize(
    ("section", "parts", "code"),
    [
        ("bonds", "interfaces: [eno1]", "NK310"),
        ("bridges", "interfaces: [eno1]", "NK310"),
        ("vlans", "{id: 7, link: eno1}", "NK330"),
    ],
)
def test_routed_management_is_passed_over_and_a_rail_is_not(
    inspect, section, parts, code
):
    parts = parts.strip("{}").replace(", ", "\n      ")
    assert codes(inspect(RAIL + BOND % (section, parts, "default"))) == []
    (found,) = grave(inspect(RAIL + BOND % (section, parts, "10.0.0.0/16")))
    assert found.rule.code == code
    assert "under ignore_interfaces: in netplan2k8s.yaml" in found.message


# -- loose lengths ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("length", "reading"),
    [
        ("31x", "refuses it"),
        ("+31", "reads it as /31"),
        (" 31", "reads it as /31"),
        ("031", "reads it as /25"),
    ],
)
def test_loose_length_is_said_as_networkd_reads_it(inspect, length, reading):
    seen = inspect(rail(f"172.16.0.0/{length}", OWN))
    assert codes(seen) == ["NK122", "NK331"]
    for found in grave(seen):
        assert f"'172.16.0.0/{length}'" in found.message
        assert found.message.endswith(f"on, and systemd-networkd {reading}")


def test_loose_route_is_reported_in_its_own_line(inspect):
    bad = "{to: 172.16.0.0/255.240.0.0, via: 172.16.0.1}"
    (found,) = grave(inspect(rail("172.16.0.0/31", OWN, bad)))
    assert (found.rule.code, found.span.line) == ("NK331", 8)
    assert "'172.16.0.0/255.240.0.0'" in found.message
    assert found.message.endswith("systemd-networkd refuses it")


_strtoul = ctypes.CDLL(None).strtoul
_strtoul.restype = ctypes.c_ulong
_strtoul.argtypes = [ctypes.c_char_p, ctypes.POINTER(ctypes.c_char_p), ctypes.c_int]


def in_c(text: str, bits: int) -> int | None:
    """The steps of systemd's safe_atou8 around the C library's strtoul, base 0."""
    start = text.encode().lstrip(b" \t\n\r")
    end = ctypes.c_char_p()
    number = _strtoul(start, ctypes.byref(end), 0)
    if not start or end.value or start.startswith(b"-"):
        return None
    return number if number <= bits else None


@given(st.text("0123789xXaf+- \t", max_size=5).map(str.rstrip))
def test_networkd_reads_a_length_as_c_does(text):
    assert networkd.prefix_length(text, 128) == in_c(text, 128)


# -- PCI addresses ------------------------------------------------------------------

BY_PCI = {"rails": (RailSetting(1, pci_addresses=("0000:1a:00.0",)),)}
OTHER = "    enp175s0f0v0: {dhcp4: true}\n"


def nic(name: str, address: str) -> dict[str, str]:
    return {"ifname": name, "parentbus": "pci", "parentdev": address}


def test_virtual_function_beside_the_rails_is_nobody_s_business(inspect):
    assert codes(inspect(OTHER + RAIL, **BY_PCI)) == []


def test_contradiction_about_what_is_no_rail_is_nobody_s_business(inspect):
    text = "    enp175s0f0np0: {dhcp4: true}\n" + RAIL
    inventory = [nic("enp175s0f0np0", "0000:b0:00.0")]
    assert codes(inspect(text, inventory, **BY_PCI)) == []


def test_contradiction_about_a_rail_of_the_settings_is_said(inspect):
    inventory = [nic("enp26s0f0np0", "0000:3c:00.0")]
    assert codes(inspect(RAIL, inventory, **BY_PCI)) == ["NK202"]


def test_interface_that_one_source_takes_for_the_rail_contradicts(inspect):
    text = "    enp175s0f0np0: {dhcp4: true}\n" + RAIL
    inventory = [nic("enp175s0f0np0", "0000:1a:00.0")]
    assert codes(inspect(text, inventory, **BY_PCI)) == ["NK202"]


def test_virtual_function_as_a_rail_says_why_not(inspect):
    (found, *_) = grave(inspect(RAIL.replace("np0", "v0")))
    assert found.rule.code == "NK206"
    assert "the device plugin drops one that has virtual functions" in found.message


# -- counts -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "words"), [(1, "1 virtual function;"), (8, "8 virtual functions;")]
)
def test_virtual_functions_are_counted(inspect, count, words):
    text = RAIL + f"      virtual-function-count: {count}\n"
    (found,) = grave(inspect(text))
    assert found.message.startswith(f"enp26s0f0np0 has {words}")


def test_one_chosen_name_is_one_link(inspect):
    text = RAIL.replace(
        "    enp26s0f0np0:\n",
        '    rail1:\n      match: {macaddress: "a0:88:c2:00:00:01"}\n'
        "      set-name: enp26s0f0np0\n",
    )
    (found,) = [f for f in inspect(text).findings if f.rule.code == "NK204"]
    assert found.message.startswith("PCI address of 1 link on gpu-01 comes from")
