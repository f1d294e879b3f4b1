"""A diff for people, for machines, and for a comment on a pull request."""

from __future__ import annotations

import json
import re

import jsonschema
import pytest

from netplan2k8s import json_schemas
from tests.diffed import (
    Differ,
    definition,
    entries,
    entry,
    network,
    node,
    pod,
    policy,
    pool,
    resource,
)

COMMENT = 65_536
"""The most characters that a comment on GitHub has."""


@pytest.fixture
def differ(run, tmp_path):
    return Differ(run, tmp_path)


def big(count: int, side: int = 1) -> list[dict[str, str]]:
    made = []
    for number in range(count):
        high, low = divmod(2 * number, 256)
        prefix, gateway = f"172.16.{high}.{low}/31", f"172.16.{high}.{low + side}"
        made.append({"nodeName": f"gpu-{number}", "prefix": prefix, "gateway": gateway})
    return made


def labelled(value: str, key: str = "note") -> dict:
    body = network()
    body["metadata"]["annotations"] = {key: value}
    return body


MANIFESTS = [
    pool([entry(0), entry(1, prefix="172.16.0.8/31", gateway="172.16.0.9"), entry(3)]),
    network(resourceName="rail_1"),
    policy(resource("rail_1", "0000:1a:00.0")),
]
CLUSTER = [
    pool(entries(0, 1), entries(0, 1)),
    network(),
    network("rail-9"),
    policy(resource("storage", "0000:01:00.0")),
    node("gpu-0", gpu=8),
    node("gpu-1", gpu=8),
    pod("train", "gpu-1", "172.16.0.2"),
]


# -- JSON --------------------------------------------------------------------------


def report(differ) -> dict:
    body = json.loads(differ.result.out)
    schema = json_schemas.schema("report", "26.7")
    jsonschema.Draft202012Validator(schema).validate(body)
    return body


def test_json_is_as_its_schema_says(differ):
    differ.applied(MANIFESTS, CLUSTER, "--format", "json", "--exit-code")
    body = report(differ)

    assert (differ.result.code, differ.result.err) == (1, "")
    assert body["summary"] == {
        "add": 0,
        "change": 3,
        "remove": 1,
        "dangerous": 4,
        "same": 0,
    }
    assert [(o["verb"], o["kind"], o["name"]) for o in body["changes"]] == [
        ("change", "NicClusterPolicy", "nic-cluster-policy"),
        ("change", "CIDRPool", "rail-1"),
        ("change", "HostDeviceNetwork", "rail-1"),
        ("remove", "HostDeviceNetwork", "rail-9"),
    ]
    assert [f["code"] for f in body["findings"]] == ["NK611"]
    assert body["notes"]
    found = body["changes"][1]
    assert found["namespace"] == "nvidia-network-operator"
    assert found["path"].endswith("/fabric/objects.yaml")
    assert found["line"] == 1
    assert found["values"][0] == {
        "verb": "change",
        "risk": "dangerous",
        "what": "gpu-1",
        "before": "172.16.0.2/31 via 172.16.0.3",
        "after": "172.16.0.8/31 via 172.16.0.9",
        "effect": found["values"][0]["effect"],
        "detail": "running: default/train",
    }


def test_json_of_no_differences(differ):
    differ.between([pool()], [pool()], "--format", "json")
    body = report(differ)

    assert body["changes"] == body["findings"] == body["notes"] == []
    assert body["summary"]["same"] == 1


def test_json_of_what_cannot_be_read(differ):
    differ.between(["no manifest"], [pool()], "--format", "json")

    assert [f["severity"] for f in report(differ)["findings"]] == ["error"]
    assert differ.result.code == 2


def test_json_has_long_values_whole(differ):
    differ.between([labelled("a" * 500)], [labelled("b" * 500)], "--format", "json")

    assert report(differ)["changes"][0]["values"][0]["after"] == "b" * 500


# -- GitHub ------------------------------------------------------------------------


def test_github_annotates_the_manifests(differ):
    differ.applied(MANIFESTS, CLUSTER, "--format", "github")
    lines = differ.result.out.splitlines()

    assert [line.split(" ", 1)[0] for line in lines[:5]] == ["::warning"] * 5
    assert "title=NK611 no-such-node" in lines[0]
    assert re.search(
        r"file=.*/fabric/objects\.yaml,title=~ CIDRPool nvidia-network-operator/rail-1,line=1,col=1"
        r"::dangerous: new pods get the new address",
        lines[2],
    )
    assert "title=- HostDeviceNetwork rail-9::nvidia.com/rail-9 for pods" in lines[4]
    assert "file=" not in lines[4], "the manifests do not have it"
    assert lines[-1].startswith("0 to add, 3 to change, 1 to remove, 4 dangerous")


