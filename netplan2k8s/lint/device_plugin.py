"""The device plugin's configuration: what the plugin and the webhook refuse in it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from netplan2k8s import catalogue
from netplan2k8s.lint import device_selection
from netplan2k8s.lint.networks import MAX_RESOURCE_NAME, webhook
from netplan2k8s.lint.plugin_config import Policy, Resource, value_of
from netplan2k8s.lint.remarks import Remark, Spot
from netplan2k8s.lint.scene import Scene
from netplan2k8s.manifests.places import Key, Offset
from netplan2k8s.naming import ranges
from netplan2k8s.simulate.device_plugin import (
    LISTS,
    RESOURCE_NAME,
    are_texts,
    resource_list,
)

_WEBHOOK_NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.]*)?[A-Za-z0-9]")
_FQDN = re.compile(r"([a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?\.)+[a-zA-Z]{2,}")
_TYPES = ("netDevice", "accelerator", "auxNetDevice")
_COMMON = ("vendors", "devices", "drivers", "pciAddresses")
_NET = ("pfNames", "rootDevices", "linkTypes", "isRdma", "needVhostNet", "vdpaType")
_ACCEPTED = {
    "netDevice": (*_COMMON, *_NET, "ddpProfiles"),
    "accelerator": _COMMON,
    "auxNetDevice": ("vendors", "devices", "drivers", *_NET, "auxTypes"),
}
_CONSEQUENCE = "the device plugin exits, and no node offers any rail"


def check(scene: Scene) -> Iterator[Remark]:
    for policy in scene.plugins:
        yield from _policy(policy, scene)


def _policy(policy: Policy, scene: Scene) -> Iterator[Remark]:
    """One configuration; the scene says what networks ask for."""
    unreadable = list(_text(policy))
    yield from unreadable
    if unreadable:
        return
    yield from _repeated(policy)
    for resource in policy.resources:
        yield from _resource(resource)
        if policy.document.kind != "ConfigMap":  # which no webhook of the operator sees
            yield from _refused(resource, scene)
        yield from device_selection.check(resource, scene)
    yield from device_selection.shared(policy)
    if policy.document.kind != "ConfigMap":
        yield from _refused_names(policy, scene)


def _refuse(message: str, spot: Spot) -> Remark:
    return Remark(catalogue.INVALID_PLUGIN_CONFIG, f"{message}: {_CONSEQUENCE}", spot)


def _text(policy: Policy) -> Iterator[Remark]:
    config = policy.config
    if config.error is not None:
        document, pointer = config.spot
        spot = Spot(document, (*pointer, Offset(config.error.offset)))
        yield _refuse(f"config is no JSON, {config.error.message}", spot)
        return
    listed = resource_list(config.value)
    if not listed:
        yield _refuse("config has no resourceList with a resource", config.spot)
        return
    for number, item in enumerate(listed):
        if not isinstance(item, dict):
            spot = config.at("resourceList", number)
            yield _refuse("a resource must be an object", spot)
        else:
            yield from _types(Resource(config, number, item))


def _types(resource: Resource) -> Iterator[Remark]:
    """Fields of a wrong type: Go's decoder gives up on the whole text."""
    for key, kind in (
        ("resourceName", str),
        ("resourcePrefix", str),
        ("deviceType", str),
    ):
        value = value_of(resource.body, key)
        if value is not None and not isinstance(value, kind):
            yield _refuse(f"{key} must be text", resource.at(key))
    value = value_of(resource.body, "excludeTopology")
    if value is not None and not isinstance(value, bool):
        yield _refuse("excludeTopology must be true or false", resource.at())


def _repeated(policy: Policy) -> Iterator[Remark]:
    seen: dict[str, Resource] = {}
    for resource in policy.resources:
        first = seen.setdefault(resource.full_name, resource)
        if first is not resource:
            message = f"resource {resource.full_name} is listed twice"
            spot, other = resource.at("resourceName"), first.at("resourceName")
            remark = _refuse(message, spot)
            yield remark._replace(related=(other,))


