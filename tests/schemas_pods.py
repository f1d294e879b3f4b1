"""Pods and what makes pods of a template, for ``schemas_build``.

In full but for volumes of storage vendors and what a projected volume holds, templates
of claims and the policies of a Job, which are open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.schemas_dsl import (
    BOOLEAN,
    COUNT,
    INT32,
    INT64,
    INT_OR_STRING,
    LABEL_SELECTOR,
    LABELS,
    METADATA,
    NODE_AFFINITY,
    OPEN,
    OPEN_LIST,
    PLAIN_QUANTITY,
    QUANTITY,
    STRING,
    TEMPLATE_METADATA,
    TEXTS,
    TOLERATIONS,
    Schema,
    items,
    keyed,
    named,
    obj,
    since,
    some,
    values,
)

NAMED = obj(name=STRING)
# A key that is not written has its default.
PULL_SECRET = obj(name=STRING | {"default": ""})
OPTIONAL = obj(name=STRING, optional=BOOLEAN)
PROFILE = named(
    "profile", obj(required="type", **some("localhostProfile type", STRING))
)
SECURITY: dict[str, Schema] = {
    **some("runAsUser runAsGroup", INT64),
    "runAsNonRoot": BOOLEAN,
    "seLinuxOptions": obj(**some("level role type user", STRING)),
    "windowsOptions": obj(
        **some("gmsaCredentialSpec gmsaCredentialSpecName runAsUserName", STRING),
        hostProcess=BOOLEAN,
    ),
    **some("seccompProfile appArmorProfile", PROFILE),
}
CONTAINER_SECURITY = named(
    "containerSecurity",
    obj(
        **SECURITY,
        **some("privileged allowPrivilegeEscalation readOnlyRootFilesystem", BOOLEAN),
        procMount=STRING,
        capabilities=obj(add=TEXTS, drop=TEXTS),
    ),
)
POD_SECURITY = named(
    "podSecurity",
    obj(
        **SECURITY,
        fsGroup=INT64,
        supplementalGroups=items(INT64),
        **some(
            "fsGroupChangePolicy supplementalGroupsPolicy seLinuxChangePolicy", STRING
        ),
        sysctls=items(obj(required="name value", **some("name value", STRING))),
    ),
)
POD_AFFINITY_TERM = named(
    "podAffinityTerm",
    obj(
        required="topologyKey",
        **some("labelSelector namespaceSelector", LABEL_SELECTOR),
        **some("matchLabelKeys mismatchLabelKeys namespaces", TEXTS),
        topologyKey=STRING,
    ),
)
POD_AFFINITY = named(
    "podAffinity",
    obj(
        preferredDuringSchedulingIgnoredDuringExecution=items(
            obj(
                required="podAffinityTerm weight",
                podAffinityTerm=POD_AFFINITY_TERM,
                weight=INT32,
            )
        ),
        requiredDuringSchedulingIgnoredDuringExecution=items(POD_AFFINITY_TERM),
    ),
)
AFFINITY = named(
    "affinity",
    obj(
        nodeAffinity=NODE_AFFINITY,
        podAffinity=POD_AFFINITY,
        podAntiAffinity=POD_AFFINITY,
    ),
)
SPREAD = obj(
    required="maxSkew topologyKey whenUnsatisfiable",
    **some("maxSkew minDomains", INT32),
    **some("topologyKey whenUnsatisfiable", STRING),
    **some("nodeAffinityPolicy nodeTaintsPolicy", STRING),
    labelSelector=LABEL_SELECTOR,
    matchLabelKeys=TEXTS,
)
VOLUME_MOUNT = named(
    "volumeMount",
    obj(
        required="name mountPath",
        **some("name mountPath mountPropagation subPath subPathExpr", STRING),
        recursiveReadOnly=STRING,
        readOnly=BOOLEAN,
    ),
)
GATES = keyed("name", obj(required="name", name=STRING))
VARIABLES_FROM = items(obj(**some("configMapRef secretRef", OPTIONAL), prefix=STRING))
RESIZE_POLICY = items(
    obj(
        required="resourceName restartPolicy",
        **some("resourceName restartPolicy", STRING),
    )
)
RESTART_RULES = items(
    obj(
        required="action",
        action=STRING,
        exitCodes=obj(
            required="operator",
            operator=STRING,
            values=items(INT32) | {"uniqueItems": True},
        ),
    )
)
HTTP_GET = obj(
    required="port",
    **some("host path scheme", STRING),
    httpHeaders=items(obj(required="name value", **some("name value", STRING))),
    port=INT_OR_STRING,
)
ACTIONS = {
    "exec_": obj(command=TEXTS),
    "httpGet": HTTP_GET,
    "tcpSocket": obj(required="port", host=STRING, port=INT_OR_STRING),
}
PROBE = named(
    "probe",
    obj(
        **ACTIONS,
        grpc=obj(required="port", port=INT32, service=STRING),
        **some("failureThreshold initialDelaySeconds periodSeconds", INT32),
        **some("successThreshold timeoutSeconds", INT32),
        terminationGracePeriodSeconds=INT64,
    ),
)
HOOK = obj(**ACTIONS, sleep=obj(required="seconds", seconds=INT64))
LIFECYCLE = named(
    "lifecycle", obj(**some("postStart preStop", HOOK), stopSignal=STRING)
)
VOLUME_DEVICES = keyed(
    "devicePath", obj(required="name devicePath", **some("name devicePath", STRING))
)
RESOURCE_CLAIMS = keyed(
    "name",
    obj(
        required="name",
        **some("name resourceClaimName resourceClaimTemplateName", STRING),
    ),
)
DNS_CONFIG = obj(
    **some("nameservers searches", TEXTS),
    options=items(obj(**some("name value", STRING))),
)


def variable(quantity: Schema, *, file_key_since: str = "") -> Schema:
    from_file = obj(
        required="key path volumeName",
        **some("key path volumeName", STRING),
        optional=BOOLEAN,
    )
    if file_key_since:
        from_file = since(file_key_since, from_file)
    from_key = obj(required="key", **some("key name", STRING), optional=BOOLEAN)
    return obj(
        required="name",
        **some("name value", STRING),
        valueFrom=obj(
            **some("configMapKeyRef secretKeyRef", from_key),
            fieldRef=obj(required="fieldPath", **some("apiVersion fieldPath", STRING)),
            fileKeyRef=from_file,
            resourceFieldRef=obj(
                required="resource",
                **some("containerName resource", STRING),
                divisor=quantity,
            ),
        ),
    )


def port() -> Schema:
    return obj(
        required="containerPort",
        **some("containerPort hostPort", INT32),
        **some("hostIP name", STRING),
        protocol=STRING | {"default": "TCP"},
    )


def resources(quantity: Schema) -> Schema:
    return obj(
        **some("limits requests", values(quantity)),
        claims=keyed("name", obj(required="name", **some("name request", STRING))),
    )


# Kinds of volumes whose fields we do not judge.
OTHER_VOLUMES = (
    "awsElasticBlockStore azureDisk azureFile cephfs cinder downwardAPI ephemeral fc"
    " flexVolume flocker gcePersistentDisk gitRepo glusterfs iscsi"
    " photonPersistentDisk portworxVolume projected quobyte rbd scaleIO storageos"
    " vsphereVolume"
)
MAPPED = items(obj(required="key path", **some("key path", STRING), mode=INT32))
VOLUMES = {
    "configMap": obj(name=STRING, optional=BOOLEAN, defaultMode=INT32, items=MAPPED),
    "secret": obj(secretName=STRING, optional=BOOLEAN, defaultMode=INT32, items=MAPPED),
    "hostPath": obj(required="path", **some("path type", STRING)),
    "persistentVolumeClaim": obj(
        required="claimName", claimName=STRING, readOnly=BOOLEAN
    ),
    "nfs": obj(required="path server", **some("path server", STRING), readOnly=BOOLEAN),
    "csi": obj(
        required="driver",
        **some("driver fsType", STRING),
        nodePublishSecretRef=NAMED,
        readOnly=BOOLEAN,
        volumeAttributes=LABELS,
    ),
    "image": obj(**some("pullPolicy reference", STRING)),
    **some(OTHER_VOLUMES, OPEN),
}


def volumes(quantity: Schema) -> Schema:
    memory = obj(medium=STRING, sizeLimit=quantity)
    return keyed("name", obj(required="name", name=STRING, emptyDir=memory, **VOLUMES))


@dataclass(frozen=True)
class Pods:
    """Pods of built-in kinds, or (``is_custom``) in the template of a custom resource.

    A custom resource takes no fraction as a number, and no key twice where the
    built-in kinds let the last one win.
    """

    is_custom: bool = False

    @property
    def quantity(self) -> Schema:
        return QUANTITY if self.is_custom else PLAIN_QUANTITY

    def named(self, name: str, schema: Schema) -> Schema:
        return named(name if self.is_custom else f"plain{name.capitalize()}", schema)

    def unique(self, keys: str, schema: Schema) -> Schema:
        return keyed(keys, schema) if self.is_custom else items(schema)

    @property
    def resources(self) -> Schema:
        return self.named("resources", resources(self.quantity))

    def container(self, **more: Schema) -> Schema:
        return obj(
            required="name",
            **some("name image imagePullPolicy restartPolicy workingDir", STRING),
            **some("terminationMessagePath terminationMessagePolicy", STRING),
            **some("command args", TEXTS),
            **some("stdin stdinOnce tty", BOOLEAN),
            lifecycle=LIFECYCLE,
            **some("livenessProbe readinessProbe startupProbe", PROBE),
            ports=self.unique("containerPort protocol", port()),
            env=self.unique("name", self.named("variable", variable(self.quantity))),
            envFrom=VARIABLES_FROM,
            resources=self.resources,
            resizePolicy=RESIZE_POLICY,
            restartPolicyRules=RESTART_RULES,
            securityContext=CONTAINER_SECURITY,
            volumeMounts=keyed("mountPath", VOLUME_MOUNT),
            volumeDevices=VOLUME_DEVICES,
            **more,
        )

    def spec(self, **more: Schema) -> Schema:
        container = self.named("container", self.container())
        debugger = self.container(targetContainerName=STRING)
        secrets = self.unique("name", PULL_SECRET)
        aliases = self.unique("ip", obj(required="ip", ip=STRING, hostnames=TEXTS))
        return obj(
            required="containers",
            **some("containers initContainers", keyed("name", container)),
            ephemeralContainers=keyed("name", debugger),
            securityContext=POD_SECURITY,
            resources=self.resources,
            resourceClaims=RESOURCE_CLAIMS,
            overhead=values(self.quantity),
            volumes=volumes(self.quantity),
            nodeSelector=LABELS,
            affinity=AFFINITY,
            tolerations=TOLERATIONS,
            topologySpreadConstraints=keyed("topologyKey whenUnsatisfiable", SPREAD),
            schedulingGates=GATES,
            readinessGates=items(obj(required="conditionType", conditionType=STRING)),
            imagePullSecrets=secrets,
            hostAliases=aliases,
            dnsConfig=DNS_CONFIG,
            os=obj(required="name", name=STRING),
            **PLAIN_POD_FIELDS,
            **more,
        )

    def template(self, **more: Schema) -> Schema:
        metadata = TEMPLATE_METADATA if self.is_custom else METADATA
        return obj(metadata=metadata, spec=self.spec(**more))


PLAIN_POD_FIELDS: dict[str, Any] = {
    **some("hostNetwork hostPID hostIPC hostUsers shareProcessNamespace", BOOLEAN),
    **some(
        "automountServiceAccountToken enableServiceLinks setHostnameAsFQDN", BOOLEAN
    ),
    **some("nodeName hostname hostnameOverride subdomain schedulerName", STRING),
    **some("restartPolicy dnsPolicy preemptionPolicy priorityClassName", STRING),
    **some("runtimeClassName serviceAccount serviceAccountName", STRING),
    **some("activeDeadlineSeconds terminationGracePeriodSeconds", INT64),
    "priority": INT32,
}
SCHEDULING_GROUP = obj(podGroupName=STRING)
WORKLOAD_REF = obj(
    required="name podGroup", **some("name podGroup podGroupReplicaKey", STRING)
)
# Two releases of Kubernetes name the group of a pod each in their own way.
GROUPS = {"schedulingGroup": SCHEDULING_GROUP, "workloadRef": WORKLOAD_REF}

# -- built-in kinds -------------------------------------------------------------

POD_SPEC = Pods().spec(**GROUPS)
_TEMPLATE = Pods().template(**GROUPS)
_SURGE = obj(
    type_=STRING, rollingUpdate=obj(**some("maxSurge maxUnavailable", INT_OR_STRING))
)
_WORKLOAD = {
    "selector": LABEL_SELECTOR,
    "template": _TEMPLATE,
    **some("revisionHistoryLimit minReadySeconds", COUNT),
}
DEPLOYMENT = obj(
    required="selector template",
    **_WORKLOAD,
    **some("replicas progressDeadlineSeconds", COUNT),
    strategy=_SURGE,
    paused=BOOLEAN,
)
DAEMON_SET = obj(required="selector template", **_WORKLOAD, updateStrategy=_SURGE)
STATEFUL_SET = obj(
    required="selector template",
    **_WORKLOAD,
    replicas=COUNT,
    updateStrategy=obj(
        type_=STRING, rollingUpdate=obj(partition=INT32, maxUnavailable=INT_OR_STRING)
    ),
    **some("serviceName podManagementPolicy", STRING),
    volumeClaimTemplates=OPEN_LIST,
    persistentVolumeClaimRetentionPolicy=obj(**some("whenDeleted whenScaled", STRING)),
    ordinals=obj(start=INT32),
)
JOB = obj(
    required="template",
    template=_TEMPLATE,
    **some("parallelism completions backoffLimit ttlSecondsAfterFinished", COUNT),
    **some("backoffLimitPerIndex maxFailedIndexes", COUNT),
    activeDeadlineSeconds=INT64,
    **some("completionMode podReplacementPolicy managedBy", STRING),
    **some("suspend manualSelector", BOOLEAN),
    **some("podFailurePolicy successPolicy", OPEN),
    selector=LABEL_SELECTOR,
)

# -- training -------------------------------------------------------------------

CUSTOM = Pods(is_custom=True)
RUN_POLICY = obj(
    activeDeadlineSeconds=INT64,
    **some("backoffLimit ttlSecondsAfterFinished", INT32),
    **some("cleanPodPolicy managedBy", STRING),
    suspend=BOOLEAN,
    schedulingPolicy=obj(
        **some("minAvailable scheduleTimeoutSeconds", INT32),
        minResources=values(QUANTITY),
        **some("priorityClass queue", STRING),
    ),
)


def replicas(**more: Schema) -> Schema:
    template = CUSTOM.template(**more)
    return values(obj(replicas=INT32, restartPolicy=STRING, template=template))


WORD = STRING | {"maxLength": 253}
NAME = WORD | {"minLength": 1}
ARGUMENTS = items(STRING | {"maxLength": 1_048_576}) | {"maxItems": 128}
VARIABLES = keyed("name", CUSTOM.named("variable", variable(QUANTITY))) | {
    "maxItems": 128
}
PATCHED_CONTAINERS = keyed(
    "name",
    named(
        "patchedContainer",
        obj(
            required="name",
            name=NAME,
            env=VARIABLES,
            securityContext=CONTAINER_SECURITY,
            volumeMounts=keyed("name", VOLUME_MOUNT) | {"maxItems": 128},
        ),
    ),
) | {"maxItems": 64}
PATCHED_POD = obj(
    **some("containers initContainers", PATCHED_CONTAINERS),
    securityContext=POD_SECURITY,
    nodeSelector=LABELS,
    affinity=AFFINITY,
    tolerations=TOLERATIONS | {"maxItems": 128},
    schedulingGates=GATES | {"maxItems": 16},
    imagePullSecrets=keyed("name", PULL_SECRET) | {"maxItems": 64},
    serviceAccountName=WORD,
    terminationGracePeriodSeconds=INT64 | {"minimum": 0},
    volumes=volumes(QUANTITY) | {"maxItems": 128},
)


def patched(spec: Schema) -> Schema:
    return obj(metadata=TEMPLATE_METADATA, spec=spec)


RUNTIME_SPEC = obj(
    template=patched(
        obj(
            replicatedJobs=keyed(
                "name",
                obj(
                    required="name",
                    name=NAME,
                    template=patched(obj(template=patched(PATCHED_POD))),
                ),
            )
            | {"maxItems": 100}
        )
    )
)
