"""The command line: options in, one workflow function, a report, an exit code."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from netplan2k8s import (
    cluster_commands,
    options,
    outcome,
    runbook_command,
    strip_command,
)
from netplan2k8s.settings import KINDS, OPERATOR_RELEASES, Settings

if TYPE_CHECKING:
    from netplan2k8s.workflow import Conversion

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
        version()
        raise typer.Exit


@app.command()
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
    if bool(output) == stdout:
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
    _finish_conversion(made, output, strict=strict, format_=format_, color=color)


@app.command()
def inspect(
    hosts: options.HostsArgument,
    *,
    evidence: Annotated[
        bool,
        typer.Option(
            "--evidence", help="Show each link's file and who knows its PCI address."
        ),
    ] = False,
    live: Annotated[
        bool,
        typer.Option(
            "--live",
            help="Compare Netplan with the kernel's state and LLDP, as collected.",
        ),
    ] = False,
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
    """Show hosts and rails, what was found and from which evidence; write nothing."""
    outcome.one_of("--format", format_, ("text", "json"))
    outcome.one_of("--color", color, ("auto", "always", "never"))
    with outcome.failures(format_, color):
        from netplan2k8s import workflow  # noqa: PLC0415
        from netplan2k8s.report.terminal import progress  # noqa: PLC0415

        settings = outcome.chosen_settings(
            config,
            no_config=no_config,
            inventory=inventory,
            node_names=node_names,
            exclude=exclude,
            operator_release=operator_release,
        )
        seen = workflow.inspect(hosts, settings, progress=progress(color))
        sources = workflow.pci_sources(seen, settings) if evidence else None
        if live:
            from netplan2k8s import live_command  # noqa: PLC0415  where wished

            live_command.finish(
                hosts,
                seen,
                sources,
                settings,
                strict=strict,
                format_=format_,
                color=color,
            )
    if format_ == "json":
        fabric = workflow.fabric(seen.plan, sources)
        outcome.print_report(seen.findings, **fabric)
    else:
        from netplan2k8s.report import terminal  # noqa: PLC0415

        if seen.plan.rails:
            terminal.print_fabric(seen.plan, seen.findings, sources, color)
        sys.stdout.flush()
        terminal.print_findings(seen.findings, color)
    raise typer.Exit(outcome.exit_code(seen.findings, strict=strict))


@app.command()
def show(
    host_root: Annotated[
        str, typer.Argument(metavar="HOST_ROOT", help="The root of one host's files.")
    ],
    *,
    format_: options.FormatOption = "text",
    color: options.ColorOption = "auto",
) -> None:
    """Print one host's effective Netplan, merged, as `netplan get` would."""
    outcome.one_of("--format", format_, ("text", "json"))
    with outcome.failures("text", color):
        from netplan2k8s import workflow  # noqa: PLC0415
        from netplan2k8s.netplan import merged  # noqa: PLC0415

        host = workflow.show(host_root)
        body = merged(host)
    if format_ == "json":
        import json  # noqa: PLC0415

        sys.stdout.write(json.dumps(body, indent=2) + "\n")
    else:
        from netplan2k8s.manifests.document import dump  # noqa: PLC0415
        from netplan2k8s.report.terminal import print_findings  # noqa: PLC0415

        sys.stdout.write(dump(body))
        sys.stdout.flush()
        print_findings(host.findings, color)


@app.command()
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
        from netplan2k8s import starter, workflow  # noqa: PLC0415
        from netplan2k8s.report import terminal  # noqa: PLC0415

        seen = workflow.inspect(hosts, Settings(), progress=terminal.progress(color))
        text = starter.text(seen.plan)
        if output == "-":
            sys.stdout.write(text)
        else:
            starter.write(output, text)
    terminal.print_findings(seen.findings, color)
    if output != "-":
        typer.echo(
            f"wrote {output}: {len(seen.plan.rails)} rails; edit it, then convert"
        )


@app.command()
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


@app.command()
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


@app.command()
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


app.command()(cluster_commands.diff)
app.command()(cluster_commands.snapshot)
app.command()(strip_command.strip)
app.command()(runbook_command.runbook)


@app.command()
def explain(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="A code or a name.")],
) -> None:
    """Print the page of a rule: what it checks, why, an example, and instead."""
    with outcome.failures("text", "auto"):
        from netplan2k8s import rule_pages  # noqa: PLC0415

        sys.stdout.write(rule_pages.page(rule_pages.rule_of(rule)))


@app.command()
def rules(*, format_: options.FormatOption = "text") -> None:
    """List all rules: code, severity, layer, name, and what each is about."""
    outcome.one_of("--format", format_, ("text", "json"))
    from netplan2k8s.report import catalogue_list  # noqa: PLC0415

    sys.stdout.write(catalogue_list.render(format_))


@app.command()
def version() -> None:
    """Print the version."""
    from netplan2k8s import __version__  # noqa: PLC0415

    typer.echo(f"netplan2k8s {__version__}")


def _finish_conversion(
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
