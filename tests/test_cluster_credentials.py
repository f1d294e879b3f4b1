"""Credentials for an API server: of a user, a plugin, a pod; and when they fail."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import sys
from pathlib import Path

import pytest
import yaml

from netplan2k8s.cluster import client
from netplan2k8s.findings import OperationError, UsageError
from tests import cluster_fixtures as fixtures
from tests.cluster_fixtures import (
    EXEC,
    SECRET,
    STATUS,
    broken,
    credential,
    failure,
    wrong,
)
from tests.cluster_servers import body_of

pytestmark = fixtures.needs_openssl
alone = fixtures.alone
pki = fixtures.pki
start = fixtures.start
plain = fixtures.plain
secure = fixtures.secure
written = fixtures.written
plugin = fixtures.plugin

# What a user can have.


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


def test_no_user_is_no_credentials(plain, written):
    client.connect(written(plain.url, context={"user": ""})).get("/api")
    assert "Authorization" not in plain.seen[0].headers


def test_a_user_that_the_client_cannot_take(plain, written):
    path = written(plain.url, {"username": 5, "password": SECRET})
    assert wrong(path) == f"{path}: user 'me': cannot be used (TypeError)"


@pytest.mark.parametrize("token", ["a\nb", "☃", "a\x00b"])
def test_a_token_that_cannot_be_sent(plain, written, token):
    path = written(plain.url, {"token": token})
    line = failure(OperationError, client.connect(path).get, "/api")
    assert line == f"{path}: user 'me': its token has characters that none can have"


def test_an_auth_provider_that_fails(plain, written):
    user = {"auth-provider": {"name": "oidc", "config": {"refresh-token": SECRET}}}
    path = written(plain.url, user)
    assert failure(OperationError, client.connect, path) == (
        f"{plain.url} (context 'lab'): the auth-provider 'oidc' of {path}: user 'me' fails (ConfigException);"
        " kubectl has dropped auth-providers; use an exec plugin"
    )


def test_no_kubernetes_client(monkeypatch, written):
    path = written("https://api.example")
    for name in ("kubernetes", "kubernetes.client", "kubernetes.config"):
        monkeypatch.setitem(sys.modules, name, None)
    assert failure(UsageError, client.connect, path) == (
        "talking to a cluster needs the Kubernetes client: pip install 'netplan2k8s[cluster]';"
        " without it, --snapshot FILE compares with a dump (kubectl get … -o yaml)"
    )


# Acting as another.


def impersonated(seen):
    """Whom a request is to be taken for, in the bytes of its headers."""
    return [
        (name, value.encode("latin-1").decode())
        for name, value in seen.lines
        if name.startswith("Impersonate")
    ]


def test_acting_as_another(plain, written):
    user = {"token": SECRET, "as": "jürgen ☃", "as-groups": ["ops", "a, b", "web"]}
    connection = client.connect(written(plain.url, user))
    connection.get("/api")
    connection.dry_run_apply("/api", {}, field_manager="x")
    for seen in plain.seen:
        assert seen.headers["Authorization"] == f"Bearer {SECRET}"
        assert impersonated(seen) == [
            ("Impersonate-User", "jürgen ☃"),
            ("Impersonate-Group", "ops"),
            ("Impersonate-Group", "a, b"),
            ("Impersonate-Group", "web"),
        ]


@pytest.mark.parametrize(
    ("user", "sent"),
    [
        ({"as": "jane"}, [("Impersonate-User", "jane")]),
        (
            {"as": "jane", "as-groups": [], "as-uid": "", "as-user-extra": {}},
            [("Impersonate-User", "jane")],
        ),
        ({"as": "", "as-groups": None, "as-user-extra": None}, []),
        ({}, []),
    ],
)
def test_acting_as_a_user_alone_or_as_oneself(plain, written, user, sent):
    client.connect(written(plain.url, {"token": SECRET, **user})).get("/api")
    assert impersonated(plain.seen[0]) == sent


NAMES = "its as must be a printable name, its as-groups a list of those"


@pytest.mark.parametrize(
    ("user", "words"),
    [
        (
            {"as": "jane", "as-uid": "7"},
            "its as-uid is not supported; as and as-groups are",
        ),
        (
            {"as": "jane", "as-user-extra": {"scopes": [SECRET]}},
            "its as-user-extra is not supported; as and as-groups are",
        ),
        ({"as-uid": 7}, "its as-uid is not supported; as and as-groups are"),
        ({"as-groups": ["ops"]}, "it has as-groups, but no as that they go with"),
        ({"as": 5}, NAMES),
        ({"as": " "}, NAMES),
        ({"as": ["jane"]}, NAMES),
        ({"as": "jane\r\nX: y"}, NAMES),
        ({"as": "jane", "as-groups": "ops"}, NAMES),
        ({"as": "jane", "as-groups": {"ops": 1}}, NAMES),
        ({"as": "jane", "as-groups": ["ops", 5]}, NAMES),
        ({"as": "jane", "as-groups": [""]}, NAMES),
        ({"as": "jane", "as-groups": ["a\0b"]}, NAMES),
    ],
)
def test_acting_as_what_cannot_be_sent(plain, written, plugin, tmp_path, user, words):
    """It is refused before the plugin is run."""
    path = written(plain.url, {**plugin(f"touch {tmp_path}/ran"), **user})
    assert wrong(path) == f"{path}: user 'me': {words}"
    assert not (tmp_path / "ran").exists()


POOL = {
    "apiVersion": "nv-ipam.nvidia.com/v1alpha1",
    "kind": "CIDRPool",
    "metadata": {"name": "acting", "namespace": "nvidia-network-operator"},
    "spec": {"cidr": "10.0.0.0/16", "perNodeNetworkPrefix": 31},
}


def test_a_real_server_takes_one_for_another(cluster, tmp_path):
    """An admin who acts as jane has her rights: those of her groups, each of them."""

    def dry_run(**user):
        config = yaml.safe_load(cluster.kubeconfig.read_text())
        config["users"][0]["user"] |= user
        path = tmp_path / "config"
        path.write_text(yaml.safe_dump(config))
        connection = client.connect(str(path))
        return connection.dry_run_apply(cluster.path(POOL), POOL, field_manager="x")

    assert dry_run().status == 201
    refused = dry_run(**{"as": "jane", "as-groups": ["ops"]})
    assert refused.status == 403
    assert 'User "jane" cannot' in refused.body["message"]
    allowed = {"as": "jürgen", "as-groups": ["ops", "system:masters"]}
    assert dry_run(**allowed).status == 201
    assert cluster.get(POOL).status == 404
    taken_for = [event.get("impersonatedUser") for event in cluster.audit()]
    groups = ["ops", "system:masters", "system:authenticated"]
    assert {"username": "jürgen", "groups": groups} in taken_for


def test_a_real_server_lets_not_everyone_act_as_another(cluster, tmp_path):
    config = yaml.safe_load(cluster.kubeconfig_of(cluster.reader_token).read_text())
    config["users"][0]["user"]["as"] = "admin"
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(config))
    answer = client.connect(str(path)).get("/api/v1/nodes")
    assert answer.status == 403
    assert "cannot impersonate" in answer.body["message"]


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


# In a cluster.


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
