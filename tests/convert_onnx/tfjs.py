"""TensorFlow.js in Node: one process that runs many converted models."""

from __future__ import annotations

import base64
import json
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from builder.convert.model import ConvertedModel

Array = NDArray[Any]
_SCRIPT = Path(__file__).with_name("run_graphs.mjs")
_TSX = Path(__file__).parents[2] / "jslib" / "node_modules" / "tsx" / "dist" / "loader.mjs"


class TfjsError(Exception):
    """TensorFlow.js refused the model or failed in it."""


class Tfjs:
    """`run` takes and gives arrays in the ONNX order of axes.

    `by_own_executor` counts the graphs that the runtime's own executor ran as well.
    """

    def __init__(self, backend: str = "wasm") -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.by_own_executor = 0
        self.process = subprocess.Popen(
            ["node", "--import", str(_TSX), str(_SCRIPT), backend],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()
        self.folder.cleanup()

    def run(self, model: ConvertedModel, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """The outputs by their ONNX names."""
        orders = model.document["userDefinedMetadata"]["onnx"]
        feeds = {name: _encoded(np.transpose(array, orders["inputs"][name])) for name, array in inputs.items()}
        weights = Path(self.folder.name, "weights.bin")
        with weights.open("wb") as file:
            for array in model.weights.values():
                file.write(np.ascontiguousarray(array).data)
        specs = [
            {"name": name, "shape": list(array.shape), "dtype": array.dtype.name}
            for name, array in model.weights.items()
        ]
        answer = self._ask({"document": model.document, "weights": specs, "data": str(weights), "inputs": feeds})
        return {
            name: np.transpose(_decoded(found), np.argsort(orders["outputs"][name])) for name, found in answer.items()
        }

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise TfjsError(answer["error"])
        self.by_own_executor += answer["own"]
        return dict(answer["outputs"])


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _encoded(array: Array) -> dict[str, Any]:
    kinds = {"f": np.float32, "i": np.int32, "u": np.int32, "b": np.bool_}
    found: Array = np.ascontiguousarray(array, kinds[array.dtype.kind])
    return {"shape": list(array.shape), "dtype": found.dtype.name, "data": _text(found.tobytes())}


def _decoded(found: dict[str, Any]) -> Array:
    array: Array = np.frombuffer(base64.b64decode(found["data"]), np.dtype(found["dtype"]))
    return array.reshape(found["shape"])
