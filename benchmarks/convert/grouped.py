"""Grouped convolutions in TensorFlow.js, which has none: what should stand for them?

    .venv/bin/python -m benchmarks.convert.grouped

prints, for layers of real networks, milliseconds of one convolution for each group, of a depthwise convolution whose
results are summed up, and of a single convolution that is zero between the groups; and the bytes of their weights. The
ways of a layer are timed in turns, by TensorFlow.js's wasm backend in Node (`turns.mjs`).
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from builder.convert.folder import write_folder
from builder.convert.from_onnx import OnnxOptions, convert
from builder.convert.from_onnx import groups as module

# Name: side of the picture, channels, groups.
LAYERS = {
    "resnext50, stage 1": (56, 128, 32),
    "resnext50, stage 2": (28, 256, 32),
    "resnext50, stage 3": (14, 512, 32),
    "resnext50, stage 4": (7, 1024, 32),
    "regnetx_002, stage 3": (14, 152, 19),
    "regnetx_002, stage 4": (7, 368, 46),
    "two groups": (28, 128, 2),
    "eight groups": (28, 128, 8),
    "sixteen groups": (28, 192, 16),
}
_ROUNDS = 20
_LAYERS = 4  # of the same kind behind each other, so that a Split and a Concat lie between them as in networks


def network(side: int, channels: int, groups: int) -> onnx.ModelProto:
    """Grouped convolutions of 3 x 3, each followed by a Relu."""
    random = np.random.default_rng(0)
    shape = (channels, channels // groups, 3, 3)
    scale = (9 * channels // groups / 2) ** -0.5
    weights = [
        numpy_helper.from_array(random.normal(0, scale, shape).astype(np.float32), f"w{i}") for i in range(_LAYERS)
    ]
    nodes, name = [], "x"
    for i in range(_LAYERS):
        given: dict[str, Any] = {"group": groups, "pads": [1] * 4}
        nodes += [
            helper.make_node("Conv", [name, f"w{i}"], [f"c{i}"], **given),
            helper.make_node("Relu", [f"c{i}"], [name := f"r{i}"]),
        ]
    ports = [helper.make_tensor_value_info(port, TensorProto.FLOAT, [1, channels, side, side]) for port in ("x", name)]
    graph = helper.make_graph(nodes, "grouped", ports[:1], ports[1:], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def dense(model: onnx.ModelProto, groups: int) -> onnx.ModelProto:
    """The same by one convolution whose kernel is zero between the groups."""
    made = onnx.ModelProto()
    made.CopyFrom(model)
    for weight in made.graph.initializer:
        parts = np.split(numpy_helper.to_array(weight), groups)
        inner = parts[0].shape[1]
        whole = np.zeros((weight.dims[0], inner * groups, *parts[0].shape[2:]), np.float32)
        for index, part in enumerate(parts):
            whole[index * len(part) : (index + 1) * len(part), index * inner : (index + 1) * inner] = part
        weight.CopyFrom(numpy_helper.from_array(whole, weight.name))
    for node in made.graph.node:
        for attribute in (each for each in node.attribute if each.name == "group"):
            attribute.i = 1
    return made


def written(model: onnx.ModelProto, folder: Path, narrow: int) -> int:
    """The model converted, groups of up to so many channels as sums; gives the bytes of its weights."""
    source = folder.with_suffix(".onnx")
    onnx.save(model, str(source))
    with mock.patch.object(module, "NARROW", narrow):
        return write_folder(convert(source, OnnxOptions()), folder).weights


def timed(shape: list[int], folders: list[Path], rounds: int = _ROUNDS) -> list[float]:
    """The milliseconds of the best of many inferences of each folder, in turns: other work only makes them longer."""
    command = ["node", Path(__file__).with_name("turns.mjs"), rounds, json.dumps(shape), *folders]
    done = subprocess.run([*map(str, command)], check=True, capture_output=True, text=True)
    found: list[float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        for name, (side, channels, groups) in LAYERS.items():
            model = network(side, channels, groups)
            ways = {"each": (model, 0), "summed": (model, channels), "dense": (dense(model, groups), 0)}
            folders = {way: Path(scratch) / f"{name}.{way}" for way in ways}
            sizes = {way: written(given[0], folders[way], given[1]) for way, given in ways.items()}
            best = timed([1, side, side, channels], [*folders.values()])
            print(f"{name}: {groups} groups of {channels // groups}, {side} x {side}")
            for way, milliseconds in zip(ways, best, strict=True):
                print(f"    {way:8}{milliseconds:8.1f} ms  {sizes[way]:12,} bytes", flush=True)


if __name__ == "__main__":
    main()
