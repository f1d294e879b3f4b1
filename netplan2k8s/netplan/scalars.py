"""The scalar grammars of netplan: each takes text and gives canonical text.

Every function raises RejectError with netplan's own words. Source: netplan 1.2,
src/parse.c and src/validation.c; facts checked against the program.
"""

from __future__ import annotations

import re
import socket
from functools import lru_cache

from netplan2k8s import catalogue
from netplan2k8s.findings import Rule
from netplan2k8s.source import Node, marked

UINT_MAX = 2**32 - 1
_TRUE = frozenset({"true", "on", "yes", "y"})
_FALSE = frozenset({"false", "off", "no", "n"})
_NUMBER = re.compile(r"[ \t\n\v\f\r]*([+-]?)(\d*)", re.ASCII)
_NAME = re.compile(r"[!-~]+")
_PAIR = "[0-9a-fA-F]{2}"
_MAC = re.compile(rf"{_PAIR}(:{_PAIR}){{5}}((:{_PAIR}){{14}})?")
ADDRESS_FORM = "must be X.X.X.X/NN or X:X:X:X:X:X:X:X/NN"
_MAC_FORM = (
    "must be XX:XX:XX:XX:XX:XX or XX:XX:XX:XX:XX:XX:XX:XX:XX:XX:XX:XX:XX:XX:XX:XX"
    ":XX:XX:XX:XX"
)


class RejectError(Exception):
    """netplan refuses the host, at a node (None: the file or the host as a whole).

    ``keys`` are the keys and the definition around the node, the innermost first.
    """

    def __init__(self, rule: Rule, message: str, node: object = None) -> None:
        super().__init__(message)
        self.rule = rule
        self.message = message
        self.node = node
        self.keys: list[str] = []

    def __str__(self) -> str:
        return ": ".join([*reversed(self.keys), self.message])


def invalid(message: str, node: object) -> RejectError:
    """A value that netplan refuses."""
    return RejectError(catalogue.INVALID_VALUE, message, node)


def boolean(node: str) -> str:
    """``true`` or ``false`` from the eight words netplan knows, in any case."""
    if node in ("true", "false"):
        return node
    word = node.lower()
    if word in _TRUE:
        return marked("true", node)
    if word in _FALSE:
        return marked("false", node)
    raise invalid(f"invalid boolean value '{node}'; write true or false", node)


def unsigned(node: str) -> str:
    """A number as strtoull(3) reads it, base 10, at most 4294967295."""
    if node.isdecimal() and node.isascii() and node[0] != "0" and len(node) < 10:  # noqa: PLR2004
        return node
    number = strtoull(node)
    if number is None or number > UINT_MAX:
        raise invalid(f"invalid unsigned int value '{node}'", node)
    text = str(number)
    return node if text == node else marked(text, node)


@lru_cache(maxsize=1024)
def strtoull(text: str) -> int | None:
    """The whole text as an unsigned 64-bit number, None with anything behind it.

    A negative number wraps, as in C; the empty text is 0.
    """
    number, end = strtoull_prefix(text)
    return number if end == len(text) or (not text and end == 0) else None


@lru_cache(maxsize=1024)
def strtoull_prefix(text: str) -> tuple[int, int]:
    """The number a text begins with, and where it ends; (0, 0) for none."""
    found = _NUMBER.match(text)
    if found is None or not found.group(2):
        return 0, 0
    number = min(int(found.group(2)), 2**64 - 1)
    if found.group(1) == "-":
        number = -number % 2**64
    return number, found.end()


def version(node: str) -> str:
    """Only 2, by its leading digits: ``2.9`` and ``2abc`` are 2 for strtol(3)."""
    if node == "2":
        return node
    found = _NUMBER.match(node)
    if found is None or found.group(1) == "-" or found.group(2).lstrip("0") != "2":
        raise invalid("Only version 2 is supported", node)
    return marked("2", node)


def mac(node: str) -> str:
    """Six pairs of hex digits (or 20 for InfiniBand) between colons, as written."""
    if _MAC.fullmatch(node):
        return node
    raise invalid(f"Invalid MAC address '{node}', {_MAC_FORM}", node)


_MAC_WORDS = frozenset({"permanent", "random", "stable", "preserve", "stable-ssid"})


def set_mac(node: str) -> str:
    """A MAC to set, or one of the words of netplan 1.x."""
    if node in _MAC_WORDS or _MAC.fullmatch(node):
        return node
    words = "one of 'permanent', 'random', 'stable', 'preserve' or 'stable-ssid'"
    raise invalid(f"Invalid MAC address '{node}', {_MAC_FORM}, or {words}", node)


def name(node: Node) -> str:
    """A definition's ID or a match.name: printable ASCII without blanks."""
    if not isinstance(node, str):
        raise RejectError(catalogue.WRONG_SHAPE, "expected scalar", node)
    if not _NAME.fullmatch(node):
        raise invalid(f"Invalid name '{node}'", node)
    return node


def is_ip4(text: str) -> bool:
    """Whether inet_pton(3) takes it as IPv4: four decimals, none zero-padded."""
    try:
        socket.inet_pton(socket.AF_INET, text)
    except (OSError, ValueError):
        return False
    return True


def is_ip6(text: str) -> bool:
    """Whether inet_pton(3) takes it as IPv6; no zone."""
    if "%" in text:
        return False
    try:
        socket.inet_pton(socket.AF_INET6, text)
    except (OSError, ValueError):
        return False
    return True


@lru_cache(maxsize=4096)
def family(text: str) -> int:
    """4 or 6 for an address with or without ``/anything``; 0 for neither."""
    address = text.rpartition("/")[0] if "/" in text else text
    if is_ip4(address):
        return 4
    return 6 if is_ip6(address) else 0


def ip4(node: str) -> str:
    if is_ip4(node):
        return node
    raise invalid(f"invalid IPv4 address '{node}'", node)


def ip6(node: str) -> str:
    if is_ip6(node):
        return node
    raise invalid(f"invalid IPv6 address '{node}'", node)


def any_ip(node: str) -> str:
    if is_ip4(node) or is_ip6(node):
        return node
    form = "must be X.X.X.X or X:X:X:X:X:X:X:X"
    raise invalid(f"malformed address '{node}', {form}", node)


def text(node: str) -> str:
    return node
