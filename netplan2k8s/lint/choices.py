"""What of the findings a user wants to see: selections, levels, baselines."""

from __future__ import annotations

import dataclasses
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from netplan2k8s.catalogue import (
    ALIAS_EXPANSION,
    DEEP_NESTING,
    INVALID_YAML,
    RULES,
)
from netplan2k8s.findings import Finding, Layer, Rule, Severity, UsageError

BASELINE_VERSION = 1
_NAMES = {rule.name: rule.code for rule in RULES.values()}
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
    code = known_code(text)
    known = code in RULES or (
        not is_whole and any(other.startswith(code) for other in RULES)
    )
    if not code or not known:
        raise UsageError(f"{text!r} is no rule; `netplan2k8s rules` lists them")
    return code


def known_code(text: str) -> str:
    """The code of a rule by its code or its name, in any case."""
    return _NAMES.get(text.lower(), text.upper())


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
