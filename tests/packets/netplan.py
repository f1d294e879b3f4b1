"""What Debian's netplan generates of a host's files, and what that asks of the kernel."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from ipaddress import ip_address, ip_interface, ip_network
from pathlib import Path

from tests.packets.kernel import State
from tests.packets.namespaces import run

GENERATE = "/usr/libexec/netplan/generate"
_DEFAULT_MTU = 1500


class Units:
    """The tree of one host: its Netplan, and what netplan generates beside it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.directory = root / "run" / "systemd"

    def generate(self, netplan: Path) -> None:
        """Take the files of an etc/netplan, and have netplan generate."""
        own = self.root / "etc" / "netplan"
        shutil.rmtree(own, ignore_errors=True)
        shutil.copytree(netplan, own)
        for path in own.iterdir():
            path.chmod(0o600)
        run([GENERATE, "--root-dir", str(self.root)])

    def wanted(self) -> dict[str, State]:
        """The state that each generated .network file asks for, by interface."""
        found = {}
        for path in sorted((self.directory / "network").glob("*.network")):
            sections = list(_sections(path.read_text(encoding="utf-8")))
            (name,) = _values(sections, "Match", "Name")
            mtu = _values(sections, "Link", "MTUBytes")
            found[name] = State(
                is_up=True,
                mtu=int(mtu[0]) if mtu else _DEFAULT_MTU,
                addresses=tuple(
                    sorted(
                        str(ip_interface(text))
                        for text in _values(sections, "Network", "Address")
                    )
                ),
                routes=tuple(
                    sorted(_route(keys) for name, keys in sections if name == "Route")
                ),
                rules=tuple(
                    sorted(
                        _rule(keys)
                        for name, keys in sections
                        if name == "RoutingPolicyRule"
                    )
                ),
            )
        return found


def _sections(text: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    keys: list[tuple[str, str]] = []
    for line in text.splitlines():
        if line.startswith("["):
            keys = []
            yield line.strip("[]"), keys
        elif line.strip():
            name, _, value = line.partition("=")
            keys.append((name, value))


def _values(
    sections: list[tuple[str, list[tuple[str, str]]]], section: str, key: str
) -> list[str]:
    return [
        value
        for found, keys in sections
        if found == section
        for name, value in keys
        if name == key
    ]


def _route(keys: list[tuple[str, str]]) -> str:
    said = dict(keys)
    assert said.keys() <= {"Destination", "Gateway", "Table"}
    destination = str(ip_network(said["Destination"]))
    if destination in ("0.0.0.0/0", "::/0"):
        destination = "default"
    gateway = ip_address(said["Gateway"])
    return f"{destination} via {gateway} table {said.get('Table', 'main')}"


def _rule(keys: list[tuple[str, str]]) -> str:
    said = dict(keys)
    assert said.keys() <= {"From", "Table", "Priority"}
    return f"from {ip_interface(said['From']).ip} lookup {said['Table']}"
