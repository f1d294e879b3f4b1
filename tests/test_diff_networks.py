"""What a change of a HostDeviceNetwork or an attachment definition does to pods."""

from __future__ import annotations

import json

import pytest

from tests.diffed import Differ, definition, network, owned, pod


@pytest.fixture
def differ(run, tmp_path):
    return Differ(run, tmp_path)


PODS = [pod("train-0", "gpu-0", "172.16.0.0"), pod("other", "gpu-0", networks="flat")]
USERS = "; 1 running pod: default/train-0"


def test_new_network_is_safe(differ):
    said = differ.applied([network(), definition("rail-2")], PODS)

    assert said == [
        "+ HostDeviceNetwork rail-1: nvidia.com/rail-1 for pods of default",
        "+ NetworkAttachmentDefinition default/rail-2: nvidia.com/rail-1",
    ]


def test_same_networks_do_not_differ(differ):
    spaced = network(
        ipam='{\n  "poolType": "cidrpool", "poolName": "rail-1",\n "type": "nv-ipam"}'
    )
    live = network()
    live["metadata"] |= {"uid": "1", "namespace": "default"}
    live["status"] = {"state": "ready"}

    assert differ.applied([spaced], [live]) == []
    assert differ.between([network(), definition()], [definition(), network()]) == []


def test_definition_of_the_operator_is_no_stray(differ):
    made = definition()
    made["metadata"]["ownerReferences"] = [
        {"apiVersion": "v1", "kind": "HostDeviceNetwork", "name": "rail-1", "uid": "1"}
    ]

    assert differ.applied([network()], [network(), made], "--all") == []


def test_another_namespace_leaves_the_old_definition_behind(differ):
    said = differ.applied([network(networkNamespace="ai")], [network(), *PODS])

    assert said[1:] == [
        (
            "    dangerous: pods of default that ask for it still find the old definition, which stays behind:"
            f" kubectl delete net-attach-def -n default rail-1{USERS}"
        ),
        "      ~ spec.networkNamespace  default → ai",
    ]


def test_another_resource_needs_other_pods(differ):
    said = differ.applied([network(resourceName="rail_1")], [network(), *PODS])

    assert said[1:] == [
        (
            "    dangerous: a pod that asks for nvidia.com/rail-1 and this network gets no device and does not"
            f" start; it has to ask for nvidia.com/rail_1{USERS}"
        ),
        "      ~ spec.resourceName  rail-1 → rail_1",
    ]


def test_another_resource_of_a_definition(differ):
    said = differ.between([definition()], [definition(resource="nvidia.com/rail_1")])

    assert "it has to ask for nvidia.com/rail_1" in said[1]
    assert said[2].startswith("      ~ metadata.annotations.k8s.v1.cni.cncf.io/")


def test_prefix_that_the_operator_puts_itself_is_safe(differ):
    said = differ.between([network()], [network(resourceName="nvidia.com/rail-1")])

    assert said[1] == "    safe: the same resource to the operator"


@pytest.mark.parametrize(
    ("before", "after", "effect"),
    [
        ("nvidia.com/rail-1", "", "dangerous: no pod with it gets a device, and none"),
        ("", "nvidia.com/rail-1", "disruptive: pods with it start if they ask for nv"),
    ],
    ids=["gone", "come"],
)
def test_definition_without_a_resource(differ, before, after, effect):
    said = differ.between([definition(resource=before)], [definition(resource=after)])

    assert said[1].startswith(f"    {effect}")


@pytest.mark.parametrize("make", [network, definition])
def test_another_pool(differ, make):
    after = make()
    key = "ipam" if make is network else "config"
    after["spec"][key] = after["spec"][key].replace('"poolName": "rail-1"', '"poolName": "rail-2"')  # fmt: skip
    said = differ.applied([after], [make(), *PODS])

    assert said[1] == (
        f"    dangerous: pods started from now on have an address of another pool{USERS}"
    )
    assert said[2].endswith("ipam.poolName  rail-1 → rail-2")


def test_pool_type_in_another_case_is_safe(differ):
    after = network(
        ipam='{"type": "nv-ipam", "poolName": "rail-1", "poolType": "CIDRPool"}'
    )
    said = differ.between([network()], [after])

    assert said[1] == "    safe: the same to nv-ipam"


