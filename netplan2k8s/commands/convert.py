"""The command that writes manifests."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from netplan2k8s.commands import options, outcome
from netplan2k8s.settings import KINDS

if TYPE_CHECKING:
    from netplan2k8s.workflow import Conversion


def convert(
    hosts: options.HostsArgument,
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="Directory to write.",
            show_default=False,
        ),
    ] = "",
    *,
    stdout: Annotated[
        bool, typer.Option("--stdout", help="Print one YAML stream instead.")
    ] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="Replace files that netplan2k8s did not write."),
    ] = False,
    kinds: Annotated[
        str,
        typer.Option(
            metavar="KIND,...",
            help=f"Only these of {', '.join(KINDS)}.",
            show_default=False,
        ),
    ] = "",
    policy: Annotated[
        str,
        typer.Option(
            metavar="patch|full",
            help="NicClusterPolicy as a merge patch (default), or complete for a new"
            " cluster.",
            show_default=False,
        ),
    ] = "",
    base: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="The cluster's policy (kubectl get nicclusterpolicy nic-cluster-policy"
            " -o yaml): write it complete, with our section replaced.",
            show_default=False,
        ),
    ] = "",
    network_kind: Annotated[
        str,
        typer.Option(
            metavar="hostdevicenetwork|nad",
            help="What a pod's networks are written as.",
            show_default=False,
        ),
    ] = "",
    waves: options.WavesOption = None,
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
    """Write the Kubernetes manifests of the hosts' rails; with any error, nothing."""
    outcome.one_of("--format", format_, ("text", "json"))
    outcome.one_of("--color", color, ("auto", "always", "never"))
    if bool(output) == stdout or output == "-":
        outcome.refuse("give either -o DIR or --stdout")
    if stdout and format_ == "json":
        outcome.refuse("--stdout prints manifests; --format json needs -o DIR")
    if base and policy == "patch":
        outcome.refuse(
            "--base writes the complete policy; it goes without --policy patch"
        )
    chosen = outcome.chosen_kinds(kinds)
    if stdout and not kinds:  # a stream is applied as a whole
        chosen = tuple(kind for kind in chosen if kind != "verify")
    if base and "nicclusterpolicy" not in chosen:
        outcome.refuse("--base changes the NicClusterPolicy, which --kinds leaves out")
    with outcome.failures(format_, color):
        from netplan2k8s import workflow  # noqa: PLC0415  --help is quick
        from netplan2k8s.report.terminal import progress  # noqa: PLC0415

        settings = outcome.chosen_settings(
            config,
            no_config=no_config,
            inventory=inventory,
            node_names=node_names,
            exclude=exclude,
            operator_release=operator_release,
            policy=policy,
            network_kind=network_kind,
            waves=waves,
        )
        made = workflow.convert(
            hosts,
            settings,
            directory=None if stdout else output,
            kinds=chosen,
            base=base or None,
            force=force,
            progress=progress(color),
        )
    _finish(made, output, strict=strict, format_=format_, color=color)


def _finish(
    made: Conversion, output: str, *, strict: bool, format_: str, color: str
) -> None:
    from netplan2k8s.report import conversion  # noqa: PLC0415

    if format_ == "json":
        outcome.print_report(made.findings, **conversion.summary(made))
    else:
        outcome.print_findings(made.findings, format_, color)
        if output:
            sys.stdout.write(conversion.text(made, output))
        else:
            sys.stdout.write(conversion.stream(made))
    raise typer.Exit(outcome.exit_code(made.findings, strict=strict))
