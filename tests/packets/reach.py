"""Which rails reach which, and by which interface their packets leave."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Reach:
    """All pairs of a source rail and a target rail on another node.

    ``reached`` got an answer; ``own`` sent all requests by the source's own interface,
    and had the answers enter there, too. ``problems`` are the first few pairs that are
    otherwise, ``left`` the interfaces by which each source's requests left.
    """

    pairs: int
    reached: int
    own: int
    problems: tuple[str, ...]
    left: dict[tuple[str, str], tuple[str, ...]]

    @property
    def is_whole(self) -> bool:
        return self.pairs == self.reached == self.own > 0

    def __str__(self) -> str:
        return (
            f"{self.pairs} pairs of rails probed, {self.reached} reached,"
            f" {self.own} over their own rail"
        )


def measure(
    ends: Sequence[End], *, size: int | None = None, bound: bool = True
) -> Reach:
    """Probe every pair from the source's address; ``bound`` to its device as well.

    ``size`` is that of the IP packets in bytes, which are not to be fragmented.
    """
    by_namespace: dict[str, list[tuple[End, End]]] = defaultdict(list)
    for source in ends:
        for target in ends:
            if source.node != target.node:
                by_namespace[source.namespace].append((source, target))
    running = {
        namespace: _start(namespace, pairs, size=size, bound=bound)
        for namespace, pairs in by_namespace.items()
    }
    found = [
        (pair, result)
        for namespace, process in running.items()
        for pair, result in zip(by_namespace[namespace], _result(process), strict=True)
    ]
    return _summed(found)


def _start(
    namespace: str,
    pairs: Sequence[tuple[End, End]],
    *,
    size: int | None,
    bound: bool,
) -> subprocess.Popen[str]:
    probes = [
        {
            "source": source.address,
            "target": target.address,
            "device": source.device if bound else None,
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


def _result(process: subprocess.Popen[str]) -> list[dict[str, Any]]:
    out, err = process.communicate(timeout=_SECONDS)
    if process.returncode:
        raise CommandError(f"the prober ended with {process.returncode}: {err}")
    found: list[dict[str, Any]] = json.loads(out)
    return found


def _summed(found: Sequence[tuple[tuple[End, End], dict[str, Any]]]) -> Reach:
    left: dict[tuple[str, str], set[str]] = defaultdict(set)
    for (source, _), result in found:
        left[source.node, source.rail] |= set(result["left"])
    return Reach(
        len(found),
        sum(result["reached"] for _, result in found),
        sum(_is_own(source, result) for (source, _), result in found),
        tuple(_problems(found))[:5],
        {key: tuple(sorted(devices)) for key, devices in sorted(left.items())},
    )


def _is_own(source: End, result: dict[str, Any]) -> bool:
    return result["left"] == result["entered"] == [source.device]


def _problems(
    found: Sequence[tuple[tuple[End, End], dict[str, Any]]],
) -> Iterator[str]:
    for (source, target), result in found:
        if not result["reached"] or not _is_own(source, result):
            yield f"{source.node} {source.device} {source.address} to {target.address}: {result}"
