"""What a site can choose, with its defaults; reading netplan2k8s.yaml is beside it."""

from __future__ import annotations

from dataclasses import dataclass, field

SETTINGS_FILE = "netplan2k8s.yaml"
OPERATOR_RELEASES = ("25.10", "26.1", "26.4", "26.7", "main")
DEFAULT_RELEASE = "26.7"

KINDS = ("nicclusterpolicy", "cidrpool", "hostdevicenetwork", "pytorchjob", "verify")
"""The kinds of manifests, in the order in which they are applied; ``verify`` are the
jobs that check the rails."""

# A public image with PyTorch, CUDA and NCCL; the job's webhook refuses an empty one.
DEFAULT_JOB_IMAGE = "docker.io/pytorch/pytorch:2.7.1-cuda12.8-cudnn9-runtime"

# A public image with nccl-tests, MPI and sshd.
DEFAULT_MPI_IMAGE = (
    "ghcr.io/coreweave/nccl-tests:12.8.1-devel-ubuntu22.04-nccl2.26.2-1-0708d2e"
)


@dataclass(frozen=True, slots=True)
class RailSetting:
    """How to recognise one rail: every given key must hold.

    ``interface`` is a shell glob over the Netplan ID, set-name or kernel name; ``mac``
    and ``pci`` lists of addresses; ``cidr`` the rail's range as canonical text.
    """

    number: int
    name: str = ""
    interface: str = ""
    macs: tuple[str, ...] = ()
    pci_addresses: tuple[str, ...] = ()
    cidr: str = ""


@dataclass(frozen=True, slots=True)
class NodeGroup:
    """Hosts of one server model, which get device-plugin resources of their own.

    ``nodes`` are shell globs over node names, ``node_selector`` the labels by which
    the operator finds the same nodes.
    """

    name: str
    nodes: tuple[str, ...]
    node_selector: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class JobSettings:
    """The jobs that use the rails: the PyTorchJob, and those that verify."""

    name: str = "pytorch-dist-nccl"
    namespace: str = "default"
    image: str = DEFAULT_JOB_IMAGE
    mpi_image: str = DEFAULT_MPI_IMAGE
    command: tuple[str, ...] = ()
    gpus_per_node: int = 8
    shared_memory: str = "64Gi"
    ipc_lock: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a run can be told, from netplan2k8s.yaml and flags.

    ``first_rail`` is None where the site leaves the numbering to the evidence;
    ``node_names`` and ``inventory`` are file paths; ``waves`` are comma lists of node
    names and globs, empty for scalable units; ``pci`` maps interface globs to PCI
    addresses for hosts that no inventory covers. ``images`` maps a component
    (``sriovDevicePlugin``, ``nvIpam``, ``multus``, ``cniPlugins``) to (repository,
    image, version), each empty to keep the release's.
    """

    rails: tuple[RailSetting, ...] = ()
    rail_name: str = "rail-{n}"
    first_rail: int | None = None
    operator_release: str = DEFAULT_RELEASE
    operator_namespace: str = "nvidia-network-operator"
    network_namespace: str = "default"
    admission_controller: bool = False
    network_kind: str = "hostdevicenetwork"
    meta_plugins: tuple[str, ...] = ()
    policy: str = "patch"
    images: tuple[tuple[str, tuple[str, str, str]], ...] = ()
    job: JobSettings = field(default_factory=JobSettings)
    node_groups: tuple[NodeGroup, ...] = ()
    node_name: str = "{name}"
    node_names: str = ""
    inventory: tuple[str, ...] = ()
    exclude_nodes: tuple[str, ...] = ()
    ignore_interfaces: tuple[str, ...] = ()
    pci: tuple[tuple[str, str], ...] = ()
    waves: tuple[str, ...] = ()