def test_github_says_what_is_safe_as_a_notice(differ):
    differ.applied([pool(entries(0))], [node("gpu-0", gpu=8)], "--format", "github")

    assert differ.result.out.startswith("::notice file=")
    assert "::1 node of 172.16.0.0/15\n" in differ.result.out


def test_github_annotation_has_no_thousands_of_lines(differ):
    differ.between([pool(big(3000))], [pool(big(3000, side=0))], "--format", "github")
    line = differ.result.out.splitlines()[0]

    assert line.count("%0A") == 50
    assert line.endswith("%0A… and 2951 lines more")


def test_github_by_itself_in_a_workflow(differ, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    differ.between([pool(entries(0))], [pool(entries(0, 1))])

    assert differ.result.out.startswith("::notice ")


# -- Markdown ----------------------------------------------------------------------


def markdown(differ, before, after) -> list[str]:
    differ.between(before, after, "--format", "markdown")
    return differ.result.out.splitlines()


def test_markdown(differ):
    lines = markdown(
        differ, [pool(entries(0, 1))], [pool([entry(0), entry(2)]), network()]
    )

    assert lines == [
        "### netplan2k8s diff: 1 to add, 1 to change, 0 to remove, 1 dangerous",
        "",
        "#### `~ CIDRPool nvidia-network-operator/rail-1`",
        "",
        "- **dangerous**: new pods get no address of this rail; running ones keep the old one until they are restarted",
        "",
        "| | what | before | after | |",
        "|---|---|---|---|---|",
        "| - | `gpu-1` | `172.16.0.2/31 via 172.16.0.3` |  |  |",
        "",
        "- safe: a new node; nothing runs on it over this rail",
        "",
        "| | what | before | after | |",
        "|---|---|---|---|---|",
        "| + | `gpu-2` |  | `172.16.0.4/31 via 172.16.0.5` |  |",
        "",
        "",
        "#### `+ HostDeviceNetwork rail-1`: nvidia.com/rail-1 for pods of default",
        "",
        "- safe: pods may ask for it",
    ]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a|b", "<code>a&#124;b</code>"),
        ("a\\|b", "<code>a&#92;&#124;b</code>"),
        ("a`b", "<code>a&#96;b</code>"),
        ("<b>|x", "<code>&#60;b&#62;&#124;x</code>"),
        ("<b> @team #5 :tada:", "`<b> @team #5 :tada:`"),
        ("one\ntwo\r\n| three", "<code>one two &#124; three</code>"),
        ("\x1b[31mred", "<code>&#92;x1b&#91;31mred</code>"),
        ("x" * 500, f"`{'x' * 100}…`"),
    ],
)
def test_markdown_shows_any_value_in_its_cell(differ, value, shown):
    lines = markdown(differ, [labelled("0x")], [labelled(value)])
    row = lines[-2]

    assert row == f"| ~ | `metadata.annotations.note` | `0x` | {shown} |  |"
    assert len(re.split(r"(?<!\\)\|", row)) == 7


def test_markdown_mentions_nobody_in_a_sentence(differ):
    before = definition()
    lines = markdown(differ, [before], [definition(resource="@team/<b>&`|#5")])
    said = next(line for line in lines if "dangerous" in line and line[0] == "-")

    assert "@<!-- -->team/\\<b\\>&amp;\\`\\|#<!-- -->5" in said


def test_markdown_is_as_long_as_a_comment_may_be(differ):
    lines = markdown(
        differ,
        [pool(big(1024), name=f"rail-{n}") for n in range(8)],
        [pool(big(1024, side=0), name=f"rail-{n}") for n in range(8)],
    )

    assert len(differ.result.out) < COMMENT
    assert lines.count("| … | 974 more | | | |") >= 8


