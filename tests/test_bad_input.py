"""Bad input: a clear finding, nothing written, never a traceback, never a hang."""

from __future__ import annotations

import io
import os
import tarfile

import pytest

from tests.conftest import contents

RAILS = """\
network:
  version: 2
  ethernets:
    enp26s0f0np0:
      addresses: [172.16.0.{nic}/31]
      routes: [{{to: 172.16.0.0/15, via: 172.16.0.{leaf}}}]
"""


def good(host: int = 0) -> str:
    return RAILS.format(nic=2 * host, leaf=2 * host + 1)


def fleet(directory, hosts: int = 2):
    """Flat hosts a-0, a-1, … in a directory of their own."""
    directory.mkdir(parents=True, exist_ok=True)
    for host in range(hosts):
        (directory / f"a-{host}.yaml").write_text(good(host))
    return directory


@pytest.fixture
def refused(tmp_path, run, monkeypatch):
    """Convert what a test made of ``hosts/``; gives the findings, checks the rest."""
    monkeypatch.chdir(tmp_path)
    fleet(tmp_path / "hosts")

    def convert(*arguments, code: int = 2, hosts: str = "hosts") -> list[str]:
        done = run("convert", hosts, "-o", "out", "--no-config", *arguments)
        assert "Traceback" not in done.err
        assert done.code == code, done.err
        assert not os.path.lexists("out")
        assert not list(tmp_path.glob("*.partial-*"))
        return [line for line in done.err.splitlines() if ": NK" in line]

    return convert


def only(
    lines: list[str], severity_free: tuple[str, ...] = ("NK320", "NK323", "NK403")
) -> str:
    """The one line beside those that every fleet gives."""
    (line,) = [
        line for line in lines if not any(code in line for code in severity_free)
    ]
    return line


def test_nothing_there(refused):
    assert (
        only(refused(hosts="nowhere")) == "nowhere:1:1: NK001 No such file or directory"
    )


def test_empty_tree(refused, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "empty:1:1: NK002 no host in empty: expected" in only(refused(hosts="empty"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable_file(refused, tmp_path):
    (tmp_path / "hosts/a-0.yaml").chmod(0)
    assert "a-0.yaml:1:1: NK001 cannot be read: Permission denied" in only(refused())


def test_not_utf_8(refused, tmp_path):
    (tmp_path / "hosts/a-0.yaml").write_bytes(b"network: {version: '\xe9'}\n")
    line = only(refused(code=1))
    assert line.startswith("hosts/a-0.yaml:1:1: NK020 Invalid YAML: ")
    assert line.endswith("the text must be UTF-8")


@pytest.mark.parametrize("bracket", ["[", "{a: ", "- "])
def test_deep_nesting(refused, tmp_path, bracket):
    (tmp_path / "hosts/a-0.yaml").write_text(
        f"network: {bracket * 200_000}\n" if bracket != "- " else bracket * 200_000
    )
    assert "a-0.yaml:1:" in only(lines := refused(code=1))
    assert any("NK021" in line or "NK020" in line for line in lines)


def test_deep_nesting_of_aliases(refused, tmp_path):
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 3000))]
    (tmp_path / "hosts/a-0.yaml").write_text("\n".join(lines) + "\n")
    assert "a-0.yaml:" in only(refused(code=1))


