"""Manifest files to objects, as kubectl reads them; what it refuses is a finding.

Where a comment says "kubectl", the expectation is what kubectl 1.27 to 1.33 printed for
``kubectl annotate --local -f FILE a=b -o json``.
"""

from __future__ import annotations

import io
import json
import math
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from netplan2k8s.manifests import files as files_module
from netplan2k8s.manifests.files import STDIN, read_files
from netplan2k8s.manifests.reader import read_documents
from netplan2k8s.manifests.scalars import typed

POOL = "apiVersion: v1\nkind: CIDRPool\nmetadata:\n  name: rail-1\n"


def read(data, path="pool.yaml"):
    findings = []
    documents = read_documents(
        data if isinstance(data, bytes) else data.encode(), path, findings
    )
    return documents, findings


def body(data):
    documents, findings = read(data)
    assert not findings
    (document,) = documents
    return document.body


def names(data):
    return [document.name for document in read(data)[0]]


def said(data):
    return [(f.rule.code, f.span.line, f.span.column) for f in read(data)[1]]


def message(data):
    (finding,) = read(data)[1]
    return finding.message


# -- plain scalars ----------------------------------------------------------------

# kubectl: text → value.
SCALARS = {
    "y": True,
    "Y": True,
    "yes": True,
    "Yes": True,
    "YES": True,
    "on": True,
    "true": True,
    "n": False,
    "NO": False,
    "off": False,
    "False": False,
    "yEs": "yEs",
    "tRue": "tRue",
    "~": None,
    "null": None,
    "Null": None,
    "nULL": "nULL",
    "None": "None",
    "31": 31,
    "+31": 31,
    "-1": -1,
    "010": 8,
    "-010": -8,
    "0o10": 8,
    "0O7": 7,
    "08": 8,
    "018": 18,
    "0o8": "0o8",
    "0x1f": 31,
    "-0X1F": -31,
    "0xg": "0xg",
    "0b101": 5,
    "0b2": "0b2",
    "1_000": 1000,
    "1__0": 10,
    "0x_1f": 31,
    "_1": "_1",
    "1_": 1,
    "1.5": 1.5,
    "1.0": 1,
    "1.50": 1.5,
    "1_0.5": 10.5,
    "1.5_0": 1.5,
    ".5": 0.5,
    "-.5": -0.5,
    ".5_0": 0.5,
    "._5": "._5",
    ".5_": ".5_",
    "5.": 5,
    "1e3": 1000,
    "1E-3": 0.001,
    "1e": "1e",
    "1e400": "1e400",
    "0x1.8p1": "0x1.8p1",
    "9223372036854775807": 9223372036854775807,
    "9223372036854775808": 9223372036854775808.0,
    "-9223372036854775808": -9223372036854775808,
    "0x8000000000000000": 9223372036854775808.0,
    "+0x8000000000000000": "+0x8000000000000000",
    "0x10000000000000000": "0x10000000000000000",
    "1:30": "1:30",
    "12:30:45": "12:30:45",
    "0000:18:00.0": "0000:18:00.0",
    "2026-01-05": "2026-01-05",
    "2026-01-05T10:00:00Z": "2026-01-05T10:00:00Z",
    "172.16.0.0/31": "172.16.0.0/31",
    "1.2.3": "1.2.3",
    "=": "=",
    ".": ".",
    "+": "+",
    ".Nan": ".Nan",
    "nan": "nan",
    "\u0661": "\u0661",
}


@pytest.mark.parametrize(("text", "value"), SCALARS.items())
def test_plain_scalar_has_the_type_that_kubectl_gives_it(text, value):
    found = body(f"a: {text}\n")["a"]

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("text", SCALARS)
def test_quoted_scalar_is_text(text):
    assert body(f"a: '{text}'\nb: \"{text}\"\n") == {"a": text, "b": text}


def test_block_scalar_is_text():
    assert body("a: |-\n  31\nb: >-\n  yes\n") == {"a": "31", "b": "yes"}


