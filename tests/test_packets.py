"""The move on the machine's own kernel: packets flow before it, after it, and back.

Netplan's generator and systemd-networkd configure the hosts, the real host-device,
static and sbr plugins the pods; all in network namespaces. docs/packets.md says what
is shown; ``python -m tests.packets`` prints the figures.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from ipaddress import ip_interface

import pytest

from netplan2k8s.catalogue import SHARED_DESTINATION
from netplan2k8s.settings import Settings
from tests.conftest import ROOT
from tests.packets import needs
from tests.packets.kernel import rules
from tests.packets.made import MANAGEMENT
from tests.packets.namespaces import CommandError, Namespaces, batch, ip, stale, until
from tests.packets.reach import Bound, among, measure
from tests.packets.story import FIXTURES, site, tell
from tests.packets.verification import verified

REASON = needs.missing()
SBR = Settings(network_kind="nad", meta_plugins=("sbr",))

pytestmark = pytest.mark.skipif(
    bool(REASON) and os.environ.get(needs.REQUIRE) != "1", reason=REASON
)


@pytest.fixture(scope="module", autouse=True)
def _possible():
    if REASON:
        pytest.fail(f"{REASON}, and {needs.REQUIRE} is set")


@pytest.fixture(scope="module", params=FIXTURES)
def story(request, tmp_path_factory):
    return tell(request.param, tmp_path_factory.mktemp("fleet"))


# -- the move ---------------------------------------------------------------------


def test_every_rail_reaches_every_other_before_the_move(story):
    assert story.before.is_whole, story.before.problems


def test_no_rail_has_anything_under_the_stripped_netplan(story):
    for node, rails in story.rails.items():
        for nic in rails:
            state = story.stripped_states[node][nic]

            assert (state.addresses, state.routes, state.rules) == ((), (), ())


def test_a_stripped_rail_stays_up_with_its_mtu(story):
    for node, rails in story.rails.items():
        for nic in rails:
            before = story.before_states[node][nic]
            after = story.stripped_states[node][nic]

            assert (before.is_up, before.mtu) == (after.is_up, after.mtu)


@pytest.mark.parametrize(
    "step",
    [
        "stripped_states",
        "emptied_states",
        "returned_states",
        "reapplied_states",
        "back_states",
    ],
)
def test_the_rest_of_a_host_is_as_it_was(story, step):
    for node, before in story.before_states.items():
        assert before[MANAGEMENT] == getattr(story, step)[node][MANAGEMENT]


def test_every_rail_reaches_every_other_from_pods(story):
    assert story.pods.is_whole, story.pods.problems


def test_pods_probe_as_many_pairs_as_their_hosts(story):
    assert story.before.pairs == story.pods.pairs == story.back.pairs


# fixture → pairs that keep to their rail when their sockets are bound to an address
# alone: on hosts, in pods. The routes of the rails send all others by the rail of the
# target; with policy routing (NK321) none on the hosts, and in the pods all the same.
BY_ADDRESS = {
    "four-rails": (48, 48),
    "mixed-side": (96, 96),
    "policy-routing": (768, 96),
    "ipv6": (96, 96),
}


def test_a_source_address_alone_keeps_to_its_rail_where_policies_do(story):
    before, after = story.before_by_address, story.pods_by_address

    assert (before.own, after.own) == BY_ADDRESS[story.fixture]
    assert before.pairs == before.reached == after.reached


def test_packets_of_the_whole_mtu_pass_between_pods(story):
    assert story.full.is_whole, story.full.problems


def test_a_pod_has_the_addresses_and_the_mtu_that_the_host_had(story):
    for node, rails in story.rails.items():
        for nic in rails:
            host, pod = story.before_states[node][nic], story.pod_states[node][nic]

            assert (host.is_up, host.mtu, host.addresses) == (
                pod.is_up,
                pod.mtu,
                pod.addresses,
            )


def test_a_pod_has_the_routes_that_the_host_had_in_the_main_table(story):
    for node, rails in story.rails.items():
        for nic in rails:
            had = [
                route.split(" table ")[0]
                for route in story.before_states[node][nic].routes
            ]

            assert [f"{route} table main" for route in had] == list(
                story.pod_states[node][nic].routes
            )


def test_a_pod_has_what_the_proof_says(story):
    for link in story.proof.links:
        state = story.pod_states[link.nic.node_name][link.nic.interface]

        assert link.share is not None
        assert [int(ip_interface(text)) for text in state.addresses] == list(
            link.share.addresses
        )
        assert link.mtu == state.mtu


def test_a_host_has_no_rail_while_a_pod_has_it(story):
    for node, rails in story.rails.items():
        assert not rails.keys() & story.emptied_states[node].keys()


def test_a_rail_comes_back_from_a_pod_as_it_went(story):
    assert story.stripped_states == story.returned_states


def test_the_stripped_netplan_applied_again_changes_nothing(story):
    assert story.stripped_states == story.reapplied_states


def test_the_rollback_gives_all_hosts_what_they_had(story):
    assert story.before_states == story.back_states


def test_every_rail_reaches_every_other_after_the_rollback(story):
    assert story.back.is_whole, story.back.problems


@pytest.mark.parametrize("tree", ["stripped/hosts", "hosts"])
def test_netplan_apply_does_nothing_to_the_rails_of_a_pod(tmp_path, tree):
    with site("four-rails", tmp_path, most=2) as there:
        there.apply(there.made.stripped)
        there.attach()
        before = there.pod_states()
        there.apply(tmp_path / tree)

        assert before == there.pod_states()


def test_nics_come_back_from_the_sbr_plugin_as_they_went(tmp_path):
    with site("four-rails", tmp_path, SBR, most=2) as there:
        there.apply(there.made.stripped)
        before = there.states()
        there.attach()
        there.detach()
        there.settle()

        assert before == there.states()


# -- what a test must be able to see ------------------------------------------------


@pytest.fixture(scope="module")
def swapped(tmp_path_factory):
    """Pods, and in the first of them two NICs in each other's networks."""
    with site("four-rails", tmp_path_factory.mktemp("swapped")) as there:
        there.apply(there.made.stripped)
        first, second, *rest = there.hosts[0].links
        there.hosts[0].links = (
            first._replace(nic=second.nic),
            second._replace(nic=first.nic),
            *rest,
        )
        there.attach()
        yield there


