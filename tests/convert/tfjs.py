"""TensorFlow.js in Node, as the judge of what a model folder means."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SCRIPT = Path(__file__).with_name("tfjs.mjs")
_SECONDS = 120


def decoded_weights(folder: Path) -> dict[str, NDArray[Any]]:
    """The weights of a model folder."""
    return {name: _array(value) for name, value in _ask({"folder": str(folder)})["weights"].items()}


def predicted(folder: Path, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The outputs of a graph model by name, or the one of a layers model, called `output`."""
    answer = _ask({"folder": str(folder), "inputs": {name: _described(value) for name, value in inputs.items()}})
    return {name: _array(value) for name, value in answer["outputs"].items()}


def _ask(job: dict[str, Any]) -> Any:  # noqa: ANN401
    done = subprocess.run(
        ["node", str(SCRIPT)], input=json.dumps(job), capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def _described(value: NDArray[Any]) -> dict[str, Any]:
    data = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode()
    return {"shape": list(value.shape), "dtype": str(value.dtype), "data": data}


def _array(value: Mapping[str, Any]) -> NDArray[Any]:
    data = base64.b64decode(value["data"])
    return np.frombuffer(data, np.dtype(value["dtype"])).reshape(value["shape"])
