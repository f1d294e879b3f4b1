"""Whether a job's pods get every rail in order, and whether nodes suffice for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from netplan2k8s.catalogue import INCOMPLETE_JOB, TOO_MANY_PODS
from netplan2k8s.lint.attachments import Network
from netplan2k8s.lint.devices import Attached
from netplan2k8s.lint.order import crossing
from netplan2k8s.lint.pods import asks_for_rails, attached_of
from netplan2k8s.lint.remarks import Remark, Spot
from netplan2k8s.lint.scene import Scene
from netplan2k8s.lint.templates import Template, amount_of
from netplan2k8s.manifests.places import Key
from netplan2k8s.manifests.reader import Document
from netplan2k8s.naming import counted, natural_key, ranges
from netplan2k8s.proof.model import Proof
from netplan2k8s.simulate import multus

TRAINING = ("PyTorchJob", "MPIJob", "TrainJob")
"""Jobs whose ranks talk over every rail; other workloads may want some of them."""


def check(scene: Scene, proof: Proof) -> Iterator[Remark]:
    """NK509 and NK510 for each workload that asks for rails."""
    rails = [n for n in scene.networks if n.is_rail and n.name in proof.rails]
    if not rails:
        return
    by_document: dict[int, list[Template]] = {}
    for template in scene.templates:
        by_document.setdefault(id(template.document), []).append(template)
    for templates in by_document.values():
        asking = [t for t in templates if asks_for_rails(t, scene)]
        if asking:
            document = templates[0].document
            for template in _concerned(document, templates, asking):
                yield from _incomplete(template, scene, rails)
            yield from _too_many(document, asking, proof)


def _concerned(
    document: Document, templates: Sequence[Template], asking: Sequence[Template]
) -> Sequence[Template]:
    """All ranks of a training job; a launcher that asks for nothing is none.

    The networks of a TrainJob may stand in its runtime, which is elsewhere.
    """
    if document.kind == "TrainJob":
        return [template for template in templates if template.networks_text]
    if document.kind == "PyTorchJob":
        return templates
    if document.kind == "MPIJob" and not document.spec.get("runLauncherAsWorker"):
        workers = [t for t in templates if t.role == "Worker"]
        return [*workers, *(t for t in asking if t.role != "Worker")]
    return templates if document.kind in TRAINING else asking


def _incomplete(
    template: Template, scene: Scene, rails: Sequence[Network]
) -> Iterator[Remark]:
    reason, spot = _why_not_all(template, scene, rails)
    if reason:
        message = f"pods of {template.label} do not get every rail in order: {reason}"
        yield Remark(INCOMPLETE_JOB, message, spot)


def _why_not_all(
    template: Template, scene: Scene, rails: Sequence[Network]
) -> tuple[str, Spot]:
    where = template.networks_spot
    if template.spec.get("hostNetwork"):
        spot = Spot(template.document, (*template.pointer, "spec", "hostNetwork"))
        return "they are on the host network, where Multus attaches nothing", spot
    try:
        attached = attached_of(template, scene)
    except multus.MultusError as error:
        return f"their networks cannot be read ({error})", where
    unknown = _unknown(attached, {rail.name for rail in rails})
    if unknown:
        names = ranges(unknown)
        return f"namespace {template.namespace} has no network {names}", where
    return _why_not_in_order(attached, rails) or _why_no_device(
        template, attached.rails
    )


def _unknown(attached: Attached, rails: Collection[str]) -> list[str]:
    """Selections named as a rail that find none in their namespace."""
    pairs = zip(attached.selections, attached.networks, strict=True)
    return [
        selection.name
        for selection, network in pairs
        if selection.name in rails and (network is None or not network.is_rail)
    ]


def _why_not_in_order(
    attached: Attached, rails: Sequence[Network]
) -> tuple[str, Spot] | None:
    template = attached.template
    where = template.networks_spot
    if template.document.kind in TRAINING:
        missing = _missing(attached.rails, rails)
        if missing:
            return f"they attach no {ranges(missing)}", where
    names = Counter(network.name for network in attached.rails)
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        return f"they attach {ranges(twice)} more than once", where
    crossed = crossing(attached.rail_interfaces)
    if crossed is not None:
        name, network, right = crossed
        return f"{name} is {network}, where {right} belongs", where
    return None


def _missing(networks: Sequence[Network], rails: Sequence[Network]) -> list[str]:
    """Rails that pods lack, by resource: one of its networks is enough."""
    attached = {network.resource for network in networks}
    lacking = {rail.resource: rail.name for rail in reversed(rails)}
    return sorted(
        (name for resource, name in lacking.items() if resource not in attached),
        key=natural_key,
    )


def _why_no_device(template: Template, networks: Sequence[Network]) -> tuple[str, Spot]:
    limits = template.limits()
    for network in networks:
        limit = limits.get(network.resource)
        if limit is None:
            reason = f"they have no limit {network.resource}: 1 for {network.name}"
            return reason, template.networks_spot
        if amount_of(limit[1]) != 1:
            reason = f"they ask for {limit[1]} of {network.resource}, and a node has 1"
            return reason, Spot(template.document, limit[0])
    unequal = _unequal(template, [network.resource for network in networks])
    if unequal:
        reason = f"the API server refuses them, whose {unequal} differ in request and"
        return f"{reason} limit", template.networks_spot
    return "", template.networks_spot


def _unequal(template: Template, resources: Sequence[str]) -> str:
    for _, container in template.containers():
        amounts: Mapping[str, Mapping[str, object]] = container.get("resources") or {}
        requests = amounts.get("requests") or {}
        limits = amounts.get("limits") or {}
        for name in resources:
            if name in requests and amount_of(requests[name]) != amount_of(
                limits.get(name)
            ):
                return name
    return ""


def _too_many(
    document: Document, templates: Sequence[Template], proof: Proof
) -> Iterator[Remark]:
    """One pod a node: the rails of a node are one NIC each."""
    counts = [template.replicas for template in templates]
    if None in counts:
        return  # a pod a node is what a DaemonSet means
    pods = sum(count for count in counts if count is not None)
    if pods > len(proof.whole):
        message = (
            f"{document.kind} {document.name} has {counted(pods, 'pod')} with rails,"
            f" and a node takes one: {counted(len(proof.whole), 'node')}"
            f" {'has' if len(proof.whole) == 1 else 'have'} all rails"
        )
        yield Remark(TOO_MANY_PODS, message, Spot(document, (Key("spec"),)))
