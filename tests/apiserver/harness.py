"""One real API server with its etcd, on loopback, for as long as a test needs it.

The standard library and ``openssl`` are all it takes. Times are in seconds.
"""

from __future__ import annotations

import atexit
import contextlib
import http.client
import itertools
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, Self

from tests.apiserver import pki

Body = dict[str, Any]

JSON = "application/json"
APPLY = "application/apply-patch+yaml"
# What the harness calls itself, so that an audit tells its requests from others.
AGENT = "tests of netplan2k8s"

PATIENCE = 120
PAUSE = 0.05
ATTEMPTS = 3
SPARE_USERS = 64
LOG_TAIL = 6000

READ_ALL = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]}
# One event a request, when it was answered.
AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata"}],
}


class Flavour(NamedTuple):
    """What sets one server apart from the other.

    ``flags`` may hold ``{pki}``. Without ``rbac`` members of ``system:masters`` may do
    everything and every other user may only read.
    """

    binary: str
    flags: tuple[str, ...] = ()
    rbac: bool = False


FLAVOURS = {
    "1.20": Flavour(
        "kube-apiserver",
        (
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-account-signing-key-file={pki}/sa.key",
            "--service-account-key-file={pki}/sa.key",
            "--authorization-mode=RBAC",
            "--disable-admission-plugins=ServiceAccount",
            "--endpoint-reconciler-type=none",
            "--service-cluster-ip-range=10.0.0.0/24",
        ),
        rbac=True,
    ),
    "1.36": Flavour("crdserver"),
}


class Place(NamedTuple):
    """Where a server has the objects of a kind."""

    plural: str
    namespaced: bool = False


BUILT_IN = {
    ("v1", "Namespace"): Place("namespaces"),
    ("v1", "Node"): Place("nodes"),
    ("v1", "Pod"): Place("pods", namespaced=True),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"): Place(
        "customresourcedefinitions"
    ),
    # Where there is RBAC.
    ("authorization.k8s.io/v1", "SelfSubjectRulesReview"): Place(
        "selfsubjectrulesreviews"
    ),
    ("rbac.authorization.k8s.io/v1", "ClusterRole"): Place("clusterroles"),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"): Place(
        "clusterrolebindings"
    ),
}


class Answer(NamedTuple):
    """Status and parsed body of an answer; a body that is no JSON stays a text."""

    status: int
    body: Any


class ServerError(RuntimeError):
    """A server is not, or no longer, what was waited for."""


