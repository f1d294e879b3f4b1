"""The modules of the simulation by themselves: device plugin, routes, selectors, operator."""

from __future__ import annotations

import pytest

from netplan2k8s.addressing import parse_prefix
from netplan2k8s.proof.routes import Lost, Table, lost
from netplan2k8s.simulate.device_plugin import Claim, Device, matches, offered
from netplan2k8s.simulate.operator import RenderError, attachment_definition
from netplan2k8s.simulate.selectors import Node, listed_names, selected

ONE, TWO = Device("0000:1a:00.0"), Device("0000:3c:00.0")


def claim(name, **selector):
    return Claim(name, [selector])


# -- device plugin --------------------------------------------------------------------


def test_first_resource_keeps_a_device():
    both = claim("a", vendors=["15b3"])
    own = claim("b", pciAddresses=[TWO.pci_address])

    assert offered([both, own], [ONE, TWO]) == {"a": [ONE, TWO]}
    assert offered([own, both], [ONE, TWO]) == {"b": [TWO], "a": [ONE]}


def test_selectors_of_a_list_are_a_union_in_their_order():
    two = Claim("a", [{"pciAddresses": [TWO.pci_address]}, {"vendors": ["15b3"]}])

    assert offered([two], [ONE, TWO]) == {"a": [TWO, ONE]}


@pytest.mark.parametrize(
    ("selector", "is_match"),
    [
        ({}, True),
        ({"pciAddresses": []}, True),
        ({"pfName": ["eth0"]}, True),
        ({"PCIADDRESSES": ["0000:1a:00.0"]}, True),
        ({"pciAddresses": ["0000:1A:00.0"]}, False),
        ({"pciAddresses": ["1a:00.0"]}, False),
        ({"vendors": ["15b3"], "pciAddresses": ["0000:3c:00.0"]}, False),
        ({"vendors": ["8086"]}, False),
        ({"pfNames": ["eth0"]}, False),
        ({"rootDevices": ["0000:1a:00.0"]}, False),
        ({"linkTypes": ["infiniband"]}, False),
        ({"linkTypes": ["ether"], "isRdma": True}, True),
    ],
)
def test_keys_are_anded_and_only_known_ones_filter(selector, is_match):
    assert matches(selector, ONE) is is_match


# -- node selectors -------------------------------------------------------------------


def term(*fields, **labels):
    return {
        "matchFields": [
            {"key": "metadata.name", "operator": operator, "values": [name]}
            for operator, name in fields
        ],
        "matchExpressions": [
            {"key": key, "operator": "In", "values": [value]}
            for key, value in labels.items()
        ],
    }


NODES = (Node("a", {"x": "1"}), Node("b", {"x": "2"}), Node("c"))


@pytest.mark.parametrize(
    ("terms", "names"),
    [
        ([term(("In", "a")), term(("In", "c"))], "ac"),
        ([term(("In", "a"), ("In", "b"))], ""),
        ([term(("NotIn", "a"))], "bc"),
        ([term(("In", "a"), x="2")], ""),
        ([term(x="2")], "b"),
        ([{}], ""),
        ([], ""),
    ],
)
def test_terms_are_ored_and_their_requirements_anded(terms, names):
    found = selected({"nodeSelectorTerms": terms}, NODES)

    assert "".join(node.name for node in found) == names


def test_only_names_one_by_one_are_a_list_of_names():
    def listed(*terms):
        return listed_names({"nodeSelectorTerms": list(terms)})

    assert listed(term(("In", "a")), term(("In", "b"))) == {"a", "b"}
    assert listed(term(("In", "a"), ("In", "b"))) is None
    assert listed(term(("NotIn", "a"))) is None
    assert listed(term(x="1")) is None
    assert listed_names(None) is None


# -- routes ---------------------------------------------------------------------------


def prefixes(*texts):
    return tuple(map(parse_prefix, texts))


OWN = (prefixes("10.0.0.0/15"), prefixes("10.2.0.0/15"))
ALL = prefixes("10.0.0.0/8")[0]


def test_same_routes_lose_nothing():
    assert list(lost(OWN, list(map(Table, OWN)))) == []


def test_route_that_is_left_out_is_lost():
    after = [Table(()), Table(OWN[1])]

    assert list(lost(OWN, after)) == [Lost(0, OWN[0][0], is_new=False)]


def test_route_that_is_added_is_new():
    after = [Table((*OWN[0], ALL)), Table(OWN[1])]

    assert list(lost(OWN, after)) == [Lost(0, ALL, is_new=True)]


def test_wider_route_of_the_same_rail_alone_is_as_good():
    before = (prefixes("10.0.0.0/24", "10.0.0.0/15"), OWN[1])

    assert list(lost(before, list(map(Table, OWN)))) == []


def test_wider_route_that_all_rails_share_is_not():
    before = tuple((*own, ALL) for own in OWN)
    after = [Table((ALL,)), Table(before[1])]

    assert list(lost(before, after)) == [Lost(0, OWN[0][0], is_new=False)]


def test_with_a_table_of_its_own_a_shared_route_is_enough():
    before = tuple((*own, ALL) for own in OWN)
    after = [Table((ALL,), is_own=True), Table((ALL,), is_own=True)]

    assert list(lost(before, after)) == []


# -- the operator ---------------------------------------------------------------------


def network(name="rail-1", **spec):
    ipam = '{"type": "nv-ipam", "poolName": "rail-1", "poolType": "cidrpool"}'
    told = {"networkNamespace": "default", "resourceName": "rail_1", "ipam": ipam}
    return {"metadata": {"name": name}, "spec": told | spec}


def test_resource_gets_its_prefix_once():
    for name in ("rail_1", "nvidia.com/rail_1"):
        made = attachment_definition(network(resourceName=name))
        (value,) = made["metadata"]["annotations"].values()
        assert value == "nvidia.com/rail_1"


def test_line_breaks_in_the_ipam_are_harmless():
    made = attachment_definition(network(ipam='{"type":\n\n  "nv-ipam"}'))

    assert '"nv-ipam"' in made["spec"]["config"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"ipam": "{'type': 'nv-ipam'}"}, "ends the quotes"),
        ({"name": "on"}, "no text to YAML"),
        ({"name": "1"}, "no text to YAML"),
        ({"networkNamespace": ""}, "namespace is empty"),
    ],
)
def test_what_the_template_cannot_hold_is_not_rendered(change, why):
    with pytest.raises(RenderError, match=why):
        attachment_definition(network(**change))
