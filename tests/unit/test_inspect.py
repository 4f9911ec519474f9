from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from builder.cli.inspect import command
from builder.errors import UserError
from tests.archives import folder_entries, teachable_machine, write_zip
from tests.models import tiny_labels, tiny_model


def text(folder: Path) -> list[str]:
    """The lines of the answer, blanks squeezed."""
    result = CliRunner().invoke(command, [str(folder)])
    assert result.exception is None, result.exception
    return [re.sub(r" +", " ", line).strip() for line in result.stdout.splitlines()]


def test_the_answer_names_task_tensors_and_shards(tmp_path: Path) -> None:
    tiny_model(tmp_path, format="graph", channels=1, quantize="uint8", shards=2)
    lines = text(tmp_path)
    assert "looks like image classifier: 48x32 gray → 5 classes (probabilities)" in lines
    assert "generate needs --labels FILE with 5 labels" in lines
    assert "--normalize unit, signed or none, as in training (the model does not say)" in lines
    assert "quantization uint8 (4 of 5 weights)" in lines
    assert "input image [?, 32, 48, 1] float32" in lines
    assert "output classes [?, 5] float32" in lines
    assert "group1-shard1of2.bin 347 ok" in lines


def test_a_model_without_softmax_is_said_to_give_raw_scores(tmp_path: Path) -> None:
    tiny_model(tmp_path, softmax=False)
    lines = text(tmp_path)
    assert "looks like image classifier: 48x32 RGB → 5 classes (raw scores)" in lines
    assert "last operation linear" in lines


def test_a_model_that_is_no_classifier_says_why(tmp_path: Path) -> None:
    tiny_model(tmp_path, format="graph")
    document = json.loads((tmp_path / "model.json").read_text("utf-8"))
    document["signature"]["inputs"]["image"]["dtype"] = "DT_BOOL"
    (tmp_path / "model.json").write_text(json.dumps(document), "utf-8")
    reasons = [line for line in text(tmp_path) if line.startswith("not usable")]
    assert len(reasons) == 1
    assert reasons[0].startswith(
        "not usable its input 'image' takes bool (next: Export it with a float32, uint8 or int32 input"
    )


def test_json_has_the_documented_keys(tmp_path: Path) -> None:
    tiny_model(tmp_path, shards=2)
    result = CliRunner().invoke(command, [str(tmp_path), "--json"])
    answer = json.loads(result.stdout)
    documented = re.search(r"Keys of --json: (.*?)\n\n", (command.help or "") + "\n\n", re.DOTALL)
    assert documented
    names = re.sub(r"\(.*?\)| and ", " ", documented[1], flags=re.DOTALL)
    assert list(answer) == re.findall(r"\w+", names)
    assert answer["inputs"] == [{"name": "conv_input", "shape": [-1, 32, 48, 3], "dtype": "float32"}]
    assert answer["outputs"] == [{"name": "scores", "shape": [-1, 5], "dtype": "float32", "activation": "softmax"}]
    assert (answer["classifier"], answer["obstacles"], answer["problems"]) == (True, [], [])
    assert answer["ops"] == {"AveragePooling2D": 1, "Conv2D": 1, "Dense": 1, "Flatten": 1}
    assert [shard["bytes"] for shard in answer["shards"]] == [1658, 1658]


@pytest.mark.parametrize("arguments", [[], ["--json"]])
def test_a_missing_shard_is_shown_and_fails(tmp_path: Path, arguments: list[str]) -> None:
    tiny_model(tmp_path, shards=3)
    (tmp_path / "group1-shard2of3.bin").unlink()
    result = CliRunner().invoke(command, [str(tmp_path), *arguments])
    assert isinstance(result.exception, UserError)
    assert result.exception.exit_code == 2
    assert "group1-shard2of3.bin" in result.stdout
    if arguments:
        answer = json.loads(result.stdout)
        assert [shard["bytes"] is None for shard in answer["shards"]] == [False, True, False]
        assert [found["id"] for found in answer["problems"]] == ["MISSING_SHARD"]
    else:
        assert re.search(r"group1-shard2of3\.bin +missing", result.stdout)


def test_hostile_names_do_not_reach_the_terminal(tmp_path: Path) -> None:
    tiny_model(tmp_path, format="graph")
    document = json.loads((tmp_path / "model.json").read_text("utf-8"))
    document["signature"]["inputs"] = {"\u001b[31m[bold]": document["signature"]["inputs"]["image"]}
    document["generatedBy"] = "\u001b]0;owned\u0007"
    (tmp_path / "model.json").write_text(json.dumps(document), "utf-8")
    output = "\n".join(text(tmp_path))
    assert "\u001b" not in output and "\u0007" not in output
    assert "[31m[bold]" in output


@pytest.mark.parametrize("packed", [False, True])
def test_an_export_of_teachable_machine_needs_nothing_else(tmp_path: Path, packed: bool) -> None:
    folder = teachable_machine(tmp_path / "snacks")
    model = write_zip(tmp_path / "snacks.zip", folder_entries(folder)) if packed else folder
    lines = text(model)
    place = model / "snacks" if packed else folder
    assert f"model {place / 'model.json'}" in lines
    assert f"labels 3 in the model: {', '.join(tiny_labels(3))}" in lines
    assert any(line.startswith("normalization metadata.json names @teachablemachine/image, which") for line in lines)
    assert not any(line.startswith(("generate needs", "--")) for line in lines)


def test_problems_of_an_archive_name_it(tmp_path: Path) -> None:
    folder = teachable_machine(tmp_path / "snacks", labels=["a", "a", "b"])
    (folder / "weights.bin").unlink()
    archive = write_zip(tmp_path / "snacks.zip", folder_entries(folder))
    result = CliRunner().invoke(command, [str(archive), "--json"])
    answer = json.loads(result.stdout)
    assert answer["model"] == str(archive / "snacks" / "model.json")
    assert [(found["id"], found["where"]) for found in answer["problems"]] == [
        ("MISSING_SHARD", f"{archive / 'snacks' / 'model.json'}: weightsManifest.0.paths.0"),
        ("BAD_LABELS", f"{archive / 'snacks' / 'metadata.json'}: labels.1"),
    ]
