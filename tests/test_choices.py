"""What of the findings a user wants to see: flags, ignores, baselines."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netplan2k8s.catalogue import RULES
from netplan2k8s.findings import Finding, Severity, Span, UsageError
from netplan2k8s.lint.choices import (
    Ignore,
    annotated,
    baseline_text,
    choices,
    comments,
    fingerprint,
    read_baseline,
    without_ignored,
    without_known,
)
from netplan2k8s.manifests.records import split


def finding(code, line=1, path="a.yaml", message="wrong"):
    return Finding(RULES[code], message, Span(path, line, 1))


def codes(findings):
    return [found.rule.code for found in findings]


def applied(*listed, select=(), ignore=(), severity=()):
    return codes(choices(select, ignore, severity).apply(map(finding, listed)))


# -- flags --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("select", "ignore", "kept"),
    [
        ([], [], ["NK420", "NK450", "NK451", "NK023"]),
        (["NK450"], [], ["NK450"]),
        (["NK45"], [], ["NK450", "NK451"]),
        (["nk4"], [], ["NK420", "NK450", "NK451"]),
        (["N"], [], ["NK420", "NK450", "NK451", "NK023"]),
        (["NK420,NK023"], [], ["NK420", "NK023"]),
        (["NK420", "NK023"], [], ["NK420", "NK023"]),
        ([" NK420 , ", ""], [], ["NK420"]),
        ([""], [], ["NK420", "NK450", "NK451", "NK023"]),
        ([RULES["NK450"].name], [], ["NK450"]),
        ([RULES["NK450"].name.upper()], [], ["NK450"]),
        ([], ["NK450"], ["NK420", "NK451", "NK023"]),
        ([], ["NK4"], ["NK023"]),
        ([], [RULES["NK023"].name], ["NK420", "NK450", "NK451"]),
        # The longer code decides, as in Ruff and flake8.
        (["NK4"], ["NK45"], ["NK420"]),
        (["NK450"], ["NK4"], ["NK450"]),
        (["NK", "NK450"], ["NK45"], ["NK420", "NK450", "NK023"]),
        (["NK450"], ["NK450"], []),
        (["NK4", "NK450"], ["NK450"], ["NK420", "NK451"]),
    ],
)
def test_codes_select_and_ignore(select, ignore, kept):
    listed = ("NK420", "NK450", "NK451", "NK023")

    assert applied(*listed, select=select, ignore=ignore) == kept


@pytest.mark.parametrize("code", ["NK001", "NK005", "NK020", "NK021", "NK022", "NK482"])
def test_select_alone_never_hides_what_could_not_be_read(code):
    assert applied(code, "NK420", select=["NK450"]) == [code]
    assert applied(code, select=["NK450"], ignore=[code]) == []
    assert applied(code, select=["NK450"], severity=[f"{code}=off"]) == []


@pytest.mark.parametrize("code", ["NK480", "NK481", "NK023", "NK024"])
def test_select_hides_other_rules(code):
    assert applied(code, select=["NK450"]) == []


@pytest.mark.parametrize("level", ["error", "warning", "info"])
def test_severity_is_the_one_asked_for(level):
    chosen = choices((), (), [f"NK450={level}"])
    (found,) = chosen.apply([finding("NK450")])

    assert found.rule.severity is Severity(level)
    assert found.rule.code == "NK450"


def test_severity_off_leaves_a_rule_out():
    assert applied("NK450", "NK451", severity=["NK450=off"]) == ["NK451"]
    assert applied("NK450", select=["NK450"], severity=["NK450=off"]) == []


def test_last_severity_of_a_rule_counts():
    name = RULES["NK450"].name
    chosen = choices((), (), ["NK450=off", f"{name}=info"])

    assert chosen.severities == {"NK450": Severity.INFO}


@pytest.mark.parametrize("text", ["NK999", "NK99", "xyz", "NK4500", "*"])
def test_code_that_is_none_is_refused(text):
    for flags in (([text], ()), ((), [text])):
        with pytest.raises(UsageError, match="is no rule; `netplan2k8s rules` lists"):
            choices(*flags, ())


@pytest.mark.parametrize(
    "text", ["NK450", "NK450=", "NK450=loud", "NK450=Error", "=off"]
)
def test_severity_that_is_none_is_refused(text):
    with pytest.raises(UsageError, match=r"is no (CODE=LEVEL|rule)"):
        choices((), (), [text])


@pytest.mark.parametrize("text", ["NK4=off", "NK=warning", "=warning"])
def test_severity_is_for_whole_codes(text):
    with pytest.raises(UsageError, match="is no rule"):
        choices((), (), [text])


# -- comments -----------------------------------------------------------------------


def ignores(text, path="a.yaml"):
    said = []
    data = text if isinstance(text, bytes) else text.encode()
    return list(comments(path, data, said)), said


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

    assert (ignore.span.line, ignore.span.column) == (2, 6)


def test_line_ends_of_yaml_alone_are_no_lines():
    (ignore,), _ = ignores(f'a: "\u2028\x85"\nb: c {COMMENT}\n')

    assert ignore.span.line == 2


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
    said = []
    made = annotated(value, Span("a.yaml", 4, 5), range(1, 9), said)
    return (made.codes if made else None), [item.message for item in said]


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
    return Ignore(listed, Span(path, 9, 1), range(lines[0], lines[-1] + 1))


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


# -- baselines --------------------------------------------------------------------------


def known(*findings):
    return read_baseline(baseline_text(findings), "b.json")


def test_baseline_leaves_out_what_it_has():
    assert without_known([finding("NK450")], known(finding("NK450"))) == ([], 1)


def test_baseline_follows_findings_whose_lines_move():
    assert without_known([finding("NK450", line=40)], known(finding("NK450"))) == (
        [],
        1,
    )


@pytest.mark.parametrize(
    "other",
    [
        finding("NK451"),
        finding("NK450", path="b.yaml"),
        finding("NK450", message="wrong in another way"),
    ],
)
def test_baseline_does_not_know_other_findings(other):
    assert without_known([other], known(finding("NK450"))) == ([other], 0)


def test_baseline_knows_a_finding_as_often_as_it_was_there():
    twice = [finding("NK450", line=line) for line in (1, 2)]
    thrice = [*twice, finding("NK450", line=3)]

    kept, count = without_known(thrice, known(*twice))
    assert (len(kept), count) == (1, 2)
    assert without_known(twice, known(*thrice)) == ([], 2)


@pytest.mark.parametrize("path", ["./a.yaml", "x/../a.yaml", ".//a.yaml"])
def test_baseline_knows_a_path_in_every_spelling(path):
    assert without_known([finding("NK450", path=path)], known(finding("NK450"))) == (
        [],
        1,
    )


def test_baseline_takes_a_finding_for_itself_whatever_its_severity():
    found = finding("NK450")
    milder = Finding(found.rule.as_severe_as(Severity.INFO), found.message, found.span)

    assert without_known([milder], known(found)) == ([], 1)


def test_baseline_is_the_same_text_in_any_order():
    listed = [finding("NK450", line=n, message=f"m{n % 3}") for n in range(6)]

    assert baseline_text(listed) == baseline_text(listed[::-1])
    rows = json.loads(baseline_text(listed))["findings"]
    assert [row["message"] for row in rows] == ["m0", "m0", "m1", "m1", "m2", "m2"]
    assert len({row["fingerprint"] for row in rows}) == 6


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "5",
        "null",
        "{}",
        '{"schemaVersion": 1}',
        '{"schemaVersion": 2, "findings": []}',
        '{"schemaVersion": 1, "findings": [5]}',
        '{"schemaVersion": 1, "findings": [{}]}',
        '{"schemaVersion": 1, "findings": 5}',
        "[" * 100_000,
        "a: b",
    ],
)
def test_file_that_is_no_baseline_is_refused(text):
    with pytest.raises(UsageError, match=r"x\.json is no baseline; --write-baseline"):
        read_baseline(text, "x.json")


def test_empty_baseline_knows_nothing():
    assert known() == frozenset()


def test_fingerprint_takes_any_text():
    assert len(fingerprint(finding("NK450", message="\udc80"))) == 24


# -- lint as a whole ----------------------------------------------------------------------

POOL = """\
apiVersion: nv-ipam.nvidia.com/v1alpha1
kind: CIDRPool
metadata:
  name: rail-1
  namespace: nvidia-network-operator
