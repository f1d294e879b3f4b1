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
from netplan2k8s.lint.validator import validator
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
