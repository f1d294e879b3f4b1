"""Which PCI address is behind an interface: every source asked, all must agree."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence

from netplan2k8s import catalogue, pci
from netplan2k8s.findings import Finding, Rule, Span
from netplan2k8s.inventory.facts import Evidence, HostInventory
from netplan2k8s.netplan import Definition
from netplan2k8s.source import span_of

_GLOB = frozenset("*?[")


class PciResolver:
    """Finds PCI addresses of one host after the other, noting what contradicts.

    ``findings`` are those of the current host; ``weak`` the (node, interface) of all
    hosts whose address is known from a ``set-name`` alone, in order.
    """

    def __init__(self, overrides: Sequence[tuple[str, str]]) -> None:
        self._overrides = overrides
        self._inventories: tuple[HostInventory, ...] = ()
        self._node_name = ""
        self._said: set[str] = set()
        self.findings: list[Finding] = []
        self.weak: dict[tuple[str, str], None] = {}

    def start(self, node_name: str, *inventories: HostInventory) -> None:
        """Turn to another host."""
        self._node_name = node_name
        self._inventories = tuple(filter(None, inventories))
        self._said = set()
        self.findings = []

    def addresses(self, definition: Definition, name: str) -> set[str]:
        """The addresses that any source gives, for what need be no rail."""
        address = self._by_name_alone(definition, name)
        if address is not None:
            return {address}
        return {found.pci_address for found in self.evidence(definition, name)}

    def resolve(self, definition: Definition, name: str) -> str | None:
        """A rail's address if all sources agree; None if none knows or two differ."""
        address = self._by_name_alone(definition, name)
        if address is not None:
            return address
        found = self.evidence(definition, name)
        addresses = {evidence.pci_address for evidence in found}
        if len(addresses) > 1:
            self._contradiction(definition, found)
            return None
        self._weigh(definition, name, found)
        return addresses.pop() if addresses else None

    def _by_name_alone(self, definition: Definition, name: str) -> str | None:
        """The address in the name, where no other source could differ."""
        settings = definition.settings
        if self._inventories or self._overrides or "match" in settings:
            return None
        return None if "set-name" in settings else pci.decode_name(name)

    def evidence(self, definition: Definition, name: str) -> list[Evidence]:
        """Everything known, the strongest first."""
        match = definition.settings.get("match") or {}
        macs = [match["macaddress"]] if "macaddress" in match else []
        original = match.get("name", "")
        names = [n for n in (original, name) if n and _GLOB.isdisjoint(n)]
        if definition.implicit_name:
            names.append(definition.id)
        found = [
            Evidence(address, f"the settings' pci: {glob}")
            for glob, address in self._overrides
            if any(fnmatch.fnmatchcase(known, glob) for known in names)
        ]
        for inventory in self._inventories:
            found += inventory.evidence(names, macs)
        found += _by_name(definition, dict.fromkeys(names))
        return found

    def _weigh(
        self, definition: Definition, name: str, found: Sequence[Evidence]
    ) -> None:
        if pci.is_virtual_name(name) or any(not e.is_physical for e in found):
            message = (
                f"{name} is a virtual function or a representor, and a rail is a"
                " physical function: the device plugin drops one that has virtual"
                " functions, and their PCI addresses are not in their names"
            )
            self._say(catalogue.NOT_A_PHYSICAL_FUNCTION, definition, message)
        if found and all(evidence.weak for evidence in found):
            self.weak[self._node_name, str(definition.id)] = None

    def _contradiction(self, definition: Definition, found: Sequence[Evidence]) -> None:
        said: dict[str, str] = {}
        for evidence in found:
            said.setdefault(evidence.pci_address, evidence.source)
        listed = ", ".join(f"{pci} by {source}" for pci, source in said.items())
        message = (
            f"PCI address of {definition.id} is {listed}; correct the source that is"
            " wrong or take it away"
        )
        self._say(catalogue.CONTRADICTING_PCI, definition, message)

    def _say(self, rule: Rule, definition: Definition, message: str) -> None:
        if definition.id in self._said:
            return
        self._said.add(definition.id)
        span = span_of(definition.id) or Span(self._node_name)
        self.findings.append(Finding(rule, message, span, node=self._node_name))


def _by_name(definition: Definition, names: dict[str, None]) -> list[Evidence]:
    set_name = definition.settings.get("set-name")
    found = []
    for name in names:
        address = pci.decode_name(name)
        if address is None:
            continue
        match = definition.settings.get("match") or {}
        if name == set_name and name != match.get("name"):
            found.append(Evidence(address, f"the set-name {name}", weak=True))
        else:
            found.append(Evidence(address, f"the name {name}"))
    return found
