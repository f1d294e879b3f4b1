"""Findings as lines, tables of a fabric, and how far a long read has come."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from netplan2k8s.findings import Finding, Severity
from netplan2k8s.naming import counted

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as RichProgress

    from netplan2k8s.fabric.plan import FabricPlan, Rail

COLORS = {
    Severity.ERROR: "bold red",
    Severity.WARNING: "yellow",
    Severity.INFO: "cyan",
}
_PATIENCE = 0.5


def wants_color(choice: str, stream: TextIO) -> bool:
    """Whether to color a stream: the flag, then NO_COLOR, FORCE_COLOR, the terminal."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def print_findings(findings: Sequence[Finding], color: str) -> None:
    """Write ``path:line:col: CODE message`` lines and their count to stderr."""
    if not findings:
        return
    if wants_color(color, sys.stderr):
        _print_colored(findings)
        return
    lines = [f"{finding}\n" for finding in findings]
    sys.stderr.write("".join(lines) + f"{summary(findings)}\n")


def _print_colored(findings: Sequence[Finding]) -> None:
    from rich.text import Text  # noqa: PLC0415  terminals only

    console = console_on(sys.stderr, color=True)
    for finding in findings:
        line = Text()
        line.append(f"{finding.span}: ", style="bold")
        line.append(finding.rule.code, style=COLORS[finding.rule.severity])
        line.append(f" {finding.message}")
        console.print(line, soft_wrap=True)
    console.print(Text(summary(findings)), soft_wrap=True)


def summary(findings: Iterable[Finding]) -> str:
    """How many of each severity, as "2 errors, 1 warning"."""
    counts = Counter(finding.rule.severity for finding in findings)
    words = {
        Severity.ERROR: ("error", "errors"),
        Severity.WARNING: ("warning", "warnings"),
        Severity.INFO: ("note", "notes"),
    }
    return ", ".join(
        f"{counts[severity]} {words[severity][counts[severity] != 1]}"
        for severity in Severity
        if counts[severity]
    )


# -- the fabric -----------------------------------------------------------------


def print_fabric(
    plan: FabricPlan,
    findings: Sequence[Finding],
    sources: dict[tuple[str, str], str] | None,
    color: str,
) -> None:
    """Write the rails, then hosts by rails, to stdout.

    ``sources`` maps (node, interface) to who knows its PCI address; with it every link
    is shown with its file and that source instead of the address alone.
    """
    console = console_on(sys.stdout, color=wants_color(color, sys.stdout))
    console.print(_rails_table(plan))
    if sources is None:
        console.print(_hosts_table(plan, findings))
    else:
        console.print(_evidence_table(plan, sources))


def _rails_table(plan: FabricPlan) -> Any:  # noqa: ANN401  rich is imported late
    rails, hosts = len(plan.rails), len(plan.node_names)
    title = f"{counted(rails, 'rail')} on {counted(hosts, 'host')}"
    table = empty_table(title)
    headings = ("rail", "CIDR", "hosts", "NIC side", "MTU", "interface", "PCI address")
    for heading in headings:
        justify = "right" if heading == "hosts" else "left"
        table.add_column(heading, justify=justify, overflow="fold")
    for rail in plan.rails:
        table.add_row(*_rail_row(rail))
    return table


def _rail_row(rail: Rail) -> tuple[str, ...]:
    links = rail.attachments
    sides = {
        "gateway first" if link.gateway < link.address.value else "NIC first"
        for link in links
    }
    return (
        rail.name,
        str(rail.cidr),
        str(len(links)),
        _few(sides),
        _few("kernel's" if link.mtu is None else str(link.mtu) for link in links),
        _few(link.interface for link in links),
        _few(rail.pci_addresses) or "unknown",
    )


def _few(values: Iterable[str]) -> str:
    """The usual values, most frequent first."""
    counts = Counter(values)
    shown = [value for value, _ in counts.most_common(2)]
    more = len(counts) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _hosts_table(plan: FabricPlan, findings: Sequence[Finding]) -> Any:  # noqa: ANN401  as above
    lengths = {rail.node_prefix_length for rail in plan.rails}
    usual = lengths.pop() if len(lengths) == 1 else None
    title = "host addresses by rail" + (f", each a /{usual}" if usual else "")
    table = empty_table(title)
    table.add_column("host", overflow="fold")
    for rail in plan.rails:
        table.add_column(rail.name, overflow="fold")
    faults = Counter(f.node for f in findings if f.rule.severity is Severity.ERROR)
    table.add_column("errors", justify="right", style="red")
    cells = [
        {
            link.node_name: str(link.address.address if usual else link.address)
            for link in rail.attachments
        }
        for rail in plan.rails
    ]
    for node in plan.node_names:
        row = (column.get(node, "-") for column in cells)
        table.add_row(node, *row, str(faults[node] or ""))
    return table


def _evidence_table(
    plan: FabricPlan,
    sources: dict[tuple[str, str], str],
) -> Any:  # noqa: ANN401  as above
    table = empty_table("where each link comes from")
    for heading in (
        *("host", "rail", "interface", "address", "gateway", "PCI address"),
        *("known from", "Netplan file"),
    ):
        table.add_column(heading, overflow="fold")
    for node, rail, link in _links(plan):
        known = sources.get((node, link.interface), "")
        pci = link.pci_address or "unknown"
        address, gateway = str(link.address), str(link.gateway_address)
        row = (node, rail.name, link.interface, address, gateway, pci, known, link.file)
        table.add_row(*row)
    return table


def _links(plan: FabricPlan) -> Iterator[tuple[str, Rail, Any]]:
    by_node = [{a.node_name: a for a in rail.attachments} for rail in plan.rails]
    for node in plan.node_names:
        for rail, links in zip(plan.rails, by_node, strict=True):
            if node in links:
                yield node, rail, links[node]


def empty_table(title: str) -> Any:  # noqa: ANN401  as above
    from rich import box  # noqa: PLC0415  tables only
    from rich.table import Table  # noqa: PLC0415

    return Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")


def console_on(stream: TextIO, *, color: bool) -> Console:
    from rich.console import Console  # noqa: PLC0415  rich is slow to import

    class Screen(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # how to end is for the program to say

    width = None if stream.isatty() or "COLUMNS" in os.environ else 10_000
    return Screen(
        file=stream,
        force_terminal=color,
        no_color=not color,
        highlight=False,
        markup=False,
        emoji=False,
        width=width,
    )


# -- progress -------------------------------------------------------------------


class ProgressBar:
    """A bar on stderr for reads that take longer than half a second."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._bar: RichProgress | None = None
        self._task: Any = None

    def __call__(self, done: int, total: int) -> None:
        if self._bar is None:
            if time.monotonic() - self._started < _PATIENCE:
                return
            self._open(total)
        assert self._bar is not None
        self._bar.update(self._task, completed=done)
        if done == total:
            self.close()

    def close(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
            self._started = float("inf")

    def _open(self, total: int) -> None:
        from rich.progress import (  # noqa: PLC0415  long reads only
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
        )

        columns = (TextColumn("reading hosts"), BarColumn(), MofNCompleteColumn())
        console = console_on(sys.stderr, color=True)
        self._bar = Progress(*columns, console=console, transient=True)
        self._task = self._bar.add_task("", total=total)
        self._bar.start()


def progress(color: str) -> Callable[[int, int], None] | None:
    """A progress bar where somebody watches stderr, else nothing."""
    if sys.stderr.isatty() and color != "never":
        return ProgressBar()
    return None
