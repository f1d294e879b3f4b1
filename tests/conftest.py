"""What the tests share: the command line in this process, and where samples lie."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, settings

from tests.apiserver.servers import cluster, own_cluster  # noqa: F401
from tests.following import page, site  # noqa: F401

ROOT = Path(__file__).resolve().parents[1]
FIXTURES = ROOT / "fixtures"
CASES = ROOT.parent / "shared" / "cases"
CRDS = ROOT.parent / "shared" / "upstream" / "crds"

settings.register_profile(
    "project", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("project")


class Result(NamedTuple):
    """What a run of the program left: exit code and both streams."""

    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TERM", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def run(capsys, monkeypatch) -> Callable[..., Result]:
    """Run the command line in this process, as ``netplan2k8s ARGUMENTS``."""
    import gc

    from netplan2k8s.__main__ import main

    def call(*arguments: object) -> Result:
        monkeypatch.setattr("sys.argv", ["netplan2k8s", *map(str, arguments)])
        capsys.readouterr()
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        finally:
            gc.enable()
        return Result(code, *capsys.readouterr())

    return call


@pytest.fixture
def fixture_copy(tmp_path, monkeypatch) -> Callable[[str], Path]:
    """A writable copy of a fixture as the working directory."""

    def copy(name: str) -> Path:
        target = tmp_path / "work"
        shutil.copytree(FIXTURES / name, target)
        monkeypatch.chdir(target)
        return target

    return copy


def contents(directory: Path) -> dict[str, str]:
    """Every file below a directory, by relative path."""
    return {
        os.path.relpath(path, directory): path.read_text(encoding="utf-8")
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def needs(path: Path) -> pytest.MarkDecorator:
    """Skip where the recorded cases beside the project are absent."""
    return pytest.mark.skipif(
        not path.exists(), reason=f"no recorded cases: {path.name}"
    )
