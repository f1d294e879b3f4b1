"""Our schemas against the CRDs of the operators: field by field, and by mutation."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import yaml

from netplan2k8s import json_schemas
from netplan2k8s.findings import Severity
from netplan2k8s.lint import schema
from netplan2k8s.lint.judge import judge, read, scene_of
from netplan2k8s.lint.kinds import KINDS
from netplan2k8s.manifests.files import File
from netplan2k8s.manifests.reader import Document, Pointer, read_documents
from netplan2k8s.settings import OPERATOR_RELEASES, Settings
from tests.conftest import CASES, CRDS, FIXTURES, needs
from tests.crds import (
    JUDGED_BY_OTHERS,
    OF_OPERATOR,
    OF_OTHERS,
    Schema,
    crd,
    facts_of_crd,
    facts_of_ours,
    refused,
    with_metadata,
)

pytestmark = needs(CRDS)
NAMES = [*OF_OPERATOR, *OF_OTHERS]
MUTATIONS = 250
PAIRS = [
    (name, release)
    for name in NAMES
    for release in OPERATOR_RELEASES
    if not (name == "NicNodePolicy" and release in ("25.10", "26.1"))
]
# Where our schemas are open on purpose: end of a path → why.
VENDORS = "volumes of vendors and clouds: no rail, no resource and no privilege in them"
OPEN = {
    ".status": "controllers write it; who applies a dump of it changes nothing",
    ".elasticPolicy.metrics[]": "rules of a HorizontalPodAutoscaler",
    ".volumes[].projected": "files of the pod's own secrets",
    ".volumes[].downwardAPI": "files of the pod's own fields",
    ".volumes[].ephemeral": "a template of a claim, which is a kind of its own",
    ".volumes[].awsElasticBlockStore": VENDORS,
    ".volumes[].azureDisk": VENDORS,
    ".volumes[].azureFile": VENDORS,
    ".volumes[].cephfs": VENDORS,
    ".volumes[].cinder": VENDORS,
    ".volumes[].fc": VENDORS,
    ".volumes[].flexVolume": VENDORS,
    ".volumes[].flocker": VENDORS,
    ".volumes[].gcePersistentDisk": VENDORS,
    ".volumes[].gitRepo": VENDORS,
    ".volumes[].glusterfs": VENDORS,
    ".volumes[].iscsi": VENDORS,
    ".volumes[].photonPersistentDisk": VENDORS,
    ".volumes[].portworxVolume": VENDORS,
    ".volumes[].quobyte": VENDORS,
    ".volumes[].rbd": VENDORS,
    ".volumes[].scaleIO": VENDORS,
    ".volumes[].storageos": VENDORS,
    ".volumes[].vsphereVolume": VENDORS,
}
# What the CRD says with a rule in CEL, our schema says otherwise.
OF_CEL = {
    ("TrainJob", ".managedBy", "enum"): "self in [...]",
    ("TrainJob", ".initializer.dataset.storageUri", "pattern"): "self.matches(...)",
    ("TrainJob", ".initializer.model.storageUri", "pattern"): "self.matches(...)",
}
TEXTS = (
    *("", "a", "A", "7", "-", "a-b", "-a", "a-", "a.b", "a/b", "nvcr.io/nvidia", "_"),
    *("8Gi", "8GiB", "8G", "8g", "500m", "1e3", "1E3", "1e", ".5", "5.", "+1", "-1"),
    *("1.5Gi", "8 Gi", " 8", "8\n", "\u0664Gi", "0x8", "1Ki", "1k", "1K", "1Gi1"),
    *("hf://a/b", "s3://", "://a", "a" * 64, "\u00e9", "!"),
)


def is_deliberate(path: str) -> bool:
    return any(path.endswith(end) for end in OPEN)


def is_below_open(path: str) -> bool:
    return any(re.search(rf"{re.escape(end)}[.\[{{]", path) for end in OPEN)


# -- field by field -------------------------------------------------------------


@pytest.mark.parametrize(("name", "release"), PAIRS)
def test_our_schema_knows_the_fields_of_the_crd(name, release):
    ours = facts_of_ours(spec_of(json_schemas.schema(name, release)))
    theirs = facts_of_crd(spec_of(crd(name, release)))

    assert sorted(ours) == sorted(path for path in theirs if not is_below_open(path))


@pytest.mark.parametrize(("name", "release"), PAIRS)
def test_our_schema_says_of_a_field_what_the_crd_says(name, release):
    ours = facts_of_ours(spec_of(json_schemas.schema(name, release)))
    theirs = facts_of_crd(spec_of(crd(name, release)))
    different = [
        (path, key, ours[path].get(key), theirs[path].get(key))
        for path in ours.keys() & theirs.keys()
        if not is_deliberate(path)
        for key in ours[path].keys() | theirs[path].keys()
        if not is_same(key, ours[path].get(key), theirs[path].get(key))
        and (name, path, key) not in OF_CEL
    ]

    assert not different


def is_same(key: str, one: Any, other: Any) -> bool:
    if key != "pattern" or one is None or other is None:
        return one == other
    found = [
        [bool(re.search(pattern.replace("$", r"\Z"), text, re.ASCII)) for text in TEXTS]
        for pattern in (one, other)
    ]
    return found[0] == found[1]


def spec_of(whole: Schema) -> Schema:
    found = whole["properties"]["spec"]
    return found | {"$defs": whole["$defs"]} if "$defs" in whole else found


@pytest.mark.parametrize(("name", "release"), PAIRS)
def test_spec_is_required_where_the_crd_requires_it(name, release):
    ours = json_schemas.schema(name, release)["required"]

    assert ("spec" in ours) == ("spec" in crd(name, release).get("required", ()))


@pytest.mark.parametrize(("name", "release"), PAIRS)
def test_status_is_known_where_the_crd_has_one(name, release):
    ours = json_schemas.schema(name, release)["properties"]

    assert ("status" in ours) == ("status" in crd(name, release)["properties"])


def test_no_part_is_open_without_a_reason():
    open_paths = [
        path
        for name in NAMES
        for path, facts in facts_of_ours(json_schemas.schema(name, "main")).items()
        if facts["open"] and not path.startswith(".metadata.managedFields")
    ]

    assert {path for path in open_paths if not is_deliberate(path)} == set()


@pytest.mark.parametrize("end", [end for end in OPEN if end != ".status"])
def test_no_reason_is_left_of_a_part_that_is_closed(end):
    assert any(
        path.endswith(end) and facts["open"]
        for name in NAMES
        for path, facts in facts_of_ours(json_schemas.schema(name, "main")).items()
    )


@pytest.mark.parametrize("name", OF_OPERATOR)
def test_kind_is_unknown_to_a_release_without_its_crd(name):
    without = [r for r in OPERATOR_RELEASES if crd(name, r) is None]

    assert without == (["25.10", "26.1"] if name == "NicNodePolicy" else [])


def test_fields_of_an_older_training_operator_are_known():
    path = CRDS / "versions/kubeflow.org_pytorchjobs.v1.9.0.yaml"
    body = yaml.load(path.read_text(), yaml.CSafeLoader)
    older = facts_of_crd(body["spec"]["versions"][0]["schema"]["openAPIV3Schema"])

    assert older.keys() <= facts_of_crd(crd("PyTorchJob", "main")).keys()


# -- by mutation ----------------------------------------------------------------


@cache
def judged_crd(name: str, release: str) -> Schema:
    """A CRD with what our schemas leave open, and the API server's own fields."""

    def opened(node: Schema, path: str) -> Schema:
        if is_deliberate(path):
            return {} if path == ".status" else {"type": "object"}
        made = dict(node)
        if "properties" in node:
            made["properties"] = {
                key: opened(inner, f"{path}.{key}")
                for key, inner in node["properties"].items()
            }
        for key, step in (("items", "[]"), ("additionalProperties", "{}")):
            if isinstance(node.get(key), dict):
                made[key] = opened(node[key], path + step)
        return made

    return with_metadata(opened(crd(name, release), ""))


