"""What lint does, from arguments to a result; nothing here prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from netplan2k8s.catalogue import NO_MANIFESTS
from netplan2k8s.findings import Finding, Span, sort_key
from netplan2k8s.lint.choices import (
    ANNOTATION,
    Choices,
    Ignore,
    annotated,
    comments,
    without_ignored,
    without_known,
)
from netplan2k8s.lint.judge import Reading, judge, read, scene_of
from netplan2k8s.lint.remarks import finding as placed
from netplan2k8s.lint.scene import Scene
from netplan2k8s.manifests.files import File, read_files
from netplan2k8s.manifests.places import Places
from netplan2k8s.manifests.reader import Document
from netplan2k8s.settings import Settings


@dataclass(frozen=True, slots=True)
class Linting:
    """What lint found: findings in order, what was judged, what was left out."""

    findings: tuple[Finding, ...]
    files: int
    judged: Counter[str] = field(default_factory=Counter)
    unjudged: Counter[str] = field(default_factory=Counter)
    without_kind: tuple[str, ...] = ()
    ignored: int = 0
    known: int = 0


@dataclass(slots=True)
class Manifests:
    """The manifests of a run, read and side by side."""

    arguments: Sequence[str]
    reading: Reading
    scene: Scene
    ignores: list[Ignore]


def read_manifests(arguments: Sequence[str], settings: Settings) -> Manifests:
    """Read files and directories; what is wrong is in ``reading.findings``."""
    said: list[Finding] = []
    manifests = gather(read_files(arguments, said), arguments, settings)
    reading = manifests.reading
    reading.findings += said
    if not reading.files and not said:
        message = f"no manifest in {', '.join(arguments)}"
        reading.findings.append(Finding(NO_MANIFESTS, message, Span(arguments[0])))
    return manifests


def gather(
    files: Iterable[File], arguments: Sequence[str], settings: Settings
) -> Manifests:
    """Read the objects of files that are at hand."""
    said: list[Finding] = []
    ignores: list[Ignore] = []
    reading = read(_noted(files, ignores, said), settings.operator_release)
    reading.findings += said
    ignores += _annotations(reading)
    return Manifests(arguments, reading, scene_of(reading, settings), ignores)


def lint(
    arguments: Sequence[str],
    settings: Settings,
    choices: Choices,
    known: frozenset[str] = frozenset(),
    more: Iterable[Finding] = (),
) -> Linting:
    """Judge the manifests of files and directories.

    ``known`` are fingerprints of a baseline, ``more`` findings of a proof.
    """
    manifests = read_manifests(arguments, settings)
    return judged(manifests, choices, known, more)


def judged(
    manifests: Manifests,
    choices: Choices,
    known: frozenset[str] = frozenset(),
    more: Iterable[Finding] = (),
) -> Linting:
    """The findings of manifests that are read, as the choices want them."""
    reading, places = manifests.reading, Places()
    remarks = sorted(
        judge(reading, manifests.scene),
        key=lambda r: (r.spot.document.path, r.spot.document.line),
    )
    found = [*reading.findings, *(placed(remark, places) for remark in remarks), *more]
    found = sorted(dict.fromkeys(found), key=sort_key)
    found, ignored = without_ignored(found, manifests.ignores)
    found, left_out = without_known(choices.apply(found), known)
    return Linting(
        tuple(sorted(found, key=sort_key)),
        reading.files,
        reading.judged,
        reading.unjudged,
        tuple(reading.without_kind),
        ignored,
        left_out,
    )


def _noted(
    files: Iterable[File], ignores: list[Ignore], said: list[Finding]
) -> Iterator[File]:
    for file in files:
        ignores.extend(comments(file.path, file.data, said))
        yield file


def _annotations(reading: Reading) -> Iterator[Ignore]:
    """Ignores that stand as annotations of objects."""
    places = Places()
    for document in (*reading.documents, *reading.broken):
        annotations = document.metadata.get("annotations")
        value = annotations.get(ANNOTATION) if isinstance(annotations, dict) else None
        if isinstance(value, str):
            span = places.span(document, ("metadata", "annotations", ANNOTATION))
            ignore = annotated(value, span, _lines(document), reading.findings)
            if ignore is not None:
                yield ignore


def _lines(document: Document) -> range:
    """The lines of a document, or all of its file's for an item of a List."""
    return range(document.line + 1, document.line + document.text.count("\n") + 2)
