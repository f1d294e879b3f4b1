"""A fixture's fleet in namespaces: hosts under networkd, the fabric, pods."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_interface
from pathlib import Path
from typing import Any

from netplan2k8s.lint.attachments import Network
from netplan2k8s.linting import Manifests, read_manifests
from netplan2k8s.proof.model import Link, Proof
from netplan2k8s.proving import prove
from netplan2k8s.settings import Settings
from netplan2k8s.simulate import multus
from netplan2k8s.simulate.operator import attachment_definition
from tests.packets.cni import Attachment, with_static_ipam
from tests.packets.fabric import Link as Port
from tests.packets.fabric import RailPorts, wire
from tests.packets.kernel import State, states
from tests.packets.namespaces import Namespaces, batch, sysctl
from tests.packets.netplan import Units
from tests.packets.networkd import Networkd
from tests.packets.reach import End

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
MANAGEMENT = "eno1np0"
# The rest of a host, which no step may change: what it is reached by, with a table and
# a rule of its own.
_MANAGEMENT = """\
network:
  version: 2
  ethernets:
    {name}:
      dhcp4: false
      link-local: []
      addresses: [10.20.0.{number}/24]
      routes:
        - {{to: default, via: 10.20.0.254}}
        - {{to: 10.99.0.0/16, via: 10.20.0.253, table: 50}}
      routing-policy:
        - {{from: 10.20.0.{number}/32, table: 50, priority: 50}}
