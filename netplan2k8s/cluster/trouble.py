"""Failures in words: one line each, which a terminal can be given."""

from __future__ import annotations

import re

from netplan2k8s.findings import OperationError


def unusable(text: str) -> OperationError:
    """The failure of a way into a cluster: a kubeconfig, a context, a certificate."""
    return OperationError(one_line(text))


def one_line(text: str) -> str:
    """A text as a terminal can be given it, whatever a server or a plugin says."""
    printable = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(printable.split())


def shown(url: str) -> str:
    """A URL without what may be secret in it: user, password, query."""
    scheme, mark, rest = url.partition("://")
    rest = re.split(r"[?#]", rest)[0]
    place, slash, path = rest.partition("/")
    return f"{scheme}{mark}{place.rpartition('@')[2]}{slash}{path}" if mark else url


def reason(error: BaseException) -> str:
    """What the system says of a failure, without numbers and names of functions."""
    if words := getattr(error, "verify_message", ""):
        return str(words)
    if named := getattr(error, "reason", ""):
        return str(named).replace("_", " ").lower()
    return str(getattr(error, "strerror", "") or error)
