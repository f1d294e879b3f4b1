"""A host's merged configuration as ``netplan get`` prints it: defaults left out."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from netplan2k8s.netplan.model import Definition, HostNetwork
from netplan2k8s.netplan.scalars import UINT_MAX

_FALSE_BY_DEFAULT = frozenset(
    {
        "critical",
        "dhcp4",
        "dhcp6",
        "optional",
        "ignore-carrier",
        "emit-lldp",
        "delay-virtual-functions-rebind",
        "on-link",
    }
)
_ZERO_BY_DEFAULT = frozenset(
    {
        "mtu",
        "ipv6-mtu",
        "table",
        "mark",
        "congestion-window",
        "advertised-receive-window",
        "advertised-mss",
        "min-links",
        "gratuitous-arp",
        "packets-per-member",
        "resend-igmp",
        "ttl",
        "port",
    }
)
_UNSET_AT_MAXIMUM = frozenset(
    {"metric", "priority", "type-of-service", "id", "virtual-function-count"}
)
_OVERRIDES = frozenset({"dhcp4-overrides", "dhcp6-overrides"})


def merged(host: HostNetwork) -> dict[str, Any]:
    """The configuration as ``{"network": {…}}``, every scalar as text.

    Empty where no file defines anything, as for netplan.
    """
    network: dict[str, Any] = {}
    for definition in host.definitions.values():
        if not definition.section.startswith("_"):
            section = network.setdefault(definition.section, {})
            section[str(definition.id)] = _definition(definition)
    for key, value in host.settings.items():
        if key != "version" and value:
            network[str(key)] = _plain(value)
    if network or "version" in host.settings:
        network["version"] = "2"
    return {"network": network}


def _definition(definition: Definition) -> dict[str, Any]:
    values = _values(definition.settings)
    if definition.backend in ("networkd", "NetworkManager"):
        values["renderer"] = str(definition.backend)
    if definition.section == "bridges" and "parameters" in values:
        members = definition.settings.get("interfaces", ())
        _in_force(values["parameters"], members)
    if definition.section == "vrfs":
        values["table"] = str(definition.settings["table"])
        for key in ("routes", "routing-policy"):
            for entry in values.get(key, ()):
                entry.pop("table", None)
    return values


def _in_force(parameters: dict[str, Any], members: Collection[str]) -> None:
    """Costs and priorities are a port's: only a member's hold, and 0 is none."""
    if parameters.get("priority") == "0":
        del parameters["priority"]
    for key in ("path-cost", "port-priority"):
        if key in parameters:
            costs = parameters.pop(key)
            kept = {
                p: cost for p, cost in costs.items() if p in members and cost != "0"
            }
            if kept:
                parameters[key] = kept


def _values(settings: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in settings.items():
        if not _is_default(key, value):
            values[str(key)] = _value(key, value)
    return values


def _value(key: str, value: Any) -> Any:  # noqa: ANN401  a JSON value
    if key == "addresses":
        return _plain(sorted(value, key=_address_rank))
    if key in ("routes", "routing-policy"):
        return [_values(entry) for entry in value]
    if key in (
        "networkmanager",
        "openvswitch",
        "match",
        "access-points",
    ):
        return _plain(value)
    if key in _OVERRIDES:
        return {str(k): str(v) for k, v in value.items() if not _is_plain(k, v)}
    if isinstance(value, dict):
        return _values(value)
    return _plain(value)


def _is_plain(key: str, value: str) -> bool:
    """Whether an override says what holds without it."""
    return value == "true" or (key == "route-metric" and value == str(UINT_MAX))


def _address_rank(item: Any) -> int:  # noqa: ANN401  text or a mapping of options
    if isinstance(item, dict):
        return 0
    return 2 if ":" in item else 1


def _is_default(key: str, value: Any) -> bool:  # noqa: ANN401  a JSON value
    if isinstance(value, str):
        return (
            (value == "false" and key in _FALSE_BY_DEFAULT)
            or (value == "0" and key in _ZERO_BY_DEFAULT)
            or (value == str(UINT_MAX) and key in _UNSET_AT_MAXIMUM)
            or (key, value) in _WORDS_BY_DEFAULT
        )
    if key == "link-local":
        return bool(value == ["ipv6"])
    if key in _OVERRIDES:
        return all(_is_plain(name, text) for name, text in value.items())
    if key == "nameservers":
        return not any(value.values())
    return not value and key != "match"


_WORDS_BY_DEFAULT = frozenset({("dhcp-identifier", "duid"), ("type", "unicast")})


def _plain(value: Any) -> Any:  # noqa: ANN401  a JSON value
    """The value without places: plain texts, lists and dicts."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return str(value)
