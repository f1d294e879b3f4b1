"""The quick yes of a schema: never given to what jsonschema refuses, and not idle."""

from __future__ import annotations

import copy
import subprocess
import sys
from random import Random

import pytest
import yaml

from netplan2k8s import json_schemas
from netplan2k8s.lint.surely import takes
from netplan2k8s.lint.validator import MAP_KEYS, validator
from netplan2k8s.manifests.records import Alike
from tests.conftest import FIXTURES, ROOT

MANIFESTS = sorted(FIXTURES.glob("*/expected/*/*.yaml"))
VALUES = (
    None,
    True,
    0,
    -1,
    1.5,
    2**40,
    2**63,
    "",
    "x",
    "8Gi",
    "a b",
    [],
    {},
    [1],
    {"x": 1},
)


def schema_of(body):
    return json_schemas.schema(body["kind"], "main")


def places(value, way=()):
    """Every key and item of a body, with its holder."""
    children = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, inner in children:
        yield value, key
        yield from places(inner, (*way, key))


def mutated(body, random):
    mutant = copy.deepcopy(body)
    holder, key = random.choice(list(places(mutant)))
    change = random.randrange(4)
    if change == 0:
        holder[key] = random.choice(VALUES)
    elif change == 1:
        del holder[key]
    elif isinstance(holder, dict):
        holder[f"{key}x"] = holder[key] if change == 2 else holder.pop(key)
    else:
        holder.append(copy.deepcopy(holder[key]))
    return mutant


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda p: str(p.relative_to(FIXTURES)))
def test_our_manifests_are_surely_right(path):
    body = yaml.safe_load(path.read_text())
    schema = schema_of(body)

    assert takes(schema, body, schema)


@pytest.mark.parametrize(
    "kind",
    ["cidrpool", "hostdevicenetwork", "definition", "clusterpolicy", "nicnode", "job"],
)
def test_a_yes_is_one_of_jsonschema_too(kind):
    random = Random(kind)
    bodies = [yaml.safe_load(p.read_text()) for p in MANIFESTS if kind in p.stem][:6]
    schema = schema_of(bodies[0])
    full = validator(schema)
    answers = {True: 0, False: 0}
    for _ in range(600):
        body = mutated(random.choice(bodies), random)
        if random.random() < 0.3:
            body = mutated(body, random)
        yes = takes(schema, body, schema)
        answers[yes] += 1
        if yes:
            assert not list(full.iter_errors(body)), body

    assert min(answers.values()) > 50


JOB = FIXTURES / "reference/expected/verify/unit-1/job.yaml"
TERMS = "nodeSelectorTerms"


def only_texts(value):
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return bool(value) and all(map(only_texts, inner))
    return isinstance(value, str)


def test_a_yes_about_items_read_at_once_is_one_about_each():
    random = Random(0)
    job = yaml.safe_load(JOB.read_text())
    schema = schema_of(job)
    full = validator(schema)
    affinity = job["spec"]["template"]["spec"]["affinity"]["nodeAffinity"]
    (required,) = affinity.values()
    term = required[TERMS][0]
    answers = {True: 0, False: 0}
    for _ in range(400):
        (item,) = mutated([term], random)[:1] or [term]
        if only_texts(item):
            required[TERMS] = Alike(copy.deepcopy(item) for _ in range(40))
            yes = takes(schema, job, schema)
            answers[yes] += 1
            assert yes == (not list(full.iter_errors(job))), item

    assert min(answers.values()) > 20


@pytest.mark.parametrize(
    "item",
    [
        {"pattern": "x"},
        {"properties": {"a": {"enum": ["x"]}}},
        {"additionalProperties": {"maxLength": 1}},
        {"properties": {"a": {"items": {"const": "x"}}}},
        {"$ref": "#/$defs/itself"},
        {MAP_KEYS: ["a"]},
    ],
)
def test_items_whose_texts_matter_are_looked_at_one_by_one(item):
    schema = {"items": item, "$defs": {"itself": {"items": {"$ref": "#/$defs/itself"}}}}
    looked_at = []

    class Watched(Alike):
        def __iter__(self):
            looked_at.append(len(self))
            return super().__iter__()

        def __getitem__(self, key):
            pytest.fail("but for the first")

    takes(schema, Watched(["x", "x"]), schema)
    assert looked_at == [2]


def test_right_manifests_are_linted_without_jsonschema():
    code = (
        "import sys; from netplan2k8s.__main__ import main\n"
        "sys.argv = ['netplan2k8s', 'lint', 'fixtures/reference/expected', '--no-config']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print('LOADED', *sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.rpartition("LOADED")[2].split())

    assert loaded.isdisjoint({"jsonschema", "rich", "netaddr", "ruamel", "pydantic"})
