"""The Kubernetes API server of a kubeconfig: what is read there, and dry runs."""
