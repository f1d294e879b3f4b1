"""Checks a pod's rails against the plan: ``NODE_NAME=… check_rails.py plan.json``.

One line per link says whether its interface, addresses, gateway, routes, MTU and RDMA
device are as planned, whether the leaf answers, and whether the pods of all other nodes
do, from this rail to theirs. What is wrong is tried again until it is right: a pod ends
when the links of all nodes are, so that no node is verified twice and none is left out.

It runs in any image with Python 3.8, as any user, and needs nothing but the library.
"""

from __future__ import annotations

import contextlib
import glob
import ipaddress
import json
import os
import select
import signal
import socket
import struct
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

PORT = 24180
PERIOD = 1.0
GRACE = 15.0
"""Seconds for which a pod goes on answering when all is right."""
REMIND = 60.0
"""Seconds after which what is still wrong is said again."""

RTM_NEWADDR, RTM_GETADDR, RTM_NEWROUTE, RTM_GETROUTE = 20, 22, 24, 26
NLM_F_REQUEST, NLM_F_DUMP, NLMSG_ERROR, NLMSG_DONE = 1, 0x300, 2, 3
IFA_ADDRESS, IFA_LOCAL = 1, 2
RTA_DST, RTA_OIF, RTA_GATEWAY, RTA_MULTIPATH = 1, 4, 5, 9
FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
# IP_UNICAST_IF of linux/in.h, IPV6_UNICAST_IF of linux/in6.h.
UNICAST_IF = {
    socket.AF_INET: (socket.IPPROTO_IP, 50),
    socket.AF_INET6: (socket.IPPROTO_IPV6, 76),
}


class Link(NamedTuple):
    """A node's link on a rail: what its pod may have, and what its leaf has."""

    addresses: list[str]
    length: int
    gateway: str
    mtu: int | None


class Rail(NamedTuple):
    """A rail: its name, the pod's interface on it, and what is routed over it."""

    name: str
    interface: str
    routes: list[str]


class Plan(NamedTuple):
    """What is to be verified: the nodes of a unit, with a link for each rail."""

    name: str
    rails: list[Rail]
    nodes: dict[str, list[Link]]
    rdma: bool


def read_plan(path: str) -> Plan:
    with open(path, encoding="utf-8") as file:
        body = json.load(file)
    rails = [Rail(*rail) for rail in body["rails"]]
    nodes = {
        name: [Link(*link) for link in links] for name, links in body["nodes"].items()
    }
    return Plan(body["name"], rails, nodes, body["rdma"])


# -- what the kernel has ----------------------------------------------------------


