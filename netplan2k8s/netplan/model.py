"""What netplan would apply on one host, merged over its files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from netplan2k8s.findings import Finding, Span

PHYSICAL = frozenset({"ethernets", "wifis", "modems"})
_GLOB = frozenset("*?[")


@dataclass(slots=True)
class Definition:
    """One entry under a section such as ``ethernets``.

    ``settings`` is the merged mapping with every scalar as text, booleans and numbers
    in netplan's canonical form. ``master`` is the bond or bridge that holds the
    interface, ``vrf`` the VRF; ``implicit_name`` says that the ID is the name netplan
    matches; ``file`` is the label of the file that gave the first address, or else the
    first mention; ``backend`` the renderer of its own or its section's, "" for the
    global.
    """

    id: str
    section: str
    settings: dict[str, Any] = field(default_factory=dict)
    backend: str = ""
    master: str = ""
    vrf: str = ""
    implicit_name: bool = False
    file: str = ""
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class HostNetwork:
    """A host's definitions by ID in order of appearance, and its global settings.

    ``files`` are the labels of the files that were read, in netplan's order;
    ``findings`` what netplan takes and warns of.
    """

    node_name: str
    definitions: dict[str, Definition]
    settings: dict[str, Any]
    files: tuple[str, ...]
    findings: tuple[Finding, ...] = ()


def kernel_name(definition: Definition) -> str:
    """The interface's name in the kernel; "" where Netplan alone cannot tell.

    That is set-name, else a literal match.name; with a match by MAC, driver or glob
    the name is whatever systemd gave. Source: netplan-yaml(5), "Physical devices".
    """
    settings = definition.settings
    match = settings.get("match")
    if match is None:
        return definition.id
    name: str = settings.get("set-name") or match.get("name", "")
    return name if _GLOB.isdisjoint(name) else ""