def test_markdown_of_many_objects_is_cut_at_a_line(differ):
    value = "x" * 100
    lines = markdown(
        differ,
        [labelled(f"{n}-{value}", "a" * 60) | {"metadata": {"name": f"n-{n}", "annotations": {f"{k}-{'a' * 50}": value for k in range(20)}}} for n in range(40)],
        [labelled(value) | {"metadata": {"name": f"n-{n}"}} for n in range(40)],
    )  # fmt: skip

    assert 50_000 < len(differ.result.out) < COMMENT
    assert re.fullmatch(r"… and \d+ lines more", lines[-1])
    assert lines[-2] == ""
    assert lines[-3].endswith("|"), "a row is shown whole or not at all"


def test_markdown_shows_changes_beside_hundreds_of_findings(differ):
    live = [pool(entries(0), [], name=f"rail-{n}") for n in range(400)]
    after = [pool(entries(0, 1), name=f"rail-{n}") for n in range(400)]
    differ.applied(after, [*live, node("gpu-0"), node("gpu-1")], "--format", "markdown")

    assert len(differ.result.out) < COMMENT
    assert differ.result.out.count("#### `~ CIDRPool") > 100
    assert re.search(r"\n… and \d+ lines more\n", differ.result.out)
    assert re.search(r"\n… and \d+ findings more\n", differ.result.out)


# -- text --------------------------------------------------------------------------


def test_color(differ):
    differ.between(
        [pool(entries(0, 1))], [pool(entries(0)), network()], "--color", "always"
    )
    out = differ.result.out

    assert "\x1b[1;33m~ CIDRPool" in out
    assert "\x1b[1;31m    dangerous: " in out
    assert "\x1b[31m      - gpu-1" in out
    assert "\x1b[1;32m+ HostDeviceNetwork" in out
    plain = re.sub(r"\x1b\[[0-9;]*m", "", out)
    differ.between([pool(entries(0, 1))], [pool(entries(0)), network()])
    assert plain == differ.result.out


def test_no_color_where_nobody_looks(differ):
    differ.between([pool(entries(0))], [pool(entries(1))])

    assert "\x1b" not in differ.result.out


def test_value_gives_the_terminal_no_commands(differ):
    differ.between([labelled("a")], [labelled("\x1b]0;title\x07b\u009b31m")])

    assert "\\x1b]0;title\\x07b\\x9b31m" in differ.result.out
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", differ.result.out)


def test_value_of_many_lines_is_one(differ):
    said = differ.between([labelled("a\nb")], [labelled("a\n\n c" + "d" * 200)])

    assert said[-1] == f"      ~ metadata.annotations.note  a b → a c{'d' * 97}…"


def test_value_that_the_name_ends_with_is_shown(differ):
    said = differ.between([network()], [labelled("5x", key="note-5x")])

    assert said[-1] == "      + metadata.annotations.note-5x  5x"


def test_context_shows_the_values_around_a_change(differ):
    after = entries(0, 1, 2, 3, 4, 5)
    after[2]["gateway"] = "172.16.0.4"
    said = differ.between(
        [pool(entries(0, 1, 2, 3, 4, 5))], [pool(after)], "--context-lines", "1"
    )

    assert said[2:] == [
        "        gpu-1  172.16.0.2/31 via 172.16.0.3",
        "      ~ gpu-2  172.16.0.4/31 via 172.16.0.5 → 172.16.0.4/31 via 172.16.0.4",
        "        gpu-3  172.16.0.6/31 via 172.16.0.7",
    ]


def test_context_marks_what_it_leaves_out(differ):
    after = entries(0, 1, 2, 3, 4, 5, 6, 7)
    after[1]["gateway"] = "172.16.0.2"
    after[6]["gateway"] = "172.16.0.12"
    before = pool(entries(0, 1, 2, 3, 4, 5, 6, 7))
    said = differ.between([before], [pool(after)], "--context-lines", "1")

    assert [line.split()[0] for line in said[2:]] == [
        "gpu-0", "~", "gpu-2", "…", "gpu-5", "~", "gpu-7",
    ]  # fmt: skip


def test_context_of_all_lines_has_every_value_once(differ):
    said = differ.between(
        [pool(entries(0, 1))], [pool(entries(0, 2))], "--context-lines", "1000"
    )
    values = [line for line in said if "gpu-0" in line]

    assert len(values) == 2, "once for what is removed, once for what is added"
    assert "        spec.cidr  172.16.0.0/15" in said
    assert sum("gpu-1" in line or "gpu-2" in line for line in said) == 2
