"""From a pointer to the line and column where it is written, in every way to write it."""

from __future__ import annotations

import dataclasses
import json
import re
import time
from unittest.mock import patch

import pytest
import yaml
from hypothesis import assume, example, given
from hypothesis import strategies as st

from netplan2k8s.findings import Span
from netplan2k8s.manifests import reader
from netplan2k8s.manifests.json_text import JsonError, JsonText
from netplan2k8s.manifests.places import EMBEDDED, Key, Offset, Places
from netplan2k8s.manifests.reader import read_documents
from netplan2k8s.manifests.scalar_source import positions


def documents(text):
    findings = []
    found = read_documents(text.encode(), "a.yaml", findings)
    assert not findings
    return found


def at(text, *pointer, number=0):
    span = Places().span(documents(text)[number], pointer)
    assert span.path == "a.yaml"
    return span.line, span.column


def rest(text, place):
    """What stands from a place on."""
    line, column = place
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join([lines[line - 1][column - 1 :], *lines[line:]])


def found(text, *pointer, number=0):
    """What stands where the pointer leads, up to the end of the line."""
    return rest(text, at(text, *pointer, number=number)).split("\n")[0]


# -- YAML -----------------------------------------------------------------------------

BLOCK = """\
# a pool
kind: CIDRPool
metadata:
  name: rail-1
spec:
  routes:
  - dst: 172.16.0.0/15
  -   dst: 172.16.0.0/12
  flow: {a: 1, "b c": [2, 3]}
  quoted: 'x y'
  empty:
  text: |
    a
"""


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [
        ((), "# a pool"),
        (("kind",), "CIDRPool"),
        ((Key("kind"),), "kind: CIDRPool"),
        (("metadata",), "name: rail-1"),
        (("metadata", "name"), "rail-1"),
        (("spec", "routes"), "- dst: 172.16.0.0/15"),
        (("spec", "routes", 0), "dst: 172.16.0.0/15"),
        (("spec", "routes", 1, "dst"), "172.16.0.0/12"),
        (("spec", "routes", 1, Key("dst")), "dst: 172.16.0.0/12"),
        (("spec", "flow", "a"), '1, "b c": [2, 3]}'),
        (("spec", "flow", Key("b c")), '"b c": [2, 3]}'),
        (("spec", "flow", "b c", 1), "3]}"),
        (("spec", "quoted"), "'x y'"),
        (("spec", "quoted", Offset(2)), "y'"),
        (("spec", "empty"), ""),
        (("spec", Key("empty")), "empty:"),
        (("spec", "text"), "|"),
        (("spec", "text", Offset(0)), "a"),
    ],
)
def test_pointer_leads_to_where_it_is_written(pointer, expected):
    assert found(BLOCK, *pointer) == expected


@pytest.mark.parametrize(
    ("pointer", "nearest"),
    [
        (("status",), ()),
        (("spec", "cidr"), ("spec",)),
        (("spec", Key("cidr")), ("spec",)),
        (("spec", "routes", 7), ("spec", "routes")),
        (("spec", "routes", 0, "via", "x"), ("spec", "routes", 0)),
        (("spec", "routes", "dst"), ("spec", "routes")),
        (("spec", "quoted", "x"), ("spec", "quoted")),
    ],
)
def test_pointer_to_what_is_not_written_leads_to_the_nearest(pointer, nearest):
    assert at(BLOCK, *pointer) == at(BLOCK, *nearest)


def test_place_in_a_later_document_counts_from_the_top_of_the_file():
    text = f"{BLOCK}---\n# b\n{BLOCK}--- # c\n{BLOCK}"
    lines = BLOCK.count("\n")

    assert at(text, "kind", number=1) == (2 + lines + 2, 7)
    assert at(text, "kind", number=2) == (2 + 2 * lines + 3, 7)


def test_places_of_several_documents_are_told_apart():
    text = "kind: A\n---\nspec: 1\nkind: B\n"
    places, (first, second) = Places(), documents(text)

    for _ in range(2):
        assert places.span(first, ("kind",)) == Span("a.yaml", 1, 7)
        assert places.span(second, ("kind",)) == Span("a.yaml", 4, 7)


def test_place_in_an_item_of_a_list():
    text = "kind: List\nitems:\n- kind: A\n- {kind: B}\n"

    assert found(text, "kind") == "A"
    assert found(text, "kind", number=1) == "B}"
    assert found(text, number=1) == "{kind: B}"


