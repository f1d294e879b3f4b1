"""Records what convert says of the fixtures: ``python tests/fixtures_build/expect.py``.

Look at the difference before you commit it: the tests hold the program to it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

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


def convert(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    config = () if (directory / "netplan2k8s.yaml").exists() else ("--no-config",)
    return subprocess.run(
        [sys.executable, "-m", "netplan2k8s", "convert", "hosts", *config, *arguments],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def main() -> None:
    for hosts in sorted(FIXTURES.glob("*/hosts")):
        directory = hosts.parent
        shutil.rmtree(directory / "expected", ignore_errors=True)
        done = convert(directory, "-o", "expected", *OPTIONS.get(directory.name, ()))
        assert done.returncode == 0, done.stderr
        for name in UNKEPT:
            (directory / "expected" / name).unlink()
        (directory / "findings.txt").write_text(done.stderr)
    for hosts in sorted(FIXTURES.glob("invalid/*/hosts")):
        directory = hosts.parent
        done = convert(directory, "--stdout")
        assert done.returncode in (1, 2), (directory, done)
        assert not done.stdout
        (directory / "findings.txt").write_text(done.stderr)


if __name__ == "__main__":
    main()
