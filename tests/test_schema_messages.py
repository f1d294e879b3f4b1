"""The words for what a schema refuses: field, value, and what would be right."""

from __future__ import annotations

import pytest

from netplan2k8s.findings import Finding
from netplan2k8s.lint import schema
from netplan2k8s.lint.kinds import kind_of
from netplan2k8s.lint.remarks import finding
from netplan2k8s.manifests.places import Places
from netplan2k8s.manifests.reader import read_documents
from tests.judged import messages

POOL = """\
apiVersion: nv-ipam.nvidia.com/v1alpha1
kind: CIDRPool
metadata: {name: rail-1}
spec:
  cidr: 172.16.0.0/15
  perNodeNetworkPrefix: 31
"""
NETWORK = """\
apiVersion: mellanox.com/v1alpha1
kind: HostDeviceNetwork
metadata: {name: rail-1}
spec:
  resourceName: rail-1
"""
POLICY = """\
apiVersion: mellanox.com/v1alpha1
kind: NicClusterPolicy
metadata: {name: nic-cluster-policy}
spec:
  ibKubernetes:
"""
JOB = """\
apiVersion: kubeflow.org/v1
kind: PyTorchJob
metadata: {name: a}
spec:
  pytorchReplicaSpecs:
    Master:
      template:
        spec:
          containers:
          - name: pytorch
"""
CONTAINER = "spec.pytorchReplicaSpecs.Master.template.spec.containers[0]"
TRAIN = """\
apiVersion: trainer.kubeflow.org/v1alpha1
kind: TrainJob
metadata: {name: a}
spec:
  runtimeRef: {name: a}
"""


def check(base: str, lines: str, *expected: str, release: str = "26.7") -> None:
    assert messages(f"{base}{lines}\n", release) == list(expected)


# -- types ----------------------------------------------------------------------

TYPES = [
    (
        "  gatewayIndex: '0'",
        (
            "spec.gatewayIndex must be a whole number, not the text '0';"
            " write it without quotes"
        ),
    ),
    (
        "  gatewayIndex: first",
        "spec.gatewayIndex must be a whole number, not the text 'first'",
    ),
    (
        "  gatewayIndex: 0.5",
        "spec.gatewayIndex must be a whole number, not the number 0.5",
    ),
    (
        "  gatewayIndex: true",
        "spec.gatewayIndex must be a whole number, not true",
    ),
    (
        "  defaultGateway: 'false'",
        (
            "spec.defaultGateway must be true or false, not the text 'false';"
            " write it without quotes"
        ),
    ),
    (
        "  staticAllocations: {nodeName: a, prefix: b}",
        (
            "spec.staticAllocations must be a list, not a mapping;"
            " put '- ' before each item"
        ),
    ),
    (
        "  nodeSelector: [{nodeSelectorTerms: []}]",
        "spec.nodeSelector must be a mapping, not a list; leave out the '- '",
    ),
    (
        "  routes: [172.16.0.0/12]",
        "spec.routes[0] must be a mapping, not the text '172.16.0.0/12'",
    ),
    ("  routes: [null]", "spec.routes[0] is empty; it must be a mapping"),
    (
        "  routes: [{dst: 12}]",
        "spec.routes[0].dst must be text, not the number 12; put it in quotes",
    ),
]


@pytest.mark.parametrize(("lines", "expected"), TYPES)
def test_wrong_type_is_said_with_the_value_and_the_right_one(lines, expected):
    check(POOL, lines, expected)


def test_long_value_is_shortened():
    (found,) = messages(f"{POOL}  gatewayIndex: {'a' * 500}\n")

    assert found.startswith(
        "spec.gatewayIndex must be a whole number, not the text 'aaa"
    )
    assert len(found) < 140


def test_mapping_where_json_is_expected_is_said_so():
    check(
        NETWORK,
        "  ipam: {type: nv-ipam}",
        "spec.ipam must be text, not a mapping; write it as JSON in single quotes",
    )


def test_version_that_yaml_reads_as_a_number_is_to_be_quoted():
    check(
        POLICY.replace("  ibKubernetes:\n", ""),
        "  nvIpam: {image: nvidia-k8s-ipam, version: 1.10}",
        "spec.nvIpam.version must be text, not the number 1.1; put it in quotes",
    )


def test_command_in_one_text_is_split():
    check(
        JOB,
        "            command: python train.py",
        f"{CONTAINER}.command must be a list, not the text 'python train.py';"
        " write [python, train.py]",
    )


