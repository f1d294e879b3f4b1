"""Policies and the device plugin's configuration in lint; objects beside each other."""

from __future__ import annotations

import pytest

from netplan2k8s.findings import Severity
from tests.linted import check, message, messages, said, said_of

POLICY = """\
apiVersion: mellanox.com/v1alpha1
kind: NicClusterPolicy
metadata: {name: nic-cluster-policy}
spec:
"""
NODE_POLICY = """\
apiVersion: mellanox.com/v1alpha1
kind: NicNodePolicy
metadata: {name: model-a}
spec:
"""
IMAGE = "image: a, repository: nvcr.io/nvidia/mellanox, version: v1"
CONFIG = """\
{"resourceList": [{"resourcePrefix": "nvidia.com", "resourceName": "rail_1",
 "selectors": {"pciAddresses": ["0000:1a:00.0"]}}]}"""


def plugin(config: str, kind: str = "sriovDevicePlugin") -> str:
    """A policy with a configuration in a block, so that its columns are plain."""
    lines = "".join(f"      {line}\n" for line in config.split("\n"))
    return (
        f"{POLICY}  {kind}:\n    image: a\n    repository: nvcr.io/nvidia/mellanox\n"
        f"    version: v1\n    config: |\n{lines}"
    )


def resource(fields: str, selectors: str = '{"pciAddresses": ["0000:1a:00.0"]}') -> str:
    """A policy with one resource of the device plugin."""
    text = f'"selectors": {selectors}' if selectors else ""
    both = ", ".join(part for part in (fields, text) if part)
    return plugin(f'{{"resourceList": [{{"resourcePrefix": "nvidia.com",\n{both}}}]}}')


def test_policy_with_one_rail_is_fine():
    check(plugin(CONFIG))


# -- texts of the device plugin ---------------------------------------------------


@pytest.mark.parametrize(
    "config",
    ["5", "null", "[]", '""', "{}", '{"resourceList": []}', '{"resourceList": {}}'],
)
def test_configuration_without_resources(config):
    text = plugin(config).replace("config: |", "config: »|")
    check(text, "NK430")


def test_configuration_with_a_comma_too_many():
    check(plugin('{"resourceList": [{}»,]}'), "NK430")


@pytest.mark.parametrize("item", ["5", "null", '"rail_1"', "[]"])
def test_resource_that_is_no_object(item):
    check(plugin(f'{{"resourceList": [»{item}]}}'), "NK430")


@pytest.mark.parametrize(
    "field",
    [
        '"resourceName": »5',
        '"resourceName": "a", "deviceType": »[]',
        '"resourceName": "a", "resourcePrefix": »{}',
    ],
)
def test_text_of_another_type(field):
    check(resource(field), "NK430")


def test_topology_is_true_or_false():
    text = resource('"resourceName": "a", "excludeTopology": "yes"')
    assert message(text, "NK430") == (
        "excludeTopology must be true or false: the device plugin exits, and no node"
        " offers any rail"
    )


@pytest.mark.parametrize("name", ["rail.1", "rail 1", "", "räil"])
def test_name_of_letters_the_plugin_does_not_take(name):
    check(resource(f'"resourceName": »"{name}"'), "NK430")


def test_name_that_is_too_long_for_kubelet():
    assert messages(resource(f'"resourceName": "{"r" * 63}"'), "NK430") == []
    text = resource(f'"resourceName": »"{"r" * 64}"')

    check(text, "NK430")
    assert "has 64 characters: kubelet takes 63" in message(text, "NK430")


def test_keys_have_no_case():
    text = plugin(
        '{"ResourceList": [{"RESOURCEPREFIX": "nvidia.com", "resourcename": "rail_1",\n'
        '"Selectors": {"PciAddresses": ["0000:1a:00.0"]}}]}'
    )
    assert messages(text, "NK430") == []


def test_last_of_two_cases_of_a_key_wins():
    text = plugin('{"resourceList": [{}], "ResourceList": []}')
    assert "no resourceList" in message(text, "NK430")


