"""Whatever has drifted on a fleet, each thing is found where it is, and nothing else."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from netplan2k8s import hosts, surveying, workflow
from netplan2k8s.live.collected import COMMANDS
from netplan2k8s.settings import Settings
from netplan2k8s.tree import MemoryTree
from tests.fixtures_build import live as built
from tests.live import CODES, address, interface

HOSTS = 8
State = dict[str, Any]


def other_mtu(state: State, rail: int, _: int) -> None:
    nic(state, rail)["mtu"] = 1500


def other_address(state: State, rail: int, host: int) -> None:
    nic(state, rail)["addr_info"] = [address(f"172.31.{host}.{2 * rail}", 31)]
    # The kernel drops the connected route, and networkd what needs it.
    state["ip-route.json"] = [r for r in routes(state) if r["dev"] != built.name(rail)]


def one_more_address(state: State, rail: int, host: int) -> None:
    nic(state, rail)["addr_info"].append(address(f"10.{rail}.0.{host}", 24))


def other_gateway(state: State, rail: int, _: int) -> None:
    route(state, rail)["gateway"] = "172.31.0.1"


def other_table(state: State, rail: int, _: int) -> None:
    route(state, rail)["table"] = "7"


def no_route(state: State, rail: int, _: int) -> None:
    routes(state).remove(route(state, rail))


def default_route(state: State, rail: int, host: int) -> None:
    gateway = built.addresses(rail, host)[1]
    entry = {"dst": "default", "gateway": gateway, "dev": built.name(rail)}
    routes(state).append({**entry, "metric": rail, "flags": []})


def rule(state: State, rail: int, host: int) -> None:
    source = built.addresses(rail, host)[0]
    entry = {"priority": 10 + rail, "src": source, "table": "7"}
    state["ip-rule.json"].append(entry)


def down(state: State, rail: int, _: int) -> None:
    nic(state, rail).update(flags=["BROADCAST"], operstate="DOWN")
    state["ip-route.json"] = [r for r in routes(state) if r["dev"] != built.name(rail)]


def bonded(state: State, rail: int, _: int) -> None:
    nic(state, rail).update(master="bond0", addr_info=[])
    state["ip-route.json"] = [r for r in routes(state) if r["dev"] != built.name(rail)]


def with_a_pod(state: State, rail: int, _: int) -> None:
    state["ip-addr.json"].remove(nic(state, rail))
    state["ip-route.json"] = [r for r in routes(state) if r["dev"] != built.name(rail)]


CHANGES: dict[str, tuple[Callable[[State, int, int], None], str]] = {
    change.__name__: (change, code)
    for change, code in [
        (other_mtu, "NK726"),
        (other_address, "NK727"),
        (one_more_address, "NK727"),
        (other_gateway, "NK728"),
        (other_table, "NK728"),
        (no_route, "NK728"),
        (default_route, "NK729"),
        (rule, "NK730"),
        (down, "NK724"),
        (bonded, "NK725"),
        (with_a_pod, "NK723"),
    ]
}


def nic(state: State, rail: int) -> dict[str, Any]:
    return interface(state["ip-addr.json"], built.name(rail))


def routes(state: State) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = state["ip-route.json"]
    return found


def route(state: State, rail: int) -> dict[str, Any]:
    return next(r for r in routes(state) if r["dst"] == built.cidr(rail))


def host_of(number: int, changed: dict[tuple[int, int], str]) -> hosts.Host:
    files = built.files(number)
    state = {name: json.loads(t) for name, t in files.items() if name[-5:] == ".json"}
    for rail in built.RAILS:
        if (number, rail) in changed:
            CHANGES[changed[number, rail]][0](state, rail, number)
    files |= {name: json.dumps(body) for name, body in state.items()}
    name = f"worker-gpu-{number}"
    tree = MemoryTree(f"{name}/", {path: t.encode() for path, t in files.items()})
    return hosts.Host(name, tree, name, name)


def found(fleet: list[hosts.Host]) -> list[tuple[str, str, str]]:
    settings = Settings()
    seen = workflow.inspect_hosts(hosts.Fleet(tuple(fleet), ()), "hosts", settings)
    made = surveying.compare(["hosts"], seen, settings)
    return [
        (finding.rule.code, finding.node, finding.rail)
        for finding in made.findings
        if int(finding.rule.code[2:]) in CODES
    ]


places = st.tuples(st.integers(0, HOSTS - 1), st.sampled_from(built.RAILS))
drifts = st.dictionaries(places, st.sampled_from(sorted(CHANGES)), max_size=6)


@given(drifts)
@example(dict.fromkeys([(0, 1), (0, 2)], "other_gateway"))
@example(dict.fromkeys([(0, 1), (0, 2)], "default_route"))
def test_each_drift_is_found_where_it_is_and_nothing_else(changed):
    fleet = [host_of(number, changed) for number in range(HOSTS)]
    expected = [
        (CHANGES[name][1], f"worker-gpu-{host}", f"rail-{rail - 1}")
        for (host, rail), name in changed.items()
    ]

    assert sorted(found(fleet)) == sorted(expected)


@given(drifts, st.randoms(use_true_random=False))
@example({(0, 1): "down"}, random.Random(0))
def test_the_order_of_a_listing_decides_nothing(changed, random_):
    fleet = [host_of(number, changed) for number in range(HOSTS)]
    shuffled = [host_of(number, changed) for number in range(HOSTS)]
    for host in shuffled:
        assert isinstance(host.tree, MemoryTree)
        for name in ("ip-addr.json", "ip-route.json", "ip-rule.json"):
            body = json.loads(host.tree.files[name])
            random_.shuffle(body)
            host.tree.files[name] = json.dumps(body).encode()

    assert found(fleet) == found(shuffled)


@given(st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
def test_no_bytes_of_a_file_end_in_a_traceback(content):
    fleet = [host_of(number, {}) for number in range(2)]
    tree = fleet[0].tree
    assert isinstance(tree, MemoryTree)
    for name in COMMANDS.keys() & tree.files:
        tree.files[name] = content

    assert found(fleet)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(st.data(), values)
def test_no_value_of_another_type_ends_in_a_traceback(data, value):
    """Any one value of any listing, replaced by any other."""
    fleet = [host_of(number, {}) for number in range(2)]
    tree = fleet[0].tree
    assert isinstance(tree, MemoryTree)
    name = data.draw(st.sampled_from(sorted(COMMANDS.keys() & tree.files)))
    body = json.loads(tree.files[name])
    inner, key = data.draw(st.sampled_from(list(within(body))))
    inner[key] = value
    tree.files[name] = json.dumps(body).encode()
    found(fleet)


def within(value):
    """(container, key) of everything in a JSON value."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in pairs:
        yield value, key
        if isinstance(inner, dict | list):
            yield from within(inner)
