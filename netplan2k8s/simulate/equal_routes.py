"""Equal routes in a pod's main table: which of them the kernel takes.

The plugins add a rail's routes with NLM_F_CREATE alone (``RouteAddEcmp`` of
containernetworking/plugins, pkg/ipam/ipam_linux.go). To IPv4 a route of the same
destination is another one, put before those that are there; to IPv6 it is another hop
of the route that is there, with all hops equal.
"""

from __future__ import annotations

_FAMILY_6 = 6


def taken_by(family: int, last: str) -> str:
    """Who gets the packets of a destination that ``last`` was the last to route."""
    who = f"{last} wins it"
    if family == _FAMILY_6:
        who = "the kernel spreads it over all of them"
    return f"{who} for every packet bound to no device that no closer route takes"
