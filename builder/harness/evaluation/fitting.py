"""Which preprocessing a model was trained with, as far as labelled pictures tell. Pure numpy.

Each way is judged by the logarithm of the probability that it gives each picture's true class. Two ways differ for sure
only where the better one leads on picture after picture, not on average alone: a handful of pictures is few. Ways that
the network's weights rule out (`stem`) are no rivals, unless the labels speak for one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from builder.harness.evaluation import metrics
from builder.spec import NORMALIZATIONS, ChannelOrder, Fit, Preprocess

FLOOR = 1e-4  # less than this probability counts alike: one hopeless picture must not decide
LEAST_PICTURES = 8
LEAST_ACCURACY = 0.7
LEAST_MORE = 3  # pictures: a larger range alone makes right answers surer, and must not count as the better one
LEAST_LEAD = 0.2  # in the mean logarithm
SURE = 3.0  # standard errors of the mean lead; by Student's t with 9 degrees of freedom 1 in 130 by chance
_CAFFE = (103.939, 116.779, 123.68)  # blue first: the means of Caffe's and Keras' VGG and ResNet
FITS: tuple[Fit, ...] = ("stretch", "crop", "letterbox")
FLIPS = ("none", "mirrored", "upside down")


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way from picture to input. `name` is the normalization's."""

    name: str
    order: ChannelOrder
    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]
    fit: Fit = "stretch"
    flip: str = "none"

    def applied(self, how: Preprocess) -> Preprocess:
        """`how` with this normalization, order and fit."""
        return replace(how, scale=self.scale, mean=self.mean, std=self.std, channel_order=self.order, fit=self.fit)

    def flags(self) -> str:
        """What `generate` is told."""
        words = [f"--normalize {self.name}"] if self.name in NORMALIZATIONS else [_figures(self)]
        words += [f"--channel-order {self.order}"] if self.order != "rgb" else []
        words += [f"--fit {self.fit}"] if self.fit != "stretch" else []
        return " ".join(words)


def _figures(way: Way) -> str:
    means, deviations = (",".join(f"{value:g}" for value in values) for values in (way.mean, way.std))
    return f"--scale {way.scale:g} --mean {means} --std {deviations}"


def ways(channels: int, names: Sequence[str]) -> list[Way]:
    """Every normalization of `names` (presets and `caffe`) in every order that the channels allow."""
    orders: tuple[ChannelOrder, ...] = ("rgb", "bgr") if channels == 3 else ("rgb",)
    return [_way(name, order, channels) for name in names for order in orders]


def _way(name: str, order: ChannelOrder, channels: int) -> Way:
    ones = (1.0,) * channels
    if name == "caffe":
        return Way(name=name, order=order, scale=1.0, mean=_CAFFE if order == "bgr" else _CAFFE[::-1], std=ones)
    scale, mean, std = NORMALIZATIONS[name]
    turned = (mean[::-1], std[::-1]) if order == "bgr" else (mean, std)
    return Way(name=name, order=order, scale=scale, mean=turned[0][:channels], std=turned[1][:channels])


def likelihood(truth: metrics.Classes, scores: metrics.Scores) -> NDArray[np.float64]:
    """[n]: the logarithm of the true class' probability; scores that are no probabilities go through softmax first."""
    if not metrics.are_probabilities(scores):
        powers = np.exp(scores - np.nanmax(scores, axis=1, keepdims=True))
        scores = powers / powers.sum(axis=1, keepdims=True)
    own = np.take_along_axis(scores, truth[:, None], axis=1)[:, 0]
    return np.log(np.clip(np.nan_to_num(own), FLOOR, 1.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A way with what it gave: `accuracy`, which pictures are `right` [n], and `likelihood` [n]."""

    way: Way
    accuracy: float
    right: NDArray[np.bool_]
    likelihood: NDArray[np.float64]


def tried(way: Way, truth: metrics.Classes, scores: metrics.Scores, *, independent: bool = False) -> Tried:
    """`scores` [n, classes] of the pictures, fed in this way. `independent`: each score is a probability of its own, as
    of things that may all be on one picture."""
    right = metrics.best(scores) == truth
    own = np.take_along_axis(np.nan_to_num(scores), truth[:, None], axis=1)[:, 0]
    likely = np.log(np.clip(own, FLOOR, 1.0)) if independent else likelihood(truth, scores)
    return Tried(way=way, accuracy=float(right.mean()), right=right, likelihood=likely)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The best way, whether each of its parts is sure, and if not, why. All ways, the best first, and why some of them
    cannot be it."""

    best: Way
    order: tuple[Tried, ...]
    doubts: dict[str, str]
    ruled_out: Mapping[Way, str] = field(default_factory=dict)

    def is_sure(self, part: str) -> bool:
        return part not in self.doubts


def judge(
    found: Sequence[Tried],
    truth: metrics.Classes,
    parts: dict[str, Callable[[Way], object]],
    ruled_out: Mapping[Way, str] = MappingProxyType({}),
) -> Finding:
    """`parts` names what is judged, such as the normalization: the best way leads every way with another one of it
    that is not `ruled_out`."""
    order = tuple(sorted(found, key=lambda each: (each.way in ruled_out, -float(each.likelihood.mean()))))
    best = order[0]
    against = _contradicted(best, [each for each in order if each.way in ruled_out])
    doubts = {}
    for name, of in parts.items():
        rivals = [each for each in order if of(each.way) != of(best.way) and each.way not in ruled_out]
        alone = bool(ruled_out) and not rivals  # the weights have decided, whatever the labels are good for
        doubt = _too_few(truth) or against or ("" if alone else _too_little(best, truth) or _rivalled(best, rivals))
        if doubt:
            doubts[name] = doubt
    return Finding(best=best.way, order=order, doubts=doubts, ruled_out=ruled_out)


def _too_few(truth: metrics.Classes) -> str:
    count = len(truth)
    return f"there are {count} pictures, and at least {LEAST_PICTURES} are needed" if count < LEAST_PICTURES else ""


def _contradicted(best: Tried, ruled_out: Sequence[Tried]) -> str:
    for other in ruled_out:
        lead = other.likelihood - best.likelihood
        if lead.mean() >= LEAST_LEAD and lead.mean() >= SURE * _error(lead):
            return f"the labels speak for {_shown(other.way)}, which the weights speak against"
    return ""


def _error(lead: NDArray[np.float64]) -> float:
    """Of the mean."""
    return float(lead.std(ddof=1) / len(lead) ** 0.5)


def _shown(way: Way) -> str:
    return f"{way.name}, {way.order}, {way.fit}, {way.flip}"


def _too_little(best: Tried, truth: metrics.Classes) -> str:
    if len(np.unique(truth)) < 2:
        return "all pictures are of one class, which a model may prefer whatever it is given"
    if best.accuracy < LEAST_ACCURACY:
        return f"even the best way is right in {best.accuracy:.0%} only"
    return ""


def _rivalled(best: Tried, rivals: Sequence[Tried]) -> str:
    for rival in rivals:
        lead = best.likelihood - rival.likelihood
        more = int(best.right.sum()) - int(rival.right.sum())
        if more < LEAST_MORE or lead.mean() < LEAST_LEAD or lead.mean() < SURE * _error(lead):
            return f"{_shown(rival.way)} is right nearly as often"
    return ""
