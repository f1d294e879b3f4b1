"""What a change of a policy does, and what of others it would erase."""

from __future__ import annotations

import json

import pytest

from tests.diffed import (
    Differ,
    network,
    node,
    node_policy,
    owned,
    policy,
    resource,
    write,
)

NIC_1, NIC_2, STORAGE = "0000:1a:00.0", "0000:3d:00.0", "0000:01:00.0"
RAIL_1, RAIL_2 = resource("rail-1", NIC_1), resource("rail-2", NIC_2)
FOREIGN = resource("storage", STORAGE)
IPAM = {"nvIpam": {"image": "nvidia-k8s-ipam", "repository": "r", "version": "v1"}}
RESTART = "the device plugin restarts on every node"
KEEP = (
    "convert --base POLICY.yaml writes a complete policy that keeps them"
    " (kubectl get nicclusterpolicy nic-cluster-policy -o yaml)"
)
ERASED = f"    dangerous: erased, pods that ask for them do not start any more: {KEEP}"
NEW = [node("gpu-0", gpu=8)]
HEAD = "~ NicClusterPolicy nic-cluster-policy"


@pytest.fixture
def differ(run, tmp_path):
    return Differ(run, tmp_path)


def by_annotation(body: dict) -> dict:
    """The object as kubectl apply without --server-side leaves it."""
    text = json.dumps({key: body[key] for key in ("apiVersion", "kind", "spec")})
    metadata = {
        **body["metadata"],
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": text},
    }
    return {**body, "metadata": metadata}


def client_side(body: dict) -> dict:
    """The same with the managedFields that it has on a real server."""
    fields = {
        "f:metadata": {
            "f:annotations": {
                ".": {},
                "f:kubectl.kubernetes.io/last-applied-configuration": {},
            }
        },
        "f:spec": {
            ".": {},
            **{
                f"f:{name}": {".": {}, **{f"f:{key}": {} for key in section}}
                for name, section in body["spec"].items()
            },
        },
    }
    return owned(by_annotation(body), "kubectl-client-side-apply", "Update", **fields)


# -- what is others' -------------------------------------------------------------


def test_patch_keeps_the_sections_of_others(differ):
    live = policy(RAIL_1, **IPAM)

    assert differ.applied([policy(RAIL_1)], [live], patch=True) == []


def test_patch_erases_the_resources_of_others(differ):
    said = differ.applied([policy(RAIL_1)], [policy(FOREIGN, **IPAM)], patch=True)

    assert said == [
        HEAD,
        (
            "    dangerous: a patch replaces the configuration as a whole, pods that ask for them do not start"
            f" any more: {KEEP}"
        ),
        "      - others' resource nvidia.com/storage",
        f"    disruptive: {RESTART}",
        f"      + resource nvidia.com/rail-1  {NIC_1}",
    ]


def test_patch_with_the_resources_of_others_shows_ours_alone(differ):
    said = differ.applied([policy(FOREIGN, RAIL_1)], [policy(FOREIGN)], patch=True)

    assert said[1:] == [
        f"    disruptive: {RESTART}",
        f"      + resource nvidia.com/rail-1  {NIC_1}",
    ]


@pytest.mark.parametrize(
    "stored",
    [lambda body: owned(body, "kubectl"), by_annotation, client_side],
    ids=["server-side", "annotation", "client-side"],
)
def test_complete_policy_erases_what_kubectl_applied_before(differ, stored):
    live = stored(policy(FOREIGN, RAIL_1, **IPAM, ofedDriver={"image": "doca"}))
    said = differ.applied([policy(RAIL_1)], [live])

    assert said == [
        HEAD,
        ERASED,
        "      - others' resource nvidia.com/storage",
        (
            "    dangerous: not in the manifest, and the operator stops what they ask for:"
            f" {KEEP}, and kubectl patch --type=merge changes our section alone"
        ),
        "      - others' sections nvIpam, ofedDriver",
    ]
    assert differ.summary == "0 to add, 1 to change, 0 to remove, 1 dangerous"


def test_complete_policy_leaves_what_another_manager_owns(differ):
    live = owned(
        owned(policy(RAIL_1, **IPAM), "argocd", **{"f:spec": {"f:nvIpam": {}}}),
        "kubectl",
        **{"f:spec": {"f:sriovDevicePlugin": {}}},
    )

    assert differ.applied([policy(RAIL_1)], [live]) == []


def test_erased_resource_comes_before_every_other_object(differ):
    live = [policy(FOREIGN), network("a", networkNamespace="old")]
    said = differ.applied([policy(RAIL_1)], live, patch=True)
    both = differ.applied([policy(RAIL_1), network("a")], live, patch=True)

    assert said[0] == both[0] == HEAD


