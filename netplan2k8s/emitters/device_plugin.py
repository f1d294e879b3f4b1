"""The device plugin's configuration: one JSON text in the policy."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

Resource = dict[str, Any]


def config_text(listed: Sequence[Mapping[str, Any]]) -> str:
    """Strict JSON, one resource a line: the plugin exits on a trailing comma."""
    rows = ",\n".join(f"    {json.dumps(resource)}" for resource in listed)
    return f'{{\n  "resourceList": [\n{rows}\n  ]\n}}\n'