@pytest.mark.parametrize("text", [".inf", "-.Inf", "+.INF", ".nan", ".NaN"])
def test_number_that_json_has_not_is_refused(text):
    assert said(f"a: 1\nb: {text}\n") == [("NK020", 2, 4)]
    assert message(f"a: {text}\n") == (
        f"Invalid YAML: kubectl takes no {text}, which JSON has not; quote it"
    )


@given(st.text("0123456789+-._eExXoObByn", min_size=1, max_size=9))
@example("0b1" + "1" * 63)
@example("1" * 5000)
def test_typing_never_fails_and_never_leaves_json(text):
    value = typed(text)

    assert value is None or isinstance(value, str | int | float)
    assert not isinstance(value, str) or value == text
    if isinstance(value, float) and text.lower().strip("+-") not in (".inf", ".nan"):
        assert math.isfinite(value)
    if isinstance(value, int):
        assert -(2**63) <= value < 2**63


def kubectl_data(text, tmp_path):
    """What kubectl makes of the values of a ConfigMap, None where it does not run."""
    path = tmp_path / "map.yaml"
    path.write_text(text)
    command = ["kubectl", "annotate", "--local", "-f", str(path), "a=b", "-o", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return json.loads(done.stdout)["data"] if done.returncode == 0 else None


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="no kubectl")
def test_kubectl_itself_gives_these_types(tmp_path):
    head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n"
    if kubectl_data(f"{head}  a: b\n", tmp_path) is None:
        pytest.skip("kubectl does not annotate locally")
    lines = "".join(f"  k{n}: {text}\n" for n, text in enumerate(SCALARS))
    found = kubectl_data(head + lines, tmp_path)

    for number, value in enumerate(SCALARS.values()):
        # Go prints a large float with all its digits, rounded.
        assert found[f"k{number}"] == (
            pytest.approx(value) if value.__class__ is float else value
        )


# -- keys ---------------------------------------------------------------------------


def test_keys_are_text_whatever_yaml_makes_of_them():
    keys = "on: a\n1: b\n0x10: c\n1.5: d\n1e3: e\n2026-01-05: f\n'no': g\n"

    assert list(body(keys)) == ["true", "1", "16", "1.5", "1000", "2026-01-05", "no"]


@pytest.mark.parametrize("text", ["~: a\n", "[a]: b\n", "{a: b}: c\n", "? - a\n: b\n"])
def test_key_that_can_be_no_text_is_refused(text):
    assert said(text)[0][0] == "NK020"
    assert message(text) == "Invalid YAML: a key must be text"


def test_repeated_key_is_reported_where_it_repeats_and_the_last_counts():
    documents, findings = read("spec:\n  cidr: a\n  other: c\n  cidr: b\n")

    assert documents[0].spec == {"cidr": "b", "other": "c"}
    (finding,) = findings
    assert (finding.rule.code, finding.span.line, finding.span.column) == (
        "NK023",
        4,
        3,
    )
    assert finding.message == "key cidr is here a second time; kubectl keeps the last"


def test_repeated_key_of_json_is_reported_too():
    assert said('{"a": 1,\n "a": 2}') == [("NK023", 2, 2)]


def test_keys_that_become_one_are_repeated():
    assert said("1: a\n0x1: b\n") == [("NK023", 2, 1)]


# -- merge keys, anchors, aliases -----------------------------------------------------


def merged(text):
    return body(f"base: &base {{a: 1, b: 1}}\nmore: &more {{a: 2, c: 2}}\n{text}")["x"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x: {<<: *base, c: 3}\n", {"a": 1, "b": 1, "c": 3}),
        ("x: {<<: *base, a: 3}\n", {"a": 3, "b": 1}),
        # kubectl: what << brings wins over the keys before it.
        ("x: {a: 3, <<: *base}\n", {"a": 1, "b": 1}),
        ("x: {<<: [*base, *more]}\n", {"a": 1, "b": 1, "c": 2}),
        ("x: {<<: {a: 4}}\n", {"a": 4}),
        ("x: {<<: [{a: 4}, {a: 5, b: 6}], c: 7}\n", {"a": 4, "b": 6, "c": 7}),
        ("x:\n  <<:\n    a: 4\n  b: 5\n", {"a": 4, "b": 5}),
        ("x: {'<<': {a: 4}}\n", {"<<": {"a": 4}}),
        ("x: {<<: []}\n", {}),
    ],
)
def test_merge_key_brings_its_keys(text, expected):
    assert merged(text) == expected


