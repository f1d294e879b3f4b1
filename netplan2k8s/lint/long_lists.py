"""Long lists of pools: one item of each form is judged for all of that form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from netplan2k8s.manifests.reader import Pointer
from netplan2k8s.manifests.records import Alike

_LONG = 32


def reduced(body: Any) -> tuple[Any, dict[Pointer, list[int]]]:  # noqa: ANN401  JSON
    """The body with one item of each form in its long lists, and which these are."""
    numbers: dict[Pointer, list[int]] = {}

    def reduce(value: Any, pointer: Pointer) -> Any:  # noqa: ANN401  as above
        if isinstance(value, dict):
            return {k: reduce(v, (*pointer, k)) for k, v in value.items()}
        if isinstance(value, Alike):
            numbers[pointer] = [0]
            return value[:1]
        if not isinstance(value, list) or len(value) < _LONG:
            return value
        first_of: dict[Any, int] = {}
        for number, item in enumerate(value):
            first_of.setdefault(_form(item), number)
        numbers[pointer] = list(first_of.values())
        return [value[number] for number in first_of.values()]

    return reduce(body, ()), numbers


def _form(item: Any) -> Any:  # noqa: ANN401  as above
    """What of an item the schema looks at: keys and types, and numbers themselves."""
    if isinstance(item, dict):
        values = item.values()
        if all(value.__class__ is str for value in values):
            return tuple(item)
        return tuple(item), tuple(map(_form, values))
    if isinstance(item, list):
        return ("list", *map(_form, item))
    # True is 1 for Python, and no number for the API server.
    return (type(item), item) if isinstance(item, int | float) else type(item)


def original(pointer: Pointer, numbers: Mapping[Pointer, Sequence[int]]) -> Pointer:
    """A place in the reduced body as one in the whole."""
    made: list[str | int] = []
    for step in pointer:
        if isinstance(step, int) and tuple(made) in numbers:
            made.append(numbers[tuple(made)][step])
        else:
            made.append(step)
    return tuple(made)
