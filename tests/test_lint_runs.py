"""A run of lint as a whole: when nothing was judged, and ignores in manifests."""

from __future__ import annotations

import io
from types import SimpleNamespace

import pytest

from netplan2k8s.lint.judge import read, scene_of
from netplan2k8s.manifests.files import File
from netplan2k8s.proof import jobs
from netplan2k8s.proof.model import Proof
from netplan2k8s.settings import Settings
from tests.linted import check, said

SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n"
KUSTOMIZATION = "resources: [a.yaml]\n"
POOL = """\
apiVersion: nv-ipam.nvidia.com/v1alpha1
kind: CIDRPool
metadata: {name: rail-1, namespace: nvidia-network-operator}
spec:
  cidr: 172.16.0.0/15
  gatewayIndex: 0
  perNodeNetworkPrefix: 31
  staticAllocations:
  - {nodeName: gpu-01, prefix: 172.16.0.0/31, gateway: 172.16.0.1}
"""
CONFIG = '{"resourceList": [{"resourceName": "a", "selectors": {"drivers": ["x"]}}]}'


@pytest.fixture
def lint(run, tmp_path, monkeypatch):
    """Lint files of the working directory: exit code and findings."""
    monkeypatch.chdir(tmp_path)

    def call(files: dict[str, str], *arguments: str):
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text)
        done = run("lint", *arguments)
        return done.code, done.err

    return call


# -- nothing to judge -------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "\n", "# rail-1\n", "---\n", "---\n# a\n---\n"])
def test_file_without_a_manifest(lint, text):
    code, said = lint({"a.yaml": text}, "a.yaml")

    assert code == 2
    assert said.startswith("a.yaml:1:1: NK482 no manifest in a.yaml\n")


@pytest.mark.parametrize(
    ("text", "end"), [("", ""), (SERVICE, " is of a kind that is judged")]
)
def test_standard_input_without_a_manifest(lint, monkeypatch, text, end):
    stream = SimpleNamespace(buffer=io.BytesIO(text.encode()))
    monkeypatch.setattr("sys.stdin", stream)
    code, said = lint({}, "-")

    assert code == 2
    assert said.startswith(f"<stdin>:1:1: NK482 no manifest in <stdin>{end}\n")


@pytest.mark.parametrize(
    ("name", "text"),
    [("d/a.yaml", SERVICE), ("d/values.yaml", "a: b\n"), ("d/a.yaml", "")],
)
def test_directory_without_a_manifest_that_is_judged(lint, name, text):
    code, said = lint({name: text}, "d")

    assert code == 2
    assert "NK482 no manifest in d" in said


@pytest.mark.parametrize(
    "files",
    [
        {"a.yaml": SERVICE},
        {"kustomization.yaml": KUSTOMIZATION},
        {"a.yaml": SERVICE, "b.yaml": "# nothing\n"},
    ],
)
def test_files_of_other_kinds_may_be_named(lint, files):
    assert lint(files, *files) == (0, "")


@pytest.mark.parametrize("name", ["config.json", "d/config.json"])
def test_configuration_of_a_device_plugin_is_something(lint, name):
    code, said = lint({name: CONFIG}, name.partition("/")[0])

    assert code == 1
    assert "NK482" not in said


def test_one_argument_with_a_manifest_is_enough(lint):
    _, said = lint({"d/a.yaml": SERVICE, "e/b.yaml": POOL}, "d", "e")
    assert "NK482" not in said


def test_what_cannot_be_read_is_said_alone(lint):
    code, said = lint({"a.yaml": "a: [b\n"}, "a.yaml")

    assert code == 1
    assert "NK482" not in said


def test_warning_alone_hides_nothing(lint):
    code, said = lint({"a.yaml": "# netplan2k8s: ignore\n"}, "a.yaml")

    assert code == 2
    assert "NK481" in said
    assert "NK482" in said


# -- ignores ----------------------------------------------------------------------

IGNORE = "# netplan2k8s: ignore[NK450] no node joins"


def test_place_of_a_pool_that_fails_open_is_the_key_of_its_spec():
    check(POOL.replace("spec:", "»spec:"), "NK450")


@pytest.mark.parametrize("spec", [f"spec:  {IGNORE}", f"{IGNORE}\nspec:"])
def test_ignore_at_the_spec_is_about_all_of_it(spec):
    check(POOL.replace("spec:", spec))


def test_ignores_one_below_the_other_are_about_one_line():
    text = POOL.replace(", namespace: nvidia-network-operator}", "}")
    text = text.replace("metadata: ", f"{IGNORE.replace('450', '443')}\nmetadata: ")
    check(text.replace("spec:", f"{IGNORE}\n# and\nspec:"))


def test_annotation_of_a_config_map_is_about_all_of_it():
    note = "annotations: {netplan2k8s.io/ignore: NK446 on purpose}"
    text = (
        f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a, {note}}}\n"
        f"data: {{config.json: '{CONFIG}'}}\n"
    )
    assert said(text) == []


# -- pods in a proof --------------------------------------------------------------


def pods(count: int) -> str:
    return (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n"
        f"spec:\n  replicas: {count}\n  selector: {{matchLabels: {{app: a}}}}\n"
        "  template:\n    metadata: {labels: {app: a}}\n    spec:\n"
        "      containers:\n      - name: c\n        image: i\n"
        "        resources: {limits: {nvidia.com/rail_1: 1}}\n"
    )


RAIL = """\
---
apiVersion: mellanox.com/v1alpha1
kind: HostDeviceNetwork
metadata: {name: rail-1}
spec: {networkNamespace: default, resourceName: rail_1}
"""


def proven(text: str, code: str, whole: list[str]) -> list[str]:
    """The words of a proof's rule on pods, where these nodes have all rails."""
    files = [File("a.yaml", text.encode(), is_named=True)]
    scene = scene_of(read(files, "26.7"), Settings())
    proof = Proof(1, ("rail-1",), 1, 1, frozenset(whole))
    return [r.message for r in jobs.check(scene, proof) if r.rule.code == code]


@pytest.mark.parametrize(
    ("count", "whole", "words"),
    [
        (1, [], "1 pod with rails, and a node takes one: 0 nodes have all rails"),
        (2, ["b"], "2 pods with rails, and a node takes one: 1 node has all rails"),
    ],
)
def test_numbers_of_pods_and_nodes_in_words(count, whole, words):
    found = proven(pods(count) + RAIL, "NK510", whole)
    assert found == [f"Deployment a has {words}"]


@pytest.mark.parametrize(
    ("networks", "words"),
    [
        ("rail-1, fast-storage, rail-2", ""),
        ("fast-storage, rail-1, rail-2", ""),
        ("rail-2@net2, fast-storage@net9, rail-1@net1", ""),
        ("rail-2, rail-1, fast-storage", "net1 is rail-2, where rail-1 belongs"),
    ],
)
def test_order_of_networks_in_a_proof(networks, words):
    names = {"rail-1": "rail_1", "rail-2": "rail_2", "fast-storage": "storage"}
    rails = "".join(
        RAIL.replace("rail-1", name).replace("rail_1", resource)
        for name, resource in names.items()
    )
    limits = ", ".join(f"nvidia.com/{resource}: 1" for resource in names.values())
    text = pods(1).replace("nvidia.com/rail_1: 1", limits)
    note = f"annotations: {{k8s.v1.cni.cncf.io/networks: '{networks}'}}"
    text = text.replace("metadata: {labels: {app: a}}", f"metadata: {{{note}}}")
    found = proven(text + rails, "NK509", ["a"])

    head = "pods of Deployment a do not get every rail in order: "
    assert found == ([head + words] if words else [])
