"""The parts of a runbook, and a bash in which they are followed."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

FOUR = Path(__file__).resolve().parents[1] / "fixtures/four-rails/hosts"
NODES = [f"worker-gpu-{n}" for n in range(4)]


def blocks(text: str) -> list[str]:
    return re.findall(r"^```bash\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture
def site(tmp_path, monkeypatch, run) -> Path:
    """The small fleet where its runbook is followed, stripped as it says."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(FOUR, "hosts")
    assert run("convert", "hosts", "-o", "manifests", "--no-config").code == 0
    done = run("strip", "hosts", "--no-config", "--write", "-o", "stripped")
    assert done.code == 0, done.err
    return tmp_path


@pytest.fixture
def page(site, run) -> str:
    assert (site / "manifests").exists()
    done = run("runbook", "manifests", "--hosts", "hosts", "--no-config")
    assert done.code == 0, done.err
    return done.out


def section(page: str, heading: str) -> str:
    """From a heading to the next."""
    found = re.search(
        rf"^#+ [\d.]* ?{heading}.*?(?=^##|\Z)", page, re.MULTILINE | re.DOTALL
    )
    assert found, heading
    return found[0]


class Shell:
    """A bash in which the functions of a runbook are defined."""

    def __init__(self, functions: str, environment: dict[str, str]) -> None:
        self.functions = functions
        self.environment = environment

    def __call__(self, command: str, nodes: str = " ".join(NODES)) -> str:
        done = subprocess.run(
            ["bash", "-c", f"{self.functions}\nNODES='{nodes}'\n{command}"],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.stdout
