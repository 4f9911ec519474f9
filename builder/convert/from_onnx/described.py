"""What an ONNX model takes and gives, for those who run the file as it is."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from builder.convert.from_onnx.options import OnnxOptions
from builder.errors import NO_ONNX_PACKAGE, ONNX_DATA, WEIGHT_IS_NAN, Problem, UserError, fail, problem

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto, TensorProto, ValueInfoProto

    from builder.convert.from_onnx.inputs import Input
    from builder.convert.from_onnx.source import Source

_EXTERNAL = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OnnxPort:
    """An input or output: sizes in ONNX's order, -1 where free; None where nothing is said. An output's `maker` is its
    operator."""

    name: str
    shape: tuple[int, ...] | None
    dtype: str
    maker: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnnxDescription:
    """`layout` is that of the first picture among the inputs; `files` are those beside the model that hold weights."""

    inputs: tuple[OnnxPort, ...]
    outputs: tuple[OnnxPort, ...]
    layout: Literal["NHWC", "NCHW"] | None
    ops: Mapping[str, int]
    files: tuple[str, ...]
    weights: int
    parameters: int
    weight_bytes: int


def describe(path: Path) -> OnnxDescription:
    """The model in the file `path`, every weight of it read once; raises UserError with all that is wrong with it."""
    if find_spec("onnx") is None:
        raise fail(NO_ONNX_PACKAGE, path)
    from builder.convert.from_onnx.inputs import read_inputs
    from builder.convert.from_onnx.source import read

    source = read(path)
    inputs = read_inputs(source, OnnxOptions())
    problems = [*_strays(source), *_weight_problems(source)]
    if problems:
        raise UserError(problems)
    return _described(source, inputs)


def _described(source: Source, inputs: list[Input]) -> OnnxDescription:
    makers = {name: node.op_type.lower() for node in source.nodes for name in node.output}
    tensors = source.initializers.values()
    return OnnxDescription(
        inputs=tuple(map(_input, inputs)),
        outputs=tuple(_output(entry, makers) for entry in source.graph.output),
        layout=next((_layout(each) for each in inputs if len(each.shape) == 4), None),
        ops=Counter(node.op_type for node in source.nodes),
        files=tuple(dict.fromkeys(location for tensor in tensors if (location := _location(tensor)))),
        weights=len(tensors),
        parameters=sum(math.prod(tensor.dims) for tensor in tensors if _dtype(tensor.data_type).startswith("float")),
        weight_bytes=sum(_stored(tensor) for tensor in tensors),
    )


def _input(found: Input) -> OnnxPort:
    shape = tuple(dim if isinstance(dim, int) else -1 for dim in found.shape)
    return OnnxPort(name=found.name, shape=shape, dtype=found.dtype.name)


def _layout(found: Input) -> Literal["NHWC", "NCHW"]:
    return "NHWC" if found.order == (0, 1, 2, 3) else "NCHW"


def _output(entry: ValueInfoProto, makers: Mapping[str, str]) -> OnnxPort:
    tensor = entry.type.tensor_type
    shape = tuple(dim.dim_value if dim.dim_value > 0 else -1 for dim in tensor.shape.dim)
    known = tensor.HasField("shape")
    maker = makers.get(entry.name, "")
    return OnnxPort(name=entry.name, shape=shape if known else None, dtype=_dtype(tensor.elem_type), maker=maker)


def _dtype(number: int) -> str:
    """`float32`; `unknown` for what numpy has no name for."""
    from onnx.helper import tensor_dtype_to_np_dtype

    try:
        return str(np.dtype(tensor_dtype_to_np_dtype(number)).name)
    except (KeyError, TypeError, ValueError):
        return "unknown"


def _location(tensor: TensorProto) -> str:
    """The file beside the model that holds the weight; empty for one within it."""
    if tensor.data_location != _EXTERNAL:
        return ""
    return str({entry.key: entry.value for entry in tensor.external_data}["location"])


def _stored(tensor: TensorProto) -> int:
    from onnx.helper import tensor_dtype_to_np_dtype

    return int(math.prod(tensor.dims) * tensor_dtype_to_np_dtype(tensor.data_type).itemsize)


def _weight_problems(source: Source) -> Iterator[Problem]:
    """Weights that are not there, not safe to read or of another size; and those that are no numbers."""
    for name in source.initializers:
        try:
            array = source.array(name)
        except UserError as error:
            yield from error.problems
            continue
        count = int(np.isnan(array).sum()) if array.dtype.kind == "f" else 0
        if count:
            yield problem(WEIGHT_IS_NAN, source.path, weight=name, count=count, elements=array.size)


def _strays(source: Source) -> Iterator[Problem]:
    """Data outside the file that are no weights: nobody checks where those lie."""
    for tensor in _attribute_tensors(source.nodes):
        if tensor.data_location == _EXTERNAL:
            reason = "its data lie outside the file, which only an initializer may"
            yield problem(ONNX_DATA, source.path, tensor=tensor.name or "of an attribute", reason=reason)


def _attribute_tensors(nodes: Iterable[NodeProto]) -> Iterator[TensorProto]:
    """Those of all nodes, and of the graphs inside them."""
    for attribute in (attribute for node in nodes for attribute in node.attribute):
        yield from (attribute.t, *attribute.tensors)
        yield from (part for sparse in attribute.sparse_tensors for part in (sparse.values, sparse.indices))
        yield from (attribute.sparse_tensor.values, attribute.sparse_tensor.indices)
        for graph in (attribute.g, *attribute.graphs):
            yield from _graph_tensors(graph)


def _graph_tensors(graph: GraphProto) -> Iterator[TensorProto]:
    yield from graph.initializer
    yield from _attribute_tensors(graph.node)
