"""Which hosts the arguments hold: roots, directories of them, flat files, archives."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from netplan2k8s import archives, catalogue
from netplan2k8s.findings import Finding, InputError, Rule, Span
from netplan2k8s.naming import is_node_name, natural_key
from netplan2k8s.tree import DirectoryTree, FlatTree, MemoryTree, Tree, byte_order

SETTINGS_FILE = "netplan2k8s.yaml"
_ROOT_MARKS = frozenset({"etc", "lib", "run", "usr"})
_NETPLAN_PLACES = ("etc/netplan", "lib/netplan", "run/netplan")
MAX_DEPTH = 16
OUR_MARK = ".netplan2k8s/files.json"
"""What the output directory of ``convert`` has, relative to it."""


@dataclass(frozen=True, slots=True)
class Host:
    """One host: the name its Node will have, its files, and where they lie."""

    node_name: str
    tree: Tree
    place: str


@dataclass(frozen=True, slots=True)
class Fleet:
    """The hosts of a run in natural order of their names, and what was passed over."""

    hosts: tuple[Host, ...]
    findings: tuple[Finding, ...]


def discover(
    arguments: Sequence[str],
    *,
    node_name: Callable[[str], str] = str,
    exclude: Sequence[str] = (),
) -> Fleet:
    """Find every host below the arguments (design D3).

    ``node_name`` turns a directory or file name into a node name; hosts whose node
    name matches a glob of ``exclude`` are left out and named.

    Raises:
        InputError: NK001, NK002, NK003, NK004, NK005, NK007.
    """
    hosts: dict[str, Host] = {}
    findings: list[Finding] = []
    for argument in arguments:
        _search_argument(argument, hosts, findings)
    named = [
        Host(node_name(host.node_name), host.tree, host.place)
        for host in hosts.values()
    ]
    kept = [host for host in named if not _is_excluded(host, exclude)]
    findings += _excluded(named, kept)
    findings += _name_findings(kept)
    if not kept and not any(f.rule.severity == "error" for f in findings):
        path = os.path.normpath(arguments[0])
        message = "every host is left out" if named else _no_hosts(path)
        findings.append(_finding(catalogue.NO_HOSTS, path, message))
    if any(finding.rule.severity == "error" for finding in findings):
        raise InputError(*findings)
    kept.sort(key=lambda host: natural_key(host.node_name))
    return Fleet(tuple(kept), tuple(findings))


def _search_argument(
    argument: str, hosts: dict[str, Host], findings: list[Finding]
) -> None:
    path = os.path.normpath(argument)
    before = len(hosts), len(findings)
    try:
        if os.path.isdir(path):
            _search_directory(_above_netplan(path), hosts, findings, depth=0)
        elif os.path.exists(path):
            _take_file(path, hosts, findings)
        else:
            findings.append(
                _finding(catalogue.UNREADABLE_FILE, path, "No such file or directory")
            )
    except OSError as error:
        findings.append(_unreadable(error, path))
    if before == (len(hosts), len(findings)):
        findings.append(_finding(catalogue.NO_HOSTS, path, _no_hosts(path)))


def _above_netplan(path: str) -> str:
    """The host root when the argument is its etc/netplan."""
    absolute = os.path.abspath(path)
    for place in _NETPLAN_PLACES:
        if absolute.endswith(f"/{place}"):
            return os.path.normpath(os.path.join(path, "..", ".."))
    return path


def _search_directory(
    path: str, hosts: dict[str, Host], findings: list[Finding], depth: int
) -> None:
    with os.scandir(path) as scan:
        entries = sorted(scan, key=lambda entry: byte_order(entry.name))
    if any(entry.name in _ROOT_MARKS and entry.is_dir() for entry in entries):
        _add(hosts, Host(_base_name(path), DirectoryTree(path), path))
        return
    before = len(hosts)
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            _descend(entry, hosts, findings, depth)
        else:
            _take_file(os.path.join(path, entry.name), hosts, findings)
    if depth and before == len(hosts):
        findings.append(_finding(catalogue.NO_HOSTS, path, _no_hosts(path)))


def _descend(
    entry: os.DirEntry[str],
    hosts: dict[str, Host],
    findings: list[Finding],
    depth: int,
) -> None:
    if entry.name.endswith(".yaml"):
        message = "is a directory; a host's flat Netplan is a file <node>.yaml"
        findings.append(_finding(catalogue.UNREADABLE_FILE, entry.path, message))
    elif os.path.exists(os.path.join(entry.path, OUR_MARK)):
        message = "not searched: manifests that netplan2k8s wrote"
        findings.append(_finding(catalogue.IGNORED_FILE, entry.path, message))
    elif depth >= MAX_DEPTH:
        message = f"not searched: over {MAX_DEPTH} directories deep"
        findings.append(_finding(catalogue.IGNORED_FILE, entry.path, message))
    else:
        try:
            _search_directory(entry.path, hosts, findings, depth + 1)
        except OSError as error:
            findings.append(_unreadable(error, entry.path))


def _take_file(path: str, hosts: dict[str, Host], findings: list[Finding]) -> None:
    name = os.path.basename(path)
    if name == SETTINGS_FILE:
        return
    if not os.path.exists(path):
        findings.append(_finding(catalogue.UNREADABLE_FILE, path, "dangling link"))
    elif archives.is_archive(name):
        _take_archive(path, hosts, findings)
    elif name.endswith(".yaml"):
        directory = os.path.dirname(os.path.abspath(path))
        if directory.endswith(tuple(f"/{place}" for place in _NETPLAN_PLACES)):
            root = os.path.normpath(os.path.join(os.path.dirname(path), "..", ".."))
            _add(hosts, Host(_base_name(root), DirectoryTree(root), root))
        else:
            _add(hosts, Host(name.removesuffix(".yaml"), FlatTree(path), path))
    else:
        findings.append(_finding(catalogue.IGNORED_FILE, path, _why_ignored(name)))


def _take_archive(path: str, hosts: dict[str, Host], findings: list[Finding]) -> None:
    try:
        files, links = archives.read(path)
    except InputError as error:
        findings.extend(error.findings)
        return
    before = len(hosts)
    stem = archives.stem(os.path.basename(path))
    for root, name, contents, targets in _archive_roots(files, links, stem):
        place = f"{path}:{root}"
        tree = MemoryTree(f"{place}/" if root else place, contents, targets)
        _add(hosts, Host(name, tree, place))
    for member in sorted(files):
        if "/" in member:
            continue
        if member.endswith(".yaml") and member != SETTINGS_FILE:
            tree = MemoryTree(
                "",
                {"etc/netplan/netplan.yaml": files[member]},
                labels={"etc/netplan/netplan.yaml": f"{path}:{member}"},
            )
            _add(hosts, Host(member.removesuffix(".yaml"), tree, f"{path}:{member}"))
    if len(hosts) == before:
        message = "the archive holds no host: no etc/netplan and no <node>.yaml"
        findings.append(_finding(catalogue.NO_HOSTS, path, message))


def _archive_roots(
    files: dict[str, bytes], links: dict[str, str], stem: str
) -> Iterator[tuple[str, str, dict[str, bytes], dict[str, str]]]:
    """Split an archive's members by host root: (root, name, files, links)."""
    roots: dict[str, tuple[dict[str, bytes], dict[str, str]]] = {}
    for member in (*files, *links):
        for place in _NETPLAN_PLACES:
            head, found, _ = f"/{member}".partition(f"/{place}/")
            if found:
                roots.setdefault(head.strip("/"), ({}, {}))
    for member in (*files, *links):
        root = _root_of(member, roots)
        if root is None:
            continue
        relative = member[len(root) + 1 :] if root else member
        if member in files:
            roots[root][0][relative] = files[member]
        else:
            roots[root][1][relative] = links[member]
    for root, (contents, targets) in sorted(roots.items()):
        yield root, root.rsplit("/", 1)[-1] or stem, contents, targets


