"""Pods, and kinds that make pods of a template: what is right, and what is refused."""

from __future__ import annotations

import json

import pytest

from netplan2k8s import catalogue, json_schemas
from netplan2k8s.lint.judge import read
from netplan2k8s.manifests.files import File
from tests.judged import messages, said

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: inference
  namespace: serving
  labels: {app.kubernetes.io/name: inference, app.kubernetes.io/version: "1.4"}
  annotations: {example.com/owner: "serving team <serving@example.com>"}
spec:
  replicas: 4
  revisionHistoryLimit: 5
  minReadySeconds: 20
  progressDeadlineSeconds: 1200
  strategy:
    type: RollingUpdate
    rollingUpdate: {maxSurge: 25%, maxUnavailable: 1}
  selector:
    matchLabels: {app: inference}
    matchExpressions:
      - {key: tier, operator: NotIn, values: [canary]}
  template:
    metadata:
      creationTimestamp: null
      labels: {app: inference}
      annotations:
        k8s.v1.cni.cncf.io/networks: rail-1, rail-2
        prometheus.io/port: "9400"
    spec:
      serviceAccountName: inference
      automountServiceAccountToken: false
      priorityClassName: high
      runtimeClassName: nvidia
      terminationGracePeriodSeconds: 120
      enableServiceLinks: false
      hostNetwork: false
      dnsPolicy: ClusterFirst
      dnsConfig:
        searches: [fabric.example.com]
        options: [{name: ndots, value: "2"}, {name: edns0}]
      hostAliases:
        - {ip: 10.0.0.9, hostnames: [registry.example.com]}
      imagePullSecrets: [{name: nvcr}]
      nodeSelector: {nvidia.com/gpu.product: NVIDIA-B200}
      tolerations:
        - {key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}
        - key: node.kubernetes.io/not-ready
          operator: Exists
          effect: NoExecute
          tolerationSeconds: 60
      affinity:
        nodeAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            nodeSelectorTerms:
              - matchExpressions:
                  - {key: rack, operator: In, values: [a1, a2]}
                matchFields:
                  - {key: metadata.name, operator: NotIn, values: [gpu-09]}
          preferredDuringSchedulingIgnoredDuringExecution:
            - weight: 50
              preference:
                matchExpressions: [{key: spare, operator: DoesNotExist}]
        podAntiAffinity:
          preferredDuringSchedulingIgnoredDuringExecution:
            - weight: 100
              podAffinityTerm:
                topologyKey: kubernetes.io/hostname
                namespaces: [serving]
                matchLabelKeys: [pod-template-hash]
                labelSelector: {matchLabels: {app: inference}}
        podAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            - topologyKey: topology.kubernetes.io/zone
              namespaceSelector: {}
              labelSelector:
                matchExpressions: [{key: app, operator: In, values: [cache]}]
      topologySpreadConstraints:
        - maxSkew: 1
          minDomains: 2
          topologyKey: topology.kubernetes.io/zone
          whenUnsatisfiable: DoNotSchedule
          nodeAffinityPolicy: Honor
          nodeTaintsPolicy: Honor
          labelSelector: {matchLabels: {app: inference}}
      securityContext:
        runAsNonRoot: true
        runAsUser: 1000
        runAsGroup: 1000
        fsGroup: 2000
        fsGroupChangePolicy: OnRootMismatch
        supplementalGroups: [44, 109]
        seccompProfile: {type: RuntimeDefault}
        seLinuxOptions: {level: "s0:c123,c456"}
        sysctls: [{name: net.ipv4.tcp_keepalive_time, value: "600"}]
      initContainers:
        - name: fetch
          image: registry.example.com/tools/fetch@sha256:9f1c
          command: [/bin/sh, -ec]
          args: ["cp -r /models/. /cache"]
          volumeMounts:
            - {name: models, mountPath: /models, readOnly: true}
            - {name: cache, mountPath: /cache}
        - name: metrics
          image: registry.example.com/tools/metrics:2
          restartPolicy: Always
          startupProbe: {tcpSocket: {port: metrics}, periodSeconds: 2}
          ports: [{name: metrics, containerPort: 9400}]
      containers:
        - name: server
          image: registry.example.com/serving/server:1.4
          imagePullPolicy: IfNotPresent
          workingDir: /srv
          ports:
            - {name: http, containerPort: 8000, protocol: TCP}
            - {name: grpc, containerPort: 8001, hostPort: 8001, hostIP: 10.0.0.1}
          envFrom:
            - {prefix: APP_, configMapRef: {name: settings}}
            - secretRef: {name: token, optional: true}
          env:
            - {name: NCCL_DEBUG, value: INFO}
            - name: POD_IP
              valueFrom: {fieldRef: {fieldPath: status.podIP}}
            - name: CPUS
              valueFrom:
                resourceFieldRef:
                  {containerName: server, resource: limits.cpu, divisor: "1"}
            - name: KEY
              valueFrom: {secretKeyRef: {name: token, key: key, optional: false}}
            - name: MODE
              valueFrom: {configMapKeyRef: {name: settings, key: mode}}
          resources:
            requests: {cpu: 0.5, memory: 64Gi, ephemeral-storage: 10Gi}
            limits:
              cpu: "16"
              memory: 128Gi
              nvidia.com/gpu: 2
              nvidia.com/rail-1: 1
              nvidia.com/rail-2: "1"
            claims: [{name: gpu, request: one}]
          resizePolicy: [{resourceName: cpu, restartPolicy: NotRequired}]
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {drop: [ALL], add: [IPC_LOCK]}
            appArmorProfile: {type: RuntimeDefault}
          livenessProbe:
            httpGet:
              path: /live
              port: http
              scheme: HTTPS
              httpHeaders: [{name: Host, value: inference}]
            initialDelaySeconds: 30
            failureThreshold: 3
          readinessProbe:
            grpc: {port: 8001, service: health}
            timeoutSeconds: 2
            successThreshold: 1
          startupProbe:
            exec: {command: [/bin/ready]}
            periodSeconds: 5
            failureThreshold: 60
            terminationGracePeriodSeconds: 10
          lifecycle:
            preStop: {sleep: {seconds: 5}}
            postStart: {exec: {command: [/bin/warm]}}
          volumeMounts:
            - {name: shm, mountPath: /dev/shm}
            - {name: cache, mountPath: /cache, subPath: a, mountPropagation: None}
            - {name: settings, mountPath: /etc/app, readOnly: true}
            - {name: scratch, mountPath: /scratch}
      resourceClaims:
        - {name: gpu, resourceClaimTemplateName: one-gpu}
      volumes:
        - name: shm
          emptyDir: {medium: Memory, sizeLimit: 16Gi}
        - name: cache
          emptyDir: {}
        - name: models
          persistentVolumeClaim: {claimName: models, readOnly: true}
        - name: settings
          configMap:
            name: settings
            defaultMode: 0644
            items: [{key: app.yaml, path: app.yaml, mode: 0400}]
        - name: token
          secret: {secretName: token, optional: true}
        - name: scratch
          ephemeral:
            volumeClaimTemplate:
              spec:
                accessModes: [ReadWriteOnce]
                storageClassName: local-nvme
                resources: {requests: {storage: 1Ti}}
        - name: identity
          projected:
            sources:
              - serviceAccountToken: {path: token, audience: vault}
              - downwardAPI:
                  items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]
        - name: host
          hostPath: {path: /var/lib/models, type: DirectoryOrCreate}
        - name: home
          nfs: {server: 10.0.0.8, path: /home}
        - name: keys
          csi: {driver: secrets.csi.example.com, volumeAttributes: {class: keys}}
