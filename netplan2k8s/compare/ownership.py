"""What applying a manifest makes of the object that is there.

Server-side apply as the API server does it, as far as metadata.managedFields tells,
and what kubectl adds to that: it takes over the fields of a client-side apply before
it, and so erases those that the manifest leaves out; a dry run does not show that.

Source: structured-merge-diff; client-go, util/csaupgrade; kubectl, pkg/cmd/apply.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from netplan2k8s.manifests.json_text import JsonError, JsonText
from netplan2k8s.sizes import LAST_APPLIED

Way = tuple[str, ...]
_ANNOTATION: Way = ("metadata", "annotations", LAST_APPLIED)
_SELF = "."
_FIELD = "f:"
_LISTED = ("k:", "v:", "i:")
_ABSENT = object()


class Conflict(NamedTuple):
    """A field that another manager owns with another value."""

    field: str
    manager: str


class Applied(NamedTuple):
    """An object after applying, and whose fields that would take.

    ``is_told`` is false where nothing says who wrote what, so that the manifest was
    taken for all that its author ever wrote.
    """

    body: dict[str, Any]
    conflicts: tuple[Conflict, ...] = ()
    is_told: bool = True


class Owner(NamedTuple):
    """A field manager, and the ways to the fields that it owns.

    ``fields`` are values and whatever else is owned as a whole; ``mappings`` are owned
    as such, which keeps them there and says nothing of what is in them.
    """

    manager: str
    operation: str
    fields: frozenset[Way]
    mappings: frozenset[Way] = frozenset()

    @property
    def ways(self) -> frozenset[Way]:
        return self.fields | self.mappings

    @property
    def is_client_side(self) -> bool:
        """Whether kubectl takes its fields over: it wrote the annotation."""
        return self.operation == "Update" and _ANNOTATION in self.fields

    def is_apply_of(self, manager: str) -> bool:
        return self.operation == "Apply" and self.manager == manager


def applied(
    live: Mapping[str, Any], manifest: Mapping[str, Any], manager: str
) -> Applied:
    """The object after ``kubectl apply --server-side --field-manager=manager``."""
    owners = owners_of(live)
    mine = [o for o in owners if o.is_client_side or o.is_apply_of(manager)]
    if not owners:
        mine = list(_by_annotation(live))
    made = _merged(live, manifest)
    if not owners and not mine:
        return Applied(made, is_told=False)
    others = [owner for owner in owners if owner not in mine]
    _erase(made, manifest, mine, others)
    parted = {way[:n] for o in owners for way in o.ways for n in range(len(way))}
    return Applied(made, tuple(_conflicts(live, manifest, others, parted)))


def taken_over(
    live: Mapping[str, Any], manifest: Mapping[str, Any], answer: Mapping[str, Any]
) -> dict[str, Any]:
    """What kubectl makes of an object that a dry run answered with ``answer``.

    Without the fields of a client-side apply that the manifest leaves out.
    """
    owners = owners_of(live)
    mine = [owner for owner in owners if owner.is_client_side]
    made = dict(answer)
    if mine:
        others = [owner for owner in owners if not owner.is_client_side]
        _erase(made, manifest, mine, others)
    return made


def owners_of(body: Mapping[str, Any]) -> tuple[Owner, ...]:
    """The managers that managedFields tells of; those of the status are none."""
    metadata = body.get("metadata")
    listed = metadata.get("managedFields") if isinstance(metadata, dict) else None
    found = []
    for entry in listed if isinstance(listed, list) else ():
        if isinstance(entry, dict) and not entry.get("subresource"):
            ways = set(_ways(entry.get("fieldsV1"), ()))
            name, operation = (str(entry.get(k, "")) for k in ("manager", "operation"))
            fields = frozenset(way for way, is_whole in ways if is_whole)
            mappings = frozenset(way for way, is_whole in ways if not is_whole)
            found.append(Owner(name, operation, fields, mappings))
    return tuple(found)


def merge_patched(live: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """The object after ``kubectl patch --type=merge`` (RFC 7386)."""
    made = dict(live)
    for key, value in patch.items():
        if value is None:
            made.pop(key, None)
        elif isinstance(value, dict):
            before = made.get(key)
            made[key] = merge_patched(before if isinstance(before, dict) else {}, value)
        else:
            made[key] = value
    return made


def _by_annotation(live: Mapping[str, Any]) -> Iterator[Owner]:
    """A client-side apply as its annotation tells of it, where no owner is told."""
    metadata = live.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    text = annotations.get(LAST_APPLIED) if isinstance(annotations, dict) else None
    if isinstance(text, str):
        try:
            value = JsonText(text).value()
        except JsonError:
            return
        yield Owner("", "Update", frozenset(_leaf_ways(value, ())))


def _ways(fields: object, way: Way) -> Iterator[tuple[Way, bool]]:
    """The ways to all fields of a fieldsV1, and whether each is owned as a whole.

    Items of a list that is not count as the list.
    """
    if not isinstance(fields, dict):
        return
    names = [key for key in fields if key.startswith(_FIELD)]
    if _SELF in fields:
        yield way, False
    elif not names or any(key.startswith(_LISTED) for key in fields):
        yield way, True
    for key in names:
        yield from _ways(fields[key], (*way, key.removeprefix(_FIELD)))


def _leaf_ways(value: object, way: Way) -> Iterator[Way]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaf_ways(inner, (*way, key))
    else:
        yield way


def _merged(live: Mapping[str, Any], manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Mappings key by key, everything else as the manifest has it."""
    made = dict(live)
    for key, value in manifest.items():
        before = made.get(key)
        if isinstance(value, dict):
            made[key] = _merged(before if isinstance(before, dict) else {}, value)
        elif value is not None:
            made[key] = value
    return made


