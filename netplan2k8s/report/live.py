"""What was compared with the running hosts: a line, and the leaves as a table."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from netplan2k8s.live.leaves import Place
from netplan2k8s.live.survey import Survey
from netplan2k8s.naming import counted, natural_key
from netplan2k8s.report.terminal import console_on, empty_table, wants_color


def print_live(made: Survey, color: str) -> None:
    """Write the section to stdout; the table where LLDP tells any leaf."""
    sys.stdout.write(text(made))
    if made.cables:
        console = console_on(sys.stdout, color=wants_color(color, sys.stdout))
        sys.stdout.write("\n")
        sys.stdout.flush()
        console.print(_leaves_table(made))


def text(made: Survey) -> str:
    """How many hosts and rails were compared, and how many agree."""
    if made.compared:
        verb = "agrees" if made.agreeing == 1 else "agree"
        line = (
            f"live: {counted(made.rails, 'rail')} of"
            f" {counted(len(made.compared), 'host')} compared, {made.agreeing} {verb}"
        )
    else:
        line = "live: nothing compared"
    if made.compared and made.not_compared:
        line += f"; {counted(len(made.not_compared), 'host')} not compared"
    return f"{line}\n"


def _leaves_table(made: Survey) -> Any:  # noqa: ANN401  rich is imported late
    leaves = _sorted(made)
    rails = list(dict.fromkeys(place.rail for place in leaves))
    rails.sort(key=natural_key)
    shown = empty_table(
        f"leaves by unit and rail, of {counted(len(made.cables), 'cable')}"
    )
    shown.add_column("unit")
    for rail in rails:
        shown.add_column(rail, overflow="fold")
    for unit in dict.fromkeys(place.unit for place in leaves):
        cells = (leaves.get(Place(unit, rail), []) for rail in rails)
        shown.add_row(unit, *map(_cell, cells))
    return shown


def _cell(leaves: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{leaf} ({links})" for leaf, links in leaves) or "-"


def _sorted(made: Survey) -> dict[Place, list[tuple[str, int]]]:
    """The leaves of each unit and rail with their links, the usual one first."""
    places = sorted(
        made.leaves.items(),
        key=lambda item: (natural_key(item[0].unit), natural_key(item[0].rail)),
    )
    return {
        place: sorted(counts.items(), key=lambda pair: (-pair[1], natural_key(pair[0])))
        for place, counts in places
    }


def facts(made: Survey) -> dict[str, Any]:
    """The section for the JSON report."""
    return {
        "compared": list(made.compared),
        "notCompared": list(made.not_compared),
        "rails": made.rails,
        "agreeing": made.agreeing,
        "leaves": [
            {"unit": place.unit, "rail": place.rail, "leaf": leaf, "links": links}
            for place, leaves in _sorted(made).items()
            for leaf, links in leaves
        ],
    }
