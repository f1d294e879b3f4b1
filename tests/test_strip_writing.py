"""The directory of strip: whole hosts or none, whatever happens in between."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import stat
import subprocess
import tarfile
import time
from pathlib import Path

import pytest

from netplan2k8s.findings import OperationError
from netplan2k8s.settings import Settings
from netplan2k8s.strip import output, trees
from netplan2k8s.stripping import strip
from tests.stripping import write_host

HEAD = "network:\n  version: 2\n  ethernets:\n"
OTHER = "network: {ethernets: {eno1: {dhcp4: true}}}\n"


def rails(host: int) -> str:
    return "".join(
        f"    rail{n}:\n      addresses: [172.{16 + 2 * n}.0.{2 * host}/31]\n"
        f"      routes: [{{to: 172.{16 + 2 * n}.0.0/15, via: 172.{16 + 2 * n}.0.{2 * host + 1}}}]\n"
        for n in range(2)
    )


def fleet(place: Path, *numbers: int) -> Path:
    for number in numbers:
        files = {"10-a.yaml": OTHER, "60-rails.yaml": HEAD + rails(number)}
        write_host(place / f"gpu-{number}", files)
    return place


def quiet(hosts: Path, out: Path):
    return strip([str(hosts)], Settings(), str(out), lambda *_: None)


def listing(place: Path) -> dict[str, tuple[int, bytes]]:
    """Every file below a place: mode and content; a link's text."""
    found = {}
    for path in sorted(place.rglob("*")):
        name = str(path.relative_to(place))
        if path.is_symlink():
            found[name] = (0, os.readlink(path).encode())
        elif path.is_file():
            found[name] = (stat.S_IMODE(path.stat().st_mode), path.read_bytes())
    return found


# -- what is written --------------------------------------------------------------


def test_originals_are_kept_byte_for_byte(tmp_path):
    hosts = fleet(tmp_path / "fleet", 0, 1)
    odd = hosts / "gpu-0/etc/netplan/70-odd.yaml"
    odd.write_bytes(b"# caf\xc3\xa9\r\nnetwork:   {version: 2}   ")
    odd.chmod(0o640)
    made = quiet(hosts, tmp_path / "out")
    assert (made.written, made.unchanged, made.rails) == (2, 0, 4)
    assert listing(tmp_path / "out/rollback") == listing(hosts)
    new = listing(tmp_path / "out/hosts")
    assert new.keys() == listing(hosts).keys()
    assert new["gpu-0/etc/netplan/70-odd.yaml"] == (0o640, odd.read_bytes())
    assert b"172." not in new["gpu-0/etc/netplan/60-rails.yaml"][1]


def test_links_stay_links_and_their_files_change(tmp_path):
    hosts = fleet(tmp_path / "fleet", 0)
    root = hosts / "gpu-0"
    (root / "opt").mkdir()
    (root / "etc/netplan/60-rails.yaml").rename(root / "opt/rails")
    (root / "etc/netplan/60-rails.yaml").symlink_to("../../opt/rails")
    (root / "etc/netplan/00-masked.yaml").symlink_to("/dev/null")
    (root / "usr/lib/netplan").mkdir(parents=True)
    (root / "lib").symlink_to("usr/lib")
    (root / "usr/lib/netplan/00-masked.yaml").write_text("[not netplan")
    quiet(hosts, tmp_path / "out")
    new, old = (listing(tmp_path / "out" / part) for part in ("hosts", "rollback"))
    assert old == listing(hosts)
    changed = [path for path in old if old[path] != new[path]]
    assert changed == ["gpu-0/opt/rails"]
    assert quiet(hosts, tmp_path / "out").unchanged == 1


def test_flat_files_and_archives_keep_their_modes(tmp_path):
    (tmp_path / "fleet").mkdir()
    flat = tmp_path / "fleet/gpu-0.yaml"
    flat.write_text(HEAD + rails(0))
    flat.chmod(0o400)
    root = fleet(tmp_path / "packed", 1) / "gpu-1"
    (root / "etc/netplan/10-a.yaml").chmod(0o604)
    with tarfile.open(tmp_path / "fleet/gpu-1.tar.gz", "w:gz") as archive:
        archive.add(root / "etc", "etc")
    quiet(tmp_path / "fleet", tmp_path / "out")
    old = listing(tmp_path / "out/rollback")
    assert old["gpu-0.yaml"] == (0o400, flat.read_bytes())
    assert old["gpu-1/etc/netplan/10-a.yaml"] == (0o604, OTHER.encode())
    new = listing(tmp_path / "out/hosts")
    assert new["gpu-0.yaml"][0] == 0o400
    assert new["gpu-1/etc/netplan/60-rails.yaml"][0] == 0o600


