"""What strip makes of a host's text, form by form."""

from __future__ import annotations

import codecs
import dataclasses
import json
from pathlib import Path

import pytest

from netplan2k8s.findings import InputError
from netplan2k8s.netplan import read_host
from netplan2k8s.settings import Settings
from netplan2k8s.strip.proof import differences
from netplan2k8s.tree import DirectoryTree
from tests.conftest import CASES, FIXTURES, needs
from tests.stripping import RAIL, only, stripped, write_host

HEAD = "network:\n  version: 2\n  ethernets:\n"
BLOCK = """\
      addresses:
        - 172.16.0.0/31
      routes:
        - to: 172.16.0.0/15
          via: 172.16.0.1
"""
ADDED = """\
      dhcp4: false
      link-local: []
      optional: true
"""


# -- blocks -----------------------------------------------------------------------


def test_what_the_nic_needs_stays_and_what_keeps_it_silent_comes(tmp_path):
    kept = "      mtu: 9216  # jumbo\n      embedded-switch-mode: switchdev\n      virtual-function-count: 0\n"
    text = f"{HEAD}    eth_rail0:\n{BLOCK}{kept}"
    assert only(stripped(tmp_path, text)) == f"{HEAD}    eth_rail0:\n{ADDED}{kept}"


def test_match_and_name_stay(tmp_path):
    kept = "      match: {macaddress: '02:00:00:00:00:01'}\n      set-name: rail0\n"
    text = f"{HEAD}    a:\n{kept}{BLOCK}"
    assert only(stripped(tmp_path, text)) == f"{HEAD}    a:\n{kept}{ADDED}"


@pytest.mark.parametrize("break_", ["\r\n", "\r", "\x85", "\u2028"])
def test_line_breaks_stay(break_, tmp_path):
    text = f"{HEAD}    e1:\n{BLOCK}      mtu: 9216\n".replace("\n", break_)
    wanted = f"{HEAD}    e1:\n{ADDED}      mtu: 9216\n".replace("\n", break_)
    assert only(stripped(tmp_path, text)) == wanted


def test_no_break_at_the_end_stays_none(tmp_path):
    text = f"{HEAD}    e1:\n      mtu: 9216\n{BLOCK}".rstrip("\n")
    wanted = f"{HEAD}    e1:\n      mtu: 9216\n{ADDED}".rstrip("\n")
    assert only(stripped(tmp_path, text)) == wanted


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ],
)
def test_encodings_stay(mark, encoding, tmp_path):
    text = f"# für alle\n{HEAD}    e1:\n{BLOCK}"
    root = write_host(tmp_path / "gpu-0", {"a.yaml": mark + text.encode(encoding)})
    made = written_strip(root, tmp_path / "out")
    data = (made / "hosts/gpu-0/etc/netplan/a.yaml").read_bytes()
    assert data == mark + f"# für alle\n{HEAD}    e1:\n{ADDED}".encode(encoding)


def written_strip(root: Path, out: Path) -> Path:
    from netplan2k8s.stripping import strip

    made = strip([str(root)], Settings(), str(out), lambda *_: None)
    assert made.written == 1
    return out


def test_what_follows_the_document_stays(tmp_path):
    tail = "...\nnot: [yaml\n"
    text = f"{HEAD}    e1:\n{BLOCK}{tail}"
    assert only(stripped(tmp_path, text)) == f"{HEAD}    e1:\n{ADDED}{tail}"


def test_comments_of_what_goes_go_and_others_stay(tmp_path):
    text = (
        HEAD
        + """\
    e1:  # rail 1
      # its link
      addresses:  # one
        # the NIC
        - 172.16.0.0/31  # even
        # - 172.16.0.2/31
      # over the leaf
      routes:
      - to: 172.16.0.0/15
        via: 172.16.0.1
      # jumbo
      mtu: 9216
"""
    )
    wanted = (
        HEAD
        + """\
    e1:  # rail 1
      # its link
      dhcp4: false
      link-local: []
      optional: true
      # over the leaf
      # jumbo
      mtu: 9216
"""
    )
    assert only(stripped(tmp_path, text)) == wanted


def test_keys_in_quotes_get_neighbours_in_quotes(tmp_path):
    text = (
        HEAD
        + """\
    e1:
      "addresses": [172.16.0.0/31]
      "routes": [{to: 172.16.0.0/15, via: 172.16.0.1}]
"""
    )
    wanted = HEAD + "    e1:\n" + ADDED
    for key in ("dhcp4", "link-local", "optional"):
        wanted = wanted.replace(f"{key}:", f'"{key}":')
    assert only(stripped(tmp_path, text)) == wanted


def test_a_value_that_would_address_the_nic_is_put_right(tmp_path):
    text = (
        HEAD
        + """\
    e1:
      addresses: [172.16.0.0/31]
      link-local: # both
        - ipv6
        - ipv4
      optional: off  # wait
      dhcp4: no
      routes: [{to: 172.16.0.0/15, via: 172.16.0.1}]
"""
    )
    wanted = (
        HEAD
        + """\
    e1:
      link-local: []
      optional: true  # wait
      dhcp4: no
"""
    )
    assert only(stripped(tmp_path, text)) == wanted


def test_of_several_values_the_last_is_put_right(tmp_path):
    files = {
        "1.yaml": f"{HEAD}    e1: {{{RAIL}, optional: true}}\n",
        "2.yaml": f"{HEAD}    e1: {{optional: false}}\n",
    }
    made = stripped(tmp_path, files)
    assert made.files == {
        "1.yaml": f"{HEAD}    e1: {{dhcp4: false, link-local: [], optional: true}}\n",
        "2.yaml": f"{HEAD}    e1: {{optional: true}}\n",
    }


