"""``convert --base``: which policies of a cluster can take the rails, and which not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.conftest import FIXTURES

BASE = yaml.safe_load((FIXTURES / "base-policy/nicclusterpolicy.yaml").read_text())
RAIL_1 = "0000:7a:00.0"
"""The PCI address of the fixture's first rail."""


@pytest.fixture
def convert(run, fixture_copy):
    """Convert with a policy as the base; exit code, policy made, and what was said."""
    fixture_copy("base-policy")

    def call(policy, *options):
        Path("base.yaml").write_text(yaml.safe_dump(policy, sort_keys=False))
        config = () if Path("netplan2k8s.yaml").exists() else ("--no-config",)
        return run(
            "convert", "hosts", "--stdout", "--base", "base.yaml", *config, *options
        )

    return call


def base(**changes):
    """The fixture's policy with other parts."""
    return {**BASE, **changes}


def resources(*listed, key="resourceList"):
    """The fixture's policy with other resources in its configuration."""
    plugin = {**BASE["spec"]["sriovDevicePlugin"], "config": json.dumps({key: listed})}
    return base(spec={**BASE["spec"], "sriovDevicePlugin": plugin})


def resource(name="storage", prefix="nvidia.com", **selectors):
    found = {"resourceName": name, "selectors": selectors}
    return found | ({"resourcePrefix": prefix} if prefix else {})


def complaints(done):
    return [line for line in done.err.splitlines() if "NK406" in line]


def made(done):
    """The resources of the policy that was made, by full name in order."""
    policies = [
        body
        for body in yaml.safe_load_all(done.out)
        if body and body["kind"] == "NicClusterPolicy"
    ]
    (policy,) = policies
    config = json.loads(policy["spec"]["sriovDevicePlugin"]["config"])
    return [
        f"{one.get('resourcePrefix', 'intel.com')}/{one['resourceName']}"
        for one in config["resourceList"]
    ]


RAILS = [f"nvidia.com/rail-{n}" for n in range(1, 9)]


# -- what is taken ----------------------------------------------------------------


def test_policy_as_the_cluster_prints_it(convert):
    done = convert(BASE)

    assert complaints(done) == []
    assert made(done) == ["nvidia.com/storage", *RAILS]


def test_list_of_one_is_that_one(convert):
    done = convert({"apiVersion": "v1", "kind": "List", "items": [BASE]})
    assert made(done) == ["nvidia.com/storage", *RAILS]


def test_policy_without_a_plugin_gets_one(convert):
    done = convert(base(spec={}))
    assert made(done) == RAILS


@pytest.mark.parametrize("spec", [None, {"sriovDevicePlugin": None}])
def test_part_without_a_value_is_none(convert, spec):
    assert made(convert(base(spec=spec))) == RAILS


def test_resource_of_another_prefix_is_another_resource(convert):
    foreign = resource("rail-1", "mellanox.com", pciAddresses=["0000:05:00.0"])
    assert made(convert(resources(foreign))) == ["mellanox.com/rail-1", *RAILS]


def test_resource_without_a_prefix_has_the_plugin_s_own(convert):
    foreign = resource("rail-1", "", pciAddresses=["0000:05:00.0"])
    assert made(convert(resources(foreign))) == ["intel.com/rail-1", *RAILS]


def test_keys_have_no_case(convert):
    foreign = {
        "ResourcePrefix": "nvidia.com",
        "RESOURCENAME": "rail-1",
        "Selectors": {"PciAddresses": [RAIL_1]},
    }
    done = convert(resources(foreign, key="ResourceList"))

    assert complaints(done) == []
    assert made(done) == RAILS


def test_time_and_status_of_the_cluster_are_left_out(convert):
    metadata = {**BASE["metadata"], "managedFields": [{"time": "2026-01-05"}]}
    done = convert(base(metadata=metadata))

    assert "managedFields" not in done.out
    assert "status:" not in done.out


