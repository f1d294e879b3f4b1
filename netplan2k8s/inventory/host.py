"""The inventory found beside a host's Netplan."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from netplan2k8s.catalogue import OVERSIZED_FILE, UNREADABLE_INVENTORY, UNSAFE_ARCHIVE
from netplan2k8s.findings import Finding, Span
from netplan2k8s.inventory import ip_link, lshw, mellanox, renames, sysfs
from netplan2k8s.inventory.facts import Fact, HostInventory, UnreadableError, collect
from netplan2k8s.tree import OutsideError, OversizedFileError, Tree

Reader = Callable[[str, str], Iterator[Fact]]

FILES: dict[str, Reader] = {
    "ip-link.json": ip_link.facts,
    "lshw.json": lshw.facts,
    "ibdev2netdev.txt": mellanox.ibdev2netdev,
    "mst-status.txt": mellanox.mst_status,
    "sys-class-net.txt": sysfs.listing,
}
ADDRESS_FILE, LLDP_FILE = "ip-addr.json", "lldp.json"
ROUTE_FILE, ROUTE6_FILE = "ip-route.json", "ip-route6.json"
RULE_FILE, RULE6_FILE = "ip-rule.json", "ip-rule6.json"
LIVE_FILES = (ADDRESS_FILE, ROUTE_FILE, ROUTE6_FILE, RULE_FILE, RULE6_FILE, LLDP_FILE)
"""Files of the running host, which lie beside the inventory and are none."""
_DIRECTORIES: tuple[tuple[str, str, Reader], ...] = (
    ("etc/udev/rules.d", ".rules", renames.udev_rules),
    ("etc/systemd/network", ".link", renames.link_file),
)
EMPTY = HostInventory()


def read_inventory(
    tree: Tree, node_name: str
) -> tuple[HostInventory, tuple[Finding, ...]]:
    """Read every inventory file of a host root; nothing there costs two listings."""
    top = tree.names("")
    findings: list[Finding] = []
    facts: list[Fact] = []
    for name in top:
        if name in FILES:
            facts += _read(tree, name, FILES[name], node_name, findings)
    if "sys" in top:
        try:
            facts += sysfs.tree_facts(tree)
        except OSError as error:
            findings.append(_unread(tree, sysfs.NET, error, node_name))
    etc = _names(tree, "etc", node_name, findings) if "etc" in top else ()
    for directory, suffix, reader in _DIRECTORIES:
        if directory.split("/")[1] in etc:
            for name in _names(tree, directory, node_name, findings):
                if name.endswith(suffix):
                    path = f"{directory}/{name}"
                    facts += _read(tree, path, reader, node_name, findings)
    return (collect(facts) if facts else EMPTY), tuple(findings)


def _names(
    tree: Tree, directory: str, node_name: str, findings: list[Finding]
) -> tuple[str, ...]:
    try:
        return tree.names(directory)
    except OSError as error:
        findings.append(_unread(tree, directory, error, node_name))
        return ()


def _read(
    tree: Tree, path: str, reader: Reader, node_name: str, findings: list[Finding]
) -> list[Fact]:
    label = tree.label(path)
    try:
        text = tree.read(path).decode("utf-8")
        return list(reader(text, path.rsplit("/", 1)[-1]))
    except UnreadableError as error:
        span = Span(label, error.line, error.column)
        findings.append(Finding(UNREADABLE_INVENTORY, error.message, span, node_name))
    except UnicodeDecodeError as error:
        message = f"is not UTF-8 at byte {error.start}"
        span = Span(label, 1, 1)
        findings.append(Finding(UNREADABLE_INVENTORY, message, span, node_name))
    except OSError as error:
        findings.append(_unread(tree, path, error, node_name))
    return []


def _unread(tree: Tree, path: str, error: OSError, node_name: str) -> Finding:
    rule, message = UNREADABLE_INVENTORY, f"cannot be read: {error.strerror or error}"
    if isinstance(error, OutsideError):
        rule = UNSAFE_ARCHIVE
        message = f"is a link that leaves the host's root, by {error.strerror}"
    elif isinstance(error, OversizedFileError):
        rule = OVERSIZED_FILE
        message = f"has {error.strerror}; the listing of a host's NICs is small"
    return Finding(rule, message, Span(tree.label(path)), node_name)
