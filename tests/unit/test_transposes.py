"""Graphs without their Transposes compute what they computed before; numpy, written anew here, is the judge of both."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from builder.convert.from_tensorflow.transposes import with_fewer_transposes, without_transposes
from builder.convert.model import ConvertedModel
from builder.errors import UserError

Array = NDArray[Any]
FIRST, LAST = (0, 3, 1, 2), (0, 2, 3, 1)


class Net:
    """Builds a graph model; every method returns the name of a tensor."""

    def __init__(self, *shape: int) -> None:
        self.nodes: list[dict[str, Any]] = []
        self.weights: dict[str, Array] = {}
        self.shape = shape
        self.add("Placeholder", shape={"shape": _shape(shape)}, dtype={"type": "DT_FLOAT"})

    def add(self, op: str, *inputs: str, **attributes: object) -> str:
        name = f"n{len(self.nodes)}"
        self.nodes.append(
            {"name": name, "op": op, "input": [*inputs], "attr": {"T": {"type": "DT_FLOAT"}, **attributes}}
        )
        return name

    def const(self, value: object, dtype: str = "float32") -> str:
        name = self.add("Const")
        self.weights[name] = np.array(value, dtype)
        return name

    def transpose(self, x: str, order: tuple[int, ...]) -> str:
        return self.add("Transpose", x, self.const(order, "int32"))

    def model(self, *outputs: str) -> ConvertedModel:
        signature = {
            "inputs": {"x": {"name": "n0:0", "tensorShape": _shape(self.shape)}},
            "outputs": {f"y{index}": {"name": f"{name}:0", "tensorShape": {}} for index, name in enumerate(outputs)},
        }
        # Backwards: nobody promises that nodes stand in the order in which they depend on each other.
        return ConvertedModel({"signature": signature, "modelTopology": {"node": self.nodes[::-1]}}, self.weights)


def _shape(sizes: tuple[int, ...]) -> dict[str, Any]:
    return {"dim": [{"size": str(size)} for size in sizes]}


def ops(model: ConvertedModel) -> list[str]:
    return sorted(node["op"] for node in model.document["modelTopology"]["node"])


def run(model: ConvertedModel, x: Array) -> list[Array]:
    """The outputs, `x` and they in the order of the source."""
    document = model.document
    nodes = {node["name"]: node for node in document["modelTopology"]["node"]}
    metadata = document.get("userDefinedMetadata", {})
    orders = metadata.get("onnx", metadata.get("tensorflow", {})).get("inputs", {})
    values: dict[str, Any] = {"n0": x.transpose(orders["x"]) if orders else x}

    def value(tensor: str) -> Any:  # noqa: ANN401
        name, _, slot = tensor.partition(":")
        if name not in values:
            node = nodes[name]
            arrays = [value(entry) for entry in node.get("input", ())]
            values[name] = model.weights[name] if node["op"] == "Const" else _compute(node, arrays)
        found = values[name]
        return found[int(slot or 0)] if isinstance(found, list) else found

    return [value(info["name"]) for info in document["signature"]["outputs"].values()]


def _compute(node: Mapping[str, Any], arrays: list[Any]) -> Any:  # noqa: ANN401
    first, keep = arrays[0], bool(node["attr"].get("keep_dims", {}).get("b"))
    computed: dict[str, Callable[[], Any]] = {
        "Transpose": lambda: first.transpose(arrays[1]),
        "Relu": lambda: np.maximum(first, 0),
        "Tanh": lambda: np.tanh(first),
        "Identity": lambda: first,
        "AddV2": lambda: first + arrays[1],
        "Mul": lambda: first * arrays[1],
        "Sub": lambda: first - arrays[1],
        "ConcatV2": lambda: np.concatenate(arrays[:-1], int(arrays[-1])),
        "Split": lambda: np.split(arrays[1], 2, int(first)),
        "PadV2": lambda: np.pad(first, arrays[1], constant_values=arrays[2]),
        "Mean": lambda: first.mean(tuple(arrays[1].tolist()), keepdims=keep),
        "Max": lambda: first.max(tuple(arrays[1].tolist()), keepdims=keep),
        "Shape": lambda: np.array(first.shape, np.int32),
        "GatherV2": lambda: first.take(arrays[1], int(arrays[2])),
        "Reshape": lambda: first.reshape(arrays[1]),
        # Stands for all that insist on their axes, as a convolution does.
        "Cumsum": lambda: first.cumsum(int(arrays[1])),
    }
    return computed[node["op"]]()


Pass = Callable[[ConvertedModel], ConvertedModel]


def keeping(model: ConvertedModel) -> ConvertedModel:
    return with_fewer_transposes(model, channels_last=False)


def turning(model: ConvertedModel) -> ConvertedModel:
    return with_fewer_transposes(model, channels_last=True)


def assert_same(model: ConvertedModel, x: Array, change: Pass = without_transposes) -> ConvertedModel:
    found = change(model)
    for before, after in zip(run(model, x), run(found, x), strict=True):
        assert before.shape == after.shape
        np.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-5)
    consts = {node["name"] for node in found.document["modelTopology"]["node"] if node["op"] == "Const"}
    assert consts == found.weights.keys()
    return found


def picture(*shape: int) -> Array:
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


def test_a_block_with_channels_first_has_none_left() -> None:
    net = Net(2, 3, 6, 5)
    x = net.add("Cumsum", net.transpose("n0", LAST), net.const(1, "int32"))
    x = net.add("AddV2", net.transpose(x, FIRST), net.const([[[1]], [[2]], [[3]]]))
    x = net.add("PadV2", net.add("Relu", x), net.const([[0, 0], [0, 0], [1, 2], [3, 4]], "int32"), net.const(-1.5))
    x = net.transpose(net.add("Cumsum", net.transpose(x, LAST), net.const(2, "int32")), FIRST)
    x = net.add("Mean", x, net.const([2, 3], "int32"), keep_dims={"b": True})
    x = net.add("Reshape", x, net.const([2, 3], "int32"))
    found = assert_same(net.model(x), picture(2, 3, 6, 5))
    assert "Transpose" not in ops(found)
    assert found.document["userDefinedMetadata"]["onnx"] == {"inputs": {"x": [0, 2, 3, 1]}, "outputs": {"y0": []}}
    sizes = found.document["signature"]["inputs"]["x"]["tensorShape"]["dim"]
    assert [dim["size"] for dim in sizes] == ["2", "6", "5", "3"]


def test_constants_have_no_leading_axes_of_size_one() -> None:
    """TensorFlow.js' wasm kernels take another way through those, ten times as slow."""
    net = Net(2, 3, 6, 5)
    x = net.add("Cumsum", net.transpose("n0", LAST), net.const(1, "int32"))
    x = net.add("Mul", net.transpose(x, FIRST), net.const(6))
    x = net.add("AddV2", x, net.const([[[1]], [[2]], [[3]]]))
    found = assert_same(net.model(net.add("Relu", x)), picture(2, 3, 6, 5))
    read = {name for node in found.document["modelTopology"]["node"] for name in node.get("input", ())}
    shapes = [array.shape for name, array in found.weights.items() if name in read and array.dtype == np.float32]
    assert sorted(shapes) == [(), (3,)]


