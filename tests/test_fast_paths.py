"""Two speeds, one truth: every quick way gives what the plain one gives."""

from __future__ import annotations

import re
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from netplan2k8s.addressing import parse_address, parse_interface
from netplan2k8s.fabric.candidates import Candidate
from netplan2k8s.lint import pools
from netplan2k8s.manifests import document
from netplan2k8s.proof.link import is_equal
from netplan2k8s.proof.shares import Shares
from netplan2k8s.simulate import pool_parts
from netplan2k8s.simulate.pool import read_pool
from netplan2k8s.simulate.selectors import Node
from netplan2k8s.sizes import _size, _size_of_entries

ODD = ("yes", "", "1", "a: b", "x\ny", "%s", "é", '"', "\\", "true", "a - b", "0x1f")
words = st.one_of(
    st.from_regex(r"[a-z][a-z0-9.-]{0,8}", fullmatch=True),
    st.from_regex(r"172\.16\.[0-9]{1,3}\.[0-9]{1,3}(/31)?", fullmatch=True),
)


@st.composite
def alike(draw):
    """Many mappings of the same keys, mostly plain, sometimes with one odd value."""
    keys = draw(
        st.lists(
            st.sampled_from(["a", "nodeName", "%s", "on", "b c"]),
            min_size=1,
            max_size=3,
            unique=True,
        )
    )
    rows = [{key: draw(words) for key in keys} for _ in range(4)] * 10
    rows = [dict(row) for row in rows]
    if draw(st.booleans()):
        row = draw(st.integers(0, len(rows) - 1))
        rows[row][draw(st.sampled_from(keys))] = draw(
            st.sampled_from([*ODD, 1, None, True])
        )
    return rows


@example([{"a": "a"}] * 39 + [{"a": ""}])
@given(alike())
def test_many_alike_entries_are_written_as_each_alone(rows):
    quick = document.dump({"items": rows})
    lines: list[str] = []
    for row in rows:
        document._sequence([row], "", lines)

    assert quick == "items:\n" + "\n".join(lines) + "\n"


@given(alike())
def test_size_of_alike_entries_is_that_of_their_json(rows):
    assert _size_of_entries(rows) == _size(rows)


def test_the_quick_way_of_writing_is_taken():
    rows = [{"gateway": "172.16.0.1", "nodeName": f"n-{n}"} for n in range(40)]

    assert document._rows(rows, "") is not None


SPOILED = (
    {"prefix": "172.16.200.1/31", "gateway": "172.16.200.0"},
    {"prefix": "172.16.0.0/30"},
    {"prefix": "172.99.0.0/31"},
    {"prefix": "172.16.0.00/31"},
    {"gateway": "172.16.9.9"},
    {"gateway": "x"},
    {"gateway": ""},
    {"gateway": None},
    {"nodeName": ""},
    {"nodeName": None},
    {"nodeName": "n-1"},
    {},
)


@pytest.fixture(params=range(len(SPOILED)))
def spec(request):
    """A pool of 40 nodes, one of whose entries is of another kind."""
    random = Random(request.param)
    entries = []
    for n in range(40):
        side = random.randrange(2)
        entries.append(
            {
                "nodeName": f"n-{n}",
                "prefix": f"172.16.{n}.{4 * side}/31",
                "gateway": f"172.16.{n}.{4 * side + side}",
            }
        )
    change = SPOILED[request.param]
    entry = entries[random.randrange(2, 40)]
    entry |= change
    for key in [key for key, value in change.items() if value is None]:
        del entry[key]
    return {
        "cidr": "172.16.0.0/15",
        "perNodeNetworkPrefix": 31,
        "gatewayIndex": 0,
        "staticAllocations": entries,
    }


def test_entries_read_at_once_are_those_read_one_by_one(spec, monkeypatch):
    body = {"metadata": {"name": "rail-1"}, "spec": spec}
    quick = read_pool(body)
    monkeypatch.setattr(pool_parts, "_FEW", 1000)

    assert quick == read_pool(body)


@given(st.integers(0, 1 << 32))
@settings(max_examples=200)
def test_entries_compared_at_once_are_those_compared_one_by_one(seed):
    random = Random(seed)
    shares, nics = fleet(random)
    quick = shares.are_equal(nics)
    slow = all(
        is_equal(nic, shares.of(nic.node_name), shares.pool.length) for nic in nics
    )

    assert slow or not quick, "a quick yes is a yes"
    if shares.pool.node_selector is None and not shares.pool.excluded:
        assert quick == slow, "and it is not idle"


def fleet(random):
    """A pool and the NICs of its nodes, with something wrong in every second one."""
    entries, nics = [], []
    for n in range(random.randrange(1, 6)):
        side = random.choice([0, 1]) if random.random() < 0.3 else 0
        nic, leaf = f"172.16.0.{2 * n + side}", f"172.16.0.{2 * n + 1 - side}"
        entries.append(
            {"nodeName": f"n-{n}", "prefix": f"172.16.0.{2 * n}/31", "gateway": leaf}
        )
        nics.append([f"n-{n}", nic, leaf])
    if random.random() < 0.5:
        wrong = random.choice(nics)
        wrong[random.randrange(3)] = (
            random.choice(["n-9", "172.16.0.0", "172.16.0.1"])
            if random.random() < 0.7
            else wrong[1]
        )
        wrong[0] = wrong[0] if wrong[0].startswith("n-") else "n-0"
        wrong[1:] = [
            text if re.match(r"\d", text) else "172.16.0.1" for text in wrong[1:]
        ]
    spec = {
        "cidr": "172.16.0.0/15",
        "perNodeNetworkPrefix": 31,
        "gatewayIndex": 0,
        "staticAllocations": entries,
    }
    if random.random() < 0.5:
        spec["perNodeExclusions"] = [{"startIndex": 1, "endIndex": 1}]
    if random.random() < 0.2:
        spec["exclusions"] = [{"startIP": "172.16.0.2", "endIP": "172.16.0.2"}]
    if random.random() < 0.3:
        names = [f"n-{n}" for n in range(random.randrange(1, 7))]
        spec["nodeSelector"] = {
            "nodeSelectorTerms": [
                {
                    "matchFields": [
                        {"key": "metadata.name", "operator": "In", "values": [name]}
                    ]
                }
                for name in names
            ]
        }
    pool = read_pool({"metadata": {"name": "rail-1"}, "spec": spec}).pool
    assert pool is not None
    nodes = [Node(f"n-{n}") for n in range(10)]
    return Shares(pool, nodes), [candidate(*nic) for nic in nics]


def candidate(node, nic, leaf):
    address = parse_interface(f"{nic}/31")
    gateway = parse_address(leaf).value
    return Candidate(node, "rail", "rail", address, gateway, (), None, None, ())


def test_uniform_pool_is_told_by_one_entry():
    """One side for all: what is true of the first entry is true of all."""
    spec = {"cidr": "172.16.0.0/15", "perNodeNetworkPrefix": 31, "gatewayIndex": 0}
    spec["staticAllocations"] = [
        {
            "nodeName": f"n-{n}",
            "prefix": f"172.16.0.{2 * n}/31",
            "gateway": f"172.16.0.{2 * n + 1}",
        }
        for n in range(5)
    ]
    pool = read_pool({"metadata": {"name": "rail-1"}, "spec": spec}).pool
    spec["staticAllocations"][3]["gateway"] = "172.16.0.6"
    mixed = read_pool({"metadata": {"name": "rail-1"}, "spec": spec}).pool

    assert pools._is_uniform(pool)
    assert not pools._is_uniform(mixed)
