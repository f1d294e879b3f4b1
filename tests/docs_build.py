"""Writes docs/mapping.md and docs/rules.md: ``python -m tests.docs_build``."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from netplan2k8s.catalogue import RULES
from netplan2k8s.fabric.translation import ROUTE_KEYS, SETTINGS, Fate, Verdict
from netplan2k8s.findings import Layer, Rule

ROOT = Path(__file__).resolve().parents[1]
MAPPING_HEAD = """\
# What becomes of every Netplan key

Every key that netplan knows on an ethernet or a VLAN, and on a route. What is *kept on the
host* must stay in Netplan (NK323); what is *lost* has no counterpart in a pod and is reported
(NK322, or NK321 where it changes the path of packets); what is *refused* is an error. This page
is made from the table that the program itself goes by.
"""
MAPPING_TAIL = """\
## Other device types

All of them are read, since netplan takes or refuses a host as a whole, and none becomes a
manifest by itself:

| section | when it meets a rail |
|---|---|
| `bonds`, `bridges` | a rail that is one, or a member of one, is an error (NK310) |
| `vlans` | one with a rail-like link is named (NK330) and taken where `rails:` in the settings say so |
| `vrfs` | routes over a rail's gateway count as the member's own |
| `wifis`, `modems`, `tunnels`, `dummy-devices`, `virtual-ethernets`, `nm-devices`, `openvswitch` | stay on the host |
"""
RULES_HEAD = """\
# Rules

Every finding, with an example where a bundled tree shows one. The hundred of a code is its
stage: input, Netplan, inventory, fabric, manifests. Codes are never reused.
"""


def mapping() -> str:
    parts = [MAPPING_HEAD]
    for title, table in (
        ("An interface's keys", SETTINGS),
        ("A route's keys", ROUTE_KEYS),
    ):
        parts.append(f"## {title}\n\n" + "\n".join(_rows(table)) + "\n")
    return "\n".join([*parts, MAPPING_TAIL])


def _rows(table: Mapping[str, Verdict]) -> Iterator[str]:
    yield "| key | fate | where, or why |"
    yield "|---|---|---|"
    order = list(Fate)
    for key, verdict in sorted(
        table.items(), key=lambda row: (order.index(row[1].fate), row[0])
    ):
        yield f"| `{key}` | {verdict.fate.value} | {verdict.reason} |"


def rules() -> str:
    return RULES_HEAD + "".join(_rule(rule) for rule in RULES.values())


def _rule(rule: Rule) -> str:
    layer = "YAML" if rule.layer is Layer.YAML else rule.layer.value
    text = f"\n## {rule.code} {rule.name}\n\n"
    text += f"{rule.severity.value.capitalize()}, {layer}: {rule.summary}.\n"
    example = _example(rule)
    return text + (f"\n    {example}\n" if example else "")


def _example(rule: Rule) -> str:
    """A line of a fixture: the one named after the rule, or the first that has it."""
    named = ROOT / "fixtures/invalid" / rule.name / "findings.txt"
    others = sorted(ROOT.glob("fixtures/**/findings.txt"))
    for path in ([named] if named.exists() else []) + others:
        for line in path.read_text().splitlines():
            if f": {rule.code} " in line:
                return line
    return ""


PAGES = {"mapping": mapping, "rules": rules}


def main() -> None:
    for name, make in PAGES.items():
        (ROOT / "docs" / f"{name}.md").write_text(make())
    sys.stdout.write(f"wrote {', '.join(PAGES)}\n")


if __name__ == "__main__":
    main()