def test_carriage_returns_change_no_place():
    text = BLOCK.replace("\n", "\r\n")

    for pointer in (("spec", "flow", "b c", 1), ("spec", "text", Offset(0))):
        assert at(text, *pointer) == at(BLOCK, *pointer)


def test_columns_count_characters():
    assert at('"\u00fc\u00fc": {"\U0001f600": 1}\n', "\u00fc\u00fc", "\U0001f600") == (
        1,
        13,
    )


def test_last_of_two_keys_counts():
    document = read_documents(b"a: 1\na: 2\n", "a.yaml", [])[0]

    assert Places().span(document, ("a",)).line == 2


def test_value_that_an_alias_brings_stands_at_its_anchor():
    text = "a: &x\n  b: [1, 2]\nc: *x\n"

    assert found(text, "c", "b", 1) == "2]"


def test_value_that_a_merge_key_brings_stands_where_it_is_written():
    text = "a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3\ne: {<<: [{f: 4}, *x]}\n"

    assert found(text, "d", "b") == "1, c: 2}"
    assert found(text, "d", "c") == "3"
    assert found(text, "e", "f") == "4}, *x]}"
    assert found(text, "e", "c") == "2}"


def test_anchor_that_is_set_again_costs_no_place():
    assert found("a: &x 1\nb: &x 2\nc: 3\n", "c") == "3"


def test_key_that_yaml_types_is_found_as_json_has_it():
    text = "on: a\n0x10: b\n'0x11': c\n"

    assert found(text, "true") == "a"
    assert found(text, "16") == "b"
    assert at(text, "17") == (1, 1)


def test_byte_order_mark_of_a_second_document_takes_no_column():
    assert at("a: 1\n---\n\ufeffa: 2\n", "a", number=1) == (3, 4)


def test_text_that_begins_on_the_line_of_the_dashes():
    document = read_documents(b"a: b\n--- {a: 1}\n", "a.yaml", [])[1]

    assert Places().span(document, ("a",)) == Span("a.yaml", 2, 9)


@pytest.mark.parametrize("break_", ["\u2028", "\x85"])
def test_line_ends_of_yaml_alone_are_no_lines(break_):
    text = f'a: "x{break_}y"\nb: 1\n'

    assert at(text, "b") == (2, 4)


# Every integer is there once, so it tells where it stands.
words = st.text("abc _-.\"'\\/\u00fc\U0001f600#:{}[],&*!|>%@`?\t", max_size=8)


def numbered(shape, counter):
    """A shape with a number of its own for every leaf."""
    if isinstance(shape, dict):
        return {key: numbered(value, counter) for key, value in shape.items()}
    if isinstance(shape, list):
        return [numbered(value, counter) for value in shape]
    return next(counter)


def leaves(value, pointer=()):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*pointer, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from leaves(inner, (*pointer, number))
    else:
        yield pointer, value


shapes = st.recursive(
    st.none(),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3)
        | st.dictionaries(words, inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)
objects = st.dictionaries(words, shapes, min_size=1, max_size=3).map(
    lambda shape: numbered(shape, iter(range(10_000, 99_999)))
)


@given(
    objects,
    st.sampled_from([None, False, True]),
    st.integers(2, 9),
    st.sampled_from([10, 80, 10_000]),
)
def test_random_member_of_yaml_is_found(value, flow, indent, width):
    text = yaml.safe_dump(
        value, default_flow_style=flow, indent=indent, width=width, allow_unicode=True
    )
    assume(read_documents(text.encode(), "a.yaml", [])[0].body == value)
    places, (document,) = Places(), documents(text)
    for pointer, number in leaves(value):
        span = places.span(document, pointer)
        assert rest(text, (span.line, span.column)).startswith(str(number))


# -- JSON files -------------------------------------------------------------------------


