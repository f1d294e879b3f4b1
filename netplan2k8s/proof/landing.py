"""In which networks the NICs of a node land: policies, resources, networks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from netplan2k8s.catalogue import DIFFERENT_DEVICE, NO_LINK
from netplan2k8s.findings import Rule
from netplan2k8s.lint.attachments import Network
from netplan2k8s.lint.plugin_config import Policy, value_of
from netplan2k8s.lint.scene import Scene
from netplan2k8s.rules.pci import group_of
from netplan2k8s.settings import NodeGroup
from netplan2k8s.simulate.device_plugin import Claim, Device, offered
from netplan2k8s.simulate.operator import POLICY_NAME
from netplan2k8s.simulate.selectors import Node, is_subset


class Slot(NamedTuple):
    """Where a NIC lands: its networks, or the rule and the reason why in none.

    Neither for a NIC of which no source knows the PCI address.
    """

    networks: tuple[Network, ...] = ()
    rule: Rule | None = None
    problem: str = ""


class Landing:
    """Places the NICs of one node after the other."""

    def __init__(self, scene: Scene, groups: Sequence[NodeGroup]) -> None:
        self._groups = groups
        self._networks: dict[str, list[Network]] = defaultdict(list)
        for network in scene.networks:
            if network.is_rail:
                self._networks[network.resource].append(network)
        self._cluster = [p for p in scene.policies if _is_the_cluster_s(p)]
        self._node = [p for p in scene.policies if p.document.kind == "NicNodePolicy"]
        self._labels = scene.node_labels
        self.has_guessed = False
        self._slots = cache(self._slots_of)

    @property
    def has_policies(self) -> bool:
        return bool(self._cluster or self._node)

    def slots(
        self, node_name: str, addresses: tuple[str | None, ...]
    ) -> tuple[Slot, ...]:
        """Where each of a node's NICs lands, by their PCI addresses."""
        return self._slots(self._choice(node_name, addresses), addresses)

    def _slots_of(
        self, choice: int | None, addresses: tuple[str | None, ...]
    ) -> tuple[Slot, ...]:
        policies = self._cluster if choice is None else [self._node[choice]]
        return self._landed(policies, addresses)

    def _landed(
        self, policies: Sequence[Policy], addresses: tuple[str | None, ...]
    ) -> tuple[Slot, ...]:
        devices = [Device(address) for address in addresses if address]
        claims = [claim for policy in policies for claim in _claims(policy)]
        taken = offered(claims, devices)
        resource_of = {d.pci_address: name for name, ds in taken.items() for d in ds}
        return tuple(
            self._slot(address, resource_of.get(address), taken) if address else Slot()
            for address in addresses
        )

    def _slot(
        self, address: str, resource: str | None, taken: dict[str, list[Device]]
    ) -> Slot:
        if resource is None:
            message = f"no resource of the device plugin takes NIC {address}"
            return Slot(rule=NO_LINK, problem=message)
        networks = tuple(self._networks.get(resource, ()))
        if not networks:
            message = f"NIC {address} is in {resource}, which no network attaches"
            return Slot(rule=NO_LINK, problem=message)
        if len(taken[resource]) > 1:
            listed = ", ".join(device.pci_address for device in taken[resource])
            message = f"{resource} takes NICs {listed}, and chance which of them"
            return Slot(networks, DIFFERENT_DEVICE, message)
        return Slot(networks)

    def _choice(self, node_name: str, addresses: tuple[str | None, ...]) -> int | None:
        """The NicNodePolicy that selects a node; None where there are none."""
        if not self._node or self._cluster:
            return None
        node = self._known(node_name)
        if node is None:
            self.has_guessed = True
            return max(range(len(self._node)), key=lambda n: self._fit(n, addresses))
        for number, policy in enumerate(self._node):
            selector = policy.document.spec.get("nodeSelector") or {}
            if is_subset(selector, node.labels):
                return number
        return None

    def _known(self, node_name: str) -> Node | None:
        """The node with the labels that Node objects or node_groups tell."""
        if node_name in self._labels:
            return Node(node_name, self._labels[node_name])
        name = group_of(node_name, self._groups)
        for group in self._groups:
            if group.name == name:
                return Node(node_name, dict(group.node_selector))
        return None

    def _fit(self, number: int, addresses: tuple[str | None, ...]) -> int:
        slots = self._slots(number, addresses)
        return sum(1 for slot in slots if slot.networks and not slot.problem)


def _is_the_cluster_s(policy: Policy) -> bool:
    document = policy.document
    return document.kind == "NicClusterPolicy" and document.name == POLICY_NAME


def _claims(policy: Policy) -> list[Claim]:
    """What the plugin loads of a configuration: NICs, by selectors that are there."""
    return [
        Claim(resource.full_name, resource.selectors)
        for resource in policy.resources
        if (value_of(resource.body, "deviceType") or "netDevice") == "netDevice"
    ]
