"""The line to a server: TLS, proxy, and why no answer comes."""

from __future__ import annotations

import socket
import ssl
import warnings
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies

from netplan2k8s.cluster.credentials import Foreign, plugin
from netplan2k8s.cluster.kubeconfig import Chosen, Entry
from netplan2k8s.cluster.trouble import reason, shown, unusable

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0
"""How long the server may be silent."""


def pool_manager(client: Foreign, configuration: Foreign, chosen: Chosen) -> Foreign:
    """The official client's connections, which are made when they are needed.

    Raises:
        OperationError: the certificates of the kubeconfig or of the plugin, or the
            proxy, are of no use.
    """
    import urllib3  # noqa: PLC0415

    _check_tls(configuration, chosen)
    _set_proxy(configuration, chosen.cluster)
    if not configuration.verify_ssl:
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = client.ApiClient(configuration).rest_client.pool_manager
    except (ImportError, ValueError, urllib3.exceptions.HTTPError):
        text = f"the proxy {configuration.proxy} cannot be used; http://HOST:PORT can"
        raise unusable(f"{chosen.cluster}: {text}") from None
    is_proxied = isinstance(made, urllib3.ProxyManager)
    groups = chosen.user.value.get("as-groups") or ()
    if is_proxied and configuration.host.startswith("http:") and len(groups) > 1:
        # Without a tunnel urllib3 makes one header of them, which is another group.
        text = "several as-groups do not pass a proxy to a server without TLS"
        raise unusable(f"{chosen.user}: {text}")
    return made


def _check_tls(configuration: Foreign, chosen: Chosen) -> None:
    """Load name and certificates once, lest they be taken for a broken server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    name = configuration.tls_server_name or urlsplit(configuration.host).hostname
    try:
        context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname=name)
    except (TypeError, ValueError) as error:
        text = f"{name!r} is no name of a server: {reason(error)}"
        raise unusable(f"{chosen.cluster}: {text}") from None
    try:
        if configuration.ssl_ca_cert:
            context.load_verify_locations(cafile=configuration.ssl_ca_cert)
    except (OSError, ValueError) as error:
        text = f"certificate-authority does not load: {reason(error)}"
        raise unusable(f"{chosen.cluster}: {text}") from None
    pair = configuration.cert_file, configuration.key_file
    try:
        if configuration.cert_file:
            # An empty password: OpenSSL would ask for one at the terminal.
            context.load_cert_chain(*pair, password="")
    except (OSError, ValueError) as error:
        text = f"client-certificate and client-key do not load: {reason(error)}"
        if "exec" not in chosen.user.value:
            raise unusable(f"{chosen.user}: {text}") from None
        text = f"what {plugin(chosen.user)} prints is of no use: {text}"
        raise chosen.failure(text) from None


def _set_proxy(configuration: Foreign, cluster: Entry) -> None:
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
    configuration.proxy = shown(proxy) or None
    configuration.no_proxy = spared
    user, at, _ = proxy.partition("://")[2].partition("/")[0].rpartition("@")
    if at:
        import urllib3  # noqa: PLC0415

        headers = urllib3.util.make_headers(proxy_basic_auth=unquote(user))
        configuration.proxy_headers = headers


def _is_local(host: str) -> bool:
    return host == "localhost" or host.startswith("127.") or host == "::1"


# Why no answer comes.


def explained(error: Exception, proxy: str) -> str:
    """A failure to get an answer, and what to do about it."""
    from urllib3 import exceptions  # noqa: PLC0415

    root = _root(error)
    said = reason(root)
    if isinstance(error, exceptions.ProxyError) or is_refused_by_proxy(error):
        text = f"the proxy {proxy} fails: {said}"
        return f"{text}; check proxy-url of the cluster, or HTTPS_PROXY and NO_PROXY"
    if isinstance(root, socket.gaierror):
        return f"its name is not resolved: {said}; check server, DNS and VPN"
    # Before its base class, which is that of connections not made in time.
    if isinstance(error, exceptions.NewConnectionError):
        return f"no connection: {said}; check server, and that it runs there"
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
    return f"no answer that can be read: {said}"


def _tls_trouble(root: BaseException) -> str:
    said = reason(root)
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


def is_refused_by_proxy(error: Exception) -> bool:
    """Whether it is the proxy that refused to connect."""
    return "Tunnel connection failed" in str(error)


def _root(error: BaseException) -> BaseException:
    """The innermost cause of a failure, the one that names it."""
    inner = next((one for one in error.args if isinstance(one, BaseException)), None)
    inner = inner or error.__cause__
    return error if inner is None else _root(inner)