def their_verdict(name: str, release: str, body: Any) -> set[str]:
    """Paths of what the API server refuses."""
    found = refused(judged_crd(name, release), body)
    return {one.partition(": ")[0] for one in found}


def our_verdict(name: str, release: str, body: Any) -> dict[str, str]:
    """Path → message of what we refuse."""
    kind = next(kind for kind in KINDS.values() if kind.name == name)
    document = Document("a.yaml", "", 0, (), body)
    return {
        path_of(remark.spot.pointer): remark.message
        for remark in schema.check(document, kind, release)
    }


def path_of(pointer: Pointer) -> str:
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in pointer)
    return "".join(steps)


def is_agreed(name: str, release: str, body: Any) -> bool:
    """Whether both refuse the same fields; one item of a pool stands for others."""
    ours = our_verdict(name, release, body).keys()
    theirs = their_verdict(name, release, body)
    if name in ("CIDRPool", "IPPool"):
        return ours <= theirs and bool(ours) == bool(theirs)
    return ours == theirs


def manifests() -> Iterator[dict[str, Any]]:
    """One of each kind of a fixture, and all that were recorded."""
    for fixture in sorted(FIXTURES.glob("*/expected")):
        seen = set()
        for path in sorted(fixture.rglob("*.yaml")):
            for body in bodies(path):
                if body.get("kind") in NAMES and body["kind"] not in seen:
                    seen.add(body["kind"])
                    yield body
    for path in sorted((CASES / "manifests").glob("*/*.yaml")):
        yield from (body for body in bodies(path) if body.get("kind") in NAMES)


