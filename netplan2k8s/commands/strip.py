"""The command of the host's side: rails out of Netplan, and back."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from netplan2k8s.commands import options, outcome

if TYPE_CHECKING:
    from netplan2k8s.strip.trees import Tree
    from netplan2k8s.stripping import Outcome


def strip(
    hosts: options.HostsArgument,
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="With --write: where hosts/ and rollback/ go.",
            show_default=False,
        ),
    ] = "",
    *,
    write: Annotated[
        bool,
        typer.Option("--write", help="Write new trees instead of showing a diff."),
    ] = False,
    manifests: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH",
            help="Strip only what these manifests are proven to carry; repeatable.",
            show_default=False,
        ),
    ] = None,
    restore: Annotated[
        str,
        typer.Option(
            metavar="DIR",
            help="Put back the originals that strip kept there.",
            show_default=False,
        ),
    ] = "",
    inventory: options.InventoryOption = None,
    node_names: options.NodeNamesOption = "",
    exclude: options.ExcludeOption = None,
    config: options.ConfigOption = "",
    no_config: options.NoConfigOption = False,
    strict: options.StrictOption = False,
    format_: options.FormatOption = "text",
    color: options.ColorOption = "auto",
) -> None:
    """Take the rails out of the hosts' Netplan, as a diff or as new trees; or back."""
    outcome.one_of("--format", format_, ("text", "json"))
    outcome.one_of("--color", color, ("auto", "always", "never"))
    if write != bool(output) or output == "-":
        outcome.refuse("--write and -o DIR go together; without both a diff is shown")
    if restore and manifests:
        outcome.refuse(
            "--restore takes back what was stripped; it needs no --manifests"
        )
    with outcome.failures(format_, color):
        from netplan2k8s import stripping  # noqa: PLC0415  --help is quick
        from netplan2k8s.report.terminal import progress  # noqa: PLC0415

        settings = outcome.chosen_settings(
            config,
            no_config=no_config,
            inventory=inventory,
            node_names=node_names,
            exclude=exclude,
        )
        show = _Shown(format_, not write, color)
        if restore:
            made = stripping.restore(hosts, settings, restore, output, show)
        else:
            made = stripping.strip(
                hosts,
                settings,
                output,
                show,
                manifests=manifests or (),
                progress=progress(color),
            )
    _finish(made, show, output, restore, format_, color)
    raise typer.Exit(outcome.exit_code(made.findings, strict=strict))


@dataclass(slots=True)
class _Shown:
    """Prints each host's diff as it comes, or keeps it for the JSON report."""

    format_: str
    is_wanted: bool
    color: str
    facts: list[dict[str, Any]] = field(default_factory=list)

    def __call__(
        self, node_name: str, rails: Sequence[str], old: Tree, new: Tree
    ) -> None:
        from netplan2k8s.report import stripped  # noqa: PLC0415  as above
        from netplan2k8s.report.terminal import wants_color  # noqa: PLC0415

        if self.format_ == "json":
            self.facts.append(stripped.facts(node_name, rails, old, new))
        elif self.is_wanted:
            color = wants_color(self.color, sys.stdout)
            sys.stdout.write(stripped.diff(node_name, old, new, color=color))


def _finish(
    made: Outcome, show: _Shown, output: str, restored: str, format_: str, color: str
) -> None:
    from netplan2k8s.report import stripped  # noqa: PLC0415  as above

    if format_ == "json":
        facts = stripped.report(made, show.facts, output)
        outcome.print_report(made.findings, strip=facts)
        return
    sys.stdout.flush()
    outcome.print_findings(made.findings, format_, color)
    sys.stdout.write(stripped.summary(made, output, is_restored=bool(restored)))
