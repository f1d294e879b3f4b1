"""Drifted copies of fixtures/live, and what `inspect --live` says of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

CODES = range(721, 740)


class Said(NamedTuple):
    """The findings of the live state alone, and the rest of the report."""

    findings: list[dict[str, Any]]
    live: dict[str, Any]
    code: int

    @property
    def codes(self) -> list[str]:
        return [finding["code"] for finding in self.findings]

    @property
    def messages(self) -> list[str]:
        return [finding["message"] for finding in self.findings]


def inspect(run: Callable[..., Any], *arguments: object) -> Said:
    """What a run says, but for what it would say without --live."""
    options = ("--live", "--no-config", "--format", "json")
    done = run("inspect", *(arguments or ("hosts",)), *options)
    assert not done.err, done.err
    report = json.loads(done.out)
    mine = [f for f in report["findings"] if int(f["code"][2:]) in CODES]
    return Said(mine, report["live"], done.code)


def edit(path: Path, change: Callable[[Any], object]) -> None:
    """Change a collected file as Python has it; ``change`` does so in place."""
    body = json.loads(path.read_text())
    change(body)
    path.write_text(json.dumps(body))


def interface(entries: Iterable[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(entry for entry in entries if entry["ifname"] == name)


def address(local: str, length: int, family: str = "inet") -> dict[str, Any]:
    return {"family": family, "local": local, "prefixlen": length, "scope": "global"}
