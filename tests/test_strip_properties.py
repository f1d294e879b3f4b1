"""Promises of strip: just the rails' lines go, and what is left means what it must."""

from __future__ import annotations

import tempfile
from pathlib import Path

import yaml
from hypothesis import given, settings

from tests.strip_hosts import host_texts
from tests.stripping import stripped


def meant(files: dict[str, str]) -> dict:
    """Every interface's keys over all files, as a plain YAML reader has them."""
    found: dict = {}
    for _, text in sorted(files.items()):
        loaded = yaml.load(text, Loader=yaml.BaseLoader)
        for name, keys in loaded["network"]["ethernets"].items():
            mine = found.setdefault(name, {})
            for key, value in keys.items():
                if isinstance(value, list) and key != "link-local":
                    mine[key] = mine.get(key, []) + value
                else:
                    mine[key] = value
    return found


@settings(max_examples=300)
@given(host_texts())
def test_just_the_lines_of_the_rails_go(host):
    with tempfile.TemporaryDirectory() as directory:
        made = stripped(Path(directory), host.before)
        assert made.codes == [], made
        assert made.files == host.after


@settings(max_examples=200)
@given(host_texts())
def test_what_is_left_means_what_it_must(host):
    wanted = meant(host.before)
    for rail in host.rails:
        for key in ("addresses", "routes", "routing-policy"):
            wanted[rail].pop(key, None)
        wanted[rail].update({"dhcp4": "false", "link-local": [], "optional": "true"})
    with tempfile.TemporaryDirectory() as directory:
        made = stripped(Path(directory), host.before)
        assert meant(made.files) == wanted


@settings(max_examples=100)
@given(host_texts())
def test_a_stripped_host_stays_as_it_is(host):
    with tempfile.TemporaryDirectory() as directory:
        assert stripped(Path(directory), host.after).files == {}
