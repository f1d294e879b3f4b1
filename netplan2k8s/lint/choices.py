"""What of the findings a user wants to see: selections, levels, ignores, baselines."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from netplan2k8s.catalogue import INVALID_IGNORE, RULES, UNUSED_IGNORE
from netplan2k8s.findings import Finding, Severity, Span, UsageError

ANNOTATION = "netplan2k8s.io/ignore"
BASELINE_VERSION = 1
_COMMENT = re.compile(r"#\s*netplan2k8s:\s*(\w+)?(.*)$")
_CODES = re.compile(r"\s*\[([^\]]*)\]\s*(.*)$")
_NAMES = {rule.name: rule.code for rule in RULES.values()}


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
            if self.select and not code.startswith(self.select):
                continue
            if self.ignore and code.startswith(self.ignore):
                continue
            if code in self.severities:
                severity = self.severities[code]
                if severity is None:
                    continue
                rule = finding.rule.as_severe_as(severity)
                finding = dataclasses.replace(finding, rule=rule)  # noqa: PLW2901
            kept.append(finding)
        return kept


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
    code = _NAMES.get(text, text.upper())
    known = code in RULES or (
        not is_whole and any(other.startswith(code) for other in RULES)
    )
    if not code or not known:
        raise UsageError(f"{text!r} is no rule; `netplan2k8s rules` lists them")
    return code


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

    Behind a value a comment is about its line, alone about the next.
    """
    if b"netplan2k8s:" not in data:
        return
    lines = data.decode("utf-8", "replace").splitlines()
    for number, line in enumerate(lines, 1):
        found = _COMMENT.search(line)
        if found is None:
            continue
        span = Span(path, number, found.start() + 1)
        codes = _ignored(found, span, findings)
        if codes:
            stands_alone = not line[: found.start()].strip()
            about = number + stands_alone
            yield Ignore(codes, span, range(about, about + 1))


def _ignored(
    found: re.Match[str], span: Span, findings: list[Finding]
) -> tuple[str, ...]:
    rest = _CODES.match(found[2])
    if found[1] != "ignore" or rest is None:
        message = "the comment is none of the form # netplan2k8s: ignore[NK450] reason"
        findings.append(Finding(INVALID_IGNORE, message, span))
        return ()
    return _checked(rest[1], rest[2], span, findings)


def annotated(
    value: str, span: Span, lines: range, findings: list[Finding]
) -> Ignore | None:
    """An object's annotation: codes with commas between, a blank, the reason."""
    text, _, reason = value.strip().partition(" ")
    codes = _checked(text, reason, span, findings)
    return Ignore(codes, span, lines) if codes else None


def _checked(
    text: str, reason: str, span: Span, findings: list[Finding]
) -> tuple[str, ...]:
    codes = tuple(word.strip() for word in text.split(",") if word.strip())
    codes = tuple(_NAMES.get(code, code) for code in codes)
    unknown = [code for code in codes if code not in RULES]
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
    """The findings that no ignore covers, with NK480 for idle ones; and how many do."""
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
        idle = [code for code in ignore.codes if code not in ignore.used]
        if idle:
            message = f"there is no {', '.join(idle)} to ignore here; take it out"
            kept.append(Finding(UNUSED_IGNORE, message, ignore.span))
    return kept, count


# -- baselines ------------------------------------------------------------------


def fingerprint(finding: Finding) -> str:
    """What stays the same of a finding when lines move."""
    text = f"{finding.rule.code}\0{finding.span.path}\0{finding.message}"
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def baseline_text(findings: Iterable[Finding]) -> str:
    """The findings of today, for a later run to leave out."""
    rows = sorted(
        (finding.span.path, finding.rule.code, finding.message, fingerprint(finding))
        for finding in findings
    )
    listed = [
        {"path": path, "code": code, "message": message, "fingerprint": mark}
        for path, code, message, mark in rows
    ]
    body = {"schemaVersion": BASELINE_VERSION, "findings": listed}
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
    except (ValueError, KeyError, TypeError) as error:
        raise refusal from error
    if version != BASELINE_VERSION:
        raise refusal
    return marks


def without_known(
    findings: Iterable[Finding], known: frozenset[str]
) -> tuple[list[Finding], int]:
    """The findings that a baseline does not have, and how many it has."""
    listed = list(findings)
    kept = [finding for finding in listed if fingerprint(finding) not in known]
    return kept, len(listed) - len(kept)
