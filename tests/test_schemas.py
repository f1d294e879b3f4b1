"""Our manifests against our schemas and the operator's own CRDs; reports too."""

from __future__ import annotations

import json

import jsonschema
import pytest
import yaml

from netplan2k8s import json_schemas
from netplan2k8s.findings import UsageError
from netplan2k8s.settings import OPERATOR_RELEASES
from tests.conftest import CASES, CRDS, FIXTURES, needs

MANIFESTS = sorted(
    path
    for path in FIXTURES.glob("*/expected/**/*.yaml")
    if path.name != "kustomization.yaml"
)
RELEASES_OF_FIXTURES = {"admission-controller": "25.10"}
FILES = {
    "CIDRPool": "nv-ipam.nvidia.com_cidrpools.yaml",
    "HostDeviceNetwork": "mellanox.com_hostdevicenetworks.yaml",
    "NicClusterPolicy": "mellanox.com_nicclusterpolicies.yaml",
    "NicNodePolicy": "mellanox.com_nicnodepolicies.yaml",
    "PyTorchJob": "kubeflow.org_pytorchjobs.yaml",
    "NetworkAttachmentDefinition": "k8s.cni.cncf.io_networkattachmentdefinitions_crd.yaml",
}
VERSIONS = {
    "25.10": "network-operator-v25.10.0",
    "26.1": "network-operator-v26.1.2",
    "26.4": "network-operator-v26.4.1",
    "26.7": "network-operator-v26.7.0-rc.2",
}


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


def strict(schema):
    """A CRD's schema as the API server checks fields: what it does not know is wrong."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    known = {key: strict(value) for key, value in schema.items() if key != "format"}
    free = schema.get("x-kubernetes-preserve-unknown-fields")
    if (
        isinstance(schema.get("properties"), dict)
        and schema.get("type") == "object"
        and not free
    ):
        known.setdefault("additionalProperties", False)
    if schema.get("x-kubernetes-int-or-string"):
        known.pop("type", None)
    return known


def crd(kind, release):
    name = FILES[kind]
    directory = CRDS / "versions" / VERSIONS[release] if release in VERSIONS else CRDS
    for path in (directory / name, directory / f"005-{name}", CRDS / name):
        if path.exists():
            body = next(b for b in yaml.safe_load_all(path.read_text()) if b)
            return body["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    raise AssertionError(kind)


def with_metadata(schema):
    """The API server knows apiVersion, kind and metadata of every object itself."""
    schema = strict(schema)
    schema["properties"] |= {"apiVersion": {}, "kind": {}, "metadata": {}}
    return schema


@needs(CRDS)
@pytest.mark.parametrize("path", MANIFESTS, ids=lambda p: f"{p.relative_to(FIXTURES)}")
def test_crd_accepts_the_manifest(path):
    body = yaml.safe_load(path.read_text())
    fixture = path.relative_to(FIXTURES).parts[0]
    release = RELEASES_OF_FIXTURES.get(fixture, "26.7")
    jsonschema.Draft202012Validator(with_metadata(crd(body["kind"], release))).validate(
        body
    )


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
            if path.name != "kustomization.yaml":
                body = yaml.load(path.read_text(), yaml.CSafeLoader)
                schema = with_metadata(crd(body["kind"], release))
                jsonschema.Draft202012Validator(schema).validate(body)
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
        ("convert", "hosts", "-o", "out"),
        ("convert", "nowhere", "-o", "out"),
    ],
)
@pytest.mark.parametrize(
    "fixture", ["mac-match", "invalid/overlapping-prefix", "invalid/no-hosts"]
)
def test_report_is_as_its_schema_says(fixture, arguments, fixture_copy, run):
    fixture_copy(fixture)
    done = run(*arguments, "--format", "json", "--no-config")
    check(json.loads(done.out), "report")
    assert not done.err, "with --format json everything is on stdout"
