"""Every rule has a page, and every page's example shows the rule at work.

The blocks under Example are written as files and judged, and the finding must be there;
those under Instead replace them one by one, and it must be gone.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from netplan2k8s import rule_pages
from netplan2k8s.catalogue import RULES
from netplan2k8s.findings import Layer
from netplan2k8s.rule_pages import HEADINGS
from tests.conftest import ROOT

HOST_LAYERS = (Layer.NETPLAN, Layer.INVENTORY, Layer.FABRIC, Layer.HOST)
HOST_FILE = "hosts/gpu-01/etc/netplan/60-rails.yaml"
MANIFEST_FILE = "manifests/example.yaml"


def write(block, rule, directory: Path) -> None:
    default = HOST_FILE if rule.layer in HOST_LAYERS else MANIFEST_FILE
    path = directory / (block.path or default)
    assert path.resolve().is_relative_to(directory)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(block.text)


def judged(commands: list[str], directory: Path, run) -> str:
    """What the program says: to the page's own commands, else to what lies there."""
    if commands:
        return "".join(in_shell(command, directory) for command in commands)
    hosts, manifests = (directory / name for name in ("hosts", "manifests"))
    if hosts.exists() and manifests.exists():
        arguments = ["lint", "--hosts", "hosts", "manifests"]
    elif hosts.exists():
        arguments = ["convert", "hosts", "--stdout"]
    else:
        arguments = ["lint", "manifests"]
    done = run(*arguments)
    return done.out + done.err


def in_shell(command: str, directory: Path) -> str:
    program = directory / ".bin" / "netplan2k8s"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m netplan2k8s "$@"\n')
    program.chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=directory,
        env={
            **os.environ,
            "PATH": f"{program.parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stdout
    return done.stdout


def needs_cluster(blocks) -> bool:
    """Whether a page's command talks to a cluster, which not every machine has."""
    commands = [block.text for block in blocks if block.language == "sh"]
    return any(" diff " in text and "--snapshot" not in text for text in commands)


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.code)
def test_page_has_its_parts(rule):
    text = rule_pages.body(rule)
    assert not text.startswith("**"), "it begins with what is checked"
    places = [text.find(f"**{heading}**") for heading in HEADINGS]
    assert -1 not in places
    assert places == sorted(places)
    assert rule_pages.why(rule)


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.code)
def test_example_shows_the_rule_and_instead_does_not(rule, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = rule_pages.blocks(rule)
    if needs_cluster(blocks):
        pytest.skip("needs a cluster; test_diff_cluster runs it on one")
    finding = re.compile(rf"^\S.*: {rule.code} ", re.MULTILINE)
    commands: list[str] = []
    for is_good in (False, True):
        mine = [block for block in blocks if block.is_good is is_good]
        for block in mine:
            if block.language != "sh":
                write(block, rule, tmp_path)
        commands = [b.text for b in mine if b.language == "sh"] or commands
        said = judged(commands, tmp_path, run)
        assert bool(finding.search(said)) is not is_good, said


def test_every_page_is_a_rule_s():
    for path in (ROOT / "netplan2k8s/pages").glob("*.md"):
        headings = re.findall(r"^## (\S+) (\S+)$", path.read_text(), re.MULTILINE)
        assert headings == sorted(headings)
        for code, name in headings:
            assert RULES[code].name == name
