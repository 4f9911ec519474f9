"""Whole networks: those of the onnx package, with random weights in place of constants, and a small ResNet."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import ModelProto, numpy_helper

from tests.convert_onnx.networks import detector, resnet, transformer
from tests.convert_onnx.peers import Array, Peers, normal

pytestmark = pytest.mark.node
LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
NETWORKS = sorted(path.stem.removeprefix("light_") for path in LIGHT.glob("*.onnx"))
# Their dense layers hold 60 to 140 million weights: minutes of random numbers and half a gigabyte.
LARGE = {"bvlc_alexnet", "vgg19", "zfnet512"}
TRANSPOSES = {"shufflenet": 16}  # one for each shuffle of channels


def revived(name: str) -> ModelProto:
    """The network with seeded random weights; without a last softmax, which would hide differences."""
    model = onnx.load(LIGHT / f"light_{name}.onnx")
    graph, generator = model.graph, np.random.default_rng(5)
    shapes = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    nodes = [node for node in graph.node if node.op_type != "ConstantOfShape"]
    for node in graph.node:
        if node.op_type == "ConstantOfShape":
            shape = tuple(int(size) for size in shapes[node.input[0]])
            graph.initializer.append(numpy_helper.from_array(_weights(generator, shape), node.output[0]))
    if nodes[-1].op_type == "Softmax":
        graph.output[0].name = nodes.pop().input[0]
    used = {name for node in nodes for name in node.input}
    weights = [tensor for tensor in graph.initializer if tensor.name in used]
    inputs = [entry for entry in graph.input if entry.name in used - {tensor.name for tensor in weights}]
    for field, kept in ((graph.node, nodes), (graph.initializer, weights), (graph.input, inputs)):
        del field[:]
        field.extend(kept)
    return model


def _weights(generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
    if len(shape) < 2:
        return generator.uniform(0.5, 1.5, shape).astype(np.float32)
    return np.asarray(generator.normal(size=shape) * np.sqrt(1.4 / np.prod(shape[1:])), np.float32)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in LARGE else []) for name in NETWORKS]
)
def test_the_networks_of_the_onnx_package(peers: Peers, name: str) -> None:
    model = revived(name)
    feeds = {model.graph.input[0].name: normal(1, 3, 224, 224)}
    found = peers.agree(model, feeds, tolerance=1e-4)
    assert found["Transpose"] == TRANSPOSES.get(name, 0)


@pytest.mark.parametrize("size", [(64, 64), (75, 53)], ids=str)
def test_a_residual_network(peers: Peers, size: tuple[int, int]) -> None:
    found = peers.agree(resnet((8, 16, 24), 10), {"x": normal(2, 3, *size)})
    assert (found["_FusedConv2D"], found["_FusedMatMul"], found["Transpose"], found["Mul"]) == (15, 1, 0, 0)


@pytest.mark.parametrize("size", [(64, 64), (72, 40)], ids=str)
def test_a_detector_of_any_size(peers: Peers, size: tuple[int, int]) -> None:
    peers.agree(detector(), {"x": normal(1, 3, *size)})


def test_a_vision_transformer(peers: Peers) -> None:
    found = peers.agree(transformer(), {"x": normal(2, 3, 32, 32)})
    # For each layer: queries, keys and values apart, and what they give joined again.
    assert (found["_FusedMatMul"], found["Erf"], found["Transpose"]) == (9, 2, 8)


_PEAK = "int(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1]) * 1024"


def spent(script: str, *arguments: object) -> list[float]:
    """The numbers that a script prints, in a process of its own."""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", f"import atexit, re, sys, time; from pathlib import Path\n{script}"]
    done = subprocess.run([*command, *map(str, arguments)], cwd=root, capture_output=True, text=True, check=True)
    return [float(number) for number in done.stdout.split("\n")[-2].split()]


def test_resnet18_takes_little_time_and_memory(tmp_path: Path) -> None:
    """2 seconds of processor time and 2.5 times its weights, in a process of its own, Python included."""
    path = tmp_path / "resnet18.onnx"
    path.write_bytes(resnet().SerializeToString())
    script = (
        "from builder.convert.from_onnx import convert\n"
        "found = convert(Path(sys.argv[1]))\n"
        f"print(time.process_time(), {_PEAK}, sum(array.nbytes for array in found.weights.values()))"
    )
    seconds, memory, weights = spent(script, path)
    assert weights > 46e6
    assert seconds < 2
    assert memory < 2.5 * weights


def test_the_whole_command_takes_little_time_and_memory(tmp_path: Path) -> None:
    """The same for `convert --parity none`; a little more than the 2.5 times of docs/convert-benchmarks.md, since other
    builds of Python and numpy take more."""
    path, folder = tmp_path / "resnet18.onnx", tmp_path / "resnet18"
    path.write_bytes(resnet().SerializeToString())
    script = f"from builder.cli import main\natexit.register(lambda: print(time.process_time(), {_PEAK}))\nmain()"
    seconds, memory = spent(script, "convert", path, "-o", folder, "--parity", "none")
    assert seconds < 2
    assert memory < 2.6 * sum(shard.stat().st_size for shard in folder.glob("*.bin"))


def test_a_convolution_scaled_by_a_hundredth_is_noticed(peers: Peers) -> None:
    """The comparison itself can fail."""
    model = resnet((8, 16), 10)
    converted = peers.converted(model)
    name = next(name for name, array in converted.weights.items() if array.ndim == 4)
    converted.weights[name][:] *= 1.01
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        peers.compare(converted, model, {"x": normal(1, 3, 64, 64)}, tolerance=1e-4)
