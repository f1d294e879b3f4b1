"""Which hosts arguments hold, what of them is read, and what is passed over."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from netplan2k8s import hosts, workflow
from netplan2k8s.findings import InputError
from netplan2k8s.hosts import packed
from netplan2k8s.hosts.node_names import read_node_names
from netplan2k8s.inputs import read_bytes
from netplan2k8s.settings import Settings
from netplan2k8s.tree import DirectoryTree, MemoryTree, OutsideError, resolve

RAILS = """\
network:
  version: 2
  ethernets:
    enp26s0f0np0:
      addresses: [172.16.0.{nic}/31]
      routes: [{{to: 172.16.0.0/15, via: 172.16.0.{leaf}}}]
"""
FILE = "etc/netplan/60-rails.yaml"


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def rails(host: int = 0) -> str:
    return RAILS.format(nic=2 * host, leaf=2 * host + 1)


def write(path: str, text: str = "") -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)


def root(path: str, host: int = 0) -> None:
    """A host root with one Netplan file."""
    write(f"{path}/{FILE}", rails(host))


def link(path: str, target: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    os.symlink(target, path)


def found(*arguments: str, **options) -> tuple[list[str], list[str]]:
    """The node names of arguments, and findings; no names where one is an error."""
    try:
        fleet = hosts.discover(arguments, **options)
    except InputError as error:
        return [], [str(finding) for finding in error.findings]
    return (
        [host.node_name for host in fleet.hosts],
        [str(finding) for finding in fleet.findings],
    )


def said(argument: str, code: str) -> list[str]:
    """What is said under a code, also of the files of the hosts."""
    try:
        findings = workflow.inspect([argument], Settings()).findings
    except InputError as error:
        findings = error.findings
    return [str(finding) for finding in findings if finding.rule.code == code]


def links(argument: str) -> int:
    return sum(
        len(r.attachments) for r in workflow.inspect([argument], Settings()).plan.rails
    )


# -- one host by several ways ---------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [("hosts", "hosts"), ("hosts", "hosts/a"), ("hosts/a", "hosts/a/etc/netplan")],
)
def test_host_that_two_arguments_lead_to_is_one(arguments):
    root("hosts/a")
    assert found(*arguments) == (["a"], [])


def test_two_files_of_one_host_are_one_host():
    root("hosts/a")
    write("hosts/a/etc/netplan/70-more.yaml", "network: {}\n")
    files = (f"hosts/a/{FILE}", "hosts/a/etc/netplan/70-more.yaml")
    assert found(*files) == (["a"], [])


def test_two_links_to_one_directory_are_searched_once():
    root("pod/a")
    link("hosts/x", "../pod")
    link("hosts/y", "../pod")
    names, findings = found("hosts")
    assert names == ["a"]
    assert findings == [
        "hosts/y:1:1: NK006 not searched again: it leads where hosts/x does"
    ]


def test_link_to_a_host_gives_it_no_second_name():
    root("hosts/b")
    link("hosts/a", "b")
    assert found("hosts") == (
        ["b"],
        ["hosts/a:1:1: NK006 not read again: it is hosts/b"],
    )


def test_hosts_may_be_reached_through_links():
    root("elsewhere/a")
    root("elsewhere/b", 1)
    link("hosts", "elsewhere")
    link("fleet/a", "../elsewhere/a")
    assert found("hosts") == (["a", "b"], [])
    assert links("fleet") == 1


# -- links of a host ------------------------------------------------------------


@pytest.mark.parametrize(
    "target", ["/srv/rails", "../../srv/rails", "/srv/../srv/rails"]
)
def test_link_is_followed_from_the_host_s_root(target):
    write("hosts/a/srv/rails", rails())
    link(f"hosts/a/{FILE}", target)
    assert links("hosts") == 1


def test_absolute_link_never_reads_this_machine(tmp_path):
    write("outside.yaml", rails())
    link(f"hosts/a/{FILE}", f"{tmp_path}/outside.yaml")
    assert said("hosts", "NK001") == [
        (
            f"hosts/a/{FILE}:1:1: NK001 is a dangling link to {tmp_path}/outside.yaml,"
            " looked for in the host's root; netplan rejects the host"
        )
    ]


def test_link_that_climbs_out_of_the_host_is_an_error():
    write("outside.yaml", rails())
    link(f"hosts/a/{FILE}", "../../../../outside.yaml")
    assert said("hosts", "NK004") == [
        (
            f"hosts/a/{FILE}:1:1: NK004 is a link that leaves the host's root, by"
            " ../../../../outside.yaml; copy what it stands for in its place, as cp -L does"
        )
    ]


def test_directory_that_is_a_link_is_held_to_the_root_too():
    write("outside/60-rails.yaml", rails())
    link("hosts/a/etc/netplan", "../../../outside")
    assert said("hosts", "NK004")[0].startswith("hosts/a/etc/netplan:1:1: NK004 ")


def test_directory_that_is_an_absolute_link_is_looked_for_in_the_host():
    write("hosts/a/srv/netplan/60-rails.yaml", rails())
    link("hosts/a/etc/netplan", "/srv/netplan")
    assert links("hosts") == 1


def test_inventory_that_leaves_the_host_is_an_error():
    root("hosts/a")
    write("ip-link.json", "[]")
    link("hosts/a/ip-link.json", "../../ip-link.json")
    assert said("hosts", "NK004")[0].startswith("hosts/a/ip-link.json:1:1: NK004 ")


@pytest.mark.parametrize("target", ["/dev/null", "../../dev/null"])
def test_link_to_dev_null_masks_a_file(target):
    root("hosts/a")
    link("hosts/a/etc/netplan/50-cloud-init.yaml", target)
    assert links("hosts") == 1


def test_links_in_a_circle_are_an_error():
    link(f"hosts/a/{FILE}", "60-rails.yaml")
    assert "NK001 cannot be read: Too many levels" in said("hosts", "NK001")[0]


TREE = {"lib": "usr/lib", "usr/lib/x": "/etc/y", "etc/up": "../..", "etc/me": "me"}


@pytest.mark.parametrize(
    ("path", "expected"),
    [("lib/x", "etc/y"), ("etc/./a//b", "etc/a/b"), ("etc/../lib/z", "usr/lib/z")],
)
def test_paths_are_resolved_within_the_root(path, expected):
    assert resolve(path, TREE.get) == expected


def test_path_above_the_root_names_the_link():
    with pytest.raises(OutsideError, match=r"\.\./\.\."):
        resolve("etc/up/x", TREE.get)
    with pytest.raises(OSError, match="Too many levels"):
        resolve("etc/me", TREE.get)


def test_both_trees_read_alike(tmp_path):
    files = {"usr/lib/netplan/a.yaml": b"a", "etc/y": b"y"}
    for path, data in files.items():
        write(path, data.decode())
    for path, target in TREE.items():
        link(path, target)
    on_disk, in_memory = DirectoryTree(str(tmp_path)), MemoryTree("", files, TREE)
    for tree in (on_disk, in_memory):
        assert tree.names("lib/netplan") == ("a.yaml",)
        assert tree.read("lib/netplan/a.yaml") == b"a"
        assert tree.read("lib/x") == b"y"
        assert tree.readlink("lib/x") == "/etc/y"
        with pytest.raises(OutsideError):
            tree.read("etc/up/x")
        with pytest.raises(OutsideError):
            tree.names("etc/up")


# -- shadowed files -------------------------------------------------------------


def test_file_that_another_of_its_name_shadows_is_named():
    root("hosts/a")
    write("hosts/a/lib/netplan/60-rails.yaml", "never: read\n")
    assert said("hosts", "NK006") == [
        (
            "hosts/a/lib/netplan/60-rails.yaml:1:1: NK006 not read:"
            f" hosts/a/{FILE} has the same name and takes its place"
        )
    ]


# -- flat files that are none ---------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["hosts/gpu-01/60-rails.yaml", "hosts/gpu-01/netplan/60-rails.yaml"],
)
def test_copy_that_lost_its_directories_is_an_error(path):
    write(path, rails())
    (line,) = found("hosts")[1]
    assert line.startswith(
        f"{path}:1:1: NK011 60-rails is rather the name of a Netplan"
    )


@pytest.mark.parametrize("path", ["hosts/50-cloud-init.yaml", "50-cloud-init.yaml"])
def test_file_of_an_installer_is_no_host_anywhere(path):
    write(path, rails())
    assert "NK011" in found(path.partition("/")[0])[1][0]


def test_file_in_a_directory_netplan_is_doubtful():
    write("hosts/gpu-01/netplan/rails.yaml", rails())
    names, (line,) = found("hosts")
    assert names == ["rails"]
    assert "NK011" in line


@pytest.mark.parametrize("path", ["hosts/01-gpu.yaml", "netplan/gpu-01.yaml"])
def test_flat_files_of_an_argument_are_hosts(path):
    write(path, rails())
    names, findings = found(path.partition("/")[0])
    assert (len(names), findings) == (1, [])


def test_name_that_is_mapped_is_meant():
    write("hosts/gpu-01/60-rails.yaml", rails())
    write("names", "60-rails 60-rails\n")
    assert found("hosts", names=read_node_names("names")) == (["60-rails"], [])


def test_several_copies_without_directories_are_told_what_is_missing():
    for host in range(2):
        write(f"hosts/gpu-{host}/60-rails.yaml", rails(host))
    assert found("hosts")[1] == [
        (
            "hosts/gpu-1/60-rails.yaml:1:1: NK003 node name 60-rails is also that of"
            " hosts/gpu-0/60-rails.yaml; a host's files lie in <node>/etc/netplan/"
        )
    ]


# -- names and globs that nothing fits ------------------------------------------


def test_lines_for_names_that_no_host_has_are_one_warning():
    root("hosts/a")
    write("names", "# site\na worker-0\ngpu-1 worker-1\ngpu-2 worker-2\n")
    assert found("hosts", names=read_node_names("names")) == (
        ["worker-0"],
        ["names:3:1: NK010 gpu-1..2 fit no host's directory or file name"],
    )


def test_template_names_what_no_line_does():
    root("hosts/a")
    root("hosts/b", 1)
    write("names", "a worker-0\n")
    names = read_node_names("names", "{name}.example.com")
    assert found("hosts", names=names) == (["b.example.com", "worker-0"], [])


def test_exclusion_that_leaves_nobody_out_is_a_warning():
    root("hosts/a")
    root("hosts/b", 1)
    names, findings = found("hosts", exclude=["b*", "gpu-9*"])
    assert names == ["a"]
    assert [line for line in findings if "NK010" in line] == [
        (
            "hosts:1:1: NK010 'gpu-9*' of --exclude or exclude_nodes: leaves nobody out:"
            " it fits no host's node name"
        )
    ]


# -- archives -------------------------------------------------------------------


def member(file: tarfile.TarFile, name: str, data: str | bytes = "", **fields) -> None:
    info = tarfile.TarInfo(name)
    body = data.encode() if isinstance(data, str) else data
    info.size = len(body)
    for field, value in fields.items():
        setattr(info, field, value)
    file.addfile(info, io.BytesIO(body))


def fleet_tar(path: str, hosts: int = 3, mode: str = "w") -> bytes:
    with tarfile.open(path, mode) as file:
        for host in range(hosts):
            member(file, f"fleet/a-{host}/{FILE}", rails(host))
    return Path(path).read_bytes()


def test_tar_that_is_cut_anywhere_never_loses_a_host():
    whole = fleet_tar("a.tar")
    for end in range(0, len(whole), 256):
        Path("a.tar").write_bytes(whole[:end])
        names, findings = found("a.tar")
        assert names == ["a-0", "a-1", "a-2"] or "NK004" in findings[0], end


def test_tar_cut_between_members_says_so():
    Path("a.tar").write_bytes(fleet_tar("a.tar")[: 2 * 1024])
    assert found("a.tar")[1] == [
        (
            "a.tar:1:1: NK004 damaged: it is cut off, without the block of zeros that ends"
            " an archive"
        )
    ]


def test_broken_header_is_found_where_it_is():
    data = bytearray(fleet_tar("a.tar"))
    data[1024:1030] = b"broken"
    Path("a.tar").write_bytes(data)
    assert found("a.tar")[1] == [
        "a.tar:1:1: NK004 damaged: no member begins at byte 1024, where one must"
    ]


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz"])
def test_second_archive_behind_the_first_is_not_lost_without_a_word(mode):
    name = f"a.tar{mode[1:].replace(':', '.')}"
    data = fleet_tar(name, mode=mode)
    Path(name).write_bytes(data + data)
    assert "NK004 holds a second archive" in found(name)[1][0]


def test_text_that_is_no_archive_is_one_line():
    write("a.tar", "not an archive\n" * 100)
    assert found("a.tar")[1] == [
        (
            "a.tar:1:1: NK004 damaged, or no tar archive: neither plain nor gzip, bzip2 or"
            " xz"
        )
    ]


def test_archive_of_a_whole_host_is_read():
    """Logs, devices, pipes, container images and absolute links are nobody's matter."""
    with tarfile.open("gpu-01.tar", "w") as file:
        member(file, "var/log/syslog", bytes(17 * 1024 * 1024))
        member(file, "dev/sda", type=tarfile.BLKTYPE)
        member(file, "run/initctl", type=tarfile.FIFOTYPE)
        member(file, "etc/localtime", type=tarfile.SYMTYPE, linkname="/usr/share/UTC")
        member(file, "lib", type=tarfile.SYMTYPE, linkname="usr/lib")
        member(file, "usr/lib/netplan/00-defaults.yaml", "network: {version: 2}\n")
        member(file, "opt/chart/values.yaml", "replicas: 3\n")
        member(file, f"var/lib/image/{FILE}", "an image's\n")
        member(file, FILE, rails())
    assert links("gpu-01.tar") == 1
    assert said("gpu-01.tar", "NK006") == []


