"""Models of other forms than one float32 picture, channels last, to one list of probabilities."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from builder.errors import NORMALIZATION_UNKNOWN, UserError
from builder.inputs.facts import Layout, ModelFacts, Shape, TensorFacts
from builder.inputs.tfjs_model import read_model
from builder.resolve import Options, placeholders, remarks, resolve
from builder.spec import ModelSpec
from tests.models import tiny_labels, tiny_model

LABELS = tiny_labels(5)
UNIT = 1 / 255


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> ModelFacts:
    """48x32 RGB, five classes, softmax at the end."""
    folder = tmp_path_factory.mktemp("models") / "pets"
    tiny_model(folder, size=(48, 32))
    return read_model(folder)


@pytest.fixture(scope="module")
def logits(facts: ModelFacts) -> ModelFacts:
    return with_outputs(facts, ("scores", (-1, 5), "linear"))


def with_input(facts: ModelFacts, shape: Shape, dtype: str = "float32") -> ModelFacts:
    layout: Layout = "NCHW" if shape and shape[1] == 3 else "NHWC"
    return dataclasses.replace(facts, inputs=(TensorFacts("image", shape, dtype),), layout=layout)


def with_outputs(facts: ModelFacts, *outputs: tuple[str, Shape, str]) -> ModelFacts:
    made = tuple(TensorFacts(name, shape, "float32", activation) for name, shape, activation in outputs)
    return dataclasses.replace(facts, outputs=made)


def resolved(facts: ModelFacts, labels: tuple[str, ...] = LABELS, **options: object) -> ModelSpec:
    return resolve(facts, labels, Options(**{"normalize": "unit", **options}))  # type: ignore[arg-type]


def refused(facts: ModelFacts, labels: tuple[str, ...] = LABELS, **options: object) -> list[str]:
    with pytest.raises(UserError) as caught:
        resolved(facts, labels, **options)
    return [problem.what for problem in caught.value.problems]


# --- inputs ---


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64"])
@pytest.mark.parametrize("normalize", [None, "none"])
def test_integer_inputs_take_whole_values_without_being_asked(facts: ModelFacts, dtype: str, normalize: str) -> None:
    spec = resolved(with_input(facts, (1, 32, 48, 3), dtype), normalize=normalize)
    assert (spec.input.dtype, spec.preprocess.keeps_levels) == ("int32", True)


@pytest.mark.parametrize(
    ("options", "flag", "value"),
    [
        ({"normalize": "unit"}, "--normalize", "unit"),
        ({"normalize": None, "mean": (0.5,)}, "--mean", "0.5"),
        ({"normalize": None, "std": (1.0, 1.0, 2.0)}, "--std", "1,1,2"),
        ({"normalize": None, "scale": UNIT}, "--scale", "0.00392157"),
    ],
)
def test_integer_inputs_cannot_be_normalized(facts: ModelFacts, options: dict[str, Any], flag: str, value: str) -> None:
    what = (
        f"{flag} cannot be {value}: the model's input 'image' takes uint8, whole values of 0..255, "
        "and normalizes them itself."
    )
    assert refused(with_input(facts, (1, 32, 48, 3), "uint8"), **options) == [what]


def test_channels_first_are_laid_out_in_planes(facts: ModelFacts) -> None:
    spec = resolved(with_input(facts, (1, 3, 32, 48)))
    pre = spec.preprocess
    assert (pre.layout, pre.width, pre.height, spec.input.shape) == ("NCHW", 48, 32, (1, 3, 32, 48))


def test_a_free_size_must_be_chosen(facts: ModelFacts) -> None:
    free = with_input(facts, (-1, -1, -1, 3))
    assert refused(free) == ["The model takes pictures of any size: its input has the shape [?, ?, ?, 3]."]
    spec = resolved(free, input_size=(96, 64))
    assert (spec.preprocess.width, spec.preprocess.height, spec.input.shape) == (96, 64, (-1, 64, 96, 3))
    planes = resolved(with_input(facts, (-1, 3, -1, -1)), input_size=(96, 64))
    assert planes.input.shape == (-1, 3, 64, 96)


@pytest.mark.parametrize(
    ("shape", "size", "what"),
    [
        ((1, 32, 48, 3), (32, 48), "--input-size cannot be 32x48: the model takes 48x32 pixels."),
        ((1, -1, 48, 3), (50, 20), "--input-size cannot be 50x20: the model takes 48xany pixels."),
        ((1, -1, -1, 3), (5000, 20), "--input-size cannot be 5000x20: width and height are 1 to 4096 pixels."),
        ((1, -1, -1, 3), (0, 20), "--input-size cannot be 0x20: width and height are 1 to 4096 pixels."),
    ],
)
def test_a_size_that_the_model_does_not_take_is_refused(
    facts: ModelFacts, shape: Shape, size: tuple[int, int], what: str
) -> None:
    assert refused(with_input(facts, shape), input_size=size) == [what]


def test_a_fixed_size_may_be_said_again(facts: ModelFacts) -> None:
    assert resolved(facts, input_size=(48, 32)).preprocess.width == 48


# --- normalization ---


def test_an_unknown_normalization_is_explained_for_this_model(facts: ModelFacts) -> None:
    hinted = dataclasses.replace(facts, leading=("Rescaling (value * 0.00784314 - 1)",))
    with pytest.raises(UserError) as caught:
        resolved(hinted, normalize=None)
    (found,) = caught.value.problems
    assert found.kind is NORMALIZATION_UNKNOWN
    assert found.what == (
        "The model does not say how its input is normalized; it begins with Rescaling (value * 0.00784314 - 1) of its "
        "own, which comes on top."
    )
    lines = [line.split() for line in found.next_step.splitlines()[1:]]
    assert [line[:2] for line in lines] == [
        ["--normalize", name] for name in ("unit", "signed", "imagenet", "none")
    ] + [["--scale", "S"]]
    assert "value / 127.5 - 1" in " ".join(lines[1]) and "-1..1" in lines[1]
    assert "(value / 255 - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)" in " ".join(lines[2])
    assert "-2.12..2.64" in lines[2]


def test_gray_models_are_not_offered_imagenet(facts: ModelFacts) -> None:
    with pytest.raises(UserError) as caught:
        resolved(with_input(facts, (1, 32, 48, 1)), normalize=None)
    assert "imagenet" not in caught.value.problems[0].next_step


def test_figures_may_stand_in_place_of_a_preset(facts: ModelFacts) -> None:
    pre = resolved(facts, normalize=None, mean=(10.0, 20.0, 30.0), std=(2.0,), scale=1.0).preprocess
    assert (pre.scale, pre.mean, pre.std) == (1, (10, 20, 30), (2, 2, 2))
    pre = resolved(facts, normalize=None, scale=UNIT).preprocess
    assert (pre.scale, pre.mean, pre.std) == (UNIT, (0, 0, 0), (1, 1, 1))


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"normalize": "unit", "scale": 1.0}, "--normalize cannot be unit: --mean, --std and --scale stand in its "
         "place; give one or the other."),
        ({"mean": (0.5,)}, "--scale cannot be left out: say what the mean and std are for: 0.00392157 for values of "
         "0..1, 1 for values of 0..255."),
        ({"mean": (0.5, 0.5), "scale": 1.0}, "--mean cannot be 0.5,0.5: the model takes one number, or 3, one per "
         "channel."),
        ({"std": (0.0,), "scale": 1.0}, "--std cannot be 0: it is divided by, so it must be above 0."),
        ({"std": (float("inf"),), "scale": 1.0}, "--std cannot be inf: it must be made of finite numbers."),
        ({"scale": -1.0}, "--scale cannot be -1: it must be a number above 0."),
        ({"scale": float("nan")}, "--scale cannot be nan: it must be a number above 0."),
        ({"scale": 1e39}, "--scale cannot be 1e+39: a number of 32 bits, as games compute with, cannot be so small or "
         "large."),
        ({"std": (1e-46,), "scale": 1.0}, "--std cannot be 1e-46: a number of 32 bits, as games compute with, cannot "
         "be so small or large."),
    ],
)  # fmt: skip
def test_figures_that_contradict_are_refused(facts: ModelFacts, options: dict[str, Any], what: str) -> None:
    assert refused(facts, **{"normalize": None, **options}) == [what]


def test_presets_follow_the_channel_order_and_figures_are_given_in_it(facts: ModelFacts) -> None:
    pre = resolved(facts, normalize="imagenet", channel_order="bgr").preprocess
    assert (pre.channel_order, pre.mean, pre.std) == ("bgr", (0.406, 0.456, 0.485), (0.225, 0.224, 0.229))
    caffe = (103.939, 116.779, 123.68)
    assert resolved(facts, normalize=None, mean=caffe, scale=1.0, channel_order="bgr").preprocess.mean == caffe


def test_a_wrong_channel_order_is_refused(facts: ModelFacts) -> None:
    assert refused(facts, channel_order="bgrr") == [
        "--channel-order cannot be 'bgrr': it is one of rgb, bgr; the nearest is bgr."
    ]
    assert refused(with_input(facts, (1, 32, 48, 1)), channel_order="bgr") == [
        "--channel-order cannot be bgr: the model takes gray pictures."
    ]


# --- outputs ---


def test_of_several_outputs_the_only_one_that_fits_is_used_and_named(facts: ModelFacts) -> None:
    many = with_outputs(facts, ("boxes", (1, 10, 4), "linear"), ("classes", (1, 5), "softmax"))
    spec = resolved(many)
    assert spec.output.name == "classes"
    assert remarks(many, spec) == ("of the outputs boxes [1, 10, 4], classes [1, 5], classes is used",)


def test_among_several_outputs_that_fit_one_must_be_chosen(facts: ModelFacts) -> None:
    many = with_outputs(facts, ("age", (1, 1), "linear"), ("race", (1, 7), "softmax"), ("gender", (1, 2), "softmax"))
    assert refused(many) == ["Several outputs could be class scores: age [1, 1], race [1, 7], gender [1, 2]."]
    assert resolved(many, ("female", "male"), output="gender").output.shape == (1, 2)
    assert refused(many, output="hair") == [
        "--output cannot be 'hair': the model's outputs are age [1, 1], race [1, 7], gender [1, 2]."
    ]
    assert refused(many, ("a",), output="race") == ["There are 1 labels, but the model has 7 outputs."]


def test_outputs_of_which_none_fits_are_refused(facts: ModelFacts) -> None:
    many = with_outputs(facts, ("boxes", (1, 10, 4), "linear"), ("count", (4,), "linear"))
    assert refused(many) == [
        "The model cannot be used as an image classifier: none of its 2 outputs (boxes [1, 10, 4], count [4]) "
        "gives scores [batch, classes]."
    ]


def test_scores_may_carry_axes_of_size_one(facts: ModelFacts) -> None:
    assert resolved(with_outputs(facts, ("scores", (-1, 1, 1, 5), "softmax"))).output.shape == (-1, 1, 1, 5)


def test_logits_become_probabilities_when_asked_for(logits: ModelFacts) -> None:
    plain, soft = resolved(logits), resolved(logits, softmax=True)
    assert (plain.classification.activation, soft.classification.activation) == ("none", "softmax")
    assert remarks(logits, soft) == ()
    (remark,) = remarks(logits, plain)
    assert "ends in linear" in remark and "--softmax" in remark


def test_a_softmax_too_many_is_refused(facts: ModelFacts) -> None:
    assert refused(facts, softmax=True) == [
        "--softmax cannot be given: the model ends in softmax already, and a second softmax would level the scores."
    ]
    single = with_outputs(facts, ("score", (-1, 1), "linear"))
    assert refused(single, ("yes",), softmax=True) == ["--softmax cannot be given: of a single score it is always 1."]


def test_a_background_class_needs_no_label(facts: ModelFacts) -> None:
    spec = resolved(facts, LABELS[1:], skip_first=1)
    assert (spec.classification.skip_first, spec.labels, spec.classification.top_k) == (1, LABELS[1:], 4)
    assert refused(facts, LABELS, skip_first=1) == ["There are 5 labels, but the model has 5 - 1 = 4 outputs."]
    assert refused(facts, LABELS, skip_first=5) == [
        "--skip-first cannot be 5: it must be 0 to 4, as the model has 5 outputs."
    ]
    assert len(refused(facts, LABELS, skip_first=-1)) == 1


@pytest.mark.parametrize(
    ("options", "count"), [({"output": "race"}, 7), ({"output": "race", "skip_first": 3}, 4), ({}, 1)]
)
def test_labels_that_are_missing_hide_no_other_problem(facts: ModelFacts, options: dict[str, Any], count: int) -> None:
    many = with_outputs(facts, ("race", (1, 7), "softmax"), ("gender", (1, 2), "softmax"))
    assert len(placeholders(many, Options(**options))) == count


def test_a_model_that_normalizes_is_not_normalized_twice_unnoticed(tmp_path: Path, facts: ModelFacts) -> None:
    hinted = dataclasses.replace(facts, leading=("Rescaling (value * 0.00784314 - 1)",))
    assert "not normalized twice" in remarks(hinted, resolved(hinted))[0]
    assert remarks(hinted, resolved(hinted, normalize="none")) == ()
