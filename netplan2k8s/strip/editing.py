"""Entries cut out of a YAML text, put into it or changed, and all else as it was.

A text that is written in a way in which an entry cannot be told from the rest is
refused, not guessed at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from netplan2k8s.strip import blocks, braces
from netplan2k8s.strip.changes import BREAK, Change, Edit, UnusualError
from netplan2k8s.strip.syntax import Kind, Piece, walk

_PLAIN = re.compile(r"[A-Za-z0-9_./]([A-Za-z0-9_./:+-]*[A-Za-z0-9_./+-])?")


def edited(
    text: str, root: Piece, anchors: dict[str, Piece], changes: Iterable[Change]
) -> str:
    """The text with all changes made.

    Raises:
        UnusualError: an entry is written in a way that cannot be cut out by itself.
    """
    edits = [edit for change in changes for edit in _edits(text, change)]
    edits += _moved_anchors(root, anchors, edits)
    edits.sort(key=lambda edit: (edit.start, edit.end))
    for one, other in pairwise(edits):
        if other.start < one.end:
            message = (
                "an anchor shares what goes with something that keeps a part of it;"
                " write it out in both places"
            )
            raise UnusualError(message, other.start)
    pieces, at = [], 0
    for edit in edits:
        pieces += [text[at : edit.start], edit.text]
        at = edit.end
    return _ended_alike("".join([*pieces, text[at:]]), text)


def _ended_alike(new: str, old: str) -> str:
    """Without a break at the end where there was none."""
    if BREAK.search(old[-1:]):
        return new
    found = re.search(rf"(?:{BREAK.pattern})\Z", new)
    return new[: found.start()] if found else new


def _edits(text: str, change: Change) -> Iterator[Edit]:
    for number, value in change.values.items():
        yield blocks.new_value(text, *change.piece.entries()[number], value)
    if change.cuts:
        form = braces if change.piece.is_flow else blocks
        yield from form.edits(text, change)


def _moved_anchors(
    root: Piece, anchors: dict[str, Piece], edits: Sequence[Edit]
) -> Iterator[Edit]:
    """What an anchor stood for, put where it is first used of those that stay."""
    gone = {name for name, piece in anchors.items() if _is_cut(piece, edits)}
    if not gone:
        return
    for piece in walk(root):
        if piece.kind is not Kind.ALIAS or piece.value not in gone:
            continue
        if not _is_cut(piece, edits):
            text = _written(anchors[piece.value], anchors, gone)
            yield Edit(piece.start, piece.end, text)


def _is_cut(piece: Piece, edits: Iterable[Edit]) -> bool:
    return any(edit.start <= piece.start and piece.end <= edit.end for edit in edits)


def _scalar(text: str) -> str:
    """As JSON has it where it is not plain, but in UTF-8: YAML has no surrogates."""
    if _PLAIN.fullmatch(text):
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _written(piece: Piece, anchors: dict[str, Piece], gone: set[str]) -> str:
    """A piece between braces; it takes its anchor along, once."""
    if piece.kind is Kind.ALIAS:
        if piece.value not in gone:
            return f"*{piece.value}"
        return _written(anchors[piece.value], anchors, gone)
    head = ""
    if piece.anchor in gone:
        gone.remove(piece.anchor)
        head = f"&{piece.anchor} "
    if piece.kind is Kind.SCALAR:
        return head + _scalar(piece.value)
    texts = [_written(item, anchors, gone) for item in piece.items]
    if piece.kind is Kind.SEQUENCE:
        return f"{head}[{', '.join(texts)}]"
    pairs = zip(texts[::2], texts[1::2], strict=True)
    return f"{head}{{{', '.join(f'{key}: {value}' for key, value in pairs)}}}"