def dump(request: int, reply: int) -> Iterator[bytes]:
    """The bodies of a netlink dump."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as netlink:
        netlink.bind((0, 0))
        header = struct.pack("=IHHII", 17, request, NLM_F_REQUEST | NLM_F_DUMP, 1, 0)
        netlink.send(header + b"\0")
        while True:
            data = netlink.recv(1 << 17)
            while data:
                length, kind = struct.unpack_from("=IH", data)
                if kind == NLMSG_DONE:
                    return
                if kind == NLMSG_ERROR:
                    code = -struct.unpack_from("=i", data, 16)[0]
                    raise OSError(code, os.strerror(code))
                if kind == reply:
                    yield data[16:length]
                data = data[(length + 3) & ~3 :]


def attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        yield kind, data[4:length]
        data = data[(length + 3) & ~3 :]


def addresses_of(index: int) -> set[str]:
    """The addresses of an interface with their lengths, but for link-local ones."""
    found = set()
    for body in dump(RTM_GETADDR, RTM_NEWADDR):
        _, length, _, _, of_index = struct.unpack_from("=BBBBI", body)
        given = dict(attributes(body[8:]))
        if of_index != index:
            continue
        address = ipaddress.ip_address(given.get(IFA_LOCAL) or given[IFA_ADDRESS])
        if not (address.version == 6 and address.is_link_local):
            found.add(f"{address}/{length}")
    return found


def routes_of(index: int) -> set[tuple[str, str]]:
    """(destination, gateway) of the routes over an interface, in whichever table."""
    found = set()
    for body in dump(RTM_GETROUTE, RTM_NEWROUTE):
        family, length = struct.unpack_from("=BB", body)
        if family not in FAMILIES.values():
            continue
        given = dict(attributes(body[12:]))
        size = 4 if family == socket.AF_INET else 16
        base = ipaddress.ip_address(given.get(RTA_DST, b"\0" * size))
        for oif, gateway in hops(given):
            if oif == index and gateway:
                via = str(ipaddress.ip_address(gateway))
                found.add((f"{base}/{length}", via))
    return found


def hops(given: dict[int, bytes]) -> Iterator[tuple[int, bytes]]:
    """(interface, gateway) of a route, which may have several."""
    if RTA_OIF in given:
        yield struct.unpack("=I", given[RTA_OIF])[0], given.get(RTA_GATEWAY, b"")
    data = given.get(RTA_MULTIPATH, b"")
    while len(data) >= 8:
        length, _, _, index = struct.unpack_from("=HBBi", data)
        yield index, dict(attributes(data[8:length])).get(RTA_GATEWAY, b"")
        data = data[(length + 3) & ~3 :]


def read(path: str) -> str:
    try:
        with open(path, encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def rdma_device(interface: str) -> str:
    """The RDMA device of a NIC, with its character device where that is missing."""
    device = f"/sys/class/net/{interface}/device"
    names = sorted(map(os.path.basename, glob.glob(f"{device}/infiniband/*")))
    verbs = map(os.path.basename, glob.glob(f"{device}/infiniband_verbs/uverbs*"))
    missing = [f"/dev/infiniband/{v}" for v in verbs]
    missing = [path for path in missing if not os.path.exists(path)]
    return (
        f"{names[0]} without {missing[0]}" if names and missing else "".join(names[:1])
    )


# -- packets ----------------------------------------------------------------------


def on_rail(kind: int, protocol: int, address: str, interface: str) -> socket.socket:
    """A socket with a rail's address that sends and receives over that rail alone."""
    family = FAMILIES[ipaddress.ip_address(address).version]
    made = socket.socket(family, kind, protocol)
    made.setblocking(False)
    name = interface.encode() + b"\0"
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name)
    except PermissionError:  # before Linux 5.7, where this is left to anybody
        index = struct.pack("!I", socket.if_nametoindex(interface))
        made.setsockopt(*UNICAST_IF[family], index)
    return made


def checksum(data: bytes) -> int:
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class Leaf:
    """Pings a gateway from a rail's address; says what keeps it from that."""

    def __init__(self, address: str, interface: str, gateway: str) -> None:
        self.gateway = gateway
        self.milliseconds: float | None = None
        self.trouble = ""
        self._sent = 0.0
        self._count = 0
        self._is_raw = False
        self.socket: socket.socket | None = None
        is_new = ipaddress.ip_address(address).version == 6
        protocol = socket.IPPROTO_ICMPV6 if is_new else socket.IPPROTO_ICMP
        self._kinds = (128, 129) if is_new else (8, 0)
        for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
            try:
                self.socket = on_rail(kind, protocol, address, interface)
                self.socket.bind((address, 0))
                self._is_raw = kind == socket.SOCK_RAW
                self.trouble = ""
                break
            except PermissionError:
                self.trouble = (
                    "may not ping: the pod needs the sysctl net.ipv4.ping_group_range"
                    " '0 2147483647', or the capability NET_RAW"
                )
            except OSError as error:
                self.trouble = f"cannot ping from {address}: {error.strerror}"

    def ask(self) -> None:
        if self.socket is None:
            return
        self._count = self._count % 0xFFFF + 1
        body = struct.pack("!HH", os.getpid() & 0xFFFF, self._count) + b"rails..."
        head = struct.pack("!BBH", self._kinds[0], 0, 0)
        head = struct.pack("!BBH", self._kinds[0], 0, checksum(head + body))
        self._sent = time.monotonic()
        try:
            self.socket.sendto(head + body, (self.gateway, 0))
        except OSError as error:
            self.trouble = f"no ping to {self.gateway}: {error.strerror}"

    def hear(self) -> None:
        assert self.socket is not None
        try:
            data, sender = self.socket.recvfrom(2048)
        except OSError:
            return
        if self._is_raw and self._kinds[0] == 8:
            data = data[(data[0] & 15) * 4 :]  # raw IPv4 sockets see the header
        if len(data) < 8 or data[0] != self._kinds[1] or sender[0] != self.gateway:
            return
        if struct.unpack_from("!H", data, 6)[0] == self._count:
            self.milliseconds = (time.monotonic() - self._sent) * 1000
            self.trouble = ""


