"""A proof in words, as a table of links, and for machines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from netplan2k8s.addressing import format_address
from netplan2k8s.proof.model import UNTOLD_ADDRESS, Link, Proof

_HEADINGS = ("node", "rail", "NIC", "address", "gateway", "routes", "MTU")
_ARROW = " → "


def verdict(proof: Proof, *, is_proven: bool = True) -> str:
    """One line: how many links, and whether they are equal."""
    rails = len(proof.rails)
    links = f"{proof.count} links of {proof.nodes} nodes"
    if rails and proof.count == proof.nodes * rails:
        links = f"{proof.nodes} nodes × {rails} rails = {proof.count} links"  # noqa: RUF001
    if UNTOLD_ADDRESS in proof.gaps:
        return f"{links} not proven: not told {UNTOLD_ADDRESS}"
    different = proof.count - proof.equal
    if different:
        return f"{links}: {different} differ, {proof.equal} are equal"
    if not is_proven:
        return f"{links} equal, not proven: see the errors"
    gaps = "; not told: " + ", ".join(proof.gaps) if proof.gaps else ""
    return f"{links} proven equal{gaps}"


def facts(proof: Proof, *, all_links: bool = False) -> dict[str, Any]:
    """The proof in the JSON report."""
    found: dict[str, Any] = {
        "nodes": proof.nodes,
        "rails": list(proof.rails),
        "links": proof.count,
        "equal": proof.equal,
        "untold": list(proof.gaps),
    }
    if all_links:
        found["compared"] = [_compared(link) for link in proof.links]
    return found


def table(proof: Proof) -> str:
    """Every link on a line; what differs as before → after."""
    rows = [_HEADINGS, *map(_row, proof.links)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(_HEADINGS))]
    lines = (
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _row(link: Link) -> tuple[str, ...]:
    before, after = _before(link), _after(link)
    return (
        link.nic.node_name,
        link.rail,
        link.nic.pci_address or link.nic.interface,
        *(_change(before[key], after[key]) for key in ("address", "gateway")),
        _change(" ".join(before["routes"]), " ".join(after["routes"])),
        _change(before["mtu"], after["mtu"]),
    )


def _change(before: object, after: object) -> str:
    now, then = (str(value) if value else "-" for value in (after, before))
    return then if now == then else f"{then}{_ARROW}{now}"


def _compared(link: Link) -> dict[str, Any]:
    return {
        "node": link.nic.node_name,
        "rail": link.rail,
        "interface": link.nic.interface,
        "before": _before(link),
        "after": _after(link),
    }


def _before(link: Link) -> dict[str, Any]:
    nic = link.nic
    gateway = None if nic.gateway is None else _text(link, nic.gateway)
    return {
        "address": str(nic.address),
        "gateway": gateway,
        "routes": sorted(map(str, nic.destinations)),
        "pci": nic.pci_address,
        "mtu": nic.mtu,
    }


def _after(link: Link) -> dict[str, Any]:
    """What a pod gets; an address of several is the first that it can get."""
    share = link.share
    addresses = list(_addresses(link))
    gateway = None
    if share is not None and share.gateway is not None:
        gateway = _text(link, share.gateway)
    return {
        "address": " or ".join(addresses) or None,
        "gateway": gateway,
        "routes": sorted(map(str, link.routes)),
        "pci": link.device,
        "mtu": link.mtu if share is not None else None,
    }


def _addresses(link: Link) -> Iterator[str]:
    found: Sequence[int] = link.share.addresses if link.share is not None else ()
    for address in found:
        yield f"{_text(link, address)}/{link.length}"


def _text(link: Link, value: int) -> str:
    return format_address(link.nic.address.family, value)
