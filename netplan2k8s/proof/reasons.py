"""Why a network draws an address from a pool, and why from none."""

from __future__ import annotations

from netplan2k8s.lint.attachments import Network
from netplan2k8s.lint.scene import PoolView


def draws_from(network: Network, pool: str) -> bool:
    return (
        network.uses_nv_ipam
        and network.pool_kind == "CIDRPool"
        and not network.problem
        and pool in network.pool_names
    )


def why_shared(network: Network, first: Network, pool: str) -> str:
    """Why a network gets no address, or two, of a pool; "" for a rail of its own."""
    if network.resource != first.resource:
        return (
            f"{network.name} and {first.name} share {pool}, which has one link a node"
        )
    if len(network.pool_names) > 1:
        return f"{network.name} draws from {len(network.pool_names)} pools at once"
    return ""


def why_without_pool(network: Network) -> str:
    if network.problem:
        return f"the operator makes nothing of {network.name}: {network.problem}"
    if not network.uses_nv_ipam:
        kind = (network.ipam or {}).get("type") or "none"
        return f"the IPAM of {network.name} is {kind}, which knows no link of a node"
    names = ", ".join(network.pool_names)
    if network.pool_kind != "CIDRPool":
        kind = f"{network.pool_kind}s" if network.pool_kind else "no known kind"
        return f"{network.name} looks for {names} among pools of {kind}"
    return f"there is no CIDRPool {names}"


def why_unusable(view: PoolView, watched: str) -> str:
    """Why nv-ipam, which watches one namespace, deals nothing out of a pool."""
    if view.pool is None:
        return f"nv-ipam drops pool {view.document.name}, which it refuses"
    if view.document.namespace != watched:
        space = view.document.namespace or "no namespace"
        return f"pool {view.document.name} is in {space}, and nv-ipam watches {watched}"
    return ""
