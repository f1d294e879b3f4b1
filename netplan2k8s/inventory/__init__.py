"""From interface names and MACs to PCI addresses, each with its source."""

from netplan2k8s.inventory.facts import Evidence, HostInventory
from netplan2k8s.inventory.host import read_inventory
from netplan2k8s.inventory.table import read_table

__all__ = ["Evidence", "HostInventory", "read_inventory", "read_table"]
