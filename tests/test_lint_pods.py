"""Pods with rails in lint: networks, devices, privileges, locked memory."""

from __future__ import annotations

import pytest

from netplan2k8s.findings import Severity
from tests.linted import check, message, messages, said

NETWORKS = "k8s.v1.cni.cncf.io/networks"


def rail(number: int) -> str:
    """The network of one rail; its pool and its resource are elsewhere."""
    ipam = f'{{"type": "nv-ipam", "poolName": "rail-{number}", "poolType": "cidrpool"}}'
    return (
        "apiVersion: mellanox.com/v1alpha1\nkind: HostDeviceNetwork\n"
        f"metadata: {{name: rail-{number}}}\n"
        f"spec: {{networkNamespace: default, resourceName: rail_{number},"
        f" ipam: '{ipam}'}}\n---\n"
    )


RAILS = rail(1) + rail(2)
BOTH = "limits: {nvidia.com/rail_1: 1, nvidia.com/rail_2: 1}"


def pod(
    networks: str = '"rail-1, rail-2"', resources: str = BOTH, more: str = ""
) -> str:
    return (
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n"
        f"  annotations: {{{NETWORKS}: {networks}}}\nspec:\n{more}"
        f"  containers:\n  - {{name: c, image: i, resources: {{{resources}}}}}\n"
    )


def codes(text: str) -> list[str]:
    return [one.code for one in said(text) if one.severity is not Severity.INFO]


def test_pod_with_both_rails_is_fine():
    check(RAILS + pod())


def test_pod_without_rails_is_not_judged():
    text = pod().replace(NETWORKS, "example.com/networks").replace("nvidia.com", "x.y")
    assert said(text) == []


# -- networks ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "networks",
    [
        '"rail-1,, rail-2"',
        '"rail-1, rail-2,"',
        '"a/b/rail-1"',
        '"rail-1@a@b"',
        '"rail_1"',
        '"rail-1@sixteencharacter"',
        '\'[{"name": "rail-1"\'',
        '\'{"name": "rail-1"}\'',
        "'[5]'",
        "'[null]'",
        "'[{\"name\": 5}]'",
        '\'[{"name": "rail-1", "interface": []}]\'',
        '"rail-1@net9, rail-2@net9"',
    ],
)
def test_networks_that_multus_does_not_read(networks):
    assert "NK461" in codes(RAILS + pod(networks))


@pytest.mark.parametrize(
    "networks",
    [
        '\'[{"name": "rail-1", "ips": ["172.16.0"]}]\'',
        '\'[{"name": "rail-1", "ips": "172.16.0.0/31"}]\'',
        '\'[{"name": "rail-1", "mac": "nonsense"}]\'',
        '\'[{"name": "rail-1", "cni-args": []}]\'',
        '\'[{"name": "rail-1", "interface": "sixteencharacter"}]\'',
        '\'[{"name": "rail-1", "interface": "a:b"}]\'',
        '"rail-1@a\\tb"',
    ],
)
def test_items_with_which_no_pod_starts(networks):
    one = "limits: {nvidia.com/rail_1: 1}"
    assert codes(RAILS + pod(networks, one)) == ["NK461"]


@pytest.mark.parametrize(
    "networks",
    [
        '\'[{"Name": "rail-1"}]\'',
        '\'[{"name": "rail-1", "interface": null, "ips": null}]\'',
        '\'[{"name": "rail-1", "ips": ["172.16.0.0/31", "fd00::1"]}]\'',
        '\'[{"name": "rail-1", "mac": "02:00:00:00:00:01"}]\'',
        "rail-1@fifteencharname",
    ],
)
def test_items_that_multus_reads(networks):
    check(RAILS + pod(networks, "limits: {nvidia.com/rail_1: 1}"))


def test_place_of_an_item_that_multus_refuses():
    text = pod('\'[{"name": "rail-1"}, »{"name": 5}]\'', BOTH)
    check(RAILS + text, "NK461")


def test_empty_annotation_lets_pods_start_without_rails():
    assert message(RAILS + pod('""'), "NK461") == (
        "the networks of Pod a: the text is empty; Multus attaches nothing, and its"
        " pods start without rails"
    )


def test_name_of_more_than_63_characters_is_multus_s_to_look_up():
    name = "rail-1" + "0" * 60
    text = rail(1).replace("{name: rail-1}", f"{{name: {name}}}")
    check(text + pod(name, "limits: {nvidia.com/rail_1: 1}"))


