"""The documentation says what is: commands run, links lead somewhere, tables are whole."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from netplan2k8s import json_schemas, settings_file
from tests import docs_build
from tests.conftest import ROOT

DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [ROOT / "README.md", *DOCS]


def blocks(path: Path, language: str) -> list[str]:
    return re.findall(
        rf"^```{language}\n(.*?)^```$", path.read_text(), re.MULTILINE | re.DOTALL
    )


@pytest.mark.parametrize(
    "path", [p for p in DOCS if blocks(p, "console")], ids=lambda p: p.stem
)
def test_commands_run_and_print_what_the_page_shows(path, tmp_path):
    """In order, in one directory, with the lines shown in the order shown."""
    (tmp_path / "fixtures").symlink_to(ROOT / "fixtures")
    program = f"{shlex.quote(sys.executable)} -m netplan2k8s"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for block in blocks(path, "console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            line = re.sub(r"^netplan2k8s\b", program, command)
            done = subprocess.run(
                line,
                shell=True,
                cwd=tmp_path,
                env=environment,
                text=True,
                check=False,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            assert "Traceback" not in done.stdout
            printed = [text.rstrip() for text in done.stdout.splitlines()]
            position = 0
            for expected in shown.splitlines():
                if expected == "…" or not expected.strip():
                    continue
                assert expected.rstrip() in printed[position:], (
                    command,
                    expected,
                    done.stdout[-3000:],
                )
                position = printed.index(expected.rstrip(), position) + 1


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.stem)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)]+)\)", path.read_text()):
        if not target.startswith("https://"):
            assert (path.parent / target.partition("#")[0]).exists(), target


def test_readme_has_exactly_two_commands():
    commands = [
        line
        for block in blocks(ROOT / "README.md", "sh")
        for line in block.splitlines()
    ]
    assert len(commands) == 2
    assert "netplan2k8s convert fixtures/reference/hosts" in commands[0]
    assert commands[1].endswith("-m pytest")


@pytest.mark.parametrize("name", docs_build.PAGES)
def test_generated_page_is_current(name):
    assert (ROOT / "docs" / f"{name}.md").read_text() == docs_build.PAGES[name]()


def test_every_setting_is_explained():
    text = (ROOT / "docs/settings.md").read_text()
    schema = json_schemas.schema("settings")["properties"]
    for name in schema:
        assert re.search(rf"`{name}(\.|\[|`)", text), name
    for name in schema["job"]["properties"]:
        assert f"`job.{name}`" in text
    for name in schema["rails"]["anyOf"][0]["properties"]:
        assert f"`rails[].{name}`" in text


def test_example_settings_are_valid(tmp_path):
    (text,) = blocks(ROOT / "docs/settings.md", "yaml")
    path = tmp_path / "netplan2k8s.yaml"
    path.write_text(text)
    assert settings_file.load(str(path)).rails


def test_every_command_and_exit_code_is_explained():
    text = (ROOT / "docs/exit-codes.md").read_text()
    for code in (0, 1, 2, 3, 130):
        assert f"| {code} |" in text


# -- collecting -------------------------------------------------------------------


LISTINGS = {
    "ip -d -j link": "ip-link.json",
    "ip -d -j addr": "ip-addr.json",
    "ip -j route show table all": "ip-route.json",
    "ip -j rule": "ip-rule.json",
    "ip -6 -j rule": "ip-rule6.json",
    "lldpctl -f json": "lldp.json",
}


@pytest.fixture
def pretend_host(tmp_path):
    """A root, and commands that stand for those of a host: ssh, sudo, ip, lldpctl.

    What ``ip`` and ``lldpctl`` print are the collected files of fixtures/live.
    """
    root = tmp_path / "root"
    source = ROOT / "fixtures/live/hosts/worker-gpu-0"
    shutil.copytree(source, root, ignore=shutil.ignore_patterns("*.json"))
    commands = tmp_path / "bin"
    commands.mkdir()
    answers = "".join(
        f"'{command}') cat {source / file};;\n" for command, file in LISTINGS.items()
    )
    answer = f'case "$(basename $0) $*" in\n{answers}*) exit 1;; esac'
    scripts = {
        "ssh": "shift; sh -c "
        f'"$(printf %s "$1" | sed "s,cd / ,cd {root} ,;s,-C / ,-C {root} ,")"',
        "sudo": 'exec "$@"',
        "ip": answer,
        "lldpctl": answer,
    }
    for name, text in scripts.items():
        (commands / name).write_text(f"#!/bin/sh\n{text}\n")
        (commands / name).chmod(stat.S_IRWXU)
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    path = f"{commands}:{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "TMPDIR": str(temporary)}, root


def break_command(environment, name: str) -> None:
    """A program that is not there, or fails after half of its output."""
    path = Path(environment["PATH"].partition(":")[0]) / name
    path.write_text("#!/bin/sh\necho '{'\nexit 1\n")


def collect(environment, directory: Path) -> Path:
    """Run the script for two hosts; the root of the second."""
    command = [str(ROOT / "docs/collect.sh"), "hosts", "worker-gpu-0", "worker-gpu-9"]
    subprocess.run(command, env=environment, cwd=directory, check=True)
    return directory / "hosts/worker-gpu-9"


def test_collect_script(pretend_host, tmp_path, run):
    environment, root = pretend_host
    collected = collect(environment, tmp_path)
    for file in LISTINGS.values():
        source = ROOT / "fixtures/live/hosts/worker-gpu-0" / file
        assert (collected / file).read_text() == source.read_text()
    for path in root.rglob("*.yaml"):
        assert (collected / path.relative_to(root)).read_text() == path.read_text()
    done = run("inspect", tmp_path / "hosts/worker-gpu-0", "--live", "--no-config")
    assert "live: 2 rails of 1 host compared, 2 agree" in done.out
    assert done.code == 0
    assert not [*(tmp_path / "tmp").iterdir()], "nothing is left on the host"


def test_collect_script_replaces_what_it_collected_before(pretend_host, tmp_path):
    environment, root = pretend_host
    collected = collect(environment, tmp_path)
    (collected / "lshw.json").write_text("[]")
    (collected / "etc/netplan/99-old.yaml").write_text("network: {}\n")
    break_command(environment, "lldpctl")
    assert collect(environment, tmp_path) == collected
    assert not (collected / "lldp.json").exists()
    assert not (collected / "etc/netplan/99-old.yaml").exists()
    assert (collected / "lshw.json").read_text() == "[]"
    assert {path.name for path in (collected / "etc/netplan").iterdir()} == {
        path.name for path in (root / "etc/netplan").iterdir()
    }

    break_command(environment, "ip")
    with pytest.raises(subprocess.CalledProcessError):
        collect(environment, tmp_path)
    assert (collected / "ip-addr.json").exists(), "as it was, where nothing new came"


def test_collect_script_without_lldpd(pretend_host, tmp_path):
    environment, _ = pretend_host
    break_command(environment, "lldpctl")
    collected = collect(environment, tmp_path)
    assert not (collected / "lldp.json").exists()
    assert (collected / "ip-addr.json").exists()


def test_collect_script_stops_at_a_host_without_ip(pretend_host, tmp_path):
    environment, _ = pretend_host
    break_command(environment, "ip")
    with pytest.raises(subprocess.CalledProcessError):
        collect(environment, tmp_path)


def play_task(environment, root: Path, directory: Path) -> Path:
    """Run the playbook's one shell command as it stands, on the pretended root."""
    (play,) = yaml.safe_load((ROOT / "docs/collect.yml").read_text())
    (command,) = (
        task["ansible.builtin.shell"]["cmd"]
        for task in play["tasks"]
        if "ansible.builtin.shell" in task
    )
    work = directory / "work"
    work.mkdir()
    text = (
        command.replace("{{ netplan2k8s.path }}", str(work))
        .replace("cd / ", f"cd {root} ")
        .replace("-C / ", f"-C {root} ")
    )
    subprocess.run(["sh", "-c", text], env=environment, check=True)
    return (work / "host.tar.gz").rename(directory / "worker-gpu-0.tar.gz")


def test_collect_playbook(pretend_host, tmp_path, run):
    archive = play_task(*pretend_host, tmp_path)
    done = run("inspect", archive, "--live", "--no-config")
    assert "live: 2 rails of 1 host compared, 2 agree" in done.out
    assert done.code == 0, done.err
    (play,) = yaml.safe_load((ROOT / "docs/collect.yml").read_text())
    fetched = [task for task in play["tasks"] if "ansible.builtin.fetch" in task]
    assert fetched[0]["ansible.builtin.fetch"]["dest"].endswith(
        "{{ inventory_hostname }}.tar.gz"
    )


def test_collect_playbook_without_lldpd(pretend_host, tmp_path, run):
    environment, root = pretend_host
    break_command(environment, "lldpctl")
    archive = play_task(environment, root, tmp_path)
    done = run("inspect", archive, "--live", "--no-config")
    assert "worker-gpu-0 without lldp.json" in done.err
    assert done.code == 0
