"""CIDRPool: a static prefix and gateway per node, and nothing for any other node.

Source: nvidia-k8s-ipam, api/v1alpha1/cidrpool_validate.go and the pool controller: a
node without an entry takes the lowest free prefix, so every pool must fail closed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from netplan2k8s.addressing import (
    BITS,
    Address,
    Prefix,
    format_address,
    parse_address,
    parse_prefix,
)
from netplan2k8s.catalogue import LISTED_NODES_ONLY
from netplan2k8s.emitters.releases import release
from netplan2k8s.fabric.plan import FabricPlan, Rail
from netplan2k8s.findings import Finding, Span
from netplan2k8s.labels import LABELS
from netplan2k8s.manifests.document import Manifest
from netplan2k8s.naming import counted, ranges
from netplan2k8s.settings import Settings

API_VERSION = "nv-ipam.nvidia.com/v1alpha1"
KIND = "CIDRPool"


def emit(plan: FabricPlan, settings: Settings) -> Iterator[Manifest]:
    for rail in plan.rails:
        yield Manifest(path(rail), _body(rail, settings))


def path(rail: Rail) -> str:
    return f"fabric/20-cidrpool-{rail.name}.yaml"


def findings(plan: FabricPlan, settings: Settings) -> Iterator[Finding]:
    """NK407 for the pools whose nodes must be listed one by one, by reason."""
    reasons: dict[str, list[Rail]] = defaultdict(list)
    for rail in plan.rails:
        if rail.attachments and not _excludes_the_leaf(rail, settings):
            reasons[_why(rail, settings)].append(rail)
    for why, rails in reasons.items():
        names = ranges([rail.name for rail in rails])
        verb = "lists" if len(rails) == 1 else "list"
        message = (
            f"{names} {verb} {counted(len(rails[0].attachments), 'node')} in"
            f" nodeSelector, {why}: a new node needs a new convert"
        )
        yield Finding(LISTED_NODES_ONLY, message, Span(path(rails[0])))


def _why(rail: Rail, settings: Settings) -> str:
    if not rail.is_point_to_point:
        return f"since a /{rail.node_prefix_length} cannot be closed by exclusion"
    if rail.gateway_index is None:
        return "since its hosts are on different sides of their links"
    return f"since release {settings.operator_release} has no perNodeExclusions"


def _excludes_the_leaf(rail: Rail, settings: Settings) -> bool:
    return (
        release(settings).has_per_node_exclusions
        and rail.is_point_to_point
        and rail.gateway_index is not None
    )


def _body(rail: Rail, settings: Settings) -> dict[str, Any]:
    leaf = rail.gateway_index
    spec: dict[str, Any] = {"cidr": str(rail.cidr)}
    if _excludes_the_leaf(rail, settings):
        # An unlisted node gets the NIC's side as gateway and finds the leaf's side
        # excluded, so that no address is left for it.
        spec["gatewayIndex"] = 1 - (leaf or 0)
        spec["perNodeNetworkPrefix"] = rail.node_prefix_length
        spec["perNodeExclusions"] = [{"startIndex": leaf, "endIndex": leaf}]
    else:
        spec["gatewayIndex"] = _legal_index(rail)
        spec["perNodeNetworkPrefix"] = rail.node_prefix_length
        spec["nodeSelector"] = _listed_nodes(rail)
    if rail.routes:
        spec["routes"] = [{"dst": str(destination)} for destination in rail.routes]
    spec["staticAllocations"] = _allocations(rail)
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {
            "name": rail.name,
            "namespace": settings.operator_namespace,
            "labels": dict(LABELS),
        },
        "spec": spec,
    }


def _legal_index(rail: Rail) -> int:
    """An index nv-ipam takes; listed nodes all have a gateway of their own."""
    if rail.is_point_to_point:
        return 0
    return rail.gateway_index or 1


def _listed_nodes(rail: Rail) -> dict[str, Any]:
    """One term per node: matchFields takes exactly one value each."""
    return {
        "nodeSelectorTerms": [
            {
                "matchFields": [
                    {
                        "key": "metadata.name",
                        "operator": "In",
                        "values": [attachment.node_name],
                    }
                ]
            }
            for attachment in rail.attachments
        ]
    }


def _allocations(rail: Rail) -> list[dict[str, str]]:
    family = rail.cidr.family
    host_bits = BITS[family] - rail.node_prefix_length
    suffix = f"/{rail.node_prefix_length}"
    return [
        {
            "gateway": format_address(family, attachment.gateway),
            "nodeName": attachment.node_name,
            "prefix": format_address(
                family, attachment.address.value >> host_bits << host_bits
            )
            + suffix,
        }
        for attachment in rail.attachments
    ]


class PoolFacts(NamedTuple):
    """What a CIDRPool says of the fabric: allocations are (node, prefix, gateway)."""

    name: str
    cidr: Prefix
    node_prefix_length: int
    routes: tuple[Prefix, ...]
    allocations: tuple[tuple[str, Prefix, Address], ...]


def read_back(body: Mapping[str, Any]) -> PoolFacts:
    """The inverse of ``emit`` for a pool that is valid."""
    spec = body["spec"]
    return PoolFacts(
        body["metadata"]["name"],
        parse_prefix(spec["cidr"]),
        spec["perNodeNetworkPrefix"],
        tuple(parse_prefix(route["dst"]) for route in spec.get("routes", ())),
        tuple(
            (
                entry["nodeName"],
                parse_prefix(entry["prefix"]),
                parse_address(entry["gateway"]),
            )
            for entry in spec["staticAllocations"]
        ),
    )
