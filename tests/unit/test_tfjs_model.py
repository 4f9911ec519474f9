from __future__ import annotations

import copy
import hashlib
import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder.errors import UserError
from builder.inputs.tfjs_model import ModelFacts, examine_model, read_model
from builder.resolve import Options, resolve
from builder.spec import ModelSpec
from tests.models import Form, Format, tiny_labels, tiny_model, write_model

FORMATS: list[Format] = ["layers", "graph"]
Shapes = dict[str, tuple[int, ...]]


def facts_of(folder: Path, document: dict[str, Any], shapes: Shapes | None = None, **keys: Any) -> ModelFacts:  # noqa: ANN401
    """The facts of `document` with some keys replaced; its weights are zeros of these shapes."""
    weights = [{"name": name, "shape": shape, "dtype": "float32"} for name, shape in (shapes or {}).items()]
    zeros = bytes(4 * sum(math.prod(shape) for shape in (shapes or {}).values()))
    manifest: list[dict[str, Any]] = [{"paths": [], "weights": weights}]
    write_model(folder, document | {"weightsManifest": manifest} | keys, zeros)
    return read_model(folder)


def dense(name: str, *shape: int) -> Shapes:
    """A dense layer's weights, or a convolution's."""
    return {f"{name}/kernel": shape, f"{name}/bias": shape[-1:]}


