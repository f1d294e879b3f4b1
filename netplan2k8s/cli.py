"""The command line: options in, one workflow function, a report, an exit code."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from netplan2k8s.settings import OPERATOR_RELEASES, Settings

if TYPE_CHECKING:
    from netplan2k8s.findings import Finding
    from netplan2k8s.workflow import Conversion

OK, ERRORS, USAGE, FAILED = 0, 1, 2, 3
KINDS = (
    "cidrpool",
    "hostdevicenetwork",
    "nicclusterpolicy",
    "pytorchjob",
)

app = typer.Typer(
    name="netplan2k8s",
    help=(
        "Move a GPU cluster's RDMA rails from per-host Netplan files to Kubernetes"
        " resources."
    ),
    epilog=(
        "Exit codes: 0 no error; 1 errors (with --strict warnings too); 2 wrong use,"
        " settings or unreadable input; 3 the disk failed."
    ),
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

HostsArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="HOSTS...",
        help="Host roots (with etc/netplan), directories of them, <node>.yaml files,"
        " tar archives, or any mix.",
        show_default=False,
    ),
]
ConfigOption = Annotated[
    str,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Settings file; by default netplan2k8s.yaml here or in a directory above.",
        show_default=False,
    ),
]
NoConfigOption = Annotated[
    bool, typer.Option("--no-config", help="Use no settings file.")
]
InventoryOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FILE",
        help="Table of many hosts, .csv or .json: node, interface or mac, pci.",
        show_default=False,
    ),
]
NodeNamesOption = Annotated[
    str,
    typer.Option(
        metavar="FILE",
        help="Two columns: directory or file name, node name.",
        show_default=False,
    ),
]
ExcludeOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="GLOB",
        help="Leave out the nodes whose names match; repeatable.",
        show_default=False,
    ),
]
FormatOption = Annotated[
    str, typer.Option("--format", metavar="text|json", help="How to report.")
]
ColorOption = Annotated[
    str,
    typer.Option(
        metavar="auto|always|never", help="Color; NO_COLOR and FORCE_COLOR hold too."
    ),
]
StrictOption = Annotated[
    bool, typer.Option("--strict", help="Exit with 1 on warnings too.")
]
ReleaseOption = Annotated[
    str,
    typer.Option(
        metavar="|".join(OPERATOR_RELEASES),
        help="Network operator release the manifests are for.",
        show_default=False,
    ),
]


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
    hosts: HostsArgument,
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
            help="The cluster's policy (kubectl get nicclusterpolicy -o yaml): write it"
            " complete, with our section replaced.",
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
    operator_release: ReleaseOption = "",
    inventory: InventoryOption = None,
    node_names: NodeNamesOption = "",
    exclude: ExcludeOption = None,
    config: ConfigOption = "",
    no_config: NoConfigOption = False,
    strict: StrictOption = False,
    format_: FormatOption = "text",
    color: ColorOption = "auto",
) -> None:
    """Write the Kubernetes manifests of the hosts' rails; with any error, nothing."""
    _one_of("--format", format_, ("text", "json"))
    _one_of("--color", color, ("auto", "always", "never"))
    if bool(output) == stdout:
        _refuse("give either -o DIR or --stdout")
    if stdout and format_ == "json":
        _refuse("--stdout prints manifests; --format json needs -o DIR")
    if base and policy == "patch":
        _refuse("--base writes the complete policy; it goes without --policy patch")
    chosen = _kinds(kinds)
    if base and "nicclusterpolicy" not in chosen:
        _refuse("--base changes the NicClusterPolicy, which --kinds leaves out")
    with _said(format_, color):
        from netplan2k8s import workflow  # noqa: PLC0415  --help is quick
        from netplan2k8s.report.terminal import progress  # noqa: PLC0415

        settings = _settings(
            config,
            no_config=no_config,
            inventory=inventory,
            node_names=node_names,
            exclude=exclude,
            operator_release=operator_release,
            policy=policy,
            network_kind=network_kind,
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
    _finish_conversion(made, output, stdout, strict, format_, color)


@app.command()
def inspect(
    hosts: HostsArgument,
    *,
    evidence: Annotated[
        bool,
        typer.Option(
            "--evidence", help="Show each link's file and who knows its PCI address."
        ),
    ] = False,
    operator_release: ReleaseOption = "",
    inventory: InventoryOption = None,
    node_names: NodeNamesOption = "",
    exclude: ExcludeOption = None,
    config: ConfigOption = "",
    no_config: NoConfigOption = False,
    strict: StrictOption = False,
    format_: FormatOption = "text",
    color: ColorOption = "auto",
) -> None:
    """Show hosts and rails, what was found and from which evidence; write nothing."""
    _one_of("--format", format_, ("text", "json"))
    _one_of("--color", color, ("auto", "always", "never"))
    with _said(format_, color):
        from netplan2k8s import workflow  # noqa: PLC0415
        from netplan2k8s.report.terminal import progress  # noqa: PLC0415

        settings = _settings(
            config,
            no_config=no_config,
            inventory=inventory,
            node_names=node_names,
            exclude=exclude,
            operator_release=operator_release,
        )
        seen = workflow.inspect(hosts, settings, progress=progress(color))
        sources = workflow.pci_sources(seen, settings) if evidence else None
    if format_ == "json":
        fabric = workflow.fabric(seen.plan, sources)
        _print_report(seen.findings, **fabric)
    else:
        from netplan2k8s.report import terminal  # noqa: PLC0415

        if seen.plan.rails:
            terminal.print_fabric(seen.plan, seen.findings, sources, color)
        sys.stdout.flush()
        terminal.print_findings(seen.findings, color)
    raise typer.Exit(_exit_code(seen.findings, strict=strict))


@app.command()
def show(
    host_root: Annotated[
        str, typer.Argument(metavar="HOST_ROOT", help="The root of one host's files.")
    ],
    *,
    format_: FormatOption = "text",
    color: ColorOption = "auto",
) -> None:
    """Print one host's effective Netplan, merged, as `netplan get` would."""
    _one_of("--format", format_, ("text", "json"))
    with _said("text", color):
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
    hosts: HostsArgument,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="- for stdout.")
    ] = "netplan2k8s.yaml",
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the file if it is there.")
    ] = False,
    color: ColorOption = "auto",
) -> None:
    """Write a commented netplan2k8s.yaml that pins what was found on these hosts."""
    if output != "-" and os.path.lexists(output) and not force:
        _refuse(f"{output} exists; --force replaces it, -o FILE writes another")
    with _said("text", color):
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
    operator_release: ReleaseOption = "",
) -> None:
    """Print the JSON Schema of the settings, the report or a kind of manifest."""
    with _said("text", "auto"):
        from netplan2k8s import schemas  # noqa: PLC0415

        release = operator_release or Settings().operator_release
        _one_of("--operator-release", release, OPERATOR_RELEASES)
        sys.stdout.write(schemas.text(name, release))


