"""What a network's first convolution says about the pictures that it was trained with. Pure numpy.

Ten pictures often come out right in several ways: what the weights remember of the training tells more. A batch
normalization kept the mean and the deviation of what the convolution gave in training; where it has been folded into
the convolution, filters are left that should give numbers about 1 in size, and whose offset should have nothing to do
with whether they answer to bright or to dark. And of photos' colours blue has the least detail and the most noise:
filters look at red.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from builder.harness.evaluation.fitting import Way, ways
from builder.spec import ChannelOrder

Array: TypeAlias = NDArray[np.float64]
# The thresholds lie far from what the networks of docs/evaluate.md have under the way of their training.
FITTING = 1.0  # of `_misfit`
WORSE = 1.0
SIZES = (0.07, 10.0)  # median deviation of a normalized layer's filters
LEVEL, TILTED = 2.0, 5.0  # of `_tilt`
LEAST_COLORS = 0.2  # in the logarithm: 22 % more of red than of blue
LEAST_COLORS_T = 2.5
LEAST_COHERENCE = 0.5
_WINDOWS = 4000  # of a picture
_USUAL_LEVEL = 116  # of 0..255: ImageNet's mean
_BASE = ("unit", "signed", "imagenet", "none", "caffe")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stem:
    """The first convolution: `kernel` [h, w, channels, filters], `bias` [filters]. Before it the network itself makes
    `x * scale + offset` of its input, [channels] each.

    `moving`: mean and variance [filters] of the convolution with its bias, as a batch normalization noted them in
    training. `folded`: such a normalization is part of kernel and bias. `depthwise`: the network has such convolutions.
    """

    kernel: Array
    bias: Array
    scale: Array
    offset: Array
    moving: tuple[Array, Array] | None = None
    folded: bool = False
    depthwise: bool = False

    @property
    def rescales(self) -> bool:
        return bool(np.any(self.scale != 1) or np.any(self.offset != 0))


@dataclass(frozen=True, slots=True)
class Windows:
    """Mean [h * w * channels] and covariance of what a kernel sees of the pictures, in levels, red first."""

    mean: Array
    covariance: Array

    def usual(self) -> Windows:
        """Half way to the brightness of photos at large: a training saw more than a handful of pictures."""
        return Windows((self.mean + _USUAL_LEVEL) / 2, self.covariance)

    def turned(self, channels: int) -> Windows:
        """Blue first."""
        places = np.arange(len(self.mean)).reshape(-1, channels)[:, ::-1].ravel()
        return Windows(self.mean[places], self.covariance[np.ix_(places, places)])


def windows(pictures: Sequence[NDArray[np.uint8]], size: tuple[int, int]) -> Windows:
    """Of pictures [h, w, channels] at a kernel of `size`; evenly spread windows of each picture."""
    found = np.concatenate([_windows(picture, size) for picture in pictures])
    return Windows(found.mean(axis=0), np.atleast_2d(np.cov(found, rowvar=False)))


def _windows(picture: NDArray[np.uint8], size: tuple[int, int]) -> Array:
    high, wide = (min(side, has) for side, has in zip(size, picture.shape, strict=False))
    if (high, wide) != size:
        picture = np.pad(picture, ((0, size[0] - high), (0, size[1] - wide), (0, 0)), mode="edge")
    views = sliding_window_view(picture, size, axis=(0, 1))
    step = max(1, int((views.shape[0] * views.shape[1] / _WINDOWS) ** 0.5))
    flat = views[::step, ::step].transpose(0, 1, 3, 4, 2).reshape(-1, size[0] * size[1] * picture.shape[2])
    return flat.astype(np.float64)


def ruled_out(stem: Stem, pictures: Sequence[NDArray[np.uint8]], candidates: Sequence[Way]) -> Mapping[Way, str]:
    """The ways that the model cannot have been trained with, and why; none where all would go. `pictures` [h, w,
    channels] are of the model's size."""
    bench = _Bench(stem, windows(pictures, (stem.kernel.shape[0], stem.kernel.shape[1])))
    out: dict[Way, str] = {}
    for rule in (_rescaled, _unlike_training, _out_of_size, _before_depthwise, _tilted, _other_colors):
        left = [way for way in candidates if way not in out]
        found = rule(bench, left)
        out |= found if len(found) < len(left) else {}
    return out


