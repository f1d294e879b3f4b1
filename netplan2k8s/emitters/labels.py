"""The label by which our objects are known again."""

LABELS = {"app.kubernetes.io/managed-by": "netplan2k8s"}

UNVERIFIED = "netplan2k8s/unverified-rails"
"""Taint, with NoSchedule, of a node whose rails no verification has passed yet."""
