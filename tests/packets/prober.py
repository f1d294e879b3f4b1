"""Sends echo requests from given addresses, and says where each went and came back.

A program of its own, run inside a namespace with a JSON list of probes on its standard
input: ``{"source" or null, "target", "device" or null, "size" in bytes of IP or null}``,
where null leaves the choice to the kernel. It prints one object a probe: whether the answer ``reached`` the socket that asked, the interfaces
that requests ``left`` by as the kernel handed them to the device, those that answers
``entered`` by, and ``error``. Fragmenting is forbidden, so that a size also is a test
of the path's MTU; a size of None is a small one.
"""

from __future__ import annotations

import errno
import json
import os
import select
import socket
import struct
import sys
import time
from typing import Any, NamedTuple

_ALL = 0x0003  # ETH_P_ALL
_RECEIVE = 33  # SO_RCVBUFFORCE
_BUFFER = 1 << 26
_BIND_TO_DEVICE = 25
_ROUNDS = 3
_PATIENCE = 0.5  # seconds without any answer after which a round is over
_SMALL = 64
_STEP = 64  # requests between two looks at the answers


class Family(NamedTuple):
    """What differs between ICMP and ICMPv6; sizes and places in bytes of IP."""

    number: int
    protocol: int
    request: int
    answer: int
    header: int
    ether: int
    protocol_at: int
    source_at: int
    length: int
    discover: tuple[int, int, int]  # IP_MTU_DISCOVER and its like: never fragment
    only_answers: tuple[int, int, bytes]  # ICMP_FILTER and its like


_V4 = Family(
    socket.AF_INET,
    socket.IPPROTO_ICMP,
    request=8,
    answer=0,
    header=20,
    ether=0x0800,
    protocol_at=9,
    source_at=12,
    length=4,
    discover=(socket.IPPROTO_IP, 10, 2),
    only_answers=(255, 1, struct.pack("=I", ~1 & 0xFFFFFFFF)),
)
_V6 = Family(
    socket.AF_INET6,
    socket.IPPROTO_ICMPV6,
    request=128,
    answer=129,
    header=40,
    ether=0x86DD,
    protocol_at=6,
    source_at=8,
    length=16,
    discover=(socket.IPPROTO_IPV6, 23, 2),
    only_answers=(
        socket.IPPROTO_ICMPV6,
        1,
        struct.pack("=8I", *[0xFFFFFFFF] * 4, 0xFFFFFFFF & ~2, *[0xFFFFFFFF] * 3),
    ),
)
FAMILIES = {4: _V4, 6: _V6}


class Prober:
    """The probes of one namespace: those that are open, and what came of each."""

    def __init__(self, probes: list[dict[str, Any]]) -> None:
        self._probes = probes
        self._ident = os.getpid() & 0xFFFF
        self._sockets: dict[tuple[object, ...], socket.socket] = {}
        self._results: list[dict[str, Any]] = [
            {"reached": False, "left": [], "entered": [], "error": ""} for _ in probes
        ]
        self._tap = socket.socket(
            socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ALL)
        )
        self._tap.setsockopt(socket.SOL_SOCKET, _RECEIVE, _BUFFER)
        self._tap.setblocking(False)

    def run(self) -> list[dict[str, Any]]:
        for _ in range(_ROUNDS):
            for count, number in enumerate(self._open(), 1):
                self._send(number)
                if count % _STEP == 0:
                    self._look(0)
            while self._open() and self._look(_PATIENCE):
                pass
            if not self._open():
                break
        self._look(0)
        return self._results

    def _open(self) -> list[int]:
        return [
            number
            for number, result in enumerate(self._results)
            if not result["reached"] and not result["error"]
        ]

    def _send(self, number: int) -> None:
        probe = self._probes[number]
        family = _family(probe["target"])
        size = (probe["size"] or _SMALL) - family.header - 8
        head = struct.pack("!BBHHH", family.request, 0, 0, self._ident, number)
        packet = head + bytes(size)
        if family.number == socket.AF_INET:  # the kernel itself sums up ICMPv6
            total = _sum(packet)
            packet = head[:2] + struct.pack("!H", total) + packet[4:]
        try:
            self._socket(probe).sendto(packet, (probe["target"], 0))
        except OSError as error:
            name = errno.errorcode.get(error.errno or 0, "")
            self._results[number]["error"] = f"{name}: {error.strerror}"

    def _socket(self, probe: dict[str, Any]) -> socket.socket:
        """The socket of a source and a device, which answers to it come to."""
        family = _family(probe["target"])
        source, device = probe["source"], probe["device"]
        key = (family.number, source, device)
        if key not in self._sockets:
            made = socket.socket(family.number, socket.SOCK_RAW, family.protocol)
            if device is not None:
                made.setsockopt(
                    socket.SOL_SOCKET, _BIND_TO_DEVICE, device.encode() + b"\0"
                )
            made.setsockopt(*family.discover)
            made.setsockopt(*family.only_answers)
            made.setsockopt(socket.SOL_SOCKET, _RECEIVE, _BUFFER)
            made.setblocking(False)
            if source is not None:
                made.bind((source, 0))
            self._sockets[key] = made
        return self._sockets[key]

    def _look(self, seconds: float) -> bool:
        """Read what comes, at least until an answer did; whether one did in time."""
        found = False
        listening = [self._tap, *self._sockets.values()]
        deadline = time.monotonic() + seconds
        while True:
            left = 0 if found else max(0.0, deadline - time.monotonic())
            ready, _, _ = select.select(listening, [], [], left)
            if not ready:
                return found
            for one in ready:
                if one is self._tap:
                    packet, (device, ether, kind, *_) = one.recvfrom(1 << 16)
                    self._tell(packet, device, ether, kind)
                else:
                    found |= self._answered(*one.recvfrom(1 << 16))

    def _answered(self, packet: bytes, sender: tuple[Any, ...]) -> bool:
        """Note what a socket was given; whether it answers one of ours."""
        header = 0 if ":" in sender[0] else FAMILIES[4].header
        number = self._number(packet[header:])
        if number is None or self._probes[number]["target"] != sender[0]:
            return False
        self._results[number]["reached"] = True
        return True

    def _tell(self, packet: bytes, device: str, ether: int, kind: int) -> None:
        """Note by which interface a request left or an answer entered."""
        family = next((f for f in FAMILIES.values() if f.ether == ether), None)
        if family is None or packet[family.protocol_at] != family.protocol:
            return
        number = self._number(packet[family.header :])
        if number is None:
            return
        start, length = family.source_at, family.length
        source, target = (
            socket.inet_ntop(family.number, packet[at : at + length])
            for at in (start, start + length)
        )
        probe, result = self._probes[number], self._results[number]
        message = packet[family.header]
        if kind == socket.PACKET_OUTGOING:
            key, is_ours = "left", message == family.request
        else:
            key, is_ours = "entered", message == family.answer
            source, target = target, source
        is_ours &= target == probe["target"] and probe["source"] in (None, source)
        if is_ours and device not in result[key]:
            result[key].append(device)

    def _number(self, message: bytes) -> int | None:
        """Which probe an echo message is of; None for somebody else's."""
        if len(message) < 8:
            return None
        *_, ident, number = struct.unpack("!BBHHH", message[:8])
        is_ours = ident == self._ident and number < len(self._probes)
        return number if is_ours else None


def _family(address: str) -> Family:
    return FAMILIES[6 if ":" in address else 4]


def _sum(packet: bytes) -> int:
    padded = packet + bytes(len(packet) % 2)
    total = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


if __name__ == "__main__":
    json.dump(Prober(json.load(sys.stdin)).run(), sys.stdout)
