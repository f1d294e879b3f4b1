"""The pools of a pod's networks: shared ones, and destinations that rails share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from operator import itemgetter

from netplan2k8s import catalogue
from netplan2k8s.addressing import Prefix
from netplan2k8s.findings import Severity
from netplan2k8s.lint.attachments import Network
from netplan2k8s.lint.devices import Attached
from netplan2k8s.lint.remarks import Remark
from netplan2k8s.lint.scene import Scene
from netplan2k8s.lint.templates import Template, label_of
from netplan2k8s.simulate.equal_routes import taken_by


def check(attached: Attached, scene: Scene) -> Iterator[Remark]:
    user: dict[tuple[str, str], Network] = {}
    for network in attached.rails:
        kind = network.pool_kind
        for name in network.pool_names if network.uses_nv_ipam else ():
            first = user.setdefault((kind, name), network)
            if first is not network:
                yield _shared(attached, first, network, name, scene)


def destinations(together: Sequence[Attached], scene: Scene) -> Iterator[Remark]:
    """NK320, once for the templates of a document that share the same routes."""
    alike: dict[tuple[Prefix, tuple[str, ...]], list[Template]] = defaultdict(list)
    for attached in together:
        for destination, over in _shared_routes(attached.rails, scene).items():
            if len(over) > 1:
                alike[destination, tuple(over)].append(attached.template)
    for (destination, names), templates in sorted(alike.items(), key=itemgetter(0)):
        first, last = names[0], names[-1]
        taken = taken_by(destination.family, last)
        message = (
            f"{destination} is routed over {len(names)} networks of"
            f" {label_of(templates)}, {first} to {last}: {taken};"
            " the sbr plugin gives each its own table"
        )
        spot, *others = [template.networks_spot for template in templates]
        yield Remark(catalogue.SHARED_DESTINATION, message, spot, tuple(others))


def _shared_routes(rails: Sequence[Network], scene: Scene) -> dict[Prefix, list[str]]:
    """The networks by destination, but those with a table of their own."""
    found: dict[Prefix, list[str]] = defaultdict(list)
    for network in rails:
        is_cidr = network.uses_nv_ipam and network.pool_kind == "CIDRPool"
        for name in network.pool_names if is_cidr else ():
            view = scene.pool_by_name.get(name)
            if view is not None and view.pool is not None and not network.has_own_table:
                for destination in view.pool.routes:
                    found[destination].append(network.name)
    return found


def _shared(
    attached: Attached, first: Network, second: Network, pool: str, scene: Scene
) -> Remark:
    """NK466: a warning for an IPPool without routed rails, which may be meant so."""
    is_flat = second.pool_kind == "IPPool" and not scene.has("CIDRPool")
    message = (
        f"{attached.template.label} attaches {first.name} and {second.name}, which"
        f" share pool {pool}: "
    )
    message += (
        "the kernel sends what both could carry over one of them"
        if is_flat
        else "a rail has a pool of its own"
    )
    spot = second.ipam_spot("poolName")
    severity = Severity.WARNING if is_flat else None
    return Remark(catalogue.SHARED_POOL, message, spot, severity=severity)
