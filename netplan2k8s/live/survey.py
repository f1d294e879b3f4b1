"""The whole fleet's live state against its Netplan, as findings and numbers."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from netplan2k8s import catalogue
from netplan2k8s.fabric.candidates import Candidate
from netplan2k8s.fabric.drafts import Where
from netplan2k8s.fabric.plan import FabricPlan
from netplan2k8s.fabric.waves import scalable_units
from netplan2k8s.findings import Finding, Rule, Severity, Span, sort_key
from netplan2k8s.inventory.host import (
    ADDRESS_FILE,
    LLDP_FILE,
    ROUTE6_FILE,
    ROUTE_FILE,
    RULE6_FILE,
    RULE_FILE,
)
from netplan2k8s.live import cabling, interfaces, leaves, policy_rules, routes
from netplan2k8s.live.collected import COMMANDS
from netplan2k8s.live.drift import Drift
from netplan2k8s.live.leaves import Cable
from netplan2k8s.live.matching import MatchedHost, MatchedRail, match
from netplan2k8s.live.state import LiveHost
from netplan2k8s.live.wanted import addresses_of, rules_of, wanted_rail
from netplan2k8s.naming import counted, ranges
from netplan2k8s.netplan import HostNetwork

_REQUIRED = (ADDRESS_FILE, ROUTE_FILE, RULE_FILE)