def test_a_key_said_twice_goes_twice(tmp_path):
    text = f"{HEAD}    e1:\n{BLOCK}{BLOCK}    e1:\n{BLOCK}      mtu: 9216\n"
    wanted = f"{HEAD}    e1:\n{ADDED}    e1:\n      mtu: 9216\n"
    assert only(stripped(tmp_path, text)) == wanted


def test_a_value_in_a_block_of_text_goes(tmp_path):
    text = (
        HEAD
        + """\
    e1:
      addresses:
      - >-
        172.16.0.0/31
      routes: [{to: 172.16.0.0/15, via: 172.16.0.1}]
      mtu: 9216
"""
    )
    assert only(stripped(tmp_path, text)) == f"{HEAD}    e1:\n{ADDED}      mtu: 9216\n"


def test_a_value_in_a_block_of_text_is_put_right(tmp_path):
    text = (
        HEAD
        + """\
    e1:
      optional: >-
        false
      link-local:
        - ipv4
        - |-
          ipv6
      # its link
      addresses: [172.16.0.0/31]
      routes: [{to: 172.16.0.0/15, via: 172.16.0.1}]
      dhcp4: no
"""
    )
    wanted = (
        HEAD
        + """\
    e1:
      optional: true
      link-local: []
      # its link
      dhcp4: no
"""
    )
    assert only(stripped(tmp_path, text)) == wanted


def test_bytes_that_are_no_text_behind_the_document_stay(tmp_path):
    """Netplan reads no further than the document, and strip copies what follows."""
    tail = b"---\n" + b" " * 50_000 + b"\xff\xfe\n"
    text = f"{HEAD}    e1:\n{BLOCK}".encode()
    root = write_host(tmp_path / "gpu-0", {"a.yaml": text + tail})
    made = written_strip(root, tmp_path / "out")
    data = (made / "hosts/gpu-0/etc/netplan/a.yaml").read_bytes()
    assert data == f"{HEAD}    e1:\n{ADDED}".encode() + tail


def test_byte_order_marks_may_be_several(tmp_path):
    text = "\ufeff\ufeff" + f"{HEAD}    e1:\n{BLOCK}"
    wanted = "\ufeff\ufeff" + f"{HEAD}    e1:\n{ADDED}"
    assert only(stripped(tmp_path, text)) == wanted


def test_what_comes_takes_the_place_of_the_first_that_goes(tmp_path):
    """By the order of the text, however many entries there are, and with its break."""
    other = [f"      {key}: false\r\n" for key in ("dhcp6", "wakeonlan", "critical")]
    other += ["      mtu: 9216\r\n", "      accept-ra: no\r\n"]
    other += ["      ignore-carrier: false\r\n", "      ipv6-privacy: false\r\n"]
    routes = "      routes: [{to: 172.16.0.0/15, via: 172.16.0.1}]\n"
    addresses = "      addresses: [172.16.0.0/31]\r\n"
    text = f"{HEAD}    e1:\n{other[0]}{routes}{''.join(other[1:])}{addresses}"
    wanted = f"{HEAD}    e1:\n{other[0]}{ADDED}{''.join(other[1:])}"
    assert only(stripped(tmp_path, text)) == wanted


@pytest.mark.parametrize(
    ("comments", "left"),
    [
        ("        # own\n", ""),
        ("\n        # own\n", ""),
        ("      # next\n        # next too\n", "      # next\n        # next too\n"),
        ("\n      # next\n", "\n      # next\n"),
    ],
)
def test_comments_that_are_set_deeper_are_its_own(comments, left, tmp_path):
    text = f"{HEAD}    e1:\n{BLOCK}{comments}      mtu: 9216\n"
    assert (
        only(stripped(tmp_path, text))
        == f"{HEAD}    e1:\n{ADDED}{left}      mtu: 9216\n"
    )


def test_a_value_on_a_line_of_its_own_is_put_right(tmp_path):
    text = f"{HEAD}    e1:\n      optional:\n        off\n{BLOCK}      dhcp4:\t&no no\n      dhcp6: *no\n"
    wanted = f"{HEAD}    e1:\n      optional: true\n      link-local: []\n      dhcp4:\t&no no\n      dhcp6: *no\n"
    assert only(stripped(tmp_path, text)) == wanted


def test_files_with_a_dot_in_front_are_none_of_netplan_s(tmp_path):
    files = {"60.yaml": f"{HEAD}    e1: {{{RAIL}}}\n", ".60.yaml": "[not: netplan"}
    assert list(stripped(tmp_path, files).files) == ["60.yaml"]


# -- several files ----------------------------------------------------------------


def test_what_is_left_without_entries_is_an_empty_mapping(tmp_path):
    files = {
        "1.yaml": f"{HEAD}    e1:\n{BLOCK}      mtu: 9216\n",
        "2.yaml": f"{HEAD}    e1:  # more\n      routes:\n      - {{to: 172.16.0.0/12, via: 172.16.0.1}}\n",
        "3.yaml": f"{HEAD}    e1: &e  # more\n      routing-policy:\n      - {{from: 172.16.0.0, table: 7}}\n",
        "4.yaml": f"{HEAD}    e1: {{routing-policy: [{{from: 172.16.0.0, table: 8}}],}}\n",
    }
    assert stripped(tmp_path, files).files == {
        "1.yaml": f"{HEAD}    e1:\n{ADDED}      mtu: 9216\n",
        "2.yaml": f"{HEAD}    e1: {{}}  # more\n",
        "3.yaml": f"{HEAD}    e1: &e {{}}  # more\n",
        "4.yaml": f"{HEAD}    e1: {{}}\n",
    }


