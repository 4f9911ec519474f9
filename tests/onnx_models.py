"""The project's tiny network as an ONNX file, built by ONNX's own library from the same weights as `tests.models`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from tests.models import Expected, TinyNet, tiny_net


def tiny_onnx(
    path: Path,
    *,
    size: tuple[int, int] = (48, 32),
    classes: int = 5,
    normalize: str = "signed",
    softmax: bool = True,
    free_batch: bool = True,
    seed: int = 7,
) -> Expected:
    """Writes the network with an input [batch, 3, height, width] named `picture` and an output named `answer`; gives
    float32 [n, h, w, 3] → [n, classes], computed with numpy. `size` is (width, height)."""
    net = tiny_net(size, 3, classes, normalize, seed)
    write_onnx(path, net, size, softmax=softmax, free_batch=free_batch)
    return net.probabilities if softmax else net.logits


def write_onnx(path: Path, net: TinyNet, size: tuple[int, int], *, softmax: bool, free_batch: bool) -> None:
    """`net` as PyTorch's exporter would write it: channels first, features in the order of [filter, row, column]."""
    batch: str | int = "batch" if free_batch else 1
    last = "scores" if softmax else "answer"
    weights = {
        "conv.weight": net.kernel.transpose(3, 2, 0, 1),
        "conv.bias": net.bias,
        "dense.weight": channels_first(net, size).T,
        "dense.bias": net.scores,
    }
    nodes = [
        helper.make_node("Conv", ["picture", "conv.weight", "conv.bias"], ["maps"], "conv", strides=[2, 2]),
        helper.make_node("Relu", ["maps"], ["relu"], "relu"),
        helper.make_node("AveragePool", ["relu"], ["pool"], "pool", kernel_shape=[4, 4], strides=[4, 4]),
        helper.make_node("Flatten", ["pool"], ["flat"], "flat", axis=1),
        helper.make_node("Gemm", ["flat", "dense.weight", "dense.bias"], [last], "dense", transB=1),
        *([helper.make_node("Softmax", ["scores"], ["answer"], "softmax", axis=1)] if softmax else []),
    ]
    inputs = [helper.make_tensor_value_info("picture", TensorProto.FLOAT, [batch, 3, size[1], size[0]])]
    outputs = [helper.make_tensor_value_info("answer", TensorProto.FLOAT, [batch, len(net.scores)])]
    constants = [numpy_helper.from_array(np.ascontiguousarray(value), name) for name, value in weights.items()]
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="tests")
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))


def channels_first(net: TinyNet, size: tuple[int, int]) -> NDArray[np.float32]:
    """The dense weights with their rows in the order of [filter, row, column]."""
    rows, columns = (((side - 3) // 2 + 1) // 4 for side in (size[1], size[0]))
    places = net.dense.reshape(rows, columns, -1, net.dense.shape[1])
    return np.ascontiguousarray(places.transpose(2, 0, 1, 3)).reshape(net.dense.shape)