@dataclass(frozen=True, slots=True)
class _Bench:
    stem: Stem
    seen: Windows

    def given(self, way: Way) -> tuple[Array, Array]:
        """Mean and deviation [filters] of what the convolution gives."""
        kernel, stem = self.stem.kernel, self.stem
        channels = kernel.shape[2]
        seen = self.seen.turned(channels) if way.order == "bgr" else self.seen
        factor, summand = (np.tile(part, kernel.shape[0] * kernel.shape[1]) for part in _affine(way, stem))
        weights = kernel.reshape(-1, kernel.shape[3])
        mean = (seen.mean * factor + summand) @ weights + stem.bias
        scaled = weights * factor[:, None]
        return mean, np.sqrt(np.maximum(np.einsum("ij,ik,kj->j", scaled, seen.covariance, scaled), 0.0))


def _affine(way: Way, stem: Stem) -> tuple[Array, Array]:
    """Factor and summand [channels] from levels to what the convolution sees."""
    std = np.array(way.std)
    return way.scale / std * stem.scale, -np.array(way.mean) / std * stem.scale + stem.offset


# --- normalization --------------------------------------------------------------------------------------------------


def _rescaled(bench: _Bench, left: Sequence[Way]) -> dict[Way, str]:
    """A network that rescales its input makes something usual of it."""
    if not bench.stem.rescales:
        return {}
    usual = [way for way in left if _is_usual(way, bench.stem)]
    why = "the network itself rescales its input, and would make nothing usual of this"
    return {way: why for way in left if way not in usual} if usual else {}


def _is_usual(way: Way, stem: Stem) -> bool:
    factor, summand = _affine(way, stem)
    plain = Stem(kernel=stem.kernel, bias=stem.bias, scale=np.ones_like(factor), offset=np.zeros_like(factor))
    for base in ways(len(factor), _BASE):
        expected, shift = _affine(base, plain)
        near = np.allclose(factor, expected, rtol=0.02) and np.allclose(summand, shift, rtol=0.02, atol=0.02)
        if base.order == way.order and near:
            return True
    return False


def _unlike_training(bench: _Bench, left: Sequence[Way]) -> dict[Way, str]:
    if bench.stem.moving is None:
        return {}
    misfits = {way: _misfit(bench, way) for way in left}
    least = min(misfits.values(), default=np.inf)
    if least > FITTING:
        return {}
    why = "the first layer would give numbers unlike those that its batch normalization noted in training"
    return {way: why for way, misfit in misfits.items() if misfit > least + WORSE}


def _misfit(bench: _Bench, way: Way) -> float:
    """How far mean (in deviations) and deviation (in the logarithm) are from the training's; of filters the median."""
    assert bench.stem.moving is not None
    noted, variance = bench.stem.moving
    mean, deviation = bench.given(way)
    alive = (variance > 1e-4 * np.median(variance)) & (deviation > 0)
    if not alive.any():
        return float("inf")
    noted, spread, mean, deviation = noted[alive], np.sqrt(variance[alive]), mean[alive], deviation[alive]
    return float(np.median(np.abs(np.log(deviation / spread))) + np.median(np.abs(mean - noted) / spread))


def _out_of_size(bench: _Bench, left: Sequence[Way]) -> dict[Way, str]:
    if not bench.stem.folded:
        return {}
    why = "the first layer would give numbers of a size that no batch normalization leaves"
    sizes = {way: float(np.median(bench.given(way)[1])) for way in left}
    return {way: why for way, size in sizes.items() if not SIZES[0] <= size <= SIZES[1]}


def _before_depthwise(bench: _Bench, left: Sequence[Way]) -> dict[Way, str]:
    why = "Caffe's means alone belong to networks from before depthwise convolutions"
    return {way: why for way in left if way.name == "caffe"} if bench.stem.depthwise else {}