def test_key_after_a_merge_that_is_there_twice_is_repeated():
    assert said("b: &b {a: 1}\nx:\n  <<: *b\n  a: 2\n  a: 3\n") == [("NK023", 5, 3)]


@pytest.mark.parametrize("value", ["5", "[1]", "~", "text"])
def test_merge_of_what_is_no_mapping_is_refused(value):
    assert message(f"x: {{<<: {value}}}\n") == "Invalid YAML: << takes a mapping"


def test_alias_as_key_is_its_text():
    assert body("a: &k <<\n*k : b\n") == {"a": "<<", "<<": "b"}


def test_alias_stands_for_its_anchor():
    assert body("a: &x {b: [1]}\nc: *x\nd: &y yes\ne: *y\n") == {
        "a": {"b": [1]},
        "c": {"b": [1]},
        "d": True,
        "e": True,
    }


def test_anchor_may_be_set_again():
    assert body("a: &x 1\nb: *x\nc: &x 2\nd: *x\n") == {"a": 1, "b": 1, "c": 2, "d": 2}


def test_alias_without_anchor_is_refused():
    assert said("a: *x\n") == [("NK020", 1, 4)]


def test_anchor_of_another_document_is_none():
    assert said("a: &x 1\n---\nb: *x\n") == [("NK020", 3, 4)]


@pytest.mark.parametrize("text", ["a: &x [*x]\n", "a: &x {b: {c: *x}}\n", "&x [*x]\n"])
def test_alias_of_what_it_is_in_is_refused(text):
    assert message(text) == "Invalid YAML: alias *x is its own part"


def test_alias_bomb_is_a_finding_and_quick():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    for n in range(1, 10):
        aliases = ", ".join([f"*a{n - 1}"] * 9)
        lines.append(f"a{n}: &a{n} [{aliases}]")
    started = time.process_time()

    assert said("\n".join(lines))[0][0] == "NK022"
    assert time.process_time() - started < 2


def test_merge_bomb_stays_small():
    lines = ["a0: &a0 {k0: v}"]
    lines += [
        f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 9)
    ]

    documents, findings = read("\n".join(lines))
    assert findings or documents[0].body["a8"] == {"k0": "v"}


def test_aliases_that_nest_deeper_and_deeper_are_a_finding():
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 5000))]

    assert said("\n".join(lines)) == [("NK021", 100, 12)]


# -- tags -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("!!str 5", "5"),
        ("!!str yes", "yes"),
        ("!!str", ""),
        ('!!int "5"', 5),
        ("!!float 5", 5),
        ('!!float "1.5"', 1.5),
        ('!!bool "yes"', True),
        ('!!null ""', None),
        ("!!timestamp 2026-01-05", "2026-01-05"),
        ("!!binary aGk=", "hi"),
        ("! 5", "5"),
        ("!foo 5", "5"),
        ("!vault |\n  abc", "abc\n"),
        ("!foo {b: 1}", {"b": 1}),
        ("!!seq [b]", ["b"]),
        ("!!set {b, c}", {"b": None, "c": None}),
    ],
)
def test_tag_decides_on_the_type(text, value):
    found = body(f"a: {text}\n")["a"]

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "text",
    ["!!int x", "!!int 5.5", "!!int yes", "!!bool maybe", "!!null x", "!!float x"],
)
def test_value_that_is_not_of_its_tag_is_refused(text):
    assert said(f"a: {text}\n") == [("NK020", 1, 4)]


def test_binary_that_is_no_base64_is_refused():
    assert message("a: !!binary a?\n") == "Invalid YAML: !!binary holds no base64"


