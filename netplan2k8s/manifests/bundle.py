"""The output directory: written as a whole or not at all, and only over our files.

A new directory appears by one rename. In an existing one the new files are staged
first; a journal then says what is to be moved, so that a run that was killed halfway
is completed by the next. ``.netplan2k8s/files.json`` records what we wrote.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from netplan2k8s.catalogue import FOREIGN_OUTPUT
from netplan2k8s.findings import Finding, InputError, OperationError, Span
from netplan2k8s.hosts.places import OUR_MARK

_STATE = OUR_MARK
PRIVATE = os.path.dirname(_STATE)
_JOURNAL = f"{PRIVATE}/journal.json"
_STAGING = f"{PRIVATE}/staging"
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class WritePlan:
    """What a run will do to the directory; ``unchanged`` are files left as they are."""

    directory: str
    files: Mapping[str, str]
    written: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]


def plan_write(
    files: Mapping[str, str], directory: str, *, force: bool = False
) -> WritePlan:
    """Compare the files (path → text) with the directory; touch nothing.

    Raises:
        InputError: NK009 for each file that is not ours or was edited since, unless
            ``force``.
        OperationError: the directory cannot be read.
    """
    try:
        recover(directory)
        return _plan_write(files, directory, force=force)
    except OSError as error:
        raise _failed(error, directory) from error


def commit(plan: WritePlan) -> None:
    """Do what was planned, and put everything back where it fails.

    Raises:
        OperationError: the disk failed; the directory is as it was.
    """
    try:
        if os.path.isdir(plan.directory):
            _commit_into(plan)
        else:
            _commit_new(plan)
    except OSError as error:
        raise _failed(error, plan.directory) from error


def recover(directory: str) -> None:
    """Complete a run that was killed after its journal was written."""
    journal = os.path.join(directory, _JOURNAL)
    if os.path.exists(journal):
        with open(journal, encoding="utf-8") as file:
            _move(directory, json.load(file))
    staging = os.path.join(directory, _STAGING)
    if os.path.isdir(staging):
        shutil.rmtree(staging)


# -- planning -------------------------------------------------------------------


def _plan_write(files: Mapping[str, str], directory: str, *, force: bool) -> WritePlan:
    if os.path.lexists(directory) and not os.path.isdir(directory):
        raise InputError(_finding(directory, "is no directory to write into"))
    recorded = _recorded(directory)
    findings: list[Finding] = []
    if recorded is None and not force and _is_filled(directory):
        message = (
            "is not empty and was not written by netplan2k8s; choose another directory"
            " or allow it with --force"
        )
        raise InputError(_finding(directory, message))
    known = recorded or {}
    written, unchanged = [], []
    for path, text in sorted(files.items()):
        present = _digest(directory, path)
        if present == _hash(text):
            unchanged.append(path)
            continue
        findings += _overwrites(directory, path, present, known)
        written.append(path)
    removed = [path for path in sorted(known) if path not in files]
    removed = [path for path in removed if _digest(directory, path) is not None]
    for path in removed:
        findings += _overwrites(directory, path, _digest(directory, path), known)
    if findings and not force:
        raise InputError(*findings)
    return WritePlan(
        directory, dict(files), tuple(written), tuple(unchanged), tuple(removed)
    )


def _overwrites(
    directory: str, path: str, present: str | None, known: Mapping[str, str]
) -> Iterator[Finding]:
    if present is None or present == known.get(path):
        return
    full = os.path.join(directory, path)
    if path in known:
        message = "was edited since netplan2k8s wrote it; --force replaces it"
    else:
        message = "was not written by netplan2k8s; move it away, or --force replaces it"
    yield _finding(full, message)


def _digest(directory: str, path: str) -> str | None:
    """The hash of a file, "" for what is no plain file, None for nothing there."""
    full = os.path.join(directory, path)
    parent = os.path.dirname(full)
    while len(parent) > len(directory):
        if os.path.lexists(parent) and not _is_plain(parent, stat.S_ISDIR):
            return ""
        parent = os.path.dirname(parent)
    if not os.path.lexists(full):
        return None
    if not _is_plain(full, stat.S_ISREG):
        return ""
    with open(full, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def _is_plain(path: str, is_kind: Callable[[int], bool]) -> bool:
    return is_kind(os.lstat(path).st_mode)


def _hash(text: str) -> str:
    found = hashlib.sha256()
    for piece in _pieces(text):
        found.update(piece)
    return found.hexdigest()


def _pieces(text: str) -> Iterator[bytes]:
    """A text as UTF-8, a little at a time: a plan of 4,096 nodes has 5 MB."""
    for at in range(0, len(text), _CHUNK):
        yield text[at : at + _CHUNK].encode()


def _recorded(directory: str) -> dict[str, str] | None:
    try:
        with open(os.path.join(directory, _STATE), encoding="utf-8") as file:
            state = json.load(file)
    except FileNotFoundError:
        return None
    except (ValueError, UnicodeDecodeError) as error:
        message = f"is damaged ({error}); remove it and use --force"
        raise InputError(_finding(os.path.join(directory, _STATE), message)) from error
    files = state.get("files") if isinstance(state, dict) else None
    return files if isinstance(files, dict) else {}


def _is_filled(directory: str) -> bool:
    return os.path.isdir(directory) and bool(os.listdir(directory))


# -- writing --------------------------------------------------------------------


def _commit_new(plan: WritePlan) -> None:
    """Fill a directory beside the new one's place and rename it."""
    parent = os.path.dirname(os.path.abspath(plan.directory))
    os.makedirs(parent, exist_ok=True)
    staged = f"{os.path.abspath(plan.directory)}.partial-{os.getpid()}"
    try:
        _stage(staged, {**plan.files, _STATE: _state(plan)})
        os.rename(staged, plan.directory)
    except BaseException:  # an interrupt, too
        shutil.rmtree(staged, ignore_errors=True)
        raise
    _sync_directory(parent)


