"""In which groups the nodes of a fabric are moved: scalable units, or chosen nodes."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from netplan2k8s.fabric.plan import FabricPlan, Rail
from netplan2k8s.findings import UsageError

_LEAF_BITS = 8
_IPV6_SUBNET = 64
_MOST = 256
"""Nodes of a wave, whatever their addresses."""


@dataclass(frozen=True, slots=True)
class Wave:
    """Nodes that are moved together, in natural order; ``name`` suits an object's."""

    name: str
    node_names: tuple[str, ...]


def planned(plan: FabricPlan, choices: Sequence[str]) -> tuple[Wave, ...]:
    """The waves as the settings choose them, else scalable units.

    Raises:
        UsageError: as ``chosen_waves``.
    """
    return chosen_waves(plan, choices) if choices else scalable_units(plan)


def scalable_units(plan: FabricPlan) -> tuple[Wave, ...]:
    """The nodes by the leaves they share, ``unit-1`` first, in the order of the plan.

    Two nodes are in one unit where their links on any rail lie in one block of 256
    addresses: a leaf's 128 links of a /31. A unit of over 256 nodes, where rails lie
    across each other's blocks, is cut.

    Source: NVIDIA's Spectrum-X address scheme: a /24 for each unit and rail, in IPv6 a
    /56 of /64s.
    """
    parents = {node: node for node in plan.node_names}
    for rail in plan.rails:
        bits = _leaf_bits(rail)
        first_of: dict[int, str] = {}
        for link in rail.attachments:
            block = link.address.value >> bits
            first = first_of.setdefault(block, link.node_name)
            parents[_root(parents, link.node_name)] = _root(parents, first)
    units: dict[str, list[str]] = {}
    for node in plan.node_names:
        units.setdefault(_root(parents, node), []).append(node)
    parts = [
        tuple(nodes[at : at + _MOST])
        for nodes in units.values()
        for at in range(0, len(nodes), _MOST)
    ]
    return tuple(Wave(f"unit-{n}", nodes) for n, nodes in enumerate(parts, 1))


def _leaf_bits(rail: Rail) -> int:
    """How many low bits tell the links of a leaf apart.

    An IPv6 link mostly has a /64 of its own, whose last byte is the host's.
    """
    subnets = {link.address.value >> _IPV6_SUBNET for link in rail.attachments}
    is_wide = rail.cidr.family == 6 and len(subnets) > 1  # noqa: PLR2004
    return _LEAF_BITS + (_IPV6_SUBNET if is_wide else 0)


def _root(parents: dict[str, str], node: str) -> str:
    """The node that stands for a unit; ways to it are halved as they are gone."""
    while parents[node] != node:
        parents[node] = node = parents[parents[node]]
    return node


def chosen_waves(plan: FabricPlan, choices: Sequence[str]) -> tuple[Wave, ...]:
    """One wave for each choice, a comma list of node names and globs over them.

    Raises:
        UsageError: a name or glob that fits no node, or a node that two waves have.
    """
    waves = []
    seen: dict[str, int] = {}
    for number, choice in enumerate(choices, 1):
        nodes = _chosen(plan.node_names, choice)
        for node in nodes:
            if seen.setdefault(node, number) != number:
                raise UsageError(f"{node} is in waves {seen[node]} and {number}")
        waves.append(Wave(f"wave-{number}", nodes))
    return tuple(waves)


def _chosen(node_names: Iterable[str], choice: str) -> tuple[str, ...]:
    names = list(node_names)
    chosen: set[str] = set()
    for glob in filter(None, (word.strip() for word in choice.split(","))):
        fitting = {name for name in names if fnmatch.fnmatchcase(name, glob)}
        if not fitting:
            raise UsageError(f"{glob!r} of --nodes or waves: fits no node with rails")
        chosen |= fitting
    if not chosen:
        raise UsageError("--nodes and waves: need names or globs of nodes")
    return tuple(name for name in names if name in chosen)
