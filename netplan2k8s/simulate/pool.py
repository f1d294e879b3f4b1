"""A CIDRPool as nv-ipam validates and reads it.

Source: nvidia-k8s-ipam v0.4, api/v1alpha1/cidrpool_validate.go and its helpers; one
problem anywhere makes the controller drop the whole pool on every node.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from netplan2k8s.addressing import BITS, Address, Prefix, parse_address

Pointer = tuple[str | int, ...]

_NETWORK_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.\-]*")
_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt")
_LABEL_KEY = re.compile(
    r"(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?"
)
_FAMILY_4 = 4
_NARROW = 2
"""Host bits below which every address of a prefix can be a host's."""


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


@dataclass(frozen=True, slots=True)
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

    def gateway_of(self, network: int) -> int | None:
        """The gateway that gatewayIndex gives a prefix, None without one."""
        return None if self.gateway_index is None else network + self.gateway_index

    def prefix(self, network: int) -> Prefix:
        return Prefix(self.cidr.family, network, self.length)


class Reading(NamedTuple):
    """What became of a pool: None where nv-ipam would drop it, and why."""

    pool: Pool | None
    problems: tuple[Problem, ...]


def read_pool(body: Mapping[str, Any]) -> Reading:
    """Validate a CIDRPool whose fields have their types, as the controller does."""
    spec = body.get("spec") or {}
    head = next(_head_problems(body, spec), None)
    if head is not None:
        return Reading(None, (head,))
    cidr = _cidr(spec["cidr"])
    problems: list[Problem] = []
    reader = _Reader(cidr, spec["perNodeNetworkPrefix"], problems)
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


def _cidr(text: object) -> Prefix:
    family, value, length = go_prefix(text)
    host_bits = BITS[family] - length
    return Prefix(family, value >> host_bits << host_bits, length)


def _head_problems(
    body: Mapping[str, Any], spec: Mapping[str, Any]
) -> Iterator[Problem]:
    """Checks of which the validator reports the first, and then nothing else."""
    name = (body.get("metadata") or {}).get("name", "")
    if not _NETWORK_NAME.fullmatch(str(name)):
        yield Problem(
            "name", ("metadata", "name"), f"{name!r} can be no CNI network name"
        )
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


class _Reader:
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
            only = f"{low}" if low == high else f"{low} to {high}"
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
                        f" are 0 to {highest}"
                    )
                    pointer = ("perNodeExclusions", number, key)
                    self._refuse("exclusion", pointer, message)
            if ends[1] < ends[0]:
                message = f"endIndex {ends[1]} is below startIndex {ends[0]}"
                self._refuse("exclusion", ("perNodeExclusions", number), message)
            found.append(ends)
        return tuple(found)

    def statics(self, items: Sequence[Mapping[str, Any]]) -> tuple[Static, ...]:
        """One loop without calls for plain IPv4, since a fleet has 16,384 a pool."""
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
        for key, given in (("routes", items), ("defaultGateway", is_default)):
            if without_index and given:
                message = (
                    f"{key} need a gatewayIndex, though every entry has its gateway"
                )
                self._refuse("route", (key,), message)
        found = []
        for number, item in enumerate(items):
            text, where = item.get("dst", ""), ("routes", number, "dst")
            try:
                destination = _cidr(text)
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


def index_bounds(family: int, host_bits: int) -> tuple[int, int]:
    """The lowest and highest gatewayIndex in a prefix with so many host bits."""
    if host_bits < _NARROW:
        return 0, (1 << host_bits) - 1
    return 1, (1 << host_bits) - (2 if family == _FAMILY_4 else 1)


# -- node selectors -------------------------------------------------------------


def selector_problems(selector: Mapping[str, Any] | None) -> Iterator[Problem]:
    """What nv-ipam refuses in a NodeSelector."""
    if selector is None:
        return
    where: Pointer = ("spec", "nodeSelector", "nodeSelectorTerms")
    terms = selector.get("nodeSelectorTerms") or ()
    if not terms:
        yield Problem(
            "selector", where[:-1], "nodeSelector has no term; leave it out to take all"
        )
    for number, term in enumerate(terms):
        for key, check in (
            ("matchExpressions", _expression_problem),
            ("matchFields", _field_problem),
        ):
            for index, item in enumerate(term.get(key) or ()):
                found = check(item)
                if found is not None:
                    field, message = found
                    pointer = (*where, number, key, index, field)
                    yield Problem("selector", pointer, message)


def _expression_problem(item: Mapping[str, Any]) -> tuple[str, str] | None:
    operator, values = item.get("operator"), item.get("values") or ()
    if operator not in _OPERATORS:
        return "operator", f"operator {operator!r} is none of {', '.join(_OPERATORS)}"
    if operator in ("In", "NotIn") and not values:
        return "operator", f"{operator} needs values"
    if operator in ("Exists", "DoesNotExist") and values:
        return "values", f"{operator} takes no values"
    if operator in ("Gt", "Lt") and len(values) != 1:
        return "values", f"{operator} takes exactly one value"
    if not _LABEL_KEY.fullmatch(str(item.get("key", ""))):
        return "key", f"key {item.get('key')!r} can be no label's"
    return None


def _field_problem(item: Mapping[str, Any]) -> tuple[str, str] | None:
    values = item.get("values") or ()
    if item.get("key") != "metadata.name":
        return "key", f"matchFields knows metadata.name alone, not {item.get('key')!r}"
    if item.get("operator") not in ("In", "NotIn"):
        return "operator", f"matchFields takes In or NotIn, not {item.get('operator')}"
    if len(values) != 1:
        return (
            "values",
            f"matchFields takes exactly one value a term, not {len(values)}",
        )
    return None
