"""What a user says about a model."""

from __future__ import annotations

from dataclasses import dataclass

from builder.spec import Filter, Fit
from builder.spec.tasks.detection import AnchorLayer


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the user says about a model. None: not said; `top_k` None is all classes, `task` None is what the shapes
    say.

    `mean`, `std` (one per channel of the model's input, in its order, or one for all) and `scale` stand in place of
    `normalize`. `input_size` is (width, height). `output` names the output to use. `skip_first` scores lead the output
    and carry no label. Of pixels: `result` is mask, alpha or labels, of the class `mask_class`, `result_size` (width,
    height) pixels large; `output_range` are the numbers that mean black and full, `tile_margin` pixels.

    Of detectors: `form` names how the outputs are read, `columns` what the columns of finished boxes are; `anchors` is
    a preset or the file that `anchor_layers` were read from. `threshold`, `overlap` and `limit` as in the contract;
    `class_agnostic`: boxes of different classes suppress each other, too.
    """

    name: str | None = None
    task: str | None = None
    normalize: str | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    scale: float | None = None
    channel_order: str = "rgb"
    input_size: tuple[int, int] | None = None
    fit: Fit = "stretch"
    filter: Filter = "triangle"
    output: str | None = None
    softmax: bool = False
    skip_first: int = 0
    top_k: int | None = None
    activation: str | None = None
    threshold: float | None = None
    result: str | None = None
    mask_class: str | None = None
    result_size: tuple[int, int] | None = None
    output_range: tuple[float, float] | None = None
    tile_margin: int | None = None
    form: str | None = None
    columns: tuple[str, ...] | None = None
    box_format: str | None = None
    box_units: str | None = None
    anchors: str | None = None
    anchor_layers: tuple[AnchorLayer, ...] | None = None
    overlap: float | None = None
    limit: int | None = None
    class_agnostic: bool = False
