"""Measures convert, strip, lint and diff against a parse: ``python -m tests.bench``.

Every figure is a ratio of processes run in turn, since seconds drift from machine to
machine and from minute to minute. CPU is user and system time together.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tests.bench import hosts, manifests

ROOT = Path(__file__).resolve().parents[2]
PARSE = """
import os, sys, yaml
for place, _, files in os.walk(sys.argv[1]):
    for name in files:
        with open(os.path.join(place, name), "rb") as file:
            yaml.load(file.read(), yaml.CSafeLoader)
"""
SIZES = (64, 1024, 4096)
POOL_SIZES = (4096, 16384)


class Cost(NamedTuple):
    """CPU and wall seconds, and the peak of resident memory in MiB."""

    cpu: float
    wall: float
    peak: float


def run(command: list[str]) -> Cost:
    """One process from its start to its end; findings of its input are no failure."""
    started = time.perf_counter()
    null = os.open(os.devnull, os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, null, fd) for fd in (0, 1, 2)]
    # As installed: compiled modules are kept, whatever this shell says.
    ours = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    child = os.posix_spawn(command[0], command, ours, file_actions=actions)
    _, status, usage = os.wait4(child, 0)
    os.close(null)
    wall = time.perf_counter() - started
    if (code := os.waitstatus_to_exitcode(status)) not in (0, 1):
        raise SystemExit(f"{' '.join(command)} ended with status {code}")
    return Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024)


def in_turn(commands: list[list[str]], rounds: int) -> list[list[Cost]]:
    """The costs of each command over the rounds, A B C A B C."""
    found: list[list[Cost]] = [[] for _ in commands]
    for _ in range(rounds):
        for costs, command in zip(found, commands, strict=True):
            costs.append(run(command))
    return found


def median(costs: list[Cost]) -> Cost:
    return Cost(*(statistics.median(values) for values in zip(*costs, strict=True)))


def ratio(costs: list[Cost], others: list[Cost]) -> float:
    """The median of the pairs' CPU ratios."""
    pairs = zip(costs, others, strict=True)
    return statistics.median(cost.cpu / other.cpu for cost, other in pairs)


def program() -> list[str]:
    """The installed console script, or the module where there is none."""
    script = Path(sys.executable).with_name("netplan2k8s")
    return [str(script)] if script.exists() else [sys.executable, "-m", "netplan2k8s"]


class Targets:
    """What was measured against what was promised."""

    def __init__(self) -> None:
        self.missed = 0

    def check(self, what: str, value: float, limit: float, unit: str = "x") -> None:
        verdict = "met" if value <= limit else "MISSED"
        self.missed += value > limit
        print(
            f"  {what:<52} {value:7.2f} {unit:<4} target {limit:g} {unit:<4} {verdict}"
        )


