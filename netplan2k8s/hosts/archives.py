"""Tar archives read in memory: no member and no link leaves the archive."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from dataclasses import dataclass, field

from netplan2k8s import catalogue
from netplan2k8s.findings import Finding, InputError, Rule, Span
from netplan2k8s.tree import MAX_FILE_BYTES

_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz")
MAX_TOTAL_BYTES = 1024 * 1024 * 1024
MAX_UNPACKED_BYTES = 64 * MAX_TOTAL_BYTES
_BLOCK = 512
_PERMISSIONS = 0o7777
_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Contents:
    """What was asked for of an archive, by normalised member name.

    ``links`` are all its symbolic links with their texts; a hard link is the file that
    it stands for. ``modes`` are the files' permission bits. ``refused`` says what is
    wrong with a member that was asked for.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    modes: dict[str, int] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    refused: dict[str, Finding] = field(default_factory=dict)


def is_archive(name: str) -> bool:
    return name.endswith(_SUFFIXES)


def stem(name: str) -> str:
    """The name without its archive suffix, ``node1.tar.gz`` → ``node1``."""
    for suffix in sorted(_SUFFIXES, key=len, reverse=True):
        if name.endswith(suffix):
            return name.removesuffix(suffix)
    return name


def read(path: str, is_wanted: Callable[[str], bool]) -> Contents:
    """Read the members whose names are wanted, and all symbolic links.

    Raises:
        InputError: NK004 for an archive that is damaged or cut off, NK005 for more
            than any fleet writes.
        OSError: the archive cannot be opened.
    """
    found = Contents()
    aliases = _scan(path, is_wanted, found)
    elsewhere = set(aliases.values()) - found.files.keys()
    targets = found if not elsewhere else Contents()
    if elsewhere:
        _scan(path, elsewhere.__contains__, targets)
    for name, target in aliases.items():
        if target in found.files or target in targets.files:
            found.files[name] = (found.files | targets.files)[target]
            found.modes[name] = (found.modes | targets.modes)[target]
        elif target in targets.refused:
            found.refused[name] = targets.refused[target]
        else:
            message = (
                f"hard link {name!r} is to {target!r}, which is not in the archive"
            )
            found.refused[name] = _finding(catalogue.UNSAFE_ARCHIVE, path, message)
    return found


def _scan(
    path: str, is_wanted: Callable[[str], bool], found: Contents
) -> dict[str, str]:
    """Go through an archive once; gives its wanted hard links and their targets."""
    import lzma  # noqa: PLC0415  only archives need these
    import tarfile  # noqa: PLC0415
    import zlib  # noqa: PLC0415

    aliases: dict[str, str] = {}
    total = 0
    try:
        with tarfile.open(path, "r:*") as archive:
            while (member := archive.next()) is not None:
                # Not to be kept: a host's disk has a million members.
                archive.members.clear()  # type: ignore[attr-defined]
                total += _take(path, archive, member, is_wanted, found, aliases)
                _limit(path, total, archive.offset)
            damage = _end(archive)
    except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError) as error:
        damage = _words(error)
    except OSError as error:
        if error.errno is not None:
            raise
        damage = _words(error)  # gzip and bz2 say so of damaged data
    if damage:
        raise InputError(_finding(catalogue.UNSAFE_ARCHIVE, path, damage))
    return aliases


def _limit(path: str, total: int, unpacked: int) -> None:
    if total > MAX_TOTAL_BYTES:
        message = "the files of its hosts exceed 1 GiB; a host's are small"
    elif unpacked > MAX_UNPACKED_BYTES:
        message = "is over 64 GiB unpacked; pack the hosts' etc, not their disks"
    else:
        return
    raise InputError(_finding(catalogue.OVERSIZED_FILE, path, message))


def _end(archive) -> str:  # type: ignore[no-untyped-def]  # noqa: ANN001  tarfile is imported late
    """What is wrong with an archive's end; tarfile stops at any broken header."""
    archive.fileobj.seek(archive.offset)
    block = archive.fileobj.read(_BLOCK)
    if len(block) < _BLOCK:
        return "damaged: it is cut off, without the block of zeros that ends an archive"
    if block.strip(b"\0"):
        return f"damaged: no member begins at byte {archive.offset}, where one must"
    # To the end, where a compressed file has its checksum.
    while rest := archive.fileobj.read(_CHUNK):
        if rest.strip(b"\0"):
            return "holds a second archive, which tar does not read; make one of both"
    return ""


def _words(error: Exception) -> str:
    text = str(error)
    if "\n" in text:  # tarfile names every compression it tried, a line each
        return "damaged, or no tar archive: neither plain nor gzip, bzip2 or xz"
    return f"damaged: {text}"


def _take(  # type: ignore[no-untyped-def]
    path: str,
    archive,  # noqa: ANN001  as above
    member,  # noqa: ANN001
    is_wanted: Callable[[str], bool],
    found: Contents,
    aliases: dict[str, str],
) -> int:
    """Keep a member if it is wanted; gives the bytes that were kept."""
    name = posixpath.normpath(member.name)
    place = _inside(name)
    is_link = member.issym() and place == name
    if member.isdir() or not (is_link or is_wanted(place)):
        return 0
    # Of several members with one name the last counts.
    for kept in (found.files, found.links, found.refused, aliases):
        kept.pop(place, None)
    if is_link:
        found.links[place] = member.linkname
        return 0
    refusal = _judge(path, member, name)
    if refusal:
        found.refused[place] = refusal
    elif member.islnk():
        aliases[place] = posixpath.normpath(member.linkname)
    else:
        found.modes[place] = member.mode & _PERMISSIONS
        source = archive.extractfile(member)
        found.files[place] = source.read() if source else b""
        return len(found.files[place])
    return 0


def _judge(path: str, member, name: str) -> Finding | None:  # type: ignore[no-untyped-def]  # noqa: ANN001  as above
    if _inside(name) != name:
        message = f"member {member.name!r} leaves the archive"
        return _finding(catalogue.UNSAFE_ARCHIVE, path, message)
    if not (member.isreg() or member.islnk()):
        message = f"member {name!r} is neither a file, a directory nor a link"
        return _finding(catalogue.UNSAFE_ARCHIVE, path, message)
    if member.size > MAX_FILE_BYTES:
        message = f"member {name!r} has {member.size} bytes; a host's files are small"
        return _finding(catalogue.OVERSIZED_FILE, path, message)
    return None


def _inside(name: str) -> str:
    """The normal name without what leads out of the archive."""
    while name.startswith(("/", "../")) or name == "..":
        name = name.lstrip("/") if name.startswith("/") else name[3:]
    return name


def _finding(rule: Rule, path: str, message: str) -> Finding:
    return Finding(rule, message, Span(path))
