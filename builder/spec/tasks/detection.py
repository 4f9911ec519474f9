"""Boxes: where things are, and what they are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Literal

from builder.spec.checks import require
from builder.spec.tagged import TaggedBy
from builder.spec.tensors import TensorSpec

# What the network's class numbers still need to be probabilities. Softmax is over the classes of one box.
ScoreActivation = Literal["none", "sigmoid", "softmax"]
# Pixels of the network's input, or parts of it (0..1).
Units = Literal["pixels", "unit"]
# Which four numbers a box is, in which order.
Corners = Literal["xyxy", "yxyx", "xywh", "cxcywh"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsForm:
    """One output [1, N, columns] of finished boxes: four numbers at `box`, the score and the class number where they
    are said to be."""

    form: Literal["rows"] = "rows"
    box: int
    score: int
    label: int
    corners: Corners
    units: Units

    def __post_init__(self) -> None:
        require(min(self.box, self.score, self.label) >= 0, "columns count from 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListsForm:
    """Outputs of TensorFlow's Object Detection API, in this order: boxes [1, N, 4] or [1, N, 1, 4], scores [1, N] or
    [1, N, classes], and with scores [1, N] the classes [1, N]; then, if there is one, the count [1]. Class numbers
    begin at `first_label`."""

    form: Literal["lists"] = "lists"
    corners: Corners
    units: Units
    activation: ScoreActivation
    first_label: int

    def __post_init__(self) -> None:
        require(self.first_label >= 0, "first_label is not negative")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorLayer:
    """Cells of `stride` pixels, each with one anchor for each of `sizes` (width and height in parts of the input)."""

    stride: int
    sizes: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        require(self.stride > 0, "stride is positive")
        require(bool(self.sizes), "there is an anchor")
        require(all(0 < side < math.inf for size in self.sizes for side in size), "anchors have a size")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorsForm:
    """A single-shot detector before its boxes are worked out. Outputs: boxes [1, N, 4 or more] and scores
    [1, N, classes], or one [1, N, columns] of both; several of a kind are one after the other. A box is (x, y, width,
    height) relative to its anchor, with `y_first` (y, x, height, width), each divided by its number of `divisors`; with
    `exponential` sizes are exponents. `box` and `score` are the columns of the box's first number and of the first
    score. With `background` class 0 is the background, and has no label."""

    form: Literal["anchors"] = "anchors"
    layers: tuple[AnchorLayer, ...]
    box: int
    score: int
    y_first: bool
    divisors: tuple[float, float, float, float]
    exponential: bool
    activation: ScoreActivation
    background: bool

    def __post_init__(self) -> None:
        require(bool(self.layers), "there is a layer of anchors")
        require(min(self.box, self.score) >= 0, "columns count from 0")
        require(all(0 < divisor < math.inf for divisor in self.divisors), "divisors are positive")


@dataclass(frozen=True, slots=True, kw_only=True)
class YoloForm:
    """YOLO's head: one output, [1, N, 4 + classes] (`rows`) or [1, 4 + classes, N] (`columns`); with `objectness` there
    is one more number after the box, by which every score is multiplied. Boxes are centre and size: worked out already,
    or, where there are `strides`, relative to their cells as in YOLOX."""

    form: Literal["yolo"] = "yolo"
    arrangement: Literal["rows", "columns"]
    objectness: bool
    activation: ScoreActivation
    units: Units
    strides: tuple[int, ...]

    def __post_init__(self) -> None:
        require(all(stride > 0 for stride in self.strides), "strides are positive")


@dataclass(frozen=True, slots=True, kw_only=True)
class DistancesForm:
    """NanoDet's head: for each stride scores [1, cells, classes] and distances [1, cells, 4 * bins]; the distance to
    each edge is the mean of its bins' softmax, in strides. Outputs: all scores in the order of `strides`, then all
    distances."""

    form: Literal["distances"] = "distances"
    strides: tuple[int, ...]
    activation: ScoreActivation

    def __post_init__(self) -> None:
        require(bool(self.strides), "there is a stride")
        require(all(stride > 0 for stride in self.strides), "strides are positive")


DetectionForm = Annotated[RowsForm | ListsForm | AnchorsForm | YoloForm | DistancesForm, TaggedBy("form")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """From outputs of a `form` to boxes: those of a score of at least `threshold` (0..1), best first; those that
    overlap a better one, with `per_class` of the same class, by more than `overlap` (intersection over union, 0..1) go;
    at most `limit` stay."""

    kind: Literal["detection"] = "detection"
    form: DetectionForm
    threshold: float
    overlap: float
    per_class: bool
    limit: int

    def __post_init__(self) -> None:
        require(0 < self.threshold < 1, "threshold is between 0 and 1")
        require(0 <= self.overlap <= 1, "overlap is 0..1")
        require(self.limit > 0, "limit is positive")

    def require_fits(self, outputs: tuple[TensorSpec, ...], labels: tuple[str, ...]) -> None:
        """Raises ValueError where outputs and labels are not those of a detector."""
        require(bool(outputs), "there is an output")
        require(bool(labels), "boxes have labels")
