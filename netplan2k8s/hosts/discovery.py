"""Which hosts the arguments hold, by the names that their Nodes will have."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterator, Sequence

from netplan2k8s import catalogue
from netplan2k8s.findings import Finding, InputError, Span, has_error
from netplan2k8s.hosts.model import Fleet, Host
from netplan2k8s.hosts.node_names import NodeNames, impossible
from netplan2k8s.hosts.search import no_hosts, search
from netplan2k8s.naming import natural_key


def discover(
    arguments: Sequence[str],
    *,
    names: NodeNames | None = None,
    exclude: Sequence[str] = (),
) -> Fleet:
    """Find every host below the arguments (design D3).

    ``names`` turns a directory or file name into a node name; hosts whose node name
    matches a glob of ``exclude`` are left out and named.

    Raises:
        InputError: NK001, NK002, NK003, NK004, NK005, NK007, NK011.
    """
    names = names or NodeNames()
    found = search(arguments)
    named = [_named(host, names) for host in found.hosts.values()]
    kept = [host for host in named if not _is_excluded(host, exclude)]
    findings = found.findings
    findings += names.unused({host.found_as for host in named})
    findings += _excluded(named, exclude)
    findings += _unused_globs(named, exclude, os.path.normpath(arguments[0]))
    findings += impossible(kept, names)
    if not kept and not has_error(findings):
        path = os.path.normpath(arguments[0])
        message = "every host is left out" if named else no_hosts(path)
        findings.append(Finding(catalogue.NO_HOSTS, message, Span(path)))
    if has_error(findings):
        raise InputError(*findings)
    kept.sort(key=lambda host: natural_key(host.node_name))
    return Fleet(tuple(kept), tuple(findings))


def _named(host: Host, names: NodeNames) -> Host:
    name = names.of(host.found_as)
    return Host(name, host.tree, host.place, host.found_as, host.is_nested)


def _is_excluded(host: Host, globs: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(host.node_name, glob) for glob in globs)


def _excluded(named: Sequence[Host], globs: Sequence[str]) -> Iterator[Finding]:
    for host in named:
        if _is_excluded(host, globs):
            message = f"host {host.node_name} is left out as asked"
            yield Finding(catalogue.EXCLUDED_NODE, message, Span(host.place))


def _unused_globs(
    named: Sequence[Host], globs: Sequence[str], path: str
) -> Iterator[Finding]:
    for glob in dict.fromkeys(globs):
        if not any(_is_excluded(host, (glob,)) for host in named):
            message = (
                f"{glob!r} of --exclude or exclude_nodes: leaves nobody out: it fits no"
                " host's node name"
            )
            yield Finding(catalogue.UNUSED_NAME, message, Span(path))
