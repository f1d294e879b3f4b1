"""The fabric plan for machines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from netplan2k8s.addressing import format_address
from netplan2k8s.fabric.plan import FabricPlan, Rail, RailAttachment

_quoted = json.encoder.encode_basestring_ascii
"""A text as JSON has it."""


def facts(
    plan: FabricPlan, sources: dict[tuple[str, str], str] | None = None
) -> dict[str, Any]:
    """The plan link by link; with ``sources``, who knows the PCI."""
    rails = []
    for rail in plan.rails:
        links = []
        for a in rail.attachments:
            link = {
                "node": a.node_name,
                "interface": a.interface,
                "address": str(a.address),
                "gateway": str(a.gateway_address),
                "mtu": a.mtu,
                "pci": a.pci_address,
                "file": a.file,
            }
            if sources is not None:
                link["pciSource"] = sources.get((a.node_name, a.interface), "")
            links.append(link)
        rails.append({**_rail_head(rail), "links": links})
    return {"nodes": list(plan.node_names), "rails": rails}


def _rail_head(rail: Rail) -> dict[str, Any]:
    return {
        "number": rail.number,
        "name": rail.name,
        "resource": rail.resource_name,
        "cidr": str(rail.cidr),
        "routes": [str(destination) for destination in rail.routes],
    }


def text(plan: FabricPlan) -> str:
    """The plan's rails, and a row for each link with its source file."""
    columns = ["node", "interface", "address", "gateway", "mtu", "pci", "file"]
    head = {"schemaVersion": 1, "nodes": len(plan.node_names), "columns": columns}
    pieces = [f'{json.dumps(head)[:-1]}, "rails": [\n']
    for number, rail in enumerate(plan.rails):
        pieces += [",\n"] * (number > 0)
        pieces += _rail(rail)
    # Joined once: rows are small enough to lie where the candidates were.
    return "".join([*pieces, "\n]}\n"])


def _rail(rail: Rail) -> Iterator[str]:
    """A rail on one line, without JSON's own pieces, which take many times the room."""
    yield json.dumps({**_rail_head(rail), "links": []}).removesuffix("]}")
    for number, link in enumerate(rail.attachments):
        yield ", " * (number > 0)
        yield _link(link)
    yield "]}"


def _link(link: RailAttachment) -> str:
    family, value, length = link.address
    pci = "null" if link.pci_address is None else f'"{link.pci_address}"'
    return (
        f"[{_quoted(link.node_name)}, {_quoted(link.interface)},"
        f' "{format_address(family, value)}/{length}",'
        f' "{format_address(family, link.gateway)}",'
        f" {'null' if link.mtu is None else link.mtu}, {pci}, {_quoted(link.file)}]"
    )
