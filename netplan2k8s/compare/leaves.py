"""An object as a flat table of values, in which order that means nothing is none.

Entries of a pool go by their node, nodes of a selector and routes by themselves,
resources of the device plugin by their name, JSON in a text by its value.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from netplan2k8s.compare.changes import Difference, Leaves, Path, path_key
from netplan2k8s.manifests.json_text import JsonError, JsonText
from netplan2k8s.simulate.device_plugin import LISTS, full_name, resource_list
from netplan2k8s.simulate.selectors import HOSTNAME

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
_REQUIREMENTS = ("matchExpressions", "matchFields")
_NOT_A_TEXT = re.compile(
    r"true|false|null|-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?"
)
_OF_A_RESOURCE = {
    name.lower(): name
    for name in (
        "additionalInfo",
        "deviceType",
        "excludeTopology",
        "resourceName",
        "resourcePrefix",
        "selectors",
    )
}
_OF_A_SELECTOR = {
    name.lower(): name for name in (*LISTS, "isRdma", "needVhostNet", "vdpaType")
}
"""Keys that the device plugin knows, in whatever case they are written."""
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
    for path in sorted(changed, key=path_key):
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
            self.found[path] = _word(value)

    def _mapping(self, path: Path, value: Mapping[str, Any]) -> None:
        if not value and len(path) > 1 and path[0] != "metadata":
            self.found[path] = "{}"
        for key, inner in value.items():
            self.add((*path, str(key)), inner)

    def _list(self, path: Path, items: Sequence[Any]) -> None:
        if not items:
            return  # none and an empty one are the same to every reader
        if not all(isinstance(item, dict) for item in items):
            self._plain(path, items)
        elif path == ENTRIES:
            self._entries(items)
        elif path[-1] == "nodeSelectorTerms":
            self._terms(path, items)
        elif path[-1] in _REQUIREMENTS:
            self._keyed(path, items, ("key", "operator"))
        elif path[-1] == "routes":
            unique = {_compact(item): item for item in items}
            self._keyed(path, list(unique.values()), ("dst",))
        elif path[-1] in _SETS:
            self._present(path, map(_word, items))
        else:
            self._keyed(path, items, ("name",))

    def _plain(self, path: Path, items: Sequence[Any]) -> None:
        if path[-1] in _SETS:
            self._present(path, map(_word, items))
        else:
            self._numbered(path, items)

    def _numbered(self, path: Path, items: Sequence[Any]) -> None:
        for number, item in enumerate(items):
            self.add((*path, str(number)), item)

    def _keyed(
        self, path: Path, items: Sequence[Mapping[str, Any]], keys: Sequence[str]
    ) -> None:
        """Items by the fields that name them; by their place where these do not."""
        names = [tuple(item.get(key) for key in keys) for item in items]
        are_texts = all(isinstance(part, str) for name in names for part in name)
        if not are_texts or len(set(names)) < len(names):
            self._numbered(path, items)
            return
        for name, item in zip(names, items, strict=True):
            rest = {key: value for key, value in item.items() if key not in keys}
            self._named((*path, " ".join(map(str, name))), rest)

    def _named(self, path: Path, rest: Mapping[str, Any]) -> None:
        """What has a name; it is there even if it has nothing else."""
        before = len(self.found)
        if rest:
            self._mapping(path, rest)
        if len(self.found) == before:
            self.found[path] = ""

    def _present(self, path: Path, words: Iterable[str]) -> None:
        for word in words:
            self.found[(*path, word)] = ""

    def _entries(self, items: Sequence[Mapping[str, Any]]) -> None:
        """Entries by node; where a node has two, which is refused, by prefix too."""
        names = [str(item.get("nodeName") or RESERVED) for item in items]
        counts = Counter(names)
        for name, item in zip(names, items, strict=True):
            path: Path = (*ENTRIES, name)
            if name == RESERVED or counts[name] > 1:
                path = (*path, str(item.get("prefix", "")))
            self.found[path] = entry_text(item)

    def _terms(self, path: Path, items: Sequence[Mapping[str, Any]]) -> None:
        """The terms of a node selector; those that list nodes by the nodes."""
        listed = [_listed(term) for term in items]
        if all(listed):
            for key, values in filter(None, listed):
                self._present((*path, key), values)
        elif len(items) == 1:
            self._mapping(path, items[0])
        else:
            self._present(path, map(_word, items))

    def _text(self, path: Path, text: str) -> None:
        source = f"[{text}]" if path[-1] == "metaPlugins" else text
        try:
            value = JsonText(source).value()
        except JsonError:
            self.found[path] = text
            return
        if path == CONFIG:
            self._config(value)
        elif value:
            self.add(path, value)
        else:
            self.found[path] = _compact(value)

    def _config(self, value: Any) -> None:  # noqa: ANN401  any JSON value
        """Resources by name, so that their place in the list is none of their values.

        Their order decides where two take one device; the judge of policies looks. A
        second one of a name, which stops the plugin, is by itself.
        """
        items = resource_list(value)
        if not items or not all(isinstance(item, dict) for item in items):
            self.found[CONFIG] = _compact(value)
            return
        counts: Counter[str] = Counter()
        for resource in sorted(items, key=_compact):
            path: Path = (*CONFIG, full_name(resource))
            counts[path[-1]] += 1
            if counts[path[-1]] == 1:
                self._named(path, _of_resource(resource))
            else:
                again = f"again ({counts[path[-1]]})"
                self.found[(*path, again)] = _compact(_of_resource(resource))


def _of_resource(resource: Mapping[str, Any]) -> dict[str, Any]:
    """A resource but for its name, as the device plugin reads it."""
    made = {_OF_A_RESOURCE.get(key.lower(), key): v for key, v in resource.items()}
    made.pop("resourceName", None)
    made.pop("resourcePrefix", None)
    selectors = made.get("selectors")
    if isinstance(selectors, dict):
        made["selectors"] = _of_selector(selectors)
    elif isinstance(selectors, list):
        # A union, and an object is a list of one.
        several = sorted(map(_of_selector, selectors), key=_compact)
        made["selectors"] = several[0] if len(several) == 1 else several
    return made


def _of_selector(selector: Any) -> Any:  # noqa: ANN401  any JSON value
    """A selector without what filters nothing; anything else as it is."""
    if not isinstance(selector, dict):
        return selector
    made = {_OF_A_SELECTOR.get(key.lower(), key): v for key, v in selector.items()}
    return {k: v for k, v in made.items() if v is not None and v not in (False, [])}


def _listed(term: Mapping[str, Any]) -> tuple[str, list[str]] | None:
    """The nodes that a term lists by name, and by which field; None for any other."""
    found = [item for key in _REQUIREMENTS for item in _items(term.get(key))]
    if len(found) != 1 or set(term) - {*_REQUIREMENTS}:
        return None
    one = found[0] if isinstance(found[0], dict) else {}
    key, values = one.get("key"), one.get("values")
    wanted = "metadata.name" if term.get("matchFields") else HOSTNAME
    if key != wanted or one.get("operator") != "In" or not isinstance(values, list):
        return None
    are_texts = all(isinstance(value, str) for value in values)
    return (wanted, values) if values and are_texts else None


def _items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _word(value: object) -> str:
    """A value as text; a text that would be read as something else has quotes."""
    if isinstance(value, str) and not _NOT_A_TEXT.fullmatch(value):
        return value
    return _compact(value)


def _compact(value: object) -> str:
    return json.dumps(
        _ordered(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )


def _ordered(value: Any, name: str = "") -> Any:  # noqa: ANN401  any JSON value
    """A value with its lists in one order where that means nothing."""
    if isinstance(value, dict):
        return {str(key): _ordered(inner, str(key)) for key, inner in value.items()}
    if isinstance(value, list):
        items = [_ordered(item) for item in value]
        if name in _SETS or name in _REQUIREMENTS:
            items.sort(key=_compact)
        return items
    return value