def test_modes_are_kept_with_all_their_bits(tmp_path):
    hosts = fleet(tmp_path / "fleet", 0)
    (hosts / "gpu-0/etc/netplan/10-a.yaml").chmod(0o4755)
    (hosts / "gpu-0/etc/netplan/60-rails.yaml").chmod(0o400)
    mask = os.umask(0o077)
    try:
        quiet(hosts, tmp_path / "out")
    finally:
        os.umask(mask)
    new = listing(tmp_path / "out/hosts")
    assert [mode for mode, _ in new.values()] == [0o4755, 0o400]
    assert quiet(hosts, tmp_path / "out").unchanged == 1


def test_a_disk_may_take_files_bit_by_bit(tmp_path, monkeypatch):
    hosts = fleet(tmp_path / "fleet", 0)
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, bytes(data)[:7]))
    quiet(hosts, tmp_path / "out")
    assert listing(tmp_path / "out/rollback") == listing(hosts)


def test_a_link_in_the_place_of_a_host_is_not_its_tree(tmp_path):
    hosts, out = fleet(tmp_path / "fleet", 0), tmp_path / "out"
    quiet(hosts, out)
    (out / "hosts/gpu-0").rename(tmp_path / "elsewhere")
    (out / "hosts/gpu-0").symlink_to(tmp_path / "elsewhere")
    assert [f.rule.code for f in quiet(hosts, out).findings] == ["NK009"]


def test_the_same_whatever_the_order_of_hosts(tmp_path):
    hosts = fleet(tmp_path / "fleet", 0, 1, 2)
    quiet(hosts, tmp_path / "one")
    arguments = [str(hosts / f"gpu-{n}") for n in (2, 0, 1)]
    strip(arguments, Settings(), str(tmp_path / "other"), lambda *_: None)
    assert listing(tmp_path / "one") == listing(tmp_path / "other")


# -- a directory that is there ----------------------------------------------------


def test_waves_come_into_one_directory(tmp_path):
    hosts, out = fleet(tmp_path / "fleet", 0, 1), tmp_path / "out"
    strip([str(hosts / "gpu-0")], Settings(), str(out), lambda *_: None)
    made = quiet(hosts, out)
    assert (made.written, made.unchanged) == (1, 1)
    assert listing(out / "rollback") == listing(hosts)


def test_originals_are_never_replaced(tmp_path):
    hosts, out = fleet(tmp_path / "fleet", 0, 1), tmp_path / "out"
    quiet(hosts, out)
    before = listing(out)
    with (hosts / "gpu-0/etc/netplan/10-a.yaml").open("a") as file:
        file.write("# later\n")
    fleet(hosts, 2)
    made = quiet(hosts, out)
    assert [str(f.rule.code) for f in made.findings] == ["NK009", "NK009"]
    assert "holds other originals" in made.findings[1].message
    assert listing(out) == before


def test_an_edited_result_is_not_replaced(tmp_path):
    hosts, out = fleet(tmp_path / "fleet", 0), tmp_path / "out"
    quiet(hosts, out)
    path = out / "hosts/gpu-0/etc/netplan/10-a.yaml"
    path.write_text("# mine\n")
    made = quiet(hosts, out)
    assert [f.rule.code for f in made.findings] == ["NK009"]
    assert path.read_text() == "# mine\n"


def test_stripped_hosts_are_not_written_over_the_originals(tmp_path):
    hosts, out = fleet(tmp_path / "fleet", 0), tmp_path / "out"
    quiet(hosts, out)
    before = listing(out)
    made = quiet(out / "hosts", out)
    assert made.done == ("gpu-0",)
    assert listing(out) == before


