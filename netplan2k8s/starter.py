"""The settings file that ``init`` writes: what was found, pinned, and the rest."""

from __future__ import annotations

from collections.abc import Iterator

from netplan2k8s.fabric.plan import FabricPlan
from netplan2k8s.settings import DEFAULT_JOB_IMAGE, DEFAULT_RELEASE, OPERATOR_RELEASES

_HEAD = """\
# Settings of netplan2k8s; every key is explained in docs/settings.md.
# An editor checks this file against the output of: netplan2k8s schema settings
"""

_TAIL = f"""
# What the manifests are for: {", ".join(OPERATOR_RELEASES)}.
operator_release: "{DEFAULT_RELEASE}"

# Where the operator and its pools live, and where the training pods do.
# operator_namespace: nvidia-network-operator
# network_namespace: default

# patch (a merge patch for the policy that is there) or full (a new cluster).
# policy: patch

# hostdevicenetwork, or nad where a pod needs plugins that the release cannot chain.
# network_kind: hostdevicenetwork
# meta_plugins: [sbr]

# job:
#   image: {DEFAULT_JOB_IMAGE}
#   gpus_per_node: 8
#   ipc_lock: false

# Hosts and interfaces that are none of ours, as globs.
# exclude_nodes: ["login-*"]
# ignore_interfaces: ["storage*"]

# PCI addresses by interface, where no inventory and no name tells them.
# pci:
#   eth_rail0: "0000:1a:00.0"
"""


def text(plan: FabricPlan) -> str:
    """Settings under which the same hosts convert to the same manifests."""
    return "\n".join([_HEAD, *_rails(plan)]) + "\n" + _TAIL


def _rails(plan: FabricPlan) -> Iterator[str]:
    if not plan.rails:
        yield "# No rail was found. Name them by interface, mac, pci or cidr:"
        yield "# rails:"
        yield '#   - {number: 1, interface: "eth_rail0"}'
        return
    yield f"# Found on {len(plan.node_names)} hosts. A rail may also be told by"
    yield "# interface (a glob), mac or pci; without this list it is found anew."
    yield "rails:"
    for rail in plan.rails:
        yield f"  - number: {rail.number}"
        yield f'    cidr: "{rail.cidr}"'
