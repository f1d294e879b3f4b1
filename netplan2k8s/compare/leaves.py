"""An object as a flat table of values, in which order that means nothing is none.

Entries of a pool go by their node, routes by their destination, resources of the device
plugin by their name, JSON in a text by its value.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from netplan2k8s.compare.changes import Difference, Leaves, Path
from netplan2k8s.manifests.json_text import JsonError, JsonText
from netplan2k8s.naming import natural_key
from netplan2k8s.simulate.device_plugin import full_name, value_of

ENTRIES: Path = ("spec", "staticAllocations")
ROUTES: Path = ("spec", "routes")
CONFIG: Path = ("spec", "sriovDevicePlugin", "config")
RESERVED = ""
"""Stands for the node of an entry that only reserves its prefix."""
_SETS = frozenset(
    {
        "acpiIndexes",
        "ddpProfiles",
        "devices",
        "drivers",
        "exclusions",
        "imagePullSecrets",
        "linkTypes",
        "matchExpressions",
        "matchFields",
        "nodeSelectorTerms",
        "pKeys",
        "pciAddresses",
        "perNodeExclusions",
        "pfNames",
        "rootDevices",
        "values",
        "vendors",
    }
)
"""Lists whose order means nothing."""
_EMBEDDED: Mapping[str, tuple[Path, ...]] = {
    "HostDeviceNetwork": (("spec", "ipam"), ("spec", "metaPlugins")),
    "NetworkAttachmentDefinition": (("spec", "config"),),
    "NicClusterPolicy": (CONFIG,),
    "NicNodePolicy": (CONFIG,),
}


def leaves(body: Mapping[str, Any], kind: str) -> Leaves:
    """Every value of an object but its identity, by the way to it."""
    table = _Table(frozenset(_EMBEDDED.get(kind, ())))
    for key, value in body.items():
        if key == "metadata" and isinstance(value, dict):
            own = {k: v for k, v in value.items() if k not in ("name", "namespace")}
            table.add((key,), own)
        elif key not in ("apiVersion", "kind"):
            table.add((key,), value)
    return table.found


def differences(before: Leaves, after: Leaves) -> Iterator[Difference]:
    """What differs between two tables, in the order of the names."""
    if before == after:
        return
    changed = [path for path in {**before, **after} if _differs(path, before, after)]
    for path in sorted(changed, key=lambda path: [natural_key(step) for step in path]):
        yield Difference(path, before.get(path), after.get(path))


def _differs(path: Path, before: Leaves, after: Leaves) -> bool:
    return before.get(path) != after.get(path)


def entry_text(entry: Mapping[str, Any]) -> str:
    """A static allocation as it reads best: the prefix, and the gateway if it says."""
    gateway = entry.get("gateway")
    via = f" via {gateway}" if gateway else ""
    return f"{entry.get('prefix', '')}{via}"


class _Table:
    """The values found so far; ``embedded`` are the ways to texts that are JSON."""

    def __init__(self, embedded: frozenset[Path]) -> None:
        self.found: dict[Path, str] = {}
        self._embedded = embedded

    def add(self, path: Path, value: Any) -> None:  # noqa: ANN401  any JSON value
        if isinstance(value, dict):
            self._mapping(path, value)
        elif isinstance(value, list):
            self._list(path, value)
        elif isinstance(value, str) and path in self._embedded:
            self._text(path, value)
        else:
            self.found[path] = value if isinstance(value, str) else _compact(value)

    def _mapping(self, path: Path, value: Mapping[str, Any]) -> None:
        if not value and len(path) > 1:
            self.found[path] = "{}"
        for key, inner in value.items():
            self.add((*path, key), inner)

    def _list(self, path: Path, items: Sequence[Any]) -> None:
        if not items:
            return  # none and an empty one are the same to every reader
        are_mappings = all(isinstance(item, dict) for item in items)
        if path == ENTRIES and are_mappings:
            self._entries(items)
        elif path == ROUTES and are_mappings:
            self._present(path, [str(item.get("dst", "")) for item in items])
        elif path[-1] in _SETS:
            self._present(path, list(map(_word, items)))
        elif are_mappings and _are_distinct(items, lambda item: item.get("name")):
            for item in items:
                rest = {key: value for key, value in item.items() if key != "name"}
                self._named((*path, str(item["name"])), rest)
        else:
            for number, item in enumerate(items):
                self.add((*path, str(number)), item)

    def _named(self, path: Path, rest: Mapping[str, Any]) -> None:
        if rest:
            self._mapping(path, rest)
        else:
            self.found[path] = ""

    def _present(self, path: Path, words: Sequence[str]) -> None:
        for word in words:
            self.found[(*path, word)] = ""

    def _entries(self, items: Sequence[Mapping[str, Any]]) -> None:
        """Entries by node; a node's second one, which is refused, by its prefix too."""
        found = self.found
        for item in items:
            node = item.get("nodeName") or RESERVED
            path: Path = (*ENTRIES, str(node))
            if node == RESERVED or path in found:
                path = (*path, str(item.get("prefix", "")))
            found[path] = entry_text(item)

    def _text(self, path: Path, text: str) -> None:
        source = f"[{text}]" if path[-1] == "metaPlugins" else text
        try:
            value = JsonText(source).value()
        except JsonError:
            self.found[path] = text
            return
        if path == CONFIG:
            self._config(value)
        else:
            self.add(path, value)

    def _config(self, value: Any) -> None:  # noqa: ANN401  any JSON value
        """Resources by name, so that their place in the list is none of their values.

        Their order decides where two take one device; the judge of policies looks.
        """
        listed = value_of(value, "resourceList") if isinstance(value, dict) else None
        if (
            not isinstance(listed, list)
            or not all(isinstance(resource, dict) for resource in listed)
            or not _are_distinct(listed, full_name)
        ):
            self.add(CONFIG, value)
            return
        for resource in listed:
            rest = {
                key: inner
                for key, inner in resource.items()
                if key.lower() not in ("resourcename", "resourceprefix")
            }
            self._named((*CONFIG, full_name(resource)), rest)


def _are_distinct(
    items: Sequence[Any], name_of: Callable[[Mapping[str, Any]], object]
) -> bool:
    names = [name_of(item) for item in items]
    are_texts = all(isinstance(name, str) for name in names)
    return are_texts and len(set(names)) == len(names)


def _word(value: object) -> str:
    return value if isinstance(value, str) else _compact(value)


def _compact(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
