"""diff against a real API server: our own time beside that of its JSON.

The server is one of the tests' (tests/apiserver/build.sh); where it is not built there is
no such benchmark. Nodes, pools and their status are stored before, and five entries of the
manifests differ.
"""

from __future__ import annotations

import gc
import http.client
import json
import os
import ssl
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import yaml

from tests.apiserver import servers
from tests.apiserver.harness import ApiServer
from tests.bench import manifests

VERSION = "1.36"
CHANGED = 5
MERGE = "application/merge-patch+json"


class Shares(NamedTuple):
    """Seconds of one run: ours without waiting; parts of it; and waiting.

    ``parse`` is for the server's JSON, ``read`` for the manifests' YAML, ``send`` for
    writing the requests.
    """

    own: float
    parse: float
    read: float
    send: float
    waited: float
    received: int

    @property
    def comparing(self) -> float:
        """From both sides' JSON to the report."""
        return self.own - self.read - self.send


def is_built() -> bool:
    return all(
        os.access(servers.cache() / name, os.X_OK) for name in ("crdserver", "etcd")
    )


def measure(nodes: int, rounds: int) -> list[Shares]:
    """The shares of some runs of diff with eight pools of so many nodes."""
    with (
        TemporaryDirectory() as directory,
        ApiServer(VERSION, servers.cache()) as server,
    ):
        manifests.write(Path(directory), nodes)
        fabric = Path(directory) / "fabric"
        server.install(servers.crds())
        server.create(servers.OPERATOR_NAMESPACE)
        _fill(server, fabric, nodes)
        _change(fabric)
        return [_run(server, fabric) for _ in range(rounds + 1)][1:]


def _fill(server: ApiServer, fabric: Path, nodes: int) -> None:
    for body in _bodies(fabric):
        server.request(
            "PATCH",
            f"{server.path(body)}?fieldManager=kubectl",
            body,
            "application/apply-patch+yaml",
        )
        if body["kind"] == "CIDRPool":
            keys = ("nodeName", "prefix", "gateway")
            rows = [
                {key: one[key] for key in keys}
                for one in body["spec"]["staticAllocations"]
            ]
            server.request(
                "PATCH",
                f"{server.path(body)}/status",
                {"status": {"allocations": rows}},
                MERGE,
            )
    offers = {f"nvidia.com/rail-{number}": "1" for number in range(1, 9)} | {
        "nvidia.com/gpu": "8"
    }
    context = ssl.create_default_context(cafile=str(server.ca))

    def create(numbers: range) -> None:
        connection = http.client.HTTPSConnection(
            "127.0.0.1", server.port, context=context
        )
        headers = {
            "Authorization": f"Bearer {server.token}",
            "Content-Type": "application/json",
        }
        for number in numbers:
            body = {
                "apiVersion": "v1",
                "kind": "Node",
                "metadata": {"name": f"worker-gpu-{number}"},
                "status": {"allocatable": offers},
            }
            connection.request("POST", "/api/v1/nodes", json.dumps(body), headers)
            assert connection.getresponse().read()
        connection.close()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(create, (range(start, nodes, 4) for start in range(4))))


def _bodies(fabric: Path) -> Iterator[dict]:
    for path in sorted(fabric.glob("*.yaml")):
        yield yaml.load(path.read_bytes(), yaml.CSafeLoader)


def _change(fabric: Path) -> None:
    path = sorted(fabric.glob("20-*.yaml"))[2]
    lines = path.read_text().split("\n")
    gateways = [number for number, line in enumerate(lines) if "gateway: " in line]
    for number in gateways[:: len(gateways) // CHANGED][:CHANGED]:
        head, _, last = lines[number].rpartition(".")
        lines[number] = f"{head}.{int(last) - 1}"
    path.write_text("\n".join(lines))


def _run(server: ApiServer, fabric: Path) -> Shares:
    """A run from the manifests' text to the report's; connecting is before it."""
    from netplan2k8s import diffing
    from netplan2k8s.cluster import client
    from netplan2k8s.report import changes
    from netplan2k8s.settings import Settings

    connection = client.connect(str(server.kubeconfig))
    parse, send, read = map(_Timed, (json.loads, json.dumps, diffing._read))
    client.json.loads, client.json.dumps, diffing._read = parse, send, read
    gc.collect()
    gc.disable()
    try:
        started = time.perf_counter()
        made = diffing.with_cluster(str(fabric), connection, Settings(), diffing.Wish())
        text = changes.text(made)
        own = time.perf_counter() - started - connection.waited
    finally:
        client.json.loads, client.json.dumps = parse.function, send.function
        diffing._read = read.function
        gc.enable()
    assert sum(" → " in line for line in text.splitlines()) == CHANGED, text
    parts = (one.seconds for one in (parse, read, send))
    return Shares(own, *parts, connection.waited, connection.received)


class _Timed:
    """A function with the seconds that were spent in it."""

    def __init__(self, function) -> None:
        self.function = function
        self.seconds = 0.0

    def __call__(self, *arguments, **more):
        started = time.perf_counter()
        try:
            return self.function(*arguments, **more)
        finally:
            self.seconds += time.perf_counter() - started


def median(shares: list[Shares]) -> Shares:
    return Shares(*(statistics.median(values) for values in zip(*shares, strict=True)))
