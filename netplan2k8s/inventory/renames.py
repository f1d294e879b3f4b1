"""Who names NICs on the host: udev rules and systemd .link files."""

from __future__ import annotations

import re
from collections.abc import Iterator

from netplan2k8s.inventory.facts import Fact, canonical_or_empty

_PAIR = re.compile(r'([A-Z_]+)(?:\{([^}]*)\})?\s*(==|!=|\+=|:=|=)\s*"([^"]*)"')
_SECTION = re.compile(r"^\[(\w+)\]\s*$")


def udev_rules(text: str, source: str) -> Iterator[Fact]:
    """Rules that give a network interface a name by PCI address or MAC."""
    joined = re.sub(r"\\\r?\n", " ", text)
    for line in joined.splitlines():
        if line.lstrip().startswith("#"):
            continue
        matches: dict[str, str] = {}
        name = ""
        for key, attribute, operator, value in _PAIR.findall(line):
            if key == "NAME" and operator in ("=", ":="):
                name = value
            elif operator == "==":
                matches[f"{key}{{{attribute}}}" if attribute else key] = value
        if name and "%" not in name and matches.get("SUBSYSTEM", "net") == "net":
            yield from _named(name, matches, source)


def _named(name: str, matches: dict[str, str], source: str) -> Iterator[Fact]:
    mac = matches.get("ATTR{address}") or matches.get("ATTRS{address}") or ""
    address = next(
        (
            found
            for key in ("KERNELS", "ENV{ID_PATH}", "ENV{PCI_SLOT_NAME}")
            if (found := canonical_or_empty(matches.get(key, "")))
        ),
        "",
    )
    if _is_mac(mac) or address:
        yield Fact(source, name, mac.lower() if _is_mac(mac) else "", address)


def link_file(text: str, source: str) -> Iterator[Fact]:
    """A systemd.link(5): [Match] Path= or MAC, [Link] Name=."""
    values: dict[str, str] = {}
    section = ""
    for line in text.splitlines():
        found = _SECTION.match(line.strip())
        if found:
            section = found.group(1)
        elif "=" in line and not line.lstrip().startswith(("#", ";")):
            key, _, value = line.partition("=")
            values[f"{section}.{key.strip()}"] = value.strip()
    name = values.get("Link.Name", "")
    macs = values.get("Match.PermanentMACAddress") or values.get("Match.MACAddress", "")
    mac = macs.split()[0] if len(macs.split()) == 1 and _is_mac(macs.strip()) else ""
    address = canonical_or_empty(values.get("Match.Path", ""))
    if name and (mac or address):
        yield Fact(source, name, mac.lower(), address)


def _is_mac(text: str) -> bool:
    return re.fullmatch(r"[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}", text) is not None
