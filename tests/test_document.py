"""The one dumper: what it writes, YAML 1.1 and 1.2 readers read alike."""

from __future__ import annotations

import io

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from netplan2k8s.manifests.document import Manifest, dump

# Everything a manifest may hold in a text: all but surrogates.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
tricky = st.sampled_from(
    [
        "",
        " ",
        "~",
        "null",
        "yes",
        "Off",
        "1e3",
        "0x1f",
        "1_000",
        "12:30:45",
        "0000:7a:00.0",
        "172.16.0.0/31",
        "fd00::/127",
        "2026-01-05",
        "- a",
        "a: b",
        "a #b",
        "# a",
        "a\nb",
        "a\n",
        "a\n\n",
        "\na",
        " a\nb",
        '{"a": "b"}',
        "it's",
        "=",
        "<<",
        "!!str x",
        "&a",
        "*a",
        "%a",
        "@a",
        "`a",
        "a\tb",
        "\x85",
        "\u2028",
        "\ufeff",
        "1.",
        ".5",
        "+1",
        "0o7",
        "? a",
        "a:",
        ":a",
        "[",
        "rail-1, rail-2",
        "y",
        "---",
        "...",
    ]
)
scalars = st.one_of(texts, tricky, st.integers(), st.booleans(), st.none())
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.one_of(texts, tricky), inner, max_size=4)
    ),
    max_leaves=20,
)


def readers(text: str) -> list[object]:
    yaml_1_2 = YAML(typ="safe", pure=True)
    yaml_1_2.version = (1, 2)
    return [
        yaml.safe_load(text),
        yaml.load(text, yaml.CSafeLoader),
        yaml_1_2.load(io.StringIO(text)),
    ]


@given(st.dictionaries(st.one_of(texts, tricky), values, min_size=1, max_size=4))
def test_readers_of_both_versions_read_it_back(body):
    assert readers(dump(body)) == [body] * 3


@given(st.lists(tricky, min_size=1))
def test_tricky_words_stay_text(words):
    body = {"words": words}
    assert readers(dump(body)) == [body] * 3


def test_same_object_same_text():
    body = {"b": [1, {"c": "d"}], "a": {"x": None, "z": []}}
    assert dump(body) == "b:\n- 1\n- c: d\na:\n  x: null\n  z: []\n"


def test_json_text_keeps_its_quotes():
    assert dump({"ipam": '{"type": "nv-ipam"}'}) == 'ipam: \'{"type": "nv-ipam"}\'\n'


def test_refuses_what_a_manifest_never_holds():
    with pytest.raises(TypeError, match="float"):
        dump({"a": 1.5})


def test_identity_is_what_the_api_server_goes_by():
    body = {
        "apiVersion": "v1",
        "kind": "K",
        "metadata": {"name": "n", "namespace": "s"},
    }
    assert Manifest("a.yaml", body).identity == ("v1", "K", "s", "n")
