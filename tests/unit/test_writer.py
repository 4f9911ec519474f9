"""The writer on small hand-made trees: what it owns, what it refuses, and that it does all or nothing."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

import pytest

from builder.errors import UserError
from builder.spec import OutputFile
from builder.writer import Action, Plan, Recovery, apply, make_plan, recover
from builder.writer.content import digest

RUNTIME = "Packages/com.tfjsbridge.runtime"
MODELS = "Packages/com.tfjsbridge.models"
SERVED = "Assets/StreamingAssets/tfjs-bridge"
Snapshot = dict[str, tuple[bytes | None, int]]


def meta(path: str, extra: str = "") -> bytes:
    guid = digest(PurePosixPath("x"), path.encode())[:32]
    return f"fileFormatVersion: 2\nguid: {guid}\nDefaultImporter:\n{extra}".encode()


def tree(
    name: str = "Cats", *, version: str = "1", bundle: str = "aaa", shards: tuple[str, ...] = ("w.bin",), slug: str = ""
) -> list[OutputFile]:
    """A tree of the shape that `render` gives: two packages, the runtime bundle, and one model."""
    home = f"{SERVED}/{slug or name.lower()}"
    shared = {
        f"{RUNTIME}/package.json": f'{{"version": "{version}"}}\n',
        f"{RUNTIME}/Runtime/Model.cs": f"// {version}\nclass Model {{ }}\n",
        f"{MODELS}/package.json": "{}\n",
    }
    own = {
        f"{MODELS}/Runtime/{name}.cs": f"class {name} {{ }}\n",
        f"{SERVED}/runtime/tfjs-bridge.{bundle}.js": f"// {bundle}\n",
        f"{home}/contract.json": f'{{"name": "{name}", "bundle": "{bundle}"}}\n',
        **{f"{home}/{shard}": f"weights of {name} {shard}\r\n\0" for shard in shards},
    }
    files = [OutputFile(PurePosixPath(path), text.encode()) for path, text in shared.items()]
    files += [OutputFile(PurePosixPath(path), text.encode(), per_model=True) for path, text in own.items()]
    return files + [OutputFile(PurePosixPath(f"{f.path}.meta"), meta(str(f.path)), f.per_model) for f in files]


def planned(files: list[OutputFile], target: Path, model: str = "Cats") -> Plan:
    return make_plan(files, target, model=model, inputs={"model": model.lower()})


def put(files: list[OutputFile], target: Path, model: str = "Cats") -> Plan:
    plan = planned(files, target, model)
    apply(plan)
    return plan


def snapshot(folder: Path) -> Snapshot:
    """Every file's bytes and modification time, every folder as None."""
    found = {}
    for path in sorted(folder.rglob("*")):
        content = path.read_bytes() if path.is_file() else None
        found[path.relative_to(folder).as_posix()] = content, path.stat().st_mtime_ns if content is not None else 0
    return found


def contents(folder: Path) -> dict[str, bytes | None]:
    return {path: content for path, (content, _) in snapshot(folder).items()}


def ids(error: pytest.ExceptionInfo[UserError]) -> list[tuple[str, str]]:
    return [(p.kind.id, p.where) for p in error.value.problems]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with blanks and letters beyond ASCII in its name, and a file of the user's own."""
    folder = tmp_path / "Mein Spiel ö 猫"
    (folder / "Assets" / "Scenes").mkdir(parents=True)
    (folder / "Assets" / "Scenes" / "Main.unity").write_bytes(b"scene")
    return folder


def test_writes_every_file_and_leaves_no_stage(project: Path) -> None:
    files = tree()
    plan = put(files, project)
    assert {file.path for file in files} == set(plan.paths(Action.CREATE))
    assert all((project / file.path).read_bytes() == file.content for file in files)
    assert sorted(p.name for p in project.iterdir()) == ["Assets", "Packages"]


