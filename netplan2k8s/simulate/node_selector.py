"""What nv-ipam refuses in the nodeSelector of a pool.

Source: nvidia-k8s-ipam, api/v1alpha1/validate_nodeselector.go; apimachinery,
pkg/util/validation (IsQualifiedName, IsDNS1123Subdomain).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from netplan2k8s.naming import is_node_name
from netplan2k8s.simulate.pool_model import Pointer, Problem

_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt")
_LABEL_NAME = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?")
_MAX_LABEL_NAME = 63
# A requirement's field, or a value of it, and what is wrong with it.
_Fault = tuple[Pointer, str]


def selector_problems(selector: Mapping[str, Any] | None) -> Iterator[Problem]:
    """What nv-ipam refuses in a NodeSelector whose fields have their types."""
    if selector is None:
        return
    where: Pointer = ("spec", "nodeSelector", "nodeSelectorTerms")
    terms = selector.get("nodeSelectorTerms") or ()
    if not terms:
        message = "nodeSelector has no term; leave it out to take all"
        yield Problem("selector", where[:-1], message)
    for number, term in enumerate(terms):
        for key, check in (
            ("matchExpressions", _in_expression),
            ("matchFields", _in_field),
        ):
            for index, item in enumerate(term.get(key) or ()):
                for steps, message in check(item):
                    pointer = (*where, number, key, index, *steps)
                    yield Problem("selector", pointer, message)


def is_label_key(key: str) -> bool:
    """Whether a label can have this key: a name, perhaps behind a domain and a /."""
    domain, slash, name = key.rpartition("/")
    if slash and not is_node_name(domain):
        return False
    return len(name) <= _MAX_LABEL_NAME and _LABEL_NAME.fullmatch(name) is not None


def _in_expression(item: Mapping[str, Any]) -> Iterator[_Fault]:
    operator, values = item.get("operator"), item.get("values") or ()
    if operator not in _OPERATORS:
        listed = ", ".join(_OPERATORS)
        yield ("operator",), f"operator {operator!r} is none of {listed}"
    elif operator in ("In", "NotIn") and not values:
        yield ("operator",), f"{operator} needs values"
    elif operator in ("Exists", "DoesNotExist") and values:
        yield ("values",), f"{operator} takes no values"
    elif operator in ("Gt", "Lt") and len(values) != 1:
        yield ("values",), f"{operator} takes exactly one value"
    if not is_label_key(str(item.get("key", ""))):
        yield ("key",), f"key {item.get('key')!r} can be no label's"


def _in_field(item: Mapping[str, Any]) -> Iterator[_Fault]:
    operator, values = item.get("operator"), item.get("values") or ()
    if operator not in ("In", "NotIn"):
        yield ("operator",), f"matchFields takes In or NotIn, not {operator}"
    elif len(values) != 1:
        message = f"matchFields takes exactly one value a term, not {len(values)}"
        yield ("values",), message
    if item.get("key") != "metadata.name":
        message = f"matchFields knows metadata.name alone, not {item.get('key')!r}"
        yield ("key",), message
        return
    for number, value in enumerate(values):
        if not is_node_name(str(value)):
            yield ("values", number), f"no node can be called {value!r}"
