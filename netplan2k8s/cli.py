"""The command line: what there is, and in which order it is shown."""

from __future__ import annotations

from typing import Annotated

import typer

from netplan2k8s.commands import (
    cluster,
    convert,
    hosts,
    manifests,
    pages,
    runbook,
    strip,
)

app = typer.Typer(
    name="netplan2k8s",
    help=(
        "Move a GPU cluster's RDMA rails from per-host Netplan files to Kubernetes"
        " resources."
    ),
    epilog=(
        "Exit codes: 0 no error; 1 errors (with --strict warnings too, with diff"
        " --exit-code differences); 2 wrong use, settings or unreadable input; 3 the"
        " cluster or the disk failed."
    ),
    no_args_is_help=True,
    suggest_commands=False,  # click does
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def _program(
    *,
    version_: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.")
    ] = False,
) -> None:
    if version_:
        pages.version()
        raise typer.Exit


for command in (
    convert.convert,
    hosts.inspect,
    hosts.show,
    pages.init,
    pages.schema,
    manifests.lint,
    manifests.prove,
    cluster.diff,
    cluster.snapshot,
    strip.strip,
    runbook.runbook,
    pages.explain,
    pages.rules,
    pages.version,
):
    app.command()(command)
