"""Anchors from a file: JSON, a list of layers with `stride` in pixels, and `sizes` in parts of the input."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from builder.errors import BAD_ANCHORS, UserError
from builder.inputs.jsonfile import parse_json, read_text, schema_problems
from builder.spec.tasks.detection import AnchorLayer

MAX_ANCHORS_BYTES = 1024 * 1024
_MAX_LAYERS = 64
_MAX_SIZES = 1024
_Size = Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)]


class _Layer(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    stride: Annotated[int, Field(gt=0, le=4096)]
    sizes: Annotated[list[tuple[_Size, _Size]], Field(min_length=1, max_length=_MAX_SIZES)]


_LAYERS = TypeAdapter(Annotated[list[_Layer], Field(min_length=1, max_length=_MAX_LAYERS)])


def read_anchors(path: Path) -> tuple[AnchorLayer, ...]:
    """The layers of the file, in the order of the model's boxes; a `UserError` names every bad one by its place."""
    text = read_text(path, MAX_ANCHORS_BYTES, BAD_ANCHORS)
    try:
        layers = _LAYERS.validate_python(parse_json(text, path, BAD_ANCHORS))
    except ValidationError as error:
        raise UserError(schema_problems(error, path, BAD_ANCHORS)) from None
    return tuple(AnchorLayer(stride=layer.stride, sizes=tuple(layer.sizes)) for layer in layers)
