"""What a host is before its files are read."""

from __future__ import annotations

from dataclasses import dataclass

from netplan2k8s.findings import Finding
from netplan2k8s.tree import Tree


@dataclass(frozen=True, slots=True)
class Host:
    """One host: the name its Node will have, its files, and where they lie.

    ``found_as`` is the directory's or file's name; ``is_nested`` says of a flat file
    that it lies in a directory below the argument.
    """

    node_name: str
    tree: Tree
    place: str
    found_as: str = ""
    is_nested: bool = False


@dataclass(frozen=True, slots=True)
class Fleet:
    """The hosts of a run in natural order of their names, and what was passed over."""

    hosts: tuple[Host, ...]
    findings: tuple[Finding, ...]
