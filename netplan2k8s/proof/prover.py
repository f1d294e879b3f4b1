"""All links of a fleet against what the manifests give its pods, pool by pool."""

from __future__ import annotations

import dataclasses
import difflib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter

from netplan2k8s.addressing import BITS, Prefix
from netplan2k8s.catalogue import (
    DIFFERENT_DEVICE,
    DIFFERENT_MTU,
    DIFFERENT_ROUTES,
    MISSING_NODE,
    NO_LINK,
    OPEN_NODE,
    SHARED_DESTINATION,
    UNKNOWN_NODE,
)
from netplan2k8s.fabric.candidates import Candidate
from netplan2k8s.findings import Rule, Severity
from netplan2k8s.lint.attachments import Network
from netplan2k8s.lint.pools import CLOSE_IT, fails_open
from netplan2k8s.lint.remarks import Spot
from netplan2k8s.lint.scene import PoolView, Scene, labels_of
from netplan2k8s.manifests.places import Key
from netplan2k8s.manifests.reader import Document
from netplan2k8s.naming import natural_key
from netplan2k8s.proof import link, routes
from netplan2k8s.proof.landing import Landing, Slot
from netplan2k8s.proof.model import (
    UNTOLD_ADDRESS,
    UNTOLD_DEVICE,
    UNTOLD_LABELS,
    UNTOLD_POLICY,
    Difference,
    Link,
    Proof,
)
from netplan2k8s.proof.shares import Share, Shares
from netplan2k8s.settings import Settings
from netplan2k8s.simulate.openness import opening
from netplan2k8s.simulate.pool import Pool
from netplan2k8s.simulate.selectors import Node

_DEFAULT = {family: Prefix(family, 0, 0) for family in BITS}
_NOTHING: frozenset[Rule] = frozenset()
_ELSEWHERE = frozenset({NO_LINK, MISSING_NODE, DIFFERENT_DEVICE})
"""Differences after which a link is not compared any further."""
_WITHOUT_RAIL = frozenset({NO_LINK, MISSING_NODE})
"""Differences of nodes on which pods lack a rail altogether."""


