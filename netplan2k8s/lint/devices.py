"""The devices that pods ask for: as many as networks, and as the API server wants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from netplan2k8s import catalogue
from netplan2k8s.findings import Severity
from netplan2k8s.lint.attachments import Network
from netplan2k8s.lint.networks import RESOURCE_NAME
from netplan2k8s.lint.remarks import Remark, Spot
from netplan2k8s.lint.scene import Scene
from netplan2k8s.lint.templates import Template, amount_of
from netplan2k8s.manifests.reader import Pointer
from netplan2k8s.naming import counted, natural_key, ranges
from netplan2k8s.simulate import multus


class Attached(NamedTuple):
    """A template with the networks that Multus finds for it.

    ``networks`` has one for each selection, None where it is not among the manifests.
    """

    template: Template
    selections: Sequence[multus.Selection]
    networks: Sequence[Network | None]

    @property
    def known(self) -> list[Network]:
        return [network for network in self.networks if network is not None]

    @property
    def rails(self) -> list[Network]:
        return [network for network in self.known if network.is_rail]

    @property
    def is_known(self) -> bool:
        return None not in self.networks

    @property
    def rail_interfaces(self) -> list[tuple[str, str]]:
        """The interfaces that have a rail, each with its name."""
        pairs = zip(multus.interfaces(self.selections), self.networks, strict=True)
        return [
            (interface, network.name)
            for interface, network in pairs
            if network is not None and network.is_rail
        ]

    @property
    def by_interface(self) -> dict[str, str]:
        """The rail of each interface that has one."""
        return dict(self.rail_interfaces)


# -- devices and networks -------------------------------------------------------


def check(attached: Attached, scene: Scene) -> Iterator[Remark]:
    """NK457 and NK456 for a pod with rails; one on the host network has none."""
    template = attached.template
    if not template.spec.get("hostNetwork"):
        yield from _wanted(template, attached.rails)
        if scene.networks and attached.is_known:
            yield from _idle(attached, scene)
    yield from _of_init(template, scene)


def _wanted(template: Template, rails: Sequence[Network]) -> Iterator[Remark]:
    limits = template.limits()
    rails = [network for network in rails if _has_resource(network)]
    names = {network.resource: network.name for network in rails}
    for resource, count in Counter(network.resource for network in rails).items():
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
                f" {counted(count, 'network')} of it"
            )
            spot = Spot(template.document, pointer)
            yield Remark(catalogue.UNREQUESTED_DEVICE, message, spot)


def _has_resource(network: Network) -> bool:
    """Whether it names a resource that can be; another is NK427 or NK444."""
    return RESOURCE_NAME.fullmatch(network.resource.rpartition("/")[2]) is not None


def _idle(attached: Attached, scene: Scene) -> Iterator[Remark]:
    """Devices of rails without a network, unless a network's resource is unknown."""
    template, limits = attached.template, attached.template.limits()
    if not all(map(_has_resource, attached.known)):
        return
    wanted = {network.resource for network in attached.known}
    idle = sorted(limits.keys() & scene.rail_resources - wanted, key=natural_key)
    if idle and template.document.kind == "TrainJob" and not attached.selections:
        message = (
            f"{template.label} asks for {ranges(idle)} and attaches no network itself;"
            " its runtime may, which is not judged"
        )
        spot = Spot(template.document, limits[idle[0]][0])
        severity = Severity.INFO
        yield Remark(catalogue.UNREQUESTED_DEVICE, message, spot, severity=severity)
        return
    for resource in idle:
        message = (
            f"{template.label} asks for {resource} and attaches no network of it: the"
            " NIC lies idle"
        )
        spot = Spot(template.document, limits[resource][0])
        yield Remark(catalogue.UNREQUESTED_DEVICE, message, spot)


# -- what the API server refuses ------------------------------------------------


def amounts(template: Template) -> dict[str, Any]:
    """What the containers ask for, by limit or, where there is none, by request."""
    found: dict[str, Any] = {}
    for _, container in template.containers():
        found.update(_resources(container, "requests"))
    found.update({name: amount for name, (_, amount) in template.limits().items()})
    return found


def unequal(template: Template) -> Iterator[Remark]:
    """NK456 for requests of devices that are not the limits."""
    for pointer, container in template.all_containers():
        limits = _resources(container, "limits")
        requests = _resources(container, "requests")
        place = template.resources_pointer or (*pointer, "resources")
        for name in sorted(filter(_is_device, {*requests, *limits})):
            message = _inequality(name, requests.get(name), limits.get(name), template)
            where = "requests" if name in requests else "limits"
            if message:
                spot = Spot(template.document, (*place, where, name))
                yield Remark(catalogue.UNEQUAL_REQUESTS, message, spot)


def _resources(container: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = (container.get("resources") or {}).get(key) or {}
    return found


def _is_device(name: str) -> bool:
    """Whether the API server takes it for an extended resource, as of a plugin."""
    return "/" in name and "kubernetes.io/" not in name


def _inequality(name: str, request: Any, limit: Any, template: Template) -> str:  # noqa: ANN401  quantities
    end = f"the API server refuses the pods of {template.label}"
    if limit is None:
        return f"{name} is requested without a limit, and {end}; write it under limits"
    if request is not None and amount_of(request) != amount_of(limit):
        return f"{name} is requested {request} times and limited to {limit}: {end}"
    if amount_of(limit) is None:
        return f"{name} must be a whole number, not {limit}"
    return ""


def _of_init(template: Template, scene: Scene) -> Iterator[Remark]:
    for pointer, container in template.containers("initContainers"):
        limits = _resources(container, "limits")
        for name in sorted(limits.keys() & scene.rail_resources):
            message = f"{name} belongs to a container of the pod, not to an init one"
            where: Pointer = (*pointer, "resources", "limits", name)
            spot = Spot(template.document, where)
            yield Remark(catalogue.UNEQUAL_REQUESTS, message, spot)
