"""A diff in words, for machines, and for a comment on a pull request."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from netplan2k8s.compare.changes import Change, ObjectChange, Risk, Verb, path_key
from netplan2k8s.compare.objects import label
from netplan2k8s.findings import Finding, visible
from netplan2k8s.naming import counted
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
_LONGEST = 100
_MOST_LINES = 50
"""Of one object in an annotation."""
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


def text(diff: Diff, context: int = 0) -> str:
    """The changes, how they were found, and the summary; ``context`` values around."""
    return "".join(f"{line.text}\n" for line in _lines(diff, context))


def _print_text(diff: Diff, color: str, context: int) -> None:
    if not wants_color(color, sys.stdout):
        sys.stdout.write(text(diff, context))
        return
    from rich.text import Text  # noqa: PLC0415  terminals only

    from netplan2k8s.report.terminal import console_on  # noqa: PLC0415  as above

    screen = console_on(sys.stdout, color=True)
    for line in _lines(diff, context):
        screen.print(Text(line.text, style=line.style), soft_wrap=True)


def _lines(diff: Diff, context: int) -> Iterator[Line]:
    for line in _raw_lines(diff, context):
        yield line._replace(text=visible(line.text))


def _raw_lines(diff: Diff, context: int) -> Iterator[Line]:
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
    is_plain = changed.verb is Verb.ADD and changed.risk is Risk.SAFE
    if not changed.changes and not is_plain:
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
    order = sorted({**changed.before, **changed.after}, key=path_key)
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
            name = _short(label(changed.key.kind, path))
            yield Line(f"        {name}  {value}".rstrip(), "dim")


def _change_line(change: Change) -> Line:
    parts = [f"      {_SIGNS[change.verb]} {_short(change.what)}", _values(change)]
    if change.effect.detail:
        parts.append(f"({change.effect.detail})")
    return Line("  ".join(filter(None, parts)), _STYLES[change.verb])


def _values(change: Change) -> str:
    before, after = _short(change.before), _short(change.after)
    if change.verb is Verb.CHANGE:
        return f"{before or '(none)'}{_ARROW}{after or '(none)'}"
    value = after if change.verb is Verb.ADD else before
    return "" if f" {change.what}".endswith(f" {value}") else value


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
        title = visible(f"{_SIGNS[changed.verb]} {changed.key}")
        said = [changed.summary] if changed.summary else []
        said += [line.text.strip() for line in _of_object(changed, 0)][1:]
        rest = len(said) - _MOST_LINES
        if rest > 0:
            said[_MOST_LINES:] = [f"… and {counted(rest, 'line')} more"]
        text = "\n".join(map(visible, said)) or changed.verb
        lines.append(f"{annotation(level, title, text, changed.span)}\n")
    lines += [f"({visible(note)})\n" for note in diff.notes]
    return "".join(lines) + f"{visible(summary(diff))}\n"


_MOST_CHARACTERS = 60_000
"""A comment on GitHub has at most 65,536."""
_MOST_OF_FINDINGS = 15_000
_MOST_ROWS = 50


def markdown(diff: Diff) -> str:
    """A comment for a pull request, cut where GitHub would refuse it."""
    head = f"### netplan2k8s diff: {_escaped(summary(diff))}\n"
    tail = [f"- {_escaped(str(finding))}" for finding in diff.findings]
    notes = [f"_{_escaped(note)}_" for note in diff.notes]
    said = _fitting(["", *tail], _MOST_OF_FINDINGS, "finding") if tail else ""
    said += "".join(f"\n{note}\n" for note in notes)
    room = _MOST_CHARACTERS - len(head) - len(said)
    lines = [line for c in diff.comparison.objects for line in ("", *_section(c))]
    return head + _fitting(lines, room, "line") + said


def markdown_of_findings(findings: Sequence[Finding]) -> str:
    """A comment for a pull request where nothing could be compared."""
    listed = [f"- {_escaped(str(finding))}" for finding in findings]
    head = "### netplan2k8s diff: nothing was compared\n"
    return head + _fitting(["", *listed], _MOST_CHARACTERS - len(head), "finding")


def _fitting(lines: Sequence[str], room: int, what: str) -> str:
    """The first lines, as many as there is room for, and how many more there are."""
    made: list[str] = []
    for number, line in enumerate(lines):
        room -= len(line) + 1
        if room < len("\n… and 100000 findings more\n"):
            rest = sum(map(bool, lines[number:]))
            made += ["", f"… and {counted(rest, what)} more"]
            break
        made.append(line)
    return "".join(f"{line}\n" for line in made)


def _section(changed: ObjectChange) -> Iterator[str]:
    more = f": {_escaped(changed.summary)}" if changed.summary else ""
    yield f"#### {_code(f'{_SIGNS[changed.verb]} {changed.key}')}{more}"
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
    values = (_short(value) for value in (change.what, change.before, after))
    cells = " | ".join([*map(_code, values), _escaped(change.effect.detail)])
    return f"| {_SIGNS[change.verb]} | {cells} |"


def _code(text: str) -> str:
    """A value that stays as it is, also in a table: no emphasis, name or emoji."""
    text = visible(" ".join(text.split()))
    if not text:
        return ""
    if not set("`|\\") & set(text):
        return f"`{text}`"
    plain = (c if c.isalnum() or c in " .,;" else f"&#{ord(c)};" for c in text)
    return f"<code>{''.join(plain)}</code>"


def _escaped(text: str) -> str:
    """A text without what Markdown, HTML or GitHub would take for its own."""
    text = visible(" ".join(text.split())).replace("&", "&amp;")
    for character in "\\`*_[]<>|~$":
        text = text.replace(character, f"\\{character}")
    for character in "@#":  # people and issues; what is in between stops their search
        text = text.replace(character, f"{character}<!-- -->")
    return text
