"""The program: what is quick is answered before anything slow is imported."""

from __future__ import annotations

import gc
import io
import os
import sys
from collections.abc import Callable

from netplan2k8s import __version__

FAILED, INTERRUPTED, CLOSED = 3, 130, 141


def main() -> None:
    """Run the command line and exit with its status."""
    if sys.argv[1:] == ["--version"]:
        print(f"netplan2k8s {__version__}")  # noqa: T201
        return
    import signal  # noqa: PLC0415  --version is quick

    # A run ends before the cycles it leaves behind could matter.
    gc.disable()
    signal.signal(signal.SIGTERM, _terminated)
    try:
        from netplan2k8s.cli import app  # noqa: PLC0415  typer is slow to import

        app(prog_name="netplan2k8s")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _terminated(number: int, _: object) -> None:
    """Leave by the way out, so that what was begun is cleared away."""
    sys.exit(128 + number)


def run() -> None:
    """The program as a process."""
    as_process(main)


def as_process(program: Callable[[], None]) -> None:
    """Run a program that ends without taking its memory apart.

    A fleet is a million small objects, and the system frees them all at once.
    """
    _prepare_output()
    stdout, code = sys.stdout, 0
    try:
        program()
    except SystemExit as stop:
        code = _status(stop.code)
    except OSError as error:
        code = _unwritten(error)
    if sys.stdout is not stdout:
        code = CLOSED  # click replaces it where the reader of a pipe went away
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError as error:
        code = code or _unwritten(error)
    os._exit(code)


def _prepare_output() -> None:
    """Something to write to, be it closed; no letter that it lacks is an error."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115  until the end
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115  as above
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _status(code: object) -> int:
    """The status of an exit, whose code may be words for standard error."""
    if code is None or isinstance(code, int):
        return code or 0
    sys.stderr.write(f"{code}\n")
    return 1


def _unwritten(error: OSError) -> int:
    """The status where output cannot be written; a reader that left needs no words."""
    if isinstance(error, BrokenPipeError):
        return CLOSED
    where = error.filename or "standard output"
    sys.stderr.write(f"netplan2k8s: {where}: {error.strerror or error}\n")
    return FAILED


if __name__ == "__main__":
    run()
