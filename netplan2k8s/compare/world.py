"""Nodes and pods of a cluster, as far as a change has an effect on them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from netplan2k8s.lint.templates import NETWORKS
from netplan2k8s.naming import natural_key
from netplan2k8s.simulate import multus
from netplan2k8s.simulate.selectors import Node

STATUS = "k8s.v1.cni.cncf.io/network-status"
OLD_STATUS = "k8s.v1.cni.cncf.io/networks-status"
GPU = "nvidia.com/gpu"
_ENDED = ("Succeeded", "Failed")
_NOTHING = (None, "0", 0, "")
_MOST = 3


class NodeView(NamedTuple):
    """A Node: its labels, and what it offers to pods."""

    name: str
    labels: Mapping[str, str]
    allocatable: Mapping[str, str]

    def offers(self, resource: str) -> bool:
        """Whether it has any device of a resource, be they in use or not."""
        return self.allocatable.get(resource) not in _NOTHING

    @property
    def as_selected(self) -> Node:
        return Node(self.name, self.labels)


class PodView(NamedTuple):
    """A pod that runs with networks: what Multus says of its addresses, if it does.

    ``networks`` are (namespace, name), ``addresses`` those of its interfaces.
    """

    namespace: str
    name: str
    node: str
    networks: tuple[tuple[str, str], ...]
    addresses: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True)
class World:
    """What runs on the cluster; None for what is not told."""

    nodes: tuple[NodeView, ...] | None = None
    pods: tuple[PodView, ...] | None = None

    @cached_property
    def node_names(self) -> frozenset[str]:
        return frozenset(node.name for node in self.nodes or ())

    @cached_property
    def _by_node(self) -> Mapping[str, list[PodView]]:
        found: dict[str, list[PodView]] = defaultdict(list)
        for pod in self.pods or ():
            found[pod.node].append(pod)
        return found

    def holding(self, node: str, addresses: Iterable[str]) -> list[PodView] | None:
        """The pods of a node that have one of the addresses; None where untold.

        A pod whose addresses Multus has not written yet counts as one that may.
        """
        if self.pods is None:
            return None
        wanted = set(addresses)
        return [
            pod
            for pod in self._by_node.get(node, ())
            if not pod.addresses or wanted.intersection(pod.addresses)
        ]


def node_of(body: Mapping[str, Any]) -> NodeView | None:
    """A Node object as a view; None for what is none."""
    try:
        metadata, status = body["metadata"], body.get("status") or {}
        name, labels = metadata["name"], metadata.get("labels")
        offers = status.get("allocatable")
    except (AttributeError, KeyError, TypeError):
        return None
    if not isinstance(name, str):
        return None
    return NodeView(
        name,
        labels if isinstance(labels, dict) else {},
        offers if isinstance(offers, dict) else {},
    )


def pod_of(body: Mapping[str, Any]) -> PodView | None:
    """A Pod with networks that has not ended; None for any other."""
    metadata, spec, status = (body.get(key) for key in ("metadata", "spec", "status"))
    if not isinstance(metadata, dict) or not isinstance(spec, dict):
        return None
    annotations = _texts(metadata.get("annotations"))
    text = annotations.get(NETWORKS)
    phase = status.get("phase") if isinstance(status, dict) else None
    if not text or phase in _ENDED or not spec.get("nodeName"):
        return None
    namespace = str(metadata.get("namespace") or "default")
    try:
        selections = multus.parse(text, namespace)
    except multus.MultusError:
        selections = []
    return PodView(
        namespace,
        str(metadata.get("name", "")),
        str(spec["nodeName"]),
        tuple((selection.namespace, selection.name) for selection in selections),
        _addresses(annotations.get(STATUS) or annotations.get(OLD_STATUS) or ""),
    )


def _addresses(text: str) -> tuple[str, ...]:
    """The addresses of a network-status, those of the cluster's own network apart."""
    try:
        listed = json.loads(text)
    except (ValueError, RecursionError):
        return ()
    found: list[str] = []
    for item in listed if isinstance(listed, list) else ():
        if isinstance(item, dict) and not item.get("default"):
            ips = item.get("ips")
            found.extend(ip for ip in ips or () if isinstance(ip, str))
    return tuple(found)


def _texts(value: object) -> dict[str, str]:
    items = value.items() if isinstance(value, dict) else ()
    return {str(key): str(inner) for key, inner in items if inner is not None}


def named(pods: Iterable[PodView]) -> str:
    """The first few pods by name, and how many more."""
    names = sorted(map(str, pods), key=natural_key)
    shown = ", ".join(names[:_MOST])
    more = len(names) - _MOST
    return f"{shown} and {more} more" if more > 0 else shown
