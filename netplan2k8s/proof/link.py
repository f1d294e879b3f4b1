"""One link: the share of a pool that a pod gets, against the host's own address."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from netplan2k8s.addressing import format_address
from netplan2k8s.catalogue import (
    DIFFERENT_ADDRESS,
    DIFFERENT_DEVICE,
    DIFFERENT_GATEWAY,
    MISSING_NODE,
    NO_LINK,
)
from netplan2k8s.fabric.candidates import Candidate
from netplan2k8s.findings import Rule
from netplan2k8s.proof.shares import Share, Shares
from netplan2k8s.simulate.pool import Pool

Owner = Callable[[str, int], Candidate | None]
"""(node, network) → the link of the node that has it."""


class Verdict(NamedTuple):
    """A difference: ``steps`` lead to its place from the pool's root."""

    rule: Rule
    text: str
    steps: tuple[str | int, ...]


def is_equal(nic: Candidate, share: Share | None, length: int) -> bool:
    """Whether a pod gets the host's address and gateway, and nothing else."""
    return (
        share is not None
        and share.addresses == (nic.address.value,)
        and share.gateway == nic.gateway
        and length == nic.address.length
    )


def verdicts(
    nic: Candidate, share: Share | None, shares: Shares, owner: Owner
) -> Iterator[Verdict]:
    """Everything that differs in address, NIC and gateway."""
    number = shares.entries.get(nic.node_name)
    where = ("spec", "staticAllocations")
    if number is None:
        yield Verdict(MISSING_NODE, _without_entry(nic, share, shares.pool), where)
        return
    if share is None:
        text = f"nodeSelector of {shares.pool.name} does not pick it"
        yield Verdict(MISSING_NODE, text, ("spec", "nodeSelector"))
        return
    for rule, text, key in _of_an_entry(nic, share, shares.pool, owner):
        yield Verdict(rule, text, (*where, number, *((key,) if key else ())))


def _without_entry(nic: Candidate, share: Share | None, pool: Pool) -> str:
    text = f"{pool.name} has no entry for it"
    if share is None or not share.addresses:
        return text
    address = format_address(nic.address.family, share.addresses[0])
    return f"{text}, and pods would get {address}, which is somebody else's"


def _of_an_entry(
    nic: Candidate, share: Share, pool: Pool, owner: Owner
) -> Iterator[tuple[Rule, str, str]]:
    if share.network != nic.address.prefix.value or pool.length != nic.address.length:
        yield _other_prefix(nic, share, pool, owner)
        return
    family = nic.address.family
    if not share.addresses:
        yield NO_LINK, "gateway and exclusions leave no address for a pod", ""
    elif not _holds_address(nic, share, pool):
        gets = _listed(family, share.addresses, pool.length)
        yield (
            DIFFERENT_ADDRESS,
            f"pods get {gets}, the host has {nic.address}",
            "prefix",
        )
    if share.gateway != nic.gateway:
        now, before = (
            "none" if value is None else format_address(family, value)
            for value in (share.gateway, nic.gateway)
        )
        text = f"pods get gateway {now}, the host has {before}"
        yield DIFFERENT_GATEWAY, text, "gateway"


def _other_prefix(
    nic: Candidate, share: Share, pool: Pool, owner: Owner
) -> tuple[Rule, str, str]:
    family = nic.address.family
    gets = _listed(family, share.addresses, pool.length) or "nothing"
    other = owner(nic.node_name, share.network)
    if other is None or other is nic:
        text = f"pods get {gets}, the host has {nic.address}"
        return DIFFERENT_ADDRESS, text, "prefix"
    text = (
        f"pods get {gets} on NIC {nic.pci_address or nic.interface}, the host has it on"
        f" {other.pci_address or other.interface}"
    )
    return DIFFERENT_DEVICE, text, "prefix"


def _holds_address(nic: Candidate, share: Share, pool: Pool) -> bool:
    """The host's address, or among several of a wider prefix one that pods can get."""
    if pool.host_bits > 1:
        return nic.address.value in share.addresses
    return share.addresses == (nic.address.value,)


def _listed(family: int, addresses: Sequence[int], length: int) -> str:
    """Addresses with their length; two are what pods get by turns."""
    shown = [f"{format_address(family, address)}/{length}" for address in addresses[:2]]
    return " or ".join(shown)
