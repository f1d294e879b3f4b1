"""The files of manifests a command is given: files, directories, standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from netplan2k8s.catalogue import NO_MANIFESTS, OVERSIZED_FILE, UNREADABLE_FILE
from netplan2k8s.findings import Finding, Span

STDIN = "<stdin>"
MAX_BYTES = 128 * 1024 * 1024
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
    for argument in arguments:
        if argument == "-":
            yield File(STDIN, sys.stdin.buffer.read(), is_named=True)
            continue
        if not os.path.isdir(argument):
            paths = [argument]
        else:
            paths = list(_below(argument))
            if not paths:
                message = f"no {', '.join(_ENDINGS)} file in {argument}"
                findings.append(Finding(NO_MANIFESTS, message, Span(argument)))
        for path in paths:
            real = os.path.realpath(path)
            if real in seen:
                continue
            seen.add(real)
            data = _read(path, findings)
            if data is not None:
                yield File(path, data, is_named=path == argument)


def _below(directory: str) -> Iterator[str]:
    """Manifests of a directory and those below it; dot-directories are none of ours."""
    for current, directories, names in os.walk(directory):
        directories[:] = sorted(name for name in directories if name[0] != ".")
        for name in sorted(names):
            if name.endswith(_ENDINGS) and name[0] != ".":
                yield os.path.normpath(os.path.join(current, name))


def _read(path: str, findings: list[Finding]) -> bytes | None:
    try:
        size = os.stat(path).st_size
        if size > MAX_BYTES:
            message = (
                f"has {size} bytes; a file of manifests has at most {MAX_BYTES}, and"
                " etcd takes 1.5 MiB an object"
            )
            findings.append(Finding(OVERSIZED_FILE, message, Span(path)))
            return None
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        message = f"cannot be read: {error.strerror or error}"
        findings.append(Finding(UNREADABLE_FILE, message, Span(path)))
        return None
