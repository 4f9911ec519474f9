"""What the worker answers. It handles foreign models, so nothing it says is taken on trust: types, sizes, texts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter

VERSION = 1
_MAX_TEXT = 600


def clean(text: str, limit: int = _MAX_TEXT) -> str:
    """Foreign text made safe for a terminal."""
    shown = "".join(character if character.isprintable() else "\ufffd" for character in text[: limit + 1])
    return shown if len(shown) <= limit else shown[:limit] + "…"


Text = Annotated[str, AfterValidator(clean)]


class _Wire(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Event(_Wire):
    version: Literal[1]


class Progress(_Event):
    event: Literal["progress"]
    text: Text


class Done(_Event):
    event: Literal["done"]
    result: dict[str, object]


class Failed(_Event):
    """`refused` and `unsafe`: by the model's fault; `failed`: an exception inside TensorFlow; `broken`: a package that
    cannot be imported."""

    event: Literal["refused", "unsafe", "failed", "broken"]
    reasons: list[Text] = Field(min_length=1)


Event = Progress | Done | Failed
EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="event")])


class Tensor(_Wire):
    """An input or output: -1 where a size is free, None where not even the rank is known."""

    name: str
    shape: tuple[int, ...] | None = Field(strict=False)
    dtype: str


class Description(_Wire):
    """What goes into a model and comes out of it, in the model's order."""

    inputs: list[Tensor]
    outputs: list[Tensor]


class Converted(Description):
    """`weights` are the names of the arrays in weights.npz, in their order."""

    weights: list[str]


class Hello(_Wire):
    """Versions in an environment, from the packages that were just imported."""

    python: str
    versions: dict[str, str]
