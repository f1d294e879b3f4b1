"""The command line as its user meets it: exit codes, streams, formats, mistakes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from netplan2k8s import __version__
from netplan2k8s.cli import app
from netplan2k8s.emitters import EMITTERS
from netplan2k8s.settings import KINDS
from tests.conftest import FIXTURES, ROOT, contents


def test_version(run):
    for arguments in (["--version"], ["version"]):
        assert run(*arguments) == (0, f"netplan2k8s {__version__}\n", "")


def test_help_names_every_command(run):
    done = run("--help")
    assert done.code == 0
    for command in ("convert", "inspect", "show", "init", "schema", "version"):
        assert re.search(rf"^\s+{command}\s", done.out, re.MULTILINE)
    assert "Exit codes: 0 no error" in done.out


@pytest.mark.parametrize("command", ["convert", "inspect", "show", "init", "schema"])
def test_help_of_a_command(run, command):
    done = run(command, "-h")
    assert done.code == 0
    if command in ("convert", "inspect", "init"):
        assert "Host roots (with etc/netplan)" in done.out


def test_every_kind_has_an_emitter():
    assert tuple(EMITTERS) == KINDS
    assert app.info.name == "netplan2k8s"


USAGE = [
    ((), "Usage"),
    (("convrt",), "No such command"),
    (("convert",), "Missing argument"),
    (("convert", "hosts"), "give either -o DIR or --stdout"),
    (("convert", "hosts", "-o", "out", "--stdout"), "give either -o DIR or --stdout"),
    (
        ("convert", "hosts", "--stdout", "--format", "json"),
        "--format json needs -o DIR",
    ),
    (
        ("convert", "hosts", "-o", "out", "--format", "xml"),
        "--format 'xml' is none of text, json",
    ),
    (("convert", "hosts", "-o", "out", "--color", "blue"), "--color 'blue' is none of"),
    (("convert", "hosts", "-o", "out", "--kinds", "pods"), "--kinds 'pods' is none of"),
    (
        ("convert", "hosts", "-o", "out", "--policy", "half"),
        "--policy 'half' is none of patch, full",
    ),
    (
        ("convert", "hosts", "-o", "out", "--network-kind", "x"),
        "--network-kind 'x' is none of",
    ),
    (
        ("convert", "hosts", "-o", "out", "--operator-release", "24.1"),
        "--operator-release '24.1' is none of",
    ),
    (
        ("convert", "hosts", "-o", "out", "--base", "p.yaml", "--policy", "patch"),
        "--base writes the complete policy",
    ),
    (
        ("convert", "hosts", "-o", "out", "--base", "p.yaml", "--kinds", "cidrpool"),
        "--base changes the NicClusterPolicy",
    ),
    (
        ("convert", "hosts", "-o", "out", "--config", "a", "--no-config"),
        "exclude each other",
    ),
    (("convert", "hosts", "-o", "out", "--nonsense"), "No such option"),
    (("schema", "pods"), "no schema 'pods'; there are CIDRPool"),
    (("schema", "NicNodePolicy", "--operator-release", "26.1"), "has no NicNodePolicy"),
    (("show", "hosts"), "holds 4 hosts; show takes one"),
]


@pytest.mark.parametrize(("arguments", "words"), USAGE)
def test_wrong_use_exits_with_2(run, fixture_copy, arguments, words):
    fixture_copy("flat")
    done = run(*arguments)
    assert done.code == 2
    assert words in done.err + done.out
    assert "Traceback" not in done.err
    assert not os.path.exists("out")


@pytest.mark.parametrize(
    ("option", "file", "code"),
    [
        ("--base", "nowhere.yaml", "NK001"),
        ("--config", "nowhere.yaml", "NK001"),
        ("--inventory", "nowhere.csv", "NK001"),
        ("--node-names", "nowhere.txt", "NK001"),
        ("--base", "hosts/worker-gpu-0.yaml", "NK406"),
    ],
)
def test_option_with_a_file_that_is_none(run, fixture_copy, option, file, code):
    fixture_copy("flat")
    done = run("convert", "hosts", "-o", "out", option, file)
    assert done.code in (1, 2)
    assert f"{file}:1:1: {code}" in done.err
    assert not os.path.exists("out")


# -- convert ----------------------------------------------------------------------


def test_convert_prints_what_it_made(run, fixture_copy):
    fixture_copy("reference")
    done = run("convert", "hosts", "-o", "out", "--no-config")
    assert done.code == 0
    assert done.out.startswith(
        "64 nodes \N{MULTIPLICATION SIGN} 8 rails = 512 links proven equal\nout/: 27 files written\n"
    )
    assert "fabric/20-cidrpool-rail-1.yaml … " in done.out
    assert "kubectl patch nicclusterpolicy nic-cluster-policy --type=merge" in done.out
    assert "kubectl apply --server-side -f out/fabric/" in done.out
    again = run("convert", "hosts", "-o", "out", "--no-config")
    assert "0 files written, 27 unchanged" in again.out


def test_convert_json_report(run, fixture_copy):
    fixture_copy("flat")
    done = run("convert", "hosts", "-o", "out", "--no-config", "--format", "json")
    report = json.loads(done.out)
    assert (report["nodes"], report["rails"], report["links"]) == (4, 8, 32)
    assert report["directory"] == "out"
    assert sorted(report["written"]) == report["written"]
    assert {f["code"] for f in report["findings"]} == {"NK320", "NK323", "NK403"}


def test_stdout_is_one_stream_of_the_directory_s_manifests(run, fixture_copy):
    fixture_copy("flat")
    done = run("convert", "hosts", "--stdout", "--no-config")
    run("convert", "hosts", "-o", "out", "--no-config")
    files = {
        p: t
        for p, t in contents(FIXTURES / "flat/expected").items()
        if "/" in p and not p.startswith((".", "verify/"))
    }
    streamed = list(yaml.safe_load_all(done.out))
    assert streamed == [yaml.safe_load(text) for _, text in sorted(files.items())]


def test_strict_fails_on_warnings_after_writing(run, fixture_copy):
    fixture_copy("flat")
    done = run("convert", "hosts", "-o", "out", "--no-config", "--strict")
    assert done.code == 1
    assert os.path.isdir("out"), "warnings stop nothing, they are only said louder"


def test_errors_write_nothing_and_say_so(run, fixture_copy):
    fixture_copy("invalid/overlapping-prefix")
    done = run("convert", "hosts", "-o", "out", "--no-config")
    assert done.code == 1
    assert done.out == "nothing written to out\n"
    assert done.err.splitlines()[-1] == "1 error, 1 warning, 1 note"
    assert not os.path.exists("out")


def test_findings_go_to_stderr_and_results_to_stdout(run, fixture_copy):
    fixture_copy("flat")
    done = run("convert", "hosts", "--stdout", "--no-config")
    assert ": NK" not in done.out
    assert all(": NK" in line for line in done.err.splitlines()[:-1])
    line = re.compile(r"^[^:]+:\d+:\d+: NK\d{3} \S")
    assert all(line.match(text) for text in done.err.splitlines()[:-1])


def test_node_names_file_and_template(run, fixture_copy):
    fixture_copy("flat")
    Path("names.txt").write_text("worker-gpu-0 node-a.example # the first\n")
    done = run(
        "convert",
        "hosts",
        "--stdout",
        "--no-config",
        "--node-names",
        "names.txt",
        "--kinds",
        "cidrpool",
    )
    assert "nodeName: node-a.example\n" in done.out
    assert "nodeName: worker-gpu-1\n" in done.out
    with open("names.txt", "a") as file:
        file.write("one two three\n")
    done = run(
        "convert", "hosts", "--stdout", "--no-config", "--node-names", "names.txt"
    )
    assert done.code == 2
    assert (
        "names.txt:2:1: NK008 'one two three' is not a name and a node name" in done.err
    )


def test_base_that_offers_a_rail_s_nic_under_another_name(run, fixture_copy):
    fixture_copy("base-policy")
    text = (
        Path("nicclusterpolicy.yaml")
        .read_text()
        .replace("0000:05:00.0", "0000:7a:00.0")
    )
    Path("nicclusterpolicy.yaml").write_text(text)
    done = run(
        "convert",
        "hosts",
        "-o",
        "out",
        "--no-config",
        "--base",
        "nicclusterpolicy.yaml",
    )
    assert done.code == 1
    assert (
        "NK406 resource storage of the base policy has 0000:7a:00.0, which is rail-1"
        in done.err
    )


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("}}\n      ]}", "}},\n      ]}", "config is no JSON"),
        ("kind: NicClusterPolicy", "kind: Pod", "is no NicClusterPolicy but Pod"),
        ("metadata:", "metadata: [", "NK020"),
        ('"resourceList"', '"resources"', "has no resourceList"),
    ],
)
def test_base_that_cannot_be_merged(run, fixture_copy, old, new, words):
    fixture_copy("base-policy")
    text = Path("nicclusterpolicy.yaml").read_text()
    assert old in text
    Path("nicclusterpolicy.yaml").write_text(text.replace(old, new))
    done = run(
        "convert",
        "hosts",
        "-o",
        "out",
        "--no-config",
        "--base",
        "nicclusterpolicy.yaml",
    )
    assert done.code in (1, 2)
    assert words in done.err
    assert not os.path.exists("out")


def test_release_without_what_the_settings_ask_for(run, fixture_copy):
    fixture_copy("flat")
    Path("netplan2k8s.yaml").write_text("meta_plugins: [sbr]\n")
    done = run("convert", "hosts", "-o", "out")
    assert done.code == 1
    assert (
        "NK405 HostDeviceNetwork of release 26.7 has no metaPlugins for sbr" in done.err
    )
    chained = run("convert", "hosts", "--stdout", "--network-kind", "nad")
    assert '"plugins": [{"type": "host-device"' in chained.out
    assert "NK320" not in chained.err, "sbr is the remedy"
    newest = run("convert", "hosts", "--stdout", "--operator-release", "main")
    assert 'metaPlugins: \'{"type": "sbr"}\'' in newest.out


def test_node_groups(run, fixture_copy):
    fixture_copy("node-groups")
    made = run("convert", "hosts", "-o", "made")
    assert "refuses NicNodePolicies beside a sriovDevicePlugin" in made.out
    done = run("convert", "hosts", "-o", "out", "--operator-release", "26.1")
    assert done.code == 1
    assert "NK405 node_groups need NicNodePolicy" in done.err
    text = Path("netplan2k8s.yaml").read_text()
    Path("netplan2k8s.yaml").write_text(text.replace("[4-7]", "[4-6]"))
    done = run("convert", "hosts", "-o", "out")
    assert "NK008 node worker-gpu-7 is in no group of node_groups" in done.err


def test_pod_name_that_grows_too_long(run, fixture_copy):
    fixture_copy("flat")
    Path("netplan2k8s.yaml").write_text(f"job: {{name: {'a' * 60}}}\n")
    done = run("convert", "hosts", "-o", "out")
    assert done.code == 1
    assert "NK404 pod name" in done.err


def test_pod_name_of_a_job_on_one_node(run, fixture_copy):
    """There is no worker, and the master's name is too long all the same."""
    fixture_copy("flat")
    for number in (1, 2, 3):
        Path(f"hosts/worker-gpu-{number}.yaml").unlink()
    Path("netplan2k8s.yaml").write_text(f"job: {{name: {'a' * 55}}}\n")
    done = run("convert", "hosts", "-o", "out")
    assert f"NK404 pod name {'a' * 55}-master-0 has over 63 characters" in done.err


