"""Resize and Upsample: by the two kernels of TensorFlow.js where they agree exactly, else by gathering and matrices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from builder.convert.from_onnx.dims import Dim, Shape, mul, product
from builder.convert.from_onnx.layout import describe
from builder.convert.from_onnx.node import Node, axes_of
from builder.convert.from_onnx.refusal import FIXED_SIZE, refuse, require, require_small
from builder.convert.from_onnx.registry import Result, rule
from builder.convert.from_onnx.resampling import Sampling, matrix, nearest
from builder.convert.from_onnx.rules.shape import elements_of
from builder.convert.from_onnx.tensors import Tensor, channels_last

_ATTRIBUTES = (
    "antialias axes coordinate_transformation_mode cubic_coeff_a exclude_outside extrapolation_value "
    "keep_aspect_ratio_policy mode nearest_mode"
)
_COORDINATES = (
    "half_pixel",
    "half_pixel_symmetric",
    "pytorch_half_pixel",
    "align_corners",
    "asymmetric",
)
_NEAREST = ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")


@dataclass(frozen=True, slots=True)
class Target:
    """The wanted sizes, and the scale along each axis where it is known."""

    shape: Shape
    scales: list[float | None]


@rule("Resize", (10, 11, 13, 18, 19), _ATTRIBUTES, inputs=4)
def resize(node: Node) -> Result:
    x = node.tensor(0)
    mode = node.choice("mode", "nearest", ("nearest", "linear", "cubic"))
    if node.version < 11:
        target = _scaled(x.shape, _floats(node, 1))
        sampling = Sampling(mode, "asymmetric", "floor")
    else:
        target = _target(node, x.shape)
        sampling = _sampling(node, mode)
    require(sampling.mode == "nearest" or x.dtype.kind == "f", f"it interpolates {x.dtype}")
    return resampled(node, x, target, sampling)


@rule("Upsample", (7, 9), "mode scales", inputs=2)
def upsample(node: Node) -> Result:
    x = node.tensor(0)
    mode = node.choice("mode", "nearest", ("nearest", "linear"))
    scales = node.floats("scales") if node.version < 9 else _floats(node, 1)
    return resampled(node, x, _scaled(x.shape, scales), Sampling(mode, "asymmetric", "floor"))


def _sampling(node: Node, mode: str) -> Sampling:
    return Sampling(
        mode,
        node.choice("coordinate_transformation_mode", "half_pixel", _COORDINATES),
        node.choice("nearest_mode", "round_prefer_floor", _NEAREST),
        node.number("cubic_coeff_a", -0.75),
        node.flag("exclude_outside"),
        node.flag("antialias"),
    )


def _floats(node: Node, index: int) -> list[float]:
    return [float(item) for item in node.required_constant(index).reshape(-1)]


def _target(node: Node, shape: Shape) -> Target:
    """By scales or by sizes, for all axes or for some."""
    axes = axes_of(node.ints("axes", list(range(len(shape)))), len(shape))
    policy = node.choice("keep_aspect_ratio_policy", "stretch", ("stretch", "not_larger", "not_smaller"))
    scales, sizes = node.value(2), node.value(3)
    if sizes is not None and elements_of(sizes) != ():
        wanted = elements_of(sizes)
        if wanted is None:
            refuse("its sizes are computed from the data of the model", FIXED_SIZE)
        require(len(wanted) == len(axes), "its sizes do not fit its axes")
        return _sized(shape, axes, wanted, policy)
    require(scales is not None, "it has neither scales nor sizes")
    found = _floats(node, 2)
    require(len(found) == len(axes), "its scales do not fit its axes")
    full = [1.0] * len(shape)
    for axis, scale in zip(axes, found, strict=True):
        full[axis] = scale
    return _scaled(shape, full)


def _sized(shape: Shape, axes: list[int], wanted: Sequence[Dim], policy: str) -> Target:
    result, scales = list(shape), [1.0 if axis not in axes else None for axis in range(len(shape))]
    for axis, size in zip(axes, wanted, strict=True):
        before = shape[axis]
        result[axis] = size
        if isinstance(size, int) and isinstance(before, int):
            scales[axis] = size / before
        elif size == before:
            scales[axis] = 1.0
    if policy != "stretch":
        known = [scale for axis in axes if (scale := scales[axis]) is not None]
        require(len(known) == len(axes), "its aspect ratio depends on sizes that are not known", FIXED_SIZE)
        scale = min(known) if policy == "not_larger" else max(known)
        for axis in axes:
            before = shape[axis]
            assert isinstance(before, int)
            result[axis], scales[axis] = math.floor(before * scale + 0.5), scale
    return Target(tuple(result), list(scales))


def _scaled(shape: Shape, scales: list[float]) -> Target:
    require(len(scales) == len(shape) and min(scales) > 0, "its scales do not fit its input")
    result: list[Dim] = []
    for dim, scale in zip(shape, scales, strict=True):
        if isinstance(dim, int):
            # The product is taken in float32, as ONNX does.
            result.append(int(np.floor(np.float32(dim) * np.float32(scale))))
        else:
            require(scale == int(scale), f"it scales a size that is not known by {scale}", FIXED_SIZE)
            result.append(mul(dim, int(scale)))
    return Target(tuple(result), list(scales))


def resampled(node: Node, x: Tensor, target: Target, sampling: Sampling) -> Tensor:
    """x with the wanted sizes."""
    axes = [axis for axis in range(x.rank) if target.scales[axis] != 1 or target.shape[axis] != x.shape[axis]]
    if not axes:
        return x
    kernel = _kernel(x, target, sampling) if x.rank == 4 and set(axes) <= {2, 3} else None
    if kernel is not None:
        op, flags = kernel
        result = replace(x, shape=target.shape, order=channels_last(4))
        size = node.emit.shape_vector(target.shape[2:])
        return node.emit.tensor(op, [node.emit.name(x, channels_last(4)), size], result, more=flags)
    whole = all(map(_exact, x.shape, target.shape, target.scales))
    require(whole or sampling.coordinates != "align_corners", "it aligns corners by a scale that gives no whole size")
    for axis in axes:
        x = _along(node, x, axis, target, sampling)
    return x


def _kernel(x: Tensor, target: Target, sampling: Sampling) -> tuple[str, dict[str, bool]] | None:
    """The kernel that computes exactly this, if there is one."""
    if (
        sampling.mode == "cubic"
        or sampling.antialias
        or not all(map(_exact, x.shape[2:], target.shape[2:], target.scales[2:]))
    ):
        return None
    grows = all(scale is not None and scale >= 1 and scale == int(scale) for scale in target.scales[2:])
    coordinates = sampling.coordinates
    if sampling.mode == "linear":
        flags = _FLAGS.get(coordinates)
        # Where one pixel is left, the two kinds of half pixels differ.
        small = coordinates == "pytorch_half_pixel" and any(
            not isinstance(dim, int) or dim == 1 for dim in target.shape[2:]
        )
        return None if flags is None or small else ("ResizeBilinear", flags)
    plain = coordinates == "asymmetric" and sampling.nearest == "floor"
    repeats = grows and coordinates in ("half_pixel", "pytorch_half_pixel", "half_pixel_symmetric")
    if plain or (repeats and sampling.nearest in ("round_prefer_floor", "round_prefer_ceil")):
        return "ResizeNearestNeighbor", {"align_corners": False, "half_pixel_centers": False}
    return None


_FLAGS = {
    "half_pixel": {"align_corners": False, "half_pixel_centers": True},
    "half_pixel_symmetric": {"align_corners": False, "half_pixel_centers": True},
    "pytorch_half_pixel": {"align_corners": False, "half_pixel_centers": True},
    "align_corners": {"align_corners": True, "half_pixel_centers": False},
    "asymmetric": {"align_corners": False, "half_pixel_centers": False},
}


def _exact(before: Dim, after: Dim, scale: float | None) -> bool:
    """True where TensorFlow's scale, from the sizes, is that of ONNX."""
    if isinstance(before, int) and isinstance(after, int) and scale is not None:
        return math.isclose(after, before * scale, rel_tol=1e-6)
    return True


