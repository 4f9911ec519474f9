"""How float weights are stored: float16, or uint8 and uint16 as TensorFlow.js reads them.

TensorFlow.js keeps one record per weight, `{dtype, min, scale}`, and computes `value * scale + min` in double precision
before it rounds to float32. Zero is one of the steps wherever the values lie on both sides of it, or touch it: padding
and pruned weights stay exactly zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from builder.errors import BAD_RULE, Problem, UserError, problem

Kind = Literal["none", "float16", "uint8", "uint16"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Scales = Literal["range", "mse"]

HALF_MAX = 65504.0
# A network's small kernels (its first layers, and those that see one channel each) carry its largest errors at 256
# steps, and hardly any of its bytes.
SMALL_KERNEL = 16384
_PIECE = 1 << 16  # values at a time, so that no second copy of a large weight lies in memory
_BINS = 8192
# Part of the range that is kept. Below a half, clipping has not been seen to pay with 256 steps.
_CLIPS = tuple(1 - i / 40 for i in range(21))


@dataclass(frozen=True, slots=True)
class Rule:
    """Weights whose name fits the pattern (`*`, `?`, `[…]`; `*` crosses slashes) are stored so. Without a pattern it is
    for all kernels, which are weights that are more than a row of numbers; for those of fewer than `SMALL_KERNEL`
    values `uint8` then means uint16."""

    kind: Kind
    pattern: str | None = None

    def fits(self, name: str, shape: tuple[int, ...]) -> bool:
        """True if the weight is one that this rule is for."""
        return is_kernel(shape) if self.pattern is None else fnmatchcase(name, self.pattern)

    def kind_for(self, shape: tuple[int, ...]) -> Kind:
        """How a weight that fits is stored."""
        small = self.pattern is None and self.kind == "uint8" and math.prod(shape) < SMALL_KERNEL
        return "uint16" if small else self.kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantization:
    """Which weights are stored how: the first rule that fits counts, and without one a weight stays float32.

    `scales`: cover the whole range of a weight's values (`range`), or clip it where that makes the sum of squared
    errors smaller (`mse`; uint8 only). `chosen` names weights whose scales were chosen otherwise.
    """

    rules: tuple[Rule, ...] = ()
    scales: Scales = "range"
    chosen: Mapping[str, Scales] = field(default_factory=lambda: MappingProxyType({}))

    def kind(self, name: str, shape: tuple[int, ...]) -> Kind:
        """How a float32 weight of this name and shape is stored."""
        return next((rule.kind_for(shape) for rule in self.rules if rule.fits(name, shape)), "none")

    def scales_of(self, name: str) -> Scales:
        """How the weight's scale is found."""
        return self.chosen.get(name, self.scales)


NONE = Quantization()


def read_rules(texts: Sequence[str], only: Sequence[str] = ()) -> tuple[Rule, ...]:
    """`uint8` or `*/depthwise*=uint16` → rules. `only` are the patterns that a KIND alone is for, in place of kernels.

    Raises BAD_RULE with every rule that is none.
    """
    problems = [found for text in texts for found in _rule_problems(text)]
    if problems:
        raise UserError(problems)
    return tuple(rule for text in texts for rule in _rules(text, only))


def _rules(text: str, only: Sequence[str]) -> Iterator[Rule]:
    pattern, _, name = text.rpartition("=")
    kind = next(kind for kind in KINDS if kind == name)
    patterns: Sequence[str | None] = [pattern] if pattern else only or [None]
    yield from (Rule(kind, each) for each in patterns)


def _rule_problems(text: str) -> Iterator[Problem]:
    name = text.rpartition("=")[2]
    if name not in KINDS:
        near = get_close_matches(name, KINDS, n=1)
        reason = f"{name!r} is none of {', '.join(KINDS)}" + (f"; the nearest is {near[0]}" if near else "")
        yield problem(BAD_RULE, "--quantize", option="--quantize", value=repr(text), reason=reason)


def rule_problems(rules: Iterable[Rule], weights: Mapping[str, NDArray[Any]]) -> list[Problem]:
    """Patterns that fit no float weight of a model, which are misspelt."""
    names = [name for name, values in weights.items() if values.dtype == np.float32]
    patterns = dict.fromkeys(rule.pattern for rule in rules if rule.pattern is not None)
    unused = [pattern for pattern in patterns if not any(fnmatchcase(name, pattern) for name in names)]
    return [
        problem(BAD_RULE, value=repr(each), option="The pattern", reason=_no_weight(each, names)) for each in unused
    ]


def _no_weight(pattern: str, names: Sequence[str]) -> str:
    near = get_close_matches(pattern, names, n=1, cutoff=0.3) or names[:1]
    return "no weight is called so" + (f"; the nearest is {near[0]!r}" if near else "")


def is_kernel(shape: tuple[int, ...]) -> bool:
    """True for a weight with at least two axes longer than 1. Biases and other rows of numbers take little room, and an
    error in one of them moves a whole channel."""
    return sum(size > 1 for size in shape) >= 2


class Affine(NamedTuple):
    """`value = step * scale + min`, with steps from 0 to `steps`."""

    scale: float
    min: float
    steps: int