@given(objects, st.sampled_from([None, 1, "\t"]), st.booleans(), st.integers(0, 2))
@example({"\U0001f600": {"a": 10_000}}, None, True, 0)
def test_random_member_of_json_is_found(value, indent, is_ascii, before):
    text = json.dumps(value, indent=indent, ensure_ascii=is_ascii)
    text = "\n" * before + text
    places, (document,) = Places(), documents(text)
    for pointer, number in leaves(value):
        span = places.span(document, pointer)
        assert rest(text, (span.line, span.column)).startswith(str(number))
        *outer, last = pointer
        if isinstance(last, str):
            span = places.span(document, (*outer, Key(last)))
            written = rest(text, (span.line, span.column))
            assert written.startswith(json.dumps(last, ensure_ascii=is_ascii))


def test_json_that_libyaml_does_not_read_has_places():
    text = '{"a": "\\ud83d\\ude00",\n "b"\n: [1, 2]}'

    assert found(text, "b", 1) == "2]}"
    assert found(text, Key("b")) == '"b"'
    assert found(text, "a", Offset(1)) == '",'
    assert at(text, "x") == (1, 1)


def test_object_of_a_stream_has_its_own_places():
    text = '{"a": 1} {"a": 2}\n{"a":\n 3}'

    assert [found(text, "a", number=n) for n in range(3)] == ['1} {"a": 2}', "2}", "3}"]


def test_json_within_json_has_places():
    inner = json.dumps({"a": {"b\u00fc\U0001f600": 1}, "c": [2, 3]})
    text = json.dumps({"kind": "A", "config": inner})
    (document,) = documents(text)

    place = Places().span(document, ("config", EMBEDDED, "c", 1))
    assert text[place.column - 1 :].startswith("3]}")


def test_bare_text_has_places_by_itself():
    text = '{"resourceList": [\n  {"selectors": 5}]}'

    assert found(text, EMBEDDED, "resourceList", 0, "selectors") == "5}]}"
    assert (
        found(text, EMBEDDED, "resourceList", 0, Key("selectors"))
        == '"selectors": 5}]}'
    )
    assert found(text, Offset(19)) == '  {"selectors": 5}]}'


# -- JSON within scalars ------------------------------------------------------------------


class Styled(str):
    """A text to be dumped in a style."""

    __slots__ = ("style",)


class Dumper(yaml.SafeDumper):
    """Writes each text as it wants to be written."""


Dumper.add_representer(
    Styled,
    lambda dumper, data: dumper.represent_scalar(
        "tag:yaml.org,2002:str", str(data), style=data.style
    ),
)


def dumped(text, style, indent, width):
    value = Styled(text)
    value.style = style
    body = {"kind": "A", "spec": {"list": [{"config": value}], "more": "x"}}
    return yaml.dump(
        body, Dumper=Dumper, indent=indent, width=width, allow_unicode=True
    )


WHERE = ("spec", "list", 0, "config")
styles = st.sampled_from(["'", '"', "|", ">"])
widths = st.sampled_from([8, 20, 80, 10_000])


def hold(text, inner, value):
    """Every member of the JSON is found where its text stands."""
    places, (document,) = Places(), documents(text)
    assert document.body["spec"]["list"][0]["config"] == inner
    for pointer, number in leaves(value):
        span = places.span(document, (*WHERE, EMBEDDED, *pointer))
        assert rest(text, (span.line, span.column)).startswith(str(number))
        *outer, last = pointer
        if isinstance(last, str):
            span = places.span(document, (*WHERE, EMBEDDED, *outer, Key(last)))
            written = rest(text, (span.line, span.column))
            assert written.startswith(('"', '\\"'))
            assert re.search(r"[1-9][0-9]{4}", written)[0] == str(number)


@given(
    objects,
    styles,
    st.sampled_from([None, 1, 3]),
    st.integers(2, 9),
    widths,
    st.sampled_from(["", "\n", "  ", "\n\n \n   "]),
    st.sampled_from(["", "\n", "\n\n\n", " "]),
)
@example({"a": 10_000}, ">", 3, 2, 8, "\n\n \n   ", "")
def test_random_member_of_json_in_a_scalar_is_found(
    value, style, space, indent, width, before, behind
):
    inner = before + json.dumps(value, indent=space, ensure_ascii=False) + behind
    text = dumped(inner, style, indent, width)
    assume(yaml.safe_load(text)["spec"]["list"][0]["config"] == inner)

    hold(text, inner, value)
    hold(text.replace("\n", "\r\n"), inner, value)


