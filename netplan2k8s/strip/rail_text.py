"""Which entries of a host's Netplan text are its rails', and what becomes of them."""

from __future__ import annotations

import codecs
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from netplan2k8s.addressing import Prefix, parse_prefix
from netplan2k8s.netplan import Definition, HostNetwork
from netplan2k8s.netplan.tables import SECTIONS
from netplan2k8s.strip import syntax
from netplan2k8s.strip.changes import Change, UnusualError, place
from netplan2k8s.strip.editing import edited
from netplan2k8s.strip.syntax import Kind, Piece

GONE = ("addresses", "routes", "routing-policy")
"""What a rail's interface has no more."""
_ADDED: Mapping[str, tuple[object, str]] = {
    "dhcp4": ("false", "false"),
    "link-local": ([], "[]"),
    "optional": ("true", "true"),
}
_SILENT = {"ipv4.method": "disabled", "ipv6.method": "disabled"}
_ADDED_FOR_NM: Mapping[str, tuple[object, str]] = {
    "networkmanager": (
        {"passthrough": _SILENT},
        "{passthrough: {ipv4.method: disabled, ipv6.method: disabled}}",
    )
}


def added(host: HostNetwork, definition: Definition) -> dict[str, tuple[object, str]]:
    """What a rail has instead, as (merged value, text) by key.

    So nothing addresses or awaits a NIC that comes back from a pod. For NetworkManager
    netplan makes a profile that asks for 169.254.0.0/16 where a NIC has no address,
    whatever link-local says.

    Source: netplan 1.2, src/nm.c, write_nm_conf_access_point; netplan-yaml(5).
    """
    backend = definition.backend or host.settings.get("renderer")
    return {**_ADDED, **(_ADDED_FOR_NM if backend == "NetworkManager" else {})}


@dataclass(slots=True)
class _Text:
    """A file: what it says, and what becomes of it.

    ``mark`` is its byte order mark, ``tail`` what follows its text and is none.
    """

    text: str
    root: Piece
    anchors: dict[str, Piece]
    mark: bytes
    encoding: str
    tail: bytes
    changes: dict[int, Change] = field(default_factory=dict)

    def change(self, piece: Piece, key: Piece | None) -> Change:
        return self.changes.setdefault(id(piece), Change(piece, key))

    def resolved(self, piece: Piece) -> Piece:
        return self.anchors[piece.value] if piece.kind is Kind.ALIAS else piece


class _Entry(NamedTuple):
    """An entry of a definition: where it is, and which of its mapping's it is."""

    text: _Text
    name: str
    mapping: Piece
    key: Piece
    number: int
    value: Piece

    def change(self) -> Change:
        return self.text.change(self.mapping, self.key)


def stripped(
    files: Mapping[str, bytes], host: HostNetwork, rails: Mapping[str, Prefix]
) -> dict[str, bytes]:
    """The files that change, without the rails' addresses, routes and policies.

    ``files`` are the host's in netplan's order, ``rails`` the IDs of its rails with
    their links.

    Raises:
        UnusualError: an entry cannot be cut out by itself; it tells the place.
    """
    texts = {
        path: text
        for path, content in files.items()
        if (text := _read(content)) is not None
    }
    for rail in rails:
        _strip_rail(texts, host, rail)
    for vrf in sorted(vrfs_of(host, rails)):
        _strip_vrf(texts, host.definitions[vrf], rails.values())
    return {path: _made(path, text) for path, text in texts.items() if text.changes}


def _made(path: str, text: _Text) -> bytes:
    try:
        made = edited(text.text, text.root, text.anchors, text.changes.values())
    except UnusualError as error:
        error.path = path
        error.line, error.column = place(text.text, error.index)
        raise
    return text.mark + made.encode(text.encoding) + text.tail


def vrfs_of(host: HostNetwork, rails: Collection[str]) -> set[str]:
    """The VRFs that have rails among their members."""
    return {host.definitions[rail].vrf for rail in rails} - {""}


def keeps_policies(vrf: Definition, links: Collection[Prefix]) -> bool:
    """Whether a VRF's policies stay, since else it would be left with routes alone.

    Netplan before 0.107 crashes on such a VRF, and the host comes up without network.

    Source: https://github.com/canonical/netplan/pull/341
    """
    routes = vrf.settings.get("routes", ())
    policies = vrf.settings.get("routing-policy", ())
    return any(not is_over(route, links) for route in routes) and all(
        is_from(policy, links) for policy in policies
    )