@app.command()
def version() -> None:
    """Print the version."""
    from netplan2k8s import __version__  # noqa: PLC0415

    typer.echo(f"netplan2k8s {__version__}")


# -- what the commands share ----------------------------------------------------


@contextlib.contextmanager
def _said(format_: str, color: str) -> Iterator[None]:
    """Turn the three ways to fail into words and an exit code."""
    from netplan2k8s.findings import (  # noqa: PLC0415
        InputError,
        OperationError,
        UsageError,
        sort_key,
    )

    try:
        yield
    except InputError as error:
        findings = tuple(sorted(dict.fromkeys(error.findings), key=sort_key))
        _print_findings(findings, format_, color)
        raise typer.Exit(_exit_code(findings, strict=False)) from None
    except UsageError as error:
        _refuse(str(error))
    except OperationError as error:
        typer.echo(f"netplan2k8s: {error}", err=True)
        raise typer.Exit(FAILED) from None
    except BrokenPipeError:
        raise
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        typer.echo(f"netplan2k8s: {where}{error.strerror or error}", err=True)
        raise typer.Exit(FAILED) from None


def _settings(
    config: str,
    *,
    no_config: bool,
    inventory: Sequence[str] | None = None,
    exclude: Sequence[str] | None = None,
    **flags: str,
) -> Settings:
    """The settings file with the flags that were given on top."""
    from netplan2k8s import settings_file  # noqa: PLC0415

    if config and no_config:
        _refuse("--config and --no-config exclude each other")
    path = None if no_config else config or settings_file.find(".")
    settings = settings_file.load(path) if path else Settings()
    choices = {
        "operator_release": OPERATOR_RELEASES,
        "policy": ("patch", "full"),
        "network_kind": ("hostdevicenetwork", "nad"),
    }
    for name, value in flags.items():
        if value and name in choices:
            _one_of(f"--{name.replace('_', '-')}", value, choices[name])
    given: dict[str, Any] = {name: value for name, value in flags.items() if value}
    if inventory:
        given["inventory"] = tuple(inventory)
    if exclude:
        given["exclude_nodes"] = (*settings.exclude_nodes, *exclude)
    return dataclasses.replace(settings, **given)


def _kinds(text: str) -> tuple[str, ...]:
    if not text:
        return KINDS
    chosen = tuple(word.strip().lower() for word in text.split(","))
    for kind in chosen:
        _one_of("--kinds", kind, KINDS)
    return chosen


def _one_of(option: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        _refuse(f"{option} {value!r} is none of {', '.join(choices)}")


def _refuse(message: str) -> None:
    typer.echo(f"netplan2k8s: {message}", err=True)
    raise typer.Exit(USAGE)


def _exit_code(findings: Sequence[Finding], *, strict: bool) -> int:
    """Design D14: what could not be read is 2, what is wrong with it 1."""
    from netplan2k8s.findings import Layer, Severity  # noqa: PLC0415

    errors = [f.rule for f in findings if f.rule.severity is Severity.ERROR]
    if any(rule.layer is Layer.INPUT for rule in errors):
        return USAGE
    if errors:
        return ERRORS
    warned = any(f.rule.severity is Severity.WARNING for f in findings)
    return ERRORS if strict and warned else OK


def _print_findings(findings: Sequence[Finding], format_: str, color: str) -> None:
    if format_ == "json":
        _print_report(findings)
        return
    from netplan2k8s.report.terminal import print_findings  # noqa: PLC0415

    print_findings(findings, color)


def _print_report(findings: Sequence[Finding], **more: Any) -> None:  # noqa: ANN401  JSON
    from netplan2k8s.report.machine import report  # noqa: PLC0415

    sys.stdout.write(report(findings, **more))


def _finish_conversion(
    made: Conversion, output: str, stdout: bool, strict: bool, format_: str, color: str
) -> None:
    from netplan2k8s.report import conversion  # noqa: PLC0415

    if format_ == "json":
        _print_report(made.findings, **conversion.summary(made))
    else:
        _print_findings(made.findings, format_, color)
        if stdout:
            sys.stdout.write(conversion.stream(made))
        else:
            sys.stdout.write(conversion.text(made, output))
    raise typer.Exit(_exit_code(made.findings, strict=strict))
