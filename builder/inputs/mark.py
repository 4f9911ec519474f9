"""`userDefinedMetadata.tfjsForUnity` in model.json: what this tool did when it converted the model, and found."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, ValidationError, model_validator

from builder.errors import NOT_A_MODEL, UserError, fail
from builder.inputs.jsonfile import json_where, printable, schema_problems
from builder.inputs.options import Settings, Source
from builder.inputs.schema import Foreign

MARK_VERSION = 1
_PLACE = ("userDefinedMetadata", "tfjsForUnity")
_SHOWN = 80
Normalization = tuple[float, tuple[float, ...], tuple[float, ...]]
_Numbers = Annotated[list[float], Field(min_length=1, max_length=4)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What is known about a converted model.

    `normalization` (scale, mean, std) was built into it, `softmax` is the output that got one; `training` is a
    normalization that was stated, and is left to the game. `unchecked`: nobody looked whether it computes what its
    source does; `still` are outputs that were looked at and prove nothing.
    """

    normalization: Normalization | None = None
    softmax: str | None = None
    training: Normalization | None = None
    unchecked: bool = False
    still: tuple[str, ...] = ()

    def settings(self, json_path: Path) -> Settings:
        """What the model states about its pictures, as options."""
        if self.training is None:
            return Settings()
        source = Source(json_path.name, json_where(json_path, (*_PLACE, "training")))
        scale, mean, std = self.training
        return Settings(scale=scale, mean=mean, std=std, sources=dict.fromkeys(("scale", "mean", "std"), source))


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


class _Parity(Foreign):
    by: str
    provesNothing: Annotated[tuple[str, ...], Field(max_length=1000, strict=False)] = ()


class _Mark(Foreign):
    version: int
    normalization: _Normalization | None = None
    softmax: _Softmax | None = None
    training: _Normalization | None = None
    parity: _Parity | None = None


def read_mark(metadata: Mapping[str, Any] | None, json_path: Path) -> Mark:
    """What model.json says about its conversion; nothing where it says nothing. NOT_A_MODEL where it cannot be read."""
    found = (metadata or {}).get(_PLACE[1])
    if found is None:
        return Mark()
    try:
        mark = _Mark.model_validate(found)
    except ValidationError as error:
        raise UserError(schema_problems(error, json_path, NOT_A_MODEL, *_PLACE)) from None
    if mark.version != MARK_VERSION:
        reason = f"it was converted by a version of tfjs-for-unity that this one does not know ({mark.version})"
        raise fail(NOT_A_MODEL, json_where(json_path, (*_PLACE, "version")), reason=reason)
    parity = mark.parity
    return Mark(
        normalization=_numbers(mark.normalization),
        softmax=mark.softmax.output if mark.softmax else None,
        training=_numbers(mark.training),
        unchecked=parity is not None and parity.by == "none",
        still=tuple(printable(name, _SHOWN) for name in parity.provesNothing) if parity else (),
    )


def _numbers(found: _Normalization | None) -> Normalization | None:
    return (found.scale, tuple(found.mean), tuple(found.std)) if found else None
