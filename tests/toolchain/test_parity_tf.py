"""`--parity tf` in the real environment: TensorFlow answers for an ONNX file's result, and finds a planted error."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from builder.cli.checking import Checking
from builder.cli.comparing import checked
from builder.cli.conversion import ConvertOptions, convert
from builder.convert import from_onnx
from builder.convert.folder import write_folder
from builder.convert.from_tensorflow.environments import ENVIRONMENTS
from builder.convert.from_tensorflow.install import install
from builder.convert.from_tensorflow.store import VARIABLE
from builder.convert.model import ConvertedModel
from builder.convert.sources import find_source
from builder.errors import PARITY_FAILED, UserError
from tests.onnx_models import tiny_onnx

pytestmark = pytest.mark.slow
BUILD = Path(__file__).parents[2] / "build" / "toolchain"
NORMALIZE = (1 / 127.5, (1.0,), (1.0,))
TF = Checking(how="tf")


@pytest.fixture(scope="module", autouse=True)
def environment() -> Iterator[None]:
    """The environment tf2, installed unless it is there: in the folder that the variable names, or below build/."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, os.environ.get(VARIABLE, str(BUILD / "cache")))
        install(ENVIRONMENTS["tf2"], print)
        yield


def test_tensorflow_answers_for_the_result(tmp_path: Path) -> None:
    tiny_onnx(tmp_path / "net.onnx", softmax=False)
    options = ConvertOptions(checking=TF, normalize=NORMALIZE, softmax=True)
    done = convert(tmp_path / "net.onnx", tmp_path / "out", options, lambda _: None)
    assert done.checked is not None and done.checked.backend == "tensorflow"
    (output,) = done.checked.parity.outputs
    assert output.difference is not None and output.difference.relative < 1e-5
    assert done.checked.record()["by"] == "tf"


def test_a_planted_error_is_found(tmp_path: Path) -> None:
    tiny_onnx(tmp_path / "net.onnx")
    made = from_onnx.convert(tmp_path / "net.onnx")
    kernel = next(name for name, values in made.weights.items() if values.ndim == 4)
    wrong = {**made.weights, kernel: made.weights[kernel] * np.float32(1.01)}
    write_folder(ConvertedModel(made.document, wrong), tmp_path / "out")
    with pytest.raises(UserError) as caught:
        checked(find_source(tmp_path / "net.onnx"), tmp_path / "out", TF)
    assert [found.kind for found in caught.value.problems] == [PARITY_FAILED]
