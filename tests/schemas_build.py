"""Writes the schemas of kinds below schemas/: ``python -m tests.schemas_build``.

What the API server checks, field by field: names, types and bounds. What controllers
and webhooks check is no part of a schema but of the rules.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

SCHEMAS = Path(__file__).resolve().parents[1] / "schemas"
Schema = dict[str, Any]

STRING: Schema = {"type": "string"}
INTEGER: Schema = {"type": "integer"}
BOOLEAN: Schema = {"type": "boolean"}
OPEN: Schema = {"type": "object"}
OPEN_LIST: Schema = {"type": "array", "items": OPEN}
QUANTITY: Schema = {
    "type": ["string", "integer", "number"],
    "pattern": (
        r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)"
        r"([KMGTPE]i|[numkMGTPE]|[eE][+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+))?$"
    ),
}
INT_OR_STRING: Schema = {"type": ["integer", "string"]}


def obj(*, required: str = "", **properties: Schema) -> Schema:
    """An object of exactly these fields; ``_`` at the end of a name is dropped."""
    fields = {name.removesuffix("_"): schema for name, schema in properties.items()}
    made = {"type": "object", "properties": fields}
    if required:
        made["required"] = required.split()
    return made | {"additionalProperties": False}


def items(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def values(schema: Schema) -> Schema:
    return {"type": "object", "additionalProperties": schema}


def some(names: str, schema: Schema) -> dict[str, Schema]:
    return dict.fromkeys(names.split(), schema)


def since(release: str, schema: Schema) -> Schema:
    return schema | {"x-since": release}


def about(text: str, schema: Schema) -> Schema:
    return schema | {"description": text}


TEXTS = items(STRING)
LABELS = values(STRING)
METADATA = obj(
    **some("name generateName namespace", STRING),
    **some("uid resourceVersion selfLink creationTimestamp deletionTimestamp", STRING),
    **some("generation deletionGracePeriodSeconds", INTEGER),
    **some("labels annotations", LABELS),
    finalizers=TEXTS,
    ownerReferences=OPEN_LIST,
    managedFields=OPEN_LIST,
)
TEMPLATE_METADATA = obj(
    name=STRING,
    namespace=STRING,
    labels=LABELS,
    annotations=LABELS,
    finalizers=TEXTS,
)


def kind(
    api_version: str, name: str, spec: Schema, text: str, *, needs_spec: bool = True
) -> Schema:
    required = ["apiVersion", "kind", "metadata"] + ["spec"] * needs_spec
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": name,
        "description": text,
        "type": "object",
        "properties": {
            "apiVersion": {"const": api_version},
            "kind": {"const": name},
            "metadata": METADATA,
            "spec": spec,
            "status": OPEN,
        },
        "required": required,
        "additionalProperties": False,
    }


# -- nv-ipam --------------------------------------------------------------------

REQUIREMENT = obj(required="key operator", key=STRING, operator=STRING, values=TEXTS)
NODE_SELECTOR = obj(
    required="nodeSelectorTerms",
    nodeSelectorTerms=items(
        obj(matchExpressions=items(REQUIREMENT), matchFields=items(REQUIREMENT))
    ),
)
INDEX = INTEGER | {"minimum": 0}
INDICES = items(obj(required="startIndex endIndex", startIndex=INDEX, endIndex=INDEX))
RANGES = items(obj(required="startIP endIP", startIP=STRING, endIP=STRING))
ROUTES = items(obj(required="dst", dst=STRING))

CIDR_POOL = obj(
    required="cidr perNodeNetworkPrefix",
    cidr=about("Addresses of the rail; host bits clear.", STRING),
    perNodeNetworkPrefix=about(
        "Length in bits of the prefix that every node gets; 31 or 127 on a"
        " point-to-point rail.",
        INTEGER,
    ),
    gatewayIndex=about(
        "Index of the gateway in a node's prefix where its static allocation names"
        " none. Routes need it.",
        INTEGER,
    ),
    defaultGateway=about(
        "Also route everything over the gateway; never on a rail.", BOOLEAN
    ),
    exclusions=about("Addresses that no pod gets.", RANGES),
    perNodeExclusions=since(
        "26.1", about("Indices in every node's prefix that no pod gets.", INDICES)
    ),
    routes=about("Destinations behind the gateway, of the family of cidr.", ROUTES),
    nodeSelector=about(
        "Nodes that get a prefix; without it every node of the cluster does.",
        NODE_SELECTOR,
    ),
    staticAllocations=about(
        "A link per node: its network, host bits clear, and the leaf as gateway.",
        items(obj(required="prefix", nodeName=STRING, prefix=STRING, gateway=STRING)),
    ),
)
IP_POOL = obj(
    required="subnet perNodeBlockSize",
    subnet=STRING,
    perNodeBlockSize=INTEGER,
    gateway=STRING,
    defaultGateway=BOOLEAN,
    exclusions=RANGES,
    perNodeExclusions=since("26.1", INDICES),
    routes=ROUTES,
    nodeSelector=NODE_SELECTOR,
)

# -- network operator -----------------------------------------------------------

CONTAINER_RESOURCES = items(
    obj(
        required="name", name=STRING, requests=values(QUANTITY), limits=values(QUANTITY)
    )
)
ENV = items(obj(required="name", name=STRING, value=STRING, valueFrom=OPEN))
TOLERATIONS = items(
    obj(**some("key operator value effect", STRING), tolerationSeconds=INTEGER)
)


def image(required: str = "", **more: Schema) -> Schema:
    """An operator's ImageSpec; spec.global can fill its coordinates since 26.4."""
    made = obj(
        required=f"image {required}".strip(),
        image=STRING | {"pattern": r"[a-zA-Z0-9\-]+"},
        repository=STRING | {"pattern": r"[a-zA-Z0-9.\-/]+"},
        version=STRING,
        imagePullSecrets=TEXTS,
        containerResources=CONTAINER_RESOURCES,
        **more,
    )
    return made | {"x-required-before": {"26.4": ["repository", "version"]}}


