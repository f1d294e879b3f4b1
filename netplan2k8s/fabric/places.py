"""From a draft to a finding: the host is read again with marks to find the place."""

from __future__ import annotations

from collections.abc import Callable

from netplan2k8s.addressing import parse_prefix
from netplan2k8s.fabric.drafts import Draft, Where
from netplan2k8s.findings import Finding, Span
from netplan2k8s.netplan import Definition, HostNetwork
from netplan2k8s.source import first_span, span_of

Reread = Callable[[str], HostNetwork | None]


class Locator:
    """Finds places, reading each host that anything is said about once.

    ``place_of`` tells where a node's files lie, and of "" where all of them do.
    """

    def __init__(self, reread: Reread, place_of: Callable[[str], str]) -> None:
        self._reread = reread
        self._place_of = place_of
        self._hosts: dict[str, HostNetwork | None] = {}

    def finding(self, draft: Draft) -> Finding:
        return Finding(
            draft.rule,
            draft.message,
            self.span(draft.where),
            node=draft.where.node_name,
            rail=draft.rail,
            related=tuple(self.span(where) for where in draft.related),
        )

    def span(self, where: Where) -> Span:
        host = self.host(where.node_name)
        if host is None or not host.files:
            return Span(self._place_of(where.node_name))
        fallback = Span(host.files[-1])
        definition = host.definitions.get(where.interface)
        if definition is None:
            return fallback
        return _place(definition, where) or definition.span or fallback

    def host(self, node_name: str) -> HostNetwork | None:
        """A host with places; None for none, or one that cannot be read."""
        if not node_name:
            return None
        if node_name not in self._hosts:
            self._hosts[node_name] = self._reread(node_name)
        return self._hosts[node_name]


def _place(definition: Definition, where: Where) -> Span | None:
    settings = definition.settings
    if where.field == "address":
        item = settings["addresses"][0]
        return span_of(next(iter(item)) if isinstance(item, dict) else item)
    if where.field == "route":
        for route in settings.get("routes", ()):
            if not where.value or _is_to(route.get("to", ""), where.value):
                return span_of(route.get("to"))
    outer, _, inner = where.field.partition(".")
    if inner:
        for route in settings.get(outer, ()):
            if inner in route:
                return span_of(route[inner])
    return first_span(settings.get(outer))


def _is_to(text: str, destination: str) -> bool:
    try:
        return str(parse_prefix(text)) == destination
    except ValueError:
        return False
