"""A host's tree as strip writes it and finds it again: contents, modes and links."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from netplan2k8s.strip.host_files import HostFiles
from netplan2k8s.tree import MAX_FILE_BYTES

HOSTS, ROLLBACK, SUMS = "hosts", "rollback", "sums"
_PERMISSIONS = 0o7777


class Entry(NamedTuple):
    """A file of a tree as it lies on disk: content and mode, or a link's text."""

    content: bytes
    mode: int
    link: str = ""


Tree = Mapping[str, Entry]
_FOREIGN = Entry(b"", -1)
"""What strip does not write: a device, a pipe, more than a host's file has."""


def tree_of(host: HostFiles, files: Mapping[str, bytes]) -> dict[str, Entry]:
    """A host's tree with these files; the one file of a flat host has no path."""
    if host.is_flat:
        ((path, content),) = files.items()
        return {"": Entry(content, host.modes[path])}
    tree = {path: Entry(b"", 0, text) for path, text in host.links.items()}
    for path, content in files.items():
        tree[path] = Entry(content, host.modes[path])
    return dict(sorted(tree.items()))


def place_of(root: str, part: str, node_name: str, tree: Tree) -> str:
    """Where a host lies: a directory, or a file where only one is known."""
    suffix = ".json" if part == SUMS else ".yaml" if "" in tree else ""
    return os.path.join(root, part, node_name + suffix)


def write_tree(place: str, tree: Tree) -> None:
    for path, entry in tree.items():
        full = os.path.join(place, path) if path else place
        os.makedirs(os.path.dirname(full), exist_ok=True)
        if entry.link:
            os.symlink(entry.link, full)
        else:
            _write(full, entry)


def _write(path: str, entry: Entry) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    try:
        rest = memoryview(entry.content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fchmod(descriptor, entry.mode)
    finally:
        os.close(descriptor)


def read_tree(place: str) -> dict[str, Entry]:
    if not os.path.isdir(place) or os.path.islink(place):
        return {"": _read(place)}
    found = {}
    for path in sorted(_paths(place)):
        found[path] = _read(os.path.join(place, path))
    return found


def _paths(place: str) -> Iterator[str]:
    for directory, below, names in os.walk(place):
        links = (n for n in below if os.path.islink(os.path.join(directory, n)))
        for name in (*names, *links):
            yield os.path.relpath(os.path.join(directory, name), place)


def _read(path: str) -> Entry:
    if os.path.islink(path):
        return Entry(b"", 0, os.readlink(path))
    status = os.lstat(path)
    if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_FILE_BYTES:
        return _FOREIGN
    with open(path, "rb") as file:
        return Entry(file.read(), status.st_mode & _PERMISSIONS)
