"""HostDeviceNetworks and attachment definitions in lint: texts, names, references."""

from __future__ import annotations

import pytest

from netplan2k8s.findings import Severity
from tests.linted import check, message, messages, said, said_of

IPAM = '{"type": "nv-ipam", "poolName": "rail-1", "poolType": "cidrpool"}'
HEAD = """\
apiVersion: mellanox.com/v1alpha1
kind: HostDeviceNetwork
metadata: {name: rail-1}
spec:
"""
NETWORK = f"""\
{HEAD}  networkNamespace: default
  resourceName: rail_1
  ipam: '{IPAM}'
"""
DEFINITION = f"""\
apiVersion: k8s.cni.cncf.io/v1
kind: NetworkAttachmentDefinition
metadata:
  name: rail-1
  annotations: {{k8s.v1.cni.cncf.io/resourceName: nvidia.com/rail_1}}
spec:
  config: '{{"cniVersion": "0.3.1", "type": "host-device", "ipam": {IPAM}}}'
"""
POOL = """\
---
apiVersion: nv-ipam.nvidia.com/v1alpha1
kind: CIDRPool
metadata: {name: rail-1, namespace: nvidia-network-operator}
spec:
  cidr: 172.16.0.0/15
  gatewayIndex: 0
  perNodeNetworkPrefix: 31
  perNodeExclusions: [{startIndex: 1, endIndex: 1}]
"""
IP_POOL = """\
---
apiVersion: nv-ipam.nvidia.com/v1alpha1
kind: IPPool
metadata: {name: flat, namespace: nvidia-network-operator}
spec: {subnet: 10.0.0.0/16, perNodeBlockSize: 4, gateway: 10.0.0.1}
"""
POLICY = """\
---
apiVersion: mellanox.com/v1alpha1
kind: NicClusterPolicy
metadata: {name: nic-cluster-policy}
spec:
  sriovDevicePlugin:
    image: sriov-network-device-plugin
    repository: nvcr.io/nvidia/mellanox
    version: network-operator-v26.7.0
    config: |
      {"resourceList": [
        {"resourcePrefix": "nvidia.com", "resourceName": "rail_1",
         "selectors": {"pciAddresses": ["0000:1a:00.0"]}}
      ]}
"""


@pytest.mark.parametrize("network", [NETWORK, DEFINITION])
def test_network_with_its_pool_and_its_resource_is_fine(network):
    assert said(network + POOL + POLICY) == []


# -- names of resources -----------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["mellanox.com/rail_1", "rail 1", "-rail", "rail_", '""', "nvidia.com/"]
)
def test_name_that_no_resource_has(name):
    check(NETWORK.replace("rail_1", f"»{name}"), "NK427")


def test_resource_name_at_its_limit():
    assert messages(NETWORK.replace("rail_1", "r" * 63), "NK427") == []


def test_resource_name_over_its_limit():
    text = NETWORK.replace("rail_1", f"»nvidia.com/{'r' * 64}")

    check(text, "NK427")
    assert "64 characters; a resource has at most 63" in message(text, "NK427")


@pytest.mark.parametrize(
    ("is_on", "severity"), [(True, Severity.ERROR), (False, Severity.INFO)]
)
def test_prefix_in_the_name_matters_with_the_admission_controller(is_on, severity):
    text = NETWORK.replace("rail_1", "nvidia.com/rail_1") + POOL + POLICY
    (only,) = said(text, admission_controller=is_on)

    assert (only.code, only.severity) == ("NK428", severity)


# -- texts ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ipam",
    ["'[]'", "'5'", "'null'", "'\"\"'", "\"{'a': 1}\""],
)
def test_ipam_that_is_no_json_object(ipam):
    text = NETWORK.replace(f"'{IPAM}'", ipam)
    assert "NK440" in [one.code for one in said(text)]


def test_place_of_a_comma_too_many_is_the_comma():
    text = NETWORK.replace(f"'{IPAM}'", '\'{"type": "nv-ipam"», }\'')
    check(text, "NK440")


@pytest.mark.parametrize(
    "config",
    [
        '{"plugins": 5}',
        '{"plugins": []}',
        '{"plugins": [null]}',
        '{"ipam": [], "type": []}',
    ],
)
def test_definition_that_is_no_rail_is_nobody_s_business(config):
    text = DEFINITION.partition("  config:")[0] + f"  config: '{config}'\n"
    check(text)


def test_broken_definition_is_said_with_what_it_costs():
    text = DEFINITION.partition("  config:")[0] + "  config: '{»x}'\n"

    check(text, "NK440")
    assert "Multus then fails every pod that asks for rail-1" in message(text, "NK440")


