"""Parity as `convert` sees it: an ONNX file by onnxruntime, a model folder by TensorFlow.js in Chromium.

Both come from the same weights, by ways that share no code with the converter: the folder is right, and then an error
is planted into it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from builder.cli.checking import Checking
from builder.cli.comparing import Checked, checked
from builder.convert.sources import find_source
from builder.errors import BAD_OPTION, BAD_PHOTOS, PARITY_FAILED, PARITY_PROVES_NOTHING, SOURCE_FAILED, UserError
from tests.models import Quantize, pictures, tiny_model
from tests.onnx_models import tiny_onnx

pytestmark = pytest.mark.browser
Document = dict[str, Any]
Array = NDArray[Any]


# Whatever the convolution's padding, the pooled places are as many: a wrong padding gives wrong numbers, no error.
SIZE = (35, 27)


class Pair:
    """An ONNX file and the folder that a converter should make of it."""

    def __init__(self, place: Path, *, softmax: bool = True, quantize: Quantize | None = None) -> None:
        self.onnx, self.folder = place / "net.onnx", place / "folder"
        tiny_onnx(self.onnx, size=SIZE, softmax=softmax)
        tiny_model(self.folder, format="graph", size=SIZE, softmax=softmax, quantize=quantize)
        self.edit(_named_like_the_source)

    def edit(self, change: Callable[[Document], None]) -> None:
        """Changes model.json."""
        path = self.folder / "model.json"
        document = json.loads(path.read_text("utf-8"))
        change(document)
        path.write_text(json.dumps(document), "utf-8")

    def weights(self, name: str, change: Callable[[Array], Array]) -> None:
        """Changes one weight in the shard."""
        document = json.loads((self.folder / "model.json").read_text("utf-8"))
        group = document["weightsManifest"][0]
        shard, start = self.folder / group["paths"][0], 0
        content = bytearray(shard.read_bytes())
        for weight in group["weights"]:
            size = 4 * int(np.prod(weight["shape"]))
            if weight["name"] == name:
                old = np.frombuffer(content[start : start + size], np.float32).reshape(weight["shape"])
                content[start : start + size] = change(old).astype(np.float32).tobytes()
            start += size
        shard.write_bytes(content)

    def checked(self, **how: Any) -> Checked:  # noqa: ANN401
        return checked(find_source(self.onnx), self.folder, Checking(**how))

    def refused(self, **how: Any) -> tuple[Any, str]:  # noqa: ANN401
        with pytest.raises(UserError) as caught:
            self.checked(**how)
        (found,) = caught.value.problems
        return found.kind, found.what


def _named_like_the_source(document: Document) -> None:
    signature = document["signature"]
    signature["inputs"] = {"picture": signature["inputs"]["image"]}
    signature["outputs"] = {"answer": signature["outputs"]["classes"]}
    axes = {"inputs": {"picture": [0, 2, 3, 1]}, "outputs": {"answer": [0, 1]}}
    document["userDefinedMetadata"] = {"onnx": axes}


def _node(document: Document, op: str) -> Document:
    found: Document = next(node for node in document["modelTopology"]["node"] if node["op"] == op)
    return found


@pytest.mark.parametrize("softmax", [True, False])
def test_the_same_network_agrees(tmp_path: Path, softmax: bool) -> None:
    found = Pair(tmp_path, softmax=softmax).checked()
    (output,) = found.parity.outputs
    assert (output.name, output.agreement, found.backend) == ("answer", 1.0, "wasm")
    assert output.difference is not None and 0 < output.difference.relative < 1e-5
    assert (output.before_softmax is not None) == softmax
    record = found.record()
    assert (record["by"], record["backend"], record["inputs"], record["count"]) == ("browser", "wasm", "seeded", 6)
    bound = record["outputs"]["answer"]["relative"]
    assert bound / 10 < output.difference.relative <= bound and bound in (1e-8, 1e-7, 1e-6, 1e-5)


def _valid_to_same(document: Document) -> None:
    _node(document, "Conv2D")["attr"]["padding"] = {"s": "U0FNRQ=="}


PLANTED: dict[str, Callable[[Pair], None]] = {
    "one weight scaled by 1.01": lambda pair: pair.weights("conv/kernel", lambda kernel: kernel * np.float32(1.01)),
    "one filter scaled by 1.01": lambda pair: pair.weights(
        "conv/kernel", lambda kernel: kernel * np.where(np.arange(8) == 3, 1.01, 1)
    ),
    "two axes of the kernel swapped": lambda pair: pair.weights("conv/kernel", lambda kernel: kernel.swapaxes(0, 1)),
    "an attribute ignored": lambda pair: pair.edit(_valid_to_same),
}


@pytest.mark.parametrize("error", PLANTED)
def test_a_planted_error_is_found(tmp_path: Path, error: str) -> None:
    pair = Pair(tmp_path)
    PLANTED[error](pair)
    kind, what = pair.refused()
    assert kind is PARITY_FAILED
    assert "'answer'" in what


def test_an_output_with_its_axes_in_another_order_is_found(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    pair.edit(lambda document: document["userDefinedMetadata"]["onnx"]["outputs"].update(answer=[1, 0]))
    kind, what = pair.refused()
    assert kind is PARITY_FAILED and "has the shape [1, 5] instead of [5, 1]" in what


@pytest.mark.parametrize("quantize", ["float16", "uint16", "uint8"])
def test_quantized_weights_are_judged_by_their_precision(tmp_path: Path, quantize: Quantize) -> None:
    found = Pair(tmp_path, quantize=quantize).checked()
    assert found.parity.precision == quantize
    assert found.parity.outputs[0].agreement == 1.0


def test_photos_are_fitted_and_normalized(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    photos = tmp_path / "photos"
    (photos / "class").mkdir(parents=True)
    for number, picture in enumerate(pictures(3, (97, 61), 3, seed=8)):
        Image.fromarray(picture).save(photos / "class" / f"{number}.png")
    numbers = (1 / 127.5, (1.0, 1.0, 1.0), (1.0, 1.0, 1.0))
    found = pair.checked(photos=photos, numbers=numbers)
    assert (found.photos, found.parity.inputs, found.record()["inputs"]) == (True, 3, "photos")
    assert pair.refused(photos=photos)[0] is BAD_OPTION
    assert pair.refused(photos=photos, numbers=(1.0, (1.0, 2.0), (1.0,)))[0] is BAD_OPTION
    assert pair.refused(photos=tmp_path / "nowhere", numbers=numbers)[0] is BAD_PHOTOS
    (photos / "broken.jpg").write_bytes(b"no picture")
    assert "cannot be read" in pair.refused(photos=photos, numbers=numbers)[1]


def test_a_network_that_always_says_the_same_proves_nothing(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    still = tmp_path / "still"
    still.mkdir()
    other = Pair(still)
    other.weights("dense/kernel", lambda dense: dense * 0)
    _flatten(other.onnx)
    assert other.refused()[0] is PARITY_PROVES_NOTHING
    assert other.checked(allow_flat=True).parity.flat == ("answer",)
    other.weights("dense/bias", lambda bias: bias + np.array([0.1, 0, 0, 0, 0]))
    assert other.refused(allow_flat=True)[0] is PARITY_FAILED
    assert pair.checked().parity.flat == ()


def _flatten(path: Path) -> None:
    import onnx
    from onnx import numpy_helper

    model = onnx.load(str(path))
    dense = next(weight for weight in model.graph.initializer if weight.name == "dense.weight")
    dense.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(dense) * 0, dense.name))
    onnx.save(model, str(path))


def test_a_source_that_does_not_run_is_said(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    pair.onnx.write_bytes(pair.onnx.read_bytes()[:-40])
    kind, what = pair.refused()
    assert kind is SOURCE_FAILED
    assert "onnxruntime says" in what
