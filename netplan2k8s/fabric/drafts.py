"""Findings of the whole fleet before their place in a file is known.

The fleet is read without positions; only a host that something is said about is read
again with them (``workflow.locate``).
"""

from __future__ import annotations

from dataclasses import dataclass

from netplan2k8s.findings import Rule


@dataclass(frozen=True, slots=True)
class Where:
    """A setting of one host's interface.

    ``field`` is ``interface``, ``address``, ``via``, ``route``, ``mtu`` or the
    untranslated key; ``value`` picks one of several by its text.
    """

    node_name: str
    interface: str
    field: str = "interface"
    value: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """What will be a finding once its places are known."""

    rule: Rule
    message: str
    where: Where
    rail: str = ""
    related: tuple[Where, ...] = ()
