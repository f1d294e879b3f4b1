"""The networks annotation against the recorded results of Multus."""

from __future__ import annotations

import json

import pytest

from netplan2k8s.simulate import multus
from tests.conftest import CASES, needs

RECORDED = CASES / "manifests" / "multus-annotation" / "multus-networks-cases.json"
pytestmark = needs(RECORDED)
ENTRIES = json.loads(RECORDED.read_text()) if RECORDED.exists() else []
POD = "<pod ns>"


def test_all_entries_are_here():
    assert len(ENTRIES) == 25


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["annotation"])
def test_annotation_is_read_as_multus_does(entry):
    if entry["parser"] == "error":
        with pytest.raises(multus.MultusError):
            multus.parse(entry["annotation"], POD)
    else:
        read = multus.parse(entry["annotation"], POD)
        assert [list(selection) for selection in read] == entry["result"]
