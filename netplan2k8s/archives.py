"""Tar archives read in memory: no member and no link leaves the archive."""

from __future__ import annotations

import posixpath

from netplan2k8s import catalogue
from netplan2k8s.findings import Finding, InputError, Rule, Span
from netplan2k8s.tree import MAX_FILE_BYTES

_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz")
MAX_TOTAL_BYTES = 1024 * 1024 * 1024


def is_archive(name: str) -> bool:
    return name.endswith(_SUFFIXES)


def stem(name: str) -> str:
    """The name without its archive suffix, ``node1.tar.gz`` → ``node1``."""
    for suffix in sorted(_SUFFIXES, key=len, reverse=True):
        if name.endswith(suffix):
            return name.removesuffix(suffix)
    return name


def read(path: str) -> tuple[dict[str, bytes], dict[str, str]]:
    """Read all regular members and symbolic links, by normalised member name.

    Raises:
        InputError: NK004 for damage, member names and links that leave the archive,
            devices and the like; NK005 for members or totals no host writes.
    """
    import lzma  # noqa: PLC0415  only archives need these
    import tarfile  # noqa: PLC0415
    import zlib  # noqa: PLC0415

    files: dict[str, bytes] = {}
    links: dict[str, str] = {}
    findings: list[Finding] = []
    try:
        with tarfile.open(path, "r:*") as archive:
            total = 0
            for member in archive:
                finding = _judge(path, member)
                total += member.size if member.isreg() else 0
                if total > MAX_TOTAL_BYTES:
                    raise InputError(_oversized(path, "its members exceed 1 GiB"))
                if finding:
                    findings.append(finding)
                elif not member.isdir():
                    _take(archive, member, files, links)
    except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError) as error:
        findings.append(_finding(catalogue.UNSAFE_ARCHIVE, path, f"damaged: {error}"))
    if findings:
        raise InputError(*findings)
    return files, links


def _take(archive, member, files: dict[str, bytes], links: dict[str, str]) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001  tarfile is imported late
    name = posixpath.normpath(member.name)
    if member.issym():
        links[name] = member.linkname
        return
    source = archive.extractfile(member)
    files[name] = source.read() if source else b""


def _judge(path: str, member) -> Finding | None:  # type: ignore[no-untyped-def]  # noqa: ANN001  as above
    name = member.name
    if _leaves(name):
        message = f"member {name!r} leaves the archive"
        return _finding(catalogue.UNSAFE_ARCHIVE, path, message)
    if member.isdir():
        return None
    if member.issym():
        target = member.linkname
        inside = posixpath.join(posixpath.dirname(name), target)
        # An absolute link elsewhere is common (/etc/localtime) and never followed out.
        harmless = target == "/dev/null" or (
            target.startswith("/") and "/netplan/" not in f"/{name}"
        )
        if not harmless and _leaves(inside):
            message = f"link {name!r} points outside the archive, to {target!r}"
            return _finding(catalogue.UNSAFE_ARCHIVE, path, message)
        return None
    if member.islnk() and _leaves(member.linkname):
        message = f"link {name!r} points outside the archive, to {member.linkname!r}"
        return _finding(catalogue.UNSAFE_ARCHIVE, path, message)
    if not (member.isreg() or member.islnk()):
        message = f"member {name!r} is neither a file, a directory nor a link"
        return _finding(catalogue.UNSAFE_ARCHIVE, path, message)
    if member.size > MAX_FILE_BYTES:
        return _oversized(path, f"member {name!r} has {member.size} bytes")
    return None


def _leaves(name: str) -> bool:
    normal = posixpath.normpath(name)
    return normal.startswith(("/", "../")) or normal == ".."


def _oversized(path: str, what: str) -> Finding:
    return _finding(catalogue.OVERSIZED_FILE, path, f"{what}; a host's files are small")


def _finding(rule: Rule, path: str, message: str) -> Finding:
    return Finding(rule, message, Span(path))