# -- what is no policy ------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ({"kind": "List", "items": []}, "1:1: NK406 holds 0 objects and not one"),
        ({"kind": "List", "items": [BASE, BASE]}, "1:1: NK406 holds 2 objects"),
        (base(kind="Pod"), "2:7: NK406 is no NicClusterPolicy but Pod"),
        (base(kind=5), "NK406 is no NicClusterPolicy but something else"),
        (base(apiVersion="v1"), "1:13: NK406 apiVersion 'v1' has no NicClusterPolicy"),
        (base(metadata=[]), "NK406 has no metadata"),
        (base(metadata={}), "NK406 the operator ignores NicClusterPolicy ''"),
        (
            base(metadata={"name": "a"}),
            "4:9: NK406 the operator ignores NicClusterPolicy 'a'",
        ),
        (
            base(metadata={"name": "nic-cluster-policy", "labels": ["a"]}),
            "NK406 metadata.labels must be a mapping",
        ),
        (
            base(metadata={"name": "nic-cluster-policy", "annotations": 5}),
            "NK406 metadata.annotations must be a mapping",
        ),
        (base(spec=[1]), "NK406 spec must be a mapping"),
        (base(spec="x"), "NK406 spec must be a mapping"),
        (
            base(spec={"sriovDevicePlugin": "x"}),
            "NK406 spec.sriovDevicePlugin must be a mapping",
        ),
        (
            base(spec={"sriovDevicePlugin": {"config": 5}}),
            "NK406 sriovDevicePlugin.config must be text",
        ),
        (
            base(spec={"ofedDriver": {"x": 1.5}}),
            "NK406 1.5 is no number that a NicClusterPolicy can have",
        ),
    ],
)
def test_policy_that_cannot_be_merged(convert, policy, words):
    done = convert(policy)

    assert done.code == 1
    assert done.out == ""
    assert words in done.err


@pytest.mark.parametrize(
    "config",
    ["[]", "5", "null", "{}", '{"resourceList": 5}', '{"resourceList": [5]}', "{,}"],
)
def test_configuration_that_is_none(convert, config):
    done = convert(base(spec={"sriovDevicePlugin": {"config": config}}))

    assert done.code == 1
    assert len(complaints(done)) == 1


@pytest.mark.parametrize("key", ["resourceName", "resourcePrefix", "deviceType"])
@pytest.mark.parametrize("value", [5, [], {}, True])
def test_text_of_another_type(convert, key, value):
    done = convert(resources({**resource(), key: value}))
    assert f"NK406 {key} must be text: the plugin exits on it" in done.err


# -- what stands before the rails -------------------------------------------------


def test_address_of_a_rail(convert):
    done = convert(resources(resource(pciAddresses=["0000:05:00.0", RAIL_1])))

    assert done.code == 1
    assert [line.partition(": ")[2].partition(";")[0] for line in complaints(done)] == [
        f"NK406 resource storage of the base policy has {RAIL_1}, which is rail-1"
    ]


@pytest.mark.parametrize(
    ("selectors", "words"),
    [
        (
            {"vendors": ["15b3"]},
            "selects by vendors, and so takes the NICs of rail-1..8",
        ),
        ({"drivers": ["mlx5_core"]}, "selects by drivers, and so takes"),
        ({"isRdma": True}, "selects by isRdma, and so takes"),
        (
            {"vendors": ["15b3"], "linkTypes": ["ether"]},
            "selects by linkTypes and vendors",
        ),
        ({}, "selects all, and so takes"),
        ({"pfName": ["enp5s0"]}, "selects all, and so takes"),
    ],
)
def test_selector_that_takes_the_rails(convert, selectors, words):
    done = convert(resources(resource(**selectors)))

    assert done.code == 1
    (line,) = complaints(done)
    assert words in line


@pytest.mark.parametrize(
    "selectors",
    [
        {"vendors": ["8086"]},
        {"drivers": ["vfio-pci"]},
        {"linkTypes": ["infiniband"]},
        {"pfNames": ["enp122s0np0"]},
        {"vendors": ["15b3"], "devices": ["101e"]},
        {"pciAddresses": ["0000:7A:00.0"]},
        {"vendors": ["15b3"], "pciAddresses": ["0000:05:00.0"]},
    ],
)
def test_selector_that_takes_no_rail(convert, selectors):
    done = convert(resources(resource(**selectors)))
    assert complaints(done) == []


