"""What other repositories run us with: pre-commit hooks, a GitHub action, a GitLab job.

The files are read as their runners read them, and their commands run on copies of a
fixture, with the environment a runner would set. Nothing is fetched.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from netplan2k8s.report import FORMATS
from tests.conftest import FIXTURES, ROOT

HOOKS = {
    hook["id"]: hook
    for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
}
ACTION_PATH = ROOT / ".github/actions/netplan2k8s"
ACTION = yaml.safe_load((ACTION_PATH / "action.yml").read_text())
STEPS = {step.get("id") or step["name"]: step for step in ACTION["runs"]["steps"]}
UPLOAD = STEPS["Upload to code scanning"]
GITLAB = yaml.safe_load((ROOT / ".gitlab/netplan2k8s.gitlab-ci.yml").read_text())
JOB = GITLAB[".netplan2k8s"]
GUIDE = (ROOT / "docs/ci.md").read_text()

GOOD = FIXTURES / "reference/expected"
NETWORK = "fabric/30-hostdevicenetwork-rail-1.yaml"
POOL = "fabric/20-cidrpool-rail-1.yaml"
QUOTED = "::error::quoted from a manifest"

needs_pre_commit = pytest.mark.skipif(
    importlib.util.find_spec("pre_commit") is None, reason="pre-commit is not installed"
)


@pytest.fixture
def environment(tmp_path):
    """No more than a runner has: a home, and a PATH with netplan2k8s in it."""
    (tmp_path / "bin").mkdir()
    script(tmp_path / "bin/netplan2k8s", f'exec {sys.executable} -m netplan2k8s "$@"')
    return {
        "HOME": str(tmp_path),
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "LANG": "C.UTF-8",
    }


@pytest.fixture
def checkout(tmp_path):
    """Somebody's repository, with manifests, hosts and files that are neither."""
    top = tmp_path / "checkout"
    shutil.copytree(GOOD, top / "manifests")
    (top / "hosts").symlink_to(FIXTURES / "reference/hosts")
    (top / ".github/workflows").mkdir(parents=True)
    (top / ".github/workflows/ci.yml").write_text("on: push\n")
    (top / "host-a/etc/netplan").mkdir(parents=True)
    (top / "host-a/etc/netplan/70-rails.yaml").write_text("network: {version: 2}\n")
    return top


def script(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(("#!/bin/sh", *lines)) + "\n")
    path.chmod(0o755)
    return path


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def broken(top: Path) -> Path:
    """The checkout with two errors: one of a file alone, one of a reference."""
    edit(
        top / "manifests" / POOL, "nodeName: worker-gpu-1\n", "nodeName: worker-gpu-0\n"
    )
    edit(top / "manifests" / NETWORK, '"poolName": "rail-1"', '"poolName": "rail-99"')
    return top


def run(command: list[str], cwd: Path, env: dict[str, str]):
    return subprocess.run(
        command, cwd=cwd, env=env, text=True, capture_output=True, check=False
    )


# -- pre-commit -------------------------------------------------------------------


def hook(name: str, top: Path, env: dict[str, str], files: list[str], **user: Any):
    """Run a hook by hand, as pre-commit would with what the user configures."""
    told = HOOKS[name] | user
    passed = [
        path
        for path in files
        if re.search(told.get("files", ""), path)
        and not re.search(told.get("exclude", "^$"), path)
    ]
    command = [*shlex.split(told["entry"]), *told.get("args", [])]
    if told.get("pass_filenames", True):
        command += passed
    return run(command, top, env)


def tracked(top: Path) -> list[str]:
    found = (path.relative_to(top) for path in sorted(top.rglob("*")) if path.is_file())
    return [str(path) for path in found]


def test_there_are_two_hooks_that_run_the_installed_program():
    assert set(HOOKS) == {"netplan2k8s-lint", "netplan2k8s-prove"}
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    for told in HOOKS.values():
        assert told["language"] == "python"
        assert shlex.split(told["entry"])[0] in scripts


