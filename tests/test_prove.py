"""Prove as its user meets it: what is compared, what is said, and the exit code."""

from __future__ import annotations

import json
import re
import shutil
from fnmatch import fnmatch

import jsonschema
import pytest
import yaml

from netplan2k8s import json_schemas
from tests.conftest import FIXTURES

REFERENCE = FIXTURES / "reference"


@pytest.fixture
def fleet(fixture_copy):
    """Hosts and manifests of a fixture in the working directory."""

    def copy(name="flat"):
        directory = fixture_copy(name)
        return directory / "hosts", directory / "expected"

    return copy


def edit(path, old, new, count=1):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, count))


def lines(text):
    """The findings without NK320, which is normal for a fleet."""
    return [
        line
        for line in text.splitlines()
        if re.search(r": NK\d{3} ", line) and "NK320" not in line
    ]


def codes(found):
    return [re.search(r"NK\d+", line)[0] for line in found]


def prove(run, *arguments):
    return run("prove", *arguments, "--hosts", "hosts", "--no-config")


def test_reference_fleet_is_proven(run):
    done = prove_at(run, REFERENCE)

    assert done.code == 0
    assert (
        done.out
        == "64 nodes \N{MULTIPLICATION SIGN} 8 rails = 512 links proven equal\n"
    )
    assert re.search(r"NK320 .* in a pod rail-8, attached last, wins it", done.err)


def test_of_ipv6_no_rail_wins_a_shared_route(run):
    done = prove_at(run, FIXTURES / "ipv6")

    assert re.search(r"NK320 .* in a pod the kernel spreads it over all", done.err)


def prove_at(run, directory, *options):
    arguments = [directory / "expected", "--hosts", directory / "hosts", "--no-config"]
    return run("prove", *arguments, *options)


@pytest.mark.parametrize(
    "name", sorted(p.parent.name for p in FIXTURES.glob("*/expected"))
)
def test_every_fixture_is_proven(run, name, monkeypatch):
    monkeypatch.chdir(FIXTURES / name)
    options = ["--inventory", "inventory.csv"] if name == "table" else []
    if not (FIXTURES / name / "netplan2k8s.yaml").exists():
        options.append("--no-config")
    done = run("prove", "expected", "--hosts", "hosts", *options)

    assert done.code == 0, done.err
    assert "proven equal" in done.out


def test_all_shows_every_link(run):
    done = prove_at(run, REFERENCE, "--all")
    rows = done.out.splitlines()

    assert len(rows) == 1 + 512 + 1
    assert rows[0].split() == [
        "node", "rail", "NIC", "address", "gateway", "routes", "MTU",
    ]  # fmt: skip
    assert rows[1].split()[:5] == [
        "worker-gpu-0", "rail-1", "0000:7a:00.0", "172.16.0.0/31", "172.16.0.1",
    ]  # fmt: skip
    assert rows[-2].startswith("worker-gpu-63")
    assert not any("→" in row for row in rows)


def test_all_shows_what_differs_before_and_after(run, fleet):
    _, manifests = fleet()
    pool = manifests / "fabric/20-cidrpool-rail-1.yaml"
    edit(pool, "gateway: 172.16.0.1\n", "gateway: 172.16.0.0\n")
    done = prove(run, "expected", "--all")

    assert done.code == 1
    (row,) = [row for row in done.out.splitlines() if " → " in row]
    assert "172.16.0.0/31 → -  172.16.0.1 → 172.16.0.0" in row, "both are excluded"


def test_json_has_counts_and_every_link(run):
    done = prove_at(run, REFERENCE, "--all", "--format", "json")
    report = json.loads(done.out)
    jsonschema.validate(report, json_schemas.schema("report"))

    assert (report["nodes"], report["links"], report["equal"]) == (64, 512, 512)
    assert len(report["compared"]) == 512
    link = report["compared"][0]
    assert link["before"] == link["after"]
    assert link["before"]["pci"] == "0000:7a:00.0"
    assert link["before"]["mtu"] == 9216


