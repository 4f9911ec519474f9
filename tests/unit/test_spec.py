"""The contract's unions: what JSON gives back, and what cannot be."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
from pydantic import TypeAdapter, ValidationError

from builder.spec import (
    AnchorLayer,
    AnchorsForm,
    Detection,
    DetectionForm,
    DistancesForm,
    ExtraInput,
    Feedback,
    Fixed,
    Given,
    ListsForm,
    RowsForm,
    Task,
    TensorSpec,
    YoloForm,
)

RATIO = TensorSpec(name="ratio", shape=(1,), dtype="float32")
FORMS: tuple[DetectionForm, ...] = (
    RowsForm(box=0, score=4, label=5, corners="xyxy", units="pixels"),
    ListsForm(corners="yxyx", units="unit", activation="none", first_label=1),
    AnchorsForm(
        layers=(AnchorLayer(stride=8, sizes=((0.1, 0.2),)),), box=0, score=4, y_first=True,
        divisors=(10.0, 10.0, 5.0, 5.0), exponential=True, activation="sigmoid", background=True,
    ),
    YoloForm(arrangement="columns", objectness=False, activation="none", units="pixels", strides=()),
    DistancesForm(strides=(8, 16), activation="sigmoid"),
)  # fmt: skip
EXTRAS: tuple[ExtraInput, ...] = (
    Fixed(tensor=RATIO, values=(0.25,)),
    Feedback(tensor=RATIO, output=2),
    Given(tensor=RATIO, values=(1.0,)),
)


def detection(form: DetectionForm, threshold: float = 0.5) -> Detection:
    return Detection(form=form, threshold=threshold, overlap=0.5, per_class=True, limit=20)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.form)
def test_json_gives_every_form_back(form: DetectionForm) -> None:
    task = detection(form)
    assert TypeAdapter(Task).validate_json(json.dumps(asdict(task))) == task


@pytest.mark.parametrize("extra", EXTRAS, ids=lambda extra: extra.kind)
def test_json_gives_every_kind_of_input_back(extra: ExtraInput) -> None:
    assert TypeAdapter(ExtraInput).validate_json(json.dumps(asdict(extra))) == extra


def test_an_unknown_kind_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ValidationError, match=r"'guessing' .* 'kind' .*'classification', 'detection'"):
        TypeAdapter(Task).validate_json('{"kind": "guessing"}')


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="threshold is between 0 and 1"):
        detection(FORMS[0], threshold=1.5)
    with pytest.raises(ValueError, match="ratio takes 1 values"):
        Fixed(tensor=RATIO, values=(1.0, 2.0))
    with pytest.raises(ValueError, match="the shape of ratio has no free size"):
        Feedback(tensor=TensorSpec(name="ratio", shape=(-1,), dtype="float32"), output=0)