class Prover:
    """Compares the links of a fleet with manifests, one pool after the other.

    ``nics`` come host by host; of the hosts in ``others`` nothing is known but the
    names. The scene tells networks and policies; pools are given
    one by one, so that those of a large fleet need not be held together.
    """

    def __init__(
        self,
        nics: Sequence[Candidate],
        scene: Scene,
        settings: Settings,
        *,
        others: Collection[str] = (),
        allow_open: bool = False,
        keep_links: bool = False,
    ) -> None:
        self._nics = nics
        self._settings = settings
        self._allow_open = allow_open
        self._keep_links = keep_links
        self._networks = [network for network in scene.networks if network.is_rail]
        self._landing = Landing(scene, settings.node_groups)
        self._config_spot = scene.policies[0].config.spot if scene.policies else None
        self._hosts = {nic.node_name for nic in nics}
        self._others = others
        self._nodes = _nodes(self._hosts, scene)
        self._pairs: dict[int, list[Candidate]] = defaultdict(list)
        self._floating: dict[str, list[Candidate]] = {}
        self._settled: dict[tuple[str, str], str] = {}
        self._taken: set[tuple[str, str]] = set()
        self._seen: dict[str, Document] = {}
        self._routes: dict[str, tuple[Prefix, ...]] = {}
        self._rails: dict[str, None] = {}
        self._bad: dict[tuple[str, str], set[Rule]] = defaultdict(set)
        self._differences: list[Difference] = []
        self._gaps: dict[str, None] = {}
        self._links: list[Link] = []
        self._land()

    # -- NICs -------------------------------------------------------------------

    def _land(self) -> None:
        """Find the networks of every NIC; those that no policy tells of float."""
        is_told = self._landing.has_policies and bool(self._networks)
        for nics in self._by_node():
            node = nics[0].node_name
            if not is_told:
                self._floating[node] = nics
                continue
            for nic, slot in zip(nics, self._slots(nics), strict=True):
                if slot.rule is not None:
                    rail = slot.networks[0].name if slot.networks else nic.interface
                    self._differ(slot.rule, rail, nic, slot.problem, self._config_spot)
                    self._keep(nic, rail)
                    self._taken.update((node, other.name) for other in slot.networks)
                    continue
                if not slot.networks:
                    self._floating.setdefault(node, []).append(nic)
                for network in slot.networks:
                    self._pairs[id(network)].append(nic)

    def _by_node(self) -> Iterator[list[Candidate]]:
        for _, nics in groupby(self._nics, attrgetter("node_name")):
            yield list(nics)

    def _slots(self, nics: Sequence[Candidate]) -> tuple[Slot, ...]:
        addresses = tuple([nic.pci_address for nic in nics])
        return self._landing.slots(nics[0].node_name, addresses)

    # -- pools ------------------------------------------------------------------

    def add(self, views: Iterable[PoolView]) -> None:
        """Compare what each pool deals out with the links that land in it."""
        for view in views:
            self._add(view)

    def _add(self, view: PoolView) -> None:
        name = view.document.name
        self._seen[name] = dataclasses.replace(view.document, body={}, cut=None)
        users = [n for n in self._networks if _draws_from(n, name)]
        if self._networks and not users:
            return  # no pod draws from it
        why = self._why_unusable(view)
        shares = None
        if view.pool is not None and not why:
            shares = Shares(view.pool, self._nodes)
            self._routes[name] = _routes(view.pool)
        paired: set[str] = set()
        for network in users:
            self._rails[network.name] = None
            nics = self._pairs.pop(id(network), [])
            problem = why or _why_shared(network, users[0], name)
            paired |= self._compare(nics, network.name, view, shares, problem)
            paired |= {node for node, name in self._taken if name == network.name}
        if self._floating and shares is not None:
            rail = users[0].name if users else name
            self._rails[rail] = None
            nics = list(self._settle(shares))
            paired |= self._compare(nics, rail, view, shares, why)
        if shares is not None:
            self._judge_entries(view, shares, paired)
            self._judge_opening(view, shares)

    def _why_unusable(self, view: PoolView) -> str:
        document, watched = view.document, self._settings.operator_namespace
        if view.pool is None:
            return f"nv-ipam drops pool {document.name}, which it refuses"
        if document.namespace != watched:
            space = document.namespace or "no namespace"
            return f"pool {document.name} is in {space}, and nv-ipam watches {watched}"
        return ""

    def _settle(self, shares: Shares) -> Iterator[Candidate]:
        """The floating NICs whose prefix the pool has for their node."""
        for node, nics in self._floating.items():
            share = shares.of(node)
            for nic in list(nics) if share is not None else ():
                if share is not None and nic.address.prefix.value == share.network:
                    nics.remove(nic)
                    self._settled[nic.node_name, nic.interface] = shares.pool.name
                    yield nic

    def _compare(
        self,
        nics: Sequence[Candidate],
        rail: str,
        view: PoolView,
        shares: Shares | None,
        problem: str,
    ) -> set[str]:
        """Compare the NICs that draw from a pool; the names of their nodes."""
        is_quick = not problem and not self._keep_links
        if is_quick and shares is not None and shares.are_equal(nics):
            return {nic.node_name for nic in nics}
        for nic in nics:
            if shares is None or problem:
                self._differ(NO_LINK, rail, nic, problem, Spot(view.document))
                self._keep(nic, rail)
                continue
            share = shares.of(nic.node_name)
            if not link.is_equal(nic, share, shares.pool.length):
                for rule, text, steps in link.verdicts(nic, share, shares, self._owner):
                    self._differ(rule, rail, nic, text, Spot(view.document, steps))
            self._keep(nic, rail, share, shares.pool)
        return {nic.node_name for nic in nics}

    def _owner(self, node: str, network: int) -> Candidate | None:
        for nic in self._nics:
            if nic.node_name == node and nic.address.prefix.value == network:
                return nic
        return None

    def _judge_entries(self, view: PoolView, shares: Shares, paired: set[str]) -> None:
        """Entries for nodes that are no hosts, or whose hosts have no such NIC."""
        for node, number in shares.entries.items():
            if node in paired or node in self._others:
                continue
            if node in self._hosts:
                rule = NO_LINK
                text = "the pool has an entry for it, and no NIC of it lands there"
            else:
                rule = UNKNOWN_NODE
                close = difflib.get_close_matches(node.lower(), self._hosts, 1)
                hint = f"; the host is called {close[0]}" if close else ""
                text = f"the pool has an entry for it, and it is no host{hint}"
            where = ("spec", "staticAllocations", number, "nodeName")
            spot = Spot(view.document, where)
            self._differences.append(
                Difference(rule, shares.pool.name, node, text, spot)
            )

    def _judge_opening(self, view: PoolView, shares: Shares) -> None:
        if shares.is_guessed:
            self._gaps[UNTOLD_LABELS] = None
        found = None if self._allow_open else opening(shares.pool)
        if found is not None:
            text = f"{fails_open(shares.pool, found)}; {CLOSE_IT} (or --allow-open)"
            severity = None if found.is_certain else Severity.WARNING
            spot = Spot(view.document, (Key("spec"),))
            name = shares.pool.name
            self._differences.append(
                Difference(OPEN_NODE, name, "", text, spot, severity=severity)
            )

    # -- what is left -----------------------------------------------------------

    def proof(self) -> Proof:
        """The result, once all pools were given."""
        self._judge_networks()
        self._judge_floating()
        self._judge_shared_routes()
        self._compare_routes()
        self._compare_mtu()
        if self._landing.has_guessed:
            self._gaps[UNTOLD_POLICY] = None
        without = {d.node for d in self._differences if d.rule in _WITHOUT_RAIL}
        return Proof(
            len(self._hosts),
            tuple(self._rails),
            len(self._nics),
            len(self._nics) - len(self._bad),
            frozenset(self._hosts - without),
            tuple(self._differences),
            tuple(self._gaps),
            tuple(sorted(self._links, key=_by_node_and_rail)),
        )

    def _judge_networks(self) -> None:
        """Networks that draw from no pool that was given."""
        for network in self._networks:
            nics = self._pairs.pop(id(network), [])
            if nics and not self._seen and network.uses_nv_ipam:
                self._gaps[UNTOLD_ADDRESS] = None
                continue
            problem = _why_without_pool(network)
            for nic in nics:
                self._rails[network.name] = None
                spot = network.ipam_spot()
                self._differ(NO_LINK, network.name, nic, problem, spot)
                self._keep(nic, network.name)

    def _judge_floating(self) -> None:
        """NICs of which only the prefix could tell the pool, and none has it."""
        left = [nic for nics in self._floating.values() for nic in nics]
        if left or self._settled:
            self._gaps[UNTOLD_DEVICE] = None
        if left and not self._seen:
            self._gaps[UNTOLD_ADDRESS] = None
            return
        for nic in left:
            text = f"no pool has {nic.address.prefix} for it"
            self._differ(MISSING_NODE, nic.interface, nic, text, None)
            self._keep(nic, nic.interface)

    def _judge_shared_routes(self) -> None:
        """NK320: equal routes of a pod's rails, of which CNI lets the last one win."""
        rails_of: dict[Prefix, list[str]] = defaultdict(list)
        for network in sorted(self._networks, key=lambda n: natural_key(n.name)):
            for pool in network.pool_names if not network.has_own_table else ():
                for destination in self._routes.get(pool, ()):
                    rails_of[destination].append(network.name)
        for destination, rails in sorted(rails_of.items()):
            if len(rails) > 1:
                text = (
                    f"{destination} is routed over {len(rails)} rails, {rails[0]} to"
                    f" {rails[-1]}: in a pod {rails[-1]}, attached last, wins it for"
                    " every packet not bound to a device; the sbr plugin gives each"
                    " rail its own table"
                )
                last = self._pool_named(rails[-1])
                spot = Spot(last, ("spec", "routes")) if last else None
                self._differences.append(
                    Difference(SHARED_DESTINATION, rails[-1], "", text, spot)
                )

    def _pool_named(self, network: str) -> Document | None:
        names = next(n.pool_names for n in self._networks if n.name == network)
        return self._seen.get(names[0])

    def _compare_routes(self) -> None:
        known: dict[tuple[object, ...], list[routes.Lost]] = {}
        named: dict[int, list[str]] = {}
        for nics in self._by_node() if self._routes else ():
            slots = self._slots(nics)
            pools = named.get(id(slots)) or [
                self._pool_of(nic, slot) for nic, slot in zip(nics, slots, strict=True)
            ]
            if not self._settled:
                named[id(slots)] = pools
            # Hosts share the texts of their routes, so that an identity is enough.
            key = (*pools, *[id(nic.destinations) for nic in nics])
            if key not in known:
                tables = [
                    routes.Table(self._routes.get(pool, ()), _has_own_table(slot))
                    for pool, slot in zip(pools, slots, strict=True)
                ]
                hosts = [nic.destinations for nic in nics]
                known[key] = list(routes.lost(hosts, tables))
            for found in known[key]:
                if pools[found.rail] in self._routes:
                    self._differ_in_routes(nics[found.rail], pools[found.rail], found)

    def _pool_of(self, nic: Candidate, slot: Slot) -> str:
        names = slot.networks[0].pool_names if slot.networks else ()
        return names[0] if names else self._settled.get(nic[:2], "")

    def _differ_in_routes(self, nic: Candidate, pool: str, found: routes.Lost) -> None:
        if self._bad.get((nic.node_name, nic.interface), _NOTHING) & _ELSEWHERE:
            return  # the routes of another link are no news
        text = f"the host routes {found.destination} over it, and pods do not"
        if found.is_new:
            text = f"pods route {found.destination} over it, and the host does not"
        spot = Spot(self._seen[pool], ("spec", "routes"))
        self._differ(DIFFERENT_ROUTES, pool, nic, text, spot)

    def _compare_mtu(self) -> None:
        """The MTU of a NIC moves with it, unless a plugin sets another."""
        if all(network.mtu is None for network in self._networks):
            return
        for nics in self._by_node():
            for nic, slot in zip(nics, self._slots(nics), strict=True):
                for network in slot.networks:
                    if network.mtu not in (None, nic.mtu):
                        before = nic.mtu or "that of the kernel"
                        text = f"pods get MTU {network.mtu}, the host has {before}"
                        spot = network.text.spot
                        self._differ(DIFFERENT_MTU, network.name, nic, text, spot)

    # -- notes ------------------------------------------------------------------

    def _differ(
        self, rule: Rule, rail: str, nic: Candidate, text: str, spot: Spot | None
    ) -> None:
        self._bad[nic.node_name, nic.interface].add(rule)
        self._differences.append(Difference(rule, rail, nic.node_name, text, spot, nic))

    def _keep(
        self,
        nic: Candidate,
        rail: str,
        share: Share | None = None,
        pool: Pool | None = None,
    ) -> None:
        if not self._keep_links:
            return
        if pool is None or share is None:
            self._links.append(Link(nic, rail))
            return
        tuned = (n.mtu for n in self._networks if n.name == rail)
        mtu = next(tuned, None) or nic.mtu
        is_told = (nic.node_name, nic.interface) not in self._settled
        device = nic.pci_address if is_told else None
        made = Link(nic, rail, share, pool.length, _routes(pool), device, mtu)
        self._links.append(made)


