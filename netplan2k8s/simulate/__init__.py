"""What the cluster makes of the manifests, module by module as its own code works."""
