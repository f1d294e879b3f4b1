"""What applying a manifest makes of the object that is there.

Server-side apply as the API server does it, as far as metadata.managedFields tells,
and what kubectl adds to that: it takes over the fields of a client-side apply before
it, and so erases those that the manifest leaves out; a dry run does not show that.

Source: structured-merge-diff; client-go, util/csaupgrade; kubectl, pkg/cmd/apply.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from netplan2k8s.manifests.json_text import JsonError, JsonText
from netplan2k8s.sizes import LAST_APPLIED

Way = tuple[str, ...]
_ANNOTATION: Way = ("metadata", "annotations", LAST_APPLIED)
_SELF = "."
_FIELD = "f:"
_LISTED = ("k:", "v:", "i:")


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
    """A field manager and the ways to the fields it owns."""

    manager: str
    operation: str
    fields: frozenset[Way]

    @property
    def leaves(self) -> frozenset[Way]:
        """The fields without the mappings around them, over which nobody conflicts."""
        around = {way[:n] for way in self.fields for n in range(len(way))}
        return self.fields - around


def applied(
    live: Mapping[str, Any], manifest: Mapping[str, Any], manager: str
) -> Applied:
    """The object after ``kubectl apply --server-side --field-manager=manager``."""
    owners = owners_of(live)
    mine, others = _sides(live, owners, manager)
    made = _merged(live, manifest)
    if not owners and not mine:
        return Applied(made, is_told=False)
    _erase(made, manifest, mine - others)
    return Applied(made, tuple(_conflicts(live, manifest, owners, manager)))


def taken_over(
    live: Mapping[str, Any], manifest: Mapping[str, Any], answer: Mapping[str, Any]
) -> dict[str, Any]:
    """What kubectl makes of an object that a dry run answered with ``answer``.

    Without the fields of a client-side apply that the manifest leaves out.
    """
    owners = owners_of(live)
    others = _united(o for o in owners if not _is_client_side(o))
    made = dict(answer)
    _erase(made, manifest, _client_side(live, owners) - others)
    return made


def owners_of(body: Mapping[str, Any]) -> tuple[Owner, ...]:
    """The managers that managedFields tells of; those of the status are none."""
    metadata = body.get("metadata")
    listed = metadata.get("managedFields") if isinstance(metadata, dict) else None
    found = []
    for entry in listed if isinstance(listed, list) else ():
        if isinstance(entry, dict) and not entry.get("subresource"):
            fields = frozenset(_ways(entry.get("fieldsV1"), ()))
            name, operation = (str(entry.get(k, "")) for k in ("manager", "operation"))
            found.append(Owner(name, operation, fields))
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


def _sides(
    live: Mapping[str, Any], owners: Sequence[Owner], manager: str
) -> tuple[frozenset[Way], frozenset[Way]]:
    """What the manager owns once it has applied, and what others own besides."""
    mine: list[Owner] = []
    others: list[Owner] = []
    for owner in owners:
        is_own = owner.operation == "Apply" and owner.manager == manager
        (mine if is_own or _is_client_side(owner) else others).append(owner)
    return _united(mine) | _client_side(live, owners), _united(others)


def _united(owners: Iterator[Owner] | Sequence[Owner]) -> frozenset[Way]:
    return frozenset().union(*(owner.fields for owner in owners))


def _is_client_side(owner: Owner) -> bool:
    """Whether kubectl takes a manager's fields over: it wrote the annotation."""
    return owner.operation == "Update" and _ANNOTATION in owner.fields


def _client_side(live: Mapping[str, Any], owners: Sequence[Owner]) -> frozenset[Way]:
    """The fields of a client-side apply; by its annotation where no owner is told."""
    found = _united(owner for owner in owners if _is_client_side(owner))
    if owners:
        return found
    metadata = live.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    text = annotations.get(LAST_APPLIED) if isinstance(annotations, dict) else None
    if not isinstance(text, str):
        return frozenset()
    try:
        value = JsonText(text).value()
    except JsonError:
        return frozenset()
    return frozenset(_leaf_ways(value, ()))


def _ways(fields: object, way: Way) -> Iterator[Way]:
    """The ways to all fields of a fieldsV1; items of lists count as their list."""
    if not isinstance(fields, dict):
        return
    names = [key for key in fields if key.startswith(_FIELD)]
    if not names or _SELF in fields or any(k.startswith(_LISTED) for k in fields):
        yield way
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
    made: dict[str, Any], manifest: Mapping[str, Any], ways: frozenset[Way]
) -> None:
    """Take out what was owned and is no longer sent; mappings that it empties, too."""
    for way in sorted(ways, key=len, reverse=True):
        if way and way[0] in ("metadata", "spec") and not _has(manifest, way):
            _drop(made, way)


def _has(body: Mapping[str, Any], way: Way) -> bool:
    value: Any = body
    for step in way:
        if not isinstance(value, dict) or step not in value:
            return False
        value = value[step]
    return True


def _drop(made: dict[str, Any], way: Way) -> None:
    """Take a field out of copies of the mappings on the way to it.

    A mapping goes only when nothing is left in it: others may own what is inside.
    """
    holder = made
    for step in way[:-1]:
        inner = holder.get(step)
        if not isinstance(inner, dict):
            return
        holder[step] = dict(inner)
        holder = holder[step]
    value = holder.get(way[-1])
    if not (isinstance(value, dict) and value):
        holder.pop(way[-1], None)


def _conflicts(
    live: Mapping[str, Any],
    manifest: Mapping[str, Any],
    owners: Sequence[Owner],
    manager: str,
) -> Iterator[Conflict]:
    """Fields that another manager owns and that the manifest wants otherwise."""
    for owner in owners:
        is_own = owner.operation == "Apply" and owner.manager == manager
        if is_own or _is_client_side(owner):
            continue
        for way in sorted(owner.leaves):
            is_sent = way[:1] == ("spec",) and _has(manifest, way)
            if is_sent and _value(manifest, way) != _value(live, way):
                yield Conflict(f".{'.'.join(way)}", owner.manager)


def _value(body: Mapping[str, Any], way: Way) -> Any:  # noqa: ANN401  any JSON value
    value: Any = body
    for step in way:
        value = value.get(step) if isinstance(value, dict) else None
    return value
