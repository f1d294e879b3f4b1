"""The JSON report, the same in every command; ``schemas/report.json`` describes it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from netplan2k8s.findings import Finding, Span

SCHEMA_VERSION = 1


def report(findings: Iterable[Finding], **more: Any) -> str:  # noqa: ANN401  JSON values
    """One JSON object: the findings, and what else the command tells."""
    listed = [_finding(finding) for finding in findings]
    body = {"schemaVersion": SCHEMA_VERSION, "findings": listed, **more}
    return json.dumps(body, indent=2) + "\n"


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.rule.code,
        "name": finding.rule.name,
        "severity": finding.rule.severity.value,
        "layer": finding.rule.layer.value,
        "message": finding.message,
        **_place(finding.span),
        "node": finding.node or None,
        "rail": finding.rail or None,
        "related": [_place(span) for span in finding.related],
    }


def _place(span: Span) -> dict[str, Any]:
    return {"path": span.path, "line": span.line or None, "column": span.column or None}