def test_lint_hook_takes_yaml_and_json_but_no_dot_files_netplan_or_settings():
    told = HOOKS["netplan2k8s-lint"]
    assert set(told["types_or"]) == {"yaml", "json"}
    taken = [
        path
        for path in (
            "manifests/a.yaml",
            "a.yml",
            "deep/er/a.json",
            "README.md",
            "a.yaml.j2",
            ".github/workflows/ci.yml",
            ".pre-commit-config.yaml",
            "hosts/a/etc/netplan/70-rails.yaml",
            "netplan2k8s.yaml",
        )
        if re.search(told["files"], path) and not re.search(told["exclude"], path)
    ]
    assert taken == ["manifests/a.yaml", "a.yml", "deep/er/a.json"]


def test_lint_hook_passes_good_manifests(checkout, environment):
    done = hook("netplan2k8s-lint", checkout, environment, tracked(checkout))
    assert done.returncode == 0, done.stderr
    assert "in 25 files" in done.stdout


def test_lint_hook_fails_on_a_broken_file(checkout, environment):
    done = hook(
        "netplan2k8s-lint", broken(checkout), environment, [f"manifests/{POOL}"]
    )
    assert done.returncode == 1
    assert f"manifests/{POOL}:23:15: NK424" in done.stderr


@pytest.mark.parametrize(
    "changed",
    [
        [NETWORK],
        ["workloads/pytorchjob.yaml"],
        [NETWORK, "fabric/20-cidrpool-rail-2.yaml"],
        [NETWORK, "workloads/pytorchjob.yaml"],
        [NETWORK, "patches/nicclusterpolicy.yaml", "workloads/pytorchjob.yaml"],
    ],
    ids=["network", "job", "network-other-pool", "network-job", "network-policy-job"],
)
def test_lint_hook_misses_nothing_that_lies_in_unchanged_files(
    changed, checkout, environment
):
    files = [f"manifests/{name}" for name in changed]
    done = hook("netplan2k8s-lint", checkout, environment, files)
    assert done.returncode == 0, done.stderr


def test_lint_hook_takes_more_arguments(checkout, environment):
    files, user = tracked(checkout), ["--strict", "--ignore", "NK320"]
    done = hook("netplan2k8s-lint", checkout, environment, files, args=user)
    assert done.returncode == 0, done.stderr
    done = hook("netplan2k8s-lint", checkout, environment, files, args=["--strict"])
    assert done.returncode == 1


def test_lint_hook_of_the_guide_judges_references_over_the_directory(
    checkout, environment
):
    user = guide_hooks()[2]
    assert user["id"] == "netplan2k8s-lint"
    done = hook("netplan2k8s-lint", broken(checkout), environment, [], **user)
    assert done.returncode == 1
    assert "NK441" in done.stderr


def test_prove_hook_runs_without_file_names_and_when_files_only_go():
    told = HOOKS["netplan2k8s-prove"]
    assert told["pass_filenames"] is False
    assert told["always_run"] is True


@pytest.mark.parametrize("code", [0, 1])
def test_prove_hook_compares_with_the_hosts(code, checkout, environment):
    if code:
        broken(checkout)
    user = guide_hooks()[1]
    assert user["id"] == "netplan2k8s-prove"
    done = hook("netplan2k8s-prove", checkout, environment, [], **user)
    assert done.returncode == code, done.stderr


