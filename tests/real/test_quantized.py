"""What each way to store EfficientNet-Lite0 costs in bytes and in answers, on cuts of photos: the table of
docs/quantize.md. `make test-real`."""

from __future__ import annotations

import asyncio
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from builder.convert.folder import read_folder, write_folder
from builder.convert.model import ConvertedModel
from builder.convert.quantize import NONE, Quantization, is_kernel, read_rules
from builder.harness.reference import ReferencePage, reference_page
from examples.emotion.photos import PHOTOS
from examples.fetching import wheel
from tests.real.models import CACHE, imagenet, lite0

pytestmark = [pytest.mark.slow, pytest.mark.browser]
NAMES = ("astronaut.png", "chelsea.png", "coffee.png", "motorcycle_left.png", "motorcycle_right.png", "rocket.jpg")
CUTS = 12
_BATCH = 12


@dataclass(frozen=True)
class Result:
    """Bytes of the weights; in how many cuts the best class is the same; of those where it had more than half of the
    probability, in how many."""

    weights: int
    same: int
    sure: int


def cuts() -> Iterator[NDArray[np.uint8]]:
    """Seeded squares of the photos, 224 pixels each."""
    random = np.random.default_rng(0)
    with zipfile.ZipFile(wheel(PHOTOS, CACHE)) as package:
        for name in NAMES:
            with package.open(f"skimage/data/{name}") as file, Image.open(file) as opened:
                image = opened.convert("RGB")
            for _ in range(CUTS):
                side = int(min(image.size) * random.uniform(0.4, 1))
                x, y = (int(random.integers(0, length - side + 1)) for length in image.size)
                cut = image.crop((x, y, x + side, y + side)).resize((224, 224), Image.Resampling.BILINEAR)
                yield np.asarray(cut)


def ways(model: ConvertedModel) -> dict[str, Quantization]:
    every = "*=uint8"
    return {
        "float32": NONE,
        "float16": Quantization(rules=read_rules(["float16"])),
        "uint16": Quantization(rules=read_rules(["uint16"])),
        "uint8": Quantization(rules=read_rules(["uint8"])),
        "uint8, clipped": Quantization(rules=read_rules(["uint8"]), scales="mse"),
        "uint8, small kernels too": Quantization(rules=read_rules(_alike(model))),
        "uint8, all weights": Quantization(rules=read_rules([every])),
    }


def _alike(model: ConvertedModel) -> list[str]:
    return [f"{name}=uint8" for name, values in model.weights.items() if is_kernel(values.shape)]


def per_channel(model: ConvertedModel) -> ConvertedModel:
    """Every kernel rounded to 256 steps of its own for each output channel, which TensorFlow.js cannot store."""
    axes = {name: 2 if "depthwise" in name else -1 for name, values in model.weights.items() if is_kernel(values.shape)}
    return ConvertedModel(
        model.document,
        {name: _rounded(value, axes[name]) if name in axes else value for name, value in model.weights.items()},
    )


def _rounded(kernel: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """By whole multiples of a 255th of each channel's range."""
    rows = np.moveaxis(kernel, axis, 0).reshape(kernel.shape[axis], -1).astype(np.float64)
    width = np.maximum(rows.max(axis=1), 0) - np.minimum(rows.min(axis=1), 0)
    step = np.where(width > 0, width, 1) / 255
    made = np.round(rows / step[:, None]) * step[:, None]
    moved = np.moveaxis(kernel, axis, 0).shape
    return np.ascontiguousarray(np.moveaxis(made.reshape(moved), 0, axis), np.float32)


async def scores(page: ReferencePage, folder: Path, x: NDArray[np.float32]) -> NDArray[np.float64]:
    await page.load(folder, "wasm")
    found = [await page.run([x[i : i + _BATCH]]) for i in range(0, len(x), _BATCH)]
    return np.concatenate([next(iter(each.values())) for each in found]).astype(np.float64)


async def compared(model: ConvertedModel, folder: Path, x: NDArray[np.float32]) -> dict[str, Result]:
    results: dict[str, Result] = {}
    exact, sure = np.zeros(0), np.zeros(0)
    async with reference_page() as page:
        tried = {name: (model, quantization) for name, quantization in ways(model).items()}
        tried["uint8, per channel"] = (per_channel(model), NONE)
        for name, (stored, quantization) in tried.items():
            sizes = write_folder(stored, folder, quantization=quantization)
            found = await scores(page, folder, x)
            if not results:
                powers = np.exp(found - found.max(axis=1, keepdims=True))
                exact, sure = found.argmax(axis=1), (powers / powers.sum(axis=1, keepdims=True)).max(axis=1) > 0.5
            same = found.argmax(axis=1) == exact
            results[name] = Result(sizes.weights, int(same.sum()), int(same[sure].sum()))
    return results


def test_bytes_and_answers_of_every_way(tmp_path: Path) -> None:
    source = lite0("plain")(tmp_path / "in")
    document = json.loads((source / "model.json").read_text("utf-8"))
    model = read_folder(document, [source / "weights.bin"])
    x = imagenet(np.stack(list(cuts()))).astype(np.float32)
    found = asyncio.run(compared(model, tmp_path / "out", x))
    print()
    for name, result in found.items():
        share = f"same in {result.same} of {len(x)}, sure ones in {result.sure} of {found['float32'].sure}"
        print(f"{name:<26}{result.weights:>12,} bytes  {share}")
    sure = found["float32"].sure
    assert sure > 10
    for name in ("float16", "uint16"):
        assert found[name].same >= len(x) - 1
        assert found[name].weights < 0.51 * found["float32"].weights
    assert found["uint8"].sure == sure
    assert found["uint8"].weights < 0.27 * found["float32"].weights
    # What the small kernels are spared for.
    assert found["uint8"].same > found["uint8, small kernels too"].same
