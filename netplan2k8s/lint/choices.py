"""What of the findings a user wants to see: selections, levels, ignores, baselines."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from netplan2k8s.catalogue import (
    ALIAS_EXPANSION,
    DEEP_NESTING,
    INVALID_IGNORE,
    INVALID_YAML,
    RULES,
    UNUSED_IGNORE,
)
from netplan2k8s.findings import Finding, Layer, Rule, Severity, Span, UsageError

BASELINE_VERSION = 1
_MARKER = "netplan2k8s:"
_FORM = re.compile(r"#[ \t]*netplan2k8s:[ \t]*ignore[ \t]*\[([^\]]*)\](.*)")
_ANNOTATED = re.compile(r"([^\s,]+(?:\s*,\s*[^\s,]+)*)\s*,?(?:\s+(.*))?", re.DOTALL)
_NAMES = {rule.name: rule.code for rule in RULES.values()}
_OF_HOSTS = (Layer.NETPLAN, Layer.INVENTORY, Layer.PROOF)
_UNREAD = (INVALID_YAML, DEEP_NESTING, ALIAS_EXPANSION)


@dataclass(frozen=True, slots=True)
class Choices:
    """What flags say: codes to select and to ignore, and levels by code.

    A code may be cut (``NK4``) or a rule's name.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severities: Mapping[str, Severity | None] = field(default_factory=dict)

    def apply(self, findings: Iterable[Finding]) -> list[Finding]:
        """The findings that were asked for, each as severe as was asked for."""
        kept = []
        for finding in findings:
            code = finding.rule.code
            if not self._wants(code):
                continue
            if code in self.severities:
                severity = self.severities[code]
                if severity is None:
                    continue
                rule = finding.rule.as_severe_as(severity)
                finding = dataclasses.replace(finding, rule=rule)  # noqa: PLW2901
            kept.append(finding)
        return kept

    def _wants(self, code: str) -> bool:
        """The longer code decides: --select NK450 --ignore NK4 leaves NK450.

        What could not be read was not judged, so --select alone never hides it.
        """
        ignored = max((len(c) for c in self.ignore if code.startswith(c)), default=0)
        selected = max((len(c) for c in self.select if code.startswith(c)), default=0)
        if ignored:
            return selected > ignored
        return not self.select or selected > 0 or _is_unread(RULES.get(code))


def _is_unread(rule: Rule | None) -> bool:
    if rule is None or rule.severity is not Severity.ERROR:
        return False
    return rule.layer is Layer.INPUT or rule in _UNREAD


def choices(
    select: Sequence[str], ignore: Sequence[str], severities: Sequence[str]
) -> Choices:
    """Read the flags.

    Raises:
        UsageError: a code that is none, or a level that is none.
    """
    levels: dict[str, Severity | None] = {}
    for text in severities:
        code, equals, level = text.partition("=")
        if not equals or level not in (*Severity, "off"):
            raise UsageError(
                f"--severity {text!r} is no CODE=LEVEL, as in NK450=warning; levels are"
                " error, warning, info, off"
            )
        levels[_code(code, is_whole=True)] = None if level == "off" else Severity(level)
    return Choices(_codes(select), _codes(ignore), levels)


def _codes(texts: Sequence[str]) -> tuple[str, ...]:
    words = (word.strip() for text in texts for word in text.split(","))
    return tuple(_code(word) for word in words if word)


def _code(text: str, *, is_whole: bool = False) -> str:
    code = _known(text)
    known = code in RULES or (
        not is_whole and any(other.startswith(code) for other in RULES)
    )
    if not code or not known:
        raise UsageError(f"{text!r} is no rule; `netplan2k8s rules` lists them")
    return code


def _known(text: str) -> str:
    """The code of a rule by its code or its name, in any case."""
    return _NAMES.get(text.lower(), text.upper())


# -- ignores in the manifests ---------------------------------------------------


@dataclass(slots=True)
class Ignore:
    """A wish not to hear of some rules on one line, or of one object."""

    codes: tuple[str, ...]
    span: Span
    lines: range
    used: set[str] = field(default_factory=set)


def comments(path: str, data: bytes, findings: list[Finding]) -> Iterator[Ignore]:
    """The ignores of a file, a comment each: ``# netplan2k8s: ignore[NK450] reason``.

    Behind a value a comment is about its line; alone it is about the next line that is
    no comment. A text of several lines that begins there is meant as a whole, since no
    comment can stand in it.
    """
    if _MARKER.encode() not in data and data[:1] not in (b"\xff", b"\xfe"):
        return  # UTF-16 begins with one of these
    from netplan2k8s.lint.comments import Comments  # noqa: PLC0415  libyaml is late

    for comment in Comments(path, data).all(_MARKER):
        found = _FORM.match(comment.text)
        span = Span(path, comment.line, comment.column)
        codes = _ignored(found, span, findings)
        if codes:
            yield Ignore(codes, span, comment.about)


