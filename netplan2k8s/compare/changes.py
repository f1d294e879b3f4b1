"""What a difference is: an object, what of it changes, and what that does."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from netplan2k8s.findings import Span
from netplan2k8s.naming import natural_key

Path = tuple[str, ...]
"""The way to a value in an object, by names and not by positions in lists."""
Leaves = Mapping[Path, str]
"""Every value of an object as text."""


class Key(NamedTuple):
    """What makes two objects the same one; the version is not part of it."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        space = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {space}{self.name}"

    @property
    def order(self) -> tuple[object, ...]:
        return (self.kind, natural_key(self.namespace), natural_key(self.name))


class Verb(enum.StrEnum):
    """What applying the manifests does to an object or to a value of it.

    ``keep`` is a value that only the cluster has and that applying leaves there.
    """

    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"
    KEEP = "keep"


class Risk(enum.StrEnum):
    """What a change does to a running cluster, the worst first.

    ``dangerous``: running pods no longer have what new ones get, or lose a rail;
    ``disruptive``: something restarts, or only new pods have it; ``safe``: nothing
    that runs notices.
    """

    DANGEROUS = "dangerous"
    DISRUPTIVE = "disruptive"
    SAFE = "safe"

    @property
    def rank(self) -> int:
        return list(Risk).index(self)


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change does to a running cluster; ``text`` is empty where that is all.

    ``detail`` is what is so in this place alone, as the pods that it meets.
    """

    risk: Risk
    text: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """A line of a diff: what changes from what to what, and what that does.

    ``path`` is empty for what is said of the object as a whole.
    """

    verb: Verb
    what: str
    before: str | None
    after: str | None
    effect: Effect
    path: Path = ()

    @property
    def risk(self) -> Risk:
        return self.effect.risk


@dataclass(frozen=True, slots=True)
class Difference:
    """A value that differs; None where a side does not have it.

    ``is_kept`` for one that the manifest lacks and that applying leaves.
    """

    path: Path
    before: str | None
    after: str | None
    is_kept: bool = False

    @property
    def verb(self) -> Verb:
        if self.is_kept:
            return Verb.KEEP
        if self.before is None:
            return Verb.ADD
        return Verb.REMOVE if self.after is None else Verb.CHANGE

    def as_change(self, effect: Effect, what: str = "") -> Change:
        """A line of a diff, called after the way to the value unless it has a name."""
        what = what or ".".join(self.path)
        return Change(self.verb, what, self.before, self.after, effect, self.path)


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """An object that differs, its changes the worst first.

    ``effect`` is that of the object as a whole, where it is added or removed;
    ``before`` and ``after`` are all its values, for the context of a change.
    """

    key: Key
    verb: Verb
    changes: tuple[Change, ...]
    effect: Effect
    summary: str = ""
    span: Span | None = None
    before: Leaves = field(default_factory=dict)
    after: Leaves = field(default_factory=dict)

    @property
    def risk(self) -> Risk:
        risks = [self.effect.risk, *(change.risk for change in self.changes)]
        return min(risks, key=lambda risk: risk.rank)

    @property
    def order(self) -> tuple[object, ...]:
        """The worst first, what takes from others before all; then as listed."""
        takes = any(c.verb is Verb.REMOVE and not c.path for c in self.changes)
        return (self.risk.rank, not takes, self.key.order)


@dataclass(frozen=True, slots=True)
class Comparison:
    """All objects that differ, the worst first, and how many are the same."""

    objects: tuple[ObjectChange, ...]
    same: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """How many objects are added, changed, removed, and how many are dangerous."""
        verbs = Counter(found.verb for found in self.objects)
        worst = sum(found.risk is Risk.DANGEROUS for found in self.objects)
        return {
            "add": verbs[Verb.ADD],
            "change": verbs[Verb.CHANGE] + verbs[Verb.KEEP],
            "remove": verbs[Verb.REMOVE],
            "dangerous": worst,
        }


def path_key(path: Path) -> list[object]:
    """Sorts values by their names, worker-9 before worker-10."""
    return [natural_key(step) for step in path]


def worst_first(changes: list[Change]) -> tuple[Change, ...]:
    """Changes by what they do, alike ones together, in the order of their names.

    What is said of the object as a whole comes before all.
    """
    return tuple(
        sorted(
            changes,
            key=lambda change: (
                change.risk.rank,
                bool(change.path),
                change.effect.text,
                path_key(change.path),
                natural_key(change.what),
            ),
        )
    )
