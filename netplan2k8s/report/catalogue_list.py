"""The rules as a list."""

from __future__ import annotations

import json

from netplan2k8s.catalogue import RULES


def render(format_: str) -> str:
    if format_ == "json":
        listed = [
            {
                "code": rule.code,
                "name": rule.name,
                "severity": rule.severity.value,
                "layer": rule.layer.value,
                "summary": rule.summary,
            }
            for rule in RULES.values()
        ]
        return json.dumps(listed, indent=2) + "\n"
    width = max(len(rule.name) for rule in RULES.values())
    return "".join(
        f"{rule.code}  {rule.severity.value:7}  {rule.layer.value:10}"
        f"  {rule.name:{width}}  {rule.summary}\n"
        for rule in RULES.values()
    )