def test_command_with_signs_of_a_shell_is_not_split():
    check(
        JOB,
        "            command: sh -c 'a b'",
        f"{CONTAINER}.command must be a list, not the text \"sh -c 'a b'\"",
    )


# -- values ---------------------------------------------------------------------


def test_number_below_its_bound_is_said_with_the_bound():
    check(
        POOL,
        "  perNodeExclusions: [{startIndex: -1, endIndex: 1}]",
        "spec.perNodeExclusions[0].startIndex -1 is below 0",
    )


def test_number_that_is_too_wide_is_said_with_the_greatest():
    check(
        POOL,
        "  gatewayIndex: 3000000000",
        "spec.gatewayIndex 3000000000 is above 2147483647, the greatest int32",
    )


def test_word_that_is_none_of_some_is_said_with_them():
    check(
        TRAIN,
        "  managedBy: me",
        "spec.managedBy 'me' is none of trainer.kubeflow.org/trainjob-controller,"
        " kueue.x-k8s.io/multikueue",
    )


def test_text_of_another_form_is_said_in_words():
    check(
        JOB,
        "            resources: {limits: {memory: 64GB, nvidia.com/rail-1: one}}",
        f"{CONTAINER}.resources.limits.memory '64GB' is not a quantity,"
        " such as 8, 500m, 64G or 64Gi",
        f"{CONTAINER}.resources.limits[nvidia.com/rail-1] 'one' is not a quantity,"
        " such as 8, 500m, 64G or 64Gi",
    )


def test_time_of_another_form_is_said_with_an_example():
    check(
        POOL.replace("name: rail-1", "name: rail-1, creationTimestamp: today"),
        "",
        "metadata.creationTimestamp 'today' is no time such as 2026-01-31T08:00:00Z",
    )


def test_empty_text_is_said_once():
    storage = "{pvcName: ''}"
    check(
        POLICY.replace("  ibKubernetes:\n", ""),
        "  nicConfigurationOperator: {operator: {image: a},"
        f" configurationDaemon: {{image: a}}, nicFirmwareStorage: {storage}}}",
        "spec.nicConfigurationOperator.nicFirmwareStorage.pvcName is empty",
    )


def test_length_is_said_with_its_bound():
    check(
        TRAIN,
        f"  trainer: {{image: {'a' * 501}}}",
        "spec.trainer.image has 501 characters, above 500",
    )


def test_item_that_repeats_another_is_said_with_the_other():
    check(
        JOB,
        "            env: [{name: A}, {name: B}, {name: A}]",
        f"{CONTAINER}.env[2] repeats name 'A' of item 0; the API server takes each once",
    )


def test_number_that_repeats_another_is_said():
    check(
        JOB,
        "            restartPolicyRules:\n"
        "            - {action: Restart, exitCodes: {operator: In, values: [1, 1]}}",
        f"{CONTAINER}.restartPolicyRules[0].exitCodes.values has an item twice;"
        " the API server takes each once",
    )


def test_label_that_is_none_is_said():
    check(
        POOL.replace("name: rail-1", "name: rail-1, labels: {rail no: '1', rail: a b}"),
        "",
        "metadata.labels 'rail no' is not a label's name, such as example.com/rail",
        "metadata.labels.rail 'a b' is not a label's value: letters, digits, and '-',"
        " '_' and '.' within",
    )


# -- missing fields -------------------------------------------------------------


def test_missing_field_is_said_with_its_type():
    check(
        POOL,
        "  staticAllocations: [{nodeName: a}]",
        "spec.staticAllocations[0] has no prefix (text); it is required",
    )


def test_missing_fields_are_said_at_once():
    check(
        POOL,
        "  perNodeExclusions: [{}]",
        "spec.perNodeExclusions[0] has no startIndex (a whole number) and no endIndex"
        " (a whole number); they are required",
    )


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ("", "CIDRPool has no metadata; it is required"),
        ("metadata: {}", "CIDRPool has no metadata.name, and no metadata.generateName"),
        (
            "metadata: {name: ''}",
            "CIDRPool has no metadata.name, and no metadata.generateName",
        ),
        ("metadata: rail-1", "metadata must be a mapping, not the text 'rail-1'"),
    ],
)
def test_object_without_a_name_is_said_once(metadata, expected):
    check(POOL.replace("metadata: {name: rail-1}", metadata), "", expected)


# -- unknown fields -------------------------------------------------------------

