"""The runbook's text: the pages of this package with a site's values in them."""

from __future__ import annotations

import math
import os
import re
import shlex
import string
import textwrap
from collections.abc import Iterator, Sequence

from netplan2k8s.emitters.verification import job_name
from netplan2k8s.fabric.waves import Wave
from netplan2k8s.labels import MOVED, UNVERIFIED
from netplan2k8s.naming import counted, ranges
from netplan2k8s.runbook import policy
from netplan2k8s.runbook.values import Site, usual

_PAGES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pages")
STRIPPED = "stripped"
"""Where the runbook has strip write to."""
_WIDTH = 88
_FIRST_WAVE = 8
"""The number of its section, behind those of the head."""
_NOW = "Once for the whole cluster, in this wave, while every node is tainted:"
_FIRST = (
    "In the first wave alone, once for the whole cluster, while every node is tainted."
    " In the others run the\nlast block only:"
)
_PASTE = "# Paste the block of the wave from below: it sets WAVE, NODES and RAILS."
_NO_POLICY = (
    "On a cluster that has no policy yet it says\n`NotFound`, there are no such files,"
    " and the way back is to delete the policy."
)
MOST_IN_FULL = 4
"""Waves whose steps are written out for each; of more they are written once."""


class _Page(string.Template):
    """Values stand as @{name}, since a shell's own are $name."""

    delimiter = "@"


def render(site: Site) -> str:
    """The runbook in Markdown, the same for the same site."""
    parts = [_page("head.md", **_shared(site), functions=_functions(site))]
    if len(site.waves) <= MOST_IN_FULL:
        for number, wave in enumerate(site.waves, _FIRST_WAVE):
            is_first = number == _FIRST_WAVE
            parts.append(_wave(site, wave, number, is_first=is_first))
    else:
        parts += _once(site)
    parts.append(_page("tail.md", **_shared(site), **_removal(site)))
    text = "\n".join(part.rstrip("\n") + "\n" for part in parts)
    return re.sub(r"\n{3,}", "\n\n", re.sub(r" +\n", "\n", text))


def _page(name: str, **values: object) -> str:
    with open(os.path.join(_PAGES, name), encoding="utf-8") as file:
        return _Page(file.read()).substitute(values)


def _functions(site: Site) -> str:
    text = _page(
        "functions.sh",
        stripped=STRIPPED,
        taint=UNVERIFIED,
        resources=" ".join(site.resources),
        columns=_columns(site),
        pools=" ".join(rail.name for rail in site.plan.rails),
        cidrs=_cidrs(site),
        operator_namespace=site.settings.operator_namespace,
        job_namespace=site.settings.job.namespace,
    )
    return text.rstrip("\n")


def _columns(site: Site) -> str:
    """Node and count of each rail, as kubectl takes columns."""
    fields = (resource.replace(".", r"\.") for resource in site.resources)
    named = (f"R{n}:.status.allocatable.{field}" for n, field in enumerate(fields, 1))
    return ",".join(["NODE:.metadata.name", *named])


def _cidrs(site: Site) -> str:
    return " ".join(str(rail.cidr) for rail in site.plan.rails)


def _shared(site: Site) -> dict[str, object]:
    options = site.options
    nodes = site.plan.node_names
    moved = [node for wave in site.waves for node in wave.node_names]
    most = max(1, math.ceil(len(moved) / len(site.waves) / 10))
    return {
        "node_count": len(nodes),
        "rail_count": len(site.plan.rails),
        "wave_count": counted(len(site.waves), "wave"),
        "manifests": site.directory,
        "hosts": "`, `".join(site.hosts),
        "manifests_quoted": site.manifests_quoted,
        "hosts_quoted": site.hosts_quoted,
        "hosts_of_proof": site.hosts_of_proof,
        "stripped": STRIPPED,
        "proof": site.proof,
        "summary": site.summary,
        "taint": UNVERIFIED,
        "moved": MOVED,
        "hosts_options": _options(options.hosts, options.settings, options.release),
        "strip_options": _options(options.hosts, options.settings),
        "options": _options(options.settings, options.release),
        "no_policy": _NO_POLICY if site.is_policy_complete else "",
        "stop_count": counted(most, "node"),
        "sample_node": nodes[0],
        "all_nodes": _variable("NODES", nodes),
        "wave_rows": "\n".join(_wave_rows(site)),
        "left_out": _left_out(site),
        "operator_namespace": site.settings.operator_namespace,
        "job_namespace": site.settings.job.namespace,
    }


def _wave_rows(site: Site) -> Iterator[str]:
    for wave in site.waves:
        names = ranges([*wave.node_names])
        yield f"| {wave.name} | {len(wave.node_names)} | {names} |"


