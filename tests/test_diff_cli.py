"""The command line of diff and of netplan2k8s-diff: wrong use, input, exit codes."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys

import pytest
import yaml

from netplan2k8s.compare.leaves import ENTRIES, leaves
from tests.diffed import Differ, entries, entry, network, node, pool, write


@pytest.fixture
def differ(run, tmp_path):
    return Differ(run, tmp_path)


@pytest.fixture
def fabric(tmp_path):
    return write(tmp_path / "new", pool(entries(0))).parent


@pytest.fixture
def cluster(tmp_path):
    return write(tmp_path / "cluster", pool(entries(0)), node("gpu-0", gpu=8))


# -- wrong use ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("a", "b", "c"), "give MANIFESTS, or OLD and NEW; a directory may hold them"),
        (("a", "b", "--snapshot", "s"), "two paths are compared with one another; --s"),
        (("a", "b", "--context", "c"), "two paths are compared with one another; --s"),
        (
            ("a", "--snapshot", "s", "--kubeconfig", "k"),
            "--snapshot stands for a cluster; leave out --",
        ),
        (("a", "b", "--format", "sarif"), "--format 'sarif' is none of text, json, "),
        (("a", "b", "--color", "no"), "--color 'no' is none of auto, always, never"),
        (("a", "b", "--operator-release", "1"), "--operator-release '1' is none of "),
    ],
)
def test_wrong_use(run, arguments, message):
    done = run("diff", *arguments)

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"netplan2k8s: {message}")
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("arguments", [(), ("a", "b", "--context-lines", "-1")])
def test_use_that_the_parser_refuses(run, arguments):
    done = run("diff", *arguments)

    assert (done.code, done.out) == (2, "")


# -- input that cannot be read -----------------------------------------------------


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("content", ["a: [", "a: b: c", "- 1", "\0", "{", "word"])
def test_what_is_no_yaml(run, tmp_path, fabric, content, side):
    (tmp_path / "bad.yaml").write_text(content)
    paths = [tmp_path / "bad.yaml", fabric]
    done = run("diff", *(paths if side else reversed(paths)))

    assert (done.code, done.out) == (2, "")
    assert re.search(r"bad\.yaml:\d+:\d+: NK\d{3} ", done.err)


@pytest.mark.parametrize("path", ["missing", "missing.yaml"])
@pytest.mark.parametrize("side", [0, 1])
def test_path_that_is_not_there(run, tmp_path, fabric, path, side):
    paths = [tmp_path / path, fabric]
    done = run("diff", *(paths if side else reversed(paths)))

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"{tmp_path / path}:1:1: NK001 cannot be read: ")


def test_directory_without_manifests(run, tmp_path, fabric):
    (tmp_path / "empty").mkdir()
    done = run("diff", tmp_path / "empty", fabric)

    assert (done.code, done.out) == (2, "")
    assert "NK482 no .yaml, .yml, .json file in " in done.err


def test_snapshot_that_is_not_there(run, tmp_path, fabric):
    done = run("diff", fabric, "--snapshot", tmp_path / "none.yaml")

    assert (done.code, done.out) == (2, "")
    assert "none.yaml:1:1: NK001 cannot be read: " in done.err


def test_snapshot_may_be_a_directory(run, tmp_path, fabric):
    dump = tmp_path / "dump"
    write(dump, pool(entries(0)), name="pools.yaml")
    write(dump, node("gpu-0", gpu=8), name="nodes.yaml")
    done = run("diff", fabric, "--snapshot", dump, "--exit-code")

    assert (done.code, done.err) == (0, "")
    assert done.out.endswith(f"no differences: 1 object is as on {dump}\n")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_file_that_may_not_be_read(run, fabric):
    (fabric / "objects.yaml").chmod(0)

    assert run("diff", fabric, fabric).code == 2


@pytest.mark.parametrize("place", ["old", "new", "snapshot"])
def test_standard_input(run, monkeypatch, fabric, cluster, place):
    text = yaml.safe_dump_all([pool(entries(0)), node("gpu-0", gpu=8)])
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    arguments = {
        "old": ("-", cluster),
        "new": (cluster, "-"),
        "snapshot": (fabric, "--snapshot", "-"),
    }
    done = run("diff", *arguments[place], "--exit-code")

    assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize("format_", ["json", "github", "markdown"])
def test_what_cannot_be_read_in_every_format(run, tmp_path, fabric, format_):
    (tmp_path / "bad.yaml").write_text("a: [")
    done = run("diff", tmp_path / "bad.yaml", fabric, "--format", format_)

    assert (done.code, done.err) == (2, "")
    assert "NK020" in done.out


# -- what is read ------------------------------------------------------------------


@pytest.mark.parametrize(
    "more",
    [
        {"kind": "Kustomization", "apiVersion": "kustomize.config.k8s.io/v1beta1"},
        {"kind": "Job", "apiVersion": "batch/v1", "metadata": {"generateName": "a-"}},
    ],
    ids=["kustomization", "generateName"],
)
def test_what_is_no_object_of_the_cluster(differ, more):
    assert differ.between([pool()], [pool(), more]) == []


def test_order_of_what_is_refused_means_nothing():
    """Two entries of a node, or of routes, and exclusions in any order."""
    twice = [entry(0), entry(0, prefix="172.16.0.8/31", gateway="172.16.0.9"), entry(1)]
    routes = [{"dst": "10.0.0.0/8"}, {"dst": "10.0.0.0/8"}, {"dst": "10.1.0.0/16"}]
    both = [{"startIndex": 1, "endIndex": 1}, {"startIndex": 0, "endIndex": 0}]
    lists = {"routes": routes, "perNodeExclusions": both}
    turned = {key: value[::-1] for key, value in lists.items()}
    made = leaves(pool(twice, **lists), "CIDRPool")

    assert made == leaves(pool(twice[::-1], **turned), "CIDRPool")
    assert made[*ENTRIES, "gpu-0", "172.16.0.8/31"] == "172.16.0.8/31 via 172.16.0.9"


@pytest.mark.parametrize("key", ["metadata.name", "kubernetes.io/hostname"])
def test_nodes_that_a_selector_lists_are_lines(differ, key):
    place = "matchFields" if key == "metadata.name" else "matchExpressions"

    def chosen(*names):
        listed = [{place: [{"key": key, "operator": "In", "values": [name]}]} for name in names]  # fmt: skip
        return pool(entries(0, 1), nodeSelector={"nodeSelectorTerms": listed})

    said = differ.between([chosen("gpu-0", "gpu-1")], [chosen("gpu-2", "gpu-0")])

    assert [line.strip() for line in said if "nodeSelector" in line] == [
        f"- nodeSelector {key} gpu-1",
        f"+ nodeSelector {key} gpu-2",
    ]


def test_kinds_of_others_are_compared_too(differ):
    before, after = (
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "c"},
            "data": {"a": value},
        }
        for value in ("1", "2")
    )
    said = differ.between([pool(), before], [pool(), after])

    assert said == [
        "~ ConfigMap default/c",
        "    disruptive",
        '      ~ data.a  "1" → "2"',
    ]


def test_name_of_another_namespace_is_another_object(differ):
    other = pool(entries(0))
    other["metadata"]["namespace"] = "elsewhere"
    said = differ.between([pool(entries(0))], [other])

    assert [line for line in said if line[0] != " "] == [
        "- CIDRPool nvidia-network-operator/rail-1: 1 node of 172.16.0.0/15",
        "+ CIDRPool elsewhere/rail-1: 1 node of 172.16.0.0/15",
    ]


def test_snapshot_without_nodes_and_pods_says_so(differ):
    differ.applied([pool(entries(0))], [pool(entries(0))])

    assert differ.notes[-2:] == [
        "(no Nodes in the snapshot: their names go unchecked)",
        "(no Pods in the snapshot: which of them keep old addresses is not told)",
    ]


# -- exit codes --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "options", "code"),
    [
        (pool(entries(0)), (), 0),
        (pool(entries(0)), ("--exit-code",), 0),
        (pool(entries(0, 1)), (), 0),
        (pool(entries(0, 1)), ("--exit-code",), 1),
    ],
    ids=["same", "same-code", "other", "other-code"],
)
def test_exit_code_between_two_sets(differ, after, options, code):
    differ.between([pool(entries(0))], [after], *options)

    assert differ.result.code == code


@pytest.mark.parametrize(
    ("names", "options", "code"),
    [
        (("gpu-0", "gpu-1"), ("--strict",), 1),
        (("gpu-0", "gpu-1"), (), 0),
        (("gpu-0",), ("--strict",), 0),
        (("gpu-0.example.net",), (), 1),
        (("gpu-0.example.net",), ("--exit-code",), 1),
    ],
    ids=["strict", "warning", "strict-same", "error", "error-code"],
)
def test_exit_code_of_findings(differ, names, options, code):
    nodes = [node(name, gpu=8) for name in names]
    differ.applied([pool(entries(0))], [pool(entries(0)), *nodes], *options)

    assert differ.result.code == code


def test_namespace_that_is_missing_is_a_failure(differ):
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}}
    differ.applied([pool(entries(0))], [space, node("gpu-0", gpu=8)], "--exit-code")

    assert differ.result.code == 3
    assert " NK602 " in differ.errors[0]


# -- netplan2k8s-diff --------------------------------------------------------------


@pytest.fixture
def external(capsys, monkeypatch, tmp_path):
    """Run netplan2k8s-diff as kubectl does, on objects by the name of their file."""

    def call(live: dict, merged: dict, *options):
        for name, files in (("LIVE-1", live), ("MERGED-2", merged)):
            (tmp_path / name).mkdir(exist_ok=True)
            for file, body in files.items():
                text = "" if body is None else yaml.safe_dump(body)
                (tmp_path / name / file).write_text(text)
        return start(capsys, monkeypatch, *options, tmp_path / "LIVE-1", tmp_path / "MERGED-2")  # fmt: skip

    return call


def start(capsys, monkeypatch, *arguments):
    from netplan2k8s import external_diff

    monkeypatch.setattr("sys.argv", ["netplan2k8s-diff", *map(str, arguments)])
    capsys.readouterr()
    with pytest.raises(SystemExit) as stop:
        external_diff.main()
    return int(stop.value.code or 0), *capsys.readouterr()


NAME = "nv-ipam.nvidia.com.v1alpha1.CIDRPool.nvidia-network-operator.rail-1"


def test_external_diff_of_the_same(external):
    assert external({NAME: pool(entries(0, 1))}, {NAME: pool(entries(1, 0))}) == (
        0,
        "",
        "",
    )


def test_external_diff(external):
    live = pool(entries(0), entries(0))
    live["metadata"] |= {"uid": "1", "generation": 4, "resourceVersion": "9"}
    code, out, err = external({NAME: live}, {NAME: pool(entries(0, 1))})

    assert (code, err) == (1, "")
    assert out.splitlines() == [
        "~ CIDRPool nvidia-network-operator/rail-1",
        "    safe: a new node; nothing runs on it over this rail",
        "      + gpu-1  172.16.0.2/31 via 172.16.0.3",
        "0 to add, 1 to change, 0 to remove",
    ]


def test_external_diff_of_a_new_object(external):
    """kubectl writes an empty file for what is not there."""
    code, out, _ = external({NAME: None}, {NAME: pool(entries(0))})

    assert code == 1
    assert out.splitlines()[0] == (
        "+ CIDRPool nvidia-network-operator/rail-1: 1 node of 172.16.0.0/15"
    )


def test_external_diff_of_a_pruned_object(external):
    code, out, _ = external(
        {"a": pool(entries(0)), "b": network()}, {"a": pool(entries(0))}
    )

    assert code == 1
    assert out.startswith("- HostDeviceNetwork rail-1: ")


def test_external_diff_of_nothing(external):
    assert external({}, {}) == (0, "", "")


def test_external_diff_options(external):
    options = ("--color", "always", "--context-lines", "1")
    code, out, _ = external(
        {NAME: pool(entries(0))}, {NAME: pool(entries(0, 1))}, *options
    )

    assert code == 1
    assert "\x1b[" in out
    assert "gpu-0" in out


def test_external_diff_without_a_directory(capsys, monkeypatch, tmp_path):
    code, out, err = start(capsys, monkeypatch, tmp_path, tmp_path / "none")

    assert (code, out) == (3, "")
    assert err == f"netplan2k8s: {tmp_path / 'none'}: No such file or directory\n"


@pytest.mark.parametrize("text", ["a: [", "- 1"])
def test_external_diff_of_what_cannot_be_read(
    capsys, monkeypatch, tmp_path, external, text
):
    external({}, {})
    (tmp_path / "LIVE-1" / NAME).write_text(text)
    code, out, err = start(
        capsys, monkeypatch, tmp_path / "LIVE-1", tmp_path / "MERGED-2"
    )

    assert (code, out) == (2, "")
    assert re.search(rf"{NAME}:\d+:\d+: NK\d{{3}} ", err)


@pytest.mark.parametrize(
    "arguments", [(), ("a",), ("a", "b", "--context-lines", "-1"), ("a", "b", "-x")]
)
def test_external_diff_used_wrongly(capsys, monkeypatch, arguments):
    code, out, _ = start(capsys, monkeypatch, *arguments)

    assert (code, out) == (2, "")


def test_external_diff_whose_reader_leaves(tmp_path):
    for name, gateway in (("LIVE", 1), ("MERGED", 0)):
        listed = [
            {
                "nodeName": f"gpu-{n}",
                "prefix": f"172.16.{n // 128}.{n % 128 * 2}/31",
                "gateway": f"172.16.{n // 128}.{n % 128 * 2 + gateway}",
            }
            for n in range(2000)
        ]
        write(tmp_path / name, pool(listed), name="object")
    code = "from netplan2k8s.external_diff import run; run()"
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "LIVE", tmp_path / "MERGED"],
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writer)

    assert (done.returncode, done.stderr) == (1, b"")


def test_snapshot_that_is_an_error_of_kubectl(run, tmp_path, fabric):
    """It is a mapping to YAML, and the cluster is no empty one for that."""
    (tmp_path / "dump.yaml").write_text("Error from server (Forbidden): nodes\n")
    done = run("diff", fabric, "--snapshot", tmp_path / "dump.yaml")

    assert (done.code, done.out) == (2, "")
    assert "dump.yaml:1:1: NK" in done.err


def test_mistyped_manifest_is_more_than_a_difference(differ):
    bad = pool(entries(0), perNodeNetworkPrefix="31")
    differ.applied([bad], [pool(entries(0)), node("gpu-0")], "--exit-code")

    assert differ.result.code == 2
    assert " NK411 " in differ.errors[0]


@pytest.mark.parametrize(
    ("body", "is_directory"),
    [
        ({"apiVersion": "v1", "kind": "List", "items": []}, False),
        ({"apiVersion": "v1", "kind": "List", "items": []}, True),
        (node("gpu-0", gpu=8), True),
    ],
    ids=["nothing", "nothing-below", "nodes-below"],
)
def test_snapshot_of_a_cluster_without_rails(run, tmp_path, fabric, body, is_directory):
    dump = write(tmp_path / "cluster", body)
    done = run("diff", fabric, "--snapshot", dump.parent if is_directory else dump)

    assert done.code == 0
    assert done.out.startswith("+ CIDRPool")