def test_only_what_is_read_is_held():
    with tarfile.open("a.tar", "w") as file:
        member(file, "var/log/syslog", "x")
        member(file, FILE, rails())
    (host,) = packed.read("a.tar")[0]
    assert list(host.tree.files) == [FILE]


@pytest.mark.parametrize("target", ["/srv/rails", "../../srv/rails"])
def test_link_within_a_packed_host_is_followed(target):
    with tarfile.open("a.tar", "w") as file:
        member(file, "fleet/a/srv/rails", rails())
        member(file, f"fleet/a/{FILE}", type=tarfile.SYMTYPE, linkname=target)
    assert links("a.tar") == 1


def test_directory_of_a_packed_host_may_be_a_link():
    with tarfile.open("a.tar", "w") as file:
        member(file, "etc/netplan", type=tarfile.SYMTYPE, linkname="/srv/netplan")
        member(file, "srv/netplan/60-rails.yaml", rails())
    assert links("a.tar") == 1


def test_link_out_of_a_packed_host_is_an_error():
    with tarfile.open("a.tar", "w") as file:
        member(file, "fleet/shared", rails())
        member(
            file, f"fleet/a/{FILE}", type=tarfile.SYMTYPE, linkname="../../../shared"
        )
    assert said("a.tar", "NK004")[0].startswith(f"a.tar:fleet/a/{FILE}:1:1: NK004 ")