def _commit_into(plan: WritePlan) -> None:
    if not plan.written and not plan.removed and _recorded(plan.directory) is not None:
        return
    staging = os.path.join(plan.directory, _STAGING)
    journal = {
        "write": [*plan.written, _STATE],
        "remove": list(plan.removed),
    }
    staged = {path: plan.files[path] for path in plan.written}
    try:
        _stage(staging, {**staged, _STATE: _state(plan)})
        text = json.dumps(journal)
        _write(os.path.join(plan.directory, f"{_JOURNAL}.new"), text)
        os.rename(
            os.path.join(plan.directory, f"{_JOURNAL}.new"),
            os.path.join(plan.directory, _JOURNAL),
        )
    except OSError:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    _move(plan.directory, journal)


def _move(directory: str, journal: Mapping[str, Any]) -> None:
    """Carry out a journal; every step may already have been done."""
    for path in journal["write"]:
        staged = os.path.join(directory, _STAGING, path)
        target = os.path.join(directory, path)
        if os.path.exists(staged):
            os.makedirs(os.path.dirname(target), exist_ok=True)
            os.replace(staged, target)
    for path in journal["remove"]:
        target = os.path.join(directory, path)
        if os.path.lexists(target):
            os.unlink(target)
            _remove_empty(directory, os.path.dirname(path))
    shutil.rmtree(os.path.join(directory, _STAGING), ignore_errors=True)
    os.unlink(os.path.join(directory, _JOURNAL))
    _sync_directory(directory)


def _remove_empty(directory: str, parent: str) -> None:
    full = os.path.join(directory, parent)
    if parent and not os.listdir(full):
        os.rmdir(full)


def _state(plan: WritePlan) -> str:
    files = {path: _hash(text) for path, text in sorted(plan.files.items())}
    return json.dumps({"files": files}, indent=1) + "\n"


def _stage(directory: str, files: Mapping[str, str]) -> None:
    for parent in dict.fromkeys(map(os.path.dirname, files)):
        os.makedirs(os.path.join(directory, parent), exist_ok=True)
    for path, text in files.items():
        _write(os.path.join(directory, path), text)


def _write(path: str, text: str) -> None:
    with open(path, "wb") as file:
        file.writelines(_pieces(text))
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _failed(error: OSError, directory: str) -> OperationError:
    where = error.filename or directory
    return OperationError(f"{where}: {error.strerror or error}")


def _finding(path: str, message: str) -> Finding:
    return Finding(FOREIGN_OUTPUT, message, Span(path))
