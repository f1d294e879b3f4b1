"""The hosts of fixtures/live: Netplan, and what kernel and LLDP of each say of it.

Two units of four hosts with two rails, each rail of a unit on a leaf of its own. The
listings have the form of iproute2 6.1 and lldpd 1.0; every other host's LLDP is of the
form json0.
"""

from __future__ import annotations

import json
from typing import Any

HEAD = "network:\n  version: 2\n  ethernets:\n"
BUSES = (0x7A, 0x83)
UNIT = 4
RAILS = (1, 2)
FOREVER = 4294967295


def unit_of(host: int) -> int:
    return host // UNIT


def addresses(rail: int, host: int) -> tuple[str, str]:
    """The NIC's and the leaf's, in the /24 of the unit and rail."""
    start = f"172.{14 + 2 * rail}.{unit_of(host)}."
    low = 2 * (host % UNIT)
    return f"{start}{low}", f"{start}{low + 1}"


def cidr(rail: int) -> str:
    return f"172.{14 + 2 * rail}.0.0/15"


def name(rail: int) -> str:
    return f"eth_rail{rail - 1}"


def leaf(rail: int, host: int) -> str:
    return f"leaf-su{unit_of(host)}-r{rail - 1}"


def files(host: int) -> dict[str, str]:
    interfaces = [_lo(), _eno1(host), *(_nic(rail, host) for rail in RAILS)]
    links = [{k: v for k, v in i.items() if k != "addr_info"} for i in interfaces]
    return {
        "etc/netplan/50-management.yaml": management(host),
        "etc/netplan/70-rails.yaml": HEAD + "".join(_block(r, host) for r in RAILS),
        "ip-link.json": _listing(links),
        "ip-addr.json": _listing(interfaces),
        "ip-route.json": _listing(routes(host)),
        "ip-rule.json": _listing(rules(is_6=False)),
        "ip-rule6.json": _listing(rules(is_6=True)),
        "lldp.json": json.dumps(lldp(host, is_json0=host % 2 == 1), indent=2) + "\n",
    }


def _listing(entries: list[dict[str, Any]]) -> str:
    """On one line, as ``ip -j`` writes it."""
    return json.dumps(entries, separators=(",", ":")) + "\n"


def management(host: int) -> str:
    return f"""{HEAD}    eno1:
      addresses: [10.20.0.{host + 2}/24]
      routes: [{{to: default, via: 10.20.0.1}}]
"""


def _block(rail: int, host: int) -> str:
    nic, gateway = addresses(rail, host)
    return f"""    {name(rail)}:
      mtu: 9216
      dhcp4: false
      link-local: []
      addresses: [{nic}/31]
      routes:
        - to: {cidr(rail)}
          via: {gateway}
"""


# -- ip ---------------------------------------------------------------------------


def _lo() -> dict[str, Any]:
    local = [("inet", "127.0.0.1", 8), ("inet6", "::1", 128)]
    return {
        "ifindex": 1,
        "ifname": "lo",
        "flags": ["LOOPBACK", "UP", "LOWER_UP"],
        "mtu": 65536,
        "operstate": "UNKNOWN",
        "link_type": "loopback",
        "address": "00:00:00:00:00:00",
        "addr_info": [_address(*each, scope="host", label="lo") for each in local],
    }


def _address(
    family: str, local: str, length: int, *, scope: str = "global", label: str
) -> dict[str, Any]:
    labelled = {"label": label} if family == "inet" else {}
    return {
        "family": family,
        "local": local,
        "prefixlen": length,
        "scope": scope,
        **labelled,
        "valid_life_time": FOREVER,
        "preferred_life_time": FOREVER,
    }


def _interface(
    index: int, label: str, mtu: int, mac: str, *more: Any
) -> dict[str, Any]:
    return {
        "ifindex": index,
        "ifname": label,
        "flags": ["BROADCAST", "MULTICAST", "UP", "LOWER_UP"],
        "mtu": mtu,
        "qdisc": "mq",
        "operstate": "UP",
        "group": "default",
        "txqlen": 1000,
        "link_type": "ether",
        "address": mac,
        "broadcast": "ff:ff:ff:ff:ff:ff",
        "addr_info": list(more),
    }


def mac(rail: int, host: int) -> str:
    return f"02:00:00:00:{host:02x}:{rail:02x}"


def _eno1(host: int) -> dict[str, Any]:
    own = _address("inet", f"10.20.0.{host + 2}", 24, label="eno1")
    local = _address("inet6", f"fe80::ff:fe00:{host:x}00", 64, scope="link", label="")
    return _interface(2, "eno1", 1500, mac(0, host), own, local)


