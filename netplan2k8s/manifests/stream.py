"""A file's bytes to the texts of its documents, split where kubectl splits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from netplan2k8s.catalogue import INVALID_YAML
from netplan2k8s.findings import Finding, Span

_BREAK = re.compile("\r\n?")
_MARK = "---"
_BYTE_ORDER_MARK = "\ufeff"
_EMPTY = ("", _MARK)
_SHOWN = 30


class Chunk(NamedTuple):
    """A document: the character and the line (both from 0) where it begins."""

    offset: int
    line: int
    text: str


def decoded(data: bytes, path: str, findings: list[Finding]) -> str | None:
    """The text of a file, its lines ended by line feeds alone.

    None where it is no text, which is a finding (NK020).
    """
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        message = (
            f"is no {encoding[:6].rstrip('-').upper()} at byte {error.start}; a"
            " manifest is text"
        )
        line = data.count(b"\n", 0, error.start) + 1
        findings.append(Finding(INVALID_YAML, message, Span(path, line, 1)))
        return None
    return _BREAK.sub("\n", text) if "\r" in text else text


def chunks(text: str, path: str, findings: list[Finding]) -> Iterator[Chunk]:
    """The documents of a stream that say something.

    A line of three dashes divides them; behind these kubectl takes a comment alone, and
    what is there is a finding (NK020).
    """
    start = line = 0
    for at in _marks(text):
        end = text.find("\n", at)
        rest = text[at + 3 : end if end >= 0 else None].strip()
        is_comment = rest[:1] == "#"
        if rest and not is_comment:
            number = line + text.count("\n", start, at) + 1
            findings.append(_refusal(rest, Span(path, number, 1)))
            if text[at + 3] not in " \t":
                continue
        chunk = Chunk(start, line, text[start:at])
        if chunk.text.strip() not in _EMPTY:
            yield chunk
        line += chunk.text.count("\n")
        # libyaml wants a blank between the dashes and a comment.
        start = at + 3 if is_comment else at
        if text[end + 1 : end + 2] == _BYTE_ORDER_MARK and end >= 0:
            start, line = end + 2, line + 1
    chunk = Chunk(start, line, text[start:])
    if chunk.text.strip() not in _EMPTY:
        yield chunk


def _refusal(rest: str, span: Span) -> Finding:
    message = (
        f"Invalid YAML: kubectl takes no {rest[:_SHOWN]!r} behind ---; put it on the"
        " next line"
    )
    return Finding(INVALID_YAML, message, span)


def _marks(text: str) -> Iterator[int]:
    """Where lines begin with three dashes."""
    if text.startswith(_MARK):
        yield 0
    at = 0
    while (at := text.find(f"\n{_MARK}", at) + 1) > 0:
        yield at
