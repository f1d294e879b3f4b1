"""Servers on loopback: one that notes what it is asked, one that lets through, or not."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import socketserver
import ssl
import threading
from http.server import BaseHTTPRequestHandler
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit


class Seen(NamedTuple):
    """A request as a server got it; ``lines`` are its headers, repeated ones, too."""

    method: str
    path: str
    query: dict
    headers: dict
    lines: list
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
                self.headers.items(),
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
