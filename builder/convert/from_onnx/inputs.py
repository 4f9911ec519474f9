"""The model's inputs: their types, sizes, and in which order of axes TensorFlow.js gets them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from builder.convert.from_onnx.dims import Dim, Shape, Size, unknown
from builder.convert.from_onnx.layout import describe
from builder.convert.from_onnx.options import OnnxOptions
from builder.convert.from_onnx.refusal import Refused, refuse
from builder.convert.from_onnx.source import Source, element_type
from builder.convert.from_onnx.tensors import FOUR_BITS, Order, channels_last, identity
from builder.errors import ONNX_INPUT, ONNX_LAYOUT, Problem, UserError, problem

if TYPE_CHECKING:
    from onnx import NodeProto, TensorShapeProto, ValueInfoProto

_CHANNELS = (1, 3, 4)
_CHANNELS_SECOND = frozenset(
    {"Conv", "MaxPool", "AveragePool", "BatchNormalization", "InstanceNormalization", "GlobalAveragePool", "LRN"}
)
_ELEMENTWISE = frozenset({"Sub", "Add", "Mul", "Div", "Cast", "Identity", "Clip", "QuantizeLinear", "DequantizeLinear"})


@dataclass(frozen=True, slots=True)
class Input:
    """An input; stored axis i is ONNX axis `order[i]`."""

    name: str
    shape: Shape
    dtype: np.dtype[Any]
    order: Order


def read_inputs(source: Source, options: OnnxOptions) -> list[Input]:
    """The inputs that are no weights; raises UserError with all that is wrong with them."""
    entries = [entry for entry in source.graph.input if entry.name not in source.initializers]
    problems: list[Problem] = list(_unknown_names(source, entries, options))
    inputs: list[Input] = []
    for entry in entries:
        try:
            inputs.append(_read(source, entry, options))
        except Refused as error:
            problems.append(problem(ONNX_INPUT, source.path, name=entry.name, reason=error.reason))
        except UserError as error:
            problems += error.problems
    if problems:
        raise UserError(problems)
    return inputs


def _unknown_names(source: Source, entries: list[ValueInfoProto], options: OnnxOptions) -> Iterator[Problem]:
    names = [entry.name for entry in entries]
    for name in options.input_shapes:
        if name not in names:
            reason = f"the model has no such input; it has {', '.join(names)}"
            yield problem(ONNX_INPUT, source.path, name=name, reason=reason)


def _read(source: Source, entry: ValueInfoProto, options: OnnxOptions) -> Input:
    if not entry.type.HasField("tensor_type"):
        refuse("it is no tensor")
    tensor = entry.type.tensor_type
    dtype = element_type(tensor.elem_type)
    if dtype.name in FOUR_BITS:
        refuse("its element type has 4 bits")
    declared = [_dim(dim) for dim in tensor.shape.dim] if tensor.HasField("shape") else None
    shape = _shape(declared, options.input_shapes.get(entry.name))
    order = _order(source, entry.name, shape, options)
    return Input(entry.name, _sized(shape, order, options.size), dtype, order)


def _dim(dim: TensorShapeProto.Dimension) -> Dim:
    if not dim.HasField("dim_value"):
        return Size(dim.dim_param[:60]) if dim.dim_param else unknown()
    return dim.dim_value if dim.dim_value >= 0 else unknown()


def _shape(declared: list[Dim] | None, given: tuple[int, ...] | None) -> Shape:
    """What the model declares, with the sizes that the user gives."""
    if given is None:
        if declared is None:
            refuse("it does not say how many axes it has")
        if 0 in declared:
            refuse("one of its sizes is 0")
        return tuple(declared)
    if declared is None:
        declared = [unknown() for _ in given]
    if len(given) != len(declared):
        refuse(f"{len(given)} sizes are given for its {len(declared)} axes")
    result: list[Dim] = []
    for dim, size in zip(declared, given, strict=True):
        if size == 0 or size < -1:
            refuse(f"{size} is no size")
        # A size that the file fixes may be opened; whether the graph bears it, its operations tell.
        result.append(size if size > 0 else dim if isinstance(dim, Size) else unknown())
    return tuple(result)


def _sized(shape: Shape, order: Order, size: tuple[int, int] | None) -> Shape:
    """The shape of a picture with `size` (width, height) where its own is free."""
    if size is None or len(shape) != 4:
        return shape
    known = {order[1]: size[1], order[2]: size[0]}
    return tuple(known.get(axis, dim) if isinstance(dim, Size) else dim for axis, dim in enumerate(shape))


# --- the order of axes ----------------------------------------------------------------------------------------------


def _order(source: Source, name: str, shape: Shape, options: OnnxOptions) -> Order:
    if len(shape) != 4:
        return identity(len(shape))
    layout: str | None = options.input_layout
    if layout == "auto":
        layout = _used_as(source, name) or _looks_like(shape)
    if layout is None:
        raise UserError([problem(ONNX_LAYOUT, source.path, name=name, shape=describe(shape))])
    return channels_last(4) if layout == "NCHW" else identity(4)


def _used_as(source: Source, name: str) -> str | None:
    """What the first operations say: those of ONNX want the channels second."""
    waiting, found = [name], set[str]()
    for _ in range(16):
        readers = [node for node in source.graph.node if waiting and waiting[0] in node.input[:1]]
        waiting = waiting[1:] + [node.output[0] for node in readers if node.op_type in _ELEMENTWISE]
        found |= {layout for node in readers if (layout := _demand(node))}
        if not waiting:
            break
    return found.pop() if len(found) == 1 else None


def _demand(node: NodeProto) -> str | None:
    if node.op_type in _CHANNELS_SECOND:
        return "NCHW"
    perm = next((list(attribute.ints) for attribute in node.attribute if attribute.name == "perm"), None)
    return "NHWC" if node.op_type == "Transpose" and perm == [0, 3, 1, 2] else None


def _looks_like(shape: Shape) -> str | None:
    """Pictures have 1, 3 or 4 channels; None where both axes or neither could be them."""
    second, last = shape[1] in _CHANNELS, shape[3] in _CHANNELS
    return None if second == last else "NCHW" if second else "NHWC"