def test_tagged_infinity_is_refused():
    assert said("a: !!float .inf\n") == [("NK020", 1, 4)]


# -- nesting and size -------------------------------------------------------------------


@pytest.mark.parametrize("opening", ["[", "{a: ", '{"a":', "- ", "? "])
def test_endless_nesting_on_one_line_is_a_finding_and_quick(opening):
    started = time.process_time()

    assert said(opening * 200_000)[0][0] in ("NK020", "NK021")
    assert time.process_time() - started < 5


def test_closed_nesting_is_a_finding():
    text = "a: " + "[" * 200_000 + "]" * 200_000

    assert [code for code, _, _ in said(text)] == ["NK021"]


def test_nesting_is_reported_where_it_is_too_deep():
    assert said("a: " + "[" * 101 + "]" * 101) == [("NK021", 1, 103)]


@pytest.mark.parametrize("depth", [150, 900, 5000])
def test_json_nests_no_deeper_than_yaml(depth):
    text = '{"a": ' + "[" * depth + "]" * depth + "}"

    assert said(text)[0][0] == "NK021"


def test_hundred_levels_are_read():
    text = "[" * 99 + "]" * 99

    assert read(f"a: {text}\n")[1] == []
    assert read(f'{{"a": {text}}}')[1] == []


def pool_of(count, item):
    rows = "".join(
        item.format(n=n, a=n // 62500, b=n // 250 % 250, c=n % 250)
        for n in range(count)
    )
    return f"{POOL}spec:\n  staticAllocations:\n{rows}"


ALIKE = "  - nodeName: gpu-{n}\n    prefix: 10.{a}.{b}.{c}/31\n    gateway: 10.{a}.{b}.{c}\n"


MEMORY = """
import resource, sys
from netplan2k8s.manifests.reader import read_documents
data = open(sys.argv[1], "rb").read()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
findings = []
(document,) = read_documents(data, "p", findings)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert not findings
print(len(document.spec["staticAllocations"]), (after - before) * 1024)
"""
UNLIKE = "  - {{nodeName: gpu-{n}, prefix: 10.{a}.{b}.{c}/31}}\n"


@pytest.mark.parametrize(
    ("count", "item", "times"), [(300_000, ALIKE, 20), (60_000, UNLIKE, 30)]
)
def test_memory_of_a_long_list_is_in_proportion(count, item, times, tmp_path):
    path = tmp_path / "pool.yaml"
    path.write_text(pool_of(count, item))
    command = [sys.executable, "-c", MEMORY, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    length, grown = map(int, done.stdout.split())

    assert length == count
    assert grown < times * path.stat().st_size


def test_many_small_documents_cost_in_proportion():
    def cost(count):
        data = ("---\na: b\n" * count).encode()
        started = time.process_time()
        assert len(read(data)[0]) == count
        return time.process_time() - started

    cost(100)
    assert cost(20_000) < 60 * max(cost(1000), 0.01)


def test_many_empty_documents_cost_nothing():
    started = time.process_time()

    assert read("---\n" * 300_000) == ([], [])
    assert time.process_time() - started < 5


# -- encodings and line ends --------------------------------------------------------------


def test_byte_order_mark_is_passed_over():
    assert names(b"\xef\xbb\xbf" + POOL.encode()) == ["rail-1"]


def test_byte_order_mark_of_a_second_document_is_passed_over():
    assert names(f"{POOL}---\n\ufeff{POOL}") == ["rail-1", "rail-1"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", [POOL, '{"metadata": {"name": "rail-1"}}'])
def test_utf_16_with_a_mark_is_read(encoding, text):
    mark = "" if encoding == "utf-16" else "\ufeff"

    assert names(f"{mark}{text}".encode(encoding)) == ["rail-1"]


def test_half_of_a_utf_16_character_is_a_finding():
    assert said("a: b\n".encode("utf-16") + b"\0") == [("NK020", 2, 1)]
    assert message("a".encode("utf-16") + b"\0").startswith("is no UTF-16 at byte 4")


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_carriage_returns_end_lines(end):
    text = f"{POOL}data: |\n  a\n  b\n---\n{POOL}".replace("\n", end)
    documents, findings = read(text)

    assert not findings
    assert documents[0].body["data"] == "a\nb\n"
    assert documents[1].name == "rail-1"


def test_position_counts_lines_that_carriage_returns_end():
    assert said("a: b\r\nc: d\r\nc: e\r\n") == [("NK023", 3, 1)]


def test_bytes_that_are_no_utf_8_are_a_finding_at_their_line():
    assert said(b"a: b\nc: \xff\n") == [("NK020", 2, 1)]
    assert message(b"a: \xff\n") == "is no UTF-8 at byte 3; a manifest is text"


@pytest.mark.parametrize(
    "data", [b"\x7fELF\x02\x01\x01\0\0", b"\0" * 5000, b"a: b\0\n", b"a: \x1b[31m\n"]
)
def test_binary_data_is_a_finding(data):
    assert said(data)[0][0] == "NK020"


def test_control_character_is_named_where_it_is():
    assert said("a: b\nc: d\x07\n") == [("NK020", 2, 5)]
    assert message("a: \x07\n") == "Invalid YAML: YAML has no character U+0007"


@given(st.binary(max_size=80))
@example(b"\xff\xfe\x00\xd8")
@example(b"{\xef\xbb\xbf")
@example(b"--- #\n%")
def test_any_bytes_give_documents_or_findings(data):
    documents, findings = read(data)

    assert all(isinstance(document.body, dict) for document in documents)
    assert all(finding.span.line >= 0 for finding in findings)


@given(st.text("ab:-{}[],&*!|>'\"%#@`?<~ \t\n\r1.\\u\ufeff\x85", max_size=60))
@example("- - -\n - -")
@example("a: !!")
@example("? ?")
def test_any_text_gives_documents_or_findings(text):
    documents, _ = read(text)

    json.dumps([document.body for document in documents], allow_nan=False)


# -- documents of a stream ----------------------------------------------------------------


def test_documents_are_divided_by_three_dashes():
    documents, findings = read(f"{POOL}---\n{POOL}--- # the third\n{POOL}---\n")

    assert not findings
    assert [document.line for document in documents] == [0, 4, 9]


@pytest.mark.parametrize(
    "text",
    ["", "\n \n", "---\n", "---\n---\n", "# nothing\n", "---\n# a\n---\nnull\n", "~\n"],
)
def test_documents_without_content_are_left_out(text):
    assert read(text) == ([], [])


def test_comment_right_behind_the_dashes_is_one():
    assert names(f"{POOL}---# second\n{POOL}") == ["rail-1", "rail-1"]


def test_dashes_within_a_block_divide_nothing():
    assert body("a: |\n  x\n  ---\n  y\n") == {"a": "x\n---\ny\n"}


@pytest.mark.parametrize("text", ["{a: b}", "!tag", "|", "a"])
def test_text_behind_the_dashes_is_refused(text):
    found = said(f"{POOL}--- {text}\n")

    assert found[0] == ("NK020", 5, 1)
    assert (
        f"kubectl takes no '{text}' behind ---" in read(f"--- {text}\n")[1][0].message
    )


def test_object_behind_the_dashes_is_read_all_the_same():
    assert names("--- {metadata: {name: a}}\n") == ["a"]


def test_more_than_three_dashes_are_refused():
    assert said("a: b\n----\n")[0] == ("NK020", 2, 1)


def test_nothing_is_read_behind_an_end_of_document():
    text = f"{POOL}...\n{POOL}"

    assert names(text) == ["rail-1"]
    assert said(text) == [("NK020", 6, 1)]
    assert message(text) == (
        "Invalid YAML: kubectl reads the file up to here only; begin the next object"
        " with a line ---"
    )


@pytest.mark.parametrize(
    "text", [f"{POOL}...\n", f"{POOL}...\n---\n{POOL}", f"{POOL}...\n# a\n"]
)
def test_end_of_document_is_taken(text):
    assert said(text) == []


def test_two_objects_without_dashes_between_are_one_finding():
    text = f"# rails\n{POOL}{POOL}spec: {{}}\n"

    assert read(text)[0] == []
    assert said(text) == [("NK023", 6, 1)]
    assert message(text).endswith("; a second object needs a line --- before it")


def test_each_object_that_is_glued_on_is_a_finding():
    assert said(POOL * 3) == [("NK023", 5, 1), ("NK023", 9, 1)]


def test_object_glued_on_in_another_order_is_found():
    other = "kind: CIDRPool\napiVersion: v1\nmetadata: {name: b}\n"

    assert said(POOL + other) == [("NK023", 5, 1)]
    assert said(POOL * 2 + other) == [("NK023", 5, 1), ("NK023", 9, 1)]


def test_keys_repeated_below_the_margin_are_no_second_object():
    documents, _ = read("spec:\n  kind: a\n  kind: b\n")

    assert documents[0].spec == {"kind": "b"}


@pytest.mark.parametrize("text", ["%YAML 1.1\n", "# a\n%YAML 1.2\n", "%TAG ! x\n"])
def test_directive_is_refused_and_what_follows_is_read(text):
    documents, findings = read(f"{text}---\n{POOL}")

    assert [document.name for document in documents] == ["rail-1"]
    (finding,) = findings
    assert finding.rule.code == "NK020"
    assert finding.span.line == text.count("\n")
    assert "directive; take it out" in finding.message


def test_document_that_is_broken_costs_only_itself():
    text = f"{POOL}---\na: [b\n---\n{POOL}"

    assert names(text) == ["rail-1", "rail-1"]
    assert [code for code, _, _ in said(text)] == ["NK020"]


@pytest.mark.parametrize(
    "text",
    [
        "a: [b",
        "a: {b: c",
        "a: 'b",
        'a: "b',
        "a: b\n c: d\n",
        "a:\n\tb: c\n",
        "a: b: c\n",
    ],
)
def test_truncated_or_wrong_yaml_is_a_finding(text):
    assert read(text)[0] == []
    assert [code for code, _, _ in said(text)] == ["NK020"]


def test_tab_as_indentation_is_named():
    assert "indent with blanks, not tabs" in message("a:\n\tb: c\n")
    assert said("a:\n\tb: c\n") == [("NK020", 2, 1)]


def test_file_cut_off_within_a_long_list_is_read_up_to_there():
    text = pool_of(2000, ALIKE)
    documents, findings = read(text[: len(text) - 20])

    assert not findings
    assert len(documents[0].spec["staticAllocations"]) == 2000


# -- what is no object ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("- a: b\n", "a list"),
        ("[]\n", "a list"),
        ("text\n", "a single value"),
        ("5\n", "a single value"),
        ("'a'\n", "a single value"),
    ],
)
def test_document_that_is_no_object_is_a_finding(text, what):
    assert said(f"---\n{POOL}---\n{text}") == [("NK024", 6, 1)]
    assert message(text) == (
        f"a manifest is an object with apiVersion and kind, not {what}"
    )


def list_of(kind, items):
    return f"apiVersion: v1\nkind: {kind}\nitems:\n{items}"


@pytest.mark.parametrize("kind", ["List", "CIDRPoolList", "HostDeviceNetworkList"])
def test_items_of_a_list_are_objects(kind):
    documents, findings = read(list_of(kind, "- metadata: {name: a}\n- kind: B\n"))

    assert not findings
    assert [document.base for document in documents] == [("items", 0), ("items", 1)]
    assert [document.name for document in documents] == ["a", ""]


def test_lists_may_hold_lists():
    inner = '- kind: List\n  items: [{"metadata": {"name": "a"}}]\n'
    (document,) = read(list_of("List", inner))[0]

    assert document.base == ("items", 0, "items", 0)
    assert document.name == "a"


def test_empty_list_holds_nothing():
    assert read("kind: List\nitems: []\n") == ([], [])


@pytest.mark.parametrize("items", ["items: {a: b}", "items: 5", "items:", "spec: {}"])
def test_kind_that_ends_in_list_and_holds_none_is_an_object(items):
    (document,) = read(f"kind: AllowList\n{items}\n")[0]

    assert document.kind == "AllowList"


@pytest.mark.parametrize(
    ("item", "what"), [("5", "a single value"), ("[]", "a list"), ("~", "nothing")]
)
def test_item_that_is_no_object_is_a_finding(item, what):
    text = list_of("List", f"- metadata: {{name: a}}\n- {item}\n")

    assert names(text) == ["a"]
    assert message(text) == (
        f"items[1]: a manifest is an object with apiVersion and kind, not {what}"
    )


@pytest.mark.parametrize(
    "text", ["metadata: 5\n", "metadata: [a]\nspec: b\n", "kind: 5\napiVersion: [1]\n"]
)
def test_odd_object_has_empty_parts(text):
    (document,) = read(text)[0]

    assert document.identity == ("", "", "", "")
    assert document.metadata == {}
    assert document.spec == {}


# -- JSON ---------------------------------------------------------------------------------


def test_json_is_typed_as_json():
    text = '{"a": 10, "b": "010", "c": true, "d": null, "e": 1.5, "f": "yes"}'

    assert body(text) == {
        "a": 10,
        "b": "010",
        "c": True,
        "d": None,
        "e": 1.5,
        "f": "yes",
    }


def test_json_objects_may_follow_each_other():
    text = ' {"metadata": {"name": "a"}}\n{"metadata": {"name": "b"}} {"metadata": {"name": "c"}}'
    documents, findings = read(text)

    assert not findings
    assert [(d.name, d.line) for d in documents] == [("a", 0), ("b", 1), ("c", 1)]
    assert documents[2].text.index("{") == text.splitlines()[1].index(' {"metadata') + 1


def test_json_document_may_follow_yaml():
    assert names(f'{POOL}---\n{{"metadata": {{"name": "b"}}}}\n') == ["rail-1", "b"]


def test_json_with_a_trailing_comma_is_read_as_yaml():
    assert body('{"a": 010,}') == {"a": 8}


def test_json_array_is_no_object():
    assert said('[{"kind": "a"}]') == [("NK024", 1, 1)]


def test_json_list_is_taken_apart():
    assert names('{"kind": "List", "items": [{"metadata": {"name": "a"}}]}') == ["a"]


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
def test_json_has_finite_numbers_only(number):
    documents, findings = read(f'{{"a": {number}}}')

    assert findings or isinstance(documents[0].body["a"], str)


def test_pairs_of_escapes_are_one_character_and_halves_are_replaced():
    found = body(r'{"a": "\ud83d\ude00", "b": "x\ud800y", "c": "\\ud800"}')

    assert found == {"a": "\U0001f600", "b": "x\ufffdy", "c": "\\ud800"}


def test_truncated_json_is_a_finding():
    assert [code for code, _, _ in said('{"a": [1, 2')] == ["NK020"]


# -- files ----------------------------------------------------------------------------------


def files(*arguments):
    findings = []
    found = list(read_files([str(a) for a in arguments], findings))
    return found, findings


def codes(findings):
    return [finding.rule.code for finding in findings]


@pytest.fixture(name="directory")
def _directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("b.yaml", "a.yml", "c.json", "d.txt", ".e.yaml", "sub/f.yaml"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    return tmp_path


@pytest.mark.usefixtures("directory")
def test_directory_is_read_in_the_order_of_names():
    found, findings = files(".")

    assert [file.path for file in found] == ["a.yml", "b.yaml", "c.json", "sub/f.yaml"]
    assert not findings
    assert not any(file.is_named for file in found)


def test_dot_directories_are_passed_over(directory):
    (directory / ".git").mkdir()
    (directory / ".git/config.yaml").write_text("a: b")

    assert all(".git" not in file.path for file in files(".")[0])


@pytest.mark.usefixtures("directory")
def test_named_file_is_read_whatever_its_ending():
    (file,), findings = files("d.txt")

    assert file == ("d.txt", b"d.txt", True)
    assert not findings


@pytest.mark.parametrize(
    "arguments",
    [
        ("b.yaml", "b.yaml"),
        ("b.yaml", "./b.yaml"),
        ("b.yaml", "link.yaml"),
        ("b.yaml", "sub/../b.yaml"),
    ],
)
def test_file_named_twice_is_read_once(directory, arguments):
    (directory / "link.yaml").symlink_to("b.yaml")

    assert [file.path for file in files(*arguments)[0]] == ["b.yaml"]


@pytest.mark.usefixtures("directory")
def test_file_of_a_directory_may_be_named_besides():
    found, _ = files(".", "b.yaml")

    assert [file.path for file in found if file.is_named] == ["b.yaml"]
    assert len(found) == 4


@pytest.mark.usefixtures("directory")
def test_file_that_is_not_there_is_a_finding():
    found, findings = files("nowhere.yaml", "b.yaml")

    assert [file.path for file in found] == ["b.yaml"]
    assert [str(finding) for finding in findings] == [
        "nowhere.yaml:1:1: NK001 cannot be read: No such file or directory"
    ]


def test_dangling_link_is_a_finding(directory):
    (directory / "sub/x.yaml").symlink_to("nowhere")

    assert codes(files("sub")[1]) == ["NK001"]


def test_link_to_itself_is_a_finding(directory):
    (directory / "sub/x.yaml").symlink_to("x.yaml")

    assert codes(files("sub")[1]) == ["NK001"]


@pytest.mark.usefixtures("directory")
def test_directory_that_cannot_be_listed_is_a_finding(monkeypatch):
    listing = os.scandir

    def scandir(path):
        if str(path).endswith("sub"):
            raise PermissionError(13, "Permission denied", str(path))
        return listing(path)

    monkeypatch.setattr(os, "scandir", scandir)
    _, findings = files(".")

    assert [str(f) for f in findings] == [
        "./sub:1:1: NK001 cannot be read: Permission denied"
    ]


def test_directory_without_manifests_is_a_finding(directory):
    (directory / "empty").mkdir()
    (directory / "empty/values.txt").write_text("a: b")

    assert [str(finding) for finding in files("empty")[1]] == [
        "empty:1:1: NK482 no .yaml, .yml, .json file in empty"
    ]


def test_pipe_in_a_directory_is_passed_over(directory):
    os.mkfifo(directory / "sub/pipe.yaml")

    assert [file.path for file in files("sub")[0]] == ["sub/f.yaml"]


@pytest.mark.usefixtures("directory")
def test_file_over_the_limit_is_a_finding(monkeypatch):
    monkeypatch.setattr(files_module, "MAX_BYTES", 6)
    found, findings = files(".")

    assert [file.path for file in found] == ["a.yml", "b.yaml", "c.json"]
    assert codes(findings) == ["NK005"]
    assert findings[0].span.path == "sub/f.yaml"


def test_pipe_over_the_limit_is_a_finding(monkeypatch):
    monkeypatch.setattr(files_module, "MAX_BYTES", 6)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a: bcdef")))

    assert codes(files("-")[1]) == ["NK005"]


def test_dash_is_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a: b")))

    assert files("-", "-") == ([(STDIN, b"a: b", True)], [])


def test_name_that_is_no_utf_8_can_be_printed(directory):
    path = os.fsencode(directory) + b"/sub/caf\xe9.yaml"
    Path(os.fsdecode(path)).write_text("a: b")
    found, _ = files("sub")

    assert [file.path for file in found] == ["sub/caf\\xe9.yaml", "sub/f.yaml"]


def test_lint_reads_standard_input(run, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a: [")))
    done = run("lint", "-", "--no-config")

    assert done.code == 1
    assert "<stdin>:2:1: NK020 " in done.err
