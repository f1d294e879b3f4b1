"""Walking a mapping by a key table as netplan does: in order, to the first refusal."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from netplan2k8s import catalogue
from netplan2k8s.netplan.model import Definition
from netplan2k8s.netplan.scalars import RejectError
from netplan2k8s.source import Mapping, Node

SCALAR, SPECIAL, SEQUENCE, MAPPING, TABLE, ANY = range(6)

Table = dict[str, tuple[int, Any]]


class Reference(NamedTuple):
    """A mention of another definition, to be resolved when the file is read.

    ``kind`` is the key it stands under (``interfaces``, ``link``, ``peer``,
    ``primary``, ``path-cost`` …); ``holder`` is the node of the whole list.
    """

    definition: Definition
    kind: str
    node: str
    holder: Node


class PortSetting(NamedTuple):
    """A bridge's cost or priority of a port; ``taken`` is said of a second one."""

    bridge: str
    key: str
    port: str
    number: int
    node: Node
    taken: str


@dataclass(slots=True)
class State:
    """What is known of a host while its files are read.

    ``has_forward_reference`` says that the file names what it defines later, so that
    netplan reads it a second time.

    ``unusual`` is set where an address or a route may deserve a warning, and
    ``default_routes`` counts them, since two may.
    """

    definitions: dict[str, Definition] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    references: list[Reference] = field(default_factory=list)
    current: Definition = field(default_factory=lambda: Definition("", ""))
    port_settings: dict[tuple[str, str], int] = field(default_factory=dict)
    port_settings_of_file: list[PortSetting] = field(default_factory=list)
    has_forward_reference: bool = False
    file: str = ""
    unusual: bool = False
    default_routes: int = 0


def refer(state: State, kind: str, node: str, holder: Node) -> None:
    """Note that the current definition mentions another."""
    state.references.append(Reference(state.current, kind, node, holder))
    if node not in state.definitions:
        state.has_forward_reference = True


def set_port(state: State, setting: PortSetting) -> None:
    """Give a port its cost or priority, once and for all bridges.

    Raises:
        RejectError: NK105 where it has one, be it the same.
    """
    slot = setting.key, setting.port
    if slot in state.port_settings:
        message = f"{setting.taken} {state.port_settings[slot]}"
        raise RejectError(catalogue.CONFLICTING_DEFINITION, message, setting.node)
    if setting.number:
        state.port_settings[slot] = setting.number


def process(state: State, node: Node, table: Table, target: dict[str, Any]) -> None:
    """Read a mapping into ``target``; repeated keys are taken in turn.

    Raises:
        RejectError: NK101 for an unknown key, NK102 for a wrong shape, or what a reader
            of a value raises.
    """
    if not isinstance(node, Mapping):
        raise expected("mapping (check indentation)", node)
    pairs = iter(node)
    key: Any = ""
    try:
        for key, value in zip(pairs, pairs, strict=True):
            if not isinstance(key, str):
                raise expected("scalar", key)
            entry = table.get(key)
            if entry is None:
                raise unknown(key, table)
            shape, reader = entry
            if shape == SCALAR:
                if not isinstance(value, str):
                    raise expected("scalar", value)
                target[key] = reader(value)
            elif shape == SEQUENCE and type(value) is list:
                reader(state, target, key, value)
            else:
                _dispatch(state, target, key, value, shape, reader)
    except RejectError as reject:
        if reject.node is not key:
            reject.keys.append(key)
        raise


def _dispatch(
    state: State,
    target: dict[str, Any],
    key: str,
    value: Node,
    shape: int,
    reader: Any,  # noqa: ANN401  a handler or a table, as the shape says
) -> None:
    if shape == SEQUENCE:
        if not isinstance(value, list) or isinstance(value, Mapping):
            raise expected(f"sequence{_as_list(value)}", value)
        reader(state, target, key, value)
    elif shape == TABLE:
        process(state, value, reader, target.setdefault(key, {}))
    elif shape == MAPPING:
        if not isinstance(value, Mapping):
            raise expected("mapping (check indentation)", value)
        reader(state, target, key, value)
    elif shape == SPECIAL and not isinstance(value, str):
        raise expected("scalar", value)
    else:
        reader(state, target, key, value)


_PLAIN = r"[A-Za-z0-9_./]([A-Za-z0-9_./:+-]*[A-Za-z0-9_./+-])?"
_MAX_ADVICE = 60


def _as_list(value: Node) -> str:
    """How to write as a list what is none: a text, or a mapping for a list of them."""
    if isinstance(value, Mapping):
        return f"; write [{{{value[0]}: …}}]" if value else ""
    text = str(value)
    if not text:
        return "; write [] for none"
    if len(text) > _MAX_ADVICE or "\n" in text:
        return ""
    words = [word.strip() for word in text.split(",")]
    quoted = (w if re.fullmatch(_PLAIN, w) else f"'{w}'" for w in words if w)
    return f"; write [{', '.join(quoted)}]"


def expected(what: str, node: object) -> RejectError:
    return RejectError(catalogue.WRONG_SHAPE, f"expected {what}", node)


def unknown(key: str, known: Iterable[str]) -> RejectError:
    import difflib  # noqa: PLC0415  only to refuse

    near = difflib.get_close_matches(key, list(known), n=1)
    advice = f"; did you mean '{near[0]}'?" if near else ""
    return RejectError(catalogue.UNKNOWN_KEY, f"unknown key '{key}'{advice}", key)