PROBE = obj(
    required="initialDelaySeconds periodSeconds",
    **some(
        "failureThreshold initialDelaySeconds periodSeconds timeoutSeconds", INTEGER
    ),
)
NAMED = obj(name=STRING)
OFED_DRIVER = image(
    certConfig=NAMED,
    repoConfig=NAMED,
    env=ENV,
    forcePrecompiled=BOOLEAN,
    **some("livenessProbe readinessProbe startupProbe", PROBE),
    terminationGracePeriodSeconds=INDEX,
    upgradePolicy=obj(
        autoUpgrade=BOOLEAN,
        safeLoad=BOOLEAN,
        maxParallelUpgrades=INDEX,
        drain=obj(
            **some("deleteEmptyDir enable force", BOOLEAN),
            podSelector=STRING,
            timeoutSeconds=INDEX,
        ),
        waitForCompletion=obj(podSelector=STRING, timeoutSeconds=INDEX),
    ),
)
PLUGIN = image(
    config=about("JSON text; see the schema device-plugin-config.", STRING),
    useCdi=BOOLEAN,
)
DNS_LABEL = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
CLAIM = STRING | {"pattern": DNS_LABEL, "minLength": 1, "maxLength": 63}
NIC_CLUSTER_POLICY = obj(
    global_=since(
        "26.4", obj(imagePullSecrets=TEXTS, repository=STRING, version=STRING)
    ),
    sriovDevicePlugin=about("The rails' resources, in its config.", PLUGIN),
    rdmaSharedDevicePlugin=PLUGIN,
    nvIpam=about("Needed for CIDRPools.", image(enableWebhook=BOOLEAN)),
    secondaryNetwork=obj(
        multus=image(config=STRING), cniPlugins=image(), ipoib=image()
    ),
    ofedDriver=OFED_DRIVER,
    docaTelemetryService=image(config=obj(fromConfigMap=STRING)),
    nicFeatureDiscovery=image(),
    ibKubernetes=image(
        required="pKeyGUIDPoolRangeStart pKeyGUIDPoolRangeEnd ufmSecret",
        **some("pKeyGUIDPoolRangeStart pKeyGUIDPoolRangeEnd ufmSecret", STRING),
        periodicUpdateSeconds=INDEX,
    ),
    nicConfigurationOperator=obj(
        required="operator configurationDaemon",
        operator=image(),
        configurationDaemon=image(),
        env=ENV,
        logLevel={"enum": ["info", "debug"]},
        nicFirmwareStorage=obj(
            create=BOOLEAN,
            pvcName=CLAIM,
            storageClassName=CLAIM,
            availableStorageSize=STRING | {"pattern": r"^\d+(Ei|Pi|Ti|Gi|Mi|Ki)$"},
        ),
    ),
    spectrumXOperator=image(xPlane=since("26.4", image())),
    nodeAffinity=OPEN,
    deploymentNodeAffinity=OPEN,
    tolerations=TOLERATIONS,
    deploymentTolerations=TOLERATIONS,
)
NIC_NODE_POLICY = obj(
    nodeSelector=about(
        "Labels of the nodes; no two policies select a common node.", LABELS
    ),
    ofedDriver=OFED_DRIVER,
    rdmaSharedDevicePlugin=PLUGIN,
    sriovDevicePlugin=PLUGIN,
    tolerations=TOLERATIONS,
    labels=LABELS,
    annotations=LABELS,
)
HOST_DEVICE_NETWORK = obj(
    networkNamespace=about(
        "Namespace of the NetworkAttachmentDefinition that the operator makes.", STRING
    ),
    resourceName=about(
        "Bare resource of the device plugin: the operator puts nvidia.com/ before it.",
        STRING,
    ),
    ipam=about("JSON text of the CNI ipam object; see the schema nv-ipam.", STRING),
    metaPlugins=since(
        "main",
        about(
            "JSON texts of plugins chained behind host-device, with commas between.",
            STRING,
        ),
    ),
)
ATTACHMENT = obj(
    config=about("JSON text of the CNI configuration; see cni-config.", STRING)
)

