"""One table for many hosts: columns node, interface and/or mac, pci, as CSV or JSON."""

from __future__ import annotations

import csv
import io
import os
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from netplan2k8s import pci
from netplan2k8s.catalogue import UNREADABLE_INVENTORY
from netplan2k8s.findings import Finding, InputError, Span
from netplan2k8s.inputs import read_text
from netplan2k8s.inventory.facts import Fact, HostInventory, UnreadableError, collect
from netplan2k8s.inventory.ip_link import load_list

COLUMNS = ("node", "interface", "mac", "pci")


def read_table(path: str) -> dict[str, HostInventory]:
    """Read the inventory of a fleet, by node name.

    Raises:
        InputError: NK001 or NK201, every bad row at once.
    """
    text = read_text(path, UNREADABLE_INVENTORY)
    findings: list[Finding] = []
    facts: dict[str, list[Fact]] = defaultdict(list)
    try:
        for line, row in _rows(path, text):
            fact = _fact(row, f"inventory {os.path.basename(path)}")
            if isinstance(fact, str):
                findings.append(_finding(path, line, fact))
            else:
                facts[row["node"]].append(fact)
    except UnreadableError as error:
        findings.append(_finding(path, error.line, error.message, error.column))
    if findings:
        raise InputError(*findings)
    return {node: collect(rows) for node, rows in facts.items()}


def _rows(path: str, text: str) -> Iterator[tuple[int, dict[str, str]]]:
    if path.endswith(".json"):
        items = load_list(
            text, "a JSON list of objects with node, interface or mac, pci"
        )
        for number, item in enumerate(items, 1):
            yield 1, _strings(item, number)
        return
    try:
        reader = csv.DictReader(io.StringIO(text), strict=True)
        columns = reader.fieldnames or ()
        if not {"node", "pci"} <= set(columns) or not {"interface", "mac"} & set(
            columns
        ):
            message = "its first line must name the columns node, interface or mac, pci"
            raise UnreadableError(message)
        for row in reader:
            yield reader.line_num, _strings(row, reader.line_num)
    except csv.Error as error:
        raise UnreadableError(f"is no CSV: {error}", reader.line_num) from error


def _strings(item: Any, number: int) -> dict[str, str]:  # noqa: ANN401  JSON
    if not isinstance(item, dict):
        raise UnreadableError(f"entry {number} is no object with {', '.join(COLUMNS)}")
    return {column: str(item.get(column) or "").strip() for column in COLUMNS}


def _fact(row: dict[str, str], source: str) -> Fact | str:
    if not row["node"] or not (row["interface"] or row["mac"]):
        return "a row needs node, and interface or mac"
    try:
        address = pci.canonical(row["pci"])
    except ValueError as error:
        return str(error)
    return Fact(source, row["interface"], row["mac"].lower(), address)


def _finding(path: str, line: int, message: str, column: int = 1) -> Finding:
    return Finding(UNREADABLE_INVENTORY, message, Span(path, line, column))
