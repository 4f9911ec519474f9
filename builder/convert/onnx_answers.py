"""An ONNX model's own answers, by onnxruntime on the CPU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.convert.parity import before
from builder.errors import EXTRA_MISSING, ONNX_REFUSED, SOURCE_FAILED, fail

Array = NDArray[Any]
# TensorFlow.js has fewer types of numbers than ONNX, and arrays come as what it takes.
_TYPES = {
    "tensor(float16)": "float16",
    "tensor(double)": "float64",
    "tensor(uint8)": "uint8",
    "tensor(int8)": "int8",
    "tensor(int32)": "int32",
    "tensor(int64)": "int64",
    "tensor(bool)": "bool",
}


def onnx_answers(path: Path, inputs: Sequence[Mapping[str, Array]]) -> list[dict[str, Array]]:
    """The outputs by name for each of `inputs`, which are arrays by ONNX input name, in the ONNX axis order; and, as
    `before(name)`, the scores that a last softmax makes the probabilities `name` of.

    Raises:
        UserError: EXTRA_MISSING without onnxruntime; SOURCE_FAILED if it does not run the model.
    """
    try:
        import onnxruntime
    except ImportError:
        purpose = "The answers of an ONNX file, which the converted model is compared with, are those of onnxruntime."
        raise fail(EXTRA_MISSING, path, package="onnxruntime", purpose=purpose) from None
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what is wrong is raised, too
    try:
        content, scores = _with_scores(path)
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]
        types = {port.name: np.dtype(_TYPES.get(port.type, "float32")) for port in session.get_inputs()}
        cast = [
            {name: values.astype(types.get(name, values.dtype)) for name, values in given.items()} for given in inputs
        ]
        called = [scores.get(name, name) for name in names]
        return [dict(zip(called, session.run(names, given), strict=True)) for given in cast]
    except Exception as error:  # onnxruntime raises classes of its own for each of its status codes
        raise fail(SOURCE_FAILED, path, reason=f"onnxruntime says: {_said(error)}") from None


def _said(error: Exception) -> str:
    return " ".join(str(error).split())[:300].rstrip(".")


def onnx_outputs(path: Path) -> dict[str, tuple[int, ...]] | None:
    """The shapes of the outputs as onnxruntime infers them, -1 where a size is free; None where it is not installed.

    Nothing is computed, neither for the model's answers nor ahead of them.

    Raises:
        UserError: ONNX_REFUSED if it does not load the model, for example for lack of an operator.
    """
    try:
        import onnxruntime
    except ImportError:
        return None
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise fail(ONNX_REFUSED, path, reason=_said(error)) from None
    return {port.name: tuple(_size(dim) for dim in port.shape) for port in session.get_outputs()}


def _size(dim: object) -> int:
    """It gives a size as a number, and a free one as its name or as nothing."""
    return dim if isinstance(dim, int) and dim > 0 else -1


def _with_scores(path: Path) -> tuple[str | bytes, dict[str, str]]:
    """The model with the inputs of its last softmaxes as further outputs, and what they are called; the file as it is
    where there are none, or where its weights lie in other files."""
    import onnx

    model = onnx.load(str(path), load_external_data=False)
    outputs = {output.name for output in model.graph.output}
    ends = {node.input[0]: before(node.output[0]) for node in model.graph.node if _ends(node, outputs)}
    if not ends or any(weight.external_data for weight in model.graph.initializer):
        return str(path), {}
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in ends if name not in outputs)
    return model.SerializeToString(), ends


def _ends(node: Any, outputs: set[str]) -> bool:  # noqa: ANN401
    return node.op_type == "Softmax" and node.output[0] in outputs and node.input[0] not in outputs
