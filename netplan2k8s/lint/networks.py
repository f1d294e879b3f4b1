"""HostDeviceNetworks and attachment definitions: names, texts, references."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from netplan2k8s import catalogue
from netplan2k8s.findings import Severity
from netplan2k8s.lint import ipam
from netplan2k8s.lint.attachments import Network, meta_plugins
from netplan2k8s.lint.embedded import Embedded
from netplan2k8s.lint.remarks import Remark, Spot
from netplan2k8s.lint.scene import Scene
from netplan2k8s.manifests.json_text import JsonError, JsonText
from netplan2k8s.manifests.places import Key, Offset
from netplan2k8s.manifests.reader import Pointer
from netplan2k8s.manifests.scalars import typed
from netplan2k8s.simulate.operator import RESOURCE_PREFIX

RESOURCE_NAME = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
MAX_RESOURCE_NAME = 63
_SPEC: Pointer = (Key("spec"),)


def check(scene: Scene) -> Iterator[Remark]:
    for network in scene.networks:
        if network.document.kind == "HostDeviceNetwork":
            yield from _rendering(network)
            yield from _resource_name(network, scene)
            yield from _meta_plugins(network)
        elif network.is_rail:
            yield from _annotation(network)
            yield from _plugins(network)
        yield from broken_json(network.text, _consequence(network))
        if network.is_rail:
            yield from ipam.check(network, scene)
            yield from _resource(network, scene)
    yield from ipam.unchecked(scene)
    yield from _unchecked(scene)


def broken_json(text: Embedded, consequence: str) -> Iterator[Remark]:
    """NK440 for a text that must be a JSON object and is none."""
    field = ".".join(map(str, text.spot.pointer))
    if text.error is not None:
        document, pointer = text.spot
        spot = Spot(document, (*pointer, Offset(text.error.offset)))
        message = f"{field} is no JSON: {text.error.message}; {consequence}"
        yield Remark(catalogue.INVALID_EMBEDDED_JSON, message, spot)
    elif not isinstance(text.value, dict):
        message = f"{field} must be a JSON object; {consequence}"
        yield Remark(catalogue.INVALID_EMBEDDED_JSON, message, text.spot)


def _consequence(network: Network) -> str:
    return f"Multus then fails every pod that asks for {network.name}"


def _meta_plugins(network: Network) -> Iterator[Remark]:
    """NK440 for metaPlugins, which the operator writes behind host-device in a list."""
    document, where = network.document, ("spec", "metaPlugins")
    text = document.spec.get("metaPlugins") or ""
    rule, end = catalogue.INVALID_EMBEDDED_JSON, f"; {_consequence(network)}"
    try:
        plugins = meta_plugins(text)
    except JsonError as error:
        spot = Spot(document, (*where, Offset(error.offset)))
        message = f"spec.metaPlugins is no JSON behind host-device: {error.message}"
        yield Remark(rule, message + end, spot)
        return
    for number, plugin in enumerate(plugins):
        if not isinstance(plugin, dict):
            what = "a list" if isinstance(plugin, list) else json.dumps(plugin)
            at = max(JsonText(f"[{text}]").offset((number,)) - 1, 0)
            message = (
                f"spec.metaPlugins holds objects with commas between, not {what}: the"
                f" operator writes them into a list{end}"
            )
            yield Remark(rule, message, Spot(document, (*where, Offset(at))))


def _plugins(network: Network) -> Iterator[Remark]:
    """NK440 for items of a definition's list of plugins that are no objects."""
    value = network.text.value
    listed = value.get("plugins") if isinstance(value, dict) else None
    for number, plugin in enumerate(listed if isinstance(listed, list) else ()):
        if not isinstance(plugin, dict):
            message = f"plugin {number + 1} of spec.config must be a JSON object"
            spot = network.text.at("plugins", number)
            message += f"; {_consequence(network)}"
            yield Remark(catalogue.INVALID_EMBEDDED_JSON, message, spot)


# -- what the operator renders --------------------------------------------------


