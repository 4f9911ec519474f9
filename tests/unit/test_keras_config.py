"""Configurations of Keras models that are loaded, and those that are refused before Keras sees them."""

from __future__ import annotations

from typing import Any

import pytest
from tfworker.keras_config import Known, refusals

KNOWN = Known(
    classes={"Sequential", "Functional", "InputLayer", "Conv2D", "Dense", "GlorotUniform", "Add", "DTypePolicy"},
    functions={"relu", "softmax"},
)


def model(*layers: dict[str, Any], **more: object) -> dict[str, Any]:
    return {"class_name": "Sequential", "config": {"name": "net", "layers": [*layers]}, **more}


def layer(class_name: str, module: str | None = "keras.layers", **config: object) -> dict[str, Any]:
    entry = {"class_name": class_name, "config": {"name": "thing", **config}, "registered_name": None}
    return entry if module is None else {**entry, "module": module}


HARMLESS = [
    model(layer("Dense", None, activation="relu")),
    model(layer("Conv2D", kernel_initializer=layer("GlorotUniform", "keras.initializers"))),
    model(layer("Functional", "keras.src.engine.functional"), layer("Add", "keras.src.ops.numpy")),
    model(layer("Dense", dtype=layer("DTypePolicy", "keras")), module="keras", registered_name="Functional"),
    model(layer("Dense", activation={"module": "builtins", "class_name": "function", "config": "relu"})),
    model(layer("TFOpLambda", None, function="math.multiply"), layer("SlicingOpLambda", None, function="cast")),
    {**model(), "build_config": {"input_shape": [None, 8]}},
]
HOSTILE = [
    (model(layer("Lambda", function=["4wEAAAA", None, None])), "its layer 'thing' is a Lambda layer"),
    (model(layer("Dense", activation={"class_name": "__lambda__", "config": {"value": "4wE"}})), "is a Lambda layer"),
    (model(layer("Dense", function_type="lambda")), "it holds Python code"),
    (model(layer("MyAttention", None)), "'MyAttention' 'thing' is a class of somebody's own"),
    (model(layer("Dense") | {"registered_name": "Custom>Dense"}), "is a class of somebody's own"),
    (model(layer("TFSMLayer", filepath="/tmp/elsewhere")), "is a TFSMLayer, which reads files or runs code"),
    (model(layer("StringLookup", vocabulary="/etc/passwd")), "is a StringLookup, which reads files"),
    (model(layer("TorchModuleWrapper", module="gASV")), "is a TorchModuleWrapper"),
    (model(layer("TFOpLambda", None, function="io.write_file")), "calls the TensorFlow function 'io.write_file'"),
    (model(layer("TFOpLambda", None, function="raw_ops.WriteFile")), "calls the TensorFlow function"),
    (model(layer("TFOpLambda", None, function="py_function")), "calls the TensorFlow function"),
    (model(layer("TFOpLambda", None)), "calls the TensorFlow function 'None'"),
    (model(layer("ClassMethod", None)), "is a class of somebody's own"),
    (model(layer("Dense", "os")), "it names the module 'os', which is not Keras"),
    (model(layer("Dense", "keras.utils")), "it names the module 'keras.utils'"),
    (model(layer("Dense", "keras.src.legacy.saving")), "it names the module"),
    (model(layer("Dense", "kerasx.layers")), "it names the module"),
    (model(layer("Dense", "builtins")), "it names the module 'builtins'"),
    (model({"module": "builtins", "class_name": "function", "config": "exec"}), "it names the function 'exec'"),
    (
        model({"module": "keras.utils", "class_name": "function", "config": "get_file"}),
        "it names the function 'get_file'",
    ),
    (model({"class_name": ["Dense"], "config": None}), "is a class of somebody's own"),
]


@pytest.mark.parametrize("config", HARMLESS)
def test_keras_own_layers_are_loaded(config: dict[str, Any]) -> None:
    assert refusals(config, KNOWN) == []


@pytest.mark.parametrize(("config", "text"), HOSTILE)
def test_code_and_foreign_classes_are_refused_with_their_names(config: dict[str, Any], text: str) -> None:
    assert [reason for reason in refusals(config, KNOWN) if text in reason]


@pytest.mark.parametrize(("config", "text"), HOSTILE)
def test_nothing_hides_in_a_model_within_a_model(config: dict[str, Any], text: str) -> None:
    within = model(layer("Functional", "keras.src.models.functional", layers=[[config]]))
    assert [reason for reason in refusals(within, KNOWN) if text in reason]


def test_every_reason_is_given_at_once() -> None:
    found = refusals(model(layer("Lambda"), layer("Mine", "mine.layers")), KNOWN)
    assert len(found) == 3


def test_depth_is_bounded() -> None:
    nested: object = "end"
    for _ in range(300):
        nested = [nested]
    assert refusals({"class_name": "Sequential", "config": nested}, KNOWN) == [
        "its configuration is nested more than 200 deep"
    ]
