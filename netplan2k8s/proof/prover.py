"""All links of a fleet against what the manifests give its pods, pool by pool."""

from __future__ import annotations

import dataclasses
import difflib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter

from netplan2k8s.addressing import Prefix
from netplan2k8s.catalogue import (
    DIFFERENT_DEVICE,
    DIFFERENT_MTU,
    DIFFERENT_ROUTES,
    MISSING_NODE,
    NO_LINK,
    OPEN_NODE,
    UNKNOWN_NODE,
)
from netplan2k8s.fabric.candidates import Candidate
from netplan2k8s.findings import Rule, Severity
from netplan2k8s.lint.remarks import Spot
from netplan2k8s.lint.scene import PoolView, Scene
from netplan2k8s.manifests.places import Key
from netplan2k8s.manifests.reader import Document
from netplan2k8s.proof import link
from netplan2k8s.proof.landing import Landing, Slot
from netplan2k8s.proof.model import (
    UNREAD,
    UNTOLD_ADDRESS,
    UNTOLD_DEVICE,
    UNTOLD_LABELS,
    UNTOLD_POLICY,
    Difference,
    Link,
    Proof,
)
from netplan2k8s.proof.notes import Notes
from netplan2k8s.proof.pod_routes import PodRoutes, routes_of
from netplan2k8s.proof.reasons import (
    draws_from,
    why_shared,
    why_unusable,
    why_without_pool,
)
from netplan2k8s.proof.shares import Share, Shares
from netplan2k8s.proof.unread import unread
from netplan2k8s.settings import Settings
from netplan2k8s.simulate.openness import CLOSE_IT, fails_open, opening
from netplan2k8s.simulate.pool import Pool
from netplan2k8s.simulate.selectors import Node

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
        self._notes = Notes(keep_links=keep_links)
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
                    self._notes.differ(
                        slot.rule, rail, nic, slot.problem, self._config_spot
                    )
                    self._notes.keep(Link(nic, rail))
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
        users = [n for n in self._networks if draws_from(n, name)]
        if self._networks and not users:
            return  # no pod draws from it
        why = why_unusable(view, self._settings.operator_namespace)
        shares = None
        if view.pool is not None and not why:
            shares = Shares(view.pool, self._nodes)
            self._routes[name] = routes_of(view.pool)
        paired: set[str] = set()
        for network in users:
            self._rails[network.name] = None
            nics = self._pairs.pop(id(network), [])
            problem = why or why_shared(network, users[0], name)
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
        is_quick = not problem and not self._notes.keep_links
        if is_quick and shares is not None and shares.are_equal(nics):
            return {nic.node_name for nic in nics}
        for nic in nics:
            if shares is None or problem:
                self._notes.differ(NO_LINK, rail, nic, problem, Spot(view.document))
                self._notes.keep(Link(nic, rail))
                continue
            share = shares.of(nic.node_name)
            if not link.is_equal(nic, share, shares.pool.length):
                for rule, text, steps in link.verdicts(nic, share, shares, self._owner):
                    self._notes.differ(
                        rule, rail, nic, text, Spot(view.document, steps)
                    )
            if self._notes.keep_links:
                self._notes.keep(self._link(nic, rail, share, shares.pool))
        return {nic.node_name for nic in nics}

    def _link(self, nic: Candidate, rail: str, share: Share | None, pool: Pool) -> Link:
        if share is None:
            return Link(nic, rail)
        tuned = (n.mtu for n in self._networks if n.name == rail)
        mtu = next(tuned, None) or nic.mtu
        is_told = (nic.node_name, nic.interface) not in self._settled
        device = nic.pci_address if is_told else None
        return Link(nic, rail, share, pool.length, routes_of(pool), device, mtu)

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
            self._notes.differences.append(
                Difference(rule, shares.pool.name, node, text, spot)
            )

    def _judge_opening(self, view: PoolView, shares: Shares) -> None:
        if shares.is_guessed:
            self._notes.gaps[UNTOLD_LABELS] = None
        found = None if self._allow_open else opening(shares.pool)
        if found is not None:
            text = f"{fails_open(shares.pool, found)}; {CLOSE_IT} (or --allow-open)"
            severity = None if found.is_certain else Severity.WARNING
            spot = Spot(view.document, (Key("spec"),))
            name = shares.pool.name
            self._notes.differences.append(
                Difference(OPEN_NODE, name, "", text, spot, severity=severity)
            )

    # -- what is left -----------------------------------------------------------

    def proof(self) -> Proof:
        """The result, once all pools were given."""
        self._judge_networks()
        self._judge_floating()
        self._compare_routes()
        self._compare_mtu()
        if self._landing.has_guessed:
            self._notes.gaps[UNTOLD_POLICY] = None
        for network in self._networks:
            for part in unread(network):
                self._notes.gaps[f"{UNREAD}{network.name}, for {part}"] = None
        without = {d.node for d in self._notes.differences if d.rule in _WITHOUT_RAIL}
        return Proof(
            len(self._hosts),
            tuple(self._rails),
            len(self._nics),
            len(self._nics) - len(self._notes.bad),
            frozenset(self._hosts - without),
            tuple(self._notes.differences),
            tuple(self._notes.gaps),
            self._notes.links,
        )

    def _judge_networks(self) -> None:
        """Networks that draw from no pool that was given."""
        for network in self._networks:
            nics = self._pairs.pop(id(network), [])
            if nics and not self._seen and network.uses_nv_ipam:
                self._notes.gaps[UNTOLD_ADDRESS] = None
                continue
            problem = why_without_pool(network)
            for nic in nics:
                self._rails[network.name] = None
                spot = network.ipam_spot()
                self._notes.differ(NO_LINK, network.name, nic, problem, spot)
                self._notes.keep(Link(nic, network.name))

    def _judge_floating(self) -> None:
        """NICs of which only the prefix could tell the pool, and none has it."""
        left = [nic for nics in self._floating.values() for nic in nics]
        if left or self._settled:
            self._notes.gaps[UNTOLD_DEVICE] = None
        if left and not self._seen:
            self._notes.gaps[UNTOLD_ADDRESS] = None
            return
        for nic in left:
            text = f"no pool has {nic.address.prefix} for it"
            self._notes.differ(MISSING_NODE, nic.interface, nic, text, None)
            self._notes.keep(Link(nic, nic.interface))

    def _compare_routes(self) -> None:
        made = PodRoutes(self._networks, self._routes, self._seen, self._settled)
        self._notes.differences += made.shared()
        for nics in self._by_node() if self._routes else ():
            for nic, rail, text, spot in made.lost(nics, self._slots(nics)):
                broken = self._notes.bad.get((nic.node_name, nic.interface), _NOTHING)
                if not broken & _ELSEWHERE:  # the routes of another link are no news
                    self._notes.differ(DIFFERENT_ROUTES, rail, nic, text, spot)

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
                        self._notes.differ(DIFFERENT_MTU, network.name, nic, text, spot)


def _nodes(hosts: set[str], scene: Scene) -> list[Node]:
    """The cluster's nodes: the hosts, and those that Node objects tell of."""
    told = scene.node_labels
    return [Node(name, told.get(name, {})) for name in sorted(hosts | told.keys())]
