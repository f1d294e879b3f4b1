"""What a node gets of a pool that has no entry for it."""

from __future__ import annotations

from typing import NamedTuple

from netplan2k8s.addressing import format_address
from netplan2k8s.naming import ranges
from netplan2k8s.simulate.nv_ipam import Allocation, unlisted_share, usable
from netplan2k8s.simulate.pool import Pool
from netplan2k8s.simulate.selectors import listed_names

CLOSE_IT = (
    "exclude the leaf's index with perNodeExclusions, or list the nodes in nodeSelector"
)


class Opening(NamedTuple):
    """A share for a node without an entry, and the first address of it.

    ``names`` are the nodes where nodeSelector lists them, empty where any node of the
    cluster can get it; ``is_certain`` is false where only labels choose, since they may
    choose just the nodes that have entries.
    """

    share: Allocation
    address: int
    names: tuple[str, ...] = ()
    is_certain: bool = True


def opening(pool: Pool) -> Opening | None:
    """How a pool fails open; None for one that fails closed.

    A pool of wider prefixes without any entry is meant to deal them out.
    """
    if not pool.statics and pool.host_bits > 1:
        return None
    listed = pool.node_names
    named = listed_names(pool.node_selector)
    if named is not None and named <= listed:
        return None
    share = unlisted_share(pool)
    if share is None:
        return None
    address = next(usable(pool, share))
    if named is not None:
        return Opening(share, address, tuple(sorted(named - listed)))
    return Opening(share, address, is_certain=pool.node_selector is None)


def fails_open(pool: Pool, found: Opening) -> str:
    """Who gets an address of a pool without having an entry."""
    who = "a node without an entry"
    if found.names:
        who = f"{ranges(list(found.names))}, which nodeSelector names and no entry,"
    elif not found.is_certain:
        who = "a node that nodeSelector picks and that has no entry"
    address = format_address(pool.cidr.family, found.address)
    return (
        f"{pool.name} fails open: {who} gets {address} of {found.share.text}, which is"
        " somebody else's link"
    )
