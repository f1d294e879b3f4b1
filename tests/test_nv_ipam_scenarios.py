"""The nv-ipam simulator against what the real controller and allocator did."""

from __future__ import annotations

import json
import re

import pytest

from netplan2k8s.addressing import format_address
from netplan2k8s.simulate.nv_ipam import Allocator, Status, allocate
from netplan2k8s.simulate.pool import read_pool
from netplan2k8s.simulate.selectors import Node
from tests.conftest import CASES, needs

SCENARIOS = CASES / "nv-ipam/scenarios.jsonl"
LINES = SCENARIOS.read_text().splitlines() if SCENARIOS.exists() else []
pytestmark = needs(SCENARIOS)


class Cluster:
    """One pool and its nodes, stepped through a scenario."""

    def __init__(self, names):
        self.nodes = [Node(name) for name in names]
        self.body = None
        self.status = Status()

    def step(self, step):
        if "pods" in step:
            return self.pods(step["pods"], step["n"], keep=step["keep"])
        if "spec" in step:
            self.body = {"metadata": {"name": "pool"}, "spec": step["spec"]}
        else:
            self.nodes.append(Node(step["addNode"]))
        said = self.reconcile()
        return (
            said if "spec" in step else {k: v for k, v in said.items() if k != "valid"}
        )

    def reconcile(self):
        pool, problems = read_pool(self.body)
        if pool is None:
            self.status = Status()
            where = sorted(set(map(path_of, problems)))
            return {"valid": False, "events": [("InvalidSpec", where)]}
        self.status = allocate(pool, self.nodes, self.status)
        said = {"valid": True}
        if self.status.allocations:
            said["status"] = [
                {"nodeName": name}
                | (
                    {"gateway": text_of(pool, a.gateway)}
                    if a.gateway is not None
                    else {}
                )
                | {"prefix": a.text}
                for name, a in sorted(self.status.allocations.items())
            ]
        if self.status.without_prefix:
            said["events"] = [
                ("NoFreePrefixes", name) for name in self.status.without_prefix
            ]
        return said

    def pods(self, node, count, *, keep):
        pool, _ = read_pool(self.body)
        if pool is None or node not in self.status.allocations:
            return {"noPool": True}
        share = self.status.allocations[node]
        allocator, found = Allocator(pool, share), []
        for _ in range(count):
            address = allocator.take()
            if address is None:
                found.append({"error": "no free addresses in the allocated range"})
                continue
            pod = {"address": f"{text_of(pool, address)}/{pool.length}"}
            if share.gateway is not None:
                pod["gateway"] = text_of(pool, share.gateway)
            found.append(pod)
            if not keep:
                allocator.release(address)
        return {"pods": found}


def text_of(pool, value):
    return format_address(pool.cidr.family, value)


def path_of(problem):
    """Where upstream sees a problem: an entry that repeats is one of the whole list."""
    if problem.part == "repeated":
        return "spec.staticAllocations"
    pointer = problem.pointer
    text = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in pointer)[1:]
    return text.replace("spec.nodeSelector.nodeSelectorTerms", "spec.nodeSelectorTerms")


def recorded(result):
    said = dict(result)
    if "events" in said:
        said["events"] = [event_of(event) for event in said["events"]]
    return said


def event_of(text):
    node = re.search(r"NoFreePrefixes .* for Node: (\S+),", text)
    if node:
        return "NoFreePrefixes", node[1]
    body = text.partition("InvalidSpec ")[2].removeprefix("[")
    where = re.findall(r"(?:^|, )(spec[\w.\[\]]*): Invalid value", body)
    return "InvalidSpec", sorted(set(where))


@pytest.mark.parametrize("line", LINES, ids=lambda line: json.loads(line)["name"])
def test_simulator_does_what_nv_ipam_did(line):
    scenario = json.loads(line)
    cluster = Cluster(scenario["nodes"])
    for step, result in zip(scenario["steps"], scenario["results"], strict=True):
        assert cluster.step(step) == recorded(result), step