def _rendering(network: Network) -> Iterator[Remark]:
    found = list(_unrenderable(network))
    if network.problem and not found:
        message = f"no attachment definition is made of {network.name}: "
        spot = Spot(network.document, _SPEC)
        rule = catalogue.UNRENDERABLE_TEXT
        found.append(Remark(rule, message + network.problem, spot))
    yield from found
    if network.document.namespace:
        message = f"{network.document.kind} has no namespaces; the name is dropped"
        spot = Spot(network.document, ("metadata", "namespace"))
        yield Remark(catalogue.NAMESPACED_CLUSTER_OBJECT, message, spot)


def _unrenderable(network: Network) -> Iterator[Remark]:
    document, spec = network.document, network.document.spec
    for key in ("ipam", "metaPlugins"):
        text = spec.get(key) or ""
        if "'" in text:
            spot = Spot(document, ("spec", key, Offset(text.index("'"))))
            message = (
                f"a ' in spec.{key} ends the quotes of the operator's template: no"
                f" NetworkAttachmentDefinition is made of {network.name}"
            )
            yield Remark(catalogue.UNRENDERABLE_TEXT, message, spot)
    for name, pointer in (
        (network.name, ("metadata", "name")),
        (network.namespace, ("spec", "networkNamespace")),
    ):
        if name and not isinstance(typed(name), str):
            message = (
                f"{pointer[-1]} {name} is written without quotes by the operator's"
                " template, and YAML reads no text in it"
            )
            yield Remark(catalogue.UNRENDERABLE_TEXT, message, Spot(document, pointer))
    if not network.namespace:
        message = (
            f"{network.name} has no networkNamespace: its NetworkAttachmentDefinition"
            " cannot be created"
        )
        yield Remark(catalogue.UNRENDERABLE_TEXT, message, Spot(document, _SPEC))


def _resource_name(network: Network, scene: Scene) -> Iterator[Remark]:
    name = network.document.spec.get("resourceName") or ""
    spot = network.resource_spot
    bare = name.removeprefix(f"{RESOURCE_PREFIX}/")
    if not RESOURCE_NAME.fullmatch(bare):
        message = (
            f"resourceName {name!r} can be no resource of {network.name}; write the"
            " bare name, such as rail-1"
        )
        yield Remark(catalogue.INVALID_RESOURCE_NAME, message, spot)
    elif len(bare) > MAX_RESOURCE_NAME:
        message = (
            f"resourceName {bare} has {len(bare)} characters; a resource has at most"
            f" {MAX_RESOURCE_NAME} behind the slash"
        )
        yield Remark(catalogue.INVALID_RESOURCE_NAME, message, spot)
    elif bare != name:
        message = (
            f"resourceName {name} has a slash, which the operator's admission"
            f" controller refuses; write {bare}"
        )
        yield Remark(
            catalogue.REFUSED_BY_WEBHOOK, message, spot, severity=webhook(scene)
        )


def webhook(scene: Scene) -> Severity:
    """How much a refusal of the admission controller matters on this site."""
    is_on = scene.settings.admission_controller
    return Severity.ERROR if is_on else Severity.INFO


# -- what is referred to --------------------------------------------------------


def _annotation(network: Network) -> Iterator[Remark]:
    if not network.resource:
        message = (
            f"{network.name} has no annotation k8s.v1.cni.cncf.io/resourceName: Multus"
            " hands host-device no NIC"
        )
        spot = Spot(network.document, ("metadata",))
        yield Remark(catalogue.UNKNOWN_RESOURCE, message, spot)


def _resource(network: Network, scene: Scene) -> Iterator[Remark]:
    name = network.resource
    if not name or not scene.plugins or scene.has_unread_plugin:
        return
    if any(r.is_offered_as(name) for p in scene.plugins for r in p.resources):
        return
    document, pointer = network.resource_spot
    message = f"no device plugin offers {name}" + ipam.close(name, scene.resources)
    yield Remark(catalogue.UNKNOWN_RESOURCE, message, Spot(document, pointer))


def _unchecked(scene: Scene) -> Iterator[Remark]:
    """One line where no device plugin is among the manifests."""
    named = [network for network in scene.networks if network.resource]
    if named and not scene.plugins and not scene.has_unread_plugin:
        message = (
            "no device plugin is among these manifests, so the resources of"
            f" {ipam.listed(named)} go unchecked"
        )
        spot = named[0].resource_spot
        yield Remark(catalogue.UNKNOWN_RESOURCE, message, spot, severity=Severity.INFO)
