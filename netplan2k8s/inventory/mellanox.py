"""``ibdev2netdev -v`` and ``mst status -v``: rows with PCI address and netdev."""

from __future__ import annotations

import re
from collections.abc import Iterator

from netplan2k8s import pci
from netplan2k8s.inventory.facts import Fact, UnreadableError, canonical_or_empty

_IBDEV = re.compile(
    r"^(?P<pci>[0-9a-fA-F:.]+)\s+(?P<rdma>\S+)\s+\((?P<part>[^)]*)\).*"
    r"port\s+\d+\s+\(\w+\s*\)\s+==>\s+(?P<name>\S+)\s+\(\w+\s*\)\s*$"
)
_IBDEV_SHORT = re.compile(r"^\S+ port \d+ ==> \S+ \(\w+\s*\)\s*$")
_MST = re.compile(r"^\S+\s+/dev/mst/\S+\s+(?P<pci>[0-9a-fA-F:]+\.[0-7])(?P<rest>.*)$")
_NETDEV = re.compile(r"net-\s*([^\s,]+)")


def ibdev2netdev(text: str, source: str) -> Iterator[Fact]:
    """Rows of ``ibdev2netdev -v``; without -v the addresses are missing."""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        row = _IBDEV.match(line)
        if row is None:
            missing = "; run it with -v" if _IBDEV_SHORT.match(line) else ""
            raise UnreadableError(f"is no row of `ibdev2netdev -v`{missing}", number)
        name, address = row["name"], canonical_or_empty(row["pci"])
        if not address:
            raise UnreadableError(f"{row['pci']!r} is no PCI address", number)
        # Virtual functions have no part number of their own.
        physical = not row["part"].endswith("- NA") and not pci.is_virtual_name(name)
        yield Fact(source, name, "", address, physical)


def mst_status(text: str, source: str) -> Iterator[Fact]:
    """Rows of ``mst status -v``; the NET column may be empty, padded or a list."""
    if "DEVICE_TYPE" not in text:
        raise UnreadableError("is not the table of `mst status -v`: no DEVICE_TYPE")
    for line in text.splitlines():
        row = _MST.match(line)
        if row is None:
            continue
        for name in _NETDEV.findall(row["rest"]):
            physical = not pci.is_virtual_name(name)
            yield Fact(source, name, "", canonical_or_empty(row["pci"]), physical)
