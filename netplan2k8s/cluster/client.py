"""The one way to a Kubernetes API server: a read, or the dry run of an apply.

The official client reads the kubeconfig, runs its plugins and sets up TLS; what is
sent and received are our own bytes.
"""

from __future__ import annotations

import base64
import contextlib
import difflib
import json
import logging
import os
import re
import socket
import ssl
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import unquote, urlencode, urlsplit
from urllib.request import getproxies

import yaml

from netplan2k8s import __version__
from netplan2k8s.findings import OperationError, UsageError
from netplan2k8s.naming import ranges

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0
"""How long the server may be silent."""
MAX_PAUSE_SECONDS = 2.0
"""The longest wait for a server that asks for one, which it may do three times."""
RENEWAL_SECONDS = 30.0
"""How long a token is used before the client may run the plugin again."""
MAX_CONTEXTS = 12
_PAUSES = 3
_MAX_WORDS = 300
_APPLY = "application/apply-patch+yaml"
_REDIRECTS, _ERRORS = 300, 400
_BAD_REQUEST, _UNAUTHORIZED = 400, 401
_WAIT = (429, 503)
_SPEAKS_TLS = b"HTTP request to an HTTPS server"
_NO_CLIENT = (
    "talking to a cluster needs the Kubernetes client: pip install"
    " 'netplan2k8s[cluster]'; without it, --snapshot FILE compares with a dump"
    " (kubectl get … -o yaml)"
)
_NO_KUBECONFIG = (
    "no kubeconfig, and not in a cluster: name one with --kubeconfig FILE or KUBECONFIG"
)


_Foreign = Any
"""Something of the official client, or of urllib3, which comes with it."""


class Answer(NamedTuple):
    """A status and the parsed JSON; of a failure the Status object, or ``{}``."""

    status: int
    body: Any


