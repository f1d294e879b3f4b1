"""Long lists read by pattern: exactly what the YAML reader says, and really so read."""

from __future__ import annotations

import json
import time
from pathlib import Path
from unittest.mock import patch

import pytest
import yaml
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from netplan2k8s.manifests import reader
from netplan2k8s.manifests.reader import read_documents
from netplan2k8s.manifests.records import MIN_ITEMS, Alike, split
from tests.conftest import FIXTURES

POOLS = sorted(
    path
    for path in FIXTURES.glob("*/expected/fabric/*cidrpool*.yaml")
    if path.read_text().count("nodeName:") >= MIN_ITEMS
)


def outcome(text):
    """Bodies and findings, their types and order told apart."""
    findings = []
    documents = read_documents(text.encode(), "pool.yaml", findings)
    bodies = [(json.dumps(d.body), d.line, d.base, d.text) for d in documents]
    return bodies, findings, [document.cut for document in documents]


def both(text):
    """What is read with the pattern, and what without it."""
    with patch.object(reader, "_LONG", 0):
        fast = outcome(text)
    with patch.object(reader, "_LONG", len(text) + 1):
        slow = outcome(text)
    assert not any(slow[2])
    return fast, slow


def same(text):
    """Hold both ways to each other; whether the pattern was taken."""
    fast, slow = both(text)

    assert fast[:2] == slow[:2]
    return any(fast[2])


# -- texts that are ours, mostly ------------------------------------------------------

