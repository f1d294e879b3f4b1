"""Values of wrong types anywhere in manifests: findings or none, and never a traceback.

Seeded, so that a failure comes again; it names what was put where.
"""

from __future__ import annotations

import copy
import json
import random

import pytest
import yaml

from netplan2k8s import linting, proving, workflow
from netplan2k8s.lint.judge import judge, read, scene_of
from netplan2k8s.lint.remarks import finding
from netplan2k8s.manifests.files import File
from netplan2k8s.manifests.places import Places
from netplan2k8s.settings import OPERATOR_RELEASES, Settings
from tests.conftest import FIXTURES

REFERENCE = [
    "reference/expected/fabric/20-cidrpool-rail-1.yaml",
    "reference/expected/fabric/20-cidrpool-rail-2.yaml",
    "reference/expected/fabric/30-hostdevicenetwork-rail-1.yaml",
    "reference/expected/fabric/30-hostdevicenetwork-rail-2.yaml",
    "reference/expected/patches/nicclusterpolicy.yaml",
    "reference/expected/workloads/pytorchjob.yaml",
    "attachment-definitions/expected/fabric/30-networkattachmentdefinition-rail-1.yaml",
    "node-groups/expected/fabric/11-nicnodepolicy-model-a.yaml",
    "node-groups/expected/fabric/11-nicnodepolicy-model-b.yaml",
]
OTHERS = """
apiVersion: v1
kind: Node
metadata: {name: gpu-01, labels: {a: b}}
---
apiVersion: v1
kind: Namespace
metadata: {name: default, labels: {pod-security.kubernetes.io/enforce: restricted}}
---
apiVersion: nv-ipam.nvidia.com/v1alpha1
kind: IPPool
metadata: {name: flat, namespace: nvidia-network-operator}
spec: {subnet: 10.0.0.0/16, perNodeBlockSize: 4, gateway: 10.0.0.1}
---
apiVersion: nv-ipam.nvidia.com/v1alpha1
kind: CIDRPool
metadata:
  name: rail-9
  namespace: nvidia-network-operator
  annotations: {netplan2k8s.io/ignore: NK450 on purpose}
spec:
  cidr: 172.32.0.0/24
  gatewayIndex: 0
  defaultGateway: true
  perNodeNetworkPrefix: 31
  exclusions: [{startIP: 172.32.0.8, endIP: 172.32.0.9}]
  perNodeExclusions: [{startIndex: 1, endIndex: 1}]
  routes: [{dst: 172.16.0.0/12}]
  nodeSelector:
    nodeSelectorTerms:
    - matchExpressions: [{key: a, operator: Gt, values: ["1"]}]
    - matchFields: [{key: metadata.name, operator: In, values: [gpu-01]}]
  staticAllocations:
  - {gateway: 172.32.0.1, nodeName: gpu-01, prefix: 172.32.0.0/31}
---
apiVersion: mellanox.com/v1alpha1
kind: NicClusterPolicy
metadata: {name: nic-cluster-policy}
spec:
  global: {repository: nvcr.io/nvidia/mellanox, version: v1}
  nvIpam: {image: a, containerResources: [{name: a, limits: {cpu: 1}}]}
  ofedDriver: {image: a, upgradePolicy: {safeLoad: true, autoUpgrade: true}}
  secondaryNetwork: {multus: {image: a}}
  spectrumXOperator: {image: a, xPlane: {image: b}}
  rdmaSharedDevicePlugin:
    image: a
    config: '{"configList": [{"resourceName": "a", "selectors": {"vendors": ["x"]}}]}'
  sriovDevicePlugin:
    image: a
    config: >-
      {"resourceList": [{"resourcePrefix": "nvidia.com", "resourceName": "rail_1",
      "deviceType": "auxNetDevice", "excludeTopology": false, "selectors":
      [{"vendors": ["15b3"], "auxTypes": ["sf"], "isRdma": true}]}]}
---
apiVersion: mellanox.com/v1alpha1
kind: HostDeviceNetwork
metadata: {name: rail-9}
spec:
  networkNamespace: default
  resourceName: rail_1
  ipam: '{"type": "nv-ipam", "poolName": "rail-9", "poolType": "cidrpool"}'
  metaPlugins: '{"type": "sbr"}, {"type": "tuning", "mtu": 9000}'
---
apiVersion: kubeflow.org/v2beta1
kind: MPIJob
metadata: {name: a, annotations: {a: b}}
spec:
  slotsPerWorker: 1
  runPolicy: {cleanPodPolicy: All}
  mpiReplicaSpecs:
    Launcher: {replicas: 1, template: {spec: {containers: [{name: a, image: i}]}}}
    Worker:
      replicas: 2
      template:
        metadata:
          annotations:
            k8s.v1.cni.cncf.io/networks:
              '[{"name": "rail-1", "namespace": "default", "interface": "net1"}]'
        spec:
          hostNetwork: false
          securityContext: {runAsNonRoot: true}
          volumes: [{name: a, hostPath: {path: /a}}]
          initContainers:
          - {name: b, image: i, resources: {limits: {nvidia.com/rail_1: 1}}}
          containers:
          - name: a
            image: i
            securityContext: {privileged: true, capabilities: {add: [A], drop: [B]}}
            resources:
              limits: {nvidia.com/rail_1: 1}
              requests: {nvidia.com/rail_1: 1}
---
apiVersion: trainer.kubeflow.org/v1alpha1
kind: TrainJob
metadata: {name: a}
spec:
  runtimeRef: {name: torch}
  trainer: {numNodes: 2, resourcesPerNode: {limits: {nvidia.com/rail_1: 1}}}
  runtimePatches:
  - manager: example.com/a
    trainingRuntimeSpec: {template: {spec: {replicatedJobs: [
      {name: node, template: {spec: {template: {metadata: {annotations:
        {k8s.v1.cni.cncf.io/networks: rail-1}}}}}}]}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: a}
spec:
  replicas: 2
  selector: {matchLabels: {a: b}}
  template:
    metadata:
      labels: {a: b}
      annotations: {k8s.v1.cni.cncf.io/networks: "rail-1, rail-2"}
    spec:
      containers:
      - {name: a, image: i, resources: {limits: {nvidia.com/rail_1: 1}}}
---
{"resourceList": [{"resourceName": "a", "selectors": {"pciAddresses": ["x"]}}]}
"""
VALUES = [
    *(None, True, False, 0, -1, 1, 31.0, 1.5, 1e300, 10**30),
    *("", "x", "0", " ", "a,b", "'", '"', "/", "-", "@", "a/b/c", "\ud800", "1" * 5000),
    *("[", "{}", "[]", "null", "5", "[1]", "[{}]", "[null]", '{"a": [1]}'),
    *([], [None], [[]], [{}], ["x"], [1], [["sf"]]),
    *({}, {"a": None}, {"a": {}}, {"a": [1]}, {"": ""}),
]
INSIDE = object()
"""The step into the JSON that a text holds."""