@dataclass(slots=True, eq=False)
class Connection:
    """An API server, and what was received from it so far.

    ``context`` is empty in a cluster. ``waited`` is in seconds, from before a request
    is sent (and the server connected to, where it must be) until its body is there;
    ``received`` is the bytes of all bodies.
    """

    server: str
    context: str
    namespace: str
    _user: _Entry = field(repr=False)
    _configuration: Any = field(repr=False)
    _pool: Any = field(repr=False)
    waited: float = 0.0
    received: int = 0
    _authorization: str = field(default="", repr=False)
    _authorized_at: float | None = field(default=None, repr=False)

    def get(self, path: str, **query: str | int) -> Answer:
        """Read a path, whose segments are quoted.

        Raises:
            OperationError: there is no answer, or not that of an API server.
        """
        return self._request("GET", path, query)

    def dry_run_apply(
        self,
        path: str,
        body: Mapping[str, Any],
        *,
        field_manager: str,
        force: bool = False,
    ) -> Answer:
        """What server-side apply would make of an object; nothing is stored.

        Raises:
            OperationError: there is no answer, or not that of an API server.
        """
        query: dict[str, str | int] = {
            "dryRun": "All",
            "fieldManager": field_manager,
            "fieldValidation": "Strict",
        }
        if force:
            query["force"] = "true"
        return self._request("PATCH", path, query, json.dumps(body).encode())

    def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | int],
        body: bytes | None = None,
    ) -> Answer:
        """Everything that is ever sent passes here, and only what changes nothing."""
        request = _Harmless(method, path, query, body)
        return self._answer(request, self._patiently(request))

    def _patiently(self, request: _Harmless) -> _Foreign:
        """Send, and again after a while where the server asks for that."""
        for _ in range(_PAUSES):
            response = self._exchange(request)
            asked = response.headers.get("Retry-After")
            if response.status not in _WAIT or not asked:
                return response
            time.sleep(_pause(asked))
        return self._exchange(request)

    def _exchange(self, request: _Harmless) -> _Foreign:
        """Send, and a read once more where the connection breaks."""
        from urllib3.exceptions import HTTPError, ProtocolError  # noqa: PLC0415

        try:
            try:
                return self._send(request)
            except ProtocolError as error:
                if request.method != "GET" or _is_refused_by_proxy(error):
                    raise
                return self._send(request)
        except (HTTPError, OSError) as error:
            raise self._failure(_trouble(error, self._proxy)) from None

    def _send(self, request: _Harmless) -> _Foreign:
        """Send once; the response has its whole body."""
        import urllib3  # noqa: PLC0415

        headers = self._headers(request)
        if not self._configuration.verify_ssl:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        started = time.monotonic()
        try:
            response = self._pool.request(
                request.method,
                self.server + request.target,
                body=request.body,
                headers=headers,
                timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
                retries=False,
                redirect=False,
                enforce_content_length=True,
            )
        finally:
            self.waited += time.monotonic() - started
        self.received += len(response.data)
        return response

    def _headers(self, request: _Harmless) -> dict[str, str]:
        headers = {
            "Accept": "application/json",
            "User-Agent": f"netplan2k8s/{__version__}",
        }
        if request.body is not None:
            headers["Content-Type"] = _APPLY
        now = time.monotonic()
        if self._authorized_at is None or now - self._authorized_at > RENEWAL_SECONDS:
            self._authorize()
            self._authorized_at = now
        if self._authorization:
            headers["Authorization"] = self._authorization
        return headers

    def _authorize(self) -> None:
        """Ask the client for the token, which may run the plugin for a new one."""
        with _listening() as said:
            try:
                settings = self._configuration.auth_settings()
            except Exception as error:  # noqa: BLE001  each source of tokens has its own
                said.append(type(error).__name__)
                settings = {}
        if said:
            raise self._failure(_credentials_trouble(self._user, said[-1]))
        found = settings.get("BearerToken") or {}
        value = str(found.get("value") or "").strip()
        if not (value.isascii() and value.isprintable()):
            raise _usage(f"{self._user}: its token has characters that none can have")
        self._authorization = value

    def _answer(self, request: _Harmless, response: _Foreign) -> Answer:
        status = response.status
        if status == _UNAUTHORIZED:
            raise self._failure(_unauthorized(self._user))
        if status == _BAD_REQUEST and _SPEAKS_TLS in response.data:
            raise self._failure("speaks TLS; its URL must begin with https://")
        said = f"answers {request.path} with {status}"
        if _REDIRECTS <= status < _ERRORS:
            target = _shown(response.headers.get("Location", "")) or "nowhere"
            text = f"{said}, a redirect to {target}"
            raise self._failure(f"{text}; is it an API server, or is a login needed?")
        try:
            body = json.loads(response.data)
        except (ValueError, RecursionError):
            body = None
        if status >= _ERRORS:
            is_status = isinstance(body, dict) and body.get("kind") == "Status"
            return Answer(status, body if is_status else {})
        if body is None:
            kind = response.headers.get("Content-Type", "something")
            text = f"{said} and {kind} that is no JSON; is it an API server?"
            raise self._failure(text)
        return Answer(status, body)

    def _failure(self, text: str) -> OperationError:
        return _failure(self.server, self.context, text)

    @property
    def _proxy(self) -> str:
        return _shown(self._configuration.proxy or "")


def connect(kubeconfig: str = "", context: str = "") -> Connection:
    """Choose a server and get ready to talk to it; nothing is sent to it yet.

    Args:
        kubeconfig: A file; empty for those of KUBECONFIG, ``~/.kube/config``, or the
            service account of the pod, whichever there is first.
        context: One of the kubeconfig; empty for its current one.

    Raises:
        UsageError: the client is missing, or the kubeconfig is wrong.
        OperationError: the plugin that has the credentials fails.
    """
    official = _official()
    configuration = official.client.Configuration()
    files = _files(kubeconfig)
    if files:
        chosen = _choose(files, context)
        _load(official.config, chosen, configuration)
    else:
        chosen = _load_in_cluster(official.config, context, configuration)
    _check_tls(configuration, chosen)
    _set_proxy(configuration, chosen.cluster)
    return Connection(
        server=chosen.server or configuration.host,
        context=chosen.context,
        namespace=chosen.namespace or "default",
        _user=chosen.user,
        _configuration=configuration,
        _pool=_pool_manager(official.client, configuration, chosen.cluster),
    )


