"""Real CNI plugins, called as a runtime calls those of a NetworkAttachmentDefinition.

Source: the CNI specification 0.3.1, "CNI plugin" and "Network configuration lists":
plugins of a list run in order, each with the result of the one before, and at DEL in
the reverse order; libcni hands DEL a result from 0.4.0 on only.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tests.packets.namespaces import CommandError, inside

DIRECTORY = "/usr/lib/cni"
_SECONDS = 60


class Attachment(NamedTuple):
    """One network of a pod: ``config`` is the CNI text of the definition, read."""

    config: Mapping[str, Any]
    host: str
    pod: str
    interface: str

    def add(self) -> dict[str, Any]:
        """Attach; the result of the last plugin."""
        result: dict[str, Any] = {}
        for plugin in self._plugins:
            before = {"prevResult": result} if result else {}
            result = json.loads(self._call("ADD", {**plugin, **before}))
        return result

    def delete(self) -> None:
        for plugin in reversed(self._plugins):
            self._call("DEL", plugin)

    @property
    def _plugins(self) -> Sequence[dict[str, Any]]:
        head = {key: self.config[key] for key in ("cniVersion", "name")}
        return [
            {**plugin, **head} for plugin in self.config.get("plugins", [self.config])
        ]

    def _call(self, command: str, config: Mapping[str, Any]) -> str:
        """Run a plugin in the host's namespace, which is where it looks for a NIC."""
        done = subprocess.run(
            inside(self.host, f"{DIRECTORY}/{config['type']}"),
            input=json.dumps(config),
            env={
                **os.environ,
                "CNI_COMMAND": command,
                "CNI_CONTAINERID": self.pod,
                "CNI_NETNS": f"/run/netns/{self.pod}",
                "CNI_IFNAME": self.interface,
                "CNI_PATH": DIRECTORY,
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
        if done.returncode:
            said = (done.stdout + done.stderr).strip()
            raise CommandError(
                f"{config['type']} {command} {self.interface} of {self.pod}: {said}"
            )
        return done.stdout


def with_static_ipam(
    config: Mapping[str, Any], ipam: Mapping[str, Any], device: str
) -> dict[str, Any]:
    """A definition's configuration with another IPAM, and the NIC that Multus adds.

    On a node the device plugin tells Multus the PCI address; a veth has none, and the
    plugin takes its name in the same place.
    """
    if "plugins" not in config:
        return {**config, "ipam": dict(ipam), "device": device}
    first, *rest = config["plugins"]
    return {
        **config,
        "plugins": [{**first, "ipam": dict(ipam), "device": device}, *rest],
    }