@pytest.mark.parametrize(
    "tag", ["!!map", "!<tag:yaml.org,2002:map>", "&e !!map", "!!map &e"]
)
def test_braces_come_behind_a_tag(tag, tmp_path):
    routes = "!!str routes: [{to: 172.16.0.0/12, via: 172.16.0.1}]"
    files = {
        "1.yaml": f"{HEAD}    e1: {{{RAIL}}}\n",
        "2.yaml": f"{HEAD}    e1: {tag}\n      {routes}\n    eno1: {{}}\n",
        "3.yaml": f"{HEAD}    e1\t:\n      {routes}\n",
    }
    made = stripped(tmp_path, files)
    assert made.files["2.yaml"] == f"{HEAD}    e1: {tag} {{}}\n    eno1: {{}}\n"
    assert made.files["3.yaml"] == f"{HEAD}    e1\t: {{}}\n"


def test_files_without_rails_are_copied_as_they_are(tmp_path):
    files = {
        "10.yaml": b"network: {ethernets: {eno1:   {dhcp4: true}}}   \n\n# \xc3\xa9",
        "20.yaml": f"{HEAD}    e1:\n{BLOCK}",
    }
    made = stripped(tmp_path, files)
    assert made.files["10.yaml"].encode() == files["10.yaml"]


# -- braces -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{%s, mtu: 9}", "{%s, mtu: 9}"),
        ("{ mtu: 9, %s }", "{ mtu: 9, %s }"),
        ("{mtu: 9, %s, wakeonlan: no}", "{mtu: 9, %s, wakeonlan: no}"),
        ("{%s}", "{%s}"),
        ("{%s,}", "{%s,}"),
        ("{mtu: 9, %s,}", "{mtu: 9, %s,}"),
    ],
)
def test_on_one_line(before, after, tmp_path):
    added = "dhcp4: false, link-local: [], optional: true"
    text = f"{HEAD}    e1: {before % RAIL}\n"
    assert only(stripped(tmp_path, text)) == f"{HEAD}    e1: {after % added}\n"


def test_on_lines_of_their_own(tmp_path):
    text = (
        HEAD
        + """\
    e1: {
      mtu: 9,  # nine
      addresses: [172.16.0.0/31],  # link
      routes: [
        {to: 172.16.0.0/15, via: 172.16.0.1}
      ]
    }
"""
    )
    wanted = (
        HEAD
        + """\
    e1: {
      mtu: 9,  # nine
      dhcp4: false,
      link-local: [],
      optional: true
    }
"""
    )
    assert only(stripped(tmp_path, text)) == wanted


def test_runs_of_lines_get_what_comes_once(tmp_path):
    text = (
        HEAD
        + """\
    e1: {
      addresses: [172.16.0.0/31],
      mtu: 9,
      routes: [{to: 172.16.0.0/15, via: 172.16.0.1}],
      dhcp6: no
    }
"""
    )
    wanted = (
        HEAD
        + """\
    e1: {
      dhcp4: false,
      link-local: [],
      optional: true,
      mtu: 9,
      dhcp6: no
    }
"""
    )
    assert only(stripped(tmp_path, text)) == wanted


def test_json_stays_json(tmp_path):
    rail = {
        "addresses": ["172.16.0.0/31"],
        "mtu": 9216,
        "routes": [{"to": "172.16.0.0/15", "via": "172.16.0.1"}],
    }
    other = {"addresses": ["10.20.0.2/24"], "mtu": 1500}
    body = {"network": {"version": 2, "ethernets": {"e1": rail, "eno1": other}}}
    made = only(stripped(tmp_path, json.dumps(body, indent=2)))
    for key in ("addresses", "routes"):
        del rail[key]
    rail.update({"dhcp4": False, "link-local": [], "optional": True})
    assert json.loads(made) == body


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("mtu: 9,  # nine\n %s}", "mtu: 9,  # nine\n %s}"),
        ("%s,  # link\n # nine\n mtu: 9}", "%s,\n # nine\n mtu: 9}"),
        ("%s,\n # nine\n mtu: 9}", "%s,\n # nine\n mtu: 9}"),
        ("%s,  # link\n mtu: 9}", "%s, mtu: 9}"),
    ],
)
def test_comments_of_neighbours_within_braces_stay(before, after, tmp_path):
    added = "dhcp4: false, link-local: [], optional: true"
    text = f"{HEAD}    e1: {{{before % RAIL}\n"
    assert only(stripped(tmp_path, text)) == f"{HEAD}    e1: {{{after % added}\n"


# -- anchors ----------------------------------------------------------------------


def test_an_anchor_that_goes_is_set_where_it_is_used_next(tmp_path):
    text = (
        HEAD
        + """\
    e1:
      addresses: [172.16.0.0/31]
      routes:
      - to: 172.16.0.0/15
        via: 172.16.0.1
        mtu: &mtu 9216
      nameservers: {addresses: &servers [10.0.0.1, "fd00::1"], search: [a b]}
      mtu: *mtu
      routing-policy: &policies
      - {from: 10.20.0.2, table: &table 101}
    eno1:
      mtu: *mtu
      addresses: [10.20.0.2/24]
      routing-policy: *policies
    eno2:
      routing-policy: *policies
      nameservers: {addresses: *servers}
      routes: [{to: 10.9.0.0/16, via: 10.20.0.1, table: *table}]
"""
    )
    wanted = (
        HEAD
        + """\
    e1:
      dhcp4: false
      link-local: []
      optional: true
      nameservers: {addresses: &servers [10.0.0.1, "fd00::1"], search: [a b]}
      mtu: &mtu 9216
    eno1:
      mtu: *mtu
      addresses: [10.20.0.2/24]
      routing-policy: &policies [{from: 10.20.0.2, table: &table 101}]
    eno2:
      routing-policy: *policies
      nameservers: {addresses: *servers}
      routes: [{to: 10.9.0.0/16, via: 10.20.0.1, table: *table}]
"""
    )
    assert only(stripped(tmp_path, text)) == wanted


