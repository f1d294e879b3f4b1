"""Lint, explain and rules as their user meets them: streams, files, exit codes."""

from __future__ import annotations

import io
import json
import shutil

import pytest

from netplan2k8s.catalogue import RULES
from tests.conftest import FIXTURES

FLAT = FIXTURES / "flat"


@pytest.fixture
def manifests(tmp_path, monkeypatch):
    """The manifests of a fixture in the working directory, and one gateway changed."""
    shutil.copytree(FLAT / "expected", tmp_path / "good")
    shutil.copytree(FLAT / "expected", tmp_path / "bad")
    path = tmp_path / "bad/fabric/20-cidrpool-rail-1.yaml"
    path.write_text(path.read_text().replace("172.16.0.2/31", "172.16.0.3/31"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("manifests")
def test_good_manifests_end_with_0_and_bad_ones_with_1(run):
    good, bad = run("lint", "good"), run("lint", "bad")

    assert (good.code, bad.code) == (0, 1)
    assert "NK423 prefix 172.16.0.3/31 has host bits" in bad.err
    assert good.out == (
        "21 manifests in 23 files: 8 CIDRPool, 8 HostDeviceNetwork, 1 Job, 1 MPIJob,"
        " 1 NicClusterPolicy, 2 PyTorchJob\nnot judged: 1 ConfigMap, 1 Kustomization\n"
        "ignored where they are: 6 findings\n"
    )


@pytest.mark.usefixtures("manifests")
def test_strict_makes_warnings_count(run):
    assert run("lint", "good", "--strict").code == 1
    assert run("lint", "good", "--strict", "--ignore", "NK320").code == 0
    assert run("lint", "good", "--strict", "--severity", "NK320=info").code == 0
    assert run("lint", "bad", "--severity", "NK423=warning").code == 0


def test_of_ipv6_no_network_wins_a_shared_route(run):
    done = run("lint", FIXTURES / "ipv6" / "expected")

    assert "NK320 fd00::/16 is routed over 8 networks" in done.err
    assert "rail-1 to rail-8: the kernel spreads it over all of them" in done.err


def test_standard_input_is_a_file(run, manifests, monkeypatch):
    text = (manifests / "bad/fabric/20-cidrpool-rail-1.yaml").read_bytes()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))
    done = run("lint", "-")

    assert done.code == 1
    assert "<stdin>:" in done.err


@pytest.mark.usefixtures("manifests")
def test_annotations_by_themselves_in_a_github_workflow(run, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    done, text = run("lint", "bad"), run("lint", "bad", "--format", "text")

    assert done.out.startswith("::error file=bad/fabric/20-cidrpool-rail-1.yaml,")
    assert "::error" not in text.out + text.err


@pytest.mark.parametrize("format_", ["text", "json", "sarif", "junit", "gitlab"])
def test_report_goes_to_the_file_and_the_words_to_the_terminal(run, manifests, format_):
    done = run("lint", "bad", "--format", format_, "--output-file", "report")

    assert done.code == 1
    assert "NK423" in (manifests / "report").read_text()
    assert done.out.startswith("21 manifests")


@pytest.mark.usefixtures("manifests")
def test_report_that_cannot_be_written_ends_with_3(run):
    done = run("lint", "good", "--output-file", "nowhere/report", "--format", "sarif")

    assert done.code == 3
    assert done.err == "netplan2k8s: nowhere/report: No such file or directory\n"


def test_hosts_that_cannot_be_read_are_in_the_report_too(run, manifests):
    report = ["--format", "sarif", "--output-file", "report"]
    done = run("lint", "good", "--hosts", "nowhere", *report)
    results = json.loads((manifests / "report").read_text())["runs"][0]["results"]

    assert done.code == 2
    assert [result["ruleId"] for result in results] == ["NK001"]


def test_baseline_written_anew_holds_what_the_old_one_held(run, manifests):
    baseline = ["--baseline", "known.json"]
    run("lint", "bad", "--write-baseline", "known.json")
    before = (manifests / "known.json").read_text()
    known = run("lint", "bad", *baseline)
    run("lint", "bad", *baseline, "--write-baseline", "known.json")

    assert known.code == 0
    assert (manifests / "known.json").read_text() == before


def test_errors_of_lint_keep_a_proof_from_holding(run, manifests):
    path = manifests / "good/workloads/extra.yaml"
    path.write_text("apiVersion: v1\nkind: [\n")
    done = run("lint", "good", "--hosts", FLAT / "hosts", "--no-config")

    assert done.code == 1
    assert done.out.endswith("32 links equal, not proven: see the errors\n")


def test_line_breaks_of_a_name_stay_within_the_line(run, manifests):
    path = manifests / "odd.yaml"
    path.write_text(
        "apiVersion: nv-ipam.nvidia.com/v1alpha1\nkind: CIDRPool\n"
        'metadata: {name: "a\\n::error::b", namespace: nvidia-network-operator}\n'
        "spec: {cidr: 10.0.0.0/8, perNodeNetworkPrefix: 30}\n"
    )
    done = run("lint", "odd.yaml")

    assert "'a\\n::error::b'" in done.err
    assert not any(line.startswith("::") for line in done.err.splitlines())


# -- explain and rules ----------------------------------------------------------------


@pytest.mark.parametrize("word", ["NK450", "nk450", "fails-open"])
def test_a_rule_is_explained_by_code_or_name(run, word):
    done = run("explain", word)

    assert done.code == 0
    assert done.out.startswith("## NK450 fails-open\n\nError, runtime: ")
    assert "**Instead**" in done.out


def test_rule_that_is_none_has_its_nearest(run):
    done = run("explain", "fails-opn")

    assert done.code == 2
    assert "fails-open is near" in done.err


def test_all_rules_are_listed(run):
    listed = json.loads(run("rules", "--format", "json").out)

    assert [rule["code"] for rule in listed] == list(RULES)
    assert len(run("rules").out.splitlines()) == len(RULES)


def test_a_report_goes_through_links_and_pipes(run, tmp_path):
    import os
    import threading

    manifest = FIXTURES / "flat/expected/fabric"
    target, link = tmp_path / "report", tmp_path / "link"
    link.symlink_to(target)
    run("lint", manifest, "--no-config", "--format", "json", "--output-file", link)
    assert link.is_symlink()
    assert target.read_text().startswith("{")

    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    run("lint", manifest, "--no-config", "--format", "json", "--output-file", pipe)
    reader.join(10)
    assert pipe.is_fifo()
    assert read[0].startswith("{")
