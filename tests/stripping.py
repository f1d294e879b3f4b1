"""What tests of strip share: one host's files in, its stripped files out."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from netplan2k8s.settings import Settings
from netplan2k8s.stripping import strip
from netplan2k8s.tree import DirectoryTree

RAIL = "addresses: [172.16.0.0/31], routes: [{to: 172.16.0.0/15, via: 172.16.0.1}]"
"""A rail's entries between braces."""


class Stripped(NamedTuple):
    """Texts by path, and the codes that were said."""

    files: dict[str, str]
    codes: list[str]
    messages: list[str]


def write_host(root: Path, files: dict[str, str | bytes]) -> Path:
    """Files by path, or by the name alone of one in etc/netplan."""
    for name, text in files.items():
        path = root / (name if "/" in name else f"etc/netplan/{name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        path.chmod(0o600)
    return root


def stripped(
    tmp_path: Path,
    text: str | bytes | dict[str, str | bytes],
    settings: Settings | None = None,
) -> Stripped:
    """A host with one file, or several by name, without its rails."""
    files = text if isinstance(text, dict) else {"60-rails.yaml": text}
    root = write_host(tmp_path / "gpu-0", files)
    shown = {}

    def show(_, __, ___, new):
        shown.update(new)

    made = strip([str(root)], settings or Settings(), "", show)
    texts = {
        path.removeprefix("etc/netplan/"): entry.content.decode("utf-8", "replace")
        for path, entry in shown.items()
    }
    codes = [finding.rule.code for finding in made.findings]
    return Stripped(texts, codes, [finding.message for finding in made.findings])


def only(made: Stripped) -> str:
    """The text of the one file of a host that was stripped."""
    assert not [code for code in made.codes if code != "NK704"], made
    (text,) = made.files.values()
    return text


def tree(root: Path) -> DirectoryTree:
    return DirectoryTree(str(root))
