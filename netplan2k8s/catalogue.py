"""Every rule by code: the one table that findings, docs and selections share.

The hundred of a code is its stage: 0 input and YAML, 1 Netplan, 2 inventory,
3 fabric, 4 manifests, 5 proof, 6 cluster, 7 the running host. A code is never reused
and never renumbered.
"""

from __future__ import annotations

from netplan2k8s.findings import Layer, Rule, Severity

_ERROR, _WARNING, _INFO = Severity.ERROR, Severity.WARNING, Severity.INFO


# -- NK0xx: input ---------------------------------------------------------------

UNREADABLE_FILE = Rule(
    "NK001", "unreadable-file", _ERROR, Layer.INPUT, "a file cannot be read"
)
NO_HOSTS = Rule("NK002", "no-hosts", _ERROR, Layer.INPUT, "an argument holds no host")
DUPLICATE_NODE = Rule(
    "NK003", "duplicate-node", _ERROR, Layer.INPUT, "two hosts have one node name"
)
UNSAFE_ARCHIVE = Rule(
    "NK004",
    "unsafe-archive",
    _ERROR,
    Layer.INPUT,
    "an archive is damaged, or a link leaves the host's root",
)
OVERSIZED_FILE = Rule(
    "NK005", "oversized-file", _ERROR, Layer.INPUT, "a file is too large to be real"
)
IGNORED_FILE = Rule(
    "NK006", "ignored-file", _WARNING, Layer.INPUT, "a file is not read"
)
INVALID_NODE_NAME = Rule(
    "NK007",
    "invalid-node-name",
    _ERROR,
    Layer.INPUT,
    "a host's name can be no Kubernetes node's",
)
INVALID_SETTINGS = Rule(
    "NK008", "invalid-settings", _ERROR, Layer.INPUT, "the settings make no sense"
)
FOREIGN_OUTPUT = Rule(
    "NK009",
    "foreign-output",
    _ERROR,
    Layer.INPUT,
    "a file in the output directory is not ours to replace",
)
UNUSED_NAME = Rule(
    "NK010",
    "unused-name",
    _WARNING,
    Layer.INPUT,
    "a line of --node-names or a glob of --exclude fits no host",
)
FILE_AS_NODE = Rule(
    "NK011",
    "file-as-node",
    _ERROR,
    Layer.INPUT,
    "a node would be named after a Netplan file",
)
INVALID_YAML = Rule("NK020", "invalid-yaml", _ERROR, Layer.YAML, "the text is not YAML")
DEEP_NESTING = Rule(
    "NK021", "deep-nesting", _ERROR, Layer.YAML, "the text nests beyond all use"
)
ALIAS_EXPANSION = Rule(
    "NK022",
    "alias-expansion",
    _ERROR,
    Layer.YAML,
    "aliases expand beyond all use",
)

DUPLICATE_KEY = Rule(
    "NK023", "duplicate-key", _ERROR, Layer.YAML, "a manifest has a key twice"
)
NO_OBJECT = Rule(
    "NK024", "no-object", _ERROR, Layer.YAML, "a document is no Kubernetes object"
)
PLACEHOLDER = Rule(
    "NK025", "placeholder", _ERROR, Layer.YAML, "a template's placeholder is unfilled"
)

# -- NK1xx: Netplan -------------------------------------------------------------