def test_difference_is_at_its_place_with_the_host_beside_it(run, fleet):
    _, manifests = fleet()
    pool = manifests / "fabric/20-cidrpool-rail-3.yaml"
    edit(pool, "gateway: 172.20.0.3\n", "gateway: 172.20.0.2\n")
    done = prove(run, "expected", "--format", "json")
    findings = json.loads(done.out)["findings"]
    found = next(f for f in findings if f["code"] == "NK502")

    assert done.code == 1
    row = pool.read_text().splitlines()[found["line"] - 1]
    assert row[found["column"] - 1 :] == "172.20.0.2"
    assert (found["node"], found["rail"]) == ("worker-gpu-1", "rail-3")
    assert found["related"][0]["path"].startswith("hosts/worker-gpu-1")


def test_differences_of_a_kind_are_one_line(run, fleet):
    """All nodes of a pool on the other side: two kinds, two lines."""
    _, manifests = fleet()
    path = manifests / "fabric/20-cidrpool-rail-2.yaml"
    body = yaml.safe_load(path.read_text())
    spec = body["spec"]
    spec["gatewayIndex"], spec["perNodeExclusions"] = (
        1,
        [{"startIndex": 0, "endIndex": 0}],
    )
    for entry in spec["staticAllocations"]:
        entry["gateway"] = entry["prefix"].partition("/")[0]
    path.write_text(yaml.safe_dump(body))
    found = lines(prove(run, "expected").err)
    nodes = len(spec["staticAllocations"])

    assert codes(found) == ["NK502", "NK501"]
    assert all(f"worker-gpu-0..{nodes - 1}" in line for line in found)


def test_the_same_on_all_rails_is_one_line(run, fleet):
    hosts, _ = fleet()
    (host,) = hosts.glob("worker-gpu-1*")
    host.unlink() if host.is_file() else shutil.rmtree(host)
    found = [line for line in lines(prove(run, "expected").err) if "NK507" in line]

    assert len(found) == 1
    assert "rail-1..8 on worker-gpu-1" in found[0]


def test_node_of_nearly_the_same_name_is_named(run, fleet):
    _, manifests = fleet()
    pool = manifests / "fabric/20-cidrpool-rail-1.yaml"
    edit(pool, "nodeName: worker-gpu-1\n", "nodeName: WORKER-GPU-1\n")
    found = lines(prove(run, "expected").err)

    assert any("NK506 rail-1 on worker-gpu-1" in line for line in found)
    assert any("the host is called worker-gpu-1" in line for line in found)


def test_open_pool_is_accepted_where_asked_for(run, fleet):
    _, manifests = fleet()
    for pool in manifests.glob("fabric/20-*.yaml"):
        text = pool.read_text()
        text = re.sub(r"  perNodeExclusions:\n(  [- ] .*\n)+", "", text)
        pool.write_text(text)
    refused, accepted = prove(run, "expected"), prove(run, "expected", "--allow-open")

    assert refused.code == 1
    assert "NK508" in refused.err
    assert "NK450" not in refused.err
    assert accepted.code == 0, accepted.err
    assert "proven equal" in accepted.out


def test_without_policy_the_nic_is_not_told(run, fleet):
    fleet()
    done, strict = (prove(run, "expected/fabric", *o) for o in ((), ("--strict",)))

    assert "NK512 the manifests do not tell which NIC" in done.err
    assert (done.code, strict.code) == (0, 1)
    assert done.out.endswith(
        "proven equal; not told: which NIC the device plugin hands out\n"
    )


