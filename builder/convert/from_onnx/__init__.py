"""ONNX → TensorFlow.js graph model, channels last from the start, with `onnx` and `numpy` alone."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from builder.convert.from_onnx.options import OnnxOptions
from builder.convert.model import ConvertedModel
from builder.errors import NO_ONNX_PACKAGE, fail

__all__ = ["OnnxOptions", "convert"]

_DEFAULTS = OnnxOptions()


def convert(path: Path, options: OnnxOptions = _DEFAULTS) -> ConvertedModel:
    """The ONNX model in the file `path` as a graph model; raises UserError with all that is wrong with it.

    Inputs and outputs keep their ONNX names in the signature. A picture's input and every output of four axes are
    stored as [batch, height, width, channels]; `userDefinedMetadata["onnx"]` says for each input and output which ONNX
    axis each stored axis is: `{"inputs": {name: [0, 2, 3, 1]}, "outputs": {name: [0, 1]}}`.
    """
    if find_spec("onnx") is None:
        raise fail(NO_ONNX_PACKAGE, path)
    from builder.convert.from_onnx.converter import converted
    from builder.convert.from_onnx.inputs import read_inputs
    from builder.convert.from_onnx.source import read

    source = read(path)
    return converted(source, read_inputs(source, options))
