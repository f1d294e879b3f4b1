"""The files of manifests a command is given: files, directories, standard input."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple

from netplan2k8s.catalogue import NO_MANIFESTS, OVERSIZED_FILE, UNREADABLE_FILE
from netplan2k8s.findings import Finding, Span

STDIN = "<stdin>"
MAX_BYTES = 128 * 1024 * 1024
_PIECE = 1024 * 1024
_ENDINGS = (".yaml", ".yml", ".json")


class File(NamedTuple):
    """A file and its bytes; ``is_named`` where the user named it, not a directory."""

    path: str
    data: bytes
    is_named: bool


def read_files(arguments: Sequence[str], findings: list[Finding]) -> Iterator[File]:
    """Read all files of the arguments, each once, in the order of their names.

    What cannot be read is added to ``findings`` (NK001, NK005, NK482).
    """
    seen: set[str] = set()
    named = {_real(argument) for argument in arguments}
    for path in _paths(arguments, findings):
        real = _real(path)
        if real in seen:
            continue
        seen.add(real)
        data = _read(path, findings)
        if data is not None:
            yield File(shown(path), data, is_named=real in named)


def _paths(arguments: Sequence[str], findings: list[Finding]) -> Iterator[str]:
    for argument in arguments:
        if argument == "-" or not os.path.isdir(argument):
            yield argument
            continue
        before = len(findings)
        paths = list(_below(argument, findings))
        if not paths and len(findings) == before:
            name = shown(argument)
            message = f"no {', '.join(_ENDINGS)} file in {name}"
            findings.append(Finding(NO_MANIFESTS, message, Span(name)))
        yield from paths


def _below(directory: str, findings: list[Finding]) -> Iterator[str]:
    """Manifests of a directory and those below it; dot-directories are none of ours."""

    def refuse(error: OSError) -> None:
        findings.append(_unreadable(str(error.filename), error))

    for current, directories, names in os.walk(directory, onerror=refuse):
        directories[:] = sorted(name for name in directories if name[0] != ".")
        for name in sorted(names):
            if name.endswith(_ENDINGS) and name[0] != ".":
                path = os.path.normpath(os.path.join(current, name))
                if not _is_special(path):
                    yield path


def _is_special(path: str) -> bool:
    """Whether a path is a pipe, a socket or a device, which may keep us waiting."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode)


def _read(path: str, findings: list[Finding]) -> bytes | None:
    try:
        if path == "-":
            data = _limited(sys.stdin.buffer)
        else:
            with open(path, "rb") as file:
                data = _limited(file)
    except OSError as error:
        findings.append(_unreadable(path, error))
        return None
    if data is None:
        message = (
            f"has over {MAX_BYTES} bytes, the most that is read; etcd takes 1.5 MiB an"
            " object"
        )
        findings.append(Finding(OVERSIZED_FILE, message, Span(shown(path))))
    return data


def _limited(file: BinaryIO) -> bytes | None:
    """All bytes; None for too many, be they in a file or come from a pipe."""
    pieces, size = [], 0
    while piece := file.read(_PIECE):
        size += len(piece)
        if size > MAX_BYTES:
            return None
        pieces.append(piece)
    return b"".join(pieces)


def _unreadable(path: str, error: OSError) -> Finding:
    message = f"cannot be read: {error.strerror or error}"
    return Finding(UNREADABLE_FILE, message, Span(shown(path)))


def _real(path: str) -> str:
    return path if path == "-" else os.path.realpath(path)


def shown(path: str) -> str:
    """The path as text; what in it is no UTF-8 is written as Python escapes it."""
    if path == "-":
        return STDIN
    return os.fsencode(path).decode("utf-8", "backslashreplace")
