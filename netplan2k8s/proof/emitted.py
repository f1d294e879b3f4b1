"""The proof of what convert is about to write, read back from its very text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from netplan2k8s.fabric.candidates import Candidate
from netplan2k8s.findings import Finding, Severity, Span
from netplan2k8s.labels import VERIFICATION_DIRECTORY
from netplan2k8s.lint.remarks import finding as placed
from netplan2k8s.lint.scene import PoolView, Scene
from netplan2k8s.manifests.places import Places
from netplan2k8s.manifests.reader import Document, read_documents
from netplan2k8s.manifests.records import split
from netplan2k8s.proof import jobs
from netplan2k8s.proof.findings import Locate, findings
from netplan2k8s.proof.model import Proof
from netplan2k8s.proof.prover import Prover
from netplan2k8s.settings import Settings
from netplan2k8s.simulate.pool import read_pool

_POOL = "cidrpool"
_NETWORKS, _VERIFY = "fabric/30-", f"{VERIFICATION_DIRECTORY}/"
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
    # To find a place in a large pool takes as long as to read it.
    wrong = [difference for difference in proof.differences if difference.is_error]
    said = [*unread, *findings(wrong, locate, Span(next(iter(files), "")))]
    said += [placed(remark, places) for remark in jobs.check(scene, proof)]
    return proof, [f for f in said if f.rule.severity is Severity.ERROR]


def judge_jobs(
    files: Mapping[str, str], proof: Proof, settings: Settings
) -> list[Finding]:
    """What keeps the pods that verify the rails from getting them, as ``prove`` does.

    They are read one by one, since those of a large fleet are many.
    """
    said: list[Finding] = []
    places = Places()
    paths = [path for path in files if path.startswith(_NETWORKS)]
    networks = [document for path in paths for document in _read(files, path, said)]
    for path in _unlike(files):
        scene = Scene(settings, [*networks, *_read(files, path, said)])
        said += [placed(remark, places) for remark in jobs.check(scene, proof)]
    return [f for f in said if f.rule.severity is Severity.ERROR]


def _unlike(files: Mapping[str, str]) -> Iterator[str]:
    """The jobs but those of units whose text differs in name and nodes alone.

    Their pods are the same ones, and of a large fleet's units nearly all are alike.
    """
    seen = set()
    for path in files:
        if path.startswith(_VERIFY) and not path.endswith(_UNJUDGED):
            name = path.split("/")[1]
            text = split(files[path]).text.replace(f"-{name}\n", "-\n")
            if text not in seen:
                seen.add(text)
                yield path


def _documents(
    files: Mapping[str, str], unread: list[Finding], *, are_pools: bool
) -> Iterator[Document]:
    for path in files:
        if path.endswith(".yaml") and (f"-{_POOL}-" in path) is are_pools:
            yield from _read(files, path, unread)


def _read(
    files: Mapping[str, str], path: str, unread: list[Finding]
) -> Iterator[Document]:
    yield from read_documents(files[path].encode(), path, unread)