def test_nics_in_each_other_s_networks_reach_nobody(swapped):
    """The prover compares NICs, and here is why."""
    found = among(swapped.ends_in_pods())
    lost = 2 * 12 + 2 * 12  # two rails to all others, and all others to them

    assert (found.pairs, found.reached) == (192, 192 - lost)


# -- a route that several rails have ------------------------------------------------

OUTSIDE = {4: "172.24.0.1", 6: "fd00:99::1"}
"""Below the shared route alone, in no rail's own."""


def outside(there):
    """An address that only the shared route leads to; on the spine."""
    family = there.made.proof.links[0].nic.address.family
    target = OUTSIDE[family]
    length = 32 if family == 4 else 128
    batch(there.spine, [f"addr replace {target}/{length} dev lo"])
    return target


def shared(there):
    return [d for d in there.made.proof.differences if d.rule is SHARED_DESTINATION]


@pytest.fixture(scope="module")
def pods(tmp_path_factory):
    """Pods of four rails with the same 172.16.0.0/12, as a HostDeviceNetwork has them."""
    with site("four-rails", tmp_path_factory.mktemp("shared")) as there:
        there.apply(there.made.stripped)
        there.attach()
        yield there


@pytest.fixture(scope="module")
def sbr_pods(tmp_path_factory):
    """The same with the sbr plugin behind host-device."""
    with site("four-rails", tmp_path_factory.mktemp("sbr"), SBR) as there:
        there.apply(there.made.stripped)
        there.attach()
        yield there


@pytest.mark.parametrize("bound", [Bound.NOTHING, Bound.ADDRESS], ids=str)
def test_the_rail_that_prove_names_wins_the_shared_route(pods, bound):
    (named,) = shared(pods)
    winner = f"net{pods.made.order.index(named.rail) + 1}"
    target = outside(pods)
    found = measure([(end, target) for end in pods.ends_in_pods()], bound=bound)

    assert {(winner,)} == set(found.left.values())


def test_a_packet_larger_than_the_mtu_does_not_leave(pods):
    found = among(pods.ends_in_pods(), size=9217)

    assert found.reached == 0
    assert "EMSGSIZE" in found.problems[0]


def test_a_device_finds_its_own_shared_route(pods):
    target = outside(pods)
    found = measure([(end, target) for end in pods.ends_in_pods()])

    assert found.is_whole, found.problems


def test_the_kernel_says_the_same_of_the_shared_route(pods):
    target = outside(pods)
    pod, own = pods.hosts[0].pod, pods.ends_in_pods()[0]
    asked = ([], ["from", own.address], ["oif", own.device])
    found = [
        ip(pod, "route", "get", target, *words).split(" dev ")[1] for words in asked
    ]

    assert [text.split()[0] for text in found] == ["net4", "net4", "net1"]


@pytest.fixture(scope="module")
def ipv6_pods(tmp_path_factory):
    """Pods of eight rails with the same fd00::/16."""
    with site("ipv6", tmp_path_factory.mktemp("ipv6")) as there:
        there.apply(there.made.stripped)
        there.attach()
        yield there


def test_ipv6_spreads_a_shared_route_over_the_rails_as_prove_says(ipv6_pods):
    (said,) = shared(ipv6_pods)
    target = outside(ipv6_pods)
    pairs = [(end, target) for end in ipv6_pods.ends_in_pods()]
    found = measure(pairs, bound=Bound.ADDRESS)

    assert "the kernel spreads it over all of them" in said.text
    assert len({device for devices in found.left.values() for device in devices}) > 1
    assert found.own < found.pairs