def test_pools_alone_are_proven_by_their_prefixes(run, fleet):
    _, manifests = fleet()
    pool = manifests / "fabric/20-cidrpool-rail-1.yaml"
    done = prove(run, *sorted(manifests.glob("fabric/20-*.yaml")))
    edit(pool, "172.16.0.0/31", "172.16.9.0/31")
    edit(pool, "gateway: 172.16.0.1\n", "gateway: 172.16.9.1\n")
    broken = prove(run, *sorted(manifests.glob("fabric/20-*.yaml")))

    assert done.code == 0, done.err
    assert broken.code == 1
    assert "NK506" in broken.err


def test_without_pools_nothing_is_proven(run, fleet):
    _, manifests = fleet()
    for pool in manifests.glob("fabric/20-*.yaml"):
        pool.unlink()
    done = prove(run, "expected")

    assert done.code == 1
    assert "NK512 the manifests do not tell which addresses pods get" in done.err
    assert (
        done.out.endswith("links of 4 nodes not proven\n") or "not proven" in done.out
    )


def test_swapped_nics_are_found_though_every_pool_is_right(run, fleet):
    _, manifests = fleet()
    policy = manifests / "patches/nicclusterpolicy.yaml"
    text = policy.read_text()
    one, two = re.findall(r"0000:[0-9a-f:.]+", text)[:2]
    policy.write_text(text.replace(one, "@").replace(two, one).replace("@", two))
    done = prove(run, "expected")
    found = lines(done.err)

    assert done.code == 1
    assert codes(found) == ["NK504"]
    assert "rail-1..2 on worker-gpu-0..3: on rail-1 of worker-gpu-0" in found[0]
    assert f"on NIC {two}, the host has it on {one}" in found[0]


def test_job_lacking_a_rail_is_refused(run, fleet):
    _, manifests = fleet()
    edit(manifests / "workloads/pytorchjob.yaml", ", rail-8", "")
    done = prove(run, "expected")

    assert done.code == 1
    assert re.search(
        r"NK509 pods of PyTorchJob \S+ Master .*they attach no rail-8", done.err
    )


def test_network_of_another_namespace_is_named(run, fleet):
    _, manifests = fleet()
    for network in manifests.glob("fabric/30-*.yaml"):
        edit(network, "networkNamespace: default", "networkNamespace: rails")
    done = prove(run, "expected")

    assert done.code == 1
    assert "NK509" in done.err
    assert "namespace default has no network rail-1..8" in done.err


def test_two_networks_of_a_rail_are_both_compared(run, fleet):
    """One rail in two namespaces: two networks, one resource, one pool."""
    _, manifests = fleet()
    network = manifests / "fabric/30-hostdevicenetwork-rail-1.yaml"
    text = network.read_text().replace("name: rail-1\n", "name: rail-1-lab\n", 1)
    text = text.replace("networkNamespace: default", "networkNamespace: lab")
    second = manifests / "fabric/31-lab.yaml"
    second.write_text(text)
    done = prove(run, "expected")
    edit(second, '"poolType": "cidrpool"', '"poolType": "ippool"')
    broken = prove(run, "expected")

    assert done.code == 0, done.err
    assert lines(done.err) == []
    assert any("NK511 rail-1-lab on" in line for line in lines(broken.err))


def test_storage_network_is_no_rail_of_a_job(run, fleet):
    """A NIC of no host here, by host-device too: jobs need not attach it."""
    _, manifests = fleet()
    text = (manifests / "fabric/30-hostdevicenetwork-rail-1.yaml").read_text()
    text = text.replace("name: rail-1\n", "name: storage\n", 1)
    text = text.replace("resourceName: rail-1", "resourceName: storage")
    text = text.replace('"poolName": "rail-1", "poolType": "cidrpool"', '"x": "y"')
    (manifests / "fabric/31-storage.yaml").write_text(text)
    done = prove(run, "expected")

    assert "NK509" not in done.err


