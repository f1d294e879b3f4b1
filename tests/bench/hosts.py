"""Generated fleets: four house styles mixed, one to three files a host."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

from tests.fixtures_build.build import interface as names
from tests.fixtures_build.build import management, storage

RAILS = range(1, 9)
COMMENT = "# Managed by the site's configuration tool; changes are overwritten.\n"


def ends(host: int, rail: int) -> tuple[str, str, str]:
    """NIC, leaf and the rail's CIDR; 16,384 hosts fit."""
    base = int(ip_address(f"172.{16 + 2 * (rail - 1)}.0.0"))
    unit, index = divmod(host, 32)
    low = base + 256 * unit + 2 * index
    return str(ip_address(low)), str(ip_address(low + 1)), f"{ip_address(base)}/15"


def block_style(host: int, rails: range = RAILS) -> str:
    text = f"{COMMENT}network:\n  version: 2\n  ethernets:\n"
    for rail in rails:
        nic, leaf, cidr = ends(host, rail)
        text += f"""    {names(rail)}:
      # rail {rail}
      mtu: 9216
      dhcp4: false
      dhcp6: false
      link-local: []
      addresses:
        - {nic}/31
      routes:
        - to: {cidr}
          via: {leaf}
        - to: 172.16.0.0/12
          via: {leaf}
"""
    return text


def flow_style(host: int) -> str:
    text = "network:\n  version: 2\n  ethernets:\n"
    for rail in RAILS:
        nic, leaf, cidr = ends(host, rail)
        text += (
            f'    {names(rail)}: {{mtu: 9216, dhcp4: no, accept-ra: no, addresses: ["{nic}/31"],\n'
            f'      routes: [{{to: "{cidr}", via: "{leaf}"}}, {{to: "172.16.0.0/12", via: "{leaf}"}}]}}\n'
        )
    return text


def matched_style(host: int) -> str:
    text = "network:\n    version: 2\n    ethernets:\n"
    for rail in RAILS:
        nic, leaf, cidr = ends(host, rail)
        text += f"""        {names(rail)}:
            match:
                name: {names(rail)}
            set-name: {names(rail)}
            addresses: [{nic}/31]
            mtu: 9216
            optional: true
            routes:
            -   to: {cidr}
                via: {leaf}
            -   to: 172.16.0.0/12
                via: {leaf}
"""
    return text


def files(host: int) -> dict[str, str]:
    style = host % 4
    if style == 0:
        return {
            "50-cloud-init": management(host),
            "60-storage": storage(host),
            "70-rails": block_style(host),
        }
    if style == 1:
        return {"01-network": management(host), "60-rails": flow_style(host)}
    if style == 2:
        return {"60-rails": matched_style(host)}
    first, second = range(1, 5), range(5, 9)
    return {
        "50-cloud-init": management(host),
        "71-rails": block_style(host, first),
        "72-rails": block_style(host, second),
    }


def write(directory: Path, count: int) -> int:
    """Write the roots of a fleet; gives the bytes of all files."""
    total = 0
    for host in range(count):
        place = directory / f"worker-gpu-{host}/etc/netplan"
        place.mkdir(parents=True)
        for name, text in files(host).items():
            (place / f"{name}.yaml").write_text(text)
            total += len(text)
    return total