@needs_pre_commit
@pytest.mark.parametrize("code", [0, 1])
def test_pre_commit_itself_runs_the_lint_hook(code, checkout, environment):
    """With the program that is installed, for installing another needs a network."""
    if code:
        broken(checkout)
    told = HOOKS["netplan2k8s-lint"] | {"language": "system"}
    config = {"repos": [{"repo": "local", "hooks": [told]}]}
    (checkout / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    for command in (["git", "init", "--quiet"], ["git", "add", "--all"]):
        assert run(command, checkout, environment).returncode == 0
    command = [sys.executable, "-m", "pre_commit", "run", "--all-files", "--verbose"]
    done = run(command, checkout, environment | {"PYTHONPATH": ""})
    assert ("NK411" in done.stdout, done.returncode) == (False, code), done.stdout
    assert "in 25 files" in done.stdout


# -- the GitHub action ------------------------------------------------------------


def expand(text: str, inputs: dict[str, str], outputs: dict[str, dict[str, str]]):
    """A text with its ``${{ inputs.x }}`` and ``${{ steps.y.outputs.z }}`` put in."""

    def value(found: re.Match[str]) -> str:
        words = found[1].split(".")
        return inputs[words[1]] if words[0] == "inputs" else outputs[words[1]][words[3]]

    return re.sub(r"\$\{\{\s*([\w.-]+)\s*\}\}", value, text)


class Runner:
    """Runs the shell steps of the action, as a runner does."""

    def __init__(self, top: Path, env: dict[str, str], **inputs: str) -> None:
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        assert given.keys() <= ACTION["inputs"].keys()
        defaults = {name: told["default"] for name, told in ACTION["inputs"].items()}
        self.inputs = defaults | given
        program = shutil.which("netplan2k8s", path=env["PATH"])
        self.outputs: dict[str, dict[str, str]] = {"install": {"program": program}}
        self.top, self.temp = top, top.parent / "runner"
        self.temp.mkdir(exist_ok=True)
        self.env = env | {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(ACTION_PATH),
            "GITHUB_OUTPUT": str(self.temp / "output"),
            "GITHUB_WORKSPACE": str(top),
            "RUNNER_TEMP": str(self.temp),
        }

    def run(self, name: str):
        step = STEPS[name]
        given = {
            key: expand(value, self.inputs, self.outputs)
            for key, value in step.get("env", {}).items()
        }
        (self.temp / "output").write_text("")
        (self.temp / "step.sh").write_text(step["run"])
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail"]
        done = run([*command, f"{self.temp}/step.sh"], self.top, self.env | given)
        written = (self.temp / "output").read_text().splitlines()
        self.outputs[name] = dict(line.split("=", 1) for line in written)
        return done

    def uploads(self) -> bool:
        """What the upload's condition comes to after a step that failed or not."""
        always, asked, written = UPLOAD["if"].split(" && ")
        assert always == "always()"
        assert asked == "inputs.upload == 'true'"
        assert written == "steps.lint.outputs.sarif == 'written'"
        sarif = self.outputs["lint"].get("sarif")
        return self.inputs["upload"] == "true" and sarif == "written"


def sarif(path: Path) -> list[str]:
    (only,) = json.loads(path.read_text())["runs"]
    return [result["ruleId"] for result in only["results"]]


def test_action_has_what_a_runner_needs():
    assert ACTION.keys() == {"name", "description", "inputs", "outputs", "runs"}
    assert ACTION["runs"]["using"] == "composite"
    for told in ACTION["inputs"].values():
        assert told["description"]
        assert isinstance(told["default"], str)
    for step in ACTION["runs"]["steps"]:
        if "run" in step:
            assert step["shell"] == "bash"
            assert step.keys() <= {"name", "id", "shell", "env", "run"}
        else:
            assert re.fullmatch(r"[\w.-]+(/[\w.-]+)+@[\w.]+", step["uses"])
            assert step.keys() <= {"name", "if", "uses", "with"}


def test_action_puts_no_expression_into_a_script():
    assert not [name for name, step in STEPS.items() if "${{" in step.get("run", "")]


def test_action_uses_each_input_and_knows_each_that_it_uses():
    text = (ACTION_PATH / "action.yml").read_text()
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == ACTION["inputs"].keys()


def test_action_reads_only_outputs_that_a_step_writes():
    text = (ACTION_PATH / "action.yml").read_text()
    read = set(re.findall(r"steps\.(\w+)\.outputs\.([\w-]+)", text))
    assert read == {("install", "program"), ("lint", "exit-code"), ("lint", "sarif")}
    for step, name in read:
        assert f'echo "{name}=' in STEPS[step]["run"]


def test_action_installs_the_checkout_it_lies_in(checkout, environment, tmp_path):
    """Python is one that writes down what it is asked for."""
    log = tmp_path / "asked"
    script(
        tmp_path / "bin/python",
        f'printf "%s\\n" "$*" >> {log}',
        'if [ "$2" = venv ]; then mkdir -p "$3/bin" && cp "$0" "$3/bin/python"; fi',
    )
    runner = Runner(checkout, environment)
    done = runner.run("install")
    assert done.returncode == 0, done.stderr
    made, installed = log.read_text().splitlines()
    assert made == f"-m venv {runner.temp}/netplan2k8s"
    assert Path(installed.split()[-1]).resolve() == ROOT
    assert (ROOT / "pyproject.toml").exists()
    assert runner.outputs["install"]["program"].startswith(
        f"{runner.temp}/netplan2k8s/"
    )


def test_action_passes_good_manifests(checkout, environment):
    runner = Runner(checkout, environment)
    done = runner.run("lint")
    assert done.returncode == 0, done.stdout
    assert runner.outputs["lint"] == {"sarif": "written", "exit-code": "0"}
    assert "NK320" in sarif(checkout / "netplan2k8s.sarif")


def test_action_fails_with_the_code_of_lint_and_writes_sarif(checkout, environment):
    runner = Runner(broken(checkout), environment)
    done = runner.run("lint")
    assert done.returncode == 1
    assert runner.outputs["lint"] == {"sarif": "written", "exit-code": "1"}
    assert {"NK424", "NK441"} <= set(sarif(checkout / "netplan2k8s.sarif"))
    assert runner.uploads()


def test_action_shows_lines_for_people_and_annotations(checkout, environment):
    lines = Runner(broken(checkout), environment).run("lint").stdout.splitlines()
    assert any(line.startswith(f"manifests/{POOL}:23:15: NK424") for line in lines)
    annotation = (
        f"::error file=manifests/{POOL},title=NK424 repeated-allocation,line=23"
    )
    assert any(line.startswith(annotation) for line in lines)


def test_action_names_paths_as_the_repository_does(checkout, environment):
    Runner(checkout, environment).run("lint")
    (only,) = json.loads((checkout / "netplan2k8s.sarif").read_text())["runs"]
    for result in only["results"]:
        place = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert (checkout / place).is_file()


def test_action_writes_sarif_where_the_input_says(checkout, environment):
    runner = Runner(checkout, environment, sarif_file="out/of the way/a.sarif")
    assert runner.run("lint").returncode == 0
    assert sarif(checkout / "out/of the way/a.sarif")
    assert UPLOAD["with"] == {"sarif_file": "${{ inputs.sarif-file }}"}


def test_action_reports_unreadable_input_with_code_2(checkout, environment):
    runner = Runner(checkout, environment, paths="manifests\nabsent.yaml")
    assert runner.run("lint").returncode == 2
    assert "NK001" in sarif(checkout / "netplan2k8s.sarif")
    assert runner.uploads()


def test_action_uploads_no_report_of_an_earlier_run(checkout, environment):
    (checkout / "netplan2k8s.sarif").write_text("{}")
    runner = Runner(checkout, environment, args="--select NK999")
    done = runner.run("lint")
    assert done.returncode == 2
    assert "'NK999' is no rule" in done.stdout
    assert runner.outputs["lint"] == {"exit-code": "2"}
    assert not runner.uploads()


def test_action_does_not_upload_where_it_is_told_not_to(checkout, environment):
    runner = Runner(checkout, environment, upload="false")
    runner.run("lint")
    assert not runner.uploads()


@pytest.mark.parametrize("name", ["paths", "hosts", "args", "sarif_file"])
def test_action_runs_nothing_of_an_input(name, checkout, environment):
    text = '"; touch pwned; $(touch pwned) `touch pwned`'
    Runner(checkout, environment, **{name: text}).run("lint")
    assert not list(checkout.rglob("pwned"))


def test_action_lets_no_quoted_text_speak_to_the_runner(checkout, environment):
    """A finding may quote a manifest's text with its line breaks."""
    script(
        checkout.parent / "bin/netplan2k8s",
        f'case "$*" in *text*) echo "{QUOTED}"; echo "{QUOTED}" >&2;; esac',
    )
    done = Runner(checkout, environment).run("lint")
    assert not done.stderr
    begin, *lines = done.stdout.splitlines()
    assert begin.startswith("::stop-commands::")
    resume = f"::{begin.removeprefix('::stop-commands::')}::"
    assert [line for line in lines if line] == [QUOTED, QUOTED, resume]


def asked(checkout: Path) -> Path:
    """Put a netplan2k8s in place that writes down its arguments, one run a line."""
    log = checkout.parent / "asked"
    program = checkout.parent / "bin/netplan2k8s"
    script(program, f'printf "<%s>" "$@" >> {log}', f"echo >> {log}")
    return log


def test_action_hands_over_paths_by_line_options_by_word_and_hosts(
    checkout, environment
):
    log = asked(checkout)
    runner = Runner(
        checkout,
        environment,
        paths="  manifests\n\nmore of them\n",
        hosts="all hosts\nmore",
        args="--strict\n  --ignore NK4*",
    )
    assert runner.run("lint").returncode == 0
    first, second = log.read_text().splitlines()
    begin = (
        "<lint><--strict><--ignore><NK4*><--hosts><all hosts><--hosts><more><--format>"
    )
    assert first == f"{begin}<text><--><manifests><more of them>"
    assert second.startswith(f"{begin}<sarif><--output-file>")


@pytest.mark.parametrize("code", [0, 1])
def test_action_compares_with_the_hosts(code, checkout, environment):
    if code:
        edit(checkout / "manifests" / POOL, "172.16.0.3\n", "172.16.0.2\n")
    runner = Runner(checkout, environment, hosts="hosts")
    done = runner.run("lint")
    assert done.returncode == code, done.stdout
    codes = sarif(checkout / "netplan2k8s.sarif")
    assert ("NK502" in codes) == bool(code)


# -- the GitLab job ---------------------------------------------------------------


QUALITY, JUNIT = "gl-code-quality-report.json", "netplan2k8s-junit.xml"
SHELLS = [["bash", "-eo", "pipefail"], ["sh", "-e"]]


def job(part: str, top: Path, env: dict[str, str], shell=("bash", "-e"), **given: str):
    """Run a part of the job, in a shell as GitLab's runner has it."""
    assert given.keys() <= JOB["variables"].keys()
    path = top.parent / "job.sh"
    path.write_text("\n".join(JOB[part]) + "\n")
    everything = env | {"CI": "true", "GITLAB_CI": "true"} | JOB["variables"] | given
    return run([*shell, str(path)], top, everything)


def test_template_defines_one_hidden_job():
    assert list(GITLAB) == [".netplan2k8s"]
    assert JOB.keys() == {"image", "variables", "before_script", "script", "artifacts"}
    for name, value in JOB["variables"].items():
        assert re.fullmatch(r"NETPLAN2K8S_[A-Z]+", name)
        assert isinstance(value, str)
    for part in ("before_script", "script"):
        assert all(isinstance(line, str) for line in JOB[part])


def test_job_keeps_both_reports_always():
    artifacts = JOB["artifacts"]
    assert artifacts["when"] == "always"
    assert artifacts["reports"] == {"codequality": QUALITY, "junit": JUNIT}
    assert set(artifacts["paths"]) == {QUALITY, JUNIT}


@pytest.mark.parametrize("shell", SHELLS, ids=["bash", "sh"])
def test_job_passes_good_manifests(shell, checkout, environment):
    done = job("script", checkout, environment, shell)
    assert done.returncode == 0, done.stderr
    assert all(
        issue["severity"] in ("minor", "info")
        for issue in json.loads((checkout / QUALITY).read_text())
    )
    assert ET.parse(checkout / JUNIT).getroot().tag == "testsuites"


@pytest.mark.parametrize("shell", SHELLS, ids=["bash", "sh"])
def test_job_fails_with_the_code_of_lint_and_writes_reports(
    shell, checkout, environment
):
    done = job("script", broken(checkout), environment, shell)
    assert done.returncode == 1
    assert f"manifests/{POOL}:23:15: NK424" in done.stderr
    issues = json.loads((checkout / QUALITY).read_text())
    critical = {i["location"]["path"] for i in issues if i["severity"] == "critical"}
    assert critical == {f"manifests/{POOL}", f"manifests/{NETWORK}"}
    failed = ET.parse(checkout / JUNIT).findall(".//testcase[failure]")
    assert f"manifests/{POOL}" in {case.get("name") for case in failed}


def test_quality_report_has_what_gitlab_requires(checkout, environment):
    job("script", broken(checkout), environment)
    issues = json.loads((checkout / QUALITY).read_text())
    for issue in issues:
        assert {"description", "check_name", "fingerprint", "severity"} <= issue.keys()
        assert (checkout / issue["location"]["path"]).is_file()
        assert issue["location"]["lines"]["begin"] >= 1
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)