def _root_of(member: str, roots: Collection[str]) -> str | None:
    parent = member
    while parent:
        parent = parent.rpartition("/")[0]
        if parent in roots:
            return parent
    return None


def _add(hosts: dict[str, Host], host: Host) -> None:
    """Keep a host once, however many arguments lead to it."""
    place = host.place
    hosts.setdefault(os.path.realpath(place) if os.path.exists(place) else place, host)


def _base_name(path: str) -> str:
    return os.path.basename(os.path.abspath(path)) or "host"


def _is_excluded(host: Host, globs: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(host.node_name, glob) for glob in globs)


def _excluded(named: list[Host], kept: list[Host]) -> Iterator[Finding]:
    if len(named) == len(kept):
        return
    left = {id(host) for host in kept}
    for host in named:
        if id(host) not in left:
            message = f"host {host.node_name} is left out as asked"
            yield _finding(catalogue.EXCLUDED_NODE, host.place, message)


def _name_findings(hosts: Sequence[Host]) -> Iterator[Finding]:
    first: dict[str, Host] = {}
    for host in hosts:
        if not is_node_name(host.node_name):
            message = (
                f"{host.node_name!r} can be no node name: lower-case letters, digits,"
                " '-' and '.', as in Node.metadata.name; --node-names maps names"
            )
            yield _finding(catalogue.INVALID_NODE_NAME, host.place, message)
        other = first.setdefault(host.node_name, host)
        if other is not host:
            message = f"node name {host.node_name} is also that of {other.place}"
            yield _finding(catalogue.DUPLICATE_NODE, host.place, message)


def _why_ignored(name: str) -> str:
    if name.endswith((".yml", ".YAML", ".YML")):
        return "not read: netplan reads only names that end in .yaml"
    return "not read: neither <node>.yaml nor an archive (.tar, .tar.gz, .tar.xz)"


def _no_hosts(path: str) -> str:
    return (
        f"no host in {path}: expected <node>/etc/netplan/*.yaml, <node>.yaml or a tar"
        " archive of either"
    )


def _unreadable(error: OSError, path: str) -> Finding:
    message = f"cannot be read: {error.strerror or error}"
    return _finding(catalogue.UNREADABLE_FILE, str(error.filename or path), message)


def _finding(rule: Rule, path: str, message: str) -> Finding:
    return Finding(rule, message, Span(path))
