"""The fabric plan: the one place where rail and address truth lives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from netplan2k8s.addressing import BITS, Address, InterfaceAddress, Prefix


class RailAttachment(NamedTuple):
    """One host port on one rail.

    ``interface`` is the Netplan ID; ``address`` the host's own address with its
    prefix length; ``gateway`` the leaf port, of the same family; ``mtu`` in bytes,
    None where Netplan leaves it to the kernel; ``pci_address`` the physical
    function in the form 0000:1a:00.0, None where no source knows it; ``file`` the
    label of the Netplan file with the address.
    """

    node_name: str
    interface: str
    address: InterfaceAddress
    gateway: int
    mtu: int | None = None
    pci_address: str | None = None
    file: str = ""

    @property
    def prefix(self) -> Prefix:
        return self.address.prefix

    @property
    def gateway_address(self) -> Address:
        return Address(self.address.family, self.gateway)


@dataclass(frozen=True, slots=True)
class Rail:
    """The same-index network across all hosts.

    ``number`` counts from the settings' ``first_rail``; ``cidr`` holds the prefix of
    every attachment; ``node_prefix_length`` is the length all of them share, in bits;
    ``routes`` are destinations behind the gateway as written in Netplan with host
    bits clear, most specific first; ``attachments`` are in natural order of node
    names, one per node.
    """

    number: int
    name: str
    resource_name: str
    cidr: Prefix
    node_prefix_length: int
    routes: tuple[Prefix, ...]
    attachments: tuple[RailAttachment, ...]

    @property
    def is_point_to_point(self) -> bool:
        """Whether links are /31 or /127, so that the gateway leaves one address."""
        return self.node_prefix_length == BITS[self.cidr.family] - 1

    @property
    def gateway_index(self) -> int | None:
        """The gateway's index in every link's prefix; None where links differ."""
        bits = BITS[self.cidr.family]
        indices = {
            link.gateway
            - (link.address.value >> (low := bits - link.address.length) << low)
            for link in self.attachments
        }
        return indices.pop() if len(indices) == 1 else None

    @property
    def pci_addresses(self) -> tuple[str, ...]:
        """The PCI addresses of the rail's NICs over all hosts, sorted, each once."""
        known = {attachment.pci_address for attachment in self.attachments}
        return tuple(sorted(address for address in known if address))


@dataclass(frozen=True, slots=True)
class FabricPlan:
    """All rails, by number, and all nodes that are on any, in natural order."""

    rails: tuple[Rail, ...]
    node_names: tuple[str, ...]
