"""Keras, SavedModel, frozen graphs, and ONNX by onnx-tf → TensorFlow.js graph models.

TensorFlow itself is imported nowhere in this package. It lies in environments of its own (`toolchain install`), and the
worker that runs there is asked over a small protocol.
"""

from __future__ import annotations

from builder.convert.from_tensorflow.kinds import SourceKind, source_kind

__all__ = ["SourceKind", "source_kind"]  # what does the work is in `route`: ONNX files go without it
