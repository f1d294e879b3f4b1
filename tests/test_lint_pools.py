"""CIDRPools in lint: what nv-ipam or the API server refuses, and what pods would get."""

from __future__ import annotations

import pytest

from netplan2k8s.findings import Severity
from netplan2k8s.manifests.reader import read_documents
from tests.linted import check, message, messages, said

HEAD = """\
apiVersion: nv-ipam.nvidia.com/v1alpha1
kind: CIDRPool
metadata: {name: rail-1, namespace: nvidia-network-operator}
spec:
"""
CLOSED = """\
  gatewayIndex: 0
  perNodeExclusions: [{startIndex: 1, endIndex: 1}]
"""
RANGE = """\
  cidr: 172.16.0.0/15
  perNodeNetworkPrefix: 31
"""
ENTRY = """\
  staticAllocations:
  - {gateway: 172.16.0.1, nodeName: gpu-01, prefix: 172.16.0.0/31}
"""
GOOD = HEAD + RANGE + CLOSED + ENTRY


def selected(term: str) -> str:
    """A pool with one term in its node selector."""
    return GOOD + f"  nodeSelector: {{nodeSelectorTerms: [{term}]}}\n"


def expression(text: str) -> str:
    return selected(f"{{matchExpressions: [{text}]}}")


def matched(text: str) -> str:
    return selected(f"{{matchFields: [{text}]}}")


def test_closed_pool_is_fine():
    check(GOOD)


# -- names ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["-rail", "Rail-1", "rail_1", "rail-1."])
def test_bad_name_is_said_once(name):
    check(GOOD.replace("name: rail-1", f"name: »{name}", 1), "NK404")


def test_pool_with_a_bad_name_is_judged_all_the_same():
    text = GOOD.replace("name: rail-1", "name: »-rail", 1)
    check(
        text.replace("cidr: 172", "cidr: »172").replace("/15", "/40"), "NK404", "NK420"
    )


def test_name_that_the_server_makes_is_judged_by_the_server():
    check(GOOD.replace("name: rail-1", "generateName: rail-", 1))


# -- range ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cidr",
    [
        "172.16.0.0",
        "172.16.0.0/255.254.0.0",
        "172.16.0.0/",
        "172.16.0.0/+15",
        "172.016.0.0/15",
        '" 172.16.0.0/15"',
        "fe80::%eth0/64",
        "172.16.0.0/33",
        "172.17.0.0/15",
        '""',
    ],
)
def test_range_that_go_does_not_read(cidr):
    check(GOOD.replace("172.16.0.0/15", f"»{cidr}"), "NK420")


def test_length_with_a_zero_before_it_is_read():
    check(GOOD.replace("/15", "/015"))


@pytest.mark.parametrize("length", [0, -1, 14, 33])
def test_prefix_length_outside_of_the_range(length):
    check(GOOD.replace("Prefix: 31", f"Prefix: »{length}"), "NK420")


def test_nothing_else_is_said_behind_a_bad_range():
    text = GOOD.replace("172.16.0.0/15", "»nonsense").replace(
        "nodeName: gpu", "nodeName: 1"
    )
    check(text.replace("gatewayIndex: 0", "gatewayIndex: 7"), "NK420")


# -- gateways ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("length", "index", "words"),
    [
        (31, 2, "can be 0 or 1"),
        (32, 1, "can be 0"),
        (29, 0, "can be 1 to 6"),
        (29, 7, "can be 1 to 6"),
        (30, 3, "can be 1 or 2"),
        (31, -1, "gatewayIndex -1 is below 0"),
    ],
)
def test_gateway_index_that_no_prefix_has(length, index, words):
    text = HEAD + (
        f"  cidr: 172.16.0.0/15\n  perNodeNetworkPrefix: {length}\n"
        f"  gatewayIndex: »{index}\n"
    )

    check(text, "NK421")
    assert f"{words}; nv-ipam drops rail-1" in message(text, "NK421")


def test_ipv6_has_no_broadcast_address():
    text = HEAD + "  cidr: fd00::/56\n  perNodeNetworkPrefix: 126\n  gatewayIndex: 3\n"
    assert messages(text, "NK421") == []


