"""What lint says of manifests written in a test: its findings, and where they are.

In the text of a test, » stands before each place of a finding, in the order of the
codes, and is no part of the manifest.
"""

from __future__ import annotations

import re
import tempfile
import textwrap
from pathlib import Path
from typing import NamedTuple

from netplan2k8s.findings import Severity
from netplan2k8s.lint.choices import Choices
from netplan2k8s.linting import lint
from netplan2k8s.settings import Settings

MARK = "»"


class Said(NamedTuple):
    """A finding: its code, its place, how much it matters, and its words."""

    code: str
    line: int
    column: int
    severity: Severity
    message: str


def said(text: str, path: str = "example.yaml", **settings) -> list[Said]:
    """All that lint says of a file with the text, marks left out."""
    return said_of({path: text}, **settings)


def said_of(files: dict[str, str], **settings) -> list[Said]:
    with tempfile.TemporaryDirectory() as directory:
        paths = []
        for name, text in files.items():
            path = Path(directory, name)
            path.parent.mkdir(exist_ok=True)
            path.write_text(_plain(text), encoding="utf-8")
            paths.append(str(path))
        made = lint(paths, Settings(**settings), Choices())
    return [
        Said(f.rule.code, f.span.line, f.span.column, f.rule.severity, f.message)
        for f in made.findings
    ]


def check(text: str, *codes: str, path: str = "example.yaml", **settings) -> None:
    """The codes at the marks, and nothing else but notes that were not asked for."""
    found = [
        (one.code, one.line, one.column)
        for one in said(text, path, **settings)
        if one.severity is not Severity.INFO or one.code in codes
    ]
    places = _marks(text)
    wanted = [(code, *place) for code, place in zip(codes, places, strict=True)]
    assert found == wanted, f"found {found}, wanted {wanted}"


def messages(text: str, code: str, **settings) -> list[str]:
    return [one.message for one in said(text, **settings) if one.code == code]


def message(text: str, code: str, **settings) -> str:
    """The words of the one finding with a code."""
    (only,) = messages(text, code, **settings)
    return only


def _plain(text: str) -> str:
    return textwrap.dedent(text).replace(MARK, "")


def _marks(text: str) -> list[tuple[int, int]]:
    places = []
    for number, line in enumerate(textwrap.dedent(text).split("\n"), 1):
        for count, found in enumerate(re.finditer(MARK, line)):
            places.append((number, found.start() - count + 1))
    return places
