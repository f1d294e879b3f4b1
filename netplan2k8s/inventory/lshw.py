"""``lshw -class network -json``, in the broken JSON of its old releases too."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from netplan2k8s import pci
from netplan2k8s.inventory.facts import Fact, UnreadableError, canonical_or_empty

_SPACE = re.compile(r"[\s,\[\]]*")


def facts(text: str, source: str) -> Iterator[Fact]:
    for node in _objects(text):
        names = node.get("logicalname", ())
        names = [names] if isinstance(names, str) else names
        address = canonical_or_empty(node.get("businfo", ""))
        mac = str(node.get("serial", "")).lower()
        for name in names if isinstance(names, list) else ():
            physical = not pci.is_virtual_name(str(name))
            yield Fact(source, str(name), mac, address, physical)


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """Objects one after the other, whatever brackets and commas lie between.

    Release B.02.18 prints objects with trailing commas and no list around them.
    """
    decoder = json.JSONDecoder()
    position = _skip(text, 0)
    while position < len(text):
        try:
            node, position = decoder.raw_decode(text, position)
        except json.JSONDecodeError as error:
            message = f"is not the JSON of `lshw -class network -json`: {error.msg}"
            raise UnreadableError(message, error.lineno, error.colno) from error
        except RecursionError as error:
            message = "is not the JSON of `lshw -class network -json`: nested too deep"
            raise UnreadableError(message) from error
        except ValueError as error:  # Python reads no number of over 4,300 digits
            message = "is not the JSON of `lshw -class network -json`: a huge number"
            raise UnreadableError(message) from error
        if isinstance(node, dict):
            yield node
        position = _skip(text, position)


def _skip(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return found.end() if found else position
