"""The commands that show hosts, and what was found on them."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from netplan2k8s.commands import options, outcome


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
            from netplan2k8s.commands.live import finish  # noqa: PLC0415

            finish(
                hosts,
                seen,
                sources,
                settings,
                strict=strict,
                format_=format_,
                color=color,
            )
    if format_ == "json":
        from netplan2k8s.fabric import as_json  # noqa: PLC0415

        facts = as_json.facts(seen.plan, sources)
        outcome.print_report(seen.findings, **facts)
    else:
        from netplan2k8s.report import terminal  # noqa: PLC0415

        if seen.plan.rails:
            terminal.print_fabric(seen.plan, seen.findings, sources, color)
        sys.stdout.flush()
        terminal.print_findings(seen.findings, color)
    raise typer.Exit(outcome.exit_code(seen.findings, strict=strict))


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