"""


def program(*arguments: str | Path) -> str:
    """Run netplan2k8s as a user does; a failure is an error with its messages."""
    done = subprocess.run(
        [sys.executable, "-m", "netplan2k8s", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@dataclass(slots=True)
class Host:
    """One host: its namespace, that of its pod, and networkd over its Netplan."""

    node: str
    namespace: str
    pod: str
    units: Units
    networkd: Networkd
    links: tuple[Link, ...]
    attachments: list[Attachment] = field(default_factory=list)

    @property
    def nics(self) -> list[str]:
        return [link.nic.interface for link in self.links]

    @property
    def addresses(self) -> dict[str, tuple[str, ...]]:
        """The addresses that its rails have by the Netplan of the fixture."""
        return {link.nic.interface: (str(link.nic.address),) for link in self.links}


class Site:
    """Hosts, switches and pods; every step is what somebody does to them."""

    def __init__(
        self,
        namespaces: Namespaces,
        work: Path,
        fixture: str,
        settings: Settings | None = None,
    ) -> None:
        self.settings = settings or Settings()
        self.hosts_tree = work / "hosts"
        self.manifests_tree = work / "manifests"
        self.stripped_tree = work / "stripped"
        shutil.copytree(FIXTURES / fixture / "hosts", self.hosts_tree)
        nodes = sorted(path.name for path in self.hosts_tree.iterdir())
        for number, node in enumerate(nodes, 1):
            text = _MANAGEMENT.format(name=MANAGEMENT, number=number)
            path = self.hosts_tree / node / "etc/netplan/50-management.yaml"
            path.write_text(text, encoding="utf-8")
        self._convert(work)
        self.proof, manifests = self._prove()
        self._networks = {n.name: n for n in manifests.scene.networks}
        self.order = _order(self.manifests_tree)
        self.hosts = [
            self._host(namespaces, work, node, number)
            for number, node in enumerate(nodes, 1)
        ]
        self.spine = wire(namespaces, self._rails())
        self._wire_the_rest(namespaces.add("management"))

    # -- what the program makes of it -------------------------------------------

    def _convert(self, work: Path) -> None:
        config = work / "netplan2k8s.yaml"
        config.write_text(_settings_text(self.settings), encoding="utf-8")
        chosen = ("--config", config)
        program("convert", self.hosts_tree, "-o", self.manifests_tree, *chosen)
        made = ("--manifests", self.manifests_tree, *chosen)
        program("strip", self.hosts_tree, "--write", "-o", self.stripped_tree, *made)

    def _prove(self) -> tuple[Proof, Manifests]:
        manifests = read_manifests([str(self.manifests_tree)], self.settings)
        hosts = [str(self.hosts_tree)]
        proving = prove(manifests, hosts, self.settings, keep_links=True)
        assert proving.is_proven
        return proving.proof, manifests

    # -- building ---------------------------------------------------------------

    def _host(self, namespaces: Namespaces, work: Path, node: str, number: int) -> Host:
        namespace = namespaces.add(f"host-{number}")
        pod = namespaces.add(f"pod-{number}")
        # What Debian and Ubuntu set; a namespace starts with the kernel's 0.
        sysctl(
            namespace, ipv4__conf__all__rp_filter=2, ipv4__conf__default__rp_filter=2
        )
        # Nothing is a duplicate, and the CNI plugins wait two seconds an address.
        for one in (namespace, pod):
            sysctl(one, ipv6__conf__default__accept_dad=0)
        units = Units(work / "roots" / node)
        by_rail = {
            link.rail: link for link in self.proof.links if link.nic.node_name == node
        }
        links = tuple(by_rail[rail] for rail in self.order)
        return Host(node, namespace, pod, units, Networkd(namespace, units), links)

    def _rails(self) -> list[RailPorts]:
        plan = json.loads((self.manifests_tree / ".netplan2k8s/plan.json").read_text())
        cidrs = {rail["name"]: rail["cidr"] for rail in plan["rails"]}
        found = []
        for number, rail in enumerate(self.order):
            ports = [
                Port(
                    host.namespace,
                    host.links[number].nic.interface,
                    str(host.links[number].nic.address),
                    _gateway(host.links[number]),
                )
                for host in self.hosts
            ]
            found.append(RailPorts(rail, cidrs[rail], tuple(ports)))
        return found

    def _wire_the_rest(self, management: str) -> None:
        """The management NIC of every host, and the first interface of its pod."""
        for number, host in enumerate(self.hosts, 1):
            own, peer = f"10.244.{number}.1", f"10.244.{number}.2"
            pair = f"type veth peer name eth0 netns {host.pod}"
            port = f"type veth peer name port{number} netns {management}"
            batch(
                host.namespace,
                [
                    f"link add {MANAGEMENT} {port}",
                    f"link add pod0 {pair}",
                    "link set pod0 up",
                    f"addr add {own}/24 dev pod0",
                ],
            )
            batch(management, [f"link set port{number} up"])
            lines = [
                "link set eth0 up",
                f"addr add {peer}/24 dev eth0",
                f"route add default via {own}",
            ]
            batch(host.pod, lines)

    # -- steps ------------------------------------------------------------------

    def apply(self, trees: Path) -> None:
        """``netplan apply`` on all hosts, with the Netplan of a tree of hosts."""
        for host in self.hosts:
            host.units.generate(trees / host.node / "etc" / "netplan")
        self._on_all(lambda host: host.networkd.apply())
        self.settle()

    def settle(self) -> None:
        """Wait until all hosts are as their Netplan says, rules of rails included."""
        for host in self.hosts:
            host.networkd.settle(host.addresses)

    def states(self) -> dict[str, dict[str, State]]:
        """What the kernel has of the hosts' interfaces: their rails and the rest."""
        found = {}
        for host in self.hosts:
            there = states(host.namespace, host.addresses)
            kept = (MANAGEMENT, *host.nics)
            found[host.node] = {n: s for n, s in there.items() if n in kept}
        return found

    def pod_states(self) -> dict[str, dict[str, State]]:
        """What the kernel has of the rails in pods, by the names of their NICs."""
        found = {}
        for host in self.hosts:
            there = states(host.pod, {})
            found[host.node] = {
                nic: there[attachment.interface]
                for nic, attachment in zip(host.nics, host.attachments, strict=True)
            }
        return found

    def attach(self) -> None:
        """Give every host's rails to its pod, in the order of the job's annotation."""
        names = multus.interfaces([multus.Selection("", r, "") for r in self.order])
        for host in self.hosts:
            for link, interface in zip(host.links, names, strict=True):
                config = with_static_ipam(
                    config_of(self._networks[link.rail]),
                    static_ipam(link),
                    link.nic.interface,
                )
                host.attachments.append(
                    Attachment(config, host.namespace, host.pod, interface)
                )
        self._on_all(lambda host: [made.add() for made in host.attachments])

    def detach(self) -> None:
        """End the pods: Multus deletes in the reverse order."""
        self._on_all(lambda host: [made.delete() for made in host.attachments[::-1]])
        for host in self.hosts:
            host.attachments.clear()

    def stop(self) -> None:
        for host in self.hosts:
            host.networkd.stop()

    def _on_all(self, step: Callable[[Host], object]) -> None:
        """A step on all hosts at once, as each does it by itself."""
        with ThreadPoolExecutor(len(self.hosts)) as pool:
            list(pool.map(step, self.hosts))

    def ends_on_hosts(self) -> list[End]:
        """The rails where they were, by their addresses as proven equal."""
        return [
            End(host.node, link.rail, host.namespace, link.nic.interface, _own(link))
            for host in self.hosts
            for link in host.links
        ]

    def ends_in_pods(self) -> list[End]:
        return [
            End(host.node, link.rail, host.pod, attachment.interface, _dealt(link))
            for host in self.hosts
            for link, attachment in zip(host.links, host.attachments, strict=True)
        ]


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
    gateway = _gateway(link)
    return {
        "type": "static",
        "addresses": [{"address": f"{_dealt(link)}/{link.length}", "gateway": gateway}],
        "routes": [{"dst": str(route), "gw": gateway} for route in link.routes],
    }


def _order(manifests: Path) -> list[str]:
    """The networks of the job's pods, as its annotation lists them."""
    text = (manifests / "workloads/pytorchjob.yaml").read_text(encoding="utf-8")
    found = re.search(r"k8s\.v1\.cni\.cncf\.io/networks: (.*)", text)
    assert found
    return [selection.name for selection in multus.parse(found[1], "default")]


def _own(link: Link) -> str:
    return str(ip_interface(str(link.nic.address)).ip)


def _dealt(link: Link) -> str:
    """The one address that the simulated nv-ipam has for a pod there."""
    assert link.share is not None
    (address,) = link.share.addresses
    return _text(link, address)


def _gateway(link: Link) -> str:
    assert link.share is not None
    assert link.share.gateway is not None
    return _text(link, link.share.gateway)


def _text(link: Link, value: int) -> str:
    kind = ip_interface(str(link.nic.address)).ip.__class__
    return str(ip_address(str(kind(value))))


def _settings_text(settings: Settings) -> str:
    lines = [f"network_kind: {settings.network_kind}"]
    if settings.meta_plugins:
        lines.append(f"meta_plugins: [{', '.join(settings.meta_plugins)}]")
    return "\n".join(lines) + "\n"
