"""The line to an API server: TLS, proxies, and why no answer comes."""

from __future__ import annotations

import base64
import contextlib
import re
import socket
import socketserver
import threading

import pytest

from netplan2k8s.cluster import client, transport
from netplan2k8s.findings import OperationError
from tests import cluster_fixtures as fixtures
from tests.cluster_fixtures import SECRET, broken, failure, wrong
from tests.cluster_servers import body_of

pytestmark = fixtures.needs_openssl
alone = fixtures.alone
pki = fixtures.pki
start = fixtures.start
plain = fixtures.plain
secure = fixtures.secure
proxy = fixtures.proxy
written = fixtures.written

# Servers that do not answer.


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
    monkeypatch.setattr(transport, "CONNECT_SECONDS", 0.2)
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
    monkeypatch.setattr(transport, "READ_SECONDS", 0.2)
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


def test_an_answer_that_is_not_what_it_says(plain, written):
    plain.answers = [body_of(200, b"{}", ["Content-Encoding: gzip"])]
    assert broken(written(plain.url)).startswith(
        f"{plain.url} (context 'lab'): no answer that can be read: "
    )


def test_an_answer_that_is_no_http(plain, written):
    plain.answers = [b"SSH-2.0-OpenSSH_9.2\r\n"] * 2
    line = broken(written(plain.url))
    assert (
        line
        == f"{plain.url} (context 'lab'): the connection broke before an answer; try again"
    )


# TLS.


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
        monkeypatch.setattr(transport, "_is_local", lambda _: False)
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


def test_a_group_passes_a_proxy_without_a_tunnel(plain, written, proxy):
    proxy.answers = [body_of(200, {})]
    user = {"as": "jane", "as-groups": ["ops"]}
    client.connect(written(plain.url, user, **{"proxy-url": proxy.url})).get("/api")
    assert proxy.seen[0].startswith(f"GET {plain.url}/api HTTP/1.")
    assert proxy.seen[0].count("Impersonate-Group: ops\r\n") == 1


def test_groups_that_a_proxy_would_be_told_as_one(plain, written, proxy):
    user = {"as": "jane", "as-groups": ["ops", "web"]}
    path = written(plain.url, user, **{"proxy-url": proxy.url})
    assert wrong(path) == (
        f"{path}: user 'me': several as-groups do not pass a proxy to a server without TLS"
    )


def test_groups_pass_a_tunnel(secure, written, pki, proxy):
    user = {"token": SECRET, "as": "jane", "as-groups": ["ops", "web"]}
    cluster = {"certificate-authority": pki.path("ca.crt"), "proxy-url": proxy.url}
    client.connect(written(secure.url, user, **cluster)).get("/api")
    assert [value for name, value in secure.seen[0].lines if "Group" in name] == [
        "ops",
        "web",
    ]
    assert "Impersonate" not in proxy.seen[0]
