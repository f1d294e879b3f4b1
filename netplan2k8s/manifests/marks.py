"""A YAML text to nodes that know at which character they begin."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from netplan2k8s.manifests.records import split
from netplan2k8s.manifests.scalars import key_text, typed
from netplan2k8s.source import Loader


class Scalar(NamedTuple):
    """A scalar."""

    at: int
    value: str
    is_plain: bool


class Sequence(NamedTuple):
    """A sequence and its items."""

    at: int
    items: list[Any]


class Mapping(NamedTuple):
    """A mapping: keys and values in turn, in the order of the text."""

    at: int
    items: list[Any]


Node = Scalar | Sequence | Mapping


def compose(text: str) -> Node | None:
    """The nodes of the first document; None for a text that is no YAML or says nothing.

    The text is one that was read before, so its depth and its aliases are known to be
    bearable.
    """
    try:
        loader = Loader(text)
        try:
            return _compose(loader.get_event)
        finally:
            loader.dispose()
    except yaml.YAMLError:
        return None


def _compose(next_event: Any) -> Node | None:  # noqa: ANN401  a method of yaml
    root: list[Any] = []
    stack = [root]
    anchors: dict[str, Any] = {}
    while True:
        event = next_event()
        kind = type(event)
        if kind is yaml.AliasEvent:
            stack[-1].append(anchors.get(event.anchor))
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            stack.pop()
        elif kind is yaml.DocumentEndEvent or kind is yaml.StreamEndEvent:
            return root[0] if root else None
        else:
            node = _node(event)
            if node is None:
                continue
            stack[-1].append(node)
            if event.anchor is not None:
                anchors[event.anchor] = node
            if kind is not yaml.ScalarEvent:
                stack.append(node.items)


def _node(event: Any) -> Any:  # noqa: ANN401  an event of yaml, a node
    start = event.start_mark.index
    if isinstance(event, yaml.ScalarEvent):
        return Scalar(start, event.value, event.implicit[0])
    if isinstance(event, yaml.MappingStartEvent):
        return Mapping(start, [])
    return Sequence(start, []) if isinstance(event, yaml.SequenceStartEvent) else None


def child(node: Node | None, step: str | int) -> tuple[Node | None, Node | None]:
    """The key and the value that a step leads to, None for what is not written."""
    if isinstance(node, Sequence):
        if isinstance(step, int) and 0 <= step < len(node.items):
            return None, node.items[step]
    elif isinstance(node, Mapping) and isinstance(step, str):
        return _member(node, step)
    return None, None


def _member(node: Mapping, step: str) -> tuple[Node | None, Node | None]:
    """The last member of a name, else one that ``<<`` brings."""
    found: tuple[Node | None, Node | None] = (None, None)
    merged: list[Mapping] = []
    for key, value in zip(node.items[0::2], node.items[1::2], strict=True):
        if not isinstance(key, Scalar):
            continue
        if key.value == step or (key.is_plain and key_text(typed(key.value)) == step):
            found = key, value
        elif key.is_plain and key.value == "<<":
            parts = value.items if isinstance(value, Sequence) else [value]
            merged += [part for part in parts if isinstance(part, Mapping)]
    if found[1] is None:
        brought = (_member(part, step) for part in merged)
        found = next((pair for pair in brought if pair[1] is not None), found)
    return found


class Extent(NamedTuple):
    """A scalar from its first character to its end; ``content`` is behind its header.

    Only a block scalar has a header, and a comment may stand there.
    """

    start: int
    content: int
    end: int


def extents(text: str) -> list[Extent]:
    """The scalars of a document as far as it is YAML; a long list counts as one."""
    cut = split(text)
    found = [Extent(t.start, t.start, t.end) for t in cut.lists.values()]
    for event in _scalar_events(cut.text):
        if event.value in cut.lists:
            continue
        start, end = event.start_mark.index, event.end_mark.index
        content = start
        if event.style in ("|", ">"):
            content = cut.text.find("\n", start, end) + 1 or end
        found.append(Extent(*map(cut.original, (start, content, end))))
    return sorted(found)


def _scalar_events(text: str) -> Iterator[Any]:
    loader = Loader(text)
    try:
        while (event := loader.get_event()) is not None:
            if isinstance(event, yaml.ScalarEvent):
                yield event
    except yaml.YAMLError:
        return
    finally:
        loader.dispose()
