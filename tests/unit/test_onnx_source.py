"""What may be wrong with an ONNX file, and which of it is refused with what words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import FunctionProto, ModelProto, TensorProto, external_data_helper, helper, numpy_helper

from builder.convert.from_onnx import OnnxOptions, convert
from builder.convert.model import ConvertedModel
from builder.errors import UserError


def network(opset: int = 17, shape: tuple[int | str, ...] = (1, 3, 8, 8)) -> ModelProto:
    """y = Relu(Conv(x, w))."""
    weights = np.random.default_rng(0).normal(size=(4, 3, 3, 3)).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "w"], ["c"], name="conv"), helper.make_node("Relu", ["c"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(weights, "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])


def converted(folder: Path, model: ModelProto | bytes, options: OnnxOptions | None = None) -> ConvertedModel:
    path = folder / "model.onnx"
    path.write_bytes(model if isinstance(model, bytes) else model.SerializeToString())
    return convert(path, options or OnnxOptions())


def refused(folder: Path, model: ModelProto | bytes, options: OnnxOptions | None = None) -> list[str]:
    """What the errors say, as `ID: text`."""
    with pytest.raises(UserError) as error:
        converted(folder, model, options)
    return [f"{found.kind.id}: {found.what}" for found in error.value.problems]


def test_a_sound_model_converts(tmp_path: Path) -> None:
    found = converted(tmp_path, network())
    assert found.document["signature"]["inputs"]["x"]["tensorShape"] == {"dim": [{"size": s} for s in "1883"]}
    assert found.document["userDefinedMetadata"]["onnx"] == {
        "inputs": {"x": [0, 2, 3, 1]},
        "outputs": {"y": [0, 2, 3, 1]},
    }
    assert {array.dtype for array in found.weights.values()} == {np.dtype(np.float32)}


def test_the_same_file_gives_the_same_model(tmp_path: Path) -> None:
    first, second = converted(tmp_path, network()), converted(tmp_path, network())
    assert first.document == second.document
    assert list(first.weights) == list(second.weights)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file"):
        convert(tmp_path / "none.onnx")


def test_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="it is not a file"):
        convert(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\x00" * 64, b"PK\x03\x04 not this", b"{}", b"\x08"], ids=repr)
def test_other_content(tmp_path: Path, content: bytes) -> None:
    assert refused(tmp_path, content)[0].startswith("NOT_ONNX")


def test_a_file_cut_short_anywhere(tmp_path: Path) -> None:
    whole = network().SerializeToString()
    for length in range(0, len(whole), 7):
        found = refused(tmp_path, whole[:length])
        assert all(text.startswith(("NOT_ONNX", "ONNX_")) for text in found), length


def test_bytes_changed_anywhere_give_a_model_or_an_error(tmp_path: Path) -> None:
    whole, generator = network().SerializeToString(), np.random.default_rng(1)
    outcomes = set()
    for _ in range(400):
        changed = bytearray(whole)
        for place in generator.integers(0, len(whole), 3):
            changed[place] = generator.integers(0, 256)
        try:
            converted(tmp_path, bytes(changed))
            outcomes.add("converted")
        except UserError:
            outcomes.add("refused")
    assert outcomes == {"converted", "refused"}


Change = Callable[[ModelProto], object]


def circle(model: ModelProto) -> None:
    model.graph.node[0].input[0] = "y"


def twice(model: ModelProto) -> None:
    model.graph.node[1].output[0] = "c"


def huge(model: ModelProto) -> None:
    del model.graph.initializer[0].dims[:]
    model.graph.initializer[0].dims.extend([1 << 40, 1 << 20])


def huge_fill(model: ModelProto) -> None:
    model.graph.initializer.append(numpy_helper.from_array(np.asarray([1 << 20, 1 << 20, 64]), "s"))
    model.graph.node.insert(0, helper.make_node("ConstantOfShape", ["s"], ["big"]))
    model.graph.node[-1].op_type = "Add"
    model.graph.node[-1].input.append("big")


def negative(model: ModelProto) -> None:
    model.graph.initializer[0].dims[0] = -4


FLAWS: list[tuple[Change, str]] = [
    (circle, "before it is there: the graph runs in a circle, or its nodes are out of order"),
    (twice, "the value 'c' has several producers"),
    (huge, "claims more|needs"),
    (negative, "it has a negative size"),
    (huge_fill, "67108864 are the most"),
    (lambda m: m.graph.node[0].input.__setitem__(1, "v"), "reads 'v' before it is there: nothing makes it"),
    (lambda m: m.graph.output[0].__setattr__("name", "z"), "nothing makes its output 'z'"),
    (lambda m: m.graph.initializer[0].__setattr__("raw_data", b"1234"), "needs 432 bytes, 4 are there"),
    (lambda m: m.graph.initializer[0].__setattr__("data_type", TensorProto.STRING), "element type"),
    (lambda m: m.opset_import[0].__setattr__("version", 6), "The model uses ONNX opset 6"),
    (lambda m: m.opset_import[0].__setattr__("version", 999), "The model uses ONNX opset 999"),
    (lambda m: m.graph.node[0].__setattr__("domain", "com.example"), "operators of com.example are not known"),
    (lambda m: m.graph.node[0].__setattr__("op_type", "LSTM"), "there is no rule for it"),
    (lambda m: m.graph.node[0].__setattr__("op_type", "Nothing"), "ONNX has no such operator"),
    (lambda m: m.graph.node[0].attribute.append(helper.make_attribute("gropu", 1)), "its attribute gropu is not known"),
    (lambda m: m.graph.node[0].attribute.append(helper.make_attribute("group", "1")), "group is of an unexpected type"),
    (lambda m: m.graph.node[0].attribute.append(helper.make_attribute("strides", [0, 1])), "have to be positive"),
    (lambda m: m.graph.input[0].type.tensor_type.__setattr__("elem_type", TensorProto.STRING), "element type"),
    (lambda m: m.graph.input[0].type.tensor_type.ClearField("shape"), "does not say how many axes it has"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "words"), FLAWS, ids=[words for _, words in FLAWS])
def test_flaws_are_named(tmp_path: Path, change: Change, words: str) -> None:
    model = network()
    change(model)
    found = refused(tmp_path, model)
    assert any(word in " ".join(found) for word in words.split("|")), found


def test_all_nodes_that_do_not_convert_are_named_at_once(tmp_path: Path) -> None:
    model = network()
    model.graph.node[0].op_type = "LSTM"
    model.graph.node.append(helper.make_node("Det", ["y"], ["z"], name="second"))
    model.graph.output[0].name = "z"
    found = refused(tmp_path, model)
    assert len(found) == 2
    assert "LSTM (node 'conv')" in found[0] and "Det (node 'second')" in found[1]


def calling(name: str, *called: str) -> FunctionProto:
    nodes = [
        helper.make_node(inner, ["a"], ["b" if inner == called[-1] else f"t{i}"], domain="own")
        for i, inner in enumerate(called)
    ]
    return helper.make_function(
        "own", name, ["a"], ["b"], nodes, [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    )


def with_functions(*functions: FunctionProto) -> ModelProto:
    model = network()
    model.graph.node[1].op_type, model.graph.node[1].domain = functions[0].name, "own"
    model.functions.extend(functions)
    model.opset_import.append(helper.make_opsetid("own", 1))
    return model


def test_functions_of_the_model_are_unfolded(tmp_path: Path) -> None:
    function = helper.make_function(
        "own", "F", ["a"], ["b"], [helper.make_node("Relu", ["a"], ["b"])], [helper.make_opsetid("", 17)]
    )
    assert "_FusedConv2D" in str(converted(tmp_path, with_functions(function)).document)


def test_functions_that_call_each_other_in_a_circle(tmp_path: Path) -> None:
    assert "calls itself" in refused(tmp_path, with_functions(calling("F", "G"), calling("G", "F")))[0]


def test_functions_that_unfold_without_end(tmp_path: Path) -> None:
    chain = [calling(f"F{i}", *[f"F{i + 1}"] * 10) for i in range(8)]
    last = helper.make_function(
        "own", "F8", ["a"], ["b"], [helper.make_node("Relu", ["a"], ["b"])], [helper.make_opsetid("", 17)]
    )
    assert "unfold into" in refused(tmp_path, with_functions(*chain, last))[0]


# --- large weights: left in the file until they are needed -----------------------------------------------------------


def large() -> ModelProto:
    """Weights of 27 kB, above the size that is cut out."""
    model = network()
    weights = np.random.default_rng(0).normal(size=(256, 3, 3, 3)).astype(np.float32)
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(weights, "w"))
    return model


def test_large_weights_are_read_from_their_place(tmp_path: Path) -> None:
    model = large()
    expected = numpy_helper.to_array(model.graph.initializer[0]).transpose(2, 3, 1, 0)
    found = converted(tmp_path, model).weights.values()
    assert any(array.shape == expected.shape and np.array_equal(array, expected) for array in found)


def test_large_weights_cut_short(tmp_path: Path) -> None:
    whole = large().SerializeToString()
    for length in (len(whole) // 4, len(whole) // 2, len(whole) - 1):
        assert refused(tmp_path, whole[:length])[0].startswith("NOT_ONNX")


def test_large_weights_of_another_size(tmp_path: Path) -> None:
    model = large()
    model.graph.initializer[0].dims[0] = 255
    assert "needs 27540 bytes, 27648 are there" in refused(tmp_path, model)[0]


# --- data outside the file --------------------------------------------------------------------------------------------


def outside(folder: Path, **entries: Any) -> ModelProto:  # noqa: ANN401
    """The network with its weights in weights.bin; `entries` replace what the file says about them."""
    model = network()
    data = model.graph.initializer[0].raw_data
    (folder / "weights.bin").write_bytes(b"1234" + data)
    tensor = model.graph.initializer[0]
    external_data_helper.set_external_data(tensor, "weights.bin", offset=4, length=len(data))
    tensor.ClearField("raw_data")
    for entry in tensor.external_data:
        entry.value = str(entries.get(entry.key, entry.value))
    return model


def test_data_beside_the_file(tmp_path: Path) -> None:
    within, beside = converted(tmp_path, network()), converted(tmp_path, outside(tmp_path))
    assert all(np.array_equal(within.weights[name], beside.weights[name]) for name in within.weights)


@pytest.mark.parametrize(("entries", "words"), [
    ({"location": "../secret.bin"}, "is not in the model's folder"),
    ({"location": "/etc/passwd"}, "is not in the model's folder"),
    ({"location": "a/../../secret.bin"}, "is not in the model's folder"),
    ({"location": ""}, "is not in the model's folder"),
    ({"location": "none.bin"}, "is not there"),
    ({"offset": 8}, "ends before its data do"),
    ({"offset": -4}, "is no offset or length"),
    ({"offset": "1e3"}, "is no offset or length"),
    ({"length": 1 << 50}, "it claims 1125899906842624"),
], ids=str)  # fmt: skip
def test_data_elsewhere(tmp_path: Path, entries: dict[str, Any], words: str) -> None:
    (tmp_path.parent / "secret.bin").write_bytes(bytes(1000))
    found = refused(tmp_path, outside(tmp_path, **entries))
    assert words in found[0] and found[0].startswith("ONNX_DATA")


def test_data_behind_a_link(tmp_path: Path) -> None:
    model = outside(tmp_path)
    (tmp_path / "weights.bin").rename(tmp_path / "real.bin")
    (tmp_path / "weights.bin").symlink_to(tmp_path / "real.bin")
    assert "is a link" in refused(tmp_path, model)[0]


def test_data_behind_a_linked_folder(tmp_path: Path) -> None:
    model = outside(tmp_path, location="sub/weights.bin")
    (tmp_path / "sub").symlink_to(tmp_path)
    assert "is a link" in refused(tmp_path, model)[0]


ENORMOUS: list[tuple[str, dict[str, Any], tuple[int, ...]]] = [
    ("AveragePool", {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}, (1, 3, 1 << 30, 1 << 30)),
    ("Trilu", {}, (1, 3, 1 << 30, 1 << 30)),
    ("DepthToSpace", {"blocksize": 2, "mode": "CRD"}, (1, 1 << 40, 2, 2)),
]


@pytest.mark.parametrize(("op", "attributes", "shape"), ENORMOUS, ids=[op for op, *_ in ENORMOUS])
def test_enormous_sizes_make_no_enormous_tables(
    tmp_path: Path, op: str, attributes: dict[str, Any], shape: tuple[int, ...]
) -> None:
    model = without_convolution(shape)
    model.graph.node[0].op_type = op
    model.graph.node[0].attribute.extend(helper.make_attribute(name, value) for name, value in attributes.items())
    assert "are the most" in refused(tmp_path, model, OnnxOptions(input_layout="NCHW"))[0]


@pytest.mark.parametrize("times", [1 << 30, 1 << 21])
@pytest.mark.parametrize("shape", [(1, 3, 8, 8), ("n", 3, "h", "w")], ids=["fixed", "free"])
def test_a_tensor_that_no_browser_holds_is_refused(tmp_path: Path, times: int, shape: tuple[int | str, ...]) -> None:
    repeats = numpy_helper.from_array(np.array([times, 1, 64, 64]), "repeats")
    node = helper.make_node("Tile", ["x", "repeats"], ["y"], name="blow up")
    x, y = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, sizes) for name, sizes in (("x", shape), ("y", None))
    )
    model = helper.make_model(helper.make_graph([node], "g", [x], [y], [repeats]))
    (problem,) = refused(tmp_path, model)
    assert "'blow up'" in problem and "it gives a tensor of at least" in problem


def test_many_constants_are_as_limited_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builder.convert.from_onnx.converter.MAX_TOTAL", 5 << 10)
    size = numpy_helper.from_array(np.array([1 << 10]), "size")
    nodes = [helper.make_node("ConstantOfShape", ["size"], [f"c{i}"], name=f"fill {i}") for i in range(6)]
    nodes.append(helper.make_node("Sum", ["x", *(f"c{i}" for i in range(6))], ["y"]))
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1 << 10]) for name in "xy")
    model = helper.make_model(helper.make_graph(nodes, "g", [x], [y], [size]))
    (problem,) = refused(tmp_path, model)
    assert "'fill 5'" in problem and "more than 5120 elements" in problem
    monkeypatch.setattr("builder.convert.from_onnx.converter.MAX_TOTAL", 6 << 10)
    converted(tmp_path, model)


def test_joined_constants_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builder.convert.from_onnx.fold.MAX_ELEMENTS", 100)
    part = numpy_helper.from_array(np.zeros(60, np.float32), "part")
    nodes = [helper.make_node("Concat", ["part", "part"], ["c"], axis=0), helper.make_node("Add", ["x", "c"], ["y"])]
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [120]) for name in "xy")
    model = helper.make_model(helper.make_graph(nodes, "g", [x], [y], [part]))
    assert "it makes 120 elements; 100 are the most" in refused(tmp_path, model)[0]


# --- inputs -----------------------------------------------------------------------------------------------------------


def without_convolution(shape: tuple[int | str, ...]) -> ModelProto:
    model = network(shape=shape)
    del model.graph.node[0]
    model.graph.node[0].input[0] = "x"
    return model


@pytest.mark.parametrize(("shape", "order"), [
    ((1, 3, 8, 8), [0, 2, 3, 1]), (("n", 3, "h", "w"), [0, 2, 3, 1]), ((1, 8, 8, 3), [0, 1, 2, 3]),
    ((1, 1, 28, 28), [0, 2, 3, 1]),
], ids=str)  # fmt: skip
def test_the_sizes_tell_the_order_of_axes(tmp_path: Path, shape: tuple[int | str, ...], order: list[int]) -> None:
    found = converted(tmp_path, without_convolution(shape))
    assert found.document["userDefinedMetadata"]["onnx"]["inputs"] == {"x": order}


@pytest.mark.parametrize("shape", [(1, 3, 8, 4), (1, 16, 8, 8), ("n", "c", "h", "w")], ids=str)
def test_sizes_that_do_not_tell_are_refused(tmp_path: Path, shape: tuple[int | str, ...]) -> None:
    found = refused(tmp_path, without_convolution(shape))
    assert found[0].startswith("ONNX_LAYOUT") and "channels" in found[0]
    layout = converted(tmp_path, without_convolution(shape), OnnxOptions(input_layout="NHWC"))
    assert layout.document["userDefinedMetadata"]["onnx"]["inputs"] == {"x": [0, 1, 2, 3]}


def test_the_first_operation_tells_more_than_the_sizes(tmp_path: Path) -> None:
    found = converted(tmp_path, network(shape=(1, 3, 8, 3)))
    assert found.document["userDefinedMetadata"]["onnx"]["inputs"] == {"x": [0, 2, 3, 1]}


def test_sizes_may_be_given(tmp_path: Path) -> None:
    options = OnnxOptions(input_shapes={"x": (-1, 3, 10, 12)})
    found = converted(tmp_path, network(shape=("n", 3, "h", "w")), options)
    sizes = [dim["size"] for dim in found.document["signature"]["outputs"]["y"]["tensorShape"]["dim"]]
    assert sizes == ["-1", "8", "10", "4"]


def test_a_size_takes_the_place_of_free_ones(tmp_path: Path) -> None:
    free = converted(tmp_path, network(shape=("n", 3, "h", 12)), OnnxOptions(size=(7, 10)))
    sizes = [dim["size"] for dim in free.document["signature"]["inputs"]["x"]["tensorShape"]["dim"]]
    assert sizes == ["-1", "10", "12", "3"]


@pytest.mark.parametrize(("given", "words"), [
    ({"z": (1, 3, 8, 8)}, "the model has no such input; it has x"),
    ({"x": (1, 3, 8)}, "3 sizes are given for its 4 axes"),
    ({"x": (1, 3, 0, 8)}, "0 is no size"),
    ({"x": (1, 4, 8, 8)}, "channels do not fit"),
], ids=str)  # fmt: skip
def test_sizes_that_cannot_be(tmp_path: Path, given: dict[str, tuple[int, ...]], words: str) -> None:
    assert words in refused(tmp_path, network(), OnnxOptions(input_shapes=given))[0]


def test_an_input_of_size_0_is_refused(tmp_path: Path) -> None:
    assert "one of its sizes is 0" in refused(tmp_path, network(shape=(0, 3, 8, 8)))[0]
