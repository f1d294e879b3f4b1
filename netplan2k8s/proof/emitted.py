"""The proof of what convert is about to write, read back from its very text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from netplan2k8s.fabric.candidates import Candidate
from netplan2k8s.findings import Finding, Severity, Span
from netplan2k8s.lint.remarks import finding as placed
from netplan2k8s.lint.scene import PoolView, Scene
from netplan2k8s.manifests.places import Places
from netplan2k8s.manifests.reader import Document, read_documents
from netplan2k8s.proof import jobs
from netplan2k8s.proof.findings import Locate, findings
from netplan2k8s.proof.model import Proof
from netplan2k8s.proof.prover import Prover
from netplan2k8s.settings import Settings
from netplan2k8s.simulate.pool import read_pool

_POOL = "cidrpool"
# What the verification runs, and its plans, which are large: nothing to prove.
_UNJUDGED = ("/configmap.yaml", "/check-rails.yaml")


def prove(
    files: Mapping[str, str],
    nics: Sequence[Candidate],
    settings: Settings,
    locate: Locate,
) -> tuple[Proof, list[Finding]]:
    """Compare manifests (path → text) with the hosts; the errors that stop convert.

    Pools are read one by one, since those of a large fleet are the most of it.
    """
    unread: list[Finding] = []
    scene = Scene(settings, list(_documents(files, unread, are_pools=False)))
    prover = Prover(nics, scene, settings)
    prover.add(
        PoolView(document, read_pool(document.body))
        for document in _documents(files, unread, are_pools=True)
    )
    proof = prover.proof()
    places = Places()
    said = [*unread, *findings(proof, locate, Span(next(iter(files), "")))]
    said += [placed(remark, places) for remark in jobs.check(scene, proof)]
    return proof, [f for f in said if f.rule.severity is Severity.ERROR]


def _documents(
    files: Mapping[str, str], unread: list[Finding], *, are_pools: bool
) -> Iterator[Document]:
    for path, text in _judged(files):
        if (f"-{_POOL}-" in path) is are_pools:
            yield from read_documents(text.encode(), path, unread)


def _judged(files: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What there is to prove; of the verification's Jobs, whose pods are alike, one."""
    is_first = True
    for path, text in files.items():
        if path.endswith(_UNJUDGED) or not path.endswith(".yaml"):
            continue
        if path.endswith("/job.yaml"):
            if not is_first:
                continue
            is_first = False
        yield path, text
