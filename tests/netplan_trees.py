"""Random host trees of Netplan files, as text and without the package under test."""

from __future__ import annotations

import json
import re

from hypothesis import strategies as st

NICS = ("eno1", "enp122s0f0np0", "rail0")
_PLAIN = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./:+-]*")

boolean = st.sampled_from(["true", "false", "yes", "no", "on", "off", "Y", "n", "True"])
number = st.sampled_from(["0", "1", "7", "1500", "9216", "0x10", "010", " 5", "+3"])
odd_number = st.sampled_from(["-1", "4294967295", "4294967296", "9k", "", "1.5"])
nic = st.sampled_from(NICS)


def mostly(usual: st.SearchStrategy, rare: st.SearchStrategy) -> st.SearchStrategy:
    """The rare one in about one of fifty draws."""
    return st.integers(0, 49).flatmap(lambda n: rare if n == 0 else usual)


unsigned = mostly(number, odd_number)
octet = st.integers(0, 3).map(str)
ip4 = st.builds("172.16.{}.{}".format, octet, octet)
ip6 = st.builds("fd00:{}::{}".format, octet, octet)
bad_ip = st.sampled_from(["172.16.0", "172.16.0.256", "172.016.0.1", "fd00:::1", "x"])
ip = mostly(st.one_of(ip4, ip4, ip6), bad_ip)
length4 = mostly(st.sampled_from(["31", "30", "24"]), st.sampled_from(["33", "0", ""]))
address4 = st.builds("{}/{}".format, ip4, length4)
address6 = st.builds("{}/{}".format, ip6, st.sampled_from(["127", "64"]))
address = mostly(st.one_of(address4, address4, address6), st.one_of(ip4, bad_ip))
prefix4 = st.builds("172.{}.0.0/{}".format, st.integers(16, 19), st.integers(12, 16))
mac = st.builds(
    "02:00:00:00:{:02x}:{:02x}".format, st.integers(0, 3), st.integers(0, 9)
)


def pairs(**keys: st.SearchStrategy) -> st.SearchStrategy:
    """Some of the keys, in any order; ``_`` in a name is ``-``."""
    named = {name.replace("_", "-"): value for name, value in keys.items()}
    some = st.lists(st.sampled_from(sorted(named)), unique=True, max_size=6)
    return some.flatmap(
        lambda names: st.fixed_dictionaries({name: named[name] for name in names})
    )


def several(item: st.SearchStrategy, most: int = 3) -> st.SearchStrategy:
    return st.lists(item, max_size=most)


options = pairs(
    label=st.sampled_from(["rail", "rail:1", "x" * 16]),
    lifetime=st.sampled_from(["0", "forever", "FOREVER", "5"]),
)
address_entry = mostly(
    address, st.builds(lambda text, chosen: {text: chosen}, address4, options)
)
route = st.builds(
    lambda via, more: {"to": more.pop("to", "172.16.0.0/12"), "via": via, **more},
    ip4,
    pairs(
        to=mostly(st.one_of(prefix4, st.just("default")), ip),
        table=unsigned,
        metric=unsigned,
        on_link=boolean,
        scope=mostly(st.sampled_from(["global", "link", "host"]), st.just("site")),
        type=mostly(st.sampled_from(["unicast", "blackhole", "local"]), st.just("any")),
        mtu=unsigned,
    )
    | st.fixed_dictionaries({"from": ip4}),
)
policy = st.builds(
    lambda source, more: {"from": source, **more},
    mostly(ip4, address4),
    pairs(
        to=prefix4,
        table=unsigned,
        priority=unsigned,
        mark=unsigned,
        type_of_service=unsigned,
    ),
)
overrides = pairs(
    use_dns=boolean,
    use_routes=boolean,
    route_metric=unsigned,
    hostname=st.just("node"),
    use_domains=st.just("route"),
    send_hostname=boolean,
)
common = {
    "addresses": several(address_entry),
    "routes": several(route),
    "routing-policy": several(policy, 2),
    "dhcp4": boolean,
    "dhcp6": boolean,
    "accept-ra": boolean,
    "optional": boolean,
    "critical": boolean,
    "ignore-carrier": boolean,
    "mtu": unsigned,
    "ipv6-mtu": unsigned,
    "ipv6-privacy": boolean,
    "link-local": several(
        mostly(st.sampled_from(["ipv4", "ipv6", "IPv4"]), st.just("ip")), 2
    ),
    "macaddress": mostly(mac, st.just("02:00:00:00:00")),
    "nameservers": pairs(
        addresses=several(ip),
        search=several(st.sampled_from(["a.example", "b.example"])),
    ),
    "dhcp4-overrides": overrides,
    "dhcp-identifier": mostly(st.sampled_from(["mac", "duid"]), st.just("iaid")),
    "optional-addresses": several(
        mostly(st.sampled_from(["ipv4-ll", "dhcp4", "static"]), st.just("all")), 2
    ),
    "activation-mode": mostly(st.sampled_from(["manual", "off"]), st.just("up")),
}
ethernet = {
    **common,
    "match": pairs(
        name=nic, macaddress=mac, driver=st.sampled_from(["mlx5_core", "ixgbe"])
    ),
    "set-name": st.sampled_from(["rail0", "rail1"]),
    "wakeonlan": boolean,
    "emit-lldp": boolean,
    "receive-checksum-offload": boolean,
    "tcp-segmentation-offload": boolean,
    "virtual-function-count": number,
    "infiniband-mode": st.sampled_from(["datagram", "connected"]),
}
bond = {
    **common,
    "interfaces": several(nic),
    "parameters": pairs(
        mode=mostly(st.sampled_from(["802.3ad", "active-backup"]), st.just("lacp")),
        lacp_rate=st.just("fast"),
        mii_monitor_interval=number,
        min_links=unsigned,
        transmit_hash_policy=st.just("layer3+4"),
        primary=nic,
    ),
}
bridge = {
    **common,
    "interfaces": several(nic),
    "parameters": pairs(
        stp=boolean,
        priority=unsigned,
        forward_delay=number,
        path_cost=st.dictionaries(nic, unsigned, max_size=1),
    ),
}
vlan = {
    **common,
    "id": mostly(st.sampled_from(["0", "7", "4094"]), st.just("4095")),
    "link": nic,
}
vrf = {
    "table": number,
    "interfaces": several(nic, 2),
    "routes": several(st.fixed_dictionaries({"to": prefix4, "via": ip4}), 2),
}
SECTIONS = {
    "ethernets": (ethernet, ("eno1", "enp122s0f0np0", "rail0")),
    "bonds": (bond, ("bond0", "rail0")),
    "bridges": (bridge, ("br0",)),
    "vlans": (vlan, ("vlan7",)),
    "vrfs": (vrf, ("vrf1",)),
}
ALWAYS = {"vlans": ("id", "link"), "vrfs": ("table",)}