def test_keys_that_are_aliases(tmp_path):
    text = (
        HEAD
        + """\
    eno1: {&a addresses: [10.20.0.2/24], &r routes: [{to: 10.0.0.0/8, via: 10.20.0.1}]}
    e1: {*a : [172.16.0.0/31], *r : [{to: 172.16.0.0/15, via: 172.16.0.1}]}
"""
    )
    wanted = text[: text.index("    e1")]
    wanted += "    e1: {dhcp4: false, link-local: [], optional: true}\n"
    assert only(stripped(tmp_path, text)) == wanted


def test_an_anchor_named_as_a_key_is_no_such_key(tmp_path):
    """And an anchored key that goes is written where it is used next."""
    text = (
        HEAD
        + """\
    e1: {&mtu addresses: [172.16.0.0/31], &routes mtu: 9216}
    e2: {*mtu : [172.18.0.0/31], *routes : 9216, routes: [{to: 172.18.0.0/15, via: 172.18.0.1}]}
    e1: {routes: [{to: 172.16.0.0/15, via: 172.16.0.1}]}
    eno1: {*mtu : [10.20.0.2/24], *routes : 1500}
"""
    )
    added = "dhcp4: false, link-local: [], optional: true"
    wanted = (
        HEAD
        + f"""\
    e1: {{{added}, &routes mtu: 9216}}
    e2: {{{added}, *routes : 9216}}
    e1: {{}}
    eno1: {{&mtu addresses : [10.20.0.2/24], *routes : 1500}}
"""
    )
    assert only(stripped(tmp_path, text)) == wanted


@pytest.mark.parametrize("label", ["rail: #1", "\U0001f686", "a\\x7fb"])
def test_aliases_that_go_with_their_anchor(label, tmp_path):
    """And what is moved keeps its aliases, and its text in quotes where it must."""
    text = (
        HEAD
        + """\
    eno0: {mtu: &mtu 1500}
    e1:
      addresses: [{172.16.0.0/31: {label: &label "LABEL"}}]
      routes:
      - &route {to: 172.16.0.0/15, via: &leaf 172.16.0.1, mtu: *mtu}
      - {to: 172.16.0.0/12, via: *leaf}
    eno1:
      addresses: [{10.20.0.2/24: {label: *label}}]
      routes: [*route]
"""
    )
    text = text.replace("LABEL", label)
    wanted = (
        HEAD
        + """\
    eno0: {mtu: &mtu 1500}
    e1:
      dhcp4: false
      link-local: []
      optional: true
    eno1:
      addresses: [{10.20.0.2/24: {label: &label "LABEL"}}]
      routes: [&route {to: 172.16.0.0/15, via: &leaf 172.16.0.1, mtu: *mtu}]
"""
    )
    wanted = wanted.replace("LABEL", label.replace("x7f", "u007f"))
    assert only(stripped(tmp_path, text)) == wanted


def test_routes_that_a_vrf_shares_with_its_rail_are_not_cut_twice(tmp_path):
    text = (
        HEAD
        + """\
    e1:
      addresses: [172.16.0.0/31]
      routes: &routes
      - {to: 172.16.0.0/15, via: 172.16.0.1, table: 101}
      - {to: 10.0.0.0/8, type: unreachable, table: 101}
  vrfs: {v: {table: 101, interfaces: [e1], routes: *routes}}
"""
    )
    made = stripped(tmp_path, text)
    assert "NK701" in made.codes
    assert any("write it out in both places" in m for m in made.messages)


def test_rails_that_share_a_mapping(tmp_path):
    files = {
        "1.yaml": f"{HEAD}    e1: &rail {{mtu: 9216, optional: false}}\n    e2: *rail\n",
        "2.yaml": f"{HEAD}    e1: {{{RAIL}}}\n    e2: {{{RAIL.replace('.16.', '.18.')}}}\n",
    }
    added = "{dhcp4: false, link-local: []}"
    assert stripped(tmp_path, files).files == {
        "1.yaml": f"{HEAD}    e1: &rail {{mtu: 9216, optional: true}}\n    e2: *rail\n",
        "2.yaml": f"{HEAD}    e1: {added}\n    e2: {added}\n",
    }


def test_a_mapping_shared_with_what_is_no_rail_is_refused(tmp_path):
    files = {
        "1.yaml": f"{HEAD}    eno1: &all {{optional: false}}\n    e1: *all\n",
        "2.yaml": f"{HEAD}    e1: {{{RAIL}}}\n",
    }
    made = stripped(tmp_path, files)
    assert made.codes == ["NK701"]
    assert "optional of ethernet eno1 is not as it must be" in made.messages[0]
    assert made.files == {}


# -- VRFs and renderers -----------------------------------------------------------


