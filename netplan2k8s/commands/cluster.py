"""The commands that compare with a cluster: options in, a diff or a snapshot out."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from netplan2k8s.commands import options, outcome

_BOTH = 2
"""Old and new, where two sets of manifests are compared."""


def diff(
    paths: options.DiffedArgument,
    *,
    snapshot: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="Compare with a dump instead: of `netplan2k8s snapshot`, or kubectl"
            " get -o yaml.",
            show_default=False,
        ),
    ] = "",
    context: options.ContextOption = "",
    kubeconfig: options.KubeconfigOption = "",
    field_manager: options.FieldManagerOption = "kubectl",
    force_conflicts: Annotated[
        bool,
        typer.Option(
            "--force-conflicts", help="Compare as kubectl apply --force-conflicts does."
        ),
    ] = False,
    all_rails: Annotated[
        bool,
        typer.Option("--all", help="Name every rail that the manifests do not have."),
    ] = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 on differences.")
    ] = False,
    context_lines: Annotated[
        int,
        typer.Option(metavar="N", min=0, help="Show N values around each change."),
    ] = 0,
    operator_release: options.ReleaseOption = "",
    config: options.ConfigOption = "",
    no_config: options.NoConfigOption = False,
    strict: options.StrictOption = False,
    format_: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="text|json|github|markdown",
            help="How to report; github by itself in a GitHub workflow.",
            show_default=False,
        ),
    ] = "",
    color: options.ColorOption = "auto",
) -> None:
    """Show what applying manifests would change, and what that does to what runs.

    With one path, against a cluster (read-only: dry runs and reads) or a snapshot; with
    two, the second set of manifests against the first.
    """
    from netplan2k8s.report import changes  # noqa: PLC0415  --help is quick

    format_ = outcome.chosen_format(format_, color, changes.FORMATS)
    _check_diffed(paths, snapshot, bool(context or kubeconfig))
    with outcome.failures(format_, color, at_least=outcome.USAGE):
        from netplan2k8s import diffing  # noqa: PLC0415

        settings = outcome.chosen_settings(
            config, no_config=no_config, operator_release=operator_release
        )
        wish = diffing.Wish(field_manager, force_conflicts, all_rails)
        if len(paths) == _BOTH:
            made = diffing.between(paths[0], paths[1], settings)
        elif snapshot:
            made = diffing.with_snapshot(paths[0], snapshot, settings, wish)
        else:
            from netplan2k8s.cluster import client  # noqa: PLC0415

            connection = client.connect(kubeconfig, context)
            made = diffing.with_cluster(paths[0], connection, settings, wish)
    changes.print_diff(made, format_, color, context_lines)
    code = outcome.diff_exit_code(made.findings, strict=strict)
    raise typer.Exit(code or (outcome.ERRORS if exit_code and made.is_different else 0))


def snapshot(
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="- for stdout.")
    ] = "cluster.yaml",
    *,
    context: options.ContextOption = "",
    kubeconfig: options.KubeconfigOption = "",
    force: Annotated[
        bool, typer.Option("--force", help="Replace the file if it is there.")
    ] = False,
    config: options.ConfigOption = "",
    no_config: options.NoConfigOption = False,
) -> None:
    """Write what diff needs of a cluster to a file; reads alone, and no secrets."""
    outcome.refuse_existing(output, force=force)
    with outcome.failures("text", "auto"):
        from netplan2k8s import outputs  # noqa: PLC0415
        from netplan2k8s.cluster import client, snapshot  # noqa: PLC0415

        settings = outcome.chosen_settings(config, no_config=no_config)
        made = snapshot.take(client.connect(kubeconfig, context), settings)
        if output == "-":
            sys.stdout.write(made.text)
        else:
            outputs.write(output, made.text)
    for note in made.notes:
        typer.echo(f"({note})", err=True)
    if output != "-":
        counts = (f"{count} {kind}" for kind, count in sorted(made.counts.items()))
        typer.echo(f"wrote {output}: {', '.join(counts)}")


def _check_diffed(paths: list[str], snapshot: str, names_cluster: bool) -> None:  # noqa: FBT001
    if len(paths) > _BOTH:
        outcome.refuse("give MANIFESTS, or OLD and NEW; a directory may hold them all")
    if len(paths) == _BOTH and (snapshot or names_cluster):
        outcome.refuse(
            "two paths are compared with one another; --snapshot, --context and"
            " --kubeconfig go with one"
        )
    if snapshot and names_cluster:
        outcome.refuse("--snapshot stands for a cluster; leave out --context")