def _nic(rail: int, host: int) -> dict[str, Any]:
    own = _address("inet", addresses(rail, host)[0], 31, label=name(rail))
    nic = _interface(rail + 2, name(rail), 9216, mac(rail, host), own)
    bus = BUSES[rail - 1]
    more = {"parentbus": "pci", "parentdev": f"0000:{bus:02x}:00.0"}
    return {**nic, **more, "altnames": [f"enp{bus}s0f0np0"]}


def routes(host: int) -> list[dict[str, Any]]:
    found = [_route("default", "eno1", gateway="10.20.0.1")]
    found.append(_connected("10.20.0.0/24", "eno1", f"10.20.0.{host + 2}"))
    for rail in RAILS:
        nic, gateway = addresses(rail, host)
        found.append(_route(cidr(rail), name(rail), gateway=gateway))
        found.append(_connected(f"{nic}/31", name(rail), nic))
        found.append(_local(nic, name(rail)))
    found.append(_local("127.0.0.1", "lo"))
    six = {"dev": "eno1", "protocol": "kernel", "metric": 256, "flags": []}
    found.append({"dst": "fe80::/64", **six, "pref": "medium"})
    return found


def _route(dst: str, dev: str, **more: str) -> dict[str, Any]:
    return {"dst": dst, **more, "dev": dev, "protocol": "static", "flags": []}


def _connected(dst: str, dev: str, source: str) -> dict[str, Any]:
    end = {"scope": "link", "prefsrc": source, "flags": []}
    return {"dst": dst, "dev": dev, "protocol": "kernel", **end}


def _local(address: str, dev: str) -> dict[str, Any]:
    head = {"type": "local", "dst": address, "dev": dev, "table": "local"}
    end = {"protocol": "kernel", "scope": "host", "prefsrc": address, "flags": []}
    return {**head, **end}


def rules(*, is_6: bool) -> list[dict[str, Any]]:
    tables = {0: "local", 32766: "main"} | ({} if is_6 else {32767: "default"})
    return [
        {"priority": priority, "src": "all", "table": table}
        for priority, table in tables.items()
    ]


# -- LLDP -------------------------------------------------------------------------


def chassis(rail: int, host: int) -> str:
    return f"02:00:00:fe:{unit_of(host):02x}:{rail:02x}"


def lldp(host: int, *, is_json0: bool) -> dict[str, Any]:
    port = f"swp{host % UNIT + 1}"
    heard = [("eno1", "oob-1", "02:00:00:ff:00:00", f"swp{host + 1}")]
    heard += [(name(r), leaf(r, host), chassis(r, host), port) for r in RAILS]
    return lldp_of(heard, is_json0=is_json0)


def lldp_of(
    heard: list[tuple[str, str, str, str]], *, is_json0: bool
) -> dict[str, Any]:
    """(interface, switch, its chassis ID, its port) as lldpctl writes it."""
    made = [(_json0 if is_json0 else _json)(n, *each) for n, each in enumerate(heard)]
    return {"lldp": [{"interface": made}] if is_json0 else {"interface": made}}


def _json(
    number: int, dev: str, switch: str, chassis_id: str, port: str
) -> dict[str, Any]:
    body = {
        "id": {"type": "mac", "value": chassis_id},
        "descr": "Cumulus Linux",
        "capability": [
            {"type": "Bridge", "enabled": True},
            {"type": "Router", "enabled": True},
        ],
    }
    return {
        dev: {
            "via": "LLDP",
            "rid": str(number + 1),
            "age": "12 days, 01:02:03",
            "chassis": {switch: body},
            "port": {
                "id": {"type": "ifname", "value": port},
                "descr": port,
                "ttl": "120",
            },
        }
    }


def _json0(
    number: int, dev: str, switch: str, chassis_id: str, port: str
) -> dict[str, Any]:
    return {
        "name": dev,
        "via": "LLDP",
        "rid": str(number + 1),
        "age": "12 days, 01:02:03",
        "chassis": [
            {
                "id": [{"type": "mac", "value": chassis_id}],
                "name": [{"value": switch}],
                "descr": [{"value": "Cumulus Linux"}],
                "capability": [
                    {"type": "Bridge", "enabled": True},
                    {"type": "Router", "enabled": True},
                ],
            }
        ],
        "port": [
            {
                "id": [{"type": "ifname", "value": port}],
                "descr": [{"value": port}],
                "ttl": [{"value": "120"}],
            }
        ],
    }
