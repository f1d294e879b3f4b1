"""Reading a file that the user names: what cannot be read is a finding."""

from __future__ import annotations

from netplan2k8s.catalogue import OVERSIZED_FILE, UNREADABLE_FILE
from netplan2k8s.findings import Finding, InputError, Rule, Span
from netplan2k8s.tree import OversizedFileError, read_limited


def read_bytes(path: str) -> bytes:
    """Read a file of at most 16 MiB.

    Raises:
        InputError: NK001, or NK005 for a larger one.
    """
    try:
        return read_limited(path)
    except OversizedFileError as error:
        message = f"has {error.strerror}; the limit is 16 MiB"
        raise InputError(Finding(OVERSIZED_FILE, message, Span(path))) from error
    except OSError as error:
        message = f"cannot be read: {error.strerror or error}"
        raise InputError(Finding(UNREADABLE_FILE, message, Span(path))) from error


def read_text(path: str, rule: Rule) -> str:
    """Read UTF-8, with or without a byte-order mark.

    Raises:
        InputError: NK001, NK005, or ``rule`` for what is no UTF-8.
    """
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"is not UTF-8 at byte {error.start}"
        raise InputError(Finding(rule, message, Span(path))) from error
