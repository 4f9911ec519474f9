"""What a user hands over: a TensorFlow.js model as it is, or one that has to be converted; told by content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from builder.convert.formats import archived, is_tfjs, start_of
from builder.convert.from_tensorflow.kinds import SourceKind, model_path, source_kind
from builder.errors import UNKNOWN_SOURCE, UserError, fail

NAMES: Mapping[SourceKind, str] = {
    SourceKind.ONNX: "ONNX",
    SourceKind.KERAS_2: "Keras 2",
    SourceKind.KERAS_3: "Keras 3",
    SourceKind.SAVED_MODEL: "TensorFlow SavedModel",
    SourceKind.FROZEN_GRAPH: "frozen TensorFlow graph",
}


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
    start = start_of(path)
    if start[4:8] == b"TFL3":
        remedy = "Give the Keras or SavedModel that the TensorFlow Lite file was made from."
        raise _unknown(path, "TensorFlow Lite files cannot be turned back", remedy)
    if "data.pkl" in archived(path, start):
        remedy = "In PyTorch, call torch.onnx.export(model, example, 'model.onnx') and give that file."
        raise _unknown(path, "it was saved by PyTorch, whose files hold code", remedy)
    return Source(source_kind(path), model_path(path))


def _unknown(path: Path, reason: str, remedy: str) -> UserError:
    return fail(UNKNOWN_SOURCE, path, reason=reason, remedy=remedy)
