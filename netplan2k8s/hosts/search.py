"""Where the hosts of the arguments lie: roots, directories of them, files, archives."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from netplan2k8s import catalogue
from netplan2k8s.findings import Finding, InputError, Rule, Span, has_error
from netplan2k8s.hosts import archives, packed
from netplan2k8s.hosts.model import Host
from netplan2k8s.hosts.places import NETPLAN_PLACES, NOT_SEARCHED, OUR_MARK, ROOT_MARKS
from netplan2k8s.settings import SETTINGS_FILE
from netplan2k8s.tree import DirectoryTree, FlatTree, byte_order

MAX_DEPTH = 16


@dataclass(slots=True)
class Search:
    """What was found so far.

    ``reached`` counts hosts, those that were known too; ``linked`` are the directories
    that links of the argument led to, with the first of these links; ``parents`` are
    directories without links, by how they were named.
    """

    hosts: dict[str, Host] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    reached: int = 0
    linked: dict[str, str] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)

    def say(self, rule: Rule, path: str, message: str) -> None:
        self.findings.append(Finding(rule, message, Span(path)))

    def add(self, host: Host) -> None:
        """Keep a host once, however many arguments lead to it."""
        self.reached += 1
        real = self._real(host.place)
        first = self.hosts.setdefault(real, host)
        if first.found_as == host.found_as:
            return
        if os.path.islink(first.place):
            self.hosts[real], first, host = host, host, first
        message = f"not read again: it is {first.place}"
        self.say(catalogue.IGNORED_FILE, host.place, message)

    def _real(self, place: str) -> str:
        """A place without links; the way to hosts beside each other is gone once."""
        parent, name = os.path.split(place)
        if name in ("", ".", "..") or os.path.islink(place):
            return os.path.realpath(place)
        if parent not in self.parents:
            self.parents[parent] = os.path.realpath(parent)
        return os.path.join(self.parents[parent], name)


def search(arguments: Sequence[str]) -> Search:
    """Find the hosts of all arguments, and what is wrong or passed over."""
    found = Search()
    for argument in arguments:
        found.linked.clear()
        _search_argument(argument, found)
    return found


def _search_argument(argument: str, search: Search) -> None:
    path = os.path.normpath(argument)
    before = search.reached, len(search.findings)
    try:
        if os.path.isdir(path):
            _search_directory(_above_netplan(path), search, depth=0)
        elif os.path.exists(path):
            _take_file(path, search)
        else:
            rule = catalogue.UNREADABLE_FILE
            search.say(rule, path, "No such file or directory")
    except OSError as error:
        search.findings.append(_unreadable(error, path))
    if before == (search.reached, len(search.findings)):
        search.say(catalogue.NO_HOSTS, path, no_hosts(path))


def _above_netplan(path: str) -> str:
    """The host root when the argument is its etc/netplan."""
    absolute = os.path.abspath(path)
    for place in NETPLAN_PLACES:
        if absolute.endswith(f"/{place}"):
            return os.path.normpath(os.path.join(path, "..", ".."))
    return path


def _search_directory(path: str, search: Search, depth: int) -> None:
    with os.scandir(path) as scan:
        entries = sorted(scan, key=lambda entry: byte_order(entry.name))
    if depth and _is_ours(path, entries):
        search.say(catalogue.IGNORED_FILE, path, NOT_SEARCHED)
        return
    if any(entry.name in ROOT_MARKS and _is_directory(entry) for entry in entries):
        search.add(_rooted(path, _alike(tuple([entry.name for entry in entries]))))
        return
    before = search.reached
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if _is_directory(entry):
            _descend(entry, search, depth)
        else:
            _take_file(os.path.join(path, entry.name), search, depth)
    if depth and before == search.reached:
        search.say(catalogue.NO_HOSTS, path, no_hosts(path))


def _is_ours(path: str, entries: Sequence[os.DirEntry[str]]) -> bool:
    mark = OUR_MARK.partition("/")[0]
    return any(entry.name == mark for entry in entries) and os.path.exists(
        os.path.join(path, OUR_MARK)
    )


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False  # links in a circle, which dangle


def _descend(entry: os.DirEntry[str], search: Search, depth: int) -> None:
    if entry.name.endswith(".yaml"):
        message = "is a directory; a host's flat Netplan is a file <node>.yaml"
        search.say(catalogue.UNREADABLE_FILE, entry.path, message)
    elif depth >= MAX_DEPTH:
        message = f"not searched: over {MAX_DEPTH} directories deep"
        search.say(catalogue.IGNORED_FILE, entry.path, message)
    elif entry.is_symlink() and _was_searched(entry, search):
        search.reached += 1
    else:
        try:
            _search_directory(entry.path, search, depth + 1)
        except OSError as error:
            search.findings.append(_unreadable(error, entry.path))


def _was_searched(entry: os.DirEntry[str], search: Search) -> bool:
    """Whether another link led here, be it from within: links may run in a circle."""
    first = search.linked.setdefault(os.path.realpath(entry.path), entry.path)
    if first == entry.path:
        return False
    message = f"not searched again: it leads where {first} does"
    search.say(catalogue.IGNORED_FILE, entry.path, message)
    return True


def _take_file(path: str, search: Search, depth: int = 0) -> None:
    name = os.path.basename(path)
    if name == SETTINGS_FILE:
        return
    if not os.path.exists(path):
        search.say(catalogue.UNREADABLE_FILE, path, "dangling link")
    elif archives.is_archive(name):
        _take_archive(path, search)
    elif name.endswith(".yaml"):
        directory = os.path.dirname(os.path.abspath(path))
        if directory.endswith(tuple(f"/{place}" for place in NETPLAN_PLACES)):
            above = os.path.join(os.path.dirname(path), "..", "..")
            search.add(_rooted(os.path.normpath(above)))
        else:
            node = name.removesuffix(".yaml")
            search.add(Host(node, FlatTree(path), path, node, is_nested=depth > 0))
    else:
        search.say(catalogue.IGNORED_FILE, path, _why_ignored(name))


def _rooted(path: str, top: tuple[str, ...] = ()) -> Host:
    """A host root; ``top`` are its names, where they are known."""
    name = os.path.basename(os.path.abspath(path)) or "host"
    return Host(name, DirectoryTree(path, top), path, name)


@lru_cache(maxsize=64)
def _alike(names: tuple[str, ...]) -> tuple[str, ...]:
    """One tuple for all hosts that were collected alike, and not one for each."""
    return names


def _take_archive(path: str, search: Search) -> None:
    try:
        hosts, findings = packed.read(path)
    except InputError as error:
        search.findings.extend(error.findings)
        return
    search.findings.extend(findings)
    for host in hosts:
        is_nested = "/" in host.member
        search.add(Host(host.name, host.tree, host.place, host.name, is_nested))
    if not hosts and not has_error(findings):
        message = "the archive holds no host: no etc/netplan and no <node>.yaml"
        search.say(catalogue.NO_HOSTS, path, message)


def _why_ignored(name: str) -> str:
    if name.endswith((".yml", ".YAML", ".YML")):
        return "not read: netplan reads only names that end in .yaml"
    return "not read: neither <node>.yaml nor an archive (.tar, .tar.gz, .tar.xz)"


def no_hosts(path: str) -> str:
    return (
        f"no host in {path}: expected <node>/etc/netplan/*.yaml, <node>.yaml or a tar"
        " archive of either"
    )


def _unreadable(error: OSError, path: str) -> Finding:
    message = f"cannot be read: {error.strerror or error}"
    return _finding(catalogue.UNREADABLE_FILE, str(error.filename or path), message)


def _finding(rule: Rule, path: str, message: str) -> Finding:
    return Finding(rule, message, Span(path))
