"""The figures of a classifier, from true classes and scores. Pure numpy.

`truth` is int [n], `scores` float [n, classes], one row per picture; a row of NaN stands for a picture that has no
prediction. Such a picture counts as wrong, in the figures of its own class, and in no column of the confusion matrix.
Of equal scores the first class counts as the best.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Scores: TypeAlias = NDArray[np.float64]
Classes: TypeAlias = NDArray[np.int64]

BINS = 10
NONE = -1  # the best class where there is no prediction
_SUM_SLACK = 1e-3  # float16 weights and softmax on a GPU leave sums this far from 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassFigures:
    """One class: its pictures, how often it was named and how often rightly. A figure is None where it has no base."""

    label: str
    pictures: int
    named: int
    right: int

    @property
    def precision(self) -> float | None:
        return self.right / self.named if self.named else None

    @property
    def recall(self) -> float | None:
        return self.right / self.pictures if self.pictures else None

    @property
    def f1(self) -> float | None:
        return 2 * self.right / (self.named + self.pictures) if self.named + self.pictures else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Predictions whose best score lies in (low, high]; `confidence` and `accuracy` are means, 0 without pictures."""

    low: float
    high: float
    pictures: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Whether the best scores are honest probabilities. `error` is the expected calibration error (ECE): the mean gap
    between confidence and accuracy of the bins, weighted by their pictures."""

    error: float
    bins: tuple[Bin, ...]


def has_prediction(scores: Scores) -> NDArray[np.bool_]:
    """[n]."""
    return np.array(~np.isnan(scores).any(axis=1), np.bool_)


def best(scores: Scores) -> Classes:
    """[n]: each picture's best class, NONE without a prediction."""
    known = has_prediction(scores)
    return np.where(known, np.where(known[:, None], scores, 0.0).argmax(axis=1), NONE)


def accuracy(truth: Classes, scores: Scores, weights: NDArray[np.float64] | None = None) -> float | None:
    """The share of pictures whose best class is right, each counting by the weight of its class [classes]; None where
    nothing counts."""
    counts = np.ones(len(truth)) if weights is None else weights[truth]
    total = counts.sum()
    return float(counts[best(scores) == truth].sum() / total) if total else None


def top_k(truth: Classes, scores: Scores, k: int) -> float | None:
    """The share of pictures whose true class is among the `k` best."""
    if not len(truth):
        return None
    own = np.take_along_axis(scores, truth[:, None], axis=1)
    earlier = np.arange(scores.shape[1])[None, :] < truth[:, None]
    ahead = ((scores > own) | ((scores == own) & earlier)).sum(axis=1)
    return float(((ahead < k) & has_prediction(scores)).mean())


def confusion(truth: Classes, scores: Scores) -> NDArray[np.int64]:
    """[classes, classes]: pictures by true class (row) and best class (column)."""
    classes, found = scores.shape[1], best(scores)
    known = found != NONE
    matrix = np.zeros((classes, classes), np.int64)
    np.add.at(matrix, (truth[known], found[known]), 1)
    return matrix


def per_class(truth: Classes, scores: Scores, labels: tuple[str, ...]) -> tuple[ClassFigures, ...]:
    """The figures of every class, in the order of the labels."""
    matrix = confusion(truth, scores)
    pictures = np.bincount(truth, minlength=len(labels))
    return tuple(
        ClassFigures(label=label, pictures=int(pictures[i]), named=int(matrix[:, i].sum()), right=int(matrix[i, i]))
        for i, label in enumerate(labels)
    )


def are_probabilities(scores: Scores) -> bool:
    """True where every row is of numbers of 0..1 that sum to 1; only then calibration means something."""
    rows = scores[has_prediction(scores)]
    if not len(rows) or rows.min() < -_SUM_SLACK or rows.max() > 1 + _SUM_SLACK:
        return False
    return float(np.abs(rows.sum(axis=1) - 1).max()) <= _SUM_SLACK


def calibration(truth: Classes, scores: Scores, bins: int = BINS) -> Calibration | None:
    """Over bins of equal width; None where the scores are no probabilities."""
    if not are_probabilities(scores):
        return None
    known = has_prediction(scores)
    confidence, right = scores[known].max(axis=1), best(scores)[known] == truth[known]
    edges = np.linspace(0.0, 1.0, bins + 1)
    place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    made = tuple(_bin(edges[i], edges[i + 1], confidence[place == i], right[place == i]) for i in range(bins))
    gaps = sum(each.pictures * abs(each.confidence - each.accuracy) for each in made)
    return Calibration(error=float(gaps / len(confidence)), bins=made)


def _bin(low: float, high: float, confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> Bin:
    count = len(confidence)
    means = (float(confidence.mean()), float(right.mean())) if count else (0.0, 0.0)
    return Bin(low=float(low), high=float(high), pictures=count, confidence=means[0], accuracy=means[1])


def balanced_weights(truth: Classes, classes: int) -> NDArray[np.float64]:
    """[classes]: weights by which every class that occurs counts alike, as n / (classes that occur * pictures)."""
    pictures = np.bincount(truth, minlength=classes).astype(np.float64)
    occurring = np.count_nonzero(pictures)
    return np.divide(len(truth), occurring * pictures, out=np.zeros(classes), where=pictures > 0)
