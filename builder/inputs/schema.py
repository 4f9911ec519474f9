"""The parts of model.json that both formats share, as pydantic models. Unknown keys are ignored."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

MAX_ELEMENTS = 2**31 - 1
MAX_FLOAT = 3.4028234663852886e38
STORED_BYTES = {"float32": 4, "int32": 4, "bool": 1, "uint8": 1, "uint16": 2, "float16": 2, "complex64": 8}
Size = Annotated[int, Field(ge=0, le=MAX_ELEMENTS)]
Float32 = Annotated[float, Field(ge=-MAX_FLOAT, le=MAX_FLOAT, allow_inf_nan=False)]


class Foreign(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


class Quantization(Foreign):
    """How a float weight is stored: `value * scale + min` for integers, halves as they are."""

    dtype: Literal["uint8", "uint16", "float16"]
    scale: Float32 | None = None
    min: Float32 | None = None

    @model_validator(mode="after")
    def _integers_have_a_scale(self) -> Self:
        if self.dtype != "float16" and (self.scale is None or self.min is None):
            msg = f"a weight stored as {self.dtype} needs `scale` and `min`"
            raise ValueError(msg)
        return self


class Weight(Foreign):
    """An entry of `weightsManifest`: name, shape, dtype, and how it is stored."""

    name: str
    shape: list[Size]
    dtype: Literal["float32", "int32", "bool", "string", "complex64"]
    quantization: Quantization | None = None

    @model_validator(mode="after")
    def _size_is_sane(self) -> Self:
        if self.elements > MAX_ELEMENTS:
            msg = f"the weight has more than {MAX_ELEMENTS} elements"
            raise ValueError(msg)
        return self

    @property
    def elements(self) -> int:
        return math.prod(self.shape)

    @property
    def stored_as(self) -> str:
        return self.quantization.dtype if self.quantization else self.dtype

    @property
    def stored_bytes(self) -> int:
        """Bytes in the shards; 0 for text, whose length only the shard knows."""
        return self.elements * STORED_BYTES.get(self.stored_as, 0)


class Group(Foreign):
    """One group of the manifest: its shards, joined, hold its weights one after the other."""

    paths: list[str]
    weights: list[Weight]


class Document(Foreign):
    """model.json."""

    format: str | None = None
    modelTopology: dict[str, Any]
    weightsManifest: Annotated[list[Group], Field(min_length=1)]
    signature: dict[str, Any] | None = None
    userDefinedMetadata: dict[str, Any] | None = None
    generatedBy: Any = None
    convertedBy: Any = None
