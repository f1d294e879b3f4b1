"""The output directory: whole or untouched, and only over files that are ours."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from netplan2k8s.findings import InputError, OperationError
from netplan2k8s.manifests import bundle
from tests.conftest import contents

OLD = {"fabric/a.yaml": "a: 1\n", "fabric/b.yaml": "b: 1\n", "top.yaml": "t: 1\n"}
NEW = {"fabric/a.yaml": "a: 2\n", "fabric/c/d.yaml": "d: 2\n", "top.yaml": "t: 1\n"}


def write(directory, files, **options):
    plan = bundle.plan_write(files, str(directory), **options)
    bundle.commit(plan)
    return plan


def ours(directory) -> dict[str, str]:
    return {k: v for k, v in contents(directory).items() if not k.startswith(".")}


def test_new_directory(tmp_path):
    plan = write(tmp_path / "deep/out", OLD)
    assert ours(tmp_path / "deep/out") == OLD
    assert plan.written == tuple(sorted(OLD))
    assert os.listdir(tmp_path / "deep") == ["out"], "nothing else is left behind"


def test_second_run_says_unchanged_and_touches_nothing(tmp_path):
    write(tmp_path / "out", OLD)
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "out").rglob("*")}
    plan = write(tmp_path / "out", OLD)
    assert plan.unchanged == tuple(sorted(OLD))
    assert not plan.written
    assert before == {p: p.stat().st_mtime_ns for p in (tmp_path / "out").rglob("*")}


def test_files_no_longer_needed_go(tmp_path):
    write(tmp_path / "out", OLD)
    plan = write(tmp_path / "out", NEW)
    assert plan.removed == ("fabric/b.yaml",)
    assert ours(tmp_path / "out") == NEW


def test_empty_directories_go_with_their_files(tmp_path):
    write(tmp_path / "out", NEW)
    write(tmp_path / "out", OLD)
    assert not (tmp_path / "out/fabric/c").exists()


def test_empty_directory_is_taken(tmp_path):
    write(tmp_path, OLD)
    assert ours(tmp_path) == OLD


def test_foreign_directory_is_refused(tmp_path):
    (tmp_path / "theirs.txt").write_text("precious")
    with pytest.raises(InputError, match="NK009 is not empty"):
        write(tmp_path, OLD)
    assert contents(tmp_path) == {"theirs.txt": "precious"}


def test_force_leaves_what_is_in_nobody_s_way(tmp_path):
    (tmp_path / "theirs.txt").write_text("precious")
    (tmp_path / "top.yaml").write_text("theirs too")
    write(tmp_path, OLD, force=True)
    assert ours(tmp_path) == OLD | {"theirs.txt": "precious"}


def test_edited_and_foreign_files_are_named_all_at_once(tmp_path):
    write(tmp_path / "out", OLD)
    (tmp_path / "out/fabric/a.yaml").write_text("a: mine\n")
    (tmp_path / "out/fabric/b.yaml").write_text("b: mine\n")
    (tmp_path / "out/fabric/c").mkdir()
    (tmp_path / "out/fabric/c/d.yaml").write_text("d: mine\n")
    before = contents(tmp_path / "out")
    with pytest.raises(InputError) as caught:
        write(tmp_path / "out", NEW)
    messages = [str(finding) for finding in caught.value.findings]
    assert len(messages) == 3
    assert all("NK009" in message for message in messages)
    assert sum("was edited since netplan2k8s wrote it" in m for m in messages) == 2
    assert sum("was not written by netplan2k8s" in m for m in messages) == 1
    assert contents(tmp_path / "out") == before
    write(tmp_path / "out", NEW, force=True)
    assert ours(tmp_path / "out") == NEW


def test_edited_to_the_very_text_we_would_write_is_fine(tmp_path):
    write(tmp_path / "out", OLD)
    (tmp_path / "out/fabric/a.yaml").write_text(NEW["fabric/a.yaml"])
    write(tmp_path / "out", NEW)
    assert ours(tmp_path / "out") == NEW


def test_link_in_place_of_our_file_is_not_written_through(tmp_path):
    write(tmp_path / "out", OLD)
    target = tmp_path / "elsewhere"
    target.write_text("precious")
    (tmp_path / "out/top.yaml").unlink()
    (tmp_path / "out/top.yaml").symlink_to(target)
    with pytest.raises(InputError, match="NK009"):
        write(tmp_path / "out", {**NEW, "top.yaml": "t: 2\n"})
    assert target.read_text() == "precious"


def test_link_in_place_of_our_directory_is_not_written_through(tmp_path):
    write(tmp_path / "out", OLD)
    elsewhere = tmp_path / "elsewhere"
    (tmp_path / "out/fabric").rename(elsewhere)
    (tmp_path / "out/fabric").symlink_to(elsewhere)
    with pytest.raises(InputError, match="NK009"):
        write(tmp_path / "out", NEW)
    assert (elsewhere / "a.yaml").read_text() == "a: 1\n"


def test_a_file_where_the_directory_should_be(tmp_path):
    (tmp_path / "out").write_text("x")
    with pytest.raises(InputError, match="no directory"):
        write(tmp_path / "out", OLD)


def test_damaged_record_is_a_finding(tmp_path):
    write(tmp_path / "out", OLD)
    (tmp_path / "out/.netplan2k8s/files.json").write_text("{")
    with pytest.raises(InputError, match=r"files\.json.*damaged"):
        write(tmp_path / "out", NEW)


CALLS = ("open", "rename", "replace", "unlink", "fsync", "makedirs")


@pytest.mark.parametrize("start", [None, OLD])
@pytest.mark.parametrize("call", CALLS)
def test_full_disk_at_any_call_leaves_old_or_new(tmp_path, monkeypatch, start, call):
    """Whatever call fails, and whenever: the old files, or after the next run the new."""
    for failing in range(12):
        out = tmp_path / f"out-{failing}"
        if start:
            write(out, start)
        counted = {"calls": 0}
        module = __builtins__ if call == "open" else None
        real = module["open"] if module else getattr(os, call)

        def fail(*arguments, _real=real, _counted=counted, _failing=failing, **options):
            writes = call != "open" or (len(arguments) > 1 and "w" in arguments[1])
            if writes:
                _counted["calls"] += 1
                if _counted["calls"] == _failing + 1:
                    raise OSError(28, "No space left on device", str(arguments[0]))
            return _real(*arguments, **options)

        with monkeypatch.context() as patch:
            if call == "open":
                patch.setattr("builtins.open", fail)
            else:
                patch.setattr(os, call, fail)
            try:
                write(out, NEW)
            except OperationError:
                pass
            else:
                continue
        if not (out / ".netplan2k8s/journal.json").exists():
            assert ours(out) in (start or {}, NEW), "one or the other, never between"
        write(out, NEW)
        assert ours(out) == NEW
        assert not (out / ".netplan2k8s/journal.json").exists()
        assert not list(tmp_path.glob(f"out-{failing}.partial-*"))


KILLED = """
import os, signal, sys
from netplan2k8s.manifests import bundle
files, directory, when = eval(sys.argv[1]), sys.argv[2], int(sys.argv[3])
calls = 0
def dying(real):
    def call(*arguments, **options):
        global calls
        calls += 1
        if calls == when:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **options)
    return call
for name in ("rename", "replace", "unlink", "fsync", "rmdir"):
    setattr(os, name, dying(getattr(os, name)))
bundle.commit(bundle.plan_write(files, directory))
"""


@pytest.mark.parametrize("when", range(1, 16))
def test_killed_at_any_step_the_next_run_completes(tmp_path, when):
    out = tmp_path / "out"
    write(out, OLD)
    command = [sys.executable, "-c", KILLED, repr(NEW), str(out), str(when)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    between = ours(out)
    journal = out / ".netplan2k8s/journal.json"
    if not journal.exists():
        assert between in (OLD, NEW), "without a journal it is one or the other"
    else:
        json.loads(journal.read_text())
    write(out, NEW)
    assert ours(out) == NEW
    assert sorted(os.listdir(out / ".netplan2k8s")) == ["files.json"]
