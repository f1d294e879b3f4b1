"""Our manifests against our schemas and the operator's own CRDs; reports too."""

from __future__ import annotations

import json

import jsonschema
import pytest
import yaml

from netplan2k8s import json_schemas
from netplan2k8s.findings import UsageError
from netplan2k8s.settings import OPERATOR_RELEASES
from tests import schemas_build
from tests.conftest import CASES, CRDS, FIXTURES, needs
from tests.crds import crd, refused, with_metadata

MANIFESTS = sorted(
    path
    for path in FIXTURES.glob("*/expected/**/*.yaml")
    if path.name not in ("kustomization.yaml", "configmap.yaml")
)
OWN_KINDS = [path for path in MANIFESTS if path.name != "job.yaml"]
"""What has a CRD; a Job is Kubernetes's own."""
RELEASES_OF_FIXTURES = {"admission-controller": "25.10"}


def check(body, name, release="26.7"):
    schema = json_schemas.schema(name, release)
    jsonschema.Draft202012Validator(schema).validate(body)


@pytest.mark.parametrize("name", json_schemas.names())
@pytest.mark.parametrize("release", OPERATOR_RELEASES)
def test_schema_is_a_schema(name, release):
    if name == "NicNodePolicy" and release in ("25.10", "26.1"):
        with pytest.raises(UsageError, match="has no NicNodePolicy"):
            json_schemas.schema(name, release)
        return
    schema = json_schemas.schema(name, release)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "x-since" not in json.dumps(schema)


@pytest.mark.parametrize("schema", schemas_build.KINDS, ids=lambda s: s["title"])
def test_schema_of_a_kind_is_as_it_is_built(schema):
    file = schemas_build.SCHEMAS / f"{schema['title']}.json"

    assert file.read_text() == schemas_build.text(schema), (
        "run python -m tests.schemas_build"
    )


def test_release_decides_on_fields():
    def properties(release):
        schema = json_schemas.schema("CIDRPool", release)
        return schema["properties"]["spec"]["properties"]

    assert "perNodeExclusions" not in properties("25.10")
    assert "perNodeExclusions" in properties("26.1")
    network = json_schemas.schema("hostdevicenetwork", "26.7")
    assert "metaPlugins" not in network["properties"]["spec"]["properties"]


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda p: f"{p.relative_to(FIXTURES)}")
def test_manifest_of_a_fixture_is_valid(path):
    body = yaml.safe_load(path.read_text())
    fixture = path.relative_to(FIXTURES).parts[0]
    check(body, body["kind"], RELEASES_OF_FIXTURES.get(fixture, "26.7"))
    spec = body["spec"]
    if body["kind"] == "HostDeviceNetwork":
        check(json.loads(spec["ipam"]), "nv-ipam")
    if body["kind"] == "NetworkAttachmentDefinition":
        check(json.loads(spec["config"]), "cni-config")
    if "sriovDevicePlugin" in spec:
        check(json.loads(spec["sriovDevicePlugin"]["config"]), "device-plugin-config")


BROKEN = [
    ("CIDRPool", ("spec", "cidr"), None),
    ("CIDRPool", ("spec", "perNodeNetworkPrefix"), "31"),
    ("CIDRPool", ("spec", "staticAllocation"), []),
    ("NicClusterPolicy", ("spec", "sriovDevicePluggin"), {}),
    ("PyTorchJob", ("spec", "nprocPerNode"), 8),
]


@pytest.mark.parametrize(("kind", "keys", "value"), BROKEN)
def test_schema_refuses_what_the_cluster_would(kind, keys, value):
    bodies = (
        yaml.safe_load(p.read_text()) for p in MANIFESTS if "reference" in p.parts
    )
    body = next(body for body in bodies if body["kind"] == kind)
    check(body, kind)
    inner = body
    for key in keys[:-1]:
        inner = inner[key]
    if value is None:
        del inner[keys[-1]]
    else:
        inner[keys[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        check(body, kind)


# -- the operator's CRDs --------------------------------------------------------


def crd_refuses(body, release):
    schema = with_metadata(crd(body["kind"], release))
    return list(refused(schema, body))


@needs(CRDS)
@pytest.mark.parametrize("path", OWN_KINDS, ids=lambda p: f"{p.relative_to(FIXTURES)}")
def test_crd_accepts_the_manifest(path):
    body = yaml.safe_load(path.read_text())
    fixture = path.relative_to(FIXTURES).parts[0]
    release = RELEASES_OF_FIXTURES.get(fixture, "26.7")

    assert crd_refuses(body, release) == []


@needs(CRDS)
@pytest.mark.parametrize("release", OPERATOR_RELEASES)
def test_every_release_s_crds_accept_the_reference(release, run, tmp_path, monkeypatch):
    monkeypatch.chdir(FIXTURES / "reference")
    for extra in ((), ("--policy", "full"), ("--network-kind", "nad")):
        out = tmp_path / "-".join(("out", *extra)).replace("--", "")
        done = run(
            "convert",
            "hosts",
            "-o",
            out,
            "--no-config",
            "--operator-release",
            release,
            *extra,
        )
        assert done.code == 0, done.err
        for path in out.rglob("*.yaml"):
            body = yaml.load(path.read_text(), yaml.CSafeLoader)
            if body["kind"] not in ("Kustomization", "ConfigMap", "Job"):
                assert crd_refuses(body, release) == []
                check(body, body["kind"], release)


INDEX = (
    json.loads((CASES / "manifests/INDEX.json").read_text()) if CASES.exists() else []
)
POOLS = [
    entry
    for entry in INDEX
    if entry["kind"] == "CIDRPool" and entry["expected"] == "valid"
]


@needs(CASES / "manifests")
@pytest.mark.parametrize("entry", POOLS, ids=lambda e: e["file"].partition("/")[2])
def test_our_schema_never_refuses_a_pool_that_is_valid(entry):
    body = yaml.safe_load((CASES / "manifests" / entry["file"]).read_text())
    body["metadata"].setdefault("namespace", "nvidia-network-operator")
    check(body, "CIDRPool")


# -- reports --------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ("inspect", "hosts"),
        ("inspect", "hosts", "--evidence"),
        ("inspect", "hosts", "--live"),
        ("convert", "hosts", "-o", "out"),
        ("convert", "nowhere", "-o", "out"),
    ],
)
@pytest.mark.parametrize(
    "fixture", ["mac-match", "live", "invalid/overlapping-prefix", "invalid/no-hosts"]
)
def test_report_is_as_its_schema_says(fixture, arguments, fixture_copy, run):
    fixture_copy(fixture)
    done = run(*arguments, "--format", "json", "--no-config")
    check(json.loads(done.out), "report")
    assert not done.err, "with --format json everything is on stdout"
