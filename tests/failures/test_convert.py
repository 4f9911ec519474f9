"""`convert` with sources, options and folders that it must refuse; nothing is written then. No browser is needed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.commands import Shell
from tests.models import tiny_model
from tests.onnx_models import tiny_onnx


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path, monkeypatch, capsys)


@pytest.fixture
def network(tmp_path: Path) -> Path:
    tiny_onnx(tmp_path / "net.onnx")
    return tmp_path / "net.onnx"


def contents(folder: Path) -> Mapping[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


OPTIONS = {
    "an unknown preset": (["--normalize", "imagnet"], "BAD_OPTION"),
    "a preset and figures": (["--normalize", "unit", "--mean", "0.5"], "BAD_OPTION"),
    "a mean without a scale": (["--mean", "0.5"], "BAD_OPTION"),
    "a zero deviation": (["--scale", "1/255", "--std", "0"], "BAD_OPTION"),
    "no number": (["--scale", "1/x"], "BAD_OPTION"),
    "no size": (["--input-size", "big"], "BAD_OPTION"),
    "no shape": (["--input-shape", "image"], "BAD_OPTION"),
    "the shape of no input": (["--input-shape", "other=1,3,8,8"], "ONNX_INPUT"),
    "a layout that it has": (["--channels-last"], "BAD_ROUTE"),
    "any size where layers do not bear it": (["--input-size", "any"], "CANNOT_BAKE"),
    "baking nothing": (["--bake-normalize"], "BAD_OPTION"),
    "two numbers for three channels": (["--scale", "1", "--mean", "1,2", "--bake-normalize"], "CANNOT_BAKE"),
    "a second softmax": (["--softmax"], "CANNOT_BAKE"),
    "a size that the layers do not bear": (["--input-size", "999x999"], "CANNOT_BAKE"),
    "an unknown way to store": (["--quantize", "int4"], "BAD_RULE"),
    "a pattern alone": (["--quantize", "dense*="], "BAD_RULE"),
    "another route": (["--route", "tensorflow"], "BAD_ROUTE"),
}


@pytest.mark.parametrize("case", OPTIONS)
def test_options_that_do_not_fit_are_refused(shell: Shell, network: Path, tmp_path: Path, case: str) -> None:
    arguments, problem = OPTIONS[case]
    outcome = shell("convert", network, "-o", tmp_path / "out", "--parity", "none", *arguments)
    assert (outcome.code, outcome.problems) == (2, [problem])
    assert not (tmp_path / "out").exists()


def test_a_damaged_source_is_refused(shell: Shell, network: Path, tmp_path: Path) -> None:
    content = network.read_bytes()
    for length in (0, 1, 40, len(content) // 2, len(content) - 3):
        network.write_bytes(content[:length])
        outcome = shell("convert", network, "-o", tmp_path / "out", "--parity", "none")
        assert outcome.code == 2 and len(outcome.problems) >= 1, length
        assert not (tmp_path / "out").exists()


def test_a_tensorflow_js_model_needs_no_conversion(shell: Shell, tmp_path: Path) -> None:
    outcome = shell("convert", shell.model, "-o", tmp_path / "out")
    assert (outcome.code, outcome.problems) == (2, ["UNKNOWN_SOURCE"])
    assert "it is a TensorFlow.js model already" in outcome.err


def test_what_others_wrote_is_left_alone(shell: Shell, network: Path, tmp_path: Path) -> None:
    tiny_model(tmp_path / "theirs", format="graph")
    before = contents(tmp_path / "theirs")
    outcome = shell("convert", network, "-o", tmp_path / "theirs", "--parity", "none")
    assert (outcome.code, outcome.problems) == (2, ["FOREIGN_FOLDER"])
    assert contents(tmp_path / "theirs") == before


def test_its_own_folder_is_replaced_as_a_whole(shell: Shell, network: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert shell("convert", network, "-o", out, "--parity", "none", "--shard-size", "0.002").code == 0
    many = contents(out)
    assert shell("convert", network, "-o", out, "--parity", "none").code == 0
    assert len(many) > len(contents(out)) == 2
    first = contents(out)
    assert shell("convert", network, "-o", out, "--parity", "none").code == 0
    assert contents(out) == first


def test_a_source_that_nobody_can_run_is_refused_before_a_browser_is_opened(
    shell: Shell, network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    outcome = shell("convert", network, "-o", tmp_path / "out", "--browser", tmp_path / "no-browser")
    assert (outcome.code, outcome.problems) == (2, ["EXTRA_MISSING"])
    assert "tfjs-for-unity[onnx]" in outcome.err
    assert not (tmp_path / "out").exists()


def test_a_missing_browser_is_said(shell: Shell, network: Path, tmp_path: Path) -> None:
    outcome = shell("convert", network, "-o", tmp_path / "out", "--browser", tmp_path / "no-browser")
    assert (outcome.code, outcome.problems) == (3, ["NO_BROWSER"])
    assert not (tmp_path / "out").exists()


def test_what_nobody_checked_says_so_in_the_folder_and_in_generate(shell: Shell, network: Path, tmp_path: Path) -> None:
    outcome = shell("convert", network, "-o", tmp_path / "out", "--parity", "none", "--json")
    assert outcome.json["parity"] == {"by": "none"}
    record = json.loads((tmp_path / "out" / "model.json").read_text("utf-8"))["userDefinedMetadata"]
    assert record["tfjsForUnity"]["parity"] == {"by": "none"}
    shell.model = tmp_path / "out"
    (tmp_path / "out" / "labels.txt").write_text("a\nb\nc\nd\ne", "utf-8")
    assert "careful        the model was converted without a check" in shell.generate("Net").err


def test_generate_converts_first_and_names_the_source(shell: Shell, network: Path) -> None:
    labels = ("--labels", shell.model / "labels.txt")
    given = ("--parity", "none", "--into", shell.project)
    outcome = shell("generate", network, *labels, "--normalize", "signed", *given)
    assert outcome.code == 0
    assert "net.onnx (ONNX), converted directly" in outcome.err
    assert (shell.project / "Packages/com.tfjsbridge.models/Runtime/Net.cs").is_file()
    broken = shell("generate", network, *labels, *given)
    assert (broken.code, broken.problems) == (2, ["NORMALIZATION_UNKNOWN"])
    assert f"where: {network}" in broken.err and "/tfjs-for-unity-" not in broken.err


def test_json_tells_what_was_done(shell: Shell, network: Path, tmp_path: Path) -> None:
    outcome = shell("convert", network, "-o", tmp_path / "out", "--parity", "none", "--json", "--quantize", "uint8")
    said = outcome.json
    assert said["source"] == {"path": str(network), "kind": "onnx"}
    assert (said["route"], said["transposes"], said["weightFiles"]) == ("direct", 0, 1)
    files = {path.name: path.stat().st_size for path in (tmp_path / "out").iterdir()}
    assert said["bytes"]["topology"] == files["model.json"]
    assert said["bytes"]["weights"] == files["group1-shard1of1.bin"] < said["unquantizedBytes"]
    assert said["bytes"]["raw"] == sum(files.values()) > said["bytes"]["gzip"] > 0
    refused = shell("convert", network, "-o", tmp_path / "out", "--json", "--quantize", "int4")
    assert [item["id"] for item in refused.json["problems"]] == ["BAD_RULE"]


def test_nothing_is_packed_for_the_figures_alone_where_nothing_was_quantized(
    shell: Shell, network: Path, tmp_path: Path
) -> None:
    """It takes several times as long as the conversion itself."""
    outcome = shell("convert", network, "-o", tmp_path / "out", "--parity", "none", "--json")
    raw = sum(path.stat().st_size for path in (tmp_path / "out").iterdir())
    said = outcome.json["bytes"]
    assert (said["raw"], said["gzip"], said["brotli"]) == (raw, None, None)
    assert f"{raw:,}\n" in outcome.err and "gzip" not in outcome.err


def test_generate_is_not_asked_what_convert_was_told(shell: Shell, network: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert shell("convert", network, "-o", out, "--parity", "none", "--normalize", "imagenet").code == 0
    (out / "labels.txt").write_text("a\nb\nc\nd\ne", "utf-8")
    shell.model = out
    assert "stated when the model was converted" in shell("inspect", out).out
    given = ("--labels", out / "labels.txt", "--into", shell.project)
    outcome = shell("generate", out, *given)
    assert outcome.code == 0, outcome.err
    assert "(value / 255 - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)" in outcome.err
    assert "[model.json]" in next(line for line in outcome.err.splitlines() if line.startswith("normalization"))
    again = shell("generate", out, *given, "--normalize", "unit")  # who says it now counts more
    assert "value / 255, so 0..255 becomes 0..1 [--normalize]" in again.err


def test_the_channels_of_a_stated_normalization_follow_the_order_of_the_model(shell: Shell, network: Path) -> None:
    given = ("--labels", shell.model / "labels.txt", "--parity", "none", "--into", shell.project)
    outcome = shell("generate", network, *given, "--normalize", "imagenet", "--channel-order", "bgr")
    assert outcome.code == 0, outcome.err
    served = next((shell.project / "Assets").rglob("model.json"))
    record = json.loads(served.read_text("utf-8"))["userDefinedMetadata"]["tfjsForUnity"]["training"]
    assert record["mean"] == [0.406, 0.456, 0.485]


def test_a_normalization_for_other_pictures_is_refused(shell: Shell, network: Path, tmp_path: Path) -> None:
    numbers = ("--scale", "1", "--mean", "1,2", "--parity", "none")
    outcome = shell("convert", network, "-o", tmp_path / "out", *numbers)
    assert (outcome.code, outcome.problems) == (2, ["BAD_OPTION"])
    assert not (tmp_path / "out").exists()
