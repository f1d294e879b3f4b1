"""The program: what is quick is answered before anything slow is imported."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable

from netplan2k8s import __version__

FAILED, INTERRUPTED = 3, 130


def main() -> None:
    """Run the command line and exit with its status."""
    if sys.argv[1:] == ["--version"]:
        print(f"netplan2k8s {__version__}")  # noqa: T201
        return
    # A run ends before the cycles it leaves behind could matter.
    gc.disable()
    try:
        from netplan2k8s.cli import app  # noqa: PLC0415  typer is slow to import

        app(prog_name="netplan2k8s")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # The reader of the pipe has seen enough; say nothing more on exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def run() -> None:
    """The program as a process."""
    as_process(main)


def as_process(program: Callable[[], None]) -> None:
    """Run a program that ends without taking its memory apart.

    A fleet is a million small objects, and the system frees them all at once.
    """
    code: object = 0
    try:
        program()
    except SystemExit as stop:
        code = stop.code
    if code is not None and not isinstance(code, int):
        sys.exit(str(code))
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        code = code or FAILED
    os._exit(code or 0)


if __name__ == "__main__":
    run()
