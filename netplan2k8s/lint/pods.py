"""Pods that ask for rails: networks, devices, order, what keeps them from starting."""

from __future__ import annotations

import difflib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from netplan2k8s import catalogue
from netplan2k8s.addressing import Prefix
from netplan2k8s.findings import Severity
from netplan2k8s.lint.attachments import Network
from netplan2k8s.lint.remarks import Remark, Spot
from netplan2k8s.lint.scene import Scene
from netplan2k8s.lint.templates import NETWORKS, Template
from netplan2k8s.manifests.places import Key, Offset
from netplan2k8s.manifests.reader import Document, Pointer
from netplan2k8s.naming import natural_key, ranges
from netplan2k8s.simulate import multus

_WHOLE = re.compile(r"[0-9]{1,18}")


def check(scene: Scene) -> Iterator[Remark]:
    orders: dict[int, list[tuple[Template, list[str]]]] = defaultdict(list)
    unknown: list[Template] = []
    for document in {id(t.document): t.document for t in scene.templates}.values():
        yield from _misplaced(document)
    for template in scene.templates:
        if not asks_for_rails(template, scene):
            continue
        try:
            selections = selections_of(template)
        except multus.MultusError as error:
            yield _unreadable(template, error)
            continue
        yield from _names(template, selections)
        if scene.networks:
            yield from _known(template, selections, scene)
        elif selections:
            unknown.append(template)
        attached = networks_of(selections, scene)
        rails = [network for network in attached if network is not None]
        yield from _devices(template, rails, scene)
        yield from _order(template, rails)
        yield from _pools(template, rails, scene)
        yield from _host_network(template, rails)
        orders[id(template.document)].append((template, [n.name for n in rails]))
    for found in orders.values():
        yield from _alike(found)
    if unknown:
        message = (
            "no network is among these manifests, so those of"
            f" {unknown[0].label} go unchecked"
        )
        spot = unknown[0].networks_spot
        yield Remark(catalogue.UNKNOWN_NETWORK, message, spot, severity=Severity.INFO)


def asks_for_rails(template: Template, scene: Scene) -> bool:
    """Whether a template names networks or asks for a rail's device."""
    if template.networks_text is not None:
        return True
    return any(name in scene.rail_resources for name in _amounts(template))


def selections_of(template: Template) -> list[multus.Selection]:
    """The networks of a template as Multus reads them.

    Raises:
        MultusError: as Multus would.
    """
    text = template.networks_text
    return [] if text is None else multus.parse(text, template.namespace)


def networks_of(
    selections: Sequence[multus.Selection], scene: Scene
) -> list[Network | None]:
    """The network of each selection; None for one that is not there or no rail's."""
    found = []
    for selection in selections:
        network = scene.network_by_name.get((selection.namespace, selection.name))
        found.append(network if network is not None and network.is_rail else None)
    return found


# -- the annotation -------------------------------------------------------------


def _misplaced(document: Document) -> Iterator[Remark]:
    annotations = document.metadata.get("annotations") or {}
    if document.kind != "Pod" and NETWORKS in annotations:
        message = (
            f"{NETWORKS} on {document.kind} {document.name} itself reaches no pod; it"
            " belongs into the metadata of the pod template"
        )
        where: Pointer = ("metadata", "annotations", Key(NETWORKS))
        yield Remark(catalogue.ANNOTATION_ON_JOB, message, Spot(document, where))


def _unreadable(template: Template, error: multus.MultusError) -> Remark:
    document, pointer = template.networks_spot
    spot = Spot(document, (*pointer, Offset(error.offset)))
    message = f"the networks of {template.label}: {error}; its pods never start"
    return Remark(catalogue.INVALID_NETWORKS, message, spot)


def _names(
    template: Template, selections: Sequence[multus.Selection]
) -> Iterator[Remark]:
    if any(not selection.name for selection in selections):
        message = (
            f"the networks of {template.label} have an empty name, as after a last"
            " comma: its pods never start"
        )
        yield Remark(catalogue.INVALID_NETWORKS, message, template.networks_spot)
    counts = Counter(multus.interfaces(list(selections)))
    for name, count in counts.items():
        if count > 1:
            message = f"{count} networks of {template.label} are called {name}"
            yield Remark(catalogue.INVALID_NETWORKS, message, template.networks_spot)


def _known(
    template: Template, selections: Sequence[multus.Selection], scene: Scene
) -> Iterator[Remark]:
    known = set(scene.network_by_name)
    known |= {(d.namespace, d.name) for d in scene.broken if "Network" in d.kind}
    for namespace, name, _ in selections:
        if not name or (namespace, name) in known:
            continue
        elsewhere = sorted(space for space, other in known if other == name)
        if elsewhere:
            advice = f"; it is in {elsewhere[0]}: write {elsewhere[0]}/{name}"
        else:
            close = difflib.get_close_matches(name, [n for _, n in known], 1)
            advice = f"; {close[0]} is meant" if close else ""
        message = (
            f"{template.label} asks for network {name}, which namespace {namespace}"
            f" has not{advice}"
        )
        yield Remark(catalogue.UNKNOWN_NETWORK, message, template.networks_spot)


# -- devices --------------------------------------------------------------------


def _amounts(template: Template) -> dict[str, Any]:
    """What the containers ask for, by limit or, where there is none, by request."""
    found: dict[str, Any] = {}
    for _, container in template.containers():
        resources = container.get("resources") or {}
        found.update(resources.get("requests") or {})
    found.update({name: amount for name, (_, amount) in template.limits().items()})
    return found


