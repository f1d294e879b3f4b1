"""What a change of a pool does to the nodes and pods that have it."""

from __future__ import annotations

import pytest

from tests.diffed import Differ, big, entries, entry, node, owned, pod, pool


@pytest.fixture
def differ(run, tmp_path):
    return Differ(run, tmp_path)


def status(*numbers: int) -> list[dict[str, str]]:
    return entries(*numbers)


def nodes(*numbers: int) -> list[dict]:
    return [node(f"gpu-{number}", gpu=8) for number in numbers]


def test_same_pools_do_not_differ(differ):
    said = differ.between([pool(entries(0, 1))], [pool(entries(0, 1))], "--exit-code")

    assert said == []
    assert differ.result.code == 0
    assert differ.summary.startswith("no differences: 1 object is as on ")


def test_order_means_nothing(differ):
    before = pool(
        entries(0, 1, 2), routes=[{"dst": "172.16.0.0/15"}, {"dst": "172.16.0.0/12"}]
    )
    after = pool(
        entries(2, 0, 1), routes=[{"dst": "172.16.0.0/12"}, {"dst": "172.16.0.0/15"}]
    )

    assert differ.between([before], [after]) == []


def test_five_nodes_of_4096_are_five_lines(differ):
    before = [dict(one) for one in big(4096)]
    after = [dict(one) for one in before]
    for number in (7, 77, 777, 1777, 3777):
        after[number]["gateway"] = after[number]["prefix"].removesuffix("/31")
    said = differ.between([pool(before)], [pool(after)])

    assert [line for line in said if "→" in line] == [
        f"      ~ gpu-{n}  {one['prefix']} via {one['gateway']} → {one['prefix']} via {two['gateway']}"
        for n, (one, two) in enumerate(zip(before, after, strict=True))
        if one != two
    ]
    assert len(said) == 7  # the pool, and what it does


def test_first_migration_is_safe(differ):
    said = differ.applied([pool(entries(0, 1))], nodes(0, 1), "--exit-code")

    assert said == [
        "+ CIDRPool nvidia-network-operator/rail-1: 2 nodes of 172.16.0.0/15",
    ]
    assert differ.summary == "1 to add, 0 to change, 0 to remove"
    assert differ.result.code == 1


def test_new_node_is_safe(differ):
    live = pool(entries(0), status(0))
    said = differ.applied([pool(entries(0, 1))], [live, *nodes(0, 1)])

    assert said[1:] == [
        "    safe: a new node; nothing runs on it over this rail",
        "      + gpu-1  172.16.0.2/31 via 172.16.0.3",
    ]


def test_changed_gateway_is_dangerous_and_names_the_pods_that_keep_the_old(differ):
    live = pool(entries(0, 1), status(0, 1))
    wrong = pool([entry(0), entry(1, gateway="172.16.0.2")], perNodeExclusions=None)
    before = pool(entries(0, 1), status(0, 1), perNodeExclusions=None)
    pods = [
        pod("train-0", "gpu-1", "172.16.0.2"),
        pod("other", "gpu-1", "172.18.0.2"),
        pod("train-1", "gpu-0", "172.16.0.0"),
    ]
    said = differ.applied([wrong], [before, *nodes(0, 1), *pods])

    assert live["spec"]["perNodeExclusions"]
    assert said[1:] == [
        "    dangerous: new pods get the new address; running ones keep the old one until they are restarted",
        "      ~ gpu-1  172.16.0.2/31 via 172.16.0.3 → 172.16.0.2/31 via 172.16.0.2  (running: default/train-0)",
    ]
    assert differ.summary.endswith("1 to change, 0 to remove, 1 dangerous")


def test_changed_gateway_where_no_pod_has_the_old_one(differ):
    before = pool(entries(0, 1), status(0, 1), perNodeExclusions=None)
    after = pool([entry(0), entry(1, gateway="172.16.0.2")], perNodeExclusions=None)
    said = differ.applied(
        [after], [before, *nodes(0, 1), pod("train", "gpu-0", "172.16.0.0")]
    )

    assert (
        said[1]
        == "    disruptive: new pods get the new address; no running pod has the old one"
    )


def test_pod_without_a_status_may_have_the_old_address(differ):
    before = pool(entries(0), status(0))
    after = pool([entry(0, prefix="172.16.0.8/31", gateway="172.16.0.9")])
    said = differ.applied([after], [before, *nodes(0), pod("starting", "gpu-0")])

    assert said[1].startswith("    dangerous:")
    assert said[2].endswith("(running: default/starting)")