@given(
    objects,
    st.sampled_from(["|", ">"]),
    st.integers(1, 9),
    st.sampled_from(["", "-", "+"]),
    st.booleans(),
    st.sampled_from(["", " # a comment"]),
)
def test_random_member_of_json_in_a_block_with_a_header_is_found(
    value, sign, indent, chomp, has_digit, comment
):
    digit = str(indent) if has_digit else ""
    for header in (f"{sign}{digit}{chomp}{comment}", f"{sign}{chomp}{digit}{comment}"):
        lines = json.dumps(value, indent=2, ensure_ascii=False).split("\n")
        margin = " " * (indent + 4)
        block = "".join(f"{margin}{line}\n" for line in lines)
        text = f"spec:\n  list:\n  - config: {header}\n{block}    more: x\n"
        (document,) = documents(text)

        hold(text, document.body["spec"]["list"][0]["config"], value)


@given(objects, st.booleans())
def test_random_member_of_json_in_escapes_is_found(value, is_ascii):
    inner = json.dumps(value, indent=1, ensure_ascii=is_ascii)
    escaped = "".join(
        c if c.isascii() and c.isalnum() else f"\\U{ord(c):08x}" for c in inner
    )
    text = f'spec:\n  list:\n  - config: "{escaped}"\n'
    places, (document,) = Places(), documents(text)
    assert document.body["spec"]["list"][0]["config"] == inner
    for pointer, number in leaves(value):
        span = places.span(document, (*WHERE, EMBEDDED, *pointer))
        assert rest(text, (span.line, span.column)).startswith(str(number))


def in_config(scalar, *pointer):
    return found(f"config: {scalar}\nmore: x\n", "config", *pointer)


@pytest.mark.parametrize(
    ("scalar", "expected"),
    [
        ("""'{"a": {"b": 7}}'""", "7}}'"),
        ("""'{"it''s": 1, "a": {"b": 7}}'""", "7}}'"),
        (r'''"{\"a\": {\"b\": 7}}"''', '7}}"'),
        (r'''"{\x22a\u0022: {\U00000022b\": 7}}"''', '7}}"'),
        (r'''"{\"\u00e9\x41\/\\\\\": 1, \"a\": {\"b\": 7}}"''', '7}}"'),
        ('|\n  {"a":\n    {"b": 7}}', "7}}"),
        ('|-\n\n\n  {"a":\n\n    {"b": 7}}', "7}}"),
        ('|2\n    {"a": {"b": 7}}', "7}}"),
        ('|+1\n  {"a":\n  {"b": 7}}', "7}}"),
        ('>\n  {"a":\n  {"b":\n  7}}', "7}}"),
        ('>-\n\n  {"a":\n\n  {"b":\n     7}}', "7}}"),
        ('> # x\n  {"a":\n     {"b":\n  \n  7}}', "7}}"),
        ("""'{"a":\n  {"b":   \n\n    7}}'""", "7}}'"),
        ('"{\\"a\\":\n  {\\"b\\":  \n\n   7}}"', '7}}"'),
        ('"{\\"a\\": \\\n   \\ {\\"b\\": \\\n\n  7}}"', '7}}"'),
        ("""&x '{"a": {"b": 7}}'""", "7}}'"),
        ("""!!str &x\n  '{"a": {"b": 7}}'""", "7}}'"),
        ("""\n  '{"a": {"b": 7}}'""", "7}}'"),
        ('!!str |\n  {"a": {"b": 7}}', "7}}"),
        ("""'{"a": {"b": 1}, "a": {"b": 5, "b": 7}}'""", "7}}'"),
    ],
)
def test_member_is_found_in_every_style(scalar, expected):
    assert in_config(scalar, EMBEDDED, "a", "b") == expected


def test_plain_scalar_has_places():
    text = "config: 'a'\nother: a {{b}}\n  {{c}}  \n\n  {{d}} # e\nmore: 1\n"
    value = documents(text)[0].body["other"]

    assert value == "a {{b}} {{c}}\n{{d}}"
    for part in ("{{b}}", "{{c}}", "{{d}}"):
        assert found(text, "other", Offset(value.index(part))).startswith(part)


def test_member_that_json_has_not_is_at_the_nearest():
    assert in_config("""'{"a": {"b": 7}}'""", EMBEDDED, "a", "c") == """{"b": 7}}'"""
    assert in_config("""'{"a": [1]}'""", EMBEDDED, "a", 4) == "[1]}'"
    assert in_config("""'{"a": 1}'""", EMBEDDED) == """{"a": 1}'"""


