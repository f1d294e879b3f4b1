"""Where the built API servers lie, and the fixtures that run them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.apiserver.harness import FLAVOURS, ApiServer, Body

HERE = Path(__file__).resolve().parent
UPSTREAM = HERE.parents[2] / "shared" / "upstream" / "crds"
# The CRDs of everything that is written or read.
OF_UPSTREAM = (
    "nv-ipam.nvidia.com_cidrpools.yaml",
    "nv-ipam.nvidia.com_ippools.yaml",
    "mellanox.com_hostdevicenetworks.yaml",
    "mellanox.com_nicclusterpolicies.yaml",
    "mellanox.com_nicnodepolicies.yaml",
    "k8s.cni.cncf.io_networkattachmentdefinitions_crd.yaml",
    "kubeflow.org_pytorchjobs.yaml",
)
# Where pools are; there from the start, since a deleted one would stay "terminating".
OPERATOR_NAMESPACE = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": "nvidia-network-operator"},
}


def cache() -> Path:
    """Where tests/apiserver/build.sh leaves what it builds."""
    if given := os.environ.get("NETPLAN2K8S_SERVERS"):
        return Path(given)
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "netplan2k8s" / "servers"


def find(version: str) -> Path:
    """The directory of a version's binaries; skips the test where one is absent.

    With ``NETPLAN2K8S_REQUIRE_SERVERS=1`` the test fails instead.
    """
    directory = cache()
    for name in (FLAVOURS[version].binary, "etcd"):
        if not os.access(directory / name, os.X_OK):
            reason = f"no {name} in {directory}; tests/apiserver/build.sh builds it"
            if os.environ.get("NETPLAN2K8S_REQUIRE_SERVERS") == "1":
                pytest.fail(reason)
            pytest.skip(reason)
    return directory


def crds() -> list[Body]:
    """Upstream's CRDs where they lie beside the project, else those of our own."""
    files = [UPSTREAM / name for name in OF_UPSTREAM]
    if all(file.exists() for file in files):
        return _documents(files)
    return own_crds()


def own_crds() -> list[Body]:
    return _documents([HERE / "crds.yaml"])


def _documents(files: list[Path]) -> list[Body]:
    return [
        document
        for file in files
        for document in yaml.load_all(file.read_bytes(), yaml.CSafeLoader)
        if document
    ]


def _with_crds(version: str) -> Iterator[ApiServer]:
    with ApiServer(version, find(version)) as server:
        server.install(crds())
        server.create(OPERATOR_NAMESPACE)
        yield server


@pytest.fixture(scope="session", params=list(FLAVOURS))
def cluster(request: pytest.FixtureRequest) -> Iterator[ApiServer]:
    """An API server that all tests share: leave nothing in it that others would find."""
    yield from _with_crds(request.param)


@pytest.fixture(params=list(FLAVOURS))
def own_cluster(request: pytest.FixtureRequest) -> Iterator[ApiServer]:
    """An API server of the test's own, which it may fill and kill."""
    yield from _with_crds(request.param)
