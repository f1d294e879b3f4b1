"""What the running hosts are, against what their Netplan says."""