# -- inspect, show, init, schema ----------------------------------------------------


def test_inspect_shows_rails_and_hosts(run, fixture_copy):
    fixture_copy("eth-rail-inventory")
    done = run("inspect", "hosts", "--no-config")
    assert done.code == 0
    assert "8 rails on 4 hosts" in done.out
    assert re.search(
        r"rail-0\s+172\.16\.0\.0/15\s+4\s+NIC first\s+9216\s+eth_rail0\s+0000:7a:00\.0",
        done.out,
    )
    assert re.search(r"worker-gpu-3\s+172\.16\.0\.6\s", done.out)
    evidence = run("inspect", "hosts", "--no-config", "--evidence")
    assert "ip-link.json" in evidence.out
    assert not os.path.exists("out")


def test_inspect_json(run, fixture_copy):
    fixture_copy("flat")
    report = json.loads(
        run("inspect", "hosts", "--no-config", "--evidence", "--format", "json").out
    )
    assert report["nodes"] == [f"worker-gpu-{n}" for n in range(4)]
    link = report["rails"][0]["links"][0]
    assert link["address"] == "172.16.0.0/31"
    assert link["pciSource"] == "the name enp122s0f0np0"


def test_show_prints_what_netplan_get_would(run, tmp_path):
    (tmp_path / "etc/netplan").mkdir(parents=True)
    (tmp_path / "etc/netplan/1.yaml").write_text(
        "network: {ethernets: {e: {mtu: 0x5, dhcp4: on}}}"
    )
    done = run("show", tmp_path, "--format", "json")
    assert done.code == 1
    (tmp_path / "etc/netplan/1.yaml").write_text(
        "network: {ethernets: {e: {mtu: 05, dhcp4: on}}}"
    )
    done = run("show", tmp_path, "--format", "json")
    ethernets = {"e": {"mtu": "5", "dhcp4": "true"}}
    assert json.loads(done.out) == {"network": {"ethernets": ethernets, "version": "2"}}
    text = run("show", tmp_path)
    assert yaml.load(text.out, yaml.BaseLoader) == json.loads(done.out)