UNKNOWN = [
    (POOL, "  staticAllocation: []", "staticAllocations is meant"),
    (POOL, "  gatewayindex: 0", "gatewayIndex is meant"),
    (POOL, "  gatewayindex:", "gatewayIndex is meant"),
    (POOL, "  nodeName: a", "it is a field of spec.staticAllocations[]"),
    (
        POOL,
        "  nodeSelector: {nodeSelectorTerms: [], labels: {}}",
        "it is a field of metadata",
    ),
    (POOL, "  routes: [{dst: a, via: b}]", "its field is dst"),
    (
        POOL,
        "  staticAllocations: [{prefix: a, node: b}]",
        "its fields are nodeName, prefix, gateway",
    ),
    (JOB, "  cleanPodPolicy: None", "it is a field of spec.runPolicy"),
    (
        JOB,
        "  annotations: {}",
        (
            "it is a field of metadata and of"
            " spec.pytorchReplicaSpecs.*.template.metadata"
        ),
    ),
    (
        JOB,
        "            limits: {}",
        (
            "it is a field of"
            " spec.pytorchReplicaSpecs.*.template.spec.containers[].resources"
        ),
    ),
    (
        JOB,
        "            nvidia.com/rail-1: 1",
        "it belongs below resources.limits",
    ),
    (
        JOB,
        "            resources: {nvidia.com/rail-1: 1}",
        "it belongs below limits",
    ),
    (
        JOB.replace("{name: a}", "{name: a, k8s.v1.cni.cncf.io/networks: rail-1}"),
        "",
        "it belongs below annotations",
    ),
]


@pytest.mark.parametrize(("base", "lines", "hint"), UNKNOWN)
def test_unknown_field_is_said_with_what_may_be_meant(base, lines, hint):
    (found,) = messages(f"{base}{lines}\n")

    assert found.partition("; ")[2] == hint


def test_unknown_field_is_said_with_the_place_and_its_name():
    check(
        POOL,
        "  staticAllocations: [{prefix: a, nodename: b}]",
        "spec.staticAllocations[0] has no field nodename; nodeName is meant",
    )


def test_unknown_fields_are_said_in_the_order_in_which_they_are_written():
    check(
        POOL,
        "  zebra: 1\n  apple: 2",
        *(
            f"spec has no field {name}; its fields are cidr, perNodeNetworkPrefix,"
            " gatewayIndex, defaultGateway, exclusions, perNodeExclusions, routes,"
            " nodeSelector, staticAllocations"
            for name in ("zebra", "apple")
        ),
    )


# -- releases and versions ------------------------------------------------------


def test_field_of_a_later_release_is_said_with_the_release():
    check(
        POOL,
        "  perNodeExclusions: []",
        "spec has no perNodeExclusions in operator release 25.10; 26.1 has it",
        release="25.10",
    )


def test_kind_of_a_later_release_is_said_with_the_release():
    check(
        POLICY.replace("NicClusterPolicy", "NicNodePolicy"),
        "",
        "operator release 26.1 has no NicNodePolicy; 26.4 has it",
        release="26.1",
    )


def test_version_that_does_not_exist_is_said_with_the_one_that_does():
    check(
        POOL.replace("v1alpha1", "v1"),
        "",
        "apiVersion nv-ipam.nvidia.com/v1 has no CIDRPool;"
        " nv-ipam.nvidia.com/v1alpha1 has it",
    )


# -- places ---------------------------------------------------------------------


def findings(text: str) -> list[Finding]:
    (document,) = read_documents(text.encode(), "a.yaml", [])
    kind = kind_of(document)
    assert kind is not None
    places = Places()
    return [finding(r, places) for r in schema.check(document, kind, "26.7")]


@pytest.mark.parametrize(
    ("lines", "line", "column"),
    [
        ("  gatewayIndex: '0'\n", 7, 17),
        ("  colour: red\n", 7, 3),
        ("  colour:\n", 7, 3),
        ("  staticAllocations:\n  - nodeName: a\n", 8, 5),
        ("  routes:\n  - {dst: 12}\n", 8, 11),
    ],
)
def test_finding_is_where_the_mistake_is_written(lines, line, column):
    (found,) = findings(POOL + lines)

    assert (found.span.line, found.span.column) == (line, column)


def test_label_s_name_is_where_it_is_written():
    text = POOL.replace("{name: rail-1}", "\n  name: rail-1\n  labels:\n    rail no: a")
    (found,) = findings(text)

    assert (found.span.line, found.span.column) == (6, 5)


def test_second_of_two_is_where_it_is_written():
    lines = "            env:\n            - {name: A}\n            - {name: A}\n"
    (found,) = findings(JOB + lines)

    assert (found.span.line, found.span.column) == (13, 15)
