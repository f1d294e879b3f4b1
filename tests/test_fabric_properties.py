"""What holds for every fabric: from Netplan text to manifests and back, in integers."""

from __future__ import annotations

import json
from ipaddress import ip_address, ip_network
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from netplan2k8s import workflow
from netplan2k8s.addressing import (
    InterfaceAddress,
    Prefix,
    parse_address,
    parse_interface,
    peer,
)
from netplan2k8s.emitters import cidr_pool, networks, nic_cluster_policy
from netplan2k8s.fabric import as_json
from netplan2k8s.fabric.candidates import Candidate
from netplan2k8s.rules import overlapping_prefix
from netplan2k8s.settings import KINDS, OPERATOR_RELEASES, Settings
from tests import fabrics


def convert(directory: Path, **options) -> workflow.Conversion:
    return workflow.convert([str(directory)], Settings(**options), directory=None)


def manifests(made: workflow.Conversion) -> list[dict]:
    assert made.files, [str(finding) for finding in made.findings]
    return [yaml.safe_load(text) for _, text in sorted(made.files.items())]


def pools(made: workflow.Conversion) -> dict[int, dict]:
    bodies = [body for body in manifests(made) if body["kind"] == "CIDRPool"]
    return {
        int(body["metadata"]["name"].removeprefix("rail-")): body for body in bodies
    }


@given(fabrics.fabrics(), st.sampled_from(OPERATOR_RELEASES))
def test_text_to_manifests_and_back(fabric, release):
    """Prefix, gateway and the one address left are the hosts' own, link by link."""
    with TemporaryDirectory() as directory:
        fabrics.write(fabric, Path(directory))
        found = pools(convert(Path(directory), operator_release=release))
    assert sorted(found) == list(range(1, fabric.rails + 1))
    for rail, body in found.items():
        assert body["spec"]["cidr"] == fabric.cidr(rail)
        entries = body["spec"]["staticAllocations"]
        assert [e["nodeName"] for e in entries] == [
            fabrics.node(h) for h in range(fabric.hosts)
        ]
        for host, entry in enumerate(entries):
            nic, leaf = fabric.links[host, rail]
            prefix = ip_network(entry["prefix"])
            assert int(ip_address(entry["gateway"])) == leaf
            assert ip_address(entry["gateway"]) in prefix
            assert str(prefix) == entry["prefix"] == fabric.block(host, rail)
            left = {int(a) for a in prefix} - {leaf} if fabric.size == 2 else {nic}
            assert left == {nic}


@given(fabrics.fabrics())
def test_no_address_is_allocated_twice(fabric):
    with TemporaryDirectory() as directory:
        fabrics.write(fabric, Path(directory))
        found = pools(convert(Path(directory)))
    prefixes = [
        ip_network(entry["prefix"])
        for body in found.values()
        for entry in body["spec"]["staticAllocations"]
    ]
    addresses = [int(address) for prefix in prefixes for address in prefix]
    assert (
        len(addresses)
        == len(set(addresses))
        == fabric.size * fabric.hosts * fabric.rails
    )
    gateways = {
        int(ip_address(entry["gateway"]))
        for body in found.values()
        for entry in body["spec"]["staticAllocations"]
    }
    assert not gateways & {nic for nic, _ in fabric.links.values()}


@given(fabrics.fabrics(lengths=(31,)), st.sampled_from(OPERATOR_RELEASES))
def test_unlisted_node_gets_nothing(fabric, release):
    """A pool fails closed: nv-ipam's rule for other nodes, written out here."""
    with TemporaryDirectory() as directory:
        fabrics.write(fabric, Path(directory))
        found = pools(convert(Path(directory), operator_release=release))
    for body in found.values():
        spec = body["spec"]
        listed = [entry["nodeName"] for entry in spec["staticAllocations"]]
        if "nodeSelector" in spec:
            terms = spec["nodeSelector"]["nodeSelectorTerms"]
            fields = [field for term in terms for field in term["matchFields"]]
            assert [f["key"] for f in fields] == ["metadata.name"] * len(listed)
            assert [f["operator"] for f in fields] == ["In"] * len(listed)
            assert [f["values"] for f in fields] == [[node] for node in listed]
            continue
        (hole,) = spec["perNodeExclusions"]
        left = {0, 1} - {spec["gatewayIndex"]}
        assert left - set(range(hole["startIndex"], hole["endIndex"] + 1)) == set()
        assert release != "25.10", "which has no perNodeExclusions"


