"""How hosts are named: a two-column file, else a template."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from netplan2k8s.catalogue import INVALID_SETTINGS, UNUSED_NAME
from netplan2k8s.findings import Finding, InputError, Span
from netplan2k8s.inputs import read_text
from netplan2k8s.naming import ranges


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
