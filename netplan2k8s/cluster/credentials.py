"""Credentials: loaded by the official client, renewed, and why there are none."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import warnings
from collections.abc import Iterator
from typing import Any

from netplan2k8s.cluster.kubeconfig import Chosen, Entry
from netplan2k8s.cluster.trouble import one_line, unusable
from netplan2k8s.findings import UsageError

_MAX_WORDS = 300
_NO_CLIENT = (
    "talking to a cluster needs the Kubernetes client: pip install"
    " 'netplan2k8s[cluster]'; without it, --snapshot FILE compares with a dump"
    " (kubectl get … -o yaml)"
)
_NO_KUBECONFIG = (
    "no kubeconfig, and not in a cluster: name one with --kubeconfig FILE or KUBECONFIG"
)

Foreign = Any
"""Something of the official client, or of urllib3, which comes with it."""


def official() -> Foreign:
    """The official client; importing it takes a fifth of a second."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import kubernetes.client  # noqa: PLC0415
            import kubernetes.config  # noqa: PLC0415
    except ImportError:
        raise UsageError(one_line(_NO_CLIENT)) from None
    return kubernetes


def load(config: Foreign, chosen: Chosen, configuration: Foreign) -> None:
    """Let the client take over the context: run its plugin, write its certificates.

    Raises:
        OperationError: the user is not described as the client expects it, or what
            has the credentials fails.
    """
    parts = {
        "cluster": chosen.cluster.value,
        "user": chosen.user.value,
        "context": {"cluster": "-", "user": "-"},
    }
    only = {f"{kind}s": [{"name": "-", kind: part}] for kind, part in parts.items()}
    with _listening() as said:
        try:
            config.load_kube_config_from_dict(
                only,
                context="-",
                client_configuration=configuration,
                persist_config=False,
            )
        except Exception as error:  # noqa: BLE001  each kind of credentials has its own
            raise _unusable(chosen, error) from None
    if said:
        raise chosen.failure(_no_token(chosen.user, said[-1]))


def load_in_cluster(config: Foreign, context: str, configuration: Foreign) -> Chosen:
    """Take over the service account of the pod this runs in.

    Raises:
        OperationError: it runs in none, or the account is not whole.
    """
    if not os.environ.get("KUBERNETES_SERVICE_HOST"):
        raise unusable(_NO_KUBECONFIG)
    if context:
        raise unusable(f"no kubeconfig has a context {context!r}, as there is none")
    try:
        config.load_incluster_config(client_configuration=configuration)
    except (config.ConfigException, OSError, ValueError) as error:
        raise unusable(f"no kubeconfig, and in this pod: {error}") from None
    namespace = ""
    path = os.path.join(os.path.dirname(configuration.ssl_ca_cert), "namespace")
    with contextlib.suppress(OSError, ValueError), open(path, encoding="utf-8") as file:
        namespace = file.read().strip()
    name = "the pod's service account"
    cluster = Entry("", "cluster", name, {"server": configuration.host})
    return Chosen("", namespace, cluster, Entry("", "user", name, {}))


def authorization(configuration: Foreign, chosen: Chosen) -> str:
    """The header's value, empty without one; the client may run the plugin for it.

    Raises:
        OperationError: it cannot be sent, or what has the credentials fails.
    """
    settings = {}
    with _listening() as said:
        try:
            settings = configuration.auth_settings()
        except Exception as error:  # noqa: BLE001  each source of tokens has its own
            said.append(type(error).__name__)
    if said:
        raise chosen.failure(_no_token(chosen.user, said[-1]))
    found = settings.get("BearerToken") or {}
    value = str(found.get("value") or "").strip()
    if not (value.isascii() and value.isprintable()):
        raise unusable(f"{chosen.user}: its token has characters that none can have")
    return value


def impersonation(user: Entry) -> Iterator[tuple[str, str]]:
    """The headers that name whom to act as; each group has its own."""
    named = [("User", user.value.get("as"))]
    named += [("Group", group) for group in user.value.get("as-groups") or ()]
    for kind, name in named:
        if name is not None:
            # As UTF-8, where the client would send Latin-1.
            yield f"Impersonate-{kind}", name.encode().decode("latin-1")


@contextlib.contextmanager
def _listening() -> Iterator[list[str]]:
    """Keep off the terminal what the official client logs, which hides its failures."""
    said: list[str] = []

    def keep(record: logging.LogRecord) -> bool:
        said.append(record.getMessage())
        return False

    root, handler = logging.getLogger(), logging.NullHandler()
    # Without a handler, logging.error() would set one up for good.
    root.addHandler(handler)
    root.addFilter(keep)
    try:
        yield said
    finally:
        root.removeFilter(keep)
        root.removeHandler(handler)


# Why there are none, or they do not do.


def unauthorized(user: Entry) -> str:
    """What an API server means by 401."""
    if "exec" in user.value:
        return f"refuses (401) what {plugin(user)} gave; log in again"
    if user.path and not user.name:
        return "refuses access without credentials (401), and the context names no user"
    who = f"user {user.name!r}" if user.path else user.name
    return f"refuses (401) the credentials of {who}, or they expired; log in again"


def plugin(user: Entry) -> str:
    """The exec plugin of a user that has one."""
    return f"the exec plugin {user.value['exec']['command']!r} of user {user.name!r}"


def _unusable(chosen: Chosen, error: Exception) -> Exception:
    """Credentials that the client does not load; its words may quote secrets."""
    name = type(error).__name__
    provider = chosen.user.value.get("auth-provider")
    if not isinstance(provider, dict):
        return unusable(f"{chosen.user}: cannot be used ({name})")
    text = f"the auth-provider {provider.get('name')!r} of {chosen.user} fails ({name})"
    advice = "kubectl has dropped auth-providers; use an exec plugin"
    return chosen.failure(f"{text}; {advice}")


def _no_token(user: Entry, said: str) -> str:
    """Why there is no token, by what the official client logs."""
    if "exec" in user.value:
        return f"{plugin(user)} {_plugin_trouble(user, said)}"
    return f"the token of {user} cannot be had ({said})"


def _plugin_trouble(user: Entry, said: str) -> str:
    if ended := re.fullmatch(
        r"exec: process returned (-?\d+)(?:\. (.*))?", said, re.DOTALL
    ):
        lines = [line for line in (ended[2] or "").splitlines() if line.strip()]
        last = lines[-1].strip()[:_MAX_WORDS] if lines else "it says nothing"
        return f"fails with exit code {ended[1]}: {last}"
    if "No such file or directory" in said:
        hint = str(user.value["exec"].get("installHint") or "").strip()
        advice = hint.splitlines()[0] if hint else "install it, or correct its command"
        return f"is not found; {advice}"
    if said.endswith("'strip'"):  # of its stderr, which the terminal has
        return "fails; what it says is above"
    if said.startswith("exec: failed to decode"):
        return "prints no JSON; it must print an ExecCredential"
    if said.startswith("exec: "):
        return f"is of no use: {said.removeprefix('exec: ')[:_MAX_WORDS]}"
    if denied := re.match(r"\[Errno \d+\] ([^:]+)", said):
        return f"cannot be run: {denied[1]}"
    return "prints JSON that is no ExecCredential"
