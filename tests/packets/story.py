"""The whole move of one fixture's fleet, and what was seen at every step of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from netplan2k8s.proof.model import Proof
from netplan2k8s.settings import Settings
from tests.packets.kernel import State
from tests.packets.namespaces import Namespaces
from tests.packets.reach import Reach, among
from tests.packets.site import Site

FIXTURES = ("four-rails", "mixed-side", "policy-routing", "ipv6")
"""All on the lower side of their links; either side; policy routing; /127 links."""

States = dict[str, dict[str, State]]
"""Node → interface → what the kernel has of it."""


@dataclass(slots=True)
class Story:
    """What was seen: states of hosts and pods, and who reached whom.

    ``full`` are the probes in packets of the rails' MTU; ``lines`` are for people.
    """

    fixture: str
    proof: Proof
    rails: dict[str, dict[str, str]]
    before: Reach
    before_states: States
    stripped_states: States
    pods: Reach
    full: Reach
    pod_states: States
    emptied_states: States
    returned_states: States
    reapplied_states: States
    back: Reach
    back_states: States
    lines: list[str] = field(default_factory=list)


@contextmanager
def site(fixture: str, work: Path, settings: Settings | None = None) -> Iterator[Site]:
    """A fixture's fleet, wired and gone again afterwards."""
    with Namespaces() as namespaces:
        built = Site(namespaces, work, fixture, settings)
        try:
            yield built
        finally:
            built.stop()


def tell(fixture: str, work: Path) -> Story:
    """Move a fleet to pods and back."""
    clock = _Clock()
    with site(fixture, work) as there:
        clock.lap("fleet, fabric and pods built")
        there.apply(there.hosts_tree)
        clock.lap("netplan apply of the hosts' Netplan")
        before, before_states = among(there.ends_on_hosts()), there.states()
        clock.lap(f"hosts: {before}")
        there.apply(there.stripped_tree / "hosts")
        stripped_states = there.states()
        clock.lap("netplan apply of the stripped Netplan")
        there.attach()
        clock.lap("CNI ADD of every rail of every pod")
        ends = there.ends_in_pods()
        pods, pod_states = among(ends), there.pod_states()
        emptied_states = there.states()
        clock.lap(f"pods: {pods}")
        full = among(ends, size=min(link.mtu or 0 for link in there.proof.links))
        clock.lap(f"pods, packets of the whole MTU: {full}")
        there.detach()
        there.settle()
        returned_states = there.states()
        clock.lap("CNI DEL of every rail")
        there.apply(there.stripped_tree / "hosts")
        reapplied_states = there.states()
        there.apply(there.stripped_tree / "rollback")
        clock.lap("netplan apply of the stripped Netplan and of the original")
        back, back_states = among(there.ends_on_hosts()), there.states()
        clock.lap(f"hosts, rolled back: {back}")
    clock.lap("everything removed")
    return Story(
        fixture=fixture,
        proof=there.proof,
        rails={
            host.node: dict(zip(host.nics, there.order, strict=True))
            for host in there.hosts
        },
        before=before,
        before_states=before_states,
        stripped_states=stripped_states,
        pods=pods,
        full=full,
        pod_states=pod_states,
        emptied_states=emptied_states,
        returned_states=returned_states,
        reapplied_states=reapplied_states,
        back=back,
        back_states=back_states,
        lines=clock.lines,
    )


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
