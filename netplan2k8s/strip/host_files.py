"""A host's Netplan files as they lie on it: bytes, modes and links."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from netplan2k8s.hosts import Host
from netplan2k8s.hosts.places import FLAT
from netplan2k8s.netplan.discovery import DIRECTORIES
from netplan2k8s.tree import MemoryTree, Tree, resolve


@dataclass(frozen=True, slots=True)
class HostFiles:
    """What netplan reads of a host, and what stands behind links there.

    ``files`` and ``modes`` are by the path without links, relative to the host's root,
    ``links`` the texts of links by theirs; ``names`` leads from a path that netplan
    reads to that of its file, ``labels`` to how messages name it. ``is_flat`` says
    that only one file is known, and not its name.
    """

    node_name: str
    files: Mapping[str, bytes]
    modes: Mapping[str, int]
    links: Mapping[str, str]
    names: Mapping[str, str]
    labels: Mapping[str, str]
    is_flat: bool = False

    def tree(self, files: Mapping[str, bytes] | None = None) -> MemoryTree:
        """The host with these files in place of its own."""
        held = self.files if files is None else files
        return MemoryTree(
            "", dict(held), dict(self.links), dict(self.labels), dict(self.modes)
        )

    @property
    def digest(self) -> str:
        """A sum over all of it."""
        found = hashlib.sha256()
        for path in sorted(self.files):
            found.update(os.fsencode(f"{path}\0{self.modes[path]:o}\0"))
            found.update(hashlib.sha256(self.files[path]).digest())
        for path, text in sorted(self.links.items()):
            found.update(os.fsencode(f"{path}\0{text}\0"))
        return found.hexdigest()


@dataclass(slots=True)
class _Found:
    files: dict[str, bytes] = field(default_factory=dict)
    modes: dict[str, int] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)


def read_files(host: Host) -> HostFiles:
    """Read all Netplan files of a host that can be read, those that are masked too.

    Raises:
        OSError: a directory cannot be listed.
    """
    found = _Found()
    for directory in DIRECTORIES:
        for name in host.tree.names(directory):
            if name.endswith(".yaml") and not name.startswith("."):
                _take(host.tree, f"{directory}/{name}", found)
    is_flat = found.labels.get(FLAT) == host.place
    return HostFiles(
        host.node_name,
        found.files,
        found.modes,
        found.links,
        found.names,
        found.labels,
        is_flat,
    )


def _take(tree: Tree, path: str, found: _Found) -> None:
    def link(name: str) -> str | None:
        text = tree.readlink(name)
        if text is not None:
            found.links[name] = text
        return text

    found.labels[path] = tree.label(path)
    try:
        real = resolve(path, link)
        content = tree.read(path)
        if real != _NULL:
            found.modes[real] = tree.mode(path)
    except OSError:
        return  # netplan does not read it, or the host was refused for it
    found.names[path] = real
    if real != _NULL:
        found.files[real] = content


_NULL = "dev/null"
