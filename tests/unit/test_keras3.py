"""Layers models of Keras 3: rewritten into what tf.loadLayersModel reads, or refused with the reason."""

from __future__ import annotations

import copy
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from builder.errors import UserError
from builder.inputs.keras3 import Incurable, cured, is_keras_3
from builder.inputs.tfjs_model import read_model
from builder.render.streaming_assets import streaming_assets
from builder.resolve import Options, remarks, resolve
from tests.models import Form, tiny_labels, tiny_model
from tests.runtimes import fake_runtime, whole

POLICY = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}, "registered_name": None}


def tensor(*history: object) -> dict[str, Any]:
    config = {"shape": [None, 8, 8, 1], "dtype": "float32", "keras_history": list(history)}
    return {"class_name": "__keras_tensor__", "config": config}


def layer(class_name: str, name: str, *inbound: object, **config: object) -> dict[str, Any]:
    nodes = [{"args": list(inbound), "kwargs": {"training": False, "mask": None}}] if inbound else []
    settings = {"name": name, "trainable": True, "dtype": POLICY, **config}
    return {
        "module": "keras.layers",
        "class_name": class_name,
        "config": settings,
        "registered_name": None,
        "build_config": {"input_shape": [None, 8, 8, 1]},
        "name": name,
        "inbound_nodes": nodes,
    }


def functional() -> dict[str, Any]:
    """Two ways from one picture, joined, then a model inside the model; as `model.to_json()` of Keras 3 writes it."""
    head = [
        layer("InputLayer", "head_in", batch_shape=[None, 2], sparse=False),
        layer("Dense", "scores", units=3, activation="softmax", use_bias=False, quantization_config=None),
    ]
    rows = [
        layer("InputLayer", "picture", batch_shape=[None, 8, 8, 1], sparse=False, ragged=False),
        layer("DepthwiseConv2D", "a", tensor("picture", 0, 0), kernel_size=[3, 3], activation="silu", use_bias=True),
        layer("LeakyReLU", "b", tensor("a", 0, 0), negative_slope=0.2),
        layer("Concatenate", "both", [tensor("a", 0, 0), tensor("b", 0, 0)], axis=-1),
        layer("GlobalAveragePooling2D", "pool", tensor("both", 0, 0), keepdims=False, data_format="channels_last"),
        layer("Sequential", "head", tensor("pool", 0, 0), layers=head),
    ]
    config = {"name": "net", "layers": rows, "input_layers": ["picture", 0, 0], "output_layers": ["head", 0, 0]}
    model = {"module": "keras", "class_name": "Functional", "config": config, "registered_name": "Functional"}
    names = {"net/a/kernel": [3, 3, 1, 1], "net/a/bias": [1], "net/head/scores/kernel": [2, 3]}
    weights = [{"name": name, "shape": shape, "dtype": "float32"} for name, shape in names.items()]
    return {
        "format": "layers-model",
        "modelTopology": {"keras_version": "3.15.1", "model_config": model, "training_config": {"loss": "x"}},
        "weightsManifest": [{"paths": ["w.bin"], "weights": weights}],
    }


def test_functional_models_get_the_form_of_keras_2() -> None:
    document = functional()
    before = copy.deepcopy(document)
    made = cured(document)
    assert document == before
    assert list(made["modelTopology"]) == ["model_config"]
    config = made["modelTopology"]["model_config"]["config"]
    # Call 0 of a model inside another one is, in Keras 2, the one that made it.
    assert (config["input_layers"], config["output_layers"]) == ([["picture", 0, 0]], [["head", 1, 0]])
    rows = {row["name"]: row for row in config["layers"]}
    assert rows["picture"]["config"] == {"name": "picture", "dtype": "float32", "batch_input_shape": [None, 8, 8, 1]}
    assert rows["a"]["inbound_nodes"] == [[["picture", 0, 0, {}]]]
    assert rows["a"]["config"]["activation"] == "swish"
    assert rows["b"]["config"] == {"name": "b", "dtype": "float32", "alpha": 0.2}
    assert rows["both"]["inbound_nodes"] == [[["a", 0, 0, {}], ["b", 0, 0, {}]]]
    assert [inner["class_name"] for inner in rows["head"]["config"]["layers"]] == ["InputLayer", "Dense"]
    weights = [weight["name"] for weight in made["weightsManifest"][0]["weights"]]
    assert weights == ["a/depthwise_kernel", "a/bias", "scores/kernel"]
    assert not is_keras_3(made)


