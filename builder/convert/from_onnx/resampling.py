"""The arithmetic of ONNX Resize along one axis, as the places or the weights that each new element takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sampling:
    """The attributes of a Resize."""

    mode: str
    coordinates: str
    nearest: str
    cubic_a: float = -0.75
    exclude_outside: bool = False
    antialias: bool = False

    def __str__(self) -> str:
        return f"{self.mode} resizing ({self.coordinates})"


def _sources(before: int, after: int, scale: float, coordinates: str) -> Floats:
    """Where each new element lies on the old axis; in float32, whose rounding decides what is nearest."""
    return _exact_sources(before, after, np.float32(scale), coordinates).astype(np.float64)


def _exact_sources(before: int, after: int, scale: np.float32, coordinates: str) -> NDArray[np.float32]:
    x, half = np.arange(after, dtype=np.float32), np.float32(0.5)
    if coordinates == "asymmetric":
        return x / scale
    if coordinates == "align_corners":
        return x * np.float32(before - 1) / np.float32(max(after - 1, 1))
    if coordinates == "pytorch_half_pixel" and after == 1:
        return np.zeros(after, np.float32)
    found = (x + half) / scale - half
    if coordinates == "half_pixel_symmetric":
        found += np.float32(before / 2 * (1 - after / (float(scale) * before)))
    return found


def nearest(before: int, after: int, scale: float, sampling: Sampling) -> NDArray[np.int64]:
    """The old element that each new one is."""
    x = _sources(before, after, scale, sampling.coordinates)
    rounded: Floats = {
        "floor": np.floor(x),
        "ceil": np.ceil(x),
        "round_prefer_floor": np.ceil(x - 0.5),
        "round_prefer_ceil": np.floor(x + 0.5),
    }[sampling.nearest]
    return np.asarray(np.clip(rounded, 0, before - 1), np.int64)


def matrix(before: int, after: int, scale: float, sampling: Sampling) -> Floats:
    """[after, before]: the weight of each old element in each new one."""
    x = _sources(before, after, scale, sampling.coordinates)
    shrink = min(scale, 1.0) if sampling.antialias else 1.0
    radius = int(np.ceil((2 if sampling.mode == "cubic" else 1) / shrink))
    places = np.floor(x)[:, None] + np.arange(-radius, radius + 2)
    if sampling.mode == "linear" and not sampling.antialias:
        x = np.clip(x, 0, before - 1)
        places = np.floor(x)[:, None] + np.arange(2)
    weights = _kernel((x[:, None] - places) * shrink, sampling)
    inside = (places >= 0) & (places < before)
    if sampling.exclude_outside:
        weights = np.where(inside, weights, 0)
    weights /= weights.sum(1, keepdims=True)
    result = np.zeros((after, before))
    rows = np.broadcast_to(np.arange(after)[:, None], places.shape)
    np.add.at(result, (rows, np.clip(places, 0, before - 1).astype(np.int64)), weights)
    return result


def _kernel(distance: Floats, sampling: Sampling) -> Floats:
    d = np.abs(distance)
    if sampling.mode == "linear":
        return np.asarray(np.maximum(1 - d, 0), np.float64)
    a = sampling.cubic_a
    inner = ((a + 2) * d - (a + 3)) * d * d + 1
    outer = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
    return np.asarray(np.where(d <= 1, inner, np.where(d < 2, outer, 0)), np.float64)