def test_json_that_nests_beyond_all_use():
    text = pod("'" + "[" * 20_000 + "]" * 20_000 + "'")
    assert "NK461" in codes(RAILS + text)


def test_half_a_pair_in_json_can_be_printed():
    text = pod('\'[{"name": "\\ud800"}]\'')
    assert all(one.message.encode() for one in said(RAILS + text))


def test_network_that_is_not_there():
    text = RAILS + pod('"rail-1, rail-2, rail-3"')
    assert message(text, "NK445") == (
        "Pod a asks for network rail-3, which namespace default has not; rail-2 is meant"
    )


@pytest.mark.parametrize(
    "fault",
    ["resourceName: [5]", "resourceName: [5], networkNamespace: default", "ipam: []"],
)
def test_network_with_a_wrong_field_is_there(fault):
    broken = rail(1).partition("spec:")[0] + f"spec: {{{fault}}}\n---\n"
    one = pod("rail-1", "limits: {nvidia.com/rail_1: 1}")

    assert codes(broken + one) == ["NK411"]
    assert codes(broken + rail(2) + one) == ["NK411"]


def test_network_without_a_namespace_is_there():
    text = rail(1).replace("networkNamespace: default, ", "")
    assert codes(text + pod("rail-1", "limits: {nvidia.com/rail_1: 1}")) == ["NK464"]


def test_definition_with_a_wrong_field_is_where_it_is_written():
    broken = (
        "apiVersion: k8s.cni.cncf.io/v1\nkind: NetworkAttachmentDefinition\n"
        "metadata: {name: rail-1%s}\nspec: {config: []}\n---\n"
    )
    one = pod("rail-1", "limits: {nvidia.com/rail_1: 1}")

    assert codes(broken % "" + one) == ["NK411"]
    assert codes(broken % ", namespace: x" + one) == ["NK411", "NK445"]


def test_annotation_on_the_job_itself():
    text = (
        "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: a\n  annotations:\n"
        f"    »{NETWORKS}: rail-1\nspec:\n  template:\n    spec:\n"
        "      restartPolicy: Never\n      containers: [{name: c, image: i}]\n"
    )
    check(text, "NK455")


# -- order ------------------------------------------------------------------------


def test_networks_out_of_order():
    text = RAILS + pod('»"rail-2, default/rail-1"')

    check(text, "NK454")
    assert message(text, "NK454") == (
        "the networks of Pod a are not in the order of the rails: net1 is rail-2, where"
        " rail-1 belongs; write rail-1, rail-2"
    )


def test_interfaces_that_are_written_decide_the_order():
    check(RAILS + pod('"rail-2@net2, rail-1@net1"'))
    check(RAILS + pod('"rail-1, rail-2@net0"').replace('"rail-1', '»"rail-1'), "NK454")


def test_network_without_a_number_has_no_place_in_the_order():
    storage = rail(3).replace("rail-3}", "fast-storage}")
    limits = "limits: {nvidia.com/rail_1: 1, nvidia.com/rail_3: 1}"
    check(rail(1) + storage + pod('"rail-1, fast-storage"', limits))
    check(rail(1) + storage + pod('"fast-storage, rail-1"', limits))


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ((11, 12, 21, 22), []),
        ((11, 21, 12, 22), []),
        ((12, 11, 21, 22), ["NK454"]),
        ((21, 22, 11, 12), ["NK454"]),
    ],
)
def test_planes_and_rails_each_have_an_order(order, found):
    def plane(number: int) -> str:
        return f"rail-{number // 10}-plane-{number % 10}"

    networks = [
        rail(n).replace(f"name: rail-{n}}}", f"name: {plane(n)}}}") for n in order
    ]
    limits = ", ".join(f"nvidia.com/rail_{number}: 1" for number in order)
    names = ", ".join(map(plane, order))
    text = "".join(networks) + pod(f'"{names}"', f"limits: {{{limits}}}")
    assert codes(text) == found


def roles(master: str, worker: str) -> str:
    """A job that attaches other networks in its Master than in its Worker."""
    limits = ", ".join(f"nvidia.com/rail_{number}: 1" for number in (1, 2))
    first, second = job().replace("nvidia.com/rail_1: 1", limits).split("    Worker:")
    one, other = (f'networks: "{names}"}}' for names in (master, worker))
    first, second = (
        part.replace("networks: rail-1}", names)
        for part, names in ((first, one), (second, other))
    )
    return f"{RAILS}{first}    Worker:{second}"


