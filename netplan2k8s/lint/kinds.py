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
KINDS = {(kind.group, kind.name): kind for kind in _ALL}


def kind_of(document: Document) -> Kind | None:
    """The kind of a document as its group and name say; None for one of others."""
    group, slash, _ = document.api_version.partition("/")
    return KINDS.get((group if slash else "", document.kind))
