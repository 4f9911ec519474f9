"""What a user may say about an ONNX model that its file does not say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

InputLayout = Literal["auto", "NCHW", "NHWC"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OnnxOptions:
    """Choices for one conversion.

    `input_layout` names the axis order of the ONNX inputs of four axes; "auto" takes it from the graph and from the
    sizes, or refuses. `input_shapes` gives sizes by input name, in the ONNX axis order, -1 for a free one. `size`
    (width, height) takes the place of free ones of pictures.
    """

    input_layout: InputLayout = "auto"
    input_shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    size: tuple[int, int] | None = None
