"""The kustomization at the top: beside the manifests it would break ``apply -f``."""

from __future__ import annotations

from collections.abc import Iterable

from netplan2k8s.manifests.document import dump

PATH = "kustomization.yaml"


def text(paths: Iterable[str]) -> str:
    """List every file of ``fabric/``."""
    return dump(
        {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": sorted(path for path in paths if path.startswith("fabric/")),
        }
    )