def bodies(path) -> Iterator[dict[str, Any]]:
    for document in read_documents(path.read_bytes(), str(path), []):
        yield dict(document.body)


@cache
def written(name: str) -> list[str]:
    return [json.dumps(body) for body in manifests() if body["kind"] == name]


@pytest.mark.parametrize(("name", "release"), PAIRS)
def test_manifest_is_judged_as_the_crd_judges_it(name, release):
    different = [
        text for text in written(name) if not is_agreed(name, release, json.loads(text))
    ]

    assert not different


@pytest.mark.parametrize(("name", "release"), PAIRS)
def test_mutation_is_judged_as_the_crd_judges_it(name, release):
    rng = random.Random(f"{name} {release}")
    different = []
    for _ in range(MUTATIONS):
        body = mutated(base(name, release, rng), rng)
        if not is_agreed(name, release, body):
            ours = our_verdict(name, release, body)
            different.append((ours, their_verdict(name, release, body)))

    assert not different


def test_mutations_are_right_and_wrong_alike():
    rng = random.Random(7)
    verdicts = []
    for _ in range(300):
        name, release = rng.choice(PAIRS)
        body = mutated(base(name, release, rng), rng)
        verdicts.append(bool(their_verdict(name, release, body)))

    assert 60 < sum(verdicts) < 290


def base(name: str, release: str, rng: random.Random) -> dict[str, Any]:
    """A manifest that was written, or one that grows out of the CRD."""
    if written(name) and rng.random() < 0.5:
        return json.loads(rng.choice(written(name)))
    kind = next(kind for kind in KINDS.values() if kind.name == name)
    spec = judged_crd(name, release)["properties"]["spec"]
    body = {"apiVersion": kind.api_version, "kind": name}
    return body | {"metadata": dict(METADATA), "spec": grown(spec, rng, 0)}


METADATA = {
    "name": "a",
    "labels": {"example.com/pod": "p-1"},
    "annotations": {"Example.com/pod": "1"},
    "finalizers": ["example.com/a"],
}
SAMPLES = (
    *("a", "8Gi", "hf://a/b", "2026-01-31T08:00:00Z", "1Gi"),
    *("kueue.x-k8s.io/multikueue", "OpenMPI"),
)


def grown(node: Schema, rng: random.Random, depth: int) -> Any:
    """A value that a CRD accepts; required fields, and some of the others."""
    if "enum" in node:
        return rng.choice(node["enum"])
    wanted = node.get("type")
    if node.get("x-kubernetes-int-or-string"):
        return rng.choice((1, "1", "8"))
    if wanted == "boolean":
        return rng.random() < 0.5
    if wanted == "integer":
        return max(node.get("minimum", 0), rng.choice((0, 1, 8)))
    if wanted == "string":
        return next(text for text in SAMPLES if not list(refused(node, text)))
    if wanted == "array":
        return grown_list(node, rng, depth)
    if isinstance(node.get("additionalProperties"), dict):
        return {"Worker": grown(node["additionalProperties"], rng, depth + 1)}
    chance = 0.6 if depth < 2 else 0.25 if depth < 8 else 0.1
    return {
        key: grown(inner, rng, depth + 1)
        for key, inner in node.get("properties", {}).items()
        if key in node.get("required", ()) or rng.random() < chance
    }


def grown_list(node: Schema, rng: random.Random, depth: int) -> list[Any]:
    made = [grown(node["items"], rng, depth + 1) for _ in range(rng.choice((0, 1, 2)))]
    return made[:1] if "x-kubernetes-list-type" in node else made


