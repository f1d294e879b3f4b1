"""What strip remembers of a host: the sums of its originals and of its new files."""

from __future__ import annotations

import hashlib
import json
from typing import Any, NamedTuple

from netplan2k8s.strip.trees import HOSTS, ROLLBACK, Entry, Tree

_MODE = "0{:o}"
_WHOLE = (ROLLBACK, HOSTS)


class Sum(NamedTuple):
    """A file by its SHA-256 and mode, or a link by its text."""

    sha256: str
    mode: int
    link: str = ""


class Sums(NamedTuple):
    """The files of a host by path, as they were and as strip made them."""

    original: dict[str, Sum]
    stripped: dict[str, Sum]


def sum_of(entry: Entry) -> Sum:
    if entry.link:
        return Sum("", 0, entry.link)
    return Sum(hashlib.sha256(entry.content).hexdigest(), entry.mode)


def text(original: Tree, stripped: Tree) -> bytes:
    """The sums of a host as JSON."""
    parts = {
        part: {path: _facts(sum_of(entry)) for path, entry in tree.items()}
        for part, tree in zip(_WHOLE, (original, stripped), strict=True)
    }
    return (json.dumps(parts, indent=1) + "\n").encode()


def _facts(found: Sum) -> dict[str, str]:
    if found.link:
        return {"link": found.link}
    return {"sha256": found.sha256, "mode": _MODE.format(found.mode)}


def read(data: bytes) -> Sums:
    """The sums of a host.

    Raises:
        ValueError: the text is none that ``text`` makes.
    """
    try:
        whole = json.loads(data)
        return Sums(*({p: _sum(f) for p, f in whole[part].items()} for part in _WHOLE))
    except (AttributeError, KeyError, TypeError, RecursionError) as error:
        raise ValueError("no sums") from error


def _sum(facts: dict[str, Any]) -> Sum:
    if "link" in facts:
        return Sum("", 0, str(facts["link"]))
    return Sum(str(facts["sha256"]), int(facts["mode"], 8))
