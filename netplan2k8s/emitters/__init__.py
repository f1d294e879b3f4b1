"""The plan as manifests: one module per kind, one table of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from netplan2k8s import sizes
from netplan2k8s.emitters import (
    cidr_pool,
    networks,
    nic_cluster_policy,
    pytorch_job,
    verification,
)
from netplan2k8s.emitters.base_policy import BasePolicy
from netplan2k8s.fabric.plan import FabricPlan
from netplan2k8s.findings import Finding
from netplan2k8s.manifests.document import Manifest
from netplan2k8s.settings import KINDS, Settings

_EMITTERS = (nic_cluster_policy, cidr_pool, networks, pytorch_job, verification)
EMITTERS: dict[str, Any] = dict(zip(KINDS, _EMITTERS, strict=True))


def emit(
    plan: FabricPlan,
    settings: Settings,
    kinds: Collection[str] = KINDS,
    base: BasePolicy | None = None,
) -> Iterator[Manifest]:
    """Make the manifests of the kinds one by one, so that no two pools are held."""
    for kind, emitter in EMITTERS.items():
        if kind not in kinds:
            continue
        if emitter is nic_cluster_policy:
            yield from nic_cluster_policy.emit(plan, settings, base)
        else:
            yield from emitter.emit(plan, settings)


def findings(
    plan: FabricPlan, settings: Settings, kinds: Collection[str] = KINDS
) -> Iterator[Finding]:
    """What the kinds have to say of the plan, apart from their size."""
    for kind, emitter in EMITTERS.items():
        if kind in kinds:
            yield from emitter.findings(plan, settings)


def size_findings(manifest: Manifest) -> Iterator[Finding]:
    if manifest.body["kind"] == cidr_pool.KIND:
        yield from sizes.check(manifest.path, manifest.body)
