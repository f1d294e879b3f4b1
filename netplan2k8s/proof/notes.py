"""What a proof has found so far: differences, gaps, and links where asked for."""

from __future__ import annotations

from collections import defaultdict

from netplan2k8s.fabric.candidates import Candidate
from netplan2k8s.findings import Rule
from netplan2k8s.lint.remarks import Spot
from netplan2k8s.naming import natural_key
from netplan2k8s.proof.model import Difference, Link


class Notes:
    """Collects; ``bad`` holds the rules that each link breaks."""

    def __init__(self, *, keep_links: bool) -> None:
        self.keep_links = keep_links
        self.differences: list[Difference] = []
        self.gaps: dict[str, None] = {}
        self.bad: dict[tuple[str, str], set[Rule]] = defaultdict(set)
        self._links: list[Link] = []

    def differ(
        self, rule: Rule, rail: str, nic: Candidate, text: str, spot: Spot | None
    ) -> None:
        self.bad[nic.node_name, nic.interface].add(rule)
        self.differences.append(Difference(rule, rail, nic.node_name, text, spot, nic))

    def keep(self, link: Link) -> None:
        if self.keep_links:
            self._links.append(link)

    @property
    def links(self) -> tuple[Link, ...]:
        """By node and rail."""
        return tuple(sorted(self._links, key=_by_node_and_rail))


def _by_node_and_rail(made: Link) -> tuple[object, ...]:
    return natural_key(made.nic.node_name), natural_key(made.rail)
