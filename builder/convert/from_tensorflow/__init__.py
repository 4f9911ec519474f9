"""Keras, SavedModel, frozen graphs, and ONNX by onnx-tf → TensorFlow.js graph models.

TensorFlow itself is imported nowhere in this package. It lies in environments of its own (`toolchain install`), and the
worker that runs there is asked over a small protocol.
"""

from __future__ import annotations

from builder.convert.from_tensorflow.kinds import SourceKind, source_kind
from builder.convert.from_tensorflow.route import Described, convert, describe, predict

__all__ = ["Described", "SourceKind", "convert", "describe", "predict", "source_kind"]
