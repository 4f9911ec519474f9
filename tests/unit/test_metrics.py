"""The figures of a classifier, against hand-worked examples and plain loops over the definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from builder.harness.evaluation import metrics

NAN = float("nan")
# By hand: best classes 0, 1, 0, 2, none, 1; true ones 0, 0, 0, 2, 1, 1.
SCORES = np.array([[0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.4, 0.4, 0.2], [0.1, 0.1, 0.8], [NAN] * 3, [0.1, 0.9, 0.0]])
TRUTH = np.array([0, 0, 0, 2, 1, 1])


def random_case(seed: int, n: int = 400, classes: int = 7) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Rows of probabilities that lean to the true class, some of them ties and some missing."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, classes, n)
    logits = random.normal(0, 1, (n, classes))
    logits[np.arange(n), truth] += 1
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    scores[:20] = 1 / classes
    scores[20:25] = NAN
    return truth, scores


def test_a_hand_worked_example() -> None:
    assert metrics.best(SCORES).tolist() == [0, 1, 0, 2, metrics.NONE, 1]
    assert metrics.accuracy(TRUTH, SCORES) == pytest.approx(4 / 6)
    assert metrics.top_k(TRUTH, SCORES, 2) == pytest.approx(5 / 6)
    assert metrics.confusion(TRUTH, SCORES).tolist() == [[2, 1, 0], [0, 1, 0], [0, 0, 1]]
    a, b, c = metrics.per_class(TRUTH, SCORES, ("a", "b", "c"))
    assert [a.precision, a.recall, a.f1] == pytest.approx([1.0, 2 / 3, 0.8])
    assert (b.pictures, b.named, b.precision, b.recall) == (2, 2, 0.5, 0.5)
    assert (c.precision, c.recall, c.f1) == (1.0, 1.0, 1.0)


def test_figures_without_a_base_are_none() -> None:
    truth, scores = np.array([0]), np.array([[0.9, 0.1, 0.0]])
    _, b, _ = metrics.per_class(truth, scores, ("a", "b", "c"))
    assert (b.precision, b.recall, b.f1) == (None, None, None)
    nothing = np.zeros(0, np.int64), np.zeros((0, 3))
    assert metrics.accuracy(*nothing) is None and metrics.top_k(*nothing, 2) is None
    assert metrics.calibration(*nothing) is None


@pytest.mark.parametrize("seed", range(5))
def test_figures_agree_with_loops_over_their_definitions(seed: int) -> None:
    truth, scores = random_case(seed)
    best = [None if any(map(math.isnan, row)) else max(range(7), key=lambda c: (row[c], -c)) for row in scores.tolist()]
    right = [b == t for b, t in zip(best, truth.tolist(), strict=True)]
    assert metrics.accuracy(truth, scores) == pytest.approx(sum(right) / len(right))
    for k in (1, 2, 5):
        inside = 0
        for row, t in zip(scores.tolist(), truth.tolist(), strict=True):
            order = sorted(range(7), key=lambda c: (-row[c], c))
            inside += not any(map(math.isnan, row)) and t in order[:k]
        assert metrics.top_k(truth, scores, k) == pytest.approx(inside / len(truth))
    for c, figures in enumerate(metrics.per_class(truth, scores, tuple("abcdefg"))):
        hits = sum(b == c == t for b, t in zip(best, truth.tolist(), strict=True))
        assert figures.precision == pytest.approx(hits / best.count(c))
        assert figures.recall == pytest.approx(hits / truth.tolist().count(c))


@pytest.mark.parametrize("seed", range(5))
def test_calibration_agrees_with_a_loop_over_its_definition(seed: int) -> None:
    truth, scores = random_case(seed)
    bins: dict[int, list[tuple[float, bool]]] = {}
    for row, t in zip(scores.tolist(), truth.tolist(), strict=True):
        if not any(map(math.isnan, row)):
            sure = max(row)
            number = next(i for i in range(10) if sure <= (i + 1) / 10 + 1e-12)
            bins.setdefault(number, []).append((sure, row.index(sure) == t))
    count = sum(map(len, bins.values()))
    error = sum(abs(sum(s for s, _ in each) - sum(r for _, r in each)) for each in bins.values()) / count
    found = metrics.calibration(truth, scores)
    assert found is not None and found.error == pytest.approx(error)
    assert [each.pictures for each in found.bins] == [len(bins.get(i, [])) for i in range(10)]


def test_calibration_of_known_bins() -> None:
    # Four predictions of 0.75, three of them right, are honest; two of 0.95, none right, are not.
    scores = np.array([[0.75, 0.25]] * 4 + [[0.05, 0.95]] * 2)
    found = metrics.calibration(np.array([0, 0, 0, 1, 0, 0]), scores)
    assert found is not None and found.error == pytest.approx(0.95 * 2 / 6)
    assert (found.bins[7].confidence, found.bins[7].accuracy, found.bins[9].accuracy) == (0.75, 0.75, 0.0)


@pytest.mark.parametrize("scores", [[[2.0, -1.0]], [[0.4, 0.4]], [[5.0, 3.0]]])
def test_scores_that_are_no_probabilities_have_no_calibration(scores: list[list[float]]) -> None:
    assert metrics.calibration(np.array([0]), np.array(scores)) is None


def test_balanced_weights_let_every_class_count_alike() -> None:
    truth = np.array([0] * 90 + [1] * 10)
    scores = np.array([[1.0, 0.0, 0.0]] * 100)
    weights = metrics.balanced_weights(truth, 3)
    assert weights.tolist() == pytest.approx([100 / 180, 100 / 20, 0.0])
    assert metrics.accuracy(truth, scores) == 0.9
    assert metrics.accuracy(truth, scores, weights) == pytest.approx(0.5)
