"""Objects before and after: what differs, with what that does, the worst first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from netplan2k8s.compare import networks, policies, pools
from netplan2k8s.compare.changes import (
    Change,
    Comparison,
    Difference,
    Effect,
    Key,
    Leaves,
    ObjectChange,
    Path,
    Risk,
    Verb,
    worst_first,
)
from netplan2k8s.compare.leaves import differences, leaves
from netplan2k8s.compare.plugin_config import resources_of
from netplan2k8s.compare.world import World
from netplan2k8s.findings import Span
from netplan2k8s.manifests.stored import as_written

_NETWORKS = ("HostDeviceNetwork", "NetworkAttachmentDefinition")
_POLICIES = ("NicClusterPolicy", "NicNodePolicy")
OURS_WHOLE = ("CIDRPool", *_NETWORKS)
"""Kinds of which a manifest holds every field, so that another one is a difference."""


@dataclass(frozen=True, slots=True)
class Pair:
    """An object as it is and as it will be; None where it is not, or will not be.

    ``manifest`` is what is applied, which a merged object has more than; ``is_patch``
    for one that is a part of the object alone, ``is_readable`` where all fields have
    their types, ``is_stray`` for an object that applying leaves where it is.
    """

    key: Key
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    manifest: Mapping[str, Any] | None = None
    span: Span | None = None
    is_patch: bool = False
    is_readable: bool = True
    is_stray: bool = False


@dataclass(frozen=True)
class Setting:
    """What changes are judged by: what runs, our resources, the operator's release."""

    world: World = field(default_factory=World)
    resources: frozenset[str] = frozenset()
    release: str = "26.7"


def compare(pairs: Iterable[Pair], setting: Setting) -> Comparison:
    """All objects that differ; those of equal danger in the order of their names."""
    found: list[ObjectChange] = []
    same = 0
    for pair in pairs:
        change = object_change(pair, setting)
        if change is None:
            same += 1
        else:
            found.append(change)
    return Comparison(tuple(sorted(found, key=lambda change: change.order)), same)


def may_differ(pair: Pair) -> bool:
    """Whether an object is changed or removed, so that pods matter."""
    if pair.before is None:
        return False
    return pair.after is None or _spec(pair.before) != _spec(pair.after)


def object_change(pair: Pair, setting: Setting) -> ObjectChange | None:
    """What differs in an object; None where nothing does."""
    if pair.before is None or pair.after is None:
        return _whole(pair, setting)
    if _is_same(pair):
        return None
    kind = pair.key.kind
    before, after = (leaves(as_written(b), kind) for b in (pair.before, pair.after))
    found = [*differences(before, after), *_kept(pair, after)]
    if kind == "NicClusterPolicy" and pair.manifest is not None:
        ours = setting.resources | resources_of(pair.manifest).keys()
        found = [d for d in found if policies.is_ours(d.path, pair.manifest, ours)]
    made = worst_first(list(_changes(pair, found, setting)))
    if not made:
        return None
    verbs = {change.verb for change in made}
    verb = Verb.KEEP if verbs == {Verb.KEEP} else Verb.CHANGE
    return ObjectChange(
        pair.key, verb, made, Effect(Risk.SAFE), "", pair.span, before, after
    )


def _is_same(pair: Pair) -> bool:
    """Whether nothing can differ; quick, since most objects of a fleet are the same."""
    assert pair.before is not None
    assert pair.after is not None
    if as_written(pair.before) != as_written(pair.after):
        return False
    manifest = pair.manifest
    return (
        manifest is None
        or pair.key.kind not in OURS_WHOLE
        or _spec(manifest) == _spec(pair.after)
    )


def _spec(body: Mapping[str, Any]) -> Any:  # noqa: ANN401  any JSON value
    return body.get("spec")


