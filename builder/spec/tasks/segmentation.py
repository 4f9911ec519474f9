"""Which pixels belong to what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from builder.spec.checks import require
from builder.spec.preprocess import Layout
from builder.spec.tensors import TensorSpec

SegmentationResult = Literal["mask", "alpha", "labels"]
# What the numbers still need to be scores of 0..1. Softmax is over the classes of one pixel.
SegmentationActivation = Literal["none", "sigmoid", "softmax"]
# In label maps: what the network did not see, or where no class reaches the threshold. There are 255 classes at most.
NO_LABEL = 255


def grid_of(output: TensorSpec, layout: Layout) -> tuple[int, int, int]:
    """(height, width, channels) of an output that is a picture, -1 where a size is free; ValueError for others."""
    require(len(output.shape) in (3, 4) and output.shape[0] in (1, -1), "the first output is a picture")
    if len(output.shape) == 3:
        return (*output.shape[1:], 1)
    first, second, third = output.shape[1:]
    return (second, third, first) if layout == "NCHW" else (first, second, third)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segmentation:
    """From the first output, [1, height, width, classes] or as `layout` says, to one byte for each pixel of the picture
    that was handed over, or of `width` x `height` pixels where they are not 0.

    `mask`: 255 where the score of the class number `channel` reaches `threshold` (0..1), else 0. `alpha`: that score,
    0..255. `labels`: the number of the class with the best score, or NO_LABEL where it does not reach `threshold`.
    """

    kind: Literal["segmentation"] = "segmentation"
    result: SegmentationResult
    layout: Layout
    activation: SegmentationActivation
    channel: int
    threshold: float
    width: int
    height: int

    def __post_init__(self) -> None:
        require(self.channel >= 0, "channel is not negative")
        require(0 <= self.threshold <= 1, "threshold is 0..1")
        require((self.width > 0) == (self.height > 0) and min(self.width, self.height) >= 0, "a size has both sides")

    def require_fits(self, outputs: tuple[TensorSpec, ...], labels: tuple[str, ...]) -> None:
        """Raises ValueError where outputs and labels are not those of a segmentation."""
        require(bool(outputs) and outputs[0].dtype == "float32", "the first output is float32")
        _, _, channels = grid_of(outputs[0], self.layout)
        require(channels == len(labels), "one label for each channel")
        require(self.channel < channels, "channel is one of the output's")
        require(self.result != "labels" or channels <= NO_LABEL, f"label maps have at most {NO_LABEL} classes")
