"""The directory of stripped hosts: new trees, the originals, never half a host.

Everything is written beside its place first. Then the originals are moved in, and when
all of them are there, the new trees, each host by one rename.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Self

from netplan2k8s.catalogue import FOREIGN_OUTPUT
from netplan2k8s.findings import Finding, InputError, OperationError, Span
from netplan2k8s.hosts.places import ROOT_MARKS
from netplan2k8s.strip import partial, sums
from netplan2k8s.strip.trees import (
    HOSTS,
    ROLLBACK,
    SUMS,
    Entry,
    Tree,
    place_of,
    read_tree,
    write_tree,
)
from netplan2k8s.tree import PRIVATE

_PARTIAL = ".netplan2k8s-"
_PARTS = (ROLLBACK, SUMS, HOSTS)
"""In the order in which they come."""


@dataclass(slots=True)
class Staging:
    """Hosts written beside the directory that they will be moved to.

    Use as a context: what was not committed is gone when it ends. ``arguments`` are
    where hosts are looked for, and the directory is not to be.
    """

    directory: str
    arguments: Sequence[str] = ()
    written: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    _moves: list[tuple[str, str, str]] = field(default_factory=list)
    _made: list[str] = field(default_factory=list)
    _root: str = ""
    _lock: int = -1

    def __enter__(self) -> Self:
        place = os.path.abspath(self.directory)
        parts = (os.path.join(self.directory, part) for part in _PARTS)
        for part in (self.directory, *parts):
            if os.path.lexists(part) and not os.path.isdir(part):
                message = "is no directory to write into"
                raise InputError(_finding(part, message))
        for argument in self.arguments:
            if _is_searched(argument, place):
                message = (
                    f"lies in {argument}, where the next run would find what is"
                    " written as more hosts; choose a directory beside it"
                )
                raise InputError(_finding(self.directory, message))
        try:
            parent, name = os.path.split(place)
            if os.path.isdir(place):
                parent, name = place, ""  # it may be a file system of its own
            self._made = list(_missing(parent))
            os.makedirs(parent, exist_ok=True)
            partial.sweep(parent, f"{name}{_PARTIAL}")
            self._root, self._lock = partial.make(parent, f"{name}{_PARTIAL}")
        except OSError as error:
            self._leave()
            raise _failed(error, self.directory) from error
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._root, ignore_errors=True)
        os.close(self._lock)
        self._leave()

    def _leave(self) -> None:
        """Without the directories that were made to hold nothing."""
        with contextlib.suppress(OSError):
            for place in self._made:
                os.rmdir(place)

    def add(self, node_name: str, new: Tree, original: Tree | None = None) -> None:
        """Write a host; ``original`` is what to go back to.

        With the originals their sums are kept, and those of the new files. A host that
        is there as it is to be stays. One that is there in another form is
        a finding: its originals would be lost, or somebody's work.
        """
        wanted = [(HOSTS, new)]
        if original is not None:
            wanted.insert(0, (ROLLBACK, original))
        said = len(self.findings)
        missing = [pair for pair in wanted if not self._is_there(node_name, *pair)]
        if original is not None and len(self.findings) == said:  # else they differ, too
            kept = {"": Entry(sums.text(original, new), PRIVATE)}
            if not self._is_there(node_name, SUMS, kept):
                missing.append((SUMS, kept))
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
                with _alone_in(self.directory):
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
            for part in _PARTS:
                of_part = [move for move in self._moves if move[0] == part]
                place = os.path.join(self.directory, part)
                if of_part and not os.path.isdir(place):
                    os.mkdir(place)
                    made.append(place)
                for _, staged, target in of_part:
                    if os.path.lexists(target):  # another run was quicker
                        raise FileExistsError(
                            errno.EEXIST, "has come meanwhile", target
                        )
                    os.rename(staged, target)
                    done.append((staged, target))
                _sync_directory(place)
        except OSError:
            for staged, target in reversed(done):
                os.rename(target, staged)
            with contextlib.suppress(OSError):  # another run's hosts are there
                for place in reversed(made):
                    os.rmdir(place)
            raise

    def _is_there(self, node_name: str, part: str, tree: Tree) -> bool:
        place = place_of(self.directory, part, node_name, tree)
        if not os.path.lexists(place):
            return False
        there = read_tree(place)
        if there != tree:
            message = (
                "holds other originals of this host, which are not to be lost"
                if part == ROLLBACK
                else "is there in another form, or was edited"
            )
            paths = sorted(p for p in {*there, *tree} if there.get(p) != tree.get(p))
            message += f" ({paths[0]})" if paths[0] else ""
            message += "; choose another directory, or move it away"
            self.findings.append(_finding(place, message))
        return True


# -- directories ----------------------------------------------------------------


def _is_searched(argument: str, place: str) -> bool:
    """Whether hosts are looked for at a place; below a host's root they are not."""
    root = os.path.realpath(argument)
    real = os.path.realpath(place)
    if os.path.commonpath([root, real]) != root:
        return False
    return not any(os.path.isdir(os.path.join(root, mark)) for mark in ROOT_MARKS)


def _missing(directory: str) -> Iterator[str]:
    """The directories that are to be made for one, the deepest first."""
    while not os.path.lexists(directory):
        yield directory
        directory = os.path.dirname(directory)


@contextlib.contextmanager
def _alone_in(directory: str) -> Iterator[None]:
    """So that two runs do not both find a place free, where the disk has locks."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _sync_directory(path: str) -> None:
    if os.path.isdir(path):
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _failed(error: OSError, directory: str) -> OperationError:
    where = error.filename2 or error.filename or directory
    return OperationError(f"{where}: {error.strerror or error}")


def _finding(path: str, message: str) -> Finding:
    return Finding(FOREIGN_OUTPUT, message, Span(path))
