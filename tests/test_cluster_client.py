"""What is sent to an API server, and what comes back; on loopback alone."""

from __future__ import annotations

import contextlib
import json
import logging
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from netplan2k8s import __version__
from netplan2k8s.cluster import client
from netplan2k8s.findings import OperationError, UsageError
from tests import cluster_fixtures as fixtures
from tests.cluster_fixtures import SECRET, STATUS, broken, failure
from tests.cluster_servers import body_of

pytestmark = fixtures.needs_openssl
alone = fixtures.alone
pki = fixtures.pki
start = fixtures.start
plain = fixtures.plain
secure = fixtures.secure
written = fixtures.written
plugin = fixtures.plugin

# What is sent, and what comes back.


POOL = "/apis/nv-ipam.nvidia.com/v1alpha1/namespaces/ops/cidrpools/rail-1"


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
    modules = sorted(Path(client.__file__).parent.glob("*.py"))
    source = "".join(module.read_text() for module in modules)
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


@pytest.mark.parametrize(
    "data", [b"<html>login</html>", b"", b"[" * 100_000, b"\xff\xfe\xff"]
)
def test_an_answer_that_is_no_json(plain, written, data):
    plain.answers = [body_of(200, data, ["Content-Type: text/html"])]
    assert broken(written(plain.url)) == (
        f"{plain.url} (context 'lab'): answers /api with 200 and text/html that is no JSON;"
        " is it an API server?"
    )


def test_a_redirect_is_not_followed(plain, written):
    target = f"Location: https://me:{SECRET}@login.example/start?state={SECRET}"
    plain.answers = [body_of(302, b"", [target])]
    assert broken(written(plain.url)) == (
        f"{plain.url} (context 'lab'): answers /api with 302, a redirect to https://login.example/start;"
        " is it an API server, or is a login needed?"
    )
    assert len(plain.seen) == 1


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


# Quiet, and in time.


def test_nothing_is_printed_or_left_behind(plain, written, plugin):
    """In a process of its own, as the official client changes what all share."""
    path = written(plain.url, plugin("echo >&2 oh; exit 1"))
    code = (
        "import logging, sys\n"
        "from netplan2k8s.cluster import client\n"
        "from netplan2k8s.findings import OperationError\n"
        "assert 'kubernetes' not in sys.modules and 'urllib3' not in sys.modules\n"
        "try: client.connect(sys.argv[1])\n"
        "except OperationError as error: print(error)\n"
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