def test_a_vrf_loses_what_goes_over_its_rails(tmp_path):
    text = (
        HEAD
        + """\
    e1: {addresses: [172.16.0.0/31]}
  vrfs:
    v1:
      table: 101
      interfaces: [e1]
      routes:
        - to: 172.16.0.0/15
          via: 172.16.0.1
        # the end
        - {to: 0.0.0.0/0, type: unreachable, metric: 4278198272}
      routing-policy:
      - from: 172.16.0.0
      - from: 172.20.0.0/16
"""
    )
    wanted = (
        HEAD
        + """\
    e1: {dhcp4: false, link-local: [], optional: true}
  vrfs:
    v1:
      table: 101
      interfaces: [e1]
      routes:
        # the end
        - {to: 0.0.0.0/0, type: unreachable, metric: 4278198272}
      routing-policy:
      - from: 172.20.0.0/16
"""
    )
    assert only(stripped(tmp_path, text)) == wanted


def test_comments_at_an_item_s_keys_go_with_it(tmp_path):
    text = (
        HEAD
        + """\
    e1: {addresses: [172.16.0.0/31]}
    eno1: {addresses: [172.20.0.2/24]}
  vrfs:
    v:
      table: 101
      interfaces: [e1, eno1]
      routes:
        - to: 172.16.0.0/15
          via: 172.16.0.1
          # own
        - {to: 10.0.0.0/8, via: 172.20.0.1}
      routing-policy: [{from: 172.20.0.0/24}]
"""
    )
    made = stripped(tmp_path, text)
    assert made.codes == []
    assert "# own" not in only(made)


def test_a_vrf_of_others_with_a_route_over_a_rail_is_named(tmp_path):
    text = f"{HEAD}    e1: {{{RAIL}}}\n    eno1: {{}}\n  vrfs:\n    v: {{table: 7, interfaces: [eno1], routes: [{{to: 10.0.0.0/8, via: 172.16.0.1}}]}}\n"
    assert stripped(tmp_path, text).codes == ["NK704"]


VRF = f"""\
{HEAD}    e1: {{addresses: [172.16.0.0/31]}}
  vrfs:
    v:
      table: 101
      interfaces: [e1]
      routing-policy: [{{from: 172.16.0.0}}]
      routes:
        - {{to: 172.16.0.0/15, via: 172.16.0.1}}
        - {{to: 0.0.0.0/0, type: unreachable, metric: 4278198272}}
"""


def test_a_vrf_is_not_left_with_routes_alone(tmp_path):
    """On which netplan 0.106 crashes."""
    made = stripped(tmp_path, VRF)
    assert made.codes == ["NK704"]
    text = only(made)
    assert "routing-policy: [{from: 172.16.0.0}]" in text
    assert "via: 172.16.0.1" not in text


@pytest.mark.parametrize(
    ("prefix", "is_left"),
    [("172.16.0.0/12", True), ("172.16.0.0/30", True), ("172.16.0.0/31", False)],
)
def test_a_policy_for_more_than_the_link_is_not_the_rail_s(prefix, is_left, tmp_path):
    """It is for other interfaces of the VRF too."""
    text = (
        HEAD
        + f"""\
    e1: {{addresses: [172.16.0.0/31]}}
    eno1: {{addresses: [172.20.0.2/24]}}
  vrfs:
    v:
      table: 7
      interfaces: [e1, eno1]
      routes: [{{to: 172.16.0.0/15, via: 172.16.0.1}}]
      routing-policy: [{{from: {prefix}}}]
"""
    )
    assert (f"from: {prefix}" in only(stripped(tmp_path, text))) is is_left


def test_items_within_brackets_go_from_comma_to_comma(tmp_path):
    route = "{to: 172.16.0.0/15, via: 172.16.0.1}"
    last = "{to: 10.0.0.0/8, via: 10.0.0.1}"
    vrfs = "  vrfs: {v: {table: 7, interfaces: [e1], routes: [%s]}}\n"
    text = f"{HEAD}    e1: {{addresses: [172.16.0.0/31]}}\n{vrfs % f'{route}, {last}'}"
    assert only(stripped(tmp_path, text)).endswith(vrfs % last)


def test_rails_of_network_manager(tmp_path):
    text = f"network:\n  renderer: NetworkManager\n  ethernets:\n    e1:\n{BLOCK}"
    silent = "{passthrough: {ipv4.method: disabled, ipv6.method: disabled}}"
    wanted = f"    e1:\n{ADDED}      networkmanager: {silent}\n"
    assert only(stripped(tmp_path, text)).endswith(wanted)


def test_network_manager_settings_of_a_rail_are_not_mended(tmp_path):
    text = f"network: {{renderer: NetworkManager, ethernets: {{e1: {{{RAIL}, networkmanager: {{name: rail}}}}}}}}\n"
    made = stripped(tmp_path, text)
    assert made.codes == ["NK701"]
    assert "169.254.0.0/16" in made.messages[0]


@pytest.mark.parametrize(
    ("everywhere", "section", "own", "is_silenced"),
    [
        ("networkd", "", "renderer: NetworkManager, ", True),
        ("networkd", "renderer: NetworkManager, ", "", True),
        ("NetworkManager", "", "renderer: networkd, ", False),
    ],
)
def test_the_renderer_of_the_rail_counts(
    everywhere, section, own, is_silenced, tmp_path
):
    text = f"network: {{renderer: {everywhere}, ethernets: {{{section}e1: {{{own}{RAIL}}}}}}}\n"
    assert ("passthrough" in only(stripped(tmp_path, text))) is is_silenced


