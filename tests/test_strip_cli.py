"""The command strip: what it prints, and how it goes back."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import jsonschema
import pytest
import yaml

from netplan2k8s import json_schemas
from tests.conftest import FIXTURES
from tests.stripping import write_host
from tests.test_strip_writing import HEAD, OTHER, fleet, listing, rails

FOUR = FIXTURES / "four-rails/hosts"


def report(done) -> dict:
    body = json.loads(done.out)
    schema = json_schemas.schema("report", "26.7")
    jsonschema.Draft202012Validator(schema).validate(body)
    return body


# -- the diff ---------------------------------------------------------------------


def test_a_diff_of_every_host_and_nothing_written(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run("strip", FOUR, "--no-config")
    assert done.code == 0
    assert done.out.count("--- a/") == 4
    assert done.out.endswith(
        "4 hosts: 16 rails taken out of Netplan, all else proven as before\n"
        "nothing written; --write -o DIR writes it\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("tail", ["", "      mtu: 9216", "\r\n      mtu: 9216\r\n"])
def test_patch_makes_of_the_hosts_what_strip_writes(tail, run, tmp_path):
    hosts = write_host(
        tmp_path / "fleet/gpu-0",
        {"10-a.yaml": OTHER, "60-rails.yaml": HEAD + rails(0) + tail.lstrip("\r\n")},
    ).parent
    done = run("strip", hosts, "--no-config")
    assert (
        run("strip", hosts, "--no-config", "--write", "-o", tmp_path / "out").code == 0
    )
    text = done.out.rpartition("1 host: 2 rails")[0]
    subprocess.run(
        ["git", "apply", "--whitespace=nowarn", "-"],
        input=text,
        text=True,
        cwd=hosts,
        check=True,
        env={"GIT_DIR": "/nonexistent", "PATH": "/usr/bin:/bin"},
    )
    assert {k: v[1] for k, v in listing(hosts).items()} == {
        k: v[1] for k, v in listing(tmp_path / "out/hosts").items()
    }


@pytest.mark.parametrize(
    "name", [b"60 rails", b"60-\xff", b'60"\\', b"60\n#\t", "é".encode()]
)
@pytest.mark.parametrize("program", [["git", "apply", "-"], ["patch", "-p1", "-s"]])
def test_patches_of_files_with_odd_names(program, name, run, tmp_path):
    if shutil.which(program[0]) is None:
        pytest.skip(f"{program[0]} is not installed")
    hosts = fleet(tmp_path / "fleet", 0)
    place = os.fsencode(hosts / "gpu-0/etc/netplan")
    os.rename(place + b"/60-rails.yaml", place + b"/" + name + b".yaml")
    done = run("strip", hosts, "--no-config", "--write", "-o", tmp_path / "out")
    assert done.code == 0, done.err
    text = run("strip", hosts, "--no-config").out.rpartition("1 host: 2 rails")[0]
    env = {"GIT_DIR": "/nonexistent", "PATH": "/usr/bin:/bin"}
    subprocess.run(program, input=text, text=True, cwd=hosts, check=True, env=env)
    made, wanted = listing(hosts), listing(tmp_path / "out/hosts")
    assert {k: v[1] for k, v in made.items()} == {k: v[1] for k, v in wanted.items()}


def test_colors_where_they_are_wanted(run):
    done = run("strip", FOUR / "worker-gpu-0", "--no-config", "--color", "always")
    assert "\x1b[31m-" in done.out
    plain = run("strip", FOUR / "worker-gpu-0", "--no-config")
    assert "\x1b" not in plain.out


def test_json_is_as_its_schema_says(run, tmp_path):
    out = tmp_path / "out"
    body = report(run("strip", FOUR, "--no-config", "--format", "json"))
    assert body["strip"]["directory"] is None
    host = body["strip"]["hosts"][0]
    assert host["node"] == "worker-gpu-0"
    assert len(host["rails"]) == 4
    assert host["diff"].startswith("--- a/worker-gpu-0/etc/netplan/")
    done = run("strip", FOUR, "--no-config", "--format", "json", "--write", "-o", out)
    body = report(done)["strip"]
    assert (body["directory"], body["written"], body["unchanged"]) == (str(out), 4, 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--write"], "--write and -o DIR go together"),
        (["-o", "out"], "--write and -o DIR go together"),
        (["--restore", "x", "--manifests", "y"], "needs no --manifests"),
        (["--format", "yaml"], "'yaml' is none of text, json"),
    ],
)
def test_wrong_use(arguments, message, run):
    done = run("strip", FOUR, *arguments)
    assert done.code == 2
    assert message in done.err


# -- what stops it ----------------------------------------------------------------


def test_one_host_that_cannot_be_stripped_stops_all(run, tmp_path):
    hosts = fleet(tmp_path / "fleet", 0, 1)
    path = hosts / "gpu-1/etc/netplan/60-rails.yaml"
    path.write_text(path.read_text() + "  vlans: {v: {id: 7, link: rail0}}\n")
    out = tmp_path / "out"
    done = run("strip", hosts, "--no-config", "--write", "-o", out)
    assert done.code == 1
    assert f"{path}:" in done.err
    assert " NK703 " in done.err
    assert done.out == f"nothing written to {out}\n"
    assert not out.exists()
    left = run(
        "strip", hosts, "--no-config", "--exclude", "gpu-1", "--write", "-o", out
    )
    assert left.code == 0, left.err
    assert sorted(p.name for p in (out / "hosts").iterdir()) == ["gpu-0"]


@pytest.mark.parametrize("added", ["", "      dhcp4: false\n      link-local: []\n      optional: true\n"])  # fmt: skip
def test_a_rail_that_a_host_lacks_is_said_unless_it_was_stripped(added, run, tmp_path):
    """However silent the rails of its neighbours are."""
    hosts = fleet(tmp_path / "fleet", 0, 1, 2)
    for number in range(3):
        path = hosts / f"gpu-{number}/etc/netplan/60-rails.yaml"
        text = path.read_text().replace("    rail1:\n", f"    rail1:\n{added}")
        text = text.replace("    rail0:\n", f"    rail0:\n{added}")
        path.write_text(text)
    whole = path.read_text()
    path.write_text(whole.partition("    rail1:")[0])
    done = run("strip", hosts, "--no-config")
    assert done.code == 1
    assert " NK308 " in done.err
    path.write_text(f"{path.read_text()}    rail1: {{dhcp4: false, link-local: [], optional: true}}\n")  # fmt: skip
    done = run("strip", hosts, "--no-config")
    assert done.code == 0, done.err
    assert "3 hosts: 5 rails taken out" in done.out


@pytest.fixture
def manifests(run, tmp_path) -> Path:
    """The manifests of the small fleet."""
    done = run("convert", FOUR, "--no-config", "-o", tmp_path / "manifests")
    assert done.code == 0, done.err
    return tmp_path / "manifests"


def test_what_manifests_carry_is_stripped(manifests, run):
    done = run("strip", FOUR, "--no-config", "--manifests", manifests)
    assert done.code == 0, done.err


def test_hosts_of_one_wave_need_not_be_all(manifests, run):
    """Pools know more nodes than these, and the job asks for more pods."""
    done = run("strip", FOUR / "worker-gpu-0", "--no-config", "--manifests", manifests)
    assert done.code == 0, done.err


def test_a_fleet_that_is_half_moved(manifests, run, tmp_path):
    now = tmp_path / "now"
    shutil.copytree(FOUR, now)
    out = tmp_path / "out"
    run("strip", FOUR / "worker-gpu-0", "--no-config", "--write", "-o", out)
    shutil.copytree(out / "hosts", now, dirs_exist_ok=True)
    done = run("strip", now, "--no-config", "--manifests", manifests)
    assert done.code == 0, done.err
    assert "3 hosts: 12 rails taken out" in done.out
    assert "stripped already: worker-gpu-0\n" in done.out


def test_what_the_manifests_do_not_tell_is_said_as_prove_does(manifests, run):
    """Half of them, without the policy, prove no device."""
    chosen = ("--no-config", "--manifests", manifests / "fabric")
    done = run("strip", FOUR, *chosen)
    proven = run("prove", manifests / "fabric", "--hosts", FOUR, "--no-config")
    (line,) = (each for each in proven.err.splitlines() if " NK512 " in each)
    assert line in done.err.splitlines()
    assert run("strip", FOUR, *chosen, "--strict").code == 1


def test_a_host_that_was_half_stripped_is_named(run, tmp_path):
    now, out = tmp_path / "now", tmp_path / "out"
    shutil.copytree(FOUR, now)
    run("strip", FOUR / "worker-gpu-2", "--no-config", "--write", "-o", out)
    (old,) = (now / "worker-gpu-2/etc/netplan").glob("*rail*")
    new = (out / "hosts/worker-gpu-2/etc/netplan" / old.name).read_text()
    rails = [*yaml.safe_load(old.read_text())["network"]["ethernets"]]
    both = yaml.safe_load(old.read_text())
    for rail in rails[:2]:
        both["network"]["ethernets"][rail] = yaml.safe_load(new)["network"][
            "ethernets"
        ][rail]
    old.write_text(yaml.safe_dump(both, sort_keys=False))
    done = run("strip", now, "--no-config", "--write", "-o", tmp_path / "new")
    assert done.code == 0
    (line,) = (each for each in done.err.splitlines() if " NK707 " in each)
    assert all(rail in line for rail in rails[:2])
    assert not any(rail in line for rail in rails[2:])
    assert "14 rails taken out" in done.out


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("gateway: 172.16.0.3", "gateway: 172.16.0.2", "NK502"),
        ("nodeName: worker-gpu-1", "nodeName: worker-gpu-7", "NK506"),
    ],
)
def test_what_manifests_do_not_carry_is_not_stripped(
    old, new, code, manifests, run, tmp_path
):
    path = manifests / "fabric/20-cidrpool-rail-1.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    out = tmp_path / "out"
    chosen = ("--manifests", manifests, "--write", "-o", out)
    done = run("strip", FOUR, "--no-config", *chosen)
    assert done.code == 1
    assert f" {code} " in done.err
    assert not out.exists()


def test_manifests_that_are_none(run, tmp_path):
    (tmp_path / "manifests").mkdir()
    done = run("strip", FOUR, "--no-config", "--manifests", tmp_path / "manifests")
    assert done.code in (1, 2)
    assert "Traceback" not in done.err


# -- back -------------------------------------------------------------------------


@pytest.fixture
def moved(run, tmp_path) -> Path:
    """A directory of strip; its hosts/ are the fleet as it is now."""
    fleet(tmp_path / "fleet", 0, 1)
    out = tmp_path / "stripped"
    done = run("strip", tmp_path / "fleet", "--no-config", "--write", "-o", out)
    assert done.code == 0, done.err
    shutil.copytree(out / "hosts", tmp_path / "now")
    return out


@pytest.mark.parametrize("place", [".", "rollback"])
def test_the_originals_come_back_byte_for_byte(place, moved, run, tmp_path):
    back = tmp_path / "back"
    chosen = ("--restore", moved / place, "--write", "-o", back)
    done = run("strip", tmp_path / "now", "--no-config", *chosen)
    assert done.code == 0, done.err
    assert done.out == (
        f"2 hosts: the originals put back, byte for byte\n{back}/hosts: 2 hosts written\n"
    )
    assert listing(back / "hosts") == listing(tmp_path / "fleet")
    again = run("strip", back / "hosts", "--no-config", "--restore", moved)
    assert again.out == "restored already: gpu-0..1\n"


def test_a_directory_may_be_named_as_its_part(run, tmp_path):
    hosts, out = fleet(tmp_path / "fleet", 0), tmp_path / "rollback"
    run("strip", hosts, "--no-config", "--write", "-o", out)
    for place in (out, out / "rollback"):
        done = run("strip", out / "hosts", "--no-config", "--restore", place)
        assert done.code == 0, done.err


def test_links_come_back_as_links(run, tmp_path):
    hosts, out, back = fleet(tmp_path / "fleet", 0), tmp_path / "out", tmp_path / "back"
    root = hosts / "gpu-0"
    (root / "opt").mkdir()
    (root / "etc/netplan/60-rails.yaml").rename(root / "opt/rails")
    (root / "etc/netplan/60-rails.yaml").symlink_to("../../opt/rails")
    (root / "lib/netplan").mkdir(parents=True)
    (root / "lib/netplan/00-masked.yaml").write_text("[not netplan")
    (root / "etc/netplan/00-masked.yaml").symlink_to("/dev/null")
    run("strip", hosts, "--no-config", "--write", "-o", out)
    chosen = ("--restore", out, "--write", "-o", back)
    done = run("strip", out / "hosts", "--no-config", *chosen)
    assert done.code == 0, done.err
    assert listing(back / "hosts") == listing(hosts)


def test_restore_shows_a_diff_first(moved, run, tmp_path):
    done = run("strip", tmp_path / "now", "--no-config", "--restore", moved)
    assert done.code == 0
    assert "+      addresses: [172.16.0.0/31]" in done.out
    assert done.out.endswith("nothing written; --write -o DIR writes it\n")


def test_what_is_new_on_a_host_stays(moved, run, tmp_path):
    new = tmp_path / "now/gpu-0/etc/netplan/90-new.yaml"
    new.write_text("network: {ethernets: {eno2: {}}}\n")
    back = tmp_path / "back"
    chosen = ("--restore", moved, "--write", "-o", back)
    assert run("strip", tmp_path / "now", "--no-config", *chosen).code == 0
    assert (back / "hosts/gpu-0/etc/netplan/90-new.yaml").read_text() == new.read_text()


def test_an_edit_since_is_not_undone(moved, run, tmp_path):
    path = tmp_path / "now/gpu-1/etc/netplan/10-a.yaml"
    path.write_text(OTHER + "# dns\n")
    (tmp_path / "now/gpu-0/etc/netplan/10-a.yaml").unlink()
    back = tmp_path / "back"
    chosen = ("--restore", moved, "--write", "-o", back)
    done = run("strip", tmp_path / "now", "--no-config", *chosen)
    assert done.code == 1
    assert f"{path}:1:1: NK705 was edited since strip wrote it" in done.err
    assert (
        "gpu-0/etc/netplan/10-a.yaml:1:1: NK705 has gone since strip wrote it"
        in done.err
    )
    assert not back.exists()


def test_a_mode_that_changed_since_is_named(moved, run, tmp_path):
    (tmp_path / "now/gpu-1/etc/netplan/10-a.yaml").chmod(0o644)
    done = run("strip", tmp_path / "now", "--no-config", "--restore", moved)
    assert done.code == 1
    assert "NK705 got mode 0644 instead of 0600 since strip wrote it" in done.err


def test_a_flat_file_that_cannot_be_read_is_a_finding(run, tmp_path):
    (tmp_path / "gpu-0.yaml").write_bytes(b"#" * (17 << 20))
    done = run("strip", tmp_path, "--no-config", "--restore", tmp_path / "x")
    assert done.code != 0
    assert " NK" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("restore", [[], ["--restore", "x"]], ids=["", "restore"])
@pytest.mark.parametrize(
    ("link", "code"), [("netplan", "NK001"), ("../../../x", "NK004")]
)
def test_a_host_that_cannot_be_listed_is_a_finding(
    link, code, restore, run, tmp_path, monkeypatch
):
    place = tmp_path / "gpu-0/etc/netplan"
    place.parent.mkdir(parents=True)
    place.symlink_to(link)
    (tmp_path / "x/rollback").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    done = run("strip", tmp_path / "gpu-0", "--no-config", *restore)
    assert done.code == 2
    assert f"{place}:1:1: {code} " in done.err


def test_a_host_without_originals(moved, run, tmp_path):
    fleet(tmp_path / "now", 2)
    done = run("strip", tmp_path / "now", "--no-config", "--restore", moved)
    assert done.code == 1
    assert " NK706 gpu-2 has no originals in " in done.err


@pytest.mark.parametrize(
    ("place", "lacks"),
    [
        ("now", "has no rollback/, and so no originals"),
        ("none", "is no directory"),
        ("none/rollback", "is no directory"),
    ],
)
def test_a_directory_without_originals_is_said_once(place, lacks, moved, run, tmp_path):
    assert moved
    done = run("strip", tmp_path / "now", "--no-config", "--restore", tmp_path / place)
    assert done.code == 1
    assert done.err == (
        f"{tmp_path / place}:1:1: NK706 {lacks};"
        " --restore takes what strip --write wrote\n1 error\n"
    )


def test_what_netplan_would_reject_is_not_put_back(moved, run, tmp_path):
    """A file that came since does not go with the originals."""
    new = tmp_path / "now/gpu-0/etc/netplan/90-new.yaml"
    new.write_text("network: {bonds: {rail0: {}}}\n")
    (tmp_path / "now/gpu-0/etc/netplan/60-rails.yaml").write_bytes(
        (moved / "hosts/gpu-0/etc/netplan/60-rails.yaml").read_bytes()
    )
    done = run("strip", tmp_path / "now", "--no-config", "--restore", moved)
    assert done.code == 1
    assert "changes device type" in done.err


def test_originals_come_back_without_the_stripped_trees(moved, run, tmp_path):
    shutil.rmtree(moved / "hosts")
    back = ("--restore", moved, "--write", "-o", tmp_path / "back")
    done = run("strip", tmp_path / "now", "--no-config", *back)
    assert done.code == 0, done.err


RAILS_FILE = "etc/netplan/60-rails.yaml"


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda path: path.unlink(), "has gone, an original that strip kept"),
        (lambda path: path.write_text(""), "is not the original that strip kept"),
        (
            lambda path: path.write_text(path.read_text().replace("172.", "173.")),
            "is not the original that strip kept, but was edited since",
        ),
        (
            lambda path: path.with_name("70-more.yaml").write_text("network: {}\n"),
            "70-more.yaml:1:1: NK706 is no original: strip did not keep it",
        ),
    ],
    ids=["gone", "emptied", "edited", "more"],
)
def test_originals_that_are_not_what_strip_kept(harm, said, moved, run, tmp_path):
    harm(moved / "rollback/gpu-0" / RAILS_FILE)
    back = ("--restore", moved, "--write", "-o", tmp_path / "back")
    for hosts in (tmp_path / "now", moved / "hosts"):
        done = run("strip", hosts, "--no-config", *back)
        assert done.code == 1
        assert " NK706 " in done.err
        assert said in done.err
        assert not (tmp_path / "back").exists()


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"rollback": 1, "hosts": {}}', "\xff"]
)
def test_sums_that_are_none(text, moved, run, tmp_path):
    (moved / "sums/gpu-0.json").write_bytes(text.encode("latin-1"))
    done = run("strip", tmp_path / "now", "--no-config", "--restore", moved)
    assert done.code == 1
    assert (
        "sums/gpu-0.json:1:1: NK706 are no sums of the originals of gpu-0" in done.err
    )


def test_modes_that_a_copy_lost_come_back(moved, run, tmp_path):
    path = moved / "rollback/gpu-0" / RAILS_FILE
    mode = path.stat().st_mode
    path.chmod(0o644)
    back = ("--restore", moved, "--write", "-o", tmp_path / "back")
    assert run("strip", moved / "hosts", "--no-config", *back).code == 0
    assert (tmp_path / "back/hosts/gpu-0" / RAILS_FILE).stat().st_mode == mode


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda path: path.write_text("network: {}\n"), "was edited"),
        (lambda path: path.unlink(), "has gone"),
        (lambda path: path.chmod(0o640), "got mode 0640 instead of 0600"),
    ],
    ids=["edited", "gone", "mode"],
)
def test_what_was_edited_in_the_directory_itself_is_not_undone(
    edit, said, moved, run, tmp_path
):
    edit(moved / "hosts/gpu-0" / RAILS_FILE)
    back = ("--restore", moved, "--write", "-o", tmp_path / "back")
    done = run("strip", moved / "hosts", "--no-config", *back)
    assert done.code == 1
    assert f"{RAILS_FILE}:1:1: NK705 {said} since strip wrote it" in done.err
    assert not (tmp_path / "back").exists()


def test_flat_files_come_back(run, tmp_path):
    (tmp_path / "fleet").mkdir()
    (tmp_path / "fleet/gpu-0.yaml").write_text(HEAD + rails(0))
    out, back = tmp_path / "out", tmp_path / "back"
    run("strip", tmp_path / "fleet", "--no-config", "--write", "-o", out)
    chosen = ("--restore", out, "--write", "-o", back)
    done = run("strip", out / "hosts", "--no-config", *chosen)
    assert done.code == 0, done.err
    assert (back / "hosts/gpu-0.yaml").read_text() == HEAD + rails(0)
