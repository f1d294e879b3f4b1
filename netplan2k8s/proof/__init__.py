"""Whether pods get what the hosts had: the hosts' links against the simulated ones."""
