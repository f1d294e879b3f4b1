"""Which hosts an archive holds: host roots anywhere in it, or flat files."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from netplan2k8s.catalogue import IGNORED_FILE
from netplan2k8s.findings import Finding, Span
from netplan2k8s.hosts import archives
from netplan2k8s.hosts.places import (
    FLAT,
    NETPLAN_PLACES,
    NOT_SEARCHED,
    OUR_MARK,
    ROOT_MARKS,
)
from netplan2k8s.settings import SETTINGS_FILE
from netplan2k8s.tree import MemoryTree

_NEARLY = (".yml", ".YAML", ".YML")
_PLACES = (
    r"(?:etc|run|lib|usr/lib)/netplan/[^/]+",
    r"etc/udev/rules\.d/[^/]+\.rules",
    r"etc/systemd/network/[^/]+\.link",
    r"sys/(?:class|devices/.+)/net/[^/]+/address",
)


@dataclass(frozen=True, slots=True)
class PackedHost:
    """A host of an archive; ``member`` is a flat file's name in it, "" for a root's."""

    name: str
    tree: MemoryTree
    place: str
    member: str = ""


def read(path: str) -> tuple[list[PackedHost], list[Finding]]:
    """Read the hosts of an archive, and say what is wrong with their files.

    Only members at places that are read are judged and held: an archive may be that of
    a whole disk.

    Raises:
        InputError: as ``archives.read``.
    """
    contents = archives.read(path, _is_wanted)
    roots = _outermost(_roots(contents))
    findings: list[Finding] = []
    hosts = list(_rooted(path, contents, roots, findings))
    if "" not in roots:
        hosts += _flat(path, contents, roots, findings)
    return hosts, findings


@lru_cache(maxsize=1)
def _place() -> re.Pattern[str]:
    """Matches what is read of a host root."""
    from netplan2k8s.inventory.host import (  # noqa: PLC0415  archives only
        FILES,
        LIVE_FILES,
    )

    return re.compile("|".join((*_PLACES, *map(re.escape, (*FILES, *LIVE_FILES)))))


@lru_cache(maxsize=1)
def _place_in_any() -> re.Pattern[str]:
    return re.compile(rf"(?:.*/)?(?:{_place().pattern})")


def _is_wanted(name: str) -> bool:
    if name.endswith(OUR_MARK) or _is_flat(name):
        return True
    return _place_in_any().fullmatch(name) is not None


# -- host roots -----------------------------------------------------------------


def _roots(contents: archives.Contents) -> set[str]:
    found = set()
    for member in (*contents.files, *contents.links, *contents.refused):
        for place in NETPLAN_PLACES:
            head, slash, _ = f"/{member}/".partition(f"/{place}/")
            if slash:
                # On a merged /usr lib is a link to usr/lib.
                root = head.removesuffix("/usr") if place[:3] == "lib" else head
                found.add(root.strip("/"))
    return found


def _outermost(roots: Collection[str]) -> set[str]:
    """Not the images of containers within a host's disk."""
    return {root for root in roots if not root or _root_of(root, roots) is None}


def _root_of(member: str, roots: Collection[str]) -> str | None:
    parent = member
    while parent:
        parent = parent.rpartition("/")[0]
        if parent in roots:
            return parent
    return None


def _rooted(
    path: str,
    contents: archives.Contents,
    roots: Collection[str],
    findings: list[Finding],
) -> Iterator[PackedHost]:
    trees = {
        root: MemoryTree(f"{path}:{root}/" if root else f"{path}:", {})
        for root in sorted(roots)
    }
    for member, root, relative in _by_root(contents.files, roots):
        if _place().fullmatch(relative):
            trees[root].files[relative] = contents.files[member]
            trees[root].modes[relative] = contents.modes[member]
    for member, root, relative in _by_root(contents.links, roots):
        trees[root].links[relative] = contents.links[member]
    for member, _, relative in _by_root(contents.refused, roots):
        if _place().fullmatch(relative):
            findings.append(contents.refused[member])
    targets = {
        f"{root}/{target}".lstrip("/")
        for root, tree in trees.items()
        for target in _targets(tree)
    }
    if targets:
        behind = archives.read(path, _below(targets))
        for member, root, relative in _by_root(behind.files, roots):
            trees[root].files[relative] = behind.files[member]
            trees[root].modes[relative] = behind.modes[member]
        findings.extend(behind.refused.values())
    for root, tree in trees.items():
        name = root.rpartition("/")[2] or archives.stem(path.rpartition("/")[2])
        yield PackedHost(name, tree, f"{path}:{root}" if root else path)


def _by_root(
    members: Iterable[str], roots: Collection[str]
) -> Iterator[tuple[str, str, str]]:
    """(member, its root, its path there)."""
    for member in members:
        root = _root_of(member, roots)
        if root is not None:
            yield member, root, member[len(root) + 1 :] if root else member


def _targets(tree: MemoryTree) -> Iterator[str]:
    """What a host's links stand for and lies at no place that is read."""
    links = (name for name in tree.links if _place().fullmatch(name))
    for path in (*NETPLAN_PLACES, *links):
        try:
            target = tree.resolve(path)
        except OSError:
            continue  # said when the host is read
        if target != path and target not in tree.files:
            yield target


def _below(targets: Collection[str]) -> Callable[[str], bool]:
    def is_wanted(name: str) -> bool:
        return name in targets or _root_of(name, targets) is not None

    return is_wanted


# -- flat files -----------------------------------------------------------------


def _is_flat(name: str) -> bool:
    """Whether it may be a flat file, or one whose name is nearly so."""
    if not name.endswith((".yaml", *_NEARLY)):
        return False
    parts = name.split("/")
    hidden = any(part.startswith(".") for part in parts)
    return not hidden and ROOT_MARKS.isdisjoint(parts) and parts[-1] != SETTINGS_FILE


def _flat(
    path: str,
    contents: archives.Contents,
    roots: Collection[str],
    findings: list[Finding],
) -> Iterator[PackedHost]:
    """Flat files of an archive; beside host roots only those at its top."""
    marks = (name for name in contents.files if name.endswith(OUR_MARK))
    ours = {name.removesuffix(OUR_MARK).rstrip("/") for name in marks}
    findings += [_ignored(f"{path}:{place}", NOT_SEARCHED) for place in sorted(ours)]
    for member in sorted((*contents.files, *contents.refused)):
        if not _is_flat(member) or _root_of(member, (*roots, *ours)) is not None:
            continue
        label = f"{path}:{member}"
        if member.endswith(_NEARLY):
            message = "not read: netplan reads only names that end in .yaml"
            findings.append(_ignored(label, message))
        elif roots and "/" in member:
            message = "not read: beside host roots a flat file lies at the top"
            findings.append(_ignored(label, message))
        elif member in contents.refused:
            findings.append(contents.refused[member])
        else:
            name = member.rpartition("/")[2].removesuffix(".yaml")
            files, labels = {FLAT: contents.files[member]}, {FLAT: label}
            modes = {FLAT: contents.modes[member]}
            tree = MemoryTree("", files, labels=labels, modes=modes)
            yield PackedHost(name, tree, label, member)


def _ignored(place: str, message: str) -> Finding:
    return Finding(IGNORED_FILE, message, Span(place))