"""

JOB = """\
apiVersion: batch/v1
kind: Job
metadata:
  name: all-reduce
spec:
  parallelism: 2
  completions: 2
  completionMode: Indexed
  backoffLimit: 0
  backoffLimitPerIndex: 1
  maxFailedIndexes: 1
  activeDeadlineSeconds: 3600
  ttlSecondsAfterFinished: 600
  suspend: false
  podReplacementPolicy: Failed
  podFailurePolicy:
    rules:
      - action: Ignore
        onPodConditions: [{type: DisruptionTarget}]
  template:
    metadata:
      annotations:
        k8s.v1.cni.cncf.io/networks: |
          [{"name": "rail-1", "namespace": "default"}]
    spec:
      restartPolicy: Never
      subdomain: all-reduce
      shareProcessNamespace: true
      schedulingGates: [{name: kueue.x-k8s.io/admission}]
      containers:
        - name: bench
          image: registry.example.com/nccl-tests:2.27
          command: [mpirun]
          args: [--allow-run-as-root, -np, "16", all_reduce_perf, -b, 8M, -e, 8G]
          tty: true
          stdin: true
          resources:
            limits: {nvidia.com/gpu: "8", nvidia.com/rail-1: 1, cpu: 500m}
          securityContext: {capabilities: {add: [IPC_LOCK]}}
