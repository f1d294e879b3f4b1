"""A running cluster: its kinds, its objects, its nodes and pods, by reads alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from netplan2k8s import catalogue
from netplan2k8s.cluster.client import Answer, Connection
from netplan2k8s.compare.changes import Key
from netplan2k8s.compare.state import (
    RAIL_KINDS,
    Served,
    State,
    Wanted,
    kinds_of,
    resources_of,
)
from netplan2k8s.compare.trial import Trial
from netplan2k8s.compare.world import NodeView, PodView, node_of, pod_of
from netplan2k8s.findings import OperationError
from netplan2k8s.lint.remarks import Remark, Spot

_PAGE = 500
_CORE = "v1"
_OK, _FORBIDDEN, _NOT_FOUND = 200, 403, 404


@dataclass
class Live:
    """What is known of a cluster so far; ``resources`` are plurals by version and kind.

    ``unlisted`` are kinds whose objects were read one by one.
    """

    connection: Connection
    served: dict[str, dict[str, bool]] = field(default_factory=dict)
    resources: dict[tuple[str, str], str] = field(default_factory=dict)
    objects: dict[Key, Mapping[str, Any]] = field(default_factory=dict)
    unlisted: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)

    def state(self) -> State:
        """The cluster as far as it was read; pods are read by themselves."""
        return State(self.objects, self.nodes(), None, None, self.served)

    # -- kinds --------------------------------------------------------------------

    def discover(self, api_versions: Iterable[str]) -> Served:
        """Ask which kinds there are, for every group of the manifests.

        In all versions of a group, so that another one can be named, and in the core.
        """
        groups = {version.rpartition("/")[0] for version in (*api_versions, _CORE)}
        for group in sorted(groups):
            for version in self._versions(group):
                answer = self.connection.get(root(version))
                self.expect(answer, f"the kinds of {version}")
                self.served[version] = kinds_of(answer.body)
                for kind, resource in resources_of(answer.body).items():
                    self.resources[version, kind] = str(resource.get("name"))
        return self.served

    def _versions(self, group: str) -> list[str]:
        if not group:
            return [_CORE]
        answer = self.connection.get(f"/apis/{quote(group)}")
        if answer.status == _NOT_FOUND:
            return []
        self.expect(answer, f"the versions of {group}")
        return [str(item["groupVersion"]) for item in answer.body["versions"]]

    # -- objects ------------------------------------------------------------------

    def read(self, items: Sequence[Wanted], trial: Trial) -> None:
        """Read every object that is wanted, those of the rails' kinds all."""
        for version, kind in sorted({item.type for item in items}):
            mine = [item for item in items if item.type == (version, kind)]
            if kind not in RAIL_KINDS:
                self._get(mine, trial)
                continue
            for space in sorted({item.key.namespace for item in mine}):
                if not self.list_kind(version, kind, space):
                    within = [item for item in mine if item.key.namespace == space]
                    self._get(within, trial)
        if self.unlisted:
            kinds = ", ".join(sorted(self.unlisted))
            self.notes.append(
                f"may not list {kinds}: those that the manifests lack are not told"
            )

    def list_kind(self, version: str, kind: str, namespace: str) -> bool:
        """Read all objects of a kind; False where the user may not list them."""
        bodies = self.pages(self.path(version, kind, namespace))
        if bodies is None:
            self.unlisted.add(kind)
            return False
        group = version.rpartition("/")[0]
        for body in bodies:
            metadata = body.get("metadata") or {}
            space = str(metadata.get("namespace", ""))
            key = Key(group, kind, space, str(metadata.get("name", "")))
            self.objects[key] = {"apiVersion": version, "kind": kind, **body}
        return True

    def pages(self, path: str) -> Iterator[dict[str, Any]] | None:
        """All objects of a collection; None where the user may not list it."""
        first = self.connection.get(path, limit=_PAGE)
        if first.status == _FORBIDDEN:
            return None
        self.expect(first, path)
        return self._following(path, first)

    def _following(self, path: str, answer: Answer) -> Iterator[dict[str, Any]]:
        while True:
            yield from answer.body.get("items") or ()
            more = (answer.body.get("metadata") or {}).get("continue")
            if not more:
                return
            answer = self.connection.get(path, limit=_PAGE, **{"continue": more})
            self.expect(answer, path)

    def _get(self, items: Sequence[Wanted], trial: Trial) -> None:
        for item in items:
            answer = self.connection.get(self.object_path(item))
            if answer.status == _FORBIDDEN:
                spot = Spot(item.document, ("metadata", "name"))
                trial.refuse(item, Remark(catalogue.FORBIDDEN, message(answer), spot))
            elif answer.status != _NOT_FOUND:
                self.expect(answer, str(item.key))
                self.objects[item.key] = answer.body

    # -- nodes and pods -----------------------------------------------------------

    def nodes(self) -> tuple[NodeView, ...] | None:
        """The nodes; None where the user may not list them."""
        bodies = self.facts("Node", "their names go unchecked")
        return None if bodies is None else tuple(filter(None, map(node_of, bodies)))

    def pods(self) -> tuple[PodView, ...] | None:
        """The running pods with networks; None where the user may not list them."""
        bodies = self.facts("Pod", "which of them keep old addresses is not told")
        return None if bodies is None else tuple(filter(None, map(pod_of, bodies)))

    def facts(self, kind: str, otherwise: str) -> Iterator[dict[str, Any]] | None:
        """All objects of a kind of the core; None, and a note, where there is no way.

        ``otherwise`` says what is not told then.
        """
        bodies = None
        if (_CORE, kind) in self.resources:
            bodies = self.pages(self.path(_CORE, kind, ""))
        if bodies is None:
            self.notes.append(f"may not list {kind}s: {otherwise}")
        return bodies

    # -- paths and words ----------------------------------------------------------

    def path(self, version: str, kind: str, namespace: str) -> str:
        """The collection of a kind: in a namespace, or all of them."""
        space = f"/namespaces/{quote(namespace)}" if namespace else ""
        return f"{root(version)}{space}/{quote(self.resources[version, kind])}"

    def object_path(self, item: Wanted) -> str:
        path = self.path(*item.type, item.key.namespace)
        return f"{path}/{quote(item.key.name)}"

    def expect(self, answer: Answer, what: str) -> None:
        """Take no answer but a good one.

        Raises:
            OperationError: any other.
        """
        if answer.status != _OK:
            raise OperationError(
                f"{self.connection.server} answered {answer.status} when asked for"
                f" {what}: {message(answer)}"
            )


def root(version: str) -> str:
    """Where the API server serves an apiVersion."""
    return f"/apis/{quote(version)}" if "/" in version else f"/api/{quote(version)}"


def message(answer: Answer) -> str:
    """What the API server said in one line."""
    body = answer.body if isinstance(answer.body, dict) else {}
    text = str(body.get("message") or body.get("reason") or "no reason given")
    return " ".join(text.split())