def test_network_manager_settings_of_a_rail_may_be_right(tmp_path):
    silent = "{passthrough: {ipv4.method: disabled, ipv6.method: disabled}}"
    text = f"network: {{renderer: NetworkManager, ethernets: {{e1: {{{RAIL}, networkmanager: {silent}}}}}}}\n"
    assert only(stripped(tmp_path, text)).count("passthrough") == 1


# -- refusals ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f"{HEAD}    ? e1\n    : addresses: [172.16.0.0/31]\n      routes: [{{to: 172.16.0.0/15, via: 172.16.0.1}}]\n", "NK701"),
        (f"{HEAD}    e1: {{{RAIL}, gateway4: 172.16.0.1}}\n", "NK307"),
        (f"{HEAD}    e1: {{{RAIL}}}\n  bonds: {{b: {{interfaces: [e1]}}}}\n", "NK310"),
        (f"{HEAD}    e1: {{{RAIL}}}\n  bridges: {{b: {{interfaces: [e1]}}}}\n", "NK310"),
        (f"{HEAD}    e1: {{{RAIL}}}\n  vlans: {{v: {{id: 7, link: e1}}}}\n", "NK703"),
        (f"{HEAD}    e1: {{{RAIL}}}\n  tunnels: {{x: {{mode: vxlan, id: 7, link: e1, remote: 10.0.0.9}}}}\n", "NK703"),
        (f"{HEAD}    e1: {{{RAIL}, dhcp4: true}}\n", "NK324"),
        (f"{HEAD}    e1: {{{RAIL}, mtuu: 9}}\n", "NK101"),
        (f"{HEAD}    eno1: {{dhcp4: true}}\n", "NK317"),
        (f"{HEAD}    eno1: {{dhcp4: true}}\n  vlans: {{v: {{id: 7, link: eno1, dhcp4: false, link-local: [], optional: true}}}}\n", "NK317"),
    ],
)  # fmt: skip
def test_refused_with_a_finding(text, code, tmp_path):
    made = stripped(tmp_path, text)
    assert code in made.codes, made
    assert made.files == {}


def test_the_place_of_what_cannot_be_cut_is_told(tmp_path, run):
    text = f"{HEAD}    e1:\n      routes: [{{to: 172.16.0.0/15, via: 172.16.0.1}}]\n      ? addresses\n      : [172.16.0.0/31]\n"
    root = write_host(tmp_path / "gpu-0", {"60.yaml": text})
    done = run("strip", root, "--no-config")
    assert done.code == 1
    assert "60.yaml:6:9: NK701 " in done.err
    assert "this entry shares its line with something else" in done.err


def test_a_rail_that_is_a_vlan_is_refused(tmp_path):
    from netplan2k8s.settings import RailSetting

    text = f"{HEAD}    e1: {{}}\n  vlans:\n    v7: {{id: 7, link: e1, {RAIL}}}\n"
    settings = Settings(rails=(RailSetting(1, interface="v7"),))
    made = stripped(tmp_path, text, settings)
    assert "NK703" in made.codes


@pytest.mark.parametrize("place", ["run", "lib"])
def test_a_rail_that_would_come_back_is_refused(place, tmp_path):
    files = {f"{place}/netplan/1.yaml": f"{HEAD}    e1: {{{RAIL}}}\n"}
    assert stripped(tmp_path, files).codes == ["NK702"]


def test_every_file_that_would_come_back_is_named(tmp_path):
    rail = f"{HEAD}    e1: {{{RAIL}}}\n"
    files = {"run/netplan/1.yaml": rail, "lib/netplan/2.yaml": rail.replace("e1", "e2").replace(".16.", ".18.")}  # fmt: skip
    assert stripped(tmp_path, files).codes == ["NK702", "NK702"]


HIDING = f"{HEAD}    eno1: {{dhcp4: true}}\n"


@pytest.mark.parametrize("hidden", ["e1", "other"])
@pytest.mark.parametrize("place", ["etc", "lib"])
def test_a_rail_that_a_file_of_run_hides_is_refused(place, hidden, tmp_path):
    files = {
        "a.yaml": f"{HEAD}    e1: {{{RAIL}}}\n",
        f"{place}/netplan/b.yaml": f"{HEAD}    {hidden}: {{{RAIL}}}\n",
        "run/netplan/b.yaml": HIDING,
    }
    made = stripped(tmp_path, files)
    assert [f for f in made.codes if f != "NK006"] == ["NK702"]
    said = f"{hidden} of gpu-0 has addresses and routes in this file"
    assert any(said in message for message in made.messages)


@pytest.mark.parametrize("hiding", [HIDING, None])
def test_what_a_file_of_run_hides_may_be_anything_else(hiding, tmp_path):
    rail = f"{HEAD}    e1: {{{RAIL}}}\n"
    hidden = f"{HEAD}    e1: {{mtu: 9216}}\n    eno2: {{addresses: [10.0.0.1/24]}}\n"
    root = write_host(tmp_path / "gpu-0", {"a.yaml": rail, "b.yaml": hidden})
    (root / "run/netplan").mkdir(parents=True)
    if hiding:
        (root / "run/netplan/b.yaml").write_text(hiding)
    else:
        (root / "run/netplan/b.yaml").symlink_to("/dev/null")
    assert "NK702" not in stripped(tmp_path, {}).codes


@pytest.mark.parametrize("place", ["run/cloud/rails", "usr/share/rails/60"])
def test_a_rail_in_a_file_that_a_link_leads_to(place, tmp_path):
    root = write_host(tmp_path / "gpu-0", {place: f"{HEAD}    e1: {{{RAIL}}}\n"})
    (root / "etc/netplan").mkdir(parents=True)
    (root / "etc/netplan/60.yaml").symlink_to(f"/{place}")
    assert stripped(tmp_path, {}).codes == ["NK702"]


