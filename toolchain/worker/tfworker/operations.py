"""What the worker can be asked: `hello`, `describe`, `convert`, `predict`."""

from __future__ import annotations

import importlib
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfworker.channel import Operation, Say
from tfworker.refusal import BrokenEnvironment, Refused

if TYPE_CHECKING:
    from tfworker.source import Source

_READERS = {
    "keras-2": "keras_source",
    "keras-3": "keras_source",
    "saved-model": "saved_model_source",
    "frozen-graph": "frozen_source",
    "onnx": "onnx_source",
}
_SHOWN = ("tensorflow", "keras", "tf_keras", "tensorflowjs", "onnx", "onnx_tf")


def _read(request: Mapping[str, Any], say: Say) -> Source:
    say("TensorFlow starts")
    reader = _part(_READERS[request["kind"]])
    say("the model is read")
    source: Source = reader.read(Path(request["source"]), request["kind"])
    if not source.inputs or not source.outputs:
        raise Refused("it has no inputs or no outputs")
    return source


def _part(name: str) -> Any:  # noqa: ANN401
    """A module of the worker, with all of TensorFlow that it imports."""
    try:
        return importlib.import_module(f"tfworker.{name}")
    except Exception as error:  # a damaged package fails in any way it likes
        raise BrokenEnvironment(f"{type(error).__name__}: {error}") from error


def _description(source: Source) -> dict[str, Any]:
    return {"inputs": [*map(asdict, source.inputs)], "outputs": [*map(asdict, source.outputs)]}


def hello(request: Mapping[str, Any], outbox: Path, say: Say) -> dict[str, Any]:
    """Imports everything that a conversion needs; which versions are here."""
    say("TensorFlow starts")
    for reader in request["kinds"]:
        _part(_READERS[reader])
    _part("graph_model")
    found = {}
    for name in _SHOWN:
        try:
            found[name] = metadata.version("tensorflow-cpu" if name == "tensorflow" else name)
        except metadata.PackageNotFoundError:
            if name == "tensorflow":
                found[name] = str(importlib.import_module("tensorflow").__version__)
    return {"python": platform.python_version(), "versions": found}


def describe(request: Mapping[str, Any], outbox: Path, say: Say) -> dict[str, Any]:
    """Names, shapes and types of what goes in and comes out."""
    return _description(_read(request, say))


def convert(request: Mapping[str, Any], outbox: Path, say: Say) -> dict[str, Any]:
    """Writes `document.json` and `weights.npz` (arrays `0`, `1`, … in the order of the answer's `weights`)."""
    source = _read(request, say)
    graph_model = _part("graph_model")
    say("variables become constants")
    frozen = source.freeze()
    say("the graph is optimized for TensorFlow.js")
    document, weights = graph_model.convert(frozen)
    (outbox / "document.json").write_text(json.dumps(document), "utf-8")
    _save(outbox / "weights.npz", [*weights.values()])
    return {**_description(source), "weights": [*weights]}


def predict(request: Mapping[str, Any], outbox: Path, say: Say) -> dict[str, Any]:
    """Reads `inputs`, an .npz of arrays for `names`; writes `outputs.npz` in the order of the outputs."""
    import numpy as np

    source = _read(request, say)
    with np.load(request["inputs"], allow_pickle=False) as stored:
        arrays = {name: stored[str(index)] for index, name in enumerate(request["names"])}
    if missing := [tensor.name for tensor in source.inputs if tensor.name not in arrays]:
        raise Refused(f"it also wants the input {', '.join(missing)}")
    say("the model runs")
    outputs = source.predict(arrays)
    _save(outbox / "outputs.npz", [outputs[tensor.name] for tensor in source.outputs])
    return _description(source)


def _save(path: Path, arrays: list[Any]) -> None:
    import numpy as np

    np.savez(path, **{str(index): array for index, array in enumerate(arrays)})


OPERATIONS: dict[str, Operation] = {"hello": hello, "describe": describe, "convert": convert, "predict": predict}
