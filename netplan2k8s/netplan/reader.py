"""Reading a host's Netplan: its files in netplan's order, merged as netplan does.

Two speeds: without positions first, and again with them when there is anything to
say, so that every finding has its line and a clean fleet does not pay for lines.
"""

from __future__ import annotations

from typing import Any

from netplan2k8s import catalogue, source
from netplan2k8s.findings import Finding, InputError, Span
from netplan2k8s.netplan import discovery, validation, warned
from netplan2k8s.netplan.engine import State, expected, process, unknown
from netplan2k8s.netplan.handlers import backend
from netplan2k8s.netplan.model import PHYSICAL, Definition, HostNetwork
from netplan2k8s.netplan.scalars import RejectError, invalid, name, version
from netplan2k8s.netplan.tables import GLOBAL_OVS, SECTIONS
from netplan2k8s.source import Mapping, Node, Parse, span_of
from netplan2k8s.tree import Tree

_GLOB = frozenset("*[]?")


def read_host(
    tree: Tree, node_name: str, *, marks: bool = False, parse: Parse = source.parse
) -> HostNetwork:
    """Read what netplan would apply on the host of a tree.

    With ``marks`` every text of the result knows its place; without, ``parse`` reads
    the texts.

    Raises:
        InputError: the findings netplan would refuse the host for.
    """
    if marks:
        return _read(tree, node_name, _parse_with_marks)
    try:
        host = _read(tree, node_name, parse)
    except InputError:
        return _read(tree, node_name, _parse_with_marks)
    if not host.findings:
        return host
    findings = _read(tree, node_name, _parse_with_marks).findings
    return HostNetwork(node_name, host.definitions, host.settings, host.files, findings)


def _parse_with_marks(data: bytes, path: str) -> Node | None:
    return source.parse(data, path, marks=True)


def _read(tree: Tree, node_name: str, parse: Parse) -> HostNetwork:
    found = discovery.discover(tree)
    state = State()
    findings = list(found.findings)
    labels = []
    unreadable = [_with_node(finding, node_name) for finding in found.unreadable]
    for path in found.paths:
        data = discovery.read(tree, path)
        if isinstance(data, Finding):
            unreadable.append(_with_node(data, node_name))
            continue
        labels.append(tree.label(path))
        if not unreadable:
            _read_file(state, data, labels[-1], node_name, parse)
    if unreadable:
        raise InputError(*unreadable)
    try:
        validation.finish(state)
    except RejectError as reject:
        raise _refused(reject, labels[-1] if labels else "", node_name) from reject
    findings.extend(warned.warnings(state, node_name, labels))
    return HostNetwork(
        node_name, state.definitions, state.settings, tuple(labels), tuple(findings)
    )


def _read_file(
    state: State, data: bytes, label: str, node_name: str, parse: Parse
) -> None:
    try:
        state.file = label
        root = parse(data, label)
        if root is not None:
            _read_document(state, root)
    except InputError as error:
        raise InputError(*(_with_node(f, node_name) for f in error.findings)) from error
    except RejectError as reject:
        raise _refused(reject, label, node_name) from reject


def _with_node(finding: Finding, node_name: str) -> Finding:
    return Finding(finding.rule, finding.message, finding.span, node=node_name)


def _refused(reject: RejectError, label: str, node_name: str) -> InputError:
    span = span_of(reject.node) or Span(label)
    return InputError(Finding(reject.rule, str(reject), span, node=node_name))


def _read_document(state: State, root: Node) -> None:
    """One file: its definitions, then what they say of each other."""
    if not isinstance(root, Mapping):
        raise expected("mapping (check indentation)", root)
    unchecked: list[Definition] = []
    pairs = iter(root)
    for key, value in zip(pairs, pairs, strict=True):
        if not isinstance(key, str):
            raise expected("scalar", key)
        if key != "network":
            reject = unknown(key, ("network",))
            reject.message += "; a Netplan file has 'network' alone at its top"
            raise reject
        _read_network(state, value, unchecked)
    validation.resolve(state)
    for definition in unchecked:
        validation.check(definition)


def _read_network(state: State, node: Node, unchecked: list[Definition]) -> None:
    if not isinstance(node, Mapping):
        raise expected("mapping (check indentation)", node)
    pairs = iter(node)
    for key, value in zip(pairs, pairs, strict=True):
        if not isinstance(key, str):
            raise expected("scalar", key)
        if key in SECTIONS:
            _read_section(state, str(key), value, unchecked)
        elif key == "openvswitch":
            process(state, value, GLOBAL_OVS, state.settings.setdefault(key, {}))
        elif key not in ("version", "renderer"):
            raise unknown(key, (*SECTIONS, "openvswitch", "version", "renderer"))
        elif not isinstance(value, str):
            raise expected("scalar", value)
        else:
            read = version if key == "version" else backend
            state.settings[key] = read(value)


def _read_section(
    state: State, section: str, node: Node, unchecked: list[Definition]
) -> None:
    if not isinstance(node, Mapping):
        raise expected("mapping (check indentation)", node)
    renderer = ""
    pairs = iter(node)
    for key, value in zip(pairs, pairs, strict=True):
        if name(key) == "renderer":
            if not isinstance(value, str):
                raise expected("scalar", value)
            renderer = backend(value)
            continue
        if not _GLOB.isdisjoint(key):
            raise invalid(f"Definition ID '{key}' must not use globbing", key)
        if not isinstance(value, Mapping):
            raise expected("mapping (check indentation)", value)
        definition = _definition(state, section, key, renderer)
        state.current = definition
        try:
            process(state, value, SECTIONS[section], definition.settings)
        except RejectError as reject:
            reject.keys.append(definition.id)
            raise
        _after_block(state, definition, unchecked)


def _definition(state: State, section: str, key: Any, renderer: str) -> Definition:  # noqa: ANN401  marked text
    definition = state.definitions.get(key)
    if definition is None:
        definition = Definition(
            key, section, backend=renderer, file=state.file, span=span_of(key)
        )
        state.definitions[key] = definition
    elif definition.section != section:
        message = f"Updated definition '{key}' changes device type"
        raise RejectError(catalogue.CONFLICTING_DEFINITION, message, key)
    return definition


def _after_block(
    state: State, definition: Definition, unchecked: list[Definition]
) -> None:
    """Netplan judges a block when it ends, unless a reference is still open."""
    if definition.section in PHYSICAL and "match" not in definition.settings:
        definition.implicit_name = True
    references = state.references
    if references and any(ref.node not in state.definitions for ref in references):
        unchecked.append(definition)
    else:
        validation.check(definition)