@pytest.mark.parametrize(("name", "release"), PAIRS)
def test_what_grows_out_of_the_crd_is_right_for_both(name, release):
    rng = random.Random(f"{name} {release}")
    for _ in range(20):
        body = base(name, release, rng)
        if body["metadata"] == METADATA:
            assert their_verdict(name, release, body) == set()
            assert our_verdict(name, release, body) == {}


# -- what goes wrong in a manifest ----------------------------------------------

VALUES = (
    *("", "text", "8", "8Gi", "64GB", "true", "a" * 300, "8Gi\n", "\u0664Gi"),
    *(0, 1, -1, 7, 31, 2**31 - 1, 2**31, -(2**31) - 1, 2**40, 10**20),
    *(0.5, 1.0, 1e18, True, False, None, {}, [], [None], [1], ["a"], {"a": 1}),
    *({"name": "a"}, [{"name": "a"}], [{}], {"name": None}),
)


def holders(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every mapping and list below a value, with each of its keys or indices."""
    if isinstance(value, dict | list):
        keys = list(value) if isinstance(value, dict) else range(len(value))
        for key in keys:
            yield value, key
            yield from holders(value[key])


def mutated(original: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    body = copy.deepcopy(original)
    for _ in range(rng.choice((1, 1, 1, 2))):
        places = list(holders(body))
        holder, key = rng.choice(places)
        rng.choice(CHANGES)(holder, key, rng, places)
    return body | {key: original[key] for key in ("apiVersion", "kind")}


def drop(holder, key, _rng, _places):
    del holder[key]


def retype(holder, key, rng, _places):
    holder[key] = copy.deepcopy(rng.choice(VALUES))


def empty(holder, key, _rng, _places):
    holder[key] = None


def rename(holder, key, rng, _places):
    if isinstance(holder, dict):
        other = rng.choice((key[:-1], key + "s", key.capitalize(), key.lower()))
        holder[other] = holder.pop(key)


def add(holder, _key, rng, places):
    """A field of another place, or of none; with a value or without."""
    if isinstance(holder, dict):
        names = [key for _, key in places if isinstance(key, str)]
        name = rng.choice(("colour", *names))
        holder.setdefault(name, copy.deepcopy(rng.choice(VALUES)))


def indent(holder, key, rng, places):
    """Lines one level too deep, or not deep enough: a field moves to another mapping."""
    value = holder[key]
    others = [it for it, _ in places if isinstance(it, dict) and it is not holder]
    others = [
        it for it in others if all(it is not inner for inner, _ in holders(value))
    ]
    others = [it for it in others if it is not value]
    if isinstance(key, str) and others:
        del holder[key]
        rng.choice(others[:9])[key] = value


def turn(holder, key, _rng, _places):
    """A list that is no list, a mapping with a dash before it."""
    value = holder[key]
    if isinstance(value, list):
        holder[key] = value[0] if value else {}
    else:
        holder[key] = [value]


def repeat(holder, key, _rng, _places):
    if isinstance(holder, list):
        holder.append(copy.deepcopy(holder[key]))


def exceed(holder, key, rng, _places):
    if isinstance(holder[key], int):
        holder[key] = rng.choice(
            (-1, 2**31, 2**63, -(2**40), 0.5, True, f"{holder[key]}")
        )


CHANGES = (drop, retype, empty, rename, add, indent, turn, repeat, exceed)


# -- what another layer judges --------------------------------------------------

POOL = """\
apiVersion: nv-ipam.nvidia.com/v1alpha1
kind: CIDRPool
metadata: {name: rail-1, namespace: nvidia-network-operator}
spec:
  cidr: 172.16.0.0/15
  perNodeNetworkPrefix: 31
  gatewayIndex: 0
  perNodeExclusions: [{startIndex: 1, endIndex: 0}]
"""


def test_rule_that_others_judge_is_judged():
    settings = Settings()
    reading = read([File("a.yaml", POOL.encode(), is_named=True)], "26.7")
    remarks = list(judge(reading, scene_of(reading, settings)))

    assert list(JUDGED_BY_OTHERS) == ["self.endIndex >= self.startIndex"]
    assert [r.rule.severity for r in remarks if "endIndex" in r.message] == [
        Severity.ERROR
    ]