def test_entry_for_a_prefix_that_another_node_was_dealt(differ):
    dealt = {"nodeName": "gpu-9", "prefix": "172.16.0.2/31", "gateway": "172.16.0.2"}
    open_pool = {"perNodeExclusions": None}
    live = pool(entries(0), [entry(0), dealt], **open_pool)
    pods = [pod("old", "gpu-9", "172.16.0.3")]
    said = differ.applied(
        [pool(entries(0, 1), **open_pool)], [live, *nodes(0, 1, 9), *pods]
    )

    assert (
        said[1]
        == "    dangerous: another node has the prefix now, and its running pods keep it"
    )
    assert (
        said[2]
        == "      + gpu-1  172.16.0.2/31 via 172.16.0.3  (from gpu-9, until restarted, default/old keeps it)"
    )


def test_removed_entry_leaves_the_node_without_an_address(differ):
    live = pool(entries(0, 1), status(0, 1))
    said = differ.applied(
        [pool(entries(0))], [live, *nodes(0, 1), pod("train", "gpu-1", "172.16.0.2")]
    )

    assert said[1] == (
        "    dangerous: new pods get no address of this rail; running ones keep the old one until they are restarted"
    )
    assert (
        said[2]
        == "      - gpu-1  172.16.0.2/31 via 172.16.0.3  (running: default/train)"
    )


def test_removed_entry_of_an_open_pool_gets_somebody_s_link(differ):
    more = {"perNodeExclusions": None}
    live = pool(
        [entry(0), entry(1, prefix="172.16.0.8/31", gateway="172.16.0.9")], **more
    )
    said = differ.applied(
        [pool(entries(0), **more)],
        [live, *nodes(0, 1), pod("p", "gpu-1", "172.16.0.8")],
    )

    assert said[1].startswith(
        "    dangerous: new pods get a prefix that no entry gives them;"
    )
    assert said[2].endswith("(then 172.16.0.3/31 via 172.16.0.2)")


def test_pool_that_becomes_invalid_is_the_first_line(differ):
    live = pool(entries(0, 1), status(0, 1))
    bad = pool([entry(0), entry(1, prefix="172.16.0.3/31")])
    said = differ.applied([bad], [live, *nodes(0, 1)])

    assert said[1] == (
        "    dangerous: nv-ipam refuses the pool: prefix 172.16.0.3/31 has host bits; write the network"
        " 172.16.0.2/31; 2 nodes would have no address for new pods"
    )
    assert said[2] == "      ~ pool  valid → invalid"


def test_invalid_pool_that_is_mended(differ):
    bad = pool([entry(0), entry(1, prefix="172.16.0.3/31")], [])
    said = differ.applied([pool(entries(0, 1))], [bad, *nodes(0, 1)])

    assert said[1] == "    disruptive: nv-ipam refused it before: nodes get the rail"


def test_pool_that_fails_open_afterwards(differ):
    said = differ.between(
        [pool(entries(0))], [pool(entries(0), perNodeExclusions=None)]
    )

    assert said[1].startswith(
        "    dangerous: rail-1 fails open: a node without an entry gets 172.16.0.3"
    )
    assert said[2] == "      ~ pool  fails closed → fails open"


def test_shrunk_cidr_names_the_nodes_that_lose_their_prefix(differ):
    far = {"nodeName": "gpu-9", "prefix": "172.17.0.0/31", "gateway": "172.17.0.0"}
    live = pool(entries(0), [entry(0), far], perNodeExclusions=None)
    after = pool(entries(0), cidr="172.16.0.0/16", perNodeExclusions=None)
    said = differ.applied(
        [after], [live, *nodes(0, 9), pod("p", "gpu-9", "172.17.0.1")]
    )

    assert (
        said[1]
        == "    dangerous: gpu-9 gets another address; until restarted, default/p keeps the old one"
    )
    assert said[2] == "      ~ spec.cidr  172.16.0.0/15 → 172.16.0.0/16"


def test_swapped_sides_give_every_node_the_leaf_s_address(differ):
    before = pool([entry(n, gateway=entry(n)["gateway"]) for n in (0, 1)])
    after = pool(entries(0, 1), perNodeExclusions=[{"startIndex": 0, "endIndex": 0}])
    said = differ.between([before], [after])

    assert (
        "    dangerous: gpu-0..1 lose the rail; running pods keep the old one" in said
    )


def test_routes_hold_for_new_pods(differ):
    after = pool(entries(0), routes=[{"dst": "172.16.0.0/12"}])
    said = differ.between([pool(entries(0))], [after])

    assert said[1:] == [
        "    disruptive: pods started from now on have it; running ones do not",
        "      + route 172.16.0.0/12",
        "    disruptive: pods started from now on lack it; running ones keep it",
        "      - route 172.16.0.0/15",
    ]