def test_hard_link_is_the_file_that_it_stands_for():
    with tarfile.open("a.tar", "w") as file:
        member(file, "srv/rails", rails())
        member(file, FILE, type=tarfile.LNKTYPE, linkname="srv/rails")
    assert links("a.tar") == 1


def test_hard_link_to_nothing_is_an_error():
    with tarfile.open("a.tar", "w") as file:
        member(file, FILE, type=tarfile.LNKTYPE, linkname="srv/rails")
    assert found("a.tar")[1] == [
        (
            f"a.tar:1:1: NK004 hard link '{FILE}' is to 'srv/rails', which is not in the"
            " archive"
        )
    ]


def test_last_of_two_members_with_one_name_counts():
    with tarfile.open("a.tar", "w") as file:
        member(file, FILE, "old: text\n")
        member(file, FILE, rails())
    assert links("a.tar") == 1


def test_more_than_any_disk_holds_is_refused_before_it_is_unpacked():
    info = tarfile.TarInfo("var/zeros")
    info.size = 2**37
    Path("a.tar").write_bytes(info.tobuf())
    assert "NK005 is over 64 GiB unpacked" in found("a.tar")[1][0]


def test_packed_directory_of_flat_files_is_read():
    with tarfile.open("a.tar", "w") as file:
        for host in range(2):
            member(file, f"hosts/gpu-{host}.yaml", rails(host))
        member(file, "hosts/gpu-2.yml", rails(2))
        member(file, "hosts/out/.netplan2k8s/files.json", "{}")
        member(file, "hosts/out/pool.yaml", "kind: CIDRPool\n")
    names, findings = found("a.tar")
    assert names == ["gpu-0", "gpu-1"]
    assert [line.partition(" ")[0] for line in findings] == [
        "a.tar:hosts/out:1:1:",
        "a.tar:hosts/gpu-2.yml:1:1:",
    ]


