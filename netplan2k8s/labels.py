"""The labels, taints and names by which our objects are known again."""

LABELS = {"app.kubernetes.io/managed-by": "netplan2k8s"}

UNVERIFIED = "netplan2k8s/unverified-rails"
"""Taint, with NoSchedule, of a node whose rails no verification has passed yet."""

MOVED = "netplan2k8s/moved-rails"
"""Label of a node whose host has no rails any more."""

TOLERATION = {"key": UNVERIFIED, "operator": "Exists", "effect": "NoSchedule"}
"""What the operator's own pods need, which a new configuration replaces: they tolerate
nvidia.com/gpu and what the policy says (network-operator, manifests/state-*)."""

VERIFICATION_DIRECTORY = "verify"
VERIFICATION = "verify-rails-"
"""What the names of the Jobs begin with that check rails inside pods."""

IGNORE = "netplan2k8s.io/ignore"
"""Annotation with the codes that lint leaves out of an object, and the reason."""