def test_what_serves_nothing_without_the_rail_is_named(tmp_path):
    other = "addresses: [10.0.0.2/24], routes: [{to: 10.9.0.0/16, via: 172.16.0.1}], routing-policy: [{from: 172.16.0.0/32, table: 9}]"
    text = f"{HEAD}    e1: {{{RAIL}}}\n    eno1: {{{other}}}\n"
    made = stripped(tmp_path, text)
    assert made.codes == ["NK704", "NK704"]
    assert other in only(made)


# -- stripped before --------------------------------------------------------------


def test_a_host_that_is_half_stripped_is_finished(tmp_path):
    text = f"{HEAD}    e1:\n{ADDED}    e2: {{{RAIL}}}\n"
    made = stripped(tmp_path, text)
    assert made.codes == []
    assert "172." not in only(made)


SECOND = "addresses: [172.18.0.0/31], routes: [{to: 172.18.0.0/15, via: 172.18.0.1}]"
SILENT = "{dhcp4: false, link-local: [], optional: true}"


@pytest.mark.parametrize(
    "rail",
    [
        "addresses: [172.18.0.0/31, 172.20.0.0/31], routes: [{to: 172.18.0.0/15, via: 172.18.0.1}]",
        "addresses: [172.18.0.0/31]",
    ],
)
def test_a_host_with_a_rail_that_is_none_yet_is_not_done(rail, tmp_path):
    """What is wrong with the rest of a half stripped host is said."""
    text = f"{HEAD}    e1: {SILENT}\n    e2: {{{rail}}}\n"
    made = stripped(tmp_path, text)
    assert [code for code in made.codes if code.startswith("NK3")]
    assert made.files == {}


@pytest.mark.parametrize("first", [SILENT, f"{{{RAIL}}}"], ids=["half", "whole"])
def test_rails_by_the_pci_addresses_of_a_table(first, tmp_path):
    """A NIC that is silent by itself makes no host a stripped one."""
    from netplan2k8s.settings import RailSetting

    table = tmp_path / "inventory.csv"
    table.write_text(
        "node,interface,pci\ngpu-0,e1,0000:1a:00.0\ngpu-0,e2,0000:1b:00.0\n"
    )
    rails = (
        RailSetting(1, pci_addresses=("0000:1a:00.0",)),
        RailSetting(2, pci_addresses=("0000:1b:00.0",)),
    )
    settings = Settings(rails=rails, inventory=(str(table),))
    text = f"{HEAD}    eno1: {SILENT}\n    e1: {first}\n    e2: {{{SECOND}}}\n"
    made = stripped(tmp_path, text, settings)
    assert made.codes == (["NK707"] if first == SILENT else [])
    assert all(said.startswith("e1 of gpu-0 was stripped") for said in made.messages)
    assert "172." not in "".join(made.files.values())


def test_a_link_whose_pci_address_nobody_knows_may_be_a_rail(tmp_path):
    """A silent NIC beside it makes no host a stripped one."""
    from netplan2k8s.settings import RailSetting

    settings = Settings(rails=(RailSetting(1, pci_addresses=("0000:1a:00.0",)),))
    text = f"{HEAD}    eno1: {SILENT}\n    rail: {{{RAIL}}}\n"
    made = stripped(tmp_path, text, settings)
    assert [code for code in made.codes if code.startswith("NK3")]
    assert made.files == {}
    lan = text.replace(f"{{{RAIL}}}", "{addresses: [10.0.0.2/24]}")
    assert stripped(tmp_path / "lan", lan, settings).codes == []


def test_rails_by_settings_may_be_stripped_by_half(tmp_path):
    from netplan2k8s.settings import RailSetting

    rails = (RailSetting(1, interface="e1"), RailSetting(2, interface="e2"))
    settings = Settings(rails=rails)
    text = f"{HEAD}    e1: {SILENT}\n    e2: {{{SECOND}}}\n"
    made = stripped(tmp_path, text, settings)
    assert made.codes == ["NK707"]
    assert made.messages[0].startswith("e1 of gpu-0 was stripped before: ")
    assert "172." not in "".join(made.files.values())
    bare = f"{text}    e3: {{dhcp4: false}}\n"
    settings = Settings(rails=(*rails, RailSetting(3, interface="e3")))
    codes = stripped(tmp_path / "bare", bare, settings).codes
    assert sorted(codes) == ["NK314", "NK707"]
    done = text.replace(f"{{{SECOND}}}", SILENT)
    assert stripped(tmp_path / "done", done, settings).files == {}


def test_rails_by_the_pci_addresses_that_the_host_tells(tmp_path):
    from netplan2k8s.settings import RailSetting

    text = f"{HEAD}    eno1: {SILENT}\n    e1: {{{RAIL}}}\n"
    links = [{"ifname": "e1", "parentbus": "pci", "parentdev": "0000:1a:00.0"}]
    files = {"a.yaml": text, "./ip-link.json": json.dumps(links)}
    settings = Settings(rails=(RailSetting(1, pci_addresses=("0000:1a:00.0",)),))
    assert "172." not in only(stripped(tmp_path, files, settings))


def test_an_interface_with_a_longer_name_stays(tmp_path):
    other = "    e10: {addresses: [10.20.0.2/24], routes: [{to: 10.0.0.0/8, via: 10.20.0.1}]}\n"
    text = f"{HEAD}    e1: {{{RAIL}}}\n"
    wanted = f"{HEAD}    e1: {SILENT}\n"
    assert only(stripped(tmp_path, text + other)) == wanted + other


