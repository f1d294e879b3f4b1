"""Reading netplan2k8s.yaml: every mistake named at its place, unknown keys included."""

from __future__ import annotations

import os
from dataclasses import fields
from typing import Any

from netplan2k8s import settings_values as read
from netplan2k8s.findings import Finding, InputError
from netplan2k8s.inputs import read_bytes
from netplan2k8s.settings import (
    OPERATOR_RELEASES,
    SETTINGS_FILE,
    JobSettings,
    NodeGroup,
    RailSetting,
    Settings,
)
from netplan2k8s.source import parse

COMPONENTS = ("sriovDevicePlugin", "nvIpam", "multus", "cniPlugins")
META_PLUGINS = ("rdma", "sbr", "tuning")


def find(directory: str) -> str | None:
    """The nearest netplan2k8s.yaml in the directory or above it."""
    current = os.path.abspath(directory)
    while True:
        candidate = os.path.join(current, SETTINGS_FILE)
        if os.path.isfile(candidate):
            return os.path.relpath(candidate) if directory == "." else candidate
        parent = os.path.dirname(current)
        if parent == current:
            return None
        current = parent


def load(path: str) -> Settings:
    """Read the settings of a site.

    Raises:
        InputError: NK001, NK008 or NK020, every mistake of the file at once.
    """
    root = parse(read_bytes(path), path, marks=True)
    if root is None:
        return Settings()
    findings: list[Finding] = []
    values = read.mapping(_SETTINGS)(read.Place(root, "the settings", path, findings))
    if findings:
        raise InputError(*findings)
    return _settings(values, os.path.dirname(path))


def _settings(values: dict[str, Any], directory: str) -> Settings:
    known = {field.name for field in fields(Settings)}
    arguments = {name: value for name, value in values.items() if name in known}
    for name in ("node_names",):
        if arguments.get(name):
            arguments[name] = os.path.join(directory, arguments[name])
    if "inventory" in arguments:
        arguments["inventory"] = tuple(
            os.path.join(directory, file) for file in arguments["inventory"]
        )
    if "job" in arguments:
        arguments["job"] = JobSettings(**arguments["job"])
    return Settings(**arguments)


_RAIL = read.mapping(
    {
        "number": read.count(0, 255),
        "name": read.NAME,
        "interface": read.text,
        "mac": read.list_of(read.mac),
        "pci": read.list_of(read.pci_address),
        "cidr": read.prefix,
    },
    required=("number",),
)


def _rail(place: read.Place) -> RailSetting:
    values = _RAIL(place)
    if not values.keys() & {"interface", "mac", "pci", "cidr"}:
        place.refuse("a rail needs interface, mac, pci or cidr to be recognised by")
    return RailSetting(
        number=values.get("number", 0),
        name=values.get("name", ""),
        interface=values.get("interface", ""),
        macs=values.get("mac", ()),
        pci_addresses=values.get("pci", ()),
        cidr=values.get("cidr", ""),
    )


_GROUP = read.mapping(
    {
        "name": read.text,
        "nodes": read.list_of(read.text),
        "node_selector": read.free_mapping(read.text),
    },
    required=("name", "nodes", "node_selector"),
)


def _group(place: read.Place) -> NodeGroup:
    values = _GROUP(place)
    return NodeGroup(
        name=values.get("name", ""),
        nodes=values.get("nodes", ()),
        node_selector=values.get("node_selector", ()),
    )


_IMAGE = read.mapping(
    {"repository": read.text, "image": read.text, "version": read.text}
)


def _image(place: read.Place) -> tuple[str, str, str]:
    values = _IMAGE(place)
    return (
        values.get("repository", ""),
        values.get("image", ""),
        values.get("version", ""),
    )


def _images(place: read.Place) -> tuple[tuple[str, tuple[str, str, str]], ...]:
    values = read.mapping(dict.fromkeys(COMPONENTS, _image))(place)
    return tuple(values.items())


def _rails(place: read.Place) -> tuple[RailSetting, ...]:
    rails: tuple[RailSetting, ...] = read.list_of(_rail)(place)
    for repeated in _repeated([rail.number for rail in rails]):
        place.refuse(f"rail number {repeated} is given twice")
    for name in _repeated([rail.name for rail in rails if rail.name]):
        place.refuse(f"rail name {name} is given twice")
    return rails


def _repeated(values: list[Any]) -> list[Any]:
    return sorted({value for value in values if values.count(value) > 1})


_JOB: dict[str, read.Reader] = {
    "name": read.NAME,
    "namespace": read.NAMESPACE,
    "image": read.text,
    "mpi_image": read.text,
    "command": read.list_of(read.text),
    "gpus_per_node": read.count(0, 64),
    "shared_memory": read.text,
    "ipc_lock": read.boolean,
}

_SETTINGS: dict[str, read.Reader] = {
    "rails": _rails,
    "rail_name": read.rail_name,
    "first_rail": read.count(0, 255),
    "operator_release": read.choice(*OPERATOR_RELEASES),
    "operator_namespace": read.NAMESPACE,
    "network_namespace": read.NAMESPACE,
    "admission_controller": read.boolean,
    "network_kind": read.choice("hostdevicenetwork", "nad"),
    "meta_plugins": read.list_of(read.choice(*META_PLUGINS)),
    "policy": read.choice("patch", "full"),
    "images": _images,
    "job": read.mapping(_JOB),
    "node_groups": read.list_of(_group),
    "node_name": read.pattern("{name}"),
    "node_names": read.text,
    "inventory": read.list_of(read.text),
    "exclude_nodes": read.list_of(read.text),
    "ignore_interfaces": read.list_of(read.text),
    "pci": read.free_mapping(read.pci_address),
    "waves": read.list_of(read.text),
}
