"""Wishes, in the manifests themselves, not to hear of some rules."""

from __future__ import annotations

import dataclasses
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from netplan2k8s.catalogue import INVALID_IGNORE, RULES, UNUSED_IGNORE
from netplan2k8s.findings import Finding, Layer, Span
from netplan2k8s.labels import IGNORE
from netplan2k8s.lint.choices import known_code
from netplan2k8s.lint.remarks import Remark
from netplan2k8s.manifests.places import Places
from netplan2k8s.manifests.reader import Document

_MARKER = "netplan2k8s:"
_FORM = re.compile(r"#[ \t]*netplan2k8s:[ \t]*ignore[ \t]*\[([^\]]*)\](.*)")
_ANNOTATED = re.compile(r"([^\s,]+(?:\s*,\s*[^\s,]+)*)\s*,?(?:\s+(.*))?", re.DOTALL)
_OF_HOSTS = (Layer.NETPLAN, Layer.INVENTORY, Layer.PROOF)


@dataclass(slots=True)
class Ignore:
    """A wish not to hear of some rules on some lines of a file.

    ``document`` is one that all lines are of; ``place`` finds where the wish stands,
    which costs more than the wish.
    """

    codes: tuple[str, ...]
    path: str
    lines: range
    place: Callable[[], Span]
    document: Document | None = None
    used: set[str] = field(default_factory=set)


# -- comments -------------------------------------------------------------------


def of_comments(path: str, data: bytes, findings: list[Finding]) -> Iterator[Ignore]:
    """The ignores of a file, a comment each: ``# netplan2k8s: ignore[NK450] reason``.

    Behind a value a comment is about its line; alone it is about the next line that is
    no comment. A text of several lines that begins there is meant as a whole, since no
    comment can stand in it.
    """
    if _MARKER.encode() not in data and data[:1] not in (b"\xff", b"\xfe"):
        return  # UTF-16 begins with one of these
    from netplan2k8s.lint.comments import Comments  # noqa: PLC0415  libyaml is late

    for comment in Comments(path, data).all(_MARKER):
        place = partial(Span, path, comment.line, comment.column)
        codes, wrong = _commented(comment.text)
        if wrong:
            findings.append(Finding(INVALID_IGNORE, wrong, place()))
        else:
            yield Ignore(codes, path, comment.about, place)


def _commented(text: str) -> tuple[tuple[str, ...], str]:
    found = _FORM.match(text)
    if found is None:
        wrong = "the comment is none of the form # netplan2k8s: ignore[NK450] reason"
        return (), wrong
    return _checked(found[1], found[2])


# -- annotations ----------------------------------------------------------------


def of_annotations(
    documents: Iterable[Document], findings: list[Finding]
) -> Iterator[Ignore]:
    """The ignores that stand as annotations of objects, each about all of one."""
    places = Places()
    for document in documents:
        values = document.metadata.get("annotations")
        value = values.get(IGNORE) if isinstance(values, dict) else None
        if not isinstance(value, str):
            continue

        place = partial(places.span, document, ("metadata", "annotations", IGNORE))
        codes, wrong = annotated(value)
        if wrong:
            findings.append(Finding(INVALID_IGNORE, wrong, place()))
        else:
            lines = _lines(document, places)
            whole = None if document.base else document
            yield Ignore(codes, document.path, lines, place, whole)


def annotated(value: str) -> tuple[tuple[str, ...], str]:
    """The codes of an annotation, as ``NK450, NK451 reason``, or what is wrong."""
    found = _ANNOTATED.fullmatch(value.strip())
    return _checked(*(found.groups("") if found else (value, "")))


def _checked(text: str, reason: str) -> tuple[tuple[str, ...], str]:
    words = [word.strip() for word in text.split(",") if word.strip()]
    codes = tuple(dict.fromkeys(map(known_code, words)))
    unknown = [word for word in words if known_code(word) not in RULES]
    if not codes:
        return (), "the ignore names no rule"
    if unknown:
        return (), f"the ignore names {unknown[0]}, which is no rule"
    if not reason.strip():
        return (), f"the ignore of {', '.join(codes)} has no reason behind it"
    return codes, ""


def _lines(document: Document, places: Places) -> range:
    """The lines of a document; of an item of a List those up to the next."""
    end = document.line + document.text.count("\n") + 2
    if not document.base:
        return range(document.line + 1, end)
    *way, number = document.base
    following = dataclasses.replace(document, base=(*way, int(number) + 1))
    start, stop = (places.span(item, ()).line for item in (document, following))
    return range(start, stop if stop > start else end)


# -- what they cover ------------------------------------------------------------


def without_hushed(
    remarks: Iterable[Remark], ignores: Sequence[Ignore]
) -> tuple[list[Remark], int]:
    """The remarks but those of a document that wants none of them; and how many.

    These need no place, which is found by reading the document once more. Where a file
    has other wishes as well, lines decide, as ``without_ignored`` does.
    """
    mixed = {ignore.path for ignore in ignores if ignore.document is None}
    by_document = {
        (ignore.path, ignore.document.line): ignore
        for ignore in ignores
        if ignore.document is not None and ignore.path not in mixed
    }
    kept = []
    hushed = set()
    for remark in remarks:
        document, pointer = remark.spot
        key = document.path, document.line
        ignore = by_document.get(key)
        if ignore is None or remark.rule.code not in ignore.codes:
            kept.append(remark)
        else:
            ignore.used.add(remark.rule.code)
            hushed.add((key, pointer, remark.rule.code, remark.message))
    return kept, len(hushed)


def without_ignored(
    findings: Iterable[Finding], ignores: Sequence[Ignore]
) -> tuple[list[Finding], int]:
    """The findings that no ignore covers, with NK480 for idle ones; and how many do.

    An ignore of what only a comparison with the hosts finds is never idle, since most
    runs compare nothing.
    """
    by_line: dict[tuple[str, int], list[Ignore]] = defaultdict(list)
    of_many: dict[str, list[Ignore]] = defaultdict(list)
    for ignore in ignores:
        if ignore.document is not None:
            of_many[ignore.path].append(ignore)
        else:
            for line in ignore.lines:
                by_line[ignore.path, line].append(ignore)
    kept, count = [], 0
    for finding in findings:
        code = finding.rule.code
        span = finding.span
        here = (*by_line[span.path, span.line], *of_many[span.path])
        covering = [i for i in here if code in i.codes and span.line in i.lines]
        for ignore in covering:
            ignore.used.add(code)
        if covering:
            count += 1
        else:
            kept.append(finding)
    for ignore in ignores:
        idle = [
            code
            for code in ignore.codes
            if code not in ignore.used and RULES[code].layer not in _OF_HOSTS
        ]
        if idle:
            message = f"there is no {', '.join(idle)} to ignore here; take it out"
            kept.append(Finding(UNUSED_IGNORE, message, ignore.place()))
    return kept, count
