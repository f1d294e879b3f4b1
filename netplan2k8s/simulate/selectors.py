"""Which nodes a core/v1 NodeSelector picks.

Source: kubernetes component-helpers, scheduling/corev1/nodeaffinity: terms are ORed,
requirements within a term ANDed, and an empty term matches nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

HOSTNAME = "kubernetes.io/hostname"


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the cluster as selectors see it."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)

    def label(self, key: str) -> str | None:
        """A label; the hostname label is the node's name unless it says otherwise."""
        return self.labels.get(key, self.name if key == HOSTNAME else None)


def selected(
    selector: Mapping[str, Any] | None, nodes: Iterable[Node]
) -> tuple[Node, ...]:
    """The nodes a selector picks, in their order; None picks all."""
    if selector is None:
        return tuple(nodes)
    terms = selector.get("nodeSelectorTerms") or ()
    if not any(term.get("matchExpressions") for term in terms):
        named = listed_names(selector)
        if named is not None:
            return tuple(node for node in nodes if node.name in named)
    return tuple(node for node in nodes if any(_term(term, node) for term in terms))


def listed_names(selector: Mapping[str, Any] | None) -> set[str] | None:
    """The names a selector lists one by one, None for any other form.

    By metadata.name or by the hostname label, which most clusters keep equal.
    """
    if selector is None:
        return None
    names: set[str] = set()
    for term in selector.get("nodeSelectorTerms") or ():
        items = [*(term.get("matchFields") or ())]
        for item in term.get("matchExpressions") or ():
            if item.get("key") != HOSTNAME:
                return None
            items.append(item)
        if len(items) != 1 or items[0].get("operator") != "In":
            return None
        names.update(items[0].get("values") or ())
    return names


def _term(term: Mapping[str, Any], node: Node) -> bool:
    expressions: Sequence[Any] = term.get("matchExpressions") or ()
    fields: Sequence[Any] = term.get("matchFields") or ()
    if not expressions and not fields:
        return False
    return all(
        _holds(item, node.label(str(item.get("key")))) for item in expressions
    ) and all(_holds(item, node.name) for item in fields)


def _holds(requirement: Mapping[str, Any], value: str | None) -> bool:
    operator, values = requirement.get("operator"), requirement.get("values") or ()
    if operator == "In":
        return value in values
    if operator == "NotIn":
        return value not in values
    if operator == "Exists":
        return value is not None
    if operator == "DoesNotExist":
        return value is None
    return _compares(str(operator), value, values)


def _compares(operator: str, value: str | None, values: Sequence[str]) -> bool:
    """Gt and Lt compare whole numbers; what is none matches nothing."""
    try:
        have, bound = int(value or ""), int(values[0])
    except (ValueError, IndexError):
        return False
    return have > bound if operator == "Gt" else have < bound


def is_subset(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Whether a plain label map selects a node with these labels."""
    return all(labels.get(key) == value for key, value in selector.items())