spec:
  cidr: 172.16.0.1/15
  gatewayIndex: 0
  perNodeNetworkPrefix: 31
"""
CIDR = "cidr: 172.16.0.1/15"
BAD = "NK420"


@pytest.fixture(name="lint")
def _lint(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def call(text, *arguments):
        (tmp_path / "pool.yaml").write_text(text)
        done = run("lint", "pool.yaml", "--no-config", "--format", "json", *arguments)
        report = json.loads(done.out)
        found = [(item["code"], item["line"]) for item in report["findings"]]
        return done.code, found, report["ignored"], report["inBaseline"]

    return call


def test_pool_has_the_mistake(lint):
    assert lint(POOL) == (1, [(BAD, 7)], 0, 0)


def with_comment(reason="a test", code=BAD):
    return POOL.replace(CIDR, f"{CIDR} # netplan2k8s: ignore[{code}] {reason}")


def with_annotation(value):
    lines = f'  annotations:\n    netplan2k8s.io/ignore: "{value}"\n'
    return POOL.replace("  name: rail-1\n", f"  name: rail-1\n{lines}")


def test_comment_ignores_on_its_line(lint):
    assert lint(with_comment()) == (0, [], 1, 0)


def test_annotation_ignores_in_its_object(lint):
    assert lint(with_annotation(f"{BAD} a test")) == (0, [], 1, 0)


def test_annotation_is_about_its_own_object_alone(lint):
    other = POOL.replace("rail-1", "rail-2").replace("172.16.0.1", "172.18.0.1")
    code, found, ignored, _ = lint(f"{with_annotation(f'{BAD} x')}---\n{other}")

    assert (code, [name for name, _ in found], ignored) == (1, [BAD], 1)


def test_annotation_that_is_not_complete_is_reported_at_its_value(lint):
    assert lint(with_annotation(BAD))[1] == [("NK481", 6), (BAD, 9)]


def test_comment_in_a_quoted_text_ignores_nothing(lint):
    quoted = f'note: "x\n  # netplan2k8s: ignore[{BAD}] x"'
    code, found, ignored, _ = lint(POOL.replace(CIDR, f"{quoted}\n  {CIDR}"))

    assert (code, ignored) == (1, 0)
    assert (BAD, 9) in found
    assert "NK480" not in dict(found)


def test_comment_above_an_embedded_text_is_about_what_is_in_it(lint):
    config = (
        '  ipam: |  # netplan2k8s: ignore[NK440] a test\n    {\n      "a": 1,\n    }\n'
    )
    text = (
        "apiVersion: mellanox.com/v1alpha1\nkind: HostDeviceNetwork\nmetadata:\n"
        "  name: rail-1\nspec:\n  networkNamespace: default\n  resourceName: rail-1\n"
    )

    assert "NK440" in [code for code, _ in lint(text + config.replace("#", "# no "))[1]]
    _, found, ignored, _ = lint(text + config)
    assert not {"NK440", "NK480"} & {code for code, _ in found}
    assert ignored == 1


def test_unused_ignore_is_a_warning(lint):
    assert lint(with_comment(code=f"{BAD},NK450")) == (0, [("NK480", 7)], 1, 0)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--ignore", BAD),
        ("--select", "NK480"),
        ("--select", f"NK450,NK480,{BAD}"),
        ("--severity", f"{BAD}=off"),
        ("--severity", f"{BAD}=info"),
    ],
)
def test_ignore_of_a_rule_that_is_left_out_is_not_unused(lint, arguments):
    assert lint(with_comment(), *arguments)[:2] == (0, [])


def test_unused_ignore_is_not_said_where_it_is_not_asked_for(lint):
    text = with_comment(code=f"{BAD},NK450")

    assert lint(text, "--select", "NK4,NK450", "--ignore", "NK480")[1] == []
    assert lint(text, "--select", "NK42")[1] == []
    assert lint(text, "--ignore", "NK48")[1] == []


def test_unused_ignore_may_be_an_error(lint):
    code, found, *_ = lint(with_comment(code="NK450"), "--severity", "NK480=error")

    assert code
    assert ("NK480", 7) in found


def test_baseline_is_written_and_read(lint, tmp_path):
    assert lint(POOL, "--write-baseline", "b.json") == (0, [(BAD, 7)], 0, 0)
    moved = f"# a comment\n{POOL}"
    assert lint(moved, "--baseline", "b.json") == (0, [], 0, 1)
    changed = POOL.replace("172.16.0.1", "172.16.0.3")
    assert lint(changed, "--baseline", "b.json") == (1, [(BAD, 7)], 0, 0)
    assert (tmp_path / "b.json").read_text().startswith('{\n  "schemaVersion": 1')


def test_ignored_finding_is_not_in_the_baseline(lint, tmp_path):
    lint(with_comment(), "--write-baseline", "b.json")

    assert json.loads((tmp_path / "b.json").read_text())["findings"] == []


def test_finding_of_the_baseline_makes_its_ignore_used(lint):
    lint(POOL, "--write-baseline", "b.json")

    assert lint(with_comment(), "--baseline", "b.json") == (0, [], 1, 0)


def test_baseline_knows_unused_ignores(lint):
    text = with_comment(code=f"{BAD},NK450")
    lint(text, "--write-baseline", "b.json")

    assert lint(text, "--baseline", "b.json") == (0, [], 1, 1)


def test_unreadable_file_is_an_error_whatever_is_selected(run, tmp_path):
    done = run("lint", tmp_path / "no.yaml", "--select", "NK450", "--no-config")

    assert done.code == 2
    assert "NK001" in done.err


@pytest.mark.parametrize("text", ["", "{}", "\x00"])
def test_baseline_that_is_none_is_wrong_use(run, tmp_path, text):
    (tmp_path / "pool.yaml").write_text(POOL)
    (tmp_path / "b.json").write_text(text)
    done = run(
        "lint", tmp_path / "pool.yaml", "--baseline", tmp_path / "b.json", "--no-config"
    )

    assert done.code == 2
    assert "is no baseline" in done.err


def test_every_rule_can_be_named():
    for rule in RULES.values():
        assert choices([rule.name], [rule.code], ()).select == (rule.code,)


LISTED = """\
apiVersion: v1
kind: List
items:
- apiVersion: nv-ipam.nvidia.com/v1alpha1
  kind: CIDRPool
  metadata:
    name: a
    namespace: nvidia-network-operator
    annotations:
      netplan2k8s.io/ignore: "NK420 to be filled in"
  spec: {cidr: x, perNodeNetworkPrefix: 31}
- apiVersion: nv-ipam.nvidia.com/v1alpha1
  kind: CIDRPool
  metadata: {name: b, namespace: nvidia-network-operator}
  spec: {cidr: x, perNodeNetworkPrefix: 31}
"""


def test_annotation_of_an_item_is_about_that_item_alone(run, tmp_path):
    path = tmp_path / "list.yaml"
    path.write_text(LISTED)
    found = [line for line in run("lint", path).err.splitlines() if "NK420" in line]

    assert len(found) == 1
    assert ":15:" in found[0]
