"""Pods that ask for rails: networks, order, pools, what keeps them from starting."""

from __future__ import annotations

import difflib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from netplan2k8s import catalogue
from netplan2k8s.findings import Severity
from netplan2k8s.lint import devices, pod_pools
from netplan2k8s.lint.devices import Attached
from netplan2k8s.lint.order import crossing, in_order
from netplan2k8s.lint.remarks import Remark, Spot
from netplan2k8s.lint.scene import Scene
from netplan2k8s.lint.templates import NETWORKS, Template
from netplan2k8s.manifests.places import Key, Offset
from netplan2k8s.manifests.reader import Document, Pointer
from netplan2k8s.naming import natural_key, ranges
from netplan2k8s.simulate import multus

_KINDS = ("HostDeviceNetwork", "NetworkAttachmentDefinition")


def check(scene: Scene) -> Iterator[Remark]:
    found: dict[int, list[Attached]] = defaultdict(list)
    for document in {id(t.document): t.document for t in scene.templates}.values():
        yield from _misplaced(document)
    for template in scene.templates:
        yield from devices.unequal(template)
        if not asks_for_rails(template, scene):
            continue
        try:
            attached = attached_of(template, scene)
        except multus.MultusError as error:
            yield _unreadable(template, error)
            continue
        yield from _names(attached)
        yield from devices.check(attached, scene)
        yield from _order(attached)
        yield from pod_pools.check(attached, scene)
        yield from _host_network(attached)
        found[id(template.document)].append(attached)
    for together in found.values():
        yield from _alike(together)
        yield from pod_pools.destinations(together, scene)
    yield from _known(
        [attached for group in found.values() for attached in group], scene
    )


def asks_for_rails(template: Template, scene: Scene) -> bool:
    """Whether a template names networks or asks for a rail's device."""
    if template.networks_text is not None:
        return True
    return any(name in scene.rail_resources for name in devices.amounts(template))


def attached_of(template: Template, scene: Scene) -> Attached:
    """A template with its networks as Multus reads and finds them.

    Raises:
        MultusError: as Multus would.
    """
    text = template.networks_text
    selections = [] if text is None else multus.parse(text, template.namespace)
    networks = [scene.network_by_name.get(s[:2]) for s in selections]
    return Attached(template, selections, networks)


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
    """NK461: a text that Multus refuses, or an empty one, which it does not read."""
    document, pointer = template.networks_spot
    spot = Spot(document, (*pointer, Offset(error.offset)))
    end = "its pods never start"
    if not template.networks_text:
        end = "Multus attaches nothing, and its pods start without rails"
    message = f"the networks of {template.label}: {error}; {end}"
    return Remark(catalogue.INVALID_NETWORKS, message, spot)


def _names(attached: Attached) -> Iterator[Remark]:
    template, selections = attached.template, attached.selections
    rule, spot = catalogue.INVALID_NETWORKS, template.networks_spot
    if any(not selection.name for selection in selections):
        message = (
            f"the networks of {template.label} have an empty name, as after a last"
            " comma: its pods never start"
        )
        yield Remark(rule, message, spot)
    names = multus.interfaces(selections)
    for name, count in Counter(names).items():
        if count > 1:
            message = f"{count} networks of {template.label} are called {name}"
            yield Remark(rule, message, spot)
        if not multus.is_interface(name):
            message = (
                f"the networks of {template.label}: no interface can be called"
                f" {name!r}, since it has at most 15 characters, no blank, no / and no"
                " :; its pods never start"
            )
            yield Remark(rule, message, spot)


def _known(found: Sequence[Attached], scene: Scene) -> Iterator[Remark]:
    """NK445 for networks that are not there; a note where no network is at all."""
    if any(scene.has(kind) for kind in _KINDS):
        known, anywhere = _known_names(scene)
        for attached in found:
            yield from _unknown(attached, known, anywhere)
        return
    asking = [attached.template for attached in found if attached.selections]
    if asking:
        message = (
            "no network is among these manifests, so those of"
            f" {asking[0].label} go unchecked"
        )
        spot, severity = asking[0].networks_spot, Severity.INFO
        yield Remark(catalogue.UNKNOWN_NETWORK, message, spot, severity=severity)