@pytest.mark.parametrize("text", [None, "", "# nothing\n"])
def test_show_of_nothing_is_an_empty_configuration(run, tmp_path, text):
    (tmp_path / "etc/netplan").mkdir(parents=True)
    if text is not None:
        (tmp_path / "etc/netplan/1.yaml").write_text(text)
    done = run("show", tmp_path, "--format", "json")
    assert (done.code, json.loads(done.out)) == (0, {"network": {}})


@pytest.mark.parametrize(
    "name", ["reference", "eth-rail-inventory", "multi-pod", "ipv6"]
)
def test_init_pins_what_convert_finds(run, fixture_copy, name):
    fixture_copy(name)
    plain = run("convert", "hosts", "--stdout", "--no-config")
    assert run("init", "hosts").code == 0
    pinned = run("convert", "hosts", "--stdout")
    assert "cidr:" in Path("netplan2k8s.yaml").read_text()
    assert pinned.out == plain.out


def test_init_never_overwrites_unasked(run, fixture_copy):
    fixture_copy("flat")
    assert run("init", "hosts").code == 0
    first = Path("netplan2k8s.yaml").read_text()
    assert first.startswith("# Settings of netplan2k8s")
    done = run("init", "hosts")
    assert done.code == 2
    assert "netplan2k8s.yaml exists" in done.err
    assert run("init", "hosts", "--force").code == 0
    assert Path("netplan2k8s.yaml").read_text() == first