def test_resources_of_our_networks_are_no_others(differ):
    """A rail that is gone from the manifests is ours as long as its network is."""
    ours = network("rail-2")
    live = [policy(RAIL_1, RAIL_2), ours]
    said = differ.applied([policy(RAIL_1), ours], live, patch=True)

    assert said[:3] == [
        HEAD,
        f"    dangerous: pods that ask for it do not start any more; {RESTART}",
        f"      - resource nvidia.com/rail-2  {NIC_2}",
    ]


# -- what is ours ----------------------------------------------------------------


def test_order_of_resources_and_keys_means_nothing(differ):
    turned = json.loads(json.dumps(RAIL_1))
    turned["selectors"] = [dict(reversed(turned["selectors"].items()))]

    assert differ.between([policy(RAIL_1, RAIL_2)], [policy(RAIL_2, turned)]) == []


def test_order_of_two_resources_of_one_name_means_nothing(differ):
    other = resource("rail-1", NIC_2)

    assert differ.between([policy(RAIL_1, other)], [policy(other, RAIL_1)]) == []


def test_nic_that_moves_between_selectors_of_one_resource(differ):
    def split(first, second):
        return {**RAIL_1, "selectors": [{"pciAddresses": nics} for nics in (first, second)]}  # fmt: skip

    said = differ.between(
        [policy(split([NIC_1, NIC_2], [STORAGE]))],
        [policy(split([NIC_1], [NIC_2, STORAGE]))],
    )

    assert said[1:2] == [f"    disruptive: {RESTART}"]
    assert not [line for line in said if "dangerous" in line]


def test_nics_that_change_places(differ):
    after = policy(resource("rail-1", NIC_2), resource("rail-2", NIC_1))
    said = differ.between([policy(RAIL_1, RAIL_2)], [after])

    assert said[1:] == [
        f"    dangerous: another resource has the NIC then; {RESTART}",
        f"      - resource nvidia.com/rail-1 NIC {NIC_1}  ({NIC_1}: nvidia.com/rail-2)",
        f"      - resource nvidia.com/rail-2 NIC {NIC_2}  ({NIC_2}: nvidia.com/rail-1)",
        f"    dangerous: the NIC is another resource's and may be inside a pod; {RESTART}",
        f"      + resource nvidia.com/rail-1 NIC {NIC_2}  ({NIC_2}: nvidia.com/rail-2 before)",
        f"      + resource nvidia.com/rail-2 NIC {NIC_1}  ({NIC_1}: nvidia.com/rail-1 before)",
    ]


def test_nic_that_another_resource_keeps(differ):
    after = policy(RAIL_1, resource("rail-2", NIC_2, NIC_1))
    said = differ.between([policy(RAIL_1, RAIL_2)], [after])

    assert said[1:] == [
        f"    dangerous: another resource, which comes first in the list, has the NIC; {RESTART}",
        f"      + resource nvidia.com/rail-2 NIC {NIC_1}  ({NIC_1}: nvidia.com/rail-1)",
    ]


def test_order_of_resources_that_share_a_nic(differ):
    both = resource("all", NIC_1, NIC_2)
    said = differ.between([policy(RAIL_1, both)], [policy(both, RAIL_1)])

    assert said[1:] == [
        f"    dangerous: two resources select the NIC, and the first one has it; {RESTART}",
        f"      ~ NIC {NIC_1}  nvidia.com/rail-1 → nvidia.com/all",
    ]


def test_resource_that_takes_every_nic_comes_first(differ):
    every = resource("all", vendors=["15b3"])
    said = differ.between([policy(RAIL_1, every)], [policy(every, RAIL_1)])

    assert said[2] == f"      ~ NIC {NIC_1}  nvidia.com/rail-1 → nvidia.com/all"


def test_nic_that_nobody_offers_any_more(differ):
    before = policy(resource("rail-1", NIC_1, NIC_2))
    said = differ.between([before], [policy(RAIL_1)])

    assert said[1:] == [
        f"    dangerous: nobody offers the NIC then; {RESTART}",
        f"      - resource nvidia.com/rail-1 NIC {NIC_2}",
    ]


def test_new_nic_and_new_resource_restart_the_plugin(differ):
    after = policy(resource("rail-1", NIC_1, "0000:9c:00.0"), RAIL_2)
    said = differ.between([policy(RAIL_1)], [after])

    assert said[1:] == [
        f"    disruptive: {RESTART}",
        "      + resource nvidia.com/rail-1 NIC 0000:9c:00.0",
        f"      + resource nvidia.com/rail-2  {NIC_2}",
    ]


