"""What a network's CNI configuration says beyond what the proof works out.

Source: containernetworking/plugins, host-device and tuning; Go's JSON reads keys in
any case, so that another spelling of a key counts as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from netplan2k8s.lint.attachments import Network

# Each takes another NIC than the one that the device plugin gave, or other addresses.
_OF_DEVICE = {"device", "hwaddr", "kernelpath", "pcibusid", "args", "runtimeconfig"}
_OF_IPAM = {"args"}
_KNOWN = {"type", "ipam", "poolname", "pooltype"}
_SPELLED = {"type", "ipam", "poolName", "poolType"}
_HARMLESS = {"sbr", "rdma", "bandwidth", "portmap", "firewall"}
_OF_TUNING = {"type", "mtu", "sysctl", "name", "cniVersion", "capabilities"}


def unread(network: Network) -> Iterator[str]:
    """Keys and plugins that may give pods something else, in words."""
    config = network.text.value
    if isinstance(config, dict) and network.ipam is not config:
        listed = config.get("plugins")
        first = listed[0] if isinstance(listed, list) and listed else config
        if isinstance(first, dict):
            yield from _keys(first, _OF_DEVICE)
    yield from _keys(network.ipam or {}, _OF_IPAM)
    tunings = 0
    for plugin in network.chain:
        kind = plugin.get("type")
        tunings += kind == "tuning"
        if kind == "tuning":
            mtu = plugin.get("mtu", 0)
            if plugin.keys() - _OF_TUNING or type(mtu) is not int or tunings > 1:
                yield "a tuning plugin"
        elif kind not in _HARMLESS:
            yield f"plugin {kind}"


def _keys(part: Mapping[str, Any], odd: set[str]) -> Iterator[str]:
    for key in part:
        is_misspelled = key.lower() in _KNOWN and key not in _SPELLED
        if key.lower() in odd or is_misspelled:
            yield f"{key} of its configuration"
