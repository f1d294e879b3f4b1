"""The parts of a CIDRPool as nv-ipam validates them: exclusions, entries, routes."""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping, Sequence
from itertools import repeat
from operator import itemgetter, xor
from typing import Any

from netplan2k8s.addressing import BITS, Address, Prefix, parse_address
from netplan2k8s.simulate.pool_model import Pointer, Problem, Static, cidr_of, go_prefix

_FAMILY_4 = 4
_NARROW = 2
"""Host bits below which every address of a prefix can be a host's."""

_FEW = 16
_COLUMNS = itemgetter("nodeName", "prefix", "gateway")


class PartReader:
    """Reads the parts of a pool once cidr and prefix length are known to be right."""

    def __init__(self, cidr: Prefix, length: int, problems: list[Problem]) -> None:
        self._cidr = cidr
        self._length = length
        self._bits = BITS[cidr.family]
        self._host_bits = self._bits - length
        self._problems = problems

    def _refuse(self, part: str, pointer: Pointer, message: str) -> None:
        self._problems.append(Problem(part, ("spec", *pointer), message))

    def check_index(self, index: int | None) -> None:
        if index is None:
            return
        low, high = index_bounds(self._cidr.family, self._host_bits)
        if not low <= index <= high:
            only = f"{low}" if low == high else _between(low, high)
            message = (
                f"gatewayIndex {index} is outside of a /{self._length}, whose gateway"
                f" can be {only}"
            )
            self._refuse("gatewayIndex", ("gatewayIndex",), message)

    def exclusions(
        self, items: Sequence[Mapping[str, Any]]
    ) -> tuple[tuple[int, int], ...]:
        found = []
        for number, item in enumerate(items):
            first = self._excluded_end(item, number, "startIP")
            last = self._excluded_end(item, number, "endIP")
            if first is None or last is None:
                continue
            if last < first:
                message = f"endIP {item['endIP']} is below startIP {item['startIP']}"
                self._refuse("exclusion", ("exclusions", number), message)
                continue
            found.append((first, last))
        return tuple(found)

    def _excluded_end(
        self, item: Mapping[str, Any], number: int, key: str
    ) -> int | None:
        text = item.get(key, "")
        try:
            address = parse_address(str(text))
        except ValueError:
            message = f"{key} {text!r} is no IP address"
        else:
            if self._cidr.holds(address):
                return address.value
            message = f"{key} {text} is outside of cidr {self._cidr}"
        self._refuse("exclusion", ("exclusions", number, key), message)
        return None

    def index_exclusions(
        self, items: Sequence[Mapping[str, Any]]
    ) -> tuple[tuple[int, int], ...]:
        highest = (1 << self._host_bits) - 1
        found = []
        for number, item in enumerate(items):
            ends = item.get("startIndex", 0), item.get("endIndex", 0)
            for key, index in zip(("startIndex", "endIndex"), ends, strict=True):
                if not 0 <= index <= highest:
                    message = (
                        f"{key} {index} is outside of a /{self._length}, whose indices"
                        f" are {'0' if highest == 0 else _between(0, highest)}"
                    )
                    pointer = ("perNodeExclusions", number, key)
                    self._refuse("exclusion", pointer, message)
            if ends[1] < ends[0]:
                message = f"endIndex {ends[1]} is below startIndex {ends[0]}"
                self._refuse("reversed", ("perNodeExclusions", number), message)
            found.append(ends)
        return tuple(found)

    def statics(self, items: Sequence[Mapping[str, Any]]) -> tuple[Static, ...]:
        plain = self._plain_statics(items) if len(items) > _FEW else None
        if plain is not None:
            return plain
        found: list[Static] = []
        suffix, host_bits = f"/{self._length}", self._host_bits
        low, high, is_v4 = self._cidr.value, self._cidr.last, self._cidr.family == 4  # noqa: PLR2004
        cut, mask = len(suffix), (1 << host_bits) - 1
        pton, inet, number_of = socket.inet_pton, socket.AF_INET, int.from_bytes
        for number, item in enumerate(items):
            text, via = item.get("prefix", ""), item.get("gateway")
            try:
                if not is_v4 or text[-cut:] != suffix:
                    raise ValueError  # noqa: TRY301  the slow way says what is wrong
                network = number_of(pton(inet, text[:-cut]))
                gateway = None if via is None else number_of(pton(inet, via))
            except (OSError, ValueError, TypeError):
                self._odd_static(item, number, found)
                continue
            if network & mask or not low <= network <= high:
                self._odd_static(item, number, found)
                continue
            if gateway is not None and gateway ^ network > mask:
                self._odd_static(item, number, found)
                continue
            found.append(Static(item.get("nodeName") or "", network, gateway, text))
        self._repeated(items, found)
        return tuple(found)

    def _plain_statics(
        self, items: Sequence[Mapping[str, Any]]
    ) -> tuple[Static, ...] | None:
        """All entries at once where each is plain and right, None where one is not.

        Column by column, since a fleet has 16,384 entries a pool.
        """
        if self._cidr.family != 4:  # noqa: PLR2004
            return None
        suffix = f"/{self._length}"
        cut, mask = len(suffix), (1 << self._host_bits) - 1
        try:
            names, texts, vias = zip(*map(_COLUMNS, items), strict=True)
            if not all([text.endswith(suffix) for text in texts]):  # noqa: C419  faster
                return None
            networks = _numbers([text[:-cut] for text in texts])
            gateways = _numbers(vias)
        except (KeyError, OSError, TypeError, ValueError):
            return None
        is_right = (
            self._cidr.value <= min(networks)
            and max(networks) <= self._cidr.last
            and not any(map(mask.__and__, networks))
            and max(map(xor, networks, gateways)) <= mask
            and len({*names}) == len(names) == len({*networks})
            and all(names)
        )
        if not is_right:
            return None
        # Without the call that a NamedTuple's own constructor is.
        rows = zip(names, networks, gateways, texts, strict=True)
        return tuple(map(tuple.__new__, repeat(Static), rows))

    def _odd_static(
        self, item: Mapping[str, Any], number: int, found: list[Static]
    ) -> None:
        text, via = item.get("prefix", ""), item.get("gateway")
        where: Pointer = ("staticAllocations", number, "prefix")
        network = self._network(text, where)
        if network is None:
            return
        gateway = None
        if via:
            try:
                address = parse_address(via)
            except ValueError:
                message = f"gateway {via!r} is no IP address"
            else:
                if Prefix(self._cidr.family, network, self._length).holds(address):
                    gateway = address.value
                message = f"gateway {via} is outside of its prefix {text}"
            if gateway is None:
                self._refuse(
                    "allocation", ("staticAllocations", number, "gateway"), message
                )
        found.append(Static(item.get("nodeName") or "", network, gateway, text))

    def _network(self, text: str, where: Pointer) -> int | None:
        try:
            family, value, length = go_prefix(text)
        except ValueError:
            example = Prefix(self._cidr.family, self._cidr.value, self._length)
            message = f"prefix {text!r} is no network such as {example}"
        else:
            host_bits = BITS[family] - length
            network = value >> host_bits << host_bits
            inside = self._cidr.holds(Address(family, network))
            if value != network:
                right = str(Prefix(family, network, length))
                message = f"prefix {text} has host bits; write the network {right}"
            elif not inside:
                message = f"prefix {text} is outside of cidr {self._cidr}"
            elif length != self._length:
                message = (
                    f"prefix {text} is no /{self._length}, which perNodeNetworkPrefix"
                    " asks for"
                )
            else:
                return network
        self._refuse("allocation", where, message)
        return None

    def _repeated(
        self, items: Sequence[Mapping[str, Any]], found: Sequence[Static]
    ) -> None:
        """A node with two entries, right or wrong, or a prefix with two."""
        nodes = [name for item in items if (name := item.get("nodeName"))]
        networks = [entry.network for entry in found]
        if len(set(nodes)) == len(nodes) and len(set(networks)) == len(networks):
            return
        first_node: dict[str, int] = {}
        first_network: dict[int, int] = {}
        for number, item in enumerate(items):
            node = item.get("nodeName")
            if node and first_node.setdefault(node, number) != number:
                message = (
                    f"node {node} has two entries, the other one with"
                    f" {items[first_node[node]].get('prefix')}"
                )
                pointer = ("staticAllocations", number, "nodeName")
                self._refuse("repeated", pointer, message)
            try:
                family, value, length = go_prefix(item.get("prefix", ""))
            except ValueError:
                continue
            if (family, length) != (self._cidr.family, self._length):
                continue
            if first_network.setdefault(value, number) != number:
                other = items[first_network[value]].get("nodeName") or "nobody"
                message = f"prefix {item['prefix']} has two entries, also for {other}"
                pointer = ("staticAllocations", number, "prefix")
                self._refuse("repeated", pointer, message)

    def routes(self, spec: Mapping[str, Any]) -> tuple[Prefix, ...]:
        without_index = spec.get("gatewayIndex") is None
        is_default = bool(spec.get("defaultGateway"))
        items = spec.get("routes") or ()
        for key, need, given in (
            ("routes", "need", items),
            ("defaultGateway", "needs", is_default),
        ):
            if without_index and given:
                message = (
                    f"{key} {need} a gatewayIndex, even if every entry has a gateway"
                )
                self._refuse("route", (key,), message)
        found = []
        for number, item in enumerate(items):
            text, where = item.get("dst", ""), ("routes", number, "dst")
            try:
                destination = cidr_of(text)
            except ValueError:
                example = "172.16.0.0/12"
                self._refuse(
                    "route", where, f"dst {text!r} is no network such as {example}"
                )
                continue
            if destination.family != self._cidr.family:
                message = f"dst {text} is of another address family than {self._cidr}"
                self._refuse("route", where, message)
            elif destination.length == 0 and is_default:
                message = f"dst {text} says again what defaultGateway does"
                self._refuse("route", where, message)
            else:
                found.append(destination)
        return tuple(found)


def _between(low: int, high: int) -> str:
    return f"{low} {'or' if high == low + 1 else 'to'} {high}"


def index_bounds(family: int, host_bits: int) -> tuple[int, int]:
    """The lowest and highest gatewayIndex in a prefix with so many host bits."""
    if host_bits < _NARROW:
        return 0, (1 << host_bits) - 1
    return 1, (1 << host_bits) - (2 if family == _FAMILY_4 else 1)


def _numbers(texts: Sequence[str]) -> tuple[int, ...]:
    """IPv4 addresses as integers; an OSError or TypeError where one is none."""
    packed = b"".join(map(socket.inet_pton, repeat(socket.AF_INET), texts))
    return struct.unpack(f">{len(texts)}I", packed)
