"""`userDefinedMetadata.tfjsForUnity` in model.json: what this tool built into a model when it converted it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, ValidationError, model_validator

from builder.errors import NOT_A_MODEL, UserError, fail
from builder.inputs.facts import Baked
from builder.inputs.jsonfile import json_where, schema_problems
from builder.inputs.schema import Foreign

MARK_VERSION = 1
_PLACE = ("userDefinedMetadata", "tfjsForUnity")
_Numbers = Annotated[list[float], Field(min_length=1, max_length=4)]


class _Normalization(Foreign):
    scale: float
    mean: _Numbers
    std: _Numbers

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        finite = all(map(math.isfinite, (self.scale, *self.mean, *self.std)))
        if not (finite and self.scale > 0 and all(value > 0 for value in self.std)):
            msg = "scale and std must be above 0, and all numbers finite"
            raise ValueError(msg)
        return self


class _Softmax(Foreign):
    output: str


class _Mark(Foreign):
    version: int
    normalization: _Normalization | None = None
    softmax: _Softmax | None = None


def read_mark(metadata: dict[str, Any] | None, json_path: Path) -> Baked:
    """What is built into the model; nothing where it does not say so."""
    found = (metadata or {}).get(_PLACE[1])
    if found is None:
        return Baked()
    try:
        mark = _Mark.model_validate(found)
    except ValidationError as error:
        raise UserError(schema_problems(error, json_path, NOT_A_MODEL, *_PLACE)) from None
    if mark.version != MARK_VERSION:
        reason = f"it was converted by a version of tfjs-for-unity that this one does not know ({mark.version})"
        raise fail(NOT_A_MODEL, json_where(json_path, (*_PLACE, "version")), reason=reason)
    numbers = mark.normalization
    return Baked(
        normalization=(numbers.scale, tuple(numbers.mean), tuple(numbers.std)) if numbers else None,
        softmax=mark.softmax.output if mark.softmax else None,
    )