def test_json_in_an_alias_stands_at_its_anchor():
    text = """a: &x '{"b": 7}'\nconfig: *x\n"""

    assert found(text, "config", EMBEDDED, "b") == "7}'"


def test_json_in_an_item_of_a_list_of_a_second_document():
    text = (
        'a: b\n---\nkind: List\nitems:\n- kind: A\n- config: |\n    {\n     "a": 7}\n'
    )

    assert found(text, "config", EMBEDDED, "a", number=2) == "7}"


@given(
    st.text("ab \n\t'\"\\#:\u00fc\U0001f600\x85", min_size=1, max_size=30),
    styles | st.just(""),
    widths,
)
def test_every_character_of_a_text_is_found(value, style, width):
    text = dumped(value, style, 2, width)
    assume(documents(text)[0].body["spec"]["list"][0]["config"] == value)
    places, (document,) = Places(), documents(text)
    previous = (0, 0)
    for offset, character in enumerate(value):
        span = places.span(document, (*WHERE, Offset(offset)))
        here = (span.line, span.column)
        assert previous < here
        previous = here
        written = rest(text, here)[:1]
        if character == " ":
            assert written in (" ", "\n", "\\")
        elif written != character:
            assert written == "\\" or character == "\n"


def test_place_of_the_end_of_a_text():
    text = "config: '{\"a\": '\n"

    assert at(text, "config", Offset(6)) == (1, 16)
    assert at(text, "config", Offset(99)) == (1, 16)


def test_source_that_is_not_that_of_the_value_has_no_places():
    assert positions("'abc'", 0, "abd") is None
    assert positions("'ab", 0, "abc") is None
    assert positions('"\\uzzzz"', 0, "a") is None
    assert positions("", 0, "") == [0]


# -- what is no JSON -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message", "where"),
    [
        ('{"a": 1,}', "a comma before }", ","),
        ('{"a": [1, 2,\n ]}', "a comma before ]", ",\n"),
        ('{"a": 1, // b\n "c": 2}', "a comment, which JSON has not", "//"),
        ('{"a": 1 # b\n}', "a comment, which JSON has not", "#"),
        ('{"a": /* b */ 1}', "a comment, which JSON has not", "/*"),
        ('{"a": 1} // b', "a comment, which JSON has not", "//"),
        ("{'a': 1}", "a ' where JSON has a double quote", "'a"),
        ("{\"a\": 'b'}", "a ' where JSON has a double quote", "'b"),
        ('{"a": 1', "the end comes too early", ""),
        ('{"a": ', "the end comes too early", ""),
        ("[", "the end comes too early", ""),
        ('{"a": 1} {"b": 2}', "more text after the end", '{"b'),
        ('{"a": NaN}', "NaN is no JSON", "NaN}"),
        ('{"NaN": [-Infinity]}', "-Infinity is no JSON", "-Inf"),
        ('{"1e999": 1e999}', "1e999 is no JSON", "1e999}"),
        ("{a: 1}", "expecting property name in double quotes", "a: 1"),
        ('{"a" 1}', "expecting ':' delimiter", "1}"),
        ('{"a": b}', "expecting value", "b}"),
        ('{"a": "b}', "unterminated string starting at", '"b}'),
        ('{"a": "b\n"}', "a line break within quotes", "\n"),
        ('{"a": "b\tc"}', "a tab within quotes", "\tc"),
        ('{"a": "b\x01"}', "a control character within quotes", "\x01"),
        ("\ufeff{}", "begins with a byte-order mark", "\ufeff"),
    ],
)
def test_mistake_in_json_is_told_where_it_is(text, message, where):
    with pytest.raises(JsonError) as raised:
        JsonText(text).value()

    assert raised.value.message == message
    assert text[raised.value.offset :].startswith(where)
    assert where or raised.value.offset == len(text)


@pytest.mark.parametrize("text", ["", " \n"])
def test_no_text_is_no_json(text):
    with pytest.raises(JsonError, match="no text") as raised:
        JsonText(text).value()

    assert raised.value.offset == 0


@pytest.mark.parametrize("depth", [101, 900, 100_000])
def test_deep_json_is_refused_quickly(depth):
    started = time.process_time()
    with pytest.raises(JsonError, match="nests beyond all use"):
        JsonText("[" * depth + "]" * depth).value()

    assert time.process_time() - started < 1


