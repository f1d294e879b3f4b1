"""The reader that remembers shapes gives what the parser gives, always."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netplan2k8s.findings import InputError
from netplan2k8s.repeats import Repeats
from netplan2k8s.source import parse
from tests.bench import hosts
from tests.netplan_trees import document, text
from tests.test_document import values

digits = st.text("0123456789", min_size=1, max_size=5)


def kinds(node):
    """A node with the types of its collections, which are equal to each other."""
    return (type(node), *map(kinds, node)) if isinstance(node, list) else node


def outcome(read, data: bytes):
    try:
        return kinds(read(data, "x"))
    except InputError as error:
        return str(error)


def renumbered(data: str, draw) -> str:
    return re.sub("[0-9]+", lambda _: draw(digits), data)


@given(st.data(), document().map(text))
def test_netplan_with_other_numbers(data, written):
    repeats = Repeats()
    for n in range(4):
        other = written if n < 2 else renumbered(written, data.draw)
        encoded = other.encode()
        assert outcome(repeats.parse, encoded) == outcome(parse, encoded)


yaml_characters = st.text(
    st.sampled_from(
        string.printable + "é\x85\u2028\ufeff\x00" + " \n\t:-,[]{}'\"|>&*!%#?@`" * 4
    ),
    max_size=60,
)


@given(st.data(), st.one_of(yaml_characters, values.map(repr)))
def test_any_text_with_other_numbers(data, written):
    repeats = Repeats()
    for n in range(4):
        other = written if n < 2 else renumbered(written, data.draw)
        encoded = other.encode()
        assert outcome(repeats.parse, encoded) == outcome(parse, encoded)


@pytest.mark.parametrize(
    "written",
    [
        "a: |2\n   x1\n",
        "a: >1\n  x\n",
        "%YAML 1.1\n---\na: 1\n",
        "a: &a1 [1]\nb: *a1\n",
        'a: "\\x41 1"\n',
        "a: 'it''s 1'\n",
        "a: one 1\n  folded 2\n",
        "a: '1\n\n  2'\n",
        "? 1\n: 2\n",
        "# 1 and 2\na: 3 # 4\n",
        "a: [1, {b: 2}]\n--- \nc: 3\n",
        "1: 2\n1: 3\n",
        "",
        "1\n",
        "- 1\n- [2]\n",
        "a: {}\n",
        "a: %s %d\n",
        f"{'k' * 1020}1: v\n",
        f"a: {'9' * 70}\n",
        "a:\r\n  b: 1\r\n",
        "e1: é2\n",
    ],
)
def test_forms_that_are_not_only_digits_and_words(written):
    repeats = Repeats()
    numbers = iter(range(10**9))
    for n in range(5):
        other = (
            written
            if n < 2
            else re.sub("[0-9]+", lambda _: str(next(numbers)), written)
        )
        encoded = other.encode()
        assert outcome(repeats.parse, encoded) == outcome(parse, encoded)


def test_longer_numbers_can_end_a_key():
    """At 1,024 characters YAML takes a key no longer."""
    repeats = Repeats()
    for key in ("k1", "k2", "k" + "1" * 1100):
        encoded = f"{key}: v\n".encode()
        assert outcome(repeats.parse, encoded) == outcome(parse, encoded)
    head = "k" * 1000
    for key in (f"{head}1", f"{head}2", head + "1" * 60):
        encoded = f"{key}: v\n".encode()
        assert outcome(repeats.parse, encoded) == outcome(parse, encoded)
    for key in (f"[{'a1, ' * 250}]", f"[{'a2, ' * 250}]", f"[{'a33333, ' * 250}]"):
        encoded = f"{key}: v\n".encode()
        assert outcome(repeats.parse, encoded) == outcome(parse, encoded)


def test_a_fleet_of_one_tool_is_parsed_a_few_times_only(monkeypatch):
    calls = []

    def counted(data, path):
        calls.append(path)
        return parse(data, path)

    monkeypatch.setattr("netplan2k8s.repeats.parse", counted)
    repeats = Repeats()
    for host in range(400):
        for written in hosts.files(host).values():
            data = written.encode()
            assert outcome(repeats.parse, data) == outcome(parse, data)
    assert len(calls) < 20


def test_hosts_of_a_shape_share_no_node():
    repeats = Repeats()
    first, second = [repeats.parse(b"a: {b: [1, c]}\n", "x") for _ in range(4)][2:]
    assert first == second == ["a", ["b", ["1", "c"]]]
    assert first is not second
    assert first[1] is not second[1]
    assert first[1][1] is not second[1][1]
