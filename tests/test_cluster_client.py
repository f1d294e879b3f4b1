"""The way to an API server: kubeconfigs, credentials, failures; on loopback alone."""

from __future__ import annotations

import base64
import contextlib
import json
import logging
import os
import re
import shutil
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from netplan2k8s import __version__
from netplan2k8s.cluster import client
from netplan2k8s.findings import OperationError, UsageError

pytest.importorskip("kubernetes")
pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="no openssl, which makes the certificates"
)

POOL = "/apis/nv-ipam.nvidia.com/v1alpha1/namespaces/ops/cidrpools/rail-1"
SECRET = "s3cret-t0ken"
EXEC = "client.authentication.k8s.io"

# The servers: one that notes what it is asked, one that lets through, or not.


class Seen(NamedTuple):
    """A request as a server got it."""

    method: str
    path: str
    query: dict
    headers: dict
    body: bytes
    subject: str
    sni: str
    port: int


def body_of(status, body, headers=()):
    """An answer of an API server as bytes."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = [f"HTTP/1.1 {status} X", f"Content-Length: {len(data)}", *headers]
    if not isinstance(body, bytes):
        head.append("Content-Type: application/json")
    return "\r\n".join([*head, "", ""]).encode() + data


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        self.server.sockets.append(self.request)
        if isinstance(self.request, ssl.SSLSocket):
            self.shake_hands(self.request)
        super().setup()

    def shake_hands(self, connection):
        """Or read what the client goes on to send, lest it miss why it is refused."""
        try:
            connection.do_handshake()
        except ssl.SSLError:
            with socket.socket(fileno=os.dup(connection.fileno())) as raw:
                raw.settimeout(0.5)
                raw.recv(65536)
            raise

    def answer(self):
        length = int(self.headers.get("Content-Length", 0))
        url = urlsplit(self.path)
        tls = self.request if isinstance(self.request, ssl.SSLSocket) else None
        subject = (
            dict(pair for [pair] in (tls.getpeercert() or {}).get("subject", ()))
            if tls
            else {}
        )
        self.server.seen.append(
            Seen(
                self.command,
                url.path,
                parse_qs(url.query),
                dict(self.headers),
                self.rfile.read(length),
                subject.get("commonName", ""),
                getattr(tls, "asked_name", "") or "",
                self.client_address[1],
            )
        )
        answers = self.server.answers
        answer = answers.pop(0) if answers else body_of(200, {"kind": "Thing"})
        if callable(answer):
            answer = answer()
        self.wfile.write(answer)
        self.wfile.flush()
        self.close_connection = answer.startswith(b"HTTP/1.0") or not answer

    do_GET = do_PATCH = answer  # noqa: N815

    def log_message(self, *_):
        pass


class Tcp(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    request_queue_size = 16

    def __init__(self, handler, tls=None):
        super().__init__(("127.0.0.1", 0), handler)
        self.tls, self.seen, self.answers, self.sockets = tls, [], [], []
        self.port = self.server_address[1]
        self.thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        self.thread.start()

    def get_request(self):
        connection, address = super().get_request()
        if self.tls:
            connection = self.tls.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, address

    def handle_error(self, *_):
        """What a client does to a connection is the client's affair."""

    def stop(self):
        self.shutdown()
        for one in self.sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self.server_close()
        self.thread.join()

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"


class Proxy(socketserver.StreamRequestHandler):
    """Answers CONNECT and passes on what follows, both ways."""

    def handle(self):
        self.server.sockets.append(self.request)
        head = b"".join(iter(self.rfile.readline, b"\r\n")).decode()
        self.server.seen.append(head)
        if self.server.answers:
            self.wfile.write(self.server.answers.pop(0))
            return
        host, _, port = head.split()[1].partition(":")
        with socket.create_connection(
            (self.server.hosts.get(host, host), int(port))
        ) as inner:
            self.server.sockets.append(inner)
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=self.pump, args=(inner, self.request))
            back.start()
            self.pump(self.request, inner)
            back.join()

    def pump(self, source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)


class Pki(NamedTuple):
    directory: Path

    def path(self, name):
        return str(self.directory / name)

    def data(self, name):
        return base64.b64encode((self.directory / name).read_bytes()).decode()

    def context(self, name="server", *, clients=False):
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(self.path(f"{name}.crt"), self.path(f"{name}.key"))
        made.load_verify_locations(self.path("ca.crt"))
        made.verify_mode = ssl.CERT_REQUIRED if clients else ssl.CERT_OPTIONAL

        def note(connection, asked, _):
            connection.asked_name = asked

        made.sni_callback = note
        return made


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    """An authority, two servers' certificates and a client's; and another authority."""
    directory = tmp_path_factory.mktemp("pki")

    def run(*words):
        subprocess.run(
            ["openssl", *words], cwd=directory, check=True, capture_output=True
        )

    def certificate(name, common, *extensions, days="2", ca="ca"):
        run(
            *(
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
            ),
            *("-nodes", "-days", days, "-subj", f"/CN={common}"),
            *("-keyout", f"{name}.key", "-out", f"{name}.crt", "-config", "empty.cnf"),
            *(part for extension in extensions for part in ("-addext", extension)),
            *(
                ()
                if name in {"ca", "stranger"}
                else ("-CA", f"{ca}.crt", "-CAkey", f"{ca}.key")
            ),
        )

    (directory / "empty.cnf").write_text("[req]\ndistinguished_name = name\n[name]\n")
    for name in ("ca", "stranger"):
        certificate(
            name,
            name,
            "basicConstraints=critical,CA:true",
            "keyUsage=keyCertSign",
            "subjectKeyIdentifier=hash",
        )
    certificate("server", "server", "subjectAltName=IP:127.0.0.1,DNS:localhost")
    certificate("named", "named", "subjectAltName=DNS:api.example")
    certificate("admin", "admin")
    certificate("foreign", "foreign", ca="stranger")
    run("ec", "-in", "admin.key", "-aes128", "-passout", "pass:x", "-out", "locked.key")
    return Pki(directory)


@pytest.fixture
def start():
    """Start servers, which end with the test."""
    servers = []

    def begin(handler=Handler, tls=None):
        servers.append(Tcp(handler, tls))
        return servers[-1]

    yield begin
    for server in servers:
        server.stop()


@pytest.fixture
def plain(start):
    return start()


@pytest.fixture
def secure(start, pki):
    return start(tls=pki.context())


@pytest.fixture
def proxy(start):
    made = start(Proxy)
    made.hosts = {}
    return made


