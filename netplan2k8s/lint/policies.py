"""NicClusterPolicy and NicNodePolicy: what the operator refuses or never does."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from netplan2k8s import catalogue
from netplan2k8s.lint.embedded import embedded
from netplan2k8s.lint.networks import broken_json, webhook
from netplan2k8s.lint.plugin_config import value_of
from netplan2k8s.lint.remarks import Remark, Spot
from netplan2k8s.lint.scene import Scene, is_patch
from netplan2k8s.manifests.places import Offset
from netplan2k8s.manifests.reader import Document, Pointer
from netplan2k8s.simulate.operator import MAX_NODE_POLICY_NAME, POLICY_NAME
from netplan2k8s.simulate.selectors import is_subset

NODE_SECTIONS = ("ofedDriver", "rdmaSharedDevicePlugin", "sriovDevicePlugin")
_COMPONENTS: tuple[Pointer, ...] = (
    ("sriovDevicePlugin",),
    ("rdmaSharedDevicePlugin",),
    ("nvIpam",),
    ("secondaryNetwork", "multus"),
    ("secondaryNetwork", "cniPlugins"),
    ("secondaryNetwork", "ipoib"),
    ("ofedDriver",),
    ("docaTelemetryService",),
    ("nicFeatureDiscovery",),
    ("ibKubernetes",),
    ("nicConfigurationOperator", "operator"),
    ("nicConfigurationOperator", "configurationDaemon"),
    ("spectrumXOperator",),
    ("spectrumXOperator", "xPlane"),
)
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_HOST = r"[A-Za-z0-9](?:[-A-Za-z0-9.]*[A-Za-z0-9])?(?::\d+)?"
_REPOSITORY = re.compile(rf"(?:{_HOST}/)?{_PART}(?:/{_PART})*|{_HOST}")
_IMAGE = re.compile(rf"{_PART}(?:/{_PART})*")
_RDMA_NAME = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?")


def check(scene: Scene) -> Iterator[Remark]:
    for document in scene.of_kind("NicClusterPolicy", "NicNodePolicy"):
        yield from _name(document)
        yield from _images(document)
        yield from _plugins(document, scene)
        yield from _driver(document, scene)
    yield from _sections_in_both(scene)
    yield from _common_nodes(scene)


def _name(document: Document) -> Iterator[Remark]:
    spot = Spot(document, ("metadata", "name"))
    if document.kind == "NicNodePolicy":
        if len(document.name) > MAX_NODE_POLICY_NAME:
            message = (
                f"NicNodePolicy {document.name} has {len(document.name)} characters in"
                f" its name; the operator takes {MAX_NODE_POLICY_NAME}"
            )
            yield Remark(catalogue.INVALID_NAME, message, spot)
    elif document.name != POLICY_NAME:
        message = (
            f"the operator ignores NicClusterPolicy {document.name}; name it"
            f" {POLICY_NAME}"
        )
        yield Remark(catalogue.IGNORED_POLICY, message, spot)
    if document.namespace:
        message = f"{document.kind} has no namespaces; the name is dropped"
        where = Spot(document, ("metadata", "namespace"))
        yield Remark(catalogue.NAMESPACED_CLUSTER_OBJECT, message, where)


def _sections(document: Document) -> Iterator[tuple[Pointer, Mapping[str, Any]]]:
    """The components of a policy that have an image, each with the way to it."""
    for path in _COMPONENTS:
        section: Any = document.spec
        for key in path:
            section = section.get(key) if isinstance(section, dict) else None
        if isinstance(section, dict):
            yield ("spec", *path), section


def _images(document: Document) -> Iterator[Remark]:
    shared = document.spec.get("global") or {}
    rule = catalogue.INVALID_IMAGE
    for where, section in _sections(document):
        name = ".".join(map(str, where[1:]))
        for key in () if is_patch(document) else ("repository", "version"):
            if not (section.get(key) or shared.get(key)):
                elsewhere = "spec.global has none either"
                if document.kind == "NicNodePolicy":
                    elsewhere = "a NicNodePolicy has no spec.global to take it from"
                message = f"{name} has no {key}, and {elsewhere}"
                yield Remark(rule, message, Spot(document, where))
        repository = section.get("repository") or ""
        if repository and not _REPOSITORY.fullmatch(repository):
            message = f"repository {repository!r} can hold no container image"
            yield Remark(rule, message, Spot(document, (*where, "repository")))
        image = section.get("image") or ""
        if image and not _IMAGE.fullmatch(image):
            message = (
                f"image {image!r} of {name} is a whole reference; the operator puts"
                f" repository before it and version behind, so write {_bare(image)}"
            )
            yield Remark(rule, message, Spot(document, (*where, "image")))


def _bare(image: str) -> str:
    """The name of an image without its registry, its tag and its digest."""
    name = image.partition("@")[0].rpartition("/")[2].partition(":")[0].lower()
    return name if _IMAGE.fullmatch(name) else "its name alone"


def _plugins(document: Document, scene: Scene) -> Iterator[Remark]:
    yield from _sriov_plugin(document)
    ipam = document.spec.get("nvIpam")
    if isinstance(ipam, dict) and ipam.get("enableWebhook"):
        message = (
            "nvIpam.enableWebhook makes the API server ask a webhook that serves"
            " nothing since v0.3.6: every pool is refused"
        )
        spot = Spot(document, ("spec", "nvIpam", "enableWebhook"))
        yield Remark(catalogue.DEAD_WEBHOOK, message, spot)
    yield from _shared_plugin(document)
    yield from _multus(document)
    for remark in _amounts(document):
        yield remark._replace(severity=webhook(scene))


def _sriov_plugin(document: Document) -> Iterator[Remark]:
    section = document.spec.get("sriovDevicePlugin")
    where: Pointer = ("spec", "sriovDevicePlugin")
    if not isinstance(section, dict):
        return
    text = section.get("config")
    if text is None:
        if not is_patch(document):
            message = (
                "sriovDevicePlugin has no config: its pods wait for a ConfigMap that"
                " nobody makes"
            )
            spot = Spot(document, where)
            yield Remark(catalogue.MISSING_PLUGIN_CONFIG, message, spot)
    else:
        yield from _quoted(document, (*where, "config"), text)


def _quoted(document: Document, where: Pointer, text: str) -> Iterator[Remark]:
    """NK464 for a text that the operator's templates have between single quotes."""
    if "'" in text:
        spot = Spot(document, (*where, Offset(text.index("'"))))
        name = ".".join(map(str, where[1:]))
        message = f"a ' in {name} ends the quotes of the operator's template"
        yield Remark(catalogue.UNRENDERABLE_TEXT, message, spot)