def test_pool_type_left_out_is_an_ippool(differ):
    said = differ.between(
        [network()], [network(ipam='{"type": "nv-ipam", "poolName": "rail-1"}')]
    )

    assert said[1].startswith("    dangerous: pods started from now on have an address")
    assert said[2] == "      - spec.ipam.poolType  cidrpool"


def test_chained_plugin_holds_for_new_pods(differ):
    config = json.loads(definition()["spec"]["config"])
    config["plugins"] = [{"type": "host-device"}, {"type": "tuning", "mtu": 9000}]
    before = definition(config=json.dumps(config))
    config["plugins"][1]["mtu"] = 4200
    said = differ.applied([definition(config=json.dumps(config))], [before, *PODS])

    assert said[1:] == [
        f"    disruptive: holds for pods started from now on{USERS}",
        "      ~ spec.config.plugins.1.mtu  9000 → 4200",
    ]


def test_number_and_text_are_two_values(differ):
    before = definition(config='{"mtu": 9000}')
    said = differ.between([before], [definition(config='{"mtu": "9000"}')])

    assert said[-1] == '      ~ spec.config.mtu  9000 → "9000"'


@pytest.mark.parametrize("make", [network, definition])
def test_configuration_that_is_no_json_is_the_first_line(differ, make):
    after = make()
    key = "ipam" if make is network else "config"
    after["spec"][key] = after["spec"][key].replace("}", ",}", 1)
    said = differ.applied([after], [make(), *PODS])

    assert said[1:3] == [
        (
            "    dangerous: no pod with it starts any more: its CNI configuration is no JSON: a comma before"
            f" }}{USERS}"
        ),
        "      ~ network  valid → invalid",
    ]
    mended = differ.applied([make()], [after, *PODS])
    assert mended[1] == "    disruptive: no pod with it could start before"


def test_network_that_stays_broken(differ):
    before, after = (network(ipam="{", logFile=name) for name in "ab")
    said = differ.between([before], [after])

    assert said[1:] == ["    disruptive", "      ~ spec.logFile  a → b"]


def test_network_that_the_operator_cannot_write_stays_as_it_was(differ):
    after = network(ipam='{"poolName": "it\'s"}')
    said = differ.applied([after], [network(), *PODS])

    assert said[1] == (
        "    dangerous: the operator cannot write its definition: a ' in its texts ends the quotes of the"
        f" operator's template; new pods have it as it was{USERS}"
    )
    assert said[2] == "      ~ network  valid → invalid"


def test_network_without_a_namespace_is_never_written(differ):
    said = differ.applied([network(networkNamespace="")], PODS)

    assert said[1] == (
        "    dangerous: no pod with it starts: the operator cannot write its definition: its namespace is empty"
    )


def test_removed_network_names_its_pods(differ):
    said = differ.applied([network("rail-2")], [network(), network("rail-2"), *PODS])

    assert said == [
        "- HostDeviceNetwork rail-1: nvidia.com/rail-1 for pods of default",
        (
            "    dangerous: applying leaves it; once it is deleted, pods that ask for it do not start any more"
            f"{USERS}"
        ),
    ]


def test_network_that_no_pod_has(differ):
    said = differ.applied([network(networkNamespace="ai")], [network(), PODS[1]])

    assert said[1].endswith("; no running pod has it")


def test_field_that_stays_on_the_cluster_is_named(differ):
    live = owned(network(logFile="x"), "kubectl", **{"f:spec": {"f:ipam": {}}})
    said = differ.applied([network()], [live])

    assert said == [
        "= HostDeviceNetwork rail-1",
        (
            "    disruptive: applying leaves it, since another field manager wrote it; lint and"
            " prove of the manifests do not know of it"
        ),
        "      = spec.logFile  x",
    ]


def test_label_is_safe(differ):
    after = network()
    after["metadata"]["labels"]["tier"] = "5"

    assert differ.between([network()], [after])[1:] == [
        "    safe",
        '      + metadata.labels.tier  "5"',
    ]