def _erase(
    made: dict[str, Any],
    manifest: Mapping[str, Any],
    mine: Sequence[Owner],
    others: Sequence[Owner],
) -> None:
    """Take out what was owned and is no longer sent, unless others own it, too.

    A mapping that was owned as such goes with what others own in it, unless they own
    the mapping as such as well.
    """
    kept = {way[:n] for o in others for way in o.ways for n in range(len(way) + 1)}
    as_such = {way for o in others for way in o.ways}
    ways = {(w, True) for o in mine for w in o.fields}
    ways |= {(w, False) for o in mine for w in o.mappings}
    for way, is_whole in sorted(ways, key=lambda pair: len(pair[0]), reverse=True):
        is_part = way[:1] in (("metadata",), ("spec",))
        if not is_part or _value(manifest, way) is not _ABSENT:
            continue
        if way not in kept:
            _drop(made, way, is_whole=is_whole)
        elif not is_whole and way not in as_such:
            _drop(made, way, is_whole=True)


def _drop(made: dict[str, Any], way: Way, *, is_whole: bool) -> None:
    """Take a field out of copies of the mappings on the way to it.

    A mapping that is owned as such goes only when nothing is left in it.
    """
    holder = made
    for step in way[:-1]:
        inner = holder.get(step)
        if not isinstance(inner, dict):
            return
        holder[step] = dict(inner)
        holder = holder[step]
    if is_whole or not holder.get(way[-1]):
        holder.pop(way[-1], None)


def _conflicts(
    live: Mapping[str, Any],
    manifest: Mapping[str, Any],
    others: Sequence[Owner],
    parted: Collection[Way],
) -> Iterator[Conflict]:
    """Fields of other managers that the manifest wants otherwise.

    ``parted`` are ways to mappings whose fields somebody owns one by one: who has such
    a mapping without any field of it does not mind what becomes of these.
    """
    for owner in others:
        for way in sorted(owner.fields):
            had, sent = _value(live, way), _value(manifest, way)
            is_sent = way[:1] == ("spec",) and sent is not _ABSENT
            if is_sent and had not in ({}, sent) and way not in parted:
                yield Conflict(f".{'.'.join(way)}", owner.manager)


def _value(body: Mapping[str, Any], way: Way) -> Any:  # noqa: ANN401  any JSON value
    """The value of a field; ``_ABSENT`` where there is no such field."""
    value: Any = body
    for step in way:
        value = value.get(step, _ABSENT) if isinstance(value, dict) else _ABSENT
    return value
