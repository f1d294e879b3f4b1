"""Manifest files to documents: YAML streams and JSON, typed as kubectl types them.

Read without positions; whoever has something to say of a document finds the place with
``manifests.places``. A document that cannot be read costs its findings, not the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from netplan2k8s import catalogue
from netplan2k8s.findings import Finding, InputError, Span
from netplan2k8s.manifests.document import Identity
from netplan2k8s.manifests.records import split
from netplan2k8s.manifests.scalars import typed
from netplan2k8s.source import MAX_EXPANDED_NODES, Loader, yaml_finding

MAX_DEPTH = 100
_SEPARATOR = re.compile(r"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)
_LONG = 4096
_STR_TAG = "tag:yaml.org,2002:str"
_CORE = "tag:yaml.org,2002:"
Pointer = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """One object of a file.

    ``body`` holds plain Python values; ``base`` is the way to the object within the
    text, which is that of the file from line ``line`` on (0-based); ``items`` of a List
    are documents of their own.
    """

    path: str
    text: str
    line: int
    base: Pointer
    body: Mapping[str, Any]

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
    text = _decoded(data, path, findings)
    if text is None:
        return []
    if text.lstrip()[:1] in ("{", "["):
        found = _read_json(text)
        if found is not None:
            return list(_objects(found, text, 0, path, findings))
    documents: list[Document] = []
    for start, chunk in _chunks(text):
        line = text.count("\n", 0, start)
        for body in _bodies(chunk, line, path, findings):
            documents.extend(_objects(body, chunk, line, path, findings))
    return documents


def _decoded(data: bytes, path: str, findings: list[Finding]) -> str | None:
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        message = f"is no UTF-8 at byte {error.start}; a manifest is text"
        findings.append(Finding(catalogue.INVALID_YAML, message, Span(path)))
        return None
    return text.replace("\r\n", "\n") if "\r" in text else text


def _read_json(text: str) -> Any:  # noqa: ANN401  a JSON value
    """JSON where it is; None where the YAML reader has to say what is wrong."""
    try:
        return json.loads(text, object_pairs_hook=_unrepeated)
    except (ValueError, RecursionError):
        return None


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("repeated key")
    return made


def _chunks(text: str) -> Iterator[tuple[int, str]]:
    """The documents of a stream as kubectl splits it, each with its offset."""
    start = 0
    for found in _SEPARATOR.finditer(text):
        if text[start : found.start()].strip():
            yield start, text[start : found.start()]
        start = found.start()
    if text[start:].strip():
        yield start, text[start:]


def _bodies(chunk: str, line: int, path: str, findings: list[Finding]) -> Iterator[Any]:
    if len(chunk) > _LONG:
        short, lists = split(chunk)
        if lists:
            trial: list[Finding] = []
            bodies = list(_Builder(short, line, path, trial).bodies())
            if not trial and len(bodies) == 1 and _graft(bodies[0], lists):
                yield bodies[0]
                return
    yield from _Builder(chunk, line, path, findings).bodies()


def _graft(body: Any, lists: dict[str, list[Any]]) -> bool:  # noqa: ANN401  any value
    """Put the long lists where their words stand; False where one is elsewhere."""
    spec = body.get("spec") if isinstance(body, dict) else None
    if not isinstance(spec, dict):
        return False
    places = [
        (spec, "staticAllocations"),
        (spec.get("nodeSelector"), "nodeSelectorTerms"),
    ]
    grafted = 0
    for holder, key in places:
        word = holder.get(key) if isinstance(holder, dict) else None
        if isinstance(word, str) and word in lists:
            holder[key] = lists[word]  # type: ignore[index]
            grafted += 1
    return grafted == len(lists)


def _objects(
    body: Any,  # noqa: ANN401  any value
    text: str,
    line: int,
    path: str,
    findings: list[Finding],
    base: Pointer = (),
) -> Iterator[Document]:
    """An object, or those of a List; anything else is a finding."""
    if body is None:
        return
    if not isinstance(body, dict):
        what = "a list" if isinstance(body, list) else "a single value"
        message = f"a manifest is an object with apiVersion and kind, not {what}"
        findings.append(Finding(catalogue.NO_OBJECT, message, Span(path, line + 1, 1)))
        return
    kind, listed = body.get("kind"), body.get("items")
    if isinstance(kind, str) and kind.endswith("List") and isinstance(listed, list):
        for index, item in enumerate(listed):
            where = (*base, "items", index)
            yield from _objects(item, text, line, path, findings, where)
        return
    yield Document(path, text, line, base, body)


class _Builder:
    """Makes plain values of the events of one chunk."""

    def __init__(
        self, chunk: str, line: int, path: str, findings: list[Finding]
    ) -> None:
        self._chunk = chunk
        self._line = line
        self._path = path
        self._findings = findings
        self._is_glued = False
        self._sizes: dict[int, int] = {}

    def bodies(self) -> Iterator[Any]:
        """The documents of the chunk, none where one is no YAML."""
        made: list[Any] = []
        try:
            loader = Loader(self._chunk)
            try:
                self._build(loader.get_event, made)
            finally:
                loader.dispose()
        except yaml.YAMLError as error:
            self._findings.append(self._moved(yaml_finding(error, self._path)))
        except InputError as error:
            self._findings.extend(map(self._moved, error.findings))
        else:
            if not self._is_glued:
                yield from made

    def _moved(self, finding: Finding) -> Finding:
        span = finding.span
        moved = Span(span.path, span.line + self._line, span.column)
        return Finding(finding.rule, finding.message, moved)

    def _build(  # noqa: C901, PLR0912, PLR0915  one loop, see below
        self,
        next_event: Any,  # noqa: ANN401  a method of yaml
        made: list[Any],
    ) -> None:
        """One loop, since an event is a microsecond and there are many."""
        stack: list[Any] = []
        current: Any = made
        key: Any = None
        anchors: dict[str, Any] = {}
        aliased = 0
        while True:
            event = next_event()
            kind = type(event)
            if kind is yaml.ScalarEvent:
                value: Any = event.value
                if event.implicit[0]:
                    value = typed(value)
                elif event.tag and event.tag != _STR_TAG:
                    value = self._tagged(event)
                if event.anchor:
                    anchors[event.anchor] = value
            elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                value = {} if kind is yaml.MappingStartEvent else []
                if event.anchor:
                    anchors[event.anchor] = value
                if current.__class__ is list:
                    current.append(value)
                elif key is None:
                    raise self._refuse(event, "a key must be text")
                else:
                    self._put(current, key[0], value, event, key[1])
                stack.append((current, key))
                if len(stack) > MAX_DEPTH:
                    message = f"nested over {MAX_DEPTH} levels deep"
                    raise InputError(self._at(catalogue.DEEP_NESTING, event, message))
                current, key = value, None
                continue
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                current, key = stack.pop()
                if current.__class__ is dict:
                    key = None
                continue
            elif kind is yaml.AliasEvent:
                if event.anchor not in anchors:
                    message = f"alias *{event.anchor} has no anchor"
                    raise self._refuse(event, message)
                value = anchors[event.anchor]
                if any(value is holder for holder, _ in (*stack, (current, None))):
                    raise self._refuse(event, f"alias *{event.anchor} is its own part")
                aliased += _expanded(value, self._sizes)
                if aliased > MAX_EXPANDED_NODES:
                    message = f"aliases expand to over {MAX_EXPANDED_NODES} nodes"
                    raise InputError(
                        self._at(catalogue.ALIAS_EXPANSION, event, message)
                    )
            elif kind is yaml.StreamEndEvent:
                return
            else:
                continue
            if current.__class__ is list:
                current.append(value)
            elif key is None:
                key = (self._key(value, event), event)
            else:
                self._put(current, key[0], value, event, key[1])
                key = None

    def _key(self, value: Any, event: Any) -> str:  # noqa: ANN401  an event of yaml
        """A key as JSON has it: text, whatever YAML made of it."""
        if isinstance(value, str):
            return value
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int | float):
            return str(value)
        raise self._refuse(event, "a key must be text")

    def _put(self, holder: Any, key: str, value: Any, event: Any, place: Any) -> None:  # noqa: ANN401
        if key == "<<" and place.implicit[0]:
            parts = value if isinstance(value, list) else [value]
            if all(isinstance(part, dict) for part in parts):
                for part in parts:
                    for name, inner in part.items():
                        holder.setdefault(name, inner)
                return
            raise self._refuse(event, "<< takes a mapping")
        if key in holder:
            message = f"key {key} is here a second time; the API server refuses it"
            if key in ("apiVersion", "kind") and place.start_mark.column == 0:
                message += "; a second object needs a line --- before it"
                self._is_glued = True
            finding = self._at(catalogue.DUPLICATE_KEY, place, message)
            self._findings.append(self._moved(finding))
        holder[key] = value

    def _tagged(self, event: Any) -> Any:  # noqa: ANN401  an event of yaml
        """A scalar with a tag of YAML's core, or text of a tag of its own."""
        if event.tag == "!":
            return event.value
        if event.tag.startswith(_CORE):
            return typed(event.value)
        raise self._refuse(event, f"tag {event.tag} is none of YAML's own")

    def _refuse(self, event: Any, message: str) -> InputError:  # noqa: ANN401  as above
        return InputError(
            self._at(catalogue.INVALID_YAML, event, f"Invalid YAML: {message}")
        )

    def _at(self, rule: Any, event: Any, message: str) -> Finding:  # noqa: ANN401
        mark = event.start_mark
        return Finding(rule, message, Span(self._path, mark.line + 1, mark.column + 1))


def _expanded(value: Any, sizes: dict[int, int]) -> int:  # noqa: ANN401  any value
    """How many nodes a value is when its aliases are written out."""
    if not isinstance(value, dict | list):
        return 1
    if id(value) not in sizes:
        children = value.values() if isinstance(value, dict) else value
        sizes[id(value)] = 1 + sum(_expanded(child, sizes) for child in children)
    return sizes[id(value)]
