"""Two states of a cluster side by side: what differs, and what that does to it."""
