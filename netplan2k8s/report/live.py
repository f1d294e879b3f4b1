"""What was compared with the running hosts: a line, and the leaves as a table."""

from __future__ import annotations

import sys
from collections import Counter
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
    leaves = made.leaves
    rails = _in_order({place.rail for place in leaves})
    title = f"leaves by unit and rail, of {counted(len(made.cables), 'cable')}"
    shown = empty_table(title)
    shown.add_column("unit")
    for rail in rails:
        shown.add_column(rail, overflow="fold")
    for unit in _in_order({place.unit for place in leaves}):
        shown.add_row(unit, *(_cell(made, Place(unit, rail)) for rail in rails))
    return shown


def _cell(made: Survey, place: Place) -> str:
    found = _counted(made, place)
    return ", ".join(f"{leaf} ({links})" for leaf, links in found) or "-"


def _counted(made: Survey, place: Place) -> Sequence[tuple[str, int]]:
    """The leaves of a place, the usual one first."""
    counts = made.leaves.get(place, Counter())
    return sorted(counts.items(), key=lambda pair: (-pair[1], natural_key(pair[0])))


def _in_order(names: set[str]) -> list[str]:
    return sorted(names, key=natural_key)


def facts(made: Survey) -> dict[str, Any]:
    """The section for the JSON report."""
    places = sorted(
        made.leaves, key=lambda p: (natural_key(p.unit), natural_key(p.rail))
    )
    return {
        "compared": list(made.compared),
        "notCompared": list(made.not_compared),
        "rails": made.rails,
        "agreeing": made.agreeing,
        "leaves": [
            {"unit": place.unit, "rail": place.rail, "leaf": leaf, "links": links}
            for place in places
            for leaf, links in _counted(made, place)
        ],
    }
