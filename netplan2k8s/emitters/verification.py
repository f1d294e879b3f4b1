"""A Job for each scalable unit that checks the rails inside pods against the plan.

Its pods ask for every rail, so that a node takes one, and end together, when all of
them find everything right: no node is checked twice and none is left out. They need no
privilege: pings go by ``net.ipv4.ping_group_range``, which Kubernetes counts as safe.

Source: kubernetes, pkg/kubelet/sysctl/safe_sysctls.go; node affinity's matchFields take
``metadata.name`` with one value; KEP-3850, backoffLimitPerIndex, on since Kubernetes
1.29, the oldest that the operator's releases support.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from netplan2k8s.addressing import format_address
from netplan2k8s.emitters import nccl, pods
from netplan2k8s.fabric.links import pods_range
from netplan2k8s.fabric.plan import FabricPlan, Rail, RailAttachment
from netplan2k8s.fabric.waves import Wave, planned
from netplan2k8s.findings import Finding
from netplan2k8s.labels import (
    LABELS,
    VERIFICATION,
    VERIFICATION_DIRECTORY,
)
from netplan2k8s.manifests.document import Manifest
from netplan2k8s.settings import Settings

DIRECTORY = VERIFICATION_DIRECTORY
PROGRAM_PATH = f"{DIRECTORY}/check-rails.yaml"
_PROGRAM = f"{VERIFICATION}program"
_SCRIPT = "check_rails.py"
_BOUND = "its packets are bound to their rails, and it locks no memory"
_PLAN = "plan.json"
_MOUNT = "/verify"
_NOBODY = 65534
_DEADLINE_SECONDS = 3600


def emit(plan: FabricPlan, settings: Settings) -> Iterator[Manifest]:
    if plan.rails:
        yield Manifest(PROGRAM_PATH, _program(settings))
    rows = _rows(plan)
    for wave in planned(plan, settings.waves):
        nodes = tuple(name for name in wave.node_names if name in rows)
        if nodes:
            place = f"{DIRECTORY}/{wave.name}"
            text = _plan_text(plan, wave.name, nodes, rows)
            yield Manifest(
                f"{place}/configmap.yaml", _config_map(settings, wave.name, text)
            )
            checked = Wave(wave.name, nodes)
            yield Manifest(f"{place}/job.yaml", _job(plan, settings, checked))
    yield from nccl.emit(plan, settings)


def findings(plan: FabricPlan, settings: Settings) -> Iterator[Finding]:  # noqa: ARG001  as all emitters
    """Nothing: what these jobs need is said of the others."""
    yield from ()


def job_name(wave_name: str) -> str:
    """The Job of a unit, and the ConfigMap with what it is checked against."""
    return f"{VERIFICATION}{wave_name}"


def _config_map(settings: Settings, wave_name: str, text: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": pods.metadata(job_name(wave_name), settings, LABELS),
        "data": {_PLAN: text},
    }


def _program(settings: Settings) -> dict[str, Any]:
    """What the pods of all units run."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": pods.metadata(_PROGRAM, settings, LABELS),
        "data": {_SCRIPT: script()},
    }


def script() -> str:
    from netplan2k8s import verification  # noqa: PLC0415  its place alone is wanted

    path = os.path.join(os.path.dirname(verification.__file__), _SCRIPT)
    with open(path, encoding="utf-8") as file:
        return file.read()


def _plan_text(
    plan: FabricPlan, wave_name: str, nodes: Sequence[str], rows: Mapping[str, str]
) -> str:
    """The plan with a node on each line."""
    rails = [
        [rail.name, interface, [str(route) for route in rail.routes]]
        for rail, interface in zip(plan.rails, pods.interfaces(plan), strict=True)
    ]
    head = json.dumps({"name": wave_name, "rdma": True, "rails": rails})[:-1]
    lines = ",\n".join(f'  "{name}": [{rows[name]}]' for name in nodes)
    return f'{head}, "nodes": {{\n{lines}\n}}}}\n'


def _rows(plan: FabricPlan) -> dict[str, str]:
    """The links of every node that has all rails, in their order, as JSON."""
    links: dict[str, list[str]] = {name: [] for name in pods.complete_nodes(plan)}
    for rail in plan.rails:
        for link in rail.attachments:
            if link.node_name in links:
                links[link.node_name].append(_link(rail, link))
    return {name: ", ".join(texts) for name, texts in links.items()}


def _link(rail: Rail, link: RailAttachment) -> str:
    """What a pod may have there: of a wider link any address but the leaf's."""
    family, value, length = link.address
    if rail.is_point_to_point:
        addresses = f'"{format_address(family, value)}"'
    else:
        first, last = pods_range(link.prefix)
        values = [v for v in range(first.value, last.value + 1) if v != link.gateway]
        addresses = ", ".join(f'"{format_address(family, v)}"' for v in values)
    mtu = "null" if link.mtu is None else link.mtu
    return f'[[{addresses}], {length}, "{format_address(family, link.gateway)}", {mtu}]'


def _job(plan: FabricPlan, settings: Settings, wave: Wave) -> dict[str, Any]:
    count = len(wave.node_names)
    metadata = pods.metadata(job_name(wave.name), settings, LABELS)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {**metadata, "annotations": pods.unsaid(plan, settings, _BOUND)},
        "spec": {
            "completions": count,
            "parallelism": count,
            # A pod that gives up has said why; a new one would check another node. With
            # a backoffLimit of 0 for all of them the first to give up would have the
            # controller delete those that still run, and what they had to say.
            "completionMode": "Indexed",
            "backoffLimitPerIndex": 0,
            "template": {
                "metadata": {"annotations": pods.rail_networks(plan, settings)},
                "spec": _pod(plan, settings, wave),
            },
        },
    }


def _pod(plan: FabricPlan, settings: Settings, wave: Wave) -> dict[str, Any]:
    terms = [
        {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [name]}]}
        for name in wave.node_names
    ]
    required = {"nodeSelectorTerms": terms}
    return {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "affinity": {
            "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}
        },
        # Nodes are verified while they are cordoned, and tainted as unverified.
        "tolerations": [{"operator": "Exists", "effect": "NoSchedule"}],
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _NOBODY,
            "seccompProfile": {"type": "RuntimeDefault"},
            "sysctls": [{"name": "net.ipv4.ping_group_range", "value": "0 2147483647"}],
        },
        "containers": [_container(plan, settings)],
        "volumes": [
            {
                "name": "verify",
                "projected": {
                    "sources": [
                        {"configMap": {"name": _PROGRAM}},
                        {"configMap": {"name": job_name(wave.name)}},
                    ]
                },
            }
        ],
    }


def _container(plan: FabricPlan, settings: Settings) -> dict[str, Any]:
    node = {"fieldRef": {"fieldPath": "spec.nodeName"}}
    return {
        "name": "verify",
        "image": settings.job.image,
        "command": ["python3", f"{_MOUNT}/{_SCRIPT}", f"{_MOUNT}/{_PLAN}"],
        "env": [
            {"name": "NODE_NAME", "valueFrom": node},
            {"name": "DEADLINE_SECONDS", "value": str(_DEADLINE_SECONDS)},
        ],
        "resources": {"limits": pods.rail_limits(plan)},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
        # What a pod said last stays in its status, where its log is gone.
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [{"name": "verify", "mountPath": _MOUNT, "readOnly": True}],
    }
