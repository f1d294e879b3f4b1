"""Which files of a host netplan reads, and in which order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from netplan2k8s import catalogue
from netplan2k8s.findings import Finding, Rule, Severity, Span
from netplan2k8s.tree import OutsideError, OversizedFileError, Tree, byte_order

DIRECTORIES = ("run/netplan", "etc/netplan", "lib/netplan")
_SUFFIX = ".yaml"


class Discovery(NamedTuple):
    """Relative paths in the order netplan reads them, and what was passed over.

    ``unreadable`` are directories that cannot be listed, for which the host cannot be
    read either.
    """

    paths: tuple[str, ...]
    findings: tuple[Finding, ...]
    unreadable: tuple[Finding, ...] = ()


def discover(tree: Tree) -> Discovery:
    """List a host's Netplan files.

    Of one base name only the first of run, etc and lib counts; the rest are read in
    byte order of the base name over all directories (netplan's parser, one glob over
    ROOT/{lib,etc,run}/netplan/*.yaml).
    """
    chosen: dict[str, str] = {}
    findings: list[Finding] = []
    unreadable: list[Finding] = []
    top = tree.names("")
    for directory in DIRECTORIES:
        if directory.partition("/")[0] not in top:
            continue
        names = _names(tree, directory, unreadable)
        if not names and tree.readlink(directory) is not None:
            unreadable += _dangles(tree, directory)
        for name in names:
            path = f"{directory}/{name}"
            if name.startswith("."):
                continue
            if not name.endswith(_SUFFIX):
                findings.append(_ignored(tree, path))
            elif chosen.setdefault(name, path) != path:
                findings.append(_shadowed(tree, path, chosen[name]))
    if "usr" in top and not unreadable and not tree.names("lib/netplan"):
        names = _names(tree, "usr/lib/netplan", unreadable)
        findings += [_unlinked(tree, f"usr/lib/netplan/{name}") for name in names]
    paths = tuple(chosen[name] for name in sorted(chosen, key=byte_order))
    return Discovery(paths, tuple(findings), tuple(unreadable))


def _dangles(tree: Tree, directory: str) -> Iterator[Finding]:
    """What is wrong with a link to a directory in which nothing was found."""
    try:
        tree.mode(directory)
    except FileNotFoundError:
        message = (
            f"{_dangling(tree.readlink(directory))}; copy what it stands for in its"
            " place, as cp -L does"
        )
        yield _finding(catalogue.UNREADABLE_FILE, tree, directory, message)
    except OSError as error:
        yield unread(tree, directory, error)


def _names(tree: Tree, directory: str, unreadable: list[Finding]) -> Sequence[str]:
    try:
        return tree.names(directory)
    except OSError as error:
        unreadable.append(unread(tree, directory, error))
        return ()


def read(tree: Tree, path: str) -> bytes | Finding:
    """Read a file, or say why it cannot be."""
    try:
        return tree.read(path)
    except OSError as error:
        return unread(tree, path, error)


def unread(tree: Tree, path: str, error: OSError) -> Finding:
    """Why a file or directory of a host cannot be read."""
    rule = catalogue.UNREADABLE_FILE
    if isinstance(error, OutsideError):
        rule = catalogue.UNSAFE_ARCHIVE
        message = (
            f"is a link that leaves the host's root, by {error.strerror}; copy what it"
            " stands for in its place, as cp -L does"
        )
    elif isinstance(error, OversizedFileError):
        rule = catalogue.OVERSIZED_FILE
        message = f"has {error.strerror}; a host's Netplan is a few kilobytes"
    elif isinstance(error, IsADirectoryError):
        message = "is a directory; netplan rejects the host"
    elif isinstance(error, FileNotFoundError):
        message = f"{_dangling(tree.readlink(path))}; netplan rejects the host"
    else:
        message = f"cannot be read: {error.strerror or error}"
    return _finding(rule, tree, path, message)


def _dangling(target: str | None) -> str:
    if not target:
        return "has gone"
    where = ", looked for in the host's root" if target.startswith("/") else ""
    return f"is a dangling link to {target}{where}"


def _ignored(tree: Tree, path: str) -> Finding:
    message = "not read: netplan reads only names that end in .yaml, in lower case"
    return _finding(catalogue.IGNORED_FILE, tree, path, message)


def _shadowed(tree: Tree, path: str, other: str) -> Finding:
    message = f"not read: {tree.label(other)} has the same name and takes its place"
    rule = catalogue.IGNORED_FILE.as_severe_as(Severity.INFO)
    return _finding(rule, tree, path, message)


def _unlinked(tree: Tree, path: str) -> Finding:
    """On a host /lib is a link to usr/lib, which a copied tree may lack."""
    message = "not read: netplan reads lib/netplan, and here lib is no link to it"
    return _finding(catalogue.IGNORED_FILE, tree, path, message)


def _finding(rule: Rule, tree: Tree, path: str, message: str) -> Finding:
    return Finding(rule, message, Span(tree.label(path)))
