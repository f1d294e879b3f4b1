"""Netplan as netplan reads it: discovery, grammar, merge rules, refusals."""

from netplan2k8s.netplan.merged import merged
from netplan2k8s.netplan.model import Definition, HostNetwork, kernel_name
from netplan2k8s.netplan.reader import read_host

__all__ = ["Definition", "HostNetwork", "kernel_name", "merged", "read_host"]