# -- pods -----------------------------------------------------------------------

RESOURCES = obj(
    limits=values(QUANTITY),
    requests=values(QUANTITY),
    claims=items(obj(required="name", name=STRING, request=STRING)),
)
SECURITY = {
    **some("runAsUser runAsGroup", INTEGER),
    "runAsNonRoot": BOOLEAN,
    **some("seLinuxOptions windowsOptions seccompProfile appArmorProfile", OPEN),
}
CONTAINER_FIELDS = {
    **some("name image imagePullPolicy restartPolicy workingDir", STRING),
    **some("terminationMessagePath terminationMessagePolicy", STRING),
    **some("command args", TEXTS),
    **some("stdin stdinOnce tty", BOOLEAN),
    **some("lifecycle livenessProbe readinessProbe startupProbe", OPEN),
    **some("ports envFrom resizePolicy restartPolicyRules volumeDevices", OPEN_LIST),
    "env": ENV,
    "resources": RESOURCES,
    "securityContext": obj(
        **SECURITY,
        **some("privileged allowPrivilegeEscalation readOnlyRootFilesystem", BOOLEAN),
        procMount=STRING,
        capabilities=obj(add=TEXTS, drop=TEXTS),
    ),
    "volumeMounts": items(
        obj(
            required="name mountPath",
            **some("name mountPath mountPropagation subPath subPathExpr", STRING),
            recursiveReadOnly=STRING,
            readOnly=BOOLEAN,
        )
    ),
}
CONTAINERS = items(obj(required="name", **CONTAINER_FIELDS))
POD_SPEC = obj(
    required="containers",
    containers=CONTAINERS,
    initContainers=CONTAINERS,
    ephemeralContainers=items(
        obj(required="name", **CONTAINER_FIELDS, targetContainerName=STRING)
    ),
    securityContext=obj(
        **SECURITY,
        fsGroup=INTEGER,
        supplementalGroups=items(INTEGER),
        **some(
            "fsGroupChangePolicy supplementalGroupsPolicy seLinuxChangePolicy", STRING
        ),
        sysctls=items(obj(required="name value", name=STRING, value=STRING)),
    ),
    resources=RESOURCES,
    nodeSelector=LABELS,
    overhead=values(QUANTITY),
    tolerations=TOLERATIONS,
    **some("hostNetwork hostPID hostIPC hostUsers shareProcessNamespace", BOOLEAN),
    **some(
        "automountServiceAccountToken enableServiceLinks setHostnameAsFQDN", BOOLEAN
    ),
    **some("nodeName hostname hostnameOverride subdomain schedulerName", STRING),
    **some("restartPolicy dnsPolicy preemptionPolicy priorityClassName", STRING),
    **some("runtimeClassName serviceAccount serviceAccountName", STRING),
    **some("activeDeadlineSeconds terminationGracePeriodSeconds priority", INTEGER),
    **some("affinity dnsConfig os schedulingGroup workloadRef", OPEN),
    **some(
        "hostAliases imagePullSecrets readinessGates resourceClaims schedulingGates"
        " topologySpreadConstraints volumes",
        OPEN_LIST,
    ),
)
TEMPLATE = obj(metadata=TEMPLATE_METADATA, spec=POD_SPEC)
# The template of a built-in kind takes all of an object's metadata.
BUILT_IN_TEMPLATE = obj(metadata=METADATA, spec=POD_SPEC)
SELECTOR = obj(matchLabels=LABELS, matchExpressions=OPEN_LIST)
WORKLOAD = {
    "selector": SELECTOR,
    "template": BUILT_IN_TEMPLATE,
    **some("replicas revisionHistoryLimit minReadySeconds", INTEGER),
}
DEPLOYMENT = obj(
    required="selector template",
    **WORKLOAD,
    strategy=OPEN,
    paused=BOOLEAN,
    progressDeadlineSeconds=INTEGER,
)
DAEMON_SET = obj(
    required="selector template",
    **{name: schema for name, schema in WORKLOAD.items() if name != "replicas"},
    updateStrategy=OPEN,
)
STATEFUL_SET = obj(
    required="selector template",
    **WORKLOAD,
    updateStrategy=OPEN,
    **some("serviceName podManagementPolicy", STRING),
    volumeClaimTemplates=OPEN_LIST,
    **some("persistentVolumeClaimRetentionPolicy ordinals", OPEN),
)
JOB = obj(
    required="template",
    template=BUILT_IN_TEMPLATE,
    **some("parallelism completions backoffLimit activeDeadlineSeconds", INTEGER),
    **some("ttlSecondsAfterFinished backoffLimitPerIndex maxFailedIndexes", INTEGER),
    **some("completionMode podReplacementPolicy managedBy", STRING),
    **some("suspend manualSelector", BOOLEAN),
    **some("podFailurePolicy successPolicy", OPEN),
    selector=SELECTOR,
)

