"""Addresses as integers: strict parsing, /31 arithmetic, canonical text.

Everything past the reader works on ``(family, integer, prefix length)``, because
an address library compares two networks as equal when only their host bits differ
and so cannot see host and gateway swapped. netaddr judges the rare forms.
"""

from __future__ import annotations

from functools import lru_cache
from socket import AF_INET, inet_ntoa, inet_pton
from typing import NamedTuple

BITS = {4: 32, 6: 128}


class Address(NamedTuple):
    """An address of family 4 or 6 as an integer."""

    family: int
    value: int

    def __str__(self) -> str:
        return format_address(self.family, self.value)


class Prefix(NamedTuple):
    """A network with its host bits clear; ``length`` is in bits."""

    family: int
    value: int
    length: int

    def __str__(self) -> str:
        return f"{format_address(self.family, self.value)}/{self.length}"

    @property
    def last(self) -> int:
        """The highest address of the network."""
        return self.value | ((1 << (BITS[self.family] - self.length)) - 1)

    def contains(self, other: Prefix) -> bool:
        return (
            self.family == other.family
            and self.length <= other.length
            and self.value <= other.value
            and other.last <= self.last
        )

    def holds(self, address: Address) -> bool:
        return (
            self.family == address.family and self.value <= address.value <= self.last
        )

    def overlaps(self, other: Prefix) -> bool:
        return self.contains(other) or other.contains(self)


class InterfaceAddress(NamedTuple):
    """A host address together with the length of its prefix in bits."""

    family: int
    value: int
    length: int

    def __str__(self) -> str:
        return f"{format_address(self.family, self.value)}/{self.length}"

    @property
    def address(self) -> Address:
        return Address(self.family, self.value)

    @property
    def prefix(self) -> Prefix:
        host_bits = BITS[self.family] - self.length
        return Prefix(self.family, self.value >> host_bits << host_bits, self.length)


def format_address(family: int, value: int) -> str:
    """Write an address in canonical text: dotted decimal, or RFC 5952."""
    if family == 4:  # noqa: PLR2004
        return inet_ntoa(value.to_bytes(4))
    return _format_v6(value)


def parse_address(text: str) -> Address:
    """Read a bare IPv4 or IPv6 address as inet_pton(3) does.

    Raises:
        ValueError: anything else, zero-padded octets and zone ids included.
    """
    if ":" in text:
        return Address(6, _parse_v6(text))
    try:
        return Address(4, int.from_bytes(inet_pton(AF_INET, text)))
    except (OSError, ValueError) as error:
        raise ValueError(f"{text!r} is not an IP address") from error


def parse_interface(text: str) -> InterfaceAddress:
    """Read ``172.16.0.1/31`` and keep the host bits.

    Raises:
        ValueError: no ``/length``, or not an address.
    """
    host, slash, length = text.partition("/")
    if not slash:
        raise ValueError(f"{text!r} has no /length")
    family, value = parse_address(host)
    return InterfaceAddress(family, value, _parse_length(length, family, text))


@lru_cache(maxsize=8192)
def parse_prefix(text: str) -> Prefix:
    """Read a network and clear its host bits; a bare address is a host route.

    Raises:
        ValueError: not an address, or a length that is none.
    """
    if "/" not in text:
        family, value = parse_address(text)
        return Prefix(family, value, BITS[family])
    return parse_interface(text).prefix


def peer(interface: InterfaceAddress) -> Address:
    """The other address of a /31 or /127 (RFC 3021, RFC 6164)."""
    if interface.length != BITS[interface.family] - 1:
        raise ValueError(f"{interface} is not a point-to-point prefix")
    return Address(interface.family, interface.value ^ 1)


def _parse_length(text: str, family: int, whole: str) -> int:
    if text == "31":
        return 31
    if text.isascii() and text.isdigit() and (text == "0" or text[0] != "0"):
        length = int(text)
        if length <= BITS[family]:
            return length
    raise ValueError(f"{whole!r} has no valid prefix length")


def _parse_v6(text: str) -> int:
    import netaddr  # noqa: PLC0415  netaddr costs 40 ms and most fleets have no IPv6

    try:
        return int(netaddr.IPAddress(text, version=6, flags=netaddr.INET_PTON))
    except (netaddr.AddrFormatError, ValueError) as error:
        raise ValueError(f"{text!r} is not an IPv6 address") from error


def _format_v6(value: int) -> str:
    import netaddr  # noqa: PLC0415  as above

    return str(netaddr.IPAddress(value, version=6))