def test_a_reshape_that_mixes_axes_gets_its_transpose_back() -> None:
    net = Net(2, 3, 4, 5)
    x = net.add("Tanh", net.transpose(net.add("Cumsum", net.transpose("n0", LAST), net.const(1, "int32")), FIRST))
    found = assert_same(net.model(net.add("Reshape", x, net.const([2, 60], "int32"))), picture(2, 3, 4, 5))
    assert ops(found).count("Transpose") == 1


def test_graphs_with_loops_are_left_alone() -> None:
    net = Net(2, 3)
    model = net.model(net.transpose(net.add("Enter", "n0"), (1, 0)))
    assert without_transposes(model) is keeping(model) is model
    with pytest.raises(UserError, match="its graph has loops or functions"):
        turning(model)


def block(*shape: int) -> Net:
    """Two operations that insist on their axes, with channels first before, between and behind them."""
    net = Net(*shape)
    x = net.add("Cumsum", net.transpose("n0", LAST), net.const(1, "int32"))
    x = net.add("Relu", net.transpose(x, FIRST))
    x = net.transpose(net.add("Cumsum", net.transpose(x, LAST), net.const(2, "int32")), FIRST)
    net.add("Mean", x, net.const([2, 3], "int32"))
    return net


def test_an_input_keeps_its_axes_unless_it_is_to_be_turned() -> None:
    net = block(2, 3, 6, 5)
    model, x = net.model(f"n{len(net.nodes) - 1}"), picture(2, 3, 6, 5)
    assert ops(model).count("Transpose") == 4
    kept = assert_same(model, x, keeping)
    assert (ops(kept).count("Transpose"), "userDefinedMetadata" in kept.document) == (1, False)
    turned = assert_same(model, x, turning)
    assert ops(turned).count("Transpose") == 0
    assert turned.document["userDefinedMetadata"] == {
        "tensorflow": {"inputs": {"x": [0, 2, 3, 1]}, "outputs": {"y0": []}}
    }


