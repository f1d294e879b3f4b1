"""One host's files, wherever they lie: a directory, an archive, a single file."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

MAX_FILE_BYTES = 16 * 1024 * 1024


class OversizedFileError(OSError):
    """A file beyond what any host writes; the text says how large it is."""


class Tree(Protocol):
    """Read access to the files below a host root.

    Relative paths use ``/`` and never begin with it. ``names`` gives a directory's
    entries sorted by bytes, and nothing where there is no such directory. ``read``
    raises OSError (FileNotFoundError for a dangling link, IsADirectoryError for a
    directory, OversizedFileError over 16 MiB).
    """

    def names(self, directory: str) -> tuple[str, ...]: ...

    def read(self, path: str) -> bytes: ...

    def readlink(self, path: str) -> str | None:
        """The text of a symbolic link; None where it is no link."""
        ...

    def label(self, path: str) -> str:
        """How messages name the file."""
        ...


def byte_order(name: str) -> bytes:
    """Sort key of strcmp(3), the order netplan reads files in."""
    return os.fsencode(name)


@dataclass(frozen=True, slots=True)
class DirectoryTree:
    """A host root on disk."""

    root: str

    def names(self, directory: str) -> tuple[str, ...]:
        try:
            entries = os.listdir(os.path.join(self.root, directory))
        except (FileNotFoundError, NotADirectoryError):
            return ()
        entries.sort(key=byte_order)
        return tuple(entries)

    def read(self, path: str) -> bytes:
        return read_limited(os.path.join(self.root, path))

    def readlink(self, path: str) -> str | None:
        try:
            return os.readlink(os.path.join(self.root, path))
        except OSError:
            return None

    def label(self, path: str) -> str:
        return os.path.join(self.root, path)


@dataclass(frozen=True, slots=True)
class MemoryTree:
    """A host root held in memory, as read from an archive or from one flat file.

    ``files`` maps relative paths to their bytes, ``links`` to link texts, ``labels``
    to the names that messages use where ``prefix`` + path is not it.
    """

    prefix: str
    files: dict[str, bytes]
    links: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)

    def names(self, directory: str) -> tuple[str, ...]:
        start = f"{directory}/" if directory else ""
        found = {
            path[len(start) :].split("/", 1)[0]
            for path in (*self.files, *self.links)
            if path.startswith(start)
        }
        return tuple(sorted(found, key=byte_order))

    def read(self, path: str) -> bytes:
        return self._read(path, hops=0)

    def _read(self, path: str, hops: int) -> bytes:
        if path in self.files:
            return self.files[path]
        if path in self.links and hops < 40:  # noqa: PLR2004  as Linux's MAXSYMLINKS
            target = self.links[path]
            if target == "/dev/null":
                return b""
            inside = (
                target.lstrip("/")
                if target.startswith("/")
                else (os.path.join(os.path.dirname(path), target))
            )
            return self._read(os.path.normpath(inside), hops + 1)
        if any(name.startswith(f"{path}/") for name in self.files):
            raise IsADirectoryError(21, "Is a directory", path)
        raise FileNotFoundError(2, "No such file or directory", path)

    def readlink(self, path: str) -> str | None:
        return self.links.get(path)

    def label(self, path: str) -> str:
        return self.labels.get(path, self.prefix + path)


@dataclass(frozen=True, slots=True)
class FlatTree:
    """A host of which only one Netplan file is known, ``<node>.yaml``."""

    file: str

    _PLACES: ClassVar = {
        "": ("etc",),
        "etc": ("netplan",),
        "etc/netplan": ("netplan.yaml",),
    }

    def names(self, directory: str) -> tuple[str, ...]:
        return self._PLACES.get(directory, ())

    def read(self, path: str) -> bytes:
        if path != "etc/netplan/netplan.yaml":
            raise FileNotFoundError(2, "No such file or directory", path)
        return read_limited(self.file)

    def readlink(self, path: str) -> str | None:  # noqa: ARG002  the protocol's
        return None

    def label(self, path: str) -> str:  # noqa: ARG002  the protocol's
        return self.file


def read_limited(path: str) -> bytes:
    """Read a regular file of at most MAX_FILE_BYTES; /dev/null is empty.

    Raises:
        OSError: unreadable, not a regular file, or too large.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(21, "Is a directory", path)
        if not stat.S_ISREG(status.st_mode):
            if os.path.realpath(path) == os.devnull:
                return b""
            raise OSError(22, "Not a regular file", path)
        if status.st_size > MAX_FILE_BYTES:
            raise OversizedFileError(27, f"{status.st_size} bytes", path)
        chunks = []
        while chunk := os.read(descriptor, max(status.st_size + 1, 65536)):
            chunks.append(chunk)
        return b"".join(chunks)
    finally:
        os.close(descriptor)
