"""A changed field that matters is never silent: lint or prove names every mutant."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from netplan2k8s import linting, proving, settings_file, workflow
from netplan2k8s.findings import Severity
from netplan2k8s.lint.choices import Choices
from netplan2k8s.settings import Settings
from tests.conftest import FIXTURES
from tests.mutants import MUTATIONS, Bundle, mutants

# Fixtures of different shapes: one side, both sides, /29, IPv6, groups, definitions.
SOURCES = (
    "flat",
    "mixed-side",
    "multi-pod",
    "ipv6",
    "node-groups",
    "attachment-definitions",
    "full-policy",
)
# Mutants that may live, each with its reason: (fixture, mutation) → why.
SURVIVORS: dict[tuple[str, str], str] = {}


def settings_of(fixture: str) -> Settings:
    path = FIXTURES / fixture / "netplan2k8s.yaml"
    return settings_file.load(str(path)) if path.exists() else Settings()


def said(bundle: Bundle, seen: workflow.Inspection, settings: Settings) -> Counter:
    """The errors and warnings of lint and prove over a bundle, by code."""
    manifests = linting.gather(bundle.files(), ["manifests"], settings)
    proven = proving.compared(manifests, seen, settings)
    made = linting.judged(manifests, Choices(), more=proven.findings)
    return Counter(
        (finding.rule.code, finding.rule.severity)
        for finding in made.findings
        if finding.rule.severity is not Severity.INFO
    )


def survivors(fixture: str, times: int, record) -> list[tuple[str, str]]:
    settings = settings_of(fixture)
    seen = workflow.inspect([str(FIXTURES / fixture / "hosts")], settings)
    original = Bundle.read(FIXTURES / fixture / "expected", Random(fixture))
    quiet = said(original, seen, settings)
    assert not any(severity is Severity.ERROR for _, severity in quiet)
    found = []
    for name, mutant in mutants(original, times):
        loud = said(mutant, seen, settings) - quiet
        is_error = any(severity is Severity.ERROR for _, severity in loud)
        record["errors" if is_error else "warnings" if loud else "silent"] += 1
        record["by the proof"] += any(code.startswith("NK5") for code, _ in loud)
        record[name] += 1
        if not loud:
            found.append((fixture, name))
    return found


@pytest.fixture(scope="module")
def record():
    return Counter()


@pytest.mark.parametrize("fixture", SOURCES)
def test_every_mutant_is_named(fixture, record):
    silent = survivors(fixture, 1, record)
    assert [pair for pair in silent if pair not in SURVIVORS] == []


def test_there_were_mutants_enough(record, capsys):
    total = record["errors"] + record["warnings"] + record["silent"]
    with capsys.disabled():
        print(  # noqa: T201  the score
            f"\n{total} mutants of {len(MUTATIONS)} kinds: {record['errors']} errors,"
            f" {record['warnings']} warnings, {record['silent']} silent;"
            f" {record['by the proof']} of them also by the proof"
        )
    assert total >= 300
    assert {name for name in MUTATIONS if not record[name]} == set()
