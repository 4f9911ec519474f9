"""Tiny models whose results are pixels, as TensorFlow.js graphs, and what they compute by numpy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.graphs import FLOAT, NHWC, SAME, const, graph_document, ints, node, shape, tensor_info
from tests.models import write_model

Array = NDArray[np.float32]
Wide = NDArray[np.float64]


@dataclass(frozen=True)
class PixelNet:
    """One 3x3 convolution: kernel [3, 3, 3, out] and bias, then `last` (`Sigmoid`, `Tanh`, or nothing), or with
    `factor` channels that become pixels."""

    kernel: Array
    bias: Array
    last: str = ""
    factor: int = 1

    def __call__(self, image: NDArray[np.floating]) -> Wide:
        """[h, w, 3] → [h * factor, w * factor, channels]."""
        height, width, _ = image.shape
        padded = np.pad(image.astype(np.float64), [(1, 1), (1, 1), (0, 0)])
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(0, 1))
        made = np.einsum("hwcij,ijco->hwo", windows, self.kernel.astype(np.float64)) + self.bias
        made = _LAST[self.last](made)
        f = self.factor
        spread = made.reshape(height, width, f, f, -1).transpose(0, 2, 1, 3, 4)
        return np.asarray(spread.reshape(height * f, width * f, -1))

    def write(self, folder: Path, size: tuple[int, int] | None) -> None:
        """A graph model for pictures of `size` (width, height), or of any."""
        width, height = size or (-1, -1)
        image, weights = [1, height, width, 3], {"kernel": self.kernel, "bias": self.bias}
        factor = 1 if size is None else self.factor
        made = [1, height * factor, width * factor, len(self.bias) // self.factor**2]
        info = {"image": tensor_info("image:0", image)}, {"out": tensor_info("out:0", made)}
        document = graph_document(list(self._nodes(image)), *info)
        specs = [{"name": name, "shape": list(value.shape), "dtype": "float32"} for name, value in weights.items()]
        document["weightsManifest"] = [{"paths": [], "weights": specs}]
        write_model(folder, document, b"".join(value.astype("<f4").tobytes() for value in weights.values()))

    def _nodes(self, image: list[int]) -> Iterator[dict[str, Any]]:
        window = {"strides": ints(1, 1, 1, 1), "dilations": ints(1, 1, 1, 1), "padding": SAME, "data_format": NHWC}
        yield node("image", "Placeholder", dtype=FLOAT, shape=shape(image))
        yield const("kernel", self.kernel)
        yield const("bias", self.bias)
        yield node("conv", "Conv2D", "image", "kernel", T=FLOAT, **window)
        yield node("sum", "BiasAdd", "conv", "bias", T=FLOAT, data_format=NHWC)
        if self.factor > 1:
            yield node("out", "DepthToSpace", "sum", T=FLOAT, block_size={"i": str(self.factor)}, data_format=NHWC)
        else:
            yield node("out", self.last or "Identity", "sum", T=FLOAT)


_LAST: dict[str, Callable[[Wide], Wide]] = {
    "": lambda values: values,
    "Sigmoid": lambda values: np.asarray(1 / (1 + np.exp(-values))),
    "Tanh": lambda values: np.asarray(np.tanh(values)),
}


def pixel_net(channels: int, *, last: str = "", factor: int = 1, seed: int = 3, spread: float = 1.0) -> PixelNet:
    """Seeded weights."""
    random = np.random.default_rng(seed)
    outputs = channels * factor**2
    kernel = random.normal(0, spread, (3, 3, 3, outputs)).astype(np.float32)
    return PixelNet(kernel, random.normal(0, 0.1, outputs).astype(np.float32), last, factor)
