"""The events of one document to plain values, typed as kubectl types them."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from netplan2k8s import catalogue
from netplan2k8s.findings import Finding, InputError, Rule, Span
from netplan2k8s.manifests.json_text import MAX_DEPTH
from netplan2k8s.manifests.scalars import Scalar, key_text, typed
from netplan2k8s.source import MAX_EXPANDED_NODES, Loader, yaml_finding

_CORE = "tag:yaml.org,2002:"
_TYPES: dict[str, tuple[type, ...]] = {
    "null": (type(None),),
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
}
_DIRECTIVE = re.compile(r"^%\S+", re.MULTILINE)
_UNPRINTABLE = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)
_IDLE = re.compile(r"(?:\s|#[^\n]*)*")
_MERGE = object()
"""Stands for the key ``<<``."""


class _Size(NamedTuple):
    """What a value is when its aliases are written out; it is kept for its id."""

    value: Any
    nodes: int
    depth: int


class Builder:
    """Makes plain values of the events of one chunk."""

    def __init__(
        self, chunk: str, line: int, path: str, findings: list[Finding]
    ) -> None:
        self._chunk = chunk
        self._line = line
        self._path = path
        self._findings = findings
        self._glued: set[str] | None = None
        self._sizes: dict[int, _Size] = {}
        self._merged: dict[int, set[str]] = {}
        self._aliased = 0

    def bodies(self) -> Iterator[Any]:
        """The document of the chunk, none where it is no YAML."""
        made: list[Any] = []
        try:
            loader = Loader(self._chunk)
            try:
                self._build(loader.get_event, made)
            finally:
                loader.dispose()
        except yaml.YAMLError as error:
            self._findings.append(self._moved(self._explained(error)))
        except InputError as error:
            self._findings.extend(map(self._moved, error.findings))
        else:
            if self._glued is None:
                yield from made

    def _moved(self, finding: Finding) -> Finding:
        span = finding.span
        moved = Span(span.path, span.line + self._line, span.column)
        return Finding(finding.rule, finding.message, moved)

    def _explained(self, error: yaml.YAMLError) -> Finding:
        """What libyaml says, or what is behind it."""
        found = _UNPRINTABLE.search(self._chunk)
        if found is not None:
            message = f"YAML has no character U+{ord(found[0]):04X}"
            return self._finding(found.start(), message)
        found = _DIRECTIVE.search(self._chunk)
        if found is not None:
            return self._finding(
                found.start(), f"kubectl takes no {found[0]} directive; take it out"
            )
        finding = yaml_finding(error, self._path)
        if "nesting depth" in finding.message:  # libyaml has a limit of its own
            message = f"nested over {MAX_DEPTH} levels deep"
            return Finding(catalogue.DEEP_NESTING, message, finding.span)
        return finding

    def _finding(self, offset: int, message: str) -> Finding:
        line = self._chunk.count("\n", 0, offset) + 1
        column = offset - self._chunk.rfind("\n", 0, offset)
        span = Span(self._path, line, column)
        return Finding(catalogue.INVALID_YAML, f"Invalid YAML: {message}", span)

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
        while True:
            event = next_event()
            kind = type(event)
            if kind is yaml.ScalarEvent:
                value: Any = event.value
                if event.tag is not None:
                    value = self._tagged(event)
                elif event.implicit[0]:
                    value = typed(value)
                    if value.__class__ is float:
                        self._refuse_infinite(value, event)
                if event.anchor is not None:
                    anchors[event.anchor] = value
            elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                value = {} if kind is yaml.MappingStartEvent else []
                if event.anchor is not None:
                    anchors[event.anchor] = value
                if current.__class__ is list:
                    current.append(value)
                elif key is None:
                    raise self._refusal(event, "a key must be text")
                elif key[0] is not _MERGE:
                    self._put(current, key, value)
                stack.append((current, key))
                if len(stack) > MAX_DEPTH:
                    raise self._deep(event)
                current, key = value, None
                continue
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                value = current
                current, key = stack.pop()
                if key is not None:
                    if key[0] is _MERGE:
                        self._merge(current, value, key[1])
                    key = None
                continue
            elif kind is yaml.AliasEvent:
                value = self._resolved(event, anchors, stack, current)
            elif kind is yaml.DocumentEndEvent and event.explicit:
                self._end(event.end_mark.index)
                return
            elif kind is yaml.DocumentStartEvent and made:
                self._end(event.start_mark.index)
                return
            elif kind is yaml.StreamEndEvent:
                return
            else:
                continue
            if current.__class__ is list:
                current.append(value)
            elif key is None:
                key = (self._key(value, event), event)
            elif key[0] is _MERGE:
                self._merge(current, value, key[1])
                key = None
            else:
                self._put(current, key, value)
                key = None

    def _end(self, offset: int) -> None:
        """What stands behind the end of a document is read by nobody."""
        rest = _IDLE.match(self._chunk, offset)
        at = rest.end() if rest else offset
        if at < len(self._chunk):
            message = (
                "kubectl reads the file up to here only; begin the next object with a"
                " line ---"
            )
            self._findings.append(self._moved(self._finding(at, message)))

    def _key(self, value: Any, event: Any) -> Any:  # noqa: ANN401  an event of yaml
        """A key as JSON has it: text, whatever YAML made of it."""
        if value == "<<" and type(event) is yaml.ScalarEvent and event.implicit[0]:
            return _MERGE
        text = key_text(value)
        if text is None:
            raise self._refusal(event, "a key must be text")
        return text

    def _put(self, holder: Any, key: tuple[str, Any], value: Any) -> None:  # noqa: ANN401
        name, place = key
        if name in holder:
            merged = self._merged.get(id(holder), set())
            if name in merged:
                merged.remove(name)
            else:
                self._repeated(name, place)
        holder[name] = value

    def _repeated(self, name: str, place: Any) -> None:  # noqa: ANN401  an event of yaml
        """A second key, which may be where a second object begins."""
        is_root = place.start_mark.column == 0
        message = f"key {name} is here a second time; kubectl keeps the last"
        if is_root and self._glued is not None and name not in self._glued:
            self._glued.add(name)  # part of the object that was reported
            return
        if is_root and name in ("apiVersion", "kind"):
            message += "; a second object needs a line --- before it"
            self._glued = {name}
        finding = self._at(catalogue.DUPLICATE_KEY, place, message)
        self._findings.append(self._moved(finding))

    def _merge(self, holder: Any, value: Any, place: Any) -> None:  # noqa: ANN401
        """``<<`` as go-yaml v2 does it: over the keys before it, below those behind."""
        parts = value if isinstance(value, list) else [value]
        if not all(isinstance(part, dict) for part in parts):
            raise self._refusal(place, "<< takes a mapping")
        for part in reversed(parts):
            holder.update(part)
            self._merged.setdefault(id(holder), set()).update(part)

    # -- scalars and aliases ------------------------------------------------------

    def _tagged(self, event: Any) -> Scalar:  # noqa: ANN401  an event of yaml
        """A scalar with a tag: one of YAML's types, else text."""
        name = event.tag.removeprefix(_CORE) if event.tag.startswith(_CORE) else ""
        if name == "binary":
            try:
                data = base64.b64decode(event.value, validate=True)
            except ValueError as error:
                raise self._refusal(event, "!!binary holds no base64") from error
            return data.decode("utf-8", "replace")
        if name not in _TYPES:
            return str(event.value)
        value = typed(event.value)
        if not isinstance(value, _TYPES[name]) or (
            name != "bool" and isinstance(value, bool)
        ):
            raise self._refusal(event, f"{event.value!r} is no !!{name}")
        if isinstance(value, float):
            self._refuse_infinite(value, event)
        return value

    def _refuse_infinite(self, value: float, event: Any) -> None:  # noqa: ANN401
        if value - value != 0:  # infinite or no number
            message = f"kubectl takes no {event.value}, which JSON has not; quote it"
            raise self._refusal(event, message)

    def _resolved(
        self,
        event: Any,  # noqa: ANN401  an event of yaml
        anchors: dict[str, Any],
        stack: list[Any],
        current: Any,  # noqa: ANN401  any value
    ) -> Any:  # noqa: ANN401  any value
        """What an alias stands for."""
        if event.anchor not in anchors:
            raise self._refusal(event, f"alias *{event.anchor} has no anchor")
        value = anchors[event.anchor]
        if any(value is holder for holder, _ in (*stack, (current, None))):
            raise self._refusal(event, f"alias *{event.anchor} is its own part")
        size = self._size(value)
        if len(stack) + size.depth > MAX_DEPTH:
            raise self._deep(event)
        self._aliased += size.nodes
        if self._aliased > MAX_EXPANDED_NODES:
            message = f"aliases expand to over {MAX_EXPANDED_NODES} nodes"
            raise InputError(self._at(catalogue.ALIAS_EXPANSION, event, message))
        return value

    def _size(self, value: Any) -> _Size:  # noqa: ANN401  any value
        if not isinstance(value, dict | list):
            return _Size(value, 1, 0)
        known = self._sizes.get(id(value))
        if known is None:
            inner = value.values() if isinstance(value, dict) else value
            sizes = [self._size(child) for child in inner]
            nodes = 1 + sum(size.nodes for size in sizes)
            depth = 1 + max((size.depth for size in sizes), default=0)
            known = self._sizes[id(value)] = _Size(value, nodes, depth)
        return known

    # -- findings -----------------------------------------------------------------

    def _deep(self, event: Any) -> InputError:  # noqa: ANN401  an event of yaml
        message = f"nested over {MAX_DEPTH} levels deep"
        return InputError(self._at(catalogue.DEEP_NESTING, event, message))

    def _refusal(self, event: Any, message: str) -> InputError:  # noqa: ANN401  as above
        text = f"Invalid YAML: {message}"
        return InputError(self._at(catalogue.INVALID_YAML, event, text))

    def _at(self, rule: Rule, event: Any, message: str) -> Finding:  # noqa: ANN401
        mark = event.start_mark
        return Finding(rule, message, Span(self._path, mark.line + 1, mark.column + 1))
