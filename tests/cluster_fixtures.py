"""What the tests of an API server's client share; a test module names its fixtures."""

from __future__ import annotations

import base64
import json
import os
import shutil
import ssl
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from netplan2k8s.cluster import client
from netplan2k8s.findings import OperationError
from tests.cluster_servers import Handler, Proxy, Tcp

pytest.importorskip("kubernetes")
needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="no openssl, which makes the certificates"
)

SECRET = "s3cret-t0ken"
EXEC = "client.authentication.k8s.io"
STATUS = {"kind": "Status", "status": "Failure", "message": "no"}


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
def alone(monkeypatch, tmp_path):
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
    return failure(OperationError, client.connect, *arguments)


def broken(*arguments):
    """The failure to read a path."""
    return failure(OperationError, client.connect(*arguments).get, "/api")
