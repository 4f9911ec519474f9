"""Many models in one project, and two versions of the tool that meet in it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.commands import SERVED, Shell, make_project
from tests.models import tiny_labels, tiny_model
from tests.processes import generate_arguments, run
from tests.trees import contents, snapshot

OLDER, NEWER = "0.0.9", "9.9.9"


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path, monkeypatch, capsys)


@pytest.mark.parametrize("count", [2, 5, 20])
def test_many_models_live_in_one_project(shell: Shell, count: int) -> None:
    empty, names = contents(shell.project), [f"Model{number}" for number in range(count)]
    for name in names:
        assert shell.generate(name).code == 0
    before = snapshot(shell.project)
    for name in (names[0], names[-1]):
        again = shell.generate(name, "--json")
        assert (again.code, again.json["created"], again.json["updated"], again.json["removed"]) == (0, [], [], [])
        assert shell.generate(name, "--force", "--dry-run").code == 0
    assert shell("upgrade", shell.project).code == 0
    assert snapshot(shell.project) == before
    listed = shell("list", shell.project, "--json").json
    assert {model["name"]: model["state"] for model in listed["models"]} == dict.fromkeys(names, "ok")
    for name in names:
        assert shell("remove", name, "--from", shell.project).code == 0
    assert contents(shell.project) == empty


def test_the_order_of_models_leaves_no_trace(shell: Shell) -> None:
    for name in ("First", "Second", "Third"):
        shell.generate(name)
    one_way = contents(shell.project)
    shell.project = make_project(shell.folder / "other")
    for name in ("Third", "First", "Second"):
        shell.generate(name)
    assert contents(shell.project) == one_way


@pytest.fixture
def model(tmp_path: Path) -> Path:
    tiny_model(tmp_path / "signs")
    (tmp_path / "signs" / "labels.txt").write_text("\n".join(tiny_labels()), "utf-8")
    return tmp_path / "signs"


def generators(project: Path) -> set[str]:
    """What manifests, contracts and the headers of C# files say about who wrote them."""
    said = {json.loads(path.read_text("utf-8"))["generator"] for path in project.rglob(".tfjs-for-unity.json")}
    said |= {json.loads(path.read_text("utf-8"))["generator"] for path in project.rglob("contract.json")}
    heads = (path.read_text("utf-8").splitlines()[0] for path in project.rglob("*.cs"))
    return said | {found for head in heads for found in re.findall(r"tfjs-for-unity \d+\.\d+\.\d+", head)}


def test_a_newer_tool_upgrades_all_and_then_an_older_one_refuses(model: Path, tmp_path: Path) -> None:
    project = make_project(tmp_path / "game")
    for name in ("First", "Second"):
        assert run(*generate_arguments(model, name, project), version=OLDER).code == 0
    assert generators(project) == {f"tfjs-for-unity {OLDER}"}
    newer = run(*generate_arguments(model, "Third", project), version=NEWER)
    assert newer.code == 0
    assert "Made for another runtime, so written anew with it: First, Second\n" in newer.err
    assert generators(project) == {f"tfjs-for-unity {NEWER}"}
    before = snapshot(project)
    for command in (
        generate_arguments(model, "Fourth", project),
        generate_arguments(model, "First", project),
        ["remove", "First", "--from", project],
        ["upgrade", project],
        ["upgrade", project, "--force"],
        ["list", project],
    ):
        refused = run(*command, version=OLDER)
        assert (refused.code, set(refused.problems)) == (2, {"NEWER_PROJECT"}), refused.err
        assert snapshot(project) == before


def test_upgrade_by_a_newer_tool_equals_its_own_generate(model: Path, tmp_path: Path) -> None:
    old, new = make_project(tmp_path / "old"), make_project(tmp_path / "new")
    for name in ("First", "Second"):
        assert run(*generate_arguments(model, name, old), version=OLDER).code == 0
        assert run(*generate_arguments(model, name, new), version=NEWER).code == 0
    assert run("upgrade", old, version=NEWER).code == 0
    assert contents(old) == contents(new)


def git(project: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=tests", "-c", "user.email=tests@example.org", "-c", "core.autocrlf=true"]
    subprocess.run(["git", *identity, *arguments], cwd=project, check=True, capture_output=True)


def test_a_checkout_with_crlf_is_as_good_as_the_original(shell: Shell) -> None:
    for name in ("First", "Second"):
        shell.generate(name)
    served = contents(shell.project / SERVED)
    git(shell.project, "init", "--quiet")
    git(shell.project, "add", "--all", "--force")
    git(shell.project, "commit", "--quiet", "--message", "all")
    for path in ("Assets", "Packages"):
        git(shell.project, "rm", "-r", "--quiet", "--cached", path)
    for file in [file for file in shell.project.rglob("*") if file.is_file() and ".git" not in file.parts]:
        file.unlink()
    git(shell.project, "reset", "--hard", "--quiet")
    wrapper = shell.project / "Packages/com.tfjsbridge.models/Runtime/First.cs"
    assert b"\r\n" in wrapper.read_bytes()
    now = contents(shell.project / SERVED)
    assert [path for path in served if not path.endswith(".meta") and now[path] != served[path]] == []
    before = snapshot(shell.project)
    again = shell.generate("First")
    assert again.code == 0 and "Nothing to do: " in again.err
    assert snapshot(shell.project) == before
    assert shell("upgrade", shell.project).code == 0
    shell.use_runtime("// a newer bundle\n")
    assert shell("upgrade", shell.project).code == 0
    assert shell("remove", "First", "--from", shell.project).code == 0
    assert shell("remove", "Second", "--from", shell.project).code == 0
    assert not list(shell.project.rglob("*.cs"))


@pytest.mark.parametrize("name", ["back\\slash", "Ünï cödé 猫", "a b", "'quoted' \"twice\"", "%20;&|$(x)", "new\nline"])
def test_folders_of_any_name_will_do(shell: Shell, name: str) -> None:
    shell.project = make_project(shell.folder / "projects" / name)
    shell.model = shell.model.rename(shell.folder / name)
    assert shell.generate("Signs").code == 0
    assert shell("list", shell.project).code == 0
    assert shell("upgrade", shell.project).code == 0
    labels = shell.model / "labels.txt"
    plain = shell.folder / "plain"
    nameless = shell("generate", shell.model, "--labels", labels, "--normalize", "unit", "--out", plain)
    assert nameless.code == 0
    assert shell("remove", "Signs", "--from", shell.project).code == 0