def test_default_route_over_a_rail_is_dangerous(differ):
    said = differ.between([pool(entries(0))], [pool(entries(0), defaultGateway=True)])

    assert (
        said[1]
        == "    dangerous: pods started from now on have a default route over the rail, too"
    )


def test_label_is_safe(differ):
    after = pool(entries(0))
    after["metadata"]["labels"]["team"] = "net"
    said = differ.between([pool(entries(0))], [after])

    assert said[1:] == ["    safe", "      + metadata.labels.team  net"]


def test_reserved_prefix(differ):
    reserved = {"prefix": "172.16.0.8/31"}
    said = differ.between([pool(entries(0))], [pool([entry(0), reserved])])

    assert said[1:] == [
        "    safe: nobody gets the prefix",
        "      + reserved 172.16.0.8/31",
    ]


def test_removed_pool(differ):
    other = pool(entries(0), name="rail-2")
    live = pool(entries(0, 1), status(0, 1))
    said = differ.between([live, other], [other])

    assert said == [
        "- CIDRPool nvidia-network-operator/rail-1: 2 nodes of 172.16.0.0/15",
        "    dangerous: 2 nodes lose the rail for new pods; running pods keep its address",
    ]


def test_field_that_another_manager_added_stays_and_is_named(differ):
    live = owned(
        pool(entries(0), defaultGateway=True),
        "kubectl-edit",
        "Update",
        **{"f:spec": {"f:defaultGateway": {}}},
    )
    live = owned(
        live,
        "kubectl",
        "Apply",
        **{"f:spec": {"f:cidr": {}, "f:staticAllocations": {}}},
    )
    said = differ.applied([pool(entries(0))], [live, *nodes(0)])

    assert said[0].startswith("= CIDRPool")
    assert said[-1] == "      = spec.defaultGateway  true"
    assert differ.summary.startswith("0 to add, 1 to change")


def test_invalid_pool_that_stays_invalid(differ):
    bad = entry(0, prefix="172.16.0.1/31")
    before, after = pool([bad, entry(1)]), pool([entry(1), bad])
    after["spec"]["exclusions"] = []

    assert differ.between([before], [after]) == []
    other = pool([bad, entry(1), entry(2)])
    assert "valid → invalid" not in "".join(differ.between([before], [other])).replace(
        "invalid → invalid", ""
    )


def test_node_that_a_pool_of_listed_nodes_gains(differ):
    more = {"perNodeExclusions": None}
    live = pool(entries(0), entries(0), nodeSelector=terms("gpu-0"), **more)
    after = pool(entries(0, 1), nodeSelector=terms("gpu-0", "gpu-1"), **more)
    said = differ.applied([after], [live, *nodes(0, 1)])

    assert not [line for line in said if "disruptive" in line]


def test_new_node_of_a_wide_pool_has_no_prefix_yet(differ):
    def wide(*numbers):
        listed = [
            {"nodeName": f"gpu-{n}", "prefix": f"172.16.0.{4 * n}/30", "gateway": f"172.16.0.{4 * n + 1}"}
            for n in numbers
        ]  # fmt: skip
        more = {"perNodeNetworkPrefix": 30, "perNodeExclusions": None}
        return pool(listed, gatewayIndex=1, **more)

    said = differ.between([wide(0)], [wide(0, 1)])

    assert said[1] == "    safe: a new node; nothing runs on it over this rail"


def test_default_gateway_that_stays_is_no_news(differ):
    live = owned(
        pool(entries(0), entries(0), defaultGateway=True),
        "kubectl",
        **{"f:spec": {"f:cidr": {}}},
    )
    said = differ.applied([pool(entries(0))], [live, *nodes(0, 1)])

    assert "pods started from now on" not in said[1]


def terms(*names):
    return {
        "nodeSelectorTerms": [
            {
                "matchFields": [
                    {"key": "metadata.name", "operator": "In", "values": [name]}
                ]
            }
            for name in names
        ]
    }


def test_pool_that_etcd_does_not_take(differ):
    long = [{**one, "nodeName": f"{one['nodeName']}-{'x' * 200}"} for one in big(4096)]
    said = differ.applied([pool(long)], [pool(long[:100])])

    assert (
        differ.errors[0].partition(": ")[2].startswith("NK402 rail-1 with 4096 nodes")
    )
    assert said[0] == "~ CIDRPool nvidia-network-operator/rail-1"
