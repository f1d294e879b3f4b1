"""What a proof consists of: links, differences, and what could not be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from netplan2k8s.addressing import Prefix
from netplan2k8s.fabric.candidates import Candidate
from netplan2k8s.findings import Rule, Severity
from netplan2k8s.lint.remarks import Spot
from netplan2k8s.proof.shares import Share

UNTOLD_ADDRESS = "which addresses pods get"
UNREAD = "what pods get of "
"""How a gap begins that is in a network's configuration."""
UNTOLD_DEVICE = "which NIC the device plugin hands out"
UNTOLD_LABELS = "which nodes have the labels of a pool's nodeSelector"
UNTOLD_POLICY = "which NicNodePolicy selects a node, by its labels"


class Difference(NamedTuple):
    """One thing that a pod gets otherwise, on one node and rail.

    ``spot`` is the place in the manifests, ``nic`` the host's link; either may be None.
    ``node`` is empty for what is the same on all nodes.
    """

    rule: Rule
    rail: str
    node: str
    text: str
    spot: Spot | None = None
    nic: Candidate | None = None
    severity: Severity | None = None

    @property
    def is_error(self) -> bool:
        return (self.severity or self.rule.severity) is Severity.ERROR


class Link(NamedTuple):
    """A host's link, and what a pod gets in its place; ``share`` None for nothing.

    ``length`` is that of the pool's prefixes in bits; ``routes`` are over the gateway;
    ``device`` is the PCI address of the NIC, None where nothing tells it; ``mtu`` is
    in bytes, None for the kernel's own.
    """

    nic: Candidate
    rail: str
    share: Share | None = None
    length: int = 0
    routes: tuple[Prefix, ...] = ()
    device: str | None = None
    mtu: int | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """What was compared.

    ``rails`` are the networks, in the order of the pools; ``count`` the links of the
    hosts and ``equal`` those without a difference; ``whole`` the nodes whose pods get
    every rail, right or wrong; ``gaps`` what the manifests do not tell; ``links`` are
    kept where they were asked for, by node and rail.
    """

    nodes: int
    rails: tuple[str, ...]
    count: int
    equal: int
    whole: frozenset[str]
    differences: tuple[Difference, ...] = ()
    gaps: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