def _by_node_and_rail(made: Link) -> tuple[object, ...]:
    return natural_key(made.nic.node_name), natural_key(made.rail)


def _nodes(hosts: set[str], scene: Scene) -> list[Node]:
    """The cluster's nodes: the hosts, and those that Node objects tell of."""
    told = {
        document.name: labels_of(document)
        for document in scene.others
        if document.kind == "Node"
    }
    return [Node(name, told.get(name, {})) for name in sorted(hosts | told.keys())]


def _draws_from(network: Network, pool: str) -> bool:
    return (
        network.uses_nv_ipam
        and network.pool_kind == "CIDRPool"
        and not network.problem
        and pool in network.pool_names
    )


def _why_shared(network: Network, first: Network, pool: str) -> str:
    """Why a network gets no address, or two, of a pool; "" for a rail of its own."""
    if network.resource != first.resource:
        return (
            f"{network.name} and {first.name} share {pool}, which has one link a node"
        )
    if len(network.pool_names) > 1:
        return f"{network.name} draws from {len(network.pool_names)} pools at once"
    return ""


def _why_without_pool(network: Network) -> str:
    if network.problem:
        return f"the operator makes nothing of {network.name}: {network.problem}"
    if not network.uses_nv_ipam:
        kind = (network.ipam or {}).get("type") or "none"
        return f"the IPAM of {network.name} is {kind}, which knows no link of a node"
    names = ", ".join(network.pool_names)
    if network.pool_kind != "CIDRPool":
        kind = f"{network.pool_kind}s" if network.pool_kind else "no known kind"
        return f"{network.name} looks for {names} among pools of {kind}"
    return f"there is no CIDRPool {names}"


def _routes(pool: Pool) -> tuple[Prefix, ...]:
    if pool.default_gateway:
        return (*pool.routes, _DEFAULT[pool.cidr.family])
    return pool.routes


def _has_own_table(slot: Slot) -> bool:
    return bool(slot.networks) and slot.networks[0].has_own_table