class ApiServer:
    """An API server that runs from ``start()``, or ``with``, until ``stop()``.

    Attributes:
        version: its Kubernetes version, a key of ``FLAVOURS``.
        url: where it answers.
        ca: the file of the authority that its certificate is checked against.
        kubeconfig: a file that makes its reader an admin, by client certificate.
        token: a token of ``admin``, of ``system:masters``.
        reader_token: a token of ``reader``, who may read everything and write nothing.
        rbac: whether it has RBAC, without which ``user()`` is refused.
        started_in: seconds from the first process to the first answer.
    """

    def __init__(self, version: str, binaries: Path) -> None:
        self.version = version
        self.binaries = binaries
        self.flavour = FLAVOURS[version]
        self.rbac = self.flavour.rbac
        self.token, self.reader_token = _secret(), _secret()
        self.started_in = 0.0
        self._spare = {f"user-{number}": _secret() for number in range(SPARE_USERS)}
        self._unused = iter(self._spare.items())
        self._marks = itertools.count()
        self._kubeconfigs = itertools.count()
        self._places = dict(BUILT_IN)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        # Last in, first out: a server without its etcd would look for it for long.
        self._ends = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    # -- life -------------------------------------------------------------------

    def start(self) -> Self:
        """Run both processes; returns when the server answers and knows its users.

        Raises:
            ServerError: it does not come up; the message ends in its log.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._launch()
            except ServerError as error:
                self.stop()
                # Another process was given the port in between.
                if attempt == ATTEMPTS or "address already in use" not in str(error):
                    raise
            except BaseException:
                self.stop()
                raise
            else:
                break
        return self

    def stop(self) -> None:
        """End the server, then etcd, and remove what they wrote. May be repeated."""
        atexit.unregister(self.stop)
        self._ends.close()

    def kill(self) -> None:
        """End the server at once, as a power cut would; etcd stays until ``stop()``."""
        _end(self._processes["server"], signal.SIGKILL)

    def log(self) -> str:
        """The last that the server and its etcd said."""
        texts = []
        for name in ("etcd", "server"):
            path = self.directory / f"{name}.log"
            said = path.read_text("utf-8", "replace") if path.exists() else ""
            texts.append(f"== {name}\n{said[-LOG_TAIL:]}")
        return "\n".join(texts)

    def _launch(self) -> None:
        atexit.register(self.stop)
        self.directory = Path(tempfile.mkdtemp(prefix="netplan2k8s-server-"))
        self._ends.callback(shutil.rmtree, self.directory, ignore_errors=True)
        pki.make(self.directory / "pki")
        self.ca = self.directory / "pki" / "ca.crt"
        self._context = ssl.create_default_context(cafile=str(self.ca))
        self._write_users()
        self._write_json("audit-policy.json", AUDIT_POLICY)
        self.port, etcd_port, peer_port = _free_ports(3)
        self.url = f"https://127.0.0.1:{self.port}"
        begun = time.monotonic()
        self._run("etcd", self._etcd_command(etcd_port, peer_port))
        self._run("server", self._server_command(etcd_port))
        self._until_ready()
        self.started_in = time.monotonic() - begun
        self.kubeconfig = self._write_kubeconfig(
            {
                "client-certificate": str(self.directory / "pki" / "admin.crt"),
                "client-key": str(self.directory / "pki" / "admin.key"),
            }
        )
        if self.rbac:
            self._bind("reader", self.reader_token, [READ_ALL])

    def _etcd_command(self, port: int, peer_port: int) -> list[str]:
        here, peers = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peer_port}"
        return [
            str(self.binaries / "etcd"),
            f"--data-dir={self.directory}/etcd",
            f"--listen-client-urls={here}",
            f"--advertise-client-urls={here}",
            f"--listen-peer-urls={peers}",
            "--log-level=error",
            "--unsafe-no-fsync",
        ]

    def _server_command(self, etcd_port: int) -> list[str]:
        keys = self.directory / "pki"
        return [
            str(self.binaries / self.flavour.binary),
            f"--etcd-servers=http://127.0.0.1:{etcd_port}",
            "--bind-address=127.0.0.1",
            f"--secure-port={self.port}",
            f"--cert-dir={self.directory}/certificates",
            f"--tls-cert-file={keys}/server.crt",
            f"--tls-private-key-file={keys}/server.key",
            f"--client-ca-file={keys}/ca.crt",
            f"--token-auth-file={self.directory}/tokens.csv",
            f"--audit-policy-file={self.directory}/audit-policy.json",
            f"--audit-log-path={self.directory}/audit.log",
            "--audit-log-mode=blocking",
            *(flag.format(pki=keys) for flag in self.flavour.flags),
        ]

    def _run(self, name: str, command: list[str]) -> None:
        # The kernel ends them where this process is killed and cannot.
        if shutil.which("setpriv"):
            command = ["setpriv", "--pdeathsig", "KILL", "--", *command]
        with (self.directory / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.directory,
                start_new_session=True,
            )
        self._processes[name] = process
        self._ends.callback(_end, process, signal.SIGTERM)

    def _until_ready(self) -> None:
        for path in ("/readyz", "/api/v1/namespaces/default"):
            self._until(path, lambda answer: answer.status == http.HTTPStatus.OK)

    def _until(self, path: str, good: Callable[[Answer], bool]) -> None:
        """Ask until the answer is good.

        Raises:
            ServerError: a process ended, or patience did.
        """
        deadline = time.monotonic() + PATIENCE
        said: object = None
        while time.monotonic() < deadline:
            for name, process in self._processes.items():
                if process.poll() is not None:
                    raise ServerError(f"{name} ended by itself\n{self.log()}")
            try:
                answer = self.request("GET", path)
            except OSError as error:
                said = error
            else:
                if good(answer):
                    return
                said = answer
            time.sleep(PAUSE)
        raise ServerError(f"{path} says {said} after {PATIENCE} s\n{self.log()}")

    # -- users ------------------------------------------------------------------

    def _write_users(self) -> None:
        lines = [
            f'{self.token},admin,admin,"system:masters"',
            f"{self.reader_token},reader,reader",
            *(f"{token},{name},{name}" for name, token in self._spare.items()),
        ]
        path = self.directory / "tokens.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def user(self, rules: list[Body]) -> str:
        """A token of a new user who may do what these RBAC rules say, and no more.

        A rule is as in a ClusterRole: ``apiGroups``, ``resources``, ``verbs``.
        """
        assert self.rbac, f"{self.version} has no RBAC"
        name, token = next(self._unused)
        self._bind(name, token, rules)
        return token

    def _bind(self, user: str, token: str, rules: list[Body]) -> None:
        group = "rbac.authorization.k8s.io"
        known = {"apiVersion": f"{group}/v1", "metadata": {"name": user}}
        role = {"apiGroup": group, "kind": "ClusterRole", "name": user}
        subjects = [{"kind": "User", "name": user}]
        self.create(known | {"kind": "ClusterRole", "rules": rules})
        self.create(
            known
            | {"kind": "ClusterRoleBinding", "roleRef": role, "subjects": subjects}
        )
        self._until_bound(token, [rule for rule in rules if "resources" in rule])

    def _until_bound(self, token: str, rules: list[Body]) -> None:
        """The authorizer hears of a new role a moment after it is stored."""
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectRulesReview",
            "spec": {"namespace": "default"},
        }
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            status = self.create(review, token)["status"]
            if all(rule in status["resourceRules"] for rule in rules):
                return
            time.sleep(PAUSE)
        raise ServerError(f"after {PATIENCE} s nobody may do {rules}\n{self.log()}")

    def kubeconfig_of(self, token: str) -> Path:
        """A kubeconfig whose only user has this token."""
        return self._write_kubeconfig({"token": token})

    def _write_kubeconfig(self, user: Body) -> Path:
        context = {"cluster": "test", "user": "test", "namespace": "default"}
        cluster = {"server": self.url, "certificate-authority": str(self.ca)}
        return self._write_json(
            f"kubeconfig-{next(self._kubeconfigs)}",
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "test", "cluster": cluster}],
                "users": [{"name": "test", "user": user}],
                "contexts": [{"name": "test", "context": context}],
                "current-context": "test",
            },
        )

    def _write_json(self, name: str, content: object) -> Path:
        path = self.directory / name
        path.write_text(json.dumps(content, indent=1), encoding="utf-8")
        path.chmod(0o600)
        return path

    # -- requests ---------------------------------------------------------------

    def request(
        self,
        method: str,
        path: str,
        body: Body | bytes | None = None,
        content_type: str = JSON,
        token: str | None = None,
    ) -> Answer:
        """Ask once, as the admin or as whom the token names.

        Raises:
            OSError: there is no answer.
        """
        headers = {
            "Authorization": f"Bearer {token or self.token}",
            "Accept": JSON,
            "User-Agent": AGENT,
            "Connection": "close",
        }
        if body is not None:
            headers["Content-Type"] = content_type
        if isinstance(body, dict):
            body = json.dumps(body).encode()
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.port, timeout=PATIENCE, context=self._context
        )
        with contextlib.closing(connection):
            try:
                connection.request(method, path, body, headers)
                response = connection.getresponse()
                return Answer(response.status, _parsed(response.read()))
            except http.client.HTTPException as error:
                raise ConnectionError(str(error)) from error

    def collection(self, body: Body) -> str:
        """The path that objects of its kind and namespace, if any, are listed at.

        Known are kinds of installed CRDs and ``BUILT_IN``.
        """
        version = body["apiVersion"]
        place = self._places[version, body["kind"]]
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        if not place.namespaced:
            return f"{root}/{place.plural}"
        namespace = body["metadata"].get("namespace", "default")
        return f"{root}/namespaces/{namespace}/{place.plural}"

    def path(self, body: Body) -> str:
        """The path of the object itself."""
        return f"{self.collection(body)}/{body['metadata']['name']}"

    def create(self, body: Body, token: str | None = None) -> Body:
        """POST an object, which must be new; returns it as stored."""
        answer = self.request("POST", self.collection(body), body, token=token)
        assert answer.status == http.HTTPStatus.CREATED, answer
        return answer.body

    def apply(self, body: Body, query: str = "", token: str | None = None) -> Answer:
        """Server-side apply by the field manager ``tests``; ``query`` is added."""
        path = f"{self.path(body)}?fieldManager=tests" + (query and f"&{query}")
        return self.request("PATCH", path, body, APPLY, token)

    def get(self, body: Body) -> Answer:
        return self.request("GET", self.path(body))

    def delete(self, body: Body) -> Answer:
        """Delete at once; what has finalizers stays until they are gone."""
        return self.request("DELETE", f"{self.path(body)}?gracePeriodSeconds=0")

    def install(self, crds: Iterable[Body]) -> None:
        """Create CRDs; returns when every version served answers.

        Raises:
            ServerError: one is not established; the message ends in the server's log.
        """
        crds = list(crds)
        for crd in crds:
            self.create(crd)
        for crd in crds:
            self._until(self.path(crd), _established)
            for version, kind, place in _places(crd):
                path = f"/apis/{version}/{place.plural}?limit=1"
                self._until(path, lambda answer: answer.status == http.HTTPStatus.OK)
                self._places[version, kind] = place

    # -- audit ------------------------------------------------------------------

    def audit(self) -> list[Body]:
        """Every request so far as an audit event, in the order of the answers.

        Requests of the harness itself are among them; their ``userAgent`` is ``AGENT``.
        Those by which the server talks to itself are not.
        """
        path = self.directory / "audit.log"
        mark = f"/version?mark={next(self._marks)}"
        deadline = time.monotonic() + PATIENCE
        with contextlib.suppress(OSError):
            # An event may be written a moment after its answer is read.
            self.request("GET", mark)
            while not _mentions(path, mark) and time.monotonic() < deadline:
                time.sleep(PAUSE)
        events = map(json.loads, path.read_text(encoding="utf-8").splitlines())
        return [event for event in events if not _internal(event)]


def _secret() -> str:
    return os.urandom(16).hex()


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _end(process: subprocess.Popen[bytes], first: signal.Signals) -> None:
    """Send a signal, and SIGKILL where it does not help within ten seconds."""
    for number in (first, signal.SIGKILL):
        if process.poll() is None:
            process.send_signal(number)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            continue
        return


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode("utf-8", "replace")


def _established(answer: Answer) -> bool:
    # Null, not a list, until the first condition is set.
    conditions = answer.body.get("status", {}).get("conditions") or []
    return any(
        one["type"] == "Established" and one["status"] == "True" for one in conditions
    )


def _places(crd: Body) -> Iterator[tuple[str, str, Place]]:
    """The apiVersion, kind and place of every version that a CRD serves."""
    spec = crd["spec"]
    place = Place(spec["names"]["plural"], namespaced=spec["scope"] == "Namespaced")
    for version in spec["versions"]:
        if version["served"]:
            yield f"{spec['group']}/{version['name']}", spec["names"]["kind"], place


def _mentions(path: Path, mark: str) -> bool:
    return f'"{mark}"' in path.read_text(encoding="utf-8")


def _internal(event: Body) -> bool:
    return event["user"].get("username") == "system:apiserver" or event[
        "requestURI"
    ].startswith("/version?mark=")
