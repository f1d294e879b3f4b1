"""What strip did, host by host: unified diffs, and a summary."""

from __future__ import annotations

import codecs
import difflib
import os
from collections.abc import Iterator, Sequence
from typing import Any

from netplan2k8s.findings import has_error
from netplan2k8s.naming import counted, ranges
from netplan2k8s.strip.trees import Entry, Tree
from netplan2k8s.stripping import Outcome

_NO_BREAK = "\\ No newline at end of file\n"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ABSENT = Entry(b"", 0)
_COLORS = {"-": "31", "+": "32", "@": "36"}


def diff(node_name: str, old: Tree, new: Tree, *, color: bool = False) -> str:
    """The files of a host that differ, as ``git apply`` and ``patch -p1`` take it."""
    lines: list[str] = []
    for path in sorted(old.keys() | new.keys()):
        name = f"{node_name}/{path}" if path else f"{node_name}.yaml"
        contents = old.get(path, _ABSENT).content, new.get(path, _ABSENT).content
        if contents[0] != contents[1]:
            lines += _diff(name, *contents)
    if color:
        lines = [_colored(line) for line in lines]
    return "".join(lines)


def _diff(name: str, old: bytes, new: bytes) -> Iterator[str]:
    names = _quoted(f"a/{name}"), _quoted(f"b/{name}")
    lines = difflib.unified_diff(_lines(old), _lines(new), *names)
    for line in lines:
        yield line if line.endswith("\n") else f"{line}\n{_NO_BREAK}"


def _quoted(name: str) -> str:
    """A path as git writes it: its end told where it has blanks, odd bytes in octal."""
    if name.isprintable() and not set(name) & {'"', "\\"}:
        return f"{name}\t" if " " in name else name
    escaped = (
        character
        if character.isascii() and character.isprintable() and character not in '"\\'
        else "".join(f"\\{byte:03o}" for byte in os.fsencode(character))
        for character in name
    )
    return f'"{"".join(escaped)}"'


def _lines(content: bytes) -> list[str]:
    is_wide = content.startswith(_UTF16)
    text = content.decode("utf-16" if is_wide else "utf-8", "replace")
    return [f"{line}\n" for line in text.split("\n")[:-1]] + [
        line for line in text.split("\n")[-1:] if line
    ]


def _colored(line: str) -> str:
    code = _COLORS.get(line[0])
    if line.startswith(("---", "+++")):
        code = "1"
    return f"\x1b[{code}m{line[:-1]}\x1b[0m\n" if code else line


def summary(made: Outcome, directory: str, *, is_restored: bool) -> str:
    """What was done to how many hosts, and where it was written."""
    if has_error(made.findings):
        return f"nothing written to {directory}\n" if directory else ""
    hosts = counted(len(made.hosts), "host")
    text = ""
    if made.hosts and is_restored:
        text += f"{hosts}: the originals put back, byte for byte\n"
    elif made.hosts:
        rails = counted(made.rails, "rail")
        text += f"{hosts}: {rails} taken out of Netplan, all else proven as before\n"
    if made.done:
        word = "restored" if is_restored else "stripped"
        text += f"{word} already: {ranges([*made.done])}\n"
    if made.written or made.unchanged:
        text += _written(made, directory, is_restored=is_restored)
    elif directory:
        text += f"nothing written to {directory}\n"
    elif made.hosts:
        text += "nothing written; --write -o DIR writes it\n"
    return text


def _written(made: Outcome, directory: str, *, is_restored: bool) -> str:
    text = f"{directory}/hosts: {counted(made.written, 'host')} written"
    if made.unchanged:
        text += f", {made.unchanged} unchanged"
    if not is_restored:
        text += f"; the originals are in {directory}/rollback"
    return f"{text}\n"


def report(
    made: Outcome, hosts: Sequence[dict[str, Any]], directory: str
) -> dict[str, Any]:
    """The whole for the JSON report; ``hosts`` are what ``facts`` gave of each."""
    is_written = bool(directory) and not has_error(made.findings)
    return {
        "hosts": list(hosts),
        "done": list(made.done),
        "directory": directory if is_written else None,
        "written": made.written,
        "unchanged": made.unchanged,
    }


def facts(node_name: str, rails: Sequence[str], old: Tree, new: Tree) -> dict[str, Any]:
    """A host for the JSON report."""
    return {"node": node_name, "rails": list(rails), "diff": diff(node_name, old, new)}
