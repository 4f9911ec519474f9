"""From an ONNX file made here to a build that predicts: `convert`, parity in the browser, `generate`, `verify`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from PIL import Image

from builder.convert import from_onnx
from tests.commands import Shell
from tests.e2e.browsing import Site
from tests.e2e.game import picture_640x480, publish
from tests.models import normalized, tiny_labels
from tests.onnx_models import tiny_onnx
from tests.verifying import save, verify

pytestmark = pytest.mark.browser
SIZE = (48, 32)
SEEDS = (3, 4)


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """With the built runtime, not with a stand-in."""
    shell = Shell(tmp_path, monkeypatch, capsys)
    monkeypatch.undo()
    return shell


def contents(folder: Path) -> Mapping[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.player
def test_an_onnx_file_becomes_a_build_that_predicts(shell: Shell, site: Site, tmp_path: Path) -> None:
    expected = tiny_onnx(tmp_path / "Net.onnx", size=SIZE, normalize="imagenet")
    (tmp_path / "labels.txt").write_text("\n".join(tiny_labels()), "utf-8")
    numbers = ("--scale", "1/255", "--mean", "0.449", "--std", "0.226")
    converted = shell("convert", tmp_path / "Net.onnx", "-o", tmp_path / "Net", *numbers, "--bake-normalize")
    assert converted.code == 0, converted.err
    assert "parity         holds for 6 seeded inputs, in TensorFlow.js on wasm" in converted.err
    given = ("--labels", tmp_path / "labels.txt", "--out", tmp_path / "tree")
    generated = shell("generate", tmp_path / "Net", *given)  # which is not told, and does not ask, how to normalize
    assert generated.code == 0, generated.err
    assert "careful" not in generated.err
    build = publish(site, tmp_path / "tree", "converted", "net")
    cases = []
    for seed in SEEDS:
        picture = picture_640x480(seed)
        save(picture, tmp_path / f"{seed}.png")
        levels = np.asarray(Image.fromarray(picture).resize(SIZE, Image.Resampling.BILINEAR))
        scores = expected(normalized(levels[None], "imagenet"))[0]
        cases.append({"image": f"{seed}.png", "scores": scores.tolist(), "tolerance": 0.002})
    assert np.ptp([case["scores"] for case in cases], axis=0).max() > 0.1  # the pictures are told apart
    (tmp_path / "cases.json").write_text(json.dumps(cases), "utf-8")
    outcome = verify(build, tmp_path / "cases.json", "--backend", "wasm", "--timeout", "120")
    assert outcome.code == 0, outcome.out + outcome.err


def test_a_faulty_conversion_is_found_and_nothing_is_written(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The converter is given another file than the one that is run: the same network with one bias left out."""
    tiny_onnx(tmp_path / "net.onnx")
    model = onnx.load(str(tmp_path / "net.onnx"))
    bias = next(weight for weight in model.graph.initializer if weight.name == "conv.bias")
    bias.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(bias) * np.float32(0.9), bias.name))
    onnx.save(model, str(tmp_path / "faulty.onnx"))
    assert shell("convert", tmp_path / "net.onnx", "-o", tmp_path / "out").code == 0
    before = contents(tmp_path / "out")
    faulty = from_onnx.convert(tmp_path / "faulty.onnx")
    monkeypatch.setattr("builder.cli.conversion.convert_onnx", lambda path, options: faulty)
    for folder in ("out", "new"):
        outcome = shell("convert", tmp_path / "net.onnx", "-o", tmp_path / folder, "--json")
        assert (outcome.code, outcome.problems) == (1, ["PARITY_FAILED"])
        assert outcome.json["problems"][0]["id"] == "PARITY_FAILED"
    assert contents(tmp_path / "out") == before
    assert not (tmp_path / "new").exists()
    assert not [path for path in tmp_path.iterdir() if path.name.endswith("~")]


def test_logits_get_a_softmax_and_generate_converts_by_itself(shell: Shell, tmp_path: Path) -> None:
    tiny_onnx(tmp_path / "net.onnx", softmax=False)
    outcome = shell(
        "convert", tmp_path / "net.onnx", "-o", tmp_path / "out", "--softmax", "--quantize", "float16", "--json"
    )
    assert outcome.code == 0, outcome.err
    parity = outcome.json["parity"]
    assert (parity["by"], parity["precision"], parity["tolerance"]) == ("browser", "float16", 0.01)
    assert set(parity["outputs"]["answer"]) == {"largest", "mean", "relative", "relativeBeforeSoftmax", "agreement"}
    record = json.loads((tmp_path / "out" / "model.json").read_text("utf-8"))["userDefinedMetadata"]["tfjsForUnity"]
    assert record["parity"] == parity
    labels = ("--labels", shell.model / "labels.txt", "--into", shell.project, "--normalize", "signed")
    generated = shell("generate", tmp_path / "net.onnx", *labels)
    assert generated.code == 0, generated.err
    assert "parity         holds for 6 seeded inputs" in generated.err and "careful" not in generated.err