CHAINED = NETWORK + "  metaPlugins: '%s'\n"
RELEASE = {"operator_release": "main"}


@pytest.mark.parametrize(
    "plugins",
    [
        '{"type": "sbr"',
        '{"type": "sbr"}»,',
        '{"type": "sbr"} »{"type": "rdma"}',
        "»sbr",
        '»[{"type": "sbr"}]',
        '{"type": "sbr"}, »[{"type": "rdma"}]',
        '{"type": "sbr"}, »null',
    ],
)
def test_plugins_behind_host_device_are_json_objects(plugins):
    text = (
        CHAINED % plugins if "»" in plugins else CHAINED.replace("%s'", f"{plugins}»'")
    )
    check(text, "NK440", **RELEASE)


def test_broken_plugins_leave_the_ipam_as_it_is():
    text = CHAINED % '{"type": "sbr"},' + POOL + POLICY

    assert [one.code for one in said(text, **RELEASE)] == ["NK440"]


@pytest.mark.parametrize(
    "plugins", ["", '{"type": "sbr"}', '{"type": "a"}, {"type": "b"}']
)
def test_plugins_behind_host_device(plugins):
    assert said(CHAINED % plugins + POOL + POLICY, **RELEASE) == []


def test_plugin_of_a_definition_is_an_object():
    chain = f'{{"plugins": [{{"type": "host-device", "ipam": {IPAM}}}, »[]]}}'
    text = DEFINITION.partition("  config:")[0] + f"  config: '{chain}'\n"
    check(text + POOL + POLICY, "NK440")


def test_quote_in_a_text_ends_the_template_s():
    text = NETWORK.replace(
        f"'{IPAM}'", '"{\\"type\\": \\"nv-ipam\\", \\"x\\": \\"»\'\\"}"'
    )
    check(text, "NK464")


@pytest.mark.parametrize("name", ['"1"', '"on"', '"1e3"'])
def test_name_that_yaml_reads_as_no_text(name):
    text = NETWORK.replace("{name: rail-1}", f"{{name: {name}}}")
    assert [o.code for o in said(text) if o.severity is Severity.ERROR] == ["NK464"]


def test_place_of_a_missing_namespace_is_the_key_of_the_spec():
    text = NETWORK.replace("  networkNamespace: default\n", "").replace(
        "spec:", "»spec:"
    )
    check(text, "NK464")


def test_namespace_of_a_kind_without_namespaces():
    check(NETWORK.replace("rail-1}", "rail-1, namespace: »x}", 1), "NK414")


# -- pools ------------------------------------------------------------------------


def test_pool_that_is_not_there_has_a_near_name():
    text = NETWORK.replace('"poolName": "rail-1"', '"poolName": »"rail-11"') + POOL

    check(text, "NK441")
    assert message(text, "NK441") == "there is no CIDRPool rail-11; rail-1 is meant"


@pytest.mark.parametrize("names", ["a,b,c", "rail-1,", ","])
def test_one_pool_or_two(names):
    check(
        NETWORK.replace('"poolName": "rail-1"', f'"poolName": »"{names}"') + POOL,
        "NK441",
    )


@pytest.mark.parametrize("kind", ['"other"', "5", "[]", "{}"])
def test_pool_type_that_is_none(kind):
    text = NETWORK.replace('"poolType": "cidrpool"', f'"poolType": »{kind}') + POOL
    if kind not in ("[]", "{}"):  # an empty value is none
        check(text, "NK442")
    else:
        assert [one.code for one in said(text + POLICY)] == ["NK442"]


def test_pool_type_has_no_case():
    assert said(NETWORK.replace("cidrpool", "CIDRPool") + POOL + POLICY) == []


def test_missing_pool_type_means_ip_pools():
    text = NETWORK.replace(', "poolType": "cidrpool"', "").replace("'{", "'»{") + POOL

    check(text, "NK442")
    assert "poolType is missing, which means ippool" in message(text, "NK442")


def test_ip_pool_with_the_other_type():
    text = NETWORK.replace('"rail-1", "poolType": ', '"flat", "poolType": »')
    check(text + IP_POOL, "NK442")


@pytest.mark.parametrize(
    ("name", "found"), [("rail-1", []), ("other", ["NK441"]), ("", ["NK441"])]
)
def test_pool_without_a_name_is_called_as_the_cni_configuration(name, found):
    config = DEFINITION.replace('"poolName": "rail-1", ', "").replace(
        "name: rail-1", "name: x"
    )
    config = config.replace('"cniVersion"', f'"name": "{name}", "cniVersion"')
    assert [one.code for one in said(config + POOL + POLICY)] == found


