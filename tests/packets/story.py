"""The whole move of one fixture's fleet, and what was seen at every step of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from netplan2k8s.proof.model import Proof
from netplan2k8s.settings import Settings
from tests.packets.kernel import State
from tests.packets.made import make
from tests.packets.namespaces import Namespaces
from tests.packets.reach import Bound, Reach, among
from tests.packets.site import Site

FIXTURES = ("four-rails", "mixed-side", "policy-routing", "ipv6")
"""All on the lower side of their links; either side; policy routing; /127 links."""

States = dict[str, dict[str, State]]
"""Node → interface → what the kernel has of it."""


@dataclass(slots=True)
class Story:
    """What was seen: states of hosts and pods, and who reached whom.

    ``by_address`` are probes whose sockets are bound to no device, ``full`` those in
    packets of the rails' MTU; ``lines`` are for people.
    """

    fixture: str
    proof: Proof
    rails: dict[str, dict[str, str]]
    before: Reach
    before_by_address: Reach
    before_states: States
    stripped_states: States
    pods: Reach
    pods_by_address: Reach
    full: Reach
    pod_states: States
    emptied_states: States
    returned_states: States
    reapplied_states: States
    back: Reach
    back_states: States
    lines: list[str] = field(default_factory=list)


@contextmanager
def site(
    fixture: str,
    work: Path,
    settings: Settings | None = None,
    *,
    most: int | None = None,
) -> Iterator[Site]:
    """A fixture's fleet, or ``most`` of its hosts, wired and gone again afterwards."""
    made = make(fixture, work, settings or Settings())
    with Namespaces() as namespaces:
        built = Site(namespaces, work, made, most=most)
        try:
            yield built
        finally:
            built.stop()


def tell(fixture: str, work: Path) -> Story:
    """Move a fleet to pods and back."""
    clock = _Clock()
    with site(fixture, work) as there:
        clock.lap("fleet, fabric and pods built")
        seen = _moved(there, clock) | _moved_back(there, clock)
    clock.lap("everything removed")
    rails = {
        host.node: dict(zip(host.nics, there.made.order, strict=True))
        for host in there.hosts
    }
    return Story(fixture, there.made.proof, rails, lines=clock.lines, **seen)


def _moved(there: Site, clock: _Clock) -> dict[str, Any]:
    """What is seen on the hosts, stripped hosts, and in pods."""
    seen: dict[str, Any] = {}
    there.apply(there.made.hosts)
    clock.lap("netplan apply of the hosts' Netplan")
    seen["before"] = among(there.ends_on_hosts())
    clock.lap(f"hosts: {seen['before']}")
    by_address = among(there.ends_on_hosts(), bound=Bound.ADDRESS)
    seen["before_by_address"] = by_address
    clock.lap(f"hosts, bound to an address alone: {by_address}")
    seen["before_states"] = there.states()
    there.apply(there.made.stripped)
    seen["stripped_states"] = there.states()
    clock.lap("netplan apply of the stripped Netplan")
    there.attach()
    clock.lap("CNI ADD of every rail of every pod")
    ends = there.ends_in_pods()
    seen["pods"] = among(ends)
    clock.lap(f"pods: {seen['pods']}")
    by_address = among(ends, bound=Bound.ADDRESS)
    seen["pods_by_address"] = by_address
    clock.lap(f"pods, bound to an address alone: {by_address}")
    seen["full"] = among(ends, size=min(link.mtu for link in there.made.proof.links))
    clock.lap(f"pods, packets of the whole MTU: {seen['full']}")
    return seen | {"pod_states": there.pod_states(), "emptied_states": there.states()}


def _moved_back(there: Site, clock: _Clock) -> dict[str, Any]:
    """What is seen once the pods have ended, and after the rollback."""
    seen: dict[str, Any] = {}
    there.detach()
    there.settle()
    seen["returned_states"] = there.states()
    clock.lap("CNI DEL of every rail")
    there.apply(there.made.stripped)
    seen["reapplied_states"] = there.states()
    there.apply(there.made.rollback)
    clock.lap("netplan apply of the stripped Netplan and of the original")
    seen["back"] = among(there.ends_on_hosts())
    clock.lap(f"hosts, rolled back: {seen['back']}")
    return seen | {"back_states": there.states()}


class _Clock:
    """How long each step took, as lines to print."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._last = now()
        self.lines: list[str] = []

    def lap(self, text: str) -> None:
        at = self._now()
        self.lines.append(f"{at - self._last:6.2f} s  {text}")
        self._last = at
