"""The hosts of a run: where they lie, how they are named, and their files."""

from netplan2k8s.hosts.discovery import discover as discover
from netplan2k8s.hosts.model import Fleet as Fleet
from netplan2k8s.hosts.model import Host as Host