def test_job_hands_over_words_and_hosts(checkout, environment):
    log = asked(checkout)
    done = job(
        "script",
        checkout,
        environment,
        NETPLAN2K8S_PATHS="manifests *",
        NETPLAN2K8S_HOSTS="a b",
        NETPLAN2K8S_ARGS="--strict --ignore NK4*",
    )
    assert done.returncode == 0
    runs = log.read_text().splitlines()
    begin, hosts = (
        "<lint><--strict><--ignore><NK4*><--format>",
        "<--hosts><a><--hosts><b>",
    )
    assert runs == [
        f"{begin}<text>{hosts}<--><manifests><*>",
        f"{begin}<gitlab><--output-file><{QUALITY}>{hosts}<--><manifests><*>",
        f"{begin}<junit><--output-file><{JUNIT}>{hosts}<--><manifests><*>",
    ]


def test_job_runs_nothing_of_a_variable(checkout, environment):
    text = "; touch pwned; $(touch pwned) `touch pwned`"
    for name in JOB["variables"]:
        job("script", checkout, environment, **{name: text})
    assert not list(checkout.rglob("pwned"))


@pytest.mark.parametrize("code", [0, 1])
def test_job_compares_with_the_hosts(code, checkout, environment):
    if code:
        edit(checkout / "manifests" / POOL, "172.16.0.3\n", "172.16.0.2\n")
    done = job("script", checkout, environment, NETPLAN2K8S_HOSTS="hosts")
    assert done.returncode == code, done.stderr
    assert ("NK502" in (checkout / QUALITY).read_text()) == bool(code)


