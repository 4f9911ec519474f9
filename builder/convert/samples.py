"""Seeded inputs to compare models on, made so that networks answer each of them differently.

Smooth fields reach what averages, edges what looks for shapes, noise of several grains what looks for texture.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Dtype = Literal["float32", "int32", "uint8", "bool"]
Array = NDArray[Any]
SEED = 20
COUNT = 6
# Tried in this order until the answers differ: normalized pictures, plain ones, those of 0..255, and far beyond.
_LEVELS = (0.0, 255.0)
RANGES = ((-2.0, 2.0), (0.0, 1.0), _LEVELS, (-30.0, 30.0))
WHOLE_RANGES = (_LEVELS, (0.0, 2.0))
_GRAIN = 0.1  # share of noise in smooth fields and edges
_GRAINS = (2, 5, 11, 32)  # random values along each axis, before they are spread over it


@dataclass(frozen=True, slots=True)
class Port:
    """An input: name, full shape without free sizes, and type."""

    name: str
    shape: tuple[int, ...]
    dtype: Dtype = "float32"


def sample_sets(ports: Sequence[Port], *, levels: bool = False) -> Iterator[list[dict[str, Array]]]:
    """Sets of COUNT inputs each, one array per port; every set has another range of values. With `levels`, the first
    one's is 0..255."""
    ranges = RANGES if any(port.dtype == "float32" for port in ports) else WHOLE_RANGES
    for low, high in (*([_LEVELS] if levels else []), *ranges):
        random = np.random.default_rng(SEED)
        yield [{port.name: _array(port, index, low, high, random) for port in ports} for index in range(COUNT)]


def _array(port: Port, index: int, low: float, high: float, random: np.random.Generator) -> Array:
    values = low + (high - low) * _pattern(port.shape, index, random)
    if port.dtype == "bool":
        return values > (low + high) / 2
    if port.dtype == "float32":
        return values.astype(np.float32)
    return np.floor(np.clip(values, 0, 255)).astype(port.dtype)


def _pattern(shape: Sequence[int], index: int, random: np.random.Generator) -> Array:
    """Values of 0..1, of another kind for each index."""
    kind, grain = index % 3, _GRAINS[index % len(_GRAINS)]
    if kind == 0:
        return _grained(_stretched(field(shape, grain, random)), random)
    if kind == 1:
        return _grained((field(shape, grain, random) > 0.5) * 0.8 + field(shape, 2, random) * 0.2, random)
    return random.uniform(0, 1, shape)


def _grained(values: Array, random: np.random.Generator) -> Array:
    """The values with the grain of a photo. In even areas the same number is added thousands of times, and float32
    rounds each addition the same way: a mean over 200 x 200 places then misses by more than most errors do."""
    grained: Array = values * (1 - _GRAIN) + _GRAIN * random.uniform(0, 1, values.shape)
    return grained


def field(shape: Sequence[int], grain: int, random: np.random.Generator) -> Array:
    """Random values on a grid of at most `grain` places along each axis, linear between them; 0..1."""
    values = random.uniform(0, 1, [min(size, grain) for size in shape])
    for axis, size in enumerate(shape):
        values = _spread(values, axis, size)
    return values


def _spread(values: Array, axis: int, size: int) -> Array:
    """Linear interpolation along one axis."""
    count = values.shape[axis]
    if count == size:
        return values
    place = np.linspace(0, count - 1, size)
    left = np.minimum(place.astype(int), count - 2) if count > 1 else np.zeros(size, int)
    weight = (place - left).reshape([-1 if i == axis else 1 for i in range(values.ndim)])
    low, high = values.take(left, axis), values.take(np.minimum(left + 1, count - 1), axis)
    spread: Array = low * (1 - weight) + high * weight
    return spread


def _stretched(values: Array) -> Array:
    """The values over all of 0..1."""
    span = np.ptp(values)
    stretched: Array = (values - values.min()) / span if span else values
    return stretched