@pytest.mark.parametrize(
    ("kind", "pools", "words"),
    [
        ("cidrpool", IP_POOL, "no CIDRPool is among these manifests"),
        (
            "ippool",
            POOL.replace("rail-1", "rail-9"),
            "no IPPool is among these manifests",
        ),
        ("cidrpool", "", "no pool is among these manifests"),
    ],
)
def test_pool_of_a_kind_that_is_not_there_goes_unchecked(kind, pools, words):
    (only,) = said(NETWORK.replace("cidrpool", kind) + pools + POLICY)

    assert (only.code, only.severity) == ("NK441", Severity.INFO)
    assert only.message == f"{words}, so those of rail-1 go unchecked"


@pytest.mark.parametrize("space", ["kube-system", None])
def test_ip_pool_where_nobody_looks(space):
    where = f", namespace: »{space}" if space else ""
    text = IP_POOL.replace(", namespace: nvidia-network-operator", where)
    text = text if space else text.replace("{name", "»{name")
    check(
        NETWORK.replace('rail-1", "poolType": "cidr', 'flat", "poolType": "ip') + text,
        "NK443",
    )


@pytest.mark.parametrize("pool_name", ["5", "[]", '["rail-1"]', "{}", "null", "true"])
def test_pool_name_of_any_type_ends_in_findings(pool_name):
    text = NETWORK.replace('"poolName": "rail-1"', f'"poolName": {pool_name}')
    assert all(one.code == "NK441" for one in said(text + POOL + POLICY))


def test_network_without_ipam():
    check(NETWORK.replace(f"'{IPAM}'", "»'{}'") + POOL + POLICY, "NK459")


@pytest.mark.parametrize(
    ("pools", "severity"), [(POOL, Severity.ERROR), ("", Severity.WARNING)]
)
def test_foreign_ipam_matters_beside_rails_with_routes(pools, severity):
    text = NETWORK.replace(IPAM, '{"type": "whereabouts"}') + pools + POLICY
    assert [(o.code, o.severity) for o in said(text)] == [("NK459", severity)]


@pytest.mark.parametrize(
    ("kind", "words", "severity"),
    [
        ("whereabouts", "deals out one range over all nodes", Severity.ERROR),
        ("host-local", "deals out the same addresses on every node", Severity.ERROR),
        ("static", "gives the pods of all nodes the same addresses", Severity.ERROR),
        ("dhcp", "waits for a DHCP server or relay on each host's", Severity.WARNING),
        ("other", "is not nv-ipam, and may not follow", Severity.WARNING),
    ],
)
def test_foreign_ipam_is_told_what_is_true_of_it(kind, words, severity):
    (only,) = said(NETWORK.replace(IPAM, f'{{"type": "{kind}"}}') + POOL + POLICY)

    assert only.message.startswith(f"IPAM {kind} {words}")
    assert only.severity is severity


# -- resources --------------------------------------------------------------------


def test_resource_that_nobody_offers():
    text = NETWORK.replace("rail_1", "»rail_2") + POOL + POLICY

    check(text, "NK444")
    assert message(text, "NK444") == (
        "no device plugin offers nvidia.com/rail_2; nvidia.com/rail_1 is meant"
    )


@pytest.mark.parametrize(
    "config", ["[", "{}", '{"resourceList": []}', '{"resourceList": [5]}']
)
def test_resource_is_not_looked_up_where_a_configuration_cannot_be_read(config):
    text = POLICY.partition("    config:")[0] + f"    config: '{config}'\n"
    assert [one.code for one in said(NETWORK + POOL + text)] == ["NK430"]


def test_resource_is_not_looked_up_where_a_policy_cannot_be_read():
    text = POLICY.replace("image: sriov-network-device-plugin", "image: []")
    assert [one.code for one in said(NETWORK + POOL + text)] == ["NK411"]


def test_definition_without_the_resource_annotation():
    text = DEFINITION.replace("k8s.v1.cni.cncf.io/resourceName", "example.com/a")
    text = text.replace("  name", "  »name", 1)
    check(text + POOL + POLICY, "NK444")


def test_what_is_not_among_the_manifests_is_one_note():
    second = NETWORK.replace("rail-1", "rail-2").replace("rail_1", "rail_2")
    found = said(f"{NETWORK}---\n{second}")

    assert [(one.code, one.severity) for one in found] == [
        ("NK444", Severity.INFO),
        ("NK441", Severity.INFO),
    ]
    assert "those of rail-1..2 go unchecked" in found[1].message


def test_network_that_is_there_twice_is_named_once():
    found = said_of({"a.yaml": NETWORK, "b.yaml": NETWORK})
    notes = [one.message for one in found if one.severity is Severity.INFO]

    assert len(notes) == 2
    assert all(note.count("rail-1") == 1 for note in notes)
