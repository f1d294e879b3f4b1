"""A bundle of manifests for the benchmark: eight rails and any number of nodes."""

from __future__ import annotations

from pathlib import Path

from netplan2k8s import emitters
from netplan2k8s.addressing import InterfaceAddress, parse_prefix
from netplan2k8s.fabric.plan import FabricPlan, Rail, RailAttachment
from netplan2k8s.manifests import kustomization
from netplan2k8s.manifests.document import dump
from netplan2k8s.settings import Settings

RAILS = 8
_SLOTS = (0x1A, 0x3C, 0x4D, 0x5E, 0x9C, 0xBC, 0xCC, 0xDC)


def plan(nodes: int) -> FabricPlan:
    """Two links in 172.(16+2r).0.0/15 a node and rail, as on Spectrum-X."""
    names = tuple(f"worker-gpu-{number}" for number in range(nodes))
    return FabricPlan(tuple(_rail(n, names) for n in range(1, RAILS + 1)), names)


def _rail(number: int, names: tuple[str, ...]) -> Rail:
    cidr = parse_prefix(f"172.{14 + 2 * number}.0.0/15")
    pci = f"0000:{_SLOTS[number - 1]:02x}:00.0"
    links = tuple(
        RailAttachment(
            name,
            f"enp{_SLOTS[number - 1]}s0f0np0",
            InterfaceAddress(4, cidr.value + 2 * host, 31),
            cidr.value + 2 * host + 1,
            9216,
            pci,
        )
        for host, name in enumerate(names)
    )
    routes = (cidr, parse_prefix("172.16.0.0/12"))
    name = f"rail-{number}"
    return Rail(number, name, name, cidr, 31, routes, links)


def write(directory: Path, nodes: int) -> int:
    """Write what convert writes of such a fleet; the number of bytes."""
    settings = Settings()
    files = {
        manifest.path: dump(manifest.body)
        for manifest in emitters.emit(plan(nodes), settings)
    }
    files[kustomization.PATH] = kustomization.text(files)
    for path, text in files.items():
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return sum(len(text) for text in files.values())
