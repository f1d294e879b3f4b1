"""Applying without applying: every object sent as a server-side dry run.

Source: what API servers of Kubernetes 1.20 and 1.36 answered; see the tests.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from netplan2k8s import catalogue
from netplan2k8s.cluster.client import Answer
from netplan2k8s.cluster.live import Live, message
from netplan2k8s.compare import ownership
from netplan2k8s.compare.state import Wanted
from netplan2k8s.compare.trial import Trial, conflicts, missing_namespace
from netplan2k8s.findings import OperationError
from netplan2k8s.lint.remarks import Remark, Spot

_PATCHER = "kubectl-patch"
_FORBIDDEN, _NOT_FOUND, _CONFLICT, _FAILURES = 403, 404, 409, 300
_REFUSALS = (400, _FORBIDDEN, _NOT_FOUND, 413, 415, 422)
_OF_THE_OBJECT = ("failed to create typed patch object", "webhook")
"""In a 500 they mean that the object is wrong, or who refused it."""
_TYPED_PATCH = _OF_THE_OBJECT[0]
_NOT_ALLOWED = re.compile(r"is forbidden:(?: User .* cannot \w+ resource .*)?$")
"""What the authorizer says, nothing at all where creating is not allowed; a webhook or
a quota gives a reason."""
_NO_DRY_RUN = "does not support dry run"
_PARTIAL = "some validation rules were not checked"


@dataclass
class DryRun:
    """A run over all objects as one field manager.

    ``plain`` are kinds that cannot be tried, by why not, which are worked out from
    plain reads; ``coming`` are namespaces that the manifests create.
    """

    live: Live
    trial: Trial
    manager: str
    force: bool
    coming: frozenset[str] = frozenset()
    plain: dict[str, str] = field(default_factory=dict)

    def run(self, items: Sequence[Wanted]) -> None:
        """Try every object that there is a kind for and that could be read."""
        spaces = (item.key.name for item in items if item.key.kind == "Namespace")
        self.coming = frozenset(spaces)
        for item in items:
            if item.place not in self.trial.refused:
                self._try(item)
        self._note(items)

    def _try(self, item: Wanted) -> None:
        live = self.live.objects.get(item.key)
        if item.key.kind in self.plain or (item.is_patch and live is None):
            self._plainly(item, live)
            return
        answer = self._apply(item, force=self.force)
        if answer.status == _CONFLICT:
            self.trial.remarks += conflicts(item, _causes_of_conflict(answer))
            answer = self._apply(item, force=True)
        if answer.status < _FAILURES:
            self._predict(item, live, answer.body)
        elif why := _hindrance(answer):
            self.plain[item.key.kind] = why
            self._plainly(item, live)
        elif _lacks_namespace(answer):
            self.trial.predicted[item.place] = item.body
            if item.key.namespace not in self.coming:
                self.trial.remarks.append(missing_namespace(item))
        else:
            self._refuse(item, answer)

    def _apply(self, item: Wanted, *, force: bool) -> Answer:
        """A patch changes what others wrote, too, and so is tried in its own name."""
        path = self.live.object_path(item)
        manager = _PATCHER if item.is_patch else self.manager
        return self.live.connection.dry_run_apply(
            path, item.body, field_manager=manager, force=force or item.is_patch
        )

    def _predict(
        self, item: Wanted, live: Mapping[str, Any] | None, body: Mapping[str, Any]
    ) -> None:
        if live is not None and item.is_patch:
            body = ownership.merge_patched(live, item.body)
        elif live is not None:
            body = ownership.taken_over(live, item.body, body)
        self.trial.predicted[item.place] = body

    def _plainly(self, item: Wanted, live: Mapping[str, Any] | None) -> None:
        self.trial.plainly(item, live, manager=self.manager, force=self.force)

    def _refuse(self, item: Wanted, answer: Answer) -> None:
        """NK603 for what is wrong with the object.

        Raises:
            OperationError: it is the cluster that is broken.
        """
        said = message(answer)
        is_object = any(mark in said for mark in _OF_THE_OBJECT)
        if answer.status not in _REFUSALS and not is_object:
            raise OperationError(
                f"{self.live.connection.server} answered {answer.status} to a dry run"
                f" of {item.key}: {said}"
            )
        text = f"the API server refuses {item.key}: {_reason(answer)}"
        spot = Spot(item.document, ("spec",))
        self.trial.refuse(item, Remark(catalogue.REFUSED_OBJECT, text, spot))

    def _note(self, items: Sequence[Wanted]) -> None:
        tried = {item.key.kind for item in items} - self.plain.keys()
        if tried:
            self.trial.notes.append(
                f"compared by server-side dry runs, field manager {self.manager}"
            )
        for why in sorted(set(self.plain.values())):
            kinds = ", ".join(sorted(k for k, w in self.plain.items() if w == why))
            self.trial.notes.append(
                f"{why} {kinds}: compared by plain reads, so that defaults, validation"
                " and webhooks did not speak"
            )


def _hindrance(answer: Answer) -> str:
    """Why no object of the kind can be tried; empty where it is about this one."""
    said = message(answer)
    if answer.status == _FORBIDDEN and _NOT_ALLOWED.search(said):
        return "may not patch"
    return "a webhook takes no dry run of" if _NO_DRY_RUN in said else ""


def _causes_of_conflict(answer: Answer) -> list[ownership.Conflict]:
    found = []
    for cause in _causes(answer):
        quoted = str(cause.get("message", "")).split('"')
        manager = quoted[1] if len(quoted) > 1 else "another manager"
        found.append(ownership.Conflict(str(cause.get("field", "")), manager))
    return found


def _lacks_namespace(answer: Answer) -> bool:
    return answer.status == _NOT_FOUND and _details(answer).get("kind") == "namespaces"


def _causes(answer: Answer) -> list[Mapping[str, Any]]:
    causes = _details(answer).get("causes")
    return [cause for cause in causes or () if isinstance(cause, dict)]


def _details(answer: Answer) -> Mapping[str, Any]:
    """What the Status of a failure is about."""
    found = answer.body.get("details")
    return found if isinstance(found, dict) else {}


def _reason(answer: Answer) -> str:
    """Why an object is refused: the causes, or the message without its envelope."""
    found = [
        f"{cause.get('field') or 'object'}: {cause.get('message', '')}"
        for cause in _causes(answer)
        if _PARTIAL not in str(cause.get("message"))
    ]
    if found:
        return " ".join("; ".join(found).split())
    _, mark, rest = message(answer).partition(_TYPED_PATCH)
    return (rest.partition("; ")[2] or rest) if mark else message(answer)
