"""The move on a real kernel: Netplan's networkd, the CNI plugins, and packets."""
