"""A directory that a run writes into, and that is nobody's once the run has ended."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import shutil

_BYTES = 4
_NAME = f"[0-9a-f]{{{2 * _BYTES}}}"
_LOOK = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def make(parent: str, beginning: str) -> tuple[str, int]:
    """A new directory with a name that begins so, and the lock that tells it is used.

    A lock goes with its run, be it killed or in another container; a number of a
    process tells neither.
    """
    while True:
        place = os.path.join(parent, f"{beginning}{secrets.token_hex(_BYTES)}")
        os.mkdir(place)
        descriptor = os.open(place, _LOOK)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # taken for one that was left behind
            os.close(descriptor)
            continue
        except OSError:
            return place, descriptor  # a file system without locks: it is never swept
        if os.path.isdir(place):
            return place, descriptor
        os.close(descriptor)


def sweep(parent: str, beginning: str) -> None:
    """Take away what runs have left that were killed."""
    for name in os.listdir(parent):
        if not re.fullmatch(re.escape(beginning) + _NAME, name):
            continue
        place = os.path.join(parent, name)
        with contextlib.suppress(OSError):  # somebody else's, or used
            descriptor = os.open(place, _LOOK)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(place, ignore_errors=True)
            finally:
                os.close(descriptor)
