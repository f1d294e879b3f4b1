"""Wishes in the manifests themselves not to hear of some rules."""

from __future__ import annotations

from functools import partial
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netplan2k8s import linting
from netplan2k8s.catalogue import RULES
from netplan2k8s.findings import Finding, Span
from netplan2k8s.lint.choices import Choices
from netplan2k8s.lint.ignores import Ignore, annotated, of_comments, without_ignored
from netplan2k8s.linting import gather, judged
from netplan2k8s.manifests.files import File
from netplan2k8s.manifests.records import split
from netplan2k8s.settings import Settings


def finding(code, line=1):
    return Finding(RULES[code], "wrong", Span("a.yaml", line, 1))


def codes(findings):
    return [found.rule.code for found in findings]


# -- comments -----------------------------------------------------------------------


def ignores(text, path="a.yaml"):
    said = []
    data = text if isinstance(text, bytes) else text.encode()
    return list(of_comments(path, data, said)), said


def about(text):
    """The lines and codes of the ignores of a text without mistakes."""
    found, said = ignores(text)
    assert not said
    return [(list(ignore.lines), list(ignore.codes)) for ignore in found]


def mistake(text):
    found, said = ignores(text)
    assert not found
    (single,) = said
    assert single.rule.code == "NK481"
    return single.message


COMMENT = "# netplan2k8s: ignore[NK450] tested"


def test_comment_behind_a_value_is_about_its_line():
    assert about(f"a: b\nc: d  {COMMENT}\ne: f\n") == [([2], ["NK450"])]


def test_comment_alone_is_about_the_next_line():
    assert about(f"a: b\n  {COMMENT}\nc: d\n") == [([3], ["NK450"])]


def test_comments_one_below_the_other_are_about_the_same_line():
    text = f"{COMMENT}\n# why\n{COMMENT.replace('450', '451')}\na: b\n"

    assert about(text) == [([4], ["NK450"]), ([4], ["NK451"])]


def test_blank_line_parts_comment_and_value():
    assert about(f"{COMMENT}\n\na: b\n") == [([2], ["NK450"])]


def test_comment_at_the_end_is_about_nothing_there():
    assert about(f"a: b\n{COMMENT}") == [([3], ["NK450"])]


@pytest.mark.parametrize(
    "comment",
    [
        "#netplan2k8s:ignore[NK450]tested",
        "#  netplan2k8s:  ignore [ NK450 ]  tested",
        "# netplan2k8s: ignore[nk450] tested",
        f"# netplan2k8s: ignore[{RULES['NK450'].name}] tested",
        "# netplan2k8s: ignore[NK450,] tested",
        "# netplan2k8s: ignore[NK450,NK450] tested",
    ],
)
def test_comment_may_be_written_in_other_ways(comment):
    assert about(f"a: b {comment}\n") == [([1], ["NK450"])]


def test_comment_may_have_several_codes():
    assert about("a: b # netplan2k8s: ignore[NK450, NK023] x\n") == [
        ([1], ["NK450", "NK023"])
    ]


def test_comment_may_stand_behind_another():
    assert about(f"a: b # why {COMMENT}\n") == [([1], ["NK450"])]


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("ignore[NK450]", "the ignore of NK450 has no reason behind it"),
        ("ignore[NK450]  ", "the ignore of NK450 has no reason behind it"),
        ("ignore[] x", "the ignore names no rule"),
        ("ignore[,] x", "the ignore names no rule"),
        ("ignore[NK999] x", "the ignore names NK999, which is no rule"),
        ("ignore[NK4] x", "the ignore names NK4, which is no rule"),
        ("ignore[NK450,abc] x", "the ignore names abc, which is no rule"),
        *(
            (
                text,
                "the comment is none of the form # netplan2k8s: ignore[NK450] reason",
            )
            for text in (
                "ignore NK450 x",
                "ignore",
                "",
                "disable[NK450] x",
                "ignore[NK450",
            )
        ),
    ],
)
def test_comment_that_is_not_complete_is_a_finding(comment, message):
    assert mistake(f"a: b # netplan2k8s: {comment}\n") == message


