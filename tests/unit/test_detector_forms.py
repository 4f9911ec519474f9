"""How a detector's outputs are read, by their shapes, names and last operations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from builder.inputs.facts import Shape, TensorFacts
from builder.resolve.detection import Candidate, Seen, Wishes, findings, layers_of, settled
from builder.spec.tasks.detection import AnchorsForm, DistancesForm, ListsForm, RowsForm, YoloForm


def outputs(**shapes: Shape) -> tuple[TensorFacts, ...]:
    return tuple(TensorFacts(name, shape, "float32") for name, shape in shapes.items())


def seen(side: int, *tensors: TensorFacts, **wishes: object) -> Seen:
    return Seen(outputs=tensors, width=side, height=side, wishes=Wishes(**wishes))  # type: ignore[arg-type]


def only(what: Seen, labels: int) -> Candidate:
    (found,) = settled(what, findings(what)[0], labels)
    return found


def names(candidate: Candidate) -> list[str]:
    return [tensor.name for tensor in candidate.outputs]


def reasons(what: Seen) -> list[str]:
    candidates, misfits = findings(what)
    assert not candidates
    return [misfit.reason for misfit in misfits]


FACES = outputs(c=(1, 384, 16), a=(1, 512, 1), d=(1, 384, 1), b=(1, 512, 16))


@pytest.mark.parametrize(("side", "strides"), [(256, [16, 32]), (128, [8, 16])])
def test_blazeface_is_known_by_the_number_of_its_boxes(side: int, strides: list[int]) -> None:
    found = only(seen(side, *FACES), 1)
    assert found.certain and found.classes == 1
    assert names(found) == ["b", "c", "a", "d"]
    form = found.form
    assert isinstance(form, AnchorsForm)
    assert [layer.stride for layer in form.layers] == strides
    assert [len(layer.sizes) for layer in form.layers] == [2, 6]
    assert (form.box, form.score, form.activation, form.divisors) == (0, 0, "sigmoid", (side,) * 4)


def test_scores_and_boxes_in_one_output_have_the_score_first() -> None:
    form = only(seen(128, *outputs(all=(-1, 896, 17))), 1).form
    assert isinstance(form, AnchorsForm)
    assert (form.box, form.score) == (1, 0)


def test_anchors_that_are_fewer_than_the_boxes_are_refused_with_both_numbers() -> None:
    preset = ("blazeface-back", layers_of("blazeface-back"))
    assert reasons(seen(192, *FACES, anchors=preset)) == [
        "blazeface-back has 504 anchors at 192x192, the outputs have 896 boxes"
    ]
    tensors = outputs(boxes=(1, 1916, 4), scores=(1, 1916, 91))
    (reason,) = reasons(seen(300, *tensors, anchors=("ssd", layers_of("ssd"))))
    assert reason == "ssd gives 1917 anchors at 300x300, the outputs have 1916 boxes"


def test_the_anchors_of_ssd_are_those_of_the_papers_scales() -> None:
    """Scales from 0.2 to 0.95 in six steps; beside each layer's ratios one square between it and the next scale."""
    layers = layers_of("ssd")
    scales = [*np.linspace(0.2, 0.95, 6), 1.0]
    for place, layer in enumerate(layers[1:], 1):
        areas = [wide * high for wide, high in layer.sizes]
        assert np.allclose(areas, [scales[place] ** 2] * 5 + [scales[place] * scales[place + 1]])
        assert np.allclose([wide / high for wide, high in layer.sizes], [1, 2, 0.5, 3, 1 / 3, 1])
    assert np.allclose(layers[0].sizes, [(0.1, 0.1), (0.2 * 2**0.5, 0.2 / 2**0.5), (0.2 / 2**0.5, 0.2 * 2**0.5)])


def test_boxes_relative_to_anchors_need_the_anchors_to_be_named() -> None:
    tensors = outputs(boxes=(1, 1917, 4), scores=(1, 1917, 91))
    unnamed = settled(seen(300, *tensors), findings(seen(300, *tensors))[0], 90)
    assert [one.name for one in unnamed] == ["od-api"]
    assert not unnamed[0].certain
    found = only(seen(300, *tensors, anchors=("ssd", layers_of("ssd"))), 90)
    assert isinstance(found.form, AnchorsForm)
    assert found.form.background and found.form.exponential and found.form.y_first


NANODET = outputs(
    s2=(1, 169, 80), d2=(1, 169, 44), s1=(1, 676, 80), s0=(1, 2704, 80), d1=(1, 676, 44), d0=(1, 2704, 44)
)


def test_nanodet_is_known_by_a_pair_of_outputs_for_each_stride() -> None:
    found = only(seen(416, *NANODET), 80)
    assert found.certain and found.classes == 80
    assert names(found) == ["s0", "s1", "s2", "d0", "d1", "d2"]
    assert found.form == DistancesForm(strides=(8, 16, 32), activation="sigmoid")


def test_scores_that_the_graph_ends_in_a_sigmoid_for_are_not_activated_again() -> None:
    ended = [replace(tensor, activation="sigmoid") for tensor in NANODET]
    form = only(seen(416, *ended), 80).form
    assert isinstance(form, DistancesForm) and form.activation == "none"
    form = only(seen(416, *ended, activation="sigmoid"), 80).form
    assert isinstance(form, DistancesForm) and form.activation == "sigmoid"