def test_json_of_a_hundred_levels_is_read():
    assert JsonText("[" * 100 + "]" * 100).value()


def test_number_of_many_digits_is_refused():
    with pytest.raises(JsonError, match="a number beyond all use") as raised:
        JsonText('{"a": ' + "1" * 5000 + "}").value()

    assert raised.value.offset == 6


def test_comma_is_found_by_later_pythons_too():
    from netplan2k8s.manifests.json_text import _explained

    text = '{"a": 1,\n}'
    error = json.JSONDecodeError("Illegal trailing comma before end of object", text, 7)

    assert _explained(text, error) == ("a comma before }", 7)


def test_halves_of_pairs_are_replaced():
    assert JsonText(r'["\ud800", "\udc00x", "\ud83d\ude00", "\\ud800"]').value() == [
        "\ufffd",
        "\ufffdx",
        "\U0001f600",
        "\\ud800",
    ]


@given(st.text("{}[]\",:1eE.-+ \n\t\\un'/#aNI\ud83d", max_size=20))
@example('{"\\ud800": 1}')
def test_json_text_fails_only_with_a_place(text):
    try:
        JsonText(text).value()
    except JsonError as error:
        assert 0 <= error.offset <= len(text)


def test_mistake_is_placed_in_the_scalar():
    text = 'config: |\n  {\n    "a": 1,\n  }\n'
    value = documents(text)[0].body["config"]
    with pytest.raises(JsonError) as raised:
        JsonText(value).value()

    assert at(text, "config", Offset(raised.value.offset)) == (3, 11)


# -- long lists ---------------------------------------------------------------------------

POOL = (
    "a: b\n---\n# a pool\nkind: CIDRPool\nspec:\n  nodeSelector:\n    nodeSelectorTerms:\n"
    + "".join(
        "    - matchFields:\n      - key: metadata.name\n        values:\n"
        f"        - gpu-{n}\n"
        for n in range(12)
    )
    + "  first: 1\n  staticAllocations:\n"
    + "".join(f'  - nodeName: gpu-{n}\n    prefix: "1.2.3.{n}/31"\n' for n in range(20))
    + '  config: |\n    {"a": [7]}\nmore: [x, y]\n'
)
POINTERS = [
    (),
    ("kind",),
    ("spec",),
    ("spec", "first"),
    ("spec", Key("config")),
    ("spec", "config", EMBEDDED, "a", 0),
    ("spec", "staticAllocations"),
    ("spec", Key("staticAllocations")),
    ("spec", "nodeSelector", "nodeSelectorTerms"),
    ("more", 1),
    ("spec", "staticAllocations", 20),
    ("spec", "staticAllocations", 19, "gateway"),
    ("spec", "staticAllocations", "nodeName"),
    *(("spec", "staticAllocations", n) for n in range(20)),
    *(("spec", "staticAllocations", n, "prefix") for n in range(20)),
    *(("spec", "staticAllocations", n, Key("nodeName")) for n in range(20)),
    ("spec", "staticAllocations", 4, "prefix", Offset(3)),
    ("spec", "staticAllocations", 4, "nodeName", EMBEDDED),
    *(
        ("spec", "nodeSelector", "nodeSelectorTerms", n, "matchFields", 0, "values", 0)
        for n in range(12)
    ),
]


@pytest.mark.parametrize("pointer", POINTERS, ids=str)
def test_place_is_the_same_where_long_lists_are_read_apart(pointer):
    with patch.object(reader, "_LONG", 0):
        document = documents(POOL)[1]
    assert len(document.cut.lists) == 2
    whole = dataclasses.replace(document, cut=None)

    assert Places().span(document, pointer) == Places().span(whole, pointer)


def test_one_place_in_a_long_list_costs_little():
    rows = "".join(
        f"  - nodeName: gpu-{n}\n    prefix: 1.2.3.4/31\n" for n in range(30_000)
    )
    (document,) = documents(f"spec:\n  staticAllocations:\n{rows}")
    started = time.process_time()
    places = Places()
    for number in range(0, 30_000, 300):
        assert places.span(
            document, ("spec", "staticAllocations", number, "prefix")
        ).line

    assert time.process_time() - started < 1