UNKNOWN_KEY = Rule(
    "NK101", "unknown-key", _ERROR, Layer.NETPLAN, "netplan does not know a key"
)
WRONG_SHAPE = Rule(
    "NK102",
    "wrong-shape",
    _ERROR,
    Layer.NETPLAN,
    "a mapping, list or scalar stands where netplan expects another",
)
INVALID_VALUE = Rule(
    "NK103", "invalid-value", _ERROR, Layer.NETPLAN, "netplan refuses a value"
)
UNDEFINED_REFERENCE = Rule(
    "NK104",
    "undefined-reference",
    _ERROR,
    Layer.NETPLAN,
    "a definition refers to an interface that is not defined",
)
CONFLICTING_DEFINITION = Rule(
    "NK105",
    "conflicting-definition",
    _ERROR,
    Layer.NETPLAN,
    "two definitions cannot both hold",
)
NETPLAN_CRASH = Rule(
    "NK106",
    "netplan-crash",
    _ERROR,
    Layer.NETPLAN,
    "netplan itself crashes on this input",
)
NETPLAN_WARNING = Rule(
    "NK120",
    "netplan-warning",
    _WARNING,
    Layer.NETPLAN,
    "netplan accepts this and warns",
)
VERSION_DEPENDENT = Rule(
    "NK121",
    "version-dependent",
    _WARNING,
    Layer.NETPLAN,
    "netplan before 1.0 refuses this",
)
LOOSE_NUMBER = Rule(
    "NK122",
    "loose-number",
    _WARNING,
    Layer.NETPLAN,
    "netplan takes a number that systemd-networkd refuses or reads as another",
)

# -- NK2xx: inventory -----------------------------------------------------------

UNREADABLE_INVENTORY = Rule(
    "NK201",
    "unreadable-inventory",
    _ERROR,
    Layer.INVENTORY,
    "an inventory file is not what its name says",
)
CONTRADICTING_PCI = Rule(
    "NK202",
    "contradicting-pci",
    _ERROR,
    Layer.INVENTORY,
    "sources disagree about an interface's PCI address",
)
UNKNOWN_PCI = Rule(
    "NK203",
    "unknown-pci",
    _ERROR,
    Layer.INVENTORY,
    "no source knows a rail's PCI address",
)
NAME_AS_EVIDENCE = Rule(
    "NK204",
    "name-as-evidence",
    _INFO,
    Layer.INVENTORY,
    "a PCI address comes from a name that somebody chose",
)
NOT_A_PHYSICAL_FUNCTION = Rule(
    "NK206",
    "not-a-physical-function",
    _ERROR,
    Layer.INVENTORY,
    "a rail is a virtual function or a representor",
)

# -- NK3xx: fabric --------------------------------------------------------------