def _known_names(scene: Scene) -> tuple[set[tuple[str, str]], set[str]]:
    """Networks by namespace and name, and the names of those without a namespace.

    These are HostDeviceNetworks whose networkNamespace cannot be read, or is missing.
    """
    known = {key for key in scene.network_by_name if key[0]}
    anywhere = {name for space, name in scene.network_by_name if not space}
    for document in scene.broken:
        if document.kind == "HostDeviceNetwork":
            anywhere.add(document.name)
        elif document.kind == "NetworkAttachmentDefinition":
            known.add((document.namespace or "default", document.name))
    return known, anywhere


def _unknown(
    attached: Attached, known: set[tuple[str, str]], anywhere: set[str]
) -> Iterator[Remark]:
    template = attached.template
    for namespace, name, _ in attached.selections:
        if not name or name in anywhere or (namespace, name) in known:
            continue
        elsewhere = sorted(space for space, other in known if other == name)
        if elsewhere:
            advice = f"; it is in {elsewhere[0]}: write {elsewhere[0]}/{name}"
        else:
            names = [other for _, other in known] + list(anywhere)
            close = difflib.get_close_matches(name, names, 1)
            advice = f"; {close[0]} is meant" if close else ""
        message = (
            f"{template.label} asks for network {name}, which namespace {namespace}"
            f" has not{advice}"
        )
        yield Remark(catalogue.UNKNOWN_NETWORK, message, template.networks_spot)


# -- order and pools ------------------------------------------------------------


def _order(attached: Attached) -> Iterator[Remark]:
    template = attached.template
    found = crossing(attached.by_interface.items())
    if found is not None:
        message = (
            f"the networks of {template.label} are not in the order of the rails:"
            f" {found.interface} is {found.network}, where {found.right} belongs"
        )
        if not any(selection.interface for selection in attached.selections):
            names = in_order(_written(s, template) for s in attached.selections)
            message += f"; write {', '.join(names)}"
        yield Remark(catalogue.NETWORK_ORDER, message, template.networks_spot)


def _written(selection: multus.Selection, template: Template) -> str:
    space = selection.namespace
    return (
        f"{space}/{selection.name}" if space != template.namespace else selection.name
    )


def _alike(found: Sequence[Attached]) -> Iterator[Remark]:
    """NK454 for roles of a job with different networks, or on other interfaces."""
    first = found[0]
    for other in found[1:]:
        difference = _difference(first, other)
        if difference:
            message = (
                f"{other.template.label} and {first.template.role} do not attach the"
                f" same networks: {difference}"
            )
            spot = other.template.networks_spot
            yield Remark(catalogue.NETWORK_ORDER, message, spot)


def _difference(first: Attached, other: Attached) -> str:
    """What two roles attach differently, unless the order of one is wrong anyhow."""
    mine, others = first.by_interface, other.by_interface
    if mine == others or not (first.is_known and other.is_known):
        return ""
    missing = sorted({*mine.values()} ^ {*others.values()}, key=natural_key)
    if missing:
        return f"only one of them has {ranges(missing)}"
    if crossing(mine.items()) or crossing(others.items()):
        return ""
    name = next(i for i in {**mine, **others} if mine.get(i) != others.get(i))
    roles = (
        f"{side.get(name, 'no rail')} in {attached.template.role}"
        for side, attached in ((mine, first), (others, other))
    )
    return f"{name} is {' and '.join(roles)}"


# -- the host network ----------------------------------------------------------


def _host_network(attached: Attached) -> Iterator[Remark]:
    template, rails = attached.template, attached.rails
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