def _tilted(bench: _Bench, left: Sequence[Way]) -> dict[Way, str]:
    if not bench.stem.folded:
        return {}
    usual = _Bench(bench.stem, bench.seen.usual())
    tilts: dict[str, float] = {}  # in the order that tilts less: the other one is none of this rule's business
    for way in left:
        tilts[way.name] = min(_tilt(usual, way), tilts.get(way.name, np.inf))
    if min(tilts.values(), default=np.inf) > LEVEL:
        return {}
    why = "the first layer's filters would be shifted by how much they answer to brightness"
    return {way: why for way in left if tilts[way.name] > TILTED}


def _tilt(bench: _Bench, way: Way) -> float:
    """|t| of the slope by which the filters' mean over deviation goes with their answer to brightness over deviation.

    A wrong mean of the input shifts every filter by its sum; a batch normalization leaves no such shift.
    """
    mean, deviation = bench.given(way)
    alive = deviation > 1e-3 * np.median(deviation)
    answer = bench.stem.kernel.sum(axis=(0, 1)).T @ _affine(way, bench.stem)[0]
    shifts, answers = mean[alive] / deviation[alive], answer[alive] / deviation[alive]
    if len(shifts) < 8 or not np.ptp(answers):
        return 0.0
    return abs(_slope(answers / np.abs(answers).max(), shifts))


def _slope(x: Array, y: Array) -> float:
    """t of the slope of y over x; points far off count less (Cauchy's weights)."""
    table = np.stack([x, np.ones_like(x)], axis=1)
    weights: Array = np.ones_like(y)
    line: Array = np.zeros(2)
    spread = 1.0
    for _ in range(20):
        weighted = table * weights[:, None]
        line = np.asarray(np.linalg.lstsq(weighted.T @ table, weighted.T @ y, rcond=None)[0], np.float64)
        rest = y - table @ line
        spread = 1.4826 * float(np.median(np.abs(rest))) + 1e-9
        weights = 1 / (1 + (rest / (2 * spread)) ** 2)
    error = np.linalg.pinv((table * weights[:, None]).T @ table)[0, 0] ** 0.5 * spread * 1.3**0.5
    return float(line[0] / error)


# --- channel order --------------------------------------------------------------------------------------------------


def _other_colors(bench: _Bench, left: Sequence[Way]) -> dict[Way, str]:
    order = order_of(bench.stem)
    why = f"the first layer looks for detail as networks do whose channels are {order}"
    return {way: why for way in left if order and way.order != order}


def order_of(stem: Stem) -> ChannelOrder | None:
    """The order in which filters look for more detail in red than in blue, where they clearly do."""
    kernel = stem.kernel * stem.scale[None, None, :, None]
    if kernel.shape[2] != 3 or kernel.shape[0] * kernel.shape[1] < 4:
        return None
    detail = (kernel - kernel.mean(axis=(0, 1))).reshape(-1, 3, kernel.shape[3])
    energy = np.square(detail).sum(axis=0)
    if not energy.sum(axis=1).all() or _coherence(detail) < LEAST_COHERENCE:
        return None
    lead, error = _jackknife(energy)
    if abs(lead) < LEAST_COLORS or abs(lead) < LEAST_COLORS_T * error:
        return None
    return "rgb" if lead > 0 else "bgr"


def _coherence(detail: Array) -> float:
    """Correlation of the middle channel with the first plus that with the last; near 0 before any training."""
    middle = detail[:, 1].ravel()
    others = (detail[:, 0].ravel(), detail[:, 2].ravel())
    return float(sum(middle @ other / (middle @ middle * (other @ other)) ** 0.5 for other in others))


def _jackknife(energy: Array) -> tuple[float, float]:
    """The logarithm of the first channel's detail over the last one's, [3, filters], and its standard error."""
    whole = energy.sum(axis=1)
    without = np.maximum(whole[:, None] - energy, 1e-12 * whole[:, None])
    leads = np.log(without[0] / without[2]) / 2
    count = len(leads)
    error = ((count - 1) / count * np.square(leads - leads.mean()).sum()) ** 0.5
    return float(np.log(whole[0] / whole[2]) / 2), float(error)
