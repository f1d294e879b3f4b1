"""A fleet in namespaces: hosts under networkd, the fabric, pods."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from netplan2k8s.proof.model import Link
from netplan2k8s.simulate import multus
from tests.packets.cni import Attachment, with_static_ipam
from tests.packets.dealt import config_of, dealt, gateway, own, static_ipam
from tests.packets.fabric import Link as Port
from tests.packets.fabric import RailPorts, wire
from tests.packets.kernel import State, states
from tests.packets.made import MANAGEMENT, Made
from tests.packets.namespaces import Namespaces, batch, sysctl
from tests.packets.netplan import Units
from tests.packets.networkd import Networkd
from tests.packets.reach import End


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
        self, namespaces: Namespaces, work: Path, made: Made, *, most: int | None
    ) -> None:
        """Build the first ``most`` hosts of a fleet, None for all."""
        self.made = made
        self.hosts = [
            self._host(namespaces, work, node, number)
            for number, node in enumerate(made.nodes[:most], 1)
        ]
        self.spine = wire(namespaces, self._rails())
        self._wire_the_rest(namespaces.add("management"))

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
            link.rail: link
            for link in self.made.proof.links
            if link.nic.node_name == node
        }
        links = tuple(by_rail[rail] for rail in self.made.order)
        return Host(node, namespace, pod, units, Networkd(namespace, units), links)

    def _rails(self) -> list[RailPorts]:
        found = []
        for number, rail in enumerate(self.made.order):
            ports = [
                Port(
                    host.namespace,
                    host.links[number].nic.interface,
                    str(host.links[number].nic.address),
                    gateway(host.links[number]),
                )
                for host in self.hosts
            ]
            found.append(RailPorts(rail, self.made.cidrs[rail], tuple(ports)))
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
        names = multus.interfaces(
            [multus.Selection("", r, "") for r in self.made.order]
        )
        for host in self.hosts:
            for link, interface in zip(host.links, names, strict=True):
                config = with_static_ipam(
                    config_of(self.made.networks[link.rail]),
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
            End(host.node, link.rail, host.namespace, link.nic.interface, own(link))
            for host in self.hosts
            for link in host.links
        ]

    def ends_in_pods(self) -> list[End]:
        return [
            End(host.node, link.rail, host.pod, attachment.interface, dealt(link))
            for host in self.hosts
            for link, attachment in zip(host.links, host.attachments, strict=True)
        ]