def _resource(resource: Resource) -> Iterator[Remark]:
    name = value_of(resource.body, "resourceName") or ""
    if not RESOURCE_NAME.fullmatch(name):
        message = f"resourceName {name!r} has other characters than A-Z a-z 0-9 _ -"
        yield _refuse(message, resource.at("resourceName"))
    elif len(name) > MAX_RESOURCE_NAME:
        message = (
            f"resourceName {name} has {len(name)} characters: kubelet takes"
            f" {MAX_RESOURCE_NAME} behind the slash and refuses the resource"
        )
        spot = resource.at("resourceName")
        yield Remark(catalogue.INVALID_PLUGIN_CONFIG, message, spot)
    kind = resource.device_type
    if kind not in _TYPES:
        message = f"deviceType {kind!r} is none of {', '.join(_TYPES)}"
        yield _refuse(message, resource.at("deviceType"))
        return
    selectors = value_of(resource.body, "selectors")
    if selectors is None:
        yield _refuse(f"resource {name} has no selectors", resource.at())
    elif isinstance(selectors, list) and None in selectors:
        index = selectors.index(None)
        spot = resource.at("selectors", index)
        yield _refuse(f"resource {name} has an empty item among its selectors", spot)
    elif not selectors and isinstance(selectors, list):
        message = f"resource {name} is dropped: its list of selectors is empty"
        yield Remark(catalogue.INVALID_PLUGIN_CONFIG, message, resource.at("selectors"))
    elif not all(isinstance(item, dict) for item in _listed(selectors)):
        message = f"resource {name} is dropped: its selectors are no objects"
        yield Remark(catalogue.INVALID_PLUGIN_CONFIG, message, resource.at("selectors"))
    else:
        for index, selector in enumerate(resource.selectors):
            yield from _selector(resource, index, selector, kind)


def _listed(selectors: Any) -> list[Any]:  # noqa: ANN401  a JSON value
    return selectors if isinstance(selectors, list) else [selectors]


def _selector(
    resource: Resource, index: int, selector: Mapping[str, Any], kind: str
) -> Iterator[Remark]:
    name = value_of(resource.body, "resourceName")
    for key in (*LISTS, "auxTypes"):
        value = value_of(selector, key)
        if value is not None and not are_texts(value):
            message = f"resource {name} is dropped: {key} must be a list of texts"
            spot = resource.selector_spot(index, key)
            yield Remark(catalogue.INVALID_PLUGIN_CONFIG, message, spot)
    for key in ("isRdma", "needVhostNet"):
        value = value_of(selector, key)
        if value is not None and not isinstance(value, bool):
            message = f"resource {name} is dropped: {key} must be true or false"
            spot = resource.selector_spot(index, key)
            yield Remark(catalogue.INVALID_PLUGIN_CONFIG, message, spot)
    if value_of(selector, "isRdma") and value_of(selector, "vdpaType"):
        message = f"resource {name} asks for isRdma and vdpaType at once"
        yield _refuse(message, resource.selector_spot(index, "vdpaType"))
    types = value_of(selector, "auxTypes")
    is_read = types is None or are_texts(types)
    if kind == "auxNetDevice" and is_read and set(types or ()) != {"sf"}:
        message = f'resource {name} of auxNetDevice needs auxTypes ["sf"]'
        yield _refuse(message, resource.selector_spot(index))


# -- the admission controller ---------------------------------------------------


def _refused_names(policy: Policy, scene: Scene) -> Iterator[Remark]:
    """Names that the operator's webhook refuses, together where the fault is one."""
    together: dict[str, list[tuple[str, Resource]]] = defaultdict(list)
    for resource in policy.resources:
        name = value_of(resource.body, "resourceName") or ""
        if RESOURCE_NAME.fullmatch(name) and not _WEBHOOK_NAME.fullmatch(name):
            fault = "hyphen" if "-" in name else "_ at an end"
            together[fault].append((name, resource))
    for fault, found in together.items():
        name, resource = found[0]
        right = name.replace("-", "_").strip("_") or "rail_1"
        has = "has" if len(found) == 1 else "have"
        message = (
            f"resourceName {ranges([name for name, _ in found])} {has} a {fault}, which"
            f" the operator's admission controller refuses; {right} passes everywhere"
        )
        spot = resource.at("resourceName")
        related = tuple(other.at("resourceName") for _, other in found[1:])
        rule, severity = catalogue.REFUSED_BY_WEBHOOK, webhook(scene)
        yield Remark(rule, message, spot, related, severity=severity)


def _refused(resource: Resource, scene: Scene) -> Iterator[Remark]:
    """What the operator's webhook refuses and the plugin itself takes."""
    severity = webhook(scene)
    end = ", which the operator's admission controller refuses"
    name = value_of(resource.body, "resourceName") or ""
    found: list[tuple[str, Spot]] = []
    prefix = value_of(resource.body, "resourcePrefix")
    if isinstance(prefix, str) and prefix and not _FQDN.fullmatch(prefix):
        message = f"resourcePrefix {prefix} is no domain name{end}"
        found.append((message, resource.at("resourcePrefix")))
    accepted = _ACCEPTED.get(resource.device_type, ())
    for index, selector in enumerate(resource.selectors):
        if not selector:
            message = f"resource {name} has an empty selector{end}"
            found.append((message, resource.selector_spot(index)))
        for key in selector:
            if key not in accepted:
                message = f"selector {key} of resource {name} is none it knows{end}"
                spot = resource.selector_spot(index, Key(key))
                found.append((message, spot))
    for message, spot in found:
        yield Remark(catalogue.REFUSED_BY_WEBHOOK, message, spot, severity=severity)
