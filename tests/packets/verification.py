"""The program of ``verify/`` in the pods, as its Job runs it: nobody, no capability."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import yaml

from tests.packets.namespaces import inside, sysctl
from tests.packets.site import Site

# The interpreter may lie where root alone looks, so its modules come before the change
# of user; with root's id its capabilities go.
_AS_NOBODY = """
import ast, codecs, importlib, os, sys
codecs.lookup("ascii")
sys.argv = sys.argv[1:]
with open(sys.argv[0]) as file:
    program = file.read()
for line in ast.parse(program).body:
    if isinstance(line, (ast.Import, ast.ImportFrom)):
        names = [name.name for name in line.names]
        for name in [line.module] if isinstance(line, ast.ImportFrom) else names:
            importlib.import_module(name)
program = compile(program, sys.argv[0], "exec")
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
exec(program, {"__name__": "__main__"})
"""
_SECONDS = 120
# The program is patient with a cluster's pods; here all start at once.
_SOONER = {
    "\nPERIOD = 1.0\n": "\nPERIOD = 0.3\n",
    "\nGRACE = 15.0\n": "\nGRACE = 1.0\n",
}


class Verdict(NamedTuple):
    """How one pod's program ended, and the lines that it said."""

    code: int
    lines: tuple[str, ...]


def verified(site: Site, *, deadline: int) -> dict[str, Verdict]:
    """Run it in the pods of all nodes, for at most ``deadline`` seconds."""
    with TemporaryDirectory(prefix="n2k-verify-", dir="/tmp") as directory:
        place = Path(directory)
        place.chmod(0o755)
        _mount(site.made.manifests / "verify", place)
        running = {
            host.node: _start(host.node, host.pod, place, deadline)
            for host in site.hosts
        }
        return {node: _verdict(process) for node, process in running.items()}


def _mount(verify: Path, place: Path) -> None:
    """The files of the ConfigMaps, with a plan that asks for no RDMA: veths have none."""
    (plan,) = verify.glob("unit-*/configmap.yaml")
    for path in (verify / "check-rails.yaml", plan):
        for name, text in yaml.safe_load(path.read_text("utf-8"))["data"].items():
            (place / name).write_text(text, encoding="utf-8")
    program = (place / "check_rails.py").read_text("utf-8")
    (place / "check_rails.py").write_text(hurried(program), encoding="utf-8")
    body = json.loads((place / "plan.json").read_text("utf-8"))
    (place / "plan.json").write_text(json.dumps({**body, "rdma": False}))


def hurried(program: str) -> str:
    """The program with less patience."""
    for said, sooner in _SOONER.items():
        assert said in program
        program = program.replace(said, sooner)
    return program


def _start(node: str, pod: str, place: Path, deadline: int) -> subprocess.Popen[str]:
    """The Job's pod: its user, its sysctl, none of root's capabilities."""
    sysctl(pod, ipv4__ping_group_range="0 2147483647")
    environment = [f"NODE_NAME={node}", f"DEADLINE_SECONDS={deadline}"]
    python = [sys.executable, "-I", "-S", "-c", _AS_NOBODY]
    files = [str(place / "check_rails.py"), str(place / "plan.json")]
    return subprocess.Popen(
        inside(pod, "env", "-i", *environment, *python, *files),
        cwd="/",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _verdict(process: subprocess.Popen[str]) -> Verdict:
    out, _ = process.communicate(timeout=_SECONDS)
    return Verdict(process.returncode, tuple(out.splitlines()))
