"""JSON that `ip` wrote, entry by entry, with words for what is not as it should be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from netplan2k8s.inventory.facts import UnreadableError
from netplan2k8s.inventory.ip_link import load_list

T = TypeVar("T")


def entries(text: str, command: str, *keys: str) -> Iterator[dict[str, Any]]:
    """The objects of a JSON list; ``ip`` writes empty ones for what it filters out.

    ``keys`` are what the command gives each of them.

    Raises:
        UnreadableError: no JSON, or something else than a list of objects with them.
    """
    for number, entry in enumerate(load_list(text, f"the JSON list of `{command}`"), 1):
        if not isinstance(entry, dict):
            raise UnreadableError(
                f"is not the JSON list of `{command}`: entry {number} is no object"
            )
        lacking = [key for key in keys if key not in entry]
        if entry and lacking:
            raise UnreadableError(
                f"is not the JSON list of `{command}`: entry {number} has no"
                f" {lacking[0]}"
            )
        if entry:
            yield entry


def listed(text: str, command: str, none: str, *keys: str) -> list[dict[str, Any]]:
    """The objects of a command that always lists some; ``none`` says what it lacks.

    Raises:
        UnreadableError: as ``entries``, or there is none.
    """
    found = list(entries(text, command, *keys))
    if not found:
        raise UnreadableError(f"is not the JSON list of `{command}`: {none}")
    return found


def typed(entry: dict[str, Any], key: str, default: T) -> T:
    """A value of the type of ``default``, which stands where there is none.

    Raises:
        UnreadableError: a value of another type.
    """
    value = entry.get(key, default)
    if type(value) is not type(default):
        words = {str: "text", int: "number", list: "list", dict: "object"}
        found = f"{key} is no {words[type(default)]}: {value!r:.40}"
        raise UnreadableError(f"is not as its program writes it: {found}")
    return value


def objects(entry: dict[str, Any], key: str) -> Iterator[dict[str, Any]]:
    """The objects of a list within an entry; other things are passed over."""
    for item in typed(entry, key, list[Any]()):
        if isinstance(item, dict):
            yield item
