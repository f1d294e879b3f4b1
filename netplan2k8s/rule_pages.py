"""The page of every rule: what it checks, why it matters, an example, and instead.

The pages lie as Markdown in ``pages/``, a section a rule; ``explain`` prints one,
docs/rules.md is all of them, and every example runs as a test.
"""

from __future__ import annotations

import difflib
import os
import re
from functools import cache
from typing import NamedTuple

from netplan2k8s.catalogue import RULES
from netplan2k8s.findings import Layer, Rule, UsageError

HEADINGS = ("Why", "Example", "Instead", "Source")
_DIRECTORY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pages")
_HEADING = re.compile(r"^## (NK\d{3}) ([a-z0-9-]+)$", re.MULTILINE)
_BLOCK = re.compile(
    r"^```(\w+)(?: (\S+))?\n(?:# (\S+\.\w+)\n)?(.*?)^```$", re.MULTILINE | re.DOTALL
)


class Block(NamedTuple):
    """A code block: a file by its ``path``, or commands in the language ``sh``.

    ``path`` is empty where the block does not name its file; ``is_good`` for what
    stands under Instead.
    """

    language: str
    path: str
    text: str
    is_good: bool


@cache
def _sections() -> dict[str, str]:
    found: dict[str, str] = {}
    for name in sorted(os.listdir(_DIRECTORY)):
        if not name.endswith(".md"):
            continue
        with open(os.path.join(_DIRECTORY, name), encoding="utf-8") as file:
            pieces = _HEADING.split(file.read())
        for code, _, text in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
            found[code] = text.strip() + "\n"
    return found


def rule_of(text: str) -> Rule:
    """A rule by its code or its name, in any case.

    Raises:
        UsageError: there is none.
    """
    by_name = {rule.name: rule for rule in RULES.values()}
    found = RULES.get(text.upper()) or by_name.get(text.lower())
    if found is None:
        known = [*RULES, *by_name]
        close = difflib.get_close_matches(text, known, 1)
        hint = f"; {close[0]} is near" if close else ""
        raise UsageError(f"{text!r} is no rule{hint}; `netplan2k8s rules` lists them")
    return found


def page(rule: Rule) -> str:
    """The page as Markdown, heading and verdict included."""
    layer = "YAML" if rule.layer is Layer.YAML else rule.layer.value
    head = f"## {rule.code} {rule.name}\n\n"
    head += f"{rule.severity.value.capitalize()}, {layer}: {rule.summary}.\n"
    return f"{head}\n{body(rule)}"


def body(rule: Rule) -> str:
    """The page without its head."""
    return _sections().get(rule.code, "")


def why(rule: Rule) -> str:
    """The paragraph on why the rule matters."""
    found = re.search(
        r"^\*\*Why\*\* (.*?)(?:\n\n|\Z)", body(rule), re.DOTALL | re.MULTILINE
    )
    return " ".join(found[1].split()) if found else ""


def blocks(rule: Rule) -> list[Block]:
    """The code blocks of a page in their order."""
    text = body(rule)
    border = text.find("**Instead**")
    return [
        Block(
            found[1], found[2] or found[3] or "", found[4], 0 <= border < found.start()
        )
        for found in _BLOCK.finditer(text)
    ]
