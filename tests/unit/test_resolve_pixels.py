"""Models whose outputs are pixels: which task they are for, and what does not fit."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from builder.errors import UserError
from builder.inputs.facts import Layout, ModelFacts, TensorFacts
from builder.inputs.tfjs_model import read_model
from builder.resolve import Options, own_labels, resolve
from builder.spec import Image, ModelSpec, Segmentation, Tiling
from tests.models import tiny_model

Outputs = tuple[tuple[str, tuple[int, ...], str], ...]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> ModelFacts:
    folder = tmp_path_factory.mktemp("models") / "pixels"
    tiny_model(folder, size=(48, 32))
    return read_model(folder)


def facts_of(
    plain: ModelFacts, *outputs: tuple[str, tuple[int, ...], str], free: bool = False, layout: Layout = "NHWC"
) -> ModelFacts:
    """A model that takes 48x32 pictures, or any with `free`."""
    sides = (-1, -1) if free else (32, 48)
    shape = (1, 3, *sides) if layout == "NCHW" else (1, *sides, 3)
    tensors = tuple(TensorFacts(name, shape, "float32", last) for name, shape, last in outputs)
    return dataclasses.replace(plain, inputs=(TensorFacts("image", shape, "float32"),), outputs=tensors, layout=layout)


def spec_of(facts: ModelFacts, labels: tuple[str, ...] | None = None, **options: Any) -> ModelSpec:  # noqa: ANN401
    given = Options(**{"normalize": "unit", **options})
    return resolve(facts, own_labels(facts, given) or () if labels is None else labels, given)


def refused(facts: ModelFacts, labels: tuple[str, ...] | None = None, **options: Any) -> list[str]:  # noqa: ANN401
    with pytest.raises(UserError) as caught:
        spec_of(facts, labels, **options)
    return [f"{problem.what} {problem.next_step}" for problem in caught.value.problems]


def test_one_channel_is_a_mask_of_what_is_in_front(plain: ModelFacts) -> None:
    spec = spec_of(facts_of(plain, ("mask", (1, 32, 48, 1), "sigmoid")))
    assert spec.labels == ("Foreground",)
    assert spec.task == Segmentation(
        result="mask", layout="NHWC", activation="none", channel=0, threshold=0.5, width=0, height=0
    )


@pytest.mark.parametrize(("last", "taken"), [("linear", "sigmoid"), ("unknown", "sigmoid"), ("sigmoid", "none")])
def test_what_is_no_score_becomes_one(plain: ModelFacts, last: str, taken: str) -> None:
    task = spec_of(facts_of(plain, ("mask", (1, 32, 48, 1), last))).task
    assert isinstance(task, Segmentation) and task.activation == taken


def test_three_channels_are_a_picture(plain: ModelFacts) -> None:
    spec = spec_of(facts_of(plain, ("styled", (1, 64, 96, 3), "tanh")), channel_order="bgr")
    assert spec.labels == ()
    assert spec.task == Image(layout="NHWC", channel_order="bgr", low=-1, high=1, tiling=None)


def test_more_channels_are_a_label_map_where_channels_come_first_too(plain: ModelFacts) -> None:
    names = tuple("abcdefg")
    for layout, shape in (("NHWC", (1, 8, 12, 7)), ("NCHW", (1, 7, 8, 12))):
        task = spec_of(facts_of(plain, ("classes", shape, "linear"), layout=layout), names).task  # type: ignore[arg-type]
        assert isinstance(task, Segmentation)
        assert (task.result, task.activation, task.layout, task.threshold) == ("labels", "softmax", layout, 0)


def test_a_class_of_several_can_be_a_mask(plain: ModelFacts) -> None:
    facts = facts_of(plain, ("classes", (1, 32, 48, 5), "softmax"))
    task = spec_of(facts, tuple("abcde"), mask_class="c", result_size=(20, 10), threshold=0.3).task
    assert task == Segmentation(
        result="mask", layout="NHWC", activation="none", channel=2, threshold=0.3, width=20, height=10
    )


def test_pictures_in_tiles_keep_their_size(plain: ModelFacts) -> None:
    facts = facts_of(plain, ("large", (1, -1, -1, 3), "linear"), free=True)
    spec = spec_of(facts, output_range=(0, 1), tile_margin=8, input_size=(64, 32))
    assert isinstance(spec.task, Image)
    assert (spec.task.tiling, spec.preprocess.width) == (Tiling(margin=8, free=True), 64)
    fixed = spec_of(facts_of(plain, ("large", (1, 64, 96, 3), "linear")), output_range=(0, 1), tile_margin=8)
    assert isinstance(fixed.task, Image) and fixed.task.tiling == Tiling(margin=8, free=False)


def test_scores_of_classes_win_over_pictures_beside_them(plain: ModelFacts) -> None:
    facts = facts_of(plain, ("mask", (1, 32, 48, 1), "sigmoid"), ("scores", (1, 2), "softmax"))
    assert spec_of(facts, ("a", "b")).task.kind == "classification"
    assert spec_of(facts, task="segmentation", output="mask").output.name == "mask"


@pytest.mark.parametrize(
    ("outputs", "candidates"),
    [
        (
            (("pha", (1, 32, 48, 1), "sigmoid"), ("fgr", (1, 32, 48, 3), "linear")),
            ["--task image --output fgr", "--task segmentation --output pha", "--task segmentation --output fgr"],
        ),
        ((("two", (1, 32, 48, 2), "linear"),), ["--task segmentation --output two"]),
        ((("four", (1, 32, 48, 4), "linear"),), ["--task image --output four", "--task segmentation --output four"]),
        # A detector's grid of cells is coarser than a map of classes.
        ((("cells", (1, 1, 2, 85), "linear"),), ["--task segmentation --output cells"]),
    ],
)
def test_what_is_not_certain_lists_the_candidates(plain: ModelFacts, outputs: Outputs, candidates: list[str]) -> None:
    (said,) = refused(facts_of(plain, *outputs))
    assert said.startswith("The model does not say what it is for. Add the flags of what it is:")
    assert [line.strip().split("  ")[0] for line in said.splitlines()[1:]] == candidates


@pytest.mark.parametrize(
    ("shape", "labels", "options", "said"),
    [
        ((1, 32, 48, 5), tuple("abc"), {}, "There are 3 labels, but the output [1, 32, 48, 5] has 5 classes"),
        (
            (1, 30, 20, 1),
            None,
            {"task": "segmentation"},
            "its output 'out' [1, 30, 20, 1] is 20x30 pixels, which has not the proportions of its input's 48x32",
        ),
        (
            (1, 2, 32, 48, 1),
            None,
            {"task": "segmentation"},
            "its output 'out' is float32 [1, 2, 32, 48, 1] instead of [batch, height, width, classes]",
        ),
        (
            (1, 32, 48, 5),
            None,
            {"task": "image", "output_range": (0, 1)},
            "is float32 [1, 32, 48, 5] instead of [batch, height, width, 3]",
        ),
        ((1, 32, 48, 3), None, {}, "The model does not say which of its numbers mean black and full."),
        ((1, 32, 48, 3), None, {"output_range": (1, 0)}, "--output-range cannot be 1..0"),
        ((1, 32, 48, 3), ("a",), {"output_range": (0, 1)}, "--labels cannot be 1 labels: pictures have no labels"),
        ((1, 32, 48, 1), None, {"threshold": 2}, "--threshold cannot be 2: it is a score of 0 to 1"),
        ((1, 32, 48, 1), None, {"result": "lables"}, "--result cannot be 'lables': it is one of mask, alpha, labels"),
        ((1, 32, 48, 1), None, {"activation": "softmax"}, "--activation cannot be softmax: of a single class"),
        ((1, 32, 48, 5), tuple("abcde"), {"mask_class": "f"}, "--mask-class cannot be 'f': the labels are a, b, c"),
        (
            (1, 32, 48, 3),
            None,
            {"output_range": (0, 1), "tile_margin": 16},
            "--tile-margin cannot be 16: of tiles of 48x32 pixels less than half may be margin",
        ),
        (
            (1, 48, 72, 3),
            None,
            {"output_range": (0, 1), "tile_margin": 4},
            "--tile-margin cannot be 4: results of 72x48 pixels are no whole multiple of tiles of 48x32",
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_both_sides(
    plain: ModelFacts, shape: tuple[int, ...], labels: tuple[str, ...] | None, options: dict[str, Any], said: str
) -> None:
    (problem,) = refused(facts_of(plain, ("out", shape, "linear")), labels, **options)
    assert said in problem


def test_a_label_map_has_bytes_for_its_classes(plain: ModelFacts) -> None:
    names = tuple(f"class {i}" for i in range(256))
    facts = facts_of(plain, ("classes", (1, 32, 48, 256), "linear"))
    (said,) = refused(facts, names)
    assert "--result cannot be labels: a label map has at most 255 classes, the output 256" in said
    assert spec_of(facts, names, mask_class="class 255").task.kind == "segmentation"


def test_models_without_labels_of_their_own_need_them(plain: ModelFacts, tmp_path: Path) -> None:
    assert own_labels(facts_of(plain, ("classes", (1, 32, 48, 5), "linear")), Options()) is None
