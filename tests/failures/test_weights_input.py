"""Weights that are NaN or infinite: refused with their place, or remarked on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from builder.errors import UserError
from builder.inputs.tfjs_model import read_model
from tests.failures.conftest import Run
from tests.models import Quantize, tiny_model

# The third of the four weights is that of the dense layer.
DENSE = 2


def spoil(folder: Path, values: dict[int, float], dtype: str) -> int:
    """Overwrites numbers of the dense weight, counted from its first, in the joined shards; its number of elements."""
    document = json.loads((folder / "model.json").read_text("utf-8"))
    group = document["weightsManifest"][0]
    width = np.dtype(dtype).itemsize
    start = sum(int(np.prod(weight["shape"])) for weight in group["weights"][:DENSE]) * width
    blob = bytearray(b"".join((folder / path).read_bytes() for path in group["paths"]))
    for place, value in values.items():
        blob[start + place * width : start + (place + 1) * width] = np.array([value], dtype).tobytes()
    for path in group["paths"]:
        length = (folder / path).stat().st_size
        (folder / path).write_bytes(blob[:length])
        del blob[:length]
    return int(np.prod(group["weights"][DENSE]["shape"]))


@pytest.mark.parametrize(("quantize", "dtype"), [(None, "<f4"), ("float16", "<f2")])
@pytest.mark.parametrize("shards", [1, 7])
def test_nan_is_refused_with_its_place(tmp_path: Path, quantize: Quantize | None, dtype: str, shards: int) -> None:
    tiny_model(tmp_path, quantize=quantize, shards=shards)
    elements = spoil(tmp_path, {0: np.nan, 17: np.nan, 3: np.inf}, dtype)
    with pytest.raises(UserError) as refusal:
        read_model(tmp_path)
    assert [(found.kind.id, found.where, found.what) for found in refusal.value.problems] == [
        (
            "WEIGHT_IS_NAN",
            f"{tmp_path / 'model.json'}: weightsManifest.0.weights.{DENSE}",
            f"The weight scores/kernel is damaged: 2 of its {elements:,} numbers are NaN.",
        )
    ]


def test_infinity_is_remarked_on(run: Run, model: Path, tmp_path: Path) -> None:
    spoil(model, {5: -np.inf}, "<f4")
    given = ["--labels", model / "labels.txt", "--normalize", "unit", "--out", tmp_path / "out", "--name", "A"]
    outcome = run(model, *given)
    assert outcome.code == 0, outcome.err
    remark = "infinite numbers in the weights scores/kernel: right only if they are meant as a limit or a mask"
    assert f"note           {remark}\n" in outcome.err


def test_levels_beyond_float32_are_infinite(tmp_path: Path) -> None:
    tiny_model(tmp_path, quantize="uint8")
    document = json.loads((tmp_path / "model.json").read_text("utf-8"))
    document["weightsManifest"][0]["weights"][DENSE]["quantization"].update(scale=1e37, min=0)
    (tmp_path / "model.json").write_text(json.dumps(document), "utf-8")
    assert read_model(tmp_path).infinite == ("scores/kernel",)


@pytest.mark.parametrize("figure", ["1e400", "-1e39"])
@pytest.mark.parametrize("key", ["scale", "min"])
def test_a_quantization_that_no_float32_can_hold_is_refused(tmp_path: Path, key: str, figure: str) -> None:
    tiny_model(tmp_path, quantize="uint8")
    document = json.loads((tmp_path / "model.json").read_text("utf-8"))
    document["weightsManifest"][0]["weights"][DENSE]["quantization"][key] = "FIGURE"
    (tmp_path / "model.json").write_text(json.dumps(document).replace('"FIGURE"', figure), "utf-8")
    with pytest.raises(UserError) as refusal:
        read_model(tmp_path)
    (found,) = refusal.value.problems
    assert found.kind.id == "NOT_A_MODEL"
    assert found.where == f"{tmp_path / 'model.json'}: weightsManifest.0.weights.{DENSE}.quantization.{key}"


def test_whole_numbers_of_any_bits_are_no_nan(tmp_path: Path) -> None:
    tiny_model(tmp_path, quantize="uint16")
    document = json.loads((tmp_path / "model.json").read_text("utf-8"))
    (shard,) = document["weightsManifest"][0]["paths"]
    (tmp_path / shard).write_bytes(b"\xff" * (tmp_path / shard).stat().st_size)
    assert read_model(tmp_path).infinite == ()
