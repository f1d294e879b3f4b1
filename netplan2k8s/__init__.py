"""Move a GPU cluster's RDMA rails from Netplan to Kubernetes resources."""

__version__ = "0.1.0"
