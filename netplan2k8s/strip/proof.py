"""What a host's Netplan must say once its rails are out of it, and what it does say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from netplan2k8s.addressing import Prefix
from netplan2k8s.netplan import Definition, HostNetwork
from netplan2k8s.strip.rail_text import (
    added,
    is_from,
    is_over,
    keeps_policies,
    vrfs_of,
)

# On purpose not what the stripper goes by: a key that it forgets is to be found here.
_ADDRESSING = ("addresses", "routes", "routing-policy", "gateway4", "gateway6")


def is_stripped(host: HostNetwork, definition: Definition) -> bool:
    """Whether an interface looks as a rail does that was taken out of Netplan."""
    settings = definition.settings
    return (
        definition.section == "ethernets"
        and not any(settings.get(key) for key in _ADDRESSING)
        and all(
            settings.get(key) == value
            for key, (value, _) in added(host, definition).items()
        )
    )


def differences(
    before: HostNetwork, after: HostNetwork, rails: Mapping[str, Prefix]
) -> Iterator[str]:
    """What is not as it must be, in words; nothing for a proven host.

    Every definition but the rails and their VRFs is as before, a rail is without what
    strip takes from it and with what it adds, and a VRF without the routes over rails
    and, but for netplan's sake, the policies for their addresses.
    """
    if list(before.definitions) != list(after.definitions):
        yield "the definitions are not the same in the same order"
        return
    if before.settings != after.settings or before.files != after.files:
        yield "the host's global settings are not as before"
    vrfs = vrfs_of(before, rails)
    for name, definition in before.definitions.items():
        wanted = _wanted(before, definition, rails, is_vrf=name in vrfs)
        found = _filled(after.definitions[name].settings)
        for key in sorted(wanted.keys() | found.keys()):
            if wanted.get(key) != found.get(key):
                kind = "rail" if name in rails else definition.section[:-1]
                yield f"{key} of {kind} {name} is not as it must be"
        if _standing(definition) != _standing(after.definitions[name]):
            yield f"{name} is not what it was"


def _wanted(
    host: HostNetwork,
    definition: Definition,
    rails: Mapping[str, Prefix],
    *,
    is_vrf: bool,
) -> dict[str, Any]:
    settings = dict(definition.settings)
    if definition.id in rails:
        for key in _ADDRESSING:
            settings.pop(key, None)
        new = added(host, definition)
        settings.update({key: value for key, (value, _) in new.items()})
    elif is_vrf:
        links = list(rails.values())
        routes, policies = (
            settings.get("routes", ()),
            settings.get("routing-policy", ()),
        )
        settings["routes"] = [r for r in routes if not is_over(r, links)]
        if not keeps_policies(definition, links):
            settings["routing-policy"] = [p for p in policies if not is_from(p, links)]
    return _filled(settings)


def _filled(settings: Mapping[str, Any]) -> dict[str, Any]:
    """A list that was emptied is as one that was never there, but for link-local."""
    return {
        str(key): value
        for key, value in settings.items()
        if value != [] or key == "link-local"
    }


def _standing(definition: Definition) -> tuple[object, ...]:
    """What a definition is besides its settings."""
    return (
        definition.section,
        definition.backend,
        definition.master,
        definition.vrf,
        definition.implicit_name,
    )