def test_mistake_is_placed_at_the_comment():
    _, said = ignores("a: b\nc: d # netplan2k8s: ignore\n")

    assert said[0].span == Span("a.yaml", 2, 6)


@pytest.mark.parametrize(
    "text",
    [
        f'a: "x {COMMENT}"\n',
        f"a: 'x {COMMENT}'\n",
        f'a: "x\n  {COMMENT}\n  y"\n',
        f"a: 'x\n  {COMMENT}'\n",
        f"a: |\n  x\n  {COMMENT}\n",
        f"a: >-\n  {COMMENT}\n",
        f"a: |2\n   {COMMENT}\n",
        f"a: x{COMMENT}\n",
        f"- |\n {COMMENT}\n",
        f'{{"a": "x {COMMENT}"}}',
        f'{{"a": "\\ud83d\\ude00 {COMMENT}"}}',
        f"? '{COMMENT}'\n: b\n",
        "# netplan2k8s ignore[NK450] x\na: b\n",
        "# see netplan2k8s: ignore[NK450] x\na: b\n",
        "netplan2k8s: x\n",
    ],
)
def test_text_that_looks_like_a_comment_is_none(text):
    assert ignores(text) == ([], [])


def test_comment_behind_a_text_that_looks_like_one_counts():
    text = f'a: "# netplan2k8s: x"  {COMMENT}\n'

    assert about(text) == [([1], ["NK450"])]


@pytest.mark.parametrize(
    "text",
    [
        f"a: | {COMMENT}\n  x\n  y\nb: c\n",
        f"a: > {COMMENT}\n  x\n  y\n",
        f"a: |\n  x\n{COMMENT}\nb: c\n",
    ],
)
def test_comment_around_a_block_is_one(text):
    (ignore,), said = ignores(text)

    assert not said
    assert ignore.codes == ("NK450",)


def test_comment_is_about_all_lines_of_a_text_that_begins_there():
    block = f"a: | {COMMENT}\n  x\n\n  y\nb: c\n"
    above = f'{COMMENT}\na: "x\n  y\n  z" # more\nb: c\n'

    assert about(block)[0][0] == [1, 2, 3, 4]
    assert about(above)[0][0] == [2, 3, 4]


def test_comment_in_a_broken_file_counts():
    text = f"a: b {COMMENT}\nb: [c\n---\nd: 'e'{' '}{COMMENT}\n"

    assert [lines for lines, _ in about(text)] == [[1], [4]]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_comment_is_read_in_every_encoding(encoding):
    (ignore,), _ = ignores(f"a: b\r\nc: d {COMMENT}\r\n".encode(encoding))

    assert (ignore.place().line, ignore.place().column) == (2, 6)


def test_line_ends_of_yaml_alone_are_no_lines():
    (ignore,), _ = ignores(f'a: "\u2028\x85"\nb: c {COMMENT}\n')

    assert ignore.place().line == 2


def test_comment_around_long_lists_is_found():
    rows = "".join(f'  - nodeName: "gpu-{n} {COMMENT}"\n    b: c\n' for n in range(300))
    text = (
        f"spec: {COMMENT}\n  staticAllocations:\n{rows}  cidr: a {COMMENT}\n"
        f"  more: |\n    {COMMENT}\n  last: b {COMMENT}\n"
    )
    assert [len(taken.items) for taken in split(text).lists.values()] == [300]

    assert [lines for lines, _ in about(text)] == [[1], [603], [606]]


def test_comment_in_a_later_document_is_found():
    long = "".join(f"k{n}: '{n}'\n" for n in range(200))

    assert about(f"{long}--- # b\nc: |\n  {COMMENT}\nd: {COMMENT}\n") == [
        ([204], ["NK450"])
    ]


@given(
    st.text("ab:-|>'\"# \n[]{}&*!", max_size=30), st.text("ab:|>'\"# \n", max_size=8)
)
def test_comments_are_read_of_any_text(before, behind):
    found, said = ignores(f"{before}{COMMENT}{behind}")

    assert len(found) + len(said) <= 1


# -- annotations ----------------------------------------------------------------------


