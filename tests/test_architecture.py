"""Import direction: input to output, and nothing slow before it is needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "netplan2k8s"
MODULES = sorted(PACKAGE.rglob("*.py"))
# A stage may use its own level and those before it.
LEVELS = {
    "__init__": 0,
    "findings": 0,
    "settings": 0,
    "naming": 0,
    "addressing": 0,
    "pci": 0,
    "labels": 0,
    "catalogue": 1,
    "fabric.translation": 1,
    "fabric.plan": 1,
    "fabric.waves": 2,
    "tree": 1,
    "source": 2,
    "inputs": 2,
    "outputs": 2,
    "overlaps": 2,
    "sizes": 2,
    "rule_pages": 2,
    "repeats": 3,
    "json_schemas": 2,
    "netplan": 3,
    "inventory": 3,
    "hosts": 3,
    "settings_values": 4,
    "settings_file": 4,
    "fabric.links": 4,
    "fabric.drafts": 4,
    "fabric": 5,
    "fleet": 6,
    "rules": 7,
    "manifests": 5,
    "simulate": 6,
    "emitters": 8,
    "workflow": 9,
    "starter": 9,
    "lint": 9,
    "linting": 9,
    "proof": 9,
    "compare": 9,
    "cluster": 10,
    "proving": 10,
    "surveying": 10,
    "diffing": 10,
    "checks": 10,
    "report": 10,
    "commands.options": 10,
    "live": 9,
    "strip": 9,
    "stripping": 10,
    "commands.outcome": 11,
    "commands": 12,
    "runbook": 11,
    "runbooks": 11,
    "verification": 7,
    "cli": 13,
    "__main__": 14,
    "external_diff": 14,
}


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(
        ".__init__"
    )


def level(module: str) -> int:
    while module:
        if module in LEVELS:
            return LEVELS[module]
        module = module.rpartition(".")[0]
    return 0


def imported(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
            "netplan2k8s"
        ):
            base = node.module.removeprefix("netplan2k8s").lstrip(".")
            for alias in node.names:
                inner = f"{base}.{alias.name}".lstrip(".")
                as_path = PACKAGE.joinpath(*inner.split("."))
                is_module = as_path.with_suffix(".py").exists() or as_path.is_dir()
                found.append(inner if is_module else base or "__init__")
    return found


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_go_one_way(path):
    own = name_of(path)
    assert level(own) or own in LEVELS or not own, f"{own} has no level"
    for other in imported(path):
        assert level(other) <= level(own), f"{own} imports {other}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_module_says_what_it_is(path):
    docstring = ast.get_docstring(ast.parse(path.read_text()))
    assert docstring
    assert docstring.splitlines()[0].endswith((".", ":", "`"))


SLOW = ("rich", "ruamel", "netaddr", "jsonschema", "kubernetes", "urllib3", "yaml")


@pytest.mark.parametrize(
    ("arguments", "absent"),
    [
        (["--version"], ("typer", *SLOW)),
        (["--help"], SLOW),
        (
            ["convert", "fixtures/flat/hosts", "--no-config", "--stdout"],
            ("rich", "ruamel", "netaddr", "jsonschema", "kubernetes", "urllib3"),
        ),
        (
            ["diff", "fixtures/flat/expected", "fixtures/flat/expected", "--no-config"],
            ("rich", "ruamel", "netaddr", "jsonschema", "kubernetes", "urllib3"),
        ),
    ],
    ids=["version", "help", "convert", "diff"],
)
def test_slow_libraries_are_imported_where_they_are_used(arguments, absent):
    code = (
        "import sys; from netplan2k8s.__main__ import main\n"
        f"sys.argv = ['netplan2k8s', *{arguments!r}]\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print('LOADED', *sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=PACKAGE.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.rpartition("LOADED")[2].split())
    assert "netplan2k8s" in loaded
    assert loaded.isdisjoint(absent)