def test_pool_in_another_namespace_gives_nothing(run, fleet):
    _, manifests = fleet()
    pool = manifests / "fabric/20-cidrpool-rail-1.yaml"
    edit(pool, "namespace: nvidia-network-operator", "namespace: kube-system")
    found = [line for line in lines(prove(run, "expected").err) if "NK511" in line]

    assert len(found) == 1
    assert "pool rail-1 is in kube-system" in found[0]


def test_resource_of_two_nics_is_left_to_chance(run, fleet):
    _, manifests = fleet()
    policy = manifests / "patches/nicclusterpolicy.yaml"
    text = policy.read_text()
    one, two = re.findall(r"0000:[0-9a-f:.]+", text)[:2]
    edit(policy, f'["{one}"]', f'["{one}", "{two}"]')
    done = prove(run, "expected")
    found = [line for line in lines(done.err) if "NK504" in line]

    assert len(found) == 1
    assert f"nvidia.com/rail-1 takes NICs {one}, {two}, and chance which" in found[0]
    lacking = [line for line in lines(done.err) if "NK511" in line]
    assert len(lacking) == 1, "the first resource keeps both"
    assert "NK511 rail-2 on worker-gpu-0..3" in lacking[0]


def test_different_nodes_are_different_lines(run, fleet):
    _, manifests = fleet()
    for rail, node, leaf in ((1, 0, "172.16.0.1"), (2, 1, "172.18.0.3")):
        pool = manifests / f"fabric/20-cidrpool-rail-{rail}.yaml"
        edit(pool, f"gateway: {leaf}\n", f"gateway: {leaf[:-1]}{int(leaf[-1]) - 1}\n")
        assert f"nodeName: worker-gpu-{node}\n" in pool.read_text()
    found = [line for line in lines(prove(run, "expected").err) if "NK502" in line]

    assert len(found) == 2
    assert "rail-1 on worker-gpu-0:" in found[0]
    assert "rail-2 on worker-gpu-1:" in found[1]


def test_routes_are_told_in_both_directions(run, fleet):
    _, manifests = fleet()
    pool = manifests / "fabric/20-cidrpool-rail-1.yaml"
    edit(pool, "  - dst: 172.16.0.0/15\n", "  - dst: 10.0.0.0/8\n")
    found = lines(prove(run, "expected").err)

    assert codes(found) == ["NK503"]
    assert "the host routes 172.16.0.0/15 over it, and pods do not" in found[0] or (
        "pods route 10.0.0.0/8 over it, and the host does not" in found[0]
    )


SELECTED = """\
  nodeSelector:
    nodeSelectorTerms:
    - matchExpressions:
      - {key: nvidia.com/gpu.present, operator: Exists}
"""


def test_labels_that_nothing_tells_are_said(run, fleet):
    _, manifests = fleet()
    for pool in manifests.glob("fabric/20-*.yaml"):
        edit(pool, "  staticAllocations:\n", SELECTED + "  staticAllocations:\n")
    done = prove(run, "expected")

    assert done.code == 0, done.err
    assert "which nodes have the labels of a pool's nodeSelector" in done.out


def test_labels_of_node_objects_count(run, fleet):
    hosts, manifests = fleet()
    for pool in manifests.glob("fabric/20-*.yaml"):
        edit(pool, "  staticAllocations:\n", SELECTED + "  staticAllocations:\n")
    names = sorted(path.name.removesuffix(".yaml") for path in hosts.iterdir())
    labels = {"nvidia.com/gpu.present": "true"}
    nodes = [
        {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name, "labels": labels if name != names[0] else {}},
        }
        for name in names
    ]
    (manifests / "nodes.yaml").write_text(yaml.safe_dump_all(nodes))
    done = prove(run, "expected")

    assert done.code == 1
    assert f"NK506 rail-1..8 on {names[0]}" in done.err


def test_groups_are_told_by_settings(run, fleet):
    fleet("node-groups")
    told = run("prove", "expected", "--hosts", "hosts")
    untold = prove(run, "expected")

    assert told.out.endswith("64 links proven equal\n")
    assert "NK512 the manifests do not tell which NicNodePolicy" in untold.err


