"""What each release of the network operator understands, and its images.

Source: the CRDs and examples of the network-operator releases (bundled nv-ipam,
NicNodePolicy since 26.4.0, perNodeExclusions since 26.1, metaPlugins on main only).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from netplan2k8s.settings import Settings

REPOSITORY = "nvcr.io/nvidia/mellanox"
IMAGES = {
    "sriovDevicePlugin": "sriov-network-device-plugin",
    "nvIpam": "nvidia-k8s-ipam",
    "multus": "multus-cni",
    "cniPlugins": "plugins",
}


@dataclass(frozen=True, slots=True)
class Release:
    """One operator release; ``tag`` is the version of its component images."""

    name: str
    tag: str
    has_per_node_exclusions: bool
    has_node_policy: bool
    has_meta_plugins: bool


RELEASES = {
    release.name: release
    for release in (
        Release("25.10", "v25.10.0", False, False, False),
        Release("26.1", "v26.1.1", True, False, False),
        Release("26.4", "v26.4.1", True, True, False),
        Release("26.7", "v26.7.0", True, True, False),
        Release("main", "v26.7.0", True, True, True),
    )
}


def release(settings: Settings) -> Release:
    return RELEASES[settings.operator_release]


def image(component: str, settings: Settings) -> dict[str, Any]:
    """The image coordinates of a component, overridden by the settings'."""
    repository, name, version = dict(settings.images).get(component, ("", "", ""))
    return {
        "image": name or IMAGES[component],
        "repository": repository or REPOSITORY,
        "version": version or f"network-operator-{release(settings).tag}",
    }
