"""A manifest as an object, and its one text that YAML 1.1 and 1.2 read alike.

The text is written here because a pool of 16,384 entries takes PyYAML's fastest
dumper 0.4 s; a property test holds it to what PyYAML and ruamel.yaml read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, NamedTuple

_NARROW = r"[A-Za-z][A-Za-z0-9._/-]*|\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?"
# Plain where no reader of YAML 1.1 or 1.2 sees anything but a string.
_PLAIN = re.compile(
    r"[A-Za-z](?:[A-Za-z0-9_./, -]*[A-Za-z0-9_./-])?"
    r"|\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?"
)
_PLAIN_LINES = re.compile(rf"(?:(?:{_NARROW})(?:\n(?!\Z)|\Z))+")
_MANY = 32
_LONGEST_WORD = 5
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_BLOCK = re.compile(r"[^\s][^\n]*(?:\n[^\n]*)*")
_ASCII_CONTROL = re.compile(r"[^\n -~]")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


class Identity(NamedTuple):
    """What makes an object the same object for the API server."""

    api_version: str
    kind: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """One object and the file it belongs in, relative to the output directory."""

    path: str
    body: Mapping[str, Any]

    @property
    def identity(self) -> Identity:
        metadata = self.body.get("metadata") or {}
        return Identity(
            self.body["apiVersion"],
            self.body["kind"],
            metadata.get("namespace", ""),
            metadata.get("name", ""),
        )


def dump(body: Mapping[str, Any]) -> str:
    """Write an object in block style, keys in the order given.

    Values are mappings with text keys, sequences, texts, integers, booleans and None.
    """
    lines: list[str] = []
    _mapping(body, "", lines)
    return "\n".join(lines) + "\n"


def _mapping(body: Mapping[str, Any], indent: str, lines: list[str]) -> None:
    for key, value in body.items():
        _entry(f"{indent}{_key(key)}:", value, indent, lines)


def _entry(head: str, value: Any, indent: str, lines: list[str]) -> None:  # noqa: ANN401
    """Append ``head`` and a value, whose own lines are indented below ``indent``."""
    if isinstance(value, str):
        lines.append(f"{head} {_text(value, indent + '  ')}")
    elif isinstance(value, Mapping):
        if value:
            lines.append(head)
            _mapping(value, indent + "  ", lines)
        else:
            lines.append(f"{head} {{}}")
    elif isinstance(value, Sequence):
        if value:
            lines.append(head)
            _sequence(value, indent, lines)
        else:
            lines.append(f"{head} []")
    else:
        lines.append(f"{head} {_atom(value)}")


def _sequence(items: Sequence[Any], indent: str, lines: list[str]) -> None:
    if len(items) >= _MANY:
        rows = _rows(items, indent)
        if rows is not None:
            lines.extend(rows)
            return
    for item in items:
        if isinstance(item, Mapping) and item:
            first = len(lines)
            _mapping(item, indent + "  ", lines)
            lines[first] = f"{indent}- {lines[first][len(indent) + 2 :]}"
        elif isinstance(item, Sequence) and not isinstance(item, str) and item:
            first = len(lines)
            _sequence(item, indent + "  ", lines)
            lines[first] = f"{indent}- {lines[first][len(indent) + 2 :]}"
        else:
            _entry(f"{indent}-", item, indent, lines)


def _rows(items: Sequence[Any], indent: str) -> Iterator[str] | None:
    """Many mappings of the same keys to plain texts, written by one template."""
    keys = tuple(items[0]) if isinstance(items[0], dict) else ()
    if not keys or any(type(item) is not dict or tuple(item) != keys for item in items):
        return None
    columns = [[item[key] for item in items] for key in keys]
    if not all(map(_are_plain, columns)):
        return None
    heads = [_scalar(key).replace("%", "%%") for key in keys]
    lines = [f"{indent}  {head}: %s" for head in heads]
    lines[0] = f"{indent}- {heads[0]}: %s"
    template = "\n".join(lines)
    return (template % row for row in zip(*columns, strict=True))


def _are_plain(values: Sequence[Any]) -> bool:
    """Whether all are texts of the commonest plain forms; false where in doubt."""
    try:
        text = "\n".join(values)
    except TypeError:
        return False
    if text.count("\n") != len(values) - 1 or not _PLAIN_LINES.fullmatch(text):
        return False
    short = {value.lower() for value in {*values} if len(value) <= _LONGEST_WORD}
    return _WORDS.isdisjoint(short)


def _atom(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    raise TypeError(f"no manifest holds a {type(value).__name__}")


def _text(text: str, indent: str) -> str:
    if "\n" in text and _BLOCK.fullmatch(text) and _is_printable(text):
        return _literal(text, indent)
    return _scalar(text)


def _literal(text: str, indent: str) -> str:
    """A literal block; the chomping sign says how the text ends."""
    stripped = text.rstrip("\n")
    ending = len(text) - len(stripped)
    chomp = "-" if ending == 0 else "" if ending == 1 else "+"
    lines = [indent + line if line else "" for line in stripped.split("\n")]
    return "\n".join([f"|{chomp}", *lines, *[""] * (ending - 1)])


def _scalar(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS and " - " not in text:
        return text
    if '"' in text and "'" not in text and "\n" not in text and _is_printable(text):
        return f"'{text}'"  # JSON stays as it is
    return '"' + "".join(map(_escape, text)) + '"'


_key = lru_cache(maxsize=512)(_scalar)


def _is_printable(text: str) -> bool:
    """Whether the text may stand in YAML as it is, line feeds apart."""
    if text.isascii():
        return _ASCII_CONTROL.search(text) is None
    return _unprintable().search(text) is None


@cache
def _unprintable() -> re.Pattern[str]:
    return re.compile(
        "[^\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]"
    )


def _escape(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if _is_printable(character):
        return character
    code = ord(character)
    if code < 0x100:  # noqa: PLR2004
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"  # noqa: PLR2004