"""

DAEMON_SET = """\
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: link-check, namespace: kube-system}
spec:
  selector: {matchLabels: {app: link-check}}
  updateStrategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 10%}}
  template:
    metadata: {labels: {app: link-check}}
    spec:
      hostPID: true
      containers:
        - name: check
          image: registry.example.com/check:1
          securityContext: {privileged: true, procMount: Default}
          resources: {limits: {nvidia.com/rail-1: 1}}
          volumeMounts:
            - {name: sys, mountPath: /host/sys, mountPropagation: HostToContainer}
      volumes: [{name: sys, hostPath: {path: /sys}}]
"""

STATEFUL_SET = """\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: store}
spec:
  serviceName: store
  replicas: 3
  podManagementPolicy: Parallel
  ordinals: {start: 1}
  updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 1}}
  persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete, whenScaled: Retain}
  selector: {matchLabels: {app: store}}
  template:
    metadata: {labels: {app: store}}
    spec:
      containers:
        - name: store
          image: registry.example.com/store:3
          resources: {limits: {nvidia.com/rail-1: 1}}
          volumeDevices: [{name: disk, devicePath: /dev/xvda}]
  volumeClaimTemplates:
    - metadata: {name: disk}
      spec:
        volumeMode: Block
        accessModes: [ReadWriteOnce]
        resources: {requests: {storage: 100Gi}}
"""

POD = """\
apiVersion: v1
kind: Pod
metadata:
  generateName: debug-
spec:
  nodeName: gpu-01
  hostname: debug
  setHostnameAsFQDN: false
  activeDeadlineSeconds: 600
  preemptionPolicy: Never
  overhead: {cpu: 250m, memory: 120Mi}
  readinessGates: [{conditionType: example.com/rails}]
  os: {name: linux}
  containers:
    - name: debug
      image: registry.example.com/tools:1
      resources: {limits: {nvidia.com/rail-1: 1}}
  ephemeralContainers:
    - name: shell
      image: registry.example.com/shell:1
      targetContainerName: debug
