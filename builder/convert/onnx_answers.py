"""An ONNX model's own answers, by onnxruntime on the CPU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.errors import EXTRA_MISSING, SOURCE_FAILED, fail

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
    """The outputs by name for each of `inputs`, which are arrays by ONNX input name, in the ONNX axis order.

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
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]
        types = {port.name: np.dtype(_TYPES.get(port.type, "float32")) for port in session.get_inputs()}
        cast = [
            {name: values.astype(types.get(name, values.dtype)) for name, values in given.items()} for given in inputs
        ]
        return [dict(zip(names, session.run(names, given), strict=True)) for given in cast]
    except Exception as error:  # onnxruntime raises classes of its own for each of its status codes
        reason = f"onnxruntime says: {' '.join(str(error).split())[:300].rstrip('.')}"
        raise fail(SOURCE_FAILED, path, reason=reason) from None
