"""The program ``netplan2k8s-diff``, as KUBECTL_EXTERNAL_DIFF wants one.

kubectl hands over two directories with a file for each object that it compared, as it
is and as it would be, and reads the exit code: 0 same, 1 differences, more a failure.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator

import typer

from netplan2k8s.__main__ import INTERRUPTED, as_process
from netplan2k8s.commands import outcome


def main() -> None:
    """Compare the two directories of the command line and exit with the result."""
    parser = argparse.ArgumentParser(
        prog="netplan2k8s-diff", description="Compare as KUBECTL_EXTERNAL_DIFF."
    )
    parser.add_argument(
        "live", metavar="LIVE", help="Directory of objects as they are."
    )
    parser.add_argument("merged", metavar="MERGED", help="And as they would be.")
    parser.add_argument("--color", default="auto", choices=("auto", "always", "never"))
    parser.add_argument("--context-lines", type=_count, default=0, metavar="N")
    chosen = parser.parse_args()
    try:
        different = _compare(chosen)
    except typer.Exit as stop:
        sys.exit(stop.exit_code)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # Whoever reads the differences has seen enough of them.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        different = True
    sys.exit(outcome.ERRORS if different else outcome.OK)


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text} is no number of values from 0 on")
    return int(text)


def _compare(chosen: argparse.Namespace) -> bool:
    with outcome.failures("text", chosen.color, at_least=outcome.USAGE):
        from netplan2k8s import diffing  # noqa: PLC0415  --help is quick
        from netplan2k8s.report.changes import print_diff  # noqa: PLC0415

        settings = outcome.chosen_settings("", no_config=False)
        before, after = (
            diffing.reading_of(_files(directory), directory, settings)
            for directory in (chosen.live, chosen.merged)
        )
        made = diffing.side_by_side(before, after, settings, "the cluster")
        if made.is_different:
            print_diff(made, "text", chosen.color, chosen.context_lines)
    return made.is_different


def _files(directory: str) -> Iterator[tuple[str, bytes]]:
    """All files of a directory, whatever they are called."""
    for name in sorted(os.listdir(directory)):
        path = os.path.join(directory, name)
        with open(path, "rb") as file:
            yield path, file.read()


def run() -> None:
    """The program as a process."""
    as_process(main)