OVERLAPPING_PREFIX = Rule(
    "NK301",
    "overlapping-prefix",
    _ERROR,
    Layer.FABRIC,
    "two links share addresses",
)
GATEWAY_OUTSIDE_PREFIX = Rule(
    "NK302",
    "gateway-outside-prefix",
    _ERROR,
    Layer.FABRIC,
    "a rail's gateway is not on its link",
)
GATEWAY_IS_HOST = Rule(
    "NK303",
    "gateway-is-host",
    _ERROR,
    Layer.FABRIC,
    "a rail's gateway is the host's own address",
)
NO_GATEWAY = Rule(
    "NK304", "no-gateway", _ERROR, Layer.FABRIC, "no route names a rail's gateway"
)
TWO_ADDRESSES = Rule(
    "NK305", "two-addresses", _ERROR, Layer.FABRIC, "a rail has several addresses"
)
LEFTOVER_ADDRESS = Rule(
    "NK306",
    "leftover-address",
    _ERROR,
    Layer.FABRIC,
    "a later file adds an address instead of replacing one",
)
DEFAULT_ROUTE = Rule(
    "NK307", "default-route", _ERROR, Layer.FABRIC, "a rail has a default route"
)
MISSING_RAIL = Rule(
    "NK308", "missing-rail", _ERROR, Layer.FABRIC, "a host lacks a rail"
)
DOUBLED_RAIL = Rule(
    "NK309",
    "doubled-rail",
    _ERROR,
    Layer.FABRIC,
    "two interfaces of a host are on one rail",
)
ENSLAVED_RAIL = Rule(
    "NK310",
    "enslaved-rail",
    _ERROR,
    Layer.FABRIC,
    "a rail is part of a bond or bridge",
)
OUTSIDE_RAIL = Rule(
    "NK311",
    "outside-rail",
    _ERROR,
    Layer.FABRIC,
    "an address lies outside its rail's CIDR",
)
CONFLICTING_INDEX = Rule(
    "NK312",
    "conflicting-index",
    _ERROR,
    Layer.FABRIC,
    "an interface's number is not its rail's",
)
CONFLICTING_ROUTES = Rule(
    "NK313",
    "conflicting-routes",
    _ERROR,
    Layer.FABRIC,
    "hosts route different destinations over one rail",
)
UNSUPPORTED_PREFIX = Rule(
    "NK314",
    "unsupported-prefix",
    _ERROR,
    Layer.FABRIC,
    "a rail's prefix is no point-to-point link",
)
MIXED_MTU = Rule(
    "NK315", "mixed-mtu", _WARNING, Layer.FABRIC, "hosts differ in a rail's MTU"
)
ODD_SIDE = Rule(
    "NK316",
    "odd-side",
    _WARNING,
    Layer.FABRIC,
    "a host sits on the other side of its link than most",
)
NO_RAILS = Rule("NK317", "no-rails", _ERROR, Layer.FABRIC, "a host has no rail at all")
UNMATCHED_SETTING = Rule(
    "NK318",
    "unmatched-setting",
    _ERROR,
    Layer.FABRIC,
    "a rail of the settings matches no interface",
)
PCI_ON_TWO_RAILS = Rule(
    "NK319",
    "pci-on-two-rails",
    _ERROR,
    Layer.FABRIC,
    "one PCI address belongs to two rails",
)
SHARED_DESTINATION = Rule(
    "NK320",
    "shared-destination",
    _WARNING,
    Layer.RUNTIME,
    "several rails route one destination",
)
LOST_ROUTING = Rule(
    "NK321",
    "lost-routing",
    _WARNING,
    Layer.RUNTIME,
    "a table, metric or policy of a rail has no counterpart",
)
LOST_SETTING = Rule(
    "NK322",
    "lost-setting",
    _WARNING,
    Layer.RUNTIME,
    "a setting of a rail reaches no manifest",
)
KEPT_SETTING = Rule(
    "NK323",
    "kept-setting",
    _INFO,
    Layer.RUNTIME,
    "a setting of a rail must stay on the host",
)
DYNAMIC_ADDRESS = Rule(
    "NK324",
    "dynamic-address",
    _ERROR,
    Layer.FABRIC,
    "a rail takes its address from DHCP",
)
OVERLAPPING_RAILS = Rule(
    "NK325",
    "overlapping-rails",
    _ERROR,
    Layer.FABRIC,
    "the CIDRs of two rails overlap",
)
DUAL_STACK = Rule(
    "NK326",
    "dual-stack",
    _ERROR,
    Layer.FABRIC,
    "a rail has addresses of both families",
)
DISAGREEING_GATEWAYS = Rule(
    "NK327",
    "disagreeing-gateways",
    _ERROR,
    Layer.FABRIC,
    "the routes of a rail name different gateways",
)
UNKNOWN_CIDR = Rule(
    "NK328",
    "unknown-cidr",
    _ERROR,
    Layer.FABRIC,
    "no route tells a rail's CIDR",
)
UNASKED_LINK = Rule(
    "NK330",
    "unasked-link",
    _WARNING,
    Layer.FABRIC,
    "a VLAN has a rail-like link and is not taken as one",
)
LOOSE_ADDRESS = Rule(
    "NK331",
    "loose-address",
    _ERROR,
    Layer.FABRIC,
    "a rail's address or route is text that others refuse or read otherwise",
)
VIRTUAL_FUNCTIONS = Rule(
    "NK332",
    "virtual-functions",
    _ERROR,
    Layer.RUNTIME,
    "a rail has virtual functions, so the device plugin drops it",
)
COVERED_ROUTE = Rule(
    "NK333",
    "covered-route",
    _INFO,
    Layer.FABRIC,
    "a route of some hosts is covered by a route of all",
)
EXCLUDED_NODE = Rule(
    "NK334", "excluded-node", _INFO, Layer.INPUT, "a host is left out as asked"
)
SHADOWED_RAIL = Rule(
    "NK335",
    "shadowed-rail",
    _ERROR,
    Layer.FABRIC,
    "another definition takes a rail's NIC",
)

