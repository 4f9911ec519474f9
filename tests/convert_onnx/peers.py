"""Small ONNX models, and the comparison of what TensorFlow.js makes of them with ONNX Runtime."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import ArrayLike, NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from builder.convert.from_onnx import OnnxOptions, convert
from builder.convert.model import ConvertedModel
from tests.convert_onnx.tfjs import Tfjs

Array = NDArray[Any]
Sizes = Sequence[int | str]
NCHW = OnnxOptions(input_layout="NCHW")
RNG_SEED = 20


def rng() -> np.random.Generator:
    return np.random.default_rng(RNG_SEED)


def normal(*shape: int, scale: float = 1.0) -> Array:
    """Seeded random numbers; different shapes get different ones."""
    generator = np.random.default_rng([RNG_SEED, *shape])
    return (generator.normal(size=shape) * scale).astype(np.float32)


def model(
    nodes: Sequence[NodeProto],
    inputs: Mapping[str, Sizes],
    weights: Mapping[str, ArrayLike] | None = None,
    *,
    opset: int = 17,
    outputs: Sequence[str] = ("y",),
    types: Mapping[str, int] | None = None,
) -> ModelProto:
    """A model of these nodes; inputs are float32 unless `types` says otherwise."""
    kinds = types or {}
    graph = helper.make_graph(
        nodes,
        "test",
        [
            helper.make_tensor_value_info(name, kinds.get(name, TensorProto.FLOAT), sizes)
            for name, sizes in inputs.items()
        ],
        [helper.make_empty_tensor_value_info(name) for name in outputs],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in (weights or {}).items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    for output in made.graph.output:
        output.type.tensor_type.elem_type = kinds.get(output.name, TensorProto.FLOAT)
    return made


def node(op: str, inputs: str, outputs: str = "y", **attributes: Any) -> NodeProto:  # noqa: ANN401
    """`node("Conv", "x w")`; a dash is an input that is left out."""
    names = [name.replace("-", "") for name in inputs.split()]
    return helper.make_node(op, names, outputs.split(), **attributes)


def operations(converted: ConvertedModel) -> Counter[str]:
    """How often each operation occurs."""
    return Counter(entry["op"] for entry in converted.document["modelTopology"]["node"])


def reference(made: ModelProto, feeds: Mapping[str, Array]) -> dict[str, Array]:
    """What ONNX Runtime computes, without its own rewriting of the graph."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(made.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, dict(feeds)), strict=True))


class Peers:
    def __init__(self, tfjs: Tfjs, folder: Path) -> None:
        self.tfjs, self.folder = tfjs, folder

    def converted(self, made: ModelProto, options: OnnxOptions = NCHW) -> ConvertedModel:
        path = self.folder / "model.onnx"
        path.write_bytes(made.SerializeToString())
        return convert(path, options)

    def agree(
        self,
        made: ModelProto,
        feeds: Mapping[str, Array],
        *,
        tolerance: float = 1e-5,
        options: OnnxOptions = NCHW,
        constant: bool = False,
    ) -> Counter[str]:
        """Converts and compares; returns the operations of the converted model."""
        converted = self.converted(made, options)
        self.compare(converted, made, feeds, tolerance=tolerance, constant=constant)
        return operations(converted)

    def compare(
        self,
        converted: ConvertedModel,
        made: ModelProto,
        feeds: Mapping[str, Array],
        *,
        tolerance: float,
        constant: bool = False,
    ) -> None:
        """Runs both and compares all outputs.

        `tolerance` is relative to the range of each output. NaN and infinity have to be where the peer has them. An
        output without variation proves nothing and fails, unless the test says that it is `constant`.
        """
        found = self.tfjs.run(converted, feeds)
        for name, expected in reference(made, feeds).items():
            assert found[name].shape == expected.shape, name
            finite = np.asarray(expected, np.float64)[np.isfinite(expected)]
            reach = float(np.ptp(finite)) if finite.size else 0.0
            assert constant or reach > 0 or expected.size < 2, f"{name} does not vary"
            np.testing.assert_allclose(found[name], expected, rtol=0, atol=tolerance * max(reach, 1e-3), equal_nan=True)
