"""Cables that lead to the wrong leaf, by what LLDP heard on each host."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from netplan2k8s.inventory.facts import UnreadableError
from netplan2k8s.live import cabling, leaves, lldp
from netplan2k8s.live.leaves import Cable
from netplan2k8s.live.state import Neighbor
from tests.fixtures_build import live as built
from tests.live import edit, inspect


@pytest.fixture
def fleet(fixture_copy):
    return fixture_copy("live")


def recable(fleet, host, **leaf_of):
    """Put a host's rails on other leaves, in either form of LLDP's JSON."""
    heard = [("eno1", "oob-1", "02:00:00:ff:00:00", f"swp{host + 1}")]
    for rail in built.RAILS:
        name = built.name(rail)
        switch, port = leaf_of.get(name, (built.leaf(rail, host), None))
        chassis = f"id of {switch}" if name in leaf_of else built.chassis(rail, host)
        heard.append((name, switch, chassis, port or f"swp{host % built.UNIT + 1}"))
    body = built.lldp_of(heard, is_json0=host % 2 == 1)
    (fleet / f"hosts/worker-gpu-{host}/lldp.json").write_text(json.dumps(body))


def swap(fleet, host):
    path = fleet / f"hosts/worker-gpu-{host}/lldp.json"
    text = path.read_text()
    for old, new in (
        ("eth_rail0", "?"),
        ("eth_rail1", "eth_rail0"),
        ("?", "eth_rail1"),
    ):
        text = text.replace(old, new)
    path.write_text(text)


@pytest.mark.parametrize("host", [2, 5], ids=["json", "json0"])
def test_swapped_cables_are_one_clear_statement(fleet, run, host):
    swap(fleet, host)
    said = inspect(run)
    unit, port = host // 4, host % 4 + 1

    assert said.codes == ["NK733"]
    assert said.messages == [
        (
            f"cables of rail-0 and rail-1 of worker-gpu-{host} are swapped: rail-0"
            f" (eth_rail0) leads to leaf-su{unit}-r1 port swp{port}, rail-1 (eth_rail1) to"
            f" leaf-su{unit}-r0 port swp{port}; 3 of 4 hosts of unit-{unit + 1} have rail-0"
            f" on leaf-su{unit}-r0; 3 of 4 hosts of unit-{unit + 1} have rail-1 on"
            f" leaf-su{unit}-r1"
        )
    ]
    assert said.code == 1
    assert said.findings[0]["path"].endswith("70-rails.yaml")
    assert said.findings[0]["related"][-1]["path"].endswith("lldp.json")


def test_the_odd_leaf_is_named_with_counts(fleet, run):
    recable(fleet, 2, eth_rail1=("leaf-spare", "swp9"))
    said = inspect(run)

    assert said.codes == ["NK732"]
    assert said.messages == [
        (
            "rail-1 of worker-gpu-2 (eth_rail1) leads to leaf-spare port swp9; 3 of 4 hosts"
            " of unit-1 have it on leaf-su0-r1"
        )
    ]


def test_a_leaf_of_another_unit_is_named_as_that(fleet, run):
    path = fleet / "hosts/worker-gpu-2/lldp.json"
    other = (fleet / "hosts/worker-gpu-6/lldp.json").read_text()
    path.write_text(other.replace('"swp3"', '"swp33"'))
    said = inspect(run)

    assert said.codes == ["NK734", "NK734"]
    assert said.messages[0] == (
        "rail-0 of worker-gpu-2 (eth_rail0) leads to leaf-su1-r0 port swp33, the leaf"
        " of rail-0 in unit-2; 3 of 4 hosts of unit-1 have it on leaf-su0-r0"
    )


def test_two_hosts_on_one_port_are_one_warning(fleet, run):
    path = fleet / "hosts/worker-gpu-2/lldp.json"
    path.write_text((fleet / "hosts/worker-gpu-0/lldp.json").read_text())
    said = inspect(run)

    assert said.codes == ["NK735", "NK735"]
    assert said.messages[0] == (
        "rail-0 of worker-gpu-0 (eth_rail0) and rail-0 of worker-gpu-2 (eth_rail0) lead"
        " to one port, leaf-su0-r0 port swp1; a port has one cable, so one of the"
        " listings is old, or a switch lies between"
    )
    assert said.code == 0


def test_without_a_majority_nobody_is_accused(fleet, run):
    for host in (2, 3):
        recable(fleet, host, eth_rail1=("leaf-spare", f"swp{host}"))
    said = inspect(run)

    assert said.codes == []
    assert {
        (row["leaf"], row["links"])
        for row in said.live["leaves"]
        if (row["unit"], row["rail"]) == ("unit-1", "rail-1")
    } == {("leaf-su0-r1", 2), ("leaf-spare", 2)}


def test_two_leaves_for_a_rail_may_be_meant():
    """More hosts on one of them make the others no mistake."""
    cables = [
        cable._replace(leaf=cable.leaf if number < 5 else "leaf-0-9")
        for number, cable in enumerate(fabric(1, 8, 1))
    ]

    assert codes(cables) == []


def test_one_leaf_may_serve_several_rails(fleet, run):
    for host in range(4):
        recable(fleet, host, eth_rail1=(built.leaf(1, host), f"swp{host + 20}"))

    assert inspect(run).codes == []


def test_interfaces_that_are_no_rails_may_lead_anywhere(fleet, run):
    def move(body):
        entry = body["lldp"]["interface"][0]
        entry["eno1"]["chassis"] = {"elsewhere": {"id": {"value": "x"}}}

    edit(fleet / "hosts/worker-gpu-2/lldp.json", move)

    assert inspect(run).codes == []


def test_lldp_alone_is_compared_by_netplan_s_names(fleet, run):
    swap(fleet, 2)
    for host in (fleet / "hosts").iterdir():
        (host / "ip-addr.json").unlink()

    assert inspect(run).codes == ["NK721", "NK733"]


# -- what a leaf is -------------------------------------------------------------------


def test_switches_of_one_name_are_told_apart(fleet, run):
    for path in (fleet / "hosts").glob("*/lldp.json"):
        text = path.read_text()
        for unit in (0, 1):
            for rail in (0, 1):
                text = text.replace(f"leaf-su{unit}-r{rail}", "cumulus")
        path.write_text(text)
    swap(fleet, 2)
    said = inspect(run)

    assert said.codes == ["NK733"]
    assert "leads to cumulus 02:00:00:fe:00:02 port swp3" in said.messages[0]


def heard(**more):
    row = {"interface": "eth_rail0", "chassis": "id", "name": "leaf", "port": "swp1"}
    return Neighbor(**{**row, **more})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"lldp": {}}', []),
        ('{"lldp": [{}]}', []),
        (
            (
                '{"lldp": {"interface": {"eth_rail0": {"chassis": {"leaf": {"id": {"type":'
                ' "mac", "value": "id"}}}, "port": {"id": {"value": "swp1"}}}}}}'
            ),
            [heard()],
        ),
        (
            (
                '{"lldp": {"interface": {"eth_rail0": {"chassis": {"id": {"type": "mac",'
                ' "value": "id"}}, "port": {"descr": "swp1"}}}}}'
            ),
            [heard(name="")],
        ),
        (
            (
                '{"lldp": {"interface": [{"eth_rail0": {"via": "CDPv2", "chassis": {"leaf":'
                ' {"id": {"value": "id"}}}}}]}}'
            ),
            [],
        ),
        (
            (
                '{"lldp": [{"interface": [{"name": "eth_rail0", "chassis": [{"id":'
                ' [{"value": "id"}], "name": [{"value": "leaf"}], "capability": [{"type":'
                ' "Station", "enabled": true}]}], "port": [{"id": [{"value":'
                ' "swp1"}]}]}]}]}'
            ),
            [heard(is_switch=False)],
        ),
        ('{"lldp": {"interface": [7, {"a": 7}, {"a": {"chassis": "x"}}]}}', []),
    ],
    ids=["none", "none of json0", "one", "no name", "CDP", "no switch", "odd"],
)
def test_forms_of_lldp(text, expected):
    assert lldp.neighbors(text) == tuple(expected)


@pytest.mark.parametrize("text", ["", "[1]", "{}", '{"interface": {}}', "["])
def test_what_is_no_lldp_is_refused(text):
    with pytest.raises(UnreadableError):
        lldp.neighbors(text)


def test_rails_of_which_nothing_is_heard_are_named_together(fleet, run):
    for host in (1, 2):
        (fleet / f"hosts/worker-gpu-{host}/lldp.json").write_text('{"lldp": {}}')
    edit(
        fleet / "hosts/worker-gpu-4/lldp.json",
        lambda body: body["lldp"]["interface"].pop(),
    )
    (path,) = {finding["path"] for finding in inspect(run).findings}
    said = inspect(run)

    assert said.codes == ["NK736"]
    assert said.findings[0]["severity"] == "warning"
    assert path.endswith("worker-gpu-1/lldp.json")
    assert " rail-0..1 of worker-gpu-1..2; rail-" in said.messages[0]
    assert " of worker-gpu-4: these cables" in said.messages[0]


def test_where_lldp_tells_of_no_leaf_it_is_a_note(fleet, run):
    for path in fleet.glob("hosts/*/lldp.json"):
        path.write_text('{"lldp": [{}]}')
    said = inspect(run)

    assert said.codes == ["NK736"]
    assert said.findings[0]["severity"] == "info"


def test_several_switches_on_one_rail_tell_nothing(fleet, run):
    def add(body):
        rows = body["lldp"]["interface"]
        rows.append({"eth_rail0": {"chassis": {"hub": {"id": {"value": "hub"}}}}})

    edit(fleet / "hosts/worker-gpu-2/lldp.json", add)
    said = inspect(run)

    assert said.codes == ["NK736"]
    assert said.messages[0].startswith(
        "LLDP tells no leaf, or several, of rail-0 of worker-gpu-2: these cables"
    )
    assert said.code == 0
    assert sum(row["links"] for row in said.live["leaves"]) == 15


def test_a_neighbor_that_is_no_switch_is_passed_over(fleet, run):
    def add(body):
        rows = body["lldp"]["interface"]
        station = {"type": "Station", "enabled": True}
        nic = {"id": {"value": "nic"}, "capability": station}
        rows.append({"eth_rail0": {"chassis": {"nic": nic}}})

    edit(fleet / "hosts/worker-gpu-2/lldp.json", add)

    assert sum(row["links"] for row in inspect(run).live["leaves"]) == 16


# -- who is not accused, or of something else ---------------------------------------


def moved(cables, node, rail, leaf):
    """The same with one cable on another leaf, at a port of its own."""
    return [
        cable._replace(leaf=leaf, port="99")
        if (cable.node_name, cable.rail) == (node, rail)
        else cable
        for cable in cables
    ]


def codes(cables):
    return [found.rule.code for found in cabling.check(cables)]


def test_one_host_is_no_majority():
    alone = Cable("unit-2", "host-1-0", "rail-0", "eth0", "leaf-1-0", "1")
    cables = moved([*fabric(1, 4, 1), alone], "host-0-3", "rail-0", "leaf-1-0")

    assert codes(cables) == ["NK732"], "leaf-1-0 is nobody's leaf"


def test_cables_of_two_hosts_are_not_swapped_with_each_other():
    cables = moved(fabric(1, 5, 2), "host-0-0", "rail-0", "leaf-0-1")
    cables = moved(cables, "host-0-1", "rail-1", "leaf-0-0")

    assert codes(cables) == ["NK732", "NK732"]


def test_a_leaf_that_units_share_is_no_foreign_one():
    shared = [
        cable._replace(leaf="leaf-0-1", port="") if cable.leaf == "leaf-1-1" else cable
        for cable in fabric(2, 4, 2)
    ]
    cables = moved(shared, "host-0-3", "rail-0", "leaf-0-1")

    assert codes(cables) == ["NK732"]


def test_of_a_foreign_leaf_the_same_rail_is_named_first():
    serving_both = [
        cable._replace(leaf="leaf-1", port="") if cable.unit == "unit-1" else cable
        for cable in fabric(2, 4, 2)
    ]
    cables = moved(serving_both, "host-0-3", "rail-1", "leaf-1")
    (found,) = cabling.check(cables)

    assert "leads to leaf-1 port 99, the leaf of rail-1 in unit-1;" in found.message


# -- whatever the fabric --------------------------------------------------------------


def fabric(units, hosts, rails):
    """Every rail of every unit on a leaf of its own."""
    return [
        Cable(
            f"unit-{u}",
            f"host-{u}-{h}",
            f"rail-{r}",
            f"eth{r}",
            f"leaf-{u}-{r}",
            str(h),
        )
        for u in range(units)
        for h in range(hosts)
        for r in range(rails)
    ]


sizes = st.tuples(st.integers(1, 3), st.integers(4, 7), st.integers(2, 4))


@given(sizes, st.randoms(use_true_random=False))
@example((1, 4, 2), random.Random(0))
def test_a_swap_is_named_and_nothing_else(size, random_):
    cables = fabric(*size)
    host = random_.choice([cable.node_name for cable in cables])
    mine = [n for n, cable in enumerate(cables) if cable.node_name == host]
    one, two = random_.sample(mine, 2)
    first, second = cables[one], cables[two]
    cables[one] = first._replace(leaf=second.leaf, port=second.port)
    cables[two] = second._replace(leaf=first.leaf, port=first.port)
    (found,) = cabling.check(cables)

    assert found.rule.code == "NK733"
    assert {cable.rail for cable in found.cables} == {first.rail, second.rail}
    assert {cable.node_name for cable in found.cables} == {host}


@given(sizes, st.lists(st.integers(0, 3), min_size=84, max_size=84))
def test_who_is_accused_is_of_a_minority(size, wrong):
    """Whatever the cables, none that is where two in three of its unit's are."""
    cables = [
        cable._replace(leaf=f"leaf-{leaf}", port="")
        for cable, leaf in zip(fabric(*size), wrong, strict=False)
    ]
    counts = leaves.counts(cables)
    accused = [cable for found in cabling.check(cables) for cable in found.cables]

    assert len(accused) == len(set(accused)), "each is accused once"
    for cable in cables:
        place = leaves.Place(cable.unit, cable.rail)
        total = counts[place].total()
        most = max(counts[place].values())
        is_clear = most > 1 and most >= 2 * (total - most)
        is_odd = is_clear and counts[place][cable.leaf] != most
        assert (cable in accused) is is_odd


@given(sizes, st.randoms(use_true_random=False))
def test_the_order_of_cables_decides_nothing(size, random_):
    cables = fabric(*size)
    for _ in range(3):
        one, two = random_.sample(range(len(cables)), 2)
        first, second = cables[one], cables[two]
        cables[one] = first._replace(leaf=second.leaf)
        cables[two] = second._replace(leaf=first.leaf)
    shuffled = cables[:]
    random_.shuffle(shuffled)

    def told(rows):
        return {
            (found.rule.code, frozenset(found.cables)) for found in cabling.check(rows)
        }

    assert told(cables) == told(shuffled)