@dataclass(frozen=True, slots=True)
class Stored:
    """A weight as it goes into the shards: its dtype there, and the numbers of its record."""

    values: NDArray[Any]
    dtype: Kind
    affine: Affine | None = None

    @property
    def nbytes(self) -> int:
        return self.values.size * (self.values.itemsize if self.dtype == "none" else np.dtype(self.dtype).itemsize)

    @property
    def record(self) -> dict[str, Any] | None:
        """The entry `quantization` of the weights manifest."""
        if self.dtype == "none":
            return None
        numbers = {"min": self.affine.min, "scale": self.affine.scale} if self.affine else {}
        return {"dtype": self.dtype, **numbers, "original_dtype": "float32"}

    def pieces(self) -> Iterator[memoryview]:
        """The little-endian bytes, a piece at a time; of a transposed view no more is copied than a piece."""
        for part in np.nditer(self.values, ["external_loop", "buffered", "zerosize_ok"], order="C", buffersize=_PIECE):
            piece = self._encoded(np.array(part))  # the buffer is used again
            yield piece.astype(piece.dtype.newbyteorder("<"), copy=False).view(np.uint8).data

    def _encoded(self, piece: NDArray[Any]) -> NDArray[Any]:
        if self.affine:
            return steps_of(piece, self.affine).astype(self.dtype)
        return piece.astype(np.float16) if self.dtype == "float16" else piece


def steps_of(values: NDArray[Any], affine: Affine) -> NDArray[np.float64]:
    """The nearest steps, as float64; values outside the range get the outermost."""
    found = np.rint((values.astype(np.float64) - affine.min) / affine.scale)
    return np.clip(found, 0, affine.steps, out=found)


def dequantized(steps: NDArray[Any], affine: Affine) -> NDArray[np.float32]:
    """What TensorFlow.js makes of stored integers."""
    out = np.empty(steps.shape, np.float32)
    flat, into = steps.reshape(-1), out.reshape(-1)
    for start in range(0, flat.size, _PIECE):
        piece = slice(start, start + _PIECE)
        into[piece] = flat[piece] * np.float64(affine.scale) + affine.min
    return out


def stored(values: NDArray[Any], kind: Kind, scales: Scales = "range") -> Stored:
    """How `values` of float32 are stored as `kind`; raises ValueError with the reason where they cannot be."""
    if kind == "none" or not values.size:
        return Stored(values, "none" if kind == "none" else kind, Affine(1.0, 0.0, 1) if _is_integer(kind) else None)
    low, high = float(values.min()), float(values.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        msg = "it holds infinite values"
        raise ValueError(msg)
    if kind == "float16":
        if max(-low, high) > HALF_MAX:
            msg = f"it holds {low if -low > high else high:.6g}, and float16 ends at {HALF_MAX:.0f}"
            raise ValueError(msg)
        return Stored(values, kind)
    steps = int(np.iinfo(kind).max)
    covering = affine(low, high, steps)
    clips = scales == "mse" and kind == "uint8" and low < high
    return Stored(values, kind, _clipped(values, low, high, covering) if clips else covering)


def as_stored(values: NDArray[Any], record: Mapping[str, Any]) -> Stored | None:
    """`values`, read from a shard where they were stored as `record` says, stored so again; None if that would change
    one of them."""
    if record["dtype"] == "float16":
        return Stored(values, "float16")
    kind: Kind = "uint8" if record["dtype"] == "uint8" else "uint16"
    found = Affine(float(record["scale"]), float(record["min"]), int(np.iinfo(kind).max))
    with np.errstate(all="ignore"):  # foreign numbers: what comes of them is compared
        again = dequantized(steps_of(values, found), found)
    return Stored(values, kind, found) if np.array_equal(again, values) else None


def _is_integer(kind: Kind) -> bool:
    return kind in ("uint8", "uint16")


def affine(low: float, high: float, steps: int) -> Affine:
    """The finest steps that cover low..high: no value in it is further than half a step from one of them. Where zero is
    in it, zero is a step."""
    if low == high:
        return Affine(1.0, low, steps)
    if low > 0 or high < 0:
        return Affine((high - low) / steps, low, steps)
    ideal = -low * steps / (high - low)
    first, last = int(low < 0), steps - int(high > 0)  # steps that leave room on the side where there are values
    zeros = {min(max(zero, first), last) for zero in (math.floor(ideal), math.ceil(ideal))}
    return min((_around_zero(low, high, zero, steps) for zero in zeros), key=lambda found: found.scale)


def _around_zero(low: float, high: float, zero: int, steps: int) -> Affine:
    """The scale with which step number `zero` is 0 and all of low..high is covered."""
    below = -low / zero if zero else 0.0
    above = high / (steps - zero) if zero < steps else 0.0
    scale = max(below, above)
    return Affine(scale, -(zero * scale) + 0.0, steps)


def _clipped(values: NDArray[Any], low: float, high: float, covering: Affine) -> Affine:
    """The range among some shorter ones that makes the sum of squared errors smallest, by a histogram."""
    centres, counts = _histogram(values, low, high)
    best, least = covering, math.inf
    for part in _CLIPS:
        found = affine(low * part, high * part, covering.steps) if low <= 0 <= high else covering
        error = float((counts * (dequantized(steps_of(centres, found), found) - centres) ** 2).sum())
        if error < least:
            best, least = found, error
    return best


def _histogram(values: NDArray[Any], low: float, high: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The centres of equal bins over low..high, and how many values are in each."""
    counts = np.zeros(_BINS, np.float64)
    flat, width = values.reshape(-1), (high - low) / _BINS
    for start in range(0, flat.size, _PIECE):
        bins = (flat[start : start + _PIECE].astype(np.float64) - low) / width
        counts += np.bincount(np.minimum(bins.astype(np.intp), _BINS - 1), minlength=_BINS)
    centres = low + (np.arange(_BINS, dtype=np.float64) + 0.5) * np.float64(width)
    return centres, counts
