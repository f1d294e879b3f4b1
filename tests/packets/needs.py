"""What packets need of a machine, and whether it has it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.packets.cni import DIRECTORY
from tests.packets.netplan import GENERATE
from tests.packets.networkd import NETWORKD

REQUIRE = "NETPLAN2K8S_REQUIRE_PACKETS"
"""The variable that makes a failure of a skip."""

_PROGRAMS = ("ip", "nsenter", "sysctl", "dbus-daemon", "networkctl")
_PLUGINS = ("host-device", "static", "sbr")


def missing() -> str:
    """Why nothing of this can run here; "" where it can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    files = [GENERATE, NETWORKD, *(f"{DIRECTORY}/{name}" for name in _PLUGINS)]
    absent = [name for name in _PROGRAMS if shutil.which(name) is None]
    absent += [file for file in files if not os.access(file, os.X_OK)]
    if absent:
        return f"not installed: {', '.join(absent)}; .ci/run says what installs them"
    if not Path("/proc/sys/net").is_dir():
        return "no /proc/sys/net"
    return _refused()


def _refused() -> str:
    """Why the kernel makes no namespace with mounts of its own, as a container may."""
    script = "mount -t tmpfs tmpfs /run/netns 2>/dev/null || mount -t tmpfs tmpfs /mnt"
    command = [
        "unshare",
        "--net",
        "--mount",
        "sh",
        "-c",
        f"{script}; ip link set lo up",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return f"no network namespaces here: {done.stderr.strip()}"
    return ""
