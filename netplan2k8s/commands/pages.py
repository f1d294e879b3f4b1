"""The commands that write or print what is read: settings, schemas, rules."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from netplan2k8s.commands import options, outcome
from netplan2k8s.settings import OPERATOR_RELEASES, Settings


def init(
    hosts: options.HostsArgument,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="- for stdout.")
    ] = "netplan2k8s.yaml",
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the file if it is there.")
    ] = False,
    color: options.ColorOption = "auto",
) -> None:
    """Write a commented netplan2k8s.yaml that pins what was found on these hosts."""
    outcome.refuse_existing(output, force=force)
    with outcome.failures("text", color):
        from netplan2k8s import outputs, starter, workflow  # noqa: PLC0415
        from netplan2k8s.report import terminal  # noqa: PLC0415

        seen = workflow.inspect(hosts, Settings(), progress=terminal.progress(color))
        text = starter.text(seen.plan)
        if output == "-":
            sys.stdout.write(text)
        else:
            outputs.write(output, text)
    terminal.print_findings(seen.findings, color)
    if output != "-":
        typer.echo(
            f"wrote {output}: {len(seen.plan.rails)} rails; edit it, then convert"
        )


def schema(
    name: Annotated[str, typer.Argument(metavar="[settings|report|KIND]")] = "settings",
    *,
    operator_release: options.ReleaseOption = "",
) -> None:
    """Print the JSON Schema of the settings, the report or a kind of manifest."""
    with outcome.failures("text", "auto"):
        from netplan2k8s import json_schemas  # noqa: PLC0415

        release = operator_release or Settings().operator_release
        outcome.one_of("--operator-release", release, OPERATOR_RELEASES)
        sys.stdout.write(json_schemas.text(name, release))


def explain(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="A code or a name.")],
) -> None:
    """Print the page of a rule: what it checks, why, an example, and instead."""
    with outcome.failures("text", "auto"):
        from netplan2k8s import rule_pages  # noqa: PLC0415

        sys.stdout.write(rule_pages.page(rule_pages.rule_of(rule)))


def rules(*, format_: options.FormatOption = "text") -> None:
    """List all rules: code, severity, layer, name, and what each is about."""
    outcome.one_of("--format", format_, ("text", "json"))
    from netplan2k8s.report import catalogue_list  # noqa: PLC0415

    sys.stdout.write(catalogue_list.render(format_))


def version() -> None:
    """Print the version."""
    from netplan2k8s import __version__  # noqa: PLC0415

    typer.echo(f"netplan2k8s {__version__}")