# -- files that the user names --------------------------------------------------


def test_oversized_file_that_the_user_names_is_said_to_be_so():
    with open("names", "wb") as file:
        file.truncate(17 * 1024 * 1024)
    with pytest.raises(
        InputError, match="NK005 has 17825792 bytes; the limit is 16 MiB"
    ):
        read_bytes("names")


def test_oversized_inventory_of_a_host_is_said_to_be_so():
    root("hosts/a")
    with open("hosts/a/ip-link.json", "wb") as file:
        file.truncate(17 * 1024 * 1024)
    assert said("hosts", "NK005")[0].startswith("hosts/a/ip-link.json:1:1: NK005 has ")


# -- places ---------------------------------------------------------------------


def test_host_without_a_netplan_file_is_named_by_its_directory():
    root("hosts/a")
    Path("hosts/b/etc/netplan").mkdir(parents=True)
    assert said("hosts", "NK317")[0].startswith("hosts/b:1:1: NK317 b has no rail")


def test_a_directory_that_is_a_dangling_link_is_said(tmp_path):
    root("hosts/a", 0)
    root("hosts/b", 1)
    Path("hosts/a/etc/netplan").rename("outside")
    link("hosts/a/etc/netplan", str(tmp_path / "outside"))
    assert said("hosts", "NK001") == [
        (
            f"hosts/a/etc/netplan:1:1: NK001 is a dangling link to {tmp_path}/outside,"
            " looked for in the host's root; copy what it stands for in its place, as cp -L"
            " does"
        )
    ]

    Path("hosts/a/there").mkdir()
    Path("hosts/a/etc/netplan").unlink()
    link("hosts/a/etc/netplan", "../there")
    assert said("hosts", "NK001") == []


def test_what_strip_wrote_is_known_again():
    silent = "{dhcp4: false, link-local: [], optional: true}"
    stripped = f"network: {{version: 2, ethernets: {{enp26s0f0np0: {silent}}}}}\n"
    write(f"out/hosts/a/{FILE}", stripped)
    root("out/rollback/a")
    assert "; strip wrote both: give its rollback/" in found("out")[1][0]
    (line,) = said("out/hosts", "NK317")
    assert "a has no rail, and enp26s0f0np0 is as strip leaves one: give the" in line


def test_a_file_that_comes_in_pieces_is_read_whole(monkeypatch):
    """As network file systems may give it."""
    root("hosts/a")
    real = os.read
    monkeypatch.setattr("os.read", lambda file, count: real(file, min(count, 7)))
    assert DirectoryTree("hosts/a").read(FILE) == rails().encode()