def test_copies_files_that_are_given_by_path(project: Path, tmp_path: Path) -> None:
    weights = tmp_path / "big.bin"
    weights.write_bytes(bytes(range(256)) * 8192)
    weights.chmod(0o444)
    copied: list[int] = []
    plan = make_plan([OutputFile(PurePosixPath(f"{SERVED}/cats/big.bin"), weights, True)], project, model="Cats")
    apply(plan, copied.append)
    written = project / SERVED / "cats" / "big.bin"
    assert written.read_bytes() == weights.read_bytes()
    assert sum(copied) == 256 * 8192
    assert os.access(written, os.W_OK)


def test_second_run_touches_nothing(project: Path) -> None:
    put(tree(), project)
    before = snapshot(project)
    plan = put(tree(), project)
    assert plan.steps == ()
    assert snapshot(project) == before


def test_same_files_give_the_same_bytes_everywhere(tmp_path: Path) -> None:
    put(tree(), tmp_path / "a")
    put(list(reversed(tree())), tmp_path / "deep" / "er" / "b")
    assert contents(tmp_path / "a") == contents(tmp_path / "deep" / "er" / "b")


def test_manifest_lists_the_files_of_its_folder(project: Path) -> None:
    put(tree(), project)
    listed = json.loads((project / SERVED / ".tfjs-for-unity.json").read_text("utf-8"))
    assert listed["inputs"] == {"Cats": {"model": "cats"}}
    assert set(listed["files"]) == {str(f.path) for f in tree() if str(f.path).startswith(SERVED)}
    assert listed["files"][f"{SERVED}/cats/contract.json"]["models"] == ["Cats"]
    runtime = json.loads((project / RUNTIME / ".tfjs-for-unity.json").read_text("utf-8"))
    assert runtime["inputs"] == {} and "models" not in runtime["files"][f"{RUNTIME}/package.json"]


def test_unedited_files_are_updated(project: Path) -> None:
    put(tree(), project)
    plan = put(tree(version="2"), project)
    assert {str(path) for path in plan.paths(Action.UPDATE)} == {
        f"{RUNTIME}/package.json",
        f"{RUNTIME}/Runtime/Model.cs",
    }
    assert (project / RUNTIME / "Runtime" / "Model.cs").read_text("utf-8").startswith("// 2")


def test_edited_and_foreign_files_are_all_refused_and_nothing_is_written(project: Path) -> None:
    put(tree(), project)
    edited = project / RUNTIME / "Runtime" / "Model.cs"
    edited.write_text("// mine\n", "utf-8")
    foreign = project / SERVED / "cats" / "new.bin"
    foreign.write_bytes(b"theirs")
    before = snapshot(project)
    with pytest.raises(UserError) as error:
        put(tree(version="2", shards=("w.bin", "new.bin")), project)
    assert ids(error) == [("FOREIGN_FILE", str(foreign)), ("FOREIGN_FILE", str(edited))]
    assert snapshot(project) == before


def test_edited_file_is_refused_even_if_the_tool_would_not_change_it(project: Path) -> None:
    put(tree(), project)
    (project / MODELS / "Runtime" / "Cats.cs").write_text("class Cats { int mine; }\n", "utf-8")
    with pytest.raises(UserError) as error:
        make_plan(tree(), project, model="Cats")
    assert ids(error) == [("FOREIGN_FILE", str(project / MODELS / "Runtime" / "Cats.cs"))]


def test_folder_in_place_of_a_file_is_foreign(project: Path) -> None:
    (project / RUNTIME / "package.json").mkdir(parents=True)
    with pytest.raises(UserError) as error:
        put(tree(), project)
    assert ids(error) == [("FOREIGN_FILE", str(project / RUNTIME / "package.json"))]


def test_file_that_is_already_as_wanted_is_adopted(project: Path) -> None:
    put(tree(), project)
    (project / RUNTIME / ".tfjs-for-unity.json").unlink()
    plan = put(tree(), project)
    assert [str(c.path) for c in plan.steps] == [f"{RUNTIME}/.tfjs-for-unity.json"]


def test_deleted_file_comes_back(project: Path) -> None:
    put(tree(), project)
    (project / SERVED / "cats" / "w.bin").unlink()
    assert [str(c.path) for c in put(tree(), project).steps] == [f"{SERVED}/cats/w.bin"]


