"""YAML text as pieces that know where they begin and end, to be edited in place.

``source`` reads what a text means; this reads how it is written.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from netplan2k8s.source import Loader


class Kind(enum.Enum):
    """What a piece is; an alias stands for the piece with its anchor."""

    SCALAR = enum.auto()
    SEQUENCE = enum.auto()
    MAPPING = enum.auto()
    ALIAS = enum.auto()


@dataclass(slots=True, eq=False)
class Piece:
    """A node of a text.

    ``start`` is the index of its first character, anchor and tag included; ``end`` that
    behind its last, without what follows it on the line. ``value`` is a scalar's text
    or an alias's name. ``items`` of a mapping alternate keys and values.
    """

    kind: Kind
    start: int
    end: int
    value: str = ""
    anchor: str = ""
    is_flow: bool = False
    items: list[Piece] = field(default_factory=list)

    def entries(self) -> list[tuple[Piece, Piece]]:
        """The keys of a mapping with their values, in order, repeats included."""
        return list(zip(self.items[::2], self.items[1::2], strict=True))


def parse(text: str) -> tuple[Piece | None, dict[str, Piece]]:
    """The first document of a text that ``source.parse`` takes, and its anchors."""
    loader = Loader(text)
    try:
        return _build(loader)
    finally:
        loader.dispose()


def walk(piece: Piece) -> Iterator[Piece]:
    """A piece and all below it, in the order of the text."""
    waiting = [piece]
    while waiting:
        here = waiting.pop()
        yield here
        waiting.extend(reversed(here.items))


def _build(loader: Any) -> tuple[Piece | None, dict[str, Piece]]:  # noqa: ANN401
    root = Piece(Kind.SEQUENCE, 0, 0)
    open_pieces = [root]
    anchors: dict[str, Piece] = {}
    while True:
        event = loader.get_event()
        kind = type(event)
        if kind in (yaml.DocumentEndEvent, yaml.StreamEndEvent):
            return (root.items[0] if root.items else None), anchors
        if kind in (yaml.MappingEndEvent, yaml.SequenceEndEvent):
            _close(open_pieces.pop(), event.end_mark.index)
        elif kind in _KINDS:
            piece = _piece(event, _KINDS[kind])
            open_pieces[-1].items.append(piece)
            if piece.anchor:
                anchors[piece.anchor] = piece
            if piece.kind in (Kind.MAPPING, Kind.SEQUENCE):
                open_pieces.append(piece)


_KINDS = {
    yaml.ScalarEvent: Kind.SCALAR,
    yaml.SequenceStartEvent: Kind.SEQUENCE,
    yaml.MappingStartEvent: Kind.MAPPING,
    yaml.AliasEvent: Kind.ALIAS,
}


def _piece(event: Any, kind: Kind) -> Piece:  # noqa: ANN401  an event of any parser
    start, end = event.start_mark.index, event.end_mark.index
    if kind is Kind.ALIAS:
        return Piece(kind, start, end, event.anchor)
    piece = Piece(kind, start, end, anchor=event.anchor or "")
    if kind is Kind.SCALAR:
        piece.value = event.value
    else:
        piece.is_flow = bool(event.flow_style)
    return piece


def _close(piece: Piece, end: int) -> None:
    """A block ends with its last item: the parser sees it end where the next begins."""
    piece.end = end if piece.is_flow or not piece.items else piece.items[-1].end
