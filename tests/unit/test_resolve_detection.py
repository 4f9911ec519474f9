"""Facts and options → a detector's specification, and what is refused."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from builder.cli.inspect import task
from builder.errors import UserError
from builder.inputs.anchors import read_anchors
from builder.inputs.facts import ModelFacts, Shape, TensorFacts
from builder.inputs.options import flag_settings, read_options
from builder.inputs.tfjs_model import read_model
from builder.resolve import Options, remarks, resolve
from builder.spec import Detection
from builder.spec.tasks.detection import AnchorLayer, AnchorsForm, RowsForm
from tests.models import tiny_model

YOLO = {"output0": (1, 6, 8400)}
ROWS = {"detections": (1, 100, 6)}
FACES = {"b": (1, 512, 16), "c": (1, 384, 16), "a": (1, 512, 1), "d": (1, 384, 1)}


@pytest.fixture(scope="module")
def any_facts(tmp_path_factory: pytest.TempPathFactory) -> ModelFacts:
    folder = tmp_path_factory.mktemp("models") / "things"
    tiny_model(folder)
    return read_model(folder)


def detector(facts: ModelFacts, side: int, outputs: Mapping[str, Shape]) -> ModelFacts:
    tensors = tuple(TensorFacts(name, shape, "float32") for name, shape in outputs.items())
    image = TensorFacts("image", (1, side, side, 3), "float32")
    return dataclasses.replace(facts, inputs=(image,), outputs=tensors, layout="NHWC", ops={})


def refused(facts: ModelFacts, labels: tuple[str, ...], **options: object) -> list[str]:
    with pytest.raises(UserError) as caught:
        resolve(facts, labels, Options(normalize="unit", **options))  # type: ignore[arg-type]
    assert all(problem.where and problem.next_step for problem in caught.value.problems)
    return [problem.what for problem in caught.value.problems]


def test_outputs_that_are_certain_need_no_option(any_facts: ModelFacts) -> None:
    spec = resolve(detector(any_facts, 640, YOLO), ("cat", "dog"), Options(normalize="unit"))
    assert isinstance(spec.task, Detection)
    assert (spec.task.threshold, spec.task.overlap, spec.task.limit, spec.task.per_class) == (0.5, 0.45, 20, True)
    assert [output.name for output in spec.outputs] == ["output0"]


def test_options_are_taken(any_facts: ModelFacts) -> None:
    options = Options(normalize="unit", threshold=0.3, overlap=0.2, limit=5, class_agnostic=True)
    task = resolve(detector(any_facts, 640, YOLO), ("cat", "dog"), options).task
    assert isinstance(task, Detection)
    assert (task.threshold, task.overlap, task.limit, task.per_class) == (0.3, 0.2, 5, False)


def test_what_is_only_likely_is_asked_for_and_then_said(any_facts: ModelFacts) -> None:
    facts = detector(any_facts, 512, ROWS)
    with pytest.raises(UserError) as caught:
        resolve(facts, ("cat",), Options(normalize="unit"))
    (problem,) = caught.value.problems
    assert problem.kind.id == "TASK_UNCLEAR"
    assert "--task detection" in problem.next_step and "[1, 100, 6] has rows of box, score" in problem.next_step
    spec = resolve(facts, ("cat",), Options(normalize="unit", task="detection"))
    assert any("--box-format" in remark for remark in remarks(facts, spec))
    named = resolve(facts, ("cat",), Options(normalize="unit", columns=("class", "score", "box"), box_format="yxyx"))
    assert isinstance(named.task, Detection)
    assert named.task.form == RowsForm(box=2, score=1, label=0, corners="yxyx", units="pixels")


def test_several_candidates_are_listed_with_what_to_pass(any_facts: ModelFacts) -> None:
    with pytest.raises(UserError) as caught:
        resolve(
            detector(any_facts, 640, {"o": (1, 8400, 7)}), ("cat", "dog"), Options(normalize="unit", task="detection")
        )
    (problem,) = caught.value.problems
    assert "yolox (" in problem.what and "yolov6 (" in problem.what
    assert problem.next_step.endswith("add --form yolox or --form yolov6.")


def test_labels_that_are_not_as_many_as_classes_are_refused_with_both_numbers(any_facts: ModelFacts) -> None:
    assert refused(detector(any_facts, 256, FACES), ("face", "hand")) == [
        "There are 2 labels, but the detector's outputs have another number of classes: 1 (anchors)."
    ]


def test_a_wrong_number_of_anchors_is_refused_with_both_numbers(any_facts: ModelFacts) -> None:
    assert refused(detector(any_facts, 256, FACES), ("face",), anchors="blazeface-front") == [
        "The model cannot be used as a detector: anchors: blazeface-front has 3584 anchors at 256x256, the "
        "outputs have 896 boxes."
    ]


def test_odd_ranks_are_refused(any_facts: ModelFacts) -> None:
    assert refused(detector(any_facts, 64, {"odd": (1, 2, 3, 4, 6)}), ("cat",), task="detection") == [
        "The model cannot be used as a detector: none of its outputs odd [1, 2, 3, 4, 6] has the shape of any form "
        "that is known."
    ]


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"form": "yolo8"}, "--form cannot be 'yolo8': it is one of rows, od-api, anchors, yolov5"),
        ({"anchors": "blazeface"}, "--anchors cannot be 'blazeface': it is one of blazeface-front"),
        ({"threshold": 0.0}, "--threshold cannot be 0.0: it must lie between 0 and 1."),
        ({"overlap": 1.5}, "--overlap cannot be 1.5: it must be 0 to 1."),
        ({"limit": 0}, "--limit cannot be 0: it must be 1 to 1000."),
        ({"columns": ("box", "score")}, "--columns cannot be 'box,score': it must name class once."),
        ({"columns": ("box", "score", "class", "x")}, "--columns cannot be 'box,score,class,x': it names 'x'"),
        ({"box_format": "xxyy"}, "--box-format cannot be 'xxyy': it is one of xyxy"),
    ],
)
def test_options_that_make_no_sense_are_refused(any_facts: ModelFacts, options: dict[str, object], what: str) -> None:
    (problem,) = refused(detector(any_facts, 640, YOLO), ("cat", "dog"), task="detection", **options)
    assert problem.startswith(what)


def test_anchors_come_from_a_file(any_facts: ModelFacts, tmp_path: Path) -> None:
    file = tmp_path / "anchors.json"
    file.write_text(json.dumps([{"stride": 16, "sizes": [[0.1, 0.2], [0.3, 0.3]]}]))
    layers = read_anchors(file)
    assert layers == (AnchorLayer(stride=16, sizes=((0.1, 0.2), (0.3, 0.3))),)
    facts = detector(any_facts, 64, {"boxes": (1, 32, 4), "scores": (1, 32, 3)})
    options = Options(normalize="unit", anchors=str(file), anchor_layers=layers)
    task = resolve(facts, ("cat", "dog"), options).task
    assert isinstance(task, Detection) and isinstance(task.form, AnchorsForm)
    assert task.form.layers == layers and task.form.background


@pytest.mark.parametrize("text", ["", "{}", "[]", '[{"stride": 8}]', '[{"stride": 0, "sizes": [[1, 1]]}]', "[NaN]"])
def test_bad_anchor_files_are_refused_by_their_place(tmp_path: Path, text: str) -> None:
    (file := tmp_path / "anchors.json").write_text(text)
    with pytest.raises(UserError) as caught:
        read_anchors(file)
    assert all(str(file) in str(problem.where) for problem in caught.value.problems)


def test_flags_and_the_options_file_say_the_same(tmp_path: Path) -> None:
    (file := tmp_path / "tfjs-for-unity.toml").write_text(
        'task = "detection"\n[detection]\ncolumns = ["box", "score", "class"]\nanchors = "a.json"\n'
        "limit = 5\nclass-agnostic = true\n[postprocess]\nthreshold = 0.3\n"
    )
    flags = flag_settings({"task": "detection", "columns": "box, score,class", "threshold": "0.3", "limit": 5})
    settings = read_options(file)
    assert flags.said() == {key: value for key, value in settings.said().items() if key in flags.said()}
    assert settings.anchors == str(tmp_path / "a.json")


def test_inspect_says_that_it_is_a_detector(any_facts: ModelFacts) -> None:
    assert task(detector(any_facts, 640, YOLO)) == "detector: 640x640 RGB → boxes and scores"
    assert task(detector(any_facts, 640, {"scores": (1, 5)})).startswith("image classifier")