"""

TEXTS = {
    "Deployment": DEPLOYMENT,
    "Job": JOB,
    "DaemonSet": DAEMON_SET,
    "StatefulSet": STATEFUL_SET,
    "Pod": POD,
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_manifest_as_teams_write_it_is_right(text):
    assert messages(text) == []


@pytest.mark.parametrize("name", TEXTS)
def test_text_of_a_kind_is_of_that_kind(name):
    assert f"kind: {name}\n" in TEXTS[name]


def with_pod(lines: str, container: str = "") -> str:
    """A Pod with lines of its own in its spec and in its container."""

    def indented(text, width):
        return "".join(f"{' ' * width}{line}\n" for line in text.splitlines())

    return (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n"
        + indented(lines, 2)
        + "  containers:\n    - name: main\n"
        + indented(container, 6)
    )


REFUSED_IN_POD = [
    ("hostNetwrok: true", ("spec", "hostNetwrok")),
    ("affinity: {nodeAfinity: {}}", ("spec", "affinity", "nodeAfinity")),
    (
        "securityContext: {privileged: true}",
        ("spec", "securityContext", "privileged"),
    ),
    ("tolerations: [{tolerationSecond: 1}]", ("spec", "tolerations", 0)),
    ("resourceClaims: [{name: a, source: {}}]", ("spec", "resourceClaims", 0)),
    ("volumes: [{name: a, emptydir: {}}]", ("spec", "volumes", 0)),
    ("volumes: [{name: a, emptyDir: {size: 1Gi}}]", ("spec", "volumes", 0)),
    ("volumes: [{emptyDir: {}}]", ("spec", "volumes", 0)),
    ("imagePullSecrets: [nvcr]", ("spec", "imagePullSecrets", 0)),
    ("nodeSelector: {gpu: true}", ("spec", "nodeSelector", "gpu")),
    ("restartPolicy: {}", ("spec", "restartPolicy")),
    ("terminationGracePeriodSeconds: 30s", ("spec", "terminationGracePeriodSeconds")),
    (
        "topologySpreadConstraints: [{maxSkew: 1}]",
        ("spec", "topologySpreadConstraints"),
    ),
]


@pytest.mark.parametrize(("lines", "pointer"), REFUSED_IN_POD)
def test_field_that_is_wrong_in_a_pod_is_found(lines, pointer):
    (found,) = said(with_pod(lines))

    assert found.pointer[: len(pointer)] == pointer


REFUSED_IN_CONTAINER = [
    ("resource: {limits: {nvidia.com/rail-1: 1}}", "resource"),
    ("resources: {limit: {nvidia.com/rail-1: 1}}", "limit"),
    ("resources: {limits: {nvidia.com/gpu: 8x}}", "limits[nvidia.com/gpu] '8x'"),
    ("resources: {limits: {nvidia.com/gpu: true}}", "limits[nvidia.com/gpu]"),
    ("securityContext: {capabilities: [IPC_LOCK]}", "capabilities"),
    ("securityContext: {capabilities: {add: IPC_LOCK}}", "capabilities.add"),
    ("securityContext: {priviledged: true}", "privileged"),
    ('securityContext: {privileged: "true"}', "privileged"),
    ("securityContext: {runAsUser: root}", "runAsUser"),
    ("securityContext: {seccompProfile: RuntimeDefault}", "seccompProfile"),
    ("securityContext: {fsGroup: 1}", "fsGroup"),
    ("env: [{name: NCCL_IB_TC, value: 106}]", "env[0].value"),
    ("env: {NCCL_DEBUG: INFO}", "env"),
    ("env: [{name: A, valueFrom: {secretRef: {name: a}}}]", "secretRef"),
    ("envFrom: [{configMap: {name: a}}]", "configMap"),
    ("ports: [{port: 80}]", "containerPort"),
    ("ports: [{containerPort: 80000000000}]", "containerPort"),
    ("livenessProbe: {httpGet: {path: /}}", "port"),
    ("readinessProbe: {http: {port: 80}}", "http"),
    ("volumeMounts: [{name: shm}]", "mountPath"),
    ("volumeMounts: [{name: shm, mountPath: /a, readonly: true}]", "readOnly"),
    ("args: --verbose", "args"),
    ("command: [1]", "command[0]"),
    ("limits: {nvidia.com/rail-1: 1}", "resources"),
]


@pytest.mark.parametrize(("lines", "word"), REFUSED_IN_CONTAINER)
def test_field_that_is_wrong_in_a_container_is_found(lines, word):
    found = messages(with_pod("", lines))

    assert found
    assert word in found[0]


@pytest.mark.parametrize("kind", ["Deployment", "Job", "DaemonSet", "StatefulSet"])
def test_field_of_a_pod_is_unknown_to_its_template(kind):
    text = TEXTS[kind].replace("    spec:\n", "    spec:\n      image: a\n", 1)

    assert [one.pointer for one in said(text)] == [
        ("spec", "template", "spec", "image")
    ]


@pytest.mark.parametrize("quantity", ["8", '"8"', "0.5", "500m", "1e3", "64Gi", ".5"])
def test_quantity_is_a_number_or_a_text(quantity):
    assert messages(with_pod("", f"resources: {{limits: {{cpu: {quantity}}}}}")) == []


@pytest.mark.parametrize("quantity", ["64GB", "8 Gi", '""', "1.5.2", ".inf", "8Gi1"])
def test_text_that_is_no_quantity_is_refused(quantity):
    assert messages(with_pod("", f"resources: {{limits: {{cpu: {quantity}}}}}"))


PYTORCH = """\
apiVersion: kubeflow.org/v1
kind: PyTorchJob
metadata: {name: a}
spec:
  pytorchReplicaSpecs:
    Master:
      replicas: 1
      template:
        spec:
          containers:
            - name: pytorch