def test_line_ends_of_git_count_as_unchanged_in_packages(project: Path) -> None:
    put(tree(), project)
    for file in (project / "Packages").rglob("*"):
        if file.is_file():
            file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    before = snapshot(project)
    assert put(tree(), project).steps == ()
    assert snapshot(project) == before


def test_line_ends_of_hashed_files_are_mended(project: Path) -> None:
    put(tree(), project)
    contract = project / SERVED / "cats" / "contract.json"
    good = contract.read_bytes()
    contract.write_bytes(good.replace(b"\n", b"\r\n"))
    put(tree(), project)
    assert contract.read_bytes() == good


def test_binary_files_are_compared_byte_by_byte(project: Path) -> None:
    put(tree(), project)
    shard = project / SERVED / "cats" / "w.bin"
    shard.write_bytes(shard.read_bytes().replace(b"\r\n", b"\n"))
    with pytest.raises(UserError) as error:
        put(tree(), project)
    assert ids(error) == [("FOREIGN_FILE", str(shard))]


def test_meta_rewritten_by_unity_is_left_as_it_is(project: Path) -> None:
    put(tree(), project)
    path = f"{RUNTIME}/package.json"
    (project / f"{path}.meta").write_bytes(meta(path, "  timeCreated: 1\n"))
    before = snapshot(project)
    assert put(tree(), project).steps == ()
    assert snapshot(project) == before


def test_meta_with_another_guid_is_foreign(project: Path) -> None:
    put(tree(), project)
    file = project / RUNTIME / "package.json.meta"
    file.write_bytes(meta("another"))
    with pytest.raises(UserError) as error:
        put(tree(), project)
    assert ids(error) == [("FOREIGN_FILE", str(file))]


def test_untouched_meta_gets_new_importer_settings(project: Path) -> None:
    put(tree(), project)
    path = f"{RUNTIME}/package.json"
    newer = [OutputFile(f.path, meta(path, "  new: 1\n")) if str(f.path) == f"{path}.meta" else f for f in tree()]
    put(newer, project)
    assert b"new: 1" in (project / f"{path}.meta").read_bytes()


def test_stale_files_of_the_model_are_removed_with_their_folders(project: Path) -> None:
    put(tree(shards=("w.bin", "parts/a.bin")), project)
    plan = put(tree(bundle="bbb"), project)
    assert {str(p) for p in plan.paths(Action.REMOVE)} == {
        f"{SERVED}/cats/parts/a.bin",
        f"{SERVED}/cats/parts/a.bin.meta",
        f"{SERVED}/runtime/tfjs-bridge.aaa.js",
        f"{SERVED}/runtime/tfjs-bridge.aaa.js.meta",
    }
    assert not (project / SERVED / "cats" / "parts").exists()
    assert contents(project / SERVED) == contents(written_afresh(project, tree(bundle="bbb")) / SERVED)


def written_afresh(beside: Path, files: list[OutputFile]) -> Path:
    target = beside.parent / "fresh"
    put(files, target)
    return target


def test_stale_package_file_is_removed_whichever_model_wrote_it(project: Path) -> None:
    extra = OutputFile(PurePosixPath(f"{RUNTIME}/Runtime/Old.cs"), b"class Old { }\n")
    put([*tree(), extra], project)
    put(tree("Dogs"), project, "Dogs")
    assert not (project / extra.path).exists()


def test_stale_file_that_was_edited_is_left_and_forgotten(project: Path) -> None:
    put(tree(shards=("w.bin", "old.bin")), project)
    (project / SERVED / "cats" / "old.bin").write_bytes(b"mine now")
    plan = put(tree(), project)
    assert [str(p) for p in plan.paths(Action.LEAVE)] == [f"{SERVED}/cats/old.bin"]
    assert (project / SERVED / "cats" / "old.bin").read_bytes() == b"mine now"
    assert put(tree(), project).paths(Action.LEAVE) == []