def changed(where: str, value: object) -> dict[str, Any]:
    """The functional model with a setting of one of its layers replaced: `a.groups`."""
    document = functional()
    title, key = where.split(".")
    rows = document["modelTopology"]["model_config"]["config"]["layers"]
    row = next(row for row in rows if row["name"] == title)
    (row if key in row else row["config"])[key] = value
    return document


@pytest.mark.parametrize(
    ("where", "value", "reason"),
    [
        ("a.groups", 2, "its layer 'DepthwiseConv2D' has the setting groups = 2"),
        ("a.activation", "hard_sigmoid", "its layer 'DepthwiseConv2D' has the activation 'hard_sigmoid'"),
        ("a.activation", {"class_name": "function"}, "its layer 'DepthwiseConv2D' has the activation "
         "{'class_name': 'function'}"),
        ("a.dtype", POLICY | {"config": {"name": "mixed_float16"}}, "its layer 'DepthwiseConv2D' computes in "
         "'mixed_float16'"),
        ("pool.keepdims", True, "its layer 'GlobalAveragePooling2D' has the setting keepdims = True"),
        ("b.class_name", "Mish", "its layer 'Mish' is not among those that can be rewritten"),
        ("b.module", "my.layers", "'LeakyReLU' is not a layer of Keras itself"),
        ("b.registered_name", "mine>LeakyReLU", "'LeakyReLU' is not a layer of Keras itself"),
        ("b.inbound_nodes", [{"args": [tensor("a", 0, 0), 2], "kwargs": {}}], "its layer 'LeakyReLU' is called with "
         "more than the tensors it works on"),
        ("b.inbound_nodes", [{"args": [tensor("a", 0, 0)], "kwargs": {"training": True}}], "its layer 'LeakyReLU' is "
         "called with more than the tensors it works on"),
        ("a.use_bias", False, "its weight 'net/a/bias' belongs to none of its layers"),
    ],
)  # fmt: skip
def test_what_is_not_known_to_compute_the_same_is_refused(where: str, value: object, reason: str) -> None:
    with pytest.raises(Incurable) as caught:
        cured(changed(where, value))
    assert str(caught.value) == reason


def test_every_weight_of_every_layer_must_be_there() -> None:
    document = functional()
    document["weightsManifest"][0]["weights"].pop()
    with pytest.raises(Incurable, match="its weight 'scores/kernel' is missing"):
        cured(document)


def test_a_refusal_reaches_the_user_with_its_cure(tmp_path: Path) -> None:
    tiny_model(tmp_path, form=Form(keras_3=True))
    path = tmp_path / "model.json"
    path.write_text(path.read_text("utf-8").replace('"relu"', '"gelu"'), "utf-8")
    with pytest.raises(UserError) as caught:
        resolve(read_model(tmp_path), tiny_labels(), Options(normalize="unit"))
    (found,) = caught.value.problems
    assert found.what == (
        "The model cannot be used as an image classifier: it was saved by Keras 3, and its layer 'Conv2D' has the "
        "activation 'gelu'."
    )
    assert "model.export(FOLDER)" in found.next_step


def test_the_rewritten_text_is_what_is_described_and_written(tmp_path: Path) -> None:
    tiny_model(tmp_path, form=Form(keras_3=True))
    facts, runtime = read_model(tmp_path), whole(fake_runtime(tmp_path / "runtime"))
    assert facts.rewritten is not None and facts.outputs[0].shape == (-1, 5)
    spec = resolve(facts, tiny_labels(), Options(name="Pets", normalize="signed"))
    assert any("Keras 3" in remark for remark in remarks(facts, spec))
    files = streaming_assets(spec, facts.folder, runtime, facts.rewritten)
    (written,) = (file.content for file in files if file.path.name == "model.json")
    assert written == facts.rewritten
    assert (spec.files.topology.bytes, spec.files.topology.sha256) == (
        len(facts.rewritten),
        hashlib.sha256(facts.rewritten).hexdigest(),
    )


def test_reading_what_was_written_changes_nothing(tmp_path: Path) -> None:
    tiny_model(tmp_path, form=Form(keras_3=True))
    first = read_model(tmp_path)
    assert first.rewritten is not None
    (tmp_path / "model.json").write_bytes(first.rewritten)
    second = read_model(tmp_path)
    assert (second.rewritten, second.topology) == (None, first.topology)


def test_models_of_keras_2_are_left_alone(tmp_path: Path) -> None:
    tiny_model(tmp_path)
    assert not is_keras_3(json.loads((tmp_path / "model.json").read_text("utf-8")))
    assert read_model(tmp_path).rewritten is None
