"""Random fabrics as plain integers and Netplan text, without the package under test."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path

from hypothesis import strategies as st

SLOTS = (0x1A, 0x3C, 0x4D, 0x5E, 0x9C, 0xBC, 0xCC, 0xDC)


@dataclass(frozen=True)
class Fabric:
    """``links`` maps (host, rail from 1) to the addresses of NIC and leaf."""

    family: int
    length: int
    hosts: int
    rails: int
    links: dict[tuple[int, int], tuple[int, int]]

    @property
    def size(self) -> int:
        return 1 << ((32 if self.family == 4 else 128) - self.length)

    def cidr(self, rail: int) -> str:
        return f"10.{rail}.0.0/16" if self.family == 4 else f"fd00:{rail:x}::/32"

    def address(self, value: int) -> str:
        return str(ip_address(value.to_bytes(4 if self.family == 4 else 16, "big")))

    def block(self, host: int, rail: int) -> str:
        nic, _ = self.links[host, rail]
        start = nic // self.size * self.size
        return f"{self.address(start)}/{self.length}"


def interface(rail: int) -> str:
    return f"enp{SLOTS[rail - 1]}s0f0np0"


def node(host: int) -> str:
    return f"gpu-{host}"


@st.composite
def fabrics(draw, lengths=(31, 30, 29), max_hosts=12):
    """Any size, family, prefix length, order of the links and side of each NIC."""
    family = draw(st.sampled_from([4, 6]))
    host_bits = 32 - draw(st.sampled_from(lengths))
    hosts, rails = draw(st.integers(1, max_hosts)), draw(st.integers(1, 8))
    parity = draw(st.sampled_from(["even", "odd", "any"]))
    links = {}
    for rail in range(1, rails + 1):
        base = int(
            ip_network(f"10.{rail}.0.0/16" if family == 4 else f"fd00:{rail:x}::/32")[0]
        )
        blocks = draw(
            st.lists(st.integers(0, 4000), min_size=hosts, max_size=hosts, unique=True)
        )
        for host, block in enumerate(blocks):
            start = base + (block << host_bits)
            if host_bits == 1:
                side = {"even": 0, "odd": 1}.get(parity)
                side = draw(st.integers(0, 1)) if side is None else side
                ends = side, 1 - side
            else:
                usable = st.integers(1, (1 << host_bits) - 2)
                ends = draw(st.lists(usable, min_size=2, max_size=2, unique=True))
            links[host, rail] = start + ends[0], start + ends[1]
    length = (32 if family == 4 else 128) - host_bits
    return Fabric(family, length, hosts, rails, links)


def host_text(fabric: Fabric, host: int, order: list[int]) -> str:
    lines = ["network:", "  version: 2", "  ethernets:"]
    for rail in order:
        nic, leaf = fabric.links[host, rail]
        lines += [
            f"    {interface(rail)}:",
            f'      addresses: ["{fabric.address(nic)}/{fabric.length}"]',
            "      routes:",
            f'        - {{to: "{fabric.cidr(rail)}", via: "{fabric.address(leaf)}"}}',
        ]
    return "\n".join(lines) + "\n"


def write(
    fabric: Fabric, directory: Path, orders: list[list[int]] | None = None
) -> None:
    """One flat file a host; ``orders`` are the rails of each in the order of its text."""
    directory.mkdir(parents=True, exist_ok=True)
    for host in range(fabric.hosts):
        order = orders[host] if orders else list(range(1, fabric.rails + 1))
        (directory / f"{node(host)}.yaml").write_text(host_text(fabric, host, order))
