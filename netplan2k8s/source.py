"""YAML text to nodes that keep their text: nothing is typed, nothing is forgotten.

A scalar is a ``str``, a sequence a ``list``, a mapping a ``Mapping``: a list of
alternating keys and values, so that repeated keys survive. With marks every node
also knows its place; whoever reads nodes need not care which of the two it got.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import yaml

from netplan2k8s import catalogue
from netplan2k8s.findings import Finding, InputError, Rule, Span

MAX_DEPTH = 64
MAX_EXPANDED_NODES = 1_000_000

Loader: Any
try:
    from yaml.cyaml import CParser as Loader  # type: ignore[attr-defined]
except ImportError:
    # Without libyaml; differs from it in rare places (tabs, %YAML 1.3, error texts).
    from yaml import BaseLoader as Loader

_ScalarEvent = yaml.ScalarEvent
_MappingStart, _MappingEnd = yaml.MappingStartEvent, yaml.MappingEndEvent
_SequenceStart, _SequenceEnd = yaml.SequenceStartEvent, yaml.SequenceEndEvent


class Mapping(list["Node"]):
    """A mapping as a flat list: key, value, key, value, in the order of the text."""

    __slots__ = ()


Node: TypeAlias = "str | list[Any] | Mapping"
Parse: TypeAlias = "Callable[[bytes, str], Node | None]"


class MarkedScalar(str):
    """A scalar that knows its place."""

    __slots__ = ("span",)
    span: Span


class MarkedSequence(list[Any]):
    """A sequence that knows its place."""

    __slots__ = ("span",)
    span: Span


class MarkedMapping(Mapping):
    """A mapping that knows its place."""

    __slots__ = ("span",)
    span: Span


def span_of(node: object) -> Span | None:
    """Where a node stands, None for one that was read without marks."""
    return getattr(node, "span", None)


def first_span(value: object) -> Span | None:
    """The place of a value, or of the first text within it."""
    if isinstance(value, dict):
        value = next(iter(value.values()), None)
    if isinstance(value, list):
        return first_span(value[0]) if value else None
    return span_of(value)


def marked(text: str, like: object) -> str:
    """The text at the place of another node."""
    span = span_of(like)
    return text if span is None else _mark(MarkedScalar(text), span)


def parse(
    data: bytes, path: str, *, marks: bool = False, max_depth: int = MAX_DEPTH
) -> Node | None:
    """Read the first document of a YAML text; None where there is none.

    Raises:
        InputError: NK020 for text that is no YAML, NK021 for nesting over 64 levels
            (or ``max_depth``),
            NK022 for aliases that expand to over a million nodes.
    """
    try:
        loader = Loader(data)
        try:
            return _build(loader.get_event, path, marks=marks, max_depth=max_depth)
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        raise InputError(yaml_finding(error, path)) from error


def _build(  # noqa: C901  one loop, since calls cost
    next_event: Any,  # noqa: ANN401
    path: str,
    *,
    marks: bool,
    max_depth: int,
) -> Node | None:
    """Make nodes of the events up to the end of the first document.

    One loop without calls, since a fleet has a hundred thousand events a second.
    """
    current: list[Any] = []
    root = current
    stack: list[list[Any]] = []
    anchors: dict[str, Any] = {}
    aliased: list[Any] = []
    while True:
        event = next_event()
        kind = type(event)
        if kind is _ScalarEvent:
            node: Any = event.value
            if marks:
                node = _mark(MarkedScalar(node), _span(event, path))
            current.append(node)
            if event.anchor is not None:
                _anchor(anchors, event, node, path)
        elif kind is _MappingStart or kind is _SequenceStart:
            node = _collection(event, path, marks=marks)
            current.append(node)
            if event.anchor is not None:
                _anchor(anchors, event, node, path)
            stack.append(current)
            if len(stack) > max_depth:
                message = (
                    f"nested over {max_depth} levels deep; no file of this kind has 20"
                )
                raise _refuse(catalogue.DEEP_NESTING, message, event, path)
            current = node
        elif kind is _MappingEnd or kind is _SequenceEnd:
            current = stack.pop()
        elif kind is yaml.AliasEvent:
            node = _resolve(anchors, event, path)
            current.append(node)
            aliased.append(node)
            _limit(aliased, event, path)
        elif kind is yaml.DocumentEndEvent:
            return root[0]  # type: ignore[no-any-return]
        elif kind is yaml.StreamEndEvent:
            return None


def _collection(event: Any, path: str, *, marks: bool) -> list[Any]:  # noqa: ANN401
    if type(event) is _MappingStart:
        return _mark(MarkedMapping(), _span(event, path)) if marks else Mapping()
    return _mark(MarkedSequence(), _span(event, path)) if marks else []


_T = TypeVar("_T")


def _mark(node: _T, span: Span) -> _T:
    node.span = span  # type: ignore[attr-defined]
    return node


def _span(event: Any, path: str) -> Span:  # noqa: ANN401
    mark = event.start_mark
    return Span(path, mark.line + 1, mark.column + 1)


def _anchor(anchors: dict[str, Any], event: Any, node: Any, path: str) -> None:  # noqa: ANN401
    if event.anchor in anchors:
        message = f"Invalid YAML: anchor '{event.anchor}' is defined a second time"
        raise _refuse(catalogue.INVALID_YAML, message, event, path)
    anchors[event.anchor] = node


def _resolve(anchors: dict[str, Any], event: Any, path: str) -> Any:  # noqa: ANN401
    if event.anchor not in anchors:
        message = (
            f"Invalid YAML: alias '*{event.anchor}' has no anchor; quote a text that"
            " begins with *"
        )
        raise _refuse(catalogue.INVALID_YAML, message, event, path)
    return anchors[event.anchor]


def _limit(aliased: list[Any], event: Any, path: str) -> None:  # noqa: ANN401
    """Refuse a document whose aliases would be visited a million times over."""
    sizes: dict[int, int] = {}
    if sum(_size(node, sizes) for node in aliased) > MAX_EXPANDED_NODES:
        message = f"aliases expand to over {MAX_EXPANDED_NODES} nodes; write them out"
        raise _refuse(catalogue.ALIAS_EXPANSION, message, event, path)


def _size(node: Any, sizes: dict[int, int]) -> int:  # noqa: ANN401
    """How many nodes a node expands to; an alias to its own parent counts once."""
    if isinstance(node, str):
        return 1
    if id(node) not in sizes:
        sizes[id(node)] = 1
        sizes[id(node)] = 1 + sum(_size(child, sizes) for child in node)
    return sizes[id(node)]


def _refuse(rule: Rule, message: str, event: Any, path: str) -> InputError:  # noqa: ANN401
    return InputError(Finding(rule, message, _span(event, path)))


def yaml_finding(error: yaml.YAMLError, path: str) -> Finding:
    """What libyaml says of a text, as a finding at its place."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        span = Span(path, mark.line + 1, mark.column + 1)
        what = error.problem or error.context or "cannot be read"
        if "cannot start any token" in what:
            what += (
                "; indent with blanks, not tabs, and quote a text that begins with @"
            )
        return Finding(catalogue.INVALID_YAML, f"Invalid YAML: {what}", span)
    reason = getattr(error, "reason", None) or str(error).split("\n", 1)[0]
    position = getattr(error, "position", None)
    place = f" at byte {position}" if isinstance(position, int) else ""
    message = f"Invalid YAML: {reason}{place}; the text must be UTF-8"
    return Finding(catalogue.INVALID_YAML, message, Span(path, 1, 1))
