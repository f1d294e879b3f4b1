"""The JSON Schemas of ``schemas/``: settings, report, manifests, texts within them.

A schema describes the newest operator: what ``x-since`` marks is taken out for an older
release, what ``x-required-before`` names is required for one.
"""

from __future__ import annotations

import json
import os
from typing import Any

from netplan2k8s.findings import UsageError
from netplan2k8s.settings import DEFAULT_RELEASE, OPERATOR_RELEASES

_HERE = os.path.dirname(os.path.abspath(__file__))
# In a wheel beside the modules, in a checkout beside the package.
_PLACES = (os.path.join(_HERE, "schemas"), os.path.join(_HERE, "..", "schemas"))


def names() -> list[str]:
    """All schemas, sorted without regard to case."""
    files = os.listdir(_directory())
    found = [name.removesuffix(".json") for name in files if name.endswith(".json")]
    return sorted(found, key=str.lower)


def schema(name: str, release: str = DEFAULT_RELEASE) -> dict[str, Any]:
    """One schema as of an operator release; the name in any case.

    Raises:
        UsageError: no such schema, or the release has no such kind.
    """
    known = {known.lower(): known for known in names()}
    if name.lower() not in known:
        raise UsageError(f"no schema {name!r}; there are {', '.join(known.values())}")
    path = os.path.join(_directory(), f"{known[name.lower()]}.json")
    with open(path, encoding="utf-8") as file:
        body = _as_of(json.load(file), release)
    if body is None:
        raise UsageError(f"operator release {release} has no {known[name.lower()]}")
    assert isinstance(body, dict)
    return body


def text(name: str, release: str = DEFAULT_RELEASE) -> str:
    """The schema as printed by ``netplan2k8s schema``."""
    return json.dumps(schema(name, release), indent=2, ensure_ascii=False) + "\n"


def _directory() -> str:
    return next(place for place in _PLACES if os.path.isdir(place))


def _as_of(node: Any, release: str) -> Any:  # noqa: ANN401  a JSON value
    """A schema without what is newer than the release; None where all of it is."""
    if isinstance(node, list):
        return [_as_of(item, release) for item in node]
    if not isinstance(node, dict):
        return node
    order = OPERATOR_RELEASES.index
    if order(node.get("x-since", OPERATOR_RELEASES[0])) > order(release):
        return None
    kept = {key: _as_of(value, release) for key, value in node.items()}
    for bound, names in kept.pop("x-required-before", {}).items():
        if order(release) < order(bound):
            kept["required"] = [*kept.get("required", ()), *names]
    return {
        key: value
        for key, value in kept.items()
        if key != "x-since" and (value is not None or node[key] is None)
    }
