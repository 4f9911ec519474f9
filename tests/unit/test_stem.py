"""What the first convolution says about the training: networks whose training is simulated by numpy alone."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from builder.harness.evaluation.fitting import Way, judge, tried, ways
from builder.harness.evaluation.stem import Stem, order_of, ruled_out

NAMES = ("unit", "signed", "imagenet", "none", "caffe")
PARTS = {"normalization": lambda way: way.name, "channel order": lambda way: way.order}
FILTERS, SIDE = 32, 3
NO_SCALE, NO_OFFSET = np.ones(3), np.zeros(3)


def photos(count: int, seed: int) -> list[NDArray[np.uint8]]:
    """[40, 40, 3]: waves of light and dark that all channels share, and a little of their own."""
    random, found = np.random.default_rng(seed), []
    for _ in range(count):
        row, column = np.mgrid[:40, :40]
        waves = sum(
            random.normal(0, 25) * np.sin(row * random.uniform(0, 1.5) + column * random.uniform(0, 1.5) + phase)
            for phase in random.uniform(0, 6, 6)
        )
        tints = random.normal(0, 4, (40, 40, 3)) + random.uniform(-15, 15, 3) + random.uniform(90, 140)
        found.append(np.clip(np.asarray(waves)[..., None] + tints, 0, 255).astype(np.uint8))
    return found


def normalized(levels: NDArray[np.uint8], way: Way) -> NDArray[np.float64]:
    """As the contract's formula says."""
    ordered = levels[..., ::-1] if way.order == "bgr" else levels
    return np.asarray((ordered * way.scale - np.array(way.mean)) / np.array(way.std), np.float64)


def kernels(seed: int) -> NDArray[np.float64]:
    """Half of them answer to edges alone, half to brightness as well; like in all colours, least in blue."""
    random = np.random.default_rng(seed)
    shapes = random.normal(0, 1, (SIDE, SIDE, 1, FILTERS))
    shapes[..., ::2] -= shapes[..., ::2].mean(axis=(0, 1))
    return np.asarray(shapes * np.array([0.9, 1.1, 0.5])[:, None] + random.normal(0, 0.1, (SIDE, SIDE, 3, FILTERS)))


def answers(kernel: NDArray[np.float64], pictures: list[NDArray[np.uint8]], way: Way) -> NDArray[np.float64]:
    """[n, filters]: what the convolution gives, by sums over shifted pictures."""
    rows = []
    for picture in pictures:
        x = normalized(picture, way)
        high, wide = x.shape[0] - SIDE + 1, x.shape[1] - SIDE + 1
        total = sum(x[i : i + high, j : j + wide] @ kernel[i, j] for i in range(SIDE) for j in range(SIDE))
        rows.append(np.asarray(total).reshape(-1, FILTERS))
    return np.concatenate(rows)


def trained(way: Way, seed: int, *, folded: bool) -> Stem:
    """A convolution and its batch normalization after a training on other photos."""
    kernel = kernels(seed)
    kernel = kernel[:, :, ::-1] if way.order == "bgr" else kernel
    found = answers(kernel, photos(12, seed + 1000), way)
    mean, variance = found.mean(axis=0), found.var(axis=0)
    if not folded:
        return Stem(kernel=kernel, bias=np.zeros(FILTERS), scale=NO_SCALE, offset=NO_OFFSET, moving=(mean, variance))
    random = np.random.default_rng(seed + 1)
    factor, shift = random.uniform(0.4, 1.5, FILTERS) / np.sqrt(variance), random.normal(0, 0.4, FILTERS)
    return Stem(kernel=kernel * factor, bias=shift - mean * factor, scale=NO_SCALE, offset=NO_OFFSET, folded=True)


@pytest.mark.parametrize("folded", [False, True], ids=["noted", "folded"])
@pytest.mark.parametrize("way", ways(3, NAMES), ids=lambda way: f"{way.name}-{way.order}")
def test_the_way_of_the_training_is_never_ruled_out_and_ranges_of_another_size_always(way: Way, folded: bool) -> None:
    for seed in range(4):
        out = ruled_out(trained(way, seed, folded=folded), photos(10, seed + 50), ways(3, NAMES))
        assert way not in out, out[way]
        wide = {"unit", "signed", "imagenet"} if way.name in ("none", "caffe") else {"none", "caffe"}
        assert wide <= {each.name for each in out}


def test_a_network_that_rescales_takes_what_it_makes_something_usual_of() -> None:
    plain = trained(ways(3, ["signed"])[0], 1, folded=False)
    candidates = ways(3, NAMES)
    for scale, offset, name in ((2.0, -1.0, "unit"), (1 / 127.5, -1.0, "none"), (1 / 255, 0.0, "none")):
        stem = Stem(kernel=plain.kernel, bias=plain.bias, scale=NO_SCALE * scale, offset=NO_OFFSET + offset)
        out = ruled_out(stem, photos(10, 3), candidates)
        assert {way.name for way in candidates if way not in out} == {name}


def test_detail_in_red_tells_the_order_and_chance_does_not() -> None:
    rgb, bgr = ways(3, ["unit"])
    assert order_of(trained(rgb, 3, folded=True)) == "rgb"
    assert order_of(trained(bgr, 3, folded=True)) == "bgr"
    random = np.random.default_rng(7)
    for _ in range(100):  # before any training
        kernel = random.normal(0, 1, (SIDE, SIDE, 3, 16))
        assert order_of(Stem(kernel=kernel, bias=np.zeros(16), scale=NO_SCALE, offset=NO_OFFSET)) is None


def test_labels_that_speak_for_what_is_ruled_out_leave_a_doubt() -> None:
    unit, signed = ways(1, ["unit", "signed"])
    truth = np.arange(10) % 2
    good = np.where(np.eye(2)[truth] > 0, 0.9, 0.1)
    flat = np.full((10, 2), 0.5)
    out = {signed: "the weights say so"}
    agreed = judge([tried(unit, truth, flat), tried(signed, truth, flat)], truth, PARTS, out)
    assert agreed.best == unit and agreed.doubts == {}
    torn = judge([tried(unit, truth, flat + 0.0), tried(signed, truth, good)], truth, PARTS, out)
    assert torn.best == unit and "speak for signed" in torn.doubts["normalization"]
