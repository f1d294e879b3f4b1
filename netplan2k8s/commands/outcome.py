"""What every command shares: settings with flags, failures in words, exit codes."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import typer

from netplan2k8s.report import FORMATS
from netplan2k8s.settings import KINDS, OPERATOR_RELEASES, Settings

if TYPE_CHECKING:
    from netplan2k8s.checks import Checks
    from netplan2k8s.findings import Finding

OK, ERRORS, USAGE, FAILED = 0, 1, 2, 3


@contextlib.contextmanager
def failures(
    format_: str, color: str, output_file: str = "", *, at_least: int = 0
) -> Iterator[None]:
    """Turn the three ways to fail into words and an exit code.

    Input that cannot be read is reported as findings are, to ``output_file`` if given,
    and with an exit code of ``at_least`` that.
    """
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
        if output_file:
            from netplan2k8s.checks import Checks  # noqa: PLC0415

            with failures(format_, color):
                print_checks(Checks(findings, ""), format_, output_file, color)
        else:
            print_findings(findings, format_, color)
        code = max(exit_code(findings, strict=False), at_least)
        raise typer.Exit(code) from None
    except UsageError as error:
        refuse(str(error))
    except OperationError as error:
        typer.echo(f"netplan2k8s: {error}", err=True)
        raise typer.Exit(FAILED) from None
    except BrokenPipeError:
        raise
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        typer.echo(f"netplan2k8s: {where}{error.strerror or error}", err=True)
        raise typer.Exit(FAILED) from None


def chosen_settings(
    config: str,
    *,
    no_config: bool,
    inventory: Sequence[str] | None = None,
    exclude: Sequence[str] | None = None,
    waves: Sequence[str] | None = None,
    **flags: str,
) -> Settings:
    """The settings file with the flags that were given on top."""
    from netplan2k8s import settings_file  # noqa: PLC0415

    if config and no_config:
        refuse("--config and --no-config exclude each other")
    path = None if no_config else config or settings_file.find(".")
    settings = settings_file.load(path) if path else Settings()
    choices = {
        "operator_release": OPERATOR_RELEASES,
        "policy": ("patch", "full"),
        "network_kind": ("hostdevicenetwork", "nad"),
    }
    for name, value in flags.items():
        if value and name in choices:
            one_of(f"--{name.replace('_', '-')}", value, choices[name])
    given: dict[str, Any] = {name: value for name, value in flags.items() if value}
    if inventory:
        given["inventory"] = tuple(inventory)
    if waves:
        given["waves"] = tuple(waves)
    if exclude:
        given["exclude_nodes"] = (*settings.exclude_nodes, *exclude)
    return dataclasses.replace(settings, **given)


def chosen_kinds(text: str) -> tuple[str, ...]:
    if not text:
        return KINDS
    chosen = tuple(word.strip().lower() for word in text.split(","))
    for kind in chosen:
        one_of("--kinds", kind, KINDS)
    return chosen


def one_of(option: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        refuse(f"{option} {value!r} is none of {', '.join(choices)}")


def refuse(message: str) -> None:
    typer.echo(f"netplan2k8s: {message}", err=True)
    raise typer.Exit(USAGE)


def refuse_existing(output: str, *, force: bool) -> None:
    """Keep a file that is there, unless its replacement is wished; - is stdout."""
    import os  # noqa: PLC0415

    if output != "-" and os.path.lexists(output) and not force:
        refuse(f"{output} exists; --force replaces it, -o FILE writes another")


def exit_code(findings: Sequence[Finding], *, strict: bool) -> int:
    """Design D14: what could not be read is 2, what is wrong with it 1."""
    from netplan2k8s.findings import Layer, Severity  # noqa: PLC0415

    errors = [f.rule for f in findings if f.rule.severity is Severity.ERROR]
    if any(rule.layer is Layer.INPUT for rule in errors):
        return USAGE
    if errors:
        return ERRORS
    warned = any(f.rule.severity is Severity.WARNING for f in findings)
    return ERRORS if strict and warned else OK


def diff_exit_code(findings: Sequence[Finding], *, strict: bool) -> int:
    """The same for a diff: what could not be compared is more than a difference."""
    from netplan2k8s.findings import Layer, Severity  # noqa: PLC0415

    errors = [f.rule for f in findings if f.rule.severity is Severity.ERROR]
    if any(rule.layer is Layer.CLUSTER for rule in errors):
        return FAILED
    if any(rule.layer in (Layer.YAML, Layer.SCHEMA) for rule in errors):
        return USAGE
    return exit_code(findings, strict=strict)


def print_findings(findings: Sequence[Finding], format_: str, color: str) -> None:
    if format_ == "json":
        print_report(findings)
        return
    if format_ == "markdown":
        from netplan2k8s.report.changes import markdown_of_findings  # noqa: PLC0415

        sys.stdout.write(markdown_of_findings(findings))
        return
    if format_ != "text":
        from netplan2k8s.report.formats import render  # noqa: PLC0415

        sys.stdout.write(render(format_, findings))
        return
    from netplan2k8s.report.terminal import print_findings  # noqa: PLC0415

    print_findings(findings, color)


def chosen_format(format_: str, color: str, formats: Sequence[str] = FORMATS) -> str:
    """The format asked for; annotations where a GitHub workflow runs."""
    import os  # noqa: PLC0415

    if not format_:
        is_github = os.environ.get("GITHUB_ACTIONS") == "true"
        format_ = "github" if is_github else "text"
    one_of("--format", format_, formats)
    one_of("--color", color, ("auto", "always", "never"))
    return format_


def print_checks(made: Checks, format_: str, output_file: str, color: str) -> None:
    """Report on manifests: in words on both streams, or a report in one piece."""
    if format_ == "text" and not output_file:
        from netplan2k8s.report.terminal import print_findings  # noqa: PLC0415

        print_findings(made.findings, color)
        sys.stdout.write(made.summary)
        return
    text = made.report(format_)
    if output_file:
        from netplan2k8s.outputs import write  # noqa: PLC0415

        write(output_file, text)
        sys.stdout.write(made.summary)
    else:
        sys.stdout.write(text)
        if format_ == "github":
            sys.stdout.write(made.summary)


def print_report(findings: Sequence[Finding], **more: Any) -> None:  # noqa: ANN401  JSON
    from netplan2k8s.report.machine import report  # noqa: PLC0415

    sys.stdout.write(report(findings, **more))