def manifests():
    bodies = [yaml.safe_load((FIXTURES / name).read_text()) for name in REFERENCE]
    for body in bodies:
        body["spec"].get("staticAllocations", [])[3:] = []
    return [*bodies, *yaml.safe_load_all(OTHERS)]


def inner(text):
    """JSON in a text, None for other texts; metaPlugins are a list without brackets."""
    for candidate in (text, f"[{text}]"):
        try:
            return json.loads(candidate) if text[:1] in ("{", "[") else None
        except ValueError:
            continue
    return None


def paths(value, path=()):
    """The ways to all values of an object, also in the JSON of its texts."""
    yield path
    if isinstance(value, str):
        found = inner(value)
        if found is not None:
            yield from paths(found, (*path, INSIDE))
    elif isinstance(value, dict | list):
        steps = value if isinstance(value, dict) else range(len(value))
        for step in steps:
            yield from paths(value[step], (*path, step))


def put(value, path, new):
    if not path:
        return new
    step, *rest = path
    if step is INSIDE:
        return json.dumps(put(inner(value), rest, new))
    made = copy.copy(value)
    made[step] = put(value[step], rest, new)
    return made


def mutated(bodies, chance):
    """The manifests as files, with one to three values replaced; and which."""
    bodies, done = list(bodies), []
    for _ in range(chance.choice([1, 1, 2, 3])):
        number = chance.randrange(len(bodies))
        path = chance.choice(list(paths(bodies[number])))
        new = chance.choice(VALUES)
        bodies[number] = put(bodies[number], path, new)
        done.append((number, path, new))
    in_yaml = chance.random() < 0.3
    files = []
    for number, body in enumerate(bodies):
        text = yaml.safe_dump(body) if in_yaml else json.dumps(body)
        files.append(File(f"{number}.yaml", text.encode(), is_named=True))
    return files, done


def linted(files, release, settings):
    reading = read(files, release)
    places = Places()
    remarks = judge(reading, scene_of(reading, settings))
    return reading, [*reading.findings, *(finding(r, places) for r in remarks)]


@pytest.mark.parametrize("seed", range(8))
def test_lint_ends_whatever_the_values_are(seed):
    chance, bodies = random.Random(seed), manifests()
    for _ in range(40):
        files, done = mutated(bodies, chance)
        release = chance.choice(OPERATOR_RELEASES)
        settings = Settings(operator_release=release)
        try:
            _, found = linted(files, release, settings)
            assert all(str(one).encode() for one in found)
        except Exception as error:
            raise AssertionError(f"{release}: {done}") from error


@pytest.mark.parametrize("seed", range(3))
def test_proof_ends_whatever_the_values_are(seed):
    settings = Settings()
    seen = workflow.inspect([str(FIXTURES / "reference/hosts")], settings)
    chance, bodies = random.Random(seed), manifests()
    for _ in range(25):
        files, done = mutated(bodies, chance)
        reading = read(files, settings.operator_release)
        scene = scene_of(reading, settings)
        given = linting.Manifests(["."], reading, scene, [])
        try:
            proving.compared(given, seen, settings)
        except Exception as error:
            raise AssertionError(done) from error


def test_mutations_reach_into_embedded_json():
    reached = {
        path[path.index(INSIDE) - 1]
        for body in manifests()
        for path in paths(body)
        if INSIDE in path
    }
    assert {"ipam", "config", "metaPlugins", "k8s.v1.cni.cncf.io/networks"} <= reached
