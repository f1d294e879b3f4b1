"""Which rails reach which, and by which interface their packets leave."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Flag, auto
from pathlib import Path
from typing import Any, NamedTuple

from tests.packets.namespaces import CommandError, inside

_PROBER = Path(__file__).with_name("prober.py")
_SECONDS = 60


class End(NamedTuple):
    """A rail where it is: on the host, or in the pod that has it now."""

    node: str
    rail: str
    namespace: str
    device: str
    address: str


class Bound(Flag):
    """What the sending socket is bound to; RoCE's queue pairs are to both."""

    NOTHING = 0
    ADDRESS = auto()
    DEVICE = auto()
    BOTH = ADDRESS | DEVICE


class _Probe(NamedTuple):
    """One pair, with the prober's result."""

    source: End
    target: str
    result: dict[str, Any]

    @property
    def is_own(self) -> bool:
        own = [self.source.device]
        return bool(self.result["left"] == self.result["entered"] == own)


@dataclass(frozen=True, slots=True)
class Reach:
    """Probes from rails to addresses.

    ``reached`` got an answer; ``own`` of these sent every request by the source's own
    interface, where the answers entered, too. ``left`` are the interfaces by which each
    rail's requests left, ``problems`` the first few pairs that are not own.
    """

    pairs: int
    reached: int
    own: int
    left: dict[tuple[str, str], tuple[str, ...]]
    problems: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        return self.pairs == self.reached == self.own > 0

    def __str__(self) -> str:
        return (
            f"{self.pairs} pairs of rails probed, {self.reached} reached,"
            f" {self.own} over their own rail"
        )


def among(
    ends: Sequence[End], *, bound: Bound = Bound.BOTH, size: int | None = None
) -> Reach:
    """Probe every rail of every other node from every rail."""
    pairs = [
        (source, target.address)
        for source in ends
        for target in ends
        if source.node != target.node
    ]
    return measure(pairs, bound=bound, size=size)


def measure(
    pairs: Sequence[tuple[End, str]],
    *,
    bound: Bound = Bound.BOTH,
    size: int | None = None,
) -> Reach:
    """Probe pairs, those of one namespace in one process.

    ``size`` is that of the IP packets in bytes, which are not to be fragmented.
    """
    by_namespace: dict[str, list[tuple[End, str]]] = defaultdict(list)
    for source, target in pairs:
        by_namespace[source.namespace].append((source, target))
    running = [
        (found, _start(namespace, found, bound, size))
        for namespace, found in by_namespace.items()
    ]
    probes = [
        _Probe(*pair, result)
        for found, process in running
        for pair, result in zip(found, _results(process), strict=True)
    ]
    left: dict[tuple[str, str], set[str]] = defaultdict(set)
    for probe in probes:
        left[probe.source.node, probe.source.rail] |= set(probe.result["left"])
    return Reach(
        len(probes),
        sum(probe.result["reached"] for probe in probes),
        sum(probe.result["reached"] and probe.is_own for probe in probes),
        {key: tuple(sorted(devices)) for key, devices in sorted(left.items())},
        tuple(_problems(probes))[:5],
    )


def _start(
    namespace: str,
    pairs: Sequence[tuple[End, str]],
    bound: Bound,
    size: int | None,
) -> subprocess.Popen[str]:
    probes = [
        {
            "source": source.address if Bound.ADDRESS in bound else None,
            "target": target,
            "device": source.device if Bound.DEVICE in bound else None,
            "size": size,
        }
        for source, target in pairs
    ]
    process = subprocess.Popen(
        inside(namespace, sys.executable, "-I", "-S", str(_PROBER)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(probes))
    process.stdin.close()
    process.stdin = None  # communicate() would flush it
    return process


def _results(process: subprocess.Popen[str]) -> list[dict[str, Any]]:
    out, err = process.communicate(timeout=_SECONDS)
    if process.returncode:
        raise CommandError(f"the prober ended with {process.returncode}: {err}")
    found: list[dict[str, Any]] = json.loads(out)
    return found


def _problems(probes: Sequence[_Probe]) -> Iterator[str]:
    for source, target, result in probes:
        if not result["reached"] or not _Probe(source, target, result).is_own:
            yield f"{source.node} {source.device} to {target}: {result}"
