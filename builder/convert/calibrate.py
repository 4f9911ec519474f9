"""Which of two scales each uint8 weight gets, judged by what the model answers instead of by the weight alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.convert.quantize import Quantization, Scales, dequantized, steps_of, stored

Judge = Callable[[Quantization], Awaitable[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What a search found. `tried` of `candidates` weights were tried one by one before the time was over; `first` and
    `least` are the error of the answers before and after."""

    quantization: Quantization
    candidates: int
    tried: int
    first: float
    least: float


def candidates(weights: Mapping[str, NDArray[Any]], quantization: Quantization) -> list[str]:
    """The weights whose two scales differ, those first whose rounding errors differ most."""
    gains = {name: _gain(values) for name, values in weights.items() if _is_uint8(name, values, quantization)}
    return sorted((name for name, gain in gains.items() if gain > 0), key=lambda name: (-gains[name], name))


def _is_uint8(name: str, values: NDArray[Any], quantization: Quantization) -> bool:
    return values.dtype == np.float32 and values.size > 0 and quantization.kind(name, values.shape) == "uint8"


def _gain(values: NDArray[Any]) -> float:
    """By how much clipping makes the squared error smaller, as a part of the values' own square; 0 for what cannot be
    quantized."""
    try:
        whole, clipped = stored(values, "uint8", "range"), stored(values, "uint8", "mse")
    except ValueError:
        return 0.0
    if whole.affine == clipped.affine or whole.affine is None or clipped.affine is None:
        return 0.0
    errors = (
        float(np.square(dequantized(steps_of(values, a), a) - values).sum()) for a in (whole.affine, clipped.affine)
    )
    before, after = errors
    return abs(before - after) / float(np.square(values, dtype=np.float64).sum())


async def search(
    quantization: Quantization, names: Sequence[str], judge: Judge, out_of_time: Callable[[], bool]
) -> Search:
    """Tries the other scale for all weights at once, then for one after the other, and keeps what makes the judge's
    error smaller."""
    first = least = await judge(quantization)
    tried = 0
    if names and not out_of_time():
        other = _turned(quantization, names)
        error = await judge(other)
        quantization, least = (other, error) if error < least else (quantization, least)
    for name in names:
        if out_of_time():
            break
        tried += 1
        other = _turned(quantization, [name])
        error = await judge(other)
        quantization, least = (other, error) if error < least else (quantization, least)
    return Search(quantization=quantization, candidates=len(names), tried=tried, first=first, least=least)


def _turned(quantization: Quantization, names: Sequence[str]) -> Quantization:
    other: dict[Scales, Scales] = {"range": "mse", "mse": "range"}
    changes = {name: other[quantization.scales_of(name)] for name in names}
    return replace(quantization, chosen={**quantization.chosen, **changes})