def test_renamed_resource_is_gone_for_pods_that_ask_for_the_old(differ):
    after = policy(resource("rail_1", NIC_1))
    said = differ.between([policy(RAIL_1)], [after])

    assert said[1:] == [
        f"    dangerous: pods that ask for it do not start any more; {RESTART}",
        f"      - resource nvidia.com/rail-1  {NIC_1}",
        f"    dangerous: the NIC is another resource's and may be inside a pod; {RESTART}",
        f"      + resource nvidia.com/rail_1  {NIC_1}  ({NIC_1}: nvidia.com/rail-1 before)",
    ]


def test_selector_that_takes_no_physical_function(differ):
    after = policy(resource("rail-1", NIC_1, pfNames=["eth0"]))
    said = differ.between([policy(RAIL_1)], [after])

    assert said[1:] == [
        f"    dangerous: its selectors do not take its NIC any more; {RESTART}",
        f"      + resource nvidia.com/rail-1 selectors.pfNames.eth0  ({NIC_1})",
    ]


def test_selector_that_an_address_does_not_tell_of(differ):
    after = policy(resource("rail-1", NIC_1, devices=["1021"]))
    said = differ.between([policy(RAIL_1)], [after])

    assert said[1] == f"    disruptive: {RESTART}"


def test_link_types_lose_the_nics_inside_pods(differ):
    after = policy(resource("rail-1", NIC_1, linkTypes=["ether"]))
    said = differ.between([policy(RAIL_1)], [after])

    assert said[1] == (
        f"    dangerous: {RESTART} and with linkTypes finds no NIC that is inside a pod"
    )


def test_text_where_the_plugin_reads_a_truth_value(differ):
    after = policy(resource("rail-1", NIC_1, isRdma="true"))
    said = differ.between([policy(RAIL_1)], [after])

    assert said[2].startswith(
        '      ~ resource nvidia.com/rail-1 selectors.isRdma  true → "true"'
    )


def test_release_that_does_not_restart_the_plugin(differ):
    said = differ.between(
        [policy(RAIL_1)], [policy(RAIL_1, RAIL_2)], "--operator-release", "25.10"
    )

    assert said[1] == (
        "    disruptive: the device plugin reads it once its pods are deleted by hand (before 26.1)"
    )


# -- configurations that stop the plugin -----------------------------------------


def spoilt(config: object) -> dict:
    body = policy(RAIL_1)
    text = config if isinstance(config, str) else json.dumps(config)
    body["spec"]["sriovDevicePlugin"]["config"] = text
    return body


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ('{"resourceList": [],}', "its configuration is no JSON: a comma before }"),
        ({"resourceList": []}, "its resourceList is empty"),
        ([1], "its resourceList is empty"),
        ({"resourceList": [1]}, "its resourceList is none of resources"),
        (
            {"resourceList": [RAIL_1, RAIL_1]},
            "it takes no two resources nvidia.com/rail-1",
        ),
        (
            {"resourceList": [resource("rail.1", NIC_1)]},
            "it takes no resource of the name rail.1",
        ),
        (
            {"resourceList": [{**RAIL_1, "selectors": None}]},
            "nvidia.com/rail-1 has no selectors, and it panics",
        ),
    ],
    ids=["json", "empty", "list", "numbers", "twice", "name", "selectors"],
)
@pytest.mark.parametrize("is_patch", [True, False])
def test_configuration_that_stops_the_plugin(differ, config, problem, is_patch):
    live = [policy(RAIL_1), network("rail-1")]
    said = differ.applied([spoilt(config), network("rail-1")], live, patch=is_patch)

    assert said[1:3] == [
        f"    dangerous: nodes offer none of its resources: {problem}",
        "      ~ device plugin  runs → does not run",
    ]


def test_configuration_that_is_mended(differ):
    said = differ.between([spoilt("{")], [policy(RAIL_1)])

    assert said[1] == (
        f"    disruptive: the device plugin did not run before: nodes get what it offers; {RESTART}"
    )


def test_new_policy_whose_plugin_does_not_run(differ):
    said = differ.applied([spoilt("{")], NEW)

    assert said[1] == (
        "    dangerous: the device plugin does not run: its configuration is no JSON: the end comes too early"
    )


# -- sections and whole policies -------------------------------------------------


