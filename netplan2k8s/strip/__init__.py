"""The host's side: the rails taken out of Netplan, proven, and put back."""