# -- training -------------------------------------------------------------------

RUN_POLICY = obj(
    **some("activeDeadlineSeconds backoffLimit ttlSecondsAfterFinished", INTEGER),
    **some("cleanPodPolicy managedBy", STRING),
    suspend=BOOLEAN,
    schedulingPolicy=obj(
        minAvailable=INTEGER,
        minResources=values(QUANTITY),
        **some("priorityClass queue", STRING),
        scheduleTimeoutSeconds=INTEGER,
    ),
)
REPLICAS = values(obj(replicas=INTEGER, restartPolicy=STRING, template=TEMPLATE))
PYTORCH_JOB = obj(
    required="pytorchReplicaSpecs",
    nprocPerNode=about("Text: auto, cpu, gpu or a number.", STRING),
    pytorchReplicaSpecs=about(
        "Master, of 1 replica written out, and Worker.", REPLICAS
    ),
    runPolicy=RUN_POLICY,
    elasticPolicy=obj(
        **some("maxReplicas maxRestarts minReplicas nProcPerNode rdzvPort", INTEGER),
        **some("rdzvBackend rdzvHost rdzvId", STRING),
        rdzvConf=items(obj(key=STRING, value=STRING)),
        metrics=OPEN_LIST,
        standalone=BOOLEAN,
    ),
)
MPI_JOB = obj(
    required="mpiReplicaSpecs",
    mpiReplicaSpecs=about("Launcher, of 1 replica, and Worker.", REPLICAS),
    runPolicy=RUN_POLICY,
    slotsPerWorker=INTEGER,
    runLauncherAsWorker=BOOLEAN,
    **some("launcherCreationPolicy sshAuthMountPath", STRING),
    mpiImplementation={"enum": ["OpenMPI", "Intel", "MPICH"]},
)
WORD = STRING | {"maxLength": 253}
COMMAND = items(STRING | {"maxLength": 1_048_576}) | {"maxItems": 128}
TRAIN_JOB = obj(
    required="runtimeRef",
    runtimeRef=obj(
        required="name", name=WORD | {"minLength": 1}, kind=WORD, apiGroup=WORD
    ),
    trainer=obj(
        image=STRING | {"maxLength": 500},
        command=COMMAND,
        args=COMMAND,
        env=ENV | {"maxItems": 128},
        numNodes=INTEGER,
        numProcPerNode=about("A number here, a text in PyTorchJob.", INTEGER),
        resourcesPerNode=RESOURCES,
    ),
    initializer=obj(dataset=OPEN, model=OPEN),
    runtimePatches=items(
        obj(
            required="manager",
            manager=WORD | {"minLength": 1},
            time=STRING,
            trainingRuntimeSpec=OPEN,
        )
    )
    | {"maxItems": 16},
    managedBy=WORD,
    suspend=BOOLEAN,
    activeDeadlineSeconds=INTEGER | {"minimum": 1},
)

