"""Parts of a run, for several machines: the n-th of so many shards has every so many-th item from the n-th on."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, zip_longest
from typing import Annotated, TypeVar

from pydantic import Field

from builder.errors import BAD_REPORT, Problem, problem

Shard = tuple[int, int]
WHOLE: Shard = (1, 1)
MAX_SHARDS = 999_999
ReadShard = tuple[Annotated[int, Field(ge=1, le=MAX_SHARDS)], Annotated[int, Field(ge=1, le=MAX_SHARDS)]]
T = TypeVar("T")


def part_of(items: Sequence[T], shard: Shard | None) -> tuple[T, ...]:
    """The items of `shard` (number from 1, count), all of them for None. What lies together is spread over all."""
    number, count = shard or WHOLE
    return tuple(items[number - 1 :: count])


def interleaved(parts: Sequence[Sequence[T]]) -> list[T]:
    """The items of all shards, in their order, as they were before they were parted."""
    gap = object()
    return [item for item in chain.from_iterable(zip_longest(*parts, fillvalue=gap)) if item is not gap]  # type: ignore[misc]


def gaps(numbers: Sequence[int], count: int) -> list[Problem]:
    """A problem for each shard of `count` that is not among `numbers`, or is there twice."""
    missing = sorted(set(range(1, count + 1)) - set(numbers))
    named = ", ".join(map(str, missing[:20])) + (" …" if len(missing) > 20 else "")
    found = [problem(BAD_REPORT, reason=f"the shards {named} of {count} are missing")] if missing else []
    twice = sorted({number for number in numbers if numbers.count(number) > 1})
    return found + [problem(BAD_REPORT, reason=f"the shard {number} is given twice") for number in twice]
