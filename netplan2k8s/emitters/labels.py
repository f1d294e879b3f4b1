"""The label by which our objects are known again."""

LABELS = {"app.kubernetes.io/managed-by": "netplan2k8s"}
