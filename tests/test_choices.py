"""What of the findings a user wants to see: flags, baselines, and all of it in lint."""

from __future__ import annotations

import json

import pytest

from netplan2k8s.catalogue import RULES
from netplan2k8s.findings import Finding, Severity, Span, UsageError
from netplan2k8s.lint.choices import (
    baseline_text,
    choices,
    fingerprint,
    read_baseline,
    without_known,
)


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


def test_annotation_and_comment_of_one_finding_are_both_used(lint):
    commented = f"{CIDR} # netplan2k8s: ignore[{BAD}] a test"
    text = with_annotation(f"{BAD} a test").replace(CIDR, commented)

    assert lint(text) == (0, [], 1, 0)


def test_idle_code_of_an_annotation_is_reported_at_its_value(lint):
    assert lint(with_annotation(f"{BAD}, NK450 x")) == (0, [("NK480", 6)], 1, 0)


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