def test_resource_listed_twice():
    one = '{"resourcePrefix": "nvidia.com", "resourceName": %s"a", "selectors": {"drivers": ["x"], "pciAddresses": ["%s"]}}'
    first = one % ("", "0000:1a:00.0")
    second = one % ("»", "0000:1b:00.0")
    check(plugin(f'{{"resourceList": [{first},\n{second}]}}'), "NK430")


def test_resource_of_two_prefixes_is_two():
    one = '{"resourcePrefix": "%s", "resourceName": "a", "selectors": {"pciAddresses": ["%s"]}}'
    first = one % ("nvidia.com", "0000:1a:00.0")
    second = one % ("example.com", "0000:1b:00.0")
    check(plugin(f'{{"resourceList": [{first},\n{second}]}}'))


# -- selectors --------------------------------------------------------------------

NAME = '"resourceName": "a"'


@pytest.mark.parametrize("selectors", ["5", '"x"', "[]", "[5]", "[[]]", "true"])
def test_selectors_of_no_use(selectors):
    text = resource(NAME, selectors)
    assert [one.code for one in said(text)] == ["NK430"]


@pytest.mark.parametrize("selectors", ["", "null", "[null]", '[{"drivers": []}, null]'])
def test_selectors_on_which_the_plugin_exits(selectors):
    assert "the device plugin exits" in message(resource(NAME, selectors), "NK430")


@pytest.mark.parametrize(
    "key", ["pciAddresses", "vendors", "devices", "drivers", "pfNames", "auxTypes"]
)
@pytest.mark.parametrize(
    "value", ["5", '""', "{}", "[5]", '[["sf"]]', "[null]", "false"]
)
def test_selector_key_takes_a_list_of_texts(key, value):
    text = resource(NAME, f'{{"{key}": »{value}}}')
    found = [(one.code, one.message) for one in said(text) if one.code == "NK430"]
    assert found == [("NK430", f"resource a is dropped: {key} must be a list of texts")]


@pytest.mark.parametrize("types", ["5", "[5]", '[["sf"]]', '{"sf": 1}'])
def test_auxiliary_types_of_another_type(types):
    fields = f'{NAME}, "deviceType": "auxNetDevice"'
    check(resource(fields, f'{{"auxTypes": »{types}}}'), "NK430")


@pytest.mark.parametrize("selector", ["{}", '{"auxTypes": []}', '{"auxTypes": ["vf"]}'])
def test_auxiliary_device_needs_its_type(selector):
    fields = f'{NAME}, "deviceType": "auxNetDevice"'
    assert 'needs auxTypes ["sf"]' in message(resource(fields, selector), "NK430")


@pytest.mark.parametrize("value", ["1", '"true"', "[]", "{}"])
def test_rdma_is_true_or_false(value):
    selector = f'{{"isRdma": »{value}, "pciAddresses": ["0000:1a:00.0"]}}'
    check(resource(NAME, selector), "NK430")


def test_unknown_device_type():
    check(resource(f'{NAME}, "deviceType": »"netdevice"'), "NK430")


@pytest.mark.parametrize(
    "selector", ["{}", '{"vendors": ["15b3"]}', '{"pfName": ["a"]}']
)
def test_selector_that_takes_every_nic(selector):
    check(resource(NAME, f"»{selector}"), "NK446")


@pytest.mark.parametrize("key", ["pfNames", "rootDevices"])
def test_selector_that_takes_no_physical_function(key):
    check(resource(NAME, f'{{"{key}": »["enp26s0f0np0"]}}'), "NK447")


@pytest.mark.parametrize("address", ["0000:1A:00.0", "1a:00.0", "nonsense"])
def test_address_as_the_plugin_never_sees_it(address):
    check(resource(NAME, f'{{"pciAddresses": [»"{address}"]}}'), "NK449")


