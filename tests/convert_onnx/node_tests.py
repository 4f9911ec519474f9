"""ONNX's own node tests, run through the converter and TensorFlow.js: each passes or is refused."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, numpy_helper
from onnx.backend.test.loader import load_model_tests

from builder.convert.from_onnx import OnnxOptions, convert
from builder.convert.model import ConvertedModel
from builder.errors import UserError
from tests.convert_onnx.peers import Array
from tests.convert_onnx.tfjs import Tfjs, TfjsError

_LAYOUT = OnnxOptions(input_layout="NCHW")


@dataclass(frozen=True, slots=True)
class Outcome:
    """`op` is empty for a graph of several nodes; `refusal` is empty for a test that passed, or failed by `failure`."""

    name: str
    op: str
    refusal: str = ""
    failure: str = ""


def outcomes(tfjs: Tfjs, folder: Path, *, every: int = 1) -> Iterator[Outcome]:
    """Runs the tests, or every n-th of them, in the order in which ONNX has them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of ONNX's generators
        cases = load_model_tests(kind="node")
    for case in cases[::every]:
        assert case.data_sets
        inputs, outputs = case.data_sets[0]
        if all(isinstance(value, (np.ndarray, np.generic, TensorProto)) for value in (*inputs, *outputs)):
            yield _outcome(tfjs, folder / "model.onnx", case, [*map(_array, inputs)], [*map(_array, outputs)])


def _array(value: Any) -> Array:  # noqa: ANN401
    return numpy_helper.to_array(value) if isinstance(value, TensorProto) else np.asarray(value)


def _outcome(tfjs: Tfjs, path: Path, case: Any, inputs: list[Array], outputs: list[Array]) -> Outcome:  # noqa: ANN401
    nodes = case.model.graph.node
    op = nodes[0].op_type if len(nodes) == 1 and nodes[0].domain in ("", "ai.onnx") else ""
    names = [entry.name for entry in case.model.graph.input]
    feeds = dict(zip(names, inputs, strict=False))
    try:
        converted, feeds = _converted(path, case.model, feeds)
    except UserError as error:
        params = error.problems[0].params
        return Outcome(case.name, op, refusal=str(params.get("reason") or error.problems[0].what))
    try:
        found = tfjs.run(converted, {name: _plain(array) for name, array in feeds.items()})
        _compare(found, [entry.name for entry in case.model.graph.output], outputs)
    except (TfjsError, AssertionError) as error:
        return Outcome(case.name, op, failure=str(error))
    return Outcome(case.name, op)


def _converted(path: Path, model: ModelProto, feeds: dict[str, Array]) -> tuple[ConvertedModel, dict[str, Array]]:
    """The model, and the inputs that are left: where it insists on constants, all inputs but the first become such."""
    path.write_bytes(model.SerializeToString())
    try:
        return convert(path, _LAYOUT), feeds
    except UserError as error:
        if len(feeds) < 2 or "computed" not in str(error):
            raise
    first, *others = feeds
    fixed = ModelProto()
    fixed.CopyFrom(model)
    fixed.graph.initializer.extend(numpy_helper.from_array(feeds[name], name) for name in others)
    path.write_bytes(fixed.SerializeToString())
    return convert(path, _LAYOUT), {first: feeds[first]}


def _plain(array: Array) -> Array:
    """bfloat16 as float32, integers of 4 bits as wider ones."""
    if array.dtype.kind in "fiub":
        return array
    return array.astype(np.int32 if "int" in array.dtype.name else np.float32)


def _compare(found: dict[str, Array], names: Sequence[str], expected: Sequence[Array]) -> None:
    for name, wanted in zip(names, expected, strict=True):
        assert found[name].shape == wanted.shape, (found[name].shape, wanted.shape)
        tolerance = 1e-2 if wanted.dtype.name == "bfloat16" else 1e-3
        plain = _plain(wanted).astype(np.float64)
        np.testing.assert_allclose(found[name].astype(np.float64), plain, rtol=tolerance, atol=1e-5)