# -- exclusions -------------------------------------------------------------------


def test_reversed_indices_are_the_api_server_s_to_refuse():
    text = GOOD.replace("{startIndex: 1, endIndex: 1}", "»{startIndex: 1, endIndex: 0}")

    check(text, "NK422")
    assert message(text, "NK422") == (
        "endIndex 0 is below startIndex 1; the API server refuses rail-1 for it"
    )


def test_index_outside_of_the_prefix():
    text = GOOD.replace("endIndex: 1", "endIndex: »2")

    check(text, "NK422")
    assert "whose indices are 0 or 1; nv-ipam drops" in message(text, "NK422")


@pytest.mark.parametrize(
    "ends",
    [
        "{startIP: »172.20.0.1, endIP: »172.20.0.2}",
        "{startIP: »fd00::1, endIP: 172.16.0.2}",
        '{startIP: 172.16.0.1, endIP: »"x"}',
        "»{startIP: 172.16.0.9, endIP: 172.16.0.2}",
    ],
)
def test_excluded_addresses(ends):
    check(GOOD + f"  exclusions: [{ends}]\n", *["NK422"] * ends.count("»"))


def test_exclusions_may_overlap():
    one = "{startIP: 172.16.9.1, endIP: 172.16.9.9}"
    check(GOOD + f"  exclusions: [{one}, {one}]\n")


# -- entries ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "entry",
    [
        "{nodeName: gpu-02, prefix: »172.16.0.3/31}",
        "{nodeName: gpu-02, prefix: »172.20.0.2/31}",
        "{nodeName: gpu-02, prefix: »172.16.0.4/30}",
        "{nodeName: gpu-02, prefix: »172.16.0.2}",
        '{nodeName: gpu-02, prefix: »"fd00::2/127"}',
        "{nodeName: gpu-02, prefix: 172.16.0.2/31, gateway: »172.16.0.4}",
        "{nodeName: gpu-02, prefix: 172.16.0.2/31, gateway: »172.16.0.3/31}",
        '{nodeName: gpu-02, prefix: 172.16.0.2/31, gateway: »"fd00::3"}',
    ],
)
def test_entry_that_nv_ipam_refuses(entry):
    check(GOOD + f"  - {entry}\n", "NK423")


def test_entries_for_nobody_may_be_many():
    check(GOOD + "  - {prefix: 172.16.0.2/31}\n  - {prefix: 172.16.0.4/31}\n")


def test_node_with_a_bad_second_entry_has_two():
    text = GOOD + "  - {nodeName: »gpu-01, prefix: »172.16.0.3/31}\n"
    check(text, "NK424", "NK423")


def test_prefixes_of_two_spellings_are_one():
    text = HEAD + (
        "  cidr: fd00::/64\n  perNodeNetworkPrefix: 127\n  gatewayIndex: 0\n"
        "  perNodeExclusions: [{startIndex: 1, endIndex: 1}]\n"
        "  staticAllocations:\n"
        '  - {nodeName: gpu-01, prefix: "fd00::/127", gateway: "fd00::1"}\n'
        '  - {nodeName: gpu-02, prefix: »"FD00:0::/127", gateway: "fd00::1"}\n'
    )
    check(text, "NK424")


def test_prefix_in_capitals_is_not_the_text_that_is_reserved():
    text = HEAD + (
        "  cidr: fd00::/64\n  perNodeNetworkPrefix: 127\n  gatewayIndex: 0\n"
        "  perNodeExclusions: [{startIndex: 1, endIndex: 1}]\n"
        "  staticAllocations:\n"
        '  - {nodeName: gpu-01, prefix: »"FD00::/127", gateway: "fd00::1"}\n'
    )
    check(text, "NK453")


@pytest.mark.parametrize("name", ["GPU-01", "gpu_01", "gpu-01."])
def test_node_name_that_no_node_has(name):
    check(GOOD.replace("gpu-01", f"»{name}"), "NK467")


# -- routes -----------------------------------------------------------------------

LISTED = """\
  nodeSelector: {nodeSelectorTerms: [{matchFields:
    [{key: metadata.name, operator: In, values: [gpu-01]}]}]}
"""


