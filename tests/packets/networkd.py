"""systemd-networkd in a namespace, told of new Netplan as ``netplan apply`` tells it.

It is the machine's own binary. It finds the generated files where it looks for them, a
D-Bus of its own for ``networkctl``, and in place of udev a database that calls every
interface initialised: without one it would configure links before it has read what
they have, and keep the old addresses (systemd 252, src/network/networkd-link.c).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess

from tests.packets.kernel import State, names, states
from tests.packets.namespaces import CommandError, inside, run, until
from tests.packets.netplan import Units

NETWORKD = "/lib/systemd/systemd-networkd"
USER = "systemd-network"
_SECONDS = 20
_BUS = "unix:path=/run/systemd/bus"
_BUS_CONFIG = f"""\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>{_BUS}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
  </policy>
</busconfig>
"""
# All mounts are of the mount namespace that "ip netns exec" made.
_IN_A_HOST = """
set -e
mkdir -p /run/systemd /run/udev
mount --bind "$1" /run/systemd
mount -t tmpfs tmpfs /run/udev
[ ! -d /etc/systemd/network ] || mount -t tmpfs tmpfs /etc/systemd/network
mkdir /run/udev/data
number=1
while [ "$number" -le 200 ]; do
    echo I:1 >"/run/udev/data/n$number"
    number=$((number + 1))
done
dbus-daemon --config-file=/run/systemd/bus.conf --fork --nopidfile
exec "$2"
"""


class Networkd:
    """The networkd of one host, over the units of its tree."""

    def __init__(self, namespace: str, units: Units) -> None:
        self._namespace = namespace
        self._units = units
        self._process: subprocess.Popen[bytes] | None = None
        self._log = units.root / "networkd.log"

    def apply(self) -> None:
        """Start it, or have it take what netplan generated anew; waits for nothing.

        Source: netplan 0.106, cli/commands/apply.py (networkctl_reload, then
        networkctl_reconfigure of all interfaces that it generated files for).
        """
        if self._process is None:
            self._start()
            return
        there = names(self._namespace)
        managed = [name for name in self._units.wanted() if name in there]
        self._networkctl("reload")
        self._networkctl("reconfigure", *managed)

    def settle(self, of_rules: dict[str, tuple[str, ...]]) -> None:
        """Wait until the kernel has what the files ask for, and nothing besides.

        ``of_rules`` are addresses of interfaces whose rules are theirs in any case.
        """
        if not until(lambda: self._has_ended() or not self._unlike(of_rules)):
            raise CommandError(f"not as generated: {self._unlike(of_rules)}")
        if self._has_ended():
            raise CommandError(f"networkd ended: {self._said()}")

    def stop(self) -> None:
        """End it as systemd does; what it configured stays."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(_SECONDS)
            self._process = None

    def _start(self) -> None:
        directory = self._units.directory
        state = directory / "netif"
        state.mkdir(exist_ok=True)
        shutil.chown(state, USER, USER)
        (directory / "bus.conf").write_text(_BUS_CONFIG, encoding="utf-8")
        places = [str(directory), NETWORKD]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                inside(self._namespace, "sh", "-c", _IN_A_HOST, "networkd", *places),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **_environment()},
            )

    def beside(self, *command: str) -> list[str]:
        """The command that runs another where networkd runs: its mounts, its D-Bus."""
        assert self._process is not None
        where = ["--target", str(self._process.pid), "--mount", "--net"]
        variables = [f"{name}={value}" for name, value in _environment().items()]
        return ["nsenter", *where, "env", *variables, *command]

    def _networkctl(self, *arguments: str) -> None:
        run(self.beside("networkctl", *arguments))

    def _has_ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def _unlike(
        self, of_rules: dict[str, tuple[str, ...]]
    ) -> dict[str, tuple[State, State]]:
        """What each interface has and should have, where the two differ."""
        wanted = self._units.wanted()
        has = states(self._namespace, of_rules)
        return {
            name: (has[name], state)
            for name, state in wanted.items()
            if name in has and has[name] != state
        }

    def _said(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")[-2000:]


def _environment() -> dict[str, str]:
    return {"DBUS_SYSTEM_BUS_ADDRESS": _BUS, "SYSTEMD_LOG_TARGET": "console"}
