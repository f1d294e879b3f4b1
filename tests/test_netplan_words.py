"""What is said of a host's Netplan, word by word: netplan's own, and what is right."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from netplan2k8s.findings import Finding, InputError, Severity
from netplan2k8s.netplan import read_host
from netplan2k8s.tree import DirectoryTree

GENERATE = shutil.which("generate", path="/usr/libexec/netplan:/lib/netplan")


@pytest.fixture
def host(tmp_path):
    """Write one Netplan file; gives the host's root."""

    def write(body: str) -> Path:
        path = tmp_path / "etc/netplan/1.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"network: {{{body}}}\n", encoding="utf-8")
        path.chmod(0o600)
        return tmp_path

    return write


def findings(root: Path) -> tuple[Finding, ...]:
    try:
        return read_host(DirectoryTree(str(root)), "node").findings
    except InputError as error:
        return error.findings


def words(root: Path, code: str) -> list[str]:
    return [found.message for found in findings(root) if found.rule.code == code]


# -- what netplan says itself ---------------------------------------------------

TWICE = [
    ("bonds: {b0: {interfaces: [e]}, b1: {interfaces: [e]}}", "b1", "bond b0"),
    ("bridges: {b0: {interfaces: [e]}, b1: {interfaces: [e]}}", "b1", "bridge b0"),
    (
        "bonds: {b0: {interfaces: [e]}}, bridges: {b1: {interfaces: [e]}}",
        "b1",
        "bond b0",
    ),
    (
        "vrfs: {v0: {table: 1, interfaces: [e]}, v1: {table: 2, interfaces: [e]}}",
        "v1",
        "vrf v0",
    ),
]


@pytest.mark.parametrize(("body", "holder", "master"), TWICE)
def test_member_of_two_names_the_first(host, body, holder, master):
    root = host(f"ethernets: {{e: {{}}}}, {body}")
    message = f"{holder}: interface 'e' is already assigned to {master}"
    assert words(root, "NK105") == [message]
    assert message in generated(root).stderr


def generated(root: Path) -> subprocess.CompletedProcess[str]:
    """What the installed netplan does and says."""
    if GENERATE is None:
        pytest.skip("netplan.io is not installed; .ci/run installs it")
    command = [GENERATE, "--root-dir", str(root)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_second_primary_names_the_bond_once(host):
    root = host(
        "ethernets: {e: {}, f: {}},"
        " bonds: {b0: {interfaces: [e, f], parameters: {primary: e, primary: f}}}"
    )
    assert words(root, "NK105") == [
        "b0: parameters: primary: bond already has a primary member: e"
    ]


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (
            "ethernets: {e: {}}, bridges: {b: {parameters: {path-cost: {e: 1, e: 1}}}}",
            "b: parameters: path-cost: ",
        ),
        (
            (
                "ethernets: {e: {}},"
                " bridges: {b: {interfaces: [f], parameters: {path-cost: {e: 1}}}},"
                " vrfs: {v: {table: 1}}, bonds: {f: {}}"
            ),
            "b: ",
        ),
    ],
)
def test_second_cost_names_the_bridge_once(host, body, where):
    message = f"{where}interface 'e' already has a path cost of 1"
    assert words(host(body), "NK105") == [message]


# -- what is right instead ------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "advice"),
    [
        ("172.16.0.0/31", "; write [172.16.0.0/31]"),
        ('"172.16.0.0/31, fd00::1/127"', "; write [172.16.0.0/31, fd00::1/127]"),
        ('"::1/128"', "; write ['::1/128']"),
        ("''", "; write [] for none"),
        ("{172.16.0.0/31: {label: x}}", "; write [{172.16.0.0/31: …}]"),
        ("x" * 100, ""),
    ],
)
def test_scalar_for_a_list_shows_the_list(host, value, advice):
    root = host(f"ethernets: {{e: {{addresses: {value}}}}}")
    assert words(root, "NK102") == [f"e: addresses: expected sequence{advice}"]


# -- what only ``netplan generate`` refuses -------------------------------------


def verdicts(root: Path) -> tuple[bool, int]:
    """(whether we find an error, netplan's exit code)."""
    errors = (found.rule.severity is Severity.ERROR for found in findings(root))
    return any(errors), generated(root).returncode


ROUTES = ["to: default", "to: default, scope: link", "to: default, type: blackhole"]
SOUND = ["to: 0.0.0.0/0", "to: default, via: 10.0.0.1", "to: default, from: 10.0.0.1"]


