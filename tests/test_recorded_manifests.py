"""Lint against the recorded verdicts of the API server, validators and webhooks."""

from __future__ import annotations

import json

import pytest

from netplan2k8s.findings import Layer, Severity
from netplan2k8s.lint.judge import judge, read, scene_of
from netplan2k8s.manifests.files import File
from netplan2k8s.settings import Settings
from tests.conftest import CASES, needs

MANIFESTS = CASES / "manifests"
pytestmark = needs(MANIFESTS)
LATER = ("NicConfiguration", "NicFirmware", "NicInterface", "SpectrumX")
INDEX = MANIFESTS / "INDEX.json"
ENTRIES = [
    entry
    for entry in (json.loads(INDEX.read_text()) if INDEX.exists() else [])
    if not entry["kind"].startswith(LATER)
]
# Deliberate disagreements: file → why.
DISAGREEMENTS: dict[str, str] = {}
STRUCTURAL = (Layer.YAML, Layer.SCHEMA, Layer.CONTROLLER)


def verdicts(entry, **options):
    path = MANIFESTS / entry["file"]
    release = "main" if "metaPlugins" in path.read_text() else "26.7"
    settings = Settings(operator_release=release, **options)
    reading = read([File(str(path), path.read_bytes(), is_named=True)], release)
    remarks = list(judge(reading, scene_of(reading, settings)))
    said = [(f.rule, f.rule.severity, f.message) for f in reading.findings]
    said += [(r.rule, r.severity or r.rule.severity, r.message) for r in remarks]
    return said


def errors(said, *layers):
    return [
        (rule.code, message)
        for rule, severity, message in said
        if severity is Severity.ERROR and (not layers or rule.layer in layers)
    ]


def test_all_entries_are_here():
    assert len(ENTRIES) == 227


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["file"])
def test_lint_agrees(entry):
    said = verdicts(entry)

    if entry["expected"] == "invalid":
        assert errors(said) or entry["file"] in DISAGREEMENTS, entry["note"]
    elif entry["expected"] == "webhookreject":
        refused = verdicts(entry, admission_controller=True)
        assert errors(refused), entry["errors"]
        infos = [rule.code for rule, severity, _ in said if severity is Severity.INFO]
        assert "NK428" in infos
        assert not errors(said, *STRUCTURAL)
    else:
        assert not errors(said, *STRUCTURAL), entry["note"]
