"""Every way to spoil a set of manifests that a review could miss, one field each.

A mutation is a name and a function that changes bodies in place; what it returns false
for does not apply. ``Bundle`` finds its way in what convert wrote.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path
from random import Random
from typing import Any

import yaml

from netplan2k8s.manifests.files import File

NETWORKS = "k8s.v1.cni.cncf.io/networks"


@dataclass
class Bundle:
    """The objects of an output directory, by path."""

    bodies: dict[str, dict[str, Any]]
    random: Random

    @classmethod
    def read(cls, directory: Path, random: Random) -> Bundle:
        paths = sorted(directory.glob("*/*.yaml"))
        bodies = {
            str(path.relative_to(directory)): yaml.load(
                path.read_text(), yaml.CSafeLoader
            )
            for path in paths
        }
        return cls(bodies, random)

    def copy(self) -> Bundle:
        return Bundle(copy.deepcopy(self.bodies), self.random)

    def files(self) -> list[File]:
        return [
            File(path, yaml.dump(body, Dumper=yaml.CSafeDumper).encode(), True)
            for path, body in self.bodies.items()
        ]

    def of(self, *kinds: str) -> list[dict[str, Any]]:
        return [body for body in self.bodies.values() if body["kind"] in kinds]

    def pool(self) -> dict[str, Any]:
        return self.random.choice(self.of("CIDRPool"))["spec"]

    def entries(self, count: int = 1) -> list[dict[str, Any]]:
        return self.random.sample(self.pool()["staticAllocations"], count)

    def network(self) -> dict[str, Any]:
        return self.random.choice(
            self.of("HostDeviceNetwork", "NetworkAttachmentDefinition")
        )

    def policy(self) -> dict[str, Any]:
        return self.random.choice(self.of("NicClusterPolicy", "NicNodePolicy"))

    def role(self) -> dict[str, Any]:
        specs = self.of("PyTorchJob")[0]["spec"]["pytorchReplicaSpecs"]
        return self.random.choice(list(specs.values()))


Mutation = Callable[[Bundle], object]
MUTATIONS: dict[str, Mutation] = {}


def mutation(function: Mutation) -> Mutation:
    MUTATIONS[function.__name__] = function
    return function


# -- pools: entries ---------------------------------------------------------------


@mutation
def gateway_is_the_host(bundle):
    (entry,) = bundle.entries()
    network = ip_network(entry["prefix"])
    if network.num_addresses != 2:
        return False
    (entry["gateway"],) = {str(a) for a in network} - {entry["gateway"]}
    return True


@mutation
def gateway_of_a_neighbour(bundle):
    one, two = two_entries(bundle)
    one["gateway"] = two["gateway"]


@mutation
def gateways_swapped(bundle):
    one, two = two_entries(bundle)
    one["gateway"], two["gateway"] = two["gateway"], one["gateway"]


@mutation
def gateway_left_out(bundle):
    pool = bundle.pool()
    entry = bundle.random.choice(pool["staticAllocations"])
    if by_index(pool, entry) == entry["gateway"]:
        return False  # gatewayIndex gives the same
    del entry["gateway"]
    return True


@mutation
def gateways_left_out_of_all(bundle):
    pool = bundle.pool()
    listed = pool["staticAllocations"]
    if all(by_index(pool, entry) == entry["gateway"] for entry in listed):
        return False
    for entry in listed:
        del entry["gateway"]
    return True


@mutation
def prefix_next(bundle):
    (entry,) = bundle.entries()
    move(entry, 1)


@mutation
def prefix_of_a_free_link(bundle):
    (entry,) = bundle.entries()
    move(entry, 300)


@mutation
def prefixes_swapped(bundle):
    one, two = two_entries(bundle)
    for key in ("prefix", "gateway"):
        one[key], two[key] = two[key], one[key]


@mutation
def names_swapped(bundle):
    one, two = two_entries(bundle)
    one["nodeName"], two["nodeName"] = two["nodeName"], one["nodeName"]


@mutation
def prefix_is_the_address(bundle):
    (entry,) = bundle.entries()
    host, length = entry["prefix"].split("/")
    entry["prefix"] = f"{ip_address(host) + 1}/{length}"


@mutation
def prefix_longer(bundle):
    (entry,) = bundle.entries()
    host, length = entry["prefix"].split("/")
    entry["prefix"] = f"{host}/{int(length) + 1}"


@mutation
def prefix_twice(bundle):
    one, two = two_entries(bundle)
    one["prefix"], one["gateway"] = two["prefix"], two["gateway"]


@mutation
def name_upper_case(bundle):
    (entry,) = bundle.entries()
    entry["nodeName"] = entry["nodeName"].upper()


@mutation
def name_of_nobody(bundle):
    (entry,) = bundle.entries()
    entry["nodeName"] += "0"


@mutation
def name_with_domain(bundle):
    (entry,) = bundle.entries()
    entry["nodeName"] += ".cluster.local"


@mutation
def name_left_out(bundle):
    (entry,) = bundle.entries()
    del entry["nodeName"]


@mutation
def name_twice(bundle):
    one, two = two_entries(bundle)
    one["nodeName"] = two["nodeName"]


@mutation
def entry_left_out(bundle):
    listed = bundle.pool()["staticAllocations"]
    listed.remove(bundle.random.choice(listed))


@mutation
def entry_too_many(bundle):
    listed = bundle.pool()["staticAllocations"]
    extra = dict(bundle.random.choice(listed), nodeName="stranger-1")
    move(extra, 300)
    listed.append(extra)


@mutation
def entries_of_another_rail(bundle):
    one, two = bundle.random.sample(bundle.of("CIDRPool"), 2)
    one["spec"]["staticAllocations"] = two["spec"]["staticAllocations"]


# -- pools: the rest ----------------------------------------------------------------


@mutation
def gateway_index_other(bundle):
    pool = bundle.pool()
    if "perNodeExclusions" not in pool:
        return False  # its nodes are listed, and every entry has its gateway
    pool["gatewayIndex"] = 1 - pool["gatewayIndex"]
    return True


@mutation
def gateway_index_beyond(bundle):
    bundle.pool()["gatewayIndex"] = 16


@mutation
def gateway_index_left_out(bundle):
    pool = bundle.pool()
    if not pool.get("routes") and "perNodeExclusions" not in pool:
        return False  # nothing refers to it
    del pool["gatewayIndex"]
    return True


@mutation
def exclusion_left_out(bundle):
    return bundle.pool().pop("perNodeExclusions", None)


@mutation
def exclusion_of_the_host(bundle):
    pool = bundle.pool()
    if "perNodeExclusions" not in pool:
        return False
    for item in pool["perNodeExclusions"]:
        item["startIndex"] = item["endIndex"] = 1 - item["startIndex"]
    return True


@mutation
def exclusion_of_both(bundle):
    pool = bundle.pool()
    if "perNodeExclusions" not in pool:
        return False
    pool["perNodeExclusions"] = [{"startIndex": 0, "endIndex": 1}]
    return True


@mutation
def exclusion_of_a_link(bundle):
    pool = bundle.pool()
    network = ip_network(bundle.random.choice(pool["staticAllocations"])["prefix"])
    ends = {"startIP": str(network[0]), "endIP": str(network[-1])}
    pool["exclusions"] = [ends]


@mutation
def route_left_out(bundle):
    pool = bundle.pool()
    if not pool.get("routes"):
        return False
    pool["routes"].pop(bundle.random.randrange(len(pool["routes"])))
    return True


@mutation
def routes_left_out(bundle):
    return bundle.pool().pop("routes", None)


@mutation
def route_too_many(bundle):
    pool = bundle.pool()
    wide = "10.0.0.0/9" if "." in pool["cidr"] else "fd99::/32"
    pool["routes"] = [*pool.get("routes", []), {"dst": wide}]


@mutation
def route_to_everything(bundle):
    pool = bundle.pool()
    wide = "0.0.0.0/0" if "." in pool["cidr"] else "::/0"
    pool["routes"] = [*pool.get("routes", []), {"dst": wide}]


@mutation
def route_of_another_rail(bundle):
    one, two = bundle.random.sample(bundle.of("CIDRPool"), 2)
    if one["spec"].get("routes") == two["spec"].get("routes"):
        return False
    one["spec"]["routes"] = two["spec"]["routes"]
    return True


@mutation
def default_gateway(bundle):
    bundle.pool()["defaultGateway"] = True


@mutation
def cidr_too_narrow(bundle):
    pool = bundle.pool()
    entry = bundle.random.choice(pool["staticAllocations"])
    pool["cidr"] = str(ip_network(entry["prefix"]))


@mutation
def cidr_with_host_bits(bundle):
    pool = bundle.pool()
    host, length = pool["cidr"].split("/")
    pool["cidr"] = f"{ip_address(host) + 1}/{length}"


@mutation
def cidr_of_another_rail(bundle):
    one, two = bundle.random.sample(bundle.of("CIDRPool"), 2)
    one["spec"]["cidr"] = two["spec"]["cidr"]


@mutation
def node_prefix_longer(bundle):
    bundle.pool()["perNodeNetworkPrefix"] += 1


@mutation
def node_prefix_shorter(bundle):
    bundle.pool()["perNodeNetworkPrefix"] -= 1


@mutation
def selector_of_some(bundle):
    pool = bundle.pool()
    entry = bundle.random.choice(pool["staticAllocations"])
    pool["nodeSelector"] = selector("In", entry["nodeName"])


@mutation
def selector_of_the_others(bundle):
    pool = bundle.pool()
    entry = bundle.random.choice(pool["staticAllocations"])
    pool["nodeSelector"] = selector("NotIn", entry["nodeName"])


@mutation
def selector_left_out(bundle):
    return bundle.pool().pop("nodeSelector", None)


@mutation
def selector_without_a_node(bundle):
    terms = bundle.pool().get("nodeSelector", {}).get("nodeSelectorTerms", [])
    if not terms:
        return False
    terms.pop(bundle.random.randrange(len(terms)))
    return True


@mutation
def selector_with_a_stranger(bundle):
    terms = bundle.pool().get("nodeSelector", {}).get("nodeSelectorTerms", [])
    if not terms:
        return False
    terms.extend(selector("In", "stranger-1")["nodeSelectorTerms"])
    return True


@mutation
def pool_in_another_namespace(bundle):
    pool = bundle.random.choice(bundle.of("CIDRPool"))
    pool["metadata"]["namespace"] = "kube-system"


@mutation
def pool_without_namespace(bundle):
    del bundle.random.choice(bundle.of("CIDRPool"))["metadata"]["namespace"]


@mutation
def pool_renamed(bundle):
    pool = bundle.random.choice(bundle.of("CIDRPool"))
    pool["metadata"]["name"] += "-pool"


@mutation
def pool_names_swapped(bundle):
    one, two = bundle.random.sample(bundle.of("CIDRPool"), 2)
    names = one["metadata"]["name"], two["metadata"]["name"]
    two["metadata"]["name"], one["metadata"]["name"] = names


@mutation
def pool_left_out(bundle):
    drop(bundle, "CIDRPool")


# -- networks -----------------------------------------------------------------------


def ipam_of(network: dict[str, Any]) -> tuple[dict[str, Any], Callable[[], None]]:
    """The IPAM of a network of either kind, and how it is put back."""
    spec = network["spec"]
    if network["kind"] == "HostDeviceNetwork":
        ipam = json.loads(spec["ipam"])
        return ipam, lambda: spec.update(ipam=json.dumps(ipam))
    config = json.loads(spec["config"])
    ipam = config.get("plugins", [config])[0]["ipam"]
    return ipam, lambda: spec.update(config=json.dumps(config))


def change_ipam(bundle: Bundle, change: Callable[[dict[str, Any]], object]) -> None:
    ipam, put_back = ipam_of(bundle.network())
    change(ipam)
    put_back()


@mutation
def pool_type_forgotten(bundle):
    change_ipam(bundle, lambda ipam: ipam.pop("poolType"))


@mutation
def pool_type_ippool(bundle):
    change_ipam(bundle, lambda ipam: ipam.update(poolType="ippool"))


@mutation
def pool_type_misspelt(bundle):
    change_ipam(bundle, lambda ipam: ipam.update(poolType="cidr-pool"))


@mutation
def pool_name_of_another_rail(bundle):
    names = [pool["metadata"]["name"] for pool in bundle.of("CIDRPool")]
    network = bundle.network()
    names.remove(network["metadata"]["name"])
    ipam, put_back = ipam_of(network)
    ipam["poolName"] = bundle.random.choice(names)
    put_back()


@mutation
def pool_name_of_none(bundle):
    change_ipam(bundle, lambda ipam: ipam.update(poolName="rails"))


@mutation
def pool_names_two(bundle):
    names = [pool["metadata"]["name"] for pool in bundle.of("CIDRPool")]
    change_ipam(bundle, lambda ipam: ipam.update(poolName=",".join(names[:2])))


@mutation
def ipam_whereabouts(bundle):
    change_ipam(bundle, lambda ipam: ipam.update(type="whereabouts"))


@mutation
def ipam_left_out(bundle):
    change_ipam(bundle, lambda ipam: ipam.clear())


@mutation
def ipam_with_a_comma_too_many(bundle):
    spec = bundle.network()["spec"]
    key = "ipam" if "ipam" in spec else "config"
    spec[key] = spec[key][:-1] + ",}"


@mutation
def ipam_with_a_quote(bundle):
    network = bundle.network()
    if network["kind"] != "HostDeviceNetwork":
        return False
    network["spec"]["ipam"] = network["spec"]["ipam"].replace('"nv-ipam"', "'nv-ipam'")
    return True


@mutation
def resource_of_another_rail(bundle):
    networks = bundle.of("HostDeviceNetwork", "NetworkAttachmentDefinition")
    one, two = bundle.random.sample(networks, 2)
    holder, key = resource_of(one)
    holder[key] = resource_of(two)[0][key]


@mutation
def resources_swapped(bundle):
    networks = bundle.of("HostDeviceNetwork", "NetworkAttachmentDefinition")
    one, two = bundle.random.sample(networks, 2)
    (first, key), (second, _) = resource_of(one), resource_of(two)
    first[key], second[key] = second[key], first[key]


@mutation
def resource_of_none(bundle):
    holder, key = resource_of(bundle.network())
    holder[key] += "0"


@mutation
def resource_left_out(bundle):
    holder, key = resource_of(bundle.network())
    del holder[key]


@mutation
def network_in_another_namespace(bundle):
    network = bundle.network()
    if network["kind"] == "HostDeviceNetwork":
        network["spec"]["networkNamespace"] = "elsewhere"
    else:
        network["metadata"]["namespace"] = "elsewhere"


@mutation
def network_renamed(bundle):
    bundle.network()["metadata"]["name"] += "-net"


@mutation
def network_named_as_a_number(bundle):
    network = bundle.network()
    if network["kind"] != "HostDeviceNetwork":
        return False
    network["metadata"]["name"] = "1"
    return True


@mutation
def network_left_out(bundle):
    drop(bundle, "HostDeviceNetwork", "NetworkAttachmentDefinition")


@mutation
def tuned_mtu(bundle):
    network = bundle.network()
    if network["kind"] != "NetworkAttachmentDefinition":
        return False
    config = json.loads(network["spec"]["config"])
    tuning = {"type": "tuning", "mtu": 1500}
    head = {key: config.pop(key) for key in ("cniVersion", "name")}
    plugins = config.get("plugins", [config])
    network["spec"]["config"] = json.dumps({**head, "plugins": [*plugins, tuning]})
    return True


# -- the device plugin ----------------------------------------------------------------


def change_config(
    bundle: Bundle, change: Callable[[list[dict[str, Any]]], object]
) -> object:
    section = bundle.policy()["spec"]["sriovDevicePlugin"]
    config = json.loads(section["config"])
    done = change(config["resourceList"])
    section["config"] = json.dumps(config)
    return done


def some_resource(bundle: Bundle, change: Callable[[dict[str, Any]], object]) -> object:
    return change_config(bundle, lambda listed: change(bundle.random.choice(listed)))


@mutation
def pci_other(bundle):
    def change(resource):
        listed = resource["selectors"]["pciAddresses"]
        number = bundle.random.randrange(len(listed))
        listed[number] = listed[number][:-4] + "1f.0"

    some_resource(bundle, change)


@mutation
def pci_upper_case(bundle):
    def change(resource):
        listed = resource["selectors"]["pciAddresses"]
        upper = [address.upper() for address in listed]
        if upper == listed:
            return False
        resource["selectors"]["pciAddresses"] = upper
        return True

    return some_resource(bundle, change)


@mutation
def pci_short(bundle):
    def change(resource):
        listed = resource["selectors"]["pciAddresses"]
        resource["selectors"]["pciAddresses"] = [text[5:] for text in listed]

    some_resource(bundle, change)


@mutation
def pci_swapped(bundle):
    def change(listed):
        one, two = (r["selectors"] for r in bundle.random.sample(listed, 2))
        swapped = two["pciAddresses"], one["pciAddresses"]
        one["pciAddresses"], two["pciAddresses"] = swapped

    change_config(bundle, change)


@mutation
def pci_on_two(bundle):
    def change(listed):
        one, two = (r["selectors"] for r in bundle.random.sample(listed, 2))
        one["pciAddresses"] = [*one["pciAddresses"], two["pciAddresses"][0]]

    change_config(bundle, change)


@mutation
def pci_left_out(bundle):
    some_resource(bundle, lambda resource: resource["selectors"]["pciAddresses"].pop())


@mutation
def selector_by_vendor(bundle):
    some_resource(bundle, lambda r: r.update(selectors={"vendors": ["15b3"]}))


@mutation
def selector_by_name(bundle):
    some_resource(bundle, lambda r: r.update(selectors={"pfNames": ["eth_rail0"]}))


@mutation
def selector_misspelt(bundle):
    def change(resource):
        selectors = resource["selectors"]
        selectors["pciAdresses"] = selectors.pop("pciAddresses")

    some_resource(bundle, change)


@mutation
def selectors_empty(bundle):
    some_resource(bundle, lambda resource: resource.update(selectors=[]))


@mutation
def selectors_left_out(bundle):
    some_resource(bundle, lambda resource: resource.pop("selectors"))


@mutation
def resource_prefix_left_out(bundle):
    some_resource(bundle, lambda resource: resource.pop("resourcePrefix"))


@mutation
def resource_prefix_other(bundle):
    some_resource(bundle, lambda r: r.update(resourcePrefix="mellanox.com"))


@mutation
def resource_renamed(bundle):
    some_resource(bundle, lambda r: r.update(resourceName=r["resourceName"] + "0"))


@mutation
def resource_twice(bundle):
    change_config(bundle, lambda listed: listed.append(copy.deepcopy(listed[0])))


@mutation
def resource_not_listed(bundle):
    change_config(bundle, lambda listed: listed.pop())


@mutation
def resource_of_a_wrong_type(bundle):
    some_resource(bundle, lambda resource: resource.update(deviceType="netdevice"))


@mutation
def config_with_a_comment(bundle):
    section = bundle.policy()["spec"]["sriovDevicePlugin"]
    section["config"] += "// rails"


@mutation
def config_left_out(bundle):
    body = bundle.policy()
    path = next(p for p, b in bundle.bodies.items() if b is body)
    if path.startswith("patches/"):
        return False  # a patch may leave out what stays as it is
    del body["spec"]["sriovDevicePlugin"]["config"]
    return True


@mutation
def policy_renamed(bundle):
    policies = bundle.of("NicClusterPolicy")
    if not policies:
        return False
    policies[0]["metadata"]["name"] = "rails"
    return True


# -- the job --------------------------------------------------------------------------


def change_networks(bundle: Bundle, change: Callable[[list[str]], object]) -> None:
    annotations = bundle.role()["template"]["metadata"]["annotations"]
    listed = annotations[NETWORKS].split(", ")
    change(listed)
    annotations[NETWORKS] = ", ".join(listed)


def limits_of(role: dict[str, Any]) -> dict[str, Any]:
    return role["template"]["spec"]["containers"][0]["resources"]["limits"]


def rail_limit(bundle: Bundle, role: dict[str, Any]) -> str:
    names = [name for name in limits_of(role) if not name.endswith("/gpu")]
    return bundle.random.choice(names)


@mutation
def job_without_a_rail(bundle):
    change_networks(bundle, lambda listed: listed.pop())


@mutation
def job_in_another_order(bundle):
    change_networks(bundle, lambda listed: listed.insert(0, listed.pop()))


@mutation
def job_with_a_rail_twice(bundle):
    change_networks(bundle, lambda listed: listed.append(listed[0]))


@mutation
def job_with_a_comma_too_many(bundle):
    change_networks(bundle, lambda listed: listed.append(""))


@mutation
def job_with_an_unknown_network(bundle):
    change_networks(bundle, lambda listed: listed.append("storage-9"))


@mutation
def job_with_networks_of_another_namespace(bundle):
    def change(listed):
        listed[:] = [f"elsewhere/{name.rpartition('/')[2]}" for name in listed]

    change_networks(bundle, change)


@mutation
def job_with_networks_on_itself(bundle):
    job = bundle.of("PyTorchJob")[0]
    metadata = bundle.role()["template"]["metadata"]
    job["metadata"]["annotations"] = metadata.pop("annotations")


@mutation
def job_without_networks(bundle):
    del bundle.role()["template"]["metadata"]


@mutation
def job_without_a_limit(bundle):
    role = bundle.role()
    del limits_of(role)[rail_limit(bundle, role)]


@mutation
def job_with_a_limit_of_two(bundle):
    role = bundle.role()
    limits_of(role)[rail_limit(bundle, role)] = 2


@mutation
def job_with_a_request_alone(bundle):
    role = bundle.role()
    name = rail_limit(bundle, role)
    resources = role["template"]["spec"]["containers"][0]["resources"]
    resources["requests"] = {name: resources["limits"].pop(name)}


@mutation
def job_with_another_request(bundle):
    role = bundle.role()
    name = rail_limit(bundle, role)
    resources = role["template"]["spec"]["containers"][0]["resources"]
    resources["requests"] = {name: 2}


@mutation
def job_on_the_host_network(bundle):
    bundle.role()["template"]["spec"]["hostNetwork"] = True


@mutation
def job_with_too_many_workers(bundle):
    specs = bundle.of("PyTorchJob")[0]["spec"]["pytorchReplicaSpecs"]
    if "Worker" not in specs:
        return False
    specs["Worker"]["replicas"] += 1
    return True


@mutation
def job_in_another_namespace(bundle):
    bundle.of("PyTorchJob")[0]["metadata"]["namespace"] = "training-2"
    return all("/" not in name for name in networks_of(bundle))


@mutation
def job_with_limits_on_an_init_container(bundle):
    role = bundle.role()
    name = rail_limit(bundle, role)
    amount = limits_of(role).pop(name)
    init = {
        "name": "prepare",
        "image": "busybox",
        "resources": {"limits": {name: amount}},
    }
    role["template"]["spec"]["initContainers"] = [init]


# -- what the mutations share -----------------------------------------------------------


def networks_of(bundle: Bundle) -> list[str]:
    annotations = bundle.role()["template"]["metadata"]["annotations"]
    return annotations[NETWORKS].split(", ")


def by_index(pool: dict[str, Any], entry: dict[str, Any]) -> str:
    """The gateway that gatewayIndex gives an entry without one."""
    return str(ip_network(entry["prefix"])[pool["gatewayIndex"]])


def two_entries(bundle: Bundle) -> list[dict[str, Any]]:
    return bundle.random.sample(bundle.pool()["staticAllocations"], 2)


def move(entry: dict[str, Any], links: int) -> None:
    """Move prefix and gateway of an entry by so many links."""
    network = ip_network(entry["prefix"])
    by = links * network.num_addresses
    entry["prefix"] = f"{network[0] + by}/{network.prefixlen}"
    entry["gateway"] = str(ip_address(entry["gateway"]) + by)


def selector(operator: str, name: str) -> dict[str, Any]:
    field = {"key": "metadata.name", "operator": operator, "values": [name]}
    return {"nodeSelectorTerms": [{"matchFields": [field]}]}


def resource_of(network: dict[str, Any]) -> tuple[dict[str, Any], str]:
    if network["kind"] == "HostDeviceNetwork":
        return network["spec"], "resourceName"
    return network["metadata"]["annotations"], "k8s.v1.cni.cncf.io/resourceName"


def drop(bundle: Bundle, *kinds: str) -> None:
    paths = [p for p, body in bundle.bodies.items() if body["kind"] in kinds]
    del bundle.bodies[bundle.random.choice(paths)]


def mutants(original: Bundle, times: int) -> Iterator[tuple[str, Bundle]]:
    """Each mutation several times, at random places; only what really changed."""
    for name, change in MUTATIONS.items():
        for _ in range(times):
            mutant = original.copy()
            if change(mutant) is not False and mutant.bodies != original.bodies:
                yield name, mutant
