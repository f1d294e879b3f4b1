"""The manifests against the nodes of a cluster, and rails that only the cluster has."""

from __future__ import annotations

import pytest

from tests.diffed import (
    Differ,
    definition,
    entries,
    entry,
    network,
    node,
    node_policy,
    policy,
    pool,
    resource,
)


@pytest.fixture
def differ(run, tmp_path):
    return Differ(run, tmp_path)


def gpus(*names: str | int) -> list[dict]:
    return [node(n if isinstance(n, str) else f"gpu-{n}", gpu=8) for n in names]


def found(differ, manifests, cluster, code: str, *options: str) -> list[str]:
    """The messages of one rule."""
    differ.applied(manifests, cluster, *options)
    lines = [line for line in differ.errors if f" {code} " in line]
    return [line.split(f" {code} ", 1)[1] for line in lines]


def renamed(body: dict, name: str) -> dict:
    body["spec"]["staticAllocations"][0]["nodeName"] = name
    return body


# -- NK611 -------------------------------------------------------------------------


def test_names_of_nodes_are_found(differ):
    assert found(differ, [pool(entries(0, 1))], gpus(0, 1, 2), "NK611") == []


@pytest.mark.parametrize(
    ("name", "real"),
    [
        ("GPU-0", "gpu-0"),
        ("gpu-0", "gpu-0.example.net"),
        ("gpu-0.example.net", "gpu-0"),
        ("GPU-0", "gpu-0.example.net"),
        ("gpu-node-rack-7", "gpu-nodes-rack-7"),
    ],
)
def test_node_of_nearly_that_name(differ, name, real):
    said = found(
        differ, [renamed(pool(entries(0, 1)), name)], gpus(real, 1, 2), "NK611"
    )

    assert said == [
        (
            f"no Node is called {name}; {real} is, and nv-ipam compares the names byte for byte, so that it"
            " gets none of this rail, or a link of somebody else"
        )
    ]
    assert differ.result.code == 1
    assert differ.errors[-1].startswith("1 error")


def test_another_number_is_another_node(differ):
    fleet = [renamed(pool(entries(7, 0)), "gpu-node-rack-7")]

    assert found(differ, fleet, gpus(0, "gpu-nodes-rack-8"), "NK611") == [
        "gpu-node-rack-7 is no Node of this cluster"
    ]
    assert found(differ, [pool(entries(0, 7))], gpus(0, 8), "NK611") == [
        "gpu-7 is no Node of this cluster"
    ]
    assert differ.result.code == 0
    assert "0 to add" not in differ.summary


def test_names_without_their_domain_are_one_finding(differ):
    fleet = [pool(entries(*range(40)), name=f"rail-{n}") for n in (1, 2)]
    nodes = gpus(*(f"gpu-{number}.example.net" for number in range(40)))
    said = found(differ, fleet, nodes, "NK611")

    assert said == [
        (
            "no Nodes are called gpu-0..39; gpu-0.example.net, gpu-1.example.net, gpu-2.example.net and 37 more"
            " are, and nv-ipam compares the names byte for byte, so that they get none of this rail, or links of"
            " somebody else (in 2 pools)"
        )
    ]


def test_another_cluster(differ):
    said = found(differ, [pool(entries(0, 1, 2))], gpus("a-1", "a-2", "b"), "NK611")

    assert said == [
        (
            "no node of the manifests (gpu-0..2) is a node of this cluster, which has a-1..2, b: is it the"
            " cluster that is meant?"
        )
    ]


def test_nodes_that_are_gone(differ):
    said = found(differ, [pool(entries(0, 1, 2, 9))], gpus(0), "NK611")

    assert said == ["gpu-1..2, gpu-9 are no Node of this cluster"]


def test_many_nodes_of_another_domain_are_found_quickly(differ):
    fleet = [entry(number) for number in range(3000)]
    nodes = gpus("gpu-0", *(f"gpu-{number}.example.net" for number in range(1, 3000)))
    said = found(differ, [pool(fleet)], nodes, "NK611")

    assert len(said) == 1
    assert said[0].startswith("no Nodes are called gpu-1..2999; ")


# -- NK612 -------------------------------------------------------------------------


def test_gpu_node_without_an_entry(differ):
    fleet = [pool(entries(0), name="rail-1"), pool(entries(0, 1), name="rail-2")]
    said = found(differ, fleet, [*gpus(0, 1, 2), node("cpu-0")], "NK612")

    assert said == [
        "gpu-1 has GPUs and no entry in rail-1: pods there get no address of it",
        "gpu-2 has GPUs and no entry in rail-1..2: pods there get no address of it",
    ]
    assert differ.result.code == 0


def test_gpu_node_without_an_entry_of_a_pool_that_fails_open(differ):
    said = found(
        differ, [pool(entries(0), perNodeExclusions=None)], gpus(0, 1), "NK612"
    )

    assert said == [
        "gpu-1 has GPUs and no entry in rail-1: pods there get somebody else's address of it"
    ]


def test_node_that_the_pool_does_not_choose(differ):
    listed = {"key": "metadata.name", "operator": "In", "values": ["gpu-0"]}
    terms = {"nodeSelectorTerms": [{"matchFields": [listed]}]}

    assert (
        found(differ, [pool(entries(0), nodeSelector=terms)], gpus(0, 1), "NK612") == []
    )


