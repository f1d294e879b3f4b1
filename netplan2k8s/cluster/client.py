"""The one way to a Kubernetes API server: a read, or the dry run of an apply.

The official client reads the kubeconfig, runs its plugins and sets up TLS; what is
sent and received are our own bytes.
"""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import urlencode

from netplan2k8s import __version__
from netplan2k8s.cluster import credentials, transport
from netplan2k8s.cluster.credentials import Foreign
from netplan2k8s.cluster.kubeconfig import Chosen, choose, files
from netplan2k8s.cluster.trouble import shown
from netplan2k8s.findings import UsageError

MAX_PAUSE_SECONDS = 2.0
"""The longest wait for a server that asks for one, which it may do three times."""
RENEWAL_SECONDS = 30.0
"""How long a token is used before the client may run the plugin again."""
_PAUSES = 3
_APPLY = "application/apply-patch+yaml"
_REDIRECTS, _ERRORS = 300, 400
_BAD_REQUEST, _UNAUTHORIZED = 400, 401
_WAIT = (429, 503)
_SPEAKS_TLS = b"HTTP request to an HTTPS server"


class Answer(NamedTuple):
    """A status and the parsed JSON; of a failure the Status object, or ``{}``."""

    status: int
    body: Any


@dataclass(slots=True, eq=False)
class Connection:
    """An API server, and what was received from it so far.

    ``context`` is empty in a cluster. ``waited`` is in seconds, from before a request
    is sent (and the server connected to, where it must be) until its body is there;
    ``received`` is the bytes of all bodies.
    """

    server: str
    context: str
    namespace: str
    _chosen: Chosen = field(repr=False)
    _configuration: Foreign = field(repr=False)
    _pool: Foreign = field(repr=False)
    waited: float = 0.0
    received: int = 0
    _authorization: str = field(default="", repr=False)
    _authorized_at: float = field(default=-math.inf, repr=False)

    def get(self, path: str, **query: str | int) -> Answer:
        """Read a path, whose segments are quoted.

        Raises:
            OperationError: there is no answer, or not that of an API server.
        """
        return self._request("GET", path, query)

    def dry_run_apply(
        self,
        path: str,
        body: Mapping[str, Any],
        *,
        field_manager: str,
        force: bool = False,
    ) -> Answer:
        """What server-side apply would make of an object; nothing is stored.

        Raises:
            OperationError: there is no answer, or not that of an API server.
        """
        query: dict[str, str | int] = {
            "dryRun": "All",
            "fieldManager": field_manager,
            "fieldValidation": "Strict",
        }
        if force:
            query["force"] = "true"
        return self._request("PATCH", path, query, json.dumps(body).encode())

    def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | int],
        body: bytes | None = None,
    ) -> Answer:
        """Everything that is ever sent passes here, and only what changes nothing."""
        request = _Harmless(method, path, query, body)
        return self._answer(request, self._patiently(request))

    def _patiently(self, request: _Harmless) -> Foreign:
        """Send, and again after a while where the server asks for that."""
        for _ in range(_PAUSES):
            response = self._exchange(request)
            asked = response.headers.get("Retry-After")
            if response.status not in _WAIT or not asked:
                return response
            time.sleep(_pause(asked))
        return self._exchange(request)

    def _exchange(self, request: _Harmless) -> Foreign:
        """Send, and a read once more where the connection breaks."""
        from urllib3.exceptions import HTTPError, ProtocolError  # noqa: PLC0415

        try:
            try:
                return self._send(request)
            except ProtocolError as error:
                if request.method != "GET" or transport.is_refused_by_proxy(error):
                    raise
                return self._send(request)
        except (HTTPError, OSError) as error:
            # The token's renewal has put back the proxy with its password.
            proxy = shown(self._configuration.proxy or "")
            raise self._chosen.failure(transport.explained(error, proxy)) from None

    def _send(self, request: _Harmless) -> Foreign:
        """Send once; the response has its whole body."""
        import urllib3  # noqa: PLC0415

        headers = self._headers(request)
        timeout = urllib3.Timeout(
            connect=transport.CONNECT_SECONDS, read=transport.READ_SECONDS
        )
        started = time.monotonic()
        try:
            response = self._pool.request(
                request.method,
                self.server + request.target,
                body=request.body,
                headers=headers,
                timeout=timeout,
                retries=False,
                redirect=False,
                enforce_content_length=True,
            )
        finally:
            self.waited += time.monotonic() - started
        self.received += len(response.data)
        return response

    def _headers(self, request: _Harmless) -> Foreign:
        import urllib3  # noqa: PLC0415

        now = time.monotonic()
        if now - self._authorized_at > RENEWAL_SECONDS:
            self._authorization = credentials.authorization(
                self._configuration, self._chosen
            )
            self._authorized_at = now
        headers = urllib3.HTTPHeaderDict(
            {"Accept": "application/json", "User-Agent": f"netplan2k8s/{__version__}"}
        )
        if request.body is not None:
            headers["Content-Type"] = _APPLY
        if self._authorization:
            headers["Authorization"] = self._authorization
        headers.extend(credentials.impersonation(self._chosen.user))
        return headers

    def _answer(self, request: _Harmless, response: Foreign) -> Answer:
        status = response.status
        if status == _UNAUTHORIZED:
            raise self._chosen.failure(credentials.unauthorized(self._chosen.user))
        if status == _BAD_REQUEST and _SPEAKS_TLS in response.data:
            raise self._chosen.failure("speaks TLS; its URL must begin with https://")
        said = f"answers {request.path} with {status}"
        if _REDIRECTS <= status < _ERRORS:
            target = shown(response.headers.get("Location", "")) or "nowhere"
            advice = "is it an API server, or is a login needed?"
            raise self._chosen.failure(f"{said}, a redirect to {target}; {advice}")
        try:
            body = json.loads(response.data)
        except (ValueError, RecursionError):
            body = None
        if status >= _ERRORS:
            is_status = isinstance(body, dict) and body.get("kind") == "Status"
            return Answer(status, body if is_status else {})
        if body is None:
            kind = response.headers.get("Content-Type", "something")
            text = f"{said} and {kind} that is no JSON; is it an API server?"
            raise self._chosen.failure(text)
        return Answer(status, body)


