"""What follows a linear operation is taken into its weights, and those are overwritten only where nobody minds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from builder.convert.from_onnx.fuse import fuse
from builder.convert.from_onnx.graph import TfGraph
from builder.convert.from_onnx.tensors import Kind

FACTORS = (np.linspace(1, 2, 256), np.linspace(3, 4, 256))
Array = NDArray[Any]


def scaled_twice(*kernels: Array) -> tuple[TfGraph, list[str]]:
    """x times each kernel [300, 256], each product times other factors."""
    graph = TfGraph()
    x = graph.add("Placeholder", [], "x", {"dtype": Kind.FLOAT}, (-1, 300))
    ends = []
    for kernel, factor in zip(kernels, FACTORS, strict=True):
        product = graph.add("MatMul", [x, graph.const(kernel, "kernel")], "product", {"T": Kind.FLOAT}, (-1, 256))
        factors = graph.const(factor.astype(np.float32), "factors")
        ends.append(graph.add("Mul", [product, factors], "scaled", {"T": Kind.FLOAT}, (-1, 256)))
    fuse(graph, ends, owned=True)
    return graph, ends


def kernel_of(graph: TfGraph, end: str) -> Array:
    return graph.weights[graph.nodes[end].inputs[1]]


@pytest.mark.parametrize("shared", [False, True])
def test_kernels_that_share_memory_are_scaled_apart(shared: bool) -> None:
    first = np.random.default_rng(2).normal(size=(300, 256)).astype(np.float32)
    second = first[:] if shared else first.copy()
    before = first.copy()
    graph, ends = scaled_twice(first, second)
    for end, factor in zip(ends, FACTORS, strict=True):
        np.testing.assert_allclose(kernel_of(graph, end), before * factor, rtol=1e-6)
    assert (kernel_of(graph, ends[0]) is first) is not shared  # where it may, it takes no memory


def test_arrays_of_others_are_left_alone() -> None:
    kernel = np.ones((300, 256), np.float32)
    graph = TfGraph()
    x = graph.add("Placeholder", [], "x", {"dtype": Kind.FLOAT}, (-1, 300))
    product = graph.add("MatMul", [x, graph.const(kernel, "kernel")], "product", {"T": Kind.FLOAT}, (-1, 256))
    factors = graph.const(FACTORS[0].astype(np.float32), "factors")
    end = graph.add("Mul", [product, factors], "scaled", {"T": Kind.FLOAT}, (-1, 256))
    fuse(graph, [end])
    assert np.all(kernel == 1)
    np.testing.assert_allclose(kernel_of(graph, end)[0], FACTORS[0], rtol=1e-6)
