"""Where a host, or what we wrote ourselves, has its files."""

OUR_MARK = ".netplan2k8s/files.json"
"""What the output directory of ``convert`` has, relative to it."""
NETPLAN_PLACES = ("etc/netplan", "lib/netplan", "run/netplan")
ROOT_MARKS = frozenset({"etc", "lib", "run", "usr"})
NOT_SEARCHED = "not searched: manifests that netplan2k8s wrote"
FLAT = "etc/netplan/netplan.yaml"
"""Where a host of which one file is known has it, for want of its real name."""
