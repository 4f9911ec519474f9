from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from builder.errors import UserError
from builder.inputs.facts import Layout, ModelFacts, Shape, TensorFacts
from builder.inputs.tfjs_model import read_model
from builder.names import CsIdentifier
from builder.resolve import Options, resolve
from tests.models import Format, tiny_labels, tiny_model

LABELS = tiny_labels(5)


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> ModelFacts:
    folder = tmp_path_factory.mktemp("models") / "my pets"
    tiny_model(folder, size=(48, 32))
    return read_model(folder)


def with_input(facts: ModelFacts, shape: Shape, dtype: str = "float32", layout: Layout = "NHWC") -> ModelFacts:
    return dataclasses.replace(facts, inputs=(TensorFacts("image", shape, dtype),), layout=layout)


def with_output(facts: ModelFacts, shape: Shape, dtype: str = "float32") -> ModelFacts:
    return dataclasses.replace(facts, outputs=(TensorFacts("scores", shape, dtype),))


def refused(facts: ModelFacts, labels: tuple[str, ...] = LABELS, **options: object) -> list[str]:
    """What is said, with `normalize` given unless the test gives it."""
    with pytest.raises(UserError) as caught:
        resolve(facts, labels, Options(**{"normalize": "unit", **options}))  # type: ignore[arg-type]
    assert all(problem.where and problem.next_step for problem in caught.value.problems)
    return [problem.what for problem in caught.value.problems]


@pytest.mark.parametrize("format", ["layers", "graph"])
@pytest.mark.parametrize(("channels", "color"), [(3, "rgb"), (1, "gray")])
def test_a_classifier_becomes_a_spec(tmp_path: Path, format: Format, channels: int, color: str) -> None:
    tiny_model(tmp_path, format=format, channels=channels, size=(48, 32), shards=2)
    facts = read_model(tmp_path)
    spec = resolve(facts, LABELS, Options(name="HandSigns", normalize="signed", fit="crop", filter="bilinear", top_k=3))
    assert (spec.name, spec.slug, spec.labels) == ("HandSigns", "hand-signs", LABELS)
    assert (spec.files.topology, spec.files.shards) == (facts.topology, facts.shards)
    pre = spec.preprocess
    assert (pre.width, pre.height, pre.color, pre.fit, pre.filter) == (48, 32, color, "crop", "bilinear")
    assert [(value * pre.scale - pre.mean[0]) / pre.std[0] for value in (0, 255)] == pytest.approx([-1, 1])
    assert len(pre.mean) == len(pre.std) == channels
    assert (spec.classification.top_k, spec.classification.activation) == (3, "none")


@pytest.mark.parametrize(
    ("normalize", "black", "white"),
    [
        ("unit", (0, 0, 0), (1, 1, 1)),
        ("signed", (-1, -1, -1), (1, 1, 1)),
        ("none", (0, 0, 0), (255, 255, 255)),
        # torchvision's documentation: (x - mean) / std with x in 0..1
        ("imagenet", (-2.1179, -2.0357, -1.8044), (2.2489, 2.4286, 2.64)),
    ],
)
def test_presets_map_black_and_white(
    facts: ModelFacts, normalize: str, black: tuple[float, ...], white: tuple[float, ...]
) -> None:
    pre = resolve(facts, LABELS, Options(normalize=normalize)).preprocess
    for value, wanted in ((0, black), (255, white)):
        got = [(value * pre.scale - mean) / std for mean, std in zip(pre.mean, pre.std, strict=True)]
        assert got == pytest.approx(wanted, abs=1e-4)


def test_without_options_the_folder_names_it_and_all_classes_are_reported(facts: ModelFacts) -> None:
    spec = resolve(facts, LABELS, Options(normalize="unit"))
    assert (spec.name, spec.slug, spec.classification.top_k) == ("MyPets", "my-pets", 5)


def test_a_json_file_of_another_name_names_the_model(tmp_path: Path) -> None:
    tiny_model(tmp_path)
    (tmp_path / "model.json").rename(tmp_path / "street signs.json")
    facts = read_model(tmp_path / "street signs.json")
    assert resolve(facts, LABELS, Options(normalize="unit")).name == CsIdentifier("StreetSigns")


def test_the_normalization_is_never_guessed(facts: ModelFacts) -> None:
    assert refused(facts, normalize=None) == ["The model does not say how its input is normalized."]


def test_labels_must_fit_the_outputs(facts: ModelFacts) -> None:
    assert refused(facts, LABELS[:4]) == ["There are 4 labels, but the model has 5 outputs."]


def test_labels_must_be_unique(facts: ModelFacts) -> None:
    what = "The labels cannot be used: 'ant' stands there a second time, first at label 0."
    assert refused(facts, ("ant", "ant", "b", "c", "d")) == [what]