@pytest.mark.parametrize("kind", ["accelerator", "auxNetDevice"])
def test_resource_of_other_devices_takes_no_nic(convert, kind):
    foreign = {**resource(vendors=["15b3"]), "deviceType": kind}
    assert complaints(convert(resources(foreign))) == []


def test_device_ids_are_a_warning(convert):
    done = convert(resources(resource(vendors=["15b3"], devices=["101e", "1021"])))
    (line,) = complaints(done)

    assert done.code == 0
    assert "selects by device ID 1021: if the NICs of rail-1..8 have it" in line


def test_each_selector_of_a_list_counts(convert):
    foreign = resource()
    foreign["selectors"] = [{"pciAddresses": ["0000:05:00.0"]}, {"vendors": ["15b3"]}]
    assert len(complaints(convert(resources(foreign)))) == 1


@pytest.mark.parametrize("value", [5, "x", {}, [5], [["x"]], ""])
def test_selector_of_another_type(convert, value):
    done = convert(resources(resource(pciAddresses=value)))

    assert done.code == 1
    assert "pciAddresses must be a list of texts" in done.err


def test_rail_of_the_last_run_may_select_anything(convert):
    """It is replaced, so that it stands before nothing."""
    done = convert(resources(resource("rail-1", vendors=["15b3"])))

    assert complaints(done) == []
    assert made(done) == RAILS


@pytest.mark.parametrize("selectors", [5, None, "x", [5], [None], []])
def test_resource_without_usable_selectors_takes_nothing(convert, selectors):
    foreign = {"resourceName": "a", "selectors": selectors}
    assert complaints(convert(resources(foreign))) == []


# -- node groups ------------------------------------------------------------------

GROUPS = """\
node_groups:
- {name: "%s", nodes: ["%s"], node_selector: {example.com/model: a}}
"""


def test_node_groups_and_a_base_exclude_each_other(convert):
    Path("netplan2k8s.yaml").write_text(GROUPS % ("model-a", "*"))
    done = convert(BASE)

    assert done.code == 1
    assert (
        "base.yaml:1:1: NK406 node_groups put the rails into NicNodePolicies"
        in done.err
    )


@pytest.mark.parametrize("name", ["H100 SXM", "h100_sxm", "-a", "a" * 31, ""])
def test_name_of_a_node_group_is_that_of_a_policy(run, fixture_copy, name):
    fixture_copy("base-policy")
    Path("netplan2k8s.yaml").write_text(GROUPS % (name, "*"))
    done = run("convert", "hosts", "--stdout")

    assert done.code == 1
    assert (
        f"fabric/11-nicnodepolicy-{name}.yaml:1:1: NK404 node group '{name}'"
        in done.err
    )


@pytest.mark.parametrize("name", ["h100-sxm", "a" * 30, "h100.sxm", "1"])
def test_name_of_a_node_group_at_its_limits(run, fixture_copy, name):
    fixture_copy("base-policy")
    Path("netplan2k8s.yaml").write_text(GROUPS % (name, "*"))
    assert run("convert", "hosts", "--stdout").code == 0


def test_hosts_in_no_group(run, fixture_copy):
    fixture_copy("base-policy")
    Path("netplan2k8s.yaml").write_text(GROUPS % ("a", "none"))
    done = run("convert", "hosts", "--stdout")

    assert done.code == 2
    assert (
        "netplan2k8s.yaml:1:1: NK008 node worker-gpu-0 and 1 more are in no group of"
        " node_groups, so that nobody would offer the rails there"
    ) in done.err


def test_group_that_is_given_twice(run, fixture_copy):
    fixture_copy("base-policy")
    text = GROUPS % ("a", "*") + (GROUPS % ("a", "*")).partition("\n")[2]
    Path("netplan2k8s.yaml").write_text(text)
    done = run("convert", "hosts", "--stdout")

    assert "netplan2k8s.yaml:1:1: NK008 node_groups has a twice" in done.err
