"""The example for TAO, as its page says to run it: from drawn hands to a plug-in."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from PIL import Image

from examples.from_tao import demo
from examples.hands import LABELS

pytestmark = pytest.mark.browser


def test_drawn_hands_become_a_plug_in(tmp_path: Path) -> None:
    demo.main(tmp_path)

    served = tmp_path / "plugin" / "Assets" / "StreamingAssets" / "tfjs-bridge" / "gestures"
    contract = json.loads((served / "contract.json").read_text("utf-8"))
    assert contract["model"]["labels"] == list(LABELS)
    shape = next(iter(json.loads((served / "model.json").read_text())["signature"]["inputs"].values()))["tensorShape"]
    assert [dim["size"] for dim in shape["dim"]] == ["-1", "160", "160", "3"]

    session = onnxruntime.InferenceSession(str(tmp_path / "gestures.onnx"), providers=["CPUExecutionProvider"])
    files = sorted((tmp_path / "crops").iterdir())
    pictures = np.stack([np.asarray(Image.open(file)) for file in files]).astype(np.float32) / 255
    scores = session.run(None, {"input_1": pictures.transpose(0, 3, 1, 2)})[0]
    names = [file.stem.partition("_")[2] for file in files]
    right = [LABELS[row] == name for row, name in zip(scores.argmax(axis=1), names, strict=True)]
    assert np.mean(right) > 0.7, list(zip(names, scores, strict=True))