def test_init_s_commented_lines_are_settings_too(run, fixture_copy):
    fixture_copy("flat")
    text = run("init", "hosts", "-o", "-").out
    keys = re.sub(r"^# ((?:  )*[a-z_0-9]+:)", r"\1", text, flags=re.MULTILINE)
    Path("netplan2k8s.yaml").write_text(keys)
    done = run("convert", "hosts", "--stdout")
    assert "NK008" not in done.err


def test_schema_prints_json(run):
    for name in ("settings", "report", "CIDRPool", "pytorchjob"):
        done = run("schema", name)
        assert done.code == 0
        assert json.loads(done.out)["$schema"]


# -- terminal, pipes, signals -------------------------------------------------------


def test_color_only_when_asked_or_on_a_terminal(run, fixture_copy, monkeypatch):
    fixture_copy("flat")
    escape = "\x1b["
    assert escape not in run("convert", "hosts", "--stdout", "--no-config").err
    assert (
        escape
        in run("convert", "hosts", "--stdout", "--no-config", "--color", "always").err
    )
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert escape in run("convert", "hosts", "--stdout", "--no-config").err
    assert (
        escape
        not in run(
            "convert", "hosts", "--stdout", "--no-config", "--color", "never"
        ).err
    )
    monkeypatch.setenv("NO_COLOR", "1")
    assert escape not in run("convert", "hosts", "--stdout", "--no-config").err


