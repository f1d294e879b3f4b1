"""What netplan checks beyond single keys: definitions, references, the host.

Source: netplan 1.2, src/validation.c and the reference handlers of src/parse.c.
"""

from __future__ import annotations

from netplan2k8s import catalogue
from netplan2k8s.netplan import scalars as s
from netplan2k8s.netplan.engine import PortSetting, Reference, State, set_port
from netplan2k8s.netplan.model import Definition
from netplan2k8s.netplan.scalars import RejectError
from netplan2k8s.netplan.tunnels import check_tunnel

_MAX_VLAN = 4094
_NM = ("name", "uuid", "stable-id", "device", "passthrough")


# -- one definition -------------------------------------------------------------


def check(definition: Definition) -> None:
    """Judge a definition as it stands after its block.

    Raises:
        RejectError: without a node, as netplan names only the file.
    """
    settings = definition.settings
    if "set-name" in settings and "match" not in settings:
        raise _whole(definition, "'set-name:' requires 'match:' properties")
    judge = _JUDGES.get(definition.section)
    if judge is not None:
        judge(definition)
    if "ipv6-address-generation" in settings and "ipv6-address-token" in settings:
        both = "ipv6-address-generation and ipv6-address-token"
        raise _whole(definition, f"{both} are mutually exclusive")


def _check_wifi(definition: Definition) -> None:
    if not definition.settings.get("access-points"):
        raise _whole(definition, "No access points defined")


def _check_vlan(definition: Definition) -> None:
    if "link" not in definition.settings:
        raise _whole(definition, "missing 'link' property")
    number = definition.settings.get("id")
    if number is None or int(number) == s.UINT_MAX:
        raise _whole(definition, "missing 'id' property")
    if int(number) > _MAX_VLAN:
        allowed = "(allowed values are 0 to 4094)"
        raise _whole(definition, f"invalid id '{number}' {allowed}")


def _check_vrf(definition: Definition) -> None:
    if "table" not in definition.settings:
        raise _whole(definition, "missing 'table' property")


def _check_veth(definition: Definition) -> None:
    if "peer" not in definition.settings:
        raise _whole(definition, "virtual-ethernet missing 'peer' property")


def _check_nm(definition: Definition) -> None:
    networkmanager = definition.settings.get("networkmanager", {})
    if "connection.type" not in networkmanager.get("passthrough", {}):
        needs = "needs to provide a 'connection.type' via passthrough"
        raise _whole(definition, f"network type 'nm-devices:' {needs}")


_JUDGES = {
    "wifis": _check_wifi,
    "vlans": _check_vlan,
    "vrfs": _check_vrf,
    "virtual-ethernets": _check_veth,
    "nm-devices": _check_nm,
    "tunnels": check_tunnel,
}


def _whole(definition: Definition, message: str) -> RejectError:
    text = f"{definition.id}: {message}"
    return RejectError(catalogue.INVALID_VALUE, text, definition.id)


# -- references of one file -----------------------------------------------------


def resolve(state: State) -> None:
    """Give members their master, and refuse what is not defined by now.

    A file with a forward reference is read twice by netplan, and what it says of a
    port that was defined before is then said a second time.
    """
    if state.has_forward_reference:
        for setting in state.port_settings_of_file:
            if setting.port in state.definitions:
                _set_again(state, setting)
    state.port_settings_of_file.clear()
    state.has_forward_reference = False
    for reference in state.references:
        target = state.definitions.get(reference.node)
        if target is None:
            holder = reference.definition.id
            message = f"{holder}: interface '{reference.node}' is not defined"
            raise RejectError(catalogue.UNDEFINED_REFERENCE, message, reference.node)
        if reference.kind == "interfaces":
            _enslave(state, reference, target)
    state.references.clear()


def _set_again(state: State, setting: PortSetting) -> None:
    try:
        set_port(state, setting)
    except RejectError as reject:
        reject.keys.append(setting.bridge)
        raise


def _enslave(state: State, reference: Reference, member: Definition) -> None:
    holder = reference.definition
    if holder.section == "vrfs":
        if member.vrf not in ("", holder.id):
            raise _assigned(reference, f"vrf {member.vrf}")
        member.vrf = holder.id
        return
    if member.master not in ("", holder.id):
        kind = state.definitions[member.master].section[:-1]
        raise _assigned(reference, f"{kind} {member.master}")
    member.master = holder.id


def _assigned(reference: Reference, to: str) -> RejectError:
    message = (
        f"{reference.definition.id}: interface '{reference.node}' is already assigned"
        f" to {to}"
    )
    return RejectError(catalogue.CONFLICTING_DEFINITION, message, reference.holder)


# -- the whole host -------------------------------------------------------------


def finish(state: State) -> None:
    """Judge what only all files together tell."""
    default = state.settings.get("renderer", "networkd")
    parents = _vf_parents(state)
    for definition in state.definitions.values():
        if definition.section == "ethernets":
            _check_sriov(definition, parents)
        elif definition.section == "vrfs":
            _adopt_table(definition)
        elif definition.section == "virtual-ethernets":
            _check_pair(state, definition)
        if "networkmanager" in definition.settings:
            _check_backend(definition, definition.backend or default)


def _vf_parents(state: State) -> set[str]:
    return {
        definition.settings["link"]
        for definition in state.definitions.values()
        if definition.section == "ethernets" and "link" in definition.settings
    }


def _check_sriov(definition: Definition, parents: set[str]) -> None:
    settings = definition.settings
    if definition.id in parents or "virtual-function-count" in settings:
        return
    rebind = settings.get("delay-virtual-functions-rebind") == "true"
    if rebind or "embedded-switch-mode" in settings:
        raise _whole(definition, "This is not a SR-IOV PF")


def _adopt_table(definition: Definition) -> None:
    """A VRF's routes and policies are in its table, and in no other."""
    table = definition.settings["table"]
    for key in ("routes", "routing-policy"):
        for entry in definition.settings.get(key, ()):
            given = entry.get("table", "0")
            if given not in ("0", table):
                message = f"VRF routes table mismatch ({table} != {given})"
                raise _whole(definition, message)


def _check_pair(state: State, definition: Definition) -> None:
    name = definition.settings["peer"]
    peer = state.definitions[name]
    if peer.section != "virtual-ethernets":
        message = f"virtual-ethernet peer '{name}' is not a virtual-ethernet interface"
        raise _whole(definition, message)
    if peer.settings.get("peer") != definition.id:
        message = f"virtual-ethernet peer '{name}' is another virtual-ethernet's peer"
        raise _whole(definition, message)


def _check_backend(definition: Definition, backend: str) -> None:
    networkmanager = definition.settings["networkmanager"]
    if backend != "NetworkManager" and any(key in networkmanager for key in _NM):
        found = "networkmanager backend settings found"
        raise _whole(definition, f"{found} but renderer is not NetworkManager.")
