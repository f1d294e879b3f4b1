"""What prove does, from manifests and hosts to findings; nothing here prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from netplan2k8s import workflow
from netplan2k8s.catalogue import PCI_ON_TWO_RAILS, SHARED_DESTINATION
from netplan2k8s.findings import Finding, Layer, Severity, Span, has_error
from netplan2k8s.fleet import Progress
from netplan2k8s.lint.remarks import finding as placed
from netplan2k8s.linting import Manifests
from netplan2k8s.manifests.places import Places
from netplan2k8s.proof import findings, jobs
from netplan2k8s.proof.model import Proof
from netplan2k8s.proof.prover import Prover
from netplan2k8s.settings import KINDS, Settings

_POLICY = "nicclusterpolicy"


@dataclass(frozen=True, slots=True)
class Proving:
    """A proof with what there is to say of it."""

    proof: Proof
    findings: tuple[Finding, ...]

    @property
    def is_proven(self) -> bool:
        return not has_error(self.findings)


def prove(
    manifests: Manifests,
    hosts: Sequence[str],
    settings: Settings,
    *,
    allow_open: bool = False,
    keep_links: bool = False,
    progress: Progress | None = None,
) -> Proving:
    """Compare manifests with the hosts that they replace.

    Raises:
        InputError: the hosts cannot be found, or tables cannot be read.
    """
    kinds = [kind for kind in KINDS if kind != _POLICY or manifests.scene.policies]
    seen = workflow.inspect(hosts, settings, kinds=kinds, progress=progress)
    return compared(
        manifests, seen, settings, allow_open=allow_open, keep_links=keep_links
    )


def compared(
    manifests: Manifests,
    seen: workflow.Inspection,
    settings: Settings,
    *,
    allow_open: bool = False,
    keep_links: bool = False,
) -> Proving:
    """Compare manifests with hosts that were read."""
    scene, broken = manifests.scene, seen.fleet.broken
    prover = Prover(
        [nic for nic in seen.fleet.candidates if nic.node_name not in broken],
        scene,
        settings,
        others=broken,
        allow_open=allow_open,
        keep_links=keep_links,
    )
    prover.add(scene.pools)
    proof = prover.proof()
    place = Span(manifests.arguments[0])
    places = Places()
    said = [
        *_of_the_hosts(seen.findings),
        *findings.findings(proof.differences, seen.locate, place),
        *findings.gaps(proof, place),
        *(placed(remark, places) for remark in jobs.check(scene, proof)),
    ]
    return Proving(proof, tuple(dict.fromkeys(said)))


def _of_the_hosts(said: Sequence[Finding]) -> Iterator[Finding]:
    """What keeps hosts from being compared, and what of them pods do not get.

    What the proof itself answers is left out: destinations that rails share, and an
    address that is another rail's NIC on another node.
    """
    for finding in said:
        rule = finding.rule
        is_lost = rule.severity is Severity.WARNING and rule.layer is Layer.RUNTIME
        if rule.severity is not Severity.ERROR and not is_lost:
            continue
        if rule.code not in (SHARED_DESTINATION.code, PCI_ON_TWO_RAILS.code):
            yield finding