def _kept(pair: Pair, after: Leaves) -> Iterator[Difference]:
    """Values that the cluster has, the manifest has not, and applying leaves there."""
    if pair.key.kind not in OURS_WHOLE or pair.manifest is None:
        return
    if _spec(pair.manifest) == _spec(pair.after or {}):
        return
    wanted = leaves(as_written(pair.manifest), pair.key.kind)
    for path, value in after.items():
        if path[0] == "spec" and path not in wanted:
            yield Difference(path, value, value, is_kept=True)


def _changes(
    pair: Pair, found: Sequence[Difference], setting: Setting
) -> Iterator[Change]:
    before, after, kind = pair.before, pair.after, pair.key.kind
    assert before is not None
    assert after is not None
    for difference in found:
        if difference.is_kept:
            yield difference.as_change(_KEPT, label(kind, difference.path))
    found = [difference for difference in found if not difference.is_kept]
    if not pair.is_readable:
        kind = ""
    if kind == "CIDRPool":
        yield from pools.changes(before, after, found, setting.world)
    elif kind in _NETWORKS:
        yield from networks.changes(pair.key, before, after, found, setting.world)
    elif kind in _POLICIES:
        is_shared = kind == "NicClusterPolicy" and not policies.is_ignored(pair.key)
        if is_shared and pair.manifest is not None:
            yield from policies.erased(
                before, after, pair.manifest, setting.resources, is_patch=pair.is_patch
            )
        yield from policies.changes(pair.key, before, after, found, setting.release)
    else:
        for difference in found:
            is_safe = difference.path[0] == "metadata"
            risk = Risk.SAFE if is_safe else Risk.DISRUPTIVE
            yield difference.as_change(Effect(risk))


_KEPT = Effect(
    Risk.DISRUPTIVE,
    "applying leaves it, since another field manager wrote it; lint and prove of the"
    " manifests do not know of it",
)


def label(kind: str, path: Path) -> str:
    """What a value of an object is called."""
    if kind == "CIDRPool":
        return pools.label(path)
    return policies.label(path) if kind in _POLICIES else ".".join(path)


# -- whole objects --------------------------------------------------------------


def _whole(pair: Pair, setting: Setting) -> ObjectChange | None:
    if pair.after is not None:
        verb, body, effect = Verb.ADD, pair.after, _added(pair)
    elif pair.before is not None:
        verb, body, effect = Verb.REMOVE, pair.before, _removed(pair, setting.world)
        if pair.is_stray:
            once = f"; once it is deleted, {effect.text}" if effect.text else ""
            effect = Effect(effect.risk, f"applying leaves it{once}")
    else:
        return None
    words = _summary(pair.key, body) if pair.is_readable else ""
    return ObjectChange(pair.key, verb, (), effect, words, pair.span)


def _added(pair: Pair) -> Effect:
    key, body = pair.key, pair.after or {}
    if not pair.is_readable:
        return Effect(Risk.SAFE)
    if key.kind == "CIDRPool":
        return pools.added(body)
    if key.kind in _NETWORKS:
        return networks.added(body)
    if key.kind in _POLICIES:
        return policies.unpatchable() if pair.is_patch else policies.added(key, body)
    if key.kind in _JOBS:
        return Effect(Risk.DISRUPTIVE, "applying it starts the job")
    return Effect(Risk.SAFE)


_JOBS = ("Job", "MPIJob", "PyTorchJob", "TrainJob")


def _removed(pair: Pair, world: World) -> Effect:
    key, body = pair.key, pair.before or {}
    if pair.is_readable and key.kind == "CIDRPool":
        return pools.removed(body, world)
    if pair.is_readable and key.kind in _NETWORKS:
        return networks.removed(key, body, world)
    if key.kind in _POLICIES:
        return policies.removed(key)
    return Effect(Risk.DISRUPTIVE)


def _summary(key: Key, body: Mapping[str, Any]) -> str:
    if key.kind == "CIDRPool":
        return pools.summary(body)
    if key.kind in _NETWORKS:
        return networks.summary(body)
    if key.kind in _POLICIES:
        return policies.summary(body)
    return ""
