"""What the status of a CIDRPool says, and what it should say.

Source: nvidia-k8s-ipam v0.4, pkg/ipam-controller/controllers/cidrpool: an entry for
every node with a prefix, sorted by name; none at all for a pool that is refused.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from netplan2k8s.addressing import Address, format_address, parse_address
from netplan2k8s.compare.world import World
from netplan2k8s.simulate.nv_ipam import Allocation, Status, allocate, usable
from netplan2k8s.simulate.pool import Pool, read_pool
from netplan2k8s.simulate.pool_model import go_prefix
from netplan2k8s.simulate.selectors import Node, listed_names

_MOST_HOST_BITS = 4
"""Prefixes with more addresses are not counted out."""


def status_of(body: Mapping[str, Any]) -> Status:
    """The allocations that the controller wrote; those that cannot be read are none.

    Nor are those of the other family, from before the pool was another one.
    """
    spec = body.get("spec")
    try:
        own, _, _ = go_prefix(spec.get("cidr") if isinstance(spec, dict) else None)
    except (AttributeError, TypeError, ValueError):
        return Status()
    found: dict[str, Allocation] = {}
    for item in _listed(body):
        try:
            text, gateway = item["prefix"], item.get("gateway")
            family, network, _ = go_prefix(text)
            via = parse_address(gateway) if gateway else Address(family, -1)
            if family == via.family == own:
                value = via.value if gateway else None
                found[str(item["nodeName"])] = Allocation(network, value, text)
        except (AttributeError, KeyError, TypeError, ValueError):
            continue
    return Status(found)


def drift(body: Mapping[str, Any], world: World) -> tuple[str, ...]:
    """Nodes whose status is not what nv-ipam would make of the spec, by name.

    Where Node objects are not told, of the nodes in the status alone.
    """
    if _is_settled(body, world):
        return ()
    pool, status = read_pool(body).pool, status_of(body)
    have = status.allocations
    if pool is None:
        return tuple(have)
    if world.nodes is None:
        nodes = [Node(name) for name in have]
    else:
        nodes = [node.as_selected for node in world.nodes]
    wanted = allocate(for_names(pool, world), nodes, status).allocations
    return tuple(n for n in {**wanted, **have} if wanted.get(n) != have.get(n))


def _is_settled(body: Mapping[str, Any], world: World) -> bool:
    """Whether the status has just the entries of a pool, for just the nodes there are.

    The usual case, and quick, since nv-ipam writes this for no pool that it refuses;
    false where in doubt.
    """
    if world.nodes is None or body["spec"].get("nodeSelector") is not None:
        return False
    entries, have = body["spec"].get("staticAllocations") or (), _listed(body)
    try:
        by_name = {entry["nodeName"]: entry for entry in entries}
        wanted = [by_name.get(row["nodeName"]) for row in have]
    except (KeyError, TypeError):
        return False
    is_complete = len(by_name) == len(entries) == len(have)
    return is_complete and wanted == have and by_name.keys() == world.node_names


def _listed(body: Mapping[str, Any]) -> Sequence[Any]:
    """The allocations in a pool's status."""
    status = body.get("status")
    listed = status.get("allocations") if isinstance(status, dict) else None
    return listed if isinstance(listed, list) else ()


def for_names(pool: Pool, world: World) -> Pool:
    """The pool for nodes of which names alone are known: labels choose all of them."""
    if world.nodes is None and listed_names(pool.node_selector) is None:
        return dataclasses.replace(pool, node_selector=None)
    return pool


def share_text(pool: Pool | None, share: Allocation | None) -> str:
    """What a pod gets of a share: its first address and the gateway; empty for none."""
    if pool is None or share is None:
        return ""
    family = pool.cidr.family
    address = share.text
    if pool.host_bits <= _MOST_HOST_BITS:
        listed = list(usable(pool, share))
        if not listed:
            return ""
        addresses = " or ".join(format_address(family, value) for value in listed)
        address = f"{addresses}/{pool.length}"
    if share.gateway is None:
        return address
    return f"{address} via {format_address(family, share.gateway)}"


def addresses_of(pool: Pool, share: Allocation) -> Iterator[str]:
    """All addresses of a node's prefix as text; of a wide one those that pods get."""
    family = pool.cidr.family
    if pool.host_bits <= _MOST_HOST_BITS:
        for value in range(share.network, share.network + (1 << pool.host_bits)):
            yield format_address(family, value)
        return
    for _, value in zip(range(1 << 10), usable(pool, share), strict=False):
        yield format_address(family, value)