VALUES = [
    "gpu-01",
    "gpu-01.example.com",
    "172.16.0.0/31",
    "172.16.0.1",
    '"gpu-01"',
    '"yes"',
    '""',
    '" a # b "',
    '"1.2.3.4"',
    "'gpu-01'",
    "yes",
    "Off",
    "y",
    "NULL",
    "null",
    "~",
    "",
    "31",
    "010",
    "0x1f",
    "1_000",
    ".5",
    "1e3",
    "1:30",
    "12:30:45",
    "2026-01-05",
    ".inf",
    "-1",
    "1.2.3",
    "1.2.3.4.5",
    "fd00::/127",
    "gpu_01",
    "gpu 01",
    "g\u00fc",
    '"g\u00fc"',
    '"a\tb"',
    '"a\x85b"',
    '"a\u2028b"',
    '"a\\nb"',
    '"a\x07b"',
    "records-0",
    "records",
    "&a x",
    "*a",
    "!!str 5",
    "! x",
    "[a, b]",
    "{a: b}",
    "|",
    ">-",
    "x # y",
    "x#y",
    "x: y",
    "x:y",
    "-",
    "- x",
    "? x",
    "@x",
    "%x",
    "`x",
    "x ",
    "x\t",
    '"x" ',
    '"x"y',
    '"x',
    "---",
    "...",
    "{{ node }}",
    "<<",
    "a/b-c.d",
]
KEYS = [
    "gateway",
    "nodeName",
    "prefix",
    "y",
    "no",
    "null",
    "On",
    "a.b",
    "<<",
    "records",
]
FORMS = [
    "- {k1}: {v1}\n  {k2}: {v2}\n  {k3}: {v3}\n",
    "- {k1}: {v1}\n  {k2}: {v2}\n",
    "- {k1}: {v1}\n",
    "- {v1}\n",
    "- - {v1}\n",
    "- - - {v1}\n",
    "- {k1}:{v1}\n",
    "- {k1}:\n  {k2}: {v1}\n",
    "- {k1}:\n    {k2}: {v1}\n",
    "- {k1}:\n    {v1}\n",
    "- {k1}:\n  {v1}\n",
    "- {k1}:\n  - {v1}\n",
    "- {k1}:\n    - {v1}\n",
    "- {k1}:\n - {v1}\n",
    "- {k1}:\n  - {v1}\n  - {v2}\n",
    "- {k1}:\n  - {v1}\n  {k2}: {v2}\n",
    "- {k1}:\n      - {v1}\n    {k2}: {v2}\n",
    "- matchFields:\n  - key: metadata.name\n    operator: In\n    values:\n    - {v1}\n",
    "- matchExpressions:\n  - {k1}: {v1}\n    {k2}:\n      - {v2}\n",
    "- {k1}:  {v1}\n",
    "-   {k1}: {v1}\n    {k2}: {v2}\n",
    "- {k1} : {v1}\n",
    "- {k1}: {v1}\n   {k2}: {v2}\n",
    "- {k1}: {v1}\n {k2}: {v2}\n",
    "- {k1}: {v1}\n  {v2}\n",
    "- {v1}\n  {v2}\n",
    "- \n  {k1}: {v1}\n",
    "-\n  {k1}: {v1}\n",
    "- {{{k1}: {v1}}}\n",
    '- "{k1}": {v1}\n  {k2}: {v2}\n',
    "- ? {k1}\n  : {v1}\n",
]
# Where a list stands: its own key and what is before and behind it.
FRAMES = [
    "spec:\n  staticAllocations:\n{list2}",
    "spec:\n  staticAllocations:\n{list2}  cidr: a\n",
    "spec:\n  staticAllocations:\n{list2}status: a\n",
    "spec:\n  staticAllocations:\n{list4}",
    "spec:\n  staticAllocations:\n{list4}  cidr: a\n",
    "spec:\n  staticAllocations:\n{list4}    cidr: a\n",
    "spec:\n  staticAllocations:\n{list4}   cidr: a\n",
    "spec:\n  staticAllocations:\n{list4} cidr: a\n",
    "spec:\n  staticAllocations:\n{list4}      cidr: a\n",
    "spec:\n  staticAllocations:\n{list0}",
    "spec:\n  staticAllocations:\n{list1}",
    "spec:\n    staticAllocations:\n{list2}",
    "spec:\n  nodeSelector:\n    nodeSelectorTerms:\n{list4}  staticAllocations:\n{list2}",
    "spec:\n  staticAllocations:\n{list2}  nodeSelector:\n    nodeSelectorTerms:\n{list4}",
    "spec:\n  nodeSelector:\n    nodeSelectorTerms:\n{list4}",
    "spec:\n  nodeSelectorTerms:\n{list2}",
    "staticAllocations:\n{list0}",
    "staticAllocations:\n{list2}",
    "spec:\n  other:\n    staticAllocations:\n{list4}  staticAllocations: records-0\n",
    "metadata:\n  staticAllocations:\n{list2}spec:\n  staticAllocations: [records-0]\n",
    "metadata:\n  staticAllocations:\n{list2}spec:\n  staticAllocations:\n  - records-0\n",
    "spec:\n  staticAllocations:\n{list2}  staticAllocations:\n{list2}",
    "spec:\n  staticAllocations:\n{list2}spec:\n  staticAllocations:\n{list2}",
    "spec:\n  staticAllocations: # all\n{list2}",
    "spec:\n  staticAllocations: &a\n{list2}  other: *a\n",
    "spec: &s\n  staticAllocations:\n{list2}other: *s\n",
    "spec:\n  <<: {{a: b}}\n  staticAllocations:\n{list2}",
    "spec: {{\n  staticAllocations:\n{list2}}}\n",
    "spec: [{{\n  staticAllocations:\n{list2}}}]\n",
    "data: |\n  spec:\n    staticAllocations:\n{list4}spec:\n  staticAllocations:\n{list2}",
    "data: |\n  spec:\n    staticAllocations:\n{list4}",
    "data: >\n  staticAllocations:\n{list4}",
    "data: 'x\n  staticAllocations:\n{list4}  '\n",
    'data: "x\n  staticAllocations:\n{list4}  "\n',
    "spec:\n  staticAllocations:\n{list2}# the end\n  cidr: a\n",
    "spec:\n  staticAllocations:\n{list2}\n  cidr: a\n",
    "spec:\n  staticAllocations:\n{list2} \n{list2}",
    "spec:\n  staticAllocations:\n{list2}  # more\n{list2}",
    "spec:\n  staticAllocations:\n{list4}  # more\n{list4}",
    "spec:\n  staticAllocations:\n{list2}  -\n",
    "spec:\n  staticAllocations:\n{list2}\tcidr: a\n",
    "spec:\n  staticAllocations:\n{list2}---\nspec:\n  staticAllocations:\n{list2}",
    "spec:\n  staticAllocations:\n{list2}...\n",
    "spec:\n  staticAllocations:\n{list2}...\na: b\n",
    "kind: List\nitems:\n- spec:\n    staticAllocations:\n{list4}",
    "kind: List\nspec:\n  staticAllocations:\n{list2}items:\n- kind: A\n",
    "- spec:\n  staticAllocations:\n{list2}",
    "spec:\n  x: [a\n  staticAllocations:\n{list2}",
    "spec:\n  ? staticAllocations:\n{list2}  : x\n",
    "kind: A\nkind: B\nspec:\n  staticAllocations:\n{list2}",
    "spec:\n  staticAllocations:\n{list2}apiVersion: a\napiVersion: b\n",
]


