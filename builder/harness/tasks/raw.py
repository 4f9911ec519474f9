"""Raw numbers: those of each expected output are compared one by one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from builder.harness.tasks.kind import TaskCheck
from builder.harness.text import clean

MAX_OUTPUTS = 64
# Of one output; of a larger one only the first are looked at.
MAX_VALUES = 50_000
_MAX_RANK = 8
_Number = Annotated[float, Field(allow_inf_nan=False)]


class FoundOutput(BaseModel):
    """`values`, row by row, are the first of those that fill `shape`."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    name: str = Field(max_length=1000)
    shape: list[int] = Field(max_length=_MAX_RANK)
    values: list[float] = Field(max_length=MAX_VALUES)


class Found(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    outputs: list[FoundOutput] = Field(max_length=MAX_OUTPUTS)


class Wanted(BaseModel):
    """`outputs`: numbers, row by row, by the name of their output; outputs that are not named may be anything.
    `shapes`: by name, where it matters. `tolerance`: how far a number may be off."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    outputs: dict[str, Annotated[list[_Number], Field(min_length=1, max_length=MAX_VALUES)]] = Field(min_length=1)
    shapes: dict[str, list[int]] = {}
    tolerance: float = Field(default=0.01, gt=0, allow_inf_nan=False)


def judge(wanted: Wanted, _: Sequence[str], found: Found) -> Iterator[str]:
    """The reasons against what was found."""
    there = {output.name: output for output in found.outputs}
    for name in dict.fromkeys((*wanted.outputs, *wanted.shapes)):
        if (output := there.get(name)) is None:
            yield f"there is no output {clean(name, 60)}, only {clean(', '.join(there), 200) or 'none'}"
            continue
        if name in wanted.shapes and output.shape != wanted.shapes[name]:
            yield f"{clean(name, 60)} has the shape {output.shape}, expected {wanted.shapes[name]}"
        elif name in wanted.outputs:
            yield from _differences(wanted.outputs[name], output, wanted.tolerance)


def _differences(wanted: Sequence[float], output: FoundOutput, tolerance: float) -> Iterator[str]:
    name = clean(output.name, 60)
    if (length := math.prod(output.shape)) != len(wanted) or length != len(output.values):
        yield f"{name} has {length} numbers, expected {len(wanted)}"
        return
    apart = [abs(a - b) if math.isfinite(a) else math.inf for a, b in zip(output.values, wanted, strict=True)]
    worst = max(range(len(apart)), key=apart.__getitem__)
    if apart[worst] > tolerance:
        numbers = f"{output.values[worst]:.4g} instead of {wanted[worst]:.4g}"
        yield f"{name} differs by {apart[worst]:.3g} at number {worst}: {numbers} (tolerance {tolerance:g})"


def describe(_: Sequence[str], found: Found) -> tuple[str, str]:
    """The outputs with their shapes."""
    return clean(", ".join(f"{output.name} {output.shape}" for output in found.outputs) or "nothing", 120), "-"


def wish(wanted: Wanted) -> str:
    return clean(", ".join(f"{name}: {len(values)} numbers" for name, values in wanted.outputs.items()), 120)


RAW = TaskCheck(
    script=f"""(p) => ({{ outputs: Array.from(p.outputs ?? []).slice(0, {MAX_OUTPUTS}).map((o) => ({{
      name: text(o.name, 1000),
      shape: Array.from(o.shape ?? []).slice(0, {_MAX_RANK}).map((size) => (Number.isInteger(size) ? size : -1)),
      values: Array.from(o.values ?? []).slice(0, {MAX_VALUES}).map((value) => number(value, NaN)),
    }})) }})""",
    wire=Found,
    expectation=Wanted,
    judge=judge,
    describe=describe,
    wish=wish,
)
