"""JSON that a text of a manifest holds, with the way to every value in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from netplan2k8s.lint.remarks import Spot
from netplan2k8s.manifests.json_text import JsonError, JsonText
from netplan2k8s.manifests.places import EMBEDDED
from netplan2k8s.manifests.reader import Document, Pointer


@dataclass(frozen=True, slots=True)
class Embedded:
    """JSON in a text: its value, or why there is none."""

    spot: Spot
    text: str
    value: Any = None
    error: JsonError | None = None

    def at(self, *steps: str | int) -> Spot:
        document, pointer = self.spot
        return Spot(document, (*pointer, EMBEDDED, *steps))


def embedded(document: Document, pointer: Pointer, text: str) -> Embedded:
    spot = Spot(document, pointer)
    try:
        return Embedded(spot, text, JsonText(text).value())
    except JsonError as error:
        return Embedded(spot, text, error=error)
