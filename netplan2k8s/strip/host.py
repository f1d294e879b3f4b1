"""One host: its rails taken out of its files, and the proof that nothing else is."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from netplan2k8s import catalogue, source
from netplan2k8s.addressing import Prefix
from netplan2k8s.fabric.links import match_mac
from netplan2k8s.findings import (
    Finding,
    InputError,
    OperationError,
    Rule,
    Span,
    has_error,
)
from netplan2k8s.hosts import Host
from netplan2k8s.naming import ranges
from netplan2k8s.netplan import Definition, HostNetwork, kernel_name, read_host
from netplan2k8s.source import Parse, span_of
from netplan2k8s.strip import proof, rail_text, volatile
from netplan2k8s.strip.changes import UnusualError
from netplan2k8s.strip.host_files import HostFiles, read_files

_REFERENCES = {
    "routes": (
        "via",
        rail_text.is_over,
        "a route over {}, which only rail {} reaches; without the rail it goes nowhere",
    ),
    "routing-policy": (
        "from",
        rail_text.is_from,
        "a routing policy from {}, the address of rail {}; it stays and serves nothing",
    ),
}


@dataclass(frozen=True, slots=True)
class StrippedHost:
    """A host's files before and after; ``changed`` are those that differ.

    ``unnamed`` are rails, with the MAC that they are matched by, whose name in the
    kernel Netplan does not tell. With an error among the findings nothing is changed.
    """

    host: Host
    rails: tuple[str, ...]
    before: HostFiles
    changed: Mapping[str, bytes] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    unnamed: Mapping[str, str] = field(default_factory=dict)

    @property
    def node_name(self) -> str:
        return self.host.node_name

    @property
    def after(self) -> dict[str, bytes]:
        return {**self.before.files, **self.changed}


def strip_host(
    host: Host, rails: Mapping[str, Prefix], digest: str, parse: Parse = source.parse
) -> StrippedHost:
    """Take rails (ID → link) out of a host's Netplan; ``parse`` reads its texts.

    ``digest`` is that of the files in which the rails were found.

    Raises:
        OSError: a file cannot be read.
        OperationError: the files are no longer those.
    """
    before = read_files(host)
    if before.digest != digest:
        raise changed_hosts([host.node_name])
    ids = tuple(rails)
    try:
        network = read_host(before.tree(), host.node_name, parse=parse)
        said = _judged(host, before, network, rails)
        if has_error(said):
            return StrippedHost(host, ids, before, findings=said)
        changed = _stripped(host, before, network, rails)
        _prove(host, before, network, rails, changed, parse)
    except InputError as error:
        return StrippedHost(host, ids, before, findings=error.findings)
    return StrippedHost(host, ids, before, changed, said, _unnamed(network, ids))


def _unnamed(network: HostNetwork, rails: Collection[str]) -> dict[str, str]:
    definitions = [network.definitions[rail] for rail in rails]
    return {d.id: match_mac(d) for d in definitions if not kernel_name(d)}


def _judged(
    host: Host, before: HostFiles, network: HostNetwork, rails: Mapping[str, Prefix]
) -> tuple[Finding, ...]:
    """What is said of the host, read again with places where there is anything."""
    if not any((*_needed(host, network, rails), *_leftovers(host, network, rails))):
        return ()
    marked = read_host(before.tree(), host.node_name, marks=True)
    return (*_needed(host, marked, rails), *_leftovers(host, marked, rails))


def changed_hosts(node_names: list[str]) -> OperationError:
    """What is said where the files are no longer those that were judged."""
    return OperationError(
        f"Netplan files changed while they were read: {ranges(node_names)}; nothing is"
        " written, run again"
    )


def _needed(
    host: Host, network: HostNetwork, rails: Mapping[str, Prefix]
) -> Iterator[Finding]:
    for definition in network.definitions.values():
        parent = definition.settings.get("link")
        if isinstance(parent, str) and parent in rails:
            message = (
                f"{definition.id} ({definition.section}) lies on rail {parent}, and"
                " would go with its NIC into a pod; move it to another interface"
            )
            yield _finding(catalogue.NEEDED_RAIL, host, span_of(parent), message)
        if definition.id in rails and definition.section != "ethernets":
            message = (
                f"rail {definition.id} ({definition.section}) is made on the host; a"
                " pod gets the NIC below it, so give the NIC itself the address"
            )
            yield _finding(catalogue.NEEDED_RAIL, host, definition.span, message)
        if definition.id in rails:
            yield from _own_profile(host, network, definition)


def _own_profile(
    host: Host, network: HostNetwork, definition: Definition
) -> Iterator[Finding]:
    given = definition.settings.get("networkmanager")
    wanted = rail_text.added(network, definition).get("networkmanager")
    if given is None or wanted is None or given == wanted[0]:
        return
    message = (
        f"rail {definition.id} has settings for NetworkManager, which gives a NIC"
        f" without an address one of 169.254.0.0/16; make them {wanted[1]}"
    )
    span = definition.span
    yield _finding(catalogue.UNUSUAL_TEXT, host, span, message)


def _stripped(
    host: Host, before: HostFiles, network: HostNetwork, rails: Mapping[str, Prefix]
) -> dict[str, bytes]:
    by_label = {label: path for path, label in before.labels.items()}
    paths = [by_label[label] for label in network.files]  # in netplan's order
    read = {before.names[path]: path for path in paths}
    files = {real: before.files[real] for real in read if real in before.files}
    try:
        made = rail_text.stripped(files, network, rails)
    except UnusualError as error:
        label = before.labels[read[error.path]]
        message = (
            f"the rails of {host.node_name} cannot be taken out of this file: {error}"
        )
        span = Span(label, error.line, error.column)
        raise InputError(
            _finding(catalogue.UNUSUAL_TEXT, host, span, message)
        ) from error
    findings = [found for real in made for found in volatile.held(before, read[real])]
    findings += volatile.hidden(before, {**before.files, **made}, rails)
    if findings:
        raise InputError(*findings)
    return made


def _prove(
    host: Host,
    before: HostFiles,
    network: HostNetwork,
    rails: Mapping[str, Prefix],
    made: Mapping[str, bytes],
    parse: Parse,
) -> None:
    """Read what was made, and hold it to what it must say."""
    try:
        tree = before.tree({**before.files, **made})
        after = read_host(tree, host.node_name, parse=parse)
        wrong = list(proof.differences(network, after, rails))
    except InputError as error:
        wrong = [f"netplan would reject the result: {error.findings[0].message}"]
    if wrong:
        changed = (path for path, real in before.names.items() if real in made)
        label = before.labels[next(changed)]
        message = (
            f"the rails of {host.node_name} cannot be taken out of its files by"
            f" themselves: {'; '.join(wrong)}"
        )
        raise InputError(_finding(catalogue.UNUSUAL_TEXT, host, Span(label), message))


def _leftovers(
    host: Host, network: HostNetwork, rails: Mapping[str, Prefix]
) -> Iterator[Finding]:
    vrfs = rail_text.vrfs_of(network, rails)
    for definition in network.definitions.values():
        if definition.id in vrfs:
            if rail_text.keeps_policies(definition, rails.values()):
                yield from _references(host, definition, rails, "routing-policy")
        elif definition.id not in rails:
            for key in _REFERENCES:
                yield from _references(host, definition, rails, key)


def _references(
    host: Host, definition: Definition, rails: Mapping[str, Prefix], key: str
) -> Iterator[Finding]:
    part, is_of_rail, text = _REFERENCES[key]
    for rail, link in rails.items():
        for entry in definition.settings.get(key, ()):
            if is_of_rail(entry, [link]):
                message = f"{definition.id} has {text.format(entry[part], rail)}"
                span = span_of(entry[part])
                yield _finding(catalogue.LEFTOVER_REFERENCE, host, span, message)


def _finding(rule: Rule, host: Host, span: Span | None, message: str) -> Finding:
    return Finding(rule, message, span or Span(host.place), node=host.node_name)
