"""Writes the schemas of kinds below schemas/: ``python -m tests.schemas_build``.

What the API server checks, field by field: names, types and bounds. What controllers
and webhooks check is no part of a schema but of the rules.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests import schemas_pods as pods
from tests.schemas_dsl import (
    BOOLEAN,
    DNS_1035_LABEL,
    DNS_LABEL,
    INT32,
    INT64,
    INTEGER,
    LABELS,
    METADATA_FIELDS,
    NODE_AFFINITY,
    NODE_SELECTOR,
    OPEN_LIST,
    QUANTITY,
    STRING,
    TEXTS,
    TIME,
    TOLERATIONS,
    Schema,
    about,
    formed,
    items,
    keyed,
    kind,
    named,
    obj,
    since,
    some,
    values,
)

SCHEMAS = Path(__file__).resolve().parents[1] / "schemas"

# -- nv-ipam --------------------------------------------------------------------

INDEX = INT32 | {"minimum": 0}
INDICES = items(obj(required="startIndex endIndex", startIndex=INDEX, endIndex=INDEX))
RANGES = items(obj(required="startIP endIP", startIP=STRING, endIP=STRING))
ROUTES = items(obj(required="dst", dst=STRING))

CIDR_POOL = obj(
    required="cidr perNodeNetworkPrefix",
    cidr=about("Addresses of the rail; host bits clear.", STRING),
    perNodeNetworkPrefix=about(
        "Length in bits of the prefix that every node gets; 31 or 127 on a"
        " point-to-point rail.",
        INT32,
    ),
    gatewayIndex=about(
        "Index of the gateway in a node's prefix where its static allocation names"
        " none. Routes need it.",
        INT32,
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

CONTAINER_RESOURCES = named(
    "containerResources",
    items(
        obj(
            required="name",
            name=STRING,
            **some("requests limits", values(QUANTITY)),
        )
    ),
)
ENV = items(named("operatorVariable", pods.variable(QUANTITY, file_key_since="26.1")))
IMAGE = formed(
    r"[a-zA-Z0-9\-]+", "the name of an image, without repository and version"
)
REPOSITORY = formed(
    r"[a-zA-Z0-9.\-/]+", "a repository, such as nvcr.io/nvidia/mellanox"
)


def image(required: str = "", **more: Schema) -> Schema:
    """An operator's ImageSpec; spec.global can fill its coordinates since 26.4."""
    made = obj(
        required=f"image {required}".strip(),
        image=IMAGE,
        repository=REPOSITORY,
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
NATURAL = INTEGER | {"minimum": 0}
OFED_DRIVER = image(
    certConfig=pods.NAMED,
    repoConfig=pods.NAMED,
    env=ENV,
    forcePrecompiled=BOOLEAN,
    **some("livenessProbe readinessProbe startupProbe", PROBE),
    terminationGracePeriodSeconds=INT64 | {"minimum": 0},
    upgradePolicy=obj(
        autoUpgrade=BOOLEAN,
        safeLoad=BOOLEAN,
        maxParallelUpgrades=NATURAL,
        drain=obj(
            **some("deleteEmptyDir enable force", BOOLEAN),
            podSelector=STRING,
            timeoutSeconds=NATURAL,
        ),
        waitForCompletion=obj(podSelector=STRING, timeoutSeconds=NATURAL),
    ),
)
PLUGIN = image(
    config=about("JSON text; see the schema device-plugin-config.", STRING),
    useCdi=BOOLEAN,
)
CLAIM = DNS_LABEL | {"minLength": 1, "maxLength": 63}
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
        periodicUpdateSeconds=NATURAL,
    ),
    nicConfigurationOperator=obj(
        required="operator configurationDaemon",
        operator=image(),
        configurationDaemon=image(),
        env=ENV,
        logLevel=STRING | {"enum": ["info", "debug"]},
        nicFirmwareStorage=obj(
            create=BOOLEAN,
            pvcName=CLAIM,
            storageClassName=CLAIM,
            availableStorageSize=formed(
                r"^\d+(Ei|Pi|Ti|Gi|Mi|Ki)$", "a size in Ki, Mi, Gi or more, such as 1Gi"
            ),
        ),
    ),
    spectrumXOperator=image(xPlane=since("26.4", image())),
    **some("nodeAffinity deploymentNodeAffinity", NODE_AFFINITY),
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