def test_a_graph_that_gains_nothing_stays_as_it_is() -> None:
    net = Net(2, 6, 5, 3)
    model = net.model(net.add("Reshape", net.transpose("n0", FIRST), net.const([2, 90], "int32")))
    assert keeping(model) is model


def test_an_input_that_is_no_picture_cannot_be_turned() -> None:
    net = Net(2, 6, 5, 3)
    with pytest.raises(UserError, match="none of its inputs is a picture with its channels first"):
        turning(net.model(net.add("Relu", "n0")))


@given(st.data())
def test_any_graph_computes_what_it_computed(data: st.DataObject) -> None:
    shape = (2, data.draw(st.sampled_from([2, 3])), 4, 2)
    net = Net(*shape)
    x = picture(*shape)
    tensors: list[str] = ["n0"]
    for _ in range(data.draw(st.integers(1, 9))):
        tensors.append(_step(net, data, tensors, x))
    model = net.model(tensors[-1], data.draw(st.sampled_from(tensors)))
    assert_same(model, x)
    assert_same(model, x, keeping)


ORDERS = [*itertools.permutations(range(4))]


def _step(  # noqa: PLR0911 - one for each operation
    net: Net, data: st.DataObject, tensors: list[str], x: Array
) -> str:
    """One more operation, on tensors of four axes that fit it."""
    model = net.model(*tensors)
    shapes = {name: array.shape for name, array in zip(tensors, run(model, x), strict=True)}
    name = data.draw(st.sampled_from(tensors))
    shape, axis = shapes[name], data.draw(st.integers(0, 3))
    same = data.draw(st.sampled_from([other for other in tensors if shapes[other] == shape]))
    kind = data.draw(
        st.sampled_from("transpose transpose transpose unary two const pad concat split reduce sized cumsum".split())
    )
    rng = np.random.default_rng(len(net.nodes))
    if kind == "transpose":
        return net.transpose(name, data.draw(st.sampled_from([FIRST, LAST, *ORDERS])))
    if kind == "unary":
        return net.add(data.draw(st.sampled_from(["Relu", "Tanh", "Identity"])), name)
    if kind == "two":
        return net.add(data.draw(st.sampled_from(["AddV2", "Mul"])), name, same)
    if kind == "const":
        sizes = shape[data.draw(st.integers(0, 4)) :]
        pair = [name, net.const(rng.normal(size=sizes))]
        return net.add("Sub", *(pair if data.draw(st.booleans()) else pair[::-1]))
    if kind == "pad":
        return net.add("PadV2", name, net.const(rng.integers(0, 2, (4, 2)), "int32"), net.const(0.5))
    if kind == "concat":
        return net.add("ConcatV2", name, same, net.const(axis - data.draw(st.sampled_from([0, 4])), "int32"))
    if kind == "split" and shape[axis] % 2 == 0:
        split = net.add("Split", net.const(axis, "int32"), name)
        return net.add("Relu", f"{split}:1") if data.draw(st.booleans()) else net.transpose(f"{split}:1", LAST)
    if kind == "reduce":
        axes = data.draw(st.sets(st.integers(0, 3), min_size=1, max_size=2))
        keep = {"keep_dims": {"b": True}}
        return net.add(data.draw(st.sampled_from(["Mean", "Max"])), name, net.const([*axes], "int32"), **keep)
    if kind == "sized":
        return net.add("Reshape", name, net.add("Shape", name))
    return net.add("Cumsum", name, net.const(axis, "int32"))


def test_a_reduction_that_drops_axes_keeps_the_order_of_the_rest() -> None:
    for order, gone in itertools.product(ORDERS, ([0], [3], [1, 2], [0, 2])):
        net = Net(2, 3, 4, 5)
        x = net.add("Mean", net.transpose("n0", order), net.const(gone, "int32"))
        assert_same(net.model(net.add("Relu", x)), picture(2, 3, 4, 5))