def _left_out(site: Site) -> str:
    if not site.left_out:
        return ""
    return (
        f"\nNo wave has {ranges([*site.left_out])}: they stay tainted, with their rails"
        " in Netplan, until another runbook moves them.\n"
    )


def _variable(name: str, words: Sequence[str]) -> str:
    """A shell variable of words, over several lines where there are many."""
    return textwrap.fill(
        f"{name}='{' '.join(words)}'",
        _WIDTH,
        break_long_words=False,
        break_on_hyphens=False,
    )


# -- waves ----------------------------------------------------------------------


def _wave(site: Site, wave: Wave, number: int, *, is_first: bool) -> str:
    count = len(wave.node_names)
    return _page(
        "wave.md",
        **_shared(site)
        | {
            "title": f"Wave {wave.name}: {counted(count, 'node')}",
            "title_low": f"wave {wave.name}",
            "n": number,
            "count": count,
            "wave": wave.name,
            "job": job_name(wave.name),
            "links": f"`{count * len(site.plan.rails)}`",
            "nodes": _variables(site, wave),
            "sample_node": wave.node_names[0],
            "sample_rows": "\n".join(_sample(site, wave.node_names[0])),
            "apply": _apply(site, number, _NOW)
            if is_first
            else _page("applied.md", n=number),
            "first_resource": site.resources[0],
        },
    )


def _once(site: Site) -> Iterator[str]:
    """The steps for any wave, in shell variables, and then each wave's values."""
    sample = site.waves[0].node_names[0]
    yield _page(
        "wave.md",
        **_shared(site)
        | {
            "title": "Every wave",
            "title_low": "a wave",
            "n": _FIRST_WAVE,
            "count": "the number of its nodes",
            "wave": '"$WAVE"',
            "job": '"verify-rails-$WAVE"',
            "links": "the number of its links",
            "nodes": _PASTE,
            "sample_node": sample,
            "sample_rows": "\n".join(_sample(site, sample)),
            "apply": _apply(site, _FIRST_WAVE, _FIRST),
            "first_resource": site.resources[0],
        },
    )
    yield "## The values of each wave\n"
    for wave in site.waves:
        names = ranges([*wave.node_names])
        yield f"### {wave.name}: {counted(len(wave.node_names), 'node')}, {names}\n"
        yield f"```bash\nWAVE={wave.name}\n{_variables(site, wave)}\n```\n"
        count = len(wave.node_names)
        links = count * len(site.plan.rails)
        yield (
            f"It is of {counted(count, 'node')} ({_FIRST_WAVE}.1), and `OK` is said of"
            f" {counted(links, 'link')} ({_FIRST_WAVE}.8).\n"
        )


def _variables(site: Site, wave: Wave) -> str:
    """The nodes, and the rails of most of them; of the others each node's own."""
    rails = site.interfaces(wave)
    common = usual(list(rails.values()))
    others = [
        f"[{node}]='{' '.join(names)}'"
        for node, names in rails.items()
        if names != common
    ]
    listed = "".join(f"\n    {other}" for other in others)
    return (
        f"{_variable('NODES', wave.node_names)}\nRAILS='{' '.join(common)}'\n"
        f"RAILS_OF=({listed}{listed and chr(10)})"
    )


def _sample(site: Site, node_name: str) -> Iterator[str]:
    for number, (rail, link) in enumerate(site.links_of(node_name), 1):
        name = site.kernel_names[node_name, link.interface]
        yield (
            f"| {rail} | {name} | net{number} | {link.address} |"
            f" {link.gateway_address} |"
        )


def _apply(site: Site, number: int, when: str) -> str:
    return _page(
        "apply.md",
        n=number,
        when=when,
        commands="\n".join(policy.applied(site)),
        note=policy.note(site),
        checks="\n".join(_checks(site)),
    )


def _checks(site: Site) -> Iterator[str]:
    names = " ".join(rail.name for rail in site.plan.rails)
    if site.settings.network_kind != "nad":
        yield f"kubectl get hostdevicenetworks {names}"
    space = site.settings.network_namespace
    yield f"kubectl get network-attachment-definitions -n {space} {names}"


def _removal(site: Site) -> dict[str, str]:
    """The pools and networks go; of a policy only our section does."""
    lines = [
        f"kubectl delete --ignore-not-found -f {site.manifests_quoted}/{path}"
        for path in reversed(site.files)
        if path.startswith(("fabric/2", "fabric/3"))
    ]
    lines.append(
        "kubectl delete --ignore-not-found -f"
        f" {site.manifests_quoted}/verify/check-rails.yaml"
    )
    return {
        "withdraw": "\n".join(policy.withdrawn(site)),
        "remove": "\n".join(lines),
    }


def _options(*groups: Sequence[str]) -> str:
    return "".join(f" {shlex.quote(word)}" for group in groups for word in group)