"""


@pytest.mark.parametrize("quantity", ["8", '"8"', "500m"])
def test_custom_resource_takes_a_whole_number_or_a_text(quantity):
    line = f"              resources: {{limits: {{cpu: {quantity}}}}}\n"

    assert messages(PYTORCH + line) == []


def test_custom_resource_takes_no_fraction_as_a_number():
    (found,) = messages(PYTORCH + "              resources: {limits: {cpu: 0.5}}\n")

    assert found.endswith(
        "limits.cpu must be a whole number or text, not the number 0.5;"
        " put it in quotes"
    )


TWICE = "env: [{name: A, value: a}, {name: A, value: b}]"


def test_variable_twice_is_right_in_a_pod():
    assert messages(with_pod("", TWICE)) == []


def test_variable_twice_is_wrong_in_a_custom_resource():
    (found,) = said(PYTORCH + f"              {TWICE}\n")

    assert found.pointer[-2:] == ("env", 1)
    assert "repeats name 'A' of item 0" in found.message


def test_time_of_creation_without_a_value_is_right_in_a_deployment():
    """As ``kubectl create deployment --dry-run=client`` prints it."""
    assert "creationTimestamp: null" in DEPLOYMENT
    assert messages(DEPLOYMENT) == []


def test_time_of_creation_without_a_value_is_unknown_to_a_custom_resource_s_template():
    line = "        metadata: {creationTimestamp: null}\n"
    text = PYTORCH.replace("        spec:\n", f"{line}        spec:\n")

    assert [one.code for one in said(text)] == ["NK412"]


def test_lint_says_of_a_field_without_a_value_that_it_is_unknown():
    text = PYTORCH + "              colour:\n"
    reading = read([File("a.yaml", text.encode(), is_named=True)], "26.7")

    assert [remark.rule for remark in reading.remarks] == [catalogue.UNKNOWN_FIELD]


@pytest.mark.parametrize("name", TEXTS)
def test_built_in_kind_and_custom_resource_differ_in_few_fields(name):
    """What is known of containers is known of both."""

    def fields(kind, container):
        definitions = json_schemas.schema(kind)["$defs"]
        return set(definitions[container]["properties"])

    assert fields(name, "plainContainer") == fields("PyTorchJob", "container")


def test_quantities_differ_in_the_fraction_alone():
    ours = json_schemas.schema("Pod")["$defs"]["plainQuantity"]
    theirs = json_schemas.schema("PyTorchJob")["$defs"]["quantity"]

    assert set(ours.pop("type")) - set(theirs.pop("type")) == {"number"}
    assert json.dumps(ours, sort_keys=True) == json.dumps(theirs, sort_keys=True)
