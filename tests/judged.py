"""What the schema says of a manifest written in a test."""

from __future__ import annotations

from typing import NamedTuple

from netplan2k8s.findings import Finding
from netplan2k8s.lint import schema
from netplan2k8s.lint.kinds import kind_of
from netplan2k8s.manifests.reader import read_documents


class Said(NamedTuple):
    """A finding's code, what it points at, and its words."""

    code: str
    pointer: tuple[str | int, ...]
    message: str


def said(text: str, release: str = "26.7") -> list[Said]:
    """All that the reader and the schemas say of a text."""
    findings: list[Finding] = []
    documents = read_documents(text.encode(), "a.yaml", findings)
    found = [Said(one.rule.code, (), one.message) for one in findings]
    for document in documents:
        kind = kind_of(document)
        assert kind is not None, document.kind
        found += [
            Said(remark.rule.code, remark.spot.pointer, remark.message)
            for remark in schema.check(document, kind, release)
        ]
    return found


def messages(text: str, release: str = "26.7") -> list[str]:
    return [one.message for one in said(text, release)]
