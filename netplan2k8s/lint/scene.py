"""The manifests of a run side by side, each kind as the rules look at it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from netplan2k8s.lint.remarks import Spot
from netplan2k8s.manifests.json_text import JsonError, JsonText
from netplan2k8s.manifests.places import EMBEDDED
from netplan2k8s.manifests.reader import Document, Pointer
from netplan2k8s.settings import Settings
from netplan2k8s.simulate.pool import Pool, Reading, read_pool

RESOURCE_PREFIX = "nvidia.com"
NETWORKS = "k8s.v1.cni.cncf.io/networks"
RESOURCE_ANNOTATION = "k8s.v1.cni.cncf.io/resourceName"


@dataclass(frozen=True, slots=True)
class Embedded:
    """JSON in a text: its value, or why there is none."""

    spot: Spot
    text: str
    value: Any = None
    error: JsonError | None = None

    def at(self, *steps: str | int) -> Spot:
        document, pointer = self.spot
        return Spot(document, (*pointer, EMBEDDED, *steps))


def embedded(document: Document, pointer: Pointer, text: str) -> Embedded:
    spot = Spot(document, pointer)
    try:
        return Embedded(spot, text, JsonText(text).value())
    except JsonError as error:
        return Embedded(spot, text, error=error)


@dataclass(frozen=True, slots=True)
class Network:
    """What pods attach to: a HostDeviceNetwork or a NetworkAttachmentDefinition.

    ``resource`` has its prefix; ``ipam`` is an object, or None where it cannot be
    read; ``plugins`` are the types chained behind the first.
    """

    document: Document
    namespace: str
    resource: str
    resource_spot: Spot
    text: Embedded
    ipam: Mapping[str, Any] | None
    ipam_steps: tuple[str | int, ...] = ()
    plugins: tuple[str, ...] = ()
    device_type: str = "host-device"

    @property
    def name(self) -> str:
        return self.document.name

    def ipam_spot(self, key: str = "") -> Spot:
        steps = (*self.ipam_steps, key) if key else self.ipam_steps
        return self.text.at(*steps)

    @property
    def pool_names(self) -> tuple[str, ...]:
        """The pools named: up to two with a comma between; the network's own name."""
        text = (self.ipam or {}).get("poolName") or self.name
        return tuple(text.split(",")) if isinstance(text, str) else ()

    @property
    def uses_nv_ipam(self) -> bool:
        return self.ipam is not None and self.ipam.get("type") == "nv-ipam"

    @property
    def pool_kind(self) -> str:
        text = (self.ipam or {}).get("poolType") or "ippool"
        return {"cidrpool": "CIDRPool", "ippool": "IPPool"}.get(str(text).lower(), "")


@dataclass(frozen=True, slots=True)
class Resource:
    """An entry of a device plugin's resourceList."""

    config: Embedded
    number: int
    body: Mapping[str, Any]

    @property
    def full_name(self) -> str:
        prefix = value_of(self.body, "resourcePrefix") or "intel.com"
        return f"{prefix}/{value_of(self.body, 'resourceName')}"

    @property
    def selectors(self) -> list[Mapping[str, Any]]:
        found = value_of(self.body, "selectors")
        listed = found if isinstance(found, list) else [found]
        return [item for item in listed if isinstance(item, dict)]

    def at(self, *steps: str | int) -> Spot:
        return self.config.at("resourceList", self.number, *steps)

    def selector_spot(self, index: int, *steps: str | int) -> Spot:
        listed = isinstance(value_of(self.body, "selectors"), list)
        return self.at("selectors", *((index,) if listed else ()), *steps)


def value_of(body: Mapping[str, Any], key: str) -> Any:  # noqa: ANN401  a JSON value
    """A field as Go's decoder finds it: without regard to case, the last one wins."""
    if key in body:
        return body[key]
    lowered = key.lower()
    for name, value in reversed(tuple(body.items())):
        if name.lower() == lowered:
            return value
    return None


class Policy(NamedTuple):
    """A device plugin's configuration in a NicClusterPolicy or NicNodePolicy."""

    document: Document
    config: Embedded
    resources: tuple[Resource, ...]


class PoolView(NamedTuple):
    """A CIDRPool and what nv-ipam makes of it."""

    document: Document
    reading: Reading

    @property
    def pool(self) -> Pool | None:
        return self.reading.pool