def test_job_says_that_it_must_know_what_to_install(checkout, environment):
    done = job("before_script", checkout, environment)
    assert done.returncode != 0
    assert "NETPLAN2K8S_SOURCE" in done.stderr


def test_job_installs_the_source_it_is_given(checkout, environment, tmp_path):
    log = tmp_path / "asked"
    script(tmp_path / "bin/python", f'printf "<%s>" "$@" >> {log}')
    done = job("before_script", checkout, environment, NETPLAN2K8S_SOURCE="./a wheel")
    assert done.returncode == 0, done.stderr
    assert log.read_text().startswith("<-m><pip><install>")
    assert log.read_text().endswith("<./a wheel>")


# -- the guide --------------------------------------------------------------------


def examples() -> list[Any]:
    found = re.findall(r"^```yaml\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    return [yaml.safe_load(text) for text in found]


def guide_hooks() -> list[dict[str, Any]]:
    configs = [e for e in examples() if isinstance(e, dict) and "repos" in e]
    repos = (repo for config in configs for repo in config["repos"])
    return [told for repo in repos for told in repo["hooks"]]


def test_guide_configures_hooks_that_are_there():
    assert {told["id"] for told in guide_hooks()} == HOOKS.keys()


def test_guide_gives_inputs_that_are_there():
    (workflow,) = (e for e in examples() if "jobs" in e)
    steps = workflow["jobs"]["rails"]["steps"]
    (step,) = (s for s in steps if "netplan2k8s" in s["uses"])
    assert ACTION_PATH.relative_to(ROOT).as_posix() in step["uses"]
    assert step["with"].keys() <= ACTION["inputs"].keys()
    for name, told in ACTION["inputs"].items():
        default = f"`{told['default']}`" if told["default"] else "none"
        assert f"| `{name}` | {default} |" in GUIDE


def test_guide_gives_variables_that_are_there():
    (pipeline,) = (e for e in examples() if "include" in e)
    told = pipeline["rails"]
    assert told["extends"] in GITLAB
    assert told["variables"].keys() <= JOB["variables"].keys()
    assert (ROOT / pipeline["include"][0]["file"].lstrip("/")).is_file()
    for name in JOB["variables"]:
        assert f"| `{name}` |" in GUIDE


def test_guide_explains_every_format():
    for name in FORMATS:
        assert f"| `{name}` |" in GUIDE
