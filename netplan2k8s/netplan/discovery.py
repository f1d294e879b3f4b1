"""Which files of a host netplan reads, and in which order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from netplan2k8s import catalogue
from netplan2k8s.findings import Finding, Rule, Span
from netplan2k8s.tree import OversizedFileError, Tree, byte_order

DIRECTORIES = ("run/netplan", "etc/netplan", "lib/netplan")
_SUFFIX = ".yaml"


class Discovery(NamedTuple):
    """Relative paths in the order netplan reads them, and what was passed over."""

    paths: tuple[str, ...]
    findings: tuple[Finding, ...]


def discover(tree: Tree) -> Discovery:
    """List a host's Netplan files.

    Of one base name only the first of run, etc and lib counts; the rest are read in
    byte order of the base name over all directories (netplan's parser, one glob over
    ROOT/{lib,etc,run}/netplan/*.yaml).
    """
    chosen: dict[str, str] = {}
    findings: list[Finding] = []
    top = tree.names("")
    for directory in DIRECTORIES:
        if directory.partition("/")[0] not in top:
            continue
        for name in tree.names(directory):
            if name.endswith(_SUFFIX) and not name.startswith("."):
                chosen.setdefault(name, f"{directory}/{name}")
            elif not name.startswith("."):
                findings.append(_ignored(tree, f"{directory}/{name}"))
    if "usr" in top and not tree.names("lib/netplan"):
        findings.extend(_unlinked(tree))
    paths = tuple(chosen[name] for name in sorted(chosen, key=byte_order))
    return Discovery(paths, tuple(findings))


def read(tree: Tree, path: str) -> bytes | Finding:
    """Read a file, or say why it cannot be."""
    try:
        return tree.read(path)
    except OversizedFileError as error:
        message = f"has {error.strerror}; a host's Netplan is a few kilobytes"
        return _finding(catalogue.OVERSIZED_FILE, tree, path, message)
    except IsADirectoryError:
        message = "is a directory; netplan rejects the host"
        return _finding(catalogue.UNREADABLE_FILE, tree, path, message)
    except FileNotFoundError:
        target = tree.readlink(path)
        message = f"is a dangling link to {target}" if target else "has gone"
        message += "; netplan rejects the host"
        return _finding(catalogue.UNREADABLE_FILE, tree, path, message)
    except OSError as error:
        message = f"cannot be read: {error.strerror or error}"
        return _finding(catalogue.UNREADABLE_FILE, tree, path, message)


def _ignored(tree: Tree, path: str) -> Finding:
    message = "not read: netplan reads only names that end in .yaml, in lower case"
    return _finding(catalogue.IGNORED_FILE, tree, path, message)


def _unlinked(tree: Tree) -> Iterator[Finding]:
    """On a host /lib is a link to usr/lib, which a copied tree may lack."""
    for name in tree.names("usr/lib/netplan"):
        message = "not read: netplan reads lib/netplan, and here lib is no link to it"
        path = f"usr/lib/netplan/{name}"
        yield _finding(catalogue.IGNORED_FILE, tree, path, message)


def _finding(rule: Rule, tree: Tree, path: str, message: str) -> Finding:
    return Finding(rule, message, Span(tree.label(path)))