def _ignored(
    found: re.Match[str] | None, span: Span, findings: list[Finding]
) -> tuple[str, ...]:
    if found is None:
        message = "the comment is none of the form # netplan2k8s: ignore[NK450] reason"
        findings.append(Finding(INVALID_IGNORE, message, span))
        return ()
    return _checked(found[1], found[2], span, findings)


def annotated(
    value: str, span: Span, lines: range, findings: list[Finding]
) -> Ignore | None:
    """An object's annotation: codes with commas between, a blank, the reason."""
    found = _ANNOTATED.fullmatch(value.strip())
    text, reason = found.groups("") if found else (value, "")
    codes = _checked(text, reason, span, findings)
    return Ignore(codes, span, lines) if codes else None


def _checked(
    text: str, reason: str, span: Span, findings: list[Finding]
) -> tuple[str, ...]:
    words = [word.strip() for word in text.split(",") if word.strip()]
    codes = tuple(dict.fromkeys(map(_known, words)))
    unknown = [word for word in words if _known(word) not in RULES]
    message = ""
    if not codes:
        message = "the ignore names no rule"
    elif unknown:
        message = f"the ignore names {unknown[0]}, which is no rule"
    elif not reason.strip():
        message = f"the ignore of {', '.join(codes)} has no reason behind it"
    if message:
        findings.append(Finding(INVALID_IGNORE, message, span))
        return ()
    return codes


def without_ignored(
    findings: Iterable[Finding], ignores: Sequence[Ignore]
) -> tuple[list[Finding], int]:
    """The findings that no ignore covers, with NK480 for idle ones; and how many do.

    An ignore of what only a comparison with the hosts finds is never idle, since most
    runs compare nothing.
    """
    by_line: dict[tuple[str, int], list[Ignore]] = defaultdict(list)
    for ignore in ignores:
        for line in ignore.lines:
            by_line[ignore.span.path, line].append(ignore)
    kept, count = [], 0
    for finding in findings:
        code = finding.rule.code
        span = finding.span
        covering = [
            ignore
            for ignore in by_line.get((span.path, span.line), ())
            if code in ignore.codes
        ]
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
            kept.append(Finding(UNUSED_IGNORE, message, ignore.span))
    return kept, count


# -- baselines ------------------------------------------------------------------


def fingerprint(finding: Finding) -> str:
    """What stays the same of a finding when lines move."""
    path = os.path.normpath(finding.span.path).replace(os.sep, "/")
    text = f"{finding.rule.code}\0{path}\0{finding.message}"
    import hashlib  # noqa: PLC0415  baselines and reports alone

    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:24]


def fingerprints(findings: Iterable[Finding]) -> list[str]:
    """The fingerprints of a run's findings: what is said twice has two."""
    counts: Counter[str] = Counter()
    marks = []
    for finding in findings:
        mark = fingerprint(finding)
        counts[mark] += 1
        marks.append(mark if counts[mark] == 1 else f"{mark}-{counts[mark]}")
    return marks


def baseline_text(findings: Iterable[Finding]) -> str:
    """The findings of today, for a later run to leave out."""
    listed = list(findings)
    rows = sorted(
        (finding.span.path, finding.rule.code, finding.message, mark)
        for finding, mark in zip(listed, fingerprints(listed), strict=True)
    )
    body = {
        "schemaVersion": BASELINE_VERSION,
        "findings": [
            {"path": path, "code": code, "message": message, "fingerprint": mark}
            for path, code, message, mark in rows
        ],
    }
    return json.dumps(body, indent=2) + "\n"


def read_baseline(text: str, path: str) -> frozenset[str]:
    """The fingerprints of a baseline.

    Raises:
        UsageError: it is none.
    """
    refusal = UsageError(f"{path} is no baseline; --write-baseline writes one")
    try:
        body = json.loads(text)
        version = body["schemaVersion"]
        marks = frozenset(str(item["fingerprint"]) for item in body["findings"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise refusal from error
    if version != BASELINE_VERSION:
        raise refusal
    return marks


def without_known(
    findings: Iterable[Finding], known: frozenset[str]
) -> tuple[list[Finding], int]:
    """The findings that a baseline does not have, and how many it has."""
    listed = list(findings)
    if not known:
        return listed, 0
    marks = fingerprints(listed)
    kept = [f for f, mark in zip(listed, marks, strict=True) if mark not in known]
    return kept, len(listed) - len(kept)
