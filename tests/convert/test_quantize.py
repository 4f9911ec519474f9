"""How weights become small integers and halves: by the documented formula, computed here in plain numpy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from builder.convert.folder import write_folder
from builder.convert.model import ConvertedModel
from builder.convert.quantize import Kind, Quantization, Rule, Scales, Stored, read_rules, rule_problems, stored
from builder.errors import UserError

Array = NDArray[np.float32]
STEPS = {"uint8": 255, "uint16": 65535}


def bytes_of(weight: Stored) -> bytes:
    return b"".join(bytes(piece) for piece in weight.pieces())


def decoded(weight: Stored) -> Array:
    """From the bytes and the record alone, as TensorFlow.js documents it."""
    record = weight.record
    assert record
    kept = np.frombuffer(bytes_of(weight), record["dtype"]).reshape(weight.values.shape)
    if record["dtype"] == "float16":
        return kept.astype(np.float32)
    with np.errstate(over="ignore"):
        made: Array = (kept.astype(np.float64) * record["scale"] + record["min"]).astype(np.float32)
    return made


def error(value: Array, kind: Kind, scales: Scales = "range") -> float:
    difference = decoded(stored(value, kind, scales)).astype(np.float64) - value
    return float((difference**2).sum())


finite = st.floats(width=32, allow_nan=False, allow_infinity=False)
arrays = st.one_of(
    st.lists(finite, max_size=40),  # any magnitudes, beside each other
    st.lists(st.floats(-4, 4, width=32), min_size=1, max_size=300),
    st.tuples(finite, st.integers(1, 5)).map(lambda pair: [pair[0]] * pair[1]),  # constants
    st.lists(st.floats(1, 2, width=32), min_size=1, max_size=20),  # one-sided
    st.lists(st.floats(-2, -1, width=32), min_size=1, max_size=20),
    st.lists(st.sampled_from([0.0, -0.0, 1e-45, -1.0, 1e-20, 3.4e38, -3.4e38]), max_size=6),
).map(lambda values: np.array(values, np.float32))


@given(arrays, st.sampled_from(["uint8", "uint16"]))
def test_no_value_is_off_by_more_than_half_a_step(value: Array, kind: Kind) -> None:
    weight = stored(value, kind)
    assert weight.nbytes == len(bytes_of(weight)) == value.size * np.dtype(kind).itemsize
    found = decoded(weight)
    record = weight.record
    assert record and np.isfinite([record["scale"], record["min"]]).all() and np.isfinite(found).all()
    rounding = np.abs(value).astype(np.float64) * 2.0**-23 + 2.0**-149
    assert (np.abs(found - value.astype(np.float64)) <= record["scale"] / 2 * (1 + 1e-9) + rounding).all()
    if value.size and value.min() < value.max():
        # No finer than needed: the steps span the values, and at most the part that puts zero on one of them.
        width = float(value.max()) - float(value.min())
        assert record["scale"] <= width / STEPS[kind] * (1 + 1 / 127)


@given(arrays, st.sampled_from(["uint8", "uint16"]), st.sampled_from(["range", "mse"]))
def test_zero_stays_zero(value: Array, kind: Kind, scales: Scales) -> None:
    value = np.append(value, np.float32(0))
    found = decoded(stored(value, kind, scales))
    assert (found[value == 0] == 0).all()


@given(arrays.map(lambda value: value[:1]), st.sampled_from(["uint8", "uint16"]))
def test_constants_are_exact(value: Array, kind: Kind) -> None:
    for repeated in (value, np.repeat(value, 7).reshape(-1, 1)):
        np.testing.assert_array_equal(decoded(stored(repeated, kind)), repeated)


@given(st.lists(st.floats(-65504, 65504, width=32), max_size=30).map(lambda values: np.array(values, np.float32)))
def test_halves_are_the_nearest(value: Array) -> None:
    """Ten bits after the point, and steps of 2^-24 below 2^-14."""
    found = decoded(stored(value, "float16")).astype(np.float64)
    assert (np.abs(found - value) <= np.maximum(np.abs(value) * 2.0**-11, 2.0**-25)).all()


@pytest.mark.parametrize(
    ("value", "kind", "reason"),
    [
        (65520.0, "float16", "it holds 65520, and float16 ends at 65504"),
        (-1e6, "float16", r"it holds -1e\+06"),
        (np.inf, "float16", "it holds infinite values"),
        (-np.inf, "uint8", "it holds infinite values"),
    ],
)
def test_what_does_not_fit_stays_float32_and_is_said(tmp_path: Path, value: float, kind: Kind, reason: str) -> None:
    weight = np.array([[1, value], [2, 3]], np.float32)
    with pytest.raises(ValueError, match=reason):
        stored(weight, kind)
    model = ConvertedModel({"modelTopology": {"node": []}}, {"big": weight, "small": np.ones((2, 2), np.float32)})
    sizes = write_folder(model, tmp_path / "m", quantization=Quantization(rules=(Rule(kind, "*"),)))
    assert list(sizes.kept) == ["big"]
    assert sizes.weights == 16 + 4 * np.dtype(kind).itemsize


def test_clipping_outliers_lowers_the_squared_error() -> None:
    random = np.random.default_rng(5)
    value = random.normal(0, 1, 1_000_000).astype(np.float32)
    value[:3] = 8, -8, 7
    assert error(value, "uint8", "mse") < 0.6 * error(value, "uint8")
    # A flat distribution has nothing to clip, and must not get worse.
    flat = random.uniform(-1, 1, 50_000).astype(np.float32)
    assert error(flat, "uint8", "mse") <= error(flat, "uint8") * 1.001


@given(arrays)
def test_clipping_is_never_much_worse(value: Array) -> None:
    """Its histogram is coarser than the values, but not by much."""
    if value.size and np.abs(value).max() < 1e30:
        width = float(value.max()) - float(value.min())
        assert error(value, "uint8", "mse") <= error(value, "uint8") + value.size * (width / 255) ** 2


# --- rules ----------------------------------------------------------------------------------------------------------


def test_the_first_rule_that_fits_counts() -> None:
    rules = read_rules(["*/depthwise/*=uint16", "head*=none", "uint8"])
    asked = Quantization(rules=rules)
    large, row = (200, 100), (5000,)
    assert asked.kind("a/depthwise/kernel", large) == "uint16"
    assert asked.kind("a/depthwise/bias", row) == "uint16"
    assert asked.kind("head/kernel", large) == "none"
    assert asked.kind("b/kernel", large) == "uint8"
    assert asked.kind("b/bias", row) == "none"
    assert Quantization(rules=read_rules(["uint8", "*=float16"])).kind("b/bias", row) == "float16"


@pytest.mark.parametrize(
    ("shape", "kind"),
    [((), "none"), ((7,), "none"), ((1, 1, 1, 900), "none"), ((3, 3, 32, 1), "uint16"), ((128, 128), "uint8")],
)
def test_a_kind_alone_is_for_kernels_and_spares_small_ones(shape: tuple[int, ...], kind: Kind) -> None:
    assert Quantization(rules=read_rules(["uint8"])).kind("w", shape) == kind
    assert Quantization(rules=read_rules(["uint8"], ["w*"])).kind("w", shape) == "uint8"
    assert Quantization(rules=read_rules(["uint8"], ["v*"])).kind("w", shape) == "none"


def test_bad_rules_come_all_at_once_with_the_nearest() -> None:
    with pytest.raises(UserError) as caught:
        read_rules(["uint", "a=float61", "*=uint8"])
    reasons = [str(found.params["reason"]) for found in caught.value.problems]
    assert [reason.rpartition(" ")[2] for reason in reasons] in (["uint8", "float16"], ["uint16", "float16"])


def test_patterns_that_fit_no_weight_are_found() -> None:
    weights: dict[str, NDArray[Any]] = {"conv/kernel": np.zeros(3, np.float32), "shape": np.zeros(3, np.int32)}
    problems = rule_problems(read_rules(["conv/kernl=uint8", "conv/*=uint8", "shape=uint8", "uint8"]), weights)
    assert [found.params["value"] for found in problems] == ["'conv/kernl'", "'shape'"]
    assert "the nearest is 'conv/kernel'" in str(problems[0].params["reason"])
