"""What convert made: the files, and how they are applied."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from netplan2k8s.report import proof

if TYPE_CHECKING:
    from netplan2k8s.workflow import Conversion

_POLICY = "fabric/10-nicclusterpolicy.yaml"
_PATCH = "patches/nicclusterpolicy.yaml"


def stream(made: Conversion) -> str:
    """All manifests as one YAML stream, in the order of their paths."""
    return "".join(f"---\n{text}" for _, text in sorted(made.files.items()))


def summary(made: Conversion) -> dict[str, Any]:
    """The counts and files of the JSON report."""
    plan = made.write_plan
    return {
        "nodes": len(made.plan.node_names),
        "rails": len(made.plan.rails),
        "links": _links(made),
        "equal": made.proof.equal if made.proof else 0,
        "directory": plan.directory if plan else None,
        "written": list(plan.written) if plan else [],
        "unchanged": list(plan.unchanged) if plan else [],
        "removed": list(plan.removed) if plan else [],
    }


def text(made: Conversion, directory: str) -> str:
    """What was written and what to do with it; after an error, that nothing was."""
    if made.write_plan is None:
        return f"nothing written to {directory}\n"
    return "\n".join(_lines(made, directory.rstrip("/") or "/")) + "\n"


def _lines(made: Conversion, directory: str) -> Iterator[str]:
    plan = made.write_plan
    assert plan is not None
    if made.proof is not None:
        yield proof.verdict(made.proof)
    counts = f"{len(plan.written)} files written"
    if plan.unchanged:
        counts += f", {len(plan.unchanged)} unchanged"
    if plan.removed:
        counts += f", {len(plan.removed)} removed"
    yield f"{directory}/: {counts}"
    for folder in ("fabric", "patches", "workloads"):
        names = [p.partition("/")[2] for p in made.files if p.startswith(f"{folder}/")]
        for line in _grouped(names):
            yield f"  {folder}/{line}"
    yield from _verification(made)
    yield ""
    yield from _apply(made, shlex.quote(directory))


def _verification(made: Conversion) -> Iterator[str]:
    units = _units(made)
    if len(units) > 1:
        yield f"  verify/{units[0]}/ … {units[-1]}/ ({len(units)} jobs)"
    elif units:
        yield f"  verify/{units[0]}/"
    if any(path.startswith("verify/nccl/") for path in made.files):
        yield "  verify/nccl/mpijob.yaml, pytorchjob.yaml"


def _units(made: Conversion) -> list[str]:
    """The directories of the units' verification, in their order."""
    paths = (path.split("/") for path in made.files if path.endswith("/job.yaml"))
    return [parts[1] for parts in paths]


def _grouped(names: list[str]) -> Iterator[str]:
    """File names, with those that differ in the rail's name alone as one line."""
    groups: dict[str, list[str]] = {}
    for name in names:
        head = "-".join(name.split("-")[:2])
        groups.setdefault(head, []).append(name)
    for members in groups.values():
        if len(members) > 2:  # noqa: PLR2004  two names are as short as a range
            yield f"{members[0]} … {members[-1]} ({len(members)} files)"
        else:
            yield from members


def fabric_commands(files: Collection[str], directory: str) -> Iterator[str]:
    """What applies the policy, the pools and the networks; ``directory`` is quoted."""
    if _PATCH in files:
        yield (
            "kubectl patch nicclusterpolicy nic-cluster-policy --type=merge"
            f" --patch-file {directory}/{_PATCH}"
        )
    if any(path.startswith("fabric/") for path in files):
        yield f"kubectl apply --server-side -f {directory}/fabric/"


def _apply(made: Conversion, directory: str) -> Iterator[str]:
    files = made.files
    yield "To see first what that changes on a cluster:"
    yield f"  netplan2k8s diff {directory}"
    yield "To apply:"
    for command in fabric_commands(files, directory):
        yield f"  {command}"
    for unit in _units(made)[:1]:
        yield (
            f"  kubectl apply -f {directory}/verify/check-rails.yaml"
            f" -f {directory}/verify/{unit}/  # checks its rails in pods"
        )
    if any(path.startswith("workloads/") for path in files):
        yield f"  kubectl apply -f {directory}/workloads/  # starts the training job"
    if _PATCH in files:
        yield (
            "The policy is a merge patch: it replaces sriovDevicePlugin and keeps the"
            " other sections. It needs the policy to be there; see --base for one"
            " complete file, --policy full for a new cluster."
        )
    elif any("/11-nicnodepolicy-" in path for path in files):
        yield (
            "The operator refuses NicNodePolicies beside a sriovDevicePlugin in the"
            " NicClusterPolicy: take that section out first."
        )
    elif _POLICY in files:
        yield (
            "The policy is complete: applying it removes every section that it does"
            " not hold. Where another field manager owns sriovDevicePlugin, kubectl"
            " reports a conflict, and --force-conflicts takes it over."
        )


def _links(made: Conversion) -> int:
    return sum(len(rail.attachments) for rail in made.plan.rails)