def test_groups_are_told_by_node_objects(run, fleet):
    hosts, manifests = fleet("node-groups")
    settings = yaml.safe_load((hosts.parent / "netplan2k8s.yaml").read_text())
    nodes = []
    for path in sorted(hosts.iterdir()):
        name = path.name.removesuffix(".yaml")
        group = next(
            group
            for group in settings["node_groups"]
            if any(fnmatch(name, glob) for glob in group["nodes"])
        )
        metadata = {"name": name, "labels": group["node_selector"]}
        nodes.append({"apiVersion": "v1", "kind": "Node", "metadata": metadata})
    (manifests / "nodes.yaml").write_text(yaml.safe_dump_all(nodes))
    done = prove(run, "expected")

    assert done.code == 0, done.err
    assert done.out.endswith("64 links proven equal\n")


def test_host_that_cannot_be_read_is_an_error_of_its_own(run, fleet):
    hosts, _ = fleet()
    path = next(iter(sorted(hosts.iterdir())))
    path.write_text("network: [\n")
    done = prove(run, "expected")

    assert done.code == 1
    assert re.search(r"NK020 Invalid YAML", done.err)
    assert "NK507" not in done.err, "the node is known, if nothing else"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["expected"], 2, "give the hosts to compare with: --hosts HOSTS"),
        (["expected", "--hosts", "nowhere"], 2, "nowhere"),
        (["nowhere", "--hosts", "hosts"], 2, "NK001"),
        (["empty", "--hosts", "hosts"], 2, "NK482"),
        (["expected", "--hosts", "hosts", "--format", "sarif"], 2, "--format 'sarif'"),
    ],
)
def test_wrong_use(run, fleet, arguments, code, words):
    hosts, _ = fleet()
    (hosts.parent / "empty").mkdir()
    done = run("prove", *arguments, "--no-config")

    assert done.code == code
    assert words in done.err


def test_lint_proves_with_hosts_in_every_format(run, fleet):
    _, manifests = fleet()
    pool = manifests / "fabric/20-cidrpool-rail-1.yaml"
    edit(pool, "gateway: 172.16.0.3\n", "gateway: 172.16.0.2\n")
    for format_ in ("text", "json", "sarif", "junit", "github", "gitlab"):
        done = run(
            "lint", "expected", "--hosts", "hosts", "--no-config", "--format", format_
        )

        assert done.code == 1
        assert "NK502" in done.out + done.err


def test_convert_writes_nothing_that_is_not_proven(run, fleet, monkeypatch, tmp_path):
    """A mistake in an emitter, as one could be made, stops at the proof."""
    from netplan2k8s.emitters import cidr_pool

    fleet()
    right = cidr_pool._allocations

    def wrong(rail):
        entries = right(rail)
        entries[0]["prefix"], entries[1]["prefix"] = (
            entries[1]["prefix"],
            entries[0]["prefix"],
        )
        return entries

    monkeypatch.setattr(cidr_pool, "_allocations", wrong)
    done = run("convert", "hosts", "-o", tmp_path / "out", "--no-config")

    assert done.code == 1
    assert "NK511" in done.err or "NK501" in done.err
    assert done.out == f"nothing written to {tmp_path / 'out'}\n"
    assert not (tmp_path / "out").exists()


def test_job_with_rails_in_another_order_is_named(run, fleet):
    _, manifests = fleet()
    job = manifests / "workloads/pytorchjob.yaml"
    edit(job, "rail-1, rail-2, rail-3", "rail-2, rail-1, rail-3")
    done = prove(run, "expected")

    assert done.code == 1
    assert re.search(r"NK509 .* net1 is rail-2, where rail-1 belongs", done.err)


