"""Converts one ONNX file in a process of its own and prints what that took, as one line of JSON.

    python -m benchmarks.convert.measure MODEL.onnx FOLDER

Seconds and memory count from when the libraries are imported; the memory is the most that the process held at once.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import onnx  # noqa: F401  # so that its import is not measured

from builder.convert.folder import write_folder
from builder.convert.from_onnx import OnnxOptions, convert
from builder.convert.model import ConvertedModel
from builder.errors import UserError


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def measured(source: Path, folder: Path) -> dict[str, Any]:
    before, started = _peak_bytes(), time.perf_counter()
    model = convert(source, OnnxOptions())
    sizes = write_folder(model, folder)
    seconds, peak = time.perf_counter() - started, _peak_bytes()
    return {
        "seconds": seconds,
        "peak_bytes": peak,
        "added_bytes": peak - before,
        "weight_bytes": sizes.weights,
        "bytes": sizes.weights + sizes.topology,
        "ops": _ops(model),
        "layouts": model.document.get("userDefinedMetadata", {}).get("onnx", {}),
    }


def _ops(model: ConvertedModel) -> dict[str, int]:
    return dict(Counter(node["op"] for node in model.document["modelTopology"]["node"]))


def main() -> None:
    source, folder = (Path(argument) for argument in sys.argv[1:3])
    try:
        answer = measured(source, folder)
    except UserError as error:
        answer = {"refused": str(error)}
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
