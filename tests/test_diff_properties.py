"""What holds for every diff: order means nothing, one change is one line, no traceback."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import sys
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from netplan2k8s import diffing
from netplan2k8s.__main__ import main
from netplan2k8s.compare.changes import Verb
from netplan2k8s.report.changes import FORMATS
from netplan2k8s.settings import Settings
from tests.diffed import (
    CIDR,
    OURS,
    definition,
    entry,
    network,
    node,
    node_policy,
    owned,
    pod,
    policy,
    pool,
    resource,
)

NICS = [f"0000:{bus:02x}:00.0" for bus in range(0x10, 0x50)]
RESERVED = {"prefix": "172.17.0.0/31"}


# -- objects -------------------------------------------------------------------------


def fields(key: str, *names: str, is_split: bool = True) -> dict:
    """A node selector, one term for every name, as matchFields have to, or for all."""
    by_name = key == "metadata.name"
    listed = [[name] for name in names] if is_split or by_name else [list(names)]
    place = "matchFields" if by_name else "matchExpressions"
    return {
        "nodeSelectorTerms": [
            {place: [{"key": key, "operator": "In", "values": values}]}
            for values in listed
        ]
    }


@st.composite
def pools(draw, name="rail-1"):
    numbers = draw(st.lists(st.integers(0, 90), min_size=2, max_size=6, unique=True))
    listed = [entry(number) for number in numbers]
    spec = {}
    if draw(st.booleans()):
        listed.append(RESERVED)
    if draw(st.booleans()):
        spec["routes"] = [{"dst": CIDR}, {"dst": "172.16.0.0/12"}, {"dst": "10.0.0.0/8"}]  # fmt: skip
    if draw(st.booleans()):
        spec["exclusions"] = [
            {"startIP": f"172.17.{n}.0", "endIP": f"172.17.{n}.9"} for n in (1, 2)
        ]
    if draw(st.booleans()):
        key = draw(st.sampled_from(["metadata.name", "kubernetes.io/hostname", "zone"]))
        names = [one["nodeName"] for one in listed if "nodeName" in one]
        spec["nodeSelector"] = fields(key, *names, is_split=draw(st.booleans()))
    return pool(listed, name=name, **spec)


@st.composite
def networks(draw, name="rail-1"):
    ipam = {
        "type": "nv-ipam",
        "poolName": draw(st.sampled_from(["rail-1", "rail-2"])),
        "poolType": "cidrpool",
        "more": draw(st.lists(st.integers(0, 3), max_size=3)),
    }
    if draw(st.booleans()):
        return definition(name, config=json.dumps({"type": "host-device", "ipam": ipam}))  # fmt: skip
    return network(
        name, json.dumps(ipam), networkNamespace=draw(st.sampled_from(["a", "b"]))
    )


@st.composite
def policies(draw):
    count = draw(st.integers(1, 4))
    nics = draw(st.lists(st.sampled_from(NICS), min_size=count, max_size=3 * count, unique=True))  # fmt: skip
    listed = [
        resource(f"rail-{number}", *nics[number::count], vendors=["15b3", "8086"])
        for number in range(count)
    ]
    make = draw(st.sampled_from([policy, node_policy]))
    return make(*listed, nvIpam={"image": "i", "version": draw(st.sampled_from("ab"))})


@st.composite
def sites(draw):
    """The objects of a fabric."""
    return [
        draw(pools("rail-1")),
        draw(pools("rail-2")),
        draw(networks("rail-1")),
        draw(networks("rail-2")),
        draw(policies()),
    ]


# -- the same in other words -----------------------------------------------------------


UNORDERED = frozenset(
    [
        "staticAllocations",
        "routes",
        "exclusions",
        "perNodeExclusions",
        "nodeSelectorTerms",
        "resourceList",
        "pciAddresses",
        "vendors",
    ]
)


def reworded(body: dict, random: Random) -> dict:
    """The object as another author writes it, and as a server keeps it."""
    made = _shuffled(body, random)
    metadata = made["metadata"]
    metadata |= {
        "uid": "4f6c",
        "resourceVersion": str(random.randrange(100)),
        "generation": random.randrange(9),
        "creationTimestamp": "2025-11-25T00:00:00Z",
        "managedFields": [{"manager": "m", "operation": "Update"}],
        "annotations": {
            **metadata.get("annotations", {}),
            "kubectl.kubernetes.io/last-applied-configuration": json.dumps(body),
        },
    }
    if "namespace" not in metadata:
        metadata["namespace"] = random.choice(["default", "x"])
    made["status"] = {"state": "ready", "allocations": []}
    return made


def _shuffled(value, random: Random, name=""):
    if isinstance(value, dict):
        keys = list(value)
        random.shuffle(keys)
        return {key: _shuffled(value[key], random, key) for key in keys}
    if isinstance(value, list):
        made = [_shuffled(item, random) for item in value]
        if name in UNORDERED or (name == "values" and len(made) > 1):
            random.shuffle(made)
        return made
    if name in ("ipam", "config") and isinstance(value, str):
        return _respaced(_shuffled(json.loads(value), random), random)
    return value


def _respaced(value, random: Random) -> str:
    for one in value.get("resourceList", ()):
        if random.random() < 0.5:
            one["selectors"] = [one["selectors"]]
    text = json.dumps(value, indent=random.choice([None, 1, 4]))
    return random.choice(["", "\n ", "\t"]) + text + random.choice(["", "\n\n"])


def stored(directory: Path, bodies: list[dict], random: Random, below="") -> str:
    """The objects as files: a stream, a List, JSON, or each by itself."""
    random.shuffle(bodies)
    place = directory / f"side-{len(list(directory.iterdir()))}" / below
    place.mkdir(parents=True)
    form = random.randrange(5)
    if form == 0:
        for number, body in enumerate(bodies):
            text = json.dumps(body) if number % 2 else yaml.safe_dump(body)
            (place / f"{number}.{'json' if number % 2 else 'yml'}").write_text(text)
    else:
        whole = {"apiVersion": "v1", "kind": "List", "items": bodies}
        nested = {"apiVersion": "v1", "kind": "List", "items": [whole]}
        text = [
            yaml.safe_dump_all(bodies, indent=4),
            yaml.safe_dump(nested).replace("\n", "\r\n"),
            json.dumps(whole, indent=random.choice([None, 2])),
            "\n".join(map(json.dumps, bodies)),
        ][form - 1]
        (place / "all.yaml").write_text(text)
    return str(directory / place.relative_to(directory).parts[0])


def between(old, new, random: Random) -> diffing.Diff:
    with TemporaryDirectory() as name:
        directory = Path(name)
        sides = [stored(directory, list(side), random, "fabric") for side in (old, new)]
        return diffing.between(*sides, Settings())


def applied(manifests, cluster, random: Random) -> diffing.Diff:
    with TemporaryDirectory() as name:
        directory = Path(name)
        sides = [stored(directory, list(side), random) for side in (manifests, cluster)]
        return diffing.with_snapshot(*sides, Settings(), diffing.Wish())


@given(sites(), st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_the_same_in_other_words_does_not_differ(site, random):
    other = [reworded(body, random) for body in site]

    assert between(site, other, random).comparison.objects == ()
    assert between(other, site, random).comparison.objects == ()
    assert applied(site, other, random).comparison.objects == ()


# -- one change ------------------------------------------------------------------------


def plant(body: dict, random: Random) -> tuple[str, Verb]:
    """Change an entry of a pool; which node it is of, and what was done."""
    listed = body["spec"]["staticAllocations"]
    numbers = [n for n, one in enumerate(listed) if "nodeName" in one]
    at = random.choice(numbers)
    free = entry(100 + random.randrange(28))
    what = random.choice([Verb.ADD, Verb.CHANGE, Verb.REMOVE])
    if what is Verb.ADD:
        listed.insert(at, free)
        return free["nodeName"], what
    name = listed[at]["nodeName"]
    if what is Verb.REMOVE:
        del listed[at]
    else:
        listed[at] = {**free, "nodeName": name}
    return name, what


@given(sites(), st.randoms(use_true_random=False), st.booleans())
@settings(max_examples=60)
def test_one_change_is_one_line_about_its_node(site, random, is_live):
    after = copy.deepcopy(site)
    place = random.randrange(2)
    name, verb = plant(after[place], random)
    live = [reworded(body, random) for body in site]
    told = [node(f"gpu-{n}", gpu=8) for n in range(200)] if random.random() < 0.3 else []  # fmt: skip
    if is_live:
        made = applied(after, [*live, *told], random)
    else:
        made = between(live, after, random)

    assert [changed.key.name for changed in made.comparison.objects] == [
        site[place]["metadata"]["name"]
    ]
    changes = made.comparison.objects[0].changes
    assert [(c.what, c.verb) for c in changes] == [(name, verb)]
    assert made.comparison.same == len(site) - 1


# -- there and back --------------------------------------------------------------------


MIRROR = {Verb.ADD: Verb.REMOVE, Verb.REMOVE: Verb.ADD, Verb.CHANGE: Verb.CHANGE}


def told(made: diffing.Diff, *, is_turned=False) -> set:
    found = set()
    for changed in made.comparison.objects:
        verb = MIRROR[changed.verb] if is_turned else changed.verb
        found.add((verb, changed.key))
        for change in changed.changes:
            values = change.before, change.after
            if is_turned:
                values = values[::-1]
            if change.path:
                found.add((changed.key, change.what, *values))
    return found


@given(sites(), sites(), st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_what_comes_on_the_way_there_goes_on_the_way_back(one, other, random):
    one = random.sample(one, random.randint(1, len(one)))
    there, back = between(one, other, random), between(other, one, random)

    assert told(there) == told(back, is_turned=True)
    assert there.comparison.same == back.comparison.same


# -- anything at all -------------------------------------------------------------------


VALUES = [
    None,
    0,
    -1,
    1.5,
    10**30,
    True,
    "",
    "x",
    "{",
    "[1]",
    "172.16.0.0/31",
    "fd00::/127",
    "\x1b[31m|`<\n",
    [],
    {},
    [None],
    [[]],
    [{}],
    {"a": None},
    {"": 1},
    ["x"],
]


def cluster() -> list[dict]:
    """Objects of all kinds that are read, as a server keeps them."""
    listed = [entry(0), entry(1)]
    ours = policy(
        resource("rail-1", NICS[0]),
        resource("storage", NICS[1]),
        nvIpam={"image": "i", "version": "v"},
        ofedDriver={"image": "d"},
    )
    live = pool(
        listed,
        listed,
        nodeSelector=fields("metadata.name", "gpu-0", "gpu-1"),
        exclusions=[{"startIP": "172.16.0.8", "endIP": "172.16.0.9"}],
    )
    return [
        owned(owned(live, "kubectl"), "kubectl-edit", "Update"),
        pool([entry(0)], [], name="rail-2"),
        owned(network(), "kubectl"),
        network("rail-2"),
        definition("rail-9"),
        owned(ours, "kubectl"),
        node_policy(resource("rail-2", NICS[2])),
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "c", "labels": dict(OURS)},
            "data": {"a": "b"},
        },
    ]


def facts() -> list[dict]:
    kinds = [{"name": "cidrpools", "kind": "CIDRPool", "namespaced": True}]
    return [
        node("gpu-0", gpu=8, rail_1=1),
        node("gpu-1", gpu=8),
        pod("p", "gpu-0", "172.16.0.0"),
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}},
        {
            "apiVersion": "v1",
            "kind": "APIResourceList",
            "groupVersion": "nv-ipam.nvidia.com/v1alpha1",
            "resources": kinds,
        },
    ]


def places(value, path=()):
    """The ways to everything inside an object."""
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in list(pairs):
            yield (*path, key)
            yield from places(inner, (*path, key))


def mutated(bodies: list[dict], random: Random) -> list[dict]:
    made = copy.deepcopy(bodies)
    for _ in range(random.choice([1, 1, 1, 2, 5])):
        body = random.choice(made)
        ways = list(places(body))
        if ways:
            _mutate(body, random.choice(ways), random)
        if random.random() < 0.1:
            made.append(copy.deepcopy(body))
    return made


def _mutate(body: dict, way: tuple, random: Random) -> None:
    holder = body
    for step in way[:-1]:
        holder = holder[step]
    choice = random.random()
    value = copy.deepcopy(random.choice(VALUES))
    if choice < 0.2:
        del holder[way[-1]]
    elif choice < 0.3 and isinstance(holder, dict):
        holder["extra"] = value
    elif choice < 0.4 and isinstance(holder, list):
        holder.append(copy.deepcopy(holder[0]))
    else:
        holder[way[-1]] = value


def run(*arguments: str) -> tuple[int, str, str]:
    streams = io.StringIO(), io.StringIO()
    argv, sys.argv = sys.argv, ["netplan2k8s", *arguments]
    try:
        with (
            contextlib.redirect_stdout(streams[0]),
            contextlib.redirect_stderr(streams[1]),
        ):
            main()
        code = 0
    except SystemExit as stop:
        code = int(stop.code or 0)
    finally:
        sys.argv = argv
    return code, streams[0].getvalue(), streams[1].getvalue()


@given(st.randoms(use_true_random=False), st.sampled_from(FORMATS), st.booleans())
@settings(max_examples=150)
def test_nothing_brings_a_traceback(random, format_, is_snapshot):
    live = cluster()
    manifests = [{k: v for k, v in body.items() if k != "status"} for body in live]
    ours = mutated(manifests, random) if random.random() < 0.6 else manifests
    theirs = [*live, *facts()] if is_snapshot else live
    theirs = mutated(theirs, random) if random.random() < 0.8 else theirs
    options = ["--no-config", "--format", format_, "--exit-code"]
    options += random.choice([[], ["--context-lines", "2"]])
    with TemporaryDirectory() as name:
        directory = Path(name)
        below = random.choice(["fabric", "patches"])
        old, new = (stored(directory, side, random, below) for side in (theirs, ours))
        if is_snapshot:
            options += random.choice([[], ["--all"], ["--force-conflicts"], ["--operator-release", "25.10"]])  # fmt: skip
            code, out, err = run("diff", new, "--snapshot", old, *options)
        else:
            code, out, err = run("diff", old, new, *options)

    assert code in (0, 1, 2, 3)
    assert out or err
    if format_ == "json":
        assert json.loads(out)["schemaVersion"] == 1
