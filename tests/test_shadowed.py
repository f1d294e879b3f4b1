"""NK335: which definitions take a rail's NIC, by networkd's rule of the first file."""

from __future__ import annotations

import pytest

from netplan2k8s import workflow
from netplan2k8s.settings import Settings

RAIL = "addresses: [172.16.0.0/31], routes: [{to: 172.16.0.0/15, via: 172.16.0.1}]"
BY_NAME = f"enp26s0f0np0: {{{RAIL}}}"
MAC, OTHER = "02:00:00:00:00:01", "02:00:00:00:00:02"
BY_MAC = f'rail0: {{match: {{macaddress: "{MAC}"}}, set-name: eth0, {RAIL}}}'


@pytest.fixture
def shadowed(tmp_path):
    """The NK335 lines of one host with some definitions."""

    def judge(*definitions: str, renderer: str = "networkd") -> list[str]:
        path = tmp_path / "a.yaml"
        lines = "".join(f"    {text}\n" for text in definitions)
        path.write_text(
            f"network:\n  renderer: {renderer}\n  ethernets:\n{lines}", encoding="utf-8"
        )
        findings = workflow.inspect([str(path)], Settings()).findings
        return [
            f"{f.span.line}: {f.message}" for f in findings if f.rule.code == "NK335"
        ]

    return judge


@pytest.mark.parametrize(
    "other",
    [
        'all: {match: {name: "*"}, dhcp4: true}',
        'all: {match: {name: "en*"}}',
        'all: {match: {name: "enp26s0f0np[0-3]"}}',
        'all: {match: {name: "!eno1"}}',
        "all: {match: {driver: mlx5_core}, mtu: 9216}",
        'all: {match: {driver: ["ixgbe", "mlx5*"], name: "en*"}}',
        "all: {match: {name: enp26s0f0np0}}",
        'all: {match: {name: "eno*"}, set-name: enp26s0f0np0}',
    ],
)
def test_match_that_has_the_rail_and_comes_first(shadowed, other):
    (line,) = shadowed(other, BY_NAME)
    assert line.startswith("4: all takes the NIC of rail enp26s0f0np0: ")


@pytest.mark.parametrize(
    "other",
    [
        'zz: {match: {name: "*"}, dhcp4: true}',
        'all: {match: {name: "eno*"}, dhcp4: true}',
        'all: {match: {name: "!en*"}}',
        "all: {match: {driver: ixgbe}, dhcp4: true}",
        "all: {match: {}, dhcp4: true}",
        f'all: {{match: {{macaddress: "{MAC}"}}}}',
        f'all: {{match: {{macaddress: "{MAC}", name: "en*"}}}}',
        'all: {match: {name: "en*"}, set-name: lan0, dhcp4: true}',
        'all: {match: {name: "*"}, renderer: NetworkManager}',
    ],
)
def test_match_that_comes_later_or_has_other_nics(shadowed, other):
    assert shadowed(other, BY_NAME) == []


@pytest.mark.parametrize(
    "other",
    [
        f'all: {{match: {{macaddress: "{MAC.upper()}"}}}}',
        'all: {match: {name: "eth*"}}',
        "eth0: {mtu: 9216}",
    ],
)
def test_rail_by_mac_has_the_name_that_it_is_given(shadowed, other):
    (line,) = shadowed(other, BY_MAC)
    assert "takes the NIC of rail rail0: " in line


def test_name_before_the_renaming_is_no_longer_matched(shadowed):
    assert shadowed('all: {match: {name: "en*"}}', BY_MAC) == []


def test_file_names_are_compared_and_not_ids(shadowed):
    """As 10-netplan-en-x.network comes before 10-netplan-en.network."""
    rail = f'en: {{match: {{name: "ens1"}}, {RAIL}}}'
    assert len(shadowed('en-x: {match: {name: "ens*"}}', rail)) == 1
    assert shadowed('enx: {match: {name: "ens*"}}', rail) == []


def test_all_rails_that_one_definition_takes_are_one_finding(shadowed):
    second = RAIL.replace("172.16", "172.18").replace("/15", "/16")
    rails = (BY_NAME, f"enp60s0f0np0: {{{second}}}")
    (line,) = shadowed('all: {match: {name: "en*"}}', *rails)
    assert "all takes the NICs of rails enp26s0f0np0, enp60s0f0np0: " in line


def test_two_nics_with_one_name(shadowed):
    other = f'zz: {{match: {{macaddress: "{OTHER}"}}, set-name: eth0}}'
    (line,) = shadowed(BY_MAC, other)
    assert line.startswith("4: zz and rail rail0 are NICs that are both to be called")


def test_two_rails_with_one_name_are_one_finding(shadowed):
    second = BY_MAC.replace("172.16", "172.18").replace(MAC, OTHER)
    assert len(shadowed(BY_MAC, second.replace("rail0", "rail1"))) == 1


def test_networkmanager_takes_profiles_by_other_rules(shadowed):
    match = 'all: {match: {name: "*"}}'
    assert shadowed(match, BY_NAME, renderer="NetworkManager") == []
