"""Which nodes are moved together."""

from __future__ import annotations

import pytest

from netplan2k8s.addressing import parse_address, parse_interface, parse_prefix
from netplan2k8s.fabric.plan import FabricPlan, Rail, RailAttachment
from netplan2k8s.fabric.waves import Wave, chosen_waves, scalable_units
from netplan2k8s.findings import UsageError


def plan(*links: dict[str, str]) -> FabricPlan:
    """One rail for each mapping of node name to address."""
    names = tuple(dict.fromkeys(name for rail in links for name in rail))
    rails = tuple(
        Rail(
            number,
            f"rail-{number}",
            f"rail-{number}",
            parse_prefix("172.16.0.0/12"),
            31,
            (),
            tuple(
                RailAttachment(
                    name,
                    "eth",
                    parse_interface(text),
                    parse_address(text[:-3]).value ^ 1,
                )
                for name, text in rail.items()
            ),
        )
        for number, rail in enumerate(links, 1)
    )
    return FabricPlan(rails, names)


def test_nodes_that_share_leaves_are_a_unit():
    fabric = plan(
        {"a": "172.16.0.0/31", "b": "172.16.0.254/31", "c": "172.16.1.0/31"},
        {"a": "172.18.0.0/31", "b": "172.18.0.2/31", "c": "172.18.1.0/31"},
    )
    assert scalable_units(fabric) == (
        Wave("unit-1", ("a", "b")),
        Wave("unit-2", ("c",)),
    )


def test_a_node_without_the_first_rail_is_where_its_others_are():
    fabric = plan(
        {"a": "172.16.0.0/31", "c": "172.16.1.0/31"},
        {"a": "172.18.0.0/31", "b": "172.18.0.2/31", "c": "172.18.1.0/31"},
        {"b": "172.20.1.2/31"},
    )
    assert scalable_units(fabric)[0].node_names == ("a", "b")


def test_rails_that_bind_units_make_one():
    fabric = plan(
        {"a": "172.16.0.0/31", "b": "172.16.1.0/31"},
        {"a": "172.18.0.0/31", "b": "172.18.0.2/31"},
    )
    assert scalable_units(fabric) == (Wave("unit-1", ("a", "b")),)


def test_waves_as_chosen():
    fabric = plan({name: f"172.16.0.{2 * n}/31" for n, name in enumerate("abcd")})
    assert chosen_waves(fabric, ["b,a", "[cd]"]) == (
        Wave("wave-1", ("a", "b")),
        Wave("wave-2", ("c", "d")),
    )


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        (["a", "x*"], "'x*' of --nodes or waves: fits no node with rails"),
        (["a", "[ab]"], "a is in waves 1 and 2"),
        ([" , "], "--nodes and waves: need names or globs of nodes"),
    ],
)
def test_choices_that_make_no_sense(choices, message):
    fabric = plan({"a": "172.16.0.0/31", "b": "172.16.0.2/31"})
    with pytest.raises(UsageError) as caught:
        chosen_waves(fabric, choices)
    assert str(caught.value) == message
