"""The two-column file that maps directory or file names to node names."""

from __future__ import annotations

from netplan2k8s.catalogue import INVALID_SETTINGS
from netplan2k8s.findings import Finding, InputError, Span
from netplan2k8s.inputs import read_text


def read_node_names(path: str) -> dict[str, str]:
    """Read ``name node`` lines; # begins a comment. No path, no names.

    Raises:
        InputError: NK001, or NK008 for each line that is not two words.
    """
    if not path:
        return {}
    text = read_text(path, INVALID_SETTINGS)
    names: dict[str, str] = {}
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
            continue
        findings.append(Finding(INVALID_SETTINGS, message, Span(path, number, 1)))
    if findings:
        raise InputError(*findings)
    return names