def test_all_problems_come_at_once(facts: ModelFacts) -> None:
    whats = refused(with_input(facts, (-1, -1, -1, 3)), LABELS[:2], name="class", normalize=None, top_k=9)
    assert whats == [
        "The model takes pictures of any size: its input has the shape [?, ?, ?, 3].",
        "There are 2 labels, but the model has 5 outputs.",
        "--top-k cannot be 9: it must be 1 to 2, the number of labels.",
        "'class' cannot be the model's name: it is a C# keyword.",
        "The model does not say how its input is normalized.",
    ]


@pytest.mark.parametrize(
    ("shape", "dtype", "layout", "reason"),
    [
        ((1, 2, 64, 64), "float32", "NCHW", "its input 'image' has the shape [1, 2, 64, 64], 2 channels"),
        ((-1, 64, 64, 4), "float32", "NHWC", "its input 'image' has the shape [?, 64, 64, 4], 4 channels"),
        ((-1, 64, 64, -1), "float32", "NHWC", "its input 'image' has the shape [?, 64, 64, ?], with no fixed number "
         "of channels"),
        ((8, 64, 64, 3), "float32", "NHWC", "its input 'image' has the shape [8, 64, 64, 3], a fixed batch of 8"),
        ((1, 64, 5000, 3), "float32", "NHWC", "its input 'image' has the shape [1, 64, 5000, 3], larger than 4096 "
         "pixels"),
        ((-1, 784), "float32", "NHWC", "its input 'image' has the shape [?, 784]"),
        (None, "float32", "NHWC", "its input 'image' has the shape unknown"),
        ((1, 64, 64, 3), "bool", "NHWC", "its input 'image' takes bool"),
    ],
)  # fmt: skip
def test_inputs_that_are_no_picture_are_refused(
    facts: ModelFacts, shape: Shape, dtype: str, layout: Layout, reason: str
) -> None:
    what = f"The model cannot be used as an image classifier: {reason}."
    assert refused(with_input(facts, shape, dtype, layout)) == [what]


@pytest.mark.parametrize(
    ("shape", "dtype", "reason"),
    [
        ((-1, 8, 8, 8, 5), "float32", "its output 'scores' has the shape [?, 8, 8, 8, 5] instead of [batch, classes]"),
        ((5,), "float32", "its output 'scores' has the shape [5] instead of [batch, classes]"),
        ((-1, -1), "float32", "model.json does not say how many scores its output 'scores' has"),
        (None, "float32", "model.json does not say how many scores its output 'scores' has"),
        ((-1, 5), "int32", "its output 'scores' gives int32"),
    ],
)
def test_outputs_that_are_no_scores_are_refused(facts: ModelFacts, shape: Shape, dtype: str, reason: str) -> None:
    what = f"The model cannot be used as an image classifier: {reason}."
    assert refused(with_output(facts, shape, dtype)) == [what]


def test_several_inputs_are_refused_by_name(facts: ModelFacts) -> None:
    two = (TensorFacts("a", (1, 64, 64, 3), "float32"), TensorFacts("b", (1, 5), "float32"))
    assert refused(dataclasses.replace(facts, inputs=two)) == [
        "The model cannot be used as an image classifier: it has 2 inputs ('a', 'b').",
    ]


def test_obstacles_are_refused(facts: ModelFacts) -> None:
    assert refused(dataclasses.replace(facts, obstacles=("it needs executeAsync, because of Where",))) == [
        "The model cannot be used as an image classifier: it needs executeAsync, because of Where."
    ]


def test_imagenet_needs_three_channels(facts: ModelFacts) -> None:
    assert refused(with_input(facts, (1, 64, 64, 1)), normalize="imagenet") == [
        "--normalize cannot be imagenet: its mean and std are for three channels, and the model takes gray pictures."
    ]


@pytest.mark.parametrize(
    ("option", "value", "what"),
    [
        ("normalize", "imagnet", "--normalize cannot be 'imagnet': it is one of unit, signed, imagenet, none; "
         "the nearest is imagenet."),
        ("fit", "zoom", "--fit cannot be 'zoom': it is one of stretch, crop, letterbox."),
        ("filter", "lanczos", "--filter cannot be 'lanczos': it is one of nearest, bilinear, triangle."),
        ("task", "guessing", "--task cannot be 'guessing': it is one of classification, detection, image, "
         "raw, segmentation."),
        ("top_k", 0, "--top-k cannot be 0: it must be 1 to 5, the number of labels."),
        ("name", "2 dogs", "'2 dogs' cannot be the model's name: it is not a letter or underscore followed by "
         "letters, digits or underscores."),
    ],
)  # fmt: skip
def test_options_that_do_not_exist_are_refused(facts: ModelFacts, option: str, value: object, what: str) -> None:
    assert refused(facts, LABELS, **{option: value}) == [what]


def test_a_folder_without_a_usable_name_asks_for_one(tmp_path: Path) -> None:
    tiny_model(tmp_path / "手勢")
    assert refused(read_model(tmp_path / "手勢")) == ["No usable name follows from the folder 手勢."]
