"""What a user hands over: a TensorFlow.js model as it is, or one that has to be converted; told by content."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from builder.convert.from_tensorflow.kinds import SourceKind, model_path, source_kind
from builder.errors import UNKNOWN_SOURCE, UserError, fail

NAMES: Mapping[SourceKind, str] = {
    SourceKind.ONNX: "ONNX",
    SourceKind.KERAS_2: "Keras 2",
    SourceKind.KERAS_3: "Keras 3",
    SourceKind.SAVED_MODEL: "TensorFlow SavedModel",
    SourceKind.FROZEN_GRAPH: "frozen TensorFlow graph",
}
_ZIP = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Source:
    """A model to convert; `path` is the file, or the folder of a SavedModel."""

    kind: SourceKind
    path: Path

    @property
    def name(self) -> str:
        """The kind in words."""
        return NAMES[self.kind]


def find_source(path: Path) -> Source:
    """The model at `path`.

    Raises:
        UserError: UNKNOWN_SOURCE for TensorFlow.js models, and for other known formats that are no source, with what to
        do; NOT_A_SOURCE, TOO_LARGE.
    """
    if is_tfjs(path):
        remedy = "Give it to `generate` as it is; `quantize` makes its weights smaller."
        raise _unknown(path, "it is a TensorFlow.js model already", remedy)
    start = _start(path)
    if start[4:8] == b"TFL3":
        remedy = "Give the Keras or SavedModel that the TensorFlow Lite file was made from."
        raise _unknown(path, "TensorFlow Lite files cannot be turned back", remedy)
    if "data.pkl" in _archived(path, start):
        remedy = "In PyTorch, call torch.onnx.export(model, example, 'model.onnx') and give that file."
        raise _unknown(path, "it was saved by PyTorch, whose files hold code", remedy)
    return Source(source_kind(path), model_path(path))


def is_tfjs(path: Path) -> bool:
    """True for a folder with model.json, a JSON file, or a ZIP that holds a model.json."""
    if path.is_dir():
        return (path / "model.json").is_file() and not (path / "saved_model.pb").is_file()
    start = _start(path)
    return start.lstrip()[:1] == b"{" or "model.json" in _archived(path, start)


def _start(path: Path) -> bytes:
    """Nothing for what cannot be read, which is left to others to say."""
    try:
        with path.open("rb") as file:
            return file.read(16)
    except OSError:
        return b""


def _archived(path: Path, start: bytes) -> set[str]:
    """The names of the files in a ZIP, without their folders; none for what is no ZIP."""
    if not start.startswith(_ZIP):
        return set()
    try:
        with zipfile.ZipFile(path) as archive:
            return {name.rpartition("/")[2] for name in archive.namelist()}
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        return set()


def _unknown(path: Path, reason: str, remedy: str) -> UserError:
    return fail(UNKNOWN_SOURCE, path, reason=reason, remedy=remedy)