def mostly(usual, all_of_them):
    """Of the usual ones three times in four, else of all."""
    usual = st.sampled_from(usual)
    return st.one_of(usual, usual, usual, st.sampled_from(all_of_them))


@st.composite
def lists(draw):
    """A list of one form, now and then with an item of another."""
    form = draw(mostly(FORMS[:5] + FORMS[17:19], FORMS))
    names = draw(mostly([KEYS[:3]], [KEYS[1:4], KEYS[4:7], KEYS[6:9], ["a", "a", "b"]]))
    keys = dict(zip(("k1", "k2", "k3"), names, strict=True))
    count = draw(st.integers(MIN_ITEMS - 1, MIN_ITEMS + 3))
    rows = []
    for _ in range(count):
        values = draw(st.lists(st.sampled_from(VALUES[:9]), min_size=3, max_size=3))
        rows.append(form.format(**keys, v1=values[0], v2=values[1], v3=values[2]))
    if draw(st.integers(0, 3)) == 0:
        values = {f"v{n}": draw(st.sampled_from(VALUES)) for n in (1, 2, 3)}
        other = draw(mostly([form], FORMS))
        place = draw(st.integers(0, count))
        rows.insert(place, other.format(**keys, **values))
    return "".join(rows)


@st.composite
def pools(draw):
    """A pool, mostly as we write it, with up to three lines changed."""
    frame = draw(mostly([*FRAMES[:5], FRAMES[12]], FRAMES))
    margins = {}
    for width in (0, 1, 2, 4):
        if f"{{list{width}}}" in frame:
            text = draw(lists())
            margins[f"list{width}"] = "".join(
                " " * width + line for line in text.splitlines(keepends=True)
            )
    lines = frame.format(**margins).split("\n")
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 1, 2, 3]))):
        place = draw(st.integers(0, len(lines) - 1))
        lines[place : place + 1] = changed(draw, lines[place])
    text = "\n".join(lines)
    if draw(st.booleans()):
        text = "apiVersion: v1\nkind: CIDRPool\n" + text
    if draw(st.integers(0, 9)) == 0:
        text = text.replace("\n", "\r\n")
    return text.rstrip("\n") if draw(st.integers(0, 5)) == 0 else text


def changed(draw, line):
    """A line as another hand would have it."""
    return draw(
        st.sampled_from(
            [
                [],
                [line, line],
                [line, ""],
                [line, "  # a comment"],
                ["# a comment", line],
                [f"{line} "],
                [f"{line} # a comment"],
                [f" {line}"],
                [line[1:]],
                [f"\t{line}"],
                [line.replace(": ", ":  ", 1)],
                [line.replace(": ", ":", 1)],
                [line.replace("gpu", "gp\u00fc")],
                [f"{line.partition(':')[0]}: {draw(st.sampled_from(VALUES))}"],
                [
                    f"{line[: len(line) - len(line.lstrip())]}{draw(st.sampled_from(VALUES))}"
                ],
                [line, f"{line[: len(line) - len(line.lstrip())]}more: x"],
                [line.rstrip(":") + ": *a"],
                [line + "\x0b"],
            ]
        )
    )


def pool(
    item="  - nodeName: gpu-01\n    prefix: 1.2.3.4/31\n", count=MIN_ITEMS, more=""
):
    return "spec:\n  staticAllocations:\n" + item * count + more


@settings(max_examples=600)
@given(pools())
@example(pool())
# A key that YAML takes for a boolean.
@example(pool("  - y: gpu-01\n"))
# No blank behind the colon: the item is a text.
@example(pool("  - nodeName:gpu-01\n"))
# An empty value, and a key beside it.
@example(pool("  - nodeName:\n    prefix: 1.2.3.4/31\n"))
@example(pool("  - prefix: gpu-01\n    prefix: gpu-02\n"))
@example(pool("  - prefix: \n      gateway: gpu-02\n"))
# Within braces there are no block lists.
@example("spec: {\n  staticAllocations:\n" + "  - nodeName: gpu-01\n" * 9 + "}\n")
# The word that stands for a list, where it is somebody's own.
@example(
    "metadata:\n  staticAllocations:\n"
    + "  - nodeName: gpu-01\n" * 9
    + "spec:\n  staticAllocations:\n  - records-0\n"
)
# A line break of YAML within quotes.
@example(pool('  - nodeName: "a\x85b"\n'))
@example(pool('  - nodeName: "a\u2028b"\n'))
@example(pool('  - nodeName: "a\x07b"\n'))
@example(pool("  - " + "- " * 120 + "gpu-01\n"))
@example(pool(more="  # more\n  - nodeName: gpu-02\n    prefix: 1.2.3.4/31\n"))
@example(pool().rstrip("\n"))
@example("data: >+\n  x\n" + pool())
@example(pool(more="data: |\n  x"))
def test_list_read_by_pattern_is_what_the_yaml_reader_reads(text):
    event("by pattern" if same(text) else "not by pattern")


