"""Files that differ from an earlier one in their digits alone are not parsed again.

A fleet's hosts are mostly written by one tool, so that their files have few shapes: the
text with every run of digits as one. What YAML makes of a text does not depend on its
digits, save for block scalars, directives, anchors, tags and escapes: a text with any
of those, or with a scalar that does not stand there as it reads, is always parsed. A
differential test holds this to ``source.parse``.
"""

from __future__ import annotations

import operator
import re
import string
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import yaml

from netplan2k8s.source import Loader, Mapping, Node, parse

_RUN = re.compile("[0-9]+")
_DIGITS = string.digits.encode()
_AS_ZERO = bytes.maketrans(_DIGITS, b"0" * 10)
_BLANK_ALL_ELSE = bytes(byte if byte in _DIGITS else 0x20 for byte in range(256))
# A simple key ends at 1,024 characters, so that the length of a run could matter.
_LONG_RUN = b"0" * 64
_LONGEST_SCALAR = 1000
_UNSAFE = re.compile(r"[%&*\x00-\x08\x0b-\x1f\x7f-\U0010ffff]")
_MAX_SHAPES = 1024


class _Slot(NamedTuple):
    """A scalar with digits: its text around them, and which runs they are."""

    form: str
    first: int
    end: int


class _Step(NamedTuple):
    """A collection to make: its type, and what gets its items out of all values."""

    kind: type[list[Any]]
    take: Callable[[list[Any]], Iterable[Any]]


class _Template(NamedTuple):
    """The nodes of a shape, as what makes them of a text's runs of digits.

    ``form`` makes the texts of all scalars with digits at once; ``runs`` are the
    indices of the runs that are in scalars, None where all are. The values are these
    texts, then the ``fixed`` ones, then what each of the ``steps`` makes of the values
    so far; the last is the document.
    """

    form: str
    runs: tuple[int, ...] | None
    fixed: tuple[str, ...]
    steps: tuple[_Step, ...]


class Repeats:
    """Parses texts, remembering the shapes of those that came twice."""

    def __init__(self) -> None:
        self._once: set[int] = set()
        self._shapes: dict[bytes, _Template] = {}

    def parse(self, data: bytes, path: str) -> Node | None:
        """The first document of a text, as ``source.parse`` gives it without marks.

        Raises:
            InputError: as ``source.parse``.
        """
        shape = _shape(data)
        template = self._shapes.get(shape)
        if template is not None:
            return _fill(template, data)
        node = parse(data, path)
        if hash(shape) not in self._once:
            self._once.add(hash(shape))
        elif len(self._shapes) < _MAX_SHAPES and b"\0" not in shape:
            template = _template(data.decode("latin-1"))
            if template is not None:
                self._shapes[shape] = template
        return node


def _shape(data: bytes) -> bytes:
    """The text with every run of digits as one 0; of its own kind with a long run."""
    shape = data.translate(_AS_ZERO)
    if _LONG_RUN in shape:
        return b"\0"
    while b"00" in shape:
        shape = shape.replace(b"00", b"0")
    return shape


def _fill(template: _Template, data: bytes) -> Node:
    runs = data.translate(_BLANK_ALL_ELSE).decode("ascii").split()
    if template.runs is not None:
        runs = [runs[index] for index in template.runs]
    values: list[Any] = (template.form % tuple(runs)).split("\0")
    values += template.fixed
    for kind, take in template.steps:
        values.append(kind(take(values)))
    filled: Node = values[-1]
    return filled


def _template(text: str) -> _Template | None:
    """The nodes of a text without its digits; None where that cannot be."""
    if _UNSAFE.search(text):
        return None
    runs = [found.span() for found in _RUN.finditer(text)]
    slots: list[_Slot] = []
    loader = Loader(text)
    try:
        nodes = _build(loader.get_event, text, runs, slots)
    except _NotFixedError:
        return None
    finally:
        loader.dispose()
    if not isinstance(nodes, list):
        return None
    used = tuple(n for slot in slots for n in range(slot.first, slot.end))
    form = "\0".join(slot.form for slot in slots)
    count = form.count("\0") + 1  # of none, too, one text is made
    fixed = tuple(dict.fromkeys(_fixed(nodes)))
    steps: list[_Step] = []
    places = {text: n for n, text in enumerate(fixed, start=count)}
    _add(nodes, places, count + len(fixed), steps)
    return _Template(
        form, None if len(used) == len(runs) else used, fixed, tuple(steps)
    )


def _fixed(nodes: list[Any]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, str):
            yield node
        elif isinstance(node, list):
            yield from _fixed(node)


def _add(node: Any, places: dict[str, int], first: int, steps: list[_Step]) -> int:  # noqa: ANN401
    """The place of a node among the values; a collection is made after its items.

    ``places`` are those of the fixed texts, ``first`` is that of the first step.
    """
    if isinstance(node, int):
        return node
    if isinstance(node, str):
        return places[node]
    items = [_add(item, places, first, steps) for item in node]
    steps.append(_Step(type(node), _taking(items)))
    return first + len(steps) - 1


def _taking(places: list[int]) -> Callable[[list[Any]], Iterable[Any]]:
    if len(places) > 1:
        return operator.itemgetter(*places)
    low = places[0] if places else 0
    return operator.itemgetter(slice(low, low + len(places)))


class _NotFixedError(Exception):
    """A scalar whose text is not what stands in the file, or a key that may not be."""


def _build(
    next_event: Any,  # noqa: ANN401
    text: str,
    runs: list[tuple[int, int]],
    slots: list[_Slot],
) -> Any:  # noqa: ANN401  a node with the numbers of slots in their places
    root: list[Any] = []
    stack: list[list[Any]] = [root]
    while True:
        event = next_event()
        if isinstance(event, yaml.ScalarEvent):
            scalar = _scalar(event, text, runs)
            if isinstance(scalar, _Slot):
                stack[-1].append(len(slots))
                slots.append(scalar)
            else:
                stack[-1].append(scalar)
        elif isinstance(event, yaml.CollectionStartEvent):
            if isinstance(stack[-1], Mapping) and len(stack[-1]) % 2 == 0:
                raise _NotFixedError
            is_mapping = isinstance(event, yaml.MappingStartEvent)
            node: list[Any] = Mapping() if is_mapping else []
            stack[-1].append(node)
            stack.append(node)
        elif isinstance(event, yaml.CollectionEndEvent):
            stack.pop()
        elif isinstance(event, yaml.DocumentEndEvent):
            return root[0]
        elif isinstance(event, yaml.StreamEndEvent):
            return None  # an empty text is quick enough


def _scalar(event: Any, text: str, runs: list[tuple[int, int]]) -> str | _Slot:  # noqa: ANN401
    start, end = event.start_mark.index, event.end_mark.index
    if event.style in ("'", '"'):
        start, end = start + 1, end - 1
    value: str = event.value
    if text[start:end] != value:
        raise _NotFixedError
    inside = [n for n, (low, high) in enumerate(runs) if start <= low and high <= end]
    if len(value) + len(_LONG_RUN) * len(inside) > _LONGEST_SCALAR:
        raise _NotFixedError
    if not inside:
        return value
    form = _RUN.sub("%s", value)
    return _Slot(form, inside[0], inside[-1] + 1)
