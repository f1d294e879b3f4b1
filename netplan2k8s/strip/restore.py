"""One host's originals put back in the place of what strip left."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from netplan2k8s import catalogue
from netplan2k8s.findings import Finding, InputError, Rule, Span
from netplan2k8s.hosts import Host
from netplan2k8s.hosts.places import FLAT
from netplan2k8s.netplan import read_host
from netplan2k8s.strip import sums, trees
from netplan2k8s.strip.host_files import HostFiles, read_files
from netplan2k8s.strip.sums import Sum
from netplan2k8s.strip.trees import ROLLBACK, SUMS, Entry
from netplan2k8s.tree import MemoryTree


@dataclass(frozen=True, slots=True)
class RestoredHost:
    """A host's tree as it is and as it is to be; with an error it stays as it is."""

    host: Host
    before: HostFiles
    now: Mapping[str, Entry]
    after: Mapping[str, Entry] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    @property
    def node_name(self) -> str:
        return self.host.node_name


def directory_of(place: str) -> str:
    """What strip wrote, given itself or its rollback.

    Raises:
        InputError: NK706, strip wrote nothing there.
    """
    path = os.path.normpath(place)
    if os.path.isdir(os.path.join(path, ROLLBACK)):
        return path
    if os.path.isdir(path) and os.path.basename(os.path.abspath(path)) == ROLLBACK:
        return os.path.dirname(path) or "."
    lacks = f"has no {ROLLBACK}/, and so no originals"
    if not os.path.isdir(path):
        lacks = "is no directory"
    message = f"{lacks}; --restore takes what strip --write wrote"
    raise InputError(Finding(catalogue.NO_ROLLBACK, message, Span(place)))


def restore_host(host: Host, directory: str) -> RestoredHost:
    """Put the originals of a host in, where each file is as strip left it.

    Raises:
        InputError: its files cannot be read.
        OSError: what strip wrote cannot be read.
    """
    before = _read(host)
    now = trees.tree_of(before, before.files)
    try:
        originals, left = _kept(host, directory, now)
    except InputError as error:
        return RestoredHost(host, before, now, now, error.findings)
    findings = tuple(_changed_since(host, before, now, originals, left))
    after = dict(sorted({**now, **originals}.items()))
    findings = findings or tuple(_rejected(host, after))
    return RestoredHost(host, before, now, now if findings else after, findings)


def _kept(
    host: Host, directory: str, now: Mapping[str, Entry]
) -> tuple[dict[str, Entry], dict[str, Sum]]:
    """The originals, with the modes that they had, and the sums of what strip made.

    Raises:
        InputError: NK706, they are not there, or not those that strip kept.
    """
    places = [
        trees.place_of(directory, part, host.node_name, now)
        for part in (ROLLBACK, SUMS)
    ]
    for place in places:
        if not os.path.lexists(place):
            message = (
                f"{host.node_name} has no originals in {directory}: there is no {place}"
            )
            raise _lost(host, host.place, message)
    try:
        with open(places[1], "rb") as file:
            known = sums.read(file.read())
    except ValueError as error:
        message = f"are no sums of the originals of {host.node_name}"
        raise _lost(host, places[1], message) from error
    found = trees.read_tree(places[0])
    for path in sorted({*found, *known.original}):
        fault = _fault(found.get(path), known.original.get(path))
        if fault:
            message = (
                f"{fault}; if that is meant, put the files of"
                f" {places[0]} in their place by hand"
            )
            raise _lost(
                host, os.path.join(places[0], path) if path else places[0], message
            )
    kept = {
        path: e._replace(mode=known.original[path].mode) for path, e in found.items()
    }
    return kept, known.stripped


def _fault(found: Entry | None, wanted: Sum | None) -> str:
    """Why a file is not the original, but for its mode, which copies lose."""
    if found is None:
        return "has gone, an original that strip kept"
    if wanted is None:
        return "is no original: strip did not keep it"
    if sums.sum_of(found)._replace(mode=wanted.mode) != wanted:
        return "is not the original that strip kept, but was edited since"
    return ""


def _lost(host: Host, place: str, message: str) -> InputError:
    return InputError(_finding(catalogue.NO_ROLLBACK, host, place, message))


def _read(host: Host) -> HostFiles:
    try:
        before = read_files(host)
    except OSError:
        read_host(host.tree, host.node_name)  # this says why
        raise
    if before.is_flat and not before.files:
        read_host(host.tree, host.node_name)
    return before


def _changed_since(
    host: Host,
    before: HostFiles,
    now: Mapping[str, Entry],
    originals: Mapping[str, Entry],
    left: Mapping[str, Sum],
) -> Iterator[Finding]:
    for path, original in originals.items():
        found = now.get(path)
        if found == original or (found and sums.sum_of(found) == left.get(path)):
            continue
        label = before.labels.get(path or FLAT, f"{host.place}/{path}")
        what = _what(found, left.get(path))
        message = (
            f"{what} since strip wrote it, and its original would undo that; put it"
            " back by hand, or what strip wrote in its place first"
        )
        yield _finding(catalogue.NOT_AS_STRIPPED, host, label, message)


def _what(found: Entry | None, left: Sum | None) -> str:
    if found is None:
        return "has gone"
    if left and sums.sum_of(found)._replace(mode=left.mode) == left:
        return f"got mode {found.mode:04o} instead of {left.mode:04o}"
    return "was edited"


def _rejected(host: Host, tree: Mapping[str, Entry]) -> Iterator[Finding]:
    """What netplan says of the result, where it takes it not."""
    files = {path or FLAT: e.content for path, e in tree.items() if not e.link}
    links = {path: entry.link for path, entry in tree.items() if entry.link}
    prefix = f"{host.place}/"
    try:
        read_host(MemoryTree(prefix, files, links), host.node_name)
    except InputError as error:
        yield from error.findings


def _finding(rule: Rule, host: Host, place: str, message: str) -> Finding:
    return Finding(rule, message, Span(place), node=host.node_name)
