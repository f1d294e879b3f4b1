"""Lint and prove as commands: from arguments to findings, a summary and a report."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from netplan2k8s import catalogue, linting
from netplan2k8s.catalogue import FAILS_OPEN
from netplan2k8s.findings import Finding, Severity, UsageError, has_error
from netplan2k8s.lint.choices import Choices, baseline_text, choices, read_baseline
from netplan2k8s.naming import counted
from netplan2k8s.settings import Settings

if TYPE_CHECKING:
    from netplan2k8s.fleet import Progress
    from netplan2k8s.proving import Proving

_SAID_BY_PROOF = {
    catalogue.UNCERTAIN_ADDRESS.code: catalogue.DIFFERENT_ADDRESS,
    catalogue.MISSING_RAIL.code: catalogue.MISSING_NODE,
    catalogue.IMPOSSIBLE_NODE.code: catalogue.UNKNOWN_NODE,
    catalogue.NO_ADDRESS.code: catalogue.NO_LINK,
}


@dataclass(frozen=True, slots=True)
class Wishes:
    """The flags that choose among findings."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severity: tuple[str, ...] = ()
    baseline: str = ""
    write_baseline: str = ""

    def choices(self) -> Choices:
        return choices(self.select, self.ignore, self.severity)


@dataclass(frozen=True, slots=True)
class Checks:
    """What a command found: ``summary`` in words, ``facts`` for the JSON report."""

    findings: tuple[Finding, ...]
    summary: str
    facts: dict[str, Any] = field(default_factory=dict)

    def report(self, format_: str) -> str:
        from netplan2k8s.report import formats, machine  # noqa: PLC0415  one is used

        if format_ == "json":
            return machine.report(self.findings, **self.facts)
        if format_ == "text":
            lines = "".join(f"{finding}\n" for finding in self.findings)
            return lines + self.summary
        return formats.render(format_, self.findings)


def lint(
    paths: Sequence[str],
    settings: Settings,
    wishes: Wishes,
    *,
    hosts: Sequence[str] = (),
    allow_open: bool = False,
    progress: Progress | None = None,
) -> Checks:
    """Judge manifests, and prove them where hosts are given.

    Raises:
        InputError: the baseline or the hosts cannot be read.
        UsageError: a code or level that is none, a baseline that is none.
    """
    chosen = wishes.choices()
    # A baseline that is written anew holds what the old one held.
    known = frozenset() if wishes.write_baseline else _known(wishes.baseline)
    manifests = linting.read_manifests(paths, settings)
    more: tuple[Finding, ...] = ()
    proven: Proving | None = None
    if hosts:
        from netplan2k8s import proving  # noqa: PLC0415  most runs lint alone

        proven = proving.prove(
            manifests, hosts, settings, allow_open=allow_open, progress=progress
        )
        more = proven.findings
    made = linting.judged(manifests, chosen, known, more)
    summary, facts = _summary(made, wishes), _facts(made)
    if proven is not None:
        from netplan2k8s.report import proof  # noqa: PLC0415  as above

        summary += proof.verdict(proven.proof, is_proven=not has_error(made.findings))
        summary += "\n"
        facts |= proof.facts(proven.proof)
    if wishes.write_baseline:
        from netplan2k8s.outputs import write  # noqa: PLC0415  seldom

        write(wishes.write_baseline, baseline_text(made.findings))
    return Checks(made.findings, summary, facts)


def prove(
    paths: Sequence[str],
    hosts: Sequence[str],
    settings: Settings,
    *,
    allow_open: bool = False,
    all_links: bool = False,
    progress: Progress | None = None,
) -> Checks:
    """Compare manifests with hosts; what makes them invalid is among the findings.

    Raises:
        InputError: the hosts cannot be read.
    """
    from netplan2k8s import proving  # noqa: PLC0415  lint needs none of it
    from netplan2k8s.report import proof  # noqa: PLC0415  as above

    manifests = linting.read_manifests(paths, settings)
    proven = proving.prove(
        manifests,
        hosts,
        settings,
        allow_open=allow_open,
        keep_links=all_links,
        progress=progress,
    )
    said = of_proof(manifests, proven)
    text = proof.table(proven.proof) if all_links else ""
    text += proof.verdict(proven.proof, is_proven=not has_error(said)) + "\n"
    return Checks(said, text, proof.facts(proven.proof, all_links=all_links))


def of_proof(manifests: linting.Manifests, proven: Proving) -> tuple[Finding, ...]:
    """The findings of a proof, with those of the manifests that explain them."""
    more = (*proven.findings, *linting.idle(manifests))
    # A wish not to hear of a difference makes none of it: lint alone grants it.
    unwished = dataclasses.replace(manifests, ignores=[])
    made = linting.judged(unwished, Choices(), more=more)
    return tuple(f for f in made.findings if _matters(f, more))


def _matters(finding: Finding, proof: Collection[Finding]) -> bool:
    """What the proof says, and every error of the manifests, which would explain it.

    But for errors that the proof says in its own words of the same file, and for open
    pools, which it names or was told to accept.
    """
    if finding in proof:
        return True
    if finding.rule.severity is not Severity.ERROR or finding.rule is FAILS_OPEN:
        return False
    said = _SAID_BY_PROOF.get(finding.rule.code)
    return not any(
        other.rule is said and other.span.path == finding.span.path for other in proof
    )


def _known(path: str) -> frozenset[str]:
    if not path:
        return frozenset()
    if not os.path.exists(path):
        raise UsageError(f"there is no baseline {path}; --write-baseline writes one")
    from netplan2k8s.inputs import read_bytes  # noqa: PLC0415  baselines alone

    return read_baseline(read_bytes(path).decode("utf-8", "replace"), path)


def _summary(made: linting.Linting, wishes: Wishes) -> str:
    total = sum(made.judged.values())
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(made.judged.items()))
    text = f"{counted(total, 'manifest')} in {counted(made.files, 'file')}"
    text += f": {kinds}\n" if kinds else "\n"
    if made.unjudged:
        others = (f"{count} {kind}" for kind, count in sorted(made.unjudged.items()))
        text += f"not judged: {', '.join(others)}\n"
    if made.without_kind:
        text += f"no manifests: {', '.join(made.without_kind[:5])}"
        more = len(made.without_kind) - 5
        text += f" and {more} more\n" if more > 0 else "\n"
    if made.ignored:
        text += f"ignored where they are: {counted(made.ignored, 'finding')}\n"
    if made.known:
        text += f"in the baseline: {counted(made.known, 'finding')}\n"
    if wishes.write_baseline:
        count = counted(len(made.findings), "finding")
        text += f"wrote {wishes.write_baseline} with {count}\n"
    return text


def _facts(made: linting.Linting) -> dict[str, Any]:
    return {
        "files": made.files,
        "judged": dict(sorted(made.judged.items())),
        "unjudged": dict(sorted(made.unjudged.items())),
        "withoutKind": list(made.without_kind),
        "ignored": made.ignored,
        "inBaseline": made.known,
    }