def test_a_file_in_the_place_of_the_directory_is_a_finding(tmp_path, run):
    hosts = fleet(tmp_path / "fleet", 0)
    (tmp_path / "out").write_text("mine")
    done = run("strip", hosts, "--no-config", "--write", "-o", tmp_path / "out")
    assert done.code == 2
    assert "NK009 is no directory to write into" in done.err
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.parametrize("place", [".", "out", "out/deeper"])
def test_a_directory_among_the_hosts_is_refused(place, tmp_path, run):
    """The next run would find stripped hosts and originals as hosts of the same name."""
    hosts = fleet(tmp_path / "fleet", 0)
    done = run("strip", hosts, "--no-config", "--write", "-o", hosts / place)
    assert done.code == 2
    assert f"NK009 lies in {hosts}" in done.err
    assert os.listdir(hosts) == ["gpu-0"]


def test_a_directory_within_the_one_host_is_none_of_its_files(tmp_path):
    """As on the host itself, whose root is /."""
    root = fleet(tmp_path / "fleet", 0) / "gpu-0"
    assert quiet(root, root / "root/out").written == 1
    assert quiet(root, root / "root/out").unchanged == 1


def test_directories_made_for_nothing_go_again(tmp_path, run):
    hosts = fleet(tmp_path / "fleet", 0)
    path = hosts / "gpu-0/etc/netplan/60-rails.yaml"
    path.write_text(path.read_text() + "  vlans: {v: {id: 7, link: rail0}}\n")
    done = run("strip", hosts, "--no-config", "--write", "-o", tmp_path / "a/b/out")
    assert done.code == 1
    assert os.listdir(tmp_path) == ["fleet"]


@pytest.mark.parametrize("kind", ["pipe", "socket", "large"])
def test_what_no_run_wrote_is_not_read(kind, tmp_path):
    hosts, out = fleet(tmp_path / "fleet", 0), tmp_path / "out"
    quiet(hosts, out)
    place = out / "hosts/gpu-0/x"
    with contextlib.chdir(place.parent), socket.socket(socket.AF_UNIX) as end:
        if kind == "pipe":
            os.mkfifo(place)
        elif kind == "socket":
            end.bind(place.name)
        else:
            with place.open("wb") as file:
                file.truncate(1 << 40)
        made = quiet(hosts, out)
    assert [f.rule.code for f in made.findings] == ["NK009"]
    assert "was edited (x)" in made.findings[0].message


def test_names_that_are_no_text(tmp_path, run):
    hosts, out = fleet(tmp_path / "fleet", 0), tmp_path / "out"
    place = os.fsencode(hosts / "gpu-0/etc/netplan")
    os.rename(place + b"/60-rails.yaml", place + b"/60-\xff \xc3\xa9.yaml")
    assert quiet(hosts, out).written == 1
    assert listing(out / "rollback") == listing(hosts)
    done = run("strip", hosts, "--no-config")
    assert done.code == 0
    assert '--- "a/gpu-0/etc/netplan/60-\\377 \\303\\251.yaml"\n' in done.out


# -- what may go wrong ------------------------------------------------------------


def test_a_file_that_changes_meanwhile_stops_all(tmp_path, monkeypatch):
    hosts, out = fleet(tmp_path / "fleet", 0, 1), tmp_path / "out"
    add = output.Staging.add

    def add_and_edit(self, node_name, new, original=None):
        add(self, node_name, new, original)
        if node_name == "gpu-1":
            with (hosts / "gpu-0/etc/netplan/10-a.yaml").open("a") as file:
                file.write("# now\n")

    monkeypatch.setattr(output.Staging, "add", add_and_edit)
    with pytest.raises(OperationError) as caught:
        quiet(hosts, out)
    assert "changed while they were read: gpu-0" in str(caught.value)
    assert os.listdir(tmp_path) == ["fleet"]


def test_a_mode_that_changes_meanwhile_stops_all(tmp_path, monkeypatch):
    hosts = fleet(tmp_path / "fleet", 0)
    add = output.Staging.add

    def add_and_change(self, node_name, new, original=None):
        add(self, node_name, new, original)
        (hosts / "gpu-0/etc/netplan/10-a.yaml").chmod(0o640)

    monkeypatch.setattr(output.Staging, "add", add_and_change)
    with pytest.raises(OperationError):
        quiet(hosts, tmp_path / "out")


@pytest.mark.parametrize("now", [OTHER, HEAD + rails(7)], ids=["gone", "another"])
def test_a_rail_that_changes_meanwhile_stops_all(now, tmp_path, monkeypatch):
    from netplan2k8s import stripping

    hosts = fleet(tmp_path / "fleet", 0)
    prepare = stripping.prepare

    def prepare_and_edit(*arguments, **options):
        made = prepare(*arguments, **options)
        (hosts / "gpu-0/etc/netplan/60-rails.yaml").write_text(now)
        return made

    monkeypatch.setattr(stripping, "prepare", prepare_and_edit)
    with pytest.raises(OperationError):
        quiet(hosts, tmp_path / "out")
    assert os.listdir(tmp_path) == ["fleet"]


