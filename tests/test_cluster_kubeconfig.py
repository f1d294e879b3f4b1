"""Kubeconfigs: where they are, and what is wrong with them."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
import yaml

from netplan2k8s.cluster import client, kubeconfig
from tests import cluster_fixtures as fixtures
from tests.cluster_fixtures import SECRET, credential, wrong

pytestmark = fixtures.needs_openssl
alone = fixtures.alone
pki = fixtures.pki
start = fixtures.start
plain = fixtures.plain
secure = fixtures.secure
written = fixtures.written
plugin = fixtures.plugin

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


# Kubeconfigs that are wrong.


def test_no_kubeconfig_at_all():
    assert wrong() == (
        "no kubeconfig, and not in a cluster: name one with --kubeconfig FILE or KUBECONFIG"
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
    monkeypatch.setattr(kubeconfig, "open", refuse, raising=False)
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


def test_a_file_that_cannot_be_named(written):
    path = written("https://api.example", {"tokenFile": "/a\0b"})
    assert wrong(path) == f"{path}: user 'me': tokenFile /a b: embedded null byte"