def fleets(rounds: int, sizes: list[int], targets: Targets) -> None:
    print(
        "hosts   files' MB   convert cpu s   wall s   peak MiB   parse cpu s   ratio   ms/host"
    )
    small = 0.0
    per_host: list[float] = []
    for count in sizes:
        with TemporaryDirectory() as directory:
            fleet, out = Path(directory) / "hosts", Path(directory) / "out"
            size = hosts.write(fleet, count) / 1e6
            convert = [*program(), "convert", str(fleet), "--no-config", "-o", str(out)]
            parse = [sys.executable, "-c", PARSE, str(fleet)]
            nothing = [sys.executable, "-c", "pass"]
            found: list[list[Cost]] = [[], [], []]
            for _ in range(max(3, rounds * 64 // count) if count < 1024 else rounds):
                shutil.rmtree(out, ignore_errors=True)
                for costs, command in zip(
                    found, (convert, parse, nothing), strict=True
                ):
                    costs.append(run(command))
        ours, theirs = median(found[0]), median(found[1])
        against = ratio(found[0], found[1])
        per_host.append((ours.cpu - median(found[2]).cpu) / count)
        print(
            f"{count:5}   {size:9.2f}   {ours.cpu:13.2f}   {ours.wall:6.2f}   {ours.peak:8.1f}"
            f"   {theirs.cpu:11.2f}   {against:5.2f}   {1000 * per_host[-1]:7.2f}"
        )
        if count == 64:
            small = ratio(found[0], found[2])
            targets.check("64 hosts against python -c pass", small, 20)
        if count == 4096:
            targets.check("4,096 hosts against CSafeLoader", against, 0.8)
            targets.check("4,096 hosts, peak memory", ours.peak, 64, "MiB")
    if len(per_host) > 1:
        growth = per_host[-1] / per_host[-2]
        targets.check(
            f"cost of a host among {sizes[-1]} against {sizes[-2]}", growth, 1.25
        )


def strips(rounds: int, sizes: list[int], targets: Targets) -> None:
    print(
        "hosts   files' MB   strip cpu s   wall s   peak MiB   parse cpu s   ratio   ms/host"
    )
    for count in sizes:
        with TemporaryDirectory() as directory:
            fleet, out = Path(directory) / "hosts", Path(directory) / "out"
            size = hosts.write(fleet, count) / 1e6
            options = ["--no-config", "--write", "-o", str(out)]
            found: list[list[Cost]] = [[], []]
            for _ in range(rounds):
                shutil.rmtree(out, ignore_errors=True)
                found[0].append(run([*program(), "strip", str(fleet), *options]))
                found[1].append(run([sys.executable, "-c", PARSE, str(fleet)]))
        ours, against = median(found[0]), ratio(*found)
        print(
            f"{count:5}   {size:9.2f}   {ours.cpu:11.2f}   {ours.wall:6.2f}   {ours.peak:8.1f}"
            f"   {median(found[1]).cpu:11.2f}   {against:5.2f}   {1000 * ours.cpu / count:7.2f}"
        )
        what = f"strip of {count} hosts, proof and all, against CSafeLoader"
        targets.check(what, against, 5)


def lints(rounds: int, sizes: list[int], targets: Targets) -> None:
    print(
        "nodes   manifests' MB   lint cpu s   wall s   peak MiB   parse cpu s   ratio"
    )
    for count in sizes:
        with TemporaryDirectory() as directory:
            size = manifests.write(Path(directory), count) / 1e6
            lint = [*program(), "lint", directory, "--no-config"]
            parse = [sys.executable, "-c", PARSE, directory]
            ours, theirs = in_turn([lint, parse], rounds)
        cost, against = median(ours), ratio(ours, theirs)
        print(
            f"{count:5}   {size:13.2f}   {cost.cpu:10.2f}   {cost.wall:6.2f}"
            f"   {cost.peak:8.1f}   {median(theirs).cpu:11.2f}   {against:5.2f}"
        )
        what = f"lint of 8 pools of {count} entries against CSafeLoader"
        targets.check(what, against, 0.3)


def diffs(rounds: int, sizes: list[int], targets: Targets) -> None:
    # A process starts with the peak of the one that starts it, so that we stay small.
    from tests.bench import cluster

    if not cluster.is_built():
        print("no API server, and so no diff: tests/apiserver/build.sh builds it")
        return
    print(
        "nodes   received MB   server's s   own s   of it JSON s   YAML s   requests s   ratio"
    )
    for count in sizes:
        found = cluster.measure(count, rounds)
        cost = cluster.median(found)
        whole, against = (
            statistics.median(getattr(one, name) / one.parse for one in found)
            for name in ("own", "comparing")
        )
        print(
            f"{count:5}   {cost.received / 1e6:11.2f}   {cost.waited:10.2f}   {cost.own:5.2f}"
            f"   {cost.parse:12.3f}   {cost.read:6.3f}   {cost.send:10.3f}   {whole:5.2f}"
        )
        what = f"diff of 8 pools of {count}, JSON to report against JSON"
        targets.check(what, against, 2)


def startup(rounds: int, targets: Targets) -> None:
    print("start-up, CPU against python -c pass")
    commands = [
        [sys.executable, "-c", "pass"],
        [*program(), "--version"],
        [*program(), "--help"],
    ]
    nothing, version, helped = in_turn(commands, rounds)
    targets.check("--version", ratio(version, nothing), 2)
    targets.check("--help", ratio(helped, nothing), 8)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="of each fleet (3)")
    parser.add_argument("--sizes", type=int, nargs="*", default=list(SIZES))
    parser.add_argument("--strips", type=int, nargs="*", default=[1024])
    parser.add_argument("--pools", type=int, nargs="*", default=list(POOL_SIZES))
    parser.add_argument("--diffs", type=int, nargs="*", default=[4096])
    parser.add_argument(
        "--strict", action="store_true", help="exit with 1 on a missed target"
    )
    arguments = parser.parse_args()
    os.chdir(ROOT)
    targets = Targets()
    run([*program(), "convert", "fixtures/flat/hosts", "--no-config", "--stdout"])
    startup(max(20, arguments.rounds), targets)
    fleets(arguments.rounds, arguments.sizes, targets)
    strips(arguments.rounds, arguments.strips, targets)
    lints(arguments.rounds, arguments.pools, targets)
    diffs(arguments.rounds, arguments.diffs, targets)
    if arguments.strict and targets.missed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
