"""Frozen graphs are read back by Protocol Buffers' own library, by TensorFlow's field numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from builder.convert.folder import read_folder
from builder.convert.graphdef import Frozen, Inexpressible, frozen
from builder.convert.model import ConvertedModel
from tests.models import tiny_model

_KINDS = {"int64": 3, "int32": 5, "bool": 8, "string": 9, "message": 11, "bytes": 12, "float": 2}
# Fields of TensorFlow's messages: name, number, kind or message, repeated.
MESSAGES: dict[str, list[tuple[str, int, str, bool]]] = {
    "Dim": [("size", 1, "int64", False)],
    "Shape": [("dim", 2, "Dim", True), ("unknown_rank", 3, "bool", False)],
    "Tensor": [("dtype", 1, "int32", False), ("shape", 2, "Shape", False), ("content", 4, "bytes", False)],
    "List": [
        ("s", 2, "bytes", True),
        ("i", 3, "int64", True),
        ("f", 4, "float", True),
        ("b", 5, "bool", True),
        ("type", 6, "int32", True),
        ("shape", 7, "Shape", True),
    ],
    "Value": [
        ("list", 1, "List", False),
        ("s", 2, "bytes", False),
        ("i", 3, "int64", False),
        ("f", 4, "float", False),
        ("b", 5, "bool", False),
        ("type", 6, "int32", False),
        ("shape", 7, "Shape", False),
        ("tensor", 8, "Tensor", False),
    ],
    "Entry": [("key", 1, "string", False), ("value", 2, "Value", False)],
    "Node": [
        ("name", 1, "string", False),
        ("op", 2, "string", False),
        ("input", 3, "string", True),
        ("attr", 5, "Entry", True),
    ],
    "Versions": [("producer", 1, "int32", False)],
    "Graph": [("node", 1, "Node", True), ("versions", 4, "Versions", False)],
}


def _graph_class() -> Any:  # noqa: ANN401
    file = descriptor_pb2.FileDescriptorProto(name="tests/graph.proto", package="tests", syntax="proto2")
    for message, fields in MESSAGES.items():
        made = file.message_type.add(name=message)
        for name, number, kind, repeated in fields:
            field = made.field.add(name=name, number=number, label=3 if repeated else 1)
            field.type = _KINDS.get(kind, 11)
            if kind in MESSAGES:
                field.type_name = f".tests.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("tests.Graph"))


GRAPH = _graph_class()


class Read:
    """A GraphDef, read back."""

    def __init__(self, made: Frozen) -> None:
        graph = GRAPH.FromString(made.content)
        self.producer = graph.versions.producer
        self.nodes = {node.name: node for node in graph.node}
        self.ops = [node.op for node in graph.node]

    def attributes(self, name: str) -> dict[str, Any]:
        return {entry.key: entry.value for entry in self.nodes[name].attr}

    def upwards(self, name: str) -> list[str]:
        """The operations from a node back to an input, along the first inputs."""
        node = self.nodes[name]
        return [node.op, *(self.upwards(node.input[0].partition(":")[0]) if node.input else [])]


def loaded(folder: Path) -> ConvertedModel:
    document = json.loads((folder / "model.json").read_text("utf-8"))
    return read_folder(document, [folder / name for name in document["weightsManifest"][0]["paths"]])


def test_a_graph_model_is_written_node_by_node(tmp_path: Path) -> None:
    tiny_model(tmp_path, format="graph")
    model = loaded(tmp_path)
    made = frozen(model)
    read = Read(made)
    assert read.producer > 1000
    assert read.upwards(made.outputs["classes"]) == [
        "Identity", "Softmax", "BiasAdd", "MatMul", "Reshape", "AvgPool", "Relu", "BiasAdd", "Conv2D", "Placeholder",
    ]  # fmt: skip
    shape = read.attributes(made.inputs["image"])["shape"].shape
    assert [dim.size for dim in shape.dim] == [-1, 32, 48, 3]
    conv = next(node for node in read.nodes.values() if node.op == "Conv2D")
    attributes = read.attributes(conv.name)
    assert list(attributes["strides"].list.i) == [1, 2, 2, 1] and attributes["padding"].s == b"VALID"
    kernel = read.attributes(conv.input[1])["value"].tensor
    values = np.frombuffer(kernel.content, np.float32).reshape([dim.size for dim in kernel.shape.dim])
    np.testing.assert_array_equal(values, model.weights["conv/kernel"])
    assert kernel.dtype == 1


def node(name: str, op: str, *inputs: str, **attributes: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"name": name, "op": op, "input": list(inputs), "attr": {"T": {"type": "DT_FLOAT"}, **attributes}}


def model_of(*nodes: dict[str, Any], output: str) -> ConvertedModel:
    """With an input `x`, a weight `w` and a weight `b`."""
    dtype = {"dtype": {"type": "DT_FLOAT"}}
    start = [
        {"name": "x y", "op": "Placeholder", "attr": {**dtype, "shape": {"shape": {"unknownRank": True}}}},
        *({"name": name, "op": "Const", "attr": dtype} for name in ("w", "b")),
    ]
    info = {"dtype": "DT_FLOAT", "tensorShape": {}}
    signature = {"inputs": {"x": {"name": "x y:0", **info}}, "outputs": {"out": {"name": output, **info}}}
    weights = {"w": np.ones((2, 2), np.float32), "b": np.ones(2, np.float32)}
    return ConvertedModel({"signature": signature, "modelTopology": {"node": [*start, *nodes]}}, weights)


def fused(*steps: str) -> dict[str, Any]:
    import base64

    texts = [base64.b64encode(step.encode()).decode() for step in steps]
    return {
        "fused_ops": {"list": {"s": texts}},
        "num_args": {"i": "1"},
        "epsilon": {"f": 0.0},
        "transpose_a": {"b": False},
    }


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (["BiasAdd"], ["BiasAdd"]),
        (["BiasAdd", "Relu"], ["Relu", "BiasAdd"]),
        (["BiasAdd", "LeakyRelu"], ["LeakyRelu", "BiasAdd"]),
        (["BiasAdd", "Prelu"], ["Sub", "Relu", "BiasAdd"]),
    ],
)
def test_fused_operations_are_taken_apart(steps: list[str], expected: list[str]) -> None:
    made = frozen(model_of(node("f", "_FusedMatMul", "x y", "w", "b", "b", **fused(*steps)), output="f:0"))
    read = Read(made)
    assert read.upwards(made.outputs["out"]) == ["Identity", *expected, "MatMul", "Placeholder"]
    product = next(node for node in read.nodes.values() if node.op == "MatMul")
    assert set(read.attributes(product.name)) == {"T", "transpose_a"}
    if "LeakyRelu" in steps:
        leaky = next(node for node in read.nodes.values() if node.op == "LeakyRelu")
        assert read.attributes(leaky.name)["alpha"].f == pytest.approx(0.2)


def test_second_outputs_control_inputs_and_names_survive() -> None:
    nodes = (node("top", "TopKV2", "x y", "w"), node("last one", "Neg", "top:1", "^b"))
    made = frozen(model_of(*nodes, output="last one"))
    read = Read(made)
    negative = read.nodes[read.nodes[made.outputs["out"]].input[0]]
    (first, second) = negative.input
    assert first.endswith(":1") and read.nodes[first[:-2]].op == "TopKV2"
    assert second.startswith("^") and read.nodes[second[1:]].op == "Const"
    assert read.attributes(made.inputs["x"])["shape"].shape.unknown_rank
    assert all(" " not in name for name in read.nodes)


def test_what_tensorflow_lacks_is_said() -> None:
    with pytest.raises(Inexpressible, match="fuses Swish"):
        frozen(model_of(node("f", "_FusedMatMul", "x y", "w", "b", **fused("Swish")), output="f"))
    strange = {"name": "q", "op": "Cast", "input": ["x y"], "attr": {"SrcT": {"type": "DT_RESOURCE"}}}
    with pytest.raises(Inexpressible, match="DT_RESOURCE"):
        frozen(model_of(strange, output="q"))
    calling = model_of(node("n", "Neg", "x y"), output="n")
    calling.document["modelTopology"]["library"] = {"function": [{}]}
    with pytest.raises(Inexpressible, match="calls functions"):
        frozen(calling)