def _official() -> _Foreign:
    """The official client; importing it takes a fifth of a second."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import kubernetes.client  # noqa: PLC0415
            import kubernetes.config  # noqa: PLC0415
    except ImportError:
        raise _usage(_NO_CLIENT) from None
    return kubernetes


# What may be sent.


@dataclass(frozen=True, slots=True)
class _Harmless:
    """A request that changes nothing: no other can be made, so none can be sent.

    Raises:
        ValueError: it is neither a read nor the dry run of an apply.
        UsageError: a name in the path would lead elsewhere.
    """

    method: str
    path: str
    query: Mapping[str, str | int]
    body: bytes | None = None

    def __post_init__(self) -> None:
        if self.method not in {"GET", "PATCH"}:
            raise ValueError(f"{self.method} may change the cluster")
        if self.method == "PATCH" and self.query.get("dryRun") != "All":
            raise ValueError("a PATCH without dryRun=All changes the cluster")
        if (self.method == "PATCH") != (self.body is not None):
            raise ValueError("only a PATCH has a body, and each has one")
        if not re.fullmatch(r"/[^?#\s]*", self.path):
            raise ValueError(f"{self.path!r} is no path")
        if {".", ".."} & set(self.path.split("/")):
            raise _usage(f"{self.path}: nothing in a cluster is named . or ..")

    @property
    def target(self) -> str:
        return self.path + (f"?{urlencode(self.query)}" if self.query else "")


def _pause(asked: str) -> float:
    """Seconds to wait where a server asks for some; a date is as good as too long."""
    try:
        return min(max(0.0, float(asked)), MAX_PAUSE_SECONDS)
    except ValueError:
        return MAX_PAUSE_SECONDS


# The kubeconfig.


class _Entry(NamedTuple):
    """A named entry of a kubeconfig; ``str()`` says where it is."""

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


class _Chosen(NamedTuple):
    """What a context comes to; ``server`` is empty in a cluster."""

    context: str
    namespace: str
    server: str
    cluster: _Entry
    user: _Entry


def _files(kubeconfig: str) -> tuple[str, ...]:
    """The kubeconfig files to read, as kubectl finds them; none for in-cluster."""
    if kubeconfig:
        return (os.path.expanduser(kubeconfig),)
    listed = [
        path for path in os.environ.get("KUBECONFIG", "").split(os.pathsep) if path
    ]
    found = tuple(
        path for path in map(os.path.expanduser, listed) if os.path.exists(path)
    )
    if listed and not found:
        raise _usage(f"KUBECONFIG names no file that is there: {', '.join(listed)}")
    usual = os.path.expanduser("~/.kube/config")
    return found or ((usual,) if os.path.exists(usual) else ())


def _choose(files: tuple[str, ...], context: str) -> _Chosen:
    """Merge the files as kubectl does, the first to name something wins."""
    found: dict[str, dict[str, _Entry]] = {"cluster": {}, "context": {}, "user": {}}
    current = ""
    for path in files:
        config = _parsed(path)
        current = current or str(config.get("current-context") or "")
        for kind, entries in found.items():
            for entry in _entries(config, path, kind):
                entries.setdefault(entry.name, entry)
    source = os.pathsep.join(files)
    entry = _named_context(found["context"], context or current, source)
    name = entry.text("cluster")
    cluster = found["cluster"].get(name)
    if cluster is None:
        what = f"cluster {name!r}, which is not there" if name else "no cluster"
        raise _usage(f"{entry}: it names {what}{_known(name, found['cluster'])}")
    name = entry.text("user")
    user = found["user"].get(name)
    if user is None and name:
        text = f"{entry}: it names user {name!r}, which is not there"
        raise _usage(text + _known(name, found["user"]))
    return _Chosen(
        entry.name,
        entry.text("namespace"),
        _server(cluster),
        cluster._replace(value=_cluster_values(cluster)),
        user._replace(value=_user_values(user)) if user else _anonymous(entry),
    )


def _anonymous(context: _Entry) -> _Entry:
    return _Entry(context.path, "user", "", {})


def _parsed(path: str) -> dict[str, Any]:
    """A kubeconfig file; its parser's words are kept back, as they may quote it."""
    place = path
    try:
        with open(path, "rb") as file:
            found = yaml.load(file, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  both are safe
    except OSError as error:
        raise _usage(f"{path}: cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        if mark is not None:
            place = f"{path}:{mark.line + 1}:{mark.column + 1}"
        raise _usage(f"{place}: is no YAML, so no kubeconfig") from None
    config = {} if found is None else found
    if not isinstance(config, dict):
        raise _usage(f"{path}: is no kubeconfig, which is a mapping")
    if config.get("kind", "Config") != "Config":
        raise _usage(f"{path}: is no kubeconfig, but of kind {config['kind']}")
    return config


def _entries(config: Mapping[str, Any], path: str, kind: str) -> Iterator[_Entry]:
    """The clusters, contexts or users of a file."""
    listed = config.get(f"{kind}s") or []
    if not isinstance(listed, list):
        raise _usage(f"{path}: is no kubeconfig: {kind}s is no list")
    for number, item in enumerate(listed, 1):
        named = item if isinstance(item, dict) else {}
        value = named.get(kind) or {}
        if "name" not in named or not isinstance(value, dict):
            text = f"number {number} of {kind}s has not both name and {kind}"
            raise _usage(f"{path}: is no kubeconfig: {text}")
        yield _Entry(path, kind, str(named["name"]), value)


def _named_context(contexts: Mapping[str, _Entry], name: str, source: str) -> _Entry:
    if not contexts:
        raise _usage(f"{source}: has no contexts")
    if not name:
        known = ranges(list(contexts), MAX_CONTEXTS)
        raise _usage(f"{source}: no context is current; --context is one of {known}")
    if name not in contexts:
        raise _usage(f"{source}: no context {name!r}{_known(name, contexts)}")
    return contexts[name]


def _known(name: str, names: Iterable[str]) -> str:
    """What there is instead of a name, the likeliest first."""
    known = list(names)
    if not known:
        return "; there is none"
    near = difflib.get_close_matches(name, known, 1)
    advice = f"did you mean {near[0]!r}? Known" if near else "known"
    return f"; {advice}: {ranges(known, MAX_CONTEXTS)}"


def _server(cluster: _Entry) -> str:
    """The URL without a user's name and password, which are no one's business."""
    url = cluster.text("server").rstrip("/")
    try:
        parts = urlsplit(url)
        is_url = (
            parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        )
    except ValueError:
        is_url = False
    if not is_url or re.search(r"[?#\s]", url):
        given = cluster.text("server")
        text = f"its server is {_shown(given)!r}" if url else "it has no server"
        raise _usage(f"{cluster}: {text}; it must be https://HOST:PORT")
    return _shown(url)


def _shown(url: str) -> str:
    """A URL without what may be secret in it: user, password, query."""
    scheme, mark, rest = url.partition("://")
    rest = re.split(r"[?#]", rest)[0]
    place, slash, path = rest.partition("/")
    return f"{scheme}{mark}{place.rpartition('@')[2]}{slash}{path}" if mark else url


def _given(entry: _Entry) -> dict[str, Any]:
    return {key: value for key, value in entry.value.items() if value not in (None, "")}


def _cluster_values(cluster: _Entry) -> dict[str, Any]:
    """What the official client is given: absolute paths, of files that are there."""
    values = _given(cluster)
    values["server"] = _server(cluster)
    if "tls-server-name" in values:
        values["tls-server-name"] = str(values["tls-server-name"])
    _settle_file(cluster, values, "certificate-authority")
    return values


def _user_values(user: _Entry) -> dict[str, Any]:
    """The same of a user; a token's file is read, as it wins over a token."""
    values = _given(user)
    for key in ("client-certificate", "client-key"):
        _settle_file(user, values, key)
    if "tokenFile" in values:
        data = _contents(user, "tokenFile", user.beside(str(values.pop("tokenFile"))))
        values["token"] = data.decode("utf-8", "replace").strip()
    if "exec" in values:
        values["exec"] = _plugin_values(user, values["exec"])
    return values


def _settle_file(entry: _Entry, values: dict[str, Any], key: str) -> None:
    """Leave either the data or a file that can be read; data wins."""
    data = values.get(f"{key}-data")
    if data is not None:
        values.pop(key, None)
        try:
            base64.b64decode("".join(str(data).split()), validate=True)
        except ValueError:
            raise _usage(f"{entry}: {key}-data is no base64") from None
    elif key in values:
        values[key] = entry.beside(str(values[key]))
        _contents(entry, key, values[key])


def _contents(entry: _Entry, key: str, path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except (OSError, ValueError) as error:
        raise _usage(f"{entry}: {key} {path}: {_reason(error)}") from None


def _plugin_values(user: _Entry, given: object) -> dict[str, Any]:
    """The plugin to run; a path is meant from the kubeconfig's directory."""
    values = dict(given) if isinstance(given, dict) else {}
    command = values.get("command")
    if not command or not isinstance(command, str) or not values.get("apiVersion"):
        raise _usage(f"{user}: its exec has not both apiVersion and command")
    if os.sep in command:
        values["command"] = user.beside(command)
    return values


# What the official client makes of it.


def _load(config: _Foreign, chosen: _Chosen, configuration: _Foreign) -> None:
    """Let the client take over the context: run its plugin, write its certificates."""
    user = chosen.user.name or "-"
    only = {
        "current-context": chosen.context,
        "clusters": [{"name": "-", "cluster": chosen.cluster.value}],
        "users": [{"name": user, "user": chosen.user.value}],
        "contexts": [
            {"name": chosen.context, "context": {"cluster": "-", "user": user}}
        ],
    }
    with _listening() as said:
        try:
            config.load_kube_config_from_dict(
                only,
                context=chosen.context,
                client_configuration=configuration,
                persist_config=False,
            )
        except Exception as error:  # noqa: BLE001  each kind of credentials has its own
            raise _unusable(chosen, error) from None
    if said:
        text = _credentials_trouble(chosen.user, said[-1])
        raise _failure(chosen.server, chosen.context, text)


def _unusable(chosen: _Chosen, error: Exception) -> Exception:
    """Credentials that the client does not load; its words may quote secrets."""
    provider = chosen.user.value.get("auth-provider")
    if isinstance(provider, dict):
        text = f"the auth-provider {provider.get('name')!r} of {chosen.user} fails"
        advice = "kubectl has dropped auth-providers; use an exec plugin"
        text = f"{text} ({type(error).__name__}); {advice}"
        return _failure(chosen.server, chosen.context, text)
    return _usage(f"{chosen.user}: cannot be used ({type(error).__name__})")


def _load_in_cluster(
    config: _Foreign, context: str, configuration: _Foreign
) -> _Chosen:
    """Take over the service account of the pod this runs in, if it runs in one."""
    if not os.environ.get("KUBERNETES_SERVICE_HOST"):
        raise _usage(_NO_KUBECONFIG)
    if context:
        raise _usage(f"no kubeconfig has a context {context!r}, as there is none")
    try:
        config.load_incluster_config(client_configuration=configuration)
    except (config.ConfigException, OSError, ValueError) as error:
        raise _usage(f"no kubeconfig, and in this pod: {error}") from None
    account = os.path.dirname(configuration.ssl_ca_cert)
    namespace = ""
    path = os.path.join(account, "namespace")
    with contextlib.suppress(OSError, ValueError), open(path, encoding="utf-8") as file:
        namespace = file.read().strip()
    entry = _Entry("", "user", "the pod's service account", {})
    return _Chosen("", namespace, "", entry, entry)


def _check_tls(configuration: _Foreign, chosen: _Chosen) -> None:
    """Load name and certificates once, lest they be taken for a broken server.

    Raises:
        UsageError: those of the kubeconfig are none.
        OperationError: those of the plugin are none.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    name = configuration.tls_server_name or urlsplit(configuration.host).hostname
    try:
        context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname=name)
    except ValueError as error:
        text = f"{name!r} is no name of a server: {_reason(error)}"
        raise _usage(f"{chosen.cluster}: {text}") from None
    authority, certificate = configuration.ssl_ca_cert, configuration.cert_file
    if authority:
        try:
            context.load_verify_locations(cafile=authority)
        except (OSError, ValueError) as error:
            text = f"certificate-authority does not load: {_reason(error)}"
            raise _usage(f"{chosen.cluster}: {text}") from None
    if certificate:
        try:
            # An empty password: OpenSSL would ask for one at the terminal.
            context.load_cert_chain(certificate, configuration.key_file, password="")
        except (OSError, ValueError) as error:
            text = f"client-certificate and client-key do not load: {_reason(error)}"
            raise _no_pair(chosen, text) from None


def _no_pair(chosen: _Chosen, text: str) -> Exception:
    if "exec" not in chosen.user.value:
        return _usage(f"{chosen.user}: {text}")
    text = f"what {_plugin(chosen.user)} prints is of no use: {text}"
    return _failure(chosen.server, chosen.context, text)


def _set_proxy(configuration: _Foreign, cluster: _Entry) -> None:
    """Choose the proxy as kubectl does, whatever the client's version makes of it.

    A proxy-url holds for every server, one of the environment for none on this host.
    """
    server = urlsplit(configuration.host)
    proxy, spared = cluster.text("proxy-url"), ""
    if not proxy and not _is_local(server.hostname or ""):
        known = getproxies()
        proxy = known.get(server.scheme) or known.get("all") or ""
        spared = known.get("no", "")
    if proxy and "://" not in proxy:
        proxy = f"http://{proxy}"
    configuration.proxy = _shown(proxy) or None
    configuration.no_proxy = spared
    user, at, _ = proxy.partition("://")[2].partition("/")[0].rpartition("@")
    if at:
        import urllib3  # noqa: PLC0415

        headers = urllib3.util.make_headers(proxy_basic_auth=unquote(user))
        configuration.proxy_headers = headers


def _is_local(host: str) -> bool:
    return host == "localhost" or host.startswith("127.") or host == "::1"


def _pool_manager(
    client: _Foreign, configuration: _Foreign, cluster: _Entry
) -> _Foreign:
    import urllib3  # noqa: PLC0415

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return client.ApiClient(configuration).rest_client.pool_manager
    except (ImportError, ValueError, urllib3.exceptions.HTTPError):
        proxy = _shown(configuration.proxy or "")
        text = f"the proxy {proxy} cannot be used; http://HOST:PORT can"
        raise _usage(f"{cluster}: {text}") from None


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


# Failures in words.


def _usage(text: str) -> UsageError:
    return UsageError(_line(text))


def _failure(server: str, context: str, text: str) -> OperationError:
    place = f"context {context!r}" if context else "in-cluster"
    return OperationError(_line(f"{server} ({place}): {text}"))


def _line(text: str) -> str:
    """One line that a terminal can be given, whatever a server or a plugin says."""
    shown = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(shown.split())


def _plugin(user: _Entry) -> str:
    found = user.value.get("exec") or {}
    return f"the exec plugin {found.get('command')!r} of user {user.name!r}"


def _plugin_trouble(user: _Entry, said: str) -> str:
    """Why a plugin gave no credentials, by what the official client logs of it."""
    plugin = _plugin(user)
    if ended := re.fullmatch(
        r"exec: process returned (-?\d+)(?:\. (.*))?", said, re.DOTALL
    ):
        lines = [line for line in (ended[2] or "").splitlines() if line.strip()]
        last = lines[-1].strip()[:_MAX_WORDS] if lines else "it says nothing"
        return f"{plugin} fails with exit code {ended[1]}: {last}"
    if "No such file or directory" in said:
        hint = str(user.value["exec"].get("installHint") or "").strip()
        advice = hint.splitlines()[0] if hint else "install it, or correct its command"
        return f"{plugin} is not found; {advice}"
    if said.endswith("'strip'"):  # of its stderr, which the terminal has
        return f"{plugin} fails; what it says is above"
    if said.startswith("exec: failed to decode"):
        return f"{plugin} prints no JSON; it must print an ExecCredential"
    if said.startswith("exec: "):
        return f"{plugin} is of no use: {said.removeprefix('exec: ')[:_MAX_WORDS]}"
    if denied := re.match(r"\[Errno \d+\] ([^:]+)", said):
        return f"{plugin} cannot be run: {denied[1]}"
    return f"{plugin} prints JSON that is no ExecCredential"


def _credentials_trouble(user: _Entry, said: str) -> str:
    if "exec" in user.value:
        return _plugin_trouble(user, said)
    return f"the token of {user} cannot be had ({said})"


def _unauthorized(user: _Entry) -> str:
    if "exec" in user.value:
        return f"refuses (401) what {_plugin(user)} gave; log in again"
    if user.path and not user.name:
        return "refuses access without credentials (401), and the context names no user"
    who = f"user {user.name!r}" if user.path else user.name
    return f"refuses (401) the credentials of {who}, or they expired; log in again"


def _trouble(error: Exception, proxy: str) -> str:
    """A failure to get an answer, and what to do about it."""
    from urllib3 import exceptions  # noqa: PLC0415

    root = _root(error)
    if isinstance(error, exceptions.ProxyError) or _is_refused_by_proxy(error):
        text = f"the proxy {proxy} fails: {_reason(root)}"
        return f"{text}; check proxy-url of the cluster, or HTTPS_PROXY and NO_PROXY"
    if isinstance(root, socket.gaierror):
        return f"its name is not resolved: {_reason(root)}; check server, DNS and VPN"
    # Before its base class, which is that of connections not made in time.
    if isinstance(error, exceptions.NewConnectionError):
        return f"no connection: {_reason(root)}; check server, and that it runs there"
    if isinstance(error, exceptions.ConnectTimeoutError):
        wait = f"{CONNECT_SECONDS:g} s"
        return f"no connection within {wait}; check server, firewall and VPN"
    if isinstance(error, exceptions.TimeoutError):
        return f"no answer within {READ_SECONDS:g} s; try again"
    if isinstance(root, ssl.SSLError) or isinstance(error, exceptions.SSLError):
        return _tls_trouble(root)
    if isinstance(error, exceptions.ProtocolError):
        is_cut = "broken" in str(error) or "Incomplete" in str(error)
        place = "in the middle of an answer" if is_cut else "before an answer"
        return f"the connection broke {place}; try again"
    return f"no answer that can be read: {_reason(root)}"


def _tls_trouble(root: BaseException) -> str:
    said = _reason(root)
    if "match" in said:
        return f"its TLS certificate is for another name: {said}; set tls-server-name"
    if getattr(root, "verify_message", ""):
        advice = "check certificate-authority of the cluster"
        return f"its TLS certificate is not trusted: {said}; {advice}"
    if said in {"wrong version number", "record layer failure", "http request"}:
        return "does not speak TLS; is the port right, or is its URL one of http://?"
    if "certificate" in said or "unknown ca" in said:
        return f"refuses the client certificate: {said}; log in again"
    return f"the TLS handshake fails: {said}"


def _is_refused_by_proxy(error: Exception) -> bool:
    """Whether it is the proxy that refused to connect."""
    return "Tunnel connection failed" in str(error)


def _root(error: BaseException) -> BaseException:
    """The innermost cause of a failure, the one that names it."""
    inner = next((one for one in error.args if isinstance(one, BaseException)), None)
    inner = inner or error.__cause__
    return error if inner is None else _root(inner)


def _reason(error: BaseException) -> str:
    """What the system says of a failure, without numbers and names of functions."""
    if words := getattr(error, "verify_message", ""):
        return str(words)
    if reason := getattr(error, "reason", ""):
        return str(reason).replace("_", " ").lower()
    return str(getattr(error, "strerror", "") or error)