def test_which_of_two_outputs_are_the_scores_is_told_by_the_labels() -> None:
    assert names(only(seen(416, *NANODET), 44))[0] == "d0"
    assert len(settled(seen(416, *NANODET), findings(seen(416, *NANODET))[0], 3)) == 2


HAND = {
    "Identity_2": (1, 100),
    "Identity_4": (1, 100),
    "Identity_6": (1, 12804, 4),
    "Identity_1": (1, 100, 4),
    "Identity_3": (1, 100, 8),
    "Identity_5": (1,),
    "Identity": (1, 100),
    "Identity_7": (1, 12804, 8),
}


def test_of_tensorflows_detectors_the_boxes_before_their_own_suppression_are_read() -> None:
    tensors = tuple(TensorFacts(f"{name}:0", shape, "float32") for name, shape in HAND.items())
    found = only(seen(320, *tensors), 7)
    assert found.certain and names(found) == ["Identity_6:0", "Identity_7:0"]
    assert found.form == ListsForm(corners="yxyx", units="unit", activation="none", first_label=1)


def test_names_that_do_not_fit_their_shapes_are_no_names_of_tensorflows() -> None:
    shapes = HAND | {"Identity_4": (1, 99)}
    tensors = tuple(TensorFacts(f"{name}:0", shape, "float32") for name, shape in shapes.items())
    candidates, _ = findings(seen(320, *tensors))
    assert len(candidates) > 1 and not any(one.certain for one in candidates)


def test_finished_boxes_are_read_where_there_are_no_others() -> None:
    tensors = outputs(
        detection_boxes=(1, 10, 4), detection_classes=(1, 10), detection_scores=(1, 10), num_detections=(1,)
    )
    found = only(seen(320, *tensors), 90)
    assert names(found) == ["detection_boxes", "detection_scores", "detection_classes", "num_detections"]
    assert found.classes is None


@pytest.mark.parametrize(("labels", "first"), [(90, 0), (89, 1)])
def test_boxes_and_scores_have_a_background_where_a_label_is_missing(labels: int, first: int) -> None:
    form = only(seen(300, *outputs(boxes=(1, 1000, 1, 4), scores=(1, 1000, 90))), labels).form
    assert isinstance(form, ListsForm) and form.first_label == first


@pytest.mark.parametrize(
    ("shape", "labels", "name", "arrangement", "objectness"),
    [
        ((1, 84, 8400), 80, "yolov8", "columns", False),
        ((1, 8400, 84), 80, "yolov8", "rows", False),
        ((1, 25200, 85), 80, "yolov5", "rows", True),
        ((1, 5, 8400), 1, "yolov8", "columns", False),
    ],
)
def test_yolo_is_known_by_the_cells_of_its_grids(
    shape: Shape, labels: int, name: str, arrangement: str, objectness: bool
) -> None:
    found = only(seen(640, *outputs(output0=shape)), labels)
    assert (found.name, found.classes, found.certain) == (name, labels, True)
    assert found.form == YoloForm(
        arrangement=arrangement,  # type: ignore[arg-type]
        objectness=objectness,
        activation="none",
        units="pixels",
        strides=(),
    )


def test_boxes_relative_to_cells_and_finished_ones_look_alike_and_the_user_chooses() -> None:
    tensor = outputs(output=(1, 8400, 85))
    found = settled(seen(640, *tensor), findings(seen(640, *tensor))[0], 80)
    assert [one.name for one in found] == ["yolox", "yolov6"]
    form = only(seen(640, *tensor, form="yolox"), 80).form
    assert isinstance(form, YoloForm) and form.strides == (8, 16, 32) and form.objectness


def test_a_head_of_another_size_of_picture_is_refused_with_both_numbers() -> None:
    assert reasons(seen(416, *outputs(output0=(1, 84, 8400)), form="yolov8")) == [
        "[1, 84, 8400] has none of the 3549 or 10647 boxes of 416x416 pixels"
    ]


def test_rows_of_six_numbers_are_probably_finished_boxes() -> None:
    tensors = outputs(wh=(1, 128, 128, 4), points=(1, 128, 128, 80), detections=(1, 100, 6))
    found = only(seen(512, *tensors), 80)
    assert not found.certain and found.classes is None and names(found) == ["detections"]
    assert found.form == RowsForm(box=0, score=4, label=5, corners="xyxy", units="pixels")


def test_columns_may_be_named_in_any_order() -> None:
    columns = ("_", "box", "score", "class")
    form = only(seen(512, *outputs(rows=(1, 100, 7)), columns=columns, corners="yxyx"), 90).form
    assert form == RowsForm(box=1, score=5, label=6, corners="yxyx", units="pixels")
    (reason,) = reasons(seen(512, *outputs(rows=(1, 100, 6)), columns=columns))
    assert reason == "--columns names 7 numbers of a box, the model's outputs are rows [1, 100, 6]"


@pytest.mark.parametrize("shape", [None, (), (1,), (2, 100, 6), (1, -1, 6), (1, 100, 6, 2), (1, 1, 1, 1, 6)])
def test_odd_ranks_and_free_sizes_are_no_boxes(shape: Shape) -> None:
    assert findings(seen(512, *outputs(odd=shape)))[0] == ()
