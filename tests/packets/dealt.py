"""What a pod is dealt on a rail: CNI configuration, address, gateway, routes."""

from __future__ import annotations

import json
from ipaddress import ip_interface
from typing import Any

from netplan2k8s.lint.attachments import Network
from netplan2k8s.proof.model import Link
from netplan2k8s.simulate.operator import attachment_definition


def config_of(network: Network) -> dict[str, Any]:
    """The CNI configuration that a pod's runtime reads, as the operator renders it."""
    body = network.document.body
    if network.document.kind == "HostDeviceNetwork":
        body = attachment_definition(body)
    config: dict[str, Any] = json.loads(body["spec"]["config"])
    return config


def static_ipam(link: Link) -> dict[str, Any]:
    """What nv-ipam answers on that node, told to the ``static`` plugin.

    nv-ipam gives each route of the pool the gateway of the node's share.
    """
    via = gateway(link)
    return {
        "type": "static",
        "addresses": [{"address": f"{dealt(link)}/{link.length}", "gateway": via}],
        "routes": [{"dst": str(route), "gw": via} for route in link.routes],
    }


def own(link: Link) -> str:
    return str(ip_interface(str(link.nic.address)).ip)


def dealt(link: Link) -> str:
    """The one address that the simulated nv-ipam has for a pod there."""
    assert link.share is not None
    (address,) = link.share.addresses
    return _text(link, address)


def gateway(link: Link) -> str:
    assert link.share is not None
    assert link.share.gateway is not None
    return _text(link, link.share.gateway)


def _text(link: Link, value: int) -> str:
    kind = ip_interface(str(link.nic.address)).ip.__class__
    return str(kind(value))