@contextlib.contextmanager
def mounted(place: Path, options: str):
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts tmpfs")


@needs_root
@pytest.mark.parametrize("is_there", [False, True])
@pytest.mark.parametrize("size", ["4k", "16k", "32k"])
def test_a_full_disk_leaves_nothing_behind(size, is_there, tmp_path, run):
    hosts = fleet(tmp_path / "fleet", *range(12))
    with mounted(tmp_path / "disk", f"size={size}") as disk:
        out = disk / "out"
        if is_there:
            out.mkdir()
        done = run("strip", hosts, "--no-config", "--write", "-o", out)
        assert done.code == 3
        assert "No space left on device" in done.err
        assert "Traceback" not in done.err
        assert os.listdir(disk) == (["out"] if is_there else [])
        assert not is_there or os.listdir(out) == []


@needs_root
@pytest.mark.parametrize("inodes", range(4, 24, 3))
def test_a_disk_without_inodes_leaves_nothing_behind(inodes, tmp_path, run):
    hosts = fleet(tmp_path / "fleet", 0, 1)
    with mounted(tmp_path / "disk", f"nr_inodes={inodes}") as disk:
        (disk / "out").mkdir()
        done = run("strip", hosts, "--no-config", "--write", "-o", disk / "out")
        if done.code == 0:
            assert listing(disk / "out/rollback") == listing(hosts)
            return
        assert done.code == 3
        assert os.listdir(disk / "out") == []


@needs_root
def test_a_file_system_of_its_own_is_written_into(tmp_path):
    """From beside it nothing can be moved there."""
    hosts = fleet(tmp_path / "fleet", 0)
    with mounted(tmp_path / "out", "size=1m") as out:
        assert quiet(hosts, out).written == 1
        assert sorted(os.listdir(out)) == ["hosts", "rollback", "sums"]
        assert listing(out / "rollback") == listing(hosts)


@needs_root
def test_read_only_hosts_are_fine_and_a_read_only_output_is_said(tmp_path, run):
    hosts = fleet(tmp_path / "fleet", 0)
    with mounted(tmp_path / "disk", "size=1m") as disk:
        shutil.copytree(hosts, disk / "fleet")
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        done = run(
            "strip", disk / "fleet", "--no-config", "--write", "-o", disk / "out"
        )
        assert (done.code, "Read-only file system" in done.err) == (3, True)
        out = tmp_path / "out"
        done = run("strip", disk / "fleet", "--no-config", "--write", "-o", out)
        assert done.code == 0, done.err
        assert listing(out / "rollback") == listing(hosts)


# -- runs at the same time ---------------------------------------------------------


def left_behind(place: Path) -> Path:
    """What a run has left that was killed."""
    path = place / "out.netplan2k8s-0123abcd"
    (path / "hosts").mkdir(parents=True)
    return path


def test_what_a_killed_run_left_goes_whatever_runs_now(tmp_path):
    """Even where this run has the number that the other had, as in containers."""
    hosts = fleet(tmp_path / "fleet", 0)
    left = left_behind(tmp_path)
    (tmp_path / f"out.netplan2k8s-{os.getpid():08x}").mkdir()
    (tmp_path / "out.netplan2k8s-mine").mkdir()
    assert quiet(hosts, tmp_path / "out").written == 1
    assert not left.exists()
    assert sorted(os.listdir(tmp_path)) == [
        "fleet",
        "out",
        "out.netplan2k8s-mine",
    ]


def test_what_another_run_writes_stays(tmp_path):
    hosts = fleet(tmp_path / "fleet", 0)
    with output.Staging(str(tmp_path / "out")) as other:
        assert quiet(hosts, tmp_path / "out").written == 1
        other.add("gpu-7", {"etc/netplan/a.yaml": trees.Entry(b"", 0o600)})
        other.commit()
    assert sorted(os.listdir(tmp_path / "out/hosts")) == ["gpu-0", "gpu-7"]
    assert sorted(os.listdir(tmp_path)) == ["fleet", "out"]


