"""One thing in which a host is not as its Netplan says, and how a rail is called."""

from __future__ import annotations

from typing import NamedTuple

from netplan2k8s.findings import Rule
from netplan2k8s.live.matching import MatchedRail
from netplan2k8s.live.wanted import WantedRail


class Drift(NamedTuple):
    """What will be a finding.

    ``field`` and ``value`` are of the setting in Netplan, as in ``drafts.Where``;
    ``file`` is the collected file that tells otherwise; ``rail`` is None where no rail
    of Netplan's is concerned.
    """

    rule: Rule
    message: str
    file: str
    rail: WantedRail | None
    field: str = "interface"
    value: str = ""


def called(rail: MatchedRail) -> str:
    """``rail0 (eth_rail0) of worker-1``: the ID, and the kernel's name if another."""
    wanted, interface = rail.wanted, rail.interface
    name = wanted.interface
    if interface is not None and interface.name != name:
        name += f" ({interface.name})"
    return f"{name} of {wanted.node_name}"


def is_disturbed(rail: MatchedRail) -> bool:
    """Whether the kernel or networkd will have taken addresses and routes off it.

    The kernel takes routes off a link that goes down, and IPv6 addresses too; networkd
    takes all off where the carrier is lost; what enters a VRF or a bond begins anew.
    """
    interface = rail.interface
    return (
        interface is None
        or not interface.has_carrier
        or interface.master != rail.wanted.master
    )
