"""Records what convert says of the fixtures: ``python tests/fixtures_build/expect.py``.

Look at the difference before you commit it: the tests hold the program to it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "fixtures"
# Hashes of the rest, and the program of the verification, which is one for all.
UNKEPT = (".netplan2k8s/files.json", "verify/check-rails.yaml")
# Fixtures whose point is a setting or an option.
OPTIONS = {
    "base-policy": ("--base", "nicclusterpolicy.yaml"),
    "full-policy": ("--policy", "full"),
    "attachment-definitions": ("--network-kind", "nad"),
    "table": ("--inventory", "inventory.csv"),
}


# Fixtures with a runbook to read, and the waves of it.
RUNBOOKS = {
    "reference": (),
    "four-rails": ("--nodes", "worker-gpu-0", "--nodes", "worker-gpu-[12]"),
}


def convert(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    config = () if (directory / "netplan2k8s.yaml").exists() else ("--no-config",)
    return program(directory, "convert", "hosts", *config, *arguments)


def program(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "netplan2k8s", *arguments],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def runbook(directory: Path, waves: tuple[str, ...]) -> str:
    """The runbook of a fixture's hosts, in whose directory it is followed."""
    with TemporaryDirectory() as place:
        shutil.copytree(directory / "hosts", Path(place) / "hosts")
        made = program(
            Path(place), "convert", "hosts", "-o", "manifests", "--no-config", *waves
        )
        assert made.returncode == 0, made.stderr
        options = ("--hosts", "hosts", "--no-config", *waves)
        made = program(Path(place), "runbook", "manifests", *options)
        assert made.returncode == 0, made.stderr
        return made.stdout


def main() -> None:
    for hosts in sorted(FIXTURES.glob("*/hosts")):
        directory = hosts.parent
        shutil.rmtree(directory / "expected", ignore_errors=True)
        done = convert(directory, "-o", "expected", *OPTIONS.get(directory.name, ()))
        assert done.returncode == 0, done.stderr
        for name in UNKEPT:
            (directory / "expected" / name).unlink()
        (directory / "findings.txt").write_text(done.stderr)
    for name, waves in RUNBOOKS.items():
        (FIXTURES / name / "runbook.md").write_text(runbook(FIXTURES / name, waves))
    for hosts in sorted(FIXTURES.glob("invalid/*/hosts")):
        directory = hosts.parent
        done = convert(directory, "--stdout")
        assert done.returncode in (1, 2), (directory, done)
        assert not done.stdout
        (directory / "findings.txt").write_text(done.stderr)


if __name__ == "__main__":
    main()
