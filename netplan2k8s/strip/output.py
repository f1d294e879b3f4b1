"""The directory of stripped hosts: new trees, the originals, never half a host.

Everything is written beside its place first. Then the originals are moved in, and when
all of them are there, the new trees, each host by one rename.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from netplan2k8s.catalogue import FOREIGN_OUTPUT
from netplan2k8s.findings import Finding, InputError, OperationError, Span
from netplan2k8s.strip.host_files import HostFiles

HOSTS, ROLLBACK = "hosts", "rollback"
_PARTIAL = ".netplan2k8s-"
_PERMISSIONS = 0o7777


class Entry(NamedTuple):
    """A file of a tree as it lies on disk: content and mode, or a link's text."""

    content: bytes
    mode: int
    link: str = ""


Tree = Mapping[str, Entry]


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
    """Where a host lies: a directory, or the file of a flat one."""
    suffix = ".yaml" if "" in tree else ""
    return os.path.join(root, part, node_name + suffix)


@dataclass(slots=True)
class Staging:
    """Hosts written beside the directory that they will be moved to.

    Use as a context: what was not committed is gone when it ends.
    """

    directory: str
    written: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    _moves: list[tuple[str, str, str]] = field(default_factory=list)
    _root: str = ""

    def __enter__(self) -> Self:
        place = os.path.abspath(self.directory)
        if os.path.lexists(place) and not os.path.isdir(place):
            message = "is no directory to write into"
            raise InputError(_finding(self.directory, message))
        try:
            parent, name = os.path.split(place)
            if os.path.isdir(place):
                parent, name = place, ""  # it may be a file system of its own
            os.makedirs(parent, exist_ok=True)
            _sweep(parent, f"{name}{_PARTIAL}")
            root = os.path.join(parent, f"{name}{_PARTIAL}{os.getpid()}")
            os.mkdir(root)
        except OSError as error:
            raise _failed(error, self.directory) from error
        self._root = root
        return self

    def __exit__(self, *_: object) -> None:
        if self._root:
            shutil.rmtree(self._root, ignore_errors=True)

    def add(self, node_name: str, new: Tree, original: Tree | None = None) -> None:
        """Write a host; ``original`` is what to go back to.

        A host that is there as it is to be stays. One that is there in another form is
        a finding: its originals would be lost, or somebody's work.
        """
        wanted = [(ROLLBACK, original)] if original is not None else []
        wanted.append((HOSTS, new))
        said = len(self.findings)
        missing = [pair for pair in wanted if not self._is_there(node_name, *pair)]
        if len(self.findings) > said:
            return
        (self.written if missing else self.unchanged).append(node_name)
        try:
            for part, tree in missing:
                staged = place_of(self._root, part, node_name, tree)
                write_tree(staged, tree)
                target = place_of(self.directory, part, node_name, tree)
                self._moves.append((part, staged, target))
        except OSError as error:
            raise _failed(error, self.directory) from error

    def commit(self) -> None:
        """Move everything to its place, or nothing.

        Raises:
            OperationError: the disk failed; the directory is as it was.
        """
        if not self._moves:
            return
        try:
            os.sync()  # all of it is on disk before any of it can be seen
            if os.path.isdir(self.directory):
                self._move_in()
            else:
                os.rename(self._root, self.directory)
            _sync_directory(os.path.dirname(os.path.abspath(self.directory)))
        except OSError as error:
            raise _failed(error, self.directory) from error

    def _move_in(self) -> None:
        done: list[tuple[str, str]] = []
        made: list[str] = []
        try:
            for part in (ROLLBACK, HOSTS):
                of_part = [move for move in self._moves if move[0] == part]
                place = os.path.join(self.directory, part)
                if of_part and not os.path.isdir(place):
                    os.mkdir(place)
                    made.append(place)
                for _, staged, target in of_part:
                    os.rename(staged, target)
                    done.append((staged, target))
                _sync_directory(place)
        except OSError:
            for staged, target in reversed(done):
                os.rename(target, staged)
            for place in reversed(made):
                os.rmdir(place)
            raise

    def _is_there(self, node_name: str, part: str, tree: Tree) -> bool:
        place = place_of(self.directory, part, node_name, tree)
        if not os.path.lexists(place):
            return False
        if read_tree(place) != tree:
            message = (
                "holds other originals of this host, which are not to be lost"
                if part == ROLLBACK
                else "is there in another form, or was edited"
            )
            message += "; choose another directory, or move it away"
            self.findings.append(_finding(place, message))
        return True


# -- trees on disk --------------------------------------------------------------


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
    with open(path, "rb") as file:
        mode = os.fstat(file.fileno()).st_mode & _PERMISSIONS
        return Entry(file.read(), mode)


def _sweep(parent: str, beginning: str) -> None:
    """Take away what runs have left that were killed."""
    for name in os.listdir(parent):
        number = name.removeprefix(beginning)
        if number == name or not number.isdigit():
            continue
        if not os.path.exists(f"/proc/{number}"):
            shutil.rmtree(os.path.join(parent, name), ignore_errors=True)


def _sync_directory(path: str) -> None:
    if os.path.isdir(path):
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _failed(error: OSError, directory: str) -> OperationError:
    where = error.filename or directory
    return OperationError(f"{where}: {error.strerror or error}")


def _finding(path: str, message: str) -> Finding:
    return Finding(FOREIGN_OUTPUT, message, Span(path))
