"""Which preprocessing fits, and how sure that is: never sure of a wrong one over hundreds of draws of ten pictures."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from builder.harness.evaluation.fitting import Finding, Way, judge, likelihood, tried, ways

NAMES = ("unit", "signed", "imagenet", "none", "caffe")
PARTS = {"normalization": lambda way: way.name, "channel order": lambda way: way.order}
CLASSES, DRAWS = 4, 200
SHARPNESS = 0.2


def pictures(count: int, truth: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """[n, 3] levels of 0..255: a colour of each class, and noise that makes some pictures hard."""
    random = np.random.default_rng(seed)
    colors = np.array([[200.0, 60, 60], [60, 180, 80], [50, 70, 200], [190, 180, 60]])
    return np.clip(colors[truth] + random.normal(0, 25, (count, 3)), 0, 255)


def normalized(levels: NDArray[np.float64], way: Way) -> NDArray[np.float64]:
    """As the contract's formula says."""
    ordered = levels[:, ::-1] if way.order == "bgr" else levels
    return np.asarray((ordered * way.scale - np.array(way.mean)) / np.array(way.std), np.float64)


def toy_scores(levels: NDArray[np.float64], trained: Way, used: Way) -> NDArray[np.float64]:
    """A network that knows the classes' colours as `trained` makes them, fed as `used` makes them."""
    centers = normalized(np.array([[200.0, 60, 60], [60, 180, 80], [50, 70, 200], [190, 180, 60]]), trained)
    spread = np.ptp(centers)
    distances = ((normalized(levels, used)[:, None] - centers[None]) ** 2).sum(axis=2) / (SHARPNESS * spread) ** 2
    powers = np.exp(-(distances - distances.min(axis=1, keepdims=True)))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float64)


def draw(trained: Way, seed: int) -> Finding:
    truth = np.random.default_rng(seed).integers(0, CLASSES, 10)
    levels = pictures(10, truth, seed)
    found = [tried(way, truth, toy_scores(levels, trained, way)) for way in ways(3, NAMES)]
    return judge(found, truth, PARTS)


@pytest.mark.parametrize("trained", ways(3, NAMES), ids=lambda way: f"{way.name}-{way.order}")
def test_over_many_draws_nothing_wrong_is_sure(trained: Way) -> None:
    found = [draw(trained, seed) for seed in range(DRAWS)]
    for finding in found:
        assert not finding.is_sure("normalization") or finding.best.name == trained.name
        assert not finding.is_sure("channel order") or finding.best.order == trained.order


def test_a_way_that_leads_on_picture_after_picture_is_sure() -> None:
    candidates = ways(3, NAMES)
    truth = np.arange(10) % CLASSES
    right = np.full((10, CLASSES), 0.05)
    right[np.arange(10), truth] = 0.85
    for best in candidates:
        found = [tried(way, truth, right if way == best else right[:, ::-1]) for way in candidates]
        finding = judge(found, truth, PARTS)
        assert finding.best == best and finding.doubts == {}
        # One rival that does nearly as well is a doubt about what it has otherwise, and about nothing else.
        twin = next(way for way in candidates if way.name == best.name and way != best)
        found = [tried(way, truth, right if way in (best, twin) else right[:, ::-1]) for way in candidates]
        assert set(judge(found, truth, PARTS).doubts) == {"channel order"}


def test_a_range_that_only_makes_right_answers_surer_is_not_sure() -> None:
    candidates = ways(3, NAMES)
    truth = np.arange(10) % CLASSES
    mild = np.full((10, CLASSES), 0.15)
    mild[np.arange(10), truth] = 0.55
    sharp = mild**8 / (mild**8).sum(axis=1, keepdims=True)
    for best, rival in zip(candidates[:4], candidates[4:], strict=False):
        scores = {best: mild, rival: sharp}
        found = [tried(way, truth, scores.get(way, mild[:, ::-1])) for way in candidates]
        assert "normalization" in judge(found, truth, PARTS).doubts


def test_a_model_that_fits_no_way_is_no_sure_thing() -> None:
    strange = Way(name="strange", order="rgb", scale=-1.0, mean=(-300.0,) * 3, std=(60.0,) * 3)
    for seed in range(DRAWS):
        assert not draw(strange, seed).is_sure("normalization")


def test_too_few_pictures_or_classes_are_said() -> None:
    way = ways(3, ["unit"])[0]
    one = np.zeros(10, np.int64)
    scores = np.tile([0.9, 0.1], (10, 1))
    assert "of one class" in judge([tried(way, one, scores)], one, PARTS).doubts["normalization"]
    few = np.array([0, 1, 0])
    assert "there are 3 pictures" in judge([tried(way, few, scores[:3])], few, PARTS).doubts["channel order"]


def test_likelihood_is_of_the_true_class_and_has_a_floor() -> None:
    scores = np.array([[0.5, 0.5], [1.0, 0.0], [float("nan")] * 2])
    found = likelihood(np.array([0, 1, 0]), scores)
    assert found.tolist() == pytest.approx([math.log(0.5), math.log(1e-4), math.log(1e-4)])
    logits = likelihood(np.array([1]), np.array([[2.0, 5.0]]))
    assert logits.tolist() == pytest.approx([5 - math.log(math.exp(2) + math.exp(5))])


def test_flags_are_those_of_generate() -> None:
    flags = {(way.name, way.order): way.flags() for way in ways(3, NAMES)}
    assert flags["imagenet", "bgr"] == "--normalize imagenet --channel-order bgr"
    assert flags["caffe", "bgr"] == "--scale 1 --mean 103.939,116.779,123.68 --std 1,1,1 --channel-order bgr"
    assert [way.order for way in ways(1, ["unit"])] == ["rgb"] and ways(1, ["unit"])[0].mean == (0.0,)
