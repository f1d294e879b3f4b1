"""What applying manifests makes of a cluster's objects, and what speaks against it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from netplan2k8s import catalogue
from netplan2k8s.compare import ownership
from netplan2k8s.compare.objects import OURS_WHOLE
from netplan2k8s.compare.state import Place, State, Wanted
from netplan2k8s.lint.remarks import Remark, Spot
from netplan2k8s.manifests.reader import Pointer

_OPERATORS = {
    "CIDRPool": "nv-ipam brings it (nvIpam in the NicClusterPolicy)",
    "IPPool": "nv-ipam brings it (nvIpam in the NicClusterPolicy)",
    "HostDeviceNetwork": "install the network operator first",
    "NicClusterPolicy": "install the network operator first",
    "NicNodePolicy": "install the network operator, 26.4 or later, first",
    "NetworkAttachmentDefinition": "Multus brings it (secondaryNetwork.multus)",
    "PyTorchJob": "install the training operator, or compare fabric/ alone",
    "MPIJob": "install the MPI operator, or compare fabric/ alone",
    "TrainJob": "install the Kubeflow trainer, or compare fabric/ alone",
}


@dataclass(slots=True)
class Trial:
    """The objects after applying, those that cannot be applied, and what was said.

    ``predicted`` is by place; ``refused`` are not compared; ``notes`` say how it was
    found out, and what was not.
    """

    predicted: dict[Place, Mapping[str, Any]] = field(default_factory=dict)
    refused: set[Place] = field(default_factory=set)
    remarks: list[Remark] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def refuse(self, item: Wanted, remark: Remark) -> None:
        self.refused.add(item.place)
        self.remarks.append(remark)

    def of_known_kinds(
        self, items: Sequence[Wanted], known: Mapping[tuple[str, str], Any]
    ) -> list[Wanted]:
        """The objects whose (apiVersion, kind) there is; NK601 once for any other."""
        found, said = [], set()
        for item in items:
            if item.type in known:
                found.append(item)
                continue
            self.refused.add(item.place)
            if item.type not in said:
                said.add(item.type)
                self.remarks.append(_unknown_kind(item, known))
        return found

    def plainly(
        self,
        item: Wanted,
        live: Mapping[str, Any] | None,
        *,
        manager: str,
        force: bool,
    ) -> bool:
        """Apply as far as managedFields tells; False where they tell nothing."""
        if live is None:
            self.predicted[item.place] = item.body
            return True
        if item.is_patch:
            self.predicted[item.place] = ownership.merge_patched(live, item.body)
            return True
        made = ownership.applied(live, item.body, manager)
        body = made.body
        if not made.is_told and item.key.kind in OURS_WHOLE:
            body = {**body, "spec": item.body.get("spec")}
        self.predicted[item.place] = body
        if not force:
            self.remarks += conflicts(item, made.conflicts)
        return made.is_told


def offline(
    items: Sequence[Wanted], state: State, *, manager: str, force: bool
) -> Trial:
    """Apply manifests to a snapshot."""
    trial = Trial()
    if state.served is not None:
        known = {(v, kind): 0 for v, kinds in state.served.items() for kind in kinds}
        trial.of_known_kinds([i for i in items if i.type[0] in state.served], known)
    untold: set[str] = set()
    unowned = 0
    spaces = None
    if state.namespaces is not None:
        coming = (item.key.name for item in items if item.key.kind == "Namespace")
        spaces = {*state.namespaces, *coming}
    for item in items:
        if item.place in trial.refused:
            continue
        if not state.tells_of(item.key):
            trial.refused.add(item.place)
            untold.add(item.key.kind)
            continue
        live = state.objects.get(item.key)
        unowned += not trial.plainly(item, live, manager=manager, force=force)
        space = item.key.namespace
        if space and spaces is not None and space not in spaces:
            spaces.add(space)  # said once
            trial.remarks.append(missing_namespace(item))
    trial.notes += _untold(state, untold, is_unowned=bool(unowned))
    return trial


def _untold(state: State, kinds: set[str], *, is_unowned: bool) -> Iterator[str]:
    """What a snapshot does not tell, and what follows."""
    if kinds:
        listed = ", ".join(sorted(kinds))
        yield f"the snapshot says nothing of {listed}: not compared"
    if is_unowned:
        yield (
            "no managedFields in the snapshot: a manifest was taken for all that was"
            " ever applied of its object; kubectl get --show-managed-fields tells"
        )
    if state.nodes is None:
        yield "no Nodes in the snapshot: their names go unchecked"
    if state.pods is None:
        yield "no Pods in the snapshot: which of them keep old addresses is not told"


def conflicts(item: Wanted, found: Iterable[ownership.Conflict]) -> Iterator[Remark]:
    """NK604, once for every manager with all its fields."""
    fields: dict[str, set[str]] = {}
    for conflict in found:
        fields.setdefault(conflict.manager, set()).add(conflict.field)
    for manager, listed in sorted(fields.items()):
        names = sorted(listed)
        message = (
            f"{manager} owns {', '.join(names)} of {item.key}: kubectl apply"
            " --server-side needs --force-conflicts, which takes it over"
        )
        steps = tuple(step for step in names[0].split(".") if step)
        spot = Spot(item.document, steps)
        yield Remark(catalogue.FIELD_CONFLICT, message, spot)


def missing_namespace(item: Wanted) -> Remark:
    """NK602 for an object."""
    space = item.key.namespace
    message = (
        f"the cluster has no namespace {space}, where {item.key.kind} {item.key.name}"
        f" goes: kubectl create namespace {space}"
    )
    where: Pointer = ("metadata", "namespace")
    return Remark(catalogue.MISSING_NAMESPACE, message, Spot(item.document, where))


def _unknown_kind(item: Wanted, known: Mapping[tuple[str, str], Any]) -> Remark:
    version, kind = item.type
    others = [v for v, other in known if other == kind]
    advice = _OPERATORS.get(kind, "install its operator, or leave the manifest out")
    if others:
        advice = f"it has one of {', '.join(sorted(others))}"
    message = f"the cluster has no {kind} of {version}: {advice}"
    where: Pointer = ("apiVersion" if others else "kind",)
    return Remark(catalogue.UNKNOWN_KIND, message, Spot(item.document, where))
