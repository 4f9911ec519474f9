"""Reads an ONNX file: bounded, never out of its folder, and nothing in it is executed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from builder.convert.from_onnx.refusal import Refused, refuse, require
from builder.convert.from_onnx.tensors import Array
from builder.convert.from_onnx.wire import Malformed, Span, without_weights
from builder.errors import NOT_ONNX, ONNX_DATA, ONNX_OPSET, UserError, fail, problem

if TYPE_CHECKING:
    from onnx import FunctionProto, GraphProto, ModelProto, NodeProto, TensorProto

MAX_BYTES = 2 << 30
MAX_NODES = 50_000
OLDEST_OPSET = 7
_EXTERNAL = 1
# ONNX element types, by their number in TensorProto, that are read.
_READABLE = {1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 16, 21, 22}
_FOUR_BITS = {21, 22}


@dataclass(frozen=True, slots=True)
class Source:
    """A model whose graph is sound: every value has one producer, and that stands before its readers."""

    path: Path
    graph: GraphProto
    nodes: list[NodeProto]
    opset: int
    initializers: dict[str, TensorProto]
    spans: dict[str, Span]

    def array(self, name: str) -> Array:
        """The initializer `name`; raises UserError if its data are not to be had."""
        try:
            return self._array(name)
        except Refused as error:
            raise fail(ONNX_DATA, self.path, tensor=name, reason=error.reason) from error

    def _array(self, name: str) -> Array:
        tensor = self.initializers[name]
        if tensor.data_location == _EXTERNAL:
            return external_array(tensor, self.path.parent)
        if name in self.spans:
            return _stored_array(tensor, self.path, self.spans[name].start, self.spans[name].length)
        return array_of(tensor)


def read(path: Path) -> Source:
    """The model in `path`; raises UserError for a file that is not a sound ONNX model."""
    parsed, spans = _parsed(path)
    model = _inlined(path, parsed)
    opset = _opset(path, model)
    initializers = {tensor.name: tensor for tensor in model.graph.initializer}
    reasons = list(_flaws(model.graph))
    if reasons:
        raise UserError(problem(NOT_ONNX, path, reason=reason) for reason in reasons[:20])
    return Source(path, model.graph, list(model.graph.node), opset, initializers, spans)


def _parsed(path: Path) -> tuple[ModelProto, dict[str, Span]]:
    """The model without its large weights, and where in the file those lie."""
    from google.protobuf.message import DecodeError
    from onnx import ModelProto

    try:
        size = path.stat().st_size
        if not path.is_file():
            raise fail(NOT_ONNX, path, reason="it is not a file")
        if size > MAX_BYTES:
            raise fail(NOT_ONNX, path, reason=f"it has {size} bytes; an ONNX file has 2 GiB at most")
        with path.open("rb") as file:
            skeleton, spans = without_weights(file, size)
        model: ModelProto = ModelProto.FromString(skeleton)
    except OSError as error:
        raise fail(NOT_ONNX, path, reason=error.strerror or str(error)) from error
    except (DecodeError, RecursionError, Malformed) as error:
        raise fail(NOT_ONNX, path, reason="it is damaged, cut short, or of another format") from error
    if not model.HasField("graph") or not model.opset_import:
        raise fail(NOT_ONNX, path, reason="it holds no graph, or does not say which operators it uses")
    names = [tensor.name for tensor in model.graph.initializer]
    return model, {name: span for name, span in zip(names, spans, strict=True) if span is not None}


def _opset(path: Path, model: ModelProto) -> int:
    from onnx.defs import onnx_opset_version

    found = [entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")]
    newest = onnx_opset_version()
    if len(found) != 1 or not OLDEST_OPSET <= found[0] <= newest:
        raise fail(ONNX_OPSET, path, found=" and ".join(map(str, found)) or "none", oldest=OLDEST_OPSET, newest=newest)
    return int(found[0])


def _flaws(graph: GraphProto) -> Iterator[str]:
    """What is wrong with the graph as such."""
    if graph.sparse_initializer:
        yield "it has sparse weights"
    if len(graph.node) > MAX_NODES:
        yield f"it has {len(graph.node)} nodes; {MAX_NODES} are the most"
        return
    # Protobuf hands over bytes where a string is not UTF-8.
    if not all(isinstance(name, str) for name in _names(graph)):
        yield "it has names that are no text"
        return
    tensors = Counter(tensor.name for tensor in graph.initializer)
    made = Counter(name for node in graph.node for name in node.output if name) + tensors
    for name in [name for name, times in made.items() if times > 1]:
        yield f"the value {name!r} has several producers"
    if not graph.output:
        yield "it has no outputs"
    yield from _order_flaws(graph, made)


def _names(graph: GraphProto) -> Iterator[object]:
    for node in graph.node:
        yield from (node.name, node.op_type, node.domain, *node.input, *node.output)
        yield from (attribute.name for attribute in node.attribute)
    for entries in (graph.input, graph.output, graph.initializer):
        yield from (entry.name for entry in entries)
    yield from (dim.dim_param for entry in graph.input for dim in entry.type.tensor_type.shape.dim)


def _order_flaws(graph: GraphProto, made: Counter[str]) -> Iterator[str]:
    seen = {tensor.name for tensor in graph.initializer} | {entry.name for entry in graph.input}
    for node in graph.node:
        for name in node.input:
            if name and name not in seen:
                cause = (
                    "the graph runs in a circle, or its nodes are out of order" if name in made else "nothing makes it"
                )
                yield f"node {node.name or node.op_type!r} reads {name!r} before it is there: {cause}"
        seen.update(node.output)
    for output in graph.output:
        if output.name not in seen:
            yield f"nothing makes its output {output.name!r}"


# --- functions of the model's own -----------------------------------------------------------------------------------


def _inlined(path: Path, model: ModelProto) -> ModelProto:
    """The model without functions of its own, as the exporters of PyTorch 2 write them."""
    if not model.functions:
        return model
    from onnx.inliner import inline_local_functions

    functions = {(function.domain, function.name): function for function in model.functions}
    sizes: dict[tuple[str, str], int] = {}
    try:
        total = sum(_expanded(node, functions, sizes, ()) for node in model.graph.node)
    except Refused as error:
        raise fail(NOT_ONNX, path, reason=error.reason) from error
    if total > MAX_NODES:
        raise fail(NOT_ONNX, path, reason=f"its functions unfold into {total} nodes; {MAX_NODES} are the most")
    return inline_local_functions(model)


def _expanded(
    node: NodeProto,
    functions: dict[tuple[str, str], FunctionProto],
    sizes: dict[tuple[str, str], int],
    callers: tuple[tuple[str, str], ...],
) -> int:
    """How many nodes this one becomes."""
    key = (node.domain, node.op_type)
    if key not in functions:
        return 1
    require(key not in callers and len(callers) < 64, f"its function {node.op_type!r} calls itself")
    if key not in sizes:
        sizes[key] = sum(_expanded(inner, functions, sizes, (*callers, key)) for inner in functions[key].node)
    return sizes[key]


# --- arrays ---------------------------------------------------------------------------------------------------------


def element_type(number: int) -> np.dtype[Any]:
    """The numpy type of an ONNX element type; refuses strings, complex and 8-bit floats."""
    from onnx.helper import tensor_dtype_to_np_dtype

    require(number in _READABLE, "its element type is none that TensorFlow.js can stand for")
    return tensor_dtype_to_np_dtype(number)


def array_of(tensor: TensorProto) -> Array:
    """The array of a tensor that holds its data itself; refuses one whose data do not fit its shape."""
    from onnx.numpy_helper import to_array

    require(tensor.data_location != _EXTERNAL, "its data lie outside the file, which only an initializer may")
    dtype, shape = element_type(tensor.data_type), _shape(tensor)
    if tensor.HasField("raw_data") and tensor.data_type not in _FOUR_BITS:
        return _from_bytes(tensor.raw_data, dtype, shape)
    count = math.prod(shape)
    held = max(len(field) for field in (tensor.float_data, tensor.int32_data, tensor.int64_data, tensor.double_data,
                                        tensor.uint64_data, tensor.raw_data))  # fmt: skip
    require(count <= 2 * held, f"its shape {list(shape)} claims more than the {held} elements that are there")
    try:
        return np.asarray(to_array(tensor)).astype(dtype, copy=False)
    except (ValueError, TypeError):
        refuse("its data do not fit its shape")


def external_array(tensor: TensorProto, folder: Path) -> Array:
    """The array of a tensor whose data lie in a file of the model's folder."""
    entries = {entry.key: entry.value for entry in tensor.external_data}
    path = _inside(folder, entries.get("location", ""))
    dtype, shape = element_type(tensor.data_type), _shape(tensor)
    needed = math.prod(shape) * dtype.itemsize
    offset, length = _number(entries.get("offset", "0")), _number(entries.get("length", str(needed)))
    require(length == needed, f"its shape {list(shape)} needs {needed} bytes, it claims {length}")
    return _stored_array(tensor, path, offset, length)


