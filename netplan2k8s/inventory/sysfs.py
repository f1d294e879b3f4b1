"""``/sys/class/net``: a copied tree, or the text of ``ls -l``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from netplan2k8s import pci
from netplan2k8s.inventory.facts import Fact, UnreadableError, canonical_or_empty
from netplan2k8s.tree import Tree

NET = "sys/class/net"
_LISTED = re.compile(r"(\S+) -> (\S+)\s*$")
_PCI = re.compile(r"[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")


def tree_facts(tree: Tree) -> Iterator[Fact]:
    for name in tree.names(NET):
        target = tree.readlink(f"{NET}/{name}") or ""
        address = _last_address(target)
        if not address:
            device = tree.readlink(f"{NET}/{name}/device") or ""
            address = canonical_or_empty(device.rstrip("/").rsplit("/", 1)[-1])
        mac = _mac(tree, name)
        if address or mac:
            yield Fact(NET, name, mac, address, not pci.is_virtual_name(name))


def listing(text: str, source: str) -> Iterator[Fact]:
    """``ls -l /sys/class/net``: one link a line; the last PCI address is the NIC's."""
    rows = [_LISTED.search(line) for line in text.splitlines()]
    if text.strip() and not any(rows):
        raise UnreadableError("is not the text of `ls -l /sys/class/net`")
    for row in rows:
        if row is not None and (address := _last_address(row.group(2))):
            name = row.group(1)
            yield Fact(source, name, "", address, not pci.is_virtual_name(name))


def _last_address(target: str) -> str:
    """The PCI function right above ``/net/`` (virtio has a node of its own between)."""
    found = _PCI.findall(target.partition("/net/")[0])
    return found[-1] if found else ""


def _mac(tree: Tree, name: str) -> str:
    try:
        text = tree.read(f"{NET}/{name}/address").decode("ascii", "replace")
    except OSError:
        return ""
    return text.strip().lower()
