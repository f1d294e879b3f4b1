"""What the program says about its input: rules, findings and where they point."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable
from dataclasses import dataclass


class Severity(enum.StrEnum):
    """How much a finding matters; only an error stops the run."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Layer(enum.StrEnum):
    """Who would stumble over the finding.

    ``input`` is this program (files, archives, settings, the output directory),
    ``yaml`` any YAML reader, ``netplan`` netplan itself, ``inventory`` the join of
    interfaces and PCI addresses, ``fabric`` the links of the cluster, and
    ``schema``, ``controller`` and ``runtime`` the stages of a manifest's life,
    ``proof`` whoever compares the pods' links with the hosts', ``cluster`` the API
    server that is asked, and ``host`` the running host: its kernel and its own files.
    """

    INPUT = "input"
    YAML = "yaml"
    NETPLAN = "netplan"
    INVENTORY = "inventory"
    FABRIC = "fabric"
    SCHEMA = "schema"
    CONTROLLER = "controller"
    RUNTIME = "runtime"
    PROOF = "proof"
    CLUSTER = "cluster"
    HOST = "host"


_VISIBLE = {code: repr(chr(code))[1:-1] for code in (*range(32), *range(127, 160))}
"""Control characters, line breaks among them, as Python writes them in quotes."""


def visible(text: str) -> str:
    """A text on one line that no terminal takes for a command."""
    return text.translate(_VISIBLE)


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind of finding; the code is never reused, the name reads after "allow"."""

    code: str
    name: str
    severity: Severity
    layer: Layer
    summary: str

    def as_severe_as(self, severity: Severity) -> Rule:
        """The rule with another severity, as the circumstances or the user want it."""
        return dataclasses.replace(self, severity=severity)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A place in a file, 1-based; line 0 means the file as a whole."""

    path: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.path}:{self.line or 1}:{self.column or 1}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to say, where it is, and which other places it is about."""

    rule: Rule
    message: str
    span: Span
    node: str = ""
    rail: str = ""
    related: tuple[Span, ...] = ()

    def __str__(self) -> str:
        """One line, whatever the names of the user hold."""
        return visible(f"{self.span}: {self.rule.code} {self.message}")


class InputError(Exception):
    """Input that cannot be represented; carries every finding made so far."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__("\n".join(str(finding) for finding in findings))
        self.findings = findings


class UsageError(Exception):
    """A request that makes no sense; the message says what would."""


class OperationError(Exception):
    """The disk or the cluster failed."""


def has_error(findings: Iterable[Finding]) -> bool:
    """Whether one of them stops the run."""
    return any(finding.rule.severity is Severity.ERROR for finding in findings)


def sort_key(finding: Finding) -> tuple[Span, str, str]:
    """Order findings by place, then code, then text."""
    return finding.span, finding.rule.code, finding.message
