"""NK401 and NK402: exact bytes against what kubectl and etcd take."""

from __future__ import annotations

import json

import pytest

from netplan2k8s import emitters
from netplan2k8s.addressing import InterfaceAddress, Prefix
from netplan2k8s.emitters import cidr_pool
from netplan2k8s.fabric.plan import FabricPlan, Rail, RailAttachment
from netplan2k8s.settings import Settings

ANNOTATION, ETCD = 262_144, 1_572_864


def pool(nodes: int, release: str = "26.7"):
    start = 172 << 24 | 16 << 16
    links = tuple(
        RailAttachment(
            f"worker-gpu-{n}",
            "e",
            InterfaceAddress(4, start + 2 * n, 31),
            start + 2 * n + 1,
        )
        for n in range(nodes)
    )
    cidr = Prefix(4, start, 15)
    rail = Rail(1, "rail-1", "rail-1", cidr, 31, (cidr,), links)
    plan = FabricPlan((rail,), tuple(link.node_name for link in links))
    settings = Settings(operator_release=release)
    (manifest,) = cidr_pool.emit(plan, settings)
    return manifest


def codes(manifest) -> list[str]:
    return [finding.rule.code for finding in emitters.size_findings(manifest)]


def test_small_pool_is_silent():
    assert codes(pool(1000)) == []


@pytest.mark.parametrize(
    ("nodes", "expected"), [(4096, ["NK401"]), (16_000, ["NK401", "NK402"])]
)
def test_large_pool_says_which_limit(nodes, expected):
    found = codes(pool(nodes))
    assert found in (expected, expected[-1:])


def test_annotation_limit_is_exact():
    """The annotation holds the object as compact JSON with a line feed."""
    low, high = 1, 8192
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if codes(pool(middle)) else (middle, high)

    def annotation(nodes: int) -> int:
        body = dict(pool(nodes).body)
        body["metadata"] = body["metadata"] | {"annotations": {}}
        return len(json.dumps(body, separators=(",", ":"))) + 1

    # The limit is on all annotations: the value and its key.
    key = len("kubectl.kubernetes.io/last-applied-configuration")
    assert annotation(low) + key <= ANNOTATION
    assert annotation(high) + key > ANNOTATION - 2


def test_selector_terms_count_too():
    new, old = pool(4096), pool(4096, "25.10")
    assert "NK402" not in codes(new)
    assert len(json.dumps(old.body)) > len(json.dumps(new.body))