# -- real hosts and real netplan --------------------------------------------------


@needs(CASES / "hosts")
@pytest.mark.parametrize("name", sorted(p.name for p in CASES.glob("hosts/*")))
def test_public_hosts_are_stripped_or_refused(name, run, tmp_path):
    """With the proof, in which nobody else is the judge than netplan's reader."""
    names = tmp_path / "names"
    names.write_text(f"{name} {name.replace('_', '-')}\n")
    root = CASES / "hosts" / name
    out = tmp_path / "out"
    done = run(
        "strip", root, "--no-config", "--node-names", names, "--write", "-o", out
    )
    assert "Traceback" not in done.err
    if done.code:
        assert " NK" in done.err
        assert not out.exists()
        return
    new = out / "hosts" / name.replace("_", "-")
    before = read_host(DirectoryTree(str(root)), "node")
    after = read_host(DirectoryTree(str(new)), "node")
    gone = [
        i
        for i, definition in before.definitions.items()
        if definition.settings != after.definitions[i].settings
    ]
    assert gone
    for path in (root / "etc/netplan").iterdir():
        kept = out / "rollback" / new.name / "etc/netplan" / path.name
        assert kept.read_bytes() == path.read_bytes()


def test_planted_faults_of_a_result_are_found(tmp_path):
    """The proof alone, against results that somebody got wrong."""
    from netplan2k8s.addressing import parse_prefix

    other = "    eno1: {addresses: [10.0.0.2/24], mtu: 1500, link-local: []}\n"
    good = f"{HEAD}    e1:\n{ADDED}{other}"
    links = {"e1": parse_prefix("172.16.0.0/31")}
    write_host(tmp_path / "old", {"a.yaml": f"{HEAD}    e1: {{{RAIL}}}\n{other}"})
    old = read_host(DirectoryTree(str(tmp_path / "old")), "node")

    def wrong(text: str) -> list[str]:
        write_host(tmp_path / "new", {"a.yaml": text})
        try:
            new = read_host(DirectoryTree(str(tmp_path / "new")), "node")
        except InputError as error:
            return [str(error)]
        new = type(new)("node", new.definitions, new.settings, old.files)
        return list(differences(old, new, links))

    assert wrong(good) == []
    for fault in (
        good.replace("optional: true", "optional: false"),
        good.replace("link-local: []", "link-local: [ipv4]"),
        good.replace("      dhcp4: false\n", ""),
        good.replace("1500", "9000"),
        good.replace("10.0.0.2", "10.0.0.3"),
        good.replace(other, ""),
        good.replace("e1:", "e1:\n      addresses: [172.16.0.0/31]"),
        good.replace("version: 2", "renderer: NetworkManager"),
        good.replace(HEAD, f"{HEAD}    renderer: NetworkManager\n"),
        good.replace(", link-local: []", ""),
        good.replace(other, "").replace(HEAD, HEAD + other),
        good + "    e3: {}\n",
        good.replace(ADDED, ADDED + "      mtu: 9216\n"),
    ):
        assert wrong(fault), fault
    assert list(differences(old, dataclasses.replace(old, files=()), {}))


FLEETS = sorted(path.parent.name for path in FIXTURES.glob("*/hosts"))


def options(fleet: str) -> list[str]:
    directory = FIXTURES / fleet
    chosen = ["--no-config"]
    if (directory / "netplan2k8s.yaml").exists():
        chosen = ["--config", str(directory / "netplan2k8s.yaml")]
    table = directory / "inventory.csv"
    return [*chosen, "--inventory", str(table)] if table.exists() else chosen


@pytest.mark.parametrize("fleet", FLEETS)
def test_every_fixture_is_stripped_and_stays_so(fleet, run, tmp_path):
    out = tmp_path / "out"
    chosen = options(fleet)
    done = run("strip", FIXTURES / fleet / "hosts", *chosen, "--write", "-o", out)
    assert done.code == 0, done.err
    assert "all else proven as before" in done.out
    again = run("strip", out / "hosts", *chosen)
    assert again.code == 0, again.err
    assert again.out.startswith("stripped already: ")


@pytest.mark.parametrize(
    "name", sorted(p.name for p in (FIXTURES / "invalid").iterdir())
)
def test_broken_fleets_are_stripped_or_refused(name, run, tmp_path):
    directory = FIXTURES / "invalid" / name
    settings = directory / "netplan2k8s.yaml"
    config = ["--config", settings] if settings.exists() else ["--no-config"]
    hosts = directory / "hosts"
    done = run("strip", hosts, *config, "--write", "-o", tmp_path / "out")
    assert "Traceback" not in done.err
    assert (done.code == 0) is (tmp_path / "out").exists()
    if done.code:
        assert " NK" in done.err


@pytest.mark.parametrize("key", ["addresses", "routes", "routing-policy"])
def test_the_proof_finds_what_the_stripper_forgets(key, tmp_path, monkeypatch):
    """It does not go by the stripper's own list."""
    from netplan2k8s.strip import rail_text

    left = tuple(gone for gone in rail_text.GONE if gone != key)
    monkeypatch.setattr(rail_text, "GONE", left)
    policy = "routing-policy: [{from: 172.16.0.0, table: 101}]"
    text = f"{HEAD}    e1: {{optional: true, {RAIL}, {policy}}}\n"
    made = stripped(tmp_path, text)
    assert made.codes == ["NK701"]
    assert f"{key} of rail e1 is not as it must be" in made.messages[0]