@pytest.mark.parametrize("path", ["", "etc/netplan/a.yaml"], ids=["flat", "tree"])
def test_originals_that_another_run_keeps_meanwhile_stay(path, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    entries = {name: {path: trees.Entry(name.encode(), 0o600)} for name in "abx"}
    with output.Staging(str(out)) as late:
        for node in ("gpu-0", "gpu-1"):
            late.add(node, entries["x"], entries["a"])
        with output.Staging(str(out)) as early:
            early.add("gpu-1", entries["x"], entries["b"])
            early.commit()
        before = listing(out / "rollback") | listing(out / "hosts")
        with pytest.raises(OperationError, match="has come meanwhile"):
            late.commit()
        assert listing(out / "rollback") | listing(out / "hosts") == before
    assert sorted(os.listdir(out)) == ["hosts", "rollback", "sums"]


# -- killed -----------------------------------------------------------------------

WRITES = (
    *("write", "open", "mkdir", "rename", "symlink", "fchmod", "fsync", "sync"),
    *("unlink", "rmdir", "replace", "makedirs"),
)


def killed_at(step: int, hosts: Path, out: Path) -> bool:
    """Strip in a process that kills itself at a step of writing; whether it did."""
    child = os.fork()
    if child:
        return os.WIFSIGNALED(os.waitpid(child, 0)[1])
    left = [step]

    def wrapped(name):
        real = getattr(os, name)

        def call(*arguments, **options):
            left[0] -= 1
            if left[0] == 0:
                if name == "write":  # half of it is on disk
                    real(arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **options)

        return call

    try:
        for name in WRITES:
            setattr(os, name, wrapped(name))
        quiet(hosts, out)
    finally:
        os._exit(0)


def check_whole(
    out: Path, whole: Path, first: frozenset[str] = frozenset()
) -> tuple[int, int]:
    """Every host that is there is whole, and so are its originals.

    Of hosts that are not ``first`` none is there before all originals are. Gives the
    counts of originals and hosts.
    """
    names = {}
    for part in ("hosts", "sums", "rollback"):  # so, since it may be written now
        names[part] = {path.name for path in (out / part).glob("*")}
        for name in sorted(names[part]):
            assert listing(out / part / name) == listing(whole / part / name), name
    assert {f"{name}.json" for name in names["hosts"]} <= names["sums"]
    assert names["hosts"] <= names["rollback"]
    if names["hosts"] - first:
        assert names["rollback"] == {path.name for path in (whole / "hosts").iterdir()}
    return len(names["rollback"]), len(names["hosts"])


@pytest.mark.parametrize("is_there", [False, True], ids=["new", "into"])
def test_killed_at_every_write_there_is_never_half_a_host(is_there, tmp_path):
    """And the next run finishes, and leaves nothing of the one that was killed."""
    hosts = fleet(tmp_path / "fleet", 0, 1, 2)
    quiet(hosts, tmp_path / "whole")
    first = frozenset({"gpu-0"} if is_there else ())
    step, seen = 0, set()
    while True:
        step += 1
        place = tmp_path / f"work-{step}"
        place.mkdir()
        out = place / "out"
        if is_there:
            strip([str(hosts / "gpu-0")], Settings(), str(out), lambda *_: None)
        died = killed_at(step, hosts, out)
        seen.add(check_whole(out, tmp_path / "whole", first))
        quiet(hosts, out)
        assert listing(out) == listing(tmp_path / "whole")
        assert os.listdir(place) == ["out"]
        assert sorted(os.listdir(out)) == ["hosts", "rollback", "sums"]
        if not died:
            break
        shutil.rmtree(place)
    assert step > 30
    assert (0, 0) in seen or is_there
    assert (3, 3) in seen


# -- watched -----------------------------------------------------------------------


def test_a_reader_never_sees_a_host_in_parts(tmp_path):
    """Watched from another process while it is written."""
    hosts, out = fleet(tmp_path / "fleet", *range(20)), tmp_path / "out"
    out.mkdir()
    quiet(hosts, tmp_path / "whole")
    child = os.fork()
    if not child:
        try:
            quiet(hosts, out)
        finally:
            os._exit(0)
    ended = 0
    while not ended:
        ended, status = os.waitpid(child, os.WNOHANG)
        check_whole(out, tmp_path / "whole")
        time.sleep(0)
    assert status == 0
    assert check_whole(out, tmp_path / "whole") == (20, 20)
