"""Properties of the proof: it holds for every fleet, and names just what was planted."""

from __future__ import annotations

from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import yaml
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from netplan2k8s import linting, proving, workflow
from netplan2k8s.findings import Severity
from netplan2k8s.lint.choices import Choices
from netplan2k8s.manifests.files import File
from netplan2k8s.settings import OPERATOR_RELEASES, Settings
from tests import fabrics
from tests.mutants import MUTATIONS, Bundle


def converted(fabric, directory: Path, chosen: Settings) -> Bundle:
    """The fleet as Netplan files, and what convert makes of it."""
    fabrics.write(fabric, directory / "hosts")
    made = workflow.convert([str(directory / "hosts")], chosen, directory=None)
    assert made.proof is not None, made.findings
    assert made.proof.equal == made.proof.count == fabric.hosts * fabric.rails
    bodies = {path: yaml.safe_load(text) for path, text in made.files.items()}
    return Bundle(bodies, Random(0))


def proven(bundle: Bundle, directory: Path, chosen: Settings) -> proving.Proving:
    manifests = linting.gather(bundle.files(), ["manifests"], chosen)
    seen = workflow.inspect([str(directory / "hosts")], chosen)
    return proving.compared(manifests, seen, chosen)


def errors(findings) -> list[str]:
    return [str(f) for f in findings if f.rule.severity is Severity.ERROR]


def settings_of(release: str, kind: str) -> Settings:
    return Settings(operator_release=release, network_kind=kind)


releases = st.sampled_from(OPERATOR_RELEASES)
kinds = st.sampled_from(["hostdevicenetwork", "nad"])


@given(fabrics.fabrics(), releases, kinds)
@settings(max_examples=60)
def test_what_convert_writes_is_proven(fabric, release, kind):
    with TemporaryDirectory() as name:
        directory, chosen = Path(name), settings_of(release, kind)
        bundle = converted(fabric, directory, chosen)
        made = proven(bundle, directory, chosen)
        manifests = linting.gather(bundle.files(), ["manifests"], chosen)
        linted = linting.judged(manifests, Choices())

    assert errors(made.findings) == []
    assert made.proof.equal == fabric.hosts * fabric.rails
    assert errors(linted.findings) == []


@given(
    fabrics.fabrics(), releases, kinds, st.sampled_from(sorted(MUTATIONS)), st.data()
)
@settings(max_examples=150)
def test_a_mutant_of_any_fleet_is_named(fabric, release, kind, name, data):
    assume(fabric.hosts > 1 and fabric.rails > 1)
    with TemporaryDirectory() as work:
        directory, chosen = Path(work), settings_of(release, kind)
        bundle = converted(fabric, directory, chosen)
        mutant = bundle.copy()
        mutant.random = Random(data.draw(st.integers(0, 1 << 32)))
        assume(MUTATIONS[name](mutant) is not False and mutant.bodies != bundle.bodies)
        made = proven(mutant, directory, chosen)
        manifests = linting.gather(mutant.files(), ["manifests"], chosen)
        linted = linting.judged(manifests, Choices(), more=made.findings)

    assert errors(linted.findings)


@given(fabrics.fabrics(), st.data())
@settings(max_examples=60)
def test_a_difference_is_named_where_it_is_and_nowhere_else(fabric, data):
    assume(fabric.hosts > 1)
    rail = data.draw(st.integers(1, fabric.rails))
    one, two = data.draw(
        st.lists(st.integers(0, fabric.hosts - 1), min_size=2, max_size=2, unique=True)
    )
    with TemporaryDirectory() as work:
        directory, chosen = Path(work), Settings()
        bundle = converted(fabric, directory, chosen)
        listed = bundle.bodies[f"fabric/20-cidrpool-rail-{rail}.yaml"]["spec"]
        entries = {e["nodeName"]: e for e in listed["staticAllocations"]}
        first, second = entries[fabrics.node(one)], entries[fabrics.node(two)]
        for key in ("prefix", "gateway"):
            first[key], second[key] = second[key], first[key]
        made = proven(bundle, directory, chosen)

    named = {(d.node, d.rail) for d in made.proof.differences if d.node}
    assert named == {(fabrics.node(host), f"rail-{rail}") for host in (one, two)}
    assert made.proof.equal == fabric.hosts * fabric.rails - 2


@given(st.binary(max_size=300))
@example(b"apiVersion: nv-ipam.nvidia.com/v1alpha1\nkind: CIDRPool\nspec: []\n")
def test_any_bytes_beside_the_manifests_end_in_findings(data):
    """Whatever lies there, the proof ends in words."""
    hosts = Path(__file__).resolve().parents[1] / "fixtures/flat/hosts"
    manifests = linting.gather([File("x.yaml", data, True)], ["x.yaml"], Settings())
    seen = workflow.inspect([str(hosts)], Settings())
    made = proving.compared(manifests, seen, Settings())
    linting.judged(manifests, Choices(), more=made.findings)

    assert not made.is_proven
