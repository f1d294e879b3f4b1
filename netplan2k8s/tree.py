"""One host's files, wherever they lie: a directory, an archive, a single file."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

MAX_FILE_BYTES = 16 * 1024 * 1024
PRIVATE = 0o600
"""The mode that netplan asks of its files."""
_MAX_LINKS = 40  # as Linux's MAXSYMLINKS
_NULL = os.devnull.lstrip("/")


class OversizedFileError(OSError):
    """A file beyond what any host writes; the text says how large it is."""


class OutsideError(OSError):
    """A link that climbs out of the host root; the text says where it leads."""


class Tree(Protocol):
    """Read access to the files below a host root.

    Relative paths use ``/`` and never begin with it. Links are followed as on the host
    itself, an absolute one from the host root; none leaves it. ``names`` gives a
    directory's entries sorted by bytes, and nothing where there is no such directory.
    Both raise OSError (OutsideError for a link that leaves the root), and ``read``
    FileNotFoundError for a dangling link, IsADirectoryError for a directory,
    OversizedFileError over 16 MiB; ``/dev/null`` is empty.
    """

    def names(self, directory: str) -> tuple[str, ...]: ...

    def read(self, path: str) -> bytes: ...

    def readlink(self, path: str) -> str | None:
        """The text of a symbolic link; None where it is no link."""
        ...

    def mode(self, path: str) -> int:
        """The permission bits of a file, links followed; raises as ``read``."""
        ...

    def label(self, path: str) -> str:
        """How messages name the file."""
        ...


def byte_order(name: str) -> bytes:
    """Sort key of strcmp(3), the order netplan reads files in."""
    return os.fsencode(name)


def resolve(path: str, readlink: Callable[[str], str | None]) -> str:
    """The path with all its links followed, within the root it is relative to.

    ``readlink`` gives the text of a link, None for what is no link.

    Raises:
        OutsideError: a link climbs above the root.
        OSError: links in a circle.
    """
    waiting = path.split("/")[::-1]
    done: list[str] = []
    link = ""
    links = 0
    while waiting:
        name = waiting.pop()
        if name in ("", "."):
            continue
        if name == "..":
            if not done:
                raise OutsideError(errno.EXDEV, link, path)
            done.pop()
            continue
        done.append(name)
        target = readlink("/".join(done))
        if target is None:
            continue
        links += 1
        if links > _MAX_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        link = target
        del done[0 if target.startswith("/") else -1 :]
        waiting += target.split("/")[::-1]
    return "/".join(done)


@dataclass(slots=True)
class DirectoryTree:
    """A host root on disk, which may itself be reached through links.

    ``top`` are the root's names, listed once. ``_plain`` is the directory last seen to
    have no links on its way from the root.
    """

    root: str
    top: tuple[str, ...] = field(default=(), repr=False, compare=False)
    _plain: str = field(default="", init=False, repr=False, compare=False)

    def names(self, directory: str) -> tuple[str, ...]:
        if not directory:
            self.top = self.top or self._listed("")
            return self.top
        return self._listed(directory)

    def _listed(self, directory: str) -> tuple[str, ...]:
        try:
            entries = os.listdir(self._on_disk(directory))
        except (FileNotFoundError, NotADirectoryError):
            return ()
        entries.sort(key=byte_order)
        return tuple(entries)

    def read(self, path: str) -> bytes:
        directory, _, name = path.rpartition("/")
        try:
            return read_limited(f"{self._on_disk(directory)}/{name}", follow=False)
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
        real = resolve(path, self._link)
        if real == _NULL:
            return b""
        return read_limited(os.path.join(self.root, real), follow=False)

    def readlink(self, path: str) -> str | None:
        directory, _, name = path.rpartition("/")
        try:
            return os.readlink(os.path.join(self._on_disk(directory), name))
        except OSError:
            return None

    def mode(self, path: str) -> int:
        real = resolve(path, self._link)
        return stat.S_IMODE(os.stat(os.path.join(self.root, real)).st_mode)

    def label(self, path: str) -> str:
        return os.path.join(self.root, path)

    def _on_disk(self, directory: str) -> str:
        """Where a directory lies; an lstat for each of its names, once in a row."""
        if directory != self._plain and not self._plain.startswith(f"{directory}/"):
            path = self.root
            for name in directory.split("/"):
                path += f"/{name}"
                if stat.S_ISLNK(_mode(path)):
                    return os.path.join(self.root, resolve(directory, self._link))
            self._plain = directory
        return f"{self.root}/{directory}"

    def _link(self, path: str) -> str | None:
        try:
            return os.readlink(os.path.join(self.root, path))
        except OSError:
            return None


@dataclass(frozen=True, slots=True)
class MemoryTree:
    """A host root held in memory, as read from an archive or from one flat file.

    ``files`` maps relative paths to their bytes, ``links`` to link texts, ``labels``
    to the names that messages use where ``prefix`` + path is not it, ``modes`` to
    permission bits where they are not PRIVATE.
    """

    prefix: str
    files: dict[str, bytes]
    links: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    modes: dict[str, int] = field(default_factory=dict)

    def names(self, directory: str) -> tuple[str, ...]:
        real = self.resolve(directory)
        start = f"{real}/" if real else ""
        found = {
            path[len(start) :].split("/", 1)[0]
            for path in (*self.files, *self.links)
            if path.startswith(start)
        }
        return tuple(sorted(found, key=byte_order))

    def read(self, path: str) -> bytes:
        real = self.resolve(path)
        if real in self.files:
            return self.files[real]
        if real == _NULL:
            return b""
        if any(name.startswith(f"{real}/") for name in self.files):
            raise IsADirectoryError(21, "Is a directory", path)
        raise FileNotFoundError(2, "No such file or directory", path)

    def readlink(self, path: str) -> str | None:
        directory, slash, name = path.rpartition("/")
        try:
            return self.links.get(self.resolve(directory) + slash + name)
        except OSError:
            return None

    def mode(self, path: str) -> int:
        return self.modes.get(self.resolve(path), PRIVATE)

    def label(self, path: str) -> str:
        return self.labels.get(path, self.prefix + path)

    def resolve(self, path: str) -> str:
        """The path without links.

        Raises:
            OSError: as the module's ``resolve``.
        """
        return resolve(path, self.links.get)


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

    def mode(self, path: str) -> int:  # noqa: ARG002  the protocol's
        return stat.S_IMODE(os.stat(self.file).st_mode)

    def label(self, path: str) -> str:  # noqa: ARG002  the protocol's
        return self.file


def _mode(path: str) -> int:
    try:
        return os.lstat(path).st_mode
    except OSError:
        return 0


_OPEN = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC


def read_limited(path: str, *, follow: bool = True) -> bytes:
    """Read a regular file of at most MAX_FILE_BYTES; /dev/null is empty.

    Raises:
        OSError: unreadable, not a regular file, too large, or, unless told to
            ``follow``, a link (ELOOP).
    """
    descriptor = os.open(path, _OPEN if follow else _OPEN | os.O_NOFOLLOW)
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
        data = os.read(descriptor, max(status.st_size + 1, 65536))
        if len(data) == status.st_size:
            return data
        chunks = [data]
        while chunk := os.read(descriptor, 65536):
            chunks.append(chunk)
        return b"".join(chunks)
    finally:
        os.close(descriptor)
