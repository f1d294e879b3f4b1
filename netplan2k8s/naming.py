"""Names of nodes: their order, their ranges, their grammar; and counts in words."""

from __future__ import annotations

import re

_DIGITS = re.compile(r"(\d+)")
_SUBDOMAIN = re.compile(
    r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
)
MAX_SUBDOMAIN = 253
_MOST_DIGITS = 1000


def natural_key(name: str) -> tuple[list[str | int], str]:
    """Sort worker-9 before worker-10; ties on leading zeros fall back to text."""
    pieces: list[str | int] = list(_DIGITS.split(name))
    pieces[1::2] = map(_number, pieces[1::2])
    return pieces, name


def _number(digits: str | int) -> int:
    """The number of a name; Python itself reads no more than 4,300 digits."""
    return int(str(digits)[-_MOST_DIGITS:])


def is_node_name(name: str) -> bool:
    """Whether the API server takes it as Node.metadata.name (DNS-1123 subdomain)."""
    return len(name) <= MAX_SUBDOMAIN and _SUBDOMAIN.fullmatch(name) is not None


def ranges(names: list[str], limit: int = 6) -> str:
    """Write sorted names briefly: ``worker-0..5, worker-9`` and ``… 12 more``."""
    groups: list[tuple[str, str, list[str]]] = []
    for name in sorted(names, key=natural_key):
        stem, number = _split(name)
        if groups and number and groups[-1][0] == stem and _follows(groups[-1], number):
            groups[-1][2].append(number)
        else:
            groups.append((stem, name, [number]))
    words = [
        name if len(numbers) == 1 else f"{name}..{numbers[-1]}"
        for _, name, numbers in groups
    ]
    if len(words) > limit:
        shown = sum(len(numbers) for _, _, numbers in groups[:limit])
        return f"{', '.join(words[:limit])} and {len(names) - shown} more"
    return ", ".join(words)


def counted(count: int, what: str) -> str:
    """A number with its noun: ``1 other host``, ``2 other hosts``."""
    return f"{count} {what}" + ("" if count == 1 else "s")


def _split(name: str) -> tuple[str, str]:
    stem = name.rstrip("0123456789")
    return stem, name[len(stem) :]


def _follows(group: tuple[str, str, list[str]], number: str) -> bool:
    last = group[2][-1]
    return bool(last) and _number(number) == _number(last) + 1
