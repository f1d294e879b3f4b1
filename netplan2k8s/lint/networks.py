"""HostDeviceNetworks and attachment definitions: names, texts, references."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator

from netplan2k8s import catalogue
from netplan2k8s.findings import Severity
from netplan2k8s.lint.attachments import Network
from netplan2k8s.lint.embedded import Embedded
from netplan2k8s.lint.remarks import Remark, Spot
from netplan2k8s.lint.scene import Scene
from netplan2k8s.manifests.places import Offset
from netplan2k8s.manifests.scalars import typed
from netplan2k8s.naming import ranges
from netplan2k8s.simulate.operator import RESOURCE_PREFIX

RESOURCE_NAME = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
MAX_RESOURCE_NAME = 63
_MAX_POOLS = 2


def check(scene: Scene) -> Iterator[Remark]:
    for network in scene.networks:
        if network.document.kind == "HostDeviceNetwork":
            yield from _rendering(network)
            yield from _resource_name(network, scene)
        elif network.is_rail:
            yield from _annotation(network)
        yield from broken_json(network.text, _consequence(network))
        if network.is_rail:
            yield from _ipam(network, scene)
            yield from _resource(network, scene)
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


# -- what the operator renders --------------------------------------------------


def _rendering(network: Network) -> Iterator[Remark]:
    found = list(_unrenderable(network))
    if network.problem and not found:
        message = f"no attachment definition is made of {network.name}: "
        spot = Spot(network.document, ("spec",))
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
        yield Remark(catalogue.UNRENDERABLE_TEXT, message, Spot(document, ("spec",)))


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
    if not name or name in scene.resources or not scene.policies:
        return
    document, pointer = network.resource_spot
    message = f"no device plugin offers {name}" + _close(name, scene.resources)
    yield Remark(catalogue.UNKNOWN_RESOURCE, message, Spot(document, pointer))


def _ipam(network: Network, scene: Scene) -> Iterator[Remark]:
    if network.text.error is not None or not isinstance(network.text.value, dict):
        return
    ipam = network.ipam
    kind = (ipam or {}).get("type")
    is_routed = scene.has("CIDRPool")
    if not kind:
        message = f"{network.name} has no IPAM: its pods get no address on the rail"
        yield Remark(catalogue.UNROUTABLE_IPAM, message, network.text.spot)
    elif kind != "nv-ipam":
        message = (
            f"IPAM {kind} deals out one range on all nodes, and cannot follow the leaf"
            " of each host's own link; nv-ipam with a CIDRPool can"
        )
        severity = None if is_routed else Severity.WARNING
        yield Remark(
            catalogue.UNROUTABLE_IPAM,
            message,
            network.ipam_spot("type"),
            severity=severity,
        )
    else:
        yield from _pools(network, scene)


def _pools(network: Network, scene: Scene) -> Iterator[Remark]:
    names = network.pool_names
    ipam = network.ipam or {}
    if not network.pool_kind:
        message = f"poolType {ipam.get('poolType')!r} is neither cidrpool nor ippool"
        spot = network.ipam_spot("poolType")
        yield Remark(catalogue.MISSING_POOL_TYPE, message, spot)
        return
    if not 0 < len(names) <= _MAX_POOLS or "" in names:
        message = f"poolName {ipam.get('poolName')!r} must name one pool, or two"
        spot = network.ipam_spot("poolName")
        yield Remark(catalogue.UNKNOWN_POOL, message, spot)
        return
    for name in names:
        yield from _pool(network, name, scene)


def _pool(network: Network, name: str, scene: Scene) -> Iterator[Remark]:
    cidr_pools, ip_pools = scene.names_of("CIDRPool"), scene.names_of("IPPool")
    has_type = "poolType" in (network.ipam or {})
    if network.pool_kind == "CIDRPool":
        if name in ip_pools - cidr_pools:
            message = f"{name} is an IPPool, and poolType looks among the CIDRPools"
            spot = network.ipam_spot("poolType")
            yield Remark(catalogue.MISSING_POOL_TYPE, message, spot)
        elif cidr_pools and name not in cidr_pools:
            message = f"there is no CIDRPool {name}" + _close(name, cidr_pools)
            spot = network.ipam_spot("poolName")
            yield Remark(catalogue.UNKNOWN_POOL, message, spot)
    elif name in ip_pools:
        if cidr_pools:
            message = (
                f"IPPool {name} deals out one flat range, and cannot follow the leaf of"
                " each host's own link; a CIDRPool can"
            )
            spot = network.ipam_spot("poolName")
            yield Remark(catalogue.UNROUTABLE_IPAM, message, spot)
    elif name in cidr_pools or (cidr_pools and not has_type):
        message = (
            f"poolType is {'ippool' if has_type else 'missing, which means ippool'}:"
            f" {name} is looked up among the IPPools and not found; write"
            ' "poolType": "cidrpool"'
        )
        spot = network.ipam_spot("poolType" if has_type else "")
        yield Remark(catalogue.MISSING_POOL_TYPE, message, spot)
    elif ip_pools:
        message = f"there is no IPPool {name}" + _close(name, ip_pools)
        yield Remark(catalogue.UNKNOWN_POOL, message, network.ipam_spot("poolName"))


def _unchecked(scene: Scene) -> Iterator[Remark]:
    """One line where the manifests refer to what is not among them."""
    with_pools = [network for network in scene.networks if network.uses_nv_ipam]
    if with_pools and not (scene.has("CIDRPool") or scene.has("IPPool")):
        first = with_pools[0]
        names = _names(with_pools)
        message = f"no pool is among these manifests, so those of {names} go unchecked"
        yield Remark(
            catalogue.UNKNOWN_POOL,
            message,
            first.ipam_spot("poolName"),
            severity=Severity.INFO,
        )
    named = [network for network in scene.networks if network.resource]
    if named and not scene.policies:
        names = _names(named)
        message = (
            f"no device plugin is among these manifests, so the resources of {names} go"
            " unchecked"
        )
        yield Remark(
            catalogue.UNKNOWN_RESOURCE,
            message,
            named[0].resource_spot,
            severity=Severity.INFO,
        )


def _names(networks: Iterable[Network]) -> str:
    return ranges(list(dict.fromkeys(network.name for network in networks)))


def _close(name: str, known: Iterable[str]) -> str:
    found = difflib.get_close_matches(name, list(known), 1)
    return f"; {found[0]} is meant" if found else ""
