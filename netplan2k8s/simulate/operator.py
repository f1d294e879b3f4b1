"""The network operator: the attachment definition it makes of a HostDeviceNetwork.

Source: network-operator, manifests/state-hostdevice-network and
pkg/state/state_hostdevice_network.go: the texts of the network are put into a template
as they are, names without quotes and the CNI configuration between single ones, and
the result is read as YAML.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netplan2k8s.findings import Finding
from netplan2k8s.manifests.reader import read_documents

RESOURCE_PREFIX = "nvidia.com"
RESOURCE_ANNOTATION = "k8s.v1.cni.cncf.io/resourceName"
CNI_VERSION = "0.3.1"
POLICY_NAME = "nic-cluster-policy"
"""The one NicClusterPolicy that it looks at (pkg/consts/consts.go)."""
MAX_NODE_POLICY_NAME = 30
"""Characters in the name of a NicNodePolicy."""


class RenderError(ValueError):
    """A network of which the operator makes nothing, and why."""


def attachment_definition(network: Mapping[str, Any]) -> Mapping[str, Any]:
    """The NetworkAttachmentDefinition of a HostDeviceNetwork whose fields have types.

    Raises:
        RenderError: what the template gives is no YAML, or no such object.
    """
    spec = network.get("spec") or {}
    name = (network.get("metadata") or {}).get("name", "")
    text = _text(
        name,
        spec.get("networkNamespace") or "",
        full_resource_name(spec.get("resourceName") or ""),
        _config(name, spec.get("ipam") or "{}", spec.get("metaPlugins") or ""),
    )
    findings: list[Finding] = []
    documents = read_documents(text.encode(), name, findings)
    if findings or len(documents) != 1:
        raise RenderError("a ' in its texts ends the quotes of the operator's template")
    metadata = documents[0].metadata
    for key in ("name", "namespace"):
        if not metadata.get(key):
            raise RenderError(f"its {key} is empty")
        if not isinstance(metadata[key], str):
            raise RenderError(f"its {key} {metadata[key]} is no text to YAML")
    return documents[0].body


def full_resource_name(name: str) -> str:
    """The resource with the operator's prefix, which is not put twice."""
    return (
        name if name.startswith(f"{RESOURCE_PREFIX}/") else f"{RESOURCE_PREFIX}/{name}"
    )


def _config(name: str, ipam: str, meta_plugins: str) -> str:
    head = f'"cniVersion": "{CNI_VERSION}", "name": "{name}"'
    device = f'"type": "host-device", "ipam": {ipam}'
    if meta_plugins:
        return f'{{{head}, "plugins": [{{{device}}}, {meta_plugins}]}}'
    return f"{{{head}, {device}}}"


def _text(name: str, namespace: str, resource: str, config: str) -> str:
    return (
        "apiVersion: k8s.cni.cncf.io/v1\n"
        "kind: NetworkAttachmentDefinition\n"
        "metadata:\n"
        f"  name: {name}\n"
        f"  namespace: {namespace}\n"
        "  annotations:\n"
        f"    {RESOURCE_ANNOTATION}: {resource}\n"
        "spec:\n"
        f"  config: '{config}'\n"
    )
