"""Network namespaces of this run alone, and nothing of them left behind.

Their names carry the process that owns them, so that a later run can tell those of a
run that was killed from those of one that goes on beside it. All links are created
inside of them: the machine's own namespace is never touched.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Self

_PREFIX = "n2k-packets"
_NAME = re.compile(rf"{_PREFIX}-(?P<pid>\d+)-(?P<start>\d+)-.*")
_MOUNTS = Path("/run/netns")
_SECONDS = 60
_PATIENCE = 20  # seconds; networkd needs less than one


class CommandError(AssertionError):
    """A command that failed, with what it said."""


def run(command: Sequence[str], *, text: str = "") -> str:
    """What a command prints; a failure is an error with its messages."""
    done = subprocess.run(
        command,
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
    if done.returncode:
        said = (done.stderr + done.stdout).strip()
        raise CommandError(f"{' '.join(command)} ended with {done.returncode}: {said}")
    return done.stdout


def until(is_so: Callable[[], bool]) -> bool:
    """Wait for something that a process does by itself; whether it came to be."""
    deadline = time.monotonic() + _PATIENCE
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def inside(namespace: str, *command: str) -> list[str]:
    """The command that runs another in a namespace."""
    return ["ip", "netns", "exec", namespace, *command]


def ip(namespace: str, *arguments: str) -> str:
    return run(["ip", "-n", namespace, *arguments])


def shown(namespace: str, *arguments: str) -> list[dict[str, Any]]:
    """What an ``ip`` command shows, read from its JSON."""
    return json.loads(ip(namespace, "-json", *arguments) or "[]")


def batch(namespace: str, lines: Iterable[str]) -> None:
    """Run many ``ip`` commands in one process."""
    run(["ip", "-n", namespace, "-batch", "-"], text="\n".join(lines) + "\n")


def sysctl(namespace: str, **values: int | str) -> None:
    """Set keys below net., a double underscore for each dot."""
    pairs = [f"net.{k.replace('__', '.')}={v}" for k, v in values.items()]
    run(inside(namespace, "sysctl", "-qw", *pairs))


class Namespaces:
    """The namespaces of one stage, removed at its end whatever happens."""

    def __init__(self) -> None:
        pid = os.getpid()
        self._prefix = f"{_PREFIX}-{pid}-{_started(pid)}-{id(self):x}"
        self._names: list[str] = []

    def __enter__(self) -> Self:
        for name in stale():
            remove(name)
        return self

    def __exit__(self, *_: object) -> None:
        for name in self._names:
            remove(name)

    def add(self, label: str) -> str:
        name = f"{self._prefix}-{label}"
        run(["ip", "netns", "add", name])
        self._names.append(name)
        ip(name, "link", "set", "lo", "up")
        return name


def ours() -> list[str]:
    """All namespaces of such runs that there are, of whatever run."""
    if not _MOUNTS.is_dir():
        return []
    return sorted(name for name in os.listdir(_MOUNTS) if _NAME.fullmatch(name))


def stale() -> list[str]:
    """Namespaces whose run is over."""
    found = []
    for name in ours():
        match = _NAME.fullmatch(name)
        if match and _started(int(match["pid"])) != match["start"]:
            found.append(name)
    return found


def remove(name: str) -> None:
    """Delete a namespace, and end the processes that still hold it."""
    for pid in pids(name):
        _end(pid)
    run(["ip", "netns", "del", name])


def pids(name: str) -> list[int]:
    return [int(pid) for pid in run(["ip", "netns", "pids", name]).split()]


def _end(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    until(lambda: not _is_running(pid))


def _is_running(pid: int) -> bool:
    return _fields(pid)[:1] not in ([], ["Z"])


def _started(pid: int) -> str:
    """When a process started, in ticks since boot; empty where there is none."""
    fields = _fields(pid)
    return fields[19] if fields else ""


def _fields(pid: int) -> list[str]:
    """What /proc tells of a process, from its state on."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return []
    return text.rpartition(")")[2].split()  # the name may hold blanks