@pytest.fixture(autouse=True)
def _alone(monkeypatch, tmp_path):
    """No kubeconfig, proxy or cluster of the machine that the tests run on."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith("KUBE"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def written(tmp_path):
    """Write a kubeconfig of one context, ``lab``; returns its path."""

    def write(server, user=None, name="config", context=None, **cluster):
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "lab",
            "clusters": [{"name": "site", "cluster": {"server": server, **cluster}}],
            "contexts": [
                {
                    "name": "lab",
                    "context": {"cluster": "site", "user": "me", **(context or {})},
                }
            ],
            "users": [
                {"name": "me", "user": {"token": SECRET} if user is None else user}
            ],
        }
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(config))
        return str(path)

    return write


@pytest.fixture
def plugin(tmp_path):
    """Write an exec plugin, a shell script; returns what the user has of it."""

    def write(script, version="v1", **more):
        path = tmp_path / "plugin"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return {
            "exec": {"apiVersion": f"{EXEC}/{version}", "command": str(path), **more}
        }

    return write


def credential(version="v1", **status):
    found = {
        "apiVersion": f"{EXEC}/{version}",
        "kind": "ExecCredential",
        "status": status,
    }
    return f"cat <<'END'\n{json.dumps(found)}\nEND"


def failure(expected, call, *arguments, **named):
    """The one line of a failure, without the secret."""
    with pytest.raises(expected) as caught:
        call(*arguments, **named)
    line = str(caught.value)
    assert line.isprintable()
    assert line == " ".join(line.split())
    assert SECRET not in line
    return line


def wrong(*arguments):
    return failure(UsageError, client.connect, *arguments)


def broken(*arguments):
    """The failure to read a path."""
    return failure(OperationError, client.connect(*arguments).get, "/api")


# What is sent, and what comes back.


def test_a_read(plain, written):
    plain.answers = [body_of(200, {"items": [1]})]
    connection = client.connect(written(plain.url + "/"))
    assert connection.get("/api/v1/nodes", limit=500, **{"continue": "a b"}) == (
        200,
        {"items": [1]},
    )
    [seen] = plain.seen
    assert (seen.method, seen.path, seen.body) == ("GET", "/api/v1/nodes", b"")
    assert seen.query == {"limit": ["500"], "continue": ["a b"]}
    assert seen.headers["User-Agent"] == f"netplan2k8s/{__version__}"
    assert seen.headers["Authorization"] == f"Bearer {SECRET}"
    assert (connection.server, connection.context) == (plain.url, "lab")
    assert connection.namespace == "default"
    assert connection.received == len('{"items": [1]}')
    assert 0 < connection.waited < 5
    assert SECRET not in repr(connection)


def test_a_server_below_a_path(plain, written):
    client.connect(written(plain.url + "/k8s/clusters/c-1")).get("/version")
    assert plain.seen[0].path == "/k8s/clusters/c-1/version"


@pytest.mark.parametrize("force", [False, True])
def test_an_apply_is_a_dry_run(plain, written, force):
    body = {"kind": "CIDRPool", "metadata": {"name": "rail-1", "note": "ä"}}
    plain.answers = [body_of(201, body)]
    connection = client.connect(written(plain.url))
    assert connection.dry_run_apply(
        POOL, body, field_manager="me & you", force=force
    ) == (201, body)
    [seen] = plain.seen
    assert (seen.method, seen.path, json.loads(seen.body)) == ("PATCH", POOL, body)
    assert seen.headers["Content-Type"] == "application/apply-patch+yaml"
    forced = {"force": ["true"]} if force else {}
    assert seen.query == {
        "dryRun": ["All"],
        "fieldManager": ["me & you"],
        "fieldValidation": ["Strict"],
        **forced,
    }


@pytest.mark.parametrize(
    ("method", "path", "query", "body"),
    [
        ("POST", "/api", {"dryRun": "All"}, b"{}"),
        ("PUT", "/api", {"dryRun": "All"}, b"{}"),
        ("DELETE", "/api", {"dryRun": "All"}, None),
        ("patch", "/api", {"dryRun": "All"}, b"{}"),
        ("PATCH", "/api", {}, b"{}"),
        ("PATCH", "/api", {"dryRun": ""}, b"{}"),
        ("PATCH", "/api", {"dryRun": ["All"]}, b"{}"),
        ("PATCH", "/api?dryRun=All", {}, b"{}"),
        ("PATCH", "/api?dryRun=", {"dryRun": "All"}, b"{}"),
        ("PATCH", "/api#", {"dryRun": "All"}, b"{}"),
        ("PATCH", "/api", {"dryRun": "All"}, None),
        ("GET", "/api", {}, b"{}"),
        ("GET", "api", {}, None),
        ("GET", "@evil/api", {}, None),
        ("GET", "/a\r\nb", {}, None),
    ],
)
def test_nothing_that_changes_the_cluster_can_be_sent(
    plain, written, method, path, query, body
):
    connection = client.connect(written(plain.url))
    with pytest.raises(ValueError, match=r"change|path|body"):
        connection._request(method, path, query, body)
    assert plain.seen == []


def test_one_call_sends_and_it_takes_only_what_is_harmless():
    """The only call of the pool is where its argument has been made harmless."""
    source = Path(client.__file__).read_text()
    assert len(re.findall(r"_pool\.\w+\(", source)) == 1
    assert (
        len(re.findall(r"\burlopen\b|\.call_api\(|requests\.|http\.client", source))
        == 0
    )
    assert client.Connection._send.__annotations__["request"] == "_Harmless"


@pytest.mark.parametrize("name", [".", ".."])
def test_a_name_that_leads_elsewhere(plain, written, name):
    connection = client.connect(written(plain.url))
    line = failure(UsageError, connection.get, f"/api/v1/nodes/{name}")
    assert line == f"/api/v1/nodes/{name}: nothing in a cluster is named . or .."
    assert plain.seen == []


STATUS = {"kind": "Status", "status": "Failure", "message": "no"}


@pytest.mark.parametrize(
    "status", [400, 403, 404, 409, 413, 415, 422, 429, 500, 502, 503, 504]
)
def test_refusals_are_the_callers(plain, written, status):
    plain.answers = [
        body_of(status, body) for body in (STATUS, {"kind": "Pod"}, [1], b"<html>", b"")
    ]
    connection = client.connect(written(plain.url))
    assert connection.get("/api") == (status, STATUS)
    for _ in range(4):
        assert connection.get("/api") == (status, {})
    assert len(plain.seen) == 5


def test_one_connection_serves_many_requests(secure, written, pki):
    connection = client.connect(
        written(secure.url, **{"certificate-authority": pki.path("ca.crt")})
    )
    for _ in range(3):
        connection.get("/api")
    assert len({seen.port for seen in secure.seen}) == 1


def test_a_large_pool_costs_its_json(plain, written):
    spec = {
        "staticAllocations": [
            {"nodeName": f"n-{i}", "prefix": f"10.0.{i >> 8}.{i & 255}/31"}
            for i in range(4096)
        ]
    }
    plain.answers = [body_of(200, {"spec": spec})]
    connection = client.connect(written(plain.url))
    answer = connection.dry_run_apply(POOL, {"spec": spec}, field_manager="x")
    assert answer.body == {"spec": spec}
    assert connection.received == len(json.dumps({"spec": spec}))


# Waiting and trying again.


def test_a_server_that_asks_to_wait(plain, written, monkeypatch):
    pauses = []
    monkeypatch.setattr(client.time, "sleep", pauses.append)
    asked = ["0.5", "nan", "Wed, 21 Oct 2026 07:28:00 GMT"]
    plain.answers = [
        body_of(429 if i else 503, STATUS, [f"Retry-After: {text}"])
        for i, text in enumerate(asked)
    ]
    assert client.connect(written(plain.url)).get("/api").status == 200
    assert pauses == [0.5, 0.0, 2.0]
    assert len(plain.seen) == 4


@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_a_server_that_asks_too_often(plain, written, monkeypatch, method):
    pauses = []
    monkeypatch.setattr(client.time, "sleep", pauses.append)
    plain.answers = [body_of(429, STATUS, ["Retry-After: 3600"])] * 9
    connection = client.connect(written(plain.url))
    if method == "GET":
        assert connection.get("/api") == (429, STATUS)
    else:
        assert connection.dry_run_apply("/api", {}, field_manager="x") == (429, STATUS)
    assert [seen.method for seen in plain.seen] == [method] * 4
    assert pauses == [2.0] * 3


CUT = b'HTTP/1.0 200 OK\r\nContent-Length: 99\r\n\r\n{"kind"'
CHUNKED = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n{"kind"\r\n'
BEFORE, MIDDLE = "before an answer", "in the middle of an answer"


@pytest.mark.parametrize("cut", [b"", CUT])
def test_a_read_is_tried_once_more(plain, written, cut):
    plain.answers = [cut]
    assert client.connect(written(plain.url)).get("/api").status == 200
    assert len(plain.seen) == 2


@pytest.mark.parametrize(("cut", "place"), [(b"", BEFORE), (CUT, MIDDLE)])
def test_a_read_is_not_tried_a_third_time(plain, written, cut, place):
    plain.answers = [cut] * 9
    line = broken(written(plain.url))
    assert (
        line == f"{plain.url} (context 'lab'): the connection broke {place}; try again"
    )
    assert len(plain.seen) == 2


@pytest.mark.parametrize(("cut", "place"), [(b"", BEFORE), (CUT, MIDDLE)])
def test_a_dry_run_is_not_tried_again(plain, written, cut, place):
    plain.answers = [cut] * 9
    connection = client.connect(written(plain.url))
    line = failure(
        OperationError, connection.dry_run_apply, "/api", {}, field_manager="x"
    )
    assert (
        line == f"{plain.url} (context 'lab'): the connection broke {place}; try again"
    )
    assert len(plain.seen) == 1


def test_chunks_that_end_too_early(plain, written):
    def cut():
        for one in plain.sockets:
            with contextlib.suppress(OSError):
                one.sendall(CHUNKED)
        return b""

    plain.answers = [cut] * 9
    line = broken(written(plain.url))
    assert (
        line == f"{plain.url} (context 'lab'): the connection broke {MIDDLE}; try again"
    )


# Servers that fail.


def test_nobody_listens(written):
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        url = f"https://127.0.0.1:{one.getsockname()[1]}"
        line = broken(written(url))
    assert line == (
        f"{url} (context 'lab'): no connection: Connection refused; check server, and that it runs there"
    )


def test_a_name_that_is_not_resolved(written, monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    path = written("https://api.example:6443")
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert broken(path) == (
        "https://api.example:6443 (context 'lab'): its name is not resolved:"
        " Name or service not known; check server, DNS and VPN"
    )


def test_no_connection_in_time(written, monkeypatch):
    monkeypatch.setattr(client, "CONNECT_SECONDS", 0.2)
    with contextlib.ExitStack() as stack:
        full = stack.enter_context(socket.socket())
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}"
        line = broken(written(url))
    assert (
        line
        == f"{url} (context 'lab'): no connection within 0.2 s; check server, firewall and VPN"
    )


@pytest.mark.parametrize(
    "begun", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"]
)
def test_no_answer_in_time(plain, written, monkeypatch, begun):
    monkeypatch.setattr(client, "READ_SECONDS", 0.2)
    stop = threading.Event()

    def late():
        plain.sockets[-1].sendall(begun)
        stop.wait(5)
        return b""

    plain.answers = [late] * 9
    connection = client.connect(written(plain.url))
    line = failure(OperationError, connection.get, "/api")
    stop.set()
    assert line == f"{plain.url} (context 'lab'): no answer within 0.2 s; try again"
    assert len(plain.seen) == 1
    assert 0.2 <= connection.waited < 2


def test_a_certificate_of_another_authority(secure, written, pki):
    line = broken(
        written(secure.url, **{"certificate-authority": pki.path("stranger.crt")})
    )
    assert re.fullmatch(
        re.escape(f"{secure.url} (context 'lab'): its TLS certificate is not trusted: ")
        + "[a-z -]+; check certificate-authority of the cluster",
        line,
    )


def test_no_authority_at_all(secure, written):
    line = broken(written(secure.url))
    assert "its TLS certificate is not trusted: " in line


def test_a_certificate_for_another_name(start, written, pki):
    server = start(tls=pki.context("named"))
    assert broken(
        written(server.url, **{"certificate-authority": pki.path("ca.crt")})
    ) == (
        f"{server.url} (context 'lab'): its TLS certificate is for another name: IP address mismatch,"
        " certificate is not valid for '127.0.0.1'.; set tls-server-name"
    )


def test_a_server_without_tls(plain, written):
    url = plain.url.replace("http:", "https:")
    assert broken(written(url)) == (
        f"{url} (context 'lab'): does not speak TLS; is the port right, or is its URL one of http://?"
    )


class Alert(socketserver.BaseRequestHandler):
    """Ends every handshake with an alert: handshake failure."""

    def handle(self):
        self.request.recv(65536)
        self.request.sendall(b"\x15\x03\x03\x00\x02\x02\x28")


def test_a_handshake_that_fails(start, written):
    url = start(Alert).url.replace("http:", "https:")
    assert broken(written(url)) == (
        f"{url} (context 'lab'): the TLS handshake fails: sslv3 alert handshake failure"
    )


def test_an_answer_that_is_not_what_it_says(plain, written):
    plain.answers = [body_of(200, b"{}", ["Content-Encoding: gzip"])]
    assert broken(written(plain.url)).startswith(
        f"{plain.url} (context 'lab'): no answer that can be read: "
    )


def test_a_server_with_tls_that_is_not_told_so(plain, written):
    plain.answers = [
        b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"
    ]
    assert broken(written(plain.url)) == (
        f"{plain.url} (context 'lab'): speaks TLS; its URL must begin with https://"
    )


@pytest.mark.parametrize("certificate", ["foreign", None])
def test_a_client_certificate_that_is_refused(start, written, pki, certificate):
    server = start(tls=pki.context(clients=True))
    user = {
        "client-certificate": pki.path("foreign.crt"),
        "client-key": pki.path("foreign.key"),
    }
    path = written(
        server.url,
        user if certificate else {},
        **{"certificate-authority": pki.path("ca.crt")},
    )
    line = broken(path)
    assert re.fullmatch(
        re.escape(f"{server.url} (context 'lab'): refuses the client certificate: ")
        + "(tlsv1 alert unknown ca|tlsv13 alert certificate required); log in again",
        line,
    )


@pytest.mark.parametrize(
    "data", [b"<html>login</html>", b"", b"[" * 100_000, b"\xff\xfe\xff"]
)
def test_an_answer_that_is_no_json(plain, written, data):
    plain.answers = [body_of(200, data, ["Content-Type: text/html"])]
    assert broken(written(plain.url)) == (
        f"{plain.url} (context 'lab'): answers /api with 200 and text/html that is no JSON;"
        " is it an API server?"
    )


def test_an_answer_that_is_no_http(plain, written):
    plain.answers = [b"SSH-2.0-OpenSSH_9.2\r\n"] * 2
    line = broken(written(plain.url))
    assert (
        line
        == f"{plain.url} (context 'lab'): the connection broke before an answer; try again"
    )


def test_a_redirect_is_not_followed(plain, written):
    target = f"Location: https://me:{SECRET}@login.example/start?state={SECRET}"
    plain.answers = [body_of(302, b"", [target])]
    assert broken(written(plain.url)) == (
        f"{plain.url} (context 'lab'): answers /api with 302, a redirect to https://login.example/start;"
        " is it an API server, or is a login needed?"
    )
    assert len(plain.seen) == 1


# Credentials that are refused.


@pytest.mark.parametrize(
    ("user", "words"),
    [
        (
            {"token": SECRET},
            "refuses (401) the credentials of user 'me', or they expired; log in again",
        ),
        (
            None,
            "refuses access without credentials (401), and the context names no user",
        ),
    ],
)
def test_credentials_that_are_refused(plain, written, user, words):
    plain.answers = [body_of(401, {**STATUS, "message": SECRET})]
    path = written(plain.url, user, context={} if user else {"user": ""})
    assert broken(path) == f"{plain.url} (context 'lab'): {words}"


def test_a_plugins_credentials_that_are_refused(plain, written, plugin):
    user = plugin(credential(token=SECRET))
    plain.answers = [body_of(401, STATUS)]
    command = user["exec"]["command"]
    assert broken(written(plain.url, user)) == (
        f"{plain.url} (context 'lab'): refuses (401) what the exec plugin {command!r} of user 'me' gave; log in again"
    )


# What a kubeconfig can say.


def test_certificates_in_files_beside_the_kubeconfig(
    secure, written, pki, tmp_path, monkeypatch
):
    home = tmp_path / "far" / "away"
    shutil.copytree(pki.directory, home / "pki")
    user = {"client-certificate": "pki/admin.crt", "client-key": "pki/admin.key"}
    written(
        secure.url,
        user,
        name="far/away/config",
        **{"certificate-authority": "pki/ca.crt"},
    )
    monkeypatch.chdir(tmp_path / "far")
    client.connect("away/config").get("/api")
    assert secure.seen[0].subject == "admin"
    assert "Authorization" not in secure.seen[0].headers


def test_certificates_in_the_kubeconfig_win(secure, written, pki):
    user = {
        "client-certificate-data": pki.data("admin.crt"),
        "client-key-data": pki.data("admin.key"),
        "client-certificate": "/nowhere",
        "client-key": "/nowhere",
    }
    cluster = {
        "certificate-authority-data": pki.data("ca.crt"),
        "certificate-authority": "/nowhere",
    }
    client.connect(written(secure.url, user, **cluster)).get("/api")
    assert secure.seen[0].subject == "admin"


def test_a_tokens_file_wins_and_may_end_its_line(plain, written, tmp_path):
    (tmp_path / "token").write_text(f"{SECRET}\n")
    client.connect(written(plain.url, {"token": "old", "tokenFile": "token"})).get(
        "/api"
    )
    assert plain.seen[0].headers["Authorization"] == f"Bearer {SECRET}"


def test_a_name_and_a_password(plain, written):
    client.connect(written(plain.url, {"username": "me", "password": SECRET})).get(
        "/api"
    )
    expected = base64.b64encode(f"me:{SECRET}".encode()).decode()
    assert plain.seen[0].headers["Authorization"].lower() == f"basic {expected}".lower()


def test_a_name_for_tls(start, written, pki):
    server = start(tls=pki.context("named"))
    cluster = {
        "certificate-authority": pki.path("ca.crt"),
        "tls-server-name": "api.example",
    }
    client.connect(written(server.url, **cluster)).get("/api")
    assert server.seen[0].sni == "api.example"


@pytest.mark.parametrize("authority", [{}, {"certificate-authority": "ca.crt"}])
def test_tls_that_is_not_verified(start, written, pki, authority):
    server = start(tls=pki.context("named"))
    authority = {key: pki.path(name) for key, name in authority.items()}
    path = written(server.url, **authority, **{"insecure-skip-tls-verify": True})
    assert client.connect(path).get("/api").status == 200


def test_no_user_is_no_credentials(plain, written):
    client.connect(written(plain.url, context={"user": ""})).get("/api")
    assert "Authorization" not in plain.seen[0].headers


# Proxies.


@pytest.mark.parametrize("address", ["127.0.0.1", "api.example"])
def test_a_proxy_of_the_cluster(secure, written, pki, proxy, monkeypatch, address):
    monkeypatch.setenv("NO_PROXY", "*")
    proxy.hosts["api.example"] = "127.0.0.1"
    url = f"https://{address}:{secure.port}"
    cluster = {
        "certificate-authority": pki.path("ca.crt"),
        "tls-server-name": "localhost",
    }
    client.connect(written(url, **cluster, **{"proxy-url": proxy.url})).get("/api")
    assert proxy.seen[0].startswith(f"CONNECT {address}:{secure.port} HTTP/1.")
    assert SECRET not in proxy.seen[0]
    assert secure.seen[0].headers["Authorization"] == f"Bearer {SECRET}"


def test_a_proxy_with_a_password(secure, written, pki, proxy):
    cluster = {"certificate-authority": pki.path("ca.crt")}
    proxied = proxy.url.replace("//", "//me:p%40ss@")
    client.connect(written(secure.url, **cluster, **{"proxy-url": proxied})).get("/api")
    expected = base64.b64encode(b"me:p@ss").decode()
    assert f"proxy-authorization: basic {expected}".lower() in proxy.seen[0].lower()
    assert "roxy-" not in "".join(secure.seen[0].headers)


@pytest.mark.parametrize("scheme", ["http://", ""])
def test_a_proxy_of_the_environment(secure, written, pki, proxy, monkeypatch, scheme):
    monkeypatch.setenv("HTTPS_PROXY", f"{scheme}127.0.0.1:{proxy.port}")
    proxy.hosts["api.example"] = "127.0.0.1"
    url = f"https://api.example:{secure.port}"
    cluster = {
        "certificate-authority": pki.path("ca.crt"),
        "tls-server-name": "localhost",
    }
    client.connect(written(url, **cluster)).get("/api")
    assert proxy.seen[0].startswith(f"CONNECT api.example:{secure.port} ")


@pytest.mark.parametrize("spared", [None, "127.0.0.1"])
def test_a_server_on_this_host_needs_no_proxy(
    secure, written, pki, proxy, monkeypatch, spared
):
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    if spared:
        monkeypatch.setenv("NO_PROXY", spared)
        monkeypatch.setattr(client, "_is_local", lambda _: False)
    client.connect(
        written(secure.url, **{"certificate-authority": pki.path("ca.crt")})
    ).get("/api")
    assert proxy.seen == []


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", "Tunnel connection failed: 403 Forbidden"),
        (
            b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
            "Tunnel connection failed: 407 Proxy Authentication Required",
        ),
    ],
)
def test_a_proxy_that_refuses(secure, written, proxy, said, reason):
    proxy.answers = [said] * 9
    proxied = proxy.url.replace("//", f"//me:{SECRET}@")
    assert broken(written(secure.url, **{"proxy-url": proxied})) == (
        f"{secure.url} (context 'lab'): the proxy {proxy.url} fails: {reason};"
        " check proxy-url of the cluster, or HTTPS_PROXY and NO_PROXY"
    )
    assert len(proxy.seen) == 1


def test_a_proxy_that_is_not_there(written):
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        proxied = f"http://127.0.0.1:{one.getsockname()[1]}"
        line = broken(written("https://api.example", **{"proxy-url": proxied}))
    assert line == (
        f"https://api.example (context 'lab'): the proxy {proxied} fails: Connection refused;"
        " check proxy-url of the cluster, or HTTPS_PROXY and NO_PROXY"
    )


@pytest.mark.parametrize(
    "url", ["socks5://127.0.0.1:1080", "ftp://127.0.0.1:1", "http://:x"]
)
def test_a_proxy_of_another_kind(written, url, tmp_path):
    with contextlib.suppress(ImportError):
        import socks  # noqa: F401

        pytest.skip("PySocks is installed")
    line = wrong(written("https://api.example", **{"proxy-url": url}))
    assert (
        line
        == f"{tmp_path}/config: cluster 'site': the proxy {url} cannot be used; http://HOST:PORT can"
    )


# Exec plugins.


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_a_plugin_gives_a_token(plain, written, plugin, tmp_path, version):
    script = f'echo "$WHO $1 $KUBERNETES_EXEC_INFO" > {tmp_path}/told\n' + credential(
        version, token=SECRET
    )
    user = plugin(script, version, args=["login"], env=[{"name": "WHO", "value": "me"}])
    client.connect(written(plain.url, user)).get("/api")
    assert plain.seen[0].headers["Authorization"] == f"Bearer {SECRET}"
    who, argument, told = (tmp_path / "told").read_text().split(" ", 2)
    assert (who, argument) == ("me", "login")
    assert json.loads(told)["apiVersion"] == f"{EXEC}/{version}"


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_a_plugin_gives_a_certificate(secure, written, plugin, pki, version):
    texts = {
        "clientCertificateData": Path(pki.path("admin.crt")).read_text(),
        "clientKeyData": Path(pki.path("admin.key")).read_text(),
    }
    user = plugin(credential(version, **texts), version)
    client.connect(
        written(secure.url, user, **{"certificate-authority": pki.path("ca.crt")})
    ).get("/api")
    assert secure.seen[0].subject == "admin"


def test_a_plugin_beside_the_kubeconfig(plain, written, plugin, tmp_path, monkeypatch):
    user = plugin(credential(token=SECRET))
    user["exec"]["command"] = "./plugin"
    path = written(plain.url, user)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    client.connect(path).get("/api")
    assert plain.seen[0].headers["Authorization"] == f"Bearer {SECRET}"


def test_a_plugin_is_asked_again_when_its_token_expires(
    plain, written, plugin, tmp_path, monkeypatch
):
    expired = {"expirationTimestamp": "2020-01-01T00:00:00Z"}
    script = (
        f"echo x >> {tmp_path}/runs\nif [ $(wc -l < {tmp_path}/runs) -gt 1 ]; then\n"
    )
    script += (
        credential(token="new", **expired)
        + "\nelse\n"
        + credential(token="old", **expired)
        + "\nfi"
    )
    connection = client.connect(written(plain.url, plugin(script)))
    for _ in range(3):
        connection.get("/api")
    assert (tmp_path / "runs").read_text() == "x\n" * 2
    assert {seen.headers["Authorization"] for seen in plain.seen} == {"Bearer new"}
    monkeypatch.setattr(client, "RENEWAL_SECONDS", -1.0)
    connection.get("/api")
    assert (tmp_path / "runs").read_text() == "x\n" * 3
    plugin("echo >&2 gone; exit 3")
    line = failure(OperationError, connection.get, "/api")
    assert line.endswith("of user 'me' fails with exit code 3: gone")


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (
            "echo >&2 Traceback; echo >&2 '  login \033[1mfirst  '; echo >&2; exit 255",
            "fails with exit code 255: login [1mfirst",
        ),
        ("exit 1", "fails with exit code 1: it says nothing"),
        (
            "cat /absent",
            "fails with exit code 1: cat: /absent: No such file or directory",
        ),
        ("kill -9 $$", "fails with exit code -9: it says nothing"),
        ("echo rubbish", "prints no JSON; it must print an ExecCredential"),
        ("", "prints no JSON; it must print an ExecCredential"),
        ("echo '[]'", "is of no use: malformed response. missing key 'apiVersion'"),
        ("echo 1", "prints JSON that is no ExecCredential"),
        ("echo '{}'", "is of no use: malformed response. missing key 'apiVersion'"),
        (
            credential("v1alpha1"),
            f"is of no use: plugin api version {EXEC}/v1alpha1 does not match {EXEC}/v1",
        ),
        (
            credential(),
            "is of no use: missing token or clientCertificateData field in plugin output",
        ),
        (
            credential(clientCertificateData="x"),
            "is of no use: missing clientKeyData field in plugin output",
        ),
        (
            credential(token=SECRET, expirationTimestamp="soon"),
            "prints JSON that is no ExecCredential",
        ),
        (credential().replace("{}", "null"), "prints JSON that is no ExecCredential"),
    ],
)
def test_a_plugin_that_fails(plain, written, plugin, script, words, capfd):
    user = plugin(script)
    line = failure(OperationError, client.connect, written(plain.url, user))
    command = user["exec"]["command"]
    assert (
        line
        == f"{plain.url} (context 'lab'): the exec plugin {command!r} of user 'me' {words}"
    )
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        ("", "install it, or correct its command"),
        ("\nget it at\nexample.com", "get it at"),
    ],
)
def test_a_plugin_that_is_missing(plain, written, hint, words):
    user = {
        "exec": {
            "apiVersion": f"{EXEC}/v1",
            "command": "no-such-plugin",
            "installHint": hint,
        }
    }
    line = failure(OperationError, client.connect, written(plain.url, user))
    assert (
        line
        == f"{plain.url} (context 'lab'): the exec plugin 'no-such-plugin' of user 'me' is not found; {words}"
    )


def test_a_plugin_that_may_not_be_run(plain, written, plugin):
    user = plugin("")
    command = user["exec"]["command"]
    os.chmod(command, 0o644)
    line = failure(OperationError, client.connect, written(plain.url, user))
    assert line.endswith(
        f"the exec plugin {command!r} of user 'me' cannot be run: Permission denied"
    )


def test_a_plugin_at_a_terminal_says_itself_why_it_fails(
    plain, written, plugin, monkeypatch, tmp_path
):
    class Terminal:
        def __init__(self, name):
            self.file = (tmp_path / name).open("w+")

        def isatty(self):
            return True

        def fileno(self):
            return self.file.fileno()

    streams = [Terminal(name) for name in ("stdin", "stdout", "stderr")]
    path = written(plain.url, plugin("echo >&2 enter the code; exit 1"))
    with contextlib.ExitStack() as stack:
        for stream in streams:
            stack.enter_context(stream.file)
        with monkeypatch.context() as patch:
            for name, stream in zip(
                ("stdin", "stdout", "stderr"), streams, strict=True
            ):
                patch.setattr(sys, name, stream)
            line = failure(OperationError, client.connect, path)
    assert line.endswith("of user 'me' fails; what it says is above")
    assert (tmp_path / "stderr").read_text() == "enter the code\n"


def test_a_plugins_certificate_that_is_none(secure, written, plugin):
    user = plugin(credential(clientCertificateData="x", clientKeyData=SECRET))
    line = failure(OperationError, client.connect, written(secure.url, user))
    command = user["exec"]["command"]
    assert line.startswith(
        f"{secure.url} (context 'lab'): what the exec plugin {command!r} of user 'me' prints is of no use:"
        " client-certificate and client-key do not load: "
    )


@pytest.mark.parametrize(
    "found",
    [
        {},
        {"command": "x"},
        {"apiVersion": "x"},
        "x",
        {"command": [], "apiVersion": "x"},
    ],
)
def test_a_plugin_that_is_not_described(plain, written, found, tmp_path):
    line = wrong(written(plain.url, {"exec": found or {"args": []}}))
    assert (
        line
        == f"{tmp_path}/config: user 'me': its exec has not both apiVersion and command"
    )


def test_an_auth_provider_that_fails(plain, written):
    user = {"auth-provider": {"name": "oidc", "config": {"refresh-token": SECRET}}}
    path = written(plain.url, user)
    assert failure(OperationError, client.connect, path) == (
        f"{plain.url} (context 'lab'): the auth-provider 'oidc' of {path}: user 'me' fails (ConfigException);"
        " kubectl has dropped auth-providers; use an exec plugin"
    )


def test_a_user_that_the_client_cannot_take(plain, written):
    path = written(plain.url, {"username": 5, "password": SECRET})
    assert wrong(path) == f"{path}: user 'me': cannot be used (TypeError)"


# Where kubeconfigs are.


def test_the_usual_place(plain, written):
    written(plain.url, name=".kube/config")
    assert client.connect().context == "lab"


def test_merged_kubeconfigs(plain, secure, pki, tmp_path, monkeypatch):
    """As kubectl merges: the first file to name something wins, paths are its own."""
    first, second = tmp_path / "first", tmp_path / "second"
    for directory in (first, second):
        shutil.copytree(pki.directory, directory)
    texts = {
        first / "config": {
            "current-context": "lab",
            "contexts": [
                {
                    "name": "lab",
                    "context": {"cluster": "site", "user": "me", "namespace": "ops"},
                }
            ],
            "users": [
                {
                    "name": "me",
                    "user": {
                        "client-certificate": "admin.crt",
                        "client-key": "admin.key",
                    },
                }
            ],
        },
        second / "config": {
            "current-context": "other",
            "contexts": [
                {"name": "lab", "context": {"cluster": "other", "namespace": "wrong"}},
                {
                    "name": "other",
                    "context": {"cluster": "other", "namespace": "quiet"},
                },
            ],
            "clusters": [
                {
                    "name": "site",
                    "cluster": {
                        "server": secure.url,
                        "certificate-authority": "ca.crt",
                    },
                },
                {"name": "other", "cluster": {"server": plain.url}},
            ],
            "users": [{"name": "me", "user": {"token": "wrong"}}],
        },
    }
    for path, config in texts.items():
        path.write_text(json.dumps(config))
    files = [*texts, tmp_path / "absent"]
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(["", *map(str, files)]))
    connection = client.connect()
    assert (connection.context, connection.namespace, connection.server) == (
        "lab",
        "ops",
        secure.url,
    )
    connection.get("/api")
    assert secure.seen[0].subject == "admin"
    other = client.connect(context="other")
    assert (other.context, other.namespace, other.server) == (
        "other",
        "quiet",
        plain.url,
    )
    named = client.connect(str(second / "config"))
    assert (named.context, named.namespace) == ("other", "quiet")


def test_a_kubeconfig_is_never_written(plain, written, plugin, tmp_path):
    path = written(
        plain.url,
        plugin(credential(token=SECRET, expirationTimestamp="2020-01-01T00:00:00Z")),
    )
    os.chmod(path, 0o444)
    before = (
        Path(path).read_bytes(),
        os.stat(path).st_mtime_ns,
        sorted(os.listdir(tmp_path)),
    )
    client.connect(path).get("/api")
    assert (
        Path(path).read_bytes(),
        os.stat(path).st_mtime_ns,
        sorted(os.listdir(tmp_path)),
    ) == before


@pytest.fixture
def pod(secure, pki, tmp_path, monkeypatch):
    """As a pod has it: a service account, and the server in the environment."""
    from kubernetes.config import incluster_config

    account = tmp_path / "account"
    account.mkdir()
    (account / "token").write_text(SECRET + "\n")
    shutil.copy(pki.path("ca.crt"), account / "ca.crt")
    monkeypatch.setattr(
        incluster_config, "SERVICE_TOKEN_FILENAME", str(account / "token")
    )
    monkeypatch.setattr(
        incluster_config, "SERVICE_CERT_FILENAME", str(account / "ca.crt")
    )
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(secure.port))
    return account


def test_in_a_cluster(secure, pod):
    connection = client.connect()
    assert (connection.context, connection.namespace, connection.server) == (
        "",
        "default",
        secure.url,
    )
    connection.get("/api")
    assert secure.seen[0].headers["Authorization"].lower() == f"bearer {SECRET}"
    (pod / "namespace").write_text("ops\n")
    assert client.connect().namespace == "ops"


@pytest.mark.usefixtures("pod")
def test_a_kubeconfig_wins_in_a_cluster(plain, written):
    assert client.connect(written(plain.url)).context == "lab"


def test_failures_in_a_cluster(secure, pod):
    secure.answers = [body_of(401, STATUS)]
    assert broken() == (
        f"{secure.url} (in-cluster): refuses (401) the credentials of the pod's service account,"
        " or they expired; log in again"
    )
    assert wrong("", "lab") == "no kubeconfig has a context 'lab', as there is none"
    (pod / "ca.crt").write_text("rubbish")
    assert wrong().startswith(
        "the pod's service account: certificate-authority does not load: "
    )
    (pod / "token").unlink()
    assert (
        wrong() == "no kubeconfig, and in this pod: Service token file does not exist."
    )


def test_a_service_account_that_is_gone(pod, monkeypatch, secure):
    import datetime as dt

    connection = client.connect()
    (pod / "token").unlink()
    monkeypatch.setattr(client, "RENEWAL_SECONDS", -1.0)
    loader = connection._configuration.refresh_api_key_hook.__closure__[0].cell_contents
    loader.token_expires_at = dt.datetime.fromtimestamp(0)  # noqa: DTZ006
    assert failure(OperationError, connection.get, "/api") == (
        f"{secure.url} (in-cluster): the token of the pod's service account cannot be had (FileNotFoundError)"
    )


# Kubeconfigs that are wrong.


def test_no_kubeconfig_at_all():
    assert wrong() == (
        "no kubeconfig, and not in a cluster: name one with --kubeconfig FILE or KUBECONFIG"
    )


def test_no_kubernetes_client(monkeypatch, written):
    path = written("https://api.example")
    for name in ("kubernetes", "kubernetes.client", "kubernetes.config"):
        monkeypatch.setitem(sys.modules, name, None)
    assert wrong(path) == (
        "talking to a cluster needs the Kubernetes client: pip install 'netplan2k8s[cluster]';"
        " without it, --snapshot FILE compares with a dump (kubectl get … -o yaml)"
    )


def test_files_that_are_missing(tmp_path, monkeypatch):
    path = f"{tmp_path}/absent"
    assert wrong(path) == f"{path}: cannot be read: No such file or directory"
    assert wrong(str(tmp_path)) == f"{tmp_path}: cannot be read: Is a directory"
    monkeypatch.setenv("KUBECONFIG", f"{path}{os.pathsep}{path}2")
    assert wrong() == f"KUBECONFIG names no file that is there: {path}, {path}2"


def test_a_file_that_may_not_be_read(written, monkeypatch):
    def refuse(path, *_):
        raise PermissionError(13, "Permission denied", path)

    path = written("https://api.example")
    monkeypatch.setattr(client, "open", refuse, raising=False)
    assert wrong(path) == f"{path}: cannot be read: Permission denied"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"a: [", ":2:1: is no YAML, so no kubeconfig"),
        (b"token: s3cret-t0ken: x", ":1:20: is no YAML, so no kubeconfig"),
        (b"\xff\xfe\xff", ": is no YAML, so no kubeconfig"),
        (b"a: 2020-13-99", ": is no YAML, so no kubeconfig"),
        (b"[" * 100_000, ":1:1001: is no YAML, so no kubeconfig"),
        (b"[1]", ": is no kubeconfig, which is a mapping"),
        (b"kind: Pod", ": is no kubeconfig, but of kind Pod"),
        (b"", ": has no contexts"),
        (b"contexts: 5", ": is no kubeconfig: contexts is no list"),
        (
            b"contexts: [5]",
            ": is no kubeconfig: number 1 of contexts has not both name and context",
        ),
        (
            b"contexts: [{context: {}}]",
            ": is no kubeconfig: number 1 of contexts has not both name and context",
        ),
        (
            b"users: [{name: a, user: s3cret-t0ken}]",
            ": is no kubeconfig: number 1 of users has not both name and user",
        ),
        (b"contexts: [{name: a}]", ": no context is current; --context is one of a"),
        (
            b"contexts: [{name: a}]\ncurrent-context: a",
            ": context 'a': it names no cluster; there is none",
        ),
    ],
)
def test_files_that_are_no_kubeconfig(tmp_path, data, words):
    path = tmp_path / "config"
    path.write_bytes(data)
    assert wrong(str(path)) == f"{path}{words}"


@pytest.mark.parametrize(
    ("change", "context", "words"),
    [
        ({}, "lba", "no context 'lba'; did you mean 'lab'? Known: lab"),
        ({}, "prod", "no context 'prod'; known: lab"),
        (
            {"current-context": "gone\n\033[1m"},
            "",
            r"no context 'gone\n\x1b[1m'; known: lab",
        ),
        (
            {"clusters": []},
            "",
            "context 'lab': it names cluster 'site', which is not there; there is none",
        ),
        (
            {"clusters": [{"name": "sites"}]},
            "",
            "context 'lab': it names cluster 'site', which is not there; did you mean 'sites'? Known: sites",
        ),
        (
            {"users": []},
            "",
            "context 'lab': it names user 'me', which is not there; there is none",
        ),
        (
            {"clusters": [{"name": "site"}]},
            "",
            "cluster 'site': it has no server; it must be https://HOST:PORT",
        ),
    ],
)
def test_contexts_that_do_not_hold(written, change, context, words):
    path = written("https://api.example")
    config = yaml.safe_load(Path(path).read_text())
    Path(path).write_text(yaml.safe_dump({**config, **change}))
    assert wrong(path, context) == f"{path}: {words}"


@pytest.mark.parametrize(
    "server",
    [
        "api.example:6443",
        "ftp://api.example",
        "https://",
        "https://a:x",
        "https://a:0",
        "https://a/?b",
        "https://a b",
    ],
)
def test_a_server_that_is_no_url(written, server):
    path = written(server)
    shown = server.partition("?")[0]
    assert (
        wrong(path)
        == f"{path}: cluster 'site': its server is {shown!r}; it must be https://HOST:PORT"
    )


def test_a_server_with_a_password_is_shown_without(plain, written):
    connection = client.connect(written(plain.url.replace("//", f"//me:{SECRET}@")))
    assert connection.server == plain.url


@pytest.mark.parametrize(
    ("entry", "key"),
    [
        ("cluster", "certificate-authority"),
        ("user", "client-certificate"),
        ("user", "client-key"),
        ("user", "tokenFile"),
    ],
)
def test_files_of_the_kubeconfig_that_are_missing(written, tmp_path, entry, key):
    user = {key: "absent"} if entry == "user" else None
    cluster = {key: "absent"} if entry == "cluster" else {}
    path = written("https://api.example", user, **cluster)
    label = "user 'me'" if user else "cluster 'site'"
    assert (
        wrong(path)
        == f"{path}: {label}: {key} {tmp_path}/absent: No such file or directory"
    )


@pytest.mark.parametrize(
    "key", ["certificate-authority", "client-certificate", "client-key"]
)
def test_data_that_is_no_base64(written, key):
    is_cluster = key == "certificate-authority"
    found = {f"{key}-data": SECRET + "!"}
    path = written(
        "https://api.example",
        None if is_cluster else found,
        **(found if is_cluster else {}),
    )
    label = "cluster 'site'" if is_cluster else "user 'me'"
    assert wrong(path) == f"{path}: {label}: {key}-data is no base64"


@pytest.mark.parametrize("name", [".example", "a\0b", "a..b", "a" * 64 + ".example"])
def test_a_name_for_tls_that_is_none(written, name):
    path = written("https://api.example", **{"tls-server-name": name})
    assert wrong(path).startswith(
        f"{path}: cluster 'site': {name!r} is no name of a server: "
    )
    if "\0" not in name:
        path = written(f"https://{name}")
        assert wrong(path).startswith(
            f"{path}: cluster 'site': {name!r} is no name of a server: "
        )


def test_a_name_for_tls_that_is_a_number(written):
    path = written("https://api.example", **{"tls-server-name": 5})
    assert client.connect(path).server == "https://api.example"


def test_a_file_that_cannot_be_named(written):
    path = written("https://api.example", {"tokenFile": "/a\0b"})
    assert wrong(path) == f"{path}: user 'me': tokenFile /a b: embedded null byte"


def test_certificates_that_are_none(written, pki):
    rubbish = base64.b64encode(b"rubbish").decode()
    path = written("https://api.example", **{"certificate-authority-data": rubbish})
    assert wrong(path).startswith(
        f"{path}: cluster 'site': certificate-authority does not load: "
    )
    for key in ("foreign.key", "locked.key", None):
        user = {"client-certificate": pki.path("admin.crt")}
        if key:
            user["client-key"] = pki.path(key)
        path = written("https://api.example", user)
        assert wrong(path).startswith(
            f"{path}: user 'me': client-certificate and client-key do not load: "
        )


@pytest.mark.parametrize("token", ["a\nb", "☃", "a\x00b"])
def test_a_token_that_cannot_be_sent(plain, written, token):
    path = written(plain.url, {"token": token})
    line = failure(UsageError, client.connect(path).get, "/api")
    assert line == f"{path}: user 'me': its token has characters that none can have"


# Quiet, and in time.


def test_nothing_is_printed_or_left_behind(plain, written, plugin):
    """In a process of its own, as the official client changes what all share."""
    path = written(plain.url, plugin("echo >&2 oh; exit 1"))
    code = (
        "import logging, sys\n"
        "from netplan2k8s.cluster import client\n"
        "assert 'kubernetes' not in sys.modules and 'urllib3' not in sys.modules\n"
        "try: client.connect(sys.argv[1])\n"
        "except client.OperationError as error: print(error)\n"
        "assert logging.getLogger().handlers == logging.getLogger().filters == []\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert done.stdout.endswith("of user 'me' fails with exit code 1: oh\n")


def test_the_loggers_are_left_as_they_were(plain, written):
    root = logging.getLogger()
    before = list(root.handlers), list(root.filters)
    client.connect(written(plain.url)).get("/api")
    assert (root.handlers, root.filters) == before


def test_waiting_is_counted(plain, written):
    def slow():
        time.sleep(0.05)
        return body_of(200, {})

    plain.answers = [slow, slow]
    connection = client.connect(written(plain.url))
    connection.get("/api")
    connection.get("/api")
    assert 0.1 <= connection.waited < 2
    assert connection.received == 4
