"""What is converted, what is used as it is, and what is neither; kinds are told by content."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from builder.convert.formats import is_tfjs
from builder.convert.from_tensorflow.kinds import SourceKind
from builder.convert.sources import find_source
from builder.errors import NOT_A_SOURCE, UNKNOWN_SOURCE, UserError
from tests.models import tiny_model
from tests.onnx_models import tiny_onnx


@pytest.mark.parametrize("name", ["model.onnx", "model.bin", "saved_model.h5"])
def test_an_onnx_file_is_one_whatever_its_name(tmp_path: Path, name: str) -> None:
    tiny_onnx(tmp_path / name)
    found = find_source(tmp_path / name)
    assert (found.kind, found.path, found.name) == (SourceKind.ONNX, tmp_path / name, "ONNX")


def test_the_file_of_a_saved_model_stands_for_its_folder(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"\x08\x01\x12\x00")
    for path in (tmp_path, tmp_path / "saved_model.pb"):
        found = find_source(path)
        assert (found.kind, found.path) == (SourceKind.SAVED_MODEL, tmp_path)


def archive(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as opened:
        for name in names:
            opened.writestr(name, "{}")
    return path


def test_tensorflow_js_models_are_used_as_they_are(tmp_path: Path) -> None:
    tiny_model(tmp_path / "model")
    for path in (
        tmp_path / "model",
        tmp_path / "model" / "model.json",
        archive(tmp_path / "m.zip", "export/model.json"),
    ):
        assert is_tfjs(path)
        with pytest.raises(UserError) as caught:
            find_source(path)
        (found,) = caught.value.problems
        assert found.kind is UNKNOWN_SOURCE and "TensorFlow.js" in found.what and "generate" in found.next_step


def test_known_formats_that_are_no_source_are_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "lite").write_bytes(b"\x1c\0\0\0TFL3" + bytes(9))
    cases = {tmp_path / "lite": "SavedModel", archive(tmp_path / "net.pt", "net/data.pkl"): "torch.onnx.export"}
    for path, remedy in cases.items():
        assert not is_tfjs(path)
        with pytest.raises(UserError) as caught:
            find_source(path)
        (found,) = caught.value.problems
        assert found.kind is UNKNOWN_SOURCE and remedy in found.next_step


@pytest.mark.parametrize("content", [b"", bytes(99), b"hello, this is text", b"PK\x03\x04" + bytes(30)])
def test_anything_else_is_no_source(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.onnx").write_bytes(content)
    for path in (tmp_path / "model.onnx", tmp_path / "nothing.onnx", tmp_path):
        assert not is_tfjs(path)
        with pytest.raises(UserError) as caught:
            find_source(path)
        assert [found.kind for found in caught.value.problems] == [NOT_A_SOURCE]
