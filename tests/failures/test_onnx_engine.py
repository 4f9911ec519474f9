"""What `generate --engine onnxruntime` takes as it is, and what it refuses in which words, with nothing written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import ModelProto, TensorProto, external_data_helper, helper, numpy_helper

from builder import resources
from builder.cli import engines
from tests.commands import SERVED, Outcome, Shell
from tests.onnx_models import tiny_onnx

REAL = resources.runtime


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    made = Shell(tmp_path, monkeypatch, capsys)
    tiny_onnx(tmp_path / "signs.onnx", size=(48, 32))
    return made


def generated(shell: Shell, model: Path, *more: object) -> Outcome:
    labels, target = shell.model / "labels.txt", shell.folder / "out"
    given = ("--labels", labels, "--normalize", "signed", "--name", "Signs", "--out", target, *more)
    return shell("generate", model, "--engine", "onnxruntime", *given)


def served(shell: Shell, *parts: str) -> Path:
    return shell.folder.joinpath("out", SERVED, *parts)


def contract(shell: Shell) -> Any:  # noqa: ANN401
    return json.loads(served(shell, "signs", "contract.json").read_text("utf-8"))


def test_the_file_goes_in_as_it_is(shell: Shell) -> None:
    source = shell.folder / "signs.onnx"
    done = generated(shell, source)
    assert done.code == 0, done.err
    assert "ONNX Runtime Web [--engine]" in done.err and "channels first [signs.onnx]" in done.err
    model, runtime = contract(shell)["model"], contract(shell)["runtime"]
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    assert served(shell, "signs", "signs.onnx").read_bytes() == source.read_bytes()
    assert model["files"]["format"] == "onnx" and model["files"]["shards"] == []
    assert model["files"]["topology"] == {"path": "signs.onnx", "bytes": source.stat().st_size, "sha256": digest}
    assert model["input"] == {"name": "picture", "dtype": "float32", "shape": [-1, 3, 32, 48]}
    assert model["outputs"] == [{"name": "answer", "dtype": "float32", "shape": [-1, 5]}]
    assert model["preprocess"]["layout"] == "NCHW"
    names = [file["path"].rpartition("/")[2] for file in runtime["wasm"]]
    assert [name.partition(".")[0] for name in names] == ["tfjs-bridge-onnxruntime", "ort-wasm"]
    assert {path.name for path in served(shell, "runtime").iterdir() if path.suffix != ".meta"} >= {*names}
    assert generated(shell, source).err.count("unchanged")


def test_weights_beside_the_file_go_with_it(shell: Shell) -> None:
    model = onnx.load(str(shell.folder / "signs.onnx"))
    (folder := shell.folder / "split").mkdir()
    onnx.save(model, str(folder / "signs.onnx"), save_as_external_data=True, location="signs.data", size_threshold=0)
    done = generated(shell, folder / "signs.onnx")
    assert done.code == 0, done.err
    (shard,) = contract(shell)["model"]["files"]["shards"]
    data = (folder / "signs.data").read_bytes()
    assert shard == {"path": "signs.data", "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    assert served(shell, "signs", "signs.data").read_bytes() == data


def test_a_project_has_onnx_runtime_while_a_model_needs_it(shell: Shell) -> None:
    shell.monkeypatch.setattr(resources, "runtime", REAL)
    target, labels = shell.folder / "out", shell.model / "labels.txt"
    plain = shell(
        "generate", shell.model, "--labels", labels, "--normalize", "unit", "--name", "Plain", "--out", target
    )
    assert plain.code == 0

    def files() -> set[str]:
        return {path.name.partition(".")[0] for path in served(shell, "runtime").iterdir()}

    before = files()
    assert not any(name.startswith(("ort", "tfjs-bridge-onnx")) for name in before)
    notices = target / "Packages/com.tfjsbridge.runtime/THIRD-PARTY-NOTICES.md"
    assert "onnxruntime-web" not in notices.read_text("utf-8")
    assert generated(shell, shell.folder / "signs.onnx").code == 0
    assert files() == {*before, "tfjs-bridge-onnxruntime", "ort-wasm-simd-threaded"}
    assert "onnxruntime-web 1.30.0 (MIT)" in notices.read_text("utf-8")
    assert {row["state"] for row in shell("list", target, "--json").json["models"]} == {"ok"}
    assert shell("upgrade", target, "--json").json["updated"] == []
    assert shell("remove", "Signs", "--from", target).code == 0
    assert files() == before and "onnxruntime-web" not in notices.read_text("utf-8")


def test_the_options_file_may_say_it(shell: Shell) -> None:
    (shell.folder / "tfjs-for-unity.toml").write_text('engine = "onnxruntime"\nmodel = "signs.onnx"\n', "utf-8")
    labels, target = shell.model / "labels.txt", shell.folder / "out"
    given = ("--labels", labels, "--normalize", "signed", "--name", "Signs", "--out", target)
    done = shell("generate", "--config", shell.folder / "tfjs-for-unity.toml", *given)
    assert done.code == 0 and "ONNX Runtime Web [tfjs-for-unity.toml]" in done.err
    assert contract(shell)["model"]["files"]["format"] == "onnx"


# --- refused --------------------------------------------------------------------------------------------------------


def outside(model: ModelProto) -> None:
    for weight in model.graph.initializer:
        external_data_helper.set_external_data(weight, "../secret.bin")
        weight.ClearField("raw_data")


def missing(model: ModelProto) -> None:
    external_data_helper.set_external_data(model.graph.initializer[0], "weights.bin")
    model.graph.initializer[0].ClearField("raw_data")


def inner_data(model: ModelProto) -> None:
    """A constant whose data lie outside."""
    tensor = TensorProto(name="stray", data_type=TensorProto.FLOAT, dims=[1])
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    model.graph.node.insert(0, helper.make_node("Constant", [], ["stray"], value=tensor))


def unknown_operator(model: ModelProto) -> None:
    model.graph.node[1].op_type = "Squash"


def no_numbers(model: ModelProto) -> None:
    weight = numpy_helper.to_array(model.graph.initializer[0]).copy()
    weight.flat[3] = np.nan
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(weight, model.graph.initializer[0].name))


def half(model: ModelProto) -> None:
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.FLOAT16
    model.graph.node.insert(0, helper.make_node("Cast", ["picture"], ["cast"], to=TensorProto.FLOAT))
    model.graph.node[1].input[0] = "cast"


def second_input(model: ModelProto) -> None:
    model.graph.input.append(helper.make_tensor_value_info("age", TensorProto.FLOAT, [1, 1]))


REFUSED: dict[Callable[[ModelProto], None], tuple[str, str]] = {
    outside: ("ONNX_DATA", "it names the file '../secret.bin', which is not in the model's folder"),
    missing: ("ONNX_DATA", "the file weights.bin is not there"),
    inner_data: ("ONNX_DATA", "its data lie outside the file, which only an initializer may"),
    unknown_operator: ("ONNX_REFUSED", "Squash"),
    no_numbers: ("WEIGHT_IS_NAN", "1 of its"),
    half: ("UNSUPPORTED_MODEL", "'picture' takes float16"),
    second_input: ("UNSUPPORTED_MODEL", "it has 2 inputs"),
}


def refused(shell: Shell, model: Path, id: str, text: str) -> None:
    done = generated(shell, model)
    assert done.code == 2 and id in done.problems, done.err
    assert text in " ".join(done.err.split()), done.err
    assert not (shell.folder / "out").exists()


@pytest.mark.parametrize("change", REFUSED, ids=lambda change: change.__name__)
def test_a_model_that_cannot_be_used_is_refused(shell: Shell, change: Callable[[ModelProto], None]) -> None:
    model = onnx.load(str(shell.folder / "signs.onnx"))
    change(model)
    (shell.folder / "signs.onnx").write_bytes(model.SerializeToString())
    refused(shell, shell.folder / "signs.onnx", *REFUSED[change])


@pytest.mark.parametrize("name", [".signs.onnx", "signs.onnx~", "si#gns.onnx", "signs.onnx.meta"])
def test_a_name_that_no_game_can_publish(shell: Shell, name: str) -> None:
    refused(
        shell, (shell.folder / "signs.onnx").rename(shell.folder / name), "NOT_ONNX", "cannot publish a file called"
    )


def test_a_name_of_weights_that_is_taken(shell: Shell) -> None:
    model = onnx.load(str(shell.folder / "signs.onnx"))
    (folder := shell.folder / "split").mkdir()
    onnx.save(model, str(folder / "s.onnx"), save_as_external_data=True, location="Contract.json", size_threshold=0)
    refused(shell, folder / "s.onnx", "NOT_ONNX", "the name 'Contract.json' is taken by a file beside it")


def test_what_is_no_onnx_file(shell: Shell) -> None:
    refused(shell, shell.model, "NOT_ONNX", "it is not a file")
    refused(shell, shell.model / "labels.txt", "NOT_ONNX", "")
    refused(shell, shell.folder / "nowhere.onnx", "NOT_ONNX", "No such file")


def test_an_engine_that_does_not_exist(shell: Shell) -> None:
    done = shell("generate", shell.model, "--engine", "onnxruntim", "--out", shell.folder / "out")
    assert done.code == 2 and done.problems == ["BAD_OPTION"] and "the nearest is onnxruntime" in done.err


def test_without_the_package_onnx_it_is_said(shell: Shell) -> None:
    shell.monkeypatch.setattr("builder.convert.from_onnx.described.find_spec", lambda _: None)
    refused(shell, shell.folder / "signs.onnx", "NO_ONNX_PACKAGE", "pip install")


def test_without_onnxruntime_the_file_itself_has_to_say_its_shapes(shell: Shell) -> None:
    model = onnx.load(str(shell.folder / "signs.onnx"))
    model.graph.output[0].type.tensor_type.ClearField("shape")
    (shell.folder / "signs.onnx").write_bytes(model.SerializeToString())
    assert engines.onnx_facts(shell.folder / "signs.onnx").outputs[0].shape == (-1, 5)
    shell.monkeypatch.setattr("builder.convert.onnx_answers.onnx_outputs", lambda _: None)
    refused(shell, shell.folder / "signs.onnx", "UNSUPPORTED_MODEL", "signs.onnx does not say how many scores")