# -- NK4xx: manifests -----------------------------------------------------------

LARGE_ANNOTATION = Rule(
    "NK401",
    "large-annotation",
    _WARNING,
    Layer.RUNTIME,
    "a manifest is too large for client-side apply",
)
LARGE_OBJECT = Rule(
    "NK402", "large-object", _ERROR, Layer.RUNTIME, "an object outgrows etcd"
)
MEMORY_LOCK = Rule(
    "NK403",
    "memory-lock",
    _INFO,
    Layer.RUNTIME,
    "RDMA needs locked memory",
)
INVALID_NAME = Rule(
    "NK404",
    "invalid-name",
    _ERROR,
    Layer.CONTROLLER,
    "a generated name would be refused",
)
MISSING_FIELD_IN_RELEASE = Rule(
    "NK405",
    "missing-field-in-release",
    _ERROR,
    Layer.SCHEMA,
    "the chosen operator release lacks what the settings ask for",
)
INVALID_BASE_POLICY = Rule(
    "NK406",
    "invalid-base-policy",
    _ERROR,
    Layer.SCHEMA,
    "the policy given as a base cannot be merged",
)
LISTED_NODES_ONLY = Rule(
    "NK407",
    "listed-nodes-only",
    _INFO,
    Layer.CONTROLLER,
    "a pool names its nodes one by one to fail closed",
)

