"""Writes docs/mapping.md and docs/rules.md: ``python -m tests.docs_build``."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from netplan2k8s import rule_pages
from netplan2k8s.catalogue import RULES
from netplan2k8s.fabric.translation import ROUTE_KEYS, SETTINGS, Fate, Verdict

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

Every finding. The hundred of a code is its stage: 0 input and YAML, 1 Netplan, 2 inventory,
3 fabric, 4 manifests, 5 proof, 6 cluster, 7 the running host. Codes are never reused.
`netplan2k8s explain NK450` prints a page.

An example's blocks are files, by the name in their first line; without one a block is
`hosts/gpu-01/etc/netplan/60-rails.yaml` for what is wrong with hosts, and a manifest otherwise.
What stands under *Instead* replaces files of the example. A test runs all of them: `convert` on
hosts, `lint` on manifests, both with `lint --hosts`, or the commands that are shown; those that
need a cluster, on real API servers.

| code | name | severity | layer | what |
|---|---|---|---|---|
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
    listed = sorted(RULES.values(), key=lambda rule: rule.code)
    rows = "".join(
        f"| [{r.code}](#{r.code.lower()}-{r.name}) | {r.name} | {r.severity.value} |"
        f" {r.layer.value} | {r.summary} |\n"
        for r in listed
    )
    return RULES_HEAD + rows + "".join(f"\n{rule_pages.page(rule)}" for rule in listed)


PAGES = {"mapping": mapping, "rules": rules}


def main() -> None:
    for name, make in PAGES.items():
        (ROOT / "docs" / f"{name}.md").write_text(make())
    sys.stdout.write(f"wrote {', '.join(PAGES)}\n")


if __name__ == "__main__":
    main()
