"""What applying makes of an object, held to what API servers make of it."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from netplan2k8s.compare import ownership
from netplan2k8s.compare.leaves import leaves
from netplan2k8s.manifests.stored import as_written
from tests.diffed import entries, policy, pool, resource

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
ME = "kubectl"
MANAGERS = (ME, "argocd", "kubectl-edit")


@st.composite
def pools(draw):
    """A pool with some of its optional fields."""
    optional = {
        "gatewayIndex": st.sampled_from([0, 1]),
        "routes": st.sampled_from(
            [[{"dst": "172.16.0.0/15"}], [{"dst": "172.16.0.0/12"}]]
        ),
        "staticAllocations": st.sampled_from([entries(0), entries(0, 1)]),
        "defaultGateway": st.booleans(),
        "perNodeExclusions": st.sampled_from([[{"startIndex": 1, "endIndex": 1}], []]),
        "nodeSelector": st.sampled_from(
            [
                {
                    "nodeSelectorTerms": [
                        {
                            "matchFields": [
                                {
                                    "key": "metadata.name",
                                    "operator": "In",
                                    "values": [name],
                                }
                            ]
                        }
                    ]
                }
                for name in ("gpu-0", "gpu-1")
            ]
        ),
    }
    chosen = draw(st.lists(st.sampled_from(sorted(optional)), unique=True))
    blank = dict.fromkeys(optional)
    made = pool(**blank | {key: draw(optional[key]) for key in sorted(chosen)})
    labels = draw(
        st.dictionaries(st.sampled_from("abc"), st.sampled_from("xy"), max_size=2)
    )
    made["metadata"]["labels"] = labels
    if draw(st.booleans()):
        made["metadata"]["annotations"] = {"note": draw(st.sampled_from("pq"))}
    return made


@st.composite
def policies(draw):
    """A policy with some sections, some of them with optional fields."""
    image = {"image": "a", "repository": "b", "version": "c"}
    made = policy(
        resource("rail-1", draw(st.sampled_from(["0000:1a:00.0", "0000:2a:00.0"])))
    )
    for section in draw(
        st.lists(
            st.sampled_from(["nvIpam", "ofedDriver", "secondaryNetwork"]), unique=True
        )
    ):
        body = dict(image, version=draw(st.sampled_from("cd")))
        if section == "nvIpam" and draw(st.booleans()):
            body["enableWebhook"] = draw(st.booleans())
        if section == "ofedDriver" and draw(st.booleans()):
            # Neither has defaults, which the server would put back.
            parts = draw(
                st.lists(
                    st.sampled_from(["certConfig", "repoConfig"]),
                    min_size=1,
                    unique=True,
                )
            )
            body |= {part: {"name": draw(st.sampled_from("yz"))} for part in parts}
        if section == "secondaryNetwork":
            parts = draw(
                st.lists(
                    st.sampled_from(["multus", "cniPlugins"]), min_size=1, unique=True
                )
            )
            body = {part: dict(image) for part in parts}
        made["spec"][section] = body
    if len(made["spec"]) > 1 and draw(st.booleans()):
        del made["spec"]["sriovDevicePlugin"]
    return made


def histories(bodies):
    """What was done to an object before: by whom, whether by apply, and with what."""
    step = st.tuples(st.sampled_from(MANAGERS), st.booleans(), bodies)
    return st.lists(step, min_size=1, max_size=3)


POLICIES = policies()


@pytest.mark.parametrize("bodies", [pools(), POLICIES], ids=["pool", "policy"])
def test_prediction_is_what_the_server_answers(cluster, bodies):
    """As apply and as update; both the result and the conflicts."""
    if cluster.version == "1.20" and bodies is POLICIES:
        pytest.skip("1.20 drops a section together with what others own in it")

    @settings(max_examples=40, suppress_health_check=list(HealthCheck))
    @given(histories(bodies), bodies)
    def check(history, manifest):
        try:
            for manager, is_apply, body in history:
                change(cluster, body, manager, is_apply=is_apply)
            live = cluster.get(manifest).body
            answer = send(cluster, manifest, ME, "dryRun=All")
            refused = answer.status == 409
            forced = send(cluster, manifest, ME, "dryRun=All&force=true")
            made = ownership.applied(live, manifest, ME)
            if lacking(forced):
                for holder, name in lacking(forced):
                    assert name not in inner(made.body, holder)
                return
            taken(forced)

            sent = {
                path
                for body in (manifest, *(h[2] for h in history))
                for path in settled(body)
                # 1.20 keeps labels that an update and an apply both once had.
                if path[0] == "spec" or cluster.version != "1.20"
            }
            mine, theirs = settled(made.body), settled(forced.body)
            assert {p: mine.get(p) for p in sent} == {p: theirs.get(p) for p in sent}
            causes = answer.body["details"]["causes"] if refused else []
            said = {c["field"] for c in causes if c["field"].startswith(".spec")}
            assert {conflict.field for conflict in made.conflicts} == said
        finally:
            cluster.delete(manifest)

    for history, manifest in parted_sections() if bodies is POLICIES else ():
        check = example(history=history, manifest=manifest)(check)
    check()


def parted_sections():
    """A section that is no longer sent, of which somebody else owns a part."""
    image = {"image": "a", "repository": "b", "version": "c"}
    parts = (
        {"enableWebhook": True},
        {"enableWebhook": False},
        {"imagePullSecrets": ["x"]},
        {"version": "d"},
        {"version": "d", "enableWebhook": True},
    )
    plugin = resource("rail-1", "0000:1a:00.0")
    first = policy(plugin, nvIpam=image)
    for part in parts:
        second = policy(plugin, nvIpam=image | part)
        for manager in (ME, "argocd"):
            for is_apply in (True, False):
                steps = [(ME, True, first), (manager, is_apply, second)]
                yield steps, policy(plugin)


def change(cluster, body, manager, *, is_apply):
    if is_apply:
        answer = send(cluster, body, manager, "force=true")
    elif cluster.get(body).status == 404:
        path = f"{cluster.collection(body)}?fieldManager={quote(manager)}"
        answer = cluster.request("POST", path, body)
    else:
        path = f"{cluster.path(body)}?fieldManager={quote(manager)}"
        part = {
            "metadata": {"labels": body["metadata"].get("labels")},
            "spec": body["spec"],
        }
        answer = cluster.request("PATCH", path, part, MERGE)
    taken(answer)


def lacking(answer):
    """(way to a mapping, required field) of what the server itself made incomplete.

    Others own a part of a section that is no longer sent: that part stays.
    """
    causes = answer.body.get("details", {}).get("causes", ())
    required = (c["field"] for c in causes if c["reason"] == "FieldValueRequired")
    return [field.rsplit(".", 1) for field in required if field.startswith("spec.")]


def inner(body, way):
    """The mapping at a way with dots, which must be there."""
    for step in way.split("."):
        body = body[step]
    return body


def taken(answer):
    """The server took it; what it makes invalid itself is no history of ours.

    A mapping that others still own and that loses all it has becomes null, or lacks
    what it must have.
    """
    assume("null" not in str(answer.body.get("message")))
    assume(not lacking(answer))
    assert answer.status in (200, 201), answer


def send(cluster, body, manager, query):
    path = f"{cluster.path(body)}?fieldManager={quote(manager)}&{query}"
    return cluster.request("PATCH", path, body, APPLY)


def settled(body):
    """All values by the way to them; the server adds its defaults to them."""
    return leaves(as_written(body), body["kind"])


def test_who_lost_all_fields_of_a_mapping_does_not_mind_them():
    """An apply took the field over that an update of the same name once set."""
    live = policy(ofedDriver={"certConfig": {"name": "z"}})
    config = {"f:certConfig": {}}
    live["metadata"]["managedFields"] = [
        {
            "manager": "argocd",
            "operation": "Update",
            "fieldsV1": {"f:spec": {"f:ofedDriver": config}},
        },
        {
            "manager": ME,
            "operation": "Apply",
            "fieldsV1": {"f:spec": {"f:ofedDriver": {"f:certConfig": {"f:name": {}}}}},
        },
    ]
    made = ownership.applied(live, policy(ofedDriver={"certConfig": {"name": "y"}}), ME)

    assert made.conflicts == ()


def test_empty_mapping_of_another_manager_is_no_conflict():
    """It is owned as a whole as long as it is empty, and yet may be added to."""
    live = policy(nvIpam={})
    live["metadata"]["managedFields"] = [
        {
            "manager": "argocd",
            "operation": "Apply",
            "fieldsV1": {"f:spec": {"f:nvIpam": {}}},
        }
    ]
    made = ownership.applied(live, policy(nvIpam={"image": "a"}), ME)

    assert made.conflicts == ()
    assert made.body["spec"]["nvIpam"] == {"image": "a"}
