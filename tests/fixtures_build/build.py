"""Writes the host trees of fixtures/: ``python -m tests.fixtures_build.build``.

Plain text templates and integers; the package under test takes no part.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path

from tests.fixtures_build import live

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
SLOTS = (0x7A, 0x83, 0x9B, 0xAD, 0xC6, 0xDF, 0x1A, 0x42)
UNIT = 32


def interface(rail: int) -> str:
    """The name systemd gives the NIC of a rail: the bus in decimal."""
    return f"enp{SLOTS[rail - 1]}s0f0np0"


def pci(rail: int) -> str:
    return f"0000:{SLOTS[rail - 1]:02x}:00.0"


def link(rail: int, host: int, *, is_odd: bool = False) -> tuple[str, str]:
    """The NIC's and the leaf's address; ``is_odd`` puts the NIC on the odd one."""
    unit, index = divmod(host, UNIT)
    low = int(ip_address(f"172.{16 + 2 * (rail - 1)}.{unit}.{2 * index}"))
    nic, leaf = (low + 1, low) if is_odd else (low, low + 1)
    return str(ip_address(nic)), str(ip_address(leaf))


def cidr(rail: int) -> str:
    return f"172.{16 + 2 * (rail - 1)}.0.0/15"


def rail_block(
    rail: int,
    host: int,
    *,
    name: str = "",
    is_odd: bool = False,
    lines: tuple[str, ...] = (),
    routes: tuple[str, ...] = (),
) -> str:
    nic, leaf = link(rail, host, is_odd=is_odd)
    text = f"    {name or interface(rail)}:\n"
    text += "".join(f"      {line}\n" for line in lines)
    text += "      mtu: 9216\n      dhcp4: false\n      link-local: []\n"
    text += f"      addresses:\n        - {nic}/31\n      routes:\n"
    for destination in routes or (cidr(rail), "172.16.0.0/12"):
        text += f"        - to: {destination}\n          via: {leaf}\n"
    return text


HEAD = "network:\n  version: 2\n  ethernets:\n"
CLOUD_INIT = """\
# This file is generated from information provided by the datasource.  Changes
# to it will not persist across an instance reboot.  To disable cloud-init's
# network configuration capabilities, write a file
# /etc/cloud/cloud.cfg.d/99-disable-network-config.cfg with the following:
# network: {config: disabled}
"""


def management(host: int) -> str:
    return f"""{CLOUD_INIT}network:
  version: 2
  renderer: networkd
  ethernets:
    eno1np0: {{dhcp4: false, optional: true}}
    eno2np1: {{dhcp4: false, optional: true}}
  bonds:
    bond0:
      interfaces: [eno1np0, eno2np1]
      parameters:
        mode: 802.3ad
        lacp-rate: fast
        mii-monitor-interval: 100
        transmit-hash-policy: layer3+4
      addresses: [10.20.{host // 250}.{host % 250 + 2}/16]
      nameservers:
        search: [cluster.example]
        addresses: [10.20.255.10, 10.20.255.11]
      routes:
        - to: default
          via: 10.20.255.254
"""


def storage(host: int) -> str:
    return f"""# Storage network, a VLAN of the management bond.
network:
  version: 2
  vlans:
    bond0.210:
      id: 210
      link: bond0
      mtu: 9000
      addresses: [10.21.{host // 250}.{host % 250 + 2}/16]
"""


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def reference_host(host: int) -> dict[str, str]:
    rails = "# RDMA rails 1 to 8, one routed /31 each.\n" + HEAD
    rails += "".join(rail_block(rail, host) for rail in range(1, 9))
    return {
        "etc/netplan/50-cloud-init.yaml": management(host),
        "etc/netplan/60-storage.yaml": storage(host),
        "etc/netplan/70-rails.yaml": rails,
    }


def fleet(
    count: int, files: Callable[[int], dict[str, str]], prefix: str
) -> dict[str, str]:
    made = {}
    for host in range(count):
        for name, text in files(host).items():
            made[f"{prefix}{host}/{name}"] = text
    return made


def ip_link(names: dict[int, str]) -> str:
    rows = [
        {
            "ifindex": rail + 1,
            "ifname": name,
            "flags": ["BROADCAST", "MULTICAST", "UP", "LOWER_UP"],
            "mtu": 9216,
            "operstate": "UP",
            "link_type": "ether",
            "address": f"02:00:00:00:00:{rail:02x}",
            "broadcast": "ff:ff:ff:ff:ff:ff",
            "permaddr": f"02:00:00:00:00:{rail:02x}",
            "parentbus": "pci",
            "parentdev": pci(rail),
        }
        for rail, name in names.items()
    ]
    return json.dumps(rows, indent=1) + "\n"


def simple(host: int, **options: object) -> dict[str, str]:
    blocks = "".join(rail_block(rail, host, **options) for rail in range(1, 9))  # type: ignore[arg-type]
    return {"etc/netplan/70-rails.yaml": HEAD + blocks}


def eth_rail(host: int) -> dict[str, str]:
    names = {rail: f"eth_rail{rail - 1}" for rail in range(1, 9)}
    blocks = "".join(rail_block(rail, host, name=names[rail]) for rail in names)
    return {"etc/netplan/70-rails.yaml": HEAD + blocks, "ip-link.json": ip_link(names)}


def per_rail_files(host: int) -> dict[str, str]:
    return {
        f"etc/netplan/7{rail}-rail-{rail}.yaml": HEAD + rail_block(rail, host)
        for rail in range(1, 9)
    }


def mac_match(host: int) -> dict[str, str]:
    blocks = ""
    for rail in range(1, 9):
        mac = f"02:00:00:00:{host:02x}:{rail:02x}"
        lines = (f"match: {{macaddress: {mac}}}", f"set-name: {interface(rail)}")
        blocks += rail_block(rail, host, name=f"rail{rail}", lines=lines)
    return {"etc/netplan/70-rails.yaml": HEAD + blocks}


def ipv6(host: int) -> dict[str, str]:
    blocks = ""
    for rail in range(1, 9):
        link_ = f"fd00:{rail}:0:{host:x}:"
        blocks += f"""    {interface(rail)}:
      mtu: 9216
      accept-ra: false
      addresses: ["{link_}:/127"]
      routes:
        - {{to: "fd00:{rail}::/32", via: "{link_}:1"}}
        - {{to: "fd00::/16", via: "{link_}:1"}}
"""
    return {"etc/netplan/70-rails.yaml": HEAD + blocks}


def two_models(host: int) -> dict[str, str]:
    """Four servers of one model, four of another with the NICs in other slots."""
    blocks = ""
    for rail in range(1, 9):
        name = f"enp{0x10 + 0x10 * rail}s0f0np0" if host >= 4 else interface(rail)
        blocks += rail_block(rail, host, name=name)
    return {"etc/netplan/70-rails.yaml": HEAD + blocks}


def multi_pod(host: int) -> dict[str, str]:
    """/29 links: the leaf first, the NIC second, pods take the rest."""
    blocks = ""
    for rail in range(1, 9):
        base = f"10.{rail}.0."
        low = 8 * host
        blocks += f"""    {interface(rail)}:
      mtu: 9216
      addresses: [{base}{low + 2}/29]
      routes:
        - {{to: 10.{rail}.0.0/16, via: {base}{low + 1}}}
"""
    return {"etc/netplan/70-rails.yaml": HEAD + blocks}


def four_rails(host: int) -> dict[str, str]:
    blocks = "".join(rail_block(rail, host) for rail in range(1, 5))
    return {"etc/netplan/70-rails.yaml": HEAD + blocks}


def policy_routing(host: int) -> dict[str, str]:
    blocks = ""
    for rail in range(1, 9):
        nic, leaf = link(rail, host)
        blocks += f"""    {interface(rail)}:
      mtu: 9216
      addresses: [{nic}/31]
      routes:
        - {{to: {cidr(rail)}, via: {leaf}}}
        - {{to: 172.16.0.0/12, via: {leaf}, table: {100 + rail}}}
      routing-policy:
        - {{from: {nic}/32, table: {100 + rail}}}
"""
    return {"etc/netplan/70-rails.yaml": HEAD + blocks}


def mixed_side(host: int) -> dict[str, str]:
    return simple(host, is_odd=host % 2 == 1)


def flat(count: int) -> dict[str, str]:
    return {
        f"worker-gpu-{host}.yaml": simple(host)["etc/netplan/70-rails.yaml"]
        for host in range(count)
    }


BASE_POLICY = """\
apiVersion: mellanox.com/v1alpha1
kind: NicClusterPolicy
metadata:
  creationTimestamp: "2026-01-05T08:00:00Z"
  generation: 4
  name: nic-cluster-policy
  resourceVersion: "48211"
  uid: 00000000-0000-4000-8000-000000000001
spec:
  ofedDriver:
    image: doca-driver
    repository: nvcr.io/nvidia/mellanox
    version: doca3.1.0-25.07-0.9.7.0-0
  nvIpam:
    image: nvidia-k8s-ipam
    repository: nvcr.io/nvidia/mellanox
    version: network-operator-v26.7.0
    enableWebhook: false
  sriovDevicePlugin:
    image: sriov-network-device-plugin
    repository: nvcr.io/nvidia/mellanox
    version: network-operator-v26.7.0
    config: |
      {"resourceList": [
        {"resourcePrefix": "nvidia.com", "resourceName": "storage",
         "selectors": {"isRdma": true, "pciAddresses": ["0000:05:00.0"]}},
        {"resourcePrefix": "nvidia.com", "resourceName": "rail-1",
         "selectors": {"isRdma": true, "pciAddresses": ["0000:01:00.0"]}}
      ]}
status:
  state: ready
"""
NODE_GROUPS = """\
# Two server models, each with a device-plugin configuration of its own.
operator_release: "26.7"
node_groups:
  - name: model-a
    nodes: ["worker-gpu-[0-3]"]
    node_selector: {example.com/model: a}
  - name: model-b
    nodes: ["worker-gpu-[4-7]"]
    node_selector: {example.com/model: b}
"""
ADMISSION = """\
# The operator's webhook refuses a hyphen in a resource.
admission_controller: true
operator_release: "25.10"
first_rail: 0
job:
  ipc_lock: true
"""


def swapped_models(host: int) -> dict[str, str]:
    """Two models of which each has the other's PCI addresses on other rails."""
    names = {rail: interface(rail if host < 4 else 9 - rail) for rail in range(1, 9)}
    blocks = "".join(rail_block(rail, host, name=names[rail]) for rail in names)
    return {"etc/netplan/70-rails.yaml": HEAD + blocks}


def table_rows(count: int) -> str:
    rows = ["node,interface,pci"]
    for host in range(count):
        rows += [f"worker-gpu-{host},eth_rail{r - 1},{pci(r)}" for r in range(1, 9)]
    return "\n".join(rows) + "\n"


def eth_rail_alone(host: int) -> dict[str, str]:
    return {"etc/netplan/70-rails.yaml": eth_rail(host)["etc/netplan/70-rails.yaml"]}


# Files beside hosts/, by fixture.
BESIDE = {
    "base-policy": {"nicclusterpolicy.yaml": BASE_POLICY},
    "node-groups": {"netplan2k8s.yaml": NODE_GROUPS},
    "admission-controller": {"netplan2k8s.yaml": ADMISSION},
    "table": {"inventory.csv": table_rows(4)},
}

VALID: dict[str, Callable[[], dict[str, str]]] = {
    "reference": lambda: fleet(64, reference_host, "worker-gpu-"),
    "eth-rail-inventory": lambda: fleet(4, eth_rail, "worker-gpu-"),
    "per-rail-files": lambda: fleet(4, per_rail_files, "worker-gpu-"),
    "mac-match": lambda: fleet(4, mac_match, "worker-gpu-"),
    "odd-side": lambda: fleet(4, lambda host: simple(host, is_odd=True), "worker-gpu-"),
    "ipv6": lambda: fleet(4, ipv6, "worker-gpu-"),
    "two-models": lambda: fleet(8, two_models, "worker-gpu-"),
    "multi-pod": lambda: fleet(4, multi_pod, "worker-gpu-"),
    "flat": lambda: flat(4),
    "four-rails": lambda: fleet(4, four_rails, "worker-gpu-"),
    "policy-routing": lambda: fleet(4, policy_routing, "worker-gpu-"),
    "base-policy": lambda: fleet(2, simple, "worker-gpu-"),
    "full-policy": lambda: fleet(2, simple, "worker-gpu-"),
    "attachment-definitions": lambda: fleet(2, simple, "worker-gpu-"),
    "admission-controller": lambda: fleet(2, simple, "worker-gpu-"),
    "node-groups": lambda: fleet(8, swapped_models, "worker-gpu-"),
    "table": lambda: fleet(4, eth_rail_alone, "worker-gpu-"),
    "live": lambda: fleet(8, live.files, "worker-gpu-"),
    "mixed-side": lambda: fleet(4, mixed_side, "worker-gpu-"),
}


def invalid() -> Iterator[tuple[str, dict[str, str]]]:
    """(rule name, files): four sound hosts of two rails, and one thing wrong."""

    def sound(host: int) -> str:
        return HEAD + rail_block(1, host) + rail_block(2, host)

    def tree(change: Callable[[str], str], **more: str) -> dict[str, str]:
        files = {f"node-{h}/etc/netplan/70-rails.yaml": sound(h) for h in range(4)}
        files["node-2/etc/netplan/70-rails.yaml"] = change(sound(2))
        return files | {name.replace("__", "/"): text for name, text in more.items()}

    def swap(old: str, new: str, count: int = -1) -> dict[str, str]:
        assert old in sound(2), old
        return tree(lambda text: text.replace(old, new, count))

    first, second = interface(1), interface(2)
    rails = "node-2/etc/netplan/70-rails.yaml"
    late = "node-2/etc/netplan/90-override.yaml"
    yield "invalid-yaml", swap("  version: 2", "  version: [2")
    yield "unknown-key", swap("dhcp4: false", "dhcp5: false", 1)
    yield (
        "wrong-shape",
        swap("addresses:\n        - 172.16.0.4/31", "addresses: 172.16.0.4/31"),
    )
    yield "invalid-value", swap("mtu: 9216", "mtu: jumbo", 1)
    yield (
        "undefined-reference",
        tree(lambda t: t + "  vlans:\n    v7: {id: 7, link: bond7}\n"),
    )
    yield "conflicting-definition", tree(lambda t: t + f"  bonds:\n    {first}: {{}}\n")
    yield (
        "overlapping-prefix",
        tree(
            lambda t: t.replace("172.16.0.4/31", "172.16.0.2/31").replace(
                "172.16.0.5", "172.16.0.3"
            )
        ),
    )
    yield "gateway-outside-prefix", swap("via: 172.16.0.5", "via: 172.16.0.7")
    yield "gateway-is-host", swap("via: 172.16.0.5", "via: 172.16.0.4")
    yield (
        "no-gateway",
        tree(lambda t: t[: t.index("      routes:")] + t[t.index(f"    {second}") :]),
    )
    yield (
        "two-addresses",
        swap("- 172.16.0.4/31", "- 172.16.0.4/31\n        - 172.16.0.8/31"),
    )
    files = tree(str)
    files[late] = HEAD + f"    {first}:\n      addresses: [172.16.0.10/31]\n"
    yield "leftover-address", files
    yield (
        "default-route",
        swap("routes:", "routes:\n        - to: default\n          via: 172.16.0.5", 1),
    )
    yield "missing-rail", tree(lambda t: t[: t.index(f"    {second}")])
    yield "doubled-rail", tree(lambda t: t + rail_block(1, 40, name="enp99s0f0np0"))
    yield (
        "enslaved-rail",
        tree(lambda t: t + f"  bonds:\n    bond7: {{interfaces: [{first}]}}\n"),
    )
    yield (
        "outside-rail",
        tree(
            lambda t: t.replace("172.16.0.4/31", "172.30.0.4/31").replace(
                "172.16.0.5", "172.30.0.5"
            )
        ),
    )
    yield (
        "conflicting-routes",
        swap(
            "routes:", "routes:\n        - to: 10.0.0.0/8\n          via: 172.16.0.5", 1
        ),
    )
    yield (
        "unsupported-prefix",
        tree(
            lambda t: t.replace("172.16.0.4/31", "172.16.0.10/30").replace(
                "172.16.0.5", "172.16.0.9"
            )
        ),
    )
    files = tree(str)
    files[rails] = HEAD + "    eno1: {dhcp4: true}\n"
    yield "no-rails", files
    yield (
        "pci-on-two-rails",
        {
            f"node-{h}/etc/netplan/70-rails.yaml": HEAD
            + (
                rail_block(1, h, name=second) + rail_block(2, h, name=first)
                if h == 2
                else rail_block(1, h) + rail_block(2, h)
            )
            for h in range(4)
        },
    )
    yield "dynamic-address", swap("dhcp4: false", "dhcp4: true", 1)
    yield (
        "shadowed-rail",
        tree(
            lambda t: (
                t + '    all-nics:\n      match: {name: "en*"}\n      dhcp4: true\n'
            )
        ),
    )
    yield (
        "dual-stack",
        swap("- 172.16.0.4/31", '- 172.16.0.4/31\n        - "fd00::4/127"'),
    )
    yield (
        "disagreeing-gateways",
        {
            f"node-{h}/etc/netplan/70-rails.yaml": HEAD
            + f"""    {first}:
      addresses: [10.1.0.{8 * h + 2}/29]
      routes:
        - {{to: 10.1.0.0/16, via: 10.1.0.{8 * h + 1}}}
        - {{to: 10.0.0.0/8, via: 10.1.0.{8 * h + (3 if h == 2 else 1)}}}
"""
            for h in range(4)
        },
    )
    yield (
        "unknown-cidr",
        {
            f"node-{h}/etc/netplan/70-rails.yaml": HEAD
            + rail_block(1, h, routes=("10.0.0.0/8",))
            for h in range(4)
        },
    )
    yield "loose-address", swap("172.16.0.4/31", "172.16.0.4/+31")
    yield (
        "virtual-functions",
        swap("mtu: 9216", "mtu: 9216\n      virtual-function-count: 8", 1),
    )
    yield (
        "unknown-pci",
        {
            name: text.replace(first, "eth1").replace(second, "eth2")
            for name, text in tree(str).items()
        },
    )
    files = tree(str)
    files["node-2/ip-link.json"] = ip_link({1: second, 2: first})
    yield "contradicting-pci", files
    files = tree(str)
    files["node-2/ip-link.json"] = '[{"ifname": "enp1s0",\n'
    yield "unreadable-inventory", files
    yield (
        "not-a-physical-function",
        {name: text.replace(first, "enp122s0f0v3") for name, text in tree(str).items()},
    )
    files = {n.replace("node-2/", "Node_2/"): text for n, text in tree(str).items()}
    yield "invalid-node-name", files
    files = tree(str)
    files["node-2/70-rails.yaml"] = files.pop(rails)
    yield "file-as-node", files
    yield (
        "duplicate-node",
        {
            f"{pod}/{name}": text
            for pod in ("pod-a", "pod-b")
            for name, text in tree(str).items()
        },
    )
    yield (
        "alias-expansion",
        {
            "node-0.yaml": "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
            + "".join(
                f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 10)}]\n"
                for n in range(8)
            )
        },
    )
    yield "no-hosts", {"README.txt": "no hosts here\n"}


def main() -> None:
    for name, make in VALID.items():
        hosts = FIXTURES / name / "hosts"
        shutil.rmtree(hosts, ignore_errors=True)
        write(hosts, make())
        write(hosts.parent, BESIDE.get(name, {}))
    for name, files in invalid():
        hosts = FIXTURES / "invalid" / name / "hosts"
        shutil.rmtree(hosts, ignore_errors=True)
        write(hosts, files)
    sys.stdout.write(f"wrote {FIXTURES}\n")


if __name__ == "__main__":
    main()