def annotation(value):
    codes, wrong = annotated(value)
    return codes or None, [wrong] if wrong else []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("NK450 tested", ("NK450",)),
        ("NK450,NK451 tested, twice", ("NK450", "NK451")),
        ("NK450, NK451 tested", ("NK450", "NK451")),
        ("NK450 , NK451\n tested\n", ("NK450", "NK451")),
        (f"{RULES['NK450'].name} tested", ("NK450",)),
        ("NK450\ttested", ("NK450",)),
    ],
)
def test_annotation_has_codes_and_a_reason(value, expected):
    assert annotation(value) == (expected, [])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("NK450", "the ignore of NK450 has no reason behind it"),
        ("NK450, NK451", "the ignore of NK450, NK451 has no reason behind it"),
        ("NK450,", "the ignore of NK450 has no reason behind it"),
        ("", "the ignore names no rule"),
        (" , ", "the ignore names no rule"),
        ("all of them", "the ignore names all, which is no rule"),
        ("NK450,x tested", "the ignore names x, which is no rule"),
    ],
)
def test_annotation_that_is_not_complete_is_a_finding(value, message):
    assert annotation(value) == (None, [message])


# -- ignores and findings ---------------------------------------------------------------


def ignore(*listed, lines=(1,), path="a.yaml"):
    place = partial(Span, path, 9, 1)
    return Ignore(listed, path, range(lines[0], lines[-1] + 1), place)


def left(findings, *wishes):
    kept, count = without_ignored(findings, wishes)
    return codes(kept), count


def test_finding_on_the_line_is_left_out():
    assert left([finding("NK450")], ignore("NK450")) == ([], 1)


@pytest.mark.parametrize(
    "wish",
    [
        ignore("NK451"),
        ignore("NK450", lines=(2,)),
        ignore("NK450", path="b.yaml"),
    ],
)
def test_finding_elsewhere_stays_and_the_ignore_is_unused(wish):
    assert left([finding("NK450")], wish) == (["NK450", "NK480"], 0)


def test_ignore_of_two_rules_is_used_for_one():
    kept, count = without_ignored([finding("NK450")], [ignore("NK450", "NK451")])

    assert count == 1
    assert [found.message for found in kept] == [
        "there is no NK451 to ignore here; take it out"
    ]
    assert kept[0].span == Span("a.yaml", 9, 1)


def test_two_ignores_of_one_finding_are_both_used():
    assert left([finding("NK450")], ignore("NK450"), ignore("NK450", lines=(1, 5))) == (
        [],
        1,
    )


def test_ignore_of_what_only_the_hosts_show_is_never_unused():
    assert left([], ignore("NK501")) == ([], 0)
    assert left([finding("NK501")], ignore("NK501")) == ([], 1)


# -- annotations, without places and with -------------------------------------------------

POOL = """\
apiVersion: nv-ipam.nvidia.com/v1alpha1
kind: CIDRPool
metadata:
  name: rail-{number}
  namespace: nvidia-network-operator{annotation}
spec:
  cidr: 172.16.0.{number}/15{comment}
  gatewayIndex: 7
  perNodeNetworkPrefix: 31
"""
WISHES = st.lists(
    st.sampled_from(["NK420", "NK421", "NK422", "NK450", "x"]), max_size=3
)


@st.composite
def pools(draw):
    texts = []
    for number in range(draw(st.integers(1, 4))):
        listed = ", ".join(draw(WISHES))
        ignore = f'\n  annotations: {{netplan2k8s.io/ignore: "{listed} so"}}'
        texts.append(
            POOL.format(
                number=number,
                annotation=ignore if draw(st.booleans()) else "",
                comment=f"  {COMMENT}" if draw(st.integers(0, 7)) == 0 else "",
            )
        )
    return "---\n".join(texts)


@given(st.lists(pools(), min_size=1, max_size=3))
def test_what_is_hushed_without_a_place_is_what_is_ignored_at_it(texts):
    files = [
        File(f"{n}.yaml", text.encode(), is_named=True) for n, text in enumerate(texts)
    ]

    def linted():
        return judged(gather(files, ["."], Settings()), Choices())

    quick = linted()
    with patch.object(linting, "without_hushed", lambda remarks, _: (remarks, 0)):
        assert linted() == quick