@given(st.data())
@settings(max_examples=200)
def test_pool_of_ours_with_random_damage_reads_the_same(data):
    text = pool(count=12, more="  cidr: 172.16.0.0/15\n")
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text) - 1))
        new = data.draw(st.text(" -:#\n\t\"'&*!|>{}[],.ay1\r\u00fc", max_size=2))
        text = text[:at] + new + text[at + data.draw(st.integers(0, 2)) :]
    same(text)


@pytest.mark.parametrize("form", FORMS)
def test_form_with_every_value_reads_the_same(form):
    for value in VALUES:
        for key in ("nodeName", "y"):
            values = {"k1": key, "v1": value, "k2": "prefix", "v2": "gpu-02"}
            item = form.format(**values, k3="gateway", v3=value)
            lines = item.splitlines(keepends=True)
            same(pool("".join(f"  {line}" for line in lines), 9))


@pytest.mark.parametrize("frame", FRAMES)
def test_list_in_every_frame_reads_the_same(frame):
    item = FORMS[1].format(k1="nodeName", v1="gpu-01", k2="prefix", v2="1.2.3.4/31")
    same(
        frame.format(
            **{
                f"list{width}": "".join(
                    " " * width + line for line in (item * 9).splitlines(keepends=True)
                )
                for width in (0, 1, 2, 4)
            }
        )
    )


def test_aliases_of_a_long_list_count_all_that_is_in_it():
    rows = "  - nodeName: gpu-01\n" * 60_000
    aliases = ", ".join(["*s"] * 9)
    text = f"spec: &s\n  staticAllocations:\n{rows}more: [{aliases}]\n"
    findings = []

    assert read_documents(text.encode(), "pool.yaml", findings) == []
    assert [finding.rule.code for finding in findings] == ["NK022"]


# -- the pattern is taken where it matters --------------------------------------------------


def lengths(text):
    return [len(taken.items) for taken in split(text).lists.values()]


def test_fixtures_have_pools_that_are_long_enough():
    assert len(POOLS) >= 8


@pytest.mark.parametrize(
    "path", POOLS, ids=lambda path: str(path.relative_to(FIXTURES))
)
def test_pool_that_convert_writes_is_read_by_pattern(path):
    text = path.read_text()
    body = yaml.safe_load(text)
    (document,) = read_documents(path.read_bytes(), "pool.yaml", [])

    assert document.body == body
    assert len(body["spec"]["staticAllocations"]) in lengths(text)
    if len(text) > 4096:
        assert document.cut is not None


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    """The pools of a fleet whose sides are mixed, so that they select their nodes."""
    root = tmp_path_factory.mktemp("fleet")
    for number in range(64):
        directory = root / "hosts" / f"gpu-{number:03}" / "etc/netplan"
        directory.mkdir(parents=True)
        low, high = 2 * number, 2 * number + 1
        own, peer = (low, high) if number % 2 else (high, low)
        (directory / "60-rails.yaml").write_text(
            "network:\n  version: 2\n  ethernets:\n    enp26s0f0np0:\n"
            f"      addresses: [172.16.0.{own}/31]\n"
            f"      routes: [{{to: 172.16.0.0/15, via: 172.16.0.{peer}}}]\n"
        )
    return root


def test_selector_that_convert_writes_is_read_by_pattern(fleet, run, monkeypatch):
    monkeypatch.chdir(fleet)
    done = run("convert", "hosts", "-o", "out", "--no-config")
    path = next(Path("out/fabric").glob("*cidrpool*"))
    (document,) = read_documents(path.read_bytes(), str(path), [])

    assert done.code == 0, done.err
    assert lengths(path.read_text()) == [64, 64]
    assert document.cut is not None
    assert document.body == yaml.safe_load(path.read_text())


ROW = "  - gateway: 172.16.{a}.{c}\n    nodeName: gpu-{n:04}\n    prefix: 172.16.{a}.{b}/31\n"