def _devices(
    template: Template, rails: Sequence[Network], scene: Scene
) -> Iterator[Remark]:
    limits = template.limits()
    wanted = Counter(network.resource for network in rails)
    names = {network.resource: network.name for network in rails}
    for resource, count in wanted.items():
        if resource not in limits:
            message = (
                f"{template.label} attaches {names[resource]} and has no limit"
                f" {resource}: 1, so that Multus has no NIC for it"
            )
            spot = template.networks_spot
            yield Remark(catalogue.UNREQUESTED_DEVICE, message, spot)
        elif amount_of(limits[resource][1]) != count:
            pointer, amount = limits[resource]
            message = (
                f"{template.label} asks for {amount} of {resource} and attaches"
                f" {count} network{'' if count == 1 else 's'} of it"
            )
            spot = Spot(template.document, pointer)
            yield Remark(catalogue.UNREQUESTED_DEVICE, message, spot)
    if scene.networks:
        for resource in sorted(limits.keys() & scene.rail_resources - wanted.keys()):
            message = (
                f"{template.label} asks for {resource} and attaches no network of it:"
                " the NIC lies idle"
            )
            spot = Spot(template.document, limits[resource][0])
            yield Remark(catalogue.UNREQUESTED_DEVICE, message, spot)
    yield from _requests(template, scene)


def _requests(template: Template, scene: Scene) -> Iterator[Remark]:
    rails = scene.rail_resources
    for pointer, container in template.containers():
        resources = container.get("resources") or {}
        limits = resources.get("limits") or {}
        requests = resources.get("requests") or {}
        place = template.resources_pointer or (*pointer, "resources")
        for name in sorted(requests.keys() | limits.keys()):
            if name not in rails and name != "nvidia.com/gpu":
                continue
            request, limit = requests.get(name), limits.get(name)
            where = (*place, "limits" if request is None else "requests", name)
            if limit is None:
                message = (
                    f"{name} is requested without a limit, and the API server refuses"
                    f" the pods of {template.label}; write it under limits"
                )
            elif request is not None and amount_of(request) != amount_of(limit):
                message = (
                    f"{name} is requested {request} times and limited to {limit}: the"
                    f" API server refuses the pods of {template.label}"
                )
            elif amount_of(limit) is None:
                message = f"{name} must be a whole number, not {limit}"
            else:
                continue
            spot = Spot(template.document, where)
            yield Remark(catalogue.UNEQUAL_REQUESTS, message, spot)
    for pointer, container in template.containers("initContainers"):
        limits = (container.get("resources") or {}).get("limits") or {}
        for name in sorted(limits.keys() & rails):
            message = f"{name} belongs to a container of the pod, not to an init one"
            where = (*pointer, "resources", "limits", name)
            spot = Spot(template.document, where)
            yield Remark(catalogue.UNEQUAL_REQUESTS, message, spot)


def amount_of(amount: object) -> int | None:
    """How many devices a quantity is; None for one that is no whole number."""
    text = str(amount)
    return int(text) if _WHOLE.fullmatch(text) else None


# -- order and pools ------------------------------------------------------------


def _order(template: Template, rails: Sequence[Network]) -> Iterator[Remark]:
    names = [network.name for network in rails]
    right = sorted(names, key=natural_key)
    if names != right:
        message = (
            f"the networks of {template.label} are not in the order of the rails: net1"
            f" is {names[0]}, and so on; write {', '.join(right)}"
        )
        yield Remark(catalogue.NETWORK_ORDER, message, template.networks_spot)


def _alike(found: Sequence[tuple[Template, list[str]]]) -> Iterator[Remark]:
    first, names = found[0]
    for template, others in found[1:]:
        if others != names and sorted(others, key=natural_key) == others:
            missing = sorted(set(names) ^ set(others), key=natural_key)
            message = (
                f"{template.label} and {first.role} do not attach the same networks:"
                f" only one of them has {ranges(missing)}"
            )
            spot = template.networks_spot
            yield Remark(catalogue.NETWORK_ORDER, message, spot)


def _pools(
    template: Template, rails: Sequence[Network], scene: Scene
) -> Iterator[Remark]:
    user: dict[str, Network] = {}
    rails_of: dict[Prefix, list[str]] = defaultdict(list)
    for network in rails:
        for name in network.pool_names if network.uses_nv_ipam else ():
            first = user.setdefault(name, network)
            if first is not network:
                message = (
                    f"{template.label} attaches {first.name} and {network.name}, which"
                    f" share pool {name}: a rail has a pool of its own"
                )
                spot = network.ipam_spot("poolName")
                yield Remark(catalogue.SHARED_POOL, message, spot)
            view = scene.pool_by_name.get(name)
            if view is not None and view.pool is not None:
                if network.has_own_table:
                    continue
                for destination in view.pool.routes:
                    rails_of[destination].append(network.name)
    for destination, names in sorted(rails_of.items()):
        if len(names) > 1:
            message = (
                f"{destination} is routed over {len(names)} networks of"
                f" {template.label}, {names[0]} to {names[-1]}: {names[-1]} wins it for"
                " every packet not bound to a device; the sbr plugin gives each its"
                " own table"
            )
            spot = template.networks_spot
            yield Remark(catalogue.SHARED_DESTINATION, message, spot)


# -- the host network ----------------------------------------------------------


def _host_network(template: Template, rails: Sequence[Network]) -> Iterator[Remark]:
    if template.spec.get("hostNetwork"):
        what = f"{len(rails)} rails" if rails else "rails"
        message = (
            f"{template.label} is on the host network and asks for {what}: Multus"
            " attaches none there, the device plugin's NICs stay unused, and the ranks"
            " look in vain for one another on eth0, which the host has not"
        )
        where = (*template.pointer, "spec", "hostNetwork")
        spot = Spot(template.document, where)
        yield Remark(catalogue.HOST_NETWORK, message, spot)
