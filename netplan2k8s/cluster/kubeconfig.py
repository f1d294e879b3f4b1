"""Kubeconfigs: which there are, what they come to when merged, and what is wrong."""

from __future__ import annotations

import base64
import difflib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import yaml

from netplan2k8s.cluster.trouble import one_line, reason, shown, unusable
from netplan2k8s.findings import OperationError
from netplan2k8s.naming import ranges

MAX_CONTEXTS = 12


class Entry(NamedTuple):
    """A named entry of a kubeconfig; ``str()`` says where it is.

    ``path`` is empty in a cluster, where there is no kubeconfig.
    """

    path: str
    kind: str
    name: str
    value: dict[str, Any]

    def __str__(self) -> str:
        if not self.path:
            return self.name
        return f"{self.path}: {self.kind} {self.name!r}"

    def text(self, key: str) -> str:
        """A value as text, empty where there is none."""
        value = self.value.get(key)
        return "" if value is None else str(value)

    def beside(self, path: str) -> str:
        """A path as seen from the kubeconfig's directory, made absolute."""
        return os.path.join(os.path.dirname(os.path.abspath(self.path)), path)


class Chosen(NamedTuple):
    """What a context comes to; ``context`` is empty in a cluster."""

    context: str
    namespace: str
    cluster: Entry
    user: Entry

    @property
    def server(self) -> str:
        return self.cluster.text("server")

    def failure(self, text: str) -> OperationError:
        """What fails between the server and us."""
        place = f"context {self.context!r}" if self.context else "in-cluster"
        return OperationError(one_line(f"{self.server} ({place}): {text}"))


def files(kubeconfig: str) -> tuple[str, ...]:
    """The kubeconfig files to read, as kubectl finds them; none for in-cluster."""
    if kubeconfig:
        return (os.path.expanduser(kubeconfig),)
    listed = [
        path for path in os.environ.get("KUBECONFIG", "").split(os.pathsep) if path
    ]
    paths = map(os.path.expanduser, listed or ["~/.kube/config"])
    found = tuple(filter(os.path.exists, paths))
    if listed and not found:
        raise unusable(f"KUBECONFIG names no file that is there: {', '.join(listed)}")
    return found


def choose(paths: tuple[str, ...], context: str) -> Chosen:
    """Merge the files as kubectl does, the first to name something wins.

    Cluster and user have what the official client is given: absolute paths, of files
    that are there.
    """
    found: dict[str, dict[str, Entry]] = {"cluster": {}, "context": {}, "user": {}}
    current = ""
    for path in paths:
        config = _parsed(path)
        current = current or str(config.get("current-context") or "")
        for kind, entries in found.items():
            for entry in _entries(config, path, kind):
                entries.setdefault(entry.name, entry)
    entry = _context(found["context"], context or current, os.pathsep.join(paths))
    cluster = _referred(entry, "cluster", found["cluster"])
    user = _referred(entry, "user", found["user"])
    return Chosen(
        entry.name,
        entry.text("namespace"),
        cluster._replace(value=_cluster_values(cluster)),
        user._replace(value=_user_values(user)),
    )


# What the files hold.