def test_routes_need_an_index_whatever_the_entries_have():
    text = HEAD + RANGE + LISTED + ENTRY + "  routes: »[{dst: 172.16.0.0/12}]\n"

    check(text, "NK425")
    assert message(text, "NK425").startswith(
        "routes need a gatewayIndex, even if every entry has a gateway; nv-ipam drops"
    )


def test_default_gateway_needs_an_index():
    text = HEAD + RANGE + LISTED + ENTRY + "  defaultGateway: »true\n"

    check(text, "NK425")
    assert message(text, "NK425").startswith("defaultGateway needs a gatewayIndex")


@pytest.mark.parametrize("destination", ["172.16.0.0", '"fd00::/8"', '"default"'])
def test_destination_that_is_no_network_of_the_family(destination):
    check(GOOD + f"  routes: [{{dst: »{destination}}}]\n", "NK425")


def test_destination_may_have_host_bits_and_come_twice():
    check(GOOD + "  routes: [{dst: 172.16.0.1/12}, {dst: 172.16.0.1/12}]\n")


def test_default_route_beside_the_default_gateway():
    text = GOOD + "  defaultGateway: true\n  routes: [{dst: »0.0.0.0/0}]\n"
    check(text, "NK425")


@pytest.mark.parametrize(
    "lines", ["  defaultGateway: »true\n", "  routes: [{dst: »0.0.0.0/0}]\n"]
)
def test_default_route_that_is_taken_fights_eth0(lines):
    check(GOOD + lines, "NK307")


# -- node selectors ---------------------------------------------------------------


@pytest.mark.parametrize(
    "requirement",
    [
        "{key: a, operator: »in, values: [b]}",
        "{key: a, operator: »In}",
        "{key: a, operator: Exists, values: »[b]}",
        '{key: a, operator: Gt, values: »["1", "2"]}',
        "{key: »a b, operator: Exists}",
        "{key: »a..b/c, operator: Exists}",
        "{key: »/c, operator: Exists}",
        "{key: »a/, operator: Exists}",
        '{key: »"", operator: Exists}',
        f"{{key: »{'a' * 64}, operator: Exists}}",
        f"{{key: »{'a' * 254}/b, operator: Exists}}",
    ],
)
def test_expression_that_nv_ipam_refuses(requirement):
    check(expression(requirement), "NK426")


@pytest.mark.parametrize("key", ["a" * 63, "a" * 253 + "/b", "A_b.c", "example.com/A"])
def test_label_key_at_its_limits(key):
    text = expression(f"{{key: {key}, operator: Exists}}")
    assert messages(text, "NK426") == []


def test_both_faults_of_an_expression_are_said():
    check(expression("{key: »a b, operator: »in}"), "NK426", "NK426")


@pytest.mark.parametrize(
    "requirement",
    [
        "{key: »metadata.namespace, operator: In, values: [a]}",
        "{key: metadata.name, operator: »Exists}",
        "{key: metadata.name, operator: In, values: »[]}",
        "{key: metadata.name, operator: In, values: [»GPU_01]}",
        "{key: metadata.name, operator: NotIn, values: [»gpu-01.]}",
        f"{{key: metadata.name, operator: In, values: [»{'a' * 254}]}}",
    ],
)
def test_field_that_nv_ipam_refuses(requirement):
    check(matched(requirement), "NK426")


def test_each_name_in_a_field_is_looked_at():
    text = matched("{key: metadata.name, operator: In, values: »[»A, »B]}")
    check(text, "NK426", "NK426", "NK426")


def test_selector_without_a_term():
    check(GOOD + "  nodeSelector: »{nodeSelectorTerms: []}\n", "NK426")


# -- what pods would get ----------------------------------------------------------


def test_pool_in_another_namespace():
    text = GOOD.replace("nvidia-network-operator", "»kube-system")
    check(text, "NK443")
    check(text.replace("»", ""), operator_namespace="kube-system")


def test_pool_without_a_namespace_is_said_at_its_metadata():
    text = GOOD.replace(", namespace: nvidia-network-operator", "")
    assert [one.code for one in said(text)] == ["NK443"]


