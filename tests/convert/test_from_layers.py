"""Layers models as graph models: TensorFlow.js gives the same answers to both."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from builder.convert.folder import write_folder
from builder.convert.from_layers import Unconvertible, convert
from tests.convert.tfjs import predicted
from tests.functional import (
    CONV,
    MODELS,
    SIZE,
    Layer,
    branches,
    conv,
    functional,
    layer,
    model,
    picture,
)

pytestmark = pytest.mark.node


@pytest.mark.parametrize("name", MODELS)
def test_tensorflow_js_answers_the_same(name: str, tmp_path: Path) -> None:
    made = MODELS[name]
    converted = convert(made)
    write_folder(made, tmp_path / "layers")
    write_folder(converted, tmp_path / "graph")
    values = np.random.default_rng(1).normal(size=(2, *SIZE)).astype(np.float32)
    [expected] = predicted(tmp_path / "layers", {"input": values}).values()
    [(_, placeholder)] = converted.document["signature"]["inputs"].items()
    [found] = predicted(tmp_path / "graph", {placeholder["name"]: values}).values()
    assert np.ptp(expected) > 1e-3
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-6 * max(1.0, float(np.ptp(expected))))


def test_normalization_and_activation_go_into_the_convolution() -> None:
    nodes = convert(MODELS["relu6"]).document["modelTopology"]["node"]
    found = Counter(node["op"] for node in nodes if node["op"] != "Const")
    assert found == {
        "Placeholder": 1, "PadV2": 1, "_FusedConv2D": 1, "DepthwiseConv2dNative": 1, "Tanh": 1, "Mean": 1,
        "_FusedMatMul": 1, "Softmax": 1, "Identity": 1,
    }  # fmt: skip


def test_outputs_and_inputs_keep_their_names() -> None:
    two = [
        picture(),
        conv("conv", "picture"),
        layer("Flatten", "flat", "conv"),
        layer("GlobalMaxPooling2D", "most", "conv"),
    ]
    signature = convert(model(functional(two, "most", "flat"), **CONV)).document["signature"]
    assert list(signature["inputs"]) == ["picture"]
    assert [*signature["outputs"]] == ["most", "flat"]
    assert signature["outputs"]["flat"]["tensorShape"]["dim"] == [{"size": "-1"}, {"size": str(9 * 8 * 4)}]


@pytest.mark.parametrize(
    ("layers", "reason"),
    [
        ([layer("LSTM", "memory", "picture")], "memory is a LSTM"),
        ([conv("conv", "picture", activation="gelu")], "conv (Conv2D): its activation is 'gelu'"),
        ([conv("conv", "picture", data_format="channels_first")], "conv (Conv2D): its data_format is 'channels_first'"),
        ([conv("conv", "picture", padding="causal")], "conv (Conv2D): its padding is 'causal'"),
        ([layer("Softmax", "soft", "picture")], "soft (Softmax): its axis is 1"),
        ([conv("other", "picture")], "other (Conv2D): the weights 'other/kernel' are missing"),
        ([layer("Dense", "conv", "picture")], "conv (Dense): its input has 4 axes"),
        ([layer("Flatten", "flat", "nowhere")], "the inputs of flat are never computed"),
        ([{**layer("Flatten", "flat"), "inbound_nodes": [[["picture", 0, 0, {}]]] * 2}], "flat is called 2 times"),
    ],
    ids=str,
)
def test_what_has_no_exact_counterpart_is_refused(layers: list[Layer], reason: str) -> None:
    with pytest.raises(Unconvertible, match=f"^{reason.replace('(', '[(]').replace(')', '[)]')}$"):
        convert(model(functional([picture(), *layers]), **CONV))


def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_folder(convert(branches()), tmp_path / name)
    [one, two] = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "two"))
    assert one == two