@pytest.mark.parametrize(
    ("kinds", "words"),
    [
        ("cidrpool", "32 links proven equal; not told: which NIC"),
        ("nicclusterpolicy", "32 links of 4 nodes not proven: not told which"),
        ("cidrpool,hostdevicenetwork,nicclusterpolicy", "32 links proven equal\n"),
        ("hostdevicenetwork,pytorchjob", "32 links of 4 nodes not proven: not told"),
    ],
)
def test_convert_of_some_kinds_says_what_is_proven(run, fleet, tmp_path, kinds, words):
    fleet()
    out = tmp_path / "out"
    done = run("convert", "hosts", "-o", out, "--no-config", "--kinds", kinds)

    assert done.code == 0, done.err
    assert words in done.out


def test_hosts_given_as_manifests_are_named(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(FIXTURES / "four-rails/hosts", "hosts")
    assert run("convert", "hosts", "-o", "m", "--no-config").code == 0
    chosen = ("--hosts", "hosts", "--no-config")
    done = run("prove", "m", "hosts/worker-gpu-1", *chosen)
    assert done.code == 2
    assert "hosts/worker-gpu-1:1:1: NK482 no manifest in hosts/worker-gpu-1" in done.err

    (tmp_path / "kustomized").mkdir()
    (tmp_path / "kustomized/kustomization.yaml").write_text("resources: [../m]\n")
    for places in (("m", "m/fabric"), ("m/fabric", "m"), ("m", "kustomized")):
        done = run("prove", *places, *chosen)
        assert done.code == 0, done.err


def test_no_ignore_makes_a_difference_equal(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(FIXTURES / "four-rails/hosts", "hosts")
    assert run("convert", "hosts", "-o", "m", "--no-config").code == 0
    pool = tmp_path / "m/fabric/20-cidrpool-rail-1.yaml"
    edit(
        pool,
        "gateway: 172.16.0.3",
        "gateway: 172.16.0.2 # netplan2k8s: ignore[NK502] so",
    )
    done = run("prove", "m", "--hosts", "hosts", "--no-config")
    assert done.code == 1
    assert " NK502 " in done.err


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"type": "host-device"', '"type": "host-device", "device": "eth0"'),
        (
            '"type": "host-device"',
            '"type": "host-device", "hwAddr": "02:00:00:00:00:01"',
        ),
        (
            '"type": "host-device"',
            '"type": "host-device", "runtimeConfig": {"deviceID": "x"}',
        ),
        ('"poolName": "rail-1"', '"poolname": "rail-2"'),
        ('"poolName": "rail-1"', '"poolName": "rail-1", "poolname": "rail-2"'),
        ('{"type": "sbr"}', '{"type": "sbr"}, {"type": "macvlan"}'),
        ('{"type": "sbr"}', '{"type": "route-override", "flushroutes": true}'),
        (
            '{"type": "sbr"}',
            '{"type": "tuning", "mtu": 9216}, {"type": "tuning", "mtu": 1500}',
        ),
        ('{"type": "sbr"}', '{"type": "tuning", "MTU": 1500}'),
        ('{"type": "sbr"}', '{"type": "tuning", "mtu": "1500"}'),
    ],
)
def test_what_the_proof_does_not_know_is_never_equal(
    old, new, run, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(FIXTURES / "four-rails/hosts", "hosts")
    (tmp_path / "nad.yaml").write_text("network_kind: nad\nmeta_plugins: [sbr]\n")
    chosen = ("--config", "nad.yaml")
    assert run("convert", "hosts", "-o", "m", *chosen).code == 0
    assert run("prove", "m", "--hosts", "hosts", *chosen).code == 0
    (path,) = (tmp_path / "m/fabric").glob("30-*rail-1.yaml")
    edit(path, old, new)
    done = run("prove", "m", "--hosts", "hosts", *chosen)
    assert done.code != 0
    assert "proven equal" not in done.out
    assert " NK512 the manifests do not tell what pods get of rail-1, for " in done.err