def test_role_in_the_wrong_order_is_said_once():
    (only,) = messages(roles("rail-2, rail-1", "rail-1, rail-2"), "NK454")
    assert "networks of PyTorchJob a Master are not in the order" in only


def test_roles_of_different_networks():
    assert message(roles("rail-1, rail-2", "rail-1"), "NK454") == (
        "PyTorchJob a Worker and Master do not attach the same networks: only one of"
        " them has rail-2"
    )


def test_roles_of_networks_on_other_interfaces():
    assert message(roles("rail-1, rail-2", "rail-1@a, rail-2@b"), "NK454") == (
        "PyTorchJob a Worker and Master do not attach the same networks: net1 is rail-1"
        " in Master and no rail in Worker"
    )


def test_roles_are_not_compared_where_a_network_is_unknown():
    found = codes(roles("rail-1, rail-2", "rail-1, rail-3"))
    assert "NK445" in found
    assert "NK454" not in found


# -- devices ----------------------------------------------------------------------


@pytest.mark.parametrize("amount", ['"1"', "1", "1.0", "1000m", '"1e0"'])
def test_amounts_that_are_one(amount):
    resources = f"limits: {{nvidia.com/rail_1: {amount}, nvidia.com/rail_2: 1}}"
    assert "NK457" not in codes(RAILS + pod(resources=resources))


@pytest.mark.parametrize("amount", ["2", "0", '"1k"', f'"{"1" * 5000}"'])
def test_amounts_that_are_not(amount):
    resources = f"limits: {{nvidia.com/rail_1: {amount}, nvidia.com/rail_2: 1}}"
    assert "NK457" in codes(RAILS + pod(resources=resources))


def test_amounts_of_two_containers_add_up():
    one = '{image: i, name: %s, resources: {limits: {nvidia.com/rail_1: "1"}}}'
    text = pod("rail-1").partition("  containers:")[0]
    text += f"  containers: [{one % 'a'}, {one % 'b'}]\n"
    assert message(RAILS + text, "NK457") == (
        "Pod a asks for 2 of nvidia.com/rail_1 and attaches 1 network of it"
    )


def test_device_without_its_network_lies_idle():
    text = RAILS + pod(
        "rail-1", "limits: {nvidia.com/rail_1: 1, nvidia.com/rail_2: »1}"
    )
    check(text, "NK457")


def test_device_is_not_called_idle_where_a_network_is_unknown():
    assert codes(RAILS + pod('"rail-1, rail-22"')) == ["NK445"]


def test_device_is_not_called_idle_on_the_host_network():
    text = pod().replace(f'  annotations: {{{NETWORKS}: "rail-1, rail-2"}}\n', "")
    assert codes(RAILS + text.replace("spec:\n", "spec:\n  hostNetwork: true\n")) == [
        "NK458"
    ]


@pytest.mark.parametrize("name", ['""', '"rail 1"', "nvidia.com/"])
def test_resource_that_is_none_is_said_at_the_network_alone(name):
    text = rail(1).replace("resourceName: rail_1", f"resourceName: {name}")
    one = "limits: {nvidia.com/rail_1: 1}"
    found = codes(text + rail(2) + pod('"rail-1, rail-2"', one.replace("_1", "_2")))
    assert found == ["NK427"]


def test_device_of_a_network_that_is_no_rail_is_not_idle():
    definition = (
        "apiVersion: k8s.cni.cncf.io/v1\nkind: NetworkAttachmentDefinition\nmetadata:\n"
        "  name: vf\n"
        "  annotations: {k8s.v1.cni.cncf.io/resourceName: nvidia.com/vf}\n"
        'spec: {config: \'{"type": "sriov"}\'}\n---\n'
    )
    check(definition + pod("vf", "limits: {nvidia.com/vf: 1}"))


def train_job(more: str = "") -> str:
    return (
        "apiVersion: trainer.kubeflow.org/v1alpha1\nkind: TrainJob\n"
        "metadata: {name: a}\nspec:\n  runtimeRef: {name: torch}\n  trainer:\n"
        f"    resourcesPerNode: {{{BOTH}}}\n{more}"
    )


def test_train_job_may_have_the_networks_of_its_runtime():
    (only,) = [one for one in said(RAILS + train_job()) if one.code == "NK457"]

    assert only.severity is Severity.INFO
    assert only.message == (
        "TrainJob a node asks for nvidia.com/rail_1..2 and attaches no network itself;"
        " its runtime may, which is not judged"
    )