def test_pool_without_entries_deals_out(differ):
    flat = pool((), perNodeNetworkPrefix=24)

    assert found(differ, [flat], gpus(0, 1), "NK612") == []


# -- NK613 -------------------------------------------------------------------------


def rails(*numbers: int) -> list[dict]:
    names = [f"rail-{number}" for number in numbers]
    return [
        *(network(name) for name in names),
        policy(*(resource(name, "0000:1a:00.0") for name in names)),
    ]


def test_node_that_does_not_offer_a_rail(differ):
    fleet = [pool(entries(0, 1, 2)), *rails(1)]
    nodes = [node("gpu-0", rail_1=1), node("gpu-1", rail_1=0), node("gpu-2")]
    said = found(differ, fleet, [*nodes, *rails(1)], "NK613")

    assert said == [
        (
            "gpu-1..2 offer no nvidia.com/rail-1: the device plugin does not run there or finds no NIC that its"
            " selectors take"
        )
    ]


def test_node_offers_the_rails_that_it_has_entries_of(differ):
    """A host of four rails beside hosts of eight."""
    fleet = [pool(entries(0, 1)), pool(entries(0), name="rail-2"), *rails(1, 2)]
    nodes = [node("gpu-0", rail_1=1, rail_2=1), node("gpu-1", rail_1=1)]

    assert found(differ, fleet, [*nodes, *rails(1, 2)], "NK613") == []


def test_resource_that_the_cluster_s_policy_does_not_have_yet(differ):
    fleet = [pool(entries(0)), *rails(1)]

    assert found(differ, fleet, gpus(0), "NK613") == []


def test_rail_of_a_definition_and_a_node_policy(differ):
    fleet = [pool(entries(0)), definition()]
    live = node_policy(resource("rail-1", "0000:1a:00.0"))
    said = found(differ, fleet, [*gpus(0), live], "NK613")

    assert len(said) == 1
    assert said[0].startswith("gpu-0 offers no nvidia.com/rail-1: ")


# -- NK614 -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "is_stale"),
    [
        ([entry(1), entry(0)], False),
        ([entry(0)], True),
        ([entry(0), entry(1, prefix="172.16.0.8/31")], True),
        ([], True),
    ],
    ids=["right", "missing", "other", "empty"],
)
def test_status_that_is_not_what_the_spec_asks_for(differ, status, is_stale):
    live = pool(entries(0, 1), status)
    said = found(differ, [pool(entries(0, 1))], [live, *gpus(0, 1)], "NK614")

    assert bool(said) is is_stale
    if is_stale:
        assert said[0].startswith(
            "the status of rail-1 is not what its spec on the cluster asks for, for "
        )


def test_status_of_a_pool_that_nv_ipam_refuses(differ):
    live = pool([entry(0, prefix="172.16.0.1/31")], [entry(0)])

    assert len(found(differ, [pool(entries(0))], [live, *gpus(0)], "NK614")) == 1


def test_pool_without_a_status_is_no_finding(differ):
    assert (
        found(differ, [pool(entries(0))], [pool(entries(0)), *gpus(0)], "NK614") == []
    )


def test_status_alone_is_no_difference(differ):
    live = pool(entries(0, 1), entries(0))

    assert differ.applied([pool(entries(0, 1))], [live, *gpus(0, 1)]) == []


# -- strays ------------------------------------------------------------------------


def unlabelled(body: dict) -> dict:
    del body["metadata"]["labels"]
    return body


def test_strays_that_bear_our_label(differ):
    others = [pool(entries(0), name="rail-2"), unlabelled(network("theirs"))]
    said = differ.applied([pool(entries(0))], [pool(entries(0)), *others, *gpus(0)])

    assert said == [
        "- CIDRPool nvidia-network-operator/rail-2: 1 node of 172.16.0.0/15",
        (
            "    dangerous: applying leaves it; once it is deleted, 1 node loses the rail for new pods; running"
            " pods keep its address"
        ),
    ]
    assert differ.summary == (
        "0 to add, 0 to change, 1 to remove, 1 dangerous; 1 object is the same"
    )


def test_all_strays(differ):
    others = [unlabelled(network("theirs")), unlabelled(definition("nad")), policy()]
    said = differ.applied(
        [pool(entries(0))], [pool(entries(0)), *others, *gpus(0)], "--all"
    )

    assert [line for line in said if line[0] == "-"] == [
        "- HostDeviceNetwork theirs: nvidia.com/theirs for pods of default",
        "- NetworkAttachmentDefinition default/nad: nvidia.com/rail-1",
    ]


def test_stray_that_cannot_be_read(differ):
    broken = pool(entries(0), name="rail-2")
    broken["spec"]["staticAllocations"] = 5
    said = differ.applied([pool(entries(0))], [pool(entries(0)), broken, *gpus(0)])

    assert said[0] == "- CIDRPool nvidia-network-operator/rail-2"
    assert said[1] == "    disruptive: applying leaves it"


def test_one_file_is_not_all_that_there_should_be(differ, run, tmp_path):
    live = [pool(entries(0)), pool(entries(0), name="rail-2"), *gpus(0)]
    differ.applied([pool(entries(0))], live)
    file = next(tmp_path.rglob("fabric/objects.yaml"))
    dump = next(tmp_path.rglob("cluster-*/objects.yaml"))
    done = run("diff", file, "--snapshot", dump, "--no-config")

    assert done.out.splitlines()[-1].startswith("no differences: 1 object is as on ")
