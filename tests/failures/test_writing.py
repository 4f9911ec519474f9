"""The writer on a disk that fails and in a process that is killed: all or nothing, at every single rename."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from builder.errors import UserError
from builder.writer import Plan, Recovered, Recovery, recover
from tests.trees import contents, planned, put, tree


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with blanks and letters beyond ASCII in its name, and a file of the user's own."""
    folder = tmp_path / "Mein Spiel ö 猫"
    (folder / "Assets" / "Scenes").mkdir(parents=True)
    (folder / "Assets" / "Scenes" / "Main.unity").write_bytes(b"scene")
    return folder


Replace = Callable[[str, str], None]


def failing_replace(number: int, forever: bool) -> Replace:
    """`os.replace` with a disk that fails at the call of this number, counted from 0, or from there on."""
    real, calls = os.replace, iter(range(1_000_000))

    def replace(source: str, target: str) -> None:
        call = next(calls)
        if call == number or (forever and call > number):
            raise OSError(28, "No space left on device", str(target))
        real(source, target)

    return replace


def renames(plan: Plan) -> int:
    return len(plan.steps) + 2  # one per step, one for the journal, and one that ends the run


def failing_runs(project: Path) -> Iterator[int]:
    plan = planned(tree(version="2", bundle="bbb", shards=("new/v.bin",)), project)
    yield from range(renames(plan))


@pytest.mark.parametrize("forever", [False, True])
@pytest.mark.parametrize("first", [True, False])
def test_disk_that_fails_at_any_rename_leaves_the_project_as_it_was(
    project: Path, monkeypatch: pytest.MonkeyPatch, first: bool, forever: bool
) -> None:
    if not first:
        put(tree(), project)
    before = contents(project)
    for number in failing_runs(project):
        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", failing_replace(number, forever))
            with pytest.raises(UserError) as error:
                put(tree(version="2", bundle="bbb", shards=("new/v.bin",)), project)
        assert [p.kind.id for p in error.value.problems] == ["NOT_WRITABLE"], number
        assert "No space left on device" in str(error.value)
        assert contents(project) == before, number
    put(tree(version="2", bundle="bbb", shards=("new/v.bin",)), project)


def test_full_disk_while_staging_leaves_a_new_folder_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write_bytes(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_bytes", write_bytes)
    with pytest.raises(UserError) as error:
        put(tree(), tmp_path / "new" / "folder")
    assert [p.kind.id for p in error.value.problems] == ["NOT_WRITABLE"]
    assert list(tmp_path.iterdir()) == []


class Killed(BaseException):
    """Stands for a kill: nothing of the writer may run after it."""


@pytest.mark.parametrize("cleanup_works", [True, False])
def test_run_killed_at_any_rename_is_undone_by_the_next(
    project: Path, monkeypatch: pytest.MonkeyPatch, cleanup_works: bool
) -> None:
    put(tree(), project)
    before = contents(project)
    for number in failing_runs(project):
        killed(project, monkeypatch, number)
        expected = Recovery.UNDONE if number > 0 else Recovery.CLEANED
        assert (project / ".tfjs-for-unity~").is_dir()
        if not cleanup_works:  # the first attempt to undo is killed too
            half_undone(project, monkeypatch)
        assert recover(project) == Recovered(expected), number
        assert contents(project) == before, number
    assert recover(project) == Recovered(Recovery.NOTHING)


def killed(project: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    real, calls = os.replace, iter(range(1_000_000))

    def replace(source: str, target: str) -> None:
        if next(calls) == number:
            raise Killed
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", replace)
        patch.setattr("builder.writer.swap._roll_back", lambda *_: None)
        with pytest.raises(Killed):
            put(tree(version="2", bundle="bbb", shards=("new/v.bin",)), project)


def half_undone(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def replace(source: str, target: str) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", replace)
        try:
            recover_keeping_stage(project, patch)
        except Killed:
            return


def recover_keeping_stage(project: Path, patch: pytest.MonkeyPatch) -> None:
    def killed_discard(*_: object) -> None:
        raise Killed

    patch.setattr("builder.writer.stage.Stage.discard", killed_discard)
    recover(project)


def test_undo_that_fails_says_where_the_old_files_are(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tree(), project)
    before = contents(project)

    def copy2(source: Path, target: Path) -> None:
        if ".tfjs-for-unity~" in str(target):
            shutil.copyfile(source, target)
        else:
            raise OSError(5, "Input/output error", str(target))

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", failing_replace(3, forever=True))
        patch.setattr(shutil, "copy2", copy2)
        with pytest.raises(UserError) as error:
            put(tree(version="2"), project)
    assert [p.kind.id for p in error.value.problems] == ["NOT_UNDONE"]
    assert str(error.value.problems[0].params["backup"]).endswith(".tfjs-for-unity~/old")
    assert recover(project) == Recovered(Recovery.UNDONE)
    assert contents(project) == before


@pytest.mark.parametrize(
    ("journal", "kind"),
    [
        ("nonsense", "BAD_MANIFEST"),
        ('{"steps": [["../x", "create"]], "folders": []}', "BAD_MANIFEST"),
        ('{"steps": [["link/x", "create"]], "folders": []}', "OUTSIDE_PROJECT"),
    ],
)
def test_foreign_journal_deletes_nothing(project: Path, tmp_path: Path, journal: str, kind: str) -> None:
    victim = tmp_path / "x"
    victim.write_bytes(b"precious")
    (project / "link").symlink_to(tmp_path, target_is_directory=True)
    (project / ".tfjs-for-unity~").mkdir()
    (project / ".tfjs-for-unity~" / "journal.json").write_text(journal, "utf-8")
    with pytest.raises(UserError) as error:
        recover(project)
    assert [p.kind.id for p in error.value.problems] == [kind]
    assert victim.read_bytes() == b"precious"
