"""How the device plugin's configuration is applied and withdrawn, by what holds it.

Source: network-operator, pkg/policyoverlap: it refuses a section that the
NicClusterPolicy and a NicNodePolicy both have; manifests/state-sriov-device-plugin:
its pods have the label app=sriovdp, and a change replaces them one at a time.
"""

from __future__ import annotations

from collections.abc import Iterator

from netplan2k8s.report.conversion import fabric_commands
from netplan2k8s.runbook.values import Site

_PATCH = "kubectl patch nicclusterpolicy nic-cluster-policy"
_HAD = "[ -e sriovDevicePlugin-before.json ]"
_UNDO = f"{_PATCH} --type=json --patch-file sriovDevicePlugin-before.json"
_DELETE = "kubectl delete nicclusterpolicy nic-cluster-policy --ignore-not-found"
_CONFLICTS = (
    "The policy is complete: applying it removes every section that it does not hold."
    " Where another field\nmanager owns `sriovDevicePlugin`, kubectl reports a"
    " conflict: look at it with `netplan2k8s diff`, then add\n`--force-conflicts`."
)
_GROUPS = (
    "The operator refuses NicNodePolicies beside a `sriovDevicePlugin` in the"
    " NicClusterPolicy. The first command\ntakes that section out."
)


def applied(site: Site) -> Iterator[str]:
    if site.node_policies:
        yield (
            f"if {_HAD}; then {_PATCH} --type=merge"
            """ -p '{"spec":{"sriovDevicePlugin":null}}'; fi"""
        )
    yield from fabric_commands(site.files, site.manifests_quoted)


def note(site: Site) -> str:
    if site.node_policies:
        return _GROUPS
    return _CONFLICTS if site.is_policy_complete else ""


def withdrawn(site: Site) -> Iterator[str]:
    """What ends the offer of the rails; pods of the plugin read it when they begin."""
    for path in site.node_policies:
        yield f"kubectl delete --ignore-not-found -f {site.manifests_quoted}/{path}"
    if site.is_policy_complete:
        yield f"if {_HAD}; then {_UNDO}; else {_DELETE}; fi"
    elif site.node_policies:
        yield f"if {_HAD}; then {_UNDO}; fi"
    else:
        yield _UNDO
    yield "renewed > renewed.out"