DUPLICATE_OBJECT = Rule(
    "NK410",
    "duplicate-object",
    _ERROR,
    Layer.SCHEMA,
    "two manifests are the same object",
)
INVALID_FIELD = Rule(
    "NK411",
    "invalid-field",
    _ERROR,
    Layer.SCHEMA,
    "the API server refuses a field's value, or its absence",
)
UNKNOWN_FIELD = Rule(
    "NK412",
    "unknown-field",
    _ERROR,
    Layer.SCHEMA,
    "the API server does not know a field",
)
UNKNOWN_VERSION = Rule(
    "NK413",
    "unknown-version",
    _ERROR,
    Layer.SCHEMA,
    "a kind has no such group or version",
)
NAMESPACED_CLUSTER_OBJECT = Rule(
    "NK414",
    "namespaced-cluster-object",
    _INFO,
    Layer.SCHEMA,
    "a kind without namespaces is given one",
)
INVALID_POOL_RANGE = Rule(
    "NK420",
    "invalid-pool-range",
    _ERROR,
    Layer.CONTROLLER,
    "nv-ipam refuses a pool's CIDR or prefix length",
)
INVALID_GATEWAY_INDEX = Rule(
    "NK421",
    "invalid-gateway-index",
    _ERROR,
    Layer.CONTROLLER,
    "nv-ipam refuses a pool's gatewayIndex",
)
INVALID_EXCLUSION = Rule(
    "NK422",
    "invalid-exclusion",
    _ERROR,
    Layer.CONTROLLER,
    "nv-ipam refuses an exclusion",
)
INVALID_ALLOCATION = Rule(
    "NK423",
    "invalid-allocation",
    _ERROR,
    Layer.CONTROLLER,
    "nv-ipam refuses a static allocation",
)
REPEATED_ALLOCATION = Rule(
    "NK424",
    "repeated-allocation",
    _ERROR,
    Layer.CONTROLLER,
    "a node or a prefix has two static allocations",
)
INVALID_ROUTE = Rule(
    "NK425",
    "invalid-route",
    _ERROR,
    Layer.CONTROLLER,
    "nv-ipam refuses a pool's route",
)
INVALID_NODE_SELECTOR = Rule(
    "NK426",
    "invalid-node-selector",
    _ERROR,
    Layer.CONTROLLER,
    "nv-ipam refuses a node selector",
)
INVALID_RESOURCE_NAME = Rule(
    "NK427",
    "invalid-resource-name",
    _ERROR,
    Layer.CONTROLLER,
    "a network's resource can have no such name",
)
REFUSED_BY_WEBHOOK = Rule(
    "NK428",
    "refused-by-webhook",
    _INFO,
    Layer.CONTROLLER,
    "the operator's admission controller refuses what works without it",
)
INVALID_IMAGE = Rule(
    "NK429",
    "invalid-image",
    _ERROR,
    Layer.CONTROLLER,
    "a component has no usable image",
)
INVALID_PLUGIN_CONFIG = Rule(
    "NK430",
    "invalid-plugin-config",
    _ERROR,
    Layer.CONTROLLER,
    "the device plugin refuses its configuration",
)
CONFLICTING_POLICIES = Rule(
    "NK431",
    "conflicting-policies",
    _ERROR,
    Layer.CONTROLLER,
    "two policies set one section, or select one node",
)
INVALID_JOB = Rule(
    "NK432",
    "invalid-job",
    _ERROR,
    Layer.CONTROLLER,
    "the job's webhook or controller refuses it",
)
MISSING_PLUGIN_CONFIG = Rule(
    "NK433",
    "missing-plugin-config",
    _ERROR,
    Layer.RUNTIME,
    "a device plugin without configuration never starts",
)
INVALID_EMBEDDED_JSON = Rule(
    "NK440",
    "invalid-embedded-json",
    _ERROR,
    Layer.RUNTIME,
    "a text that must be JSON is none",
)
UNKNOWN_POOL = Rule(
    "NK441",
    "unknown-pool",
    _ERROR,
    Layer.RUNTIME,
    "a network names a pool that is not there",
)
MISSING_POOL_TYPE = Rule(
    "NK442",
    "missing-pool-type",
    _ERROR,
    Layer.RUNTIME,
    "a network looks for its pool among those of the wrong kind",
)
POOL_NAMESPACE = Rule(
    "NK443",
    "pool-namespace",
    _ERROR,
    Layer.RUNTIME,
    "a pool lies in a namespace that nv-ipam does not watch",
)
UNKNOWN_RESOURCE = Rule(
    "NK444",
    "unknown-resource",
    _ERROR,
    Layer.RUNTIME,
    "a network names a resource that nobody offers",
)
UNKNOWN_NETWORK = Rule(
    "NK445",
    "unknown-network",
    _ERROR,
    Layer.RUNTIME,
    "a pod asks for a network that is not there",
)
CATCH_ALL_SELECTOR = Rule(
    "NK446",
    "catch-all-selector",
    _ERROR,
    Layer.RUNTIME,
    "a selector matches every NIC",
)
SELECTOR_WITHOUT_PF = Rule(
    "NK447",
    "selector-without-pf",
    _ERROR,
    Layer.RUNTIME,
    "a selector never matches a physical function",
)
FOREIGN_RESOURCE_PREFIX = Rule(
    "NK448",
    "foreign-resource-prefix",
    _ERROR,
    Layer.RUNTIME,
    "a resource has not the prefix of the network operator",
)
UPPER_CASE_PCI = Rule(
    "NK449",
    "upper-case-pci",
    _ERROR,
    Layer.RUNTIME,
    "a PCI address is written as the device plugin never sees it",
)
FAILS_OPEN = Rule(
    "NK450",
    "fails-open",
    _ERROR,
    Layer.RUNTIME,
    "a node without an entry gets an address of somebody else",
)
UNCERTAIN_ADDRESS = Rule(
    "NK451",
    "uncertain-address",
    _ERROR,
    Layer.RUNTIME,
    "a pod can get more than the host's address",
)
NO_ADDRESS = Rule(
    "NK452",
    "no-address",
    _ERROR,
    Layer.RUNTIME,
    "a node's entry leaves its pods no address",
)
ODD_SPELLING = Rule(
    "NK453",
    "odd-spelling",
    _ERROR,
    Layer.RUNTIME,
    "a prefix is not written in its canonical form",
)
NETWORK_ORDER = Rule(
    "NK454",
    "network-order",
    _ERROR,
    Layer.RUNTIME,
    "the networks of a pod are not in the order of the rails",
)
ANNOTATION_ON_JOB = Rule(
    "NK455",
    "annotation-on-job",
    _ERROR,
    Layer.RUNTIME,
    "networks are asked for where no pod sees it",
)
UNEQUAL_REQUESTS = Rule(
    "NK456",
    "unequal-requests",
    _ERROR,
    Layer.RUNTIME,
    "a device is requested in another amount than its limit",
)
UNREQUESTED_DEVICE = Rule(
    "NK457",
    "unrequested-device",
    _ERROR,
    Layer.RUNTIME,
    "a pod's networks and devices do not match",
)
HOST_NETWORK = Rule(
    "NK458",
    "host-network",
    _ERROR,
    Layer.RUNTIME,
    "a pod on the host network asks for rails",
)
UNROUTABLE_IPAM = Rule(
    "NK459",
    "unroutable-ipam",
    _ERROR,
    Layer.RUNTIME,
    "an IPAM cannot follow the links of routed rails",
)
POD_SECURITY = Rule(
    "NK460",
    "pod-security",
    _ERROR,
    Layer.RUNTIME,
    "a namespace's pod-security level refuses the pods",
)
INVALID_NETWORKS = Rule(
    "NK461",
    "invalid-networks",
    _ERROR,
    Layer.RUNTIME,
    "Multus cannot read the networks of a pod",
)
IGNORED_POLICY = Rule(
    "NK462",
    "ignored-policy",
    _ERROR,
    Layer.RUNTIME,
    "the operator ignores a policy of this name",
)
DEAD_WEBHOOK = Rule(
    "NK463",
    "dead-webhook",
    _ERROR,
    Layer.RUNTIME,
    "a webhook that serves nothing refuses every pool",
)
UNRENDERABLE_TEXT = Rule(
    "NK464",
    "unrenderable-text",
    _ERROR,
    Layer.RUNTIME,
    "a text breaks what the operator makes of it",
)
PRIVILEGED_POD = Rule(
    "NK465",
    "privileged-pod",
    _WARNING,
    Layer.RUNTIME,
    "a pod with rails is privileged",
)
SHARED_POOL = Rule(
    "NK466",
    "shared-pool",
    _ERROR,
    Layer.RUNTIME,
    "two networks of a pod share a pool",
)
IMPOSSIBLE_NODE = Rule(
    "NK467",
    "impossible-node",
    _ERROR,
    Layer.RUNTIME,
    "a pool has an entry for a name that no node can have",
)
UNUSED_IGNORE = Rule(
    "NK480",
    "unused-ignore",
    _WARNING,
    Layer.INPUT,
    "a comment ignores a finding that is not there",
)
INVALID_IGNORE = Rule(
    "NK481",
    "invalid-ignore",
    _WARNING,
    Layer.INPUT,
    "a comment ignores nothing, since it is not complete",
)
NO_MANIFESTS = Rule(
    "NK482",
    "no-manifests",
    _ERROR,
    Layer.INPUT,
    "an argument holds no manifest",
)

