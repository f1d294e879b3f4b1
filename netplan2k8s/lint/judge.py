"""A run of lint: from files to remarks, layer by layer."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from netplan2k8s import catalogue
from netplan2k8s.findings import Finding
from netplan2k8s.lint import (
    device_plugin,
    jobs,
    networks,
    pods,
    policies,
    pools,
    privileges,
    schema,
)
from netplan2k8s.lint.kinds import Kind, identity, kind_of
from netplan2k8s.lint.plugin_config import holds_config
from netplan2k8s.lint.remarks import Remark, Spot
from netplan2k8s.lint.scene import Scene, is_patch
from netplan2k8s.lint.templates import NETWORKS
from netplan2k8s.manifests.files import File
from netplan2k8s.manifests.places import Offset
from netplan2k8s.manifests.reader import Document, Pointer, read_documents
from netplan2k8s.naming import is_node_name
from netplan2k8s.settings import OPERATOR_RELEASES, Settings

_PLACEHOLDER = re.compile(
    r"\{\{.*?\}\}|\{%.*?%\}|(?<![|\w])\|[A-Za-z][-\w]*\|(?!\|)|\bTODO_?\w*"
    r"|\$\{[A-Za-z_]\w*\}|<[A-Z][A-Z_-]{2,}>"
)
_LETTERS, _MARKS = "TODO", ("{{", "{%", "${", "|", "<")
"""What a placeholder has; a search for the pattern itself is slow."""
_SCRIPTS = frozenset({"command", "args", "env"})
_NAME: Pointer = ("metadata", "name")
_RULES = (pools, networks, device_plugin, policies, jobs, pods, privileges)


@dataclass
class Reading:
    """The manifests of a run: what was read, what is judged, and what was said."""

    findings: list[Finding] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    broken: list[Document] = field(default_factory=list)
    others: list[Document] = field(default_factory=list)
    configs: list[Document] = field(default_factory=list)
    without_kind: list[str] = field(default_factory=list)
    files: int = 0

    @property
    def judged(self) -> Counter[str]:
        maps = (document for document in self.configs if document.kind)
        judged = (*self.documents, *self.broken, *maps)
        return Counter(document.kind for document in judged)

    @property
    def unjudged(self) -> Counter[str]:
        return Counter(document.kind for document in self.others)


def read(files: Iterable[File], release: str) -> Reading:
    """Read files and judge each object by itself: YAML and schema."""
    reading = Reading()
    for file in files:
        reading.files += 1
        for document in read_documents(file.data, file.path, reading.findings):
            _sort(document, file, reading, release)
    return reading


def _sort(document: Document, file: File, reading: Reading, release: str) -> None:
    body = document.body
    if holds_config(document):
        reading.configs.append(document)
        return
    if not document.kind or not document.api_version:
        if "kustomization" in file.path or not _is_manifest(body, file):
            reading.without_kind.append(file.path)
            return
        missing = "kind" if not document.kind else "apiVersion"
        message = f"a manifest has no {missing}"
        reading.remarks.append(Remark(catalogue.INVALID_FIELD, message, Spot(document)))
        return
    kind = kind_of(document)
    if kind is None or (kind.is_plain and not _asks(document)):
        reading.others.append(document)
        return
    pruned = dataclasses.replace(document, body=schema.without_nulls(body))
    remarks = list(schema.check(document, kind, release))
    remarks += _placeholders(pruned)
    if all(remark.spot.pointer != _NAME for remark in remarks):
        remarks += _name(pruned)
    reading.remarks += remarks
    is_known = _has_types(pruned, kind, {remark.rule.code for remark in remarks})
    (reading.documents if is_known else reading.broken).append(pruned)


def _has_types(document: Document, kind: Kind, codes: set[str]) -> bool:
    """Whether the rules can read a document, since all its fields have their types.

    Those that the release does not know are judged by the last one.
    """
    if codes & {catalogue.INVALID_FIELD.code, catalogue.UNKNOWN_VERSION.code}:
        return False
    if catalogue.MISSING_FIELD_IN_RELEASE.code in codes:
        remarks = schema.check(document, kind, OPERATOR_RELEASES[-1])
        return all(remark.rule is not catalogue.INVALID_FIELD for remark in remarks)
    return True


def _is_manifest(body: Mapping[str, Any], file: File) -> bool:
    """Whether an object without kind or apiVersion means to be a manifest."""
    if body.keys() & {"kind", "apiVersion"} or {"metadata", "spec"} <= body.keys():
        return True
    return file.is_named


def _asks(document: Document) -> bool:
    """Whether a plain workload may ask for rails; the rules look closer."""
    text = document.text
    return NETWORKS in text or "nvidia.com/" in text


def _placeholders(document: Document) -> Iterator[Remark]:
    text, cut = document.text, document.cut
    # Of a long list without quotes only letters could be one.
    short = text if cut is None or '"' in text else cut.text
    if _LETTERS not in text and not any(mark in short for mark in _MARKS):
        return
    if not _PLACEHOLDER.search(text):
        return
    for pointer, text in _texts(document.body, ()):
        found = _PLACEHOLDER.search(text)
        if found is not None:
            message = f"placeholder {found[0]} is not filled in"
            spot = Spot(document, (*pointer, Offset(found.start())))
            yield Remark(catalogue.PLACEHOLDER, message, spot)


def _texts(value: Any, pointer: Pointer) -> Iterator[tuple[Pointer, str]]:  # noqa: ANN401
    """All texts of an object but those of scripts."""
    if isinstance(value, str):
        yield pointer, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key not in _SCRIPTS:
                yield from _texts(inner, (*pointer, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _texts(inner, (*pointer, number))


def _name(document: Document) -> Iterator[Remark]:
    name = document.name
    if name and not is_node_name(name):
        message = (
            f"{document.kind} {name!r} can have no such name: lower-case letters,"
            " digits, '-' and '.'"
        )
        yield Remark(catalogue.INVALID_NAME, message, Spot(document, _NAME))


def scene_of(reading: Reading, settings: Settings) -> Scene:
    """The documents side by side."""
    return Scene(
        settings,
        reading.documents,
        reading.broken,
        reading.others,
        settings.operator_release,
        reading.configs,
    )


def judge(reading: Reading, scene: Scene) -> Iterator[Remark]:
    """Everything that can be said of the manifests of a run."""
    yield from reading.remarks
    yield from _repeated(reading)
    for rules in _RULES:
        yield from rules.check(scene)


def _repeated(reading: Reading) -> Iterator[Remark]:
    """Two texts of one object; a merge patch adds to the object that is there."""
    seen: dict[Any, Document] = {}
    for document in (
        *reading.documents,
        *reading.broken,
        *reading.others,
        *reading.configs,
    ):
        if not document.name:
            continue
        key = (is_patch(document), *identity(document))
        first = seen.setdefault(key, document)
        if first is not document:
            space = f"{key[3]}/" if key[3] else ""
            message = (
                f"{document.kind} {space}{document.name} is also in {first.path}, and"
                " the one applied last wins"
            )
            spot, other = Spot(document, _NAME), Spot(first, _NAME)
            yield Remark(catalogue.DUPLICATE_OBJECT, message, spot, (other,))
