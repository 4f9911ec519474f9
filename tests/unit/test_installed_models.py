"""list, remove and upgrade, on projects that generate wrote."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.commands import SERVED, Outcome, Shell

CLASSES = Path("Packages/com.tfjsbridge.models/Runtime")


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path, monkeypatch, capsys)


def snapshot(folder: Path) -> dict[str, str]:
    """SHA-256 of every file, by its path."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def states(listed: Outcome) -> dict[str, str]:
    return {model["name"]: model["state"] for model in listed.json["models"]}


def test_list_tells_the_state_of_each_model(shell: Shell) -> None:
    for name in ("First", "Second", "Third"):
        assert shell.generate(name).code == 0
    edited = shell.project / CLASSES / "Second.cs"
    edited.write_text(edited.read_text("utf-8") + "// mine\n", "utf-8")
    (shell.project / SERVED / "third" / "contract.json").unlink()
    before = snapshot(shell.project)
    listed = shell("list", shell.project, "--json")
    assert states(listed) == {"First": "ok", "Second": "edited files", "Third": "missing files"}
    assert listed.json["models"][1]["edited"] == [(CLASSES / "Second.cs").as_posix()]
    assert snapshot(shell.project) == before


def test_list_without_json_is_a_table(shell: Shell) -> None:
    shell.generate("First")
    lines = shell("list", shell.project).out.splitlines()
    assert any(line.split()[:3] == ["First", "first", "48x32"] and line.endswith("ok") for line in lines)


def test_removing_a_model_leaves_the_project_as_if_it_had_never_been_there(shell: Shell) -> None:
    shell.generate("First")
    before = snapshot(shell.project)
    shell.generate("Second")
    assert snapshot(shell.project) != before
    assert shell("remove", "second", "--from", shell.project).code == 0
    assert snapshot(shell.project) == before


def test_removing_the_last_model_leaves_nothing_of_the_tool(shell: Shell) -> None:
    before = snapshot(shell.project)
    shell.generate("First")
    assert shell("remove", "First", "--from", shell.project).code == 0
    assert snapshot(shell.project) == before
    assert (shell.project / "Assets").is_dir()


def test_removing_keeps_an_edited_file_and_names_it(shell: Shell) -> None:
    shell.generate("First")
    edited = shell.project / CLASSES / "First.cs"
    edited.write_text("// mine\n", "utf-8")
    kept = shell("remove", "First", "--from", shell.project)
    assert kept.code == 0
    assert (CLASSES / "First.cs").as_posix() in kept.err
    assert edited.read_text("utf-8") == "// mine\n"


def test_a_dry_run_of_remove_touches_nothing(shell: Shell) -> None:
    shell.generate("First")
    before = snapshot(shell.project)
    outcome = shell("remove", "First", "--from", shell.project, "--dry-run")
    assert outcome.code == 0
    assert f"remove  {(CLASSES / 'First.cs').as_posix()}" in outcome.out.splitlines()
    assert snapshot(shell.project) == before


def test_a_model_that_is_not_there_is_refused_with_those_that_are(shell: Shell) -> None:
    shell.generate("First")
    outcome = shell("remove", "Fist", "--from", shell.project)
    assert (outcome.code, outcome.problems) == (2, ["NO_SUCH_MODEL"])
    assert "Installed are: First (the nearest is First)." in outcome.err


def test_upgrade_equals_a_fresh_generate_of_the_new_version(shell: Shell, tmp_path: Path) -> None:
    for name in ("First", "Second"):
        shell.generate(name)
    shell.use_runtime("// a newer bundle\n")
    assert states(shell("list", shell.project, "--json")) == dict.fromkeys(
        ("First", "Second"), "made for another runtime"
    )
    assert shell("upgrade", shell.project).code == 0
    upgraded = snapshot(shell.project)
    assert len([path for path in upgraded if "/runtime/tfjs-bridge." in path and path.endswith(".js")]) == 1
    for name in ("First", "Second"):
        shell.generate(name)
    assert snapshot(shell.project) == upgraded
    assert states(shell("list", shell.project, "--json")) == {"First": "ok", "Second": "ok"}


def test_upgrade_does_not_overwrite_an_edited_file_without_force(shell: Shell) -> None:
    shell.generate("First")
    edited = shell.project / CLASSES / "First.cs"
    edited.write_text("// mine\n", "utf-8")
    shell.use_runtime("// a newer bundle\n")
    before = snapshot(shell.project)
    refused = shell("upgrade", shell.project)
    assert (refused.code, refused.problems) == (2, ["FOREIGN_FILE"])
    assert snapshot(shell.project) == before
    assert shell("upgrade", shell.project, "--force").code == 0
    assert "class First" in edited.read_text("utf-8")


def test_a_folder_that_is_no_project_is_refused(shell: Shell, tmp_path: Path) -> None:
    for command in (["list"], ["upgrade"], ["remove", "First", "--from"]):
        outcome = shell(*command, tmp_path / "hand signs")
        assert (outcome.code, outcome.problems) == (2, ["NOT_A_PROJECT"])
