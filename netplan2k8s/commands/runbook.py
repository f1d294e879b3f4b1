"""The command that writes the page an operator follows."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Annotated

import typer

from netplan2k8s.commands import options, outcome


def runbook(
    manifests: Annotated[
        str,
        typer.Argument(metavar="MANIFESTS", help="A directory that convert wrote."),
    ],
    *,
    hosts: options.ProvenHostsOption = None,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="- for stdout.")
    ] = "-",
    force: Annotated[
        bool, typer.Option("--force", help="Replace the file if it is there.")
    ] = False,
    waves: options.WavesOption = None,
    operator_release: options.ReleaseOption = "",
    inventory: options.InventoryOption = None,
    node_names: options.NodeNamesOption = "",
    exclude: options.ExcludeOption = None,
    config: options.ConfigOption = "",
    no_config: options.NoConfigOption = False,
    strict: options.StrictOption = False,
    color: options.ColorOption = "auto",
) -> None:
    """Write the steps of the migration, wave by wave, with checks and the way back."""
    outcome.one_of("--color", color, ("auto", "always", "never"))
    if not hosts:
        outcome.refuse("give the hosts that are moved: --hosts HOSTS")
    outcome.refuse_existing(output, force=force)
    with outcome.failures("text", color):
        from netplan2k8s import runbooks  # noqa: PLC0415  --help is quick
        from netplan2k8s.report.terminal import progress  # noqa: PLC0415
        from netplan2k8s.runbook.values import Options  # noqa: PLC0415  as above

        settings = outcome.chosen_settings(
            config,
            no_config=no_config,
            inventory=inventory,
            node_names=node_names,
            exclude=exclude,
            operator_release=operator_release,
            waves=waves,
        )
        given = Options(
            hosts=(
                *_given("--inventory", inventory),
                *_given("--node-names", [node_names]),
                *_given("--exclude", exclude),
            ),
            settings=(
                *_given("--config", [config]),
                *(("--no-config",) if no_config else ()),
            ),
            release=tuple(_given("--operator-release", [operator_release])),
        )
        made = runbooks.make(manifests, hosts or (), settings, given, progress(color))
        if made.text and output != "-":
            from netplan2k8s.outputs import write  # noqa: PLC0415  as above

            write(output, made.text)
    outcome.print_findings(made.findings, "text", color)
    if made.text and output == "-":
        sys.stdout.write(made.text)
    elif made.text:
        typer.echo(f"wrote {output}; read it before the window")
    raise typer.Exit(outcome.exit_code(made.findings, strict=strict))


def _given(option: str, values: Iterable[str] | None) -> Iterator[str]:
    """The option as it was on the command line, once for each value."""
    for value in values or ():
        if value:
            yield from (option, value)
