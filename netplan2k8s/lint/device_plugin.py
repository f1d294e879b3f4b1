"""The device plugin's configuration: what it refuses, and what it selects in truth."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from netplan2k8s import catalogue
from netplan2k8s.lint.networks import webhook
from netplan2k8s.lint.plugin_config import Policy, Resource, value_of
from netplan2k8s.lint.remarks import Remark, Spot
from netplan2k8s.lint.scene import Scene
from netplan2k8s.manifests.places import Key, Offset
from netplan2k8s.pci import canonical
from netplan2k8s.simulate.device_plugin import (
    LISTS,
    NEVER_A_PF,
    PCI_ADDRESS,
    filters,
)
from netplan2k8s.simulate.operator import RESOURCE_PREFIX

_NAME = re.compile(r"[a-zA-Z0-9_-]+")
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
    for policy in scene.policies:
        yield from check_policy(policy, scene)


def check_policy(policy: Policy, scene: Scene) -> Iterator[Remark]:
    """One configuration; the scene says what networks ask for."""
    unreadable = list(_text(policy))
    yield from unreadable
    if unreadable:
        return
    yield from _repeated(policy)
    for resource in policy.resources:
        yield from _resource(resource)
        yield from _refused(resource, scene)
        yield from _selection(resource, scene)
    yield from _shared_devices(policy)


def _refuse(message: str, spot: Spot) -> Remark:
    return Remark(catalogue.INVALID_PLUGIN_CONFIG, f"{message}: {_CONSEQUENCE}", spot)


def _text(policy: Policy) -> Iterator[Remark]:
    config = policy.config
    if config.error is not None:
        document, pointer = config.spot
        spot = Spot(document, (*pointer, Offset(config.error.offset)))
        yield _refuse(f"config is no JSON, {config.error.message}", spot)
        return
    value = config.value
    listed = value_of(value, "resourceList") if isinstance(value, dict) else None
    if not isinstance(listed, list) or not listed:
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
    if not _NAME.fullmatch(name):
        message = f"resourceName {name!r} has other characters than A-Z a-z 0-9 _ -"
        yield _refuse(message, resource.at("resourceName"))
    kind = _kind(resource)
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


def _kind(resource: Resource) -> str:
    return str(value_of(resource.body, "deviceType") or "netDevice")


def _selector(
    resource: Resource, index: int, selector: Mapping[str, Any], kind: str
) -> Iterator[Remark]:
    name = value_of(resource.body, "resourceName")
    for key in (*LISTS, "auxTypes"):
        value = value_of(selector, key)
        if value is not None and not _are_texts(value):
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
    if kind == "auxNetDevice" and set(_listed(types)) != {"sf"}:
        message = f'resource {name} of auxNetDevice needs auxTypes ["sf"]'
        yield _refuse(message, resource.selector_spot(index))


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


# -- the admission controller ---------------------------------------------------


def _refused(resource: Resource, scene: Scene) -> Iterator[Remark]:
    """What the operator's webhook refuses and the plugin itself takes."""
    severity = webhook(scene)
    end = ", which the operator's admission controller refuses"
    name = value_of(resource.body, "resourceName") or ""
    found: list[tuple[str, Spot]] = []
    if _NAME.fullmatch(name) and not _WEBHOOK_NAME.fullmatch(name):
        right = name.replace("-", "_")
        message = f"resourceName {name} has a hyphen{end}; {right} passes everywhere"
        found.append((message, resource.at("resourceName")))
    prefix = value_of(resource.body, "resourcePrefix")
    if isinstance(prefix, str) and prefix and not _FQDN.fullmatch(prefix):
        message = f"resourcePrefix {prefix} is no domain name{end}"
        found.append((message, resource.at("resourcePrefix")))
    accepted = _ACCEPTED.get(_kind(resource), ())
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


# -- what is selected -----------------------------------------------------------


def _selection(resource: Resource, scene: Scene) -> Iterator[Remark]:
    if _kind(resource) != "netDevice":
        return
    yield from _prefix(resource, scene)
    name = value_of(resource.body, "resourceName") or ""
    wanted = {network.resource for network in scene.networks}
    is_rail = not wanted or resource.full_name in wanted
    for index, selector in enumerate(resource.selectors):
        used = filters(selector)
        spot = resource.selector_spot(index)
        if not used.keys() - {"vendors", "isRdma", "linkTypes", "drivers"}:
            what = f"only {', '.join(sorted(used))}" if used else "nothing it knows"
            message = (
                f"resource {name} selects by {what}, and so takes every NIC that no"
                " resource before it took; list the rail's pciAddresses"
            )
            yield Remark(catalogue.CATCH_ALL_SELECTOR, message, spot)
        for key in NEVER_A_PF:
            if is_rail and key in used:
                message = (
                    f"resource {name} selects by {key}, which a physical function never"
                    " matches; list the rail's pciAddresses"
                )
                where = resource.selector_spot(index, key)
                yield Remark(catalogue.SELECTOR_WITHOUT_PF, message, where)
        yield from _addresses(resource, index, selector)


def _prefix(resource: Resource, scene: Scene) -> Iterator[Remark]:
    prefix = value_of(resource.body, "resourcePrefix")
    if prefix == RESOURCE_PREFIX:
        return
    name = value_of(resource.body, "resourceName") or ""
    wanted = {network.resource for network in scene.networks}
    if prefix and f"{RESOURCE_PREFIX}/{name}" not in wanted:
        return
    has = f"has the prefix {prefix}" if prefix else "has no prefix: intel.com is put"
    message = (
        f"resource {name} {has}, and a HostDeviceNetwork asks for"
        f' {RESOURCE_PREFIX}/{name}; write "resourcePrefix": "{RESOURCE_PREFIX}"'
    )
    spot = resource.at("resourcePrefix")
    yield Remark(catalogue.FOREIGN_RESOURCE_PREFIX, message, spot)


def _addresses(
    resource: Resource, index: int, selector: Mapping[str, Any]
) -> Iterator[Remark]:
    listed = value_of(selector, "pciAddresses")
    for number, address in enumerate(listed if isinstance(listed, list) else ()):
        if not isinstance(address, str) or PCI_ADDRESS.fullmatch(address):
            continue
        try:
            advice = f"write {canonical(address)}"
        except ValueError:
            advice = "it has the form 0000:1a:00.0"
        message = (
            f"PCI address {address!r} is compared letter by letter and matches no NIC;"
            f" {advice}"
        )
        spot = resource.selector_spot(index, "pciAddresses", number)
        yield Remark(catalogue.UPPER_CASE_PCI, message, spot)


def _shared_devices(policy: Policy) -> Iterator[Remark]:
    """A PCI address of two resources: the first keeps the device."""
    owner: dict[str, tuple[Resource, Spot]] = {}
    for resource in policy.resources:
        for index, selector in enumerate(resource.selectors):
            listed = value_of(selector, "pciAddresses")
            for number, address in enumerate(
                listed if isinstance(listed, list) else ()
            ):
                if not isinstance(address, str):
                    continue
                spot = resource.selector_spot(index, "pciAddresses", number)
                first, where = owner.setdefault(address, (resource, spot))
                if first is not resource:
                    message = (
                        f"{address} is in {resource.full_name} and in"
                        f" {first.full_name}: the first keeps it, and the other has no"
                        " NIC"
                    )
                    yield Remark(catalogue.PCI_ON_TWO_RAILS, message, spot, (where,))


def is_bare_config(body: Mapping[str, Any]) -> bool:
    """Whether an object is the plugin's configuration itself, and no manifest."""
    return "kind" not in body and value_of(body, "resourceList") is not None