@pytest.mark.parametrize(
    "resources",
    [
        f"requests: {{nvidia.com/rail_1: »2}}, {BOTH}",
        "requests: {nvidia.com/rail_1: »1}, limits: {nvidia.com/rail_2: 1}",
    ],
)
def test_request_that_is_not_the_limit(resources):
    assert "NK456" in codes(RAILS + pod(resources=resources.replace("»", "")))


@pytest.mark.parametrize(
    "resources",
    [
        "requests: {nvidia.com/rail_1: »1}",
        "requests: {example.com/fpga: »1}",
        "requests: {nvidia.com/gpu: »8}, limits: {nvidia.com/gpu: 4}",
        "limits: {nvidia.com/gpu: »500m}",
    ],
)
def test_request_is_judged_without_the_networks(resources):
    check(pod("rail-1", resources), "NK456")


@pytest.mark.parametrize(
    "resources",
    [
        "requests: {cpu: 1, ephemeral-storage: 1Gi, kubernetes.io/batch-cpu: 1}",
        "requests: {nvidia.com/gpu: 1k}, limits: {nvidia.com/gpu: 1000}",
    ],
)
def test_request_that_the_api_server_takes(resources):
    check(pod("rail-1", resources))


def test_request_of_a_job_without_rails():
    gpu = "{name: pytorch, image: i, resources: {requests: {nvidia.com/gpu: »8}}}"
    text = (
        "apiVersion: kubeflow.org/v1\nkind: PyTorchJob\nmetadata: {name: a}\n"
        "spec:\n  pytorchReplicaSpecs:\n    Master:\n      replicas: 1\n"
        f"      template: {{spec: {{containers: [{gpu}]}}}}\n"
    )
    check(text, "NK456")


def test_device_of_an_init_container():
    init = "  initContainers:\n  - {name: b, image: i, resources: {limits: {nvidia.com/rail_1: »1}}}\n"
    check(RAILS + pod(more=init), "NK456")


# -- privileges -------------------------------------------------------------------


def namespace(labels: str) -> str:
    return (
        "apiVersion: v1\nkind: Namespace\n"
        f"metadata: {{name: default, labels: {labels}}}\n---\n"
    )


ENFORCE = "pod-security.kubernetes.io/enforce"
LOCKED = "securityContext: {capabilities: {add: [IPC_LOCK]}}"


@pytest.mark.parametrize(
    "labels",
    ["[a]", "5", "text", "null", f"[{ENFORCE}]", f"{{{ENFORCE}: [baseline]}}"],
)
def test_namespace_with_labels_of_another_type_enforces_nothing(labels):
    check(namespace(labels) + RAILS + pod(more="  hostPID: true\n"))


@pytest.mark.parametrize("level", ["baseline", "restricted"])
def test_capability_above_the_level(level):
    text = namespace(f"{{{ENFORCE}: {level}}}") + RAILS
    text += pod().replace("image: i,", f"image: i, {LOCKED},")
    assert any("capability IPC_LOCK of Pod a" in m for m in messages(text, "NK460"))


def test_privileged_level_refuses_nothing():
    text = namespace(f"{{{ENFORCE}: privileged}}") + RAILS
    check(text + pod().replace("image: i,", f"image: i, {LOCKED},"))


def test_privileged_container():
    context = "securityContext: {privileged: »true}"
    check(RAILS + pod().replace("image: i,", f"image: i, {context},"), "NK465")


def init(fields: str) -> str:
    return f"  initContainers:\n  - {{name: b, image: i, {fields}}}\n"


def test_privileged_init_container():
    context = "securityContext: {privileged: »true}"
    check(RAILS + pod(more=init(context)), "NK465")


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        (LOCKED, "capability IPC_LOCK"),
        ("securityContext: {privileged: true}", "a privileged container"),
        ("ports: [{containerPort: 1, hostPort: 2}]", "hostPort 2"),
    ],
)
def test_init_container_above_the_level(fields, what):
    text = namespace(f"{{{ENFORCE}: baseline}}") + RAILS + pod(more=init(fields))
    assert message(text, "NK460") == (
        "namespace default enforces the pod-security level baseline, which refuses"
        f" {what} of Pod a"
    )