@pytest.mark.parametrize("route", [*ROUTES, *SOUND])
@pytest.mark.parametrize("renderer", ["networkd", "NetworkManager"])
def test_default_route_without_a_family_crashes_netplan(host, route, renderer):
    plain = route.partition(", type")[0] if renderer != "networkd" else route
    root = host(f"renderer: {renderer}, ethernets: {{e: {{routes: [{{{plain}}}]}}}}")
    is_error = renderer == "networkd" and route in ROUTES
    assert len(words(root, "NK106")) == is_error
    assert verdicts(root) == (is_error, -6 if is_error else 0)


def test_default_route_without_a_family_is_found_at_its_place(host):
    root = host("ethernets: {e: {routes: [{to: default}]}}")
    (found,) = findings(root)
    assert (found.span.line, found.span.column) == (1, 41)
    assert found.message.endswith("add 'via', or write 0.0.0.0/0 or ::/0")


def test_default_routes_without_a_family_are_no_repeats_of_others(host):
    root = host("ethernets: {e: {routes: [{to: 0.0.0.0/0}, {to: default}]}}")
    assert verdicts(root) == (True, -6)


BOTH = "dhcp4: true, dhcp6: true"


@pytest.mark.parametrize(
    ("body", "key"),
    [
        (f"{BOTH}, dhcp4-overrides: {{use-dns: false}}", "use-dns"),
        (f"{BOTH}, dhcp4-overrides: {{use-dns: true}}", ""),
        (f"{BOTH}, dhcp6-overrides: {{route-metric: 200}}", "route-metric"),
        (f"{BOTH}, dhcp6-overrides: {{route-metric: 4294967295}}", ""),
        (f"{BOTH}, dhcp6-overrides: {{hostname: ''}}", "hostname"),
        (f"{BOTH}, dhcp6-overrides: {{use-domains: true}}", "use-domains"),
        (
            f"{BOTH}, dhcp4-overrides: {{use-mtu: no}}, dhcp6-overrides: {{use-mtu: n}}",
            "",
        ),
        ("dhcp4: true, dhcp4-overrides: {use-dns: false}", ""),
        ("dhcp6: true, dhcp4-overrides: {use-dns: false}", ""),
        (f"{BOTH}, renderer: NetworkManager, dhcp4-overrides: {{use-dns: false}}", ""),
    ],
)
def test_dhcp_overrides_must_be_equal_for_networkd(host, body, key):
    root = host(f"ethernets: {{e: {{{body}}}}}")
    expected = f"e: networkd requires that {key} has the same value in both"
    found = words(root, "NK103")
    assert [message.startswith(expected) for message in found] == (
        [True] if key else []
    )
    assert verdicts(root) == (bool(key), 1 if key else 0)
    assert not key or expected in generated(root).stderr


# -- names ----------------------------------------------------------------------

LONG = "a-name-that-is-long"


@pytest.mark.parametrize(
    ("body", "count"),
    [
        (f"bonds: {{{LONG}: {{}}}}", 1),
        (f"ethernets: {{e: {{}}}}, vlans: {{{LONG}: {{id: 1, link: e}}}}", 1),
        (f"ethernets: {{{LONG}: {{}}}}", 0),
        ("bonds: {exactly-fifteen: {}}", 0),
    ],
)
def test_long_id_is_warned_of_where_it_is_the_interface_s_name(host, body, count):
    assert len(words(host(body), "NK120")) == count


# -- settings -------------------------------------------------------------------


def test_deep_nesting_says_nothing_of_netplan(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "netplan2k8s.yaml").write_text("rails: " + "[" * 70 + "]" * 70 + "\n")
    done = run("convert", ".", "--stdout")
    assert "NK021 nested over 64 levels deep; no file of this kind has 20" in done.err


def test_notes_on_manifests_are_for_manifests_that_are_made(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rail = "addresses: [172.16.0.0/31], routes: [{to: 172.16.0.0/15, via: 172.16.0.%d}]"
    text = "network: {ethernets: {enp26s0f0np0: {%s}}}\n"
    (tmp_path / "a.yaml").write_text(text % rail % 1)
    assert "NK403" in run("convert", "a.yaml", "--stdout").err
    (tmp_path / "a.yaml").write_text(text % rail % 9)
    assert "NK403" not in run("convert", "a.yaml", "--stdout").err