def test_an_ipv6_device_finds_its_own_shared_route(ipv6_pods):
    target = outside(ipv6_pods)
    found = measure([(end, target) for end in ipv6_pods.ends_in_pods()])

    assert found.is_whole, found.problems


def test_prove_sees_no_shared_route_behind_sbr(sbr_pods):
    assert not shared(sbr_pods)


def test_sbr_keeps_every_source_address_to_its_rail(sbr_pods):
    found = among(sbr_pods.ends_in_pods(), bound=Bound.ADDRESS)

    assert found.is_whole, found.problems


def test_sbr_keeps_what_has_address_and_device_where_it_is(sbr_pods):
    found = among(sbr_pods.ends_in_pods())

    assert found.is_whole, found.problems


def test_sbr_keeps_the_shared_route_of_every_source_address_to_its_rail(sbr_pods):
    target = outside(sbr_pods)
    pairs = [(end, target) for end in sbr_pods.ends_in_pods()]
    found = measure(pairs, bound=Bound.ADDRESS)

    assert found.is_whole, found.problems


def test_sbr_leaves_no_rail_to_what_has_no_source_address(sbr_pods):
    """The main table has no rail any more, not even the link's own prefix."""
    free = among(sbr_pods.ends_in_pods(), bound=Bound.NOTHING)
    held = among(sbr_pods.ends_in_pods(), bound=Bound.DEVICE)

    assert set(free.left.values()) == {("eth0",)}
    assert (free.reached, held.reached) == (0, 0)


# -- the program of verify/ ---------------------------------------------------------


@pytest.mark.parametrize("where", ["pods", "sbr_pods", "ipv6_pods"])
def test_the_verification_passes_in_every_pod(where, request):
    there = request.getfixturevalue(where)
    found = verified(there, deadline=30)

    for node, (code, lines) in found.items():
        right = [line for line in lines if line.startswith(f"OK   {node} ")]
        assert code == 0, lines
        assert len(right) == len(there.made.order), lines


def test_the_verification_names_nics_in_each_other_s_networks(swapped):
    found = verified(swapped, deadline=4)
    node = swapped.hosts[0].node
    wrong = [line.partition(":")[0] for line in found[node].lines if "FAIL" in line]

    assert {verdict.code for verdict in found.values()} == {1}
    assert set(wrong) == {f"FAIL {node} rail-1 net1", f"FAIL {node} rail-2 net2"}


# -- policy routing -----------------------------------------------------------------


def test_policy_routing_is_kept_by_sbr(tmp_path):
    with site("policy-routing", tmp_path, SBR) as there:
        there.apply(there.made.stripped)
        there.attach()
        found = among(there.ends_in_pods(), bound=Bound.ADDRESS)

    assert found.is_whole, found.problems


# -- hosts that are not stripped ------------------------------------------------------


def test_a_host_that_is_not_stripped_takes_all_back(tmp_path):
    """Nobody applies anything: networkd sees the NIC come back from the pod."""
    with site("policy-routing", tmp_path, most=2) as there:
        there.apply(there.made.hosts)
        before = there.states()
        there.attach()
        there.detach()
        there.settle()

        assert before == there.states()


def test_networkd_takes_policy_rules_away_with_their_nic(tmp_path):
    with site("policy-routing", tmp_path, most=2) as there:
        there.apply(there.made.hosts)
        before = rules_of_rails(there)
        there.attach()

        assert len(before) == 2 * 8
        assert until(lambda: rules_of_rails(there) == [])


def test_the_kernel_keeps_policy_rules_of_a_nic_that_left(tmp_path):
    with site("policy-routing", tmp_path, most=2) as there:
        there.apply(there.made.hosts)
        before = rules_of_rails(there)
        there.stop()
        there.attach()

        assert before == rules_of_rails(there)


def rules_of_rails(there):
    found = [rule for host in there.hosts for rule in rules(host.namespace)]
    return [rule for rule in found if "lookup 50" not in rule]


def test_no_policy_rule_of_a_rail_stays_behind_on_a_stripped_host(tmp_path):
    with site("policy-routing", tmp_path, most=2) as there:
        there.apply(there.made.hosts)
        there.apply(there.made.stripped)
        there.stop()
        there.attach()

        assert rules_of_rails(there) == []


# -- the harness --------------------------------------------------------------------

KILLED = """
import sys, time
from pathlib import Path
from tests.packets.story import site

with site("four-rails", Path(sys.argv[1]), most=1) as there:
    there.apply(there.made.hosts)
    print(there.hosts[0].namespace, flush=True)
    time.sleep(600)
"""


def test_what_a_killed_run_left_is_removed_by_the_next(tmp_path):
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        name = process.stdout.readline().strip()
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    left = stale()
    with Namespaces():
        pass

    assert name in left
    assert not stale()


def test_namespaces_go_whatever_happens():
    names = []

    def fail():
        with Namespaces() as namespaces:
            names.append(namespaces.add("short-lived"))
            raise CommandError

    with pytest.raises(CommandError):
        fail()

    assert not os.path.exists(f"/run/netns/{names[0]}")
