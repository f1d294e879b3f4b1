"""A host's live network: what its kernel and its LLDP daemon said when asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from netplan2k8s.addressing import Address, InterfaceAddress, Prefix

MAIN_TABLE = "254"


class LiveInterface(NamedTuple):
    """An interface as the kernel has it.

    ``mac`` is permanent, lower case, "" where only a bond's is known; ``kind`` is that
    of a virtual device, "" for a NIC; ``addresses`` are those that somebody gave it:
    neither link-local ones nor those of router advertisements.
    """

    name: str
    altnames: tuple[str, ...] = ()
    mac: str = ""
    mtu: int = 0
    master: str = ""
    kind: str = ""
    link_type: str = ""
    is_up: bool = True
    has_carrier: bool = True
    addresses: tuple[InterfaceAddress, ...] = ()


class LiveRoute(NamedTuple):
    """A unicast route with a gateway, one for each next hop.

    ``table`` is a number as text, or a name of the host's own rt_tables.
    """

    to: Prefix
    gateway: Address
    interface: str
    table: str = MAIN_TABLE


class LiveRule(NamedTuple):
    """A policy routing rule; ``source`` and ``to`` are None for all."""

    source: Prefix | None
    to: Prefix | None
    table: str
    priority: int
    mark: int = 0


class Neighbor(NamedTuple):
    """What LLDP heard on an interface.

    ``chassis`` is the switch's ID, ``name`` its system name, either "" where it sends
    none; ``port`` the ID of its port.
    """

    interface: str
    chassis: str
    name: str
    port: str
    is_switch: bool = True


@dataclass(frozen=True, slots=True)
class LiveHost:
    """All that was collected of a host; None for what was not, or cannot be read.

    ``labels`` are the files' names for messages; ``missing`` the names of files that
    are not there.
    """

    interfaces: tuple[LiveInterface, ...] | None = None
    routes: tuple[LiveRoute, ...] | None = None
    routes6: tuple[LiveRoute, ...] | None = None
    rules: tuple[LiveRule, ...] | None = None
    rules6: tuple[LiveRule, ...] | None = None
    neighbors: tuple[Neighbor, ...] | None = None
    missing: tuple[str, ...] = ()