def _stored_array(tensor: TensorProto, path: Path, start: int, length: int) -> Array:
    """The array whose bytes lie in a file; it may be written to."""
    dtype, shape = element_type(tensor.data_type), _shape(tensor)
    require(tensor.data_type not in _FOUR_BITS, "large 4-bit data are not read")
    try:
        require(start + length <= path.stat().st_size, f"{path.name} ends before its data do")
        with path.open("rb") as file:
            file.seek(start)
            data = bytearray(length)
            return _from_bytes(memoryview(data)[: file.readinto(data)], dtype, shape)
    except OSError as error:
        refuse(f"{path.name}: {error.strerror}")


def _inside(folder: Path, location: str) -> Path:
    """The data file; refuses what is not a plain file of this folder."""
    path = folder / location
    names = Path(location).parts
    outside = Path(location).is_absolute() or ".." in names or "\\" in location or "\0" in location or not names
    require(not outside, f"it names the file {location!r}, which is not in the model's folder")
    links = [step for step in (path, *path.parents[: len(names) - 1]) if step.is_symlink()]
    require(not links, f"{location} is a link; data are read from plain files only")
    require(path.is_file(), f"the file {location} is not there")
    return path


def _number(text: str) -> int:
    require(text.isascii() and text.isdigit() and len(text) < 20, f"{text!r} is no offset or length")
    return int(text)


def _shape(tensor: TensorProto) -> tuple[int, ...]:
    require(all(dim >= 0 for dim in tensor.dims), "it has a negative size")
    return tuple(tensor.dims)


def _from_bytes(data: bytes | memoryview, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Array:
    needed = math.prod(shape) * dtype.itemsize
    require(len(data) == needed, f"its shape {list(shape)} needs {needed} bytes, {len(data)} are there")
    return np.frombuffer(data, dtype.newbyteorder("<")).astype(dtype, copy=False).reshape(shape)