# -- the admission controller -----------------------------------------------------


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "rail-1",
            "has a hyphen, which the operator's admission controller refuses; rail_1",
        ),
        (
            "rail_",
            "has a _ at an end, which the operator's admission controller refuses; rail",
        ),
        (
            "_",
            "has a _ at an end, which the operator's admission controller refuses; rail_1",
        ),
        ("-a-", "has a hyphen, which the operator's admission controller refuses; a"),
    ],
)
def test_name_that_the_admission_controller_refuses(name, words):
    text = resource(f'"resourceName": »"{name}"')

    check(text, "NK428")
    assert message(text, "NK428") == f"resourceName {name} {words} passes everywhere"


def test_keys_that_the_admission_controller_does_not_know():
    text = resource(NAME, '{"pciAddresses": ["0000:1a:00.0"], »"acpiIndexes": ["1"]}')
    check(text, "NK428", admission_controller=True)


# -- the shared device plugin -----------------------------------------------------


@pytest.mark.parametrize(
    "config",
    ["[1]", "5", "null", '"x"', "{}", '{"configList": 5}', '{"configList": []}'],
)
def test_shared_plugin_without_resources(config):
    text = plugin(config, "rdmaSharedDevicePlugin").replace(": |", ": »|")

    check(text, "NK430")
    assert message(text, "NK430").endswith("has no configList with a resource")


@pytest.mark.parametrize("item", ["5", "null", "[]"])
def test_shared_resource_that_is_no_object(item):
    check(plugin(f'{{"configList": [»{item}]}}', "rdmaSharedDevicePlugin"), "NK430")


@pytest.mark.parametrize("name", ["5", "null", '""', '"a b"', "[]"])
def test_shared_resource_with_a_name_that_is_none(name):
    config = f'{{"ConfigList": [{{"resourceName": {name}}}]}}'
    text = plugin(config, "rdmaSharedDevicePlugin")
    assert len(messages(text, "NK430")) == 1


# -- the operator's templates -----------------------------------------------------

QUOTED = '{"%s": [{"resourceName": "a\'b"}]}'


@pytest.mark.parametrize("section", ["rdmaSharedDevicePlugin", "sriovDevicePlugin"])
def test_quote_ends_those_of_the_template(section):
    key = "configList" if section[0] == "r" else "resourceList"
    found = message(plugin(QUOTED % key, section), "NK464")
    assert (
        found == f"a ' in {section}.config ends the quotes of the operator's template"
    )


def multus(config: str) -> str:
    return (
        f"{POLICY}  secondaryNetwork:\n    multus:\n      image: a\n"
        f"      repository: nvcr.io/nvidia/mellanox\n      version: v1\n"
        f"      config: {config}\n"
    )


@pytest.mark.parametrize("config", ['""', "'{}'", '\'{"logLevel": "debug"}\''])
def test_configuration_of_multus(config):
    check(multus(config))


def test_configuration_of_multus_that_is_no_json():
    text = multus('\'{"logLevel": "debug"»,}\'')

    check(text, "NK440")
    assert message(text, "NK440") == (
        "spec.secondaryNetwork.multus.config is no JSON: a comma before }; Multus then"
        " starts on no node"
    )


def test_configuration_of_multus_that_is_no_object():
    check(multus("»'[]'"), "NK440")


def test_quote_in_the_configuration_of_multus():
    check(multus('"{\\"a\\": \\"»\'\\"}"'), "NK464")


# -- images -----------------------------------------------------------------------


def test_every_component_needs_an_image():
    text = POLICY + "  spectrumXOperator:\n    %s\n    xPlane: »{image: a}\n"
    text %= IMAGE.replace(", ", "\n    ")
    found = [one.message for one in said(text)]

    check(text.replace("»", "»»"), "NK429", "NK429")
    assert found[0] == (
        "spectrumXOperator.xPlane has no repository, and spec.global has none either"
    )


def test_node_policy_has_no_global():
    text = (
        NODE_POLICY + "  ofedDriver: {image: a, repository: nvcr.io/nvidia/mellanox}\n"
    )
    assert message(text, "NK429") == (
        "ofedDriver has no version, and a NicNodePolicy has no spec.global to take it"
        " from"
    )


