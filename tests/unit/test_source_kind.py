"""What kind of model a file is, by its content; the files are made by hand, as each format's description has it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from builder.convert.from_tensorflow import SourceKind, source_kind
from builder.convert.from_tensorflow import kinds as module
from builder.errors import UserError

HDF5 = b"\x89HDF\r\n\x1a\n"
# Field 1 of GraphDef is a node, whose field 1 is its name; SavedModel and ONNX begin with a version number.
GRAPH = b"\x0a\x0c\x0a\x01x\x12\x0bPlaceholder"
SAVED_MODEL = b"\x08\x01\x12\x02\x0a\x00"
ONNX = b"\x08\x08\x12\x07pytorch"


def keras_archive(path: Path, metadata: object) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("metadata.json", json.dumps(metadata))
    return path


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def reason(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        source_kind(path)
    (found,) = caught.value.problems
    assert found.kind.id == "NOT_A_SOURCE"
    return found.what


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (HDF5 + b'{"config": {"batch_input_shape": [null, 8]}}', SourceKind.KERAS_2),
        (HDF5 + b'{"config": {"batch_shape": [null, 8]}}', SourceKind.KERAS_3),
        (HDF5 + b"nothing that is known", SourceKind.KERAS_2),
        (GRAPH, SourceKind.FROZEN_GRAPH),
        (ONNX, SourceKind.ONNX),
    ],
)
def test_files_are_told_by_their_content_whatever_their_name(tmp_path: Path, content: bytes, kind: SourceKind) -> None:
    for name in ("model.h5", "model.pb", "model.onnx", "model"):
        assert source_kind(written(tmp_path / name, content)) is kind


@pytest.mark.parametrize(("version", "kind"), [("2.15.0", SourceKind.KERAS_2), ("3.9.0", SourceKind.KERAS_3)])
def test_keras_archives_state_their_version(tmp_path: Path, version: str, kind: SourceKind) -> None:
    assert source_kind(keras_archive(tmp_path / "model.keras", {"keras_version": version})) is kind


def test_a_saved_model_is_a_folder_or_the_file_in_it(tmp_path: Path) -> None:
    written(tmp_path / "saved_model.pb", SAVED_MODEL)
    assert source_kind(tmp_path) is SourceKind.SAVED_MODEL
    assert source_kind(tmp_path / "saved_model.pb") is SourceKind.SAVED_MODEL


def test_what_is_no_model_is_refused_with_the_reason(tmp_path: Path) -> None:
    assert "no such file" in reason(tmp_path / "missing.h5")
    assert "no saved_model.pb" in reason(tmp_path)
    assert "empty" in reason(written(tmp_path / "empty", b""))
    assert "without its folder" in reason(written(tmp_path / "model.pb", SAVED_MODEL))
    assert "(89 50 4e 47)" in reason(written(tmp_path / "picture.h5", b"\x89PNG\r\n\x1a\n....."))
    (tmp_path / "saved_model.pbtxt").touch()
    assert "text form" in reason(tmp_path)


@pytest.mark.parametrize("metadata", [[], {}, "text", None, {"keras": "3"}])
def test_other_archives_are_no_model(tmp_path: Path, metadata: object) -> None:
    assert "not one that Keras wrote" in reason(keras_archive(tmp_path / "model.keras", metadata))


def test_torn_and_bursting_archives_are_refused(tmp_path: Path) -> None:
    whole = keras_archive(tmp_path / "model.keras", {"keras_version": "3.9.0"}).read_bytes()
    assert "not one that Keras wrote" in reason(written(tmp_path / "torn.keras", whole[:-30]))
    assert "larger than" in reason(keras_archive(tmp_path / "big.keras", {"keras_version": "3" * (1 << 21)}))


def test_large_models_are_refused_by_their_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 20)
    with pytest.raises(UserError) as caught:
        source_kind(written(tmp_path / "model.pb", GRAPH * 2))
    assert caught.value.problems[0].kind.id == "TOO_LARGE"