@given(fabrics.fabrics(max_hosts=6), st.data())
def test_shuffled_input_gives_identical_bytes(fabric, data):
    rails = list(range(1, fabric.rails + 1))
    orders = [data.draw(st.permutations(rails)) for _ in range(fabric.hosts)]
    with TemporaryDirectory() as directory:
        fabrics.write(fabric, Path(directory) / "a")
        fabrics.write(fabric, Path(directory) / "b", orders)
        plain = convert(Path(directory) / "a").files
        files = sorted(map(str, (Path(directory) / "b").iterdir()))
        shuffled = workflow.convert(
            data.draw(st.permutations(files)), Settings(), directory=None
        )
    assert list(shuffled.files.items()) == list(plain.items())


@given(fabrics.fabrics(lengths=(31,)), st.data())
def test_injected_collision_is_found_and_both_places_named(fabric, data):
    assume(fabric.hosts >= 2)
    first, second = sorted(
        data.draw(
            st.lists(
                st.integers(0, fabric.hosts - 1), min_size=2, max_size=2, unique=True
            )
        )
    )
    rail = data.draw(st.integers(1, fabric.rails))
    broken = fabrics.Fabric(
        fabric.family,
        fabric.length,
        fabric.hosts,
        fabric.rails,
        fabric.links | {(second, rail): fabric.links[first, rail]},
    )
    with TemporaryDirectory() as directory:
        fabrics.write(broken, Path(directory))
        made = convert(Path(directory))
    assert not made.files
    found = [f for f in made.findings if f.rule.code == "NK301"]
    assert len(found) == 1
    places = {Path(span.path).stem for span in (found[0].span, *found[0].related)}
    assert places == {fabrics.node(first), fabrics.node(second)}
    assert fabric.address(fabric.links[first, rail][0]) in found[0].message
    line = 5 + 4 * (rail - 1)
    assert {span.line for span in (found[0].span, *found[0].related)} == {line}


@given(
    fabrics.fabrics(),
    st.sampled_from(OPERATOR_RELEASES),
    st.booleans(),
    st.sampled_from(["hostdevicenetwork", "nad"]),
)
def test_read_back_is_the_inverse_of_emit(fabric, release, admission, kind):
    options = {
        "operator_release": release,
        "admission_controller": admission,
        "network_kind": kind,
    }
    with TemporaryDirectory() as directory:
        fabrics.write(fabric, Path(directory))
        made = convert(Path(directory), **options)
    plan = made.plan
    bodies = manifests(made)
    read = [cidr_pool.read_back(b) for b in bodies if b["kind"] == "CIDRPool"]
    assert [facts.name for facts in read] == [rail.name for rail in plan.rails]
    for facts, rail in zip(read, plan.rails, strict=True):
        assert facts.cidr == rail.cidr
        assert facts.routes == rail.routes
        assert facts.node_prefix_length == rail.node_prefix_length
        assert facts.allocations == tuple(
            (a.node_name, a.prefix, a.gateway_address) for a in rail.attachments
        )
    kinds = ("HostDeviceNetwork", "NetworkAttachmentDefinition")
    nets = [networks.read_back(b) for b in bodies if b["kind"] in kinds]
    assert [(n.pool_name, n.pool_type) for n in nets] == [
        (r.name, "cidrpool") for r in plan.rails
    ]
    (policy,) = (b for b in bodies if b["kind"] == "NicClusterPolicy")
    resources = nic_cluster_policy.read_back(policy)
    assert resources == {
        n.resource: r.pci_addresses for n, r in zip(nets, plan.rails, strict=True)
    }