# -- training -------------------------------------------------------------------

PYTORCH_JOB = obj(
    required="pytorchReplicaSpecs",
    nprocPerNode=about("Text: auto, cpu, gpu or a number.", STRING),
    pytorchReplicaSpecs=about(
        "Master, of 1 replica written out, and Worker.",
        pods.replicas(schedulingGroup=pods.SCHEDULING_GROUP),
    ),
    runPolicy=pods.RUN_POLICY,
    elasticPolicy=obj(
        **some("maxReplicas maxRestarts minReplicas nProcPerNode rdzvPort", INT32),
        **some("rdzvBackend rdzvHost rdzvId", STRING),
        rdzvConf=items(obj(**some("key value", STRING))),
        metrics=OPEN_LIST,
        standalone=BOOLEAN,
    ),
)
MPI_JOB = obj(
    required="mpiReplicaSpecs",
    mpiReplicaSpecs=about(
        "Launcher, of 1 replica, and Worker.",
        pods.replicas(workloadRef=pods.WORKLOAD_REF),
    ),
    runPolicy=pods.RUN_POLICY,
    slotsPerWorker=INT32,
    runLauncherAsWorker=BOOLEAN,
    **some("launcherCreationPolicy sshAuthMountPath", STRING),
    mpiImplementation=STRING | {"enum": ["OpenMPI", "Intel", "MPICH"]},
)
SOURCE = obj(
    storageUri=formed(
        r"^([A-Za-z][A-Za-z0-9+.-]*://.+)?$", "a URI, such as hf://OWNER/NAME"
    )
    | {"maxLength": 2048},
    secretRef=pods.NAMED,
    env=pods.VARIABLES,
)
TRAIN_JOB = obj(
    required="runtimeRef",
    runtimeRef=obj(required="name", name=pods.NAME, **some("kind apiGroup", pods.WORD)),
    trainer=obj(
        image=STRING | {"maxLength": 500},
        **some("command args", pods.ARGUMENTS),
        env=pods.VARIABLES,
        numNodes=INT32,
        numProcPerNode=about("A number here, a text in PyTorchJob.", INT32),
        resourcesPerNode=pods.resources(QUANTITY),
    ),
    initializer=obj(**some("dataset model", SOURCE)),
    runtimePatches=keyed(
        "manager",
        obj(
            required="manager",
            manager=pods.NAME,
            time=TIME,
            trainingRuntimeSpec=pods.RUNTIME_SPEC,
        ),
    )
    | {"maxItems": 16},
    managedBy=pods.WORD
    | {
        "enum": [
            "trainer.kubeflow.org/trainjob-controller",
            "kueue.x-k8s.io/multikueue",
        ]
    },
    suspend=BOOLEAN,
    activeDeadlineSeconds=INT64 | {"minimum": 1},
)
TRAIN_JOB_METADATA = obj(
    **METADATA_FIELDS | {"name": DNS_1035_LABEL | {"maxLength": 63}}
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
        has_status=False,
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
        metadata=TRAIN_JOB_METADATA,
    ),
    kind("v1", "Pod", pods.POD_SPEC, "A pod."),
    kind("batch/v1", "Job", pods.JOB, "Pods that run to their end."),
    kind("apps/v1", "Deployment", pods.DEPLOYMENT, "Pods that are all alike."),
    kind("apps/v1", "DaemonSet", pods.DAEMON_SET, "A pod on every node."),
    kind("apps/v1", "StatefulSet", pods.STATEFUL_SET, "Pods with names that stay."),
]


def text(schema: Schema) -> str:
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    for schema in KINDS:
        (SCHEMAS / f"{schema['title']}.json").write_text(text(schema))
    names = ", ".join(schema["title"] for schema in KINDS)
    sys.stdout.write(f"wrote {names}\n")


if __name__ == "__main__":
    main()
