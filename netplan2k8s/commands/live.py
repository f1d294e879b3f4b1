"""The end of `inspect --live`: the comparison, its report and the exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NoReturn

import typer

from netplan2k8s import surveying
from netplan2k8s.commands import outcome
from netplan2k8s.fabric import as_json
from netplan2k8s.report import live, terminal
from netplan2k8s.settings import Settings
from netplan2k8s.workflow import Inspection


def finish(
    arguments: Sequence[str],
    seen: Inspection,
    sources: dict[tuple[str, str], str] | None,
    settings: Settings,
    *,
    strict: bool,
    format_: str,
    color: str,
) -> NoReturn:
    """Print what `inspect` does with the live state in it, and exit."""
    made = surveying.compare(arguments, seen, settings)
    if format_ == "json":
        more = as_json.facts(seen.plan, sources)
        outcome.print_report(made.findings, **more, live=live.facts(made.survey))
    else:
        if seen.plan.rails:
            terminal.print_fabric(seen.plan, made.findings, sources, color)
        live.print_live(made.survey, color)
        sys.stdout.flush()
        terminal.print_findings(made.findings, color)
    raise typer.Exit(outcome.exit_code(made.findings, strict=strict))
