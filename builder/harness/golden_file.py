"""`golden.json`, which lies beside the contract that it was made for."""

from __future__ import annotations

import json
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from builder.harness.text import clean

NAME = "golden.json"
MAX_BYTES = 16 * 1024 * 1024

_Score = Annotated[float, Field(allow_inf_nan=False)]


class GoldenFile(BaseModel):
    """`golden` is the format's version; `scores` has one entry per label, as the game would see them."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    golden: Literal[1]
    contract_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    seed: int = Field(ge=0, lt=1 << 32)
    scores: list[_Score] = Field(min_length=1, max_length=100_000)

    def to_bytes(self) -> bytes:
        """JSON, UTF-8, LF, sorted keys."""
        return (json.dumps(self.model_dump(), indent=2, sort_keys=True) + "\n").encode()


def parse_golden(raw: bytes) -> GoldenFile:
    """Raises ValueError with the reason, which completes "it is no golden vector"."""
    try:
        return GoldenFile.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        msg = clean(": ".join(filter(None, (".".join(map(str, first["loc"])), first["msg"]))), 200)
        raise ValueError(msg) from None