def test_labels_alone_may_close_a_pool_or_not():
    text = HEAD + RANGE + "  gatewayIndex: 0\n" + ENTRY
    text += (
        "  nodeSelector: {nodeSelectorTerms: [{matchExpressions:"
        " [{key: a, operator: Exists}]}]}\n"
    )
    found = [one for one in said(text) if one.code == "NK450"]
    assert [one.severity for one in found] == [Severity.WARNING]


def test_selector_that_lists_the_entries_closes_a_pool():
    check(HEAD + RANGE + "  gatewayIndex: 0\n" + LISTED + ENTRY)


def test_entry_that_leaves_no_address():
    text = GOOD.replace("gateway: 172.16.0.1, ", "").replace(
        "- {nodeName", "- »{nodeName"
    )
    check(text, "NK452")


def test_entry_without_a_gateway_deals_out_both_addresses():
    text = HEAD + RANGE + LISTED + ENTRY.replace("{gateway: 172.16.0.1, ", "»{")
    check(text, "NK451")


def test_leaf_on_the_other_side_of_one_link():
    text = HEAD + RANGE + CLOSED.replace("0", "1", 1).replace("x: 1", "x: 0") + ENTRY
    text = text.replace("172.16.0.1", "172.16.0.0")
    text += "  - {gateway: 172.16.0.2, nodeName: gpu-02, prefix: 172.16.0.2/31}\n"
    text += "  - {gateway: »172.16.0.5, nodeName: gpu-03, prefix: 172.16.0.4/31}\n"
    assert "NK316" in [one.code for one in said(text)]


def test_pools_that_overlap_and_share_a_link():
    second = GOOD.replace("rail-1", "rail-2").replace("gpu-01", "gpu-02")
    second = second.replace("cidr: 172", "cidr: »172").replace(
        "prefix: 172", "prefix: »172"
    )
    check(f"{GOOD}---\n{second}", "NK325", "NK301")


# -- size -------------------------------------------------------------------------


def entries(count: int) -> str:
    return "".join(
        f"  - {{gateway: 172.16.{n >> 7}.{n % 128 * 2 + 1}, nodeName: gpu-{n:05},"
        f" prefix: 172.16.{n >> 7}.{n % 128 * 2}/31}}\n"
        for n in range(count)
    )


def large(count: int, annotation: str = "") -> str:
    """A pool of so many nodes, perhaps with an annotation."""
    text = GOOD.replace(ENTRY, "  staticAllocations:\n") + entries(count)
    return text.replace("operator}", f"operator, annotations: {{{annotation}}}}}", 1)


def test_status_of_a_pool_is_counted_once():
    status = "status:\n  allocations:\n" + entries(9000)

    assert {one.code for one in said(large(9000))} == {"NK401"}
    assert {one.code for one in said(large(9000) + status)} == {"NK401"}


def test_other_annotations_count_with_that_of_the_apply():
    assert said(large(2000, "a: b")) == []
    assert "NK401" in [one.code for one in said(large(2000, f"a: {'b' * 120_000}"))]


def test_annotation_of_the_last_apply_is_replaced():
    key = "kubectl.kubernetes.io/last-applied-configuration"
    assert said(large(2000, f"{key}: {'b' * 120_000}")) == []


@pytest.mark.parametrize(
    "name", ['"{{ node }}"', '"${NODE}"', '"|NODE|"', "TODO", "TODO-9", '"<NODE>"']
)
@pytest.mark.parametrize("number", [0, 200, 399])
def test_a_placeholder_in_a_long_list_is_found(name, number):
    """Those are read by pattern, quotes and all."""
    quote = '"' if name.startswith('"') else ""
    names = [f"{quote}gpu-{n}{quote}" for n in range(400)]
    names[number] = name
    entries = [
        f"  - gateway: 172.16.{n // 100}.{2 * (n % 100) + 1}\n    nodeName: {node}\n"
        f"    prefix: 172.16.{n // 100}.{2 * (n % 100)}/31\n"
        for n, node in enumerate(names)
    ]
    text = HEAD + RANGE + CLOSED + "  staticAllocations:\n" + "".join(entries)
    (document,) = read_documents(text.encode(), "pool.yaml", [])
    assert document.cut is not None
    assert len(messages(text, "NK025")) == 1
