"""What the page answers, checked."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from builder.harness.text import clean

MAX_CLASSES = 100_000


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


class Sample(_Wire):
    """One prediction, in milliseconds."""

    picture: int
    blocking_ms: float = Field(alias="blockingMs")
    latency_ms: float = Field(alias="latencyMs")
    seen_ms: float = Field(alias="seenMs")
    stages: dict[Annotated[str, Field(max_length=100)], float] = Field(max_length=100)
    scores: list[float] = Field(max_length=MAX_CLASSES)


class Block(_Wire):
    """Some predictions in a row. `game_ms`: what the game itself took in all frames."""

    samples: list[Sample] = Field(max_length=10_000)
    tensors: int
    frames: int
    game_ms: float = Field(alias="gameMs")


class Opened(_Wire):
    """A lane that has predicted once. `urls`: what was fetched for it."""

    first_ms: float = Field(alias="firstMs")
    renderer: Annotated[str, AfterValidator(clean)]
    urls: list[str] = Field(max_length=1000)