def test_global_serves_all_components():
    text = POLICY + "  global: {repository: nvcr.io/nvidia/mellanox, version: v1}\n"
    check(text + "  nvIpam: {image: a}\n")


@pytest.mark.parametrize(
    ("image", "bare"),
    [
        ("nvcr.io/nvidia/mellanox/nvidia-k8s-ipam:v1", "nvidia-k8s-ipam"),
        ("nvidia-k8s-ipam:v1", "nvidia-k8s-ipam"),
        ("a/b@sha256:00", "b"),
        ("localhost:5000/b", "b"),
    ],
)
def test_image_that_is_a_whole_reference(image, bare):
    text = POLICY + f"  nvIpam: {{{IMAGE.replace('image: a', f'image: »{image}')}}}\n"

    check(text, "NK429")
    assert message(text, "NK429").endswith(f"so write {bare}")


@pytest.mark.parametrize("image", ["a", "a/b", "nvcr.io/nvidia/a", "a__b", "a-b.c"])
def test_image_within_a_repository(image):
    check(POLICY + f"  nvIpam: {{{IMAGE.replace('image: a', f'image: {image}')}}}\n")


@pytest.mark.parametrize("repository", ["NVCR/Mellanox", "a//b", "a/-b"])
def test_repository_that_is_none(repository):
    text = POLICY + f"  nvIpam: {{image: a, repository: »{repository}, version: v1}}\n"
    check(text, "NK429")


def test_merge_patch_may_leave_out_what_the_cluster_has():
    text = POLICY + "  sriovDevicePlugin: {image: a}\n"
    check(text, path="patches/a.yaml")


def test_plugin_without_a_configuration():
    check(POLICY + f"  sriovDevicePlugin: »{{{IMAGE}}}\n", "NK433")


# -- policies side by side --------------------------------------------------------

DRIVER = f"  ofedDriver: {{{IMAGE}}}\n"
MARKED = f"  ofedDriver: »{{{IMAGE}}}\n"


def test_section_in_both():
    check(f"{POLICY}{DRIVER}---\n{NODE_POLICY}{MARKED}", "NK431")


def test_policy_that_is_ignored_conflicts_with_none():
    text = POLICY.replace("nic-cluster-policy", "»other")
    check(f"{text}{DRIVER}---\n{NODE_POLICY}{DRIVER}", "NK462")


def two(one: str, other: str, *objects: str) -> str:
    first = f"{NODE_POLICY}  nodeSelector: {one}\n"
    second = f"{NODE_POLICY}  nodeSelector: {other}\n".replace("model-a", "model-b")
    return "---\n".join([first, second, *objects])


def node(labels: str) -> str:
    return f"apiVersion: v1\nkind: Node\nmetadata: {{name: gpu-01, labels: {labels}}}\n"


@pytest.mark.parametrize(
    ("one", "other"),
    [("{}", "{a: b}"), ("{a: b}", "{a: b}"), ("{a: b}", "{a: b, c: d}")],
)
def test_node_policies_with_a_common_node(one, other):
    check(two(one, f"»{other}"), "NK431")


def test_node_policies_of_different_labels():
    check(two("{a: b}", "{a: c}"))


def test_labels_of_nodes_decide():
    check(two("{a: b}", "»{c: d}", node("{a: b, c: d}")), "NK431")
    check(two("{a: b}", "{a: b, c: d}", node("{a: b}")))


@pytest.mark.parametrize("labels", ["[a]", "5", "text", "{a: [b]}", "null", "{a: {}}"])
def test_labels_of_another_type_select_no_node(labels):
    check(two("{a: b}", "{a: b}", node(labels)))


# -- objects that are there twice -------------------------------------------------


def test_cluster_scoped_object_has_no_namespace():
    text = POLICY.replace("policy}", "policy, namespace: a}") + DRIVER
    codes = [o.code for o in said_of({"a.yaml": POLICY + DRIVER, "b.yaml": text})]
    assert codes == ["NK410", "NK414"]