# -- NK5xx: proof ----------------------------------------------------------------

DIFFERENT_ADDRESS = Rule(
    "NK501",
    "different-address",
    _ERROR,
    Layer.PROOF,
    "a pod gets another address than the host had",
)
DIFFERENT_GATEWAY = Rule(
    "NK502",
    "different-gateway",
    _ERROR,
    Layer.PROOF,
    "a pod gets another gateway than the host had",
)
DIFFERENT_ROUTES = Rule(
    "NK503",
    "different-routes",
    _ERROR,
    Layer.PROOF,
    "a pod gets other routes than the host had",
)
DIFFERENT_DEVICE = Rule(
    "NK504",
    "different-device",
    _ERROR,
    Layer.PROOF,
    "a pod gets another NIC than the rail's",
)
DIFFERENT_MTU = Rule(
    "NK505",
    "different-mtu",
    _ERROR,
    Layer.PROOF,
    "a pod gets another MTU than the host had",
)
MISSING_NODE = Rule(
    "NK506",
    "missing-node",
    _ERROR,
    Layer.PROOF,
    "a host's rail is in no pool",
)
UNKNOWN_NODE = Rule(
    "NK507",
    "unknown-node",
    _ERROR,
    Layer.PROOF,
    "a pool has a node that is no host",
)
OPEN_NODE = Rule(
    "NK508",
    "open-node",
    _ERROR,
    Layer.PROOF,
    "a node without an entry would get a link",
)
INCOMPLETE_JOB = Rule(
    "NK509",
    "incomplete-job",
    _ERROR,
    Layer.PROOF,
    "a job's pods do not get every rail in order",
)
TOO_MANY_PODS = Rule(
    "NK510",
    "too-many-pods",
    _ERROR,
    Layer.PROOF,
    "a job has more pods than nodes have free rails",
)
UNPROVEN = Rule(
    "NK512",
    "unproven",
    _WARNING,
    Layer.PROOF,
    "the manifests do not tell what pods get",
)
NO_LINK = Rule(
    "NK511",
    "no-link",
    _ERROR,
    Layer.PROOF,
    "a pod on a node cannot get its rail",
)

