"""Findings for other programs: SARIF, JUnit, GitHub, GitLab."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

from netplan2k8s import __version__, rule_pages
from netplan2k8s.catalogue import RULES
from netplan2k8s.findings import Finding, Rule, Severity, Span
from netplan2k8s.lint.choices import fingerprints

_SARIF_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"
    "sarif-schema-2.1.0.json"
)
_PROJECT = "netplan2k8s"
_NO_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(name: str, findings: Sequence[Finding]) -> str:
    """The text of one of the formats sarif, junit, github and gitlab."""
    writers: dict[str, Callable[[Sequence[Finding]], str]] = {
        "sarif": sarif,
        "junit": junit,
        "github": github,
        "gitlab": gitlab,
    }
    return writers[name](findings)


# -- SARIF ----------------------------------------------------------------------

_SARIF_LEVELS = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "note",
}


def sarif(findings: Sequence[Finding]) -> str:
    """SARIF 2.1.0 with the help of each rule and related places."""
    import sarif_pydantic as model  # noqa: PLC0415  slow to import, and seldom wanted

    # The catalogue's: a finding's own may be as severe as somebody wished.
    rules = list(
        {f.rule.code: RULES.get(f.rule.code, f.rule) for f in findings}.values()
    )
    index = {rule.code: number for number, rule in enumerate(rules)}
    driver = model.ToolDriver(
        name=_PROJECT,
        version=__version__,
        semantic_version=__version__,
        rules=[_descriptor(model, rule) for rule in rules],
    )
    marks = fingerprints(findings)
    results = [
        _result(model, finding, index[finding.rule.code], mark)
        for finding, mark in zip(findings, marks, strict=True)
    ]
    # SARIF counts UTF-16 code units where nothing is said; the model lacks the field.
    run = model.Run(
        tool=model.Tool(driver=driver), results=results, columnKind="unicodeCodePoints"
    )
    log = model.Sarif(version="2.1.0", schema_uri=_SARIF_SCHEMA, runs=[run])
    body = log.model_dump(mode="json", by_alias=True, exclude_none=True)
    return json.dumps(body, indent=2) + "\n"


def _descriptor(model: Any, rule: Rule) -> Any:  # noqa: ANN401  sarif_pydantic is late
    summary = rule.summary[:1].upper() + rule.summary[1:] + "."
    page = rule_pages.page(rule)
    return model.ReportingDescriptor(
        id=rule.code,
        name=rule.name,
        short_description=model.Message(text=summary),
        full_description=model.Message(text=rule_pages.why(rule) or summary),
        help=model.Message(text=page, markdown=page),
        default_configuration=model.ReportingConfiguration(
            level=_SARIF_LEVELS[rule.severity]
        ),
        properties={"tags": [rule.layer.value]},
    )


def _result(model: Any, finding: Finding, index: int, mark: str) -> Any:  # noqa: ANN401
    related = [
        model.Location(id=number, **_location(model, span))
        for number, span in enumerate(finding.related)
    ]
    return model.Result(
        rule_id=finding.rule.code,
        rule_index=index,
        level=model.Level(_SARIF_LEVELS[finding.rule.severity]),
        message=model.Message(text=finding.message),
        locations=[model.Location(**_location(model, finding.span))],
        related_locations=related or None,
        partial_fingerprints={"netplan2k8s/v1": mark},
    )


def _location(model: Any, span: Span) -> dict[str, Any]:  # noqa: ANN401  as above
    region = None
    if span.line:
        region = model.Region(start_line=span.line, start_column=span.column or 1)
    place = model.PhysicalLocation(
        artifact_location=model.ArtifactLocation(uri=_uri(span.path)), region=region
    )
    return {"physical_location": place}


def _uri(path: str) -> str:
    """A path as a relative URI, or as a file URI where it is outside the directory."""
    text = quote(_relative(path).encode("utf-8", "replace"))
    return f"file://{text}" if text.startswith("/") else text


def _relative(path: str) -> str:
    """The path from the working directory on, as services want it; else as it is."""
    if path.startswith("<"):
        return path
    text = os.path.normpath(path)
    if os.path.isabs(text):
        own = os.path.relpath(text)
        text = text if own.startswith(os.pardir) else own
    return text.replace(os.sep, "/")


# -- JUnit ----------------------------------------------------------------------


def junit(findings: Sequence[Finding]) -> str:
    """A test suite: a case a file, with the findings that fail it."""
    from xml.etree import ElementTree as ET  # noqa: PLC0415  written only

    by_path: dict[str, list[Finding]] = {}
    for finding in findings:
        by_path.setdefault(finding.span.path, []).append(finding)
    failing = [f for f in findings if f.rule.severity is not Severity.INFO]
    suite = ET.Element(
        "testsuite",
        name=_PROJECT,
        tests=str(len(by_path) or 1),
        failures=str(len({f.span.path for f in failing})),
        errors="0",
    )
    for path, listed in by_path.items() or {"": []}.items():
        name = _printable(path or "manifests")
        case = ET.SubElement(suite, "testcase", classname=_PROJECT, name=name)
        bad = [f for f in listed if f.rule.severity is not Severity.INFO]
        notes = [f for f in listed if f.rule.severity is Severity.INFO]
        if bad:
            worst = min(bad, key=lambda f: list(Severity).index(f.rule.severity))
            more = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
            failure = ET.SubElement(
                case,
                "failure",
                type=worst.rule.severity.value,
                message=_printable(f"{worst.rule.code} {worst.message}{more}"),
            )
            failure.text = _printable("\n".join(map(str, bad)))
        if notes:
            output = ET.SubElement(case, "system-out")
            output.text = _printable("\n".join(map(str, notes)))
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _printable(text: str) -> str:
    """A text without the characters that XML has not."""
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)


# -- GitHub and GitLab ----------------------------------------------------------

_GITHUB = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "notice",
}


def github(findings: Sequence[Finding]) -> str:
    """Workflow commands, which GitHub shows as annotations of the files."""
    return "".join(f"{line}\n" for line in map(_annotation, findings))


def _annotation(finding: Finding) -> str:
    rule = finding.rule
    title = f"{rule.code} {rule.name}"
    return annotation(_GITHUB[rule.severity], title, finding.message, finding.span)


def annotation(level: str, title: str, message: str, span: Span | None) -> str:
    """A workflow command: ``level`` is error, warning or notice."""
    fields = {"title": title}
    if span is not None:
        fields = {"file": _relative(span.path), **fields}
    if span is not None and span.line:
        fields |= {"line": str(span.line), "col": str(span.column or 1)}
    listed = ",".join(
        f"{key}={_escaped(value, is_field=True)}" for key, value in fields.items()
    )
    return f"::{level} {listed}::{_escaped(message)}"


def _escaped(text: str, *, is_field: bool = False) -> str:
    marks = {"%": "%25", "\r": "%0D", "\n": "%0A"}
    if is_field:
        marks |= {":": "%3A", ",": "%2C"}
    return "".join(marks.get(character, character) for character in text)


_GITLAB = {
    Severity.ERROR: "critical",
    Severity.WARNING: "minor",
    Severity.INFO: "info",
}


def gitlab(findings: Sequence[Finding]) -> str:
    """GitLab's code quality report."""
    return json.dumps(list(_issues(findings)), indent=2) + "\n"


def _issues(findings: Sequence[Finding]) -> Iterator[dict[str, Any]]:
    for finding, mark in zip(findings, fingerprints(findings), strict=True):
        yield {
            "description": f"{finding.rule.code} {finding.message}",
            "check_name": finding.rule.name,
            "fingerprint": mark,
            "severity": _GITLAB[finding.rule.severity],
            "location": {
                "path": _relative(finding.span.path),
                "lines": {"begin": finding.span.line or 1},
            },
        }
