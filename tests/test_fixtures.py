"""Every fixture: the expected manifests byte for byte, the expected findings."""

from __future__ import annotations

import filecmp
import json
from pathlib import Path

import pytest
import yaml

from netplan2k8s.catalogue import RULES
from tests.conftest import FIXTURES, contents
from tests.fixtures_build import build
from tests.fixtures_build.expect import OPTIONS, UNKEPT

VALID = sorted(path.parent.name for path in FIXTURES.glob("*/hosts"))
INVALID = sorted(path.parent.name for path in FIXTURES.glob("invalid/*/hosts"))


def options(directory: Path) -> tuple[str, ...]:
    config = () if (directory / "netplan2k8s.yaml").exists() else ("--no-config",)
    return (*config, *OPTIONS.get(directory.name, ()))


@pytest.mark.parametrize("name", VALID)
def test_valid_fixture_gives_its_manifests(name, run, tmp_path, monkeypatch):
    monkeypatch.chdir(FIXTURES / name)
    out = tmp_path / "out"
    done = run("convert", "hosts", "-o", out, *options(FIXTURES / name))
    assert done.code == 0, done.err
    for unkept in UNKEPT:
        (out / unkept).unlink()
    assert contents(out) == contents(FIXTURES / name / "expected")
    assert done.err == (FIXTURES / name / "findings.txt").read_text()


@pytest.mark.parametrize("name", INVALID)
def test_invalid_fixture_gives_its_findings(name, run, tmp_path, monkeypatch):
    monkeypatch.chdir(FIXTURES / "invalid" / name)
    out = tmp_path / "out"
    done = run("convert", "hosts", "-o", out, "--no-config")
    assert done.code in (1, 2)
    assert done.err == (FIXTURES / "invalid" / name / "findings.txt").read_text()
    assert not out.exists(), "with an error nothing is written"


@pytest.mark.parametrize("name", INVALID)
def test_invalid_fixture_breaks_the_rule_it_is_named_after(name, run, monkeypatch):
    monkeypatch.chdir(FIXTURES / "invalid" / name)
    done = run("inspect", "hosts", "--no-config", "--format", "json")
    found = json.loads(done.out)["findings"]
    errors = {finding["name"] for finding in found if finding["severity"] == "error"}
    assert name in errors
    assert errors - {name} == set(), "one thing is wrong in a tree"


def test_fixtures_are_what_their_builder_writes(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "FIXTURES", tmp_path)
    build.main()
    for directory in sorted(tmp_path.glob("**/hosts")):
        kept = FIXTURES / directory.relative_to(tmp_path)
        assert contents(directory) == contents(kept)
        compared = filecmp.dircmp(directory, kept)
        assert not compared.left_only
        assert not compared.right_only


def test_codes_and_names_are_unique():
    assert len({rule.name for rule in RULES.values()}) == len(RULES)
    assert all(code == rule.code for code, rule in RULES.items())


@pytest.mark.parametrize("name", VALID)
def test_every_manifest_is_one_object(name):
    for path in (FIXTURES / name / "expected").rglob("*.yaml"):
        bodies = list(yaml.safe_load_all(path.read_text()))
        assert len(bodies) == 1
        if path.name != "kustomization.yaml":
            labels = bodies[0]["metadata"]["labels"]
            assert labels["app.kubernetes.io/managed-by"] == "netplan2k8s"
