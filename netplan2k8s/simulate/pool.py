"""A CIDRPool as nv-ipam validates and reads it.

Source: nvidia-k8s-ipam v0.4, api/v1alpha1/cidrpool_validate.go and its helpers; one
problem anywhere makes the controller drop the whole pool on every node.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from netplan2k8s.addressing import BITS, Prefix
from netplan2k8s.simulate.node_selector import selector_problems
from netplan2k8s.simulate.pool_model import (
    Pool,
    Problem,
    Reading,
    Static,
    cidr_of,
    go_prefix,
)
from netplan2k8s.simulate.pool_parts import PartReader

__all__ = ["Pool", "Reading", "Static", "go_prefix", "read_pool"]

_NETWORK_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.\-]*")


def read_pool(body: Mapping[str, Any]) -> Reading:
    """Validate a CIDRPool whose fields have their types, as the controller does."""
    spec = body.get("spec") or {}
    problems = list(_name_problems(body))
    head = next(_head_problems(spec), None)
    if head is not None:
        return Reading(None, (*problems, head))
    cidr = cidr_of(spec["cidr"])
    reader = PartReader(cidr, spec["perNodeNetworkPrefix"], problems)
    index = spec.get("gatewayIndex")
    reader.check_index(index)
    excluded = reader.exclusions(spec.get("exclusions") or ())
    indices = reader.index_exclusions(spec.get("perNodeExclusions") or ())
    statics = reader.statics(spec.get("staticAllocations") or ())
    routes = reader.routes(spec)
    problems.extend(selector_problems(spec.get("nodeSelector")))
    if problems:
        return Reading(None, tuple(problems))
    metadata = body.get("metadata") or {}
    pool = Pool(
        name=str(metadata.get("name", "")),
        namespace=str(metadata.get("namespace", "")),
        cidr=cidr,
        length=spec["perNodeNetworkPrefix"],
        gateway_index=index,
        default_gateway=bool(spec.get("defaultGateway")),
        excluded=excluded,
        excluded_indices=indices,
        routes=routes,
        statics=statics,
        node_selector=spec.get("nodeSelector"),
    )
    return Reading(pool, ())


def _name_problems(body: Mapping[str, Any]) -> Iterator[Problem]:
    """A name that is not there yet, as with generateName, is the API server's."""
    name = (body.get("metadata") or {}).get("name")
    if name and not _NETWORK_NAME.fullmatch(str(name)):
        message = f"{name!r} can be no CNI network name"
        yield Problem("name", ("metadata", "name"), message)


def _head_problems(spec: Mapping[str, Any]) -> Iterator[Problem]:
    """Checks of the range, of which the validator reports the first alone."""
    text = spec.get("cidr", "")
    try:
        family, value, length = go_prefix(text)
    except ValueError:
        yield Problem(
            "cidr", ("spec", "cidr"), f"{text!r} is no network such as 172.16.0.0/15"
        )
        return
    host_bits = BITS[family] - length
    if value >> host_bits << host_bits != value:
        right = Prefix(family, value >> host_bits << host_bits, length)
        yield Problem("cidr", ("spec", "cidr"), f"{text} has host bits; write {right}")
    index = spec.get("gatewayIndex")
    if index is not None and index < 0:
        yield Problem(
            "gatewayIndex", ("spec", "gatewayIndex"), f"gatewayIndex {index} is below 0"
        )
    prefix = spec.get("perNodeNetworkPrefix", 0)
    if not length <= prefix <= BITS[family] or prefix == 0:
        message = (
            f"perNodeNetworkPrefix {prefix} is no length from {max(length, 1)} (that of"
            f" {text}) to {BITS[family]}"
        )
        yield Problem("cidr", ("spec", "perNodeNetworkPrefix"), message)
