"""How hosts are named: a two-column file, else a template; and names that cannot be."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from netplan2k8s import catalogue
from netplan2k8s.catalogue import INVALID_SETTINGS, UNUSED_NAME
from netplan2k8s.findings import Finding, InputError, Severity, Span
from netplan2k8s.hosts.model import Host
from netplan2k8s.inputs import read_text
from netplan2k8s.naming import is_node_name, ranges
from netplan2k8s.tree import DirectoryTree

_OF_STRIP = {"hosts", "rollback"}
_NUMBERED = r"\d\d?-.+"
_NAMES_OF_INSTALLERS = frozenset(
    {"00-installer-config", "01-netcfg", "01-network-manager-all", "50-cloud-init"}
)


@dataclass(frozen=True, slots=True)
class NodeNames:
    """From directory or file names to node names.

    ``names`` are the lines of the file at ``path``, ``lines`` their numbers; all other
    names go through ``template``.
    """

    template: str = "{name}"
    path: str = ""
    names: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    def of(self, name: str) -> str:
        return self.names.get(name) or self.template.format(name=name)

    def unused(self, found: Collection[str]) -> Iterator[Finding]:
        """One word on all lines for names that no host has."""
        unused = [name for name in self.names if name not in found]
        if unused:
            fits = "fits" if len(unused) == 1 else "fit"
            message = f"{ranges(unused)} {fits} no host's directory or file name"
            span = Span(self.path, self.lines[unused[0]], 1)
            yield Finding(UNUSED_NAME, message, span)


def read_node_names(path: str, template: str = "{name}") -> NodeNames:
    """Read ``name node`` lines; # begins a comment. No path, no names.

    Raises:
        InputError: NK001, NK005, or NK008 for each line that is not two words.
    """
    if not path:
        return NodeNames(template)
    text = read_text(path, INVALID_SETTINGS)
    names: dict[str, str] = {}
    lines: dict[str, int] = {}
    findings = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].replace(",", " ").split()
        if not words:
            continue
        if len(words) != 2:  # noqa: PLR2004
            message = f"{line.strip()!r} is not a name and a node name"
        elif words[0] in names:
            message = f"{words[0]} is mapped twice"
        else:
            names[words[0]] = words[1]
            lines[words[0]] = number
            continue
        findings.append(Finding(INVALID_SETTINGS, message, Span(path, number, 1)))
    if findings:
        raise InputError(*findings)
    return NodeNames(template, path, names, lines)


def impossible(hosts: Sequence[Host], names: NodeNames) -> Iterator[Finding]:
    """Names that no node can have, that two hosts have, or that are a file's."""
    first: dict[str, Host] = {}
    repeated = set()
    for host in hosts:
        if not is_node_name(host.node_name):
            message = (
                f"{host.node_name!r} can be no node name: lower-case letters, digits,"
                " '-' and '.', as in Node.metadata.name; --node-names maps names"
            )
            yield Finding(catalogue.INVALID_NODE_NAME, message, Span(host.place))
        other = first.setdefault(host.node_name, host)
        if other is not host:
            repeated.add(host.node_name)
            message = f"node name {host.node_name} is also that of {other.place}"
            if host.is_nested and other.is_nested:
                message += "; a host's files lie in <node>/etc/netplan/"
            elif _parents(host, other) == _OF_STRIP:
                message += (
                    "; strip wrote both: give its rollback/ for the hosts as they were,"
                    " or its hosts/"
                )
            yield Finding(catalogue.DUPLICATE_NODE, message, Span(host.place))
    for host in first.values():
        if host.found_as not in names.names and host.node_name not in repeated:
            yield from _named_after_file(host)


def _parents(*hosts: Host) -> set[str]:
    return {os.path.basename(os.path.dirname(host.place)) for host in hosts}


def _named_after_file(host: Host) -> Iterator[Finding]:
    """Of a copy that lost its directories only the file's own name is left."""
    if host.node_name != host.found_as or isinstance(host.tree, DirectoryTree):
        return
    is_numbered = host.is_nested and re.fullmatch(_NUMBERED, host.found_as)
    in_netplan = host.is_nested and "/netplan/" in f"/{host.place}"
    rule = catalogue.FILE_AS_NODE
    if not is_numbered and host.found_as not in _NAMES_OF_INSTALLERS:
        if not in_netplan:
            return
        rule = rule.as_severe_as(Severity.WARNING)
    message = (
        f"{host.node_name} is rather the name of a Netplan file than of a node; a"
        " host's files lie in <node>/etc/netplan/, else --node-names tells the node"
    )
    yield Finding(rule, message, Span(host.place))
