"""The routes of a node's pods, all rails together, against those of the host."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from netplan2k8s.addressing import BITS, Prefix
from netplan2k8s.catalogue import SHARED_DESTINATION
from netplan2k8s.fabric.candidates import Candidate
from netplan2k8s.lint.attachments import Network
from netplan2k8s.lint.remarks import Spot
from netplan2k8s.manifests.reader import Document
from netplan2k8s.naming import natural_key
from netplan2k8s.proof import routes
from netplan2k8s.proof.landing import Slot
from netplan2k8s.proof.model import Difference
from netplan2k8s.simulate.equal_routes import taken_by
from netplan2k8s.simulate.pool import Pool

_DEFAULT = {family: Prefix(family, 0, 0) for family in BITS}
_WHERE = ("spec", "routes")


def routes_of(pool: Pool) -> tuple[Prefix, ...]:
    """The destinations that CNI routes over a rail's gateway."""
    if pool.default_gateway:
        return (*pool.routes, _DEFAULT[pool.cidr.family])
    return pool.routes


class LostRoute(NamedTuple):
    """A destination that a pod of a node sends another way than the host did."""

    nic: Candidate
    rail: str
    text: str
    spot: Spot


class PodRoutes:
    """Compares node after node; nodes of the same routes are worked out once.

    ``dealt`` are the destinations and ``documents`` the manifests of each pool by name;
    ``settled`` tells the pool of a NIC, as (node, interface), that no network tells.
    """

    def __init__(
        self,
        networks: Sequence[Network],
        dealt: Mapping[str, tuple[Prefix, ...]],
        documents: Mapping[str, Document],
        settled: Mapping[tuple[str, str], str],
    ) -> None:
        self._networks = networks
        self._dealt = dealt
        self._documents = documents
        self._settled = settled
        self._known: dict[tuple[object, ...], list[routes.Lost]] = {}
        self._named: dict[int, list[str]] = {}

    def shared(self) -> Iterator[Difference]:
        """NK320: equal routes of a pod's rails, in one table without sbr."""
        rails_of: dict[Prefix, list[Network]] = defaultdict(list)
        for network in sorted(self._networks, key=lambda n: natural_key(n.name)):
            for pool in network.pool_names if not network.has_own_table else ():
                for destination in self._dealt.get(pool, ()):
                    rails_of[destination].append(network)
        for destination, rails in sorted(rails_of.items()):
            if len(rails) > 1:
                yield self._won(destination, rails)

    def _won(self, destination: Prefix, rails: Sequence[Network]) -> Difference:
        first, last = rails[0], rails[-1]
        taken = taken_by(destination.family, f"{last.name}, attached last,")
        text = (
            f"{destination} is routed over {len(rails)} rails, {first.name} to"
            f" {last.name}: in a pod {taken};"
            " the sbr plugin gives each rail its own table"
        )
        document = self._documents.get(last.pool_names[0])
        spot = Spot(document, _WHERE) if document else None
        return Difference(SHARED_DESTINATION, last.name, "", text, spot)

    def lost(
        self, nics: Sequence[Candidate], slots: tuple[Slot, ...]
    ) -> Iterator[LostRoute]:
        """Compare one node, whose NICs land in ``slots``."""
        pools = self._named.get(id(slots))
        if pools is None:
            pools = list(map(self._pool_of, nics, slots))
            if not self._settled:
                self._named[id(slots)] = pools
        # Hosts share the texts of their routes, so that an identity is enough.
        key = (*pools, *[id(nic.destinations) for nic in nics])
        if key not in self._known:
            tables = [
                routes.Table(self._dealt.get(pool, ()), _has_own_table(slot))
                for pool, slot in zip(pools, slots, strict=True)
            ]
            hosts = [nic.destinations for nic in nics]
            self._known[key] = list(routes.lost(hosts, tables))
        for found in self._known[key]:
            if pools[found.rail] in self._dealt:
                yield self._said(nics[found.rail], pools[found.rail], found)

    def _said(self, nic: Candidate, pool: str, found: routes.Lost) -> LostRoute:
        text = f"the host routes {found.destination} over it, and pods do not"
        if found.is_new:
            text = f"pods route {found.destination} over it, and the host does not"
        return LostRoute(nic, pool, text, Spot(self._documents[pool], _WHERE))

    def _pool_of(self, nic: Candidate, slot: Slot) -> str:
        names = slot.networks[0].pool_names if slot.networks else ()
        return names[0] if names else self._settled.get(nic[:2], "")


def _has_own_table(slot: Slot) -> bool:
    return bool(slot.networks) and slot.networks[0].has_own_table