class Peers:
    """Asks the pods of other nodes on one rail, and answers theirs."""

    def __init__(
        self, me: str, address: str, interface: str, others: dict[str, list[str]]
    ) -> None:
        self.me = me
        self.others = others
        self.states: dict[str, str] = {}
        self.socket = on_rail(socket.SOCK_DGRAM, 0, address, interface)
        self.socket.bind((address, PORT))

    def ask(self) -> None:
        """Ask who has not answered, and who was not ready."""
        for name, addresses in self.others.items():
            if self.states.get(name) != "ready":
                for address in addresses:
                    self._send(f"ask {self.me} {name}", (address, PORT))

    def hear(self, state: str) -> None:
        try:
            data, sender = self.socket.recvfrom(2048)
        except OSError:
            return
        words = data.decode("utf-8", "replace").split()
        if len(words) == 3 and words[0] == "ask" and words[2] == self.me:
            self._send(f"{state} {self.me} {words[1]}", sender)
        elif len(words) == 3 and words[0] in ("ready", "busy") and words[2] == self.me:
            self._note(words[1], words[0], sender[0])

    def _note(self, name: str, state: str, address: str) -> None:
        if address in self.others.get(name, ()):
            self.states[name] = state

    def _send(self, text: str, where: Any) -> None:
        with contextlib.suppress(OSError):  # no answer will say so
            self.socket.sendto(text.encode(), where)


# -- one rail ---------------------------------------------------------------------


class RailCheck:
    """One link: what it has against the plan, its leaf, and the other nodes' pods."""

    def __init__(self, plan: Plan, number: int, node: str) -> None:
        self.rail = plan.rails[number]
        self.link = plan.nodes[node][number]
        self.node = node
        self.needs_rdma = plan.rdma
        self.others = {
            name: links[number].addresses
            for name, links in plan.nodes.items()
            if name != node
        }
        self.address = ""
        self.leaf: Leaf | None = None
        self.peers: Peers | None = None

    def faults(self) -> Iterator[str]:
        """What differs from the plan, in words; nothing when all is as planned."""
        try:
            index = socket.if_nametoindex(self.rail.interface)
        except OSError:
            yield "the pod has no such interface"
            return
        yield from self._address_faults(addresses_of(index))
        routes = routes_of(index)
        for destination in self.rail.routes:
            if (destination, self.link.gateway) not in routes:
                via = sorted(hop for to, hop in routes if to == destination)
                has = f"goes via {' and '.join(via)}" if via else "is missing"
                yield f"route to {destination} {has}, the plan says {self.link.gateway}"
        mtu = read(f"/sys/class/net/{self.rail.interface}/mtu")
        if self.link.mtu is not None and mtu != str(self.link.mtu):
            yield f"MTU is {mtu}, the plan says {self.link.mtu}"
        if self.needs_rdma:
            device = rdma_device(self.rail.interface)
            if not device:
                yield "the NIC has no RDMA device here (RDMA network namespace mode?)"
            elif " " in device:
                yield f"RDMA device {device}"

    def _address_faults(self, found: set[str]) -> Iterator[str]:
        wanted = [f"{address}/{self.link.length}" for address in self.link.addresses]
        mine = sorted(found.intersection(wanted))
        self._use(mine[0].partition("/")[0] if mine else "")
        if len(found) != 1 or not mine:
            has = " and ".join(sorted(found)) or "none"
            yield f"address is {has}, the plan says {' or '.join(wanted)}"

    def _use(self, address: str) -> None:
        if address == self.address:
            return
        for old in self.sockets():
            old.close()
        self.address, self.leaf, self.peers = address, None, None
        if address:
            interface = self.rail.interface
            self.leaf = Leaf(address, interface, self.link.gateway)
            try:
                self.peers = Peers(self.node, address, interface, self.others)
            except OSError:
                self.peers = None  # said as silence, and tried again

    def sockets(self) -> list[socket.socket]:
        held = [self.leaf and self.leaf.socket, self.peers and self.peers.socket]
        return [one for one in held if one]

    def silence(self) -> Iterator[str]:
        """Who has not answered."""
        if self.leaf is None:
            return
        if self.leaf.milliseconds is None:
            yield self.leaf.trouble or f"leaf {self.link.gateway} does not answer"
        states = self.peers.states if self.peers else {}
        silent = sorted(name for name in self.others if name not in states)
        if silent:
            listed = ", ".join(silent[:6])
            more = f" and {len(silent) - 6} more" if len(silent) > 6 else ""
            yield f"no answer on this rail from {listed}{more}"

    def line(self, faults: list[str]) -> str:
        head = f"{self.node} {self.rail.name} {self.rail.interface}"
        if faults:
            return f"FAIL {head}: {'; '.join(faults)}"
        text = f"OK   {head} {self.address}/{self.link.length} via {self.link.gateway}"
        mtu = read(f"/sys/class/net/{self.rail.interface}/mtu")
        text += f" mtu {mtu} {rdma_device(self.rail.interface)}".rstrip()
        assert self.leaf is not None
        text += f", leaf in {self.leaf.milliseconds:.2f} ms"
        return f"{text}, {len(self.others)} of {len(self.others)} other nodes"


