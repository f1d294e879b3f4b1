"""What a CIDRPool is once nv-ipam has read it, and what it refuses in one."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import Any, NamedTuple

from netplan2k8s.addressing import BITS, Prefix, parse_address

Pointer = tuple[str | int, ...]


class Problem(NamedTuple):
    """What the validator refuses: the part of the pool, and why."""

    part: str
    pointer: Pointer
    message: str


class Static(NamedTuple):
    """A static allocation: node (may be empty), network and gateway as integers."""

    node_name: str
    network: int
    gateway: int | None
    text: str


@dataclass(frozen=True)
class Pool:
    """A valid pool; ``length`` is that of each node's prefix, in bits.

    ``excluded`` holds (first, last) addresses, ``excluded_indices`` (first, last)
    indices in each node's prefix; ``statics`` are in the order of the text.
    """

    name: str
    namespace: str
    cidr: Prefix
    length: int
    gateway_index: int | None
    default_gateway: bool
    excluded: tuple[tuple[int, int], ...]
    excluded_indices: tuple[tuple[int, int], ...]
    routes: tuple[Prefix, ...]
    statics: tuple[Static, ...]
    node_selector: Mapping[str, Any] | None

    @property
    def host_bits(self) -> int:
        return BITS[self.cidr.family] - self.length

    @cached_property
    def node_names(self) -> frozenset[str]:
        """The nodes that have a static allocation."""
        return frozenset(map(itemgetter(0), self.statics)) - {""}

    def gateway_of(self, network: int) -> int | None:
        """The gateway that gatewayIndex gives a prefix, None without one."""
        return None if self.gateway_index is None else network + self.gateway_index

    def prefix(self, network: int) -> Prefix:
        return Prefix(self.cidr.family, network, self.length)


class Reading(NamedTuple):
    """What became of a pool: None where nv-ipam would drop it, and why."""

    pool: Pool | None
    problems: tuple[Problem, ...]


def go_prefix(text: object) -> tuple[int, int, int]:
    """Read CIDR text as Go's net.ParseCIDR: (family, address, length).

    Raises:
        ValueError: no ``/length``, or what Go refuses: masks, zones, leading zeros in
            octets. ``/031`` is a length to Go.
    """
    if not isinstance(text, str):
        raise ValueError(f"{text!r} is no text")  # noqa: TRY004
    host, slash, length = text.rpartition("/")
    if not slash or not length.isascii() or not length.isdigit():
        raise ValueError(f"{text!r} has no /length")
    if ":" in host:
        family, value = parse_address(host)
    else:
        try:
            value = int.from_bytes(socket.inet_pton(socket.AF_INET, host))
        except (OSError, ValueError) as error:
            raise ValueError(f"{host!r} is no IP address") from error
        family = 4
    bits = int(length)
    if bits > BITS[family]:
        raise ValueError(f"{text!r} has no valid length")
    return family, value, bits


def cidr_of(text: object) -> Prefix:
    """The network that CIDR text is in, host bits clear.

    Raises:
        ValueError: as ``go_prefix``.
    """
    family, value, length = go_prefix(text)
    host_bits = BITS[family] - length
    return Prefix(family, value >> host_bits << host_bits, length)