# -- NK6xx: cluster --------------------------------------------------------------

UNKNOWN_KIND = Rule(
    "NK601",
    "unknown-kind",
    _ERROR,
    Layer.CLUSTER,
    "the cluster does not have a kind",
)
MISSING_NAMESPACE = Rule(
    "NK602",
    "missing-namespace",
    _ERROR,
    Layer.CLUSTER,
    "the cluster does not have a namespace",
)
REFUSED_OBJECT = Rule(
    "NK603",
    "refused-object",
    _ERROR,
    Layer.CLUSTER,
    "the API server refuses an object",
)
FIELD_CONFLICT = Rule(
    "NK604",
    "field-conflict",
    _ERROR,
    Layer.CLUSTER,
    "another field manager owns what a manifest changes",
)
FORBIDDEN = Rule(
    "NK605",
    "forbidden",
    _ERROR,
    Layer.CLUSTER,
    "the user may not read what is to be compared",
)
NO_SUCH_NODE = Rule(
    "NK611",
    "no-such-node",
    _WARNING,
    Layer.RUNTIME,
    "a pool has an entry for a name that no Node has",
)
NODE_WITHOUT_ENTRY = Rule(
    "NK612",
    "node-without-entry",
    _WARNING,
    Layer.RUNTIME,
    "a node with GPUs has no entry in a pool",
)
UNOFFERED_RAIL = Rule(
    "NK613",
    "unoffered-rail",
    _WARNING,
    Layer.RUNTIME,
    "a node does not offer a rail",
)
STALE_STATUS = Rule(
    "NK614",
    "stale-status",
    _WARNING,
    Layer.RUNTIME,
    "a pool's status is not what its spec asks for",
)

# -- NK7xx: the running host -----------------------------------------------------

UNUSUAL_TEXT = Rule(
    "NK701",
    "unusual-text",
    _ERROR,
    Layer.HOST,
    "a rail cannot be cut out of a Netplan file by itself",
)
VOLATILE_RAIL = Rule(
    "NK702",
    "volatile-rail",
    _ERROR,
    Layer.HOST,
    "a rail is in a Netplan file that is made anew, or hidden by one",
)
NEEDED_RAIL = Rule(
    "NK703",
    "needed-rail",
    _ERROR,
    Layer.HOST,
    "the host needs a rail's NIC for something else",
)
LEFTOVER_REFERENCE = Rule(
    "NK704",
    "leftover-reference",
    _WARNING,
    Layer.HOST,
    "what is no rail has a route over one, or a policy for its address",
)
NOT_AS_STRIPPED = Rule(
    "NK705",
    "not-as-stripped",
    _ERROR,
    Layer.HOST,
    "a file to be restored is not what strip left",
)
NO_ROLLBACK = Rule(
    "NK706",
    "no-rollback",
    _ERROR,
    Layer.HOST,
    "a host to be restored has no originals, or not those that strip kept",
)
HALF_STRIPPED = Rule(
    "NK707",
    "half-stripped",
    _WARNING,
    Layer.HOST,
    "some rails of a host were stripped before, and their originals are elsewhere",
)