def _along(node: Node, x: Tensor, axis: int, target: Target, sampling: Sampling) -> Tensor:
    """One axis of known size resampled: by picking, or times a matrix."""
    before, after, scale = x.shape[axis], target.shape[axis], target.scales[axis]
    if not isinstance(before, int) or not isinstance(after, int) or scale is None:
        refuse(f"{sampling} of {describe(x.shape)} needs sizes that are known", FIXED_SIZE)
    emit = node.emit
    # Cubic curves overshoot.
    nonnegative = x.nonnegative and sampling.mode != "cubic"
    result = replace(x, shape=(*x.shape[:axis], after, *x.shape[axis + 1 :]), nonnegative=nonnegative)
    require_small(after, 1 if sampling.mode == "nearest" else before)
    if sampling.mode == "nearest":
        places = nearest(before, after, scale, sampling)
        names = [x.name, emit.ints(places.tolist()), emit.integer(x.order.index(axis))]
        return emit.tensor("GatherV2", names, result, batch_dims=0)
    # Stored as [.., axis, last]: the matrix from the left mixes `axis`.
    place = x.order.index(axis)
    stored = x.stored_shape
    weights = emit.const(matrix(before, after, scale, sampling).astype(np.float32)[None], "weights")
    flat = emit.reshape(x.name, (product(stored[:place]), before, product(stored[place + 1 :])), x.kind)
    mixed = emit.op("BatchMatMulV2", [weights, flat], adj_x=False, adj_y=False)
    return emit.named(emit.reshape(mixed, result.stored_shape, x.kind), result)
