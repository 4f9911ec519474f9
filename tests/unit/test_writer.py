"""The writer on small hand-made trees: what it owns, what it refuses, what it leaves alone."""

from __future__ import annotations

import json
import os
from pathlib import Path, PurePosixPath

import pytest

from builder.errors import UserError
from builder.spec import OutputFile
from builder.writer import Action, Install, Request, apply, make_plan
from tests.trees import MODELS, RUNTIME, SERVED, contents, meta, planned, put, snapshot, tree


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
    big = OutputFile(PurePosixPath(f"{SERVED}/cats/big.bin"), weights, True)
    plan = make_plan(Request(installs=(Install("Cats", (big,)),)), project)
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
        planned(tree(), project)
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
    assert [str(p) for p in plan.edited(Action.LEAVE)] == [f"{SERVED}/cats/old.bin"]
    assert (project / SERVED / "cats" / "old.bin").read_bytes() == b"mine now"
    assert (project / SERVED / "cats" / "old.bin.meta").exists()  # Unity would give it another GUID
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
        ('{"manifest": 0}', "version 0"),
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