def test_second_model_leaves_the_first_in_place(project: Path) -> None:
    put(tree(), project)
    before = snapshot(project)
    plan = put(tree("Dogs"), project, "Dogs")
    after = snapshot(project)
    assert {str(p) for p in plan.paths(Action.CREATE)} == {
        path
        for name in (f"{MODELS}/Runtime/Dogs.cs", f"{SERVED}/dogs/contract.json", f"{SERVED}/dogs/w.bin")
        for path in (name, f"{name}.meta")
    }
    assert all(after[path] == before[path] for path in before if not path.endswith(".tfjs-for-unity.json"))
    listed = json.loads((project / SERVED / ".tfjs-for-unity.json").read_text("utf-8"))
    assert listed["files"][f"{SERVED}/runtime/tfjs-bridge.aaa.js"]["models"] == ["Cats", "Dogs"]


def test_old_bundle_stays_while_a_model_needs_it(project: Path) -> None:
    put(tree(), project)
    put(tree("Dogs", bundle="bbb"), project, "Dogs")
    old = project / SERVED / "runtime" / "tfjs-bridge.aaa.js"
    assert old.exists()
    put(tree(bundle="bbb"), project)
    assert not old.exists() and not Path(f"{old}.meta").exists()


def test_model_whose_files_another_model_holds_is_refused(project: Path) -> None:
    put(tree("CatDog", slug="cat-dog"), project, "CatDog")
    with pytest.raises(UserError) as error:
        put(tree("Cat_Dog", slug="cat-dog"), project, "Cat_Dog")
    kinds = {(p.kind.id, p.params.get("model")) for p in error.value.problems}
    assert kinds == {("NAME_TAKEN", "CatDog")}


@pytest.mark.parametrize(
    "names",
    [["w.bin", "W.bin"], ["a", "a/b"], ["x~"], ["con.bin"], ["a:b"], [".hidden"], ["tail. "]],
)
def test_names_that_some_system_cannot_hold_are_refused(project: Path, names: list[str]) -> None:
    before = snapshot(project)
    with pytest.raises(UserError) as error:
        put(tree(shards=tuple(names)), project)
    assert {p.kind.id for p in error.value.problems} == {"UNUSABLE_PATH"}
    assert snapshot(project) == before


def test_name_that_differs_from_an_existing_one_only_in_case_is_refused(project: Path) -> None:
    (project / "Assets" / "streamingassets").mkdir()
    with pytest.raises(UserError) as error:
        put(tree(), project)
    assert ("UNUSABLE_PATH", "Assets/StreamingAssets") in ids(error)


def test_link_out_of_the_project_is_refused(project: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (project / "Packages").symlink_to(outside, target_is_directory=True)
    with pytest.raises(UserError) as error:
        put(tree(), project)
    assert ids(error) == [("OUTSIDE_PROJECT", str(project / "Packages"))]
    assert list(outside.iterdir()) == []


def test_link_inside_the_project_is_followed(project: Path) -> None:
    (project / "Shared").mkdir()
    (project / "Packages").symlink_to("Shared", target_is_directory=True)
    put(tree(), project)
    assert (project / "Shared" / "com.tfjsbridge.runtime" / "package.json").is_file()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("nonsense", "Invalid JSON"),
        ('{"manifest": 2}', "version 2"),
        ('{"files": {"../../x": {"sha256": "%s"}}}' % ("0" * 64), "is not below"),
        ('{"files": {"Assets/Mine.cs": {"sha256": "%s"}}}' % ("0" * 64), "is not below"),
        ('{"files": {"x": {"sha256": "0"}}}', "64 hex digits"),
        ('{"surplus": 1}', "surplus"),
    ],
)
def test_unreadable_manifest_is_refused(project: Path, text: str, reason: str) -> None:
    put(tree(), project)
    file = project / RUNTIME / ".tfjs-for-unity.json"
    file.write_text(text, "utf-8")
    with pytest.raises(UserError) as error:
        put(tree(version="2"), project)
    assert ids(error) == [("BAD_MANIFEST", str(file))]
    assert reason in str(error.value)


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
    return len(plan.steps) + 1  # one per step, and one for the journal


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
        assert recover(project) == expected, number
        assert contents(project) == before, number
    assert recover(project) == Recovery.NOTHING


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

    patch.setattr("builder.writer.swap._discard", killed_discard)
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
    assert recover(project) == Recovery.UNDONE
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
