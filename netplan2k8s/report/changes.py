"""A diff in words, for machines, and for a comment on a pull request."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from netplan2k8s.compare.changes import Change, ObjectChange, Path, Risk, Verb
from netplan2k8s.compare.objects import label
from netplan2k8s.naming import counted, natural_key
from netplan2k8s.report import machine
from netplan2k8s.report.terminal import print_findings, wants_color

if TYPE_CHECKING:
    from netplan2k8s.diffing import Diff

FORMATS = ("text", "json", "github", "markdown")
_SIGNS = {Verb.ADD: "+", Verb.CHANGE: "~", Verb.REMOVE: "-", Verb.KEEP: "="}
_STYLES = {
    Verb.ADD: "green",
    Verb.CHANGE: "yellow",
    Verb.REMOVE: "red",
    Verb.KEEP: "magenta",
}
_RISK_STYLES = {Risk.DANGEROUS: "bold red", Risk.DISRUPTIVE: "yellow", Risk.SAFE: "dim"}
_KEPT = "stays on the cluster, though the manifests lack it"
_LONGEST = 100
_ARROW = " → "


class Line(NamedTuple):
    """A line of the report and how a terminal colors it."""

    text: str
    style: str = ""


def summary(diff: Diff) -> str:
    """One line: how many objects, as ``2 to add, 3 to change, 1 to remove``."""
    counts = diff.comparison.counts
    same = counted(diff.comparison.same, "object")
    is_are = "is" if diff.comparison.same == 1 else "are"
    if not diff.is_different:
        return f"no differences: {same} {is_are} as on {diff.target}"
    words = [f"{counts[verb]} to {verb}" for verb in ("add", "change", "remove")]
    if counts["dangerous"]:
        words.append(f"{counts['dangerous']} dangerous")
    rest = f"; {same} {is_are} the same" if diff.comparison.same else ""
    return f"{', '.join(words)}{rest}"


def print_diff(diff: Diff, format_: str, color: str, context: int = 0) -> None:
    """Write a diff in a format: text on both streams, all others to stdout."""
    if format_ == "text":
        print_findings(diff.findings, color)
        _print_text(diff, color, context)
    elif format_ == "json":
        sys.stdout.write(machine.report(diff.findings, **facts(diff)))
    elif format_ == "markdown":
        sys.stdout.write(markdown(diff))
    else:
        sys.stdout.write(github(diff))


def _print_text(diff: Diff, color: str, context: int) -> None:
    lines = list(_lines(diff, context))
    if not wants_color(color, sys.stdout):
        sys.stdout.write("".join(f"{line.text}\n" for line in lines))
        return
    from rich.text import Text  # noqa: PLC0415  terminals only

    from netplan2k8s.report.terminal import console_on  # noqa: PLC0415  as above

    screen = console_on(sys.stdout, color=True)
    for line in lines:
        screen.print(Text(line.text, style=line.style), soft_wrap=True)


def _lines(diff: Diff, context: int) -> Iterator[Line]:
    for changed in diff.comparison.objects:
        yield from _of_object(changed, context)
    for note in diff.notes:
        yield Line(f"({note})", "dim")
    yield Line(summary(diff), "bold")


def _of_object(changed: ObjectChange, context: int) -> Iterator[Line]:
    head = f"{_SIGNS[changed.verb]} {changed.key}"
    if changed.summary:
        head += f": {changed.summary}"
    yield Line(head, f"bold {_STYLES[changed.verb]}")
    if not changed.changes and changed.risk is not Risk.SAFE:
        yield _effect_line(changed.effect.risk, changed.effect.text)
    for (risk, effect), group in groupby(changed.changes, _alike):
        yield _effect_line(risk, effect)
        yield from _with_context(changed, list(group), context)


def _alike(change: Change) -> tuple[Risk, str]:
    return change.risk, change.effect.text


def _effect_line(risk: Risk, effect: str) -> Line:
    return Line(f"    {risk}{f': {effect}' if effect else ''}", _RISK_STYLES[risk])


def _with_context(
    changed: ObjectChange, group: Sequence[Change], context: int
) -> Iterator[Line]:
    """The changes, with the values around them where that is wished."""
    if not context:
        yield from map(_change_line, group)
        return
    order = sorted({**changed.before, **changed.after}, key=_path_key)
    places = {path: number for number, path in enumerate(order)}
    mine = {change.path: change for change in group if change.path in places}
    others = {change.path for change in changed.changes} - mine.keys()
    yield from (_change_line(c) for c in group if c.path not in mine)
    shown: set[int] = set()
    for path in mine:
        at = places[path]
        shown.update(range(max(at - context, 0), min(at + context + 1, len(order))))
    before = -1
    for number in sorted(shown):
        path = order[number]
        if path in others:
            continue
        if before >= 0 and number > before + 1:
            yield Line("      …", "dim")
        before = number
        if path in mine:
            yield _change_line(mine[path])
        else:
            value = _short(changed.after.get(path, changed.before.get(path, "")))
            name = label(changed.key.kind, path)
            yield Line(f"        {name}  {value}".rstrip(), "dim")


def _path_key(path: Path) -> list[Any]:
    return [natural_key(step) for step in path]


def _change_line(change: Change) -> Line:
    parts = [f"      {_SIGNS[change.verb]} {change.what}", _values(change)]
    if change.verb is Verb.KEEP:
        parts.append(f"({_KEPT})")
    if change.effect.detail:
        parts.append(f"({change.effect.detail})")
    return Line("  ".join(filter(None, parts)), _STYLES[change.verb])


def _values(change: Change) -> str:
    before, after = _short(change.before), _short(change.after)
    if change.verb is Verb.CHANGE:
        return f"{before or '(none)'}{_ARROW}{after or '(none)'}"
    value = after if change.verb is Verb.ADD else before
    return "" if change.what.endswith(value) else value


def _short(value: str | None) -> str:
    """A value on one line; a long one is cut, and JSON has it whole."""
    made = " ".join((value or "").split())
    return made if len(made) <= _LONGEST else f"{made[:_LONGEST]}…"


# -- machines -------------------------------------------------------------------


def facts(diff: Diff) -> dict[str, Any]:
    """The diff in the JSON report."""
    return {
        "target": diff.target,
        "summary": {**diff.comparison.counts, "same": diff.comparison.same},
        "changes": [_object_facts(changed) for changed in diff.comparison.objects],
        "notes": list(diff.notes),
    }


def _object_facts(changed: ObjectChange) -> dict[str, Any]:
    key, span = changed.key, changed.span
    return {
        "verb": changed.verb.value,
        "risk": changed.risk.value,
        "group": key.group,
        "kind": key.kind,
        "namespace": key.namespace or None,
        "name": key.name,
        "path": span.path if span else None,
        "line": span.line if span else None,
        "effect": changed.effect.text,
        "values": [
            {
                "verb": change.verb.value,
                "risk": change.risk.value,
                "what": change.what,
                "before": change.before,
                "after": change.after,
                "effect": change.effect.text,
                "detail": change.effect.detail,
            }
            for change in changed.changes
        ],
    }


# -- GitHub ---------------------------------------------------------------------


def github(diff: Diff) -> str:
    """Annotations of the manifests, and the summary for the log."""
    from netplan2k8s.report.formats import annotation, render  # noqa: PLC0415

    lines = [render("github", diff.findings)]
    for changed in diff.comparison.objects:
        level = "warning" if changed.risk is Risk.DANGEROUS else "notice"
        title = f"{_SIGNS[changed.verb]} {changed.key}"
        said = [line.text.strip() for line in _of_object(changed, 0)][1:]
        lines.append(annotation(level, title, "\n".join(said), changed.span) + "\n")
    return "".join(lines) + f"{summary(diff)}\n"


_MOST_CHARACTERS = 60_000
"""A comment on GitHub has at most 65,536."""
_MOST_ROWS = 50


def markdown(diff: Diff) -> str:
    """A comment for a pull request, cut where GitHub would refuse it."""
    findings = "".join(f"- {_escaped(str(f))}\n" for f in diff.findings)
    head = f"### netplan2k8s diff: {summary(diff)}\n"
    tail = f"\n{findings}" if findings else ""
    tail += "".join(f"\n_{_escaped(note)}_\n" for note in diff.notes)
    made, left = head, _MOST_CHARACTERS - len(head) - len(tail)
    for number, changed in enumerate(diff.comparison.objects):
        piece = "\n" + "\n".join(_section(changed)) + "\n"
        if len(piece) > left:
            rest = len(diff.comparison.objects) - number
            made += f"\n… and {counted(rest, 'object')} more\n"
            break
        made += piece
        left -= len(piece)
    return (made + tail)[:_MOST_CHARACTERS]


def _section(changed: ObjectChange) -> Iterator[str]:
    more = f": {changed.summary}" if changed.summary else ""
    sign = _SIGNS[changed.verb]
    yield f"#### `{sign} {changed.key}`{_escaped(more)}"
    yield ""
    if not changed.changes:
        yield _bullet(changed.effect.risk, changed.effect.text)
        return
    for (risk, effect), listed in groupby(changed.changes, _alike):
        group = list(listed)
        yield _bullet(risk, effect)
        yield ""
        yield "| | what | before | after | |"
        yield "|---|---|---|---|---|"
        for change in group[:_MOST_ROWS]:
            yield _row(change)
        if len(group) > _MOST_ROWS:
            yield f"| … | {len(group) - _MOST_ROWS} more | | | |"
        yield ""


def _bullet(risk: Risk, effect: str) -> str:
    strong = f"**{risk}**" if risk is Risk.DANGEROUS else str(risk)
    return f"- {strong}{f': {_escaped(effect)}' if effect else ''}"


def _row(change: Change) -> str:
    after = "" if change.verb is Verb.KEEP else change.after
    detail = _KEPT if change.verb is Verb.KEEP else change.effect.detail
    cells = (change.what, _short(change.before), _short(after), detail)
    return f"| {_SIGNS[change.verb]} | {' | '.join(map(_escaped, cells))} |"


def _escaped(text: str) -> str:
    """A text without what Markdown or HTML would take for its own."""
    for character in "\\`*_[]<>|":
        text = text.replace(character, f"\\{character}")
    return " ".join(text.replace("#", "&#35;").split())
