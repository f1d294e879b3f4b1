"""What diff does, from arguments to changes and findings; nothing here prints."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netplan2k8s import linting, sizes
from netplan2k8s.catalogue import NO_MANIFESTS
from netplan2k8s.compare import against_nodes
from netplan2k8s.compare.changes import Comparison, Key
from netplan2k8s.compare.objects import Pair, Setting, compare, may_differ
from netplan2k8s.compare.ownership import merge_patched
from netplan2k8s.compare.state import (
    State,
    Wanted,
    is_labelled,
    nameless,
    rail_resources,
    state_of,
    strays,
    wanted,
)
from netplan2k8s.compare.trial import Trial, offline
from netplan2k8s.compare.world import PodView, World
from netplan2k8s.findings import (
    Finding,
    InputError,
    Severity,
    has_error,
    sort_key,
)
from netplan2k8s.lint.judge import Reading
from netplan2k8s.lint.remarks import Remark, Spot
from netplan2k8s.lint.remarks import finding as placed
from netplan2k8s.manifests.files import File
from netplan2k8s.manifests.places import Places
from netplan2k8s.naming import counted
from netplan2k8s.settings import Settings

if TYPE_CHECKING:
    from netplan2k8s.cluster.client import Connection


@dataclass(frozen=True, slots=True)
class Wish:
    """How to compare: as which field manager, and with which rails of others."""

    manager: str = "kubectl"
    force: bool = False
    all_rails: bool = False


@dataclass(frozen=True, slots=True)
class Diff:
    """What differs, what else there is to say, and how it was found out."""

    comparison: Comparison
    findings: tuple[Finding, ...]
    target: str
    notes: tuple[str, ...] = ()

    @property
    def is_different(self) -> bool:
        return bool(self.comparison.objects)


def between(old: str, new: str, settings: Settings) -> Diff:
    """Compare two sets of manifests, the second being all that there will be.

    Raises:
        InputError: one of them cannot be read.
    """
    return side_by_side(_read(old, settings), _read(new, settings), settings, old)


def side_by_side(
    before: Reading, after: Reading, settings: Settings, name: str
) -> Diff:
    """Compare all objects of two readings, the first of which is called ``name``."""
    olds, news = (
        {item.place: item for item in wanted(reading)} for reading in (before, after)
    )
    pairs = []
    for place in sorted({**olds, **news}, key=lambda place: place[0].order):
        old, new = olds.get(place), news.get(place)
        if old is None and new is not None and new.is_patch:
            old = olds.get((new.key, False))  # a patch of what was complete before
        elif new is None and old is not None and (old.key, True) in news:
            continue
        pairs.append(_pair(old, new))
    setting = Setting(World(), release=settings.operator_release)
    return Diff(compare(pairs, setting), (), name)


def _pair(old: Wanted | None, new: Wanted | None) -> Pair:
    """An object of two sets of manifests, of which it is in one at least."""
    sides = [side for side in (old, new) if side is not None]
    before = None if old is None else old.body
    after = None if new is None else new.body
    is_patch = old is not None and new is not None and new.is_patch > old.is_patch
    manifest = after if is_patch else None
    if is_patch and before is not None and after is not None:
        after = merge_patched(before, after)
    return Pair(
        sides[0].key,
        before,
        after,
        manifest,
        sides[-1].span,
        is_patch,
        all(side.is_readable for side in sides),
    )


def with_snapshot(path: str, snapshot: str, settings: Settings, wish: Wish) -> Diff:
    """Compare manifests with a dump of a cluster.

    Raises:
        InputError: the manifests or the dump cannot be read.
    """
    reading = _read(path, settings)
    state = state_of(_read_dump(snapshot, settings))
    items = wanted(reading, served=state.served)
    trial = offline(items, state, manager=wish.manager, force=wish.force)
    trial.remarks += _mistyped(reading)
    trial.notes += _nameless(reading)
    run = _Run(path, settings, wish, items, state, trial)
    return run.diff(snapshot, lambda: state.pods)


def with_cluster(
    path: str, connection: Connection, settings: Settings, wish: Wish
) -> Diff:
    """Compare manifests with a running cluster, by dry runs and reads alone.

    Raises:
        InputError: the manifests cannot be read.
        OperationError: the cluster does not answer, or not as one should.
    """
    from netplan2k8s.cluster.dry_run import DryRun  # noqa: PLC0415  clusters alone
    from netplan2k8s.cluster.live import Live  # noqa: PLC0415  as above

    reading = _read(path, settings)
    live, trial = Live(connection), Trial()
    served = live.discover({item.document.api_version for item in wanted(reading)})
    items = wanted(reading, connection.namespace, served)
    known = trial.of_known_kinds(items, live.resources)
    live.read(known, trial)
    DryRun(live, trial, wish.manager, wish.force).run(known)
    trial.notes += _nameless(reading)
    run = _Run(path, settings, wish, items, live.state(), trial)
    diff = run.diff(connection.server, live.pods)
    return dataclasses.replace(diff, notes=(*diff.notes, *live.notes))


@dataclass(frozen=True, slots=True)
class _Run:
    """Manifests, a cluster, and what came of applying the one to the other."""

    path: str
    settings: Settings
    wish: Wish
    items: Sequence[Wanted]
    state: State
    trial: Trial

    def diff(self, target: str, pods: Callable[[], tuple[PodView, ...] | None]) -> Diff:
        """All changes and findings; pods are asked for only where they matter."""
        pairs = list(self._pairs())
        told = pods() if any(map(may_differ, pairs)) else ()
        world = World(self.state.nodes, told)
        comparison = compare(pairs, self._setting(world))
        places = Places()
        remarks = [*self.trial.remarks, *against_nodes.check(self.items, self.state)]
        found = [placed(remark, places) for remark in remarks]
        found += self._sizes({changed.key for changed in comparison.objects})
        said = tuple(sorted(dict.fromkeys(found), key=sort_key))
        return Diff(comparison, said, target, tuple(self.trial.notes))

    def _pairs(self) -> Iterator[Pair]:
        for item in self.items:
            if item.place not in self.trial.refused:
                yield Pair(
                    item.key,
                    self.state.objects.get(item.key),
                    self.trial.predicted[item.place],
                    item.body,
                    item.span,
                    item.is_patch,
                    item.is_readable and item.key not in self.state.unreadable,
                )
        if not os.path.isdir(self.path):
            return  # one file is not all that there should be
        for key in strays(self.state, self.items, all_rails=self.wish.all_rails):
            yield Pair(
                key,
                self.state.objects[key],
                None,
                is_readable=key not in self.state.unreadable,
                is_stray=True,
            )

    def _setting(self, world: World) -> Setting:
        mine = [item.body for item in self.items]
        mine += [body for body in self.state.objects.values() if is_labelled(body)]
        return Setting(world, rail_resources(mine), self.settings.operator_release)

    def _sizes(self, changed: Collection[Key]) -> Iterator[Finding]:
        """What is too large to be stored, which a dry run does not say.

        An object that stays as it is fits, since it is there.
        """
        for item in self.items:
            is_pool = item.key.kind == "CIDRPool" and item.is_readable
            if is_pool and item.key in changed:
                for rule, message in sizes.judge(item.body):
                    if rule.severity is Severity.ERROR:
                        yield Finding(rule, message, item.span, rail=item.key.name)


def reading_of(
    files: Iterable[tuple[str, bytes]], name: str, settings: Settings
) -> Reading:
    """Read manifests from files at hand, given as path and bytes.

    Raises:
        InputError: some text is none, and so is not compared as if it were not there.
    """
    made = (File(path, data, is_named=False) for path, data in files)
    return _checked(linting.gather(made, [name], settings).reading)


def _read(path: str, settings: Settings) -> Reading:
    return _checked(linting.read_manifests([path], settings).reading)


def _read_dump(path: str, settings: Settings) -> Reading:
    """Read a dump, which may hold nothing of what is judged."""
    reading = linting.read_manifests([path], settings).reading
    if reading.files:
        reading.findings = [f for f in reading.findings if f.rule is not NO_MANIFESTS]
    return _checked(reading)


def _checked(reading: Reading) -> Reading:
    found = [f for f in reading.findings if has_error([f])]
    places = Places()
    found += [placed(r, places) for r in reading.remarks if not _is_one(r)]
    if found:
        raise InputError(*found)
    return reading


def _is_one(remark: Remark) -> bool:
    """Whether a remark is of an object; an error of kubectl is a mapping, too."""
    document = remark.spot.document
    return bool(document.kind and document.api_version)


def _nameless(reading: Reading) -> Iterator[str]:
    """What is not compared, since every apply makes another object of it."""
    kinds = (f"{counted(n, 'object')} of {k}" for k, n in nameless(reading).items())
    if listed := ", ".join(sorted(kinds)):
        yield f"{listed} without a name (generateName): not compared"


def _mistyped(reading: Reading) -> Iterator[Remark]:
    """What the schemas say of objects that no API server was asked about."""
    broken = {(d.path, d.line, d.base) for d in reading.broken}
    for remark in reading.remarks:
        spot: Spot = remark.spot
        severity = remark.severity or remark.rule.severity
        at = (spot.document.path, spot.document.line, spot.document.base)
        if at in broken and severity is Severity.ERROR:
            yield remark