# -- the pod ----------------------------------------------------------------------


class Verification:
    """All links of a node, until they and those of all other nodes are right."""

    def __init__(self, plan: Plan, node: str) -> None:
        self.plan = plan
        self.node = node
        self.checks = [RailCheck(plan, n, node) for n in range(len(plan.rails))]
        self.said: dict[str, tuple[str, float]] = {}
        self.is_ready = False

    def run(self, deadline: float) -> int:
        """Gives 0 when every node is right; 1 when the deadline is over first."""
        started = time.monotonic()
        while time.monotonic() - started < deadline:
            results = [list(check.faults()) for check in self.checks]
            self._ask()
            self._hear(time.monotonic() + PERIOD)
            results = [
                [*faults, *check.silence()]
                for check, faults in zip(self.checks, results)
            ]
            self.is_ready = not any(results)
            self._say(results, patient=time.monotonic() - started < 5 * PERIOD)
            if self.is_ready and not self._waited_for():
                self._say_end(results)
                self._hear(time.monotonic() + GRACE)
                return 0
        self.said.clear()
        self._say(results, patient=False)
        self._say_end(results)
        return 1

    def _ask(self) -> None:
        for check in self.checks:
            if check.leaf:
                check.leaf.ask()
            if check.peers:
                check.peers.ask()

    def _hear(self, until: float) -> None:
        while (left := until - time.monotonic()) > 0:
            sockets = [one for check in self.checks for one in check.sockets()]
            if not sockets:
                time.sleep(left)
                return
            ready = set(select.select(sockets, [], [], left)[0])
            state = "ready" if self.is_ready else "busy"
            for check in self.checks:
                if check.leaf and check.leaf.socket in ready:
                    check.leaf.hear()
                if check.peers and check.peers.socket in ready:
                    check.peers.hear(state)

    def _waited_for(self) -> list[str]:
        """The nodes whose own links are not all right yet, as far as they say."""
        peers = [check.peers for check in self.checks if check.peers]
        return sorted(
            name
            for name in self.plan.nodes
            if name != self.node
            and not any(one.states.get(name) == "ready" for one in peers)
        )

    def _say(self, results: list[list[str]], *, patient: bool) -> None:
        """Each link's line when it changes; what is wrong again after a while."""
        now = time.monotonic()
        for check, faults in zip(self.checks, results):
            if faults and patient:
                continue
            key = check.rail.name
            last, when = self.said.get(key, ("", 0.0))
            line = check.line(faults)
            kind = line if faults else "OK"
            if kind != last or (faults and now - when > REMIND):
                print(line, flush=True)
                self.said[key] = kind, now

    def _say_end(self, results: list[list[str]]) -> None:
        right = sum(not faults for faults in results)
        waited = self._waited_for()
        print(
            f"{self.node}: {right} of {len(results)} links are as planned", flush=True
        )
        if waited:
            listed = ", ".join(waited[:12]) + (" …" if len(waited) > 12 else "")
            print(f"{self.plan.name}: not all right yet on {listed}", flush=True)
        else:
            print(f"{self.plan.name}: all {len(self.plan.nodes)} nodes are right")


def main() -> int:
    path = sys.argv[1] if len(sys.argv) > 1 else "plan.json"
    node = os.environ.get("NODE_NAME", "")
    deadline = os.environ.get("DEADLINE_SECONDS", "inf")
    try:
        plan = read_plan(path)
        seconds = max(1.0, float(deadline))
    except OSError as error:
        print(f"FAIL {path}: {error.strerror}")
        return 2
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        print(
            f"FAIL {path}: no plan, or DEADLINE_SECONDS={deadline} no number: {error}"
        )
        return 2
    if node not in plan.nodes:
        name = node or "NODE_NAME is empty"
        print(f"FAIL {name}: the plan {plan.name} has no such node")
        return 2
    # The first process of a container has no way out of its own when it is told to go.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    return Verification(plan, node).run(seconds)


if __name__ == "__main__":
    sys.exit(main())
