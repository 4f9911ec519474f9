"""What a user says about a model."""

from __future__ import annotations

from dataclasses import dataclass

from builder.spec import Filter, Fit


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the user says about a model. None: not said; `top_k` None is all classes, `task` None is classification.

    `mean`, `std` (one per channel of the model's input, in its order, or one for all) and `scale` stand in place of
    `normalize`. `input_size` is (width, height). `output` names the output to use. `skip_first` scores lead the output
    and carry no label.
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