KINDS = [
    kind(
        "nv-ipam.nvidia.com/v1alpha1",
        "CIDRPool",
        CIDR_POOL,
        "A rail's addresses for nv-ipam.",
    ),
    kind(
        "nv-ipam.nvidia.com/v1alpha1",
        "IPPool",
        IP_POOL,
        "A flat subnet for nv-ipam, cut into blocks; no network for routed rails.",
    ),
    kind(
        "mellanox.com/v1alpha1",
        "HostDeviceNetwork",
        HOST_DEVICE_NETWORK,
        "A rail as a network of pods: the host's physical function moves into the pod.",
        needs_spec=False,
    ),
    kind(
        "mellanox.com/v1alpha1",
        "NicClusterPolicy",
        NIC_CLUSTER_POLICY,
        "The network operator's one policy of the cluster.",
        needs_spec=False,
    ),
    kind(
        "mellanox.com/v1alpha1",
        "NicNodePolicy",
        NIC_NODE_POLICY,
        "Device-plugin resources of one server model's nodes.",
        needs_spec=False,
    )
    | {"x-since": "26.4"},
    kind(
        "k8s.cni.cncf.io/v1",
        "NetworkAttachmentDefinition",
        ATTACHMENT,
        "A network as Multus reads it; the operator makes one per HostDeviceNetwork.",
        needs_spec=False,
    ),
    kind(
        "kubeflow.org/v1",
        "PyTorchJob",
        PYTORCH_JOB,
        "A training job of the training operator v1.",
        needs_spec=False,
    ),
    kind(
        "kubeflow.org/v2beta1",
        "MPIJob",
        MPI_JOB,
        "A job of the MPI operator.",
        needs_spec=False,
    ),
    kind(
        "trainer.kubeflow.org/v1alpha1",
        "TrainJob",
        TRAIN_JOB,
        "A training job of the trainer v2.",
        needs_spec=False,
    ),
    kind("v1", "Pod", POD_SPEC, "A pod."),
    kind("batch/v1", "Job", JOB, "Pods that run to their end."),
    kind("apps/v1", "Deployment", DEPLOYMENT, "Pods that are all alike."),
    kind("apps/v1", "DaemonSet", DAEMON_SET, "A pod on every node."),
    kind("apps/v1", "StatefulSet", STATEFUL_SET, "Pods with names that stay."),
]


def main() -> None:
    for schema in KINDS:
        text = json.dumps(schema, indent=1, ensure_ascii=False) + "\n"
        (SCHEMAS / f"{schema['title']}.json").write_text(text)
    names = ", ".join(schema["title"] for schema in KINDS)
    sys.stdout.write(f"wrote {names}\n")


if __name__ == "__main__":
    main()