def _parsed(path: str) -> dict[str, Any]:
    """A kubeconfig file; its parser's words are kept back, as they may quote it."""
    try:
        with open(path, "rb") as file:
            found = yaml.load(file, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  both are safe
    except OSError as error:
        raise unusable(f"{path}: cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else path
        raise unusable(f"{place}: is no YAML, so no kubeconfig") from None
    config = {} if found is None else found
    if not isinstance(config, dict):
        raise unusable(f"{path}: is no kubeconfig, which is a mapping")
    if config.get("kind", "Config") != "Config":
        raise unusable(f"{path}: is no kubeconfig, but of kind {config['kind']}")
    return config


def _entries(config: Mapping[str, Any], path: str, kind: str) -> Iterator[Entry]:
    """The clusters, contexts or users of a file."""
    listed = config.get(f"{kind}s") or []
    if not isinstance(listed, list):
        raise unusable(f"{path}: is no kubeconfig: {kind}s is no list")
    for number, item in enumerate(listed, 1):
        named = item if isinstance(item, dict) else {}
        value = named.get(kind) or {}
        if "name" not in named or not isinstance(value, dict):
            text = f"number {number} of {kind}s has not both name and {kind}"
            raise unusable(f"{path}: is no kubeconfig: {text}")
        yield Entry(path, kind, str(named["name"]), value)


def _context(contexts: Mapping[str, Entry], name: str, source: str) -> Entry:
    if not contexts:
        raise unusable(f"{source}: has no contexts")
    if not name:
        known = ranges(list(contexts), MAX_CONTEXTS)
        raise unusable(f"{source}: no context is current; --context is one of {known}")
    if name not in contexts:
        raise unusable(f"{source}: no context {name!r}{_known(name, contexts)}")
    return contexts[name]


def _referred(context: Entry, kind: str, entries: Mapping[str, Entry]) -> Entry:
    """What a context names; it must name a cluster, but may leave out the user."""
    name = context.text(kind)
    if name in entries:
        return entries[name]
    if kind == "user" and not name:
        return Entry(context.path, kind, "", {})
    what = f"{kind} {name!r}, which is not there" if name else f"no {kind}"
    raise unusable(f"{context}: it names {what}{_known(name, entries)}")


def _known(name: str, names: Iterable[str]) -> str:
    """What there is instead of a name, the likeliest first."""
    known = list(names)
    if not known:
        return "; there is none"
    near = difflib.get_close_matches(name, known, 1)
    advice = f"did you mean {near[0]!r}? Known" if near else "known"
    return f"; {advice}: {ranges(known, MAX_CONTEXTS)}"


# What the official client is given.


def _cluster_values(cluster: Entry) -> dict[str, Any]:
    values = _given(cluster)
    values["server"] = _server(cluster)
    if "tls-server-name" in values:
        values["tls-server-name"] = str(values["tls-server-name"])
    _settle_file(cluster, values, "certificate-authority")
    return values


def _user_values(user: Entry) -> dict[str, Any]:
    """A token's file is read, as it wins over a token."""
    values = _given(user)
    for key in ("client-certificate", "client-key"):
        _settle_file(user, values, key)
    if "tokenFile" in values:
        data = _contents(user, "tokenFile", user.beside(str(values.pop("tokenFile"))))
        values["token"] = data.decode("utf-8", "replace").strip()
    if "exec" in values:
        values["exec"] = _plugin_values(user, values["exec"])
    _check_impersonation(user, values)
    return values


def _given(entry: Entry) -> dict[str, Any]:
    return {key: value for key, value in entry.value.items() if value not in (None, "")}


def _server(cluster: Entry) -> str:
    """The URL without a user's name and password, which are no one's business."""
    given = cluster.text("server")
    url = given.rstrip("/")
    try:
        parts = urlsplit(url)
        is_url = (
            parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        )
    except ValueError:
        is_url = False
    if not is_url or re.search(r"[?#\s]", url):
        text = f"its server is {shown(given)!r}" if url else "it has no server"
        raise unusable(f"{cluster}: {text}; it must be https://HOST:PORT")
    return shown(url)


def _settle_file(entry: Entry, values: dict[str, Any], key: str) -> None:
    """Leave either the data or a file that can be read; data wins."""
    data = values.get(f"{key}-data")
    if data is not None:
        values.pop(key, None)
        try:
            base64.b64decode("".join(str(data).split()), validate=True)
        except ValueError:
            raise unusable(f"{entry}: {key}-data is no base64") from None
    elif key in values:
        values[key] = entry.beside(str(values[key]))
        _contents(entry, key, values[key])


def _contents(entry: Entry, key: str, path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except (OSError, ValueError) as error:
        raise unusable(f"{entry}: {key} {path}: {reason(error)}") from None


def _plugin_values(user: Entry, given: object) -> dict[str, Any]:
    """The plugin to run; a path is meant from the kubeconfig's directory."""
    values = dict(given) if isinstance(given, dict) else {}
    command = values.get("command")
    if not command or not isinstance(command, str) or not values.get("apiVersion"):
        raise unusable(f"{user}: its exec has not both apiVersion and command")
    if os.sep in command:
        values["command"] = user.beside(command)
    return values


def _check_impersonation(user: Entry, values: Mapping[str, Any]) -> None:
    """Who else to act as is sent whole or not at all, lest it be with other rights."""
    for key in ("as-uid", "as-user-extra"):
        if values.get(key):
            raise unusable(f"{user}: its {key} is not supported; as and as-groups are")
    groups = values.get("as-groups") or []
    if "as" not in values:
        if groups:
            raise unusable(f"{user}: it has as-groups, but no as that they go with")
        return
    names = groups if isinstance(groups, list) else [None]
    for name in [values["as"], *names]:
        if not (isinstance(name, str) and name.strip() and name.isprintable()):
            text = "its as must be a printable name, its as-groups a list of those"
            raise unusable(f"{user}: {text}")