# -- the overlap rule alone -----------------------------------------------------


@st.composite
def candidates(draw):
    family = draw(st.sampled_from([4, 4, 6]))
    bits = 32 if family == 4 else 128
    length = bits - draw(st.integers(0, 5))
    value = draw(st.integers(0, 200)) + (10 << 24)
    index = draw(st.integers(0, 9))
    return Candidate(
        node_name=f"n{index}",
        interface="e",
        name="e",
        address=InterfaceAddress(family, value, length),
        gateway=None,
        destinations=(),
        mtu=None,
        pci_address=None,
        keys=(),
    )


def brute_force(one: Candidate, other: Candidate) -> bool:
    """Overlap by counting addresses, with plain integers."""

    def members(candidate):
        bits = 32 if candidate.address.family == 4 else 128
        size = 1 << (bits - candidate.address.length)
        start = candidate.address.value // size * size
        return {(candidate.address.family, start + n) for n in range(size)}

    return bool(members(one) & members(other))


@settings(max_examples=300)
@given(st.lists(candidates(), max_size=8))
def test_overlap_verdict_equals_brute_force(found):
    drafts = list(overlapping_prefix.check(found))
    pairs = [pair for pair in combinations(found, 2) if brute_force(*pair)]
    assert bool(drafts) == bool(pairs)
    overlapping = {c.address for pair in pairs for c in pair}
    for draft in drafts:
        words = draft.message.split()
        assert parse_interface(words[0]) in overlapping


@pytest.mark.parametrize("side", [0, 1])
def test_all_links_of_the_reference_range_pair_without_a_collision(side):
    """Every /31 of 172.16.0.0/12, all 524,288, with the NIC on either side."""
    start = 172 << 24 | 16 << 16
    links = [
        InterfaceAddress(4, value, 31)
        for value in range(start + side, start + (1 << 20), 2)
    ]
    assert len(links) == 524_288
    gateways = set()
    for link in links:
        gateway = peer(link)
        assert gateway.value == link.value + 1 - 2 * side
        assert link.prefix == Prefix(4, link.value - side, 31)
        assert link.prefix.holds(gateway)
        gateways.add(gateway.value)
    assert len(gateways) == len(links)
    assert gateways.isdisjoint(link.value for link in links)
    found = [Candidate("n", "e", "e", link, None, (), None, None, ()) for link in links]
    assert list(overlapping_prefix.check(found)) == []
    assert len(list(overlapping_prefix.check([*found, found[777]]))) == 1


# -- addresses against the standard library ---------------------------------------


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)), st.integers(0, 128))
def test_addresses_are_read_and_written_as_the_standard_library_does(address, length):
    bits = 32 if address.version == 4 else 128
    length = min(length, bits)
    text = f"{address}/{length}"
    parsed = parse_interface(text)
    assert parsed == (address.version, int(address), length)
    assert ip_network(str(parsed.prefix)) == ip_network(text, strict=False)
    assert ip_address(str(parsed.address)) == address


@given(st.text("0123456789abcdef.:/ %x+-", max_size=20))
def test_what_is_taken_as_an_address_is_one(text):
    try:
        address = parse_address(text)
    except ValueError:
        return
    assert int(ip_address(text)) == address.value


def test_kinds_alone_leave_the_others_out(tmp_path):
    fabric = fabrics.Fabric(
        4, 31, 1, 1, {(0, 1): ((10 << 24) + (1 << 16), (10 << 24) + (1 << 16) + 1)}
    )
    fabrics.write(fabric, tmp_path)
    for kind in KINDS:
        made = workflow.convert(
            [str(tmp_path)], Settings(), directory=None, kinds=(kind,)
        )
        kinds = {body["kind"].lower() for body in manifests(made)}
        of_verify = {"configmap", "job", "mpijob", "pytorchjob"}
        assert kinds == (of_verify if kind == "verify" else {kind})
    assert json.loads(as_json.text(made.plan))["rails"][0]["links"][0][0] == "gpu-0"