def large(count=4096):
    rows = "".join(
        ROW.format(n=n, a=n // 128, b=n % 128 * 2, c=n % 128 * 2 + 1)
        for n in range(count)
    )
    terms = "".join(
        "    - matchFields:\n      - key: metadata.name\n        operator: In\n"
        f"        values:\n        - gpu-{n:04}\n"
        for n in range(count)
    )
    head = "apiVersion: nv-ipam.nvidia.com/v1alpha1\nkind: CIDRPool\nspec:\n"
    selector = f"  nodeSelector:\n    nodeSelectorTerms:\n{terms}"
    return f"{head}{selector}  staticAllocations:\n{rows}  cidr: 172.16.0.0/15\n"


def test_pool_of_4096_entries_is_read_by_pattern():
    text = large()
    (document,) = read_documents(text.encode(), "pool.yaml", [])

    assert lengths(text) == [4096, 4096]
    assert document.cut is not None
    assert len(document.cut.text) < 300
    assert document.body == yaml.load(text, yaml.CSafeLoader)


def test_the_nodes_of_a_job_are_read_by_pattern():
    path = FIXTURES / "reference/expected/verify/unit-1/job.yaml"
    (document,) = read_documents(path.read_bytes(), "job.yaml", [])
    spec = document.body["spec"]["template"]["spec"]

    (required,) = spec["affinity"]["nodeAffinity"].values()
    assert type(required["nodeSelectorTerms"]) is Alike
    assert document.body == yaml.safe_load(path.read_text())


@pytest.mark.parametrize(
    "text",
    [
        "a: |\n  nodeSelectorTerms:\n{list2}b: c\n",
        "nodeSelectorTerms:\n{list0}b: c\n",
        "a:\n- b: c\n  nodeSelectorTerms:\n{list4}  d: e\n",
    ],
)
def test_lists_may_be_anywhere_but_in_a_text(text):
    rows = "- matchFields:\n  - key: a\n"
    for indent in (0, 2, 4):
        row = "".join(f"{' ' * indent}{line}\n" for line in rows.splitlines())
        text = text.replace(f"{{list{indent}}}", row * 400)
    (document,) = read_documents(text.encode(), "x.yaml", [])

    assert document.body == yaml.load(text, yaml.CSafeLoader)
    assert (document.cut is None) == text.startswith("a: |")


@pytest.mark.parametrize(
    "item",
    [
        '  - nodeName: "gpu-01"\n    prefix: "1.2.3.4/31"\n',
        "  - gpu-01\n",
        "  - matchFields:\n    - key: metadata.name\n      values:\n      - gpu-01\n",
        "  - matchFields:\n      - key: metadata.name\n        values:\n          - a\n",
        "  - a:\n      b: c\n    d: e\n",
        "  - - a\n",
    ],
)
def test_other_ways_to_write_a_list_are_read_by_pattern(item):
    text = pool(item)

    assert lengths(text) == [MIN_ITEMS]
    assert same(text)


def test_list_at_the_end_without_a_line_feed_is_read_by_pattern():
    assert lengths(pool().rstrip("\n")) == [MIN_ITEMS]


def test_short_list_is_left_to_the_yaml_reader():
    assert lengths(pool(count=MIN_ITEMS - 1)) == []


@pytest.mark.parametrize(
    "word", ["", "record", "records", "records-0", "x" + "records" * 9]
)
def test_word_for_a_list_is_not_one_of_the_text(word):
    (taken,) = split(pool(more=f"  more: {word}\n")).lists

    assert taken not in pool(more=f"  more: {word}\n")


def test_word_is_found_quickly():
    started = time.process_time()
    (taken,) = split(pool(more=f"  more: {'records' * 100_000}{'s' * 100_000}\n")).lists

    assert taken.startswith("recordss")
    assert time.process_time() - started < 1


def test_text_of_many_short_lists_costs_little():
    text = "".join(
        f"a{n}:\n  staticAllocations:\n  - k{'x' * (n % 200)}: a\n  - b\n"
        for n in range(5000)
    )
    started = time.process_time()

    assert split(text).lists == {}
    assert time.process_time() - started < 1


def test_item_of_many_lines_costs_little():
    text = pool("  - a: b\n" + "".join(f"    k{'x' * n}: c\n" for n in range(500)), 10)
    started = time.process_time()

    assert split(text).lists == {}
    assert time.process_time() - started < 1


def test_original_maps_every_character_that_was_left():
    text = large(20)
    cut = split(text)
    words = {f"- {word}" for word in cut.lists}

    for offset, character in enumerate(cut.text):
        line = cut.text[cut.text.rfind("\n", 0, offset) + 1 :].split("\n", 1)[0]
        if line.strip() not in words:
            assert text[cut.original(offset)] == character