def _shared_plugin(document: Document) -> Iterator[Remark]:
    section = document.spec.get("rdmaSharedDevicePlugin")
    text = section.get("config") if isinstance(section, dict) else None
    if text is None:
        return
    where: Pointer = ("spec", "rdmaSharedDevicePlugin", "config")
    yield from _quoted(document, where, text)
    config = embedded(document, where, text)
    rule = catalogue.INVALID_PLUGIN_CONFIG
    if config.error is not None:
        spot = Spot(document, (*where, Offset(config.error.offset)))
        message = f"config of rdmaSharedDevicePlugin is no JSON: {config.error.message}"
        yield Remark(rule, message, spot)
        return
    listed = None
    if isinstance(config.value, dict):
        listed = value_of(config.value, "configList")
    if not isinstance(listed, list) or not listed:
        message = "config of rdmaSharedDevicePlugin has no configList with a resource"
        yield Remark(rule, message, config.spot)
        return
    for number, item in enumerate(listed):
        name = value_of(item, "resourceName") if isinstance(item, dict) else None
        if not isinstance(name, str) or not _RDMA_NAME.fullmatch(name):
            message = f"resourceName {name!r} can be no resource"
            spot = config.at("configList", number, "resourceName")
            yield Remark(rule, message, spot)


def _multus(document: Document) -> Iterator[Remark]:
    """The configuration of Multus itself; without one the operator has its own."""
    where: Pointer = ("spec", "secondaryNetwork", "multus", "config")
    sections = dict(_sections(document))
    text = sections.get(where[:-1], {}).get("config")
    if text:
        yield from _quoted(document, where, text)
        config = embedded(document, where, text)
        yield from broken_json(config, "Multus then starts on no node")


def _amounts(document: Document) -> Iterator[Remark]:
    """containerResources: cpu and memory alone."""
    for where, section in _sections(document):
        for number, item in enumerate(section.get("containerResources") or ()):
            for key in ("requests", "limits"):
                for name in item.get(key) or ():
                    if name not in ("cpu", "memory"):
                        message = (
                            f"containerResources know cpu and memory, not {name}: the"
                            " operator's admission controller refuses it"
                        )
                        place = (*where, "containerResources", number, key, name)
                        spot = Spot(document, place)
                        yield Remark(catalogue.REFUSED_BY_WEBHOOK, message, spot)


def _driver(document: Document, scene: Scene) -> Iterator[Remark]:
    driver = document.spec.get("ofedDriver")
    policy = driver.get("upgradePolicy") if isinstance(driver, dict) else None
    if policy and policy.get("safeLoad") and not policy.get("autoUpgrade"):
        message = (
            "safeLoad needs autoUpgrade: the operator's admission controller refuses it"
        )
        spot = Spot(document, ("spec", "ofedDriver", "upgradePolicy", "safeLoad"))
        yield Remark(
            catalogue.REFUSED_BY_WEBHOOK, message, spot, severity=webhook(scene)
        )


# -- policies side by side ------------------------------------------------------


def _sections_in_both(scene: Scene) -> Iterator[Remark]:
    clusters = [d for d in scene.of_kind("NicClusterPolicy") if d.name == POLICY_NAME]
    for cluster in clusters:
        for node in scene.of_kind("NicNodePolicy"):
            for section in NODE_SECTIONS:
                if section in cluster.spec and section in node.spec:
                    message = (
                        f"{section} is set in NicClusterPolicy {cluster.name} and in"
                        f" NicNodePolicy {node.name}; one of them has it"
                    )
                    spot = Spot(node, ("spec", section))
                    related = (Spot(cluster, ("spec", section)),)
                    yield Remark(catalogue.CONFLICTING_POLICIES, message, spot, related)


def _common_nodes(scene: Scene) -> Iterator[Remark]:
    for first, second in combinations(scene.of_kind("NicNodePolicy"), 2):
        one, two = (_selector(document) for document in (first, second))
        if scene.node_labels:
            common = [
                name
                for name, labels in scene.node_labels.items()
                if is_subset(one, labels) and is_subset(two, labels)
            ]
            what = common[0] if common else ""
        else:
            what = "a common node" if is_subset(one, two) or is_subset(two, one) else ""
        if what:
            message = (
                f"NicNodePolicy {second.name} and {first.name} both select {what}; a"
                " node has one"
            )
            where = ("spec", "nodeSelector")
            related = (Spot(first, where),)
            spot = Spot(second, where)
            yield Remark(catalogue.CONFLICTING_POLICIES, message, spot, related)


def _selector(document: Document) -> Mapping[str, str]:
    return document.spec.get("nodeSelector") or {}