def is_over(route: Mapping[str, str], links: Collection[Prefix]) -> bool:
    """Whether a route's gateway lies on one of the links."""
    return _is_on(route.get("via", ""), links)


def is_from(policy: Mapping[str, str], links: Collection[Prefix]) -> bool:
    """Whether a policy is for packets with an address of one of the links."""
    return _is_on(policy.get("from", ""), links)


def _is_on(text: str, links: Collection[Prefix]) -> bool:
    """Whether an address or a prefix is of a link; one beyond it is of others too."""
    try:
        prefix = parse_prefix(text)
    except ValueError:
        return False
    return any(link.contains(prefix) for link in links)


# -- reading --------------------------------------------------------------------


_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def _read(content: bytes) -> _Text | None:
    found = (pair for pair in _MARKS if content.startswith(pair[0]))
    mark, encoding = next(found, (b"", "utf-8"))
    body = content.removeprefix(mark)
    while mark and body.startswith(mark):  # the parser passes over all of them
        body = body.removeprefix(mark)
    mark = content.removesuffix(body)
    text, tail = _decoded(body, encoding)
    root, anchors = syntax.parse(text)
    return _Text(text, root, anchors, mark, encoding, tail) if root else None


def _decoded(body: bytes, encoding: str) -> tuple[str, bytes]:
    """The text, and what is none: netplan reads no further than the first document."""
    try:
        return body.decode(encoding), b""
    except UnicodeDecodeError as error:
        return body[: error.start].decode(encoding), body[error.start :]


def _definition(texts: Iterable[_Text], name: str) -> Iterator[_Entry]:
    """The entries of a definition in netplan's order, over all its mentions."""
    for text in texts:
        for _, network in _pairs(text, text.root):
            for section, definitions in _pairs(text, network):
                if text.resolved(section).value in SECTIONS:
                    for key, value in _pairs(text, definitions):
                        if text.resolved(key).value == name:
                            yield from _entries(text, key, text.resolved(value))


def _entries(text: _Text, key: Piece, mapping: Piece) -> Iterator[_Entry]:
    for number, (name, value) in enumerate(mapping.entries()):
        yield _Entry(text, text.resolved(name).value, mapping, key, number, value)


def _pairs(text: _Text, piece: Piece) -> list[tuple[Piece, Piece]]:
    mapping = text.resolved(piece)
    return mapping.entries() if mapping.kind is Kind.MAPPING else []


# -- rails ----------------------------------------------------------------------


def _strip_rail(texts: Mapping[str, _Text], host: HostNetwork, rail: str) -> None:
    entries = list(_definition(texts.values(), rail))
    for entry in entries:
        if entry.name in GONE:
            entry.change().cuts.add(entry.number)
    definition = host.definitions[rail]
    for name, (value, written) in added(host, definition).items():
        if definition.settings.get(name) == value:
            continue
        said = [entry for entry in entries if entry.name == name]
        if said:  # the last one holds
            said[-1].change().values[said[-1].number] = written
        else:
            first = next(entry for entry in entries if entry.name == "addresses")
            first.change().added[name] = written


# -- VRFs -----------------------------------------------------------------------


def _strip_vrf(
    texts: Mapping[str, _Text], vrf: Definition, links: Collection[Prefix]
) -> None:
    cut = ("routes",) if keeps_policies(vrf, links) else ("routes", "routing-policy")
    for entry in _definition(texts.values(), vrf.id):
        if entry.name not in cut:
            continue
        is_rails = is_over if entry.name == "routes" else is_from
        items = entry.text.resolved(entry.value)
        cuts = {
            number
            for number, item in enumerate(items.items)
            if is_rails(_plain(entry.text, item), links)
        }
        if cuts and len(cuts) == len(items.items):
            entry.change().cuts.add(entry.number)
        elif cuts:
            entry.text.change(items, None).cuts |= cuts


def _plain(text: _Text, item: Piece) -> dict[str, str]:
    return {
        text.resolved(key).value: text.resolved(value).value
        for key, value in _pairs(text, item)
    }