def test_port_of_the_host_above_the_level():
    ports = "image: i, ports: [{containerPort: 1, hostPort: 2}, {containerPort: 3}],"
    text = namespace(f"{{{ENFORCE}: baseline}}") + RAILS
    assert len(messages(text + pod().replace("image: i,", ports), "NK460")) == 1


def test_init_container_of_the_operator_is_above_restricted():
    context = (
        ", securityContext: {allowPrivilegeEscalation: false, runAsNonRoot: true,"
        " seccompProfile: {type: RuntimeDefault}, capabilities: {drop: [ALL]}}"
    )
    text = namespace(f"{{{ENFORCE}: restricted}}") + rail(1) + job(context, context)
    assert message(text, "NK460") == (
        "namespace default enforces the pod-security level restricted, which refuses"
        " the init container init-pytorch, which the training operator adds to the pods"
        " of PyTorchJob a Worker"
    )
    assert messages(text.replace("restricted", "baseline"), "NK460") == []


# -- locked memory ----------------------------------------------------------------


def job(master: str = "", worker: str = "") -> str:
    def replica(role: str, more: str) -> str:
        return (
            f"    {role}:\n      replicas: 1\n      template:\n"
            f"        metadata: {{annotations: {{{NETWORKS}: rail-1}}}}\n"
            "        spec:\n          containers:\n"
            f"          - {{name: pytorch, image: i{more},"
            " resources: {limits: {nvidia.com/rail_1: 1}}}\n"
        )

    return (
        "apiVersion: kubeflow.org/v1\nkind: PyTorchJob\nmetadata: {name: a}\n"
        "spec:\n  pytorchReplicaSpecs:\n"
        + replica("Master", master)
        + replica("Worker", worker)
    )


def test_templates_that_lock_memory_alike_are_one_note():
    assert message(rail(1) + job(), "NK403") == (
        "PyTorchJob a Master and Worker add no IPC_LOCK to lock memory for RDMA: the"
        " container runtime must give its pods LimitMEMLOCK=infinity"
    )
    assert len(messages(rail(1) + job(f", {LOCKED}", f", {LOCKED}"), "NK403")) == 1


def test_template_that_locks_no_memory_is_said_beside_one_that_does():
    found = messages(rail(1) + job(f", {LOCKED}"), "NK403")

    assert [words.partition(":")[0] for words in found] == [
        "PyTorchJob a Master adds IPC_LOCK",
        "PyTorchJob a Worker adds no IPC_LOCK to lock memory for RDMA",
    ]


# -- pools and the host network ---------------------------------------------------


def test_two_networks_of_one_pool():
    shared = rail(1) + rail(2).replace('"rail-2"', '"rail-1"')
    found = [one for one in said(shared + pod()) if one.code == "NK466"]
    assert [one.line for one in found] == [9]


FLAT = """\
apiVersion: nv-ipam.nvidia.com/v1alpha1
kind: IPPool
metadata: {name: flat, namespace: nvidia-network-operator}
spec: {subnet: 10.0.0.0/16, perNodeBlockSize: 4, gateway: 10.0.0.1}
---
"""
ROUTED = """\
apiVersion: nv-ipam.nvidia.com/v1alpha1
kind: CIDRPool
metadata: {name: rail-1, namespace: nvidia-network-operator}
spec: {cidr: 172.16.0.0/15, gatewayIndex: 0, perNodeNetworkPrefix: 31, perNodeExclusions: [{startIndex: 1, endIndex: 1}]}
---
"""


@pytest.mark.parametrize(
    ("more", "severity"), [("", Severity.WARNING), (ROUTED, Severity.ERROR)]
)
def test_two_networks_of_one_flat_pool(more, severity):
    flat = RAILS.replace("cidrpool", "ippool")
    for number in (1, 2):
        flat = flat.replace(f'"poolName": "rail-{number}"', '"poolName": "flat"')
    found = [one for one in said(FLAT + more + flat + pod()) if one.code == "NK466"]
    assert [one.severity for one in found] == [severity]


def test_pools_of_two_kinds_are_two():
    other = rail(2).replace(
        'rail-2", "poolType": "cidrpool', 'rail-1", "poolType": "ippool'
    )
    assert messages(rail(1) + other + pod(), "NK466") == []


def test_pod_on_the_host_network():
    text = RAILS + pod(more="  hostNetwork: »true\n")
    assert [one.line for one in said(text) if one.code == "NK458"] == [17]


def test_pod_with_an_own_network_is_on_none_of_the_host_s():
    check(RAILS + pod(more="  hostNetwork: false\n"))
