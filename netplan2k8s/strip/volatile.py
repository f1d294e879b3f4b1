"""Files of a host's Netplan that do not last: what they hold, and what they hide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from netplan2k8s import catalogue
from netplan2k8s.addressing import Prefix
from netplan2k8s.fabric.links import lies_in
from netplan2k8s.findings import Finding, InputError, Span
from netplan2k8s.netplan import HostNetwork, read_host
from netplan2k8s.source import first_span
from netplan2k8s.strip.host_files import HostFiles
from netplan2k8s.strip.rail_text import GONE
from netplan2k8s.tree import MemoryTree

_AT_BOOT = ("run/", "dev/", "tmp/", "var/run/")
_OF_PACKAGES = ("lib/", "usr/")
_LOCAL = "usr/local/"
_NULL = "dev/null"


def held(files: HostFiles, path: str) -> Iterator[Finding]:
    """NK702 where the rails are in a file that somebody else will write again."""
    reasons = {
        _AT_BOOT: "is made anew at every boot",
        _OF_PACKAGES: "belongs to a package, whose updates replace it",
    }
    for places, why in reasons.items():
        if any(_is_below(name, places) for name in (path, files.names[path])):
            message = (
                f"rails of {files.node_name} are in this file, which {why}; move them"
                " to etc/netplan first"
            )
            yield _finding(files, Span(files.labels[path]), message)


def hidden(
    files: HostFiles, new: Mapping[str, bytes], rails: Mapping[str, Prefix]
) -> Iterator[Finding]:
    """NK702 where a rail has an address again once the files of a boot have gone.

    ``new`` are the contents of all files, ``rails`` the links that were taken out. A
    file in run/netplan hides the one of its name in etc and lib, rails and all.

    Source: netplan-generate(8), on files of one name in several directories.
    """
    gone = {path for path in files.names if _is_below(path, _AT_BOOT)}
    if not gone:
        return
    tree = _without(files, new, gone)
    try:
        after_boot = read_host(tree, files.node_name, marks=True)
    except InputError:
        return  # netplan reads none of it then
    for name, keys in _returning(after_boot, rails):
        span = first_span(after_boot.definitions[name].settings[keys[0]])
        message = (
            f"{name} of {files.node_name} has {' and '.join(keys)} in this file, which"
            f" one of run/netplan hides until the next boot; delete one of the two"
        )
        yield _finding(files, span, message)


def _without(files: HostFiles, new: Mapping[str, bytes], gone: set[str]) -> MemoryTree:
    kept = {real for path, real in files.names.items() if path not in gone}
    return MemoryTree(
        "",
        {real: content for real, content in new.items() if real in kept},
        {path: text for path, text in files.links.items() if path not in gone},
        dict(files.labels),
        dict(files.modes),
    )


def _returning(
    host: HostNetwork, rails: Mapping[str, Prefix]
) -> Iterator[tuple[str, list[str]]]:
    """What has a rail's name or address and what strip takes from rails: which keys."""
    cidrs = [str(link) for link in rails.values()]
    for name, definition in host.definitions.items():
        keys = [key for key in GONE if definition.settings.get(key)]
        addresses = definition.settings.get("addresses", ())
        if keys and (name in rails or any(lies_in(addresses, c) for c in cidrs)):
            yield name, keys


def _is_below(path: str, places: tuple[str, ...]) -> bool:
    return path.startswith(places) and not path.startswith((_LOCAL, _NULL))


def _finding(files: HostFiles, span: Span | None, message: str) -> Finding:
    where = span or Span(files.node_name)
    return Finding(catalogue.VOLATILE_RAIL, message, where, node=files.node_name)
