"""What an inventory source says: which name, permanent MAC and PCI address are one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from netplan2k8s import pci


class UnreadableError(Exception):
    """Text that is not what its file name says, at a 1-based line and column."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Fact:
    """One row of a source; what it does not know is "".

    ``mac`` is lower case and permanent, ``pci_address`` canonical, ``is_physical``
    False for virtual functions.
    """

    source: str
    name: str = ""
    mac: str = ""
    pci_address: str = ""
    is_physical: bool = True


@dataclass(frozen=True, slots=True)
class Evidence:
    """A PCI address and who says so; ``weak`` where the name may lie."""

    pci_address: str
    source: str
    weak: bool = False
    is_physical: bool = True


@dataclass(frozen=True, slots=True)
class HostInventory:
    """The facts of one host, found by name or by MAC."""

    by_name: dict[str, list[Fact]] = field(default_factory=dict)
    by_mac: dict[str, list[Fact]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.by_name or self.by_mac)

    def evidence(self, names: Sequence[str], macs: Sequence[str]) -> list[Evidence]:
        """All that is known of an interface, by any of its names and MACs.

        Names lead to MACs and MACs to names, so that a rename rule by MAC finds the
        address in a source that knows the NIC by its old name.
        """
        seen_names, seen_macs = set(names), {mac.lower() for mac in macs}
        waiting = [
            *self._facts(self.by_name, names),
            *self._facts(self.by_mac, seen_macs),
        ]
        found: dict[Fact, None] = {}
        while waiting:
            fact = waiting.pop()
            if fact in found:
                continue
            found[fact] = None
            if fact.mac and fact.mac not in seen_macs:
                seen_macs.add(fact.mac)
                waiting += self.by_mac.get(fact.mac, ())
            if fact.name and fact.name not in seen_names:
                seen_names.add(fact.name)
                waiting += self.by_name.get(fact.name, ())
        known = [fact for fact in found if fact.pci_address]
        known.sort(key=lambda fact: (fact.source, fact.pci_address))
        return [
            Evidence(fact.pci_address, fact.source, is_physical=fact.is_physical)
            for fact in known
        ]

    @staticmethod
    def _facts(index: dict[str, list[Fact]], keys: Iterable[str]) -> Iterable[Fact]:
        return (fact for key in keys for fact in index.get(key, ()))


def collect(facts: Iterable[Fact]) -> HostInventory:
    """Index facts; a MAC that several devices share (a bond's) links nothing."""
    by_name: dict[str, list[Fact]] = defaultdict(list)
    by_mac: dict[str, list[Fact]] = defaultdict(list)
    kept = list(facts)
    devices: dict[tuple[str, str], set[str]] = defaultdict(set)
    for fact in kept:
        if fact.mac and fact.name:
            devices[fact.source, fact.mac].add(fact.pci_address)
    for fact in kept:
        shared = len(devices[fact.source, fact.mac]) > 1
        usable = Fact(
            fact.source,
            fact.name,
            "" if shared else fact.mac,
            fact.pci_address,
            fact.is_physical,
        )
        if usable.name:
            by_name[usable.name].append(usable)
        if usable.mac:
            by_mac[usable.mac].append(usable)
    return HostInventory(dict(by_name), dict(by_mac))


def canonical_or_empty(text: object) -> str:
    """A canonical PCI address, or "" for what is none (a virtio bus, a blank)."""
    try:
        return pci.canonical(str(text))
    except ValueError:
        return ""