# What the running hosts are against their Netplan: `inspect --live`.
NOT_COLLECTED = Rule(
    "NK721",
    "not-collected",
    _WARNING,
    Layer.HOST,
    "hosts without the files of their live state",
)
UNREADABLE_LIVE_STATE = Rule(
    "NK722",
    "unreadable-live-state",
    _ERROR,
    Layer.HOST,
    "a file of a host's live state is not what its name says",
)
MISSING_INTERFACE = Rule(
    "NK723",
    "missing-interface",
    _ERROR,
    Layer.HOST,
    "the running host has no interface that is the rail's",
)
LINK_DOWN = Rule(
    "NK724",
    "link-down",
    _WARNING,
    Layer.HOST,
    "a rail's link is down, or has no carrier",
)
LIVE_MASTER = Rule(
    "NK725",
    "live-master",
    _ERROR,
    Layer.HOST,
    "a rail is in another bond, bridge or VRF than Netplan says",
)
LIVE_MTU = Rule(
    "NK726",
    "live-mtu",
    _ERROR,
    Layer.HOST,
    "a rail has another MTU than Netplan says",
)
LIVE_ADDRESS = Rule(
    "NK727",
    "live-address",
    _ERROR,
    Layer.HOST,
    "a rail has other addresses than Netplan says",
)
LIVE_ROUTE = Rule(
    "NK728",
    "live-route",
    _ERROR,
    Layer.HOST,
    "a rail has other routes over gateways than Netplan says",
)
LIVE_DEFAULT_ROUTE = Rule(
    "NK729",
    "live-default-route",
    _ERROR,
    Layer.HOST,
    "the running host has a default route over a rail",
)
LIVE_RULE = Rule(
    "NK730",
    "live-rule",
    _WARNING,
    Layer.HOST,
    "a rail has other policy routing rules than Netplan says",
)
LIVE_STRAY = Rule(
    "NK731",
    "live-stray",
    _ERROR,
    Layer.HOST,
    "a NIC has a point-to-point address that Netplan does not know",
)
WRONG_LEAF = Rule(
    "NK732",
    "wrong-leaf",
    _ERROR,
    Layer.HOST,
    "a rail is cabled to another leaf than in the rest of its unit",
)
SWAPPED_CABLES = Rule(
    "NK733",
    "swapped-cables",
    _ERROR,
    Layer.HOST,
    "two rails of a host are cabled to each other's leaf",
)
FOREIGN_LEAF = Rule(
    "NK734",
    "foreign-leaf",
    _ERROR,
    Layer.HOST,
    "a rail is cabled to a leaf of another unit",
)
SHARED_LEAF_PORT = Rule(
    "NK735",
    "shared-leaf-port",
    _WARNING,
    Layer.HOST,
    "two links are heard on one port of a leaf",
)

UNHEARD_LEAF = Rule(
    "NK736",
    "unheard-leaf",
    _WARNING,
    Layer.HOST,
    "LLDP does not tell to which leaf a rail is cabled",
)
UNVERIFIED_WAVE = Rule(
    "NK741",
    "unverified-wave",
    _ERROR,
    Layer.HOST,
    "no Job checks exactly the nodes of a wave",
)
UNPUSHABLE_HOST = Rule(
    "NK742",
    "unpushable-host",
    _ERROR,
    Layer.HOST,
    "a host's Netplan is not plain files in etc/netplan",
)
UNTYPABLE_INTERFACE = Rule(
    "NK743",
    "untypable-interface",
    _ERROR,
    Layer.HOST,
    "a rail's interface has a name that a shell takes apart",
)
UNNAMED_INTERFACE = Rule(
    "NK744",
    "unnamed-interface",
    _ERROR,
    Layer.HOST,
    "nobody tells the name of a rail's interface on the host",
)

RULES: dict[str, Rule] = {
    rule.code: rule
    for rule in sorted(
        (value for value in tuple(globals().values()) if isinstance(value, Rule)),
        key=lambda rule: rule.code,
    )
}
"""All rules by code, in their order."""