def test_namespaced_object_has():
    one = "apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: %s}\n"
    assert said(f"{one % 'x'}---\n{one % 'y'}") == []


@pytest.mark.parametrize(
    "order",
    [
        ("a.yaml", "patches/a.yaml", "patches/b.yaml"),
        ("patches/a.yaml", "patches/b.yaml", "z.yaml"),
    ],
)
def test_patches_are_compared_with_patches(order):
    found = said_of(dict.fromkeys(order, POLICY + DRIVER))
    assert len([one for one in found if one.code == "NK410"]) == 1


# -- kinds ------------------------------------------------------------------------


def bare(api_version: str, kind: str) -> str:
    return f"apiVersion: »{api_version}\nkind: {kind}\nmetadata: {{name: a}}\n"


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [
        ("mellanox.com/v1alpha1", "CIDRPool"),
        ("nv-ipam.nvidia.com", "CIDRPool"),
        ("mellanox.com/v1alpha1", "IPPool"),
        ("nv-ipam.nvidia.com/v1alpha1", "HostDeviceNetwork"),
        ("nvidia.com/v1", "NicClusterPolicy"),
        ("mellanox.com/v1", "NicNodePolicy"),
        ("mellanox.com/v1alpha1", "NetworkAttachmentDefinition"),
        ("trainer.kubeflow.org/v1alpha1", "PyTorchJob"),
        ("batch/v1", "PyTorchJob"),
        ("kubeflow.org/v2beta2", "MPIJob"),
    ],
)
def test_api_version_without_the_kind(api_version, kind):
    check(bare(api_version, kind), "NK413")


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [
        ("kubeflow.org/v1", "MPIJob"),
        ("crd.projectcalico.org/v1", "IPPool"),
        ("training.kubedl.io/v1alpha1", "PyTorchJob"),
        ("batch.volcano.sh/v1alpha1", "Job"),
        ("example.com/v1", "TrainJob"),
        ("example.com/v1", "Deployment"),
    ],
)
def test_kind_of_others_is_not_judged(api_version, kind):
    check(bare(api_version, kind).replace("»", ""))


# -- releases ---------------------------------------------------------------------


@pytest.mark.parametrize("value", ["5", "[]", "text", "true"])
def test_field_of_a_later_release_may_have_any_type(value):
    text = POLICY + f"  »global: {value}\n  nvIpam: {{{IMAGE}}}\n"
    check(text, "NK405", operator_release="26.1")


def test_kind_of_a_later_release_may_have_fields_of_any_type():
    text = NODE_POLICY.replace("kind: ", "kind: »") + "  ofedDriver: 5\n"
    check(text, "NK405", operator_release="26.1")


def test_severity_of_a_note_is_the_admission_controller_s():
    text = POLICY + f"  ofedDriver: {{{IMAGE}, upgradePolicy: {{safeLoad: true}}}}\n"
    (note,) = said(text)
    (error,) = said(text, admission_controller=True)

    assert (note.code, note.severity) == ("NK428", Severity.INFO)
    assert (error.code, error.severity) == ("NK428", Severity.ERROR)


# -- other rules ------------------------------------------------------------------


@pytest.mark.parametrize("value", ["true", "false"])
def test_webhook_that_serves_nothing(value):
    text = POLICY + f"  nvIpam: {{{IMAGE}, enableWebhook: »{value}}}\n"
    if value == "false":
        check(text.replace("»", ""))
    else:
        check(text, "NK463")


NETWORK = """\
---
apiVersion: mellanox.com/v1alpha1
kind: HostDeviceNetwork
metadata: {name: rail-1}
spec: {networkNamespace: default, resourceName: rail_1, ipam: '{"type": "nv-ipam"}'}
"""


def test_prefix_that_a_definition_asks_for():
    definition = (
        "---\napiVersion: k8s.cni.cncf.io/v1\nkind: NetworkAttachmentDefinition\n"
        "metadata:\n  name: rail-1\n"
        "  annotations: {k8s.v1.cni.cncf.io/resourceName: intel.com/rail_1}\n"
        'spec: {config: \'{"type": "host-device", "ipam": {"type": "nv-ipam"}}\'}\n'
    )
    text = plugin(CONFIG.replace('"resourcePrefix": "nvidia.com", ', "")) + definition
    check(text)


