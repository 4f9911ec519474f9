"""Disks that are full or read-only, and users without rights: real mounts, real users, one error, nothing changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.commands import Outcome, make_project
from tests.disks import Disk, as_nobody, small_disk
from tests.models import tiny_labels, tiny_model
from tests.processes import generate_arguments, large_model, run
from tests.trees import contents

IN_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
NO_SPACE = "No space left on device"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return large_model(tmp_path_factory.mktemp("models") / "signs", classes=400)


@pytest.fixture
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    with small_disk(tmp_path / "disk", request.param) as mounted:
        yield mounted


def assert_refused(outcome: Outcome, reason: str) -> None:
    """One error of the catalogue, exit code 2, no traceback."""
    assert (outcome.code, outcome.problems) == (2, ["NOT_WRITABLE"]), outcome.err
    assert f"The files could not be written: {reason}." in outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize("disk", ["size=1m", "size=2500k", "size=3m"], indirect=True)
def test_a_disk_that_fills_up_leaves_the_project_as_it_was(disk: Disk, model: Path) -> None:
    make_project(disk.seen / "game")
    before = contents(disk.seen)
    assert_refused(disk.run(*generate_arguments(model, "Signs", disk.place / "game")), NO_SPACE)
    assert contents(disk.seen) == before


def test_a_disk_without_room_for_another_folder_undoes_what_was_swapped(model: Path, tmp_path: Path) -> None:
    assert run(*generate_arguments(model, "Signs", make_project(tmp_path / "roomy"))).code == 0
    found = contents(tmp_path / "roomy")
    folders = sum(content is None for content in found.values())
    # All files and their folders fit into the stage, half of the folders into the project.
    with small_disk(tmp_path / "disk", f"size=64m,nr_inodes={len(found) + folders // 2 + 6}") as disk:
        make_project(disk.seen / "game")
        before = contents(disk.seen)
        outcome = disk.run(*generate_arguments(model, "Signs", disk.place / "game"))
        assert_refused(outcome, NO_SPACE)
        assert f"  where: {disk.place}/game/Packages" in outcome.err
        assert contents(disk.seen) == before


@pytest.mark.parametrize("disk", ["size=24m"], indirect=True)
@pytest.mark.parametrize("command", ["generate", "remove", "upgrade"])
def test_a_disk_without_a_single_byte(disk: Disk, model: Path, command: str) -> None:
    project, seen = disk.place / "game", make_project(disk.seen / "game")
    assert disk.run(*generate_arguments(model, "Signs", project)).code == 0
    age(seen)
    disk.fill()
    before = contents(seen)
    arguments = {
        "generate": generate_arguments(model, "Other", project),
        "remove": ["remove", "Signs", "--from", project],
        "upgrade": ["upgrade", project],
    }[command]
    assert_refused(disk.run(*arguments), NO_SPACE)
    assert contents(seen) == before


def age(project: Path) -> None:
    """Makes the packages look like those of an older version, as far as `upgrade` can tell."""
    for manifest in project.rglob(".tfjs-for-unity.json"):
        manifest.write_text(
            manifest.read_text("utf-8").replace("tfjs-for-unity 0.1.0", "tfjs-for-unity 0.0.9"), "utf-8"
        )


@pytest.mark.parametrize("disk", ["size=1m"], indirect=True)
def test_a_full_disk_gets_no_new_folder(disk: Disk, model: Path) -> None:
    assert_refused(disk.run(*generate_arguments(model, "Signs", disk.place / "new" / "plug-in", "--out")), NO_SPACE)
    assert contents(disk.seen) == {}


@pytest.mark.parametrize("disk", ["size=24m"], indirect=True)
def test_a_read_only_disk_may_be_looked_at_and_not_changed(disk: Disk, model: Path) -> None:
    project = disk.place / "game"
    make_project(disk.seen / "game")
    same = generate_arguments(model, "Signs", project)
    assert disk.run(*same).code == 0
    disk.set_read_only()
    before = contents(disk.seen)
    assert_refused(disk.run(*generate_arguments(model, "Other", project)), "Read-only file system")
    assert_refused(disk.run("remove", "Signs", "--from", project), "Read-only file system")
    for harmless in (
        same,
        ["list", project],
        ["upgrade", project],
        ["remove", "Signs", "--from", project, "--dry-run"],
    ):
        assert disk.run(*harmless).code == 0, harmless
    assert contents(disk.seen) == before


Forbid = Callable[[Path], Path]


def whole_project(project: Path) -> Path:
    return project


def served_files(project: Path) -> Path:
    return project / "Assets" / "StreamingAssets"


def class_files(project: Path) -> Path:
    return project / "Packages" / "com.tfjsbridge.models" / "Runtime"


@pytest.fixture
def small() -> Iterator[Path]:
    """A small model, a project with that model in it, and everybody allowed to look at and to change all of it."""
    with TemporaryDirectory(dir=IN_MEMORY) as name:  # pytest's own folders are closed to other users
        folder = Path(name)
        tiny_model(folder / "signs")
        (folder / "signs" / "labels.txt").write_text("\n".join(tiny_labels()), "utf-8")
        assert run(*generate_arguments(folder / "signs", "Signs", make_project(folder / "game"))).code == 0
        for place in (folder, *folder.rglob("*")):
            place.chmod(0o777)
        yield folder


def rehearsal(folder: Path) -> list[object]:
    return generate_arguments(folder / "signs", "Other", folder / "rehearsal", "--out")


@pytest.mark.parametrize("place", [whole_project, served_files, class_files])
@pytest.mark.parametrize("command", ["generate", "remove"])
def test_a_user_who_may_not_write_changes_nothing(small: Path, place: Forbid, command: str) -> None:
    project = small / "game"
    for folder in (place(project), *(path for path in place(project).rglob("*") if path.is_dir())):
        folder.chmod(0o555)
    before = contents(project)
    new = generate_arguments(small / "signs", "Other", project)
    arguments = new if command == "generate" else ["remove", "Signs", "--from", project]
    assert_refused(as_nobody(rehearsal(small), *arguments), "Permission denied")
    assert contents(project) == before


PACKAGE = "game/Packages/com.tfjsbridge.runtime"


@pytest.mark.parametrize(
    ("command", "path", "expected"),
    [
        ("generate", "signs", "UNREADABLE_FILE signs/tfjs-for-unity.toml"),
        ("generate", "signs/model.json", "BAD_JSON signs/model.json"),
        ("generate", "signs/group1-shard1of1.bin", "UNREADABLE_FILE signs/group1-shard1of1.bin"),
        ("generate", "signs/labels.txt", "BAD_LABELS signs/labels.txt"),
        ("generate", "game", "UNREADABLE_FILE game/Assets"),
        ("generate", "game/ProjectSettings", "UNREADABLE_FILE game/ProjectSettings/ProjectVersion.txt"),
        (
            "generate",
            "game/ProjectSettings/ProjectVersion.txt",
            "UNREADABLE_FILE game/ProjectSettings/ProjectVersion.txt",
        ),
        ("generate", "game/Packages", "NOT_WRITABLE game/Packages"),
        ("generate", f"{PACKAGE}/Runtime/Model.cs", f"NOT_WRITABLE {PACKAGE}/Runtime/Model.cs"),
        ("upgrade", "game", "UNREADABLE_FILE game/Assets"),
        ("upgrade", f"{PACKAGE}/.tfjs-for-unity.json", f"NOT_WRITABLE {PACKAGE}/.tfjs-for-unity.json"),
    ],
)
def test_what_may_not_even_be_read_is_named(small: Path, command: str, path: str, expected: str) -> None:
    before = contents(small / "game")
    (small / path).chmod(0)
    new = generate_arguments(small / "signs", "Other", small / "game")
    outcome = as_nobody(rehearsal(small), *(new if command == "generate" else ["upgrade", small / "game"]))
    (small / path).chmod(0o777)
    kind, _, place = expected.partition(" ")
    assert (outcome.code, outcome.problems) == (2, [kind]), outcome.err
    assert f"  where: {small / place}\n" in outcome.err
    assert contents(small / "game") == before