@st.composite
def section(draw, name):
    """Definitions of one section; what netplan requires is mostly there."""
    keys, ids = SECTIONS[name]
    found = {}
    for identity in draw(st.lists(st.sampled_from(ids), unique=True, min_size=1)):
        chosen = draw(st.lists(st.sampled_from(sorted(keys)), unique=True, max_size=6))
        if draw(st.integers(0, 19)):
            chosen += [key for key in ALWAYS.get(name, ()) if key not in chosen]
        if "set-name" in chosen and "match" not in chosen and draw(st.integers(0, 9)):
            chosen.append("match")
        if not draw(st.integers(0, 99)):
            chosen.append("mtuu")
        found[identity] = {key: draw(keys.get(key, number)) for key in chosen}
    return found


@st.composite
def document(draw):
    names = draw(st.lists(st.sampled_from(sorted(SECTIONS)), unique=True, max_size=3))
    network = {"version": "2"} if draw(st.integers(0, 9)) else {}
    if not draw(st.integers(0, 4)):
        network["renderer"] = "networkd"
    everywhere = {"ethernets": {name: {} for name in NICS}}
    body = {name: draw(section(name)) for name in names}
    if draw(st.integers(0, 9)):
        body = everywhere | body
        body["ethernets"] = everywhere["ethernets"] | body["ethernets"]
    keys = draw(st.permutations(sorted(body)))
    return {"network": network | {name: body[name] for name in keys}}


FILES = tuple(
    f"{place}/netplan/{name}.yaml"
    for place in ("lib", "etc", "run")
    for name in ("10-a", "50-cloud-init", "9-b")
)


@st.composite
def tree(draw):
    """Relative path to YAML text, one to three files of a host."""
    paths = draw(st.lists(st.sampled_from(FILES), unique=True, min_size=1, max_size=3))
    return {path: text(draw(document())) for path in sorted(paths)}


def text(node: object, indent: str = "") -> str:
    """Block style, since that is what people write; plain where it can be."""
    if isinstance(node, dict) and node:
        return "".join(
            f"{indent}{scalar(key)}:{nested(value, indent)}"
            for key, value in node.items()
        )
    if isinstance(node, list) and node:
        lines = []
        for item in node:
            inner = (
                text(item, indent + "  ")
                if isinstance(item, dict | list) and item
                else f"{indent}  {flow(item)}\n"
            )
            lines.append(f"{indent}- {inner[len(indent) + 2 :]}")
        return "".join(lines)
    return f"{indent}{flow(node)}\n"


def nested(value: object, indent: str) -> str:
    if isinstance(value, dict | list) and value:
        return "\n" + text(value, indent + "  ")
    return f" {flow(value)}\n"


def flow(value: object) -> str:
    return scalar(value) if isinstance(value, str) else "{}" if value == {} else "[]"


def scalar(value: str) -> str:
    return (
        value
        if _PLAIN.fullmatch(value) and not value.endswith(":")
        else json.dumps(value)
    )
