"""NK335: another definition of the host takes a rail's NIC.

netplan writes a file ``10-netplan-<id>.network`` for each definition, and networkd
configures a NIC by the first one, in order of their names, that matches it.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from netplan2k8s.catalogue import SHADOWED_RAIL
from netplan2k8s.fabric.candidates import Candidate
from netplan2k8s.fabric.drafts import Draft, Where
from netplan2k8s.naming import ranges
from netplan2k8s.netplan import Definition, HostNetwork, kernel_name
from netplan2k8s.netplan.model import PHYSICAL

_GLOB = frozenset("*?[!")
# What drives the NICs of rails: a definition that matches by driver alone has them too.
_DRIVER = "mlx5_core"


class _Match(NamedTuple):
    """A definition's [Match] for networkd; "" and () match anything."""

    id: str
    name: str
    mac: str
    drivers: tuple[str, ...]


def check(host: HostNetwork, rails: Sequence[Candidate]) -> Iterator[Draft]:
    """Judge one host; a glance where no two definitions can have one NIC."""
    if not _can_meet(host.definitions.values()):
        return
    matches = [
        _match(definition)
        for definition in host.definitions.values()
        if definition.section in PHYSICAL and _is_networkd(host, definition)
    ]
    matches.sort(key=lambda match: _file(match.id))
    ids = [rail.interface for rail in rails]
    own = [host.definitions[i] for i in ids if _is_networkd(host, host.definitions[i])]
    for match in matches:
        taken = [str(rail.id) for rail in own if _takes(match, rail)]
        if taken:
            yield _taken(host, match, taken)
        own = [rail for rail in own if rail.id not in taken]
    for rail in own:
        others = [m for m in matches if m.id not in ids or m.id > rail.id]
        yield from _same_name(host, rail, others)


def _can_meet(definitions: Iterable[Definition]) -> bool:
    """Whether a match has a glob or a driver alone, or two say the same.

    Without a match a definition has the NIC that its ID names, and IDs are unique.
    """
    names: list[str] = []
    macs: list[str] = []
    matched = 0
    for definition in definitions:
        settings = definition.settings
        match = settings.get("match")
        if match is None:
            names.append(definition.id)
            continue
        matched += 1
        name = settings.get("set-name") or match.get("name", "")
        mac = match.get("macaddress", "")
        if not (name or mac) or not _GLOB.isdisjoint(name):
            return True
        if name:
            names.append(name)
        if mac:
            macs.append(mac.lower())
    return bool(matched) and (
        len(set(names)) < len(names) or len(set(macs)) < len(macs)
    )


def _match(definition: Definition) -> _Match:
    settings = definition.settings
    match = settings.get("match")
    if match is None:
        return _Match(definition.id, definition.id, "", ())
    drivers = match.get("driver", ())
    return _Match(
        definition.id,
        settings.get("set-name") or match.get("name", ""),
        match.get("macaddress", "").lower(),
        (drivers,) if isinstance(drivers, str) else tuple(drivers),
    )


def _is_networkd(host: HostNetwork, definition: Definition) -> bool:
    backend = definition.backend or host.settings.get("renderer", "networkd")
    return backend != "NetworkManager"


def _file(identity: str) -> bytes:
    return f"10-netplan-{identity}.network".encode()


def _takes(match: _Match, rail: Definition) -> bool:
    """Whether a match comes first and certainly has the rail's NIC."""
    if match.id == rail.id or _file(match.id) > _file(rail.id):
        return False
    if not (match.name or match.mac or match.drivers):
        return False  # networkd ignores a file with an empty [Match]
    own = _match(rail)
    return (
        _has_name(match.name, kernel_name(rail), own.name)
        and match.mac in ("", own.mac)
        and (
            not match.drivers
            or match.drivers == own.drivers
            or any(fnmatch.fnmatchcase(_DRIVER, glob) for glob in match.drivers)
        )
    )


def _has_name(glob: str, name: str, own: str) -> bool:
    """``own`` is the rail's own glob or name, ``name`` "" where nobody knows it."""
    if glob in ("", "*", own):
        return True
    if not name:
        return False
    if glob.startswith("!"):
        return not fnmatch.fnmatchcase(name, glob[1:])
    return fnmatch.fnmatchcase(name, glob)


def _taken(host: HostNetwork, match: _Match, rails: Sequence[str]) -> Draft:
    names = ranges(list(rails))
    what = f"NIC of rail {names}" if len(rails) == 1 else f"NICs of rails {names}"
    message = (
        f"{match.id} takes the {what}: its match has them too, and of several files"
        f" systemd-networkd uses the first by name, {_file(match.id).decode()}, so that"
        f" no rail's address is set; narrow the match of {match.id}"
    )
    related = tuple(Where(host.node_name, rail) for rail in rails)
    where = Where(host.node_name, str(match.id), "match")
    return Draft(SHADOWED_RAIL, message, where, related=related)


def _same_name(
    host: HostNetwork, rail: Definition, matches: Sequence[_Match]
) -> Iterator[Draft]:
    """Two NICs that are to have one name: the second keeps its own."""
    name = kernel_name(rail)
    for match in matches:
        own = match.id == rail.id or match.mac in ("", _match(rail).mac)
        if name and match.name == name and not own:
            message = (
                f"{match.id} and rail {rail.id} are NICs that are both to be called"
                f" {name}; one of them keeps another name and gets no address"
            )
            related = (Where(host.node_name, str(match.id), "set-name"),)
            where = Where(host.node_name, str(rail.id), "set-name")
            yield Draft(SHADOWED_RAIL, message, where, related=related)
