"""``ip -d -j link`` (or ``addr``): names, permanent MACs, parent devices, altnames."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from netplan2k8s import pci
from netplan2k8s.inventory.facts import Fact, UnreadableError, canonical_or_empty


def facts(text: str, source: str) -> Iterator[Fact]:
    for link in load_list(text, "the JSON list of `ip -d -j link`"):
        if isinstance(link, dict):
            yield from _of_link(link, source)


def _of_link(link: dict[str, Any], source: str) -> Iterator[Fact]:
    name = str(link.get("ifname", ""))
    info = link.get("linkinfo")
    if not name or (isinstance(info, dict) and "info_kind" in info):
        return
    parent = link.get("parentdev") if link.get("parentbus", "pci") == "pci" else ""
    address = canonical_or_empty(parent or "")
    mac = str(link.get("permaddr") or _own_mac(link)).lower()
    physical = not pci.is_virtual_name(name)
    yield Fact(source, name, mac, address, physical)
    altnames = link.get("altnames")
    for altname in altnames if isinstance(altnames, list) else ():
        decoded = pci.decode_name(str(altname)) or ""
        known = address or decoded
        yield Fact(source, str(altname), mac, known, physical)
        if decoded and not address:
            yield Fact(f"{source}, altname {altname}", name, mac, decoded, physical)


def _own_mac(link: dict[str, Any]) -> str:
    """A slave shows its bond's MAC unless ``permaddr`` says its own."""
    return "" if "master" in link else str(link.get("address", ""))


def load_list(text: str, what: str) -> list[Any]:
    """Parse JSON that is one list, or one object in place of it.

    Raises:
        UnreadableError: no JSON, or something else.
    """
    try:
        loaded = json.loads(text)
    except json.JSONDecodeError as error:
        message = f"is not {what}: {error.msg}"
        raise UnreadableError(message, error.lineno, error.colno) from error
    except RecursionError as error:
        raise UnreadableError(f"is not {what}: nested too deep") from error
    except ValueError as error:  # Python reads no number of over 4,300 digits
        raise UnreadableError(f"is not {what}: a number beyond all use") from error
    if isinstance(loaded, dict):
        return [loaded]
    if not isinstance(loaded, list):
        raise UnreadableError(f"is not {what}")
    return loaded
