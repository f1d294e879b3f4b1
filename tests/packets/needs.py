"""What packets need of a machine, and whether it has it."""

from __future__ import annotations

import os
import shutil
import subprocess

from tests.packets.cni import DIRECTORY
from tests.packets.netplan import GENERATE
from tests.packets.networkd import NETWORKD

REQUIRE = "NETPLAN2K8S_REQUIRE_PACKETS"
"""The variable that makes a failure of a skip."""

_PROGRAMS = ("ip", "nsenter", "sysctl", "unshare", "dbus-daemon", "networkctl")
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
    return _refused()


def _refused() -> str:
    """What the kernel does not let us do, as in a container without privileges."""
    script = "mount -t tmpfs tmpfs /mnt && ip link add one type veth peer name two"
    command = ["unshare", "--net", "--mount", "sh", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return f"no network namespaces with links here: {done.stderr.strip()}"
    return ""