@pytest.mark.parametrize(
    ("networks", "words"), [("", "a HostDeviceNetwork"), (True, "a network")]
)
def test_resource_without_a_prefix(networks, words):
    text = plugin(CONFIG.replace('"resourcePrefix": "nvidia.com", ', ""))
    found = message(text + (NETWORK if networks else ""), "NK448")
    assert found == (
        "resource rail_1 has no prefix: intel.com is put, and"
        f' {words} asks for nvidia.com/rail_1; write "resourcePrefix": "nvidia.com"'
    )


# -- a device plugin without the operator -----------------------------------------


def config_map(config: str = CONFIG, key: str = "config.json") -> str:
    lines = "".join(f"    {line}\n" for line in config.split("\n"))
    return (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n"
        "  name: sriovdp-config\n  namespace: kube-system\n"
        f"data:\n  {key}: |\n{lines}"
    )


WITHOUT_PREFIX = CONFIG.replace('"resourcePrefix": "nvidia.com", ', "")


def test_config_map_of_a_device_plugin_is_judged():
    check(config_map())
    check(config_map(CONFIG.replace('"rail_1"', '»"rail.1"')), "NK430")


@pytest.mark.parametrize(
    "text",
    [
        config_map(key="other.json"),
        config_map('{"configList": []}'),
        config_map().replace("ConfigMap", "Secret"),
        config_map().partition("data:")[0] + "data: {config.json: [5]}\n",
        config_map().partition("data:")[0] + "data: resourceList\n",
    ],
)
def test_other_config_map_is_none_of_ours(text):
    assert said(text) == []


@pytest.mark.parametrize("files", [{"config.json": CONFIG}, {"map.yaml": config_map()}])
def test_networks_are_compared_with_a_configuration_beside_them(files):
    network = NETWORK.removeprefix("---\n")
    other = network.replace("rail_1", "rail_2")
    found = {
        name: [
            o.message for o in said_of({**files, "a.yaml": text}) if o.code == "NK444"
        ]
        for name, text in (("same", network), ("other", other))
    }
    words = "no device plugin offers nvidia.com/rail_2; nvidia.com/rail_1 is meant"
    assert found == {"same": [], "other": [words]}


@pytest.mark.parametrize(
    "files", [{"config.json": WITHOUT_PREFIX}, {"map.yaml": config_map(WITHOUT_PREFIX)}]
)
def test_prefix_may_be_an_option_of_a_plugin_without_the_operator(files):
    assert said_of(files) == []
    found = said_of({**files, "a.yaml": NETWORK.removeprefix("---\n")})
    (only,) = [one for one in found if one.severity is not Severity.INFO]

    assert (only.code, only.severity) == ("NK448", Severity.WARNING)
    assert "unless the plugin runs with --resource-prefix" in only.message


def test_config_map_is_not_the_admission_controller_s():
    text = config_map(CONFIG.replace("rail_1", "rail-1"))
    check(text, admission_controller=True)


def test_config_map_that_is_there_twice():
    found = said_of({"a.yaml": config_map(), "b.yaml": config_map()})
    assert [one.code for one in found] == ["NK410"]


def test_prefix_that_no_network_asks_for():
    text = plugin(CONFIG.replace('"nvidia.com"', '»"example.com"')) + NETWORK
    assert "NK448" in [one.code for one in said(text)]
    assert "NK448" not in [one.code for one in said(text.replace("rail_1,", "rail_2,"))]


@pytest.mark.parametrize("text", ["<NODE>", "{{ .Values.x }}", "${NAME}", "TODO_name"])
def test_placeholder_that_is_not_filled_in(text):
    image = IMAGE.replace("v1", f'"»{text}"')
    check(f"{POLICY}  nvIpam: {{{image}}}\n", "NK025")
