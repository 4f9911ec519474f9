"""Teachable Machine exports and other archives through `generate`: what is said, what is refused."""

from __future__ import annotations

import json
import os
import signal
import tempfile
from pathlib import Path

import pytest

from builder.cli import gathering
from builder.inputs.options import FILE
from tests.archives import folder_entries, teachable_machine, write_zip
from tests.failures.conftest import Run, error_lines
from tests.models import tiny_labels

REASON = "metadata.json names @teachablemachine/image, which crops pictures to the centre and hands them over as -1..1"


@pytest.fixture(autouse=True)
def private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture(params=["folder", "zip"])
def export(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = teachable_machine(tmp_path / "Snacks")
    if request.param == "folder":
        return folder
    return write_zip(tmp_path / "converted_tfjs.zip", folder_entries(folder))


def contract(project: Path, slug: str) -> dict[str, object]:
    path = project / "Assets/StreamingAssets/tfjs-bridge" / slug / "contract.json"
    document: dict[str, object] = json.loads(path.read_text("utf-8"))["model"]
    return document


def test_an_export_works_by_itself(run: Run, export: Path, project: Path, private: Path) -> None:
    outcome = run(export, "--into", project, "--name", "Snacks")
    assert outcome.code == 0, outcome.err
    for line in (
        "resizing       crop [metadata.json], triangle [default]",
        "normalization  value / 127.5 - 1, so 0..255 becomes -1..1 [metadata.json]",
        f"               {REASON}",
        f"classes        3: {', '.join(tiny_labels(3))} [metadata.json]",
    ):
        assert f"{line}\n" in outcome.err
    model = contract(project, "snacks")
    assert model["labels"] == list(tiny_labels(3))
    pre = model["preprocess"]
    assert isinstance(pre, dict)
    assert (pre["fit"], pre["scale"], pre["mean"], pre["std"]) == ("crop", 1 / 127.5, [1.0] * 3, [1.0] * 3)
    assert list(private.iterdir()) == []


def test_without_a_name_the_archive_gives_it(run: Run, export: Path, tmp_path: Path) -> None:
    outcome = run(export, "--out", tmp_path / "out")
    name = "Snacks" if export.is_dir() else "ConvertedTfjs"
    assert outcome.code == 0
    assert f"model          {name} [its folder]" in outcome.err


def test_folder_and_archive_give_the_same_files(run: Run, tmp_path: Path) -> None:
    folder = teachable_machine(tmp_path / "Snacks")
    archive = write_zip(tmp_path / "download.zip", folder_entries(folder, "Snacks/"))
    for model, out in ((folder, "a"), (archive, "b")):
        assert run(model, "--out", tmp_path / out).code == 0
    first, second = (
        {p.relative_to(tmp_path / out): p.read_bytes() for p in (tmp_path / out).rglob("*") if p.is_file()}
        for out in ("a", "b")
    )
    assert set(first) == set(second)
    assert {path.name for path in first if first[path] != second[path]} == {".tfjs-for-unity.json"}


def test_flags_and_file_win_over_the_export(run: Run, export: Path, tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("x\ny\nz", "utf-8")
    place = export if export.is_dir() else export.parent
    (place / FILE).write_text("[preprocess]\nfit = 'letterbox'", "utf-8")
    outcome = run(
        export, "--out", tmp_path / "out", "--normalize", "unit", "--labels", tmp_path / "labels.txt", "--name", "A"
    )
    assert outcome.code == 0
    assert f"resizing       letterbox [{FILE}], triangle [default]\n" in outcome.err
    assert "normalization  value / 255, so 0..255 becomes 0..1 [--normalize]\n" in outcome.err
    assert "classes        3: x, y, z [labels.txt]\n" in outcome.err
    assert REASON not in outcome.err


def test_an_options_file_inside_an_archive_is_not_read(run: Run, tmp_path: Path) -> None:
    folder = teachable_machine(tmp_path / "Snacks")
    (folder / FILE).write_text("[preprocess]\nfit = 'letterbox'\nunknown = 1", "utf-8")
    archive = write_zip(tmp_path / "a.zip", folder_entries(folder))
    outcome = run(archive, "--out", tmp_path / "out", "--name", "A")
    assert outcome.code == 0
    assert "resizing       crop [metadata.json]" in outcome.err


def test_problems_name_the_archive(run: Run, project: Path, tmp_path: Path, private: Path) -> None:
    folder = teachable_machine(tmp_path / "Snacks", labels=["a", "a", 3])
    (folder / "weights.bin").write_bytes(b"short")
    archive = write_zip(tmp_path / "snacks.zip", folder_entries(folder))
    outcome = run(archive, "--into", project)
    assert outcome.code == 2
    inside = archive / "snacks"
    places = [line for line in error_lines(outcome) if line.startswith("  where:")]
    assert places == [
        f"  where: {inside / 'model.json'}: weightsManifest.0",
        f"  where: {inside / 'metadata.json'}: labels.1",
        f"  where: {inside / 'metadata.json'}: labels.2",
    ]
    assert "Traceback" not in outcome.err
    assert (list(private.iterdir()), list((project / "Assets").iterdir())) == ([], [])


def test_what_was_unpacked_goes_when_the_command_is_told_to_end(
    run: Run, tmp_path: Path, private: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = write_zip(tmp_path / "snacks.zip", folder_entries(teachable_machine(tmp_path / "Snacks")))
    seen: list[Path] = []

    def terminated(*_: object) -> None:
        seen.extend(private.iterdir())
        os.kill(os.getpid(), signal.SIGTERM)

    usual = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(gathering, "read_model", terminated)
    try:
        assert run(archive, "--out", tmp_path / "out").code == 128 + signal.SIGTERM
    finally:
        signal.signal(signal.SIGTERM, usual)
    assert (len(seen), list(private.iterdir())) == (1, [])


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        (
            {"labels": ["a", "b"]},
            ["error 301 LABEL_COUNT: There are 2 labels, but the model has 3 outputs."],
        ),
        (
            {"labels": "a,b,c"},
            ["error 300 BAD_LABELS: The labels cannot be used: this is not a list."],
        ),
    ],
)
def test_metadata_that_does_not_fit(
    run: Run, project: Path, tmp_path: Path, change: dict[str, object], lines: list[str]
) -> None:
    outcome = run(teachable_machine(tmp_path / "Snacks", **change), "--into", project)
    assert outcome.code == 2
    assert [line for line in error_lines(outcome) if line.startswith("error")] == lines


def test_labels_of_the_export_that_nobody_wants_are_not_judged(run: Run, tmp_path: Path) -> None:
    folder = teachable_machine(tmp_path / "Snacks", labels=["a", "a", ""])
    (tmp_path / "labels.txt").write_text("x\ny\nz", "utf-8")
    assert run(folder, "--labels", tmp_path / "labels.txt", "--out", tmp_path / "out").code == 0


def test_metadata_that_is_no_json(run: Run, project: Path, tmp_path: Path) -> None:
    folder = teachable_machine(tmp_path / "Snacks")
    (folder / "metadata.json").write_text("{", "utf-8")
    outcome = run(folder, "--into", project)
    assert outcome.code == 2
    assert f"  where: {folder / 'metadata.json'}" in error_lines(outcome)
