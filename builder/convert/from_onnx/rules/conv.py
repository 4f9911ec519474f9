"""Convolution: one or two spatial axes, grouped, dilated; always with the channels last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from builder.convert.from_onnx.dims import Dim, Shape
from builder.convert.from_onnx.graph import Attribute
from builder.convert.from_onnx.groups import GROUPED
from builder.convert.from_onnx.node import Node
from builder.convert.from_onnx.refusal import require
from builder.convert.from_onnx.registry import Result, rule
from builder.convert.from_onnx.rules.elementwise import require_float
from builder.convert.from_onnx.tensors import Array, Kind, Tensor, channels_last
from builder.convert.from_onnx.windows import Axis, read_axes


@dataclass(frozen=True, slots=True)
class Plane:
    """A tensor with two spatial axes, channels last; `flat` if it stands for one with a single spatial axis."""

    tensor: Tensor
    flat: bool


@dataclass(frozen=True, slots=True)
class _Kernel:
    """What is convolved: `weights` are [out, in, height, width], in `groups` along the first axis."""

    x: Tensor
    weights: Array
    bias: Array | None
    groups: int


def as_plane(node: Node, x: Tensor) -> Plane:
    """x as a picture: one spatial axis becomes a picture of height 1."""
    require(x.rank in (3, 4), f"its input has {x.rank} axes; one or two spatial axes are converted")
    name = node.emit.name(x, channels_last(x.rank))
    if x.rank == 4:
        return Plane(replace(x, name=name, order=channels_last(4), elements=None), False)
    batch, channels, width = x.shape
    raised = node.emit.op("ExpandDims", [name, node.emit.integer(1)], kind=x.kind, Tdim=Kind.INT)
    like = replace(x, shape=(batch, channels, 1, width), order=channels_last(4), elements=None)
    return Plane(node.emit.named(raised, like), True)


def from_plane(node: Node, x: Tensor, flat: bool) -> Tensor:
    """The other way round."""
    if not flat:
        return x
    like = replace(x, shape=(x.shape[0], x.shape[1], x.shape[3]), order=channels_last(3))
    return node.emit.tensor("Squeeze", [x.name], like, squeeze_dims=[1])


def as_pair(axes: Sequence[Axis]) -> tuple[Axis, Axis]:
    """The windows along height and width; a single one is along the width."""
    return (Axis(1, 1, 1, 1, 0, 0), axes[0]) if len(axes) == 1 else (axes[0], axes[1])


@rule("Conv", (1, 11, 22), "auto_pad dilations group kernel_shape pads strides", inputs=3)
def conv(node: Node) -> Result:
    x, weights, bias = node.tensor(0), node.required_constant(1), node.constant(2)
    require_float(x)
    require(weights.ndim == x.rank, "its weights and its input differ in their number of axes")
    kernel = list(weights.shape[2:])
    require(node.ints("kernel_shape", kernel) == kernel, "its kernel_shape does not fit its weights")
    groups = node.integer("group", 1)
    _check_channels(x.shape[1], weights, groups)
    axes = read_axes(node, x.shape[2:], kernel)
    pointwise = all((axis.kernel, axis.stride, axis.begin, axis.end) == (1, 1, 0, 0) for axis in axes)
    plane = Plane(x, False) if pointwise and _channels_stored_last(x) else as_plane(node, x)
    height, width = as_pair(axes)
    weights = weights.reshape(*weights.shape[:2], height.kernel, width.kernel)
    shape = (x.shape[0], weights.shape[0], height.count, width.count)
    result = replace(plane.tensor, shape=shape, nonnegative=False)
    require(bias is None or bias.shape == weights.shape[:1], "its bias does not fit its weights")
    stored = _convolved(node, _Kernel(plane.tensor, weights, bias, groups), (height, width), result)
    return from_plane(node, stored, plane.flat)


def _channels_stored_last(x: Tensor) -> bool:
    """True for [batch, …, channels] with two axes in between, whatever their order: single pixels do not mind."""
    return x.rank == 4 and x.order[0] == 0 and x.order[-1] == 1


def _check_channels(channels: Dim, weights: Array, groups: int) -> None:
    fits = groups > 0 and weights.shape[0] % groups == 0
    require(fits and (not isinstance(channels, int) or channels == weights.shape[1] * groups),
            f"its {weights.shape[1]} x {groups} channels do not fit the {channels} of its input")  # fmt: skip


def _convolved(node: Node, kernel: _Kernel, axes: tuple[Axis, Axis], result: Tensor) -> Tensor:
    """TensorFlow.js has stride or dilation, not both: then every window is computed and some are taken."""
    strides = [axis.stride for axis in axes]
    both = max(strides) > 1 and max(axis.dilation for axis in axes) > 1
    if not both:
        return node.emit.named(_biased(node, kernel, axes, result.stored_shape), result)
    dense = (replace(axes[0], stride=1), replace(axes[1], stride=1))
    name = _biased(node, kernel, dense)
    taken = node.emit.sliced(name, [None] * 4, [None] * 4, [1, *strides, 1], Kind.FLOAT)
    return node.emit.named(taken, result)


def _biased(node: Node, kernel: _Kernel, axes: tuple[Axis, Axis], shape: Shape | None = None) -> str:
    """`shape` is that of the result as it is stored, where it is at hand."""
    name = _grouped(node, kernel, axes)
    nodes = node.emit.graph.nodes
    nodes[name].shape = shape
    if kernel.bias is None:
        return name
    name = node.emit.op("AddV2", [name, node.emit.const(kernel.bias, "bias")])
    nodes[name].shape = shape
    return name


def _grouped(node: Node, kernel: _Kernel, axes: tuple[Axis, Axis]) -> str:
    emit, attributes = node.emit, convolution_attributes(axes)
    x, weights, groups = kernel.x, kernel.weights, kernel.groups
    if groups == 1:
        return emit.op("Conv2D", [x.name, emit.const(weights.transpose(2, 3, 1, 0), "weights")], more=attributes)
    if weights.shape[1] == 1:
        stored = weights.reshape(groups, -1, *weights.shape[2:]).transpose(2, 3, 0, 1)
        return emit.op("DepthwiseConv2dNative", [x.name, emit.const(stored, "weights")], more=attributes)
    # One node until the graph is fused; then those of groups.py.
    return emit.op(
        GROUPED, [x.name, emit.const(weights.transpose(2, 3, 1, 0), "weights")], more=attributes, groups=groups
    )


def convolution_attributes(axes: tuple[Axis, Axis]) -> dict[str, Attribute]:
    """Strides, dilations and padding as TensorFlow writes them."""
    height, width = axes
    found: dict[str, Attribute] = {
        "strides": [1, height.stride, width.stride, 1],
        "dilations": [1, height.dilation, width.dilation, 1],
        "data_format": "NHWC",
    }
    pads = [height.begin, height.end, width.begin, width.end]
    if not any(pads):
        return {**found, "padding": "VALID"}
    if height.is_same and width.is_same:
        return {**found, "padding": "SAME"}
    return {**found, "padding": "EXPLICIT", "explicit_paddings": [0, 0, *pads, 0, 0]}