def connect(kubeconfig: str = "", context: str = "") -> Connection:
    """Choose a server and get ready to talk to it; nothing is sent to it yet.

    Args:
        kubeconfig: A file; empty for those of KUBECONFIG, ``~/.kube/config``, or the
            service account of the pod, whichever there is first.
        context: One of the kubeconfig; empty for its current one.

    Raises:
        UsageError: the client is missing.
        OperationError: the kubeconfig is wrong, or the plugin that has the
            credentials fails.
    """
    official = credentials.official()
    configuration = official.client.Configuration()
    if paths := files(kubeconfig):
        chosen = choose(paths, context)
        credentials.load(official.config, chosen, configuration)
    else:
        chosen = credentials.load_in_cluster(official.config, context, configuration)
    return Connection(
        server=chosen.server,
        context=chosen.context,
        namespace=chosen.namespace or "default",
        _chosen=chosen,
        _configuration=configuration,
        _pool=transport.pool_manager(official.client, configuration, chosen),
    )


# What may be sent.


@dataclass(frozen=True, slots=True)
class _Harmless:
    """A request that changes nothing: no other can be made, so none can be sent.

    Raises:
        ValueError: it is neither a read nor the dry run of an apply.
        UsageError: a name in the path would lead elsewhere.
    """

    method: str
    path: str
    query: Mapping[str, str | int]
    body: bytes | None = None

    def __post_init__(self) -> None:
        if self.method not in {"GET", "PATCH"}:
            raise ValueError(f"{self.method} may change the cluster")
        if self.method == "PATCH" and self.query.get("dryRun") != "All":
            raise ValueError("a PATCH without dryRun=All changes the cluster")
        if (self.method == "PATCH") != (self.body is not None):
            raise ValueError("only a PATCH has a body, and each has one")
        if not re.fullmatch(r"/[^?#\s]*", self.path):
            raise ValueError(f"{self.path!r} is no path")
        if {".", ".."} & set(self.path.split("/")):
            raise UsageError(f"{self.path}: nothing in a cluster is named . or ..")

    @property
    def target(self) -> str:
        return self.path + (f"?{urlencode(self.query)}" if self.query else "")


def _pause(asked: str) -> float:
    """Seconds to wait where a server asks for some; a date is as good as too long."""
    try:
        return min(max(0.0, float(asked)), MAX_PAUSE_SECONDS)
    except ValueError:
        return MAX_PAUSE_SECONDS
