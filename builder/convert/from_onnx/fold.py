"""Operations on constants alone, done at conversion."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from builder.convert.from_onnx.node import Node, axes_of
from builder.convert.from_onnx.refusal import refuse, require
from builder.convert.from_onnx.source import element_type
from builder.convert.from_onnx.tensors import Array, Constant, Kind, Value, kind_of

# What folding may make out of a small file: 64 million elements.
MAX_ELEMENTS = 1 << 26
MAX_TOTAL = 1 << 29  # elements of all that is folded, which stays in memory until the end
Fold = Callable[[Node, list[Array]], "Array | list[Array] | None"]


def folded(node: Node) -> list[Value] | None:
    """The outputs of a node with constant inputs only; None where a rule has to look at it."""
    fold = FOLDS.get(node.op)
    if fold is None or not all(value is None or isinstance(value, Constant) for value in node.values):
        return None
    if not node.values and node.op != "Constant":
        return None
    try:
        with np.errstate(all="ignore"):
            found = fold(node, [value.array for value in node.values if isinstance(value, Constant)])
    except (ValueError, IndexError, TypeError) as error:
        refuse(f"its constants do not fit together: {error}")
    if found is None:
        return None
    return [Constant(np.asarray(array)) for array in (found if isinstance(found, list) else [found])]


def made(values: list[Value]) -> int:
    """The elements that folding has put into memory of their own; views of other constants have none."""
    return sum(value.array.size for value in values if isinstance(value, Constant) and value.array.base is None)


def _limited(shape: tuple[int, ...] | list[int]) -> tuple[int, ...]:
    sizes = tuple(int(size) for size in shape)
    require(min(sizes, default=0) >= 0, "it makes a negative size")
    require(math.prod(sizes) <= MAX_ELEMENTS, f"it makes {math.prod(sizes)} elements; {MAX_ELEMENTS} are the most")
    return sizes


def _wide(array: Array) -> Array:
    """float16 is computed in float32."""
    return array.astype(np.float32) if array.dtype.kind not in "iub" and array.dtype.itemsize < 4 else array


def _elementwise(function: Callable[..., Array]) -> Fold:
    def run(_: Node, arrays: list[Array]) -> Array:
        arrays = [_wide(array) for array in arrays]
        _limited(np.broadcast_shapes(*(array.shape for array in arrays)))
        found = function(*arrays)
        return found

    return run


def _divide(_: Node, arrays: list[Array]) -> Array | None:
    a, b = map(_wide, arrays)
    if a.dtype.kind == "f":
        return np.asarray(a / b).astype(a.dtype)
    if not np.all(b):
        return None
    return np.trunc(a / b).astype(a.dtype) if np.abs(a).max(initial=0) < 2**52 else None


def _power(_: Node, arrays: list[Array]) -> Array | None:
    a, b = map(_wide, arrays)
    return np.power(a, b.astype(a.dtype)) if a.dtype.kind == "f" else None


def _constant(node: Node, _: list[Array]) -> Array | None:
    array = node.array("value")
    if array is not None:
        return array
    if node.has("value_float"):
        return np.asarray(node.number("value_float"), np.float32)
    if node.has("value_int"):
        return np.asarray(node.integer("value_int"), np.int64)
    if node.has("value_floats"):
        return np.asarray(node.floats("value_floats"), np.float32)
    return np.asarray(node.ints("value_ints"), np.int64) if node.has("value_ints") else None


def _constant_of_shape(node: Node, arrays: list[Array]) -> Array:
    value = node.array("value")
    value = np.zeros(1, np.float32) if value is None else value
    return np.full(_limited(arrays[0].tolist()), value.reshape(-1)[0], value.dtype)


def _cast(node: Node, arrays: list[Array]) -> Array:
    return arrays[0].astype(element_type(node.integer("to")))


def _reshape(node: Node, arrays: list[Array]) -> Array:
    target = [int(size) for size in arrays[1]]
    if not (node.version >= 14 and node.flag("allowzero")):
        target = [arrays[0].shape[axis] if size == 0 else size for axis, size in enumerate(target)]
    return arrays[0].reshape(target)


def _flatten(node: Node, arrays: list[Array]) -> Array:
    axis = node.axis("axis", 1, arrays[0].ndim, most=arrays[0].ndim)
    return arrays[0].reshape(math.prod(arrays[0].shape[:axis]), math.prod(arrays[0].shape[axis:]))


def _transpose(node: Node, arrays: list[Array]) -> Array:
    return arrays[0].transpose(node.ints("perm", tuple(reversed(range(arrays[0].ndim)))))


def _squeeze(node: Node, arrays: list[Array]) -> Array:
    axes = node.int_list("axes", 1)
    return np.squeeze(arrays[0], None if axes is None else tuple(axes_of(axes, arrays[0].ndim)))


def _unsqueeze(node: Node, arrays: list[Array]) -> Array:
    axes = node.int_list("axes", 1) or []
    return np.expand_dims(arrays[0], tuple(axes_of(axes, arrays[0].ndim + len(axes))))


def _concat(node: Node, arrays: list[Array]) -> Array:
    _limited([sum(array.size for array in arrays)])
    return np.concatenate(arrays, node.integer("axis"))


def _split(node: Node, arrays: list[Array]) -> list[Array] | None:
    sizes = node.int_list("split", 1)
    axis = node.axis("axis", 0, arrays[0].ndim)
    if sizes is None:
        return None
    require(sum(sizes) == arrays[0].shape[axis] and min(sizes) >= 0, "its sizes do not add up")
    return np.split(arrays[0], np.cumsum(sizes)[:-1], axis)


def _gather(node: Node, arrays: list[Array]) -> Array:
    axis = node.axis("axis", 0, arrays[0].ndim)
    shape = arrays[0].shape
    _limited([*shape[:axis], *arrays[1].shape, *shape[axis + 1 :]])
    return np.take(arrays[0], arrays[1].astype(np.int64), axis)


def _slice(node: Node, arrays: list[Array]) -> Array:
    starts, ends = node.int_list("starts", 1) or [], node.int_list("ends", 2) or []
    axes = node.int_list("axes", 3)
    steps = node.constant(4)
    found = [slice(None)] * arrays[0].ndim
    for index, axis in enumerate(axes_of(axes if axes is not None else list(range(len(starts))), arrays[0].ndim)):
        step = 1 if steps is None else int(steps[index])
        first, last, _ = slice(starts[index], ends[index], step).indices(arrays[0].shape[axis])
        found[axis] = slice(first, None if last < 0 else last, step)
    return arrays[0][tuple(found)]


def _expand(_: Node, arrays: list[Array]) -> Array:
    shape = _limited(np.broadcast_shapes(arrays[0].shape, tuple(int(size) for size in arrays[1])))
    return np.broadcast_to(arrays[0], shape)


def _tile(_: Node, arrays: list[Array]) -> Array:
    repeats = [int(times) for times in arrays[1]]
    _limited([size * times for size, times in zip(arrays[0].shape, repeats, strict=True)])
    return np.tile(arrays[0], repeats)


def _range(_: Node, arrays: list[Array]) -> Array:
    start, limit, delta = (array.reshape(-1)[0] for array in arrays)
    require(delta != 0, "its step is 0")
    (count,) = _limited([max(math.ceil((float(limit) - float(start)) / float(delta)), 0)])
    return np.asarray(start + np.arange(count) * delta, arrays[0].dtype)


def _matmul(_: Node, arrays: list[Array]) -> Array:
    a, b = map(_wide, arrays)
    _limited([*a.shape[:-1], b.shape[-1]])
    return np.asarray(np.matmul(a, b))


def _reduction(function: Callable[..., Any]) -> Fold:
    def run(node: Node, arrays: list[Array]) -> Array | None:
        axes = node.int_list("axes", 1)
        if not axes and node.flag("noop_with_empty_axes"):
            return arrays[0]
        x = _wide(arrays[0])
        keep = node.flag("keepdims", True)
        return np.asarray(function(x, axis=tuple(axes) if axes else None, keepdims=keep), x.dtype)

    return run


def _dequantize(node: Node, arrays: list[Array]) -> Array | None:
    x, scale = arrays[0], arrays[1].astype(np.float32)
    zero = arrays[2].astype(np.float32) if len(arrays) > 2 else np.zeros((), np.float32)
    if node.integer("block_size", 0) or kind_of(x.dtype) is not Kind.INT:
        return None
    if scale.size > 1:
        shape = [1] * x.ndim
        shape[node.axis("axis", 1, x.ndim)] = -1
        scale, zero = scale.reshape(shape), zero.reshape(shape) if zero.size > 1 else zero
    else:
        scale, zero = scale.reshape(()), zero.reshape(())
    return (x.astype(np.float32) - zero) * scale


def _modulo(node: Node, arrays: list[Array]) -> Array | None:
    """Of integers; the sign is that of the divisor."""
    a, b = arrays
    return None if node.flag("fmod") or a.dtype.kind not in "iu" or not np.all(b) else np.mod(a, b)


def _clip(node: Node, arrays: list[Array]) -> Array:
    """Bounds were attributes until opset 10; later ones may leave out either."""
    x = arrays[0]
    if node.version < 11:
        return np.clip(x, node.number("min", -np.inf), node.number("max", np.inf)).astype(x.dtype)
    for index, function in ((1, np.maximum), (2, np.minimum)):
        bound = node.constant(index)
        x = x if bound is None else function(x, bound.reshape(()))
    return np.asarray(x)


def _batch_normalization(node: Node, arrays: list[Array]) -> Array | None:
    """In training mode a network standardizes its own weights with it; otherwise a rule folds it into its neighbour."""
    if not node.flag("training_mode") or len([name for name in node.outputs if name]) != 1:
        return None
    x, scale, bias = (_wide(array).astype(np.float64) for array in arrays[:3])
    axes = tuple(axis for axis in range(x.ndim) if axis != 1)
    channels = (-1, *(1,) * (x.ndim - 2))
    deviation = np.sqrt(x.var(axes, keepdims=True) + node.number("epsilon", 1e-5))
    normal = (x - x.mean(axes, keepdims=True)) / deviation
    return np.asarray(normal * scale.reshape(channels) + bias.reshape(channels), arrays[0].dtype)


FOLDS: dict[str, Fold] = {
    "Constant": _constant,
    "ConstantOfShape": _constant_of_shape,
    "Identity": lambda _, arrays: arrays[0],
    "Cast": _cast,
    "CastLike": lambda _, arrays: arrays[0].astype(arrays[1].dtype),
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Transpose": _transpose,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Concat": _concat,
    "Split": _split,
    "Gather": _gather,
    "Slice": _slice,
    "Expand": _expand,
    "Tile": _tile,
    "Range": _range,
    "MatMul": _matmul,
    "ReduceProd": _reduction(np.prod),
    "ReduceSum": _reduction(np.sum),
    "ReduceMean": _reduction(np.mean),
    "ReduceMax": _reduction(np.max),
    "ReduceMin": _reduction(np.min),
    "DequantizeLinear": _dequantize,
    "Clip": _clip,
    "Mod": _modulo,
    "BatchNormalization": _batch_normalization,
    "Div": _divide,
    "Pow": _power,
    "Add": _elementwise(np.add),
    "Sub": _elementwise(np.subtract),
    "Mul": _elementwise(np.multiply),
    "Min": _elementwise(lambda *arrays: np.minimum.reduce(np.broadcast_arrays(*arrays))),
    "Max": _elementwise(lambda *arrays: np.maximum.reduce(np.broadcast_arrays(*arrays))),
    "Neg": _elementwise(np.negative),
    "Abs": _elementwise(np.abs),
    "Sqrt": _elementwise(np.sqrt),
    "Exp": _elementwise(np.exp),
    "Log": _elementwise(np.log),
    "Floor": _elementwise(np.floor),
    "Ceil": _elementwise(np.ceil),
    "Sin": _elementwise(np.sin),
    "Cos": _elementwise(np.cos),
    "Reciprocal": _elementwise(np.reciprocal),
    "Where": _elementwise(np.where),
    "Equal": _elementwise(np.equal),
    "Less": _elementwise(np.less),
    "LessOrEqual": _elementwise(np.less_equal),
    "Greater": _elementwise(np.greater),
    "GreaterOrEqual": _elementwise(np.greater_equal),
    "And": _elementwise(np.logical_and),
    "Or": _elementwise(np.logical_or),
    "Not": _elementwise(np.logical_not),
}
