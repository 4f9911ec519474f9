"""Writes the architectures of networks.py as ONNX, each with inputs and with what onnxruntime makes of them.

PyTorch is none of the project's dependencies; give it an environment of its own:

    python3.11 -m venv build/torch
    build/torch/bin/pip install --require-hashes --no-deps -r benchmarks/convert/requirements.txt
    build/torch/bin/python -m benchmarks.convert.export build/onnx [NAME …]

Each network NAME becomes NAME.FORM.onnx and NAME.FORM.npz (`in0`, `out0`, `in1`, …) in these forms:

    legacy      by tracing, one picture of a fixed size (an odd one, where it takes any)
    legacy-any  by tracing, any number of pictures of any size
    dynamo      by the exporter on torch.export, one picture of a fixed size
    dynamo-any  by the same, any size

What is there already is left alone. Nothing is downloaded: weights are random (weights.py), or trained on the spot.
"""

from __future__ import annotations

import argparse
import gc
import json
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import timm
import torch
from numpy.typing import NDArray
from torch import nn

from benchmarks.convert.detector import detector
from benchmarks.convert.digits import drawn, trained
from benchmarks.convert.networks import BY_NAME, NETWORKS, Network
from benchmarks.convert.weights import enliven

Array = NDArray[np.float32]
_CASES = 2  # inputs of each size


def pictures(count: int, size: int, seed: int) -> Array:
    """Random pictures [count, 3, size, size], coarse and fine at once, as ImageNet's normalization leaves them."""
    random = np.random.default_rng(seed)
    total: Array = np.zeros((count, 3, size, size), np.float32)
    for side in (3, 9, 33, size):
        index = np.arange(size) * side // size
        total += random.normal(0, 0.6, (count, 3, side, side)).astype(np.float32)[:, :, index][..., index]
    return total


def build(network: Network) -> nn.Module:
    if network.name == "digits":
        model, right = trained()
        print(f"digits: {right:.3f} of 500 unseen digits are right")
        return model
    if network.own:
        made: nn.Module = detector()
        keep = made.distances.weight.clone()
    else:
        torch.manual_seed(0)
        made = timm.create_model(network.name, pretrained=False, exportable=True)
    enliven(made, torch.from_numpy(pictures(4, network.sizes[0], 99)))
    if network.own:
        made.distances.weight.data.copy_(keep)
    return made


def forms(network: Network) -> Iterator[tuple[str, bool, bool]]:
    """(name, dynamo, free sizes)."""
    for exporter in ("legacy", "dynamo"):
        yield exporter, exporter == "dynamo", False
        if network.free:
            yield f"{exporter}-any", exporter == "dynamo", True


def cases(network: Network, form: str) -> list[Array]:
    if network.name == "digits":
        return [drawn(1, 7)[0], drawn(1, 8)[0]]
    fixed = network.sizes[-1 if form == "legacy" else 0]
    sizes = network.sizes if form.endswith("-any") else (fixed,)
    return [pictures(1, size, seed) for size in sizes for seed in range(_CASES)]


def export(model: nn.Module, sample: Array, file: Path, *, dynamo: bool, free: bool) -> None:
    x = torch.from_numpy(sample)
    axes = {0: "batch", 2: "height", 3: "width"} if free else {}
    more: dict[str, Any] = {"dynamo": dynamo, "input_names": ["input"], "output_names": ["output"]}
    if dynamo:
        sizes = {axis: torch.export.Dim.DYNAMIC for axis in axes}
        # one picture of a batch would be taken for a constant 1
        x = torch.cat([x, x]) if free else x
        more |= {"dynamic_shapes": ({**sizes},) if free else None, "external_data": False, "verbose": False}
    else:
        more |= {"dynamic_axes": {"input": axes, "output": {0: "batch"}} if free else None, "opset_version": 17}
    with torch.no_grad():
        torch.onnx.export(model, (x,), str(file), **more)


def expected(file: Path, inputs: list[Array]) -> list[Array]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return [session.run(None, {name: x})[0] for x in inputs]


def _agrees(model: nn.Module, inputs: list[Array], outputs: list[Array]) -> float:
    """The largest difference between PyTorch and onnxruntime, relative to the range of the outputs."""
    worst = 0.0
    for x, y in zip(inputs, outputs, strict=True):
        with torch.no_grad():
            own = model(torch.from_numpy(x)).numpy()
        worst = max(worst, float(np.abs(own - y).max() / max(float(np.ptp(own)), 1e-9)))
    return worst


def write(network: Network, model: nn.Module, form: str, folder: Path, *, dynamo: bool, free: bool) -> dict[str, Any]:
    inputs = cases(network, form)
    file = folder / f"{network.name}.{form}.onnx"
    part = file.with_suffix(".part")
    started = time.perf_counter()
    try:
        export(model, inputs[0], part, dynamo=dynamo, free=free)
        outputs = expected(part, inputs)
    except Exception as error:
        part.unlink(missing_ok=True)
        return {"failed": f"{type(error).__name__}: {str(error).strip()[:300]}"}
    arrays = {f"{side}{i}": a for side, group in (("in", inputs), ("out", outputs)) for i, a in enumerate(group)}
    np.savez(file.with_suffix(".npz"), **arrays)  # type: ignore[arg-type]
    part.rename(file)
    spread = float(np.abs(outputs[0] - outputs[1]).max() / max(float(np.ptp(outputs[0])), 1e-9))
    opset = onnx.load(str(file), load_external_data=False).opset_import[0].version
    return {
        "seconds": round(time.perf_counter() - started, 1),
        "opset": opset,
        "torch_to_onnxruntime": _agrees(model, inputs, outputs),
        "output_range": float(np.ptp(outputs[0])),
        "difference_between_inputs": spread,
    }


def _run(network: Network, folder: Path, wanted: set[str]) -> None:
    log = folder / f"{network.name}.json"
    done = json.loads(log.read_text()) if log.is_file() else {}
    todo = [form for form in forms(network) if form[0] not in done and form[0] in wanted]
    if not todo:
        return
    model = build(network)
    for form, dynamo, free in todo:
        done[form] = write(network, model, form, folder, dynamo=dynamo, free=free)
        log.write_text(json.dumps(done, indent=1))
        print(network.name, form, done[form], flush=True)
    gc.collect()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--forms", default="legacy,legacy-any,dynamo,dynamo-any")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    for network in [BY_NAME[name] for name in asked.names] or NETWORKS:
        try:
            _run(network, asked.folder, set(asked.forms.split(",")))
        except Exception as error:
            print(network.name, "cannot be built:", type(error).__name__, str(error)[:300], flush=True)


if __name__ == "__main__":
    main()