def layers(*rows: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """A Sequential model for 64x64 RGB pictures with the given layers."""
    config: list[dict[str, Any]] = [
        {"class_name": name, "config": {"name": f"l{i}"} | row} for i, (name, row) in enumerate(rows)
    ]
    config[0]["config"]["batch_input_shape"] = [None, 64, 64, 3]
    return {"modelTopology": {"model_config": {"class_name": "Sequential", "config": {"layers": config}}}}


def graph(*nodes: dict[str, Any], **keys: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"modelTopology": {"node": [{"attr": {}, **node} for node in nodes]}, **keys}


@pytest.mark.parametrize("format", FORMATS)
def test_both_formats_tell_inputs_outputs_and_sizes(tmp_path: Path, format: Format) -> None:
    tiny_model(tmp_path, format=format, size=(48, 32), channels=3, classes=5)
    facts = read_model(tmp_path)
    assert facts.format == f"{format}-model"
    assert [(tensor.shape, tensor.dtype) for tensor in facts.inputs] == [((-1, 32, 48, 3), "float32")]
    assert [(tensor.shape, tensor.dtype) for tensor in facts.outputs] == [((-1, 5), "float32")]
    assert (facts.layout, facts.activation, facts.obstacles) == ("NHWC", "softmax", ())
    # 3x3x3x8 kernel, 8 biases, 15 pooled places of 8 features to 5 classes, 5 biases.
    features = (47 // 2 // 4) * (31 // 2 // 4) * 8
    assert facts.parameters == 3 * 3 * 3 * 8 + 8 + features * 5 + 5


@pytest.mark.parametrize("format", FORMATS)
def test_files_are_named_with_length_and_hash(tmp_path: Path, format: Format) -> None:
    tiny_model(tmp_path, format=format, shards=3)
    facts = read_model(tmp_path)
    for file in (facts.topology, *facts.shards):
        data = (tmp_path / file.path).read_bytes()
        assert (file.bytes, file.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert [file.path for file in facts.shards] == [f"group1-shard{i}of3.bin" for i in (1, 2, 3)]
    assert facts.weight_bytes == sum(file.bytes for file in facts.shards)


@pytest.mark.parametrize(("dtype", "size"), [("uint8", 1), ("uint16", 2), ("float16", 2)])
@pytest.mark.parametrize("format", FORMATS)
def test_quantized_weights_count_with_their_stored_size(tmp_path: Path, format: Format, dtype: Any, size: int) -> None:  # noqa: ANN401
    tiny_model(tmp_path, format=format, quantize=dtype)
    facts = read_model(tmp_path)
    assert facts.quantization == {dtype: 4}
    assert facts.weight_bytes == facts.parameters * size + (8 if format == "graph" else 0)  # two int32 of a shape


def test_a_graph_without_signature_is_read_from_its_nodes(tmp_path: Path) -> None:
    tiny_model(tmp_path, format="graph", signature=False, channels=1)
    facts = read_model(tmp_path)
    assert [(t.name, t.shape) for t in facts.inputs] == [("image", (-1, 32, 48, 1))]
    assert [(t.name, t.shape) for t in facts.outputs] == [("probabilities", (-1, 5))]


def test_a_signature_in_the_metadata_counts(tmp_path: Path) -> None:
    tiny_model(tmp_path, format="graph")
    document = json.loads((tmp_path / "model.json").read_text("utf-8"))
    signature = document.pop("signature")
    signature["inputs"] = {"renamed": signature["inputs"]["image"]}
    document["userDefinedMetadata"] = {"signature": signature}
    (tmp_path / "model.json").write_text(json.dumps(document), "utf-8")
    facts = read_model(tmp_path)
    assert facts.inputs[0].name == "renamed"


def test_a_model_without_softmax_says_so(tmp_path: Path) -> None:
    for format in FORMATS:
        tiny_model(tmp_path / format, format=format, softmax=False)
        assert read_model(tmp_path / format).activation == "linear"


def test_the_json_file_itself_may_be_given(tmp_path: Path) -> None:
    tiny_model(tmp_path)
    (tmp_path / "model.json").rename(tmp_path / "pets.json")
    facts = read_model(tmp_path / "pets.json")
    assert (facts.topology.path, facts.folder) == ("pets.json", tmp_path)


def test_a_byte_order_mark_and_a_missing_format_do_no_harm(tmp_path: Path) -> None:
    tiny_model(tmp_path)
    path = tmp_path / "model.json"
    document = json.loads(path.read_text("utf-8"))
    del document["format"]
    path.write_text("\ufeff" + json.dumps(document), "utf-8")
    assert read_model(tmp_path).format == "layers-model"


def test_labels_in_the_model_are_found(tmp_path: Path) -> None:
    document = layers(("Flatten", {}), ("Dense", {"units": 2}))
    shapes = dense("l1", 64 * 64 * 3, 2)
    assert facts_of(tmp_path, document, shapes, userDefinedMetadata={"labels": ["a", "b"]}).labels == ("a", "b")
    assert facts_of(tmp_path, document, shapes, userDefinedMetadata={"labels": [1, 2]}).labels is None


@pytest.mark.parametrize(
    ("rows", "weights", "shape"),
    [
        ([("Flatten", {})], {}, (-1, 64 * 64 * 3)),
        (
            [("Conv2D", {"filters": 7, "kernel_size": [3, 3], "strides": [2, 2], "padding": "same"})],
            dense("l0", 3, 3, 3, 7),
            (-1, 32, 32, 7),
        ),
        ([("Conv2D", {"filters": 7, "kernel_size": 3, "dilation_rate": 2})], dense("l0", 3, 3, 3, 7), (-1, 60, 60, 7)),
        (
            [("DepthwiseConv2D", {"kernel_size": [5, 5], "depth_multiplier": 2})],
            {"l0/depthwise_kernel": (5, 5, 3, 2), "l0/bias": (6,)},
            (-1, 60, 60, 6),
        ),
        ([("MaxPooling2D", {"pool_size": [3, 3], "strides": None})], {}, (-1, 21, 21, 3)),
        ([("ZeroPadding2D", {"padding": [[0, 1], [2, 3]]})], {}, (-1, 65, 69, 3)),
        ([("Cropping2D", {"cropping": 4})], {}, (-1, 56, 56, 3)),
        ([("UpSampling2D", {"size": [2, 3]})], {}, (-1, 128, 192, 3)),
        (
            [("Conv2DTranspose", {"filters": 4, "kernel_size": 2, "strides": 2, "padding": "same"})],
            {"l0/kernel": (2, 2, 4, 3), "l0/bias": (4,)},
            (-1, 128, 128, 4),
        ),
        (
            [("GlobalAveragePooling2D", {}), ("Dense", {"units": 9}), ("Activation", {"activation": "softmax"})],
            dense("l1", 3, 9),
            (-1, 9),
        ),
        ([("Reshape", {"target_shape": [-1, 3]})], {}, (-1, 4096, 3)),
        ([("Rescaling", {"scale": 2})], {}, (-1, 64, 64, 3)),
        ([("SomeoneElsesLayer", {}), ("Dense", {"units": 9})], {}, None),
        ([("Conv2D", {"filters": 7, "kernel_size": [65, 65]})], dense("l0", 65, 65, 3, 7), None),
    ],
)
def test_shapes_are_followed_through_layers(
    tmp_path: Path, rows: list[tuple[str, dict[str, Any]]], weights: Shapes, shape: tuple[int, ...] | None
) -> None:
    assert facts_of(tmp_path, layers(*rows), weights).outputs[0].shape == shape


def functional() -> dict[str, Any]:
    """Two convolutions of one picture, joined, pooled, and a dense layer after a nested Sequential model."""

    def layer(class_name: str, name: str, *inbound: str, **config: Any) -> dict[str, Any]:  # noqa: ANN401
        nodes = [[[source, 0, 0, {}] for source in inbound]] if inbound else []
        return {"class_name": class_name, "name": name, "config": {"name": name, **config}, "inbound_nodes": nodes}

    head = [
        {"class_name": "Dropout", "config": {"name": "d", "batch_input_shape": [None, 7]}},
        {"class_name": "Dense", "config": {"name": "s", "units": 4, "activation": "softmax"}},
    ]
    rows = [
        layer("InputLayer", "picture", batch_input_shape=[None, 8, 8, 1], dtype="float32"),
        layer("GlobalAveragePooling2D", "pool", "both"),  # the file's order is not the order of work
        layer("Conv2D", "a", "picture", filters=3, kernel_size=[1, 1]),
        layer("Conv2D", "b", "picture", filters=4, kernel_size=[1, 1]),
        layer("Concatenate", "both", "a", "b", axis=-1),
        layer("Sequential", "head", "pool", layers=head),
    ]
    config = {"layers": rows, "input_layers": [["picture", 0, 0]], "output_layers": [["head", 1, 0]]}
    return {"modelTopology": {"model_config": {"class_name": "Functional", "config": config}}}


WEIGHTS = {**dense("a", 1, 1, 1, 3), **dense("b", 1, 1, 1, 4), **dense("s", 7, 4)}  # of `functional`


def test_functional_and_nested_models_are_followed(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, functional(), WEIGHTS)
    assert [(t.name, t.shape) for t in facts.inputs] == [("picture", (-1, 8, 8, 1))]
    assert [(t.name, t.shape) for t in facts.outputs] == [("head", (-1, 4))]
    assert facts.activation == "softmax"
    assert facts.ops["Conv2D"] == 2


def test_layers_that_read_each_other_in_a_ring_have_no_shape(tmp_path: Path) -> None:
    document = functional()
    rows = document["modelTopology"]["model_config"]["config"]["layers"]
    rows[2]["inbound_nodes"] = [[["pool", 0, 0, {}]]]
    assert facts_of(tmp_path, document, WEIGHTS).outputs[0].shape is None


def test_a_model_inside_without_outputs_has_no_shape(tmp_path: Path) -> None:
    document = functional()
    inside = functional()["modelTopology"]["model_config"] | {"name": "inside"}
    inside["config"]["output_layers"] = []
    document["modelTopology"]["model_config"] = {"class_name": "Sequential", "config": {"layers": [inside]}}
    assert facts_of(tmp_path, document).outputs[0].shape is None


def test_layers_that_tensorflow_js_lacks_are_noticed(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, layers(("RandomFlip", {}), ("Flatten", {}), ("Dense", {"units": 2})))
    assert facts.obstacles == ("TensorFlow.js has no layer RandomFlip",)


@pytest.mark.parametrize(
    ("rows", "weights", "leading"),
    [
        (
            [("Rescaling", {"scale": 1 / 127.5, "offset": -1})],
            dense("l2", 64 * 64 * 3, 2),
            ("Rescaling (value * 0.00784314 - 1)",),
        ),
        (
            [("Rescaling", {"scale": 0.5}), ("BatchNormalization", {})],
            {f"l1/{part}": (3,) for part in ("gamma", "beta", "moving_mean", "moving_variance")}
            | dense("l3", 64 * 64 * 3, 2),
            ("Rescaling (value * 0.5)", "BatchNormalization"),
        ),
        (
            [("Conv2D", {"filters": 1, "kernel_size": 1}), ("Rescaling", {"scale": 0.5})],
            dense("l0", 1, 1, 3, 1) | dense("l3", 64 * 64, 2),
            (),
        ),
    ],
)
def test_a_normalization_inside_the_layers_is_noticed(
    tmp_path: Path, rows: list[tuple[str, dict[str, Any]]], weights: Shapes, leading: tuple[str, ...]
) -> None:
    assert facts_of(tmp_path, layers(*rows, ("Flatten", {}), ("Dense", {"units": 2})), weights).leading == leading


@pytest.mark.parametrize("quantize", [None, "uint8", "float16"])
def test_a_normalization_inside_a_graph_is_noticed_with_its_numbers(tmp_path: Path, quantize: Any) -> None:  # noqa: ANN401
    tiny_model(tmp_path, format="graph", form=Form(integer="uint8", planar=True), shards=3, quantize=quantize)
    facts = read_model(tmp_path)
    assert facts.leading == ("Mul 0.00784314", "Sub 1")  # value / 127.5 - 1
    assert (facts.inputs[0].dtype, facts.inputs[0].shape, facts.layout) == ("uint8", (-1, 3, 32, 48), "NCHW")


@pytest.mark.parametrize(("dtype", "stored"), [("uint8", b"\x00\x02\x04"), ("float16", b"\x00\xbc\x00\x00\x00\x3c")])
def test_quantized_numbers_are_read_across_shards(tmp_path: Path, dtype: str, stored: bytes) -> None:
    quantization = {"dtype": dtype, **({"scale": 0.5, "min": -1} if dtype == "uint8" else {})}
    before = {"name": "a", "shape": [5], "dtype": "bool"}
    weight = {"name": "c", "shape": [3], "dtype": "float32", "quantization": quantization}
    nodes = [{"name": "x", "op": "Placeholder"}, {"name": "c", "op": "Const"}]
    document = graph(*nodes, {"name": "y", "op": "Sub", "input": ["x", "c"]})
    document["weightsManifest"] = [{"paths": [], "weights": [before, weight]}]
    write_model(tmp_path, document, bytes(5) + stored, shards=3)
    assert read_model(tmp_path).leading == ("Sub (-1, 0, 1)",)


def test_every_output_has_its_own_last_operation(tmp_path: Path) -> None:
    tiny_model(tmp_path, format="graph", form=Form(second=True))
    outputs = read_model(tmp_path).outputs
    assert [(tensor.name, tensor.activation) for tensor in outputs] == [("others", "gatherv2"), ("classes", "softmax")]


def test_a_signature_that_leaves_the_classes_open_is_completed_from_the_graph(tmp_path: Path) -> None:
    tiny_model(tmp_path, format="graph")
    document = json.loads((tmp_path / "model.json").read_text("utf-8"))
    document["signature"]["outputs"]["classes"]["tensorShape"] = {"unknownRank": True}
    (tmp_path / "model.json").write_text(json.dumps(document), "utf-8")
    assert read_model(tmp_path).outputs[0].shape == (-1, 5)


def test_channels_first_operations_of_a_graph_are_an_obstacle(tmp_path: Path) -> None:
    tiny_model(tmp_path, format="graph")
    text = (tmp_path / "model.json").read_text("utf-8")
    (tmp_path / "model.json").write_text(text.replace("TkhXQw==", "TkNIVw=="), "utf-8")  # NHWC, NCHW in base64
    assert read_model(tmp_path).obstacles == (
        "TensorFlow.js cannot run its operations with channels first (NCHW): AvgPool, BiasAdd, Conv2D",
    )


def test_channels_first_layers_have_their_shapes(tmp_path: Path) -> None:
    tiny_model(tmp_path, form=Form(planar=True))
    facts = read_model(tmp_path)
    assert (facts.inputs[0].shape, facts.outputs[0].shape, facts.layout) == ((-1, 3, 32, 48), (-1, 5), "NCHW")
    assert facts.obstacles == ()


def test_channels_first_is_noticed(tmp_path: Path) -> None:
    sizes = [{"size": size} for size in ("1", "3", "224", "224")]
    shape = {"shape": {"shape": {"dim": sizes}}, "dtype": {"type": "DT_FLOAT"}}
    facts = facts_of(tmp_path, graph({"name": "x", "op": "Placeholder", "attr": shape}))
    assert (facts.inputs[0].shape, facts.layout) == ((1, 3, 224, 224), "NCHW")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


def paths(value: Any, prefix: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:  # noqa: ANN401
    """Every place in a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [prefix, *(path for key, inner in items for path in paths(inner, (*prefix, key)))]


def mutated(document: Any, path: tuple[str | int, ...], value: Any) -> Any:  # noqa: ANN401
    """A copy with `value` at `path`, or without what is there where `value` is `...`."""
    result = holder = {"": copy.deepcopy(document)}
    key: Any = ""
    for step in path:
        holder, key = holder[key], step
    if value is ...:
        del holder[key]
    else:
        holder[key] = value
    return result.get("", None)


@pytest.fixture(scope="module", params=["layers", "graph", "unsigned", "functional", "keras 3"])
def victim(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A model's folder and its document, the one to be mutated."""
    folder, kind = tmp_path_factory.mktemp("victim"), str(request.param)
    if kind == "functional":
        facts_of(folder, functional(), WEIGHTS)
    else:
        format: Format = "layers" if kind in ("layers", "keras 3") else "graph"
        tiny_model(folder, format=format, signature=kind == "graph", form=Form(keras_3=kind == "keras 3"))
    return folder / "model.json", json.loads((folder / "model.json").read_text("utf-8"))


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
def test_any_mutation_is_read_or_explained(victim: tuple[Path, dict[str, Any]], data: st.DataObject) -> None:
    path, document = victim
    place = data.draw(st.sampled_from(paths(document)))
    path.write_text(json.dumps(mutated(document, place, data.draw(JSON | st.just(...)))), "utf-8")
    try:
        facts, _ = examine_model(path.parent)
        spec = resolve(facts, tiny_labels(5), Options(name="Pets", normalize="unit"))
    except UserError as error:
        assert all(found.what and found.next_step and str(path) in found.where for found in error.problems)
    else:
        assert isinstance(spec, ModelSpec)
