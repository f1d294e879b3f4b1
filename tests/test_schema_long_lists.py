"""Pools of thousands of nodes: judged in no time, and a wrong item in them is found."""

from __future__ import annotations

import time

import pytest

from netplan2k8s import json_schemas
from netplan2k8s.lint import schema
from netplan2k8s.lint.kinds import kind_of
from netplan2k8s.manifests.reader import read_documents
from tests.judged import said

NODES = 4096
HEAD = """\
apiVersion: nv-ipam.nvidia.com/v1alpha1
kind: CIDRPool
metadata: {name: rail-1, namespace: nvidia-network-operator}
spec:
  cidr: 172.16.0.0/15
  gatewayIndex: 0
  perNodeNetworkPrefix: 31
"""


def item(number: int) -> str:
    prefix = f"172.{16 + number // 32768}.{number // 128 % 256}.{number % 128 * 2}"
    return (
        f"  - nodeName: gpu-{number}\n"
        f"    prefix: {prefix}/31\n"
        f"    gateway: {prefix[:-1]}1\n"
    )


def pool(**items: str) -> str:
    """A pool with an entry per node; ``at_7`` replaces the entry of index 7."""
    entries = [item(number) for number in range(NODES)]
    for key, text in items.items():
        entries[int(key.removeprefix("at_"))] = text
    return HEAD + "  staticAllocations:\n" + "".join(entries)


WRONG = [
    ("  - {nodeName: 7, prefix: 172.16.0.0/31}\n", "NK411", ("nodeName",)),
    ("  - {nodeName: true, prefix: 172.16.0.0/31}\n", "NK411", ("nodeName",)),
    ("  - {nodeName: a, prefix: [172.16.0.0/31]}\n", "NK411", ("prefix",)),
    ("  - {nodeName: a, prefix: 172.16.0.0/31, rail: a}\n", "NK412", ("rail",)),
    ("  - {nodeName: a, prefix: 172.16.0.0/31, rail: }\n", "NK412", ("rail",)),
    ("  - {nodeName: a, gateway: 172.16.0.1}\n", "NK411", ()),
    ("  - {nodeName: a, prefix: }\n", "NK411", ()),
    ("  - gpu-3000\n", "NK411", ()),
    ("  -\n", "NK411", ()),
    ("  - []\n", "NK411", ()),
]


@pytest.mark.parametrize(("text", "code", "rest"), WRONG)
def test_wrong_item_in_the_middle_is_found_at_its_index(text, code, rest):
    (found,) = said(pool(at_3000=text))

    assert (found.code, found.pointer) == (
        code,
        ("spec", "staticAllocations", 3000, *rest),
    )


def test_index_is_that_of_the_file_in_the_message_too():
    (found,) = said(pool(at_3000="  - {nodeName: 7, prefix: 172.16.0.0/31}\n"))

    assert found.message.startswith("spec.staticAllocations[3000].nodeName ")


def test_each_form_of_a_wrong_item_is_said_once():
    wrong = "  - {nodeName: a, gateway: b}\n"
    found = said(pool(at_100=wrong, at_2000=wrong, at_4095="  - {nodeName: 7}\n"))

    assert [one.pointer[2] for one in found] == [100, 4095, 4095]


def test_first_and_last_item_are_judged():
    found = said(pool(at_0="  - {nodeName: a}\n", at_4095="  - {gateway: b}\n"))

    assert [one.pointer[2] for one in found] == [0, 4095]


def with_exclusions(*ends: str) -> str:
    items = [f"{{startIndex: 0, endIndex: {end}}}" for end in ends]
    return f"{HEAD}  perNodeExclusions: [{', '.join(items)}]\n"


def test_truth_is_no_number_among_many_numbers():
    (found,) = said(with_exclusions(*["1"] * 40, "true", *["1"] * 40))

    assert found.pointer == ("spec", "perNodeExclusions", 40, "endIndex")


def test_number_beyond_its_bounds_is_found_among_many():
    ends = [str(number) for number in range(100)]
    found = said(with_exclusions(*ends, "-1", *ends, str(2**31)))

    assert [one.pointer[2] for one in found] == [100, 201]


def test_wrong_value_in_one_of_many_terms_is_found():
    terms = [
        f"{{matchFields: [{{key: metadata.name, operator: In, values: [gpu-{n}]}}]}}"
        for n in range(NODES)
    ]
    terms[3000] = "{matchFields: [{key: metadata.name, operator: In, values: [3000]}]}"
    (found,) = said(
        f"{HEAD}  nodeSelector:\n    nodeSelectorTerms: [{', '.join(terms)}]\n"
    )

    assert found.pointer[2:] == (
        *("nodeSelectorTerms", 3000, "matchFields", 0, "values", 0),
    )


def test_pool_of_4096_nodes_is_judged_in_no_time():
    (document,) = read_documents(pool().encode(), "a.yaml", [])
    kind = kind_of(document)
    list(schema.check(document, kind, "26.7"))

    start = time.process_time()
    assert not list(schema.check(document, kind, "26.7"))
    assert time.process_time() - start < 0.1


def unbounded(node, root):
    """The schemas below an item of a list that grows with the fleet."""
    if "$ref" in node:
        node = root["$defs"][node["$ref"].removeprefix("#/$defs/")]
    yield node
    for inner in (*node.get("properties", {}).values(), node.get("items")):
        if inner is not None:
            yield from unbounded(inner, root)


@pytest.mark.parametrize("name", ["CIDRPool", "IPPool"])
def test_form_of_an_item_is_all_that_a_pool_s_schema_looks_at(name):
    """Else one item could not stand for the others of its form."""
    root = json_schemas.schema(name)
    seen = {"type", "properties", "required", "additionalProperties", "items"}
    seen |= {"format", "minimum", "description"}

    for node in unbounded(root["properties"]["spec"], root):
        assert node.keys() <= seen


def test_list_of_another_kind_is_judged_as_a_whole():
    """Only of pools is an item judged for others: a job's items have bounds."""
    arguments = ", ".join(f"a{number}" for number in range(129))
    (found,) = said(
        "apiVersion: trainer.kubeflow.org/v1alpha1\nkind: TrainJob\n"
        "metadata: {name: a}\nspec:\n  runtimeRef: {name: a}\n"
        f"  trainer: {{args: [{arguments}]}}\n"
    )

    assert found.message == "spec.trainer.args has 129 items, above 128"


def test_variable_twice_is_found_among_many():
    names = [f"{{name: V{number}}}" for number in range(60)]
    names[50] = "{name: V7}"
    (found,) = said(
        "apiVersion: trainer.kubeflow.org/v1alpha1\nkind: TrainJob\n"
        "metadata: {name: a}\nspec:\n  runtimeRef: {name: a}\n"
        f"  trainer: {{env: [{', '.join(names)}]}}\n"
    )

    assert found.pointer[-1] == 50
    assert "repeats name 'V7' of item 7" in found.message
