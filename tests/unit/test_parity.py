"""Verdicts of parity: planted errors fail, rounding passes, and what proves nothing is not taken for proof."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from builder.cli.asking import Asking
from builder.convert.parity import Parity, Precision, before, compare, least_share, varies
from builder.convert.ports import Signature, SignedInput
from builder.convert.samples import COUNT, Port, sample_sets
from tests.models import TinyNet, normalized, pictures, tiny_net

Array = NDArray[Any]
X = normalized(pictures(6, (32, 32), 3, seed=9), "signed")
NET = tiny_net((32, 32), 3, 5, "signed", seed=3)
# Probabilities that are all nearly a fifth, as those of random weights are.
TIMID = replace(NET, dense=NET.dense * np.float32(2e-3), scores=NET.scores * np.float32(2e-3))


def rows(values: Array) -> list[dict[str, Array]]:
    """[inputs, classes] as one mapping for each input."""
    return [{"scores": values[i : i + 1]} for i in range(len(values))]


def verdict(source: Array, result: Array, precision: Precision = "float32", **more: Any) -> Parity:  # noqa: ANN401
    return compare(rows(source), rows(result), precision=precision, **more)


PLANTED: dict[str, Callable[[TinyNet], TinyNet]] = {
    "one weight is scaled by 1.01": lambda net: replace(net, kernel=net.kernel * np.float32(1.01)),
    "rows and columns of the kernel are swapped": lambda net: replace(net, kernel=net.kernel.swapaxes(0, 1)),
    "channels of the picture are swapped": lambda net: replace(net, kernel=net.kernel[:, :, ::-1]),
    "the bias is left out": lambda net: replace(net, bias=net.bias * np.float32(0)),
    "two classes are swapped": lambda net: replace(net, dense=net.dense[:, [1, 0, 2, 3, 4]]),
}


@pytest.mark.parametrize("net", [pytest.param(NET, id="clear"), pytest.param(TIMID, id="timid")])
@pytest.mark.parametrize("kind", ["logits", "probabilities"])
@pytest.mark.parametrize("error", PLANTED)
def test_a_planted_error_fails(net: TinyNet, kind: str, error: str) -> None:
    wrong = PLANTED[error](net)
    assert verdict(getattr(net, kind)(X), getattr(wrong, kind)(X)).reasons


@pytest.mark.parametrize("net", [pytest.param(NET, id="clear"), pytest.param(TIMID, id="timid")])
@pytest.mark.parametrize("kind", ["logits", "probabilities"])
def test_another_order_of_additions_passes(net: TinyNet, kind: str) -> None:
    order = np.random.default_rng(1).permutation(net.dense.shape[0])
    features = net.features(X)
    logits = features[:, order] @ net.dense[order] + net.scores
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    answer = logits if kind == "logits" else powers / powers.sum(axis=1, keepdims=True)
    assert (logits != net.logits(X)).any()
    source = getattr(net, kind)(X)
    found = verdict(source, answer)
    assert found.reasons == () and found.flat == ()


def test_figures_are_those_of_the_definition() -> None:
    source = np.array([[0.0, 4.0, 1.0], [2.0, -1.0, 3.0]])
    result = source + np.array([[0.1, 0.0, 0.0], [0.0, -0.2, 0.0]])
    (output,) = verdict(source, result).outputs
    assert output.difference is not None and output.before_softmax is None
    assert output.difference.largest == pytest.approx(0.2)
    assert output.difference.mean == pytest.approx(0.05)
    assert output.difference.movement == 5.0  # the second score goes from 4 to -1
    assert output.difference.relative == pytest.approx(0.04)
    assert output.agreement == 1.0
    assert "differs by 0.04 of what it ranges over, more than 0.0001" in verdict(source, result).reasons[0]


def test_scores_behind_probabilities_are_found() -> None:
    logits = np.array([[1.0, 2.0, -3.0], [0.0, -2.0, 5.0]])
    shifted = logits + np.array([[0.0, 0.0, 0.5], [0.0, 0.0, 0.0]])
    source, result = (np.exp(z) / np.exp(z).sum(axis=1, keepdims=True) for z in (logits, shifted))
    (output,) = verdict(source, result).outputs
    assert output.before_softmax is not None
    # A score that grows by a half moves the mean of three by a sixth.
    assert output.before_softmax.largest == pytest.approx(0.5 - 0.5 / 3)
    assert output.before_softmax.movement == pytest.approx(7)  # the third score, less the mean: -3 - 0 and 5 - 1


def scored(net: TinyNet) -> list[dict[str, Array]]:
    """Probabilities with the scores behind them."""
    logits = net.logits(X).astype(np.float64)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    return [
        {"scores": p[None], before("scores"): z[None]}
        for p, z in zip(probabilities.astype(np.float32), logits, strict=True)
    ]


def test_scores_that_both_sides_give_stand_for_logarithms() -> None:
    biased = replace(NET, scores=NET.scores + np.array([0, 0, 500, 0, 0], np.float32))
    alone = [{"scores": row["scores"]} for row in scored(biased)]
    assert compare(alone, alone, precision="float32").flat == ("scores",)  # one class has it all
    (output,) = compare(scored(biased), scored(biased), precision="float32").outputs
    assert (output.name, output.flat, output.why) == ("scores", False, ())
    assert output.before_softmax is not None and output.before_softmax.movement > 1
    wrong = replace(biased, kernel=biased.kernel * np.float32(1.01))
    (reason,) = compare(scored(biased), scored(wrong), precision="float32").reasons
    assert reason.startswith("the output 'scores' before its softmax differs by ")


@pytest.mark.parametrize(("precision", "step"), [("float16", 2e-3), ("uint16", 2e-3), ("uint8", 2e-2)])
def test_coarser_weights_may_differ_more(precision: Precision, step: float) -> None:
    source = NET.logits(X).astype(np.float64)
    moved = source + step * np.ptp(source, axis=0).max() * np.random.default_rng(2).uniform(-1, 1, source.shape)
    assert verdict(source, moved).reasons
    assert verdict(source, moved, precision).reasons == ()


def test_quantized_scores_are_judged_by_the_best_class() -> None:
    source = np.eye(10) + np.linspace(0, 0.1, 10)
    far = source * 3
    assert verdict(source, far, "uint8").reasons == ()
    assert verdict(source, far, "uint8", tolerance=0.1).reasons
    one, two = far.copy(), far.copy()
    one[:1], two[:2] = one[:1, ::-1], two[:2, ::-1]
    assert verdict(source, one, "uint8").reasons == ()
    (reason,) = verdict(source, two, "uint8").reasons
    assert reason == "the output 'scores' gives the same best class for 80% of the inputs only"


def test_a_class_that_always_wins_does_not_decide() -> None:
    source = np.tile([9.0, 0, 0], (5, 1)) + np.random.default_rng(6).uniform(0, 1, (5, 3))
    near, far = source + 0.05 * np.eye(5, 3), source * 3
    assert verdict(source, near, "uint8").reasons == ()
    assert "differs by" in verdict(source, far, "uint8").reasons[0]


def test_a_lead_within_the_tolerance_decides_nothing() -> None:
    source = np.array([[1.0, 1.00001, -5.0], [4.0, 0.0, 1.0]])
    result = np.array([[1.00001, 1.0, -5.0], [4.0, 0.0, 1.0]])
    (output,) = verdict(source, result).outputs
    assert output.agreement == 1.0 and output.why == ()


@pytest.mark.parametrize("value", [0.0, 1.0, 1e-30, 1e6])
def test_outputs_that_do_not_move_prove_nothing(value: float) -> None:
    source = np.full((4, 7), value)
    found = verdict(source, source)
    assert found.reasons == () and found.flat == ("scores",)
    assert verdict(source, source + max(value, 1.0) * 0.1).reasons
    assert not varies(rows(source))


def test_probabilities_that_hardly_move_prove_nothing_and_moving_ones_do() -> None:
    flat = replace(NET, dense=NET.dense * np.float32(1e-6), scores=NET.scores)
    assert verdict(flat.probabilities(X), flat.probabilities(X)).flat == ("scores",)
    assert varies(rows(TIMID.probabilities(X)))
    assert not varies(rows(flat.logits(X)))


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("side", ["source", "result", "both"])
def test_what_is_not_finite_fails_even_if_both_agree(value: float, side: str) -> None:
    good = NET.logits(X)
    bad = good.copy()
    bad[2, 1] = value
    found = verdict(bad if side != "result" else good, bad if side != "source" else good)
    assert "is not finite: 1 of" in found.reasons[0]


def test_shapes_and_names_must_agree() -> None:
    source = NET.logits(X)
    assert verdict(source, source[:, :4]).reasons == ("the output 'scores' has the shape [1, 4] instead of [1, 5]",)
    others = [{"other": row["scores"]} for row in rows(source)]
    assert compare(rows(source), others, precision="float32").reasons == (
        "the output 'scores' is not among the converted model's",
    )


def test_each_channel_of_a_detector_is_measured_by_itself() -> None:
    """Boxes of up to 640 pixels beside classes of up to 1: an error among the classes is small beside the boxes."""
    random = np.random.default_rng(4)
    source = random.uniform(0, 1, (5, 1, 12, 50))
    source[:, :, :4] *= 640
    wrong = source.copy()
    wrong[0, 0, 7] *= 1.02
    found = compare([{"y": s} for s in source], [{"y": s} for s in wrong], precision="float32")
    assert found.outputs[0].difference is not None
    assert found.outputs[0].difference.largest < 1e-4 * 640
    assert found.reasons


def test_an_output_whose_shape_depends_on_the_input_is_compared_too() -> None:
    source = [{"kept": np.arange(n, dtype=np.float32)} for n in (3, 5)]
    wrong = [source[0], {"kept": source[1]["kept"] + np.float32(0.1)}]
    assert compare(source, source, precision="float32").reasons == ()
    assert compare(source, wrong, precision="float32").reasons


def test_whole_numbers_are_the_same_or_not() -> None:
    source = [{"best": np.array([n])} for n in range(10)]
    off = [{"best": np.array([1])}, *source[1:]]
    assert compare(source, source, precision="float32").reasons == ()
    assert compare(source, off, precision="float32").reasons == (
        "the output 'best' gives the same whole numbers in 90% only",
    )
    assert compare(source, off, precision="uint8").reasons == ()
    assert compare(source[:1] * 3, source[:1] * 3, precision="float32").flat == ("best",)


PORTS = [Port("image", (1, 32, 32, 3)), Port("size", (2,), "int32"), Port("mask", (1, 4), "bool")]


def test_samples_are_the_same_every_time_and_move_a_network() -> None:
    for first, again in zip(sample_sets(PORTS), sample_sets(PORTS), strict=True):
        assert len(first) == COUNT
        for left, right in zip(first, again, strict=True):
            assert all((left[port.name] == right[port.name]).all() for port in PORTS)
            assert [left[port.name].shape for port in PORTS] == [port.shape for port in PORTS]
            assert [str(left[port.name].dtype) for port in PORTS] == [port.dtype for port in PORTS]
    first = next(iter(sample_sets(PORTS)))
    assert varies(rows(NET.logits(np.concatenate([sample["image"] for sample in first]))))


@pytest.mark.parametrize("shape", [(), (1,), (1, 1, 1, 1), (1, 3, 7, 5), (2, 640), (1, 5, 5, 1)])
def test_samples_of_any_shape_lie_in_their_range(shape: tuple[int, ...]) -> None:
    for (low, high), samples in zip(
        [(-2, 2), (0, 1), (0, 255), (-30, 30)], sample_sets([Port("x", shape)]), strict=True
    ):
        stacked = np.stack([sample["x"] for sample in samples])
        assert stacked.shape == (COUNT, *shape)
        assert low <= stacked.min() and stacked.max() <= high
        assert len({sample["x"].tobytes() for sample in samples}) == COUNT


def test_whole_inputs_get_levels() -> None:
    first = next(iter(sample_sets([Port("x", (1, 8, 8, 3), "uint8")])))
    assert max(int(sample["x"].max()) for sample in first) > 200


def test_a_long_sum_over_samples_rounds_little() -> None:
    """A mean over a picture of a feature that hardly moves: added one by one in float32, against float64."""
    samples = next(iter(sample_sets([Port("x", (1, 224, 224, 2))])))
    features = (0.4 + 0.015 * np.concatenate([given["x"] for given in samples])).reshape(COUNT, -1, 2)
    summed = np.cumsum(features, axis=1, dtype=np.float32)[:, -1]
    exact = features.astype(np.float64).sum(axis=1)
    assert (np.abs(summed - exact) / exact).max() < 1e-5


@pytest.mark.parametrize("axes", [(5,), (1, 3, 40)], ids=["scores", "channels"])
def test_rounding_beside_a_small_movement_passes(axes: tuple[int, ...]) -> None:
    """float32 has steps of 6e-8 of a value: eight of them on values that move by 0.4 % are 1e-4 of the movement."""
    random = np.random.default_rng(8)
    source = 3.0 + random.uniform(0, 0.012, (6, *axes))
    steps = 8 * np.spacing(source.astype(np.float32)).astype(np.float64)
    assert (steps.max() / np.ptp(source, axis=0).max()) > 1e-4
    assert verdict(source, source + steps * random.choice([-1, 1], source.shape)).reasons == ()
    # What moves the output, scaled by 1.01.
    assert verdict(source, source + 0.01 * (source - source.mean(axis=0))).reasons


def test_how_well_answers_suit_a_comparison_is_told() -> None:
    source = np.array([[4.0, 1.0], [3.0, 1.0]])
    assert least_share(rows(source)) == pytest.approx(0.25)
    assert least_share(rows(np.ones((3, 4)))) == 0.0
    assert least_share(rows(np.full((3, 4), np.nan))) == 0.0


class Source:
    """Answers a constant plus a hundredth of the picture's mean, so that only far values move it well."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, inputs: Sequence[dict[str, Array]]) -> list[dict[str, Array]]:
        self.calls += 1
        return [{"y": np.array([[1.0, given["x"].mean() / 100]]) + 0.5} for given in inputs]


def test_the_set_that_moves_every_output_well_is_asked() -> None:
    signature = Signature(
        inputs=(SignedInput(name="x", shape=(-1, 8, 8, 3), dtype="float32", axes=None),), outputs={"y": None}, scores={}
    )
    source = Source()
    inputs, answers = Asking(signature=signature, answer=source).seeded()
    assert source.calls == 2
    assert max(given["x"].max() for given in inputs) > 100
    assert len(inputs) == len(answers) == COUNT
    for given, answer in zip(inputs, answers, strict=True):
        assert answer["y"][0, 1] == pytest.approx(0.5 + given["x"].mean() / 100)