@dataclass(frozen=True, slots=True)
class Template:
    """The template of pods: ``replicas`` is None where each node gets one."""

    document: Document
    role: str
    pointer: Pointer
    annotations: Mapping[str, Any]
    annotations_pointer: Pointer
    spec: Mapping[str, Any]
    replicas: int | None = 1
    resources_pointer: Pointer | None = None

    @property
    def namespace(self) -> str:
        return self.document.namespace or "default"

    @property
    def label(self) -> str:
        role = f" {self.role}" if self.role else ""
        return f"{self.document.kind} {self.document.name}{role}"

    @property
    def networks_text(self) -> str | None:
        text = self.annotations.get(NETWORKS)
        return text if isinstance(text, str) else None

    @property
    def networks_spot(self) -> Spot:
        return Spot(self.document, (*self.annotations_pointer, NETWORKS))

    def containers(self, key: str = "containers") -> Iterator[tuple[Pointer, Any]]:
        for number, container in enumerate(self.spec.get(key) or ()):
            yield (*self.pointer, "spec", key, number), container

    def limits(self) -> dict[str, tuple[Pointer, Any]]:
        """Limits of all containers by resource, each with its place; amounts add up."""
        found: dict[str, tuple[Pointer, Any]] = {}
        for pointer, container in self.containers():
            resources = self.resources_pointer or (*pointer, "resources")
            limits = (container.get("resources") or {}).get("limits") or {}
            for name, amount in limits.items():
                before = found.get(name)
                if before is not None and isinstance(amount, int):
                    amount += before[1] if isinstance(before[1], int) else 0  # noqa: PLW2901
                found[name] = ((*resources, "limits", name), amount)
        return found


@dataclass(frozen=True)
class Scene:
    """All documents of a run that are judged, and the settings they are judged by.

    ``broken`` are documents whose fields have not their types: known by name alone.
    """

    settings: Settings
    documents: Sequence[Document]
    broken: Sequence[Document] = ()
    others: Sequence[Document] = ()
    release: str = field(default="26.7")

    def of_kind(self, *kinds: str) -> Iterator[Document]:
        return (d for d in self.documents if d.kind in kinds)

    def names_of(self, kind: str) -> set[str]:
        """Names of a kind, those that cannot be read among them."""
        return {d.name for d in (*self.documents, *self.broken) if d.kind == kind}

    def has(self, kind: str) -> bool:
        return bool(self.names_of(kind))

    @cached_property
    def pools(self) -> tuple[PoolView, ...]:
        return tuple(PoolView(d, read_pool(d.body)) for d in self.of_kind("CIDRPool"))

    @cached_property
    def pool_by_name(self) -> dict[str, PoolView]:
        return {view.document.name: view for view in self.pools}

    @cached_property
    def networks(self) -> tuple[Network, ...]:
        found = [_network(d) for d in self.of_kind("HostDeviceNetwork")]
        found += [_definition(d) for d in self.of_kind("NetworkAttachmentDefinition")]
        return tuple(found)

    @cached_property
    def network_by_name(self) -> dict[tuple[str, str], Network]:
        """Networks by namespace and name."""
        return {(network.namespace, network.name): network for network in self.networks}

    @cached_property
    def policies(self) -> tuple[Policy, ...]:
        kinds = ("NicClusterPolicy", "NicNodePolicy")
        found = (_policy(document) for document in self.of_kind(*kinds))
        return tuple(policy for policy in found if policy is not None)

    @cached_property
    def resources(self) -> dict[str, list[Resource]]:
        """Device-plugin resources by full name, in the order of the configurations."""
        found: dict[str, list[Resource]] = defaultdict(list)
        for policy in self.policies:
            for resource in policy.resources:
                found[resource.full_name].append(resource)
        return dict(found)

    @cached_property
    def rail_resources(self) -> frozenset[str]:
        """Resources that are rails: offered by a policy or named by a network."""
        named = {network.resource for network in self.networks if network.resource}
        return frozenset(named | self.resources.keys())

    @cached_property
    def templates(self) -> tuple[Template, ...]:
        """Pod templates that ask for rails, or are of a training job."""
        found: list[Template] = []
        for document in self.documents:
            found.extend(templates_of(document))
        return tuple(found)


# -- networks -------------------------------------------------------------------


def _network(document: Document) -> Network:
    spec = document.spec
    name = spec.get("resourceName") or ""
    resource = name if name.startswith(f"{RESOURCE_PREFIX}/") else ""
    if name and not resource:
        resource = f"{RESOURCE_PREFIX}/{name}"
    text = embedded(document, ("spec", "ipam"), spec.get("ipam") or "{}")
    ipam = text.value if isinstance(text.value, dict) else None
    return Network(
        document,
        spec.get("networkNamespace") or "",
        resource,
        Spot(document, ("spec", "resourceName")),
        text,
        ipam,
        plugins=_meta_plugins(spec.get("metaPlugins")),
    )