def start(*arguments, **options):
    command = [sys.executable, "-m", "netplan2k8s", *map(str, arguments)]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


LONG_OUTPUTS = [
    ("convert", "fixtures/reference/hosts", "--no-config", "--stdout"),
    ("inspect", "fixtures/reference/hosts", "--no-config"),
    ("strip", "fixtures/reference/hosts", "--no-config"),
]


@pytest.mark.parametrize("arguments", LONG_OUTPUTS, ids=lambda words: words[0])
def test_reader_that_has_seen_enough(arguments):
    with start(*arguments) as process:
        process.stdout.close()  # at once: how much a pipe takes does not matter then
        said = process.stderr.read()
        assert "Traceback" not in said
        assert "BrokenPipe" not in said
        assert process.wait() == 141


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="has no /dev/full")
@pytest.mark.parametrize(
    "arguments",
    [*LONG_OUTPUTS, (*LONG_OUTPUTS[1], "--format", "json"), ("rules",), ("--version",)],
    ids=" ".join,
)
def test_output_that_cannot_be_written(arguments):
    command = [sys.executable, "-m", "netplan2k8s", *arguments]
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            command,
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 3
    assert done.stderr.endswith("No space left on device\n")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("closed", [1, 2])
def test_closed_streams_are_not_written_to(closed, tmp_path):
    arguments = ("strip", ROOT / "fixtures/flat/hosts", "--no-config", "--write")
    command = [sys.executable, "-m", "netplan2k8s", *arguments, "-o", tmp_path / "x"]
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}>&-', "sh", *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(path.name for path in (tmp_path / "x").iterdir()) == [
        "hosts",
        "rollback",
        "sums",
    ]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_letters_that_the_output_lacks_are_no_error(encoding, tmp_path):
    out = tmp_path / "\N{GREEK SMALL LETTER OMEGA}"
    command = [sys.executable, "-m", "netplan2k8s", "convert"]
    done = subprocess.run(
        [*command, "fixtures/reference/hosts", "--no-config", "-o", out],
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        check=False,
    )
    said = done.stdout.decode(encoding)
    assert done.returncode == 0, done.stderr
    assert ("\N{HORIZONTAL ELLIPSIS}" if encoding == "utf-8" else "\\u2026") in said
    assert (
        "\N{GREEK SMALL LETTER OMEGA}" if encoding == "utf-8" else "\\u03c9"
    ) in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("command", ["convert", "strip --write"])
def test_what_a_signal_ends_leaves_nothing_half_done(number, command, tmp_path):
    hosts, out = ROOT / "fixtures/reference/hosts", tmp_path / "out"
    with start(*command.split(), hosts, "--no-config", "-o", out) as process:
        while process.poll() is None and not any(tmp_path.iterdir()):
            time.sleep(0.001)
        process.send_signal(number)
        assert "Traceback" not in process.stderr.read()
    assert process.returncode in (0, 128 + number)
    # Whole, if the signal came late.
    assert [path.name for path in tmp_path.iterdir()] in ([], ["out"])


def test_interrupt_is_quiet(run, fixture_copy, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("netplan2k8s.workflow.convert", interrupted)
    fixture_copy("flat")
    done = run("convert", "hosts", "-o", "out", "--no-config")
    assert done.code == 130
    assert "Traceback" not in done.err


def test_disk_that_fails_exits_with_3(run, fixture_copy, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device", "out")

    monkeypatch.setattr("os.rename", full)
    fixture_copy("flat")
    done = run("convert", "hosts", "-o", "out", "--no-config")
    assert done.code == 3
    assert done.err.splitlines()[-1] == "netplan2k8s: out: No space left on device"
    assert not os.path.exists("out")