def test_section_that_comes_and_goes_is_one_line(differ):
    with_it, without = policy(RAIL_1, **IPAM), policy(RAIL_1)

    assert differ.between([without], [with_it])[1:] == [
        "    disruptive: the operator starts what it asks for",
        "      + spec.nvIpam",
    ]
    assert differ.between([with_it], [without])[1:] == [
        "    dangerous: the operator stops what it asks for",
        "      - spec.nvIpam",
    ]


def test_image_of_the_plugin(differ):
    after = policy(RAIL_1)
    after["spec"]["sriovDevicePlugin"]["version"] = "network-operator-v26.4.0"
    said = differ.between([policy(RAIL_1)], [after])

    assert said[1] == (
        "    disruptive: the operator restarts the device plugin on every node"
    )
    assert said[2].endswith(
        ".version  network-operator-v26.7.0 → network-operator-v26.4.0"
    )


def test_image_of_another_section(differ):
    after = policy(RAIL_1, nvIpam={**IPAM["nvIpam"], "version": "v2"})
    said = differ.between([policy(RAIL_1, **IPAM)], [after])

    assert said[1] == "    disruptive: the operator restarts nvIpam on every node"


def test_what_holds_for_all_sections(differ):
    before = policy(RAIL_1, tolerations=[{"key": "gpu", "operator": "Exists"}])
    said = differ.between([before], [policy(RAIL_1)])

    assert said[1:] == [
        "    disruptive: the operator restarts what it runs, wherever this holds",
        "      - spec.tolerations",
    ]


def test_policy_of_a_new_cluster(differ):
    said = differ.applied([policy(RAIL_1, **IPAM)], NEW)

    assert said == [
        "+ NicClusterPolicy nic-cluster-policy: nvIpam, sriovDevicePlugin, 1 resource",
        "    disruptive: the operator starts what its sections ask for",
    ]


def test_policy_of_another_name_is_ignored(differ):
    wrong = policy(RAIL_1, name="cluster-policy")
    said = differ.applied([wrong], [policy(RAIL_1)])
    changed = differ.applied([policy(RAIL_2, name="cluster-policy")], [wrong])

    ignored = "the operator looks at none but nic-cluster-policy"
    assert said[1] == f"    dangerous: {ignored} and sets this to ignore"
    assert changed[1] == f"    safe: {ignored}"


def test_patch_of_a_policy_that_is_not_there(differ):
    said = differ.applied([policy(RAIL_1)], NEW, patch=True)

    assert said[1] == (
        "    dangerous: there is no policy to patch: convert --policy full writes a complete one for a new cluster"
    )


def test_node_policy_is_ours_as_a_whole(differ):
    live = owned(node_policy(RAIL_1, RAIL_2), "kubectl")
    said = differ.applied([node_policy(RAIL_1)], [live])

    assert said == [
        "~ NicNodePolicy model-a",
        f"    dangerous: pods that ask for it do not start any more; {RESTART}",
        f"      - resource nvidia.com/rail-2  {NIC_2}",
    ]


def test_node_policy_for_other_nodes(differ):
    before, after = (
        node_policy(RAIL_1, nodeSelector={"model": name}) for name in ("a", "b")
    )
    said = differ.between([before], [after])

    assert said[1:] == [
        "    dangerous: nodes that it selects no more lose the device plugin and their rails; on others it starts",
        "      ~ spec.nodeSelector.model  a → b",
    ]


def test_patch_and_complete_policy_of_one_name(run, tmp_path):
    manifests = write(tmp_path / "new" / "fabric", policy(RAIL_1)).parent.parent
    write(manifests / "patches", policy(resource("rail-2", "0000:3d:00.0")))
    dump = write(tmp_path / "cluster", policy(resource("old", "0000:01:00.0")))
    done = run("diff", manifests, "--snapshot", dump)

    assert "+ resource nvidia.com/rail-1" in done.out
    assert "+ resource nvidia.com/rail-2" in done.out


def test_null_of_a_patch_removes(differ):
    live = policy(RAIL_1, nvIpam={"image": "i", "repository": "r", "version": "v"})
    said = differ.applied([policy(RAIL_1, nvIpam=None)], [live], patch=True)

    assert any("nvIpam" in line for line in said)


def test_patch_after_a_complete_policy_is_applied_to_it(run, tmp_path):
    old = write(tmp_path / "old" / "fabric", policy(FOREIGN, RAIL_1, **IPAM))
    write(tmp_path / "new" / "patches", policy(FOREIGN, RAIL_1, RAIL_2))
    done = run("diff", old.parent.parent, tmp_path / "new", "--no-config")

    assert done.out.splitlines()[:3] == [
        HEAD,
        f"    disruptive: {RESTART}",
        f"      + resource nvidia.com/rail-2  {NIC_2}",
    ]
