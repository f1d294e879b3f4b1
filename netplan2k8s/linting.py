"""What lint does, from arguments to a result; nothing here prints."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from netplan2k8s.catalogue import NO_MANIFESTS
from netplan2k8s.findings import Finding, Severity, Span, sort_key
from netplan2k8s.lint.choices import Choices, without_known
from netplan2k8s.lint.ignores import (
    Ignore,
    of_annotations,
    of_comments,
    without_hushed,
    without_ignored,
)
from netplan2k8s.lint.judge import Reading, judge, read, scene_of
from netplan2k8s.lint.remarks import finding as placed
from netplan2k8s.lint.scene import Scene
from netplan2k8s.manifests.files import File, read_files, shown
from netplan2k8s.manifests.places import Places
from netplan2k8s.settings import Settings

_MOST = 5


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
    if _is_idle(reading, arguments):
        reading.findings.append(_nothing(reading, arguments))
    return manifests


def _is_idle(reading: Reading, arguments: Sequence[str]) -> bool:
    """Whether nothing was judged, though something was meant to be.

    A file that the user names may be a manifest of others: a hook passes those too.
    """
    if reading.documents or reading.broken or reading.configs:
        return False
    is_named = all(map(_is_named, arguments))
    if is_named and (reading.others or reading.without_kind):
        return False
    rules = [finding.rule for finding in reading.findings]
    rules += [remark.rule for remark in reading.remarks]
    return all(rule.severity is not Severity.ERROR for rule in rules)


def _is_named(argument: str) -> bool:
    """Whether an argument is a file, neither a directory nor standard input."""
    return argument != "-" and not os.path.isdir(argument)


def _nothing(reading: Reading, arguments: Sequence[str]) -> Finding:
    names = [shown(argument) for argument in arguments[:_MOST]]
    more = len(arguments) - len(names)
    text = f"{', '.join(names)} and {more} more" if more else ", ".join(names)
    message = f"no manifest in {text}"
    if reading.others:
        message += " is of a kind that is judged"
    return Finding(NO_MANIFESTS, message, Span(names[0]))


def idle(manifests: Manifests) -> Iterator[Finding]:
    """NK482 for directories without a manifest, as those of hosts, beside others."""
    if len(manifests.arguments) == 1:
        return  # it is said already
    reading = manifests.reading
    objects = (*reading.documents, *reading.broken, *reading.configs, *reading.others)
    paths = {document.path for document in objects}
    paths |= {finding.span.path for finding in reading.findings}
    paths |= {remark.spot.document.path for remark in reading.remarks}
    paths |= {path for path in reading.without_kind if "kustomization" in path}
    places = set(map(os.path.realpath, paths))
    for argument in manifests.arguments:
        below = os.path.join(os.path.realpath(argument), "")
        if os.path.isdir(argument) and not any(p.startswith(below) for p in places):
            yield _nothing(reading, [argument])


def gather(
    files: Iterable[File], arguments: Sequence[str], settings: Settings
) -> Manifests:
    """Read the objects of files that are at hand."""
    said: list[Finding] = []
    ignores: list[Ignore] = []
    reading = read(_noted(files, ignores, said), settings.operator_release)
    reading.findings += said
    judged = (*reading.documents, *reading.broken, *reading.configs)
    ignores += of_annotations(judged, reading.findings)
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
    remarks, hushed = without_hushed(remarks, manifests.ignores)
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
        ignored + hushed,
        left_out,
    )


def _noted(
    files: Iterable[File], ignores: list[Ignore], said: list[Finding]
) -> Iterator[File]:
    for file in files:
        ignores.extend(of_comments(file.path, file.data, said))
        yield file