def test_alias_bomb(refused, tmp_path):
    rows = ["a: &a [x,x,x,x,x,x,x,x,x,x]"]
    rows += [
        f"{new}: &{new} [{','.join([f'*{old}'] * 10)}]"
        for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    (tmp_path / "hosts/a-0.yaml").write_text("\n".join(rows) + "\n")
    assert "NK022 aliases expand to over 1000000 nodes" in only(refused(code=1))


def test_alias_to_itself(refused, tmp_path):
    (tmp_path / "hosts/a-0.yaml").write_text("network: &n\n  ethernets: *n\n")
    assert "a-0.yaml:" in only(refused(code=1))


def test_hundred_megabytes(refused, tmp_path):
    with open(tmp_path / "hosts/a-0.yaml", "wb") as file:
        file.truncate(100 * 1024 * 1024)
    assert "a-0.yaml:1:1: NK005" in only(refused())


def test_directory_named_like_a_file(refused, tmp_path):
    (tmp_path / "hosts/a-2.yaml").mkdir()
    assert "hosts/a-2.yaml:1:1: NK001 is a directory" in only(refused())


def test_directory_named_like_a_file_in_a_host(refused, tmp_path):
    (tmp_path / "hosts/b/etc/netplan/50-x.yaml").mkdir(parents=True)
    assert "hosts/b/etc/netplan/50-x.yaml:1:1: NK001" in only(refused())


def test_dangling_link(refused, tmp_path):
    (tmp_path / "hosts/a-2.yaml").symlink_to("gone.yaml")
    assert "hosts/a-2.yaml:1:1: NK001 dangling link" in only(refused())


def test_dangling_link_in_a_host(refused, tmp_path):
    place = tmp_path / "hosts/b/etc/netplan"
    place.mkdir(parents=True)
    (place / "50-x.yaml").symlink_to("gone")
    assert "hosts/b/etc/netplan/50-x.yaml:1:1: NK001" in only(refused())


def test_named_pipe(refused, tmp_path):
    os.mkfifo(tmp_path / "hosts/a-2.yaml")
    assert "a-2.yaml:1:1: NK001" in only(refused())


def test_links_in_a_circle(refused, tmp_path):
    (tmp_path / "hosts/a-2.yaml").symlink_to("a-3.yaml")
    (tmp_path / "hosts/a-3.yaml").symlink_to("a-2.yaml")
    files = [line.partition(":1:1: NK001 ")[0] for line in refused()]
    assert files == ["hosts/a-2.yaml", "hosts/a-3.yaml"]


def test_directories_in_a_circle_are_searched_once(tmp_path, run, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fleet(tmp_path / "hosts")
    for name in ("loop", "again"):
        (tmp_path / "hosts" / name).symlink_to("../hosts")
    done = run("convert", "hosts", "--stdout", "--no-config")
    assert done.code == 0, done.err
    assert done.out.count("nodeName:") == 2
    assert "NK006 not searched again: it leads where hosts/again does" in done.err


def test_host_without_rails(refused, tmp_path):
    (tmp_path / "hosts/a-1.yaml").write_text(
        "network: {ethernets: {eno1: {dhcp4: true}}}\n"
    )
    assert "hosts/a-1.yaml:1:1: NK317 a-1 has no rail" in only(refused(code=1))


def test_host_with_an_empty_file(refused, tmp_path):
    (tmp_path / "hosts/a-1.yaml").write_text("")
    assert "hosts/a-1.yaml:1:1: NK317 a-1 has no rail" in only(refused(code=1))


def test_duplicate_node(refused, tmp_path):
    fleet(tmp_path / "hosts/pod-2", 1)
    line = only(refused())
    assert (
        line
        == "hosts/pod-2/a-0.yaml:1:1: NK003 node name a-0 is also that of hosts/a-0.yaml"
    )


def test_output_that_is_not_ours(tmp_path, run, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fleet(tmp_path / "hosts")
    (tmp_path / "out").mkdir()
    (tmp_path / "out/precious").write_text("x")
    done = run("convert", "hosts", "-o", "out", "--no-config")
    assert done.code == 2
    assert "out:1:1: NK009 is not empty" in done.err
    assert contents(tmp_path / "out") == {"precious": "x"}


def test_output_is_a_file(tmp_path, run, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fleet(tmp_path / "hosts")
    (tmp_path / "out").write_text("x")
    done = run("convert", "hosts", "-o", "out", "--no-config")
    assert done.code == 2
    assert "NK009 is no directory" in done.err


def test_output_where_nobody_can_write(tmp_path, run, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fleet(tmp_path / "hosts")
    (tmp_path / "file").write_text("x")
    done = run("convert", "hosts", "-o", "file/out", "--no-config")
    assert done.code in (2, 3)
    assert done.err.splitlines()[-1].startswith("netplan2k8s: ") or "NK009" in done.err


def test_all_findings_of_all_hosts_together(refused, tmp_path):
    fleet(tmp_path / "hosts", 5)
    (tmp_path / "hosts/a-0.yaml").write_text("network: [\n")
    (tmp_path / "hosts/a-1.yaml").write_text("network: {ethernetz: {}}\n")
    (tmp_path / "hosts/a-2.yaml").write_text(
        good(2).replace("via: 172.16.0.5", "via: 172.16.0.9")
    )
    codes = [line.split(": ")[1].split()[0] for line in refused(code=1)]
    assert {"NK020", "NK101", "NK302"} <= set(codes)


def test_crash_of_netplan_itself(refused, tmp_path):
    (tmp_path / "hosts/a-0.yaml").write_text(
        "network: {ethernets: {e: {addresses: [{}]}}}\n"
    )
    assert "NK106" in only(refused(code=1))


def test_what_netplan_warns_of(tmp_path, run, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fleet(tmp_path / "hosts")
    with open("hosts/a-0.yaml", "a") as file:
        file.write("    eno1: {addresses: [192.168.0.2/24], gateway4: 192.168.0.1}\n")
    done = run("inspect", "hosts", "--no-config")
    assert done.code == 0
    assert "hosts/a-0.yaml:7:51: NK120 gateway4 of eno1 is deprecated" in done.err


def test_key_that_old_netplan_refuses(tmp_path, run, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fleet(tmp_path / "hosts")
    with open("hosts/a-0.yaml", "a") as file:
        file.write("  dummy-devices: {d0: {}}\n")
    done = run("inspect", "hosts", "--no-config")
    assert done.code == 0
    assert (
        "hosts/a-0.yaml:7:19: NK121 netplan before 1.0 refuses dummy-devices of d0"
        in done.err
    )


# -- archives -------------------------------------------------------------------


def archive(path, members: dict[str, str | None], mode: str = "w:gz", **links: str):
    """A tar; ``links`` are symbolic ones, with __ for / in their names."""
    with tarfile.open(path, mode) as file:
        for name, text in members.items():
            info = tarfile.TarInfo(name)
            data = (text or "").encode()
            info.size = len(data)
            file.addfile(info, io.BytesIO(data))
        for name, target in links.items():
            info = tarfile.TarInfo(name.replace("__", "/"))
            info.type, info.linkname = tarfile.SYMTYPE, target
            file.addfile(info)


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz"])
def test_archives_are_read(tmp_path, run, monkeypatch, mode):
    monkeypatch.chdir(tmp_path)
    suffix = {"w": ".tar", "w:gz": ".tar.gz", "w:xz": ".tar.xz"}[mode]
    members = {f"fleet/a-{n}/etc/netplan/50-x.yaml": good(n) for n in range(3)}
    archive(tmp_path / f"fleet{suffix}", members, mode)
    done = run("convert", f"fleet{suffix}", "--stdout", "--no-config")
    assert done.code == 0, done.err
    assert done.out.count("nodeName:") == 3
    fleet(tmp_path / "flat", 3)
    flat = run("convert", "flat", "--stdout", "--no-config")
    assert flat.out == done.out, "the form of the input is of no consequence"


def test_one_archive_a_host_and_other_forms_mixed(tmp_path, run, monkeypatch):
    monkeypatch.chdir(tmp_path)
    hosts = fleet(tmp_path / "hosts", 1)
    archive(hosts / "a-1.tar.gz", {"etc/netplan/50-x.yaml": good(1)})
    (hosts / "a-2/etc/netplan").mkdir(parents=True)
    (hosts / "a-2/etc/netplan/50-x.yaml").write_text(good(2))
    done = run("convert", "hosts", "--stdout", "--no-config")
    assert done.code == 0, done.err
    fleet(tmp_path / "flat", 3)
    assert run("convert", "flat", "--stdout", "--no-config").out == done.out


@pytest.mark.parametrize(
    ("name", "beside"),
    [
        ("../evil.yaml", "b.yaml"),
        ("a/../../evil.yaml", "b.yaml"),
        ("/etc/netplan/evil.yaml", "etc/netplan/x.yaml"),
        ("../b/etc/netplan/evil.yaml", "b/etc/netplan/x.yaml"),
    ],
)
def test_member_that_leaves_the_archive(refused, tmp_path, name, beside):
    archive(tmp_path / "hosts/b.tar.gz", {name: good(), beside: good(7)})
    line = only(refused())
    assert line.startswith("hosts/b.tar.gz:1:1: NK004")
    assert repr(name) in line


@pytest.mark.parametrize(
    ("target", "code"), [("../../../../etc/passwd", "NK004"), ("/etc/passwd", "NK001")]
)
def test_link_that_leaves_the_archive(refused, tmp_path, target, code):
    archive(
        tmp_path / "hosts/b.tar.gz",
        {"etc/netplan/x.yaml": good(7)},
        **{"etc__netplan__y.yaml": target},
    )
    line = only(refused())
    assert line.startswith(f"hosts/b.tar.gz:etc/netplan/y.yaml:1:1: {code}")
    assert target in line


def test_link_inside_the_archive_is_followed(tmp_path, run, monkeypatch):
    monkeypatch.chdir(tmp_path)
    archive(
        tmp_path / "a-0.tar.gz",
        {"srv/rails": good()},
        **{"etc__netplan__50-x.yaml": "../../srv/rails"},
    )
    done = run("convert", "a-0.tar.gz", "--stdout", "--no-config")
    assert done.code == 0, done.err


def test_damaged_archive(refused, tmp_path):
    archive(tmp_path / "whole.tar.gz", {"etc/netplan/x.yaml": good(7) * 500})
    data = (tmp_path / "whole.tar.gz").read_bytes()
    (tmp_path / "hosts/b.tar.gz").write_bytes(data[: len(data) // 2])
    assert "b.tar.gz:1:1: NK004 damaged" in only(refused())


def test_archive_that_is_none(refused, tmp_path):
    (tmp_path / "hosts/b.tar.gz").write_bytes(b"\x1f\x8bnot really")
    assert "b.tar.gz:1:1: NK004 damaged" in only(refused())


def test_huge_member(refused, tmp_path):
    archive(
        tmp_path / "hosts/b.tar.gz", {"etc/netplan/x.yaml": "#" * (17 * 1024 * 1024)}
    )
    assert "b.tar.gz:1:1: NK005" in only(refused())


def test_device_in_an_archive(refused, tmp_path):
    with tarfile.open(tmp_path / "hosts/b.tar", "w") as file:
        info = tarfile.TarInfo("etc/netplan/x.yaml")
        info.type = tarfile.CHRTYPE
        file.addfile(info)
    assert "b.tar:1:1: NK004" in only(refused())


def test_archive_without_a_host(refused, tmp_path):
    archive(tmp_path / "hosts/b.tar.gz", {"readme.txt": "x"})
    assert "b.tar.gz:1:1: NK002 the archive holds no host" in only(refused())


# -- files that are not read are named --------------------------------------------


def test_files_that_are_passed_over_are_named(tmp_path, run, monkeypatch):
    monkeypatch.chdir(tmp_path)
    hosts = fleet(tmp_path / "hosts")
    (hosts / "notes.txt").write_text("x")
    (hosts / "b.yml").write_text("x")
    done = run("convert", "hosts", "--stdout", "--no-config")
    assert done.code == 0
    assert "hosts/notes.txt:1:1: NK006 not read" in done.err
    assert (
        "hosts/b.yml:1:1: NK006 not read: netplan reads only names that end in .yaml"
        in done.err
    )
    strict = run("convert", "hosts", "--stdout", "--no-config", "--strict")
    assert strict.code == 1


def test_excluded_hosts_are_named(tmp_path, run, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fleet(tmp_path / "hosts", 3)
    done = run("convert", "hosts", "--stdout", "--no-config", "--exclude", "a-1")
    assert done.code == 0
    assert "hosts/a-1.yaml:1:1: NK334 host a-1 is left out as asked" in done.err
    assert "a-1\n" not in done.out


def test_output_among_the_input_is_not_read_as_hosts(tmp_path, run, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fleet(tmp_path)
    first = run("convert", ".", "-o", "manifests")
    again = run("convert", ".", "-o", "manifests")
    assert (first.code, again.code) == (0, 0)
    assert (
        "manifests:1:1: NK006 not searched: manifests that netplan2k8s wrote"
        in again.err
    )
    assert "0 files written" in again.out


def test_tab_says_what_to_write(refused, tmp_path):
    (tmp_path / "hosts/a-0.yaml").write_text(good().replace("  version", "\tversion"))
    line = only(refused(code=1))
    assert line.startswith("hosts/a-0.yaml:2:1: NK020 Invalid YAML: ")
    assert "indent with blanks, not tabs" in line
