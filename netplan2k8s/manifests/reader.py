"""Manifest files to documents: YAML streams and JSON, typed as kubectl types them.

Read without positions; whoever has something to say of a document finds the place with
``manifests.places``. A document that cannot be read costs its findings, not the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from netplan2k8s import catalogue
from netplan2k8s.findings import Finding, Span
from netplan2k8s.manifests import json_text
from netplan2k8s.manifests.builder import Builder
from netplan2k8s.manifests.document import Identity
from netplan2k8s.manifests.records import LongList, Records, split
from netplan2k8s.manifests.stream import chunks, decoded

_LONG = 4096
_MARGIN = 4096
Pointer = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """One object of a file.

    ``body`` holds plain Python values; ``base`` is the way to the object within the
    text, which is that of the file from line ``line`` on (0-based); ``items`` of a List
    are documents of their own. ``cut`` is the text without its long lists, where these
    were read apart.
    """

    path: str
    text: str
    line: int
    base: Pointer
    body: Mapping[str, Any]
    cut: Records | None = None

    @property
    def kind(self) -> str:
        return _text(self.body.get("kind"))

    @property
    def api_version(self) -> str:
        return _text(self.body.get("apiVersion"))

    @property
    def metadata(self) -> Mapping[str, Any]:
        found = self.body.get("metadata")
        return found if isinstance(found, dict) else {}

    @property
    def name(self) -> str:
        return _text(self.metadata.get("name"))

    @property
    def namespace(self) -> str:
        return _text(self.metadata.get("namespace"))

    @property
    def spec(self) -> Mapping[str, Any]:
        found = self.body.get("spec")
        return found if isinstance(found, dict) else {}

    @property
    def identity(self) -> Identity:
        return Identity(self.api_version, self.kind, self.namespace, self.name)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def read_documents(data: bytes, path: str, findings: list[Finding]) -> list[Document]:
    """Read all objects of a file; what is wrong is added to ``findings``.

    A byte-order mark, CRLF and JSON are as good as YAML. Documents without content are
    left out.
    """
    text = decoded(data, path, findings)
    if text is None:
        return []
    if text.lstrip()[:1] in ("{", "["):
        found = _json_documents(text, path, findings)
        if found is not None:
            return found
    documents: list[Document] = []
    for chunk in chunks(text, path, findings):
        for body, cut in _bodies(chunk.text, chunk.line, path, findings):
            whole = Document(path, chunk.text, chunk.line, (), body, cut)
            documents.extend(_objects(whole, findings))
    return documents


def _json_documents(
    text: str, path: str, findings: list[Finding]
) -> list[Document] | None:
    """The objects of JSON; None where the YAML reader has to say what is wrong."""
    try:
        values = list(json_text.values(text))
    except (ValueError, RecursionError):
        return None
    if any(json_text.is_deep(value) for value, _, _ in values):
        return None
    documents: list[Document] = []
    line = done = 0
    for value, start, end in values:
        own = text
        if len(values) > 1:
            line += text.count("\n", done, start)
            done = start
            # Blanks for what stands before it on its line keep its columns.
            margin = start - text.rfind("\n", 0, start) - 1
            own = " " * min(margin, _MARGIN) + text[start:end]
        documents.extend(_objects(Document(path, own, line, (), value), findings))
    return documents


def _bodies(
    chunk: str, line: int, path: str, findings: list[Finding]
) -> Iterator[tuple[Any, Records | None]]:
    """The values of a document, its long lists read apart where that is the same."""
    if len(chunk) > _LONG:
        cut = split(chunk)
        # An alias may be that of a long list, whose size counts.
        if cut.lists and "*" not in cut.text:
            trial: list[Finding] = []
            bodies = list(Builder(cut.text, line, path, trial).bodies())
            if not trial and len(bodies) == 1 and _graft(bodies[0], cut):
                yield bodies[0], cut
                return
    for body in Builder(chunk, line, path, findings).bodies():
        yield body, None


def _graft(body: Any, cut: Records) -> bool:  # noqa: ANN401  any value
    """Put the long lists where their words stand; False where one is no list's."""
    found = list(_words(body, cut))
    if len(found) != len(cut.lists):
        return False
    for holder, key, taken in found:
        holder[key] = taken.items
    return True


def _words(value: Any, cut: Records) -> Iterator[tuple[dict[str, Any], str, LongList]]:  # noqa: ANN401
    """The lists that hold such a word and nothing else, and where they are."""
    if isinstance(value, list):
        for item in value:
            yield from _words(item, cut)
    elif isinstance(value, dict):
        for key, inner in value.items():
            alone = inner[0] if isinstance(inner, list) and len(inner) == 1 else None
            if isinstance(alone, str) and alone in cut.lists:
                yield value, key, cut.lists[alone]
            else:
                yield from _words(inner, cut)


def _objects(whole: Document, findings: list[Finding]) -> Iterator[Document]:
    """An object, or those of a List; anything else is a finding."""
    body: Any = whole.body
    if body is None and not whole.base:
        return
    if not isinstance(body, dict):
        what = "a list" if isinstance(body, list) else "a single value"
        if body is None:
            what = "nothing"
        message = f"a manifest is an object with apiVersion and kind, not {what}"
        if whole.base:
            message = f"{_dotted(whole.base)}: {message}"
        span = Span(whole.path, whole.line + 1, 1)
        findings.append(Finding(catalogue.NO_OBJECT, message, span))
        return
    kind, listed = body.get("kind"), body.get("items")
    is_list = isinstance(kind, str) and kind.endswith("List")
    if not is_list or not isinstance(listed, list):
        yield whole
        return
    for index, item in enumerate(listed):
        base = (*whole.base, "items", index)
        inner = Document(whole.path, whole.text, whole.line, base, item, whole.cut)
        yield from _objects(inner, findings)


def _dotted(pointer: Pointer) -> str:
    return "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}" for step in pointer
    ).lstrip(".")