def _meta_plugins(text: str | None) -> tuple[str, ...]:
    if not text:
        return ()
    try:
        found = JsonText(f"[{text}]").value()
    except JsonError:
        return ()
    return tuple(str(p.get("type")) for p in found if isinstance(p, dict))


def _definition(document: Document) -> Network:
    annotations = document.metadata.get("annotations") or {}
    text = embedded(document, ("spec", "config"), document.spec.get("config") or "{}")
    config = text.value if isinstance(text.value, dict) else {}
    steps: tuple[str | int, ...] = ()
    chain: list[Any] = []
    if isinstance(config.get("plugins"), list):
        chain = [plugin for plugin in config["plugins"] if isinstance(plugin, dict)]
        steps = ("plugins", 0)
        config = chain[0] if chain else {}
    ipam = config.get("ipam")
    return Network(
        document,
        document.namespace or "default",
        str(annotations.get(RESOURCE_ANNOTATION) or ""),
        Spot(document, ("metadata", "annotations", RESOURCE_ANNOTATION)),
        text,
        ipam if isinstance(ipam, dict) else None,
        (*steps, "ipam"),
        tuple(str(plugin.get("type")) for plugin in chain[1:]),
        str(config.get("type") or ""),
    )


def _policy(document: Document) -> Policy | None:
    section = document.spec.get("sriovDevicePlugin") or {}
    text = section.get("config")
    if text is None:
        return None
    config = embedded(document, ("spec", "sriovDevicePlugin", "config"), text)
    value = config.value if isinstance(config.value, dict) else {}
    listed = value_of(value, "resourceList")
    resources = tuple(
        Resource(config, number, body)
        for number, body in enumerate(listed if isinstance(listed, list) else ())
        if isinstance(body, dict)
    )
    return Policy(document, config, resources)


# -- templates ------------------------------------------------------------------

_REPLICA_SPECS = {"PyTorchJob": "pytorchReplicaSpecs", "MPIJob": "mpiReplicaSpecs"}
_REPLICAS = {"Job": "parallelism", "Deployment": "replicas", "StatefulSet": "replicas"}


def templates_of(document: Document) -> Iterator[Template]:
    """The pod templates of an object, with the number of pods of each."""
    spec, kind = document.spec, document.kind
    if kind in _REPLICA_SPECS:
        key = _REPLICA_SPECS[kind]
        for role, replica in (spec.get(key) or {}).items():
            where = ("spec", key, role, "template")
            template = replica.get("template") or {}
            yield _template(document, template, where, role, replica.get("replicas", 1))
    elif kind == "Pod":
        yield _template(document, document.body, (), "", 1)
    elif kind == "TrainJob":
        yield _train_job(document)
    elif kind in _REPLICAS:
        count = spec.get(_REPLICAS[kind], 1)
        template = spec.get("template") or {}
        yield _template(document, template, ("spec", "template"), "", count)
    elif kind == "DaemonSet":
        template = spec.get("template") or {}
        yield _template(document, template, ("spec", "template"), "", None)


def _template(
    document: Document,
    template: Mapping[str, Any],
    where: Pointer,
    role: str,
    replicas: int | None,
) -> Template:
    metadata = template.get("metadata") or {}
    return Template(
        document,
        role,
        where,
        metadata.get("annotations") or {},
        (*where, "metadata", "annotations"),
        template.get("spec") or {},
        replicas,
    )


def _train_job(document: Document) -> Template:
    """A TrainJob: its resources stand in the trainer, its annotations in a patch."""
    trainer = document.spec.get("trainer") or {}
    annotations, where = _patched_annotations(document)
    container = {"name": "node", "resources": trainer.get("resourcesPerNode") or {}}
    return Template(
        document,
        "node",
        ("spec", "trainer"),
        annotations,
        where,
        {"containers": [container]},
        trainer.get("numNodes", 1),
        ("spec", "trainer", "resourcesPerNode"),
    )


def _patched_annotations(document: Document) -> tuple[Mapping[str, Any], Pointer]:
    nothing: tuple[Mapping[str, Any], Pointer] = ({}, ("spec", "runtimePatches"))
    for number, patch in enumerate(document.spec.get("runtimePatches") or ()):
        node: Any = patch
        where: Pointer = ("spec", "runtimePatches", number)
        for key in ("trainingRuntimeSpec", "template", "spec", "replicatedJobs"):
            node = node.get(key) if isinstance(node, dict) else None
            where = (*where, key)
        for index, job in enumerate(node if isinstance(node, list) else ()):
            inner: Any = job
            steps = ("template", "spec", "template", "metadata", "annotations")
            for key in steps:
                inner = inner.get(key) if isinstance(inner, dict) else None
            if isinstance(inner, dict) and job.get("name") == "node":
                return inner, (*where, index, *steps)
    return nothing
