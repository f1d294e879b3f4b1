"""The commands that judge manifests, by themselves and against the hosts."""

from __future__ import annotations

from typing import Annotated

import typer

from netplan2k8s.commands import options, outcome


def lint(
    paths: options.ManifestsArgument,
    *,
    hosts: options.ProvenHostsOption = None,
    allow_open: options.AllowOpenOption = False,
    select: options.SelectOption = None,
    ignore: options.IgnoreOption = None,
    severity: options.SeverityOption = None,
    baseline: Annotated[
        str,
        typer.Option(
            metavar="FILE", help="Leave out the findings of this.", show_default=False
        ),
    ] = "",
    write_baseline: Annotated[
        str,
        typer.Option(
            metavar="FILE", help="Write today's findings.", show_default=False
        ),
    ] = "",
    operator_release: options.ReleaseOption = "",
    inventory: options.InventoryOption = None,
    node_names: options.NodeNamesOption = "",
    exclude: options.ExcludeOption = None,
    config: options.ConfigOption = "",
    no_config: options.NoConfigOption = False,
    strict: options.StrictOption = False,
    format_: options.ReportOption = "",
    output_file: options.OutputFileOption = "",
    color: options.ColorOption = "auto",
) -> None:
    """Judge manifests: ours, edited ones, or those of others."""
    format_ = outcome.chosen_format(format_, color)
    with outcome.failures(format_, color, output_file):
        from netplan2k8s import checks  # noqa: PLC0415
        from netplan2k8s.report.terminal import progress  # noqa: PLC0415

        settings = outcome.chosen_settings(
            config,
            no_config=no_config,
            inventory=inventory,
            node_names=node_names,
            exclude=exclude,
            operator_release=operator_release,
        )
        wishes = checks.Wishes(
            tuple(select or ()),
            tuple(ignore or ()),
            tuple(severity or ()),
            baseline,
            write_baseline,
        )
        made = checks.lint(
            paths,
            settings,
            wishes,
            hosts=hosts or (),
            allow_open=allow_open,
            progress=progress(color),
        )
        outcome.print_checks(made, format_, output_file, color)
    if write_baseline:
        raise typer.Exit(outcome.OK)
    raise typer.Exit(outcome.exit_code(made.findings, strict=strict))


def prove(
    paths: options.ManifestsArgument,
    *,
    hosts: options.ProvenHostsOption = None,
    all_links: Annotated[
        bool, typer.Option("--all", help="Show every link, before and after.")
    ] = False,
    allow_open: options.AllowOpenOption = False,
    operator_release: options.ReleaseOption = "",
    inventory: options.InventoryOption = None,
    node_names: options.NodeNamesOption = "",
    exclude: options.ExcludeOption = None,
    config: options.ConfigOption = "",
    no_config: options.NoConfigOption = False,
    strict: options.StrictOption = False,
    format_: options.FormatOption = "text",
    color: options.ColorOption = "auto",
) -> None:
    """Show that pods will get on every node and rail what the hosts had."""
    outcome.one_of("--format", format_, ("text", "json"))
    outcome.one_of("--color", color, ("auto", "always", "never"))
    if not hosts:
        outcome.refuse("give the hosts to compare with: --hosts HOSTS")
    with outcome.failures(format_, color):
        from netplan2k8s import checks  # noqa: PLC0415
        from netplan2k8s.report.terminal import progress  # noqa: PLC0415

        settings = outcome.chosen_settings(
            config,
            no_config=no_config,
            inventory=inventory,
            node_names=node_names,
            exclude=exclude,
            operator_release=operator_release,
        )
        made = checks.prove(
            paths,
            hosts or (),
            settings,
            allow_open=allow_open,
            all_links=all_links,
            progress=progress(color),
        )
    outcome.print_checks(made, format_, "", color)
    raise typer.Exit(outcome.exit_code(made.findings, strict=strict))
