"""Which kinds are judged, where they live, and where their pods' templates are."""

from __future__ import annotations

from dataclasses import dataclass

from netplan2k8s.manifests.reader import Document


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of manifest; plain workloads are judged only when they ask for rails."""

    name: str
    group: str
    version: str
    is_cluster_scoped: bool = False
    is_plain: bool = False

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version


_ALL = (
    Kind("CIDRPool", "nv-ipam.nvidia.com", "v1alpha1"),
    Kind("IPPool", "nv-ipam.nvidia.com", "v1alpha1"),
    Kind("HostDeviceNetwork", "mellanox.com", "v1alpha1", is_cluster_scoped=True),
    Kind("NicClusterPolicy", "mellanox.com", "v1alpha1", is_cluster_scoped=True),
    Kind("NicNodePolicy", "mellanox.com", "v1alpha1", is_cluster_scoped=True),
    Kind("NetworkAttachmentDefinition", "k8s.cni.cncf.io", "v1"),
    Kind("PyTorchJob", "kubeflow.org", "v1"),
    Kind("MPIJob", "kubeflow.org", "v2beta1"),
    Kind("TrainJob", "trainer.kubeflow.org", "v1alpha1"),
    Kind("Pod", "", "v1", is_plain=True),
    Kind("Job", "batch", "v1", is_plain=True),
    Kind("Deployment", "apps", "v1", is_plain=True),
    Kind("DaemonSet", "apps", "v1", is_plain=True),
    Kind("StatefulSet", "apps", "v1", is_plain=True),
)
_GROUPS = frozenset(kind.group for kind in _ALL)
KINDS = {(kind.group, kind.name): kind for kind in _ALL}
# Names that no other group has, so that another group is a mistake.
_OURS_ALONE = frozenset(
    {
        "CIDRPool",
        "HostDeviceNetwork",
        "NicClusterPolicy",
        "NicNodePolicy",
        "NetworkAttachmentDefinition",
    }
)
# Names that others have too, Calico's IPPool and KubeDL's PyTorchJob: a mistake in one
# of the groups above alone.
_SHARED = frozenset({"IPPool", "PyTorchJob"})
_BY_NAME = {kind.name: kind for kind in _ALL}
# The training-operator's, which its controller still serves.
_OTHERS = frozenset({("kubeflow.org/v1", "MPIJob")})
_CLUSTER_SCOPED = frozenset(
    {
        "APIService",
        "ClusterRole",
        "ClusterRoleBinding",
        "ClusterTrainingRuntime",
        "CustomResourceDefinition",
        "MutatingWebhookConfiguration",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PriorityClass",
        "RuntimeClass",
        "StorageClass",
        "ValidatingWebhookConfiguration",
    }
)


def kind_of(document: Document) -> Kind | None:
    """The kind of a document as its group and name say; None for one of others.

    A kind of ours in a wrong group is that kind, with an apiVersion it does not have.
    """
    name = document.kind
    if (document.api_version, name) in _OTHERS:
        return None
    group = _group(document)
    if name in _OURS_ALONE or (name in _SHARED and group in _GROUPS):
        return _BY_NAME[name]
    return KINDS.get((group, name))


def identity(document: Document) -> tuple[str, str, str, str]:
    """Group, kind, namespace and name: what makes two objects one for a cluster."""
    space = "" if is_cluster_scoped(document) else document.namespace
    return _group(document), document.kind, space, document.name


def is_cluster_scoped(document: Document) -> bool:
    """Whether an object has no namespace, whatever is written in it."""
    kind = kind_of(document)
    if kind is None:
        return document.kind in _CLUSTER_SCOPED
    return kind.is_cluster_scoped


def _group(document: Document) -> str:
    group, slash, _ = document.api_version.partition("/")
    return group if slash else ""
