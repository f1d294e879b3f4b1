"""What packets need of a machine, and whether it has it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable

from tests.packets.cni import DIRECTORY
from tests.packets.namespaces import CommandError, Namespaces, inside, ip, run
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
    return absent([*_PROGRAMS, *files]) or _refused()


def absent(programs: Iterable[str]) -> str:
    """Which programs, names or paths, are not on the machine; "" where all are."""
    names = ", ".join(name for name in programs if shutil.which(name) is None)
    return names and f"not installed: {names}; .ci/run says what installs them"


def _refused() -> str:
    """What the kernel does not let us do, as in a container without privileges."""
    try:
        with Namespaces() as namespaces:
            name = namespaces.add("probe")
            ip(name, "link", "add", "one", "type", "veth", "peer", "name", "two")
            run(inside(name, "mount", "-t", "tmpfs", "tmpfs", "/mnt"))
    except CommandError as error:
        return f"no network namespaces here: {error}"
    return ""
